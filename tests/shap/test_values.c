/* SHAP values: libxgboost's to its own float32 noise, a literal enumeration's to rounding. */
#include "literal.h"

#include "shap/kernel.h"
#include "wf/shap.h"

#include <stdlib.h>

static double *explain(const wf_forest *forest, const wf_features *features, size_t n_threads) {
  return explained(wf_shap_values, forest, features, features->n_columns + 1, n_threads);
}

/* |d| <= 2e-6 max(1, largest value of the row) */
static void check_near(const char *model, const double *actual, const float *expected, size_t n,
                       size_t width) {
  for (size_t row = 0; row < n / width; row++) {
    double scale = 1;
    for (size_t i = 0; i < width; i++) {
      scale = fmax(scale, fabs((double)expected[row * width + i]));
    }
    for (size_t i = row * width; i < (row + 1) * width; i++) {
      if (fabs(actual[i] - (double)expected[i]) <= 2e-6 * scale) continue;
      test_fail(__FILE__, __LINE__, "%s: row %zu, column %zu is %.9g, expected %.9g", model, row,
                i % width, actual[i], (double)expected[i]);
      return;
    }
  }
}

static void check_reference(const char *name, const wf_forest *forest, const reference *r) {
  wf_features views[] = {reference_by_row(r), reference_by_column(r)};
  size_t width = r->n_columns + 1, n = r->n_rows * r->n_outputs * width;
  double *first = explain(forest, &views[0], 1);
  check_near(name, first, r->contribs, n, width);
  double *second = explain(forest, &views[1], 2);
  CHECK(memcmp(first, second, n * sizeof *first) == 0);
  wf_free(second);
  for (size_t i = 0; i < r->n_rows; i += 7) { /* a row alone, and a few together */
    wf_features few = views[0];
    few.data += i * few.row_stride;
    few.n_rows = r->n_rows - i < 1 + i % 5 ? r->n_rows - i : 1 + i % 5;
    double *alone = explain(forest, &few, 1);
    CHECK(memcmp(alone, first + i * r->n_outputs * width,
                 few.n_rows * r->n_outputs * width * sizeof *first) == 0);
    wf_free(alone);
  }
  wf_free(first);
}

TEST(shap_every_kind_of_model) {
  for (size_t i = 0; model_names[i]; i++) {
    reference r;
    reference_read(&r, model_names[i]);
    wf_forest *forest = model_read(model_names[i]);
    check_reference(model_names[i], forest, &r);
    wf_forest_release(forest);
    reference_free(&r);
  }
}

TEST(shap_oracle_fraud) { with_oracle_model("fraud", check_reference); }
TEST(shap_oracle_reg8) { with_oracle_model("reg8", check_reference); }
TEST(shap_oracle_small8) { with_oracle_model("small8", check_reference); }

static void check_enumeration(const char *name, const wf_forest *forest, const reference *r) {
  unsigned n = (unsigned)r->n_columns;
  size_t width = n + 1;
  wf_features view = reference_by_row(r);
  double *actual = explain(forest, &view, 1);
  double *value = wf_alloc_array((size_t)1 << n, sizeof *value);
  for (size_t row = 0; row < r->n_rows; row += 3) {
    for (size_t g = 0; g < r->n_outputs; g++) {
      literal_expected(value, forest, g, r->rows + row * n);
      const double *phi = actual + (row * r->n_outputs + g) * width;
      for (unsigned f = 0; f < n; f++) {
        if (fabs(phi[f] - literal_shapley(value, n, f)) < 1e-10) continue;
        test_fail(__FILE__, __LINE__, "%s: row %zu, feature %u is %.17g, by enumeration %.17g",
                  name, row, f, phi[f], literal_shapley(value, n, f));
      }
      CHECK_NEAR(phi[n], value[0], 1e-12);
    }
  }
  wf_free(value);
  wf_free(actual);
}

TEST(shap_equals_enumeration) { for_each_tree_model(check_enumeration); }

