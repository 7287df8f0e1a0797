/* Training in parts: the model that the whole matrix gives, whatever the parts; sources that change
 * or fail. */
#include "sample.h"

#include <dirent.h>
#include <stdlib.h>

#define LOGISTIC \
  { "objective", "binary:logistic" }

/* Rows of a sample, `step` at a time. */
typedef struct source {
  const sample *whole;
  wf_matrix *part;
  float *labels, *weights;
  size_t at, step, n_passes;
  size_t lie_in_pass, fail_in_pass; /* 0: never */
  bool weighted;
} source;

static wf_status next_part(void *context, wf_xgboost_data *part, bool *more, wf_error *err) {
  source *s = context;
  size_t n = wf_matrix_row_count(s->whole->matrix), k = n - s->at < s->step ? n - s->at : s->step;
  *more = k > 0;
  if (s->fail_in_pass == s->n_passes && s->at > 0) return WF_CANCELED;
  if (!*more) return WF_OK;
  size_t *rows = malloc(k * sizeof *rows);
  for (size_t i = 0; i < k; i++) rows[i] = s->at + i;
  wf_matrix_release(s->part);
  s->part = NULL;
  wf_status status = wf_matrix_take(&s->part, s->whole->matrix, rows, k, err);
  free(rows);
  if (status != WF_OK) return status;
  if (s->lie_in_pass == s->n_passes) wf_matrix_column_at(s->part, 0)[k - 1] += 1;
  *part = (wf_xgboost_data){NULL, s->part, s->whole->labels + s->at,
                            s->weighted ? s->whole->weights + s->at : NULL};
  s->at += k;
  return WF_OK;
}

static wf_status rewind_parts(void *context, wf_error *err) {
  source *s = context;
  (void)err;
  s->at = 0;
  s->n_passes++;
  return WF_OK;
}

static wf_status train_by(wf_xgboost_result *out, source *s, const char *cache,
                          const wf_xgboost_options *options, wf_error *err) {
  wf_xgboost_parts parts = {next_part, rewind_parts, s, cache};
  wf_status status = wf_xgboost_train_parts(out, &parts, options, err);
  wf_matrix_release(s->part);
  s->part = NULL;
  return status;
}

/* Values on a grid of fewer than 256: bins hold one value each, so that nothing is approximate. */
static sample coarse_sample(size_t n, const char *kind) {
  sample s = sample_new(n, 5, 11, kind);
  for (size_t j = 0; j < 5; j++) {
    float *column = wf_matrix_column_at(s.matrix, j);
    for (size_t i = 0; i < n; i++) column[i] = floorf(column[i] / 2);
  }
  return s;
}

static void check_like_whole(const char *cache, bool weighted) {
  static const wf_xgboost_param params[] = {
      LOGISTIC, {"tree_method", "hist"}, {"eval_metric", "auc"}, {"max_depth", "4"}};
  sample s = coarse_sample(3000, "binary"), v = coarse_sample(500, "binary");
  wf_xgboost_data whole = sample_data(&s, NULL, weighted), eval = sample_data(&v, "v", false);
  wf_xgboost_options options = {
      .params = params, .n_params = 4, .rounds = 5, .evals = &eval, .n_evals = 1};
  wf_error err = WF_ERROR_INIT;
  wf_xgboost_result expected = {0}, result = {0};
  REQUIRE_OK(wf_xgboost_train(&expected, &whole, &options, &err), err);
  static const size_t steps[] = {3000, 1000, 7, 2999};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    source from = {.whole = &s, .step = steps[i], .weighted = weighted};
    REQUIRE_OK(train_by(&result, &from, cache, &options, &err), err);
    CHECK(from.n_passes >= 2);
    CHECK_EQ_INT(result.model_size, expected.model_size);
    CHECK_EQ_STR(result.model, expected.model);
    for (size_t k = 0; k < 10; k++) CHECK_SAME(result.history[k], expected.history[k]);
    wf_xgboost_result_dispose(&result);
  }
  wf_xgboost_result_dispose(&expected);
  sample_free(&s);
  sample_free(&v);
}

TEST(parts_give_the_model_of_the_whole) {
  need_xgboost();
  check_like_whole(NULL, false);
  check_like_whole(NULL, true);
}

