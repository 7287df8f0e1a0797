/* Our metrics against libxgboost's: one name it alone knows makes it evaluate everything. */
#include "sample.h"

#include "xgboost/evaluate.h"

#include <stdlib.h>

TEST(score_knows_names) {
  wf_xgb_score score;
  static const char *const same[] = {"auc", "aucpr", "logloss", "error", "rmse", "mae"};
  for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
    REQUIRE(wf_xgb_score_find(&score, same[i]));
    CHECK_EQ_STR(score.name, same[i]);
    CHECK(wf_xgb_score_sorts(&score) == (i < 2));
  }
  REQUIRE(wf_xgb_score_find(&score, "error@0.50"));
  CHECK_EQ_STR(score.name, "error");
  REQUIRE(wf_xgb_score_find(&score, "error@0.123456789"));
  CHECK_EQ_STR(score.name, "error@0.123457");
  CHECK_SAME(score.threshold, 0.123456789f);
  static const char *const others[] = {"",        "ndcg",     "auc@1", "error@",
                                       "error@x", "mlogloss", "rmsle"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    CHECK(!wf_xgb_score_find(&score, others[i]));
  }
}

static double measure(const char *metric, float *predictions, const float *labels, size_t n) {
  wf_xgb_score score;
  REQUIRE(wf_xgb_score_find(&score, metric));
  wf_xgb_rows rows = {predictions, labels, NULL, n, wf_alloc_aligned(wf_xgb_scratch_size(n))};
  REQUIRE(rows.scratch);
  double value = wf_xgb_score_measure(&score, &rows);
  wf_free(rows.scratch);
  return value;
}

TEST(score_edges) {
  float ties[] = {0.0f, -0.0f, 0.5f, -1}, labels[] = {1, 0, 1, 0}, one_class[] = {1, 1, 1, 1};
  CHECK_SAME(measure("auc", ties, labels, 4), 0.875); /* both zeros are one score */
  CHECK_SAME(measure("auc", one_class, labels, 4), 0.5);
  CHECK(isnan(measure("auc", ties, one_class, 4)));
  CHECK(isnan(measure("aucpr", ties, one_class, 4)));
  float wild[] = {INFINITY, -INFINITY, NAN, 3}, tame[] = {INFINITY, -INFINITY, 2, 3};
  CHECK(isnan(measure("auc", wild, labels, 4)));
  CHECK(isnan(measure("aucpr", wild, labels, 4)));
  CHECK(isnan(measure("rmse", wild, labels, 4)));
  CHECK_SAME(measure("auc", tame, labels, 4), 0.75);
  CHECK_SAME(measure("auc", tame, labels, 2), 1);
  CHECK_SAME(measure("auc", tame + 1, labels, 2), 0);
  CHECK(isnan(measure("auc", tame, labels, 1)));
}

/* ---- who computes what
 * ---------------------------------------------------------------------------
 */

static wf_xgb_plan plan_of(const wf_xgboost_param *params, size_t n) {
  wf_error err = WF_ERROR_INIT;
  wf_xgb_params checked;
  wf_xgb_plan plan;
  REQUIRE_OK(wf_xgb_params_check(&checked, params, n, &err), err);
  REQUIRE_OK(wf_xgb_plan_make(&plan, &checked, &err), err);
  wf_xgb_params_dispose(&checked);
  return plan;
}

