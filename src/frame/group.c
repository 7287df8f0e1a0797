/* group.c — one row per distinct key, with aggregates of the other columns.
 *
 * Rows are numbered by key; every aggregate is then one pass over ids and values in row order, so
 * sums have one order of addition whatever the machine; different aggregates run on different
 * threads. Median and distinct counts go through rows listed by group. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "frame/column.h"
#include "frame/keys.h"
#include "frame/order.h"
#include "frame/quantile.h"

#include <math.h>
#include <string.h>

typedef struct grouping {
  uint32_t *ids; /* of each row: narrow, as every aggregate goes through all of them */
  size_t n_rows, n_groups;
  int64_t *sizes;         /* rows of each group */
  size_t *firsts;         /* the first row of each group */
  wf_row_groups by_group; /* only where an aggregate needs it */
} grouping;

/* ---- counting and summing -------------------------------------------------------------------- */

/* Takes the missing ones of rows [begin, end) from the counts; they are few. `begin` is a multiple
 * of 8. */
static void leave_out(int64_t *counts, const grouping *g, const wf_column *column, size_t begin,
                      size_t end) {
  if (!column->validity) return;
  for (size_t i = begin; i < end; i += 8) {
    for (unsigned gaps = wf_column_gaps(column, i, end); gaps; gaps &= gaps - 1) {
      counts[g->ids[i + (unsigned)__builtin_ctz(gaps)]]--;
    }
  }
}

/* Present values of the column in each group; of all rows when it is NULL. */
static void count_present(int64_t *counts, const grouping *g, const wf_column *column) {
  memcpy(counts, g->sizes, g->n_groups * sizeof *counts);
  if (column) leave_out(counts, g, column, 0, g->n_rows);
}

static wf_status aggregate_count(wf_column **out, const grouping *g, const wf_column *column,
                                 wf_error *err) {
  wf_column *counts = NULL;
  WF_TRY(wf_column_blank(&counts, WF_I64, g->n_groups, NULL, 0, err));
  count_present(wf_column_memory(counts), g, column);
  *out = counts;
  return WF_OK;
}

/* A column's values as doubles. */
typedef struct numbers {
  const double *values;
  double *owned; /* NULL: the column's own */
} numbers;

static wf_status load_numbers(numbers *out, const wf_column *column, wf_error *err) {
  if (column->type == WF_F64) {
    *out = (numbers){wf_column_f64(column), NULL};
    return WF_OK;
  }
  double *values = wf_alloc_filled(column->n_rows, sizeof *values);
  if (!values) return wf_fail_nomem(err);
  wf_column_load_f64(column, 0, column->n_rows, values);
  *out = (numbers){values, values};
  return WF_OK;
}

/* false when a sum overflows. */
static bool sum_integers(int64_t *sums, const grouping *g, const wf_column *column) {
  memset(sums, 0, g->n_groups * sizeof *sums);
  for (size_t i = 0; i < g->n_rows; i++) {
    int64_t value;
    wf_column_load_i64(column, i, 1, &value); /* 0 where missing */
    if (__builtin_add_overflow(sums[g->ids[i]], value, &sums[g->ids[i]])) return false;
  }
  return true;
}

static void sum_floats(double *sums, const grouping *g, const double *values) {
  memset(sums, 0, g->n_groups * sizeof *sums);
  for (size_t i = 0; i < g->n_rows; i++) sums[g->ids[i]] += values[i];
}

static wf_status aggregate_sum(wf_column **out, const grouping *g, const wf_column *column,
                               wf_error *err) {
  wf_column *sums = NULL;
  numbers loaded = {0};
  WF_TRY(wf_column_blank(&sums, WF_I64, g->n_groups, NULL, 0, err));
  wf_status status = WF_OK;
  if (!wf_type_is_integer(column->type) || !sum_integers(wf_column_memory(sums), g, column)) {
    sums->type = WF_F64;
    status = load_numbers(&loaded, column, err);
    if (status == WF_OK) sum_floats(wf_column_memory(sums), g, loaded.values);
  }
  wf_free(loaded.owned);
  if (status == WF_OK)
    *out = sums;
  else
    wf_column_release(sums);
  return status;
}

