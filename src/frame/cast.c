/* cast.c — columns as other types.
 *
 * Between numbers a cast either keeps the value or fails, with two exceptions where the nearest
 * representable number is what everybody expects: integers beyond 2^53 to f64, and anything to f32
 * (which still fails when a finite value would become infinite). Text becomes a number by the rules
 * of wf_parse_f64 and wf_parse_i64, a bool from true, false, 1 and 0. */
#include "frame/column.h"

#include "base/alloc.h"
#include "base/number.h"
#include "frame/builder.h"
#include "frame/timestamp.h"
#include "frame/value.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { BLOCK = 512 };

/* ---- one value ------------------------------------------------------------------------------- */

wf_view wf_value_text(const wf_column *column, size_t row, char scratch[WF_VALUE_TEXT]) {
  size_t size = 0;
  switch (column->type) {
  case WF_F64: size = wf_format_f64(scratch, wf_column_f64(column)[row]); break;
  case WF_F32: size = wf_format_f32(scratch, wf_column_f32(column)[row]); break;
  case WF_I64: size = wf_format_i64(scratch, wf_column_i64(column)[row]); break;
  case WF_I32: size = wf_format_i64(scratch, wf_column_i32(column)[row]); break;
  case WF_TIMESTAMP: size = wf_timestamp_format(scratch, wf_column_i64(column)[row]); break;
  case WF_BOOL: return wf_bit_get(column->data->data, row) ? WF_VIEW("true") : WF_VIEW("false");
  case WF_STRING:
  case WF_CATEGORY: return wf_column_text(column, row);
  }
  return (wf_view){scratch, size};
}

bool wf_value_parse_bool(wf_view text, bool digits, bool *out) {
  if (text.size == 4 && strncasecmp(text.data, "true", 4) == 0) return *out = true, true;
  if (text.size == 5 && strncasecmp(text.data, "false", 5) == 0) return *out = false, true;
  if (!digits || text.size != 1 || (*text.data != '0' && *text.data != '1')) return false;
  *out = *text.data == '1';
  return true;
}

/* The end of the last whole character within `size` bytes. */
static size_t cut_text(wf_view text, size_t size) {
  if (text.size <= size) return text.size;
  while (size > 0 && ((unsigned char)text.data[size] & 0xc0) == 0x80) size--;
  return size;
}

void wf_value_complain(char out[WF_VALUE_COMPLAINT], wf_view text, wf_type type) {
  static const char *const wanted[] = {
      [WF_F64] = "a number",         [WF_F32] = "a number within the range of f32",
      [WF_I64] = "a 64-bit integer", [WF_I32] = "a 32-bit integer",
      [WF_BOOL] = "true or false",   [WF_STRING] = "text",
      [WF_CATEGORY] = "text",        [WF_TIMESTAMP] = "a time such as 2026-11-22T21:20:44Z",
  };
  size_t shown = cut_text(text, 60);
  snprintf(out, WF_VALUE_COMPLAINT, "'%.*s'%s is not %s", (int)shown, text.data,
           shown < text.size ? "…" : "", wanted[type]);
}

static wf_status fail_value(wf_error *err, const wf_column *column, size_t row, wf_type type) {
  char scratch[WF_VALUE_TEXT], complaint[WF_VALUE_COMPLAINT];
  wf_value_complain(complaint, wf_value_text(column, row, scratch), type);
  return wf_fail(err, WF_TYPE, "row %zu: %s", row + 1, complaint);
}

/* ---- storing ----------------------------------------------------------------------------------
 */

/* Stores values of rows [begin, begin + n); the index of the first that does not fit, or n. */
static size_t store_i64(wf_column *to, size_t begin, size_t n, const int64_t *values) {
  for (size_t i = 0; i < n; i++) {
    int64_t value = values[i];
    if (to->type == WF_BOOL) {
      if (value != 0 && value != 1) return i;
      if (value) wf_bit_set(to->data->data, begin + i);
    } else if (to->type == WF_I32) {
      if (value != (int32_t)value) return i;
      ((int32_t *)wf_column_memory(to))[begin + i] = (int32_t)value;
    } else {
      ((int64_t *)wf_column_memory(to))[begin + i] = value;
    }
  }
  return n;
}

static size_t store_f64(wf_column *to, size_t begin, size_t n, const double *values) {
  if (to->type == WF_F64) {
    memcpy((double *)wf_column_memory(to) + begin, values, n * sizeof *values);
    return n;
  }
  for (size_t i = 0; i < n; i++) {
    float narrow = (float)values[i];
    if (isinf(narrow) && !isinf(values[i])) return i;
    ((float *)wf_column_memory(to))[begin + i] = narrow;
  }
  return n;
}