TEST(shap_quadrature_is_exact) {
  for (size_t n = 1; n <= WF_SHAP_MAX_POINTS; n++) {
    wf_shap_rule rule;
    wf_shap_rule_init(&rule, n);
    for (size_t power = 0; power < 2 * n; power++) { /* integral of t^p over [0, 1] */
      double sum = 0;
      for (size_t k = 0; k < n; k++) sum += rule.weights[k] * pow(rule.points[k], (double)power);
      CHECK_NEAR(sum * (double)(power + 1), 1, 1e-12);
    }
  }
}

#ifdef __x86_64__
static void check_kernels(const wf_shap_plan *plan, wf_shap_kernel *one, wf_shap_kernel *other) {
  enum { ROWS = 60 };
  size_t slots = plan->forest->n_used, cells = slots * ROWS;
  size_t sums = cells + slots * (slots - 1) / 2 * ROWS;
  double *x = wf_alloc_aligned(cells * sizeof *x), *a = wf_alloc_aligned(sums * sizeof *x),
         *b = wf_alloc_aligned(sums * sizeof *x);
  double *scratch = wf_alloc_aligned(wf_shap_scratch_doubles(plan) * sizeof *scratch);
  for (size_t i = 0; i < cells; i++) x[i] = i % 7 == 3 ? NAN : (double)(float)sin((double)i) * 20;
  memset(a, 0, sums * sizeof *a);
  memset(b, 0, sums * sizeof *b);
  one(plan, 0, &(wf_shap_block){ROWS, ROWS, x, a, scratch, a + cells});
  other(plan, 0, &(wf_shap_block){ROWS, ROWS, x, b, scratch, b + cells});
  CHECK(memcmp(a, b, sums * sizeof *a) == 0);
  wf_free(x), wf_free(a), wf_free(b), wf_free(scratch);
}
#endif

TEST(shap_kernels_give_the_same_bits) {
#ifdef __x86_64__
  if (!__builtin_cpu_supports("avx2")) SKIP("this processor has no AVX2");
  wf_forest *forest = model_read("categorical");
  const wf_shap_plan *plan;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_shap_plan_get(&plan, forest, &err), err);
  check_kernels(plan, wf_shap_kernel_base, wf_shap_kernel_avx2);
  check_kernels(plan, wf_shap_pairs_base, wf_shap_pairs_avx2);
  wf_forest_release(forest);
#else
  SKIP("one kernel only");
#endif
}

/* The first row, so often that it takes several chunks. */
static void check_many(const wf_forest *forest, const reference *r, const double *expected) {
  enum { MANY = 300 };
  wf_features view = reference_by_row(r);
  view.n_rows = MANY;
  view.row_stride = 0;
  size_t width = r->n_outputs * (r->n_columns + 1), size;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_shap_prepare(&size, forest, MANY, &err), err);
  void *scratch = wf_alloc_aligned(size);
  double *out = wf_alloc_array(MANY * width, sizeof *out);
  REQUIRE_OK(wf_shap_values_within(forest, &view, scratch, out, &err), err);
  for (size_t i = 0; i < MANY; i++) {
    CHECK(memcmp(out + i * width, expected, width * sizeof *out) == 0);
  }
  wf_free(out);
  wf_free(scratch);
}

/* The same bits as above, and not one allocation once prepared. */
static void check_within(const wf_forest *forest, const reference *r, const double *expected) {
  wf_features view = reference_by_row(r);
  size_t width = r->n_outputs * (r->n_columns + 1), size;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_shap_prepare(&size, forest, view.n_rows, &err), err);
  void *scratch = wf_alloc_aligned(size);
  double *out = wf_alloc_array(view.n_rows * width, sizeof *out);
  wf_alloc_fail_after(0);
  wf_status whole = wf_shap_values_within(forest, &view, scratch, out, &err);
  wf_alloc_fail_after(-1);
  REQUIRE_OK(whole, err);
  CHECK(memcmp(out, expected, view.n_rows * width * sizeof *out) == 0);
  view.n_rows = 1; /* fewer than prepared for */
  wf_alloc_fail_after(0);
  wf_status one = wf_shap_values_within(forest, &view, scratch, out, &err);
  wf_alloc_fail_after(-1);
  REQUIRE_OK(one, err);
  CHECK(memcmp(out, expected, width * sizeof *out) == 0);
  wf_free(out);
  wf_free(scratch);
}

