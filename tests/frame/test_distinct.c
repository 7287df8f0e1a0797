#include "make.h"

#include "base/random.h"
#include "frame/distinct.h"
#include "frame/keys.h"
#include "frame/order.h"
#include "frame/quantile.h"

#include <math.h>

TEST(distinct_values) {
  static const struct {
    wf_type type;
    const char *words;
    size_t n;
  } cases[] = {
      {WF_F64, "0 -0 1.5 nan nan NA 1.5", 3},
      {WF_I64, "0 9223372036854775807 -9223372036854775808 0 NA", 3},
      {WF_I32, "5 6 7 5 NA", 3},
      {WF_BOOL, "true NA true", 1},
      {WF_STRING, "a '' b a NA", 3},
      {WF_CATEGORY, "x y NA x", 2},
      {WF_TIMESTAMP, "7 7 8", 2},
      {WF_F64, "NA NA", 0},
      {WF_STRING, "", 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    wf_error err = WF_ERROR_INIT;
    size_t n = 99;
    wf_column *column = must_column(cases[i].type, cases[i].words);
    REQUIRE_OK(wf_column_distinct(&n, column, &err), err);
    CHECK_EQ_INT(n, cases[i].n);
    wf_column_release(column);
  }
}

/* n values of which about half repeat, spread over the whole range of the type. */
static wf_column *spread_column(wf_type type, size_t n) {
  wf_error err = WF_ERROR_INIT;
  wf_random random;
  wf_column *numbers = NULL, *column = NULL;
  int64_t *values = malloc(n * sizeof *values);
  uint8_t *present = malloc(n);
  wf_random_seed(&random, 3, 0);
  for (size_t i = 0; i < n; i++) {
    uint64_t which = wf_random_below(&random, n);
    values[i] = (int64_t)(which * which % 1000003) * 1000 - 500000000;
    present[i] = wf_random_below(&random, 10) != 0;
  }
  CHECK(wf_column_from_i64(&numbers, values, present, n, &err) == WF_OK);
  CHECK(wf_column_cast(&column, numbers, type, &err) == WF_OK);
  wf_column_release(numbers);
  free(values);
  free(present);
  return column;
}

TEST(distinct_values_of_many_rows) {
  enum { N = 40000 };
  static const wf_type types[] = {WF_I64, WF_F64, WF_I32, WF_STRING};
  for (size_t i = 0; i < 4; i++) {
    wf_error err = WF_ERROR_INIT;
    size_t *ids = malloc(N * sizeof *ids), n_keys = 0, n = 0;
    wf_column *column = spread_column(types[i], N);
    REQUIRE_OK(wf_keys_number(ids, &n_keys, (const wf_column *const *)&column, 1, &err), err);
    REQUIRE_OK(wf_column_distinct(&n, column, &err), err);
    CHECK_EQ_INT(n, n_keys - 1); /* the missing value is a key */
    CHECK(n > N / 2);
    free(ids);
    wf_column_release(column);
  }
}

static int compare_words(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* By sorting all present values. */
static double slow_quantile(const wf_column *column, double share) {
  uint64_t *orders = malloc(column->n_rows * sizeof *orders);
  size_t n = 0;
  for (size_t i = 0; i < column->n_rows; i++) {
    if (!wf_column_present(column, i)) continue;
    orders[n++] = wf_order_f64(wf_column_number_at(column, i));
  }
  qsort(orders, n, sizeof *orders, compare_words);
  double position = (double)(n - 1) * share;
  size_t at = (size_t)position;
  double low = wf_order_to_f64(orders[at]), rest = position - (double)at;
  double high = rest > 0 ? wf_order_to_f64(orders[at + 1]) : low;
  free(orders);
  return low == high ? low : low + (high - low) * rest;
}

TEST(quantiles_of_many_rows) {
  static const double shares[] = {0, 0.001, 0.25, 0.5, 0.75, 0.9, 0.99999, 1};
  enum { SHARES = sizeof shares / sizeof *shares };
  static const size_t sizes[] = {32769, 65536, 200001};
  static const wf_type types[] = {WF_I64, WF_F64, WF_F32};
  for (size_t k = 0; k < 9; k++) {
    wf_error err = WF_ERROR_INIT;
    double found[SHARES];
    wf_column *column = spread_column(types[k % 3], sizes[k / 3]);
    REQUIRE_OK(wf_column_quantiles(found, column, shares, SHARES, &err), err);
    for (size_t i = 0; i < SHARES; i++) CHECK_SAME(found[i], slow_quantile(column, shares[i]));
    wf_column_release(column);
  }
}

TEST(quantiles_of_equal_and_endless_values) {
  enum { N = 50000 };
  wf_error err = WF_ERROR_INIT;
  double *values = malloc(N * sizeof *values), found[3];
  for (size_t i = 0; i < N; i++) values[i] = i < N / 2 ? 3 : i % 2 ? (double)INFINITY : (double)NAN;
  wf_column *column = NULL;
  REQUIRE_OK(wf_column_from_f64(&column, values, NULL, N, &err), err);
  REQUIRE_OK(wf_column_quantiles(found, column, (double[]){0.25, 0.6, 1}, 3, &err), err);
  CHECK_SAME(found[0], 3);
  CHECK(isinf(found[1]));
  CHECK(isnan(found[2]));
  wf_column_release(column);
  free(values);
}

TEST(numbers_sorted) {
  wf_error err = WF_ERROR_INIT;
  double few[] = {3, (double)NAN, -1, 0.0, (double)INFINITY, -2.5, 1e-300, -(double)INFINITY};
  static const double sorted[] = {-(double)INFINITY, -2.5, -1, 0, 1e-300, 3, (double)INFINITY};
  REQUIRE_OK(wf_sort_numbers(few, 8, &err), err);
  for (size_t i = 0; i < 7; i++) CHECK_SAME(few[i], sorted[i]);
  CHECK(isnan(few[7]));
  wf_column *column = spread_column(WF_F64, 5000);
  double *values = malloc(5000 * sizeof *values);
  wf_column_load_f64(column, 0, 5000, values);
  REQUIRE_OK(wf_sort_numbers(values, 5000, &err), err);
  size_t falls = 0;
  for (size_t i = 1; i < 5000; i++) falls += values[i] < values[i - 1];
  CHECK_EQ_INT(falls, 0);
  free(values);
  wf_column_release(column);
}

static bool count_and_select(wf_column *const columns[3]) {
  size_t n;
  double median;
  bool ok = true;
  for (size_t i = 0; i < 3; i++) ok = ok && wf_column_distinct(&n, columns[i], NULL) == WF_OK;
  double numbers[] = {2, 1};
  ok = ok && wf_sort_numbers(numbers, 2, NULL) == WF_OK;
  return ok && wf_column_quantiles(&median, columns[0], (double[]){0.5}, 1, NULL) == WF_OK;
}

TEST(distinct_out_of_memory) {
  wf_column *columns[] = {spread_column(WF_F64, 33000), spread_column(WF_STRING, 300),
                          must_column(WF_I64, "1 2 3")};
  CHECK_OOM_SAFE(count_and_select(columns));
  for (size_t i = 0; i < 3; i++) wf_column_release(columns[i]);
}