/* ---- mean and deviation ---------------------------------------------------------------------- */

/* Both in one pass, while a block's ids are in the cache. Missing values are 0. */
static void count_and_sum(int64_t *counts, double *sums, const grouping *g, const wf_column *column,
                          const double *values) {
  enum { BLOCK = 1024 };
  memcpy(counts, g->sizes, g->n_groups * sizeof *counts);
  memset(sums, 0, g->n_groups * sizeof *sums);
  for (size_t begin = 0; begin < g->n_rows; begin += BLOCK) {
    size_t end = g->n_rows - begin < BLOCK ? g->n_rows : begin + BLOCK;
    for (size_t i = begin; i < end; i++) sums[g->ids[i]] += values[i];
    leave_out(counts, g, column, begin, end);
  }
}

/* Sums to means; a group without values gets 0. */
static void divide(double *sums, const int64_t *counts, size_t n) {
  for (size_t k = 0; k < n; k++) sums[k] = counts[k] ? sums[k] / (double)counts[k] : 0;
}

typedef enum moment { MEAN, VARIANCE, DEVIATION } moment;

/* Means to variances or deviations, in two passes over the values: the one-pass formula cancels. */
static wf_status deviations(double *means, const grouping *g, const wf_column *column,
                            const double *values, const int64_t *counts, moment which,
                            wf_error *err) {
  double *squares = wf_alloc_zero(g->n_groups, sizeof *squares);
  if (!squares) return wf_fail_nomem(err);
  for (size_t i = 0; i < g->n_rows; i++) {
    if (!wf_column_present(column, i)) continue;
    double difference = values[i] - means[g->ids[i]];
    squares[g->ids[i]] += difference * difference;
  }
  for (size_t k = 0; k < g->n_groups; k++) {
    double variance = counts[k] > 1 ? squares[k] / (double)(counts[k] - 1) : 0;
    means[k] = which == DEVIATION ? sqrt(variance) : variance;
  }
  wf_free(squares);
  return WF_OK;
}

/* An f64 column of these values, missing where the group has fewer than `least` present ones. */
static wf_status finish_floats(wf_column **out, const double *values, const int64_t *counts,
                               size_t n, int64_t least, wf_error *err) {
  uint8_t *present = wf_alloc(n);
  if (!present) return wf_fail_nomem(err);
  for (size_t k = 0; k < n; k++) present[k] = counts[k] >= least;
  wf_status status = wf_column_from_f64(out, values, present, n, err);
  wf_free(present);
  return status;
}

static wf_status aggregate_mean(wf_column **out, const grouping *g, const wf_column *column,
                                moment which, wf_error *err) {
  int64_t *counts = wf_alloc_array(g->n_groups, sizeof *counts);
  double *means = wf_alloc_array(g->n_groups, sizeof *means);
  numbers loaded = {0};
  wf_status status = counts && means ? load_numbers(&loaded, column, err) : wf_fail_nomem(err);
  if (status == WF_OK) {
    count_and_sum(counts, means, g, column, loaded.values);
    divide(means, counts, g->n_groups);
    if (which != MEAN) status = deviations(means, g, column, loaded.values, counts, which, err);
  }
  if (status == WF_OK) {
    status = finish_floats(out, means, counts, g->n_groups, which == MEAN ? 1 : 2, err);
  }
  wf_free(counts);
  wf_free(means);
  wf_free(loaded.owned);
  return status;
}

/* ---- by order: min, max, median -------------------------------------------------------------- */

static wf_status load_orders(uint64_t **out, const wf_column *column, wf_error *err) {
  uint64_t *orders = wf_alloc_filled(column->n_rows, sizeof *orders);
  if (!orders) return wf_fail_nomem(err);
  wf_status status = wf_column_order(orders, column, err);
  if (status == WF_OK)
    *out = orders;
  else
    wf_free(orders);
  return status;
}

