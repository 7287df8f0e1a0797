/* compare.c — comparisons, giving bool columns.
 *
 * Numbers are compared a block at a time, eight rows to a byte of the mask; NaN is unequal to
 * everything. Texts give a three-way result (-1, 0, 1), which the operator reads through a table.
 * Integers are compared as integers, with a double too: beyond 2^53 a comparison of doubles would
 * lie. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "frame/column.h"
#include "frame/timestamp.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 512 };

/* holds[op] has bit (order + 1) set when the comparison is true. */
static const uint8_t holds[] = {
    [WF_EQ] = 1 << 1,          [WF_NE] = 1 << 0 | 1 << 2, [WF_LT] = 1 << 0,
    [WF_LE] = 1 << 0 | 1 << 1, [WF_GT] = 1 << 2,          [WF_GE] = 1 << 1 | 1 << 2,
};

static int order_i64(int64_t a, int64_t b) { return (a > b) - (a < b); }

static int order_text(wf_view a, wf_view b) {
  size_t n = a.size < b.size ? a.size : b.size;
  int order = n ? memcmp(a.data, b.data, n) : 0;
  if (order == 0) return order_i64((int64_t)a.size, (int64_t)b.size);
  return order < 0 ? -1 : 1;
}

static void put(uint8_t *bits, size_t row, wf_compare op, int order) {
  bits[row >> 3] |= (uint8_t)((holds[op] >> (order + 1) & 1) << (row & 7));
}

/* A bit for each of n rows; spare ones of the last byte are 0. */
#define PACK(condition)                                                        \
  for (size_t i = 0; i < n; i += 8) {                                          \
    unsigned byte = 0;                                                         \
    for (size_t k = i; k < i + 8; k++) {                                       \
      byte |= (unsigned)(condition) << (k - i);                                \
    }                                                                          \
    bits[i >> 3] = (uint8_t)(n - i < 8 ? byte & ((1u << (n - i)) - 1) : byte); \
  }                                                                            \
  return

/* a and b hold a whole number of bytes' rows, also behind the n-th. */
static void pack_f64(uint8_t *bits, const double *a, wf_compare op, const double *b, size_t n) {
  switch (op) {
  case WF_EQ: PACK(a[k] == b[k]);
  case WF_NE: PACK(a[k] != b[k]);
  case WF_LT: PACK(a[k] < b[k]);
  case WF_LE: PACK(a[k] <= b[k]);
  case WF_GT: PACK(a[k] > b[k]);
  case WF_GE: PACK(a[k] >= b[k]);
  }
}

static void pack_i64(uint8_t *bits, const int64_t *a, wf_compare op, const int64_t *b, size_t n) {
  switch (op) {
  case WF_EQ: PACK(a[k] == b[k]);
  case WF_NE: PACK(a[k] != b[k]);
  case WF_LT: PACK(a[k] < b[k]);
  case WF_LE: PACK(a[k] <= b[k]);
  case WF_GT: PACK(a[k] > b[k]);
  case WF_GE: PACK(a[k] >= b[k]);
  }
}

/* Missing rows hold 0. */
static void clear_missing(wf_column *mask) {
  if (!mask->validity) return;
  size_t size = wf_bitmap_size(mask->n_rows);
  for (size_t i = 0; i < size; i++) mask->data->data[i] &= mask->validity->data[i];
}

static wf_status new_mask(wf_column **out, const wf_column *a, const wf_column *b, wf_error *err) {
  wf_buffer *validity = NULL;
  size_t n_missing;
  WF_TRY(wf_validity_both(&validity, &n_missing, a, b, err));
  return wf_column_blank(out, WF_BOOL, a->n_rows, validity, n_missing, err);
}

static wf_status finish(wf_column **out, wf_column *mask, wf_status status) {
  clear_missing(mask);
  if (status == WF_OK)
    *out = mask;
  else
    wf_column_release(mask);
  return status;
}

/* ---- with a number --------------------------------------------------------------------------- */

/* One column against another, or (NULL) against a number. */
typedef struct job {
  uint8_t *bits;
  const wf_column *a, *b;
  wf_compare op;
  double number;
  int64_t integer;
} job;

static wf_status compare_floats(void *context, size_t index, size_t begin, size_t end,
                                size_t worker, wf_error *err) {
  const job *work = context;
  double left[BLOCK] = {0}, right[BLOCK];
  (void)index, (void)worker, (void)err;
  for (size_t i = 0; i < BLOCK; i++) right[i] = work->number;
  for (size_t at = begin; at < end; at += BLOCK) {
    size_t n = end - at < BLOCK ? end - at : BLOCK;
    wf_column_load_f64(work->a, at, n, left);
    if (work->b) wf_column_load_f64(work->b, at, n, right);
    pack_f64(work->bits + at / 8, left, work->op, right, n);
  }
  return WF_OK;
}

static wf_status compare_integers(void *context, size_t index, size_t begin, size_t end,
                                  size_t worker, wf_error *err) {
  const job *work = context;
  int64_t left[BLOCK] = {0}, right[BLOCK];
  (void)index, (void)worker, (void)err;
  for (size_t i = 0; i < BLOCK; i++) right[i] = work->integer;
  for (size_t at = begin; at < end; at += BLOCK) {
    size_t n = end - at < BLOCK ? end - at : BLOCK;
    wf_column_load_i64(work->a, at, n, left);
    if (work->b) wf_column_load_i64(work->b, at, n, right);
    pack_i64(work->bits + at / 8, left, work->op, right, n);
  }
  return WF_OK;
}

