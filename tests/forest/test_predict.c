/* Predictions are libxgboost's, to the bit. */
#include "models.h"

static void check_same(const char *model, const char *what, const float *actual,
                       const float *expected, size_t n) {
  size_t wrong = 0, first = 0;
  for (size_t i = 0; i < n; i++) {
    if (memcmp(&actual[i], &expected[i], sizeof *actual) == 0) continue;
    if (isnan(actual[i]) && isnan(expected[i])) continue;
    if (wrong++ == 0) first = i;
  }
  if (!wrong) return;
  test_fail(__FILE__, __LINE__, "%s: %zu of %zu %s differ; number %zu is %.9g, expected %.9g",
            model, wrong, n, what, first, (double)actual[first], (double)expected[first]);
}

static void check_kind(const wf_forest *forest, const char *model, const wf_features *features,
                       wf_predict_kind kind, size_t n_threads, const char *what,
                       const float *expected, size_t n_outputs) {
  if (n_outputs == 0) return;
  CHECK_EQ_INT(wf_forest_output_count(forest, kind), n_outputs);
  size_t n = features->n_rows * n_outputs;
  float *out = wf_alloc_array(n, sizeof *out);
  wf_error err = WF_ERROR_INIT;
  wf_predict_options options = {.kind = kind, .n_threads = n_threads};
  REQUIRE_OK(wf_forest_predict(forest, features, &options, out, &err), err);
  check_same(model, what, out, expected, n);
  wf_free(out);
}

/* Every kind, both orders of memory, all rows at once and each alone: the kernels differ. */
static void check_model(const wf_forest *forest, const char *name, const reference *r) {
  REQUIRE(wf_forest_feature_count(forest) == r->n_columns);
  CHECK_EQ_INT(wf_forest_tree_count(forest), r->n_trees);
  CHECK_EQ_INT(wf_forest_group_count(forest), r->n_outputs);
  wf_features views[] = {reference_by_row(r), reference_by_column(r)};
  for (size_t v = 0; v < 2; v++) {
    check_kind(forest, name, &views[v], WF_PREDICT_MARGIN, v, "margins", r->margins, r->n_outputs);
    check_kind(forest, name, &views[v], WF_PREDICT_VALUE, v, "values", r->values, r->n_values);
    check_kind(forest, name, &views[v], WF_PREDICT_LEAF, v, "leaves", r->leaves, r->n_trees);
    for (size_t i = 0; i < r->n_rows; i++) {
      wf_features row = views[v];
      row.data += i * row.row_stride;
      row.n_rows = r->n_rows - i < 1 + i % 9 ? r->n_rows - i : 1 + i % 9;
      check_kind(forest, name, &row, WF_PREDICT_MARGIN, 1, "margins of few rows",
                 r->margins + i * r->n_outputs, r->n_outputs);
    }
  }
}

/* The same rows with something else where a NaN was, and bitmaps that say so. */
typedef struct masked {
  float *rows;
  uint8_t *bits;
  const uint8_t **validity;
} masked;

static masked masked_new(const reference *r) {
  size_t n_bytes = r->n_rows / 8 + 1;
  masked m = {wf_alloc_array(r->n_rows * r->n_columns, sizeof(float)),
              wf_alloc_zero(r->n_columns, n_bytes), wf_alloc_zero(r->n_columns, sizeof(uint8_t *))};
  REQUIRE(m.rows && m.bits && m.validity);
  for (size_t f = 0; f < r->n_columns; f++) {
    uint8_t *bits = m.bits + f * n_bytes;
    size_t n_missing = 0;
    for (size_t i = 0; i < r->n_rows; i++) {
      float value = r->rows[i * r->n_columns + f];
      bool missing = isnan(value);
      n_missing += missing;
      if (!missing) bits[i / 8] |= (uint8_t)(1 << (i % 8));
      m.rows[i * r->n_columns + f] = missing ? (i % 2 ? -1e30f : 0.25f) : value;
    }
    m.validity[f] = n_missing ? bits : NULL;
  }
  return m;
}

static void check_masked(const wf_forest *forest, const char *name, const reference *r) {
  masked m = masked_new(r);
  static const size_t counts[] = {1, 5, 1000000}; /* rows a call: one by one, few, panels */
  wf_features view = wf_features_rows(m.rows, r->n_rows, r->n_columns);
  for (size_t k = 0; k < 3; k++) {
    view.n_rows = counts[k] < r->n_rows ? counts[k] : r->n_rows;
    size_t n = view.n_rows * r->n_outputs;
    float *out = wf_alloc_array(n, sizeof *out);
    wf_error err = WF_ERROR_INIT;
    wf_predict_options options = {.kind = WF_PREDICT_MARGIN, .validity = m.validity};
    REQUIRE_OK(wf_forest_predict(forest, &view, &options, out, &err), err);
    check_same(name, "margins by bitmap", out, r->margins, n);
    wf_free(out);
  }
  wf_free(m.rows);
  wf_free(m.bits);
  wf_free(m.validity);
}

TEST(predict_missing_by_bitmap) {
  for (size_t i = 0; model_names[i]; i++) {
    reference r;
    reference_read(&r, model_names[i]);
    wf_forest *forest = model_read(model_names[i]);
    check_masked(forest, model_names[i], &r);
    wf_forest_release(forest);
    reference_free(&r);
  }
}

TEST(predict_every_kind_of_model) {
  for (size_t i = 0; model_names[i]; i++) {
    reference r;
    reference_read(&r, model_names[i]);
    wf_forest *forest = model_read(model_names[i]);
    check_model(forest, model_names[i], &r);
    wf_forest_release(forest);
    reference_free(&r);
  }
}

TEST(predict_ubjson_equals_json) {
  static const char *const names[] = {"logistic", "softprob", "categorical",
                                      "dart",     "linear",   "pruned"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char file[100];
    snprintf(file, sizeof file, "%s.ubj", names[i]);
    wf_error err = WF_ERROR_INIT;
    wf_forest *forest;
    REQUIRE_OK(wf_forest_read(&forest, model_path(file), &err), err);
    reference r;
    reference_read(&r, names[i]);
    check_model(forest, names[i], &r);
    wf_forest_release(forest);
    reference_free(&r);
  }
}

static void check_oracle(const char *name) {
  reference r;
  reference_read_oracle(&r, name);
  static const char *const files[] = {"model.json", "model.ubj"};
  for (size_t i = 0; i < 2; i++) {
    char path[100];
    snprintf(path, sizeof path, "shap/%s/%s", name, files[i]);
    wf_error err = WF_ERROR_INIT;
    wf_forest *forest;
    REQUIRE_OK(wf_forest_read(&forest, test_oracle(path), &err), err);
    check_model(forest, name, &r);
    wf_forest_release(forest);
  }
  reference_free(&r);
}

TEST(predict_oracle_fraud) { check_oracle("fraud"); }
TEST(predict_oracle_reg8) { check_oracle("reg8"); }
TEST(predict_oracle_small8) { check_oracle("small8"); }
