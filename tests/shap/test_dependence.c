/* Partial dependence, grids and permutations against rows changed by hand. */
#include "models.h"

#include "wf/explain.h"

#include <stdlib.h>

/* The rows with some features set, predicted one by one. */
static double predict_with(const wf_forest *forest, wf_predict_kind kind, const wf_features *rows,
                           size_t row, const size_t *columns, const float *point, size_t n_columns,
                           size_t output) {
  float made[64], out[64];
  for (size_t f = 0; f < rows->n_columns; f++) {
    made[f] = rows->data[row * rows->row_stride + f * rows->column_stride];
  }
  for (size_t k = 0; k < n_columns; k++) made[columns[k]] = point[k];
  wf_features view = wf_features_rows(made, 1, rows->n_columns);
  wf_predict_options options = {.kind = kind, .n_threads = 1};
  CHECK(wf_forest_predict(forest, &view, &options, out, NULL) == WF_OK);
  return (double)out[output];
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Type 7 of sorted numbers. */
static double quantile(const double *sorted, size_t n, double q) {
  double at = (double)(n - 1) * q;
  size_t low = (size_t)at;
  if (low + 1 >= n) return sorted[n - 1];
  return sorted[low] + (at - (double)low) * (sorted[low + 1] - sorted[low]);
}

static void check_dependence(const char *name, wf_predict_kind kind, size_t n_columns,
                             const double *weights) {
  const size_t columns[] = {3, 0};
  const float points[] = {0.5F, -1, NAN, 2, -0.25F, 0};
  size_t n_points = 6 / n_columns;
  reference r;
  reference_read(&r, name);
  wf_forest *forest = model_read(name);
  wf_features rows = reference_by_column(&r);
  size_t output = wf_forest_output_count(forest, kind) - 1;
  double *curves = wf_alloc_array(n_points * r.n_rows, sizeof *curves);
  double *expected = wf_alloc_array(r.n_rows, sizeof *expected);
  wf_dependence_point out[6], again[6];
  wf_dependence_options options = {.weights = weights, .low = 0.1, .high = 0.75, .n_threads = 2};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_dependence_forest(forest, kind, output, &rows, columns, n_columns, points, n_points,
                                  &options, out, curves, &err),
             err);
  options.n_threads = 1;
  REQUIRE_OK(wf_dependence_forest(forest, kind, output, &rows, columns, n_columns, points, n_points,
                                  &options, again, NULL, &err),
             err);
  CHECK(memcmp(out, again, n_points * sizeof *out) == 0);
  for (size_t p = 0; p < n_points; p++) {
    double sum = 0, weight = 0;
    for (size_t row = 0; row < r.n_rows; row++) {
      expected[row] = predict_with(forest, kind, &rows, row, columns, points + p * n_columns,
                                   n_columns, output);
      CHECK_SAME(curves[p * r.n_rows + row], expected[row]);
      sum += (weights ? weights[row] : 1) * expected[row];
      weight += weights ? weights[row] : 1;
    }
    qsort(expected, r.n_rows, sizeof *expected, ascending);
    CHECK_NEAR(out[p].mean, sum / weight, 1e-14);
    CHECK_NEAR(out[p].low, quantile(expected, r.n_rows, 0.1), 1e-14);
    CHECK_NEAR(out[p].high, quantile(expected, r.n_rows, 0.75), 1e-14);
  }
  wf_free(curves), wf_free(expected);
  wf_forest_release(forest);
  reference_free(&r);
}

TEST(dependence_of_forests) {
  double weights[2000];
  for (size_t i = 0; i < 2000; i++) weights[i] = (double)(i % 5);
  check_dependence("logistic", WF_PREDICT_VALUE, 1, NULL);
  check_dependence("logistic", WF_PREDICT_MARGIN, 2, weights);
  check_dependence("softprob", WF_PREDICT_VALUE, 2, NULL);
  check_dependence("categorical", WF_PREDICT_MARGIN, 1, NULL);
  check_dependence("linear", WF_PREDICT_VALUE, 1, weights);
}