TEST(shap_within_memory_at_hand) {
  for (size_t i = 0; model_names[i]; i++) {
    reference r;
    reference_read(&r, model_names[i]);
    wf_forest *forest = model_read(model_names[i]);
    wf_features view = reference_by_row(&r);
    double *values = explain(forest, &view, 1);
    check_within(forest, &r, values);
    check_many(forest, &r, values);
    wf_free(values);
    wf_forest_release(forest);
    reference_free(&r);
  }
}

TEST(shap_global_aggregates) {
  /* two rows, two outputs, two features and the base each */
  double values[] = {1, -2, 9, 10, 20, 9, -3, 4, 9, 30, -50, 9};
  double out[2];
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_shap_global(values, 2, 2, 2, 0, WF_SHAP_MEAN_ABS, out, &err), err);
  CHECK_SAME(out[0], 2);
  CHECK_SAME(out[1], 3);
  REQUIRE_OK(wf_shap_global(values, 2, 2, 2, 1, WF_SHAP_MEAN_SQ, out, &err), err);
  CHECK_SAME(out[0], 500);
  CHECK_SAME(out[1], 1450);
  REQUIRE_OK(wf_shap_global(values, 2, 2, 2, 1, WF_SHAP_MEDIAN, out, &err), err);
  CHECK_SAME(out[0], 20);
  CHECK_SAME(out[1], 35);
  REQUIRE_OK(wf_shap_global(values, 1, 2, 2, 0, WF_SHAP_MEDIAN, out, &err), err);
  CHECK_SAME(out[1], 2);
  CHECK_FAILS(wf_shap_global(values, 0, 2, 2, 0, WF_SHAP_MEDIAN, out, &err), err, WF_INVALID,
              "rows");
  CHECK_FAILS(wf_shap_global(values, 2, 2, 2, 2, WF_SHAP_MEDIAN, out, &err), err, WF_INVALID,
              "output 2");
}

/* Column after column the same as row after row. */
TEST(shap_importance_of_columns) {
  enum { N = 1001, FEATURES = 5 };
  static double local[N * (FEATURES + 1)], columns[FEATURES][N];
  const double *pointers[FEATURES];
  for (int f = 0; f < FEATURES; f++) {
    pointers[f] = columns[f];
    for (int i = 0; i < N; i++) {
      columns[f][i] = local[i * (FEATURES + 1) + f] = sin((double)(i * (f + 3)));
    }
  }
  wf_error err = WF_ERROR_INIT;
  for (int how = WF_SHAP_MEAN_ABS; how <= WF_SHAP_MEAN_SQ; how++) {
    double expected[FEATURES], out[FEATURES];
    REQUIRE_OK(wf_shap_global(local, N, 1, FEATURES, 0, (wf_shap_aggregate)how, expected, &err),
               err);
    for (size_t n_threads = 1; n_threads <= 3; n_threads += 2) {
      REQUIRE_OK(
          wf_shap_importance(pointers, N, FEATURES, (wf_shap_aggregate)how, n_threads, out, &err),
          err);
      for (int f = 0; f < FEATURES; f++) CHECK_SAME(out[f], expected[f]);
    }
  }
  CHECK_FAILS(wf_shap_importance(pointers, 0, FEATURES, WF_SHAP_MEAN_ABS, 1, local, &err), err,
              WF_INVALID, "rows");
}

