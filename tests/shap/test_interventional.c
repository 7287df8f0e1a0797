/* Interventional values: a literal enumeration's over every background row, the shap package's, and
 * the same whether rows are looked up in tables or meet the background one by one. */
#include "literal.h"

#include "shap/direct.h"
#include "shap/rows.h"
#include "shap/tables.h"
#include "wf/shap.h"

#include <stdlib.h>

static double *explain(const wf_forest *forest, const wf_features *rows,
                       const wf_features *background, size_t n_threads) {
  return explained_against(wf_shap_interventional, forest, rows, background, n_threads);
}

static wf_features some_rows(const reference *r, size_t first, size_t n) {
  return wf_features_rows(r->rows + first * r->n_columns, n, r->n_columns);
}

/* The mean of the enumerations against each background row, n_features + 1 numbers. */
static void enumerate(double *out, const wf_forest *forest, size_t group, const float *row,
                      const wf_features *background) {
  unsigned n = (unsigned)forest->n_features;
  double *value = wf_alloc_array((size_t)1 << n, sizeof *value);
  for (size_t f = 0; f <= n; f++) out[f] = 0;
  for (size_t i = 0; i < background->n_rows; i++) {
    literal_mixed(value, forest, group, row, background->data + i * n);
    for (unsigned f = 0; f < n; f++) {
      out[f] += literal_shapley(value, n, f) / (double)background->n_rows;
    }
    out[n] += value[0] / (double)background->n_rows;
  }
  wf_free(value);
}

static void check_row(const char *name, const wf_forest *forest, const float *row,
                      const wf_features *background, const double *actual) {
  double expected[30];
  for (size_t g = 0; g < forest->n_groups; g++, actual += forest->n_features + 1) {
    enumerate(expected, forest, g, row, background);
    for (size_t f = 0; f <= forest->n_features; f++) {
      if (fabs(actual[f] - expected[f]) < 1e-10) continue;
      test_fail(__FILE__, __LINE__, "%s: output %zu, feature %zu is %.17g, by enumeration %.17g",
                name, g, f, actual[f], expected[f]);
    }
  }
}

/* One row alone meets the background; so many that tables pay are looked up in them. */
static void check_enumeration(const char *name, const wf_forest *forest, const reference *r) {
  enum { MANY = 3000 };
  for (size_t row = 5; row < r->n_rows; row += 11) {
    size_t n_background = 1 + row % 4;
    wf_features one = some_rows(r, row, 1), many = one, background = some_rows(r, 0, n_background);
    many.n_rows = MANY;
    many.row_stride = 0;
    double *single = explain(forest, &one, &background, 1);
    double *tables = explain(forest, &many, &background, 2);
    size_t width = r->n_outputs * (r->n_columns + 1);
    check_row(name, forest, one.data, &background, single);
    check_row(name, forest, one.data, &background, tables);
    for (size_t i = 1; i < MANY; i++)
      CHECK(memcmp(tables, tables + i * width, width * sizeof *tables) == 0);
    wf_free(single), wf_free(tables);
  }
}

TEST(interventional_equals_enumeration) { for_each_tree_model(check_enumeration); }

static void check_threads(const char *name, const wf_forest *forest, const reference *r) {
  wf_features rows = reference_by_row(r), columns = reference_by_column(r), background = rows;
  size_t n = r->n_rows * r->n_outputs * (r->n_columns + 1);
  double *first = explain(forest, &rows, &background, 1);
  double *second = explain(forest, &columns, &columns, 3);
  if (memcmp(first, second, n * sizeof *first) != 0)
    test_fail(__FILE__, __LINE__, "%s: threads or layout change the values", name);
  wf_free(first), wf_free(second);
}

TEST(interventional_same_bits) { for_each_tree_model(check_threads); }

