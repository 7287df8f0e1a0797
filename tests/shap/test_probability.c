/* Shapley values of probabilities: a literal enumeration's, and the oracle's of all 2^24 sets. */
#include "literal.h"

#include "shap/enumerate.h"
#include "wf/shap.h"

#include <stdarg.h>
#include <stdlib.h>

static double *explain(const wf_forest *forest, const wf_features *rows,
                       const wf_features *background, size_t n_threads) {
  return explained_against(wf_shap_probability, forest, rows, background, n_threads);
}

static bool has_probabilities(const wf_forest *forest) {
  wf_transform transform = forest->objective->transform;
  return transform == WF_TRANSFORM_SIGMOID || transform == WF_TRANSFORM_SOFTMAX ||
         transform == WF_TRANSFORM_ARGMAX;
}

/* value[group][set]: probabilities of expected margins. */
static void expected_probabilities(double *value, const wf_forest *forest, const float *row) {
  size_t n_sets = (size_t)1 << forest->n_features;
  bool sigmoid = forest->objective->transform == WF_TRANSFORM_SIGMOID;
  for (size_t g = 0; g < forest->n_groups; g++)
    literal_expected(value + g * n_sets, forest, g, row);
  for (size_t set = 0; set < n_sets; set++) {
    double sum = 0;
    for (size_t g = 0; g < forest->n_groups; g++) sum += exp(value[g * n_sets + set]);
    for (size_t g = 0; g < forest->n_groups; g++) {
      double *at = &value[g * n_sets + set];
      *at = sigmoid ? 1 / (1 + exp(-*at)) : exp(*at) / sum;
    }
  }
}

/* The same of what the forest predicts for the row mixed with a background row. */
static void served_probabilities(double *value, const wf_forest *forest, const float *row,
                                 const float *background) {
  size_t n = forest->n_features, n_sets = (size_t)1 << n;
  float mixed[16], margins[16];
  wf_features one = wf_features_rows(mixed, 1, n);
  wf_predict_options options = {.kind = WF_PREDICT_MARGIN, .n_threads = 1};
  const wf_objective *objective = wf_enumeration_objective(forest->objective);
  for (size_t set = 0; set < n_sets; set++) {
    for (size_t f = 0; f < n; f++) mixed[f] = set >> f & 1 ? row[f] : background[f];
    REQUIRE(wf_forest_predict(forest, &one, &options, margins, NULL) == WF_OK);
    wf_objective_transform(objective, margins, 1, forest->n_groups);
    for (size_t g = 0; g < forest->n_groups; g++) value[g * n_sets + set] = (double)margins[g];
  }
}

/* Adds a share of the enumerated values of a row: n_groups x (n_features + 1). */
static void add_enumerated(double *out, const wf_forest *forest, const float *row,
                           const float *background, double share) {
  unsigned n = (unsigned)forest->n_features;
  size_t n_sets = (size_t)1 << n;
  double *value = wf_alloc_array(n_sets * forest->n_groups, sizeof *value);
  if (background) {
    served_probabilities(value, forest, row, background);
  } else {
    expected_probabilities(value, forest, row);
  }
  for (size_t g = 0; g < forest->n_groups; g++) {
    for (unsigned f = 0; f < n; f++) {
      out[g * (n + 1) + f] += share * literal_shapley(value + g * n_sets, n, f);
    }
    out[g * (n + 1) + n] += share * value[g * n_sets];
  }
  wf_free(value);
}

static void check_near(const char *name, size_t row, const double *actual, const double *expected,
                       size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (fabs(actual[i] - expected[i]) < 1e-12) continue;
    test_fail(__FILE__, __LINE__, "%s: row %zu, cell %zu is %.17g, by enumeration %.17g", name, row,
              i, actual[i], expected[i]);
    return;
  }
}

