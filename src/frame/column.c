/* column.c — the column object: making, sharing, reading single values.
 *
 * Invariants, held by everything in this folder: n_missing counts the clear validity bits and a
 * column without missing values has no bitmap; values of missing rows are 0 (strings: empty), so
 * equal columns have equal bytes; category codes are within the dictionary, which holds distinct
 * strings and no missing value. A column is written only between its making and its first sharing.
 */
#include "frame/column.h"

#include "base/alloc.h"
#include "base/error.h"
#include "frame/utf8.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const char *const type_names[] = {
#define WF_TYPE_TEXT(name, text) text,
    WF_TYPE_MAP(WF_TYPE_TEXT)
#undef WF_TYPE_TEXT
};

enum { N_TYPES = sizeof type_names / sizeof *type_names };

const char *wf_type_name(wf_type type) {
  return (size_t)type < N_TYPES ? type_names[type] : "unknown";
}

bool wf_type_find(const char *name, wf_type *out) {
  for (size_t i = 0; i < N_TYPES; i++) {
    if (strcmp(name, type_names[i]) != 0) continue;
    *out = (wf_type)i;
    return true;
  }
  return false;
}

size_t wf_type_width(wf_type type) {
  switch (type) {
  case WF_F64:
  case WF_I64:
  case WF_TIMESTAMP: return 8;
  case WF_F32:
  case WF_I32:
  case WF_CATEGORY: return 4;
  case WF_BOOL:
  case WF_STRING: return 0;
  }
  return 0;
}

/* ---- making ---------------------------------------------------------------------------------- */

wf_status wf_column_make(wf_column **out, wf_type type, size_t n_rows, size_t n_missing,
                         wf_buffer *validity, wf_buffer *data, wf_buffer *offsets,
                         wf_column *dictionary, wf_error *err) {
  if (n_missing == 0) {
    wf_buffer_release(validity);
    validity = NULL;
  }
  wf_column *column = wf_alloc(sizeof *column);
  if (!column) {
    wf_buffer_release(validity);
    wf_buffer_release(data);
    wf_buffer_release(offsets);
    wf_column_release(dictionary);
    return wf_fail_nomem(err);
  }
  *column = (wf_column){.refs = 1,
                        .type = type,
                        .n_rows = n_rows,
                        .n_missing = n_missing,
                        .validity = validity,
                        .data = data,
                        .offsets = offsets,
                        .dictionary = dictionary};
  *out = column;
  return WF_OK;
}

wf_status wf_column_blank(wf_column **out, wf_type type, size_t n_rows, wf_buffer *validity,
                          size_t n_missing, wf_error *err) {
  assert(type != WF_STRING);
  size_t size;
  wf_buffer *data;
  wf_status status;
  if (type == WF_BOOL)
    status = wf_buffer_new_zero(&data, wf_bitmap_size(n_rows), err);
  else if (__builtin_mul_overflow(n_rows, wf_type_width(type), &size))
    status = wf_fail_nomem(err);
  else
    status = wf_buffer_new(&data, size, err);
  if (status != WF_OK) {
    wf_buffer_release(validity);
    return status;
  }
  return wf_column_make(out, type, n_rows, n_missing, validity, data, NULL, NULL, err);
}

/* A blank column with validity from `present`, for the from_… functions. */
static wf_status blank_from(wf_column **out, wf_type type, const uint8_t *present, size_t n,
                            wf_error *err) {
  wf_buffer *validity = NULL;
  size_t n_missing;
  WF_TRY(wf_validity_from_bytes(&validity, &n_missing, present, n, err));
  return wf_column_blank(out, type, n, validity, n_missing, err);
}

