/* array.c — checking and converting foreign arrays.
 *
 * A column's own invariants (column.c of frame/) are stronger than Arrow's: values of missing rows
 * are zero, missing text is empty, dictionaries are distinct. Bytes that already satisfy them are
 * used where they lie; others are copied. Which of the two happens never shows in the values. */
#include "arrow/array.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/number.h"
#include "frame/builder.h"
#include "frame/utf8.h"

#include <stdio.h>
#include <string.h>

wf_arrow_owner *wf_arrow_owner_retain(wf_arrow_owner *owner) {
  atomic_fetch_add_explicit(&owner->refs, 1, memory_order_relaxed);
  return owner;
}

void wf_arrow_owner_release(wf_arrow_owner *owner) {
  if (owner && atomic_fetch_sub_explicit(&owner->refs, 1, memory_order_acq_rel) == 1) {
    owner->dispose(owner);
  }
}

size_t wf_arrow_kind_width(wf_arrow_kind kind) {
  switch (kind) {
  case WF_ARROW_I8:
  case WF_ARROW_U8: return 1;
  case WF_ARROW_I16:
  case WF_ARROW_U16:
  case WF_ARROW_F16: return 2;
  case WF_ARROW_I32:
  case WF_ARROW_U32:
  case WF_ARROW_F32:
  case WF_ARROW_DATE32: return 4;
  case WF_ARROW_I64:
  case WF_ARROW_U64:
  case WF_ARROW_F64:
  case WF_ARROW_TIMESTAMP: return 8;
  case WF_ARROW_DECIMAL128: return 16;
  case WF_ARROW_NULL:
  case WF_ARROW_BOOL:
  case WF_ARROW_UTF8:
  case WF_ARROW_LARGE_UTF8:
  case WF_ARROW_UTF8_VIEW: return 0;
  }
  return 0;
}

static wf_status require(const wf_arrow_bytes *bytes, size_t rows, size_t width, const char *name,
                         wf_error *err) {
  size_t needed;
  if (__builtin_mul_overflow(rows, width, &needed) || needed > bytes->size ||
      (needed && !bytes->data)) {
    return wf_fail(err, WF_CORRUPT, "column '%s': a buffer of %zu bytes is too small for %zu rows",
                   name, bytes->size, rows);
  }
  return WF_OK;
}

/* ---- borrowing ----------------------------------------------------------------------------------
 */

static void give_back(wf_buffer *buffer) { wf_arrow_owner_release(buffer->owner); }

static wf_status borrow(wf_buffer **out, const wf_arrow_array *array, const uint8_t *data,
                        size_t size, wf_error *err) {
  wf_buffer *buffer = wf_alloc(sizeof *buffer);
  if (!buffer) return wf_fail_nomem(err);
  /* Columns are never written after they are made, so dropping const is safe. */
  *buffer = (wf_buffer){.refs = 1,
                        .size = size,
                        .data = (uint8_t *)(uintptr_t)data,
                        .dispose = give_back,
                        .owner = wf_arrow_owner_retain(array->owner)};
  *out = buffer;
  return WF_OK;
}

/* ---- validity -----------------------------------------------------------------------------------
 */

static bool present(const wf_arrow_array *array, size_t row) {
  return !array->has_validity || wf_bit_get(array->validity.data, array->offset + row);
}

/* A bitmap of our own that starts at row 0; NULL and n_missing 0 when all are present. */
static wf_status copy_validity(wf_buffer **out, size_t *n_missing, const wf_arrow_array *array,
                               const char *name, wf_error *err) {
  *out = NULL;
  *n_missing = 0;
  if (!array->has_validity || array->n_rows == 0) return WF_OK;
  WF_TRY(require(&array->validity, wf_bitmap_size(array->offset + array->n_rows), 1, name, err));
  wf_buffer *bits;
  WF_TRY(wf_buffer_new_zero(&bits, wf_bitmap_size(array->n_rows), err));
  size_t missing = 0;
  for (size_t i = 0; i < array->n_rows; i++) {
    if (wf_bit_get(array->validity.data, array->offset + i))
      wf_bit_set(bits->data, i);
    else
      missing++;
  }
  if (missing == 0) {
    wf_buffer_release(bits);
    return WF_OK;
  }
  *out = bits;
  *n_missing = missing;
  return WF_OK;
}

