/* Accessors, rounds, importances, and what predict refuses. */
#include "models.h"

static void predict_rounds(const wf_forest *forest, const reference *r, size_t begin, size_t end,
                           float *out) {
  wf_features view = reference_by_column(r);
  wf_predict_options options = {
      .kind = WF_PREDICT_MARGIN, .n_threads = 1, .round_begin = begin, .round_end = end};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_forest_predict(forest, &view, &options, out, &err), err);
}

TEST(api_rounds_add_up) {
  reference r;
  reference_read(&r, "parallel");
  wf_forest *forest = model_read("parallel");
  CHECK_EQ_INT(wf_forest_round_count(forest), 3);
  CHECK_EQ_INT(wf_forest_tree_count(forest), 9);
  float first[40], rest[40], all[40];
  predict_rounds(forest, &r, 0, 1, first);
  predict_rounds(forest, &r, 1, 3, rest);
  predict_rounds(forest, &r, 0, 3, all);
  for (size_t i = 0; i < r.n_rows; i++) {
    CHECK_SAME(all[i], r.margins[i]);
    CHECK_NEAR((double)first[i] + (double)rest[i], (double)all[i], 1e-6);
  }
  predict_rounds(forest, &r, 2, 2, first);
  CHECK_SAME(first[0], wf_forest_base_margin(forest));
  wf_features view = reference_by_row(&r);
  wf_error err = WF_ERROR_INIT;
  wf_predict_options wrong = {.round_begin = 1, .round_end = 4};
  CHECK_FAILS(wf_forest_predict(forest, &view, &wrong, all, &err), err, WF_INVALID,
              "rounds 1 to 4 are not within the model's 3");
  wrong = (wf_predict_options){.round_begin = 3, .round_end = 2};
  CHECK_FAILS(wf_forest_predict(forest, &view, &wrong, all, &err), err, WF_INVALID, "rounds");
  wf_forest_release(forest);
  reference_free(&r);
}

TEST(api_early_stopping_leaves_its_best_round) {
  wf_forest *forest = model_read("early");
  CHECK(wf_forest_best_round(forest) >= 0);
  CHECK(wf_forest_best_round(forest) < (int64_t)wf_forest_round_count(forest) - 1);
  wf_forest_release(forest);
  forest = model_read("softprob");
  CHECK_EQ_INT(wf_forest_round_count(forest), 6);
  wf_forest_release(forest);
}

TEST(api_names) {
  wf_forest *forest = model_read("logistic");
  static const char *const names[] = {"age", "größe", "a b", "\"quoted\"", "x\\y", "naïve"};
  for (size_t i = 0; i < 6; i++) CHECK_EQ_STR(wf_forest_feature_name(forest, i), names[i]);
  CHECK_NEAR(wf_forest_base_margin(forest), log(0.3 / 0.7), 1e-6);
  wf_forest *same = wf_forest_retain(forest);
  wf_forest_release(forest);
  CHECK_EQ_STR(wf_forest_objective(same), "binary:logistic");
  wf_forest_release(same);
  wf_forest_release(NULL);
  forest = model_read("squared");
  CHECK(wf_forest_feature_name(forest, 0) == NULL);
  wf_forest_release(forest);
}

/* get_score of libxgboost for this model, see tests/oracle/importance.py. */
TEST(api_importances) {
  static const struct {
    wf_importance kind;
    double expected[6];
  } known[] = {
#include "importance.inc"
  };
  wf_forest *forest = model_read("squared");
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    double out[6];
    wf_forest_importance(forest, known[k].kind, out);
    for (size_t f = 0; f < 6; f++) CHECK_NEAR(out[f], known[k].expected[f], 1e-5);
  }
  wf_forest_release(forest);
}

TEST(api_refusals) {
  wf_forest *forest = model_read("linear");
  float row[7] = {0}, out[8];
  wf_error err = WF_ERROR_INIT;
  wf_features seven = wf_features_rows(row, 1, 7), six = wf_features_rows(row, 1, 6);
  CHECK_FAILS(wf_forest_predict(forest, &seven, NULL, out, &err), err, WF_INVALID,
              "the data has 7 features, the model 6");
  wf_predict_options leaves = {.kind = WF_PREDICT_LEAF}, rounds = {.round_end = 1};
  CHECK_FAILS(wf_forest_predict(forest, &six, &leaves, out, &err), err, WF_UNSUPPORTED, "leaves");
  CHECK_FAILS(wf_forest_predict(forest, &six, &rounds, out, &err), err, WF_UNSUPPORTED, "rounds");
  six.n_rows = 0;
  REQUIRE_OK(wf_forest_predict(forest, &six, NULL, out, &err), err);
  wf_forest_release(forest);
}