/* Copies 8-byte values, 0 for missing ones. */
static wf_status from_words(wf_column **out, wf_type type, const void *values,
                            const uint8_t *present, size_t n, wf_error *err) {
  wf_column *column = NULL;
  WF_TRY(blank_from(&column, type, present, n, err));
  uint64_t *words = wf_column_memory(column);
  if (n) memcpy(words, values, n * sizeof *words);
  for (size_t i = 0; present && i < n; i++) {
    if (!present[i]) words[i] = 0;
  }
  *out = column;
  return WF_OK;
}

wf_status wf_column_from_f64(wf_column **out, const double *values, const uint8_t *present,
                             size_t n, wf_error *err) {
  return from_words(out, WF_F64, values, present, n, err);
}

wf_status wf_column_from_i64(wf_column **out, const int64_t *values, const uint8_t *present,
                             size_t n, wf_error *err) {
  return from_words(out, WF_I64, values, present, n, err);
}

wf_status wf_column_from_bool(wf_column **out, const uint8_t *values, const uint8_t *present,
                              size_t n, wf_error *err) {
  wf_column *column = NULL;
  WF_TRY(blank_from(&column, WF_BOOL, present, n, err));
  uint8_t *bits = wf_column_memory(column);
  for (size_t i = 0; i < n; i++) {
    if (values[i] && (!present || present[i])) wf_bit_set(bits, i);
  }
  *out = column;
  return WF_OK;
}

/* Total size of the strings, which must be UTF-8. */
static wf_status measure_strings(const char *const *values, size_t n, size_t *out, wf_error *err) {
  size_t total = 0;
  if (n >= SIZE_MAX / sizeof(int64_t) - 1) return wf_fail_nomem(err);
  for (size_t i = 0; i < n; i++) {
    if (!values[i]) continue;
    wf_view text = wf_view_of(values[i]);
    size_t valid = wf_utf8_check(text);
    if (valid < text.size) {
      return wf_fail(err, WF_INVALID, "row %zu: the text is not UTF-8 from byte %zu on", i + 1,
                     valid + 1);
    }
    if (__builtin_add_overflow(total, text.size, &total)) return wf_fail_nomem(err);
  }
  *out = total;
  return WF_OK;
}

wf_status wf_column_from_strings(wf_column **out, const char *const *values, size_t n,
                                 wf_error *err) {
  size_t total = 0, n_missing = 0;
  WF_TRY(measure_strings(values, n, &total, err));
  wf_buffer *data = NULL, *offsets = NULL, *validity = NULL;
  wf_status status = wf_buffer_new(&data, total, err);
  if (status == WF_OK) status = wf_buffer_new(&offsets, (n + 1) * sizeof(int64_t), err);
  if (status == WF_OK) status = wf_buffer_new_zero(&validity, wf_bitmap_size(n), err);
  if (status != WF_OK) {
    wf_buffer_release(data);
    wf_buffer_release(offsets);
    return status;
  }
  int64_t *ends = (int64_t *)(void *)offsets->data;
  size_t used = 0;
  ends[0] = 0;
  for (size_t i = 0; i < n; i++) {
    size_t size = values[i] ? strlen(values[i]) : 0;
    if (size) memcpy(data->data + used, values[i], size);
    if (values[i])
      wf_bit_set(validity->data, i);
    else
      n_missing++;
    ends[i + 1] = (int64_t)(used += size);
  }
  return wf_column_make(out, WF_STRING, n, n_missing, validity, data, offsets, NULL, err);
}

wf_status wf_column_from_bytes(wf_column **out, const char *bytes, const int64_t *offsets, size_t n,
                               wf_error *err) {
  size_t size = (size_t)offsets[n];
  wf_buffer *data, *ends;
  WF_TRY(wf_buffer_new(&data, size, err));
  wf_status status = wf_buffer_new(&ends, (n + 1) * sizeof *offsets, err);
  if (status != WF_OK) {
    wf_buffer_release(data);
    return status;
  }
  if (size) memcpy(data->data, bytes, size);
  memcpy(ends->data, offsets, (n + 1) * sizeof *offsets);
  return wf_column_make(out, WF_STRING, n, 0, NULL, data, ends, NULL, err);
}

