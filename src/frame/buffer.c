/* buffer.c — reference-counted bytes and the bitmaps made of them.
 *
 * A buffer's bytes never move and are written only by the one who made it, before it is shared. The
 * last release frees them, or hands them back to whoever lent them (`dispose`). Bits of a bitmap
 * past the last row are always 0, so bitmaps of equal length compare and count as bytes. */
#include "frame/column.h"

#include "base/alloc.h"

#include <string.h>

wf_status wf_buffer_new(wf_buffer **out, size_t size, wf_error *err) {
  return wf_buffer_new_room(out, size, size, err);
}

wf_status wf_buffer_new_room(wf_buffer **out, size_t size, size_t likely, wf_error *err) {
  wf_buffer *buffer = wf_alloc(sizeof *buffer);
  uint8_t *data = wf_alloc_room(size, likely);
  if (!buffer || !data) {
    wf_free(buffer);
    wf_free(data);
    return wf_fail_nomem(err);
  }
  *buffer = (wf_buffer){.refs = 1, .size = size, .data = data};
  *out = buffer;
  return WF_OK;
}

wf_status wf_buffer_new_zero(wf_buffer **out, size_t size, wf_error *err) {
  wf_buffer *buffer = NULL;
  WF_TRY(wf_buffer_new(&buffer, size, err));
  memset(buffer->data, 0, size);
  *out = buffer;
  return WF_OK;
}

wf_buffer *wf_buffer_retain(wf_buffer *buffer) {
  if (buffer) atomic_fetch_add_explicit(&buffer->refs, 1, memory_order_relaxed);
  return buffer;
}

void wf_buffer_release(wf_buffer *buffer) {
  if (!buffer) return;
  if (atomic_fetch_sub_explicit(&buffer->refs, 1, memory_order_acq_rel) != 1) return;
  if (buffer->dispose)
    buffer->dispose(buffer);
  else
    wf_free(buffer->data);
  wf_free(buffer);
}

size_t wf_bitmap_count(const uint8_t *bits, size_t n) {
  size_t count = 0, i = 0, size = wf_bitmap_size(n);
  for (; i + 8 <= size; i += 8) {
    uint64_t word;
    memcpy(&word, bits + i, sizeof word);
    count += (size_t)__builtin_popcountll(word);
  }
  for (; i < size; i++) count += (size_t)__builtin_popcount(bits[i]);
  return count;
}

/* Hands the bitmap over unless it says nothing. */
static void keep_bitmap(wf_buffer **out, size_t *n_missing, wf_buffer *bitmap, size_t n) {
  *n_missing = n - wf_bitmap_count(bitmap->data, n);
  if (*n_missing == 0) {
    wf_buffer_release(bitmap);
    bitmap = NULL;
  }
  *out = bitmap;
}

wf_status wf_validity_from_bytes(wf_buffer **out, size_t *n_missing, const uint8_t *present,
                                 size_t n, wf_error *err) {
  if (!present) {
    *out = NULL;
    *n_missing = 0;
    return WF_OK;
  }
  wf_buffer *bitmap = NULL;
  WF_TRY(wf_buffer_new_zero(&bitmap, wf_bitmap_size(n), err));
  for (size_t i = 0; i < n; i++) {
    bitmap->data[i >> 3] |= (uint8_t)((present[i] != 0) << (i & 7));
  }
  keep_bitmap(out, n_missing, bitmap, n);
  return WF_OK;
}

wf_status wf_validity_both(wf_buffer **out, size_t *n_missing, const wf_column *a,
                           const wf_column *b, wf_error *err) {
  const wf_column *only = !b || !b->validity ? a : !a->validity ? b : NULL;
  if (only) {
    *out = wf_buffer_retain(only->validity);
    *n_missing = only->n_missing;
    return WF_OK;
  }
  size_t size = wf_bitmap_size(a->n_rows);
  wf_buffer *bitmap = NULL;
  WF_TRY(wf_buffer_new(&bitmap, size, err));
  for (size_t i = 0; i < size; i++) bitmap->data[i] = a->validity->data[i] & b->validity->data[i];
  keep_bitmap(out, n_missing, bitmap, a->n_rows);
  return WF_OK;
}
