/* flat.c — FlatBuffers front to back. Offsets to children are unsigned and point forward, so a
 * table is written before what it refers to and linked afterwards; its vtable lies just before it.
 */
#include "arrow/flat.h"

#include <assert.h>
#include <string.h>

enum { MAX_FIELDS = 16 };

static void add_zeros(wf_bytes *out, size_t n) {
  static const char zeros[64];
  for (; n > sizeof zeros; n -= sizeof zeros) wf_bytes_add(out, zeros, sizeof zeros);
  wf_bytes_add(out, zeros, n);
}

void wf_flat_pad(wf_bytes *out, size_t alignment) {
  add_zeros(out, (alignment - out->size % alignment) % alignment);
}

void wf_flat_put(wf_bytes *out, size_t at, const void *value, size_t size) {
  if (out->failed) return;
  assert(at + size <= out->size);
  memcpy(out->data + at, value, size);
}

void wf_flat_link(wf_bytes *out, size_t at, size_t target) {
  uint32_t distance = (uint32_t)(target - at);
  wf_flat_put(out, at, &distance, sizeof distance);
}

/* Lays the fields out behind the 4-byte vtable offset, largest first, and returns the table's size.
 */
static size_t lay_out(const wf_flat_field *fields, size_t n_fields, uint16_t *offsets) {
  size_t end = 4;
  for (unsigned size = 8; size; size /= 2) {
    for (size_t i = 0; i < n_fields; i++) {
      if (fields[i].size != size) continue;
      end = (end + size - 1) / size * size;
      offsets[i] = (uint16_t)end;
      end += size;
    }
  }
  return end;
}

size_t wf_flat_add_table(wf_bytes *out, wf_flat_field *fields, size_t n_fields) {
  assert(n_fields <= MAX_FIELDS);
  uint16_t offsets[MAX_FIELDS] = {0};
  uint16_t table_size = (uint16_t)lay_out(fields, n_fields, offsets);
  uint16_t vtable_size = (uint16_t)(4 + 2 * n_fields);
  wf_flat_pad(out, 8);
  size_t vtable = out->size;
  wf_bytes_add(out, &vtable_size, sizeof vtable_size);
  wf_bytes_add(out, &table_size, sizeof table_size);
  wf_bytes_add(out, offsets, 2 * n_fields);
  wf_flat_pad(out, 8);
  size_t table = out->size;
  add_zeros(out, table_size);
  int32_t back = (int32_t)(table - vtable);
  wf_flat_put(out, table, &back, sizeof back);
  for (size_t i = 0; i < n_fields; i++) {
    if (!fields[i].size) continue;
    fields[i].at = table + offsets[i];
    wf_flat_put(out, fields[i].at, &fields[i].value, fields[i].size);
  }
  return table;
}

size_t wf_flat_add_string(wf_bytes *out, wf_view text) {
  wf_flat_pad(out, 4);
  size_t at = out->size;
  uint32_t length = (uint32_t)text.size;
  wf_bytes_add(out, &length, sizeof length);
  wf_bytes_add(out, text.data, text.size);
  add_zeros(out, 1);
  return at;
}

size_t wf_flat_add_vector(wf_bytes *out, size_t size, size_t alignment, size_t count) {
  wf_flat_pad(out, 4);
  if (alignment > 4 && (out->size + 4) % alignment) add_zeros(out, 4);
  size_t at = out->size;
  uint32_t length = (uint32_t)count;
  wf_bytes_add(out, &length, sizeof length);
  add_zeros(out, size * count);
  return at;
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static bool inside(wf_flat *flat, size_t at, size_t size) {
  if (at <= flat->bytes.size && size <= flat->bytes.size - at) return true;
  flat->broken = true;
  return false;
}

int64_t wf_flat_load(wf_flat *flat, size_t at, size_t size) {
  const char *p = flat->bytes.data + at;
  if (!inside(flat, at, size)) return 0;
  switch (size) {
  case 1: return (int8_t)*p;
  case 2: {
    int16_t v;
    memcpy(&v, p, 2);
    return v;
  }
  case 4: {
    int32_t v;
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

/* Follows the unsigned offset at `at`. */
static size_t follow(wf_flat *flat, size_t at) {
  uint32_t distance = (uint32_t)wf_flat_load(flat, at, 4);
  if (flat->broken || distance == 0 || !inside(flat, at, distance)) {
    flat->broken = true;
    return 0;
  }
  return at + distance;
}

size_t wf_flat_root(wf_flat *flat) { return follow(flat, 0); }

size_t wf_flat_field_at(wf_flat *flat, size_t table, unsigned slot, size_t size) {
  if (table == 0 || flat->broken) return 0;
  int64_t vtable = (int64_t)table - wf_flat_load(flat, table, 4);
  if (flat->broken || vtable < 0 || !inside(flat, (size_t)vtable, 4)) {
    flat->broken = true;
    return 0;
  }
  size_t vtable_size = (uint16_t)wf_flat_load(flat, (size_t)vtable, 2);
  size_t entry = 4 + 2 * (size_t)slot;
  if (entry + 2 > vtable_size) return 0;
  size_t offset = (uint16_t)wf_flat_load(flat, (size_t)vtable + entry, 2);
  if (flat->broken || offset == 0) return 0;
  return inside(flat, table + offset, size) ? table + offset : 0;
}

int64_t wf_flat_int(wf_flat *flat, size_t table, unsigned slot, size_t size, int64_t otherwise) {
  size_t at = wf_flat_field_at(flat, table, slot, size);
  return at ? wf_flat_load(flat, at, size) : otherwise;
}

size_t wf_flat_child(wf_flat *flat, size_t table, unsigned slot) {
  size_t at = wf_flat_field_at(flat, table, slot, 4);
  return at ? follow(flat, at) : 0;
}

wf_view wf_flat_string(wf_flat *flat, size_t table, unsigned slot) {
  size_t count, at = wf_flat_vector(flat, table, slot, 1, &count);
  return at ? (wf_view){flat->bytes.data + at, count} : (wf_view){"", 0};
}

size_t wf_flat_vector(wf_flat *flat, size_t table, unsigned slot, size_t size, size_t *count) {
  *count = 0;
  size_t at = wf_flat_child(flat, table, slot);
  if (at == 0) return 0;
  size_t n = (uint32_t)wf_flat_load(flat, at, 4);
  if (flat->broken || !inside(flat, at + 4, n * size)) return 0;
  *count = n;
  return at + 4;
}

size_t wf_flat_element(wf_flat *flat, size_t first, size_t index) {
  return follow(flat, first + 4 * index);
}