/* Blocks begin at whole bytes of the mask. */
static wf_status run(job *work, bool integers, wf_error *err) {
  enum { ROWS = 1 << 16 };
  wf_block_fn *compare = integers ? compare_integers : compare_floats;
  return wf_parallel_for(work->a->n_rows, ROWS, 0, compare, work, err);
}

wf_status wf_column_compare_number(wf_column **out, const wf_column *column, wf_compare op,
                                   double value, wf_error *err) {
  if (wf_type_is_text(column->type)) {
    return wf_fail(err, WF_TYPE, "cannot compare a %s column with a number",
                   wf_type_name(column->type));
  }
  wf_column *mask = NULL;
  WF_TRY(new_mask(&mask, column, NULL, err));
  bool whole = value >= -0x1p63 && value < 0x1p63 && value == trunc(value);
  /* Doubles decide rightly about a fraction, which lies between two integers they tell apart, and
   * about what is beyond all integers once that is infinitely so. */
  if (fabs(value) >= 0x1p63 && wf_type_is_integer(column->type) && !whole) {
    value = copysign((double)INFINITY, value);
  }
  bool integers = whole && wf_type_is_integer(column->type);
  job work = {.bits = mask->data->data, .a = column, .op = op, .number = value};
  if (integers) work.integer = (int64_t)value;
  return finish(out, mask, run(&work, integers, err));
}

/* ---- with a text ----------------------------------------------------------------------------- */

/* Each string of the dictionary is compared once. */
static wf_status compare_codes(uint8_t *bits, const wf_column *column, wf_compare op, wf_view value,
                               wf_error *err) {
  size_t n_codes = column->dictionary->n_rows;
  int8_t *orders = wf_alloc(n_codes);
  if (!orders) return wf_fail_nomem(err);
  for (size_t i = 0; i < n_codes; i++) {
    orders[i] = (int8_t)order_text(wf_column_view(column->dictionary, i), value);
  }
  for (size_t i = 0; i < column->n_rows; i++) {
    if (wf_column_present(column, i)) put(bits, i, op, orders[wf_column_i32(column)[i]]);
  }
  wf_free(orders);
  return WF_OK;
}

static wf_status compare_with_text(uint8_t *bits, const wf_column *column, wf_compare op,
                                   wf_view value, wf_error *err) {
  if (column->type == WF_CATEGORY) return compare_codes(bits, column, op, value, err);
  for (size_t i = 0; i < column->n_rows; i++) {
    put(bits, i, op, order_text(wf_column_view(column, i), value));
  }
  return WF_OK;
}

wf_status wf_column_compare_text(wf_column **out, const wf_column *column, wf_compare op,
                                 const char *value, wf_error *err) {
  wf_view text = wf_view_of(value);
  int64_t instant = 0;
  bool time = column->type == WF_TIMESTAMP;
  if (time && !wf_timestamp_parse(text, &instant)) {
    return wf_fail(err, WF_TYPE, "cannot compare a timestamp column with '%s': it is no time",
                   value);
  }
  if (!time && !wf_type_is_text(column->type)) {
    return wf_fail(err, WF_TYPE, "cannot compare a %s column with text",
                   wf_type_name(column->type));
  }
  wf_column *mask = NULL;
  WF_TRY(new_mask(&mask, column, NULL, err));
  wf_status status = WF_OK;
  job work = {.bits = mask->data->data, .a = column, .op = op, .integer = instant};
  if (time)
    status = run(&work, true, err);
  else
    status = compare_with_text(mask->data->data, column, op, text, err);
  return finish(out, mask, status);
}

/* ---- two columns ----------------------------------------------------------------------------- */

static void compare_texts(uint8_t *bits, const wf_column *a, wf_compare op, const wf_column *b) {
  for (size_t i = 0; i < a->n_rows; i++) {
    if (!wf_column_present(a, i) || !wf_column_present(b, i)) continue;
    put(bits, i, op, order_text(wf_column_text(a, i), wf_column_text(b, i)));
  }
}

wf_status wf_column_compare(wf_column **out, const wf_column *a, wf_compare op, const wf_column *b,
                            wf_error *err) {
  if (a->n_rows != b->n_rows) {
    return wf_fail(err, WF_INVALID, "cannot compare columns of %zu and %zu rows", a->n_rows,
                   b->n_rows);
  }
  bool text = wf_type_is_text(a->type);
  if (text != wf_type_is_text(b->type)) {
    return wf_fail(err, WF_TYPE, "cannot compare a %s column with a %s column",
                   wf_type_name(a->type), wf_type_name(b->type));
  }
  wf_column *mask = NULL;
  WF_TRY(new_mask(&mask, a, b, err));
  job work = {.bits = mask->data->data, .a = a, .b = b, .op = op};
  wf_status status = WF_OK;
  if (text)
    compare_texts(mask->data->data, a, op, b);
  else
    status = run(&work, wf_type_is_integer(a->type) && wf_type_is_integer(b->type), err);
  return finish(out, mask, status);
}
