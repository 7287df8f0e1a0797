/* Training: inputs that are refused, callbacks, threads, seeds, stopping, and
 * predictions of src/forest against libxgboost's own. */
#include "sample.h"

#include "wf/forest.h"
#include "xgboost/rounds.h"

#include <stdlib.h>
#include <xgboost/c_api.h>

#define LOGISTIC \
  { "objective", "binary:logistic" }

static wf_status train_with(sample *s, wf_xgboost_options options, wf_error *err) {
  wf_xgboost_data data = sample_data(s, NULL, true);
  wf_xgboost_result result;
  wf_status status = wf_xgboost_train(&result, &data, &options, err);
  if (status == WF_OK) wf_xgboost_result_dispose(&result);
  return status;
}

TEST(train_refuses_bad_labels) {
  wf_error err = WF_ERROR_INIT;
  sample s = sample_new(20, 3, 1, "binary");
  wf_xgboost_options logistic = {PARAMS(LOGISTIC), .rounds = 1};
  s.labels[4] = NAN;
  CHECK_FAILS(train_with(&s, logistic, &err), err, WF_INVALID,
              "set 'train': the label of row 5 is missing");
  s.labels[4] = INFINITY;
  CHECK_FAILS(train_with(&s, logistic, &err), err, WF_INVALID, "row 5 is inf");
  s.labels[4] = 2;
  CHECK_FAILS(train_with(&s, logistic, &err), err, WF_INVALID,
              "the label of row 5 is 2; binary:logistic needs between 0 and 1");
  wf_xgboost_options classes = {PARAMS({"objective", "multi:softmax"}, {"num_class", "2"}),
                                .rounds = 1};
  CHECK_FAILS(train_with(&s, classes, &err), err, WF_INVALID, "a class number from 0");
  s.labels[4] = 0.5f;
  CHECK_FAILS(train_with(&s, classes, &err), err, WF_INVALID, "a class number from 0");
  s.labels[4] = -1;
  wf_xgboost_options poisson = {PARAMS({"objective", "count:poisson"}), .rounds = 1};
  CHECK_FAILS(train_with(&s, poisson, &err), err, WF_INVALID, "a number >= 0");
  for (size_t i = 0; i < 20; i++) s.labels[i] = 0;
  CHECK_FAILS(train_with(&s, logistic, &err), err, WF_INVALID,
              "the label is constant (all 0): nothing to learn");
  sample_free(&s);
}

TEST(train_refuses_bad_data) {
  wf_error err = WF_ERROR_INIT;
  sample s = sample_new(20, 3, 1, "binary"), other = sample_new(20, 2, 1, "binary");
  wf_xgboost_options options = {PARAMS(LOGISTIC), .rounds = 1};
  s.weights[2] = -1;
  CHECK_FAILS(train_with(&s, options, &err), err, WF_INVALID,
              "the weight of row 3 is -1, not a number >= 0");
  for (size_t i = 0; i < 20; i++) s.weights[i] = 0;
  CHECK_FAILS(train_with(&s, options, &err), err, WF_INVALID, "all weights are 0");
  for (size_t i = 0; i < 20; i++) s.weights[i] = 1;
  CHECK_FAILS(train_with(&s, (wf_xgboost_options){0}, &err), err, WF_INVALID,
              "rounds must be at least 1");
  options.early_stopping_rounds = 2;
  CHECK_FAILS(train_with(&s, options, &err), err, WF_INVALID, "needs an evaluation set");

  wf_xgboost_data evals[] = {sample_data(&other, "validation", false),
                             sample_data(&s, "validation", false)};
  options.evals = evals;
  options.n_evals = 1;
  CHECK_FAILS(train_with(&s, options, &err), err, WF_INVALID,
              "set 'validation' has 2 features, the training data 3");
  evals[0] = evals[1];
  options.n_evals = 2;
  CHECK_FAILS(train_with(&s, options, &err), err, WF_INVALID,
              "two evaluation sets are named 'validation'");
  evals[0].name = "";
  CHECK_FAILS(train_with(&s, options, &err), err, WF_INVALID, "evaluation set 1 has no name");

  need_xgboost();
  options = (wf_xgboost_options){PARAMS(LOGISTIC), .rounds = 1};
  wf_matrix_column_at(s.matrix, 1)[7] = -INFINITY;
  CHECK_FAILS(train_with(&s, options, &err), err, WF_INVALID, "feature 'f1' is infinite in row 8");
  sample_free(&s);
  sample_free(&other);
}