/* The row of each group's smallest or largest value, so that the result keeps the column's type. */
static wf_status aggregate_extreme(wf_column **out, const grouping *g, const wf_column *column,
                                   bool largest, wf_error *err) {
  uint64_t *orders = NULL;
  size_t *best = wf_alloc_array(g->n_groups, sizeof *best);
  wf_status status = best ? load_orders(&orders, column, err) : wf_fail_nomem(err);
  if (status == WF_OK) {
    for (size_t k = 0; k < g->n_groups; k++) best[k] = WF_NO_ROW;
    for (size_t i = 0; i < g->n_rows; i++) {
      size_t *row = &best[g->ids[i]];
      if (!wf_column_present(column, i)) continue;
      if (*row == WF_NO_ROW || (largest ? orders[i] > orders[*row] : orders[i] < orders[*row])) {
        *row = i;
      }
    }
    status = wf_column_take(out, column, best, g->n_groups, err);
  }
  wf_free(orders);
  wf_free(best);
  return status;
}

/* The row of each group's first or last value. */
static wf_status aggregate_end(wf_column **out, const grouping *g, const wf_column *column,
                               bool last, wf_error *err) {
  size_t *rows = wf_alloc_array(g->n_groups, sizeof *rows);
  if (!rows) return wf_fail_nomem(err);
  for (size_t k = 0; k < g->n_groups; k++) rows[k] = WF_NO_ROW;
  for (size_t i = 0; i < g->n_rows; i++) {
    size_t *row = &rows[g->ids[i]];
    if (wf_column_present(column, i) && (last || *row == WF_NO_ROW)) *row = i;
  }
  wf_status status = wf_column_take(out, column, rows, g->n_groups, err);
  wf_free(rows);
  return status;
}

static wf_status aggregate_quantile(wf_column **out, const grouping *g, const wf_column *column,
                                    double q, wf_error *err) {
  int64_t *counts = wf_alloc_array(g->n_groups, sizeof *counts);
  double *quantiles = wf_alloc_zero(g->n_groups, sizeof *quantiles);
  numbers loaded = {0};
  uint64_t *orders = wf_alloc_filled(g->n_rows, sizeof *orders);
  wf_status status =
      counts && quantiles && orders ? load_numbers(&loaded, column, err) : wf_fail_nomem(err);
  for (size_t k = 0; status == WF_OK && k < g->n_groups; k++) {
    size_t n = 0;
    for (size_t i = g->by_group.starts[k]; i < g->by_group.starts[k + 1]; i++) {
      size_t row = g->by_group.rows[i];
      if (wf_column_present(column, row)) orders[n++] = wf_order_f64(loaded.values[row]);
    }
    counts[k] = (int64_t)n;
    if (n) quantiles[k] = wf_orders_quantile(orders, n, q);
  }
  if (status == WF_OK) status = finish_floats(out, quantiles, counts, g->n_groups, 1, err);
  wf_free(counts);
  wf_free(quantiles);
  wf_free(loaded.owned);
  wf_free(orders);
  return status;
}

/* ---- distinct -------------------------------------------------------------------------------- */