/* The sums of all rows, whoever explains which of them. */
static void check_means(const char *name, size_t n_rows) {
  wf_forest *forest = model_read(name);
  size_t n = wf_forest_feature_count(forest), n_groups = wf_forest_group_count(forest);
  size_t width = n_groups * (n + 1);
  float *rows = wf_alloc_array(n_rows, n * sizeof *rows);
  for (size_t i = 0; i < n_rows * n; i++) rows[i] = i % 11 == 0 ? NAN : (float)sin((double)i) * 3;
  double *values = wf_alloc_array(n_rows, width * sizeof *values);
  double *expected = wf_alloc_array(n, sizeof *expected), *out = wf_alloc_array(width, sizeof *out);
  wf_features features = wf_features_rows(rows, n_rows, n);
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_shap_values(forest, &features, NULL, values, &err), err);
  for (size_t n_threads = 1; n_threads <= 3; n_threads++) {
    wf_shap_options options = {.n_threads = n_threads};
    wf_shap_aggregate how = n_threads == 2 ? WF_SHAP_MEAN_SQ : WF_SHAP_MEAN_ABS;
    REQUIRE_OK(wf_shap_means(forest, &features, &options, how, out, &err), err);
    for (size_t g = 0; g < n_groups; g++) {
      REQUIRE_OK(wf_shap_global(values, n_rows, n_groups, n, g, how, expected, &err), err);
      for (size_t f = 0; f < n; f++) CHECK_SAME(out[g * (n + 1) + f], expected[f]);
      CHECK_SAME(out[g * (n + 1) + n], values[g * (n + 1) + n]);
    }
  }
  wf_free(rows);
  wf_free(values);
  wf_free(expected);
  wf_free(out);
  wf_forest_release(forest);
}

TEST(shap_means_keep_no_values) {
  check_means("logistic", 1);
  check_means("logistic", 5000);
  check_means("softprob", 4097);
  wf_forest *forest = model_read("logistic");
  wf_features none = wf_features_rows(NULL, 0, 6);
  double out[7];
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_shap_means(forest, &none, NULL, WF_SHAP_MEAN_ABS, out, &err), err, WF_INVALID,
              "no rows");
  CHECK_FAILS(wf_shap_means(forest, &none, NULL, WF_SHAP_MEDIAN, out, &err), err, WF_UNSUPPORTED,
              "median");
  wf_forest_release(forest);
}

TEST(shap_refuses_other_columns) {
  wf_forest *forest = model_read("logistic");
  float row[5] = {0};
  double out[7];
  wf_features features = wf_features_rows(row, 1, 5);
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_shap_values(forest, &features, NULL, out, &err), err, WF_INVALID,
              "the data has 5 features, the model 6");
  wf_forest_release(forest);
}

static bool explain_fresh(const char *bytes, size_t size, const reference *r, double *out) {
  wf_forest *forest = NULL;
  if (wf_forest_parse(&forest, bytes, size, NULL) != WF_OK) return false;
  wf_features view = reference_by_row(r);
  wf_shap_options options = {.n_threads = 1};
  size_t scratch_size;
  bool done = wf_shap_prepare(&scratch_size, forest, 1, NULL) == WF_OK &&
              wf_shap_values(forest, &view, &options, out, NULL) == WF_OK;
  wf_forest_release(forest);
  return done;
}

TEST(shap_survives_allocation_failure) {
  reference r;
  reference_read(&r, "softprob");
  size_t size;
  char *bytes = bytes_of_file(model_path("softprob.json"), &size);
  double *out = wf_alloc_array(r.n_rows * r.n_outputs * (r.n_columns + 1), sizeof *out);
  CHECK_OOM_SAFE(explain_fresh(bytes, size, &r, out));
  double global[6], *values = out, means[3 * 7];
  wf_features view = reference_by_row(&r);
  wf_forest *forest = model_read("softprob");
  size_t scratch_size; /* what is kept with the forest is made here */
  REQUIRE(wf_shap_prepare(&scratch_size, forest, 1, NULL) == WF_OK);
  CHECK_OOM_SAFE(wf_shap_means(forest, &view, NULL, WF_SHAP_MEAN_SQ, means, NULL) == WF_OK);
  wf_forest_release(forest);
  CHECK_OOM_SAFE(wf_shap_global(values, r.n_rows, 3, 6, 1, WF_SHAP_MEDIAN, global, NULL) == WF_OK);
  wf_free(out);
  wf_free(bytes);
  reference_free(&r);
}