TEST(parts_in_files_give_the_model_of_the_whole) {
  need_xgboost();
  check_like_whole(test_path("cache"), false);
  DIR *directory = opendir(test_dir());
  for (struct dirent *e; (e = readdir(directory));)
    CHECK(e->d_name[0] == '.'); /* nothing is left */
  closedir(directory);
}

/* With more values than bins quantiles of parts are merged: another cut here and there. */
TEST(parts_of_continuous_values_train_as_well) {
  need_xgboost();
  static const wf_xgboost_param params[] = {LOGISTIC, {"tree_method", "hist"}, {"max_bin", "32"}};
  sample s = sample_new(4000, 6, 3, "binary");
  wf_xgboost_data whole = sample_data(&s, NULL, false);
  wf_xgboost_options options = {.params = params, .n_params = 3, .rounds = 8};
  wf_error err = WF_ERROR_INIT;
  wf_xgboost_result a = {0}, b = {0};
  source from = {.whole = &s, .step = 611};
  REQUIRE_OK(wf_xgboost_train(&a, &whole, &options, &err), err);
  REQUIRE_OK(train_by(&b, &from, NULL, &options, &err), err);
  CHECK_NEAR(b.history[7], a.history[7], 0.01);
  wf_xgboost_result_dispose(&a);
  wf_xgboost_result_dispose(&b);
  sample_free(&s);
}

static void check_refused(source from, const wf_xgboost_param *params, size_t n_params,
                          wf_status status, const char *message) {
  wf_xgboost_options options = {.params = params, .n_params = n_params, .rounds = 2};
  wf_error err = WF_ERROR_INIT;
  wf_xgboost_result result;
  CHECK_FAILS(train_by(&result, &from, NULL, &options, &err), err, status, message);
}

TEST(parts_refused) {
  need_xgboost();
  static const wf_xgboost_param hist[] = {LOGISTIC, {"tree_method", "hist"}},
                                exact[] = {LOGISTIC, {"tree_method", "exact"}},
                                linear[] = {LOGISTIC, {"booster", "gblinear"}};
  sample s = sample_new(100, 3, 5, "binary"), none = sample_new(0, 3, 5, "binary");
  source from = {.whole = &s, .step = 30};
  check_refused(from, exact, 2, WF_UNSUPPORTED, "tree_method hist, it is 'exact'");
  check_refused(from, linear, 2, WF_UNSUPPORTED, "gblinear");
  from.lie_in_pass = 2;
  check_refused(from, hist, 2, WF_INVALID, "part 1 is not what it was");
  from.lie_in_pass = 0;
  from.fail_in_pass = 1;
  check_refused(from, hist, 2, WF_CANCELED, "");
  from.fail_in_pass = 2;
  check_refused(from, hist, 2, WF_CANCELED, "");
  from = (source){.whole = &none, .step = 30};
  check_refused(from, hist, 2, WF_INVALID, "no rows");
  from = (source){.whole = &s, .step = 30};
  wf_matrix_column_at(s.matrix, 1)[70] = INFINITY;
  check_refused(from, hist, 2, WF_INVALID, "part 3, behind row 60: set 'train': feature 'f1'");
  wf_matrix_column_at(s.matrix, 1)[70] = 0;
  for (size_t i = 0; i < 100; i++) s.labels[i] = 1;
  check_refused(from, hist, 2, WF_INVALID, "constant");
  s.labels[40] = 3;
  check_refused(from, hist, 2, WF_INVALID, "row 11 is 3");
  sample_free(&s);
  sample_free(&none);
}

static bool train_and_free(const sample *s) {
  static const wf_xgboost_param params[] = {LOGISTIC};
  wf_xgboost_options options = {.params = params, .n_params = 1, .rounds = 1, .n_threads = 1};
  source from = {.whole = s, .step = 40, .weighted = true};
  wf_xgboost_result result = {0};
  bool ok = train_by(&result, &from, NULL, &options, NULL) == WF_OK;
  wf_xgboost_result_dispose(&result);
  return ok;
}

TEST(parts_out_of_memory) {
  need_xgboost();
  sample s = sample_new(100, 3, 5, "binary");
  CHECK_OOM_SAFE(train_and_free(&s));
  sample_free(&s);
}