/* last[v] is the last group that saw value v, so each value counts once a group. */
static wf_status aggregate_distinct(wf_column **out, const grouping *g, const wf_column *column,
                                    wf_error *err) {
  size_t *values = wf_alloc_filled(g->n_rows, sizeof *values), *last = NULL, n_values = 0;
  wf_column *counts = NULL;
  wf_status status =
      values ? wf_keys_number(values, &n_values, &column, 1, err) : wf_fail_nomem(err);
  if (status == WF_OK) status = wf_column_blank(&counts, WF_I64, g->n_groups, NULL, 0, err);
  if (status == WF_OK && !(last = wf_alloc_array(n_values, sizeof *last))) {
    status = wf_fail_nomem(err);
  }
  if (status == WF_OK) {
    int64_t *count = wf_column_memory(counts);
    for (size_t v = 0; v < n_values; v++) last[v] = WF_NO_ROW;
    memset(count, 0, g->n_groups * sizeof *count);
    for (size_t k = 0; k < g->n_groups; k++) {
      for (size_t i = g->by_group.starts[k]; i < g->by_group.starts[k + 1]; i++) {
        size_t row = g->by_group.rows[i];
        if (!wf_column_present(column, row) || last[values[row]] == k) continue;
        last[values[row]] = k;
        count[k]++;
      }
    }
    *out = counts;
  } else {
    wf_column_release(counts);
  }
  wf_free(values);
  wf_free(last);
  return status;
}

/* ---- all together ---------------------------------------------------------------------------- */

static const char *aggregate_name(wf_aggregate how) {
  static const char *const names[] = {"count",  "sum",      "mean", "min",   "max",  "std",
                                      "median", "distinct", "var",  "first", "last", "quantile"};
  return names[how];
}

static wf_status aggregate(wf_column **out, const grouping *g, const wf_frame *frame,
                           const wf_aggregation *wanted, wf_error *err) {
  wf_column *column = NULL;
  if (wanted->column) {
    WF_TRY(wf_frame_get(&column, frame, wanted->column, err));
  } else if (wanted->how != WF_AGG_COUNT) {
    return wf_fail(err, WF_INVALID, "'%s' of what? only count needs no column", wanted->name);
  }
  bool numeric = wanted->how == WF_AGG_SUM || wanted->how == WF_AGG_MEAN ||
                 wanted->how == WF_AGG_STD || wanted->how == WF_AGG_MEDIAN ||
                 wanted->how == WF_AGG_VAR || wanted->how == WF_AGG_QUANTILE;
  if (numeric && wf_type_is_text(column->type)) {
    return wf_fail(err, WF_TYPE, "there is no %s of the %s column '%s'",
                   aggregate_name(wanted->how), wf_type_name(column->type), wanted->column);
  }
  if (wanted->how == WF_AGG_QUANTILE && !(wanted->q >= 0 && wanted->q <= 1)) {
    return wf_fail(err, WF_INVALID, "'%s' is the quantile at %g, not from 0 to 1", wanted->name,
                   wanted->q);
  }
  switch (wanted->how) {
  case WF_AGG_COUNT: return aggregate_count(out, g, column, err);
  case WF_AGG_SUM: return aggregate_sum(out, g, column, err);
  case WF_AGG_MEAN: return aggregate_mean(out, g, column, MEAN, err);
  case WF_AGG_STD: return aggregate_mean(out, g, column, DEVIATION, err);
  case WF_AGG_MIN: return aggregate_extreme(out, g, column, false, err);
  case WF_AGG_MAX: return aggregate_extreme(out, g, column, true, err);
  case WF_AGG_MEDIAN: return aggregate_quantile(out, g, column, 0.5, err);
  case WF_AGG_DISTINCT: return aggregate_distinct(out, g, column, err);
  case WF_AGG_VAR: return aggregate_mean(out, g, column, VARIANCE, err);
  case WF_AGG_FIRST: return aggregate_end(out, g, column, false, err);
  case WF_AGG_LAST: return aggregate_end(out, g, column, true, err);
  case WF_AGG_QUANTILE: return aggregate_quantile(out, g, column, wanted->q, err);
  }
  return wf_fail(err, WF_INVALID, "unknown aggregate");
}

typedef struct request {
  const grouping *g;
  const wf_frame *frame;
  const wf_aggregation *wanted;
  wf_column **columns;
} request;

static wf_status aggregate_some(void *context, size_t index, size_t begin, size_t end,
                                size_t worker, wf_error *err) {
  request *r = context;
  (void)index, (void)worker;
  for (size_t i = begin; i < end; i++) {
    WF_TRY(aggregate(&r->columns[i], r->g, r->frame, &r->wanted[i], err));
  }
  return WF_OK;
}