static void check_enumeration(const char *name, const wf_forest *forest, const reference *r) {
  if (!has_probabilities(forest)) {
    double out[100];
    wf_error err = WF_ERROR_INIT;
    wf_features one = wf_features_rows(r->rows, 1, r->n_columns);
    CHECK_FAILS(wf_shap_probability(forest, &one, NULL, NULL, out, &err), err, WF_UNSUPPORTED,
                "no probabilities");
    return;
  }
  wf_features rows = reference_by_row(r), columns = reference_by_column(r);
  wf_features background = wf_features_rows(r->rows, 3, r->n_columns);
  size_t width = r->n_outputs * (r->n_columns + 1);
  double *expected = wf_alloc_array(width, sizeof *expected);
  double *path = explain(forest, &rows, NULL, 1), *path_2 = explain(forest, &columns, NULL, 2);
  double *mixed = explain(forest, &rows, &background, 2);
  CHECK(memcmp(path, path_2, r->n_rows * width * sizeof *path) == 0);
  for (size_t row = 0; row < r->n_rows; row += 7) {
    const float *x = r->rows + row * r->n_columns;
    memset(expected, 0, width * sizeof *expected);
    add_enumerated(expected, forest, x, NULL, 1);
    check_near(name, row, path + row * width, expected, width);
    memset(expected, 0, width * sizeof *expected);
    for (size_t i = 0; i < 3; i++)
      add_enumerated(expected, forest, x, background.data + i * r->n_columns, 1.0 / 3);
    check_near(name, row, mixed + row * width, expected, width);
  }
  wf_free(expected), wf_free(path), wf_free(path_2), wf_free(mixed);
}

TEST(probability_equals_enumeration) { for_each_tree_model(check_enumeration); }

/* ---- models that split on many features ---- */

static void print(char **at, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  *at += vsprintf(*at, format, arguments);
  va_end(arguments);
}

/* A logistic model of n trees of depth 2 that splits on n features. */
static wf_forest *wide_model(unsigned n) {
  char *text = malloc(2000 * n + 2000), *at = text;
  print(&at,
        "{\"learner\":{\"attributes\":{},\"feature_names\":[],\"feature_types\":[],"
        "\"gradient_booster\":{\"model\":{\"gbtree_model_param\":{\"num_parallel_tree\":\"1\","
        "\"num_trees\":\"%u\",\"size_leaf_vector\":\"0\"},\"tree_info\":[0",
        n);
  for (unsigned i = 1; i < n; i++) print(&at, ",0");
  print(&at, "],\"trees\":[");
  for (unsigned i = 0; i < n; i++) {
    print(&at,
          "%s{\"base_weights\":[0,0,0,0,0,0,0],\"categories\":[],\"categories_nodes\":[],"
          "\"categories_segments\":[],\"categories_sizes\":[],"
          "\"default_left\":[1,0,1,0,0,0,0],\"id\":%u,",
          i ? "," : "", i);
    print(&at, "\"left_children\":[1,3,5,-1,-1,-1,-1],\"right_children\":[2,4,6,-1,-1,-1,-1],"
               "\"loss_changes\":[1,1,1,0,0,0,0],\"parents\":[2147483647,0,0,1,1,2,2],");
    print(&at, "\"split_conditions\":[0.1,-0.2,0.3,%g,%g,%g,%g],", 0.3 - 0.01 * i, -0.2,
          0.1 + 0.02 * i, -0.4);
    print(&at, "\"split_indices\":[%u,%u,%u,0,0,0,0],\"split_type\":[0,0,0,0,0,0,0],", i,
          (i + 3) % n, (i + 5) % n);
    print(&at,
          "\"sum_hessian\":[%u,60,%u,20,40,%u,10],\"tree_param\":{\"num_deleted\":\"0\","
          "\"num_feature\":\"%u\",\"num_nodes\":\"7\",\"size_leaf_vector\":\"0\"}}",
          100 + i, 40 + i, 30 + i, n);
  }
  print(&at,
        "]},\"name\":\"gbtree\"},\"learner_model_param\":{\"base_score\":\"5E-1\","
        "\"num_class\":\"0\",\"num_feature\":\"%u\",\"num_target\":\"1\"},\"objective\":"
        "{\"name\":\"binary:logistic\",\"reg_loss_param\":{\"scale_pos_weight\":\"1\"}}},"
        "\"version\":[1,7,4]}",
        n);
  wf_forest *forest;
  wf_error err = WF_ERROR_INIT;
  wf_status status = wf_forest_parse(&forest, text, (size_t)(at - text), &err);
  free(text);
  REQUIRE_OK(status, err);
  return forest;
}

/* More players than are enumerated at once. */
TEST(probability_of_many_features) {
  enum { N = 16 };
  wf_forest *forest = wide_model(N);
  CHECK_EQ_INT(forest->n_used, N);
  float row[N], background[N];
  for (size_t i = 0; i < N; i++) {
    row[i] = i == 4 ? NAN : (float)sin((double)i);
    background[i] = (float)cos((double)(3 * i));
  }
  wf_features one = wf_features_rows(row, 1, N), other = wf_features_rows(background, 1, N);
  double *path = explain(forest, &one, NULL, 1), *mixed = explain(forest, &one, &other, 1);
  double expected[N + 1] = {0}, expected_mixed[N + 1] = {0};
  add_enumerated(expected, forest, row, NULL, 1);
  add_enumerated(expected_mixed, forest, row, background, 1);
  check_near("16 features", 0, path, expected, N + 1);
  check_near("16 features, mixed", 0, mixed, expected_mixed, N + 1);
  wf_free(path), wf_free(mixed);
  wf_forest_release(forest);
}