/* Both ways, forced, of every tree of a model. */
static void check_both(const char *name, const wf_forest *forest, const reference *r) {
  const wf_shap_plan *plan;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_shap_plan_get(&plan, forest, &err), err);
  size_t slots = forest->n_used, n = r->n_rows < 40 ? r->n_rows : 40;
  float *x = wf_alloc_array(slots * n, sizeof *x);
  for (size_t slot = 0; slot < slots; slot++) {
    for (size_t i = 0; i < n; i++) {
      x[slot * n + i] = r->rows[i * r->n_columns + forest->used[slot]];
    }
  }
  static wf_direct_weights weights;
  wf_direct_weights_init(&weights);
  wf_direct direct = {plan, &weights, x, n};
  size_t cells = slots * WF_TABLE_PANEL;
  double *met = wf_alloc_zero(cells, sizeof *met), *looked_up = wf_alloc_zero(cells, sizeof *met);
  double *sums = wf_alloc_aligned(WF_TABLE_PANEL * WF_TABLE_MAX_FEATURES * sizeof *sums);
  double *build = wf_alloc_array(WF_TABLE_BUILD_DOUBLES, sizeof *build);
  uint32_t *scratch = wf_alloc_array(wf_table_scratch(plan), sizeof *scratch);
  wf_direct_rival *rivals = wf_alloc_array(wf_direct_scratch(plan, n), sizeof *rivals);
  memset(sums, 0, WF_TABLE_PANEL * WF_TABLE_MAX_FEATURES * sizeof *sums);
  wf_table_panel panel = {n, n, x, scratch, sums, looked_up};
  for (size_t t = 0; t < plan->n_trees; t++) {
    wf_table_tree tree;
    REQUIRE_OK(wf_table_tree_init(&tree, plan, t, &err), err);
    if (tree.blocks) {
      tree.cells = wf_alloc_aligned((tree.n_counts + tree.n_lines) * sizeof *tree.cells);
      memset(tree.cells, 0, tree.n_counts * sizeof *tree.cells);
      wf_table_kernels_choose()->count(&tree, &panel, 1 / (double)n);
      wf_table_kernels_choose()->build(&tree, build);
      wf_table_kernels_base.add(&tree, &panel);
      for (size_t i = 0; i < n; i++)
        wf_direct_add(&direct, tree.tree, x + i, n, rivals, met + i, WF_TABLE_PANEL);
    }
    wf_table_tree_dispose(&tree);
  }
  for (size_t i = 0; i < cells; i++) {
    if (fabs(looked_up[i] - met[i]) < 1e-12) continue;
    test_fail(__FILE__, __LINE__, "%s: cell %zu is %.17g by tables, %.17g without", name, i,
              looked_up[i], met[i]);
    break;
  }
  wf_free(x), wf_free(met), wf_free(looked_up), wf_free(sums), wf_free(build), wf_free(scratch),
      wf_free(rivals);
}

TEST(interventional_both_ways_agree) { for_each_tree_model(check_both); }

/* shap.TreeExplainer of the margin: the first 50 rows against 100, and against one. */
static void check_oracle_file(const wf_forest *forest, const reference *r, const char *name,
                              const char *file, const wf_features *background) {
  enum { ROWS = 50 };
  size_t n, width = r->n_columns + 1;
  double *expected = oracle_numbers(name, file, 0, &n);
  REQUIRE(n == ROWS * r->n_columns);
  wf_features rows = some_rows(r, 0, ROWS);
  double *actual = explain(forest, &rows, background, 1);
  for (size_t i = 0; i < n; i++) {
    double value = actual[i / r->n_columns * width + i % r->n_columns];
    if (fabs(value - expected[i]) <= 1e-7) continue;
    test_fail(__FILE__, __LINE__, "%s: row %zu, feature %zu is %.17g, the shap package's %.17g",
              name, i / r->n_columns, i % r->n_columns, value, expected[i]);
    break;
  }
  wf_free(actual);
  wf_free(expected);
}