/* What only libxgboost can find is one clean line. */
TEST(train_cleans_library_messages) {
  wf_error err = WF_ERROR_INIT;
  need_xgboost();
  sample s = sample_new(20, 3, 1, "binary");
  wf_xgboost_options options = {PARAMS(LOGISTIC, {"base_score", "2"}), .rounds = 1};
  CHECK_FAILS(train_with(&s, options, &err), err, WF_EXTERNAL, "XGBoost: Check failed: ");
  CHECK(!strchr(err.message, '\n'));
  CHECK(!strstr(err.message, ".cc:") && !strstr(err.message, ".cu:"));
  sample_free(&s);
}

typedef struct seen {
  size_t calls, stop_after, n_sets, n_metrics;
  double last;
  char sets[64];
} seen;

static bool watch(void *context, const wf_xgboost_round *round) {
  seen *s = context;
  CHECK_EQ_INT(round->round, s->calls);
  s->calls++;
  s->n_sets = round->n_sets;
  s->n_metrics = round->n_metrics;
  s->last = round->values[round->n_sets * round->n_metrics - 1];
  snprintf(s->sets, sizeof s->sets, "%s %s", round->sets[0], round->sets[round->n_sets - 1]);
  return s->calls != s->stop_after;
}

TEST(train_reports_rounds) {
  wf_error err = WF_ERROR_INIT;
  need_xgboost();
  sample s = sample_new(200, 3, 1, "binary"), v = sample_new(50, 3, 2, "binary");
  /* names that would confuse a reader of XGBoost's text */
  wf_xgboost_data evals[] = {sample_data(&v, "train", false), sample_data(&v, "a-b:1\t", false)};
  seen rounds = {0};
  wf_xgboost_options options = {PARAMS(LOGISTIC, {"eval_metric", "ndcg-"}, {"eval_metric", "auc"}),
                                .rounds = 3,
                                .evals = evals,
                                .n_evals = 2,
                                .on_round = watch,
                                .context = &rounds};
  wf_xgboost_data data = sample_data(&s, NULL, false);
  wf_xgboost_result result;
  REQUIRE_OK(wf_xgboost_train(&result, &data, &options, &err), err);
  CHECK_EQ_INT(rounds.calls, 3);
  CHECK_EQ_INT(rounds.n_sets, 3);
  CHECK_EQ_INT(rounds.n_metrics, 2);
  CHECK_EQ_STR(rounds.sets, "train a-b:1\t");
  CHECK_EQ_STR(result.metrics[0], "ndcg-");
  CHECK_EQ_STR(result.sets[1], "train");
  CHECK_EQ_INT(result.n_rounds, 3);
  CHECK_EQ_INT(result.best_round, 2);
  CHECK_SAME(result.history[3 * 3 * 2 - 1], rounds.last);
  wf_xgboost_result_dispose(&result);

  rounds = (seen){.stop_after = 2};
  CHECK_FAILS(wf_xgboost_train(&result, &data, &options, &err), err, WF_CANCELED,
              "stopped after round 2");
  CHECK_EQ_INT(rounds.calls, 2);
  sample_free(&s);
  sample_free(&v);
}

TEST(train_without_metrics) {
  wf_error err = WF_ERROR_INIT;
  need_xgboost();
  sample s = sample_new(50, 3, 1, "binary");
  wf_xgboost_options options = {PARAMS(LOGISTIC, {"disable_default_eval_metric", "true"}),
                                .rounds = 2};
  wf_xgboost_data data = sample_data(&s, NULL, false);
  wf_xgboost_result result;
  REQUIRE_OK(wf_xgboost_train(&result, &data, &options, &err), err);
  CHECK_EQ_INT(result.n_metrics, 0);
  CHECK_EQ_INT(result.n_rounds, 2);
  wf_xgboost_result_dispose(&result);
  size_t folds[50];
  for (size_t i = 0; i < 50; i++) folds[i] = i % 2;
  wf_xgboost_cv_result cv;
  REQUIRE_OK(wf_xgboost_cv(&cv, &data, folds, 2, &options, &err), err);
  CHECK_EQ_INT(cv.n_metrics, 0);
  wf_xgboost_cv_result_dispose(&cv);
  sample_free(&s);
}

/* ---- determinism ------------------------------------------------------------------------------
 */

