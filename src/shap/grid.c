/* grid.c — at which values of a column partial dependence is looked at.
 *
 * A grid of quantiles takes values that occur, at equal steps of rank, so that it keeps the
 * column's type (whole numbers, times) and looks where the data is. */
#include "wf/explain.h"

#include "base/alloc.h"
#include "frame/column.h"
#include "frame/keys.h"
#include "frame/order.h"

#include <math.h>

/* The rows with a value that is not NaN, by value; of text and truth values all present ones. */
typedef struct sorted {
  size_t *rows, n;
  uint64_t *orders;
} sorted;

static wf_status sort_present(sorted *out, const wf_column *column, wf_error *err) {
  out->rows = wf_alloc_array(column->n_rows, sizeof *out->rows);
  out->orders = wf_alloc_array(column->n_rows, sizeof *out->orders);
  if (!out->rows || !out->orders) return wf_fail_nomem(err);
  WF_TRY(wf_column_order(out->orders, column, err));
  for (size_t row = 0; row < column->n_rows; row++) {
    if (!wf_column_present(column, row) || isnan(wf_column_number_at(column, row))) continue;
    out->rows[out->n++] = row;
  }
  return wf_sort_rows(out->rows, out->n, out->orders, err);
}

/* Keeps the first row of each different value in rows[0 .. result). */
static size_t keep_different(size_t *rows, size_t n, const uint64_t *orders) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    if (kept > 0 && orders[rows[i]] == orders[rows[kept - 1]]) continue;
    rows[kept++] = rows[i];
  }
  return kept;
}

static size_t count_different(const size_t *rows, size_t n, const uint64_t *orders) {
  size_t different = n > 0;
  for (size_t i = 1; i < n; i++) different += orders[rows[i]] != orders[rows[i - 1]];
  return different;
}

static wf_status take_ranks(wf_column **out, const wf_column *column, sorted *s,
                            const wf_grid_options *o, wf_error *err) {
  size_t *rows = wf_alloc_array(o->n, sizeof *rows);
  if (!rows) return wf_fail_nomem(err);
  for (size_t i = 0; i < o->n; i++) {
    double q = o->low + (o->high - o->low) * (double)i / (double)(o->n - 1);
    rows[i] = s->rows[(size_t)floor(q * (double)(s->n - 1) + 0.5)];
  }
  size_t n = keep_different(rows, o->n, s->orders);
  wf_status status = wf_column_take(out, column, rows, n, err);
  wf_free(rows);
  return status;
}

static wf_status make_even(wf_column **out, const wf_column *column, const wf_grid_options *o,
                           wf_error *err) {
  double low = 0, high = 0, *values = wf_alloc_array(o->n, sizeof *values);
  wf_status status = values ? wf_column_quantile(&low, column, o->low, err) : wf_fail_nomem(err);
  if (status == WF_OK) status = wf_column_quantile(&high, column, o->high, err);
  if (status == WF_OK && !(isfinite(low) && isfinite(high))) {
    status = wf_fail(err, WF_INVALID, "an even grid cannot reach from %g to %g", low, high);
  }
  size_t n = low < high ? o->n : 1;
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    values[i] = i + 1 < n || n == 1 ? low + (high - low) * (double)i / (double)(o->n - 1) : high;
  }
  if (status == WF_OK) status = wf_column_from_f64(out, values, NULL, n, err);
  wf_free(values);
  return status;
}

static wf_status number_grid(wf_column **out, const wf_column *column, const wf_grid_options *o,
                             wf_error *err) {
  sorted s = {0};
  wf_status status = sort_present(&s, column, err);
  if (status == WF_OK && s.n == 0) {
    status = wf_fail(err, WF_INVALID, "the column has no values");
  }
  if (status == WF_OK) {
    if (count_different(s.rows, s.n, s.orders) <= o->n) {
      s.n = keep_different(s.rows, s.n, s.orders);
      status = wf_column_take(out, column, s.rows, s.n, err);
    } else {
      status = o->how == WF_GRID_EVEN ? make_even(out, column, o, err)
                                      : take_ranks(out, column, &s, o, err);
    }
  }
  wf_free(s.rows);
  wf_free(s.orders);
  return status;
}

/* The most frequent values, a missing one left out. */
static wf_status text_grid(wf_column **out, const wf_column *column, wf_error *err) {
  wf_frame *counts;
  WF_TRY(wf_column_value_counts(&counts, column, err));
  const wf_column *values = wf_frame_column_at(counts, 0);
  size_t rows[WF_GRID_MAX_TEXTS], n = 0;
  for (size_t i = 0; i < wf_column_count(values) && n < WF_GRID_MAX_TEXTS; i++) {
    if (wf_column_present(values, i)) rows[n++] = i;
  }
  wf_status status = n > 0 ? wf_column_take(out, values, rows, n, err)
                           : wf_fail(err, WF_INVALID, "the column has no values");
  wf_frame_release(counts);
  return status;
}

wf_status wf_dependence_grid(wf_column **out, const wf_column *column,
                             const wf_grid_options *options, wf_error *err) {
  bool range = options->low >= 0 && options->low < options->high && options->high <= 1;
  if (options->n < 2 || !range) {
    return wf_fail(err, WF_INVALID, "a grid of %zu values from quantile %g to %g", options->n,
                   options->low, options->high);
  }
  if (wf_type_is_text(column->type) || column->type == WF_BOOL) return text_grid(out, column, err);
  return number_grid(out, column, options, err);
}