/* The key columns at each group's first row, then the aggregates. */
static wf_status make_result(wf_frame **out, const wf_frame *frame, const grouping *g,
                             const char *const *by, wf_column *const *keys, size_t n_by,
                             const wf_aggregation *wanted, size_t n_wanted, wf_error *err) {
  enum { WORTH_A_THREAD = 1 << 16 };
  size_t n = n_by + n_wanted, n_threads = g->n_rows * n_wanted < WORTH_A_THREAD ? 1 : 0;
  const char **names = wf_alloc_zero(n, sizeof *names);
  wf_column **columns = wf_alloc_zero(n, sizeof *columns);
  wf_status status = names && columns ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    names[i] = i < n_by ? by[i] : wanted[i - n_by].name;
    if (i < n_by) status = wf_column_take(&columns[i], keys[i], g->firsts, g->n_groups, err);
  }
  if (status == WF_OK) {
    request r = {g, frame, wanted, columns + n_by};
    status = wf_parallel_for(n_wanted, 1, n_threads, aggregate_some, &r, err);
  }
  if (status == WF_OK) status = wf_frame_new(out, names, columns, n, err);
  for (size_t i = 0; columns && i < n; i++) wf_column_release(columns[i]);
  wf_free(columns);
  wf_free(names);
  return status;
}

static bool needs_rows(const wf_aggregation *wanted, size_t n) {
  for (size_t i = 0; i < n; i++) {
    wf_aggregate how = wanted[i].how;
    if (how == WF_AGG_MEDIAN || how == WF_AGG_QUANTILE || how == WF_AGG_DISTINCT) return true;
  }
  return false;
}

static wf_status describe_groups(grouping *g, const size_t *ids, bool with_rows, wf_error *err) {
  g->ids = wf_alloc_aligned(g->n_rows * sizeof *g->ids); /* no more than the bytes of a column */
  g->sizes = wf_alloc_zero(g->n_groups, sizeof *g->sizes);
  g->firsts = wf_alloc_array(g->n_groups, sizeof *g->firsts);
  if (!g->ids || !g->sizes || !g->firsts) return wf_fail_nomem(err);
  for (size_t i = 0; i < g->n_rows; i++) {
    g->ids[i] = (uint32_t)ids[i];
    if (g->sizes[ids[i]]++ == 0) g->firsts[ids[i]] = i;
  }
  return with_rows ? wf_row_groups_new(&g->by_group, ids, g->n_rows, g->n_groups, err) : WF_OK;
}

static void dispose_grouping(grouping *g) {
  wf_row_groups_dispose(&g->by_group);
  wf_free(g->ids);
  wf_free(g->sizes);
  wf_free(g->firsts);
}

wf_status wf_frame_group(wf_frame **out, const wf_frame *frame, const char *const *by, size_t n_by,
                         const wf_aggregation *aggregations, size_t n_aggregations, wf_error *err) {
  if (n_by == 0) return wf_fail(err, WF_INVALID, "a group needs at least one column to group by");
  grouping g = {.n_rows = wf_frame_row_count(frame)};
  wf_column **keys = wf_alloc_zero(n_by, sizeof *keys);
  size_t *ids = wf_alloc_aligned(g.n_rows * sizeof *ids);
  wf_status status = keys && ids ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n_by; i++) {
    status = wf_frame_get(&keys[i], frame, by[i], err);
  }
  if (status == WF_OK) {
    status = wf_keys_number(ids, &g.n_groups, (const wf_column *const *)keys, n_by, err);
  }
  if (status == WF_OK) {
    status = describe_groups(&g, ids, needs_rows(aggregations, n_aggregations), err);
  }
  wf_free(ids);
  if (status == WF_OK) {
    status = make_result(out, frame, &g, by, keys, n_by, aggregations, n_aggregations, err);
  }
  dispose_grouping(&g);
  wf_free(keys);
  return status;
}