/* More points than are predicted together: each is what it is alone. */
TEST(dependence_of_many_points) {
  enum { POINTS = 300 };
  reference r;
  reference_read(&r, "logistic");
  wf_forest *forest = model_read("logistic");
  size_t n = 5000, column = 2;
  float *tiled = wf_alloc_array(n, r.n_columns * sizeof *tiled), points[POINTS];
  for (size_t i = 0; i < n * r.n_columns; i++) {
    tiled[i] = r.rows[i % (r.n_rows * r.n_columns)] + (float)(i / 997 % 7) * 0.1F;
  }
  for (size_t p = 0; p < POINTS; p++) points[p] = (float)sin((double)p) * 2;
  wf_features rows = wf_features_rows(tiled, n, r.n_columns);
  wf_dependence_point out[POINTS], alone;
  wf_dependence_options options = {.low = 0.25, .high = 0.5};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_dependence_forest(forest, WF_PREDICT_VALUE, 0, &rows, &column, 1, points, POINTS,
                                  &options, out, NULL, &err),
             err);
  for (size_t p = 0; p < POINTS; p += 23) {
    REQUIRE_OK(wf_dependence_forest(forest, WF_PREDICT_VALUE, 0, &rows, &column, 1, &points[p], 1,
                                    &options, &alone, NULL, &err),
               err);
    CHECK(memcmp(&alone, &out[p], sizeof alone) == 0);
  }
  wf_free(tiled);
  wf_forest_release(forest);
  reference_free(&r);
}

/* ---- functions --------------------------------------------------------------------------------
 */

enum { N = 300 };

static wf_frame *sample_frame(void) {
  double a[N], b[N];
  const char *texts[N];
  for (size_t i = 0; i < N; i++) {
    a[i] = sin((double)i) * 10;
    b[i] = (double)(i % 11);
    texts[i] = i % 7 == 0 ? NULL : i % 3 ? "yes" : "no";
  }
  wf_column *columns[3];
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_column_from_f64(&columns[0], a, NULL, N, &err), err);
  REQUIRE_OK(wf_column_from_f64(&columns[1], b, NULL, N, &err), err);
  REQUIRE_OK(wf_column_from_strings(&columns[2], texts, N, &err), err);
  wf_frame *frame;
  REQUIRE_OK(wf_frame_new(&frame, (const char *const[]){"a", "b", "text"}, columns, 3, &err), err);
  for (size_t i = 0; i < 3; i++) wf_column_release(columns[i]);
  return frame;
}

static double formula(double a, double b, size_t text) { return a * b + 3 * (double)text; }

static wf_status predict(void *context, const wf_frame *rows, double *out, wf_error *err) {
  (void)err;
  ++*(size_t *)context;
  for (size_t i = 0; i < wf_frame_row_count(rows); i++) {
    size_t size = 0;
    if (!wf_column_text_at(wf_frame_column_at(rows, 2), i, &size)) size = 0;
    out[2 * i] = -1;
    out[2 * i + 1] = formula(wf_column_number_at(wf_frame_column_at(rows, 0), i),
                             wf_column_number_at(wf_frame_column_at(rows, 1), i), size);
  }
  return WF_OK;
}

/* Points of "text" and "a" at once. */
static wf_frame *points_of(void) {
  wf_column *columns[2];
  wf_frame *points;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(
      wf_column_from_strings(&columns[0], (const char *const[]){"no", "maybe", NULL}, 3, &err),
      err);
  REQUIRE_OK(wf_column_from_i64(&columns[1], (const int64_t[]){1, 2, 3}, NULL, 3, &err), err);
  REQUIRE_OK(wf_frame_new(&points, (const char *const[]){"text", "a"}, columns, 2, &err), err);
  wf_column_release(columns[0]), wf_column_release(columns[1]);
  return points;
}

TEST(dependence_of_functions) {
  static const size_t sizes[] = {2, 5, 0};
  wf_frame *rows = sample_frame(), *points = points_of();
  wf_error err = WF_ERROR_INIT;
  size_t calls = 0;
  double curves[3 * N];
  wf_dependence_point out[3];
  wf_explain_function function = {predict, &calls, 2};
  wf_dependence_options options = {.low = 0, .high = 1};
  REQUIRE_OK(wf_dependence_frame(&function, 1, rows, points, &options, out, curves, &err), err);
  CHECK_EQ_INT(calls, 1);
  for (size_t p = 0; p < 3; p++) {
    double sum = 0;
    for (size_t i = 0; i < N; i++) {
      CHECK_SAME(curves[p * N + i], formula((double)p + 1, (double)(i % 11), sizes[p]));
      sum += curves[p * N + i];
    }
    CHECK_NEAR(out[p].mean, sum / N, 1e-13);
    CHECK_SAME(out[p].low, formula((double)p + 1, 0, sizes[p]));
    CHECK_SAME(out[p].high, formula((double)p + 1, 10, sizes[p]));
  }
  wf_frame_release(points);
  wf_frame_release(rows);
}

