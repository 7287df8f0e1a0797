/* Interaction values: libxgboost's to its own float32 noise, a literal enumeration's to rounding.
 */
#include "literal.h"

#include "wf/shap.h"

static double *interact(const wf_forest *forest, const wf_features *features, size_t n_threads) {
  size_t width = features->n_columns + 1;
  return explained(wf_shap_interactions, forest, features, width * width, n_threads);
}

/* Symmetric; every line sums to the contribution wf_shap_values gives. */
static void check_lines(const char *name, const double *matrices, const double *values, size_t n,
                        size_t width) {
  for (size_t i = 0; i < n; i++, matrices += width * width, values += width) {
    for (size_t a = 0; a < width; a++) {
      double sum = 0, scale = 1;
      for (size_t b = 0; b < width; b++) {
        sum += matrices[a * width + b];
        scale = fmax(scale, fabs(matrices[a * width + b]));
        if (matrices[a * width + b] != matrices[b * width + a])
          test_fail(__FILE__, __LINE__, "%s: matrix %zu is not symmetric", name, i);
      }
      if (fabs(sum - values[a]) > 1e-12 * scale)
        test_fail(__FILE__, __LINE__, "%s: matrix %zu, line %zu sums to %.17g, not %.17g", name, i,
                  a, sum, values[a]);
    }
    for (size_t a = 0; a + 1 < width; a++) CHECK_SAME(matrices[a * width + width - 1], 0);
    CHECK_SAME(matrices[width * width - 1], values[width - 1]);
  }
}

static void check_consistency(const char *name, const wf_forest *forest, const reference *r) {
  wf_features rows = reference_by_row(r), columns = reference_by_column(r);
  size_t width = r->n_columns + 1, n_matrices = r->n_rows * r->n_outputs;
  double *first = interact(forest, &rows, 1), *second = interact(forest, &columns, 3);
  CHECK(memcmp(first, second, n_matrices * width * width * sizeof *first) == 0);
  double *values = wf_alloc_array(n_matrices * width, sizeof *values);
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_shap_values(forest, &rows, NULL, values, &err), err);
  check_lines(name, first, values, n_matrices, width);
  for (size_t i = 0; i < r->n_rows; i += 11) { /* a row alone */
    wf_features one = wf_features_rows(r->rows + i * r->n_columns, 1, r->n_columns);
    double *alone = interact(forest, &one, 1);
    size_t size = r->n_outputs * width * width;
    CHECK(memcmp(alone, first + i * size, size * sizeof *alone) == 0);
    wf_free(alone);
  }
  wf_free(first), wf_free(second), wf_free(values);
}

TEST(interactions_agree_with_the_values) {
  for_each_tree_model(check_consistency);
  reference r;
  reference_read(&r, "linear_multi");
  wf_forest *forest = model_read("linear_multi");
  check_consistency("linear_multi", forest, &r);
  wf_forest_release(forest);
  reference_free(&r);
}

static void check_enumeration(const char *name, const wf_forest *forest, const reference *r) {
  unsigned n = (unsigned)r->n_columns;
  size_t width = n + 1;
  wf_features view = reference_by_row(r);
  double *actual = interact(forest, &view, 1);
  double *value = wf_alloc_array((size_t)1 << n, sizeof *value);
  for (size_t row = 0; row < r->n_rows; row += 7) {
    for (size_t g = 0; g < r->n_outputs; g++) {
      literal_expected(value, forest, g, r->rows + row * n);
      const double *matrix = actual + (row * r->n_outputs + g) * width * width;
      for (unsigned a = 0; a < n; a++) {
        for (unsigned b = 0; b < a; b++) {
          double expected = literal_interaction(value, n, a, b);
          if (fabs(matrix[a * width + b] - expected) < 1e-10) continue;
          test_fail(__FILE__, __LINE__, "%s: row %zu, %u x %u is %.17g, by enumeration %.17g", name,
                    row, a, b, matrix[a * width + b], expected);
        }
      }
    }
  }
  wf_free(value);
  wf_free(actual);
}