static wf_xgboost_result train_method(const sample *s, const char *method, size_t n_threads) {
  wf_error err = WF_ERROR_INIT;
  wf_xgboost_options options = {PARAMS(LOGISTIC, {"tree_method", method}, {"subsample", "0.7"},
                                       {"colsample_bytree", "0.7"}, {"max_depth", "5"},
                                       {"seed", "3"}, {"eval_metric", "auc"}),
                                .rounds = 5, .n_threads = n_threads};
  wf_xgboost_data data = sample_data(s, NULL, true);
  wf_xgboost_result result;
  REQUIRE_OK(wf_xgboost_train(&result, &data, &options, &err), err);
  return result;
}

static bool same_model(const wf_xgboost_result *a, const wf_xgboost_result *b) {
  return a->model_size == b->model_size && memcmp(a->model, b->model, a->model_size) == 0;
}

TEST(train_is_deterministic) {
  need_xgboost();
  sample s = sample_new(20000, 8, 5, "binary");
  static const char *const methods[] = {"exact", "hist", "approx"};
  for (size_t i = 0; i < 3; i++) {
    wf_xgboost_result one = train_method(&s, methods[i], 1);
    wf_xgboost_result two = train_method(&s, methods[i], 2);
    wf_xgboost_result again = train_method(&s, methods[i], 2);
    CHECK(same_model(&one, &two));
    CHECK(same_model(&two, &again));
    for (size_t j = 0; j < one.n_rounds; j++) {
      CHECK_SAME(two.history[j], one.history[j]);
      CHECK_SAME(again.history[j], one.history[j]);
    }
    wf_xgboost_result_dispose(&one);
    wf_xgboost_result_dispose(&two);
    wf_xgboost_result_dispose(&again);
  }
  sample_free(&s);
}

/* ---- stopping ---------------------------------------------------------------------------------
 */

TEST(stopper_follows_the_best) {
  wf_xgb_stopper down = {.patience = 2}, up = {.patience = 2, .maximise = true}, never = {0};
  static const double scores[] = {3, 2, 2, 1, 4, 1};
  for (size_t i = 0; i < 6; i++) {
    CHECK(wf_xgb_stopper_add(&down, i, scores[i]) == (i == 5));
    CHECK(!wf_xgb_stopper_add(&never, i, scores[i]));
  }
  CHECK_EQ_INT(down.best_round, 3);
  CHECK_EQ_INT(never.best_round, 3);
  static const double odd[] = {NAN, 1, NAN, 2, 2, 2};
  for (size_t i = 0; i < 6; i++) CHECK(wf_xgb_stopper_add(&up, i, odd[i]) == (i == 5));
  CHECK_EQ_INT(up.best_round, 3);
}

/* ---- predictions ------------------------------------------------------------------------------
 */

#define XGB(call)                                                            \
  do {                                                                       \
    if ((call) != 0) test_fail(__FILE__, __LINE__, "%s", XGBGetLastError()); \
  } while (0)

/* libxgboost's predictions of a model document. */
static void predict_with_library(const wf_xgboost_result *model, const float *rows, size_t n_rows,
                                 size_t n_columns, float *out, size_t n_out) {
  DMatrixHandle matrix;
  BoosterHandle booster;
  XGB(XGDMatrixCreateFromMat(rows, n_rows, n_columns, NAN, &matrix));
  XGB(XGBoosterCreate(NULL, 0, &booster));
  XGB(XGBoosterLoadModelFromBuffer(booster, model->model, model->model_size));
  const bst_ulong *shape;
  bst_ulong n_dimensions;
  const float *values;
  XGB(XGBoosterPredictFromDMatrix(booster, matrix,
                                  "{\"type\": 0, \"training\": false, \"iteration_begin\": 0, "
                                  "\"iteration_end\": 0, \"strict_shape\": true}",
                                  &shape, &n_dimensions, &values));
  memcpy(out, values, n_out * sizeof *out);
  XGB(XGBoosterFree(booster));
  XGB(XGDMatrixFree(matrix));
}