static void check_oracle(const char *name, const wf_forest *forest, const reference *r) {
  size_t n;
  double *numbers = oracle_numbers(name, "background.csv", 1, &n);
  float *rows = wf_alloc_array(n, sizeof *rows);
  for (size_t i = 0; i < n; i++) rows[i] = (float)numbers[i];
  wf_features background = wf_features_rows(rows, n / r->n_columns, r->n_columns);
  check_oracle_file(forest, r, name, "interventional_margin_first50.csv", &background);
  background.n_rows = 1;
  check_oracle_file(forest, r, name, "interventional_margin_singlebaseline_first50.csv",
                    &background);
  wf_free(rows);
  wf_free(numbers);
}

TEST(interventional_oracle_fraud) { with_oracle_model("fraud", check_oracle); }
TEST(interventional_oracle_reg8) { with_oracle_model("reg8", check_oracle); }
TEST(interventional_oracle_small8) { with_oracle_model("small8", check_oracle); }

/* sum over features of weight x (value - mean value) */
TEST(interventional_linear) {
  reference r;
  reference_read(&r, "linear_multi");
  wf_forest *forest = model_read("linear_multi");
  wf_features rows = reference_by_row(&r), background = some_rows(&r, 3, 9);
  double *actual = explain(forest, &rows, &background, 1);
  size_t width = r.n_columns + 1;
  for (size_t i = 0; i < r.n_rows * r.n_outputs; i++) {
    double sum = 0;
    for (size_t f = 0; f < width; f++) sum += actual[i * width + f];
    CHECK_NEAR(sum, r.margins[i], 1e-6);
    CHECK_NEAR(actual[i * width + r.n_columns], actual[i % r.n_outputs * width + r.n_columns], 0);
  }
  double x = wf_features_at(&rows, 0, 2), mean = 0; /* a missing value has no term, as 0 has none */
  for (size_t i = 0; i < 9; i++) {
    double value = wf_features_at(&background, i, 2);
    mean += value == value ? value / 9 : 0;
  }
  double weight = forest->weights[2 * r.n_outputs];
  CHECK_NEAR(actual[2], ((x == x ? x : 0) - mean) * weight, 1e-12);
  wf_free(actual);
  wf_forest_release(forest);
  reference_free(&r);
}

TEST(interventional_refusals) {
  wf_forest *forest = model_read("logistic");
  float row[6] = {0};
  double out[7];
  wf_features rows = wf_features_rows(row, 1, 6), five = wf_features_rows(row, 1, 5),
              none = wf_features_rows(row, 0, 6);
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_shap_interventional(forest, &five, &rows, NULL, out, &err), err, WF_INVALID,
              "the data has 5 features, the model 6");
  CHECK_FAILS(wf_shap_interventional(forest, &rows, &five, NULL, out, &err), err, WF_INVALID,
              "the background has 5 features, the model 6");
  CHECK_FAILS(wf_shap_interventional(forest, &rows, &none, NULL, out, &err), err, WF_INVALID,
              "the background has no rows");
  REQUIRE_OK(wf_shap_interventional(forest, &none, &rows, NULL, NULL, &err), err);
  wf_forest_release(forest);
}

static bool explain_against(const wf_forest *forest, const reference *r, size_t n_background,
                            double *out) {
  wf_features view = some_rows(r, 0, 40), background = some_rows(r, 0, n_background);
  wf_shap_options options = {.n_threads = 1};
  return wf_shap_interventional(forest, &view, &background, &options, out, NULL) == WF_OK;
}

static bool explain_against_one(const wf_forest *forest, const reference *r, double *out) {
  return explain_against(forest, r, 1, out);
}

static bool explain_against_many(const wf_forest *forest, const reference *r, double *out) {
  return explain_against(forest, r, 20, out);
}

TEST(interventional_survives_allocation_failure) {
  check_failing_allocations("softprob", 40 * 3 * 7, explain_against_one);
  check_failing_allocations("softprob", 40 * 3 * 7, explain_against_many);
  check_failing_allocations("linear", 40 * 7, explain_against_many);
}