/* ---- numbers ------------------------------------------------------------------------------------
 */

static bool missing_are_zero(const wf_arrow_array *array, const uint8_t *values, size_t width) {
  static const uint8_t zeros[8];
  if (!array->has_validity) return true;
  for (size_t i = 0; i < array->n_rows; i++) {
    if (!present(array, i) && memcmp(values + i * width, zeros, width) != 0) return false;
  }
  return true;
}

/* The values as they are: borrowed when aligned and zero where missing, else copied. */
static wf_status plain_values(wf_buffer **out, const wf_arrow_array *array, size_t width,
                              wf_error *err) {
  size_t size = array->n_rows * width;
  if (size == 0) return wf_buffer_new(out, 0, err); /* there may be no bytes to point at */
  const uint8_t *values = array->values.data + array->offset * width;
  if ((uintptr_t)values % width == 0 && missing_are_zero(array, values, width)) {
    return borrow(out, array, values, size, err);
  }
  wf_buffer *copy;
  WF_TRY(wf_buffer_new(&copy, size, err));
  memcpy(copy->data, values, size);
  for (size_t i = 0; i < array->n_rows; i++) {
    if (!present(array, i)) memset(copy->data + i * width, 0, width);
  }
  *out = copy;
  return WF_OK;
}

static int64_t integer_at(const wf_arrow_array *array, size_t row) {
  const uint8_t *p = array->values.data + (array->offset + row) * wf_arrow_kind_width(array->kind);
  switch (array->kind) {
  case WF_ARROW_I8: return (int8_t)*p;
  case WF_ARROW_U8: return *p;
  case WF_ARROW_I16: {
    int16_t v;
    memcpy(&v, p, 2);
    return v;
  }
  case WF_ARROW_U16: {
    uint16_t v;
    memcpy(&v, p, 2);
    return v;
  }
  case WF_ARROW_I32:
  case WF_ARROW_DATE32: {
    int32_t v;
    memcpy(&v, p, 4);
    return v;
  }
  case WF_ARROW_U32: {
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
  }
  default: {
    int64_t v;
    memcpy(&v, p, 8);
    return v;
  }
  }
}

static wf_status integers32(wf_buffer **out, const wf_arrow_array *array, wf_error *err) {
  wf_buffer *buffer;
  WF_TRY(wf_buffer_new_zero(&buffer, array->n_rows * 4, err));
  int32_t *values = (int32_t *)(void *)buffer->data;
  for (size_t i = 0; i < array->n_rows; i++) {
    if (present(array, i)) values[i] = (int32_t)integer_at(array, i);
  }
  *out = buffer;
  return WF_OK;
}

static wf_status integers64(wf_buffer **out, const wf_arrow_array *array, const char *name,
                            wf_error *err) {
  wf_buffer *buffer;
  WF_TRY(wf_buffer_new_zero(&buffer, array->n_rows * 8, err));
  int64_t *values = (int64_t *)(void *)buffer->data;
  for (size_t i = 0; i < array->n_rows; i++) {
    if (!present(array, i)) continue;
    values[i] = integer_at(array, i);
    if (array->kind == WF_ARROW_U64 && values[i] < 0) {
      wf_buffer_release(buffer);
      return wf_fail(err, WF_TYPE, "column '%s', row %zu: larger than an i64", name, i + 1);
    }
  }
  *out = buffer;
  return WF_OK;
}

