/* clean.c — rows left out: those with gaps, those that are there already; and which values belong
 * to a set. */
#include "wf/transform.h"

#include "base/alloc.h"
#include "base/error.h"
#include "frame/column.h"
#include "frame/keys.h"

#include <math.h>
#include <string.h>

/* The columns of these names; of all, when there are none. wf_free the result. */
static wf_status find_columns(wf_column ***out, size_t *count, const wf_frame *frame,
                              const char *const *names, size_t n, wf_error *err) {
  size_t n_columns = n ? n : wf_frame_column_count(frame);
  wf_column **columns = wf_alloc_array(n_columns, sizeof *columns);
  wf_status status = columns ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n_columns; i++) {
    if (n)
      status = wf_frame_get(&columns[i], frame, names[i], err);
    else
      columns[i] = wf_frame_column_at(frame, i);
  }
  if (status != WF_OK) {
    wf_free(columns);
    return status;
  }
  *out = columns;
  *count = n_columns;
  return WF_OK;
}

/* The rows whose `keep` is set. */
static wf_status take_kept(wf_frame **out, const wf_frame *frame, const uint8_t *keep,
                           wf_error *err) {
  size_t n = wf_frame_row_count(frame), kept = 0;
  size_t *rows = wf_alloc_array(n, sizeof *rows);
  if (!rows) return wf_fail_nomem(err);
  for (size_t i = 0; i < n; i++) {
    rows[kept] = i;
    kept += keep[i] != 0;
  }
  wf_status status = wf_frame_take(out, frame, rows, kept, err);
  wf_free(rows);
  return status;
}

wf_status wf_frame_drop_missing(wf_frame **out, const wf_frame *frame, const char *const *names,
                                size_t n, wf_error *err) {
  size_t n_columns, n_rows = wf_frame_row_count(frame);
  wf_column **columns;
  WF_TRY(find_columns(&columns, &n_columns, frame, names, n, err));
  uint8_t *keep = wf_alloc(n_rows);
  wf_status status = keep ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) {
    memset(keep, 1, n_rows);
    for (size_t c = 0; c < n_columns; c++) {
      for (size_t i = 0; columns[c]->validity && i < n_rows; i++) {
        keep[i] &= (uint8_t)wf_column_present(columns[c], i);
      }
    }
    status = take_kept(out, frame, keep, err);
  }
  wf_free(keep);
  wf_free(columns);
  return status;
}

/* ---- distinct rows --------------------------------------------------------------------------- */

static void mark_kept(uint8_t *keep, size_t *counts, const size_t *ids, size_t n, wf_keep which) {
  for (size_t k = 0; k < n; k++) {
    size_t i = which == WF_KEEP_LAST ? n - 1 - k : k;
    keep[i] = counts[ids[i]]++ == 0;
  }
  for (size_t i = 0; which == WF_KEEP_NONE && i < n; i++) keep[i] = counts[ids[i]] == 1;
}

wf_status wf_frame_unique(wf_frame **out, const wf_frame *frame, const char *const *names, size_t n,
                          wf_keep which, wf_error *err) {
  size_t n_columns, n_keys = 0, n_rows = wf_frame_row_count(frame);
  wf_column **columns;
  WF_TRY(find_columns(&columns, &n_columns, frame, names, n, err));
  uint8_t *keep = wf_alloc(n_rows);
  size_t *ids = wf_alloc_array(n_rows, sizeof *ids), *counts = NULL;
  wf_status status = keep && ids ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK && n_columns > 0) {
    status = wf_keys_number(ids, &n_keys, (const wf_column *const *)columns, n_columns, err);
  }
  if (status == WF_OK && !(counts = wf_alloc_zero(n_keys, sizeof *counts))) {
    status = wf_fail_nomem(err);
  }
  if (status == WF_OK) {
    mark_kept(keep, counts, ids, n_rows, which);
    status = take_kept(out, frame, keep, err);
  }
  wf_free(counts);
  wf_free(ids);
  wf_free(keep);
  wf_free(columns);
  return status;
}

/* ---- membership ------------------------------------------------------------------------------ */

/* Those of the numbers that are whole, as integers: no other can be among a column of integers. */
static wf_status whole_values(wf_column **out, const wf_column *values, wf_error *err) {
  size_t n = values->n_rows, kept = 0;
  int64_t *whole = wf_alloc_array(n, sizeof *whole);
  if (!whole) return wf_fail_nomem(err);
  for (size_t i = 0; i < n; i++) {
    double x;
    wf_column_load_f64(values, i, 1, &x);
    if (!wf_column_present(values, i) || x != trunc(x) || !(x >= -0x1p63 && x < 0x1p63)) continue;
    whole[kept++] = (int64_t)x;
  }
  wf_status status = wf_column_from_i64(out, whole, NULL, kept, err);
  wf_free(whole);
  return status;
}

static bool is_float(wf_type type) { return type == WF_F64 || type == WF_F32; }
static bool is_whole(wf_type type) { return type == WF_I64 || type == WF_I32; }

/* The values in a type that the column's keys can be compared with. */
static wf_status agree(wf_column **out, const wf_column *column, wf_column *values, wf_error *err) {
  if (wf_keys_agree(column->type, values->type)) return *out = wf_column_retain(values), WF_OK;
  if (values->n_missing == values->n_rows) return wf_column_cast(out, values, column->type, err);
  if (is_whole(column->type) && is_float(values->type)) return whole_values(out, values, err);
  if (is_float(column->type) && is_whole(values->type)) {
    return wf_column_cast(out, values, WF_F64, err);
  }
  if (column->type == WF_TIMESTAMP && !is_float(values->type) && values->type != WF_BOOL) {
    return wf_column_cast(out, values, WF_TIMESTAMP, err);
  }
  return wf_fail(err, WF_TYPE, "%s values cannot be among those of a %s column",
                 wf_type_name(values->type), wf_type_name(column->type));
}

static wf_status find_members(wf_column *mask, const wf_column *column, const wf_column *values,
                              wf_error *err) {
  size_t most = column->n_rows > values->n_rows ? column->n_rows : values->n_rows;
  wf_keys *keys = NULL;
  size_t *ids = wf_alloc_array(most, sizeof *ids);
  if (!ids) return wf_fail_nomem(err);
  wf_status status = wf_keys_new(&keys, &values, 1, false, err);
  if (status == WF_OK) status = wf_keys_add(keys, &values, ids, err);
  if (status == WF_OK) status = wf_keys_find(keys, &column, ids, err);
  uint8_t *bits = wf_column_memory(mask);
  for (size_t i = 0; status == WF_OK && i < column->n_rows; i++) {
    if (wf_column_present(column, i) && ids[i] != WF_NO_ROW) wf_bit_set(bits, i);
  }
  wf_keys_free(keys);
  wf_free(ids);
  return status;
}

wf_status wf_column_is_in(wf_column **out, const wf_column *column, wf_column *values,
                          wf_error *err) {
  wf_column *set, *mask = NULL;
  WF_TRY(agree(&set, column, values, err));
  wf_status status = wf_column_blank(&mask, WF_BOOL, column->n_rows,
                                     wf_buffer_retain(column->validity), column->n_missing, err);
  if (status == WF_OK) status = find_members(mask, column, set, err);
  wf_column_release(set);
  if (status == WF_OK)
    *out = mask;
  else
    wf_column_release(mask);
  return status;
}