/* ---- sharing --------------------------------------------------------------------------------- */

wf_column *wf_column_retain(wf_column *column) {
  if (column) atomic_fetch_add_explicit(&column->refs, 1, memory_order_relaxed);
  return column;
}

void wf_column_release(wf_column *column) {
  if (!column) return;
  if (atomic_fetch_sub_explicit(&column->refs, 1, memory_order_acq_rel) != 1) return;
  wf_buffer_release(column->validity);
  wf_buffer_release(column->data);
  wf_buffer_release(column->offsets);
  wf_column_release(column->dictionary);
  wf_free(column);
}

/* ---- reading --------------------------------------------------------------------------------- */

wf_type wf_column_type(const wf_column *column) { return column->type; }
size_t wf_column_count(const wf_column *column) { return column->n_rows; }
size_t wf_column_missing_count(const wf_column *column) { return column->n_missing; }
const wf_column *wf_column_dictionary(const wf_column *column) { return column->dictionary; }

bool wf_column_is_missing(const wf_column *column, size_t row) {
  assert(row < column->n_rows);
  return !wf_column_present(column, row);
}

double wf_column_number_at(const wf_column *column, size_t row) {
  assert(row < column->n_rows && !wf_type_is_text(column->type));
  if (!wf_column_present(column, row)) return (double)NAN;
  double value;
  wf_column_load_f64(column, row, 1, &value);
  return value;
}

int64_t wf_column_integer_at(const wf_column *column, size_t row) {
  assert(row < column->n_rows && wf_type_is_integer(column->type));
  int64_t value;
  wf_column_load_i64(column, row, 1, &value);
  return value;
}

const char *wf_column_text_at(const wf_column *column, size_t row, size_t *size) {
  assert(row < column->n_rows && wf_type_is_text(column->type));
  if (!wf_column_present(column, row)) return NULL;
  wf_view text = wf_column_text(column, row);
  *size = text.size;
  return text.data;
}

int32_t wf_column_code_at(const wf_column *column, size_t row) {
  assert(row < column->n_rows && column->type == WF_CATEGORY);
  return wf_column_present(column, row) ? wf_column_i32(column)[row] : -1;
}

void wf_column_load_f64(const wf_column *column, size_t begin, size_t n, double *out) {
  switch (column->type) {
  case WF_F64: memcpy(out, wf_column_f64(column) + begin, n * sizeof *out); return;
  case WF_F32:
    for (size_t i = 0; i < n; i++) out[i] = (double)wf_column_f32(column)[begin + i];
    return;
  case WF_I64:
  case WF_TIMESTAMP:
    for (size_t i = 0; i < n; i++) out[i] = (double)wf_column_i64(column)[begin + i];
    return;
  case WF_I32:
    for (size_t i = 0; i < n; i++) out[i] = wf_column_i32(column)[begin + i];
    return;
  case WF_BOOL:
    for (size_t i = 0; i < n; i++) out[i] = wf_bit_get(column->data->data, begin + i);
    return;
  case WF_STRING:
  case WF_CATEGORY: assert(false); /* text has no number */
  }
}

void wf_column_load_i64(const wf_column *column, size_t begin, size_t n, int64_t *out) {
  switch (column->type) {
  case WF_I64:
  case WF_TIMESTAMP: memcpy(out, wf_column_i64(column) + begin, n * sizeof *out); return;
  case WF_I32:
    for (size_t i = 0; i < n; i++) out[i] = wf_column_i32(column)[begin + i];
    return;
  case WF_BOOL:
    for (size_t i = 0; i < n; i++) out[i] = wf_bit_get(column->data->data, begin + i);
    return;
  case WF_F64:
  case WF_F32:
  case WF_STRING:
  case WF_CATEGORY: assert(false); /* no integer column */
  }
}
