/* compare.c — comparisons, giving bool columns.
 *
 * A kernel turns a block of values into a three-way result per row (-1, 0, 1, or 2 for what NaN
 * compares as: unequal to everything), which the operator then reads through a table. Integers are
 * compared as integers, with a double too: beyond 2^53 a comparison of doubles would lie. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "frame/column.h"
#include "frame/timestamp.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 512, UNORDERED = 2 };

/* holds[op] has bit (order + 1) set when the comparison is true. */
static const uint8_t holds[] = {
    [WF_EQ] = 1 << 1, [WF_NE] = 1 << 0 | 1 << 2 | 1 << 3,
    [WF_LT] = 1 << 0, [WF_LE] = 1 << 0 | 1 << 1,
    [WF_GT] = 1 << 2, [WF_GE] = 1 << 1 | 1 << 2,
};

static int order_f64(double a, double b) { return a < b ? -1 : a > b ? 1 : a == b ? 0 : UNORDERED; }

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

/* ---- with a number --------------------------------------------------------------------------- */

static size_t block_size(const wf_column *column, size_t begin) {
  return column->n_rows - begin < BLOCK ? column->n_rows - begin : BLOCK;
}

static void compare_floats(uint8_t *bits, const wf_column *column, wf_compare op, double value) {
  double values[BLOCK];
  for (size_t begin = 0; begin < column->n_rows; begin += BLOCK) {
    size_t n = block_size(column, begin);
    wf_column_load_f64(column, begin, n, values);
    for (size_t i = 0; i < n; i++) put(bits, begin + i, op, order_f64(values[i], value));
  }
}

static void compare_integers(uint8_t *bits, const wf_column *column, wf_compare op, int64_t value) {
  int64_t values[BLOCK];
  for (size_t begin = 0; begin < column->n_rows; begin += BLOCK) {
    size_t n = block_size(column, begin);
    wf_column_load_i64(column, begin, n, values);
    for (size_t i = 0; i < n; i++) put(bits, begin + i, op, order_i64(values[i], value));
  }
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
  if (whole && wf_type_is_integer(column->type))
    compare_integers(mask->data->data, column, op, (int64_t)value);
  else
    compare_floats(mask->data->data, column, op, value);
  clear_missing(mask);
  *out = mask;
  return WF_OK;
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
  if (time)
    compare_integers(mask->data->data, column, op, instant);
  else
    status = compare_with_text(mask->data->data, column, op, text, err);
  clear_missing(mask);
  if (status == WF_OK)
    *out = mask;
  else
    wf_column_release(mask);
  return status;
}

/* ---- two columns ----------------------------------------------------------------------------- */

static void compare_texts(uint8_t *bits, const wf_column *a, wf_compare op, const wf_column *b) {
  for (size_t i = 0; i < a->n_rows; i++) {
    if (!wf_column_present(a, i) || !wf_column_present(b, i)) continue;
    put(bits, i, op, order_text(wf_column_text(a, i), wf_column_text(b, i)));
  }
}

static void compare_integer_columns(uint8_t *bits, const wf_column *a, wf_compare op,
                                    const wf_column *b) {
  int64_t left[BLOCK], right[BLOCK];
  for (size_t begin = 0; begin < a->n_rows; begin += BLOCK) {
    size_t n = block_size(a, begin);
    wf_column_load_i64(a, begin, n, left);
    wf_column_load_i64(b, begin, n, right);
    for (size_t i = 0; i < n; i++) put(bits, begin + i, op, order_i64(left[i], right[i]));
  }
}

static void compare_float_columns(uint8_t *bits, const wf_column *a, wf_compare op,
                                  const wf_column *b) {
  double left[BLOCK], right[BLOCK];
  for (size_t begin = 0; begin < a->n_rows; begin += BLOCK) {
    size_t n = block_size(a, begin);
    wf_column_load_f64(a, begin, n, left);
    wf_column_load_f64(b, begin, n, right);
    for (size_t i = 0; i < n; i++) put(bits, begin + i, op, order_f64(left[i], right[i]));
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
  uint8_t *bits = mask->data->data;
  if (text)
    compare_texts(bits, a, op, b);
  else if (wf_type_is_integer(a->type) && wf_type_is_integer(b->type))
    compare_integer_columns(bits, a, op, b);
  else
    compare_float_columns(bits, a, op, b);
  clear_missing(mask);
  *out = mask;
  return WF_OK;
}