TEST(interactions_equal_enumeration) { for_each_tree_model(check_enumeration); }

/* |d| <= 2e-6 max(1, largest value of the row's matrix) */
static void check_oracle(const char *name, const wf_forest *forest, const reference *r) {
  enum { ROWS = 20 };
  char path[100];
  snprintf(path, sizeof path, "shap/%s/interactions_first20.f32", name);
  size_t size, cells = (r->n_columns + 1) * (r->n_columns + 1);
  char *bytes = bytes_of_file(test_oracle(path), &size);
  REQUIRE(size == ROWS * cells * sizeof(float));
  wf_features view = wf_features_rows(r->rows, ROWS, r->n_columns);
  double *actual = interact(forest, &view, 1);
  for (size_t row = 0; row < ROWS; row++) {
    const float *expected = (const float *)(void *)bytes + row * cells;
    double scale = 1;
    for (size_t i = 0; i < cells; i++) scale = fmax(scale, fabs((double)expected[i]));
    for (size_t i = 0; i < cells; i++) {
      if (fabs(actual[row * cells + i] - (double)expected[i]) <= 2e-6 * scale) continue;
      test_fail(__FILE__, __LINE__, "%s: row %zu, cell %zu is %.9g, libxgboost's %.9g", name, row,
                i, actual[row * cells + i], (double)expected[i]);
      break;
    }
  }
  wf_free(actual);
  wf_free(bytes);
}

TEST(interactions_oracle_fraud) { with_oracle_model("fraud", check_oracle); }
TEST(interactions_oracle_reg8) { with_oracle_model("reg8", check_oracle); }
TEST(interactions_oracle_small8) { with_oracle_model("small8", check_oracle); }

TEST(interactions_refuse_other_columns) {
  wf_forest *forest = model_read("logistic");
  float row[5] = {0};
  double out[49];
  wf_features features = wf_features_rows(row, 1, 5);
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_shap_interactions(forest, &features, NULL, out, &err), err, WF_INVALID,
              "the data has 5 features, the model 6");
  wf_forest_release(forest);
}

TEST(interactions_of_no_rows) {
  wf_forest *forest = model_read("logistic");
  wf_features features = wf_features_rows(NULL, 0, 6);
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_shap_interactions(forest, &features, NULL, NULL, &err), err);
  wf_forest_release(forest);
}

TEST(interactions_in_general) {
  /* two rows, two outputs, two features and the base */
  double cells[] = {1, -2, 0, -2, 4, 0, 0, 0, 9, 5, 8,  0, 8,  6, 0, 0, 0, 9,
                    7, 3,  0, 3,  8, 0, 0, 0, 9, 5, -1, 0, -1, 6, 0, 0, 0, 9};
  double out;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_shap_global_pairs(cells, 2, 2, 2, 0, &out, &err), err);
  CHECK_SAME(out, 5);
  REQUIRE_OK(wf_shap_global_pairs(cells, 2, 2, 2, 1, &out, &err), err);
  CHECK_SAME(out, 9);
  CHECK_FAILS(wf_shap_global_pairs(cells, 2, 2, 2, 2, &out, &err), err, WF_INVALID, "output 2");
  CHECK_FAILS(wf_shap_global_pairs(cells, 0, 2, 2, 0, &out, &err), err, WF_INVALID, "no rows");
}

static bool interact_rows(const wf_forest *forest, const reference *r, double *out) {
  wf_features view = wf_features_rows(r->rows, 40, r->n_columns);
  wf_shap_options options = {.n_threads = 1};
  return wf_shap_interactions(forest, &view, &options, out, NULL) == WF_OK;
}

TEST(interactions_survive_allocation_failure) {
  check_failing_allocations("softprob", 40 * 3 * 7 * 7, interact_rows);
  check_failing_allocations("linear", 40 * 7 * 7, interact_rows);
}
