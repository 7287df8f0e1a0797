/* Cross-validation side by side: the same bits whatever the threads, and one thread to talk to. */
#include "sample.h"

#include <pthread.h>
#include <stdlib.h>

#define LOGISTIC \
  { "objective", "binary:logistic" }

static wf_status validate(wf_xgboost_cv_result *out, const sample *s, size_t k,
                          const wf_xgboost_options *options, wf_error *err) {
  wf_xgboost_data data = sample_data(s, NULL, true);
  size_t n = wf_matrix_row_count(s->matrix), *folds = malloc(n * sizeof *folds);
  for (size_t i = 0; i < n; i++) folds[i] = i * i % 31 % k;
  wf_status status = wf_xgboost_cv(out, &data, folds, k, options, err);
  free(folds);
  return status;
}

static bool same(const double *a, const double *b, size_t n) {
  return memcmp(a, b, n * sizeof *a) == 0;
}

static void check_same(const wf_xgboost_cv_result *a, const wf_xgboost_cv_result *b) {
  CHECK_EQ_INT(a->n_metrics, b->n_metrics);
  CHECK_EQ_INT(a->n_rounds, b->n_rounds);
  for (size_t i = 0; i < a->n_metrics; i++) CHECK_EQ_STR(a->metrics[i], b->metrics[i]);
  size_t n = (a->n_rounds < b->n_rounds ? a->n_rounds : b->n_rounds) * a->n_metrics;
  CHECK(same(a->train_mean, b->train_mean, n) && same(a->train_std, b->train_std, n));
  CHECK(same(a->test_mean, b->test_mean, n) && same(a->test_std, b->test_std, n));
}

static void compare_threads(const char *kind, size_t k, wf_xgboost_options options) {
  wf_error err = WF_ERROR_INIT;
  sample s = sample_new(900, 6, 5, kind);
  wf_xgboost_cv_result one, other;
  options.rounds = 9;
  options.n_threads = 1;
  REQUIRE_OK(validate(&one, &s, k, &options, &err), err);
  for (options.n_threads = 2; options.n_threads <= 7; options.n_threads++) {
    REQUIRE_OK(validate(&other, &s, k, &options, &err), err);
    check_same(&one, &other);
    wf_xgboost_cv_result_dispose(&other);
  }
  wf_xgboost_cv_result_dispose(&one);
  sample_free(&s);
}

#define SAMPLED \
  {"subsample", "0.6"}, {"colsample_bytree", "0.7"}, { "colsample_bynode", "0.7" }

TEST(cv_does_not_depend_on_threads) {
  need_xgboost();
  static const char *const methods[] = {"exact", "hist", "approx", "auto"};
  for (size_t i = 0; i < 4; i++) {
    compare_threads("binary", 3,
                    (wf_xgboost_options){PARAMS(
                        LOGISTIC, SAMPLED, {"tree_method", methods[i]}, {"eval_metric", "auc"},
                        {"eval_metric", "error@0.4"}, {"eval_metric", "logloss"})});
  }
  compare_threads("binary", 5,
                  (wf_xgboost_options){PARAMS(LOGISTIC, SAMPLED, {"booster", "dart"},
                                              {"rate_drop", "0.4"}, {"num_parallel_tree", "2"})});
  compare_threads(
      "class", 2, /* evaluated by libxgboost, three threads each with seven */
      (wf_xgboost_options){PARAMS({"objective", "multi:softprob"}, {"num_class", "3"}, SAMPLED,
                                  {"eval_metric", "auc"}, {"eval_metric", "mlogloss"})});
  compare_threads(
      "real", 2,
      (wf_xgboost_options){PARAMS({"booster", "gblinear"}, {"feature_selector", "shuffle"},
                                  {"eval_metric", "rmse"}, {"eval_metric", "mphe"})});
  compare_threads("count", 3, /* a metric two boosters may not evaluate at a time */
                  (wf_xgboost_options){PARAMS({"objective", "reg:tweedie"}, SAMPLED)});
}

