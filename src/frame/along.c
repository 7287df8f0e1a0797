/* along.c — what runs along the rows of a group: cumulative values and ranks.
 *
 * Missing values stay missing and are passed over. Ranks come from one sort of all rows, dealt out
 * to the groups in that order, so that many small groups cost no more than one. */
#include "wf/transform.h"

#include "base/alloc.h"
#include "base/error.h"
#include "frame/column.h"
#include "frame/keys.h"
#include "frame/order.h"
#include "frame/rank.h"

#include <math.h>

/* ---- cumulative ------------------------------------------------------------------------------ */

/* The sums, extremes or counts of the integers so far; false when one does not fit. */
static bool run_whole(int64_t *values, const wf_column *column, const size_t *rows, size_t n,
                      wf_aggregate how) {
  int64_t so_far = 0;
  bool begun = false;
  for (size_t i = 0; i < n; i++) {
    if (!wf_column_present(column, rows[i])) continue;
    int64_t value = how == WF_AGG_COUNT ? 1 : values[rows[i]];
    if (how == WF_AGG_SUM || how == WF_AGG_COUNT) {
      if (__builtin_add_overflow(so_far, value, &so_far)) return false;
    } else if (!begun || (how == WF_AGG_MIN ? value < so_far : value > so_far)) {
      so_far = value;
    }
    begun = true;
    values[rows[i]] = so_far;
  }
  return true;
}

/* Sums are compensated (Neumaier 1974). A NaN stays in a sum; among extremes it is above all
 * numbers, as in sorting. */
static void run_numbers(double *values, const wf_column *column, const size_t *rows, size_t n,
                        wf_aggregate how) {
  double so_far = 0, lost = 0;
  bool begun = false;
  for (size_t i = 0; i < n; i++) {
    if (!wf_column_present(column, rows[i])) continue;
    double value = values[rows[i]];
    if (how == WF_AGG_SUM) {
      double next = so_far + value;
      lost += fabs(so_far) >= fabs(value) ? (so_far - next) + value : (value - next) + so_far;
      so_far = next;
      values[rows[i]] = isfinite(so_far) ? so_far + lost : so_far;
    } else {
      bool below = begun && wf_order_f64(value) < wf_order_f64(so_far);
      if (!begun || below == (how == WF_AGG_MIN)) so_far = value;
      begun = true;
      values[rows[i]] = so_far;
    }
  }
}

static wf_status check_cumulative(const wf_column *column, const char *name, wf_aggregate how,
                                  wf_error *err) {
  if (how != WF_AGG_SUM && how != WF_AGG_MIN && how != WF_AGG_MAX && how != WF_AGG_COUNT) {
    return wf_fail(err, WF_INVALID, "cumulative: there are sum, min, max and count");
  }
  if (how == WF_AGG_COUNT) return WF_OK;
  if (!wf_type_is_text(column->type) && column->type != WF_TIMESTAMP) return WF_OK;
  return wf_fail(err, WF_TYPE, "cumulative: column '%s' is %s, not a number", name,
                 wf_type_name(column->type));
}

static void load_words(wf_column *to, const wf_column *column, bool whole, wf_aggregate how) {
  if (how == WF_AGG_COUNT) return; /* only what is present counts */
  if (whole)
    wf_column_load_i64(column, 0, column->n_rows, wf_column_memory(to));
  else
    wf_column_load_f64(column, 0, column->n_rows, wf_column_memory(to));
}

/* Fills `to`; false when an integer overflowed, and then it must be filled with numbers. */
static bool run_groups(wf_column *to, const wf_column *column, const wf_row_groups *groups,
                       size_t n_groups, bool whole, wf_aggregate how) {
  load_words(to, column, whole, how);
  for (size_t g = 0; g < n_groups; g++) {
    const size_t *rows = groups->rows + groups->starts[g];
    size_t n = groups->starts[g + 1] - groups->starts[g];
    if (!whole)
      run_numbers(wf_column_memory(to), column, rows, n, how);
    else if (!run_whole(wf_column_memory(to), column, rows, n, how))
      return false;
  }
  to->type = whole ? WF_I64 : WF_F64;
  return true;
}

static void clear_missing(wf_column *to) {
  uint64_t *words = wf_column_memory(to);
  for (size_t i = 0; to->validity && i < to->n_rows; i++) {
    if (!wf_column_present(to, i)) words[i] = 0;
  }
}

wf_status wf_frame_cumulative(wf_column **out, const wf_frame *frame, const char *name,
                              wf_aggregate how, const char *const *by, size_t n_by, wf_error *err) {
  wf_column *column = NULL, *to = NULL;
  WF_TRY(wf_frame_get(&column, frame, name, err));
  WF_TRY(check_cumulative(column, name, how, err));
  wf_row_groups groups = {0};
  size_t n_groups;
  WF_TRY(wf_row_groups_by(&groups, &n_groups, frame, by, n_by, err));
  wf_status status = wf_column_blank(&to, WF_I64, column->n_rows,
                                     wf_buffer_retain(column->validity), column->n_missing, err);
  if (status == WF_OK) {
    bool whole = how == WF_AGG_COUNT || wf_type_is_integer(column->type);
    if (!run_groups(to, column, &groups, n_groups, whole, how))
      run_groups(to, column, &groups, n_groups, false, how);
    clear_missing(to);
    *out = to;
  }
  wf_row_groups_dispose(&groups);
  return status;
}

