/* Parameters that are wrong are refused by name before anything is trained. */
#include "sample.h"

#include "xgboost/params.h"

static wf_status check(const wf_xgboost_param *params, size_t n, wf_error *err) {
  wf_xgb_params checked;
  wf_status status = wf_xgb_params_check(&checked, params, n, err);
  if (status == WF_OK) wf_xgb_params_dispose(&checked);
  return status;
}

TEST(params_are_refused_by_name) {
  wf_error err = WF_ERROR_INIT;
  static const struct {
    wf_xgboost_param param;
    wf_status status;
    const char *message;
  } cases[] = {
      {{"max_dept", "5"}, WF_INVALID, "unknown parameter 'max_dept'; did you mean 'max_depth'?"},
      {{"learning_rte", "5"}, WF_INVALID, "did you mean 'learning_rate'?"},
      {{"xyzzy", "5"}, WF_INVALID, "unknown parameter 'xyzzy'"},
      {{"objective", "binary:logstic"}, WF_INVALID, "did you mean 'binary:logistic'?"},
      {{"objective", "rank:ndcg"}, WF_UNSUPPORTED, "needs query groups"},
      {{"objective", "survival:aft"}, WF_UNSUPPORTED, "needs label bounds"},
      {{"eval_metric", "acu"}, WF_INVALID, "unknown eval_metric 'acu'; did you mean 'auc'?"},
      {{"eval_metric", "ams"}, WF_INVALID, "needs a number"},
      {{"eval_metric", "error@x"}, WF_INVALID, "what follows @ is not a number"},
      {{"eval_metric", "auc@3"}, WF_INVALID, "takes no @ argument"},
      {{"eval_metric", "mlogloss"}, WF_INVALID, "needs a multi-class objective"},
      {{"booster", "gbforest"}, WF_INVALID, "'gbforest' is none of: gbtree dart gblinear"},
      {{"tree_method", "fast"}, WF_INVALID, "none of: auto exact approx hist"},
      {{"tree_method", "gpu_hist"}, WF_UNSUPPORTED, "needs a GPU"},
      {{"max_depth", "five"}, WF_INVALID, "parameter 'max_depth': 'five' is not an integer >= 0"},
      {{"max_depth", "5.5"}, WF_INVALID, "not an integer"},
      {{"max_depth", "-1"}, WF_INVALID, "not an integer >= 0"},
      {{"eta", "fast"}, WF_INVALID, "parameter 'eta': 'fast' is not a number >= 0"},
      {{"eta", "nan"}, WF_INVALID, "not a number"},
      {{"subsample", "0"}, WF_INVALID, "not a number > 0 and <= 1"},
      {{"subsample", "1.5"}, WF_INVALID, "not a number > 0 and <= 1"},
      {{"base_score", "inf"}, WF_INVALID, "not a finite number"},
      {{"seed_per_iteration", "maybe"}, WF_INVALID, "neither true nor false"},
      {{"nthread", "2"}, WF_UNSUPPORTED, "use the option threads"},
      {{"verbosity", "2"}, WF_UNSUPPORTED, "log is off"},
      {{"process_type", "update"}, WF_UNSUPPORTED, "continued training"},
      {{"rate_drop", "0.1"}, WF_INVALID, "'rate_drop' means nothing to booster 'gbtree'"},
      {{"updater", "shotgun"}, WF_UNSUPPORTED, "thread timing"},
      {{"updater", "coord_descent"}, WF_INVALID, "belongs to booster gblinear"},
      {{"updater", "grow_colmaker"}, WF_UNSUPPORTED, "chosen by tree_method"},
      {{"num_class", "3"}, WF_INVALID, "for multi-class objectives"},
      {{"objective", "multi:softmax"}, WF_INVALID, "needs num_class"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_FAILS(check(&cases[i].param, 1, &err), err, cases[i].status, cases[i].message);
  }
}

TEST(params_conflict) {
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(check((wf_xgboost_param[]){{"eta", "1"}, {"learning_rate", "1"}}, 2, &err), err,
              WF_INVALID, "parameters 'eta' and 'learning_rate' are the same; give one");
  CHECK_FAILS(check((wf_xgboost_param[]){{"reg_lambda", "1"}, {"lambda", "1"}}, 2, &err), err,
              WF_INVALID, "'reg_lambda' and 'lambda' are the same");
  CHECK_FAILS(check((wf_xgboost_param[]){{"gamma", "1"}, {"gamma", "1"}}, 2, &err), err, WF_INVALID,
              "parameter 'gamma' is given twice");
  CHECK_FAILS(check((wf_xgboost_param[]){{"eval_metric", "auc"}, {"eval_metric", "auc"}}, 2, &err),
              err, WF_INVALID, "eval_metric 'auc' is given twice");
  CHECK_FAILS(check((wf_xgboost_param[]){{"booster", "gblinear"}, {"max_depth", "3"}}, 2, &err),
              err, WF_INVALID, "'max_depth' means nothing to booster 'gblinear'");
}

TEST(params_are_normalised) {
  wf_error err = WF_ERROR_INIT;
  wf_xgb_params params;
  REQUIRE_OK(wf_xgb_params_check(&params,
                                 (wf_xgboost_param[]){{"max_depth", "5.0"},
                                                      {"objective", "multi:softprob"},
                                                      {"num_class", "3.0"},
                                                      {"seed", "-7"},
                                                      {"eval_metric", "ndcg@3-"},
                                                      {"eval_metric", "map-"},
                                                      {"booster", "dart"},
                                                      {"one_drop", "TRUE"}},
                                 8, &err),
             err);
  static const char *const values[] = {"5",       "multi:softprob", "3",    "-7",
                                       "ndcg@3-", "map-",           "dart", "1"};
  REQUIRE(params.items.count == 8);
  for (size_t i = 0; i < 8; i++) CHECK_EQ_STR(params.items.items[i].value, values[i]);
  CHECK_EQ_INT(params.n_classes, 3);
  wf_xgb_params_dispose(&params);

  REQUIRE_OK(wf_xgb_params_check(&params, (wf_xgboost_param[]){{"booster", "gblinear"}}, 1, &err),
             err);
  CHECK_EQ_STR(params.items.items[1].value, "coord_descent"); /* the default one races */
  wf_xgb_params_dispose(&params);
}

TEST(params_metric_directions) {
  static const char *const maximised[] = {"auc",  "aucpr", "map",   "map@3-",
                                          "ndcg", "ndcg-", "pre@2", "ams@0.1"};
  static const char *const minimised[] = {
      "rmse",          "mape", "mae", "logloss", "error@0.5", "merror", "tweedie-nloglik@1.5",
      "gamma-deviance"};
  for (size_t i = 0; i < 8; i++) {
    CHECK(wf_xgb_metric_maximised(maximised[i]));
    CHECK(!wf_xgb_metric_maximised(minimised[i]));
  }
}

static bool check_many(void) {
  wf_error err = WF_ERROR_INIT;
  wf_xgb_params params;
  if (wf_xgb_params_check(
          &params, (wf_xgboost_param[]){{"booster", "gblinear"}, {"eta", "0.5"}, {"seed", "3"}}, 3,
          &err) != WF_OK) {
    return false;
  }
  wf_xgb_params_dispose(&params);
  return true;
}

TEST(params_survive_allocation_failure) { CHECK_OOM_SAFE(check_many()); }