/* Stopped early or not: the rounds kept are those of the whole run up to its best one. */
TEST(cv_stops_early_alike) {
  wf_error err = WF_ERROR_INIT;
  need_xgboost();
  sample s = sample_new(400, 6, 5, "binary");
  wf_xgboost_options options = {PARAMS(LOGISTIC, SAMPLED, {"eta", "1"}), .rounds = 25};
  wf_xgboost_cv_result whole, stopped;
  REQUIRE_OK(validate(&whole, &s, 3, &options, &err), err);
  size_t best = 0;
  for (size_t i = 1; i < 25 && i <= best + 2; i++) {
    if (whole.test_mean[i] < whole.test_mean[best]) best = i;
  }
  CHECK(best + 3 < 25);
  whole.n_rounds = best + 1;
  options.early_stopping_rounds = 2;
  for (options.n_threads = 1; options.n_threads <= 4; options.n_threads++) {
    REQUIRE_OK(validate(&stopped, &s, 3, &options, &err), err);
    check_same(&whole, &stopped);
    wf_xgboost_cv_result_dispose(&stopped);
  }
  wf_xgboost_cv_result_dispose(&whole);
  sample_free(&s);
}

typedef struct listener {
  pthread_t thread;
  size_t calls, stop_after;
  double last;
} listener;

static bool listen(void *context, const wf_xgboost_round *round) {
  listener *l = context;
  CHECK(pthread_equal(pthread_self(), l->thread));
  CHECK_EQ_INT(round->round, l->calls);
  CHECK_EQ_INT(round->n_sets, 2);
  CHECK_EQ_STR(round->sets[0], "train");
  CHECK_EQ_STR(round->sets[1], "test");
  CHECK_EQ_STR(round->metrics[0], "logloss");
  l->last = round->values[1];
  l->calls++;
  return l->calls != l->stop_after;
}

TEST(cv_talks_to_the_caller) {
  wf_error err = WF_ERROR_INIT;
  need_xgboost();
  sample s = sample_new(300, 4, 5, "binary");
  wf_xgboost_cv_result result;
  for (size_t n_threads = 1; n_threads <= 3; n_threads++) {
    listener l = {.thread = pthread_self()};
    wf_xgboost_options options = {PARAMS(LOGISTIC), .rounds = 12, .n_threads = n_threads,
                                  .on_round = listen, .context = &l};
    REQUIRE_OK(validate(&result, &s, 3, &options, &err), err);
    CHECK_EQ_INT(l.calls, 12);
    CHECK_SAME(l.last, result.test_mean[11]);
    wf_xgboost_cv_result_dispose(&result);
    l = (listener){.thread = pthread_self(), .stop_after = 5};
    CHECK_FAILS(validate(&result, &s, 3, &options, &err), err, WF_CANCELED,
                "stopped after round 5");
    CHECK_EQ_INT(l.calls, 5);
  }
  sample_free(&s);
}

TEST(cv_reports_what_fails_in_a_fold) {
  wf_error err = WF_ERROR_INIT;
  need_xgboost();
  sample s = sample_new(90, 3, 1, "binary");
  wf_xgboost_cv_result result;
  for (size_t n_threads = 1; n_threads <= 3; n_threads++) {
    /* libxgboost's own complaint, from whichever thread */
    wf_xgboost_options options = {PARAMS(LOGISTIC, {"base_score", "2"}), .rounds = 3,
                                  .n_threads = n_threads};
    CHECK_FAILS(validate(&result, &s, 3, &options, &err), err, WF_EXTERNAL,
                "XGBoost: Check failed: ");
    CHECK_HAS(err.message, "base_score");
    /* folds 4 and 5 have no rows: the first is named */
    wf_xgboost_data data = sample_data(&s, NULL, false);
    size_t folds[90];
    for (size_t i = 0; i < 90; i++) folds[i] = i % 4;
    options.n_params--;
    CHECK_FAILS(wf_xgboost_cv(&result, &data, folds, 6, &options, &err), err, WF_INVALID,
                "fold 4 has no rows");
  }
  sample_free(&s);
}

