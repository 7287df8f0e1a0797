/* arrow/flat.h — the little of FlatBuffers that Arrow's metadata needs: writing front to back, and
 * reading with every access checked.
 *
 * A table is a signed offset back to its vtable and then its fields; the vtable says where each
 * field lies (0: absent). Offsets to strings, vectors and tables count from the place they are
 * written at. Specification: "FlatBuffers Internals". */
#ifndef WF_ARROW_FLAT_H
#define WF_ARROW_FLAT_H

#include "base/bytes.h"

/* ---- writing: positions are offsets from the start of `out`, which must begin 8-aligned
 * ------------ */

typedef struct wf_flat_field {
  unsigned size; /* 0: absent; 1, 2, 4 or 8 bytes; an offset has 4 */
  int64_t value;
  size_t at; /* filled: where it was written, for wf_flat_link */
} wf_flat_field;

#define WF_FLAT_ABSENT ((wf_flat_field){0})
#define WF_FLAT_OFFSET ((wf_flat_field){.size = 4})
#define WF_FLAT_INT(bytes, number) ((wf_flat_field){.size = (bytes), .value = (number)})

/* Appends the table (at most 16 fields) and returns where it is. */
size_t wf_flat_add_table(wf_bytes *out, wf_flat_field *fields, size_t n_fields);
size_t wf_flat_add_string(wf_bytes *out, wf_view text);
/* A vector of `count` zeroed elements aligned to `alignment`; element i is at the result + 4 + i *
 * size. */
size_t wf_flat_add_vector(wf_bytes *out, size_t size, size_t alignment, size_t count);
/* Makes the offset field at `at` point to `target`. */
void wf_flat_link(wf_bytes *out, size_t at, size_t target);
void wf_flat_put(wf_bytes *out, size_t at, const void *value, size_t size);
void wf_flat_pad(wf_bytes *out, size_t alignment);

/* ---- reading: a position of 0 means "absent"; broken bytes set `broken` and read as absent
 * ----------- */

typedef struct wf_flat {
  wf_view bytes;
  bool broken;
} wf_flat;

size_t wf_flat_root(wf_flat *flat);
/* Where field number `slot` of the table lies, with `size` bytes there. */
size_t wf_flat_field_at(wf_flat *flat, size_t table, unsigned slot, size_t size);
int64_t wf_flat_int(wf_flat *flat, size_t table, unsigned slot, size_t size, int64_t otherwise);
/* The table, string or vector an offset field points to. */
size_t wf_flat_child(wf_flat *flat, size_t table, unsigned slot);
wf_view wf_flat_string(wf_flat *flat, size_t table, unsigned slot);
/* The first element of a vector field, `*count` elements of `size` bytes. */
size_t wf_flat_vector(wf_flat *flat, size_t table, unsigned slot, size_t size, size_t *count);
/* The table that element `index` of a vector of offsets points to. */
size_t wf_flat_element(wf_flat *flat, size_t first, size_t index);
int64_t wf_flat_load(wf_flat *flat, size_t at, size_t size);

#endif