TEST(plan_knows_its_metrics) {
  static const struct {
    wf_xgboost_param params[3];
    size_t n_params, n;
    bool here, sorts, alone;
  } cases[] = {
      {{{"eta", "1"}}, 1, 1, true, false, false}, /* rmse */
      {{{"objective", "binary:logistic"}}, 1, 1, true, false, false},
      {{{"eval_metric", "auc"}, {"eval_metric", "error@0.3"}}, 2, 2, true, true, false},
      {{{"disable_default_eval_metric", "true"}}, 1, 0, true, false, false},
      {{{"disable_default_eval_metric", "true"}, {"eval_metric", "mae"}}, 2, 1, true, false, false},
      {{{"eval_metric", "auc"}, {"eval_metric", "ndcg"}}, 2, 2, false, false, false},
      /* two threads may not name these at a time */
      {{{"eval_metric", "error@0.3"}, {"eval_metric", "ndcg"}}, 2, 2, false, false, true},
      {{{"eval_metric", "tweedie-nloglik@1.2"}}, 1, 1, false, false, true},
      {{{"objective", "reg:tweedie"}}, 1, 1, false, false, true},
      {{{"objective", "count:poisson"}, {"eval_metric", "rmse"}}, 2, 1, false, false, false},
      {{{"objective", "binary:logitraw"}}, 1, 1, false, false, false},
      {{{"objective", "multi:softmax"}, {"num_class", "3"}}, 2, 1, false, false, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    wf_xgb_plan plan = plan_of(cases[i].params, cases[i].n_params);
    CHECK_EQ_INT(plan.n, cases[i].n);
    CHECK(!plan.scores == !cases[i].here);
    CHECK(plan.sorts == cases[i].sorts);
    CHECK(plan.alone == cases[i].alone);
    wf_xgb_plan_dispose(&plan);
  }
}

/* ---- against libxgboost ------------------------------------------------------------------------
 */

enum { N_METRICS = 7 };

static wf_xgboost_result train_here_or_there(const sample *s, const sample *v, bool weighted,
                                             bool here, const char *booster, size_t n_threads) {
  wf_error err = WF_ERROR_INIT;
  wf_xgboost_data data = sample_data(s, NULL, weighted), eval = sample_data(v, "v", weighted);
  wf_xgboost_options options = {
      PARAMS({"objective", "reg:logistic"}, {"eval_metric", "auc"}, {"eval_metric", "aucpr"},
             {"eval_metric", "logloss"}, {"eval_metric", "error@0.3"}, {"eval_metric", "error"},
             {"eval_metric", "rmse"}, {"eval_metric", "mae"}, {"booster", booster}, {"eta", "0.7"},
             {"eval_metric", "rmsle"}), /* the last one is not ours */
      .rounds = 6, .evals = &eval, .n_evals = 1, .n_threads = n_threads};
  if (here) options.n_params--;
  wf_xgboost_result result;
  REQUIRE_OK(wf_xgboost_train(&result, &data, &options, &err), err);
  CHECK_EQ_INT(result.n_metrics, N_METRICS + !here);
  return result;
}

static void compare(const wf_xgboost_result *here, const wf_xgboost_result *there) {
  for (size_t i = 0; i < here->n_rounds * here->n_sets * N_METRICS; i++) {
    CHECK_EQ_STR(here->metrics[i % N_METRICS], there->metrics[i % N_METRICS]);
    CHECK_SAME(here->history[i], there->history[i / N_METRICS * there->n_metrics + i % N_METRICS]);
  }
  CHECK_EQ_INT(here->model_size, there->model_size);
  CHECK(memcmp(here->model, there->model, here->model_size) == 0);
}

static void compare_all(const sample *s, const sample *v, bool weighted, const char *booster) {
  wf_xgboost_result here = train_here_or_there(s, v, weighted, true, booster, 1);
  for (size_t n_threads = 1; n_threads <= 3; n_threads++) {
    wf_xgboost_result there = train_here_or_there(s, v, weighted, false, booster, n_threads);
    wf_xgboost_result again = train_here_or_there(s, v, weighted, true, booster, n_threads);
    compare(&here, &there);
    compare(&here, &again);
    wf_xgboost_result_dispose(&there);
    wf_xgboost_result_dispose(&again);
  }
  wf_xgboost_result_dispose(&here);
}

/* Enough rows for several threads and radix passes, many ties, awkward weights, partial labels. */
TEST(score_equals_the_library) {
  need_xgboost();
  sample s = sample_new(21000, 4, 7, "binary"), v = sample_new(3000, 4, 8, "binary");
  for (size_t i = 0; i < 3000; i++) s.weights[i] = (float)(i + 1) / 7;
  s.weights[0] = 0;
  compare_all(&s, &v, false, "gbtree");
  compare_all(&s, &v, true, "dart");
  for (size_t i = 0; i < 3000; i++) v.labels[i] = (float)(i % 11) / 10;
  for (size_t i = 0; i < 21000; i += 5) s.labels[i] = (float)(i % 7) / 6;
  compare_all(&s, &v, true, "gbtree");
  compare_all(&s, &v, false, "gblinear");
  sample_free(&s);
  sample_free(&v);
}