TEST(cv_refuses_bad_folds) {
  wf_error err = WF_ERROR_INIT;
  sample s = sample_new(12, 3, 1, "binary");
  wf_xgboost_data data = sample_data(&s, NULL, false);
  wf_xgboost_options options = {PARAMS(LOGISTIC), .rounds = 1};
  size_t folds[12];
  for (size_t i = 0; i < 12; i++) folds[i] = i % 3;
  wf_xgboost_cv_result result;
  CHECK_FAILS(wf_xgboost_cv(&result, &data, folds, 1, &options, &err), err, WF_INVALID,
              "1 folds of 12 rows");
  CHECK_FAILS(wf_xgboost_cv(&result, &data, folds, 2, &options, &err), err, WF_INVALID,
              "row 3 is in fold 2; there are folds 0 to 1");
  options.n_evals = 1;
  CHECK_FAILS(wf_xgboost_cv(&result, &data, folds, 3, &options, &err), err, WF_INVALID,
              "takes no evaluation sets");
  options.n_evals = 0;
  need_xgboost();
  CHECK_FAILS(wf_xgboost_cv(&result, &data, folds, 4, &options, &err), err, WF_INVALID,
              "fold 3 has no rows");
  for (size_t i = 0; i < 12; i++) s.labels[i] = i == 3; /* in fold 0 */
  CHECK_FAILS(wf_xgboost_cv(&result, &data, folds, 3, &options, &err), err, WF_INVALID,
              "without fold 0 the label is constant");
  sample_free(&s);
}

TEST(cv_refuses_what_it_cannot_keep) {
  wf_error err = WF_ERROR_INIT;
  sample s = sample_new(20, 3, 1, "binary");
  wf_xgboost_cv_result result;
  wf_xgboost_options options = {PARAMS({"seed_per_iteration", "false"}), .rounds = 1};
  CHECK_FAILS(validate(&result, &s, 2, &options, &err), err, WF_UNSUPPORTED,
              "'seed_per_iteration' cannot be false");
  options = (wf_xgboost_options){PARAMS(LOGISTIC, {"disable_default_eval_metric", "1"}),
                                 .rounds = 1, .early_stopping_rounds = 1};
  CHECK_FAILS(validate(&result, &s, 2, &options, &err), err, WF_INVALID, "needs an eval_metric");
  wf_matrix_column_at(s.matrix, 2)[3] = INFINITY;
  options.early_stopping_rounds = 0;
  CHECK_FAILS(validate(&result, &s, 2, &options, &err), err, WF_INVALID,
              "set 'train': feature 'f2' is infinite in row 4");
  sample_free(&s);
}

/* Given or not, true is what it is. */
TEST(cv_seeds_every_round) {
  wf_error err = WF_ERROR_INIT;
  need_xgboost();
  sample s = sample_new(200, 4, 5, "binary");
  wf_xgboost_cv_result plain, given;
  wf_xgboost_options options = {PARAMS(LOGISTIC, SAMPLED, {"seed_per_iteration", "true"}),
                                .rounds = 4};
  REQUIRE_OK(validate(&given, &s, 3, &options, &err), err);
  options.n_params--;
  REQUIRE_OK(validate(&plain, &s, 3, &options, &err), err);
  check_same(&given, &plain);
  wf_xgboost_cv_result_dispose(&plain);
  wf_xgboost_cv_result_dispose(&given);
  sample_free(&s);
}

/* ---- allocation failures ----------------------------------------------------------------------
 */

static bool validate_small(const sample *s, size_t n_threads) {
  wf_error err = WF_ERROR_INIT;
  wf_xgboost_options options = {PARAMS(LOGISTIC, {"eval_metric", "auc"}), .rounds = 2,
                                .n_threads = n_threads};
  wf_xgboost_cv_result result;
  if (validate(&result, s, 2, &options, &err) != WF_OK) {
    if (err.status != WF_NOMEM) test_fail(__FILE__, __LINE__, "%s", err.message);
    return false;
  }
  wf_xgboost_cv_result_dispose(&result);
  return true;
}

TEST(cv_survives_allocation_failure) {
  need_xgboost();
  sample s = sample_new(40, 3, 1, "binary");
  CHECK_OOM_SAFE(validate_small(&s, 1));
  CHECK_OOM_SAFE(validate_small(&s, 2));
  sample_free(&s);
}