TEST(probability_refusals) {
  wf_forest *forest = wide_model(25);
  float row[25] = {0};
  double out[26];
  wf_features one = wf_features_rows(row, 1, 25), none = wf_features_rows(row, 0, 25);
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_shap_probability(forest, &one, NULL, NULL, out, &err), err, WF_LIMIT,
              "the model splits on 25 features, at most 24 are possible");
  CHECK_FAILS(wf_shap_probability(forest, &one, &none, NULL, out, &err), err, WF_INVALID,
              "the background has no rows");
  float near[25] = {0}, far[50] = {0};
  for (size_t i = 0; i < 12; i++) near[i] = 1;
  near[24] = row[24] = NAN;                                      /* the same */
  for (size_t i = 0; i < 50; i++) far[i] = i < 25 ? near[i] : 2; /* rows 0 and 1 */
  wf_features background = wf_features_rows(near, 1, 25), both = wf_features_rows(far, 2, 25);
  REQUIRE_OK(wf_shap_probability(forest, &one, &background, NULL, out, &err), err);
  CHECK_SAME(out[24], 0);
  CHECK_FAILS(wf_shap_probability(forest, &one, &both, NULL, out, &err), err, WF_LIMIT,
              "row 0 and background row 1 differ in 25 features that the model splits on");
  one.n_columns = 24;
  CHECK_FAILS(wf_shap_probability(forest, &one, NULL, NULL, out, &err), err, WF_INVALID,
              "the data has 24 features, the model 25");
  wf_forest_release(forest);
}

/* ---- the oracle ---- */

static void check_oracle(const wf_forest *forest, const reference *r, const char *name,
                         const char *file, size_t line, const wf_features *background) {
  enum { ROWS = 10 };
  size_t n, width = r->n_columns + 1;
  double *expected = oracle_numbers(name, file, 0, &n);
  REQUIRE(n == ROWS * line);
  wf_features rows = wf_features_rows(r->rows, ROWS, r->n_columns);
  double *actual = explain(forest, &rows, background, 1);
  for (size_t row = 0; row < ROWS; row++) {
    for (size_t i = 0; i < (line > r->n_columns ? width : r->n_columns); i++) {
      double value = actual[row * width + i];
      if (fabs(value - expected[row * line + i]) <= 1e-9) continue;
      test_fail(__FILE__, __LINE__, "%s: row %zu, cell %zu is %.17g, expected %.17g", name, row, i,
                value, expected[row * line + i]);
    }
  }
  wf_free(actual);
  wf_free(expected);
}

static void check_against(const char *name, const wf_forest *forest, const reference *r,
                          const char *background, const char *file, size_t line) {
  size_t n;
  double *numbers = oracle_numbers(name, background, 1, &n);
  float *rows = wf_alloc_array(n, sizeof *rows);
  for (size_t i = 0; i < n; i++) rows[i] = (float)numbers[i];
  wf_features view = wf_features_rows(rows, n / r->n_columns, r->n_columns);
  check_oracle(forest, r, name, file, line, &view);
  wf_free(rows);
  wf_free(numbers);
}

static void check_fraud(const char *name, const wf_forest *forest, const reference *r) {
  check_against(name, forest, r, "baseline_mean.csv",
                "exact_shapley_probability_meanbaseline_first10.csv", 47);
}

static void check_small8(const char *name, const wf_forest *forest, const reference *r) {
  check_against(name, forest, r, "background.csv", "exact_shapley_probability_bg10_first10.csv", 8);
}

TEST(probability_oracle_fraud) { with_oracle_model("fraud", check_fraud); }
TEST(probability_oracle_small8) { with_oracle_model("small8", check_small8); }

/* ---- memory ---- */

static bool explain_rows(const wf_forest *forest, const reference *r, double *out) {
  wf_features view = wf_features_rows(r->rows, 2, r->n_columns);
  wf_shap_options options = {.n_threads = 1};
  return wf_shap_probability(forest, &view, &view, &options, out, NULL) == WF_OK;
}

TEST(probability_survives_allocation_failure) {
  check_failing_allocations("softprob", 2 * 3 * 7, explain_rows);
}