/* Doubles as the integers they are; the index of the first that is none, or n. */
static size_t integers_of(const double *values, size_t n, int64_t *out) {
  for (size_t i = 0; i < n; i++) {
    double value = values[i];
    if (!(value >= -0x1p63 && value < 0x1p63) || value != trunc(value)) return i;
    out[i] = (int64_t)value;
  }
  return n;
}

/* ---- number to number -------------------------------------------------------------------------
 */

/* The first row of the block that cannot be cast, or n. */
static size_t cast_block(wf_column *to, const wf_column *from, size_t begin, size_t n) {
  double values[BLOCK];
  int64_t integers[BLOCK];
  if (to->type == WF_F64 || to->type == WF_F32) {
    wf_column_load_f64(from, begin, n, values);
    return store_f64(to, begin, n, values);
  }
  size_t good = n;
  if (wf_type_is_integer(from->type)) {
    wf_column_load_i64(from, begin, n, integers);
  } else {
    wf_column_load_f64(from, begin, n, values);
    good = integers_of(values, n, integers);
  }
  size_t stored = store_i64(to, begin, good, integers);
  return stored < good ? stored : good;
}

static wf_status cast_numbers(wf_column *to, const wf_column *from, wf_error *err) {
  for (size_t begin = 0; begin < from->n_rows; begin += BLOCK) {
    size_t n = from->n_rows - begin < BLOCK ? from->n_rows - begin : BLOCK;
    size_t good = cast_block(to, from, begin, n);
    if (good < n) return fail_value(err, from, begin + good, to->type);
  }
  return WF_OK;
}

/* ---- text to number ---------------------------------------------------------------------------
 */

static bool parse_value(wf_column *to, size_t row, wf_view text) {
  double number;
  int64_t integer;
  bool truth;
  switch (to->type) {
  case WF_F64:
  case WF_F32: return wf_parse_f64(text, true, &number) && store_f64(to, row, 1, &number) == 1;
  case WF_I64:
  case WF_I32: return wf_parse_i64(text, &integer) && store_i64(to, row, 1, &integer) == 1;
  case WF_TIMESTAMP: return wf_timestamp_parse(text, &integer) && store_i64(to, row, 1, &integer);
  case WF_BOOL:
    if (!wf_value_parse_bool(text, true, &truth)) return false;
    if (truth) wf_bit_set(to->data->data, row);
    return true;
  case WF_STRING:
  case WF_CATEGORY: break;
  }
  return false;
}

static wf_status cast_text(wf_column *to, const wf_column *from, wf_error *err) {
  size_t width = wf_type_width(to->type);
  for (size_t row = 0; row < from->n_rows; row++) {
    if (!wf_column_present(from, row))
      memset(to->data->data + row * width, 0, width);
    else if (!parse_value(to, row, wf_column_text(from, row)))
      return fail_value(err, from, row, to->type);
  }
  return WF_OK;
}

static wf_status cast_to_number(wf_column **out, const wf_column *column, wf_type type,
                                wf_error *err) {
  wf_column *to;
  WF_TRY(wf_column_blank(&to, type, column->n_rows, wf_buffer_retain(column->validity),
                         column->n_missing, err));
  wf_status status =
      wf_type_is_text(column->type) ? cast_text(to, column, err) : cast_numbers(to, column, err);
  if (status == WF_OK)
    *out = to;
  else
    wf_column_release(to);
  return status;
}

/* ---- to text ----------------------------------------------------------------------------------
 */

static wf_status cast_to_text(wf_column **out, const wf_column *column, wf_type type,
                              wf_error *err) {
  wf_builder *builder;
  WF_TRY(wf_builder_new(&builder, type, err));
  wf_status status = WF_OK;
  for (size_t row = 0; status == WF_OK && row < column->n_rows; row++) {
    char scratch[WF_VALUE_TEXT];
    if (!wf_column_present(column, row))
      status = wf_builder_add_missing(builder, err);
    else
      status = wf_builder_add_text(builder, wf_value_text(column, row, scratch), err);
  }
  if (status == WF_OK) return wf_builder_finish(builder, out, err);
  wf_builder_free(builder);
  return status;
}

wf_status wf_column_cast(wf_column **out, const wf_column *column, wf_type type, wf_error *err) {
  if (type == column->type) {
    *out = wf_column_retain((wf_column *)column);
    return WF_OK;
  }
  if (wf_type_is_text(type)) return cast_to_text(out, column, type, err);
  return cast_to_number(out, column, type, err);
}