/* ---- ranks ----------------------------------------------------------------------------------- */

void wf_rank_sorted(double *ranks, const size_t *rows, size_t n, const uint64_t *orders,
                    wf_rank how) {
  size_t dense = 0;
  for (size_t i = 0, end; i < n; i = end) {
    for (end = i + 1; end < n && orders[rows[end]] == orders[rows[i]];) end++;
    dense++;
    for (size_t k = i; k < end; k++) {
      switch (how) {
      case WF_RANK_AVERAGE: ranks[rows[k]] = (double)(i + 1 + end) / 2; break;
      case WF_RANK_MIN: ranks[rows[k]] = (double)(i + 1); break;
      case WF_RANK_MAX: ranks[rows[k]] = (double)end; break;
      case WF_RANK_DENSE: ranks[rows[k]] = (double)dense; break;
      case WF_RANK_FIRST: ranks[rows[k]] = (double)(k + 1); break;
      }
    }
  }
}

wf_status wf_rank_numbers(double *ranks, const double *values, size_t n, wf_error *err) {
  size_t *rows = wf_alloc_array(n, sizeof *rows);
  uint64_t *orders = wf_alloc_array(n, sizeof *orders);
  wf_status status = rows && orders ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    rows[i] = i;
    orders[i] = wf_order_f64(values[i]);
  }
  if (status == WF_OK) status = wf_sort_rows(rows, n, orders, err);
  if (status == WF_OK) wf_rank_sorted(ranks, rows, n, orders, WF_RANK_AVERAGE);
  wf_free(rows);
  wf_free(orders);
  return status;
}

/* All rows in the order of their values; rows without one are left out. */
static wf_status sort_present(size_t *rows, size_t *n, uint64_t *orders, const wf_column *column,
                              bool descending, wf_error *err) {
  bool real = column->type == WF_F64 || column->type == WF_F32;
  WF_TRY(wf_column_order(orders, column, err));
  *n = 0;
  for (size_t i = 0; i < column->n_rows; i++) {
    /* a NaN has no direction: it stays behind all numbers */
    if (descending && !(real && orders[i] == UINT64_MAX)) orders[i] = ~orders[i] - real;
    if (wf_column_present(column, i)) rows[(*n)++] = i;
  }
  return wf_sort_rows(rows, *n, orders, err);
}

/* Ranks within groups: rows are dealt out to their groups in sorted order. */
static wf_status rank_groups(double *ranks, const size_t *sorted, size_t n, const uint64_t *orders,
                             const size_t *ids, size_t n_groups, wf_rank how, wf_error *err) {
  size_t *starts = wf_alloc_zero(n_groups + 1, sizeof *starts);
  size_t *rows = wf_alloc_array(n, sizeof *rows);
  wf_status status = starts && rows ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) {
    for (size_t i = 0; i < n; i++) starts[ids[sorted[i]] + 1]++;
    for (size_t g = 0; g < n_groups; g++) starts[g + 1] += starts[g];
    for (size_t i = 0; i < n; i++) rows[starts[ids[sorted[i]]]++] = sorted[i];
    for (size_t g = 0, begin = 0; g < n_groups; g++) { /* starts[g] is now where group g ends */
      wf_rank_sorted(ranks, rows + begin, starts[g] - begin, orders, how);
      begin = starts[g];
    }
  }
  wf_free(starts);
  wf_free(rows);
  return status;
}

wf_status wf_frame_rank(wf_column **out, const wf_frame *frame, const char *name, wf_rank how,
                        bool descending, const char *const *by, size_t n_by, wf_error *err) {
  wf_column *column = NULL, *to = NULL;
  WF_TRY(wf_frame_get(&column, frame, name, err));
  size_t n = column->n_rows, n_present = 0, n_groups = 1;
  size_t *ids = wf_alloc_array(n, sizeof *ids), *rows = wf_alloc_array(n, sizeof *rows);
  uint64_t *orders = wf_alloc_array(n, sizeof *orders);
  wf_status status = ids && rows && orders ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) status = wf_frame_number_rows(ids, &n_groups, frame, by, n_by, err);
  if (status == WF_OK) status = sort_present(rows, &n_present, orders, column, descending, err);
  if (status == WF_OK) {
    status =
        wf_column_blank(&to, WF_F64, n, wf_buffer_retain(column->validity), column->n_missing, err);
  }
  if (status == WF_OK) {
    clear_missing(to);
    status = rank_groups(wf_column_memory(to), rows, n_present, orders, ids, n_groups, how, err);
  }
  wf_free(ids);
  wf_free(rows);
  wf_free(orders);
  if (status == WF_OK)
    *out = to;
  else
    wf_column_release(to);
  return status;
}
