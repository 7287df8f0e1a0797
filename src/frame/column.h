/* frame/column.h — the memory behind a column, for code inside the library that works on whole
 * columns. Layout as in the Arrow columnar format: LSB-first validity bitmap, 64-byte aligned
 * buffers. There is no slice offset: row 0 is always the first value of every buffer. */
#ifndef WF_FRAME_COLUMN_H
#define WF_FRAME_COLUMN_H

#include "base/bytes.h"
#include "wf/frame.h"

#include <stdatomic.h>

/* Reference-counted bytes, shared between columns (a renamed frame, a sliced dictionary) and with
 * whoever exported them. */
typedef struct wf_buffer {
  atomic_size_t refs;
  size_t size;
  uint8_t *data;
  void (*dispose)(struct wf_buffer *buffer); /* NULL: data came from wf_alloc_aligned */
  void *owner;                               /* for dispose */
} wf_buffer;

wf_status wf_buffer_new(wf_buffer **out, size_t size, wf_error *err); /* uninitialised, aligned */
/* Of which probably only the first `likely` bytes will be used. */
wf_status wf_buffer_new_room(wf_buffer **out, size_t size, size_t likely, wf_error *err);
wf_status wf_buffer_new_zero(wf_buffer **out, size_t size, wf_error *err);
wf_buffer *wf_buffer_retain(wf_buffer *buffer); /* NULL gives NULL */
void wf_buffer_release(wf_buffer *buffer);

struct wf_column {
  atomic_size_t refs;
  wf_type type;
  size_t n_rows, n_missing;
  wf_buffer *validity;   /* NULL when n_missing == 0; bit set = present */
  wf_buffer *data;       /* f64 f32 i64 i32 timestamp: values; bool: bits; category: int32 codes;
                            string: bytes. Values of missing rows are 0 (offsets repeat). */
  wf_buffer *offsets;    /* string only: int64[n_rows + 1] */
  wf_column *dictionary; /* category only: distinct strings, none missing */
};

/* Takes over one reference to each buffer and to the dictionary, also when it fails. `validity` is
 * dropped when n_missing is 0. */
wf_status wf_column_make(wf_column **out, wf_type type, size_t n_rows, size_t n_missing,
                         wf_buffer *validity, wf_buffer *data, wf_buffer *offsets,
                         wf_column *dictionary, wf_error *err);

/* A column of a fixed-width type whose values the caller writes before sharing it: bool bits are
 * zeroed, other values uninitialised. Takes over `validity` (NULL when n_missing is 0), also when
 * it fails. */
wf_status wf_column_blank(wf_column **out, wf_type type, size_t n_rows, wf_buffer *validity,
                          size_t n_missing, wf_error *err);
static inline void *wf_column_memory(wf_column *column) { return column->data->data; }

/* A string column without missing values from bytes and n + 1 offsets, both copied. */
wf_status wf_column_from_bytes(wf_column **out, const char *bytes, const int64_t *offsets, size_t n,
                               wf_error *err);

/* Bytes of one value; 0 for bool (bits) and string. */
size_t wf_type_width(wf_type type);

/* Values [begin, begin + n) of a column that is not text as doubles; of an i64, i32, bool or
 * timestamp column as integers. Missing rows give 0. */
void wf_column_load_f64(const wf_column *column, size_t begin, size_t n, double *out);
void wf_column_load_i64(const wf_column *column, size_t begin, size_t n, int64_t *out);

/* A bitmap of `n` rows, a set bit where present[i] != 0 (or where both are present), and how many
 * bits are clear. *out is NULL when none is. */
wf_status wf_validity_from_bytes(wf_buffer **out, size_t *n_missing, const uint8_t *present,
                                 size_t n, wf_error *err);
wf_status wf_validity_both(wf_buffer **out, size_t *n_missing, const wf_column *a,
                           const wf_column *b, wf_error *err);
size_t wf_bitmap_count(const uint8_t *bits, size_t n); /* of set bits */

#define WF_NO_ROW SIZE_MAX
/* The given rows in the given order; WF_NO_ROW gives a missing value. */
wf_status wf_column_take(wf_column **out, const wf_column *column, const size_t *rows, size_t n,
                         wf_error *err);
wf_status wf_column_slice(wf_column **out, const wf_column *column, size_t begin, size_t n,
                          wf_error *err);

static inline bool wf_bit_get(const uint8_t *bits, size_t i) { return bits[i >> 3] >> (i & 7) & 1; }
static inline void wf_bit_set(uint8_t *bits, size_t i) { bits[i >> 3] |= (uint8_t)(1 << (i & 7)); }
static inline size_t wf_bitmap_size(size_t n) { return (n + 7) / 8; }

static inline const double *wf_column_f64(const wf_column *c) {
  return (const double *)(const void *)c->data->data;
}
static inline const float *wf_column_f32(const wf_column *c) {
  return (const float *)(const void *)c->data->data;
}
static inline const int64_t *wf_column_i64(const wf_column *c) {
  return (const int64_t *)(const void *)c->data->data;
}
static inline const int32_t *wf_column_i32(const wf_column *c) {
  return (const int32_t *)(const void *)c->data->data;
}
static inline const int64_t *wf_column_offsets(const wf_column *c) {
  return (const int64_t *)(const void *)c->offsets->data;
}
/* How many rows a block of at most `most` has that begins at row `begin`. */
static inline size_t wf_column_rows_from(const wf_column *c, size_t begin, size_t most) {
  return c->n_rows - begin < most ? c->n_rows - begin : most;
}
static inline bool wf_column_present(const wf_column *c, size_t row) {
  return !c->validity || wf_bit_get(c->validity->data, row);
}
/* The missing ones of rows [row, row + 8), `row` a multiple of 8, as bits; none from `end` on. Most
 * often 0, so that what is missing is found without looking at what is not. */
static inline unsigned wf_column_gaps(const wf_column *c, size_t row, size_t end) {
  unsigned gaps = c->validity ? (uint8_t)~c->validity->data[row >> 3] : 0;
  return end - row < 8 ? gaps & ((1u << (end - row)) - 1) : gaps;
}
static inline wf_view wf_column_view(const wf_column *c, size_t row) { /* string columns */
  const int64_t *offsets = wf_column_offsets(c);
  return (wf_view){(const char *)c->data->data + offsets[row],
                   (size_t)(offsets[row + 1] - offsets[row])};
}
static inline bool wf_type_is_text(wf_type type) {
  return type == WF_STRING || type == WF_CATEGORY;
}
static inline bool wf_type_is_integer(wf_type type) {
  return type == WF_I64 || type == WF_I32 || type == WF_BOOL || type == WF_TIMESTAMP;
}
/* The bytes of a present text value, of either text type. */
static inline wf_view wf_column_text(const wf_column *c, size_t row) {
  if (c->type == WF_CATEGORY) return wf_column_view(c->dictionary, (size_t)wf_column_i32(c)[row]);
  return wf_column_view(c, row);
}

#endif