static void compare_predictions(const char *kind, wf_xgboost_options options) {
  wf_error err = WF_ERROR_INIT;
  enum { N = 1000, COLUMNS = 6 };
  sample train = sample_new(600, COLUMNS, 1, kind), fresh = sample_new(N, COLUMNS, 9, kind);
  wf_xgboost_data data = sample_data(&train, NULL, true);
  wf_xgboost_result result;
  REQUIRE_OK(wf_xgboost_train(&result, &data, &options, &err), err);
  wf_forest *forest;
  REQUIRE_OK(wf_forest_parse(&forest, result.model, result.model_size, &err), err);
  CHECK_EQ_STR(wf_forest_feature_name(forest, 0), "f0");
  size_t n_out = N * wf_forest_output_count(forest, WF_PREDICT_VALUE);
  float *ours = malloc(n_out * sizeof *ours), *theirs = malloc(n_out * sizeof *theirs);
  float *rows = malloc(sizeof(float) * N * COLUMNS);
  for (size_t i = 0; i < N; i++) {
    for (size_t j = 0; j < COLUMNS; j++) {
      rows[i * COLUMNS + j] = wf_matrix_column_at(fresh.matrix, j)[i];
    }
  }
  wf_features features = wf_matrix_features(fresh.matrix);
  REQUIRE_OK(wf_forest_predict(forest, &features, NULL, ours, &err), err);
  predict_with_library(&result, rows, N, COLUMNS, theirs, n_out);
  CHECK(memcmp(ours, theirs, n_out * sizeof *ours) == 0);
  free(ours);
  free(theirs);
  free(rows);
  wf_forest_release(forest);
  wf_xgboost_result_dispose(&result);
  sample_free(&train);
  sample_free(&fresh);
}

TEST(forest_predicts_what_was_trained) {
  need_xgboost();
  compare_predictions("binary",
                      (wf_xgboost_options){PARAMS(LOGISTIC, {"base_score", "0.3"}), .rounds = 12});
  compare_predictions("real", (wf_xgboost_options){PARAMS({"tree_method", "hist"}), .rounds = 12});
  compare_predictions("count",
                      (wf_xgboost_options){PARAMS({"objective", "count:poisson"}), .rounds = 12});
  compare_predictions(
      "binary", (wf_xgboost_options){PARAMS(LOGISTIC, {"booster", "dart"}, {"rate_drop", "0.4"}),
                                     .rounds = 12});
  compare_predictions("binary", (wf_xgboost_options){PARAMS(LOGISTIC, {"num_parallel_tree", "3"},
                                                            {"subsample", "0.5"}),
                                                     .rounds = 4});
  compare_predictions(
      "class", (wf_xgboost_options){PARAMS({"objective", "multi:softprob"}, {"num_class", "3"}),
                                    .rounds = 6});
}

/* Models cut at the best round, of every kind that has rounds to cut. */
static void compare_cut(wf_xgboost_options options) {
  sample validation = sample_new(200, 6, 2, "binary");
  wf_xgboost_data eval = sample_data(&validation, "validation", false);
  options.rounds = 60;
  options.early_stopping_rounds = 3;
  options.evals = &eval;
  options.n_evals = 1;
  compare_predictions("binary", options);
  sample_free(&validation);
}

TEST(forest_predicts_what_was_cut) {
  need_xgboost();
  compare_cut((wf_xgboost_options){PARAMS(LOGISTIC, {"eval_metric", "auc"})});
  compare_cut((wf_xgboost_options){PARAMS(LOGISTIC, {"booster", "dart"}, {"rate_drop", "0.4"})});
  compare_cut(
      (wf_xgboost_options){PARAMS(LOGISTIC, {"num_parallel_tree", "3"}, {"subsample", "0.5"})});
}

/* ---- allocation failures ----------------------------------------------------------------------
 */

/* Only our own allocations fail: libxgboost's are not ours to make fail. */
static bool train_small(const sample *s) {
  wf_error err = WF_ERROR_INIT;
  wf_xgboost_data data = sample_data(s, NULL, true), eval = sample_data(s, "again", true);
  wf_xgboost_options options = {PARAMS(LOGISTIC, {"eval_metric", "auc"}),
                                .rounds = 3,
                                .early_stopping_rounds = 1,
                                .evals = &eval,
                                .n_evals = 1,
                                .n_threads = 1};
  wf_xgboost_result result;
  if (wf_xgboost_train(&result, &data, &options, &err) != WF_OK) {
    if (err.status != WF_NOMEM) test_fail(__FILE__, __LINE__, "%s", err.message);
    return false;
  }
  wf_xgboost_result_dispose(&result);
  return true;
}

TEST(training_survives_allocation_failure) {
  need_xgboost();
  sample s = sample_new(40, 3, 1, "binary");
  CHECK_OOM_SAFE(train_small(&s));
  sample_free(&s);
}