/* A half-precision float as a float: exact. */
static float widen_half(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 0x1f,
           rest = half & 0x3ff;
  float value;
  if (exponent == 0) { /* zeros and what is too small for an exponent */
    value = (float)rest * 0x1p-24f;
    return sign ? -value : value;
  }
  uint32_t bits = sign | (exponent == 0x1f ? 0xffu : exponent + 112) << 23 | rest << 13;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static wf_status halves(wf_buffer **out, const wf_arrow_array *array, wf_error *err) {
  wf_buffer *buffer;
  WF_TRY(wf_buffer_new_zero(&buffer, array->n_rows * 4, err));
  float *values = (float *)(void *)buffer->data;
  for (size_t i = 0; i < array->n_rows; i++) {
    uint16_t half;
    memcpy(&half, array->values.data + (array->offset + i) * 2, 2);
    if (present(array, i)) values[i] = widen_half(half);
  }
  *out = buffer;
  return WF_OK;
}

/* The nearest double of value 10^-scale, by way of its text. */
static double nearest_decimal(__int128 value, int scale) {
  char text[64], *end = text + sizeof text - 16, *at = end;
  unsigned __int128 left = value < 0 ? 0 - (unsigned __int128)value : (unsigned __int128)value;
  do {
    *--at = (char)('0' + (int)(left % 10));
    left /= 10;
  } while (left);
  if (value < 0) *--at = '-';
  int n = snprintf(end, 16, "e%d", -scale);
  double number = 0;
  wf_parse_f64((wf_view){at, (size_t)(end - at) + (size_t)n}, false, &number);
  return number;
}

static wf_status decimals(wf_buffer **out, const wf_arrow_array *array, wf_error *err) {
  wf_buffer *buffer;
  WF_TRY(wf_buffer_new_zero(&buffer, array->n_rows * 8, err));
  double *values = (double *)(void *)buffer->data;
  for (size_t i = 0; i < array->n_rows; i++) {
    __int128 value;
    memcpy(&value, array->values.data + (array->offset + i) * 16, 16);
    if (present(array, i)) values[i] = nearest_decimal(value, array->scale);
  }
  *out = buffer;
  return WF_OK;
}

/* Days or ticks to microseconds; finer ticks round towards the past. */
static wf_status timestamps(wf_buffer **out, const wf_arrow_array *array, const char *name,
                            wf_error *err) {
  wf_buffer *buffer;
  WF_TRY(wf_buffer_new_zero(&buffer, array->n_rows * 8, err));
  int64_t *values = (int64_t *)(void *)buffer->data;
  int64_t multiply = array->kind == WF_ARROW_DATE32       ? 86400000000
                     : array->ticks_per_second <= 1000000 ? 1000000 / array->ticks_per_second
                                                          : 1;
  int64_t divide = array->kind != WF_ARROW_DATE32 && array->ticks_per_second > 1000000
                       ? array->ticks_per_second / 1000000
                       : 1;
  for (size_t i = 0; i < array->n_rows; i++) {
    if (!present(array, i)) continue;
    int64_t ticks = integer_at(array, i);
    if (__builtin_mul_overflow(ticks, multiply, &values[i])) {
      wf_buffer_release(buffer);
      return wf_fail(err, WF_TYPE, "column '%s', row %zu: time out of range", name, i + 1);
    }
    values[i] = values[i] / divide - (values[i] % divide < 0);
  }
  *out = buffer;
  return WF_OK;
}

static wf_status bits(wf_buffer **out, const wf_arrow_array *array, wf_error *err) {
  wf_buffer *buffer;
  WF_TRY(wf_buffer_new_zero(&buffer, wf_bitmap_size(array->n_rows), err));
  for (size_t i = 0; i < array->n_rows; i++) {
    if (present(array, i) && wf_bit_get(array->values.data, array->offset + i)) {
      wf_bit_set(buffer->data, i);
    }
  }
  *out = buffer;
  return WF_OK;
}

/* The type a plain array becomes and its values. */
static wf_status number_values(wf_buffer **out, wf_type *type, const wf_arrow_array *array,
                               const char *name, wf_error *err) {
  switch (array->kind) {
  case WF_ARROW_NULL: /* no values at all: a number column without any */
    *type = WF_F64;
    return wf_buffer_new_zero(out, array->n_rows * 8, err);
  case WF_ARROW_BOOL: *type = WF_BOOL; return bits(out, array, err);
  case WF_ARROW_F64: *type = WF_F64; return plain_values(out, array, 8, err);
  case WF_ARROW_F32: *type = WF_F32; return plain_values(out, array, 4, err);
  case WF_ARROW_F16: *type = WF_F32; return halves(out, array, err);
  case WF_ARROW_DECIMAL128: *type = WF_F64; return decimals(out, array, err);
  case WF_ARROW_I64: *type = WF_I64; return plain_values(out, array, 8, err);
  case WF_ARROW_I32: *type = WF_I32; return plain_values(out, array, 4, err);
  case WF_ARROW_U32:
  case WF_ARROW_U64: *type = WF_I64; return integers64(out, array, name, err);
  case WF_ARROW_DATE32: *type = WF_TIMESTAMP; return timestamps(out, array, name, err);
  case WF_ARROW_TIMESTAMP:
    *type = WF_TIMESTAMP;
    return array->ticks_per_second == 1000000 ? plain_values(out, array, 8, err)
                                              : timestamps(out, array, name, err);
  default: *type = WF_I32; return integers32(out, array, err);
  }
}

static wf_status number_column(wf_column **out, const wf_arrow_array *array, wf_buffer *validity,
                               size_t n_missing, const char *name, wf_error *err) {
  size_t rows = array->offset + array->n_rows;
  wf_status status =
      array->kind == WF_ARROW_BOOL
          ? require(&array->values, wf_bitmap_size(rows), 1, name, err)
          : require(&array->values, rows, wf_arrow_kind_width(array->kind), name, err);
  wf_buffer *values;
  wf_type type;
  if (status == WF_OK) status = number_values(&values, &type, array, name, err);
  if (status != WF_OK) {
    wf_buffer_release(validity);
    return status;
  }
  return wf_column_make(out, type, array->n_rows, n_missing, validity, values, NULL, NULL, err);
}

/* An array of nothing: every row missing. */
static wf_status null_column(wf_column **out, const wf_arrow_array *array, const char *name,
                             wf_error *err) {
  wf_buffer *none;
  WF_TRY(wf_buffer_new_zero(&none, wf_bitmap_size(array->n_rows), err));
  return number_column(out, array, none, array->n_rows, name, err);
}

/* ---- text ---------------------------------------------------------------------------------------
 */

static int64_t offset_at(const wf_arrow_array *array, size_t index) {
  const uint8_t *p =
      array->offsets.data + (array->offset + index) * (array->kind == WF_ARROW_UTF8 ? 4 : 8);
  if (array->kind == WF_ARROW_UTF8) {
    int32_t v;
    memcpy(&v, p, 4);
    return v;
  }
  int64_t v;
  memcpy(&v, p, 8);
  return v;
}

/* Offsets ascend within the bytes, present text is valid UTF-8; `usable` when the layout is ours.
 */
static wf_status check_text(const wf_arrow_array *array, const char *name, bool *usable,
                            wf_error *err) {
  *usable = array->kind == WF_ARROW_LARGE_UTF8 && (uintptr_t)array->offsets.data % 8 == 0 &&
            offset_at(array, 0) == 0;
  int64_t before = offset_at(array, 0);
  if (before < 0) return wf_fail(err, WF_CORRUPT, "column '%s': negative offset", name);
  for (size_t i = 0; i < array->n_rows; i++) {
    int64_t after = offset_at(array, i + 1);
    if (after < before || (uint64_t)after > array->values.size) {
      return wf_fail(err, WF_CORRUPT, "column '%s', row %zu: offset out of bounds", name, i + 1);
    }
    wf_view text = {(const char *)array->values.data + before, (size_t)(after - before)};
    if (!present(array, i)) {
      if (text.size) *usable = false;
    } else if (text.size && !wf_utf8_valid(text)) {
      return wf_fail(err, WF_CORRUPT, "column '%s', row %zu: not UTF-8", name, i + 1);
    }
    before = after;
  }
  return WF_OK;
}

static wf_status borrow_text(wf_column **out, const wf_arrow_array *array, wf_buffer *validity,
                             size_t n_missing, wf_error *err) {
  wf_buffer *offsets = NULL, *values = NULL;
  wf_status status = borrow(&offsets, array, array->offsets.data + 8 * array->offset,
                            8 * (array->n_rows + 1), err);
  if (status == WF_OK) {
    size_t size = (size_t)offset_at(array, array->n_rows);
    status = borrow(&values, array, array->values.data, size, err);
    if (status != WF_OK) wf_buffer_release(offsets);
  }
  if (status != WF_OK) {
    wf_buffer_release(validity);
    return status;
  }
  return wf_column_make(out, WF_STRING, array->n_rows, n_missing, validity, values, offsets, NULL,
                        err);
}

static wf_status copy_text(wf_column **out, const wf_arrow_array *array, wf_error *err) {
  wf_builder *builder;
  WF_TRY(wf_builder_new(&builder, WF_STRING, err));
  wf_status status = WF_OK;
  for (size_t i = 0; i < array->n_rows && status == WF_OK; i++) {
    int64_t begin = offset_at(array, i), end = offset_at(array, i + 1);
    wf_view text = {(const char *)array->values.data + begin, (size_t)(end - begin)};
    status = present(array, i) ? wf_builder_add_text(builder, text, err)
                               : wf_builder_add_missing(builder, err);
  }
  if (status == WF_OK) return wf_builder_finish(builder, out, err);
  wf_builder_free(builder);
  return status;
}

static wf_status text_column(wf_column **out, const wf_arrow_array *array, wf_buffer *validity,
                             size_t n_missing, const char *name, wf_error *err) {
  size_t width = array->kind == WF_ARROW_UTF8 ? 4 : 8;
  bool usable = false;
  wf_status status = WF_OK;
  bool empty = array->n_rows == 0; /* the offsets of an empty array may be missing altogether */
  if (!empty) {
    status = require(&array->offsets, array->offset + array->n_rows + 1, width, name, err);
    if (status == WF_OK) status = check_text(array, name, &usable, err);
  }
  if (status == WF_OK && usable) return borrow_text(out, array, validity, n_missing, err);
  wf_buffer_release(validity);
  return status == WF_OK ? copy_text(out, array, err) : status;
}

/* A view is 16 bytes: a length and, up to 12 bytes of text, the text itself; else its first 4
 * bytes, the number of a chunk and an offset into it. */
static wf_status view_at(wf_view *out, const wf_arrow_array *array, size_t row, const char *name,
                         wf_error *err) {
  enum { VIEW_SIZE = 16, INLINE = 12 };
  const uint8_t *p = array->values.data + (array->offset + row) * VIEW_SIZE;
  int32_t parts[4];
  memcpy(parts, p, sizeof parts);
  int64_t size = parts[0], chunk = parts[2], offset = parts[3];
  *out = (wf_view){(const char *)p + 4, (size_t)size};
  if (size > INLINE) {
    if (chunk < 0 || (uint64_t)chunk >= array->n_chunks || offset < 0 ||
        (uint64_t)(offset + size) > array->chunks[chunk].size) {
      return wf_fail(err, WF_CORRUPT, "column '%s', row %zu: view out of bounds", name, row + 1);
    }
    out->data = (const char *)array->chunks[chunk].data + offset;
  }
  if (size < 0 || !wf_utf8_valid(*out)) {
    return wf_fail(err, WF_CORRUPT, "column '%s', row %zu: not UTF-8", name, row + 1);
  }
  return WF_OK;
}

static wf_status view_column(wf_column **out, const wf_arrow_array *array, const char *name,
                             wf_error *err) {
  WF_TRY(require(&array->values, array->offset + array->n_rows, 16, name, err));
  wf_builder *builder;
  WF_TRY(wf_builder_new(&builder, WF_STRING, err));
  wf_status status = WF_OK;
  for (size_t i = 0; i < array->n_rows && status == WF_OK; i++) {
    wf_view text;
    if (!present(array, i))
      status = wf_builder_add_missing(builder, err);
    else if ((status = view_at(&text, array, i, name, err)) == WF_OK) {
      status = wf_builder_add_text(builder, text, err);
    }
  }
  if (status == WF_OK) return wf_builder_finish(builder, out, err);
  wf_builder_free(builder);
  return status;
}

/* ---- dictionaries -------------------------------------------------------------------------------
 */

static wf_status check_codes(const wf_arrow_array *array, const char *name, wf_error *err) {
  size_t n = wf_column_count(array->dictionary);
  for (size_t i = 0; i < array->n_rows; i++) {
    int64_t code = present(array, i) ? integer_at(array, i) : 0;
    if (present(array, i) && (code < 0 || (uint64_t)code >= n)) {
      return wf_fail(err, WF_CORRUPT,
                     "column '%s', row %zu: code %lld is not in its dictionary of %zu", name, i + 1,
                     (long long)code, n);
    }
  }
  return WF_OK;
}

static wf_status is_distinct(bool *out, const wf_column *dictionary, wf_error *err) {
  wf_map *seen;
  WF_TRY(wf_map_new(&seen, err));
  wf_status status = WF_OK;
  bool added = dictionary->n_missing == 0;
  for (size_t i = 0; added && i < dictionary->n_rows && status == WF_OK; i++) {
    size_t index;
    status = wf_map_add(seen, wf_column_view(dictionary, i), &index, &added, err);
  }
  wf_map_free(seen);
  if (status == WF_OK) *out = added;
  return status;
}

/* A dictionary with repeats or missing values is encoded anew. */
static wf_status encode_again(wf_column **out, const wf_arrow_array *array, wf_error *err) {
  wf_builder *builder;
  WF_TRY(wf_builder_new(&builder, WF_CATEGORY, err));
  wf_status status = WF_OK;
  for (size_t i = 0; i < array->n_rows && status == WF_OK; i++) {
    size_t code = present(array, i) ? (size_t)integer_at(array, i) : 0;
    bool has = present(array, i) && wf_column_present(array->dictionary, code);
    status = has ? wf_builder_add_text(builder, wf_column_view(array->dictionary, code), err)
                 : wf_builder_add_missing(builder, err);
  }
  if (status == WF_OK) return wf_builder_finish(builder, out, err);
  wf_builder_free(builder);
  return status;
}

static wf_status category_column(wf_column **out, const wf_arrow_array *array, wf_buffer *validity,
                                 size_t n_missing, const char *name, wf_error *err) {
  bool distinct = false;
  wf_buffer *codes = NULL;
  wf_status status = require(&array->values, array->offset + array->n_rows,
                             wf_arrow_kind_width(array->kind), name, err);
  if (status == WF_OK) status = check_codes(array, name, err);
  if (status == WF_OK) status = is_distinct(&distinct, array->dictionary, err);
  if (status == WF_OK && distinct) {
    status = array->kind == WF_ARROW_I32 ? plain_values(&codes, array, 4, err)
                                         : integers32(&codes, array, err);
  }
  if (status != WF_OK || !distinct) {
    wf_buffer_release(validity);
    return status == WF_OK ? encode_again(out, array, err) : status;
  }
  return wf_column_make(out, WF_CATEGORY, array->n_rows, n_missing, validity, codes, NULL,
                        wf_column_retain(array->dictionary), err);
}

/* ---- all ----------------------------------------------------------------------------------------
 */

wf_status wf_arrow_to_column(wf_column **out, const wf_arrow_array *array, const char *name,
                             wf_error *err) {
  size_t end;
  if (__builtin_add_overflow(array->n_rows, array->offset, &end) || end > SIZE_MAX / 16) {
    return wf_fail(err, WF_CORRUPT, "column '%s': impossible length", name);
  }
  if (array->kind == WF_ARROW_NULL && !array->dictionary) return null_column(out, array, name, err);
  wf_buffer *validity;
  size_t n_missing;
  WF_TRY(copy_validity(&validity, &n_missing, array, name, err));
  if (array->dictionary) return category_column(out, array, validity, n_missing, name, err);
  if (array->kind == WF_ARROW_UTF8_VIEW) {
    wf_buffer_release(validity);
    return view_column(out, array, name, err);
  }
  if (wf_arrow_kind_is_text(array->kind)) {
    return text_column(out, array, validity, n_missing, name, err);
  }
  return number_column(out, array, validity, n_missing, name, err);
}