TEST(dependence_refuses) {
  wf_frame *rows = sample_frame(), *points = points_of(), *none;
  wf_error err = WF_ERROR_INIT;
  size_t calls = 0;
  wf_dependence_point out[3];
  double negative[N] = {-1}, zero[N] = {0};
  wf_explain_function function = {predict, &calls, 2};
  wf_dependence_options options = {.high = 1}, bad = {.weights = negative, .high = 1};
  CHECK_FAILS(wf_dependence_frame(&function, 2, rows, points, &options, out, NULL, &err), err,
              WF_INVALID, "output 2 is not one of 2");
  CHECK_FAILS(wf_dependence_frame(&function, 0, rows, points, &bad, out, NULL, &err), err,
              WF_INVALID, "weight -1 of row 1");
  bad.weights = zero;
  CHECK_FAILS(wf_dependence_frame(&function, 0, rows, points, &bad, out, NULL, &err), err,
              WF_INVALID, "sum to 0");
  REQUIRE_OK(wf_frame_slice(&none, rows, 0, 0, &err), err);
  CHECK_FAILS(wf_dependence_frame(&function, 0, none, points, &options, out, NULL, &err), err,
              WF_INVALID, "no rows");
  wf_frame_release(none);
  REQUIRE_OK(wf_frame_select(&none, rows, (const char *const[]){"a"}, 1, &err), err);
  CHECK_FAILS(wf_dependence_frame(&function, 0, none, points, &options, out, NULL, &err), err,
              WF_NOTFOUND, "text");
  wf_frame_release(none);
  wf_forest *forest = model_read("logistic");
  float row[6] = {0}, point = 0;
  size_t column = 6, first = 0;
  wf_features features = wf_features_rows(row, 1, 6), few = wf_features_rows(row, 1, 5);
  CHECK_FAILS(wf_dependence_forest(forest, WF_PREDICT_VALUE, 0, &features, &column, 1, &point, 1,
                                   &options, out, NULL, &err),
              err, WF_INVALID, "feature 6 is not one of the model's 6");
  CHECK_FAILS(wf_dependence_forest(forest, WF_PREDICT_VALUE, 0, &few, &first, 1, &point, 1,
                                   &options, out, NULL, &err),
              err, WF_INVALID, "5 features");
  CHECK_FAILS(wf_dependence_forest(forest, WF_PREDICT_LEAF, 0, &features, &first, 1, &point, 1,
                                   &options, out, NULL, &err),
              err, WF_INVALID, "leaf");
  wf_forest_release(forest);
  wf_frame_release(points);
  wf_frame_release(rows);
}

/* ---- grids ------------------------------------------------------------------------------------
 */

static wf_column *grid_of(const wf_column *column, size_t n, wf_grid how, double low, double high) {
  wf_column *grid;
  wf_error err = WF_ERROR_INIT;
  wf_grid_options options = {n, how, low, high};
  REQUIRE_OK(wf_dependence_grid(&grid, column, &options, &err), err);
  return grid;
}

static void check_numbers(wf_column *grid, const double *expected, size_t n) {
  CHECK_EQ_INT(wf_column_count(grid), n);
  for (size_t i = 0; i < n && i < wf_column_count(grid); i++) {
    CHECK_NEAR(wf_column_number_at(grid, i), expected[i], 1e-14);
  }
  wf_column_release(grid);
}

