/* sort.c — frames by columns: the last column first, each time stably, missing values put behind.
 */
#include "wf/frame.h"

#include "base/alloc.h"
#include "frame/column.h"
#include "frame/order.h"

#include <string.h>

/* A NaN has no direction: it stays behind all numbers. */
static void reverse_orders(uint64_t *orders, size_t n, bool has_nan) {
  for (size_t i = 0; i < n; i++) {
    if (!has_nan || orders[i] != UINT64_MAX) orders[i] = ~orders[i] - has_nan;
  }
}

/* Stable partition of sorted rows: those that are present (or missing) first. */
static void part_missing(size_t *rows, size_t *spare, size_t n, const wf_column *column,
                         bool first) {
  size_t kept = 0, moved = 0;
  if (!column->validity) return;
  for (size_t i = 0; i < n; i++) {
    if (wf_column_present(column, rows[i]) != first)
      rows[kept++] = rows[i];
    else
      spare[moved++] = rows[i];
  }
  memcpy(rows + kept, spare, moved * sizeof *rows);
}

static wf_status sort_by(size_t *rows, size_t *spare, uint64_t *orders, const wf_column *column,
                         bool descending, bool missing_first, wf_error *err) {
  size_t n = column->n_rows;
  WF_TRY(wf_column_order(orders, column, err));
  bool real = column->type == WF_F64 || column->type == WF_F32;
  if (descending) reverse_orders(orders, n, real);
  WF_TRY(wf_sort_rows(rows, n, orders, err));
  part_missing(rows, spare, n, column, missing_first);
  return WF_OK;
}

wf_status wf_frame_sort_with(wf_frame **out, const wf_frame *frame, const wf_sort_options *options,
                             wf_error *err) {
  size_t n_rows = wf_frame_row_count(frame);
  size_t *rows = wf_alloc_filled(n_rows, sizeof *rows);
  size_t *spare = wf_alloc_filled(n_rows, sizeof *spare);
  uint64_t *orders = wf_alloc_filled(n_rows, sizeof *orders);
  wf_status status = rows && spare && orders ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n_rows; i++) rows[i] = i;
  for (size_t i = options->n; status == WF_OK && i-- > 0;) {
    wf_column *column = NULL;
    status = wf_frame_get(&column, frame, options->by[i], err);
    if (status == WF_OK) {
      bool descending = options->descending && options->descending[i];
      status = sort_by(rows, spare, orders, column, descending, options->missing_first, err);
    }
  }
  if (status == WF_OK) status = wf_frame_take(out, frame, rows, n_rows, err);
  wf_free(rows);
  wf_free(spare);
  wf_free(orders);
  return status;
}

wf_status wf_frame_sort(wf_frame **out, const wf_frame *frame, const char *const *by,
                        const bool *descending, size_t n, wf_error *err) {
  return wf_frame_sort_with(out, frame, &(wf_sort_options){by, descending, n, false}, err);
}