TEST(grids) {
  int64_t values[102];
  uint8_t present[102];
  for (size_t i = 0; i < 102; i++) {
    values[i] = (int64_t)(i * 37 % 101); /* 0 to 100 in disorder, and a gap at the end */
    present[i] = i < 101;
  }
  wf_column *numbers, *texts, *floats, *flags;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_column_from_i64(&numbers, values, present, 102, &err), err);
  check_numbers(grid_of(numbers, 5, WF_GRID_QUANTILES, 0, 1), (double[]){0, 25, 50, 75, 100}, 5);
  check_numbers(grid_of(numbers, 4, WF_GRID_QUANTILES, 0, 1), (double[]){0, 33, 67, 100}, 4);
  wf_column *grid = grid_of(numbers, 3, WF_GRID_QUANTILES, 0.1, 0.9);
  CHECK(wf_column_type(grid) == WF_I64);
  check_numbers(grid, (double[]){10, 50, 90}, 3);
  check_numbers(grid_of(numbers, 4, WF_GRID_EVEN, 0.05, 0.95), (double[]){5, 35, 65, 95}, 4);
  wf_column_release(numbers);
  double few[] = {3, NAN, 1, 3, 1, 2.5};
  REQUIRE_OK(wf_column_from_f64(&floats, few, NULL, 6, &err), err);
  check_numbers(grid_of(floats, 3, WF_GRID_QUANTILES, 0, 1), (double[]){1, 2.5, 3}, 3);
  check_numbers(grid_of(floats, 9, WF_GRID_EVEN, 0, 1), (double[]){1, 2.5, 3}, 3);
  wf_column_release(floats);
  REQUIRE_OK(wf_column_from_strings(
                 &texts, (const char *const[]){"x", NULL, "yy", "yy", NULL, NULL, "z"}, 7, &err),
             err);
  grid = grid_of(texts, 2, WF_GRID_EVEN, 0, 1);
  size_t size;
  CHECK_EQ_INT(wf_column_count(grid), 3);
  CHECK(*wf_column_text_at(grid, 0, &size) == 'y' && *wf_column_text_at(grid, 1, &size) == 'x');
  wf_column_release(grid);
  wf_column_release(texts);
  REQUIRE_OK(wf_column_from_bool(&flags, (const uint8_t[]){0, 1, 1}, NULL, 3, &err), err);
  grid = grid_of(flags, 2, WF_GRID_QUANTILES, 0, 1);
  CHECK(wf_column_type(grid) == WF_BOOL && wf_column_count(grid) == 2);
  wf_column_release(grid);
  wf_column_release(flags);
}

TEST(grids_refuse) {
  wf_column *column, *grid;
  wf_error err = WF_ERROR_INIT;
  wf_grid_options options = {5, WF_GRID_QUANTILES, 0, 1}, one = {1, WF_GRID_QUANTILES, 0, 1},
                  back = {5, WF_GRID_EVEN, 0.9, 0.1};
  REQUIRE_OK(wf_column_from_f64(&column, (const double[]){NAN, NAN}, NULL, 2, &err), err);
  CHECK_FAILS(wf_dependence_grid(&grid, column, &options, &err), err, WF_INVALID, "no values");
  CHECK_FAILS(wf_dependence_grid(&grid, column, &one, &err), err, WF_INVALID, "a grid of 1");
  CHECK_FAILS(wf_dependence_grid(&grid, column, &back, &err), err, WF_INVALID, "from quantile 0.9");
  wf_column_release(column);
  REQUIRE_OK(wf_column_from_strings(&column, (const char *const[]){NULL, NULL}, 2, &err), err);
  CHECK_FAILS(wf_dependence_grid(&grid, column, &options, &err), err, WF_INVALID, "no values");
  wf_column_release(column);
  double wide[] = {-INFINITY, 1, 2, 3, INFINITY};
  wf_grid_options even = {3, WF_GRID_EVEN, 0, 1};
  REQUIRE_OK(wf_column_from_f64(&column, wide, NULL, 5, &err), err);
  CHECK_FAILS(wf_dependence_grid(&grid, column, &even, &err), err, WF_INVALID, "cannot reach");
  wf_column_release(column);
}

/* ---- permutations -----------------------------------------------------------------------------
 */

/* Two columns together, as a frame of the model's features: the same rows as the forest's. */
TEST(permutations_of_forest_and_frame_agree) {
  reference r;
  reference_read(&r, "softprob");
  wf_forest *forest = model_read("softprob");
  wf_features rows = reference_by_row(&r);
  size_t n = r.n_rows, width = wf_forest_output_count(forest, WF_PREDICT_VALUE);
  const size_t columns[] = {1, 4};
  float *out = wf_alloc_array(2 * n * width, sizeof *out), *again = wf_alloc_array(n, width * 4);
  float *made = wf_alloc_array(n, r.n_columns * sizeof *made);
  int64_t *numbers = wf_alloc_array(n, sizeof *numbers);
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(
      wf_permutation_forest(forest, WF_PREDICT_VALUE, &rows, columns, 2, 7, 3, 2, 2, out, &err),
      err);
  for (size_t i = 0; i < n; i++) numbers[i] = (int64_t)i;
  wf_column *column;
  REQUIRE_OK(wf_column_from_i64(&column, numbers, NULL, n, &err), err);
  wf_frame *frame, *shuffled;
  wf_column *both[] = {column, column};
  REQUIRE_OK(wf_frame_new(&frame, (const char *const[]){"p", "q"}, both, 2, &err), err);
  for (size_t repeat = 0; repeat < 2; repeat++) {
    REQUIRE_OK(
        wf_permutation_frame(&shuffled, frame, (const char *const[]){"q"}, 1, 7, 3, repeat, &err),
        err);
    const wf_column *order = wf_frame_column_at(shuffled, 1);
    int64_t sum = 0, moved = 0;
    for (size_t i = 0; i < n; i++) {
      size_t from = (size_t)wf_column_integer_at(order, i);
      CHECK_EQ_INT(wf_column_integer_at(wf_frame_column_at(shuffled, 0), i), i);
      memcpy(made + i * r.n_columns, r.rows + i * r.n_columns, r.n_columns * sizeof *made);
      made[i * r.n_columns + 1] = r.rows[from * r.n_columns + 1];
      made[i * r.n_columns + 4] = r.rows[from * r.n_columns + 4];
      sum += (int64_t)from, moved += from != i;
    }
    CHECK(sum == (int64_t)(n * (n - 1) / 2) && moved > (int64_t)n / 2);
    wf_features view = wf_features_rows(made, n, r.n_columns);
    REQUIRE_OK(wf_forest_predict(forest, &view, NULL, again, &err), err);
    CHECK(memcmp(again, out + repeat * n * width, n * width * sizeof *out) == 0);
    wf_frame_release(shuffled);
  }
  CHECK(memcmp(out, out + n * width, n * width * sizeof *out) != 0);
  CHECK_FAILS(wf_permutation_frame(&shuffled, frame, (const char *const[]){"r"}, 1, 7, 3, 0, &err),
              err, WF_NOTFOUND, "r");
  CHECK_FAILS(
      wf_permutation_forest(forest, WF_PREDICT_LEAF, &rows, columns, 2, 7, 3, 2, 2, out, &err), err,
      WF_INVALID, "leaf");
  wf_frame_release(frame);
  wf_column_release(column);
  wf_free(out), wf_free(again), wf_free(made), wf_free(numbers);
  wf_forest_release(forest);
  reference_free(&r);
}

/* ---- memory -----------------------------------------------------------------------------------
 */

static bool run_forest(const wf_forest *forest, const wf_features *rows, float *floats) {
  size_t column = 1;
  float points[] = {1, 2};
  wf_dependence_point out[2];
  wf_dependence_options options = {.high = 1, .n_threads = 1};
  return wf_dependence_forest(forest, WF_PREDICT_VALUE, 0, rows, &column, 1, points, 2, &options,
                              out, NULL, NULL) == WF_OK &&
         wf_permutation_forest(forest, WF_PREDICT_VALUE, rows, &column, 1, 1, 0, 1, 1, floats,
                               NULL) == WF_OK;
}

static bool run_frame(const wf_frame *rows, const wf_frame *points) {
  size_t calls = 0;
  wf_dependence_point out[3];
  wf_explain_function function = {predict, &calls, 2};
  wf_dependence_options options = {.high = 1, .n_threads = 1};
  wf_grid_options grids[] = {{4, WF_GRID_QUANTILES, 0, 1}, {4, WF_GRID_EVEN, 0, 1}};
  for (size_t i = 0; i < 6; i++) {
    wf_column *grid;
    if (wf_dependence_grid(&grid, wf_frame_column_at(rows, i % 3), &grids[i / 3], NULL) != WF_OK)
      return false;
    wf_column_release(grid);
  }
  wf_frame *shuffled;
  if (wf_permutation_frame(&shuffled, rows, (const char *const[]){"b", "text"}, 2, 0, 0, 0, NULL) !=
      WF_OK)
    return false;
  wf_frame_release(shuffled);
  return wf_dependence_frame(&function, 0, rows, points, &options, out, NULL, NULL) == WF_OK;
}

TEST(dependence_survives_allocation_failure) {
  reference r;
  reference_read(&r, "logistic");
  wf_forest *forest = model_read("logistic");
  wf_features view = reference_by_row(&r);
  float *floats = wf_alloc_array(r.n_rows, sizeof *floats);
  CHECK_OOM_SAFE(run_forest(forest, &view, floats));
  wf_free(floats);
  wf_forest_release(forest);
  reference_free(&r);
  wf_frame *rows = sample_frame(), *points = points_of();
  CHECK_OOM_SAFE(run_frame(rows, points));
  wf_frame_release(points);
  wf_frame_release(rows);
}
