/* gather.c — from what threads have written to a finished column.
 *
 * Values are in their places already. Missing rows are bits set by several threads, whose runs of
 * rows may share a byte at either end. Text comes in the order of rows, and its ends, which count
 * from the beginning of their run, are raised by what came before.
 *
 * Each thread gives codes of its own. Its rows ascend, so the row where it first met a text is the
 * first of all its rows that have it; the least of these rows over all threads says which text
 * appears first. */
#include "csv/gather.h"

#include "base/alloc.h"
#include "csv/quick.h"
#include "frame/builder.h"

#include <stdlib.h>
#include <string.h>

/* ---- while threads write ----------------------------------------------------------------------
 */

static bool is_string(const wf_csv_target *target) {
  return target->typed && target->type == WF_STRING;
}

wf_status wf_csv_gather_init(wf_csv_gather *out, const wf_csv_target *target, size_t capacity,
                             size_t likely, size_t likely_text, wf_error *err) {
  size_t size, width = wf_csv_sink_width(target);
  wf_csv_gather g = {.capacity = capacity};
  if (__builtin_mul_overflow(capacity + 1, width, &size)) return wf_fail_nomem(err);
  wf_status status = wf_buffer_new_room(&g.values, size, likely * width, err);
  if (status == WF_OK) status = wf_buffer_new_zero(&g.missing, wf_bitmap_size(capacity), err);
  if (status == WF_OK && is_string(target))
    status = wf_buffer_new_room(&g.text, 2 * likely_text, likely_text, err);
  if (status == WF_OK)
    *out = g;
  else
    wf_csv_gather_dispose(&g);
  return status;
}

void wf_csv_gather_dispose(wf_csv_gather *gather) {
  wf_buffer_release(gather->values);
  wf_buffer_release(gather->missing);
  wf_buffer_release(gather->text);
  *gather = (wf_csv_gather){0};
}

void *wf_csv_gather_place(const wf_csv_gather *gather, const wf_csv_target *target, size_t row) {
  return gather->values->data + (row + is_string(target)) * wf_csv_sink_width(target);
}

void wf_csv_gather_missing(wf_csv_gather *gather, const wf_csv_sink *sink) {
  if (!sink->some_missing) return;
  unsigned shift = sink->row & 7, before = 0; /* bits that belong to the next byte */
  uint8_t *out = gather->missing->data + (sink->row >> 3);
  size_t n = wf_bitmap_size(sink->n + shift), n_bytes = wf_bitmap_size(sink->n);
  for (size_t i = 0; i < n; i++) {
    unsigned bits = before | (i < n_bytes ? (unsigned)sink->missing[i] << shift : 0);
    before = bits >> 8;
    if ((bits & 0xff) == 0) continue;
    if (i == 0 || i == n - 1)
      __atomic_fetch_or(&out[i], (uint8_t)bits, __ATOMIC_RELAXED);
    else
      out[i] = (uint8_t)bits;
  }
}

static wf_status grow_text(wf_csv_gather *g, size_t extra, wf_error *err) {
  size_t size = g->text_size + extra;
  if (size <= g->text->size) return WF_OK;
  wf_buffer *wider;
  WF_TRY(wf_buffer_new_room(&wider, size + size / 2, size, err));
  if (g->text_size) memcpy(wider->data, g->text->data, g->text_size);
  wf_buffer_release(g->text);
  g->text = wider;
  return WF_OK;
}

wf_status wf_csv_gather_text(wf_csv_gather *gather, const wf_bytes *text, size_t row, size_t n_rows,
                             wf_error *err) {
  WF_TRY(grow_text(gather, text->size, err));
  int64_t *ends = (int64_t *)(void *)gather->values->data + row + 1;
  int64_t base = (int64_t)gather->text_size;
  if (text->size) memcpy(gather->text->data + gather->text_size, text->data, text->size);
  for (size_t i = 0; i < n_rows; i++) ends[i] += base;
  gather->text_size += text->size;
  return WF_OK;
}

/* ---- categories -------------------------------------------------------------------------------
 */

/* A text as one worker knows it. */
typedef struct sighting {
  size_t row, worker, code;
} sighting;

static int by_row(const void *a, const void *b) {
  size_t x = ((const sighting *)a)->row, y = ((const sighting *)b)->row;
  return (x > y) - (x < y);
}

typedef struct union_of_codes {
  const wf_csv_codes *codes;
  size_t n_workers, stride;
  int32_t **common; /* by worker, by its code */
  wf_map *texts;
} union_of_codes;

static size_t count_codes(const union_of_codes *u, size_t worker) {
  const wf_map *dictionary = u->codes[worker * u->stride].dictionary;
  return dictionary ? wf_map_count(dictionary) : 0;
}

/* Gives every text its common code, in the order of rows. */
static wf_status unite(union_of_codes *u, sighting *all, size_t n, wf_error *err) {
  size_t at = 0;
  for (size_t w = 0; w < u->n_workers; w++) {
    const wf_csv_codes *own = &u->codes[w * u->stride];
    size_t n_codes = count_codes(u, w);
    u->common[w] = wf_alloc_array(n_codes, sizeof **u->common);
    if (!u->common[w]) return wf_fail_nomem(err);
    for (size_t i = 0; i < n_codes; i++) all[at++] = (sighting){own->first[i], w, i};
  }
  qsort(all, n, sizeof *all, by_row);
  for (size_t i = 0; i < n; i++) {
    const sighting *s = &all[i];
    size_t index;
    wf_view text = wf_map_key(u->codes[s->worker * u->stride].dictionary, s->code);
    WF_TRY(wf_map_add(u->texts, text, &index, NULL, err));
    u->common[s->worker][s->code] = (int32_t)index;
  }
  return WF_OK;
}

/* Missing rows hold code 0, of whatever that was the code. */
static void clear_missing(int32_t *values, const uint8_t *missing, size_t n_rows) {
  for (size_t i = 0; i < wf_bitmap_size(n_rows); i++) {
    for (unsigned bits = missing[i]; bits; bits &= bits - 1) {
      values[i * 8 + (unsigned)__builtin_ctz(bits)] = 0;
    }
  }
}

static bool is_identity(const int32_t *codes, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (codes[i] != (int32_t)i) return false;
  }
  return true;
}

static void recode(const union_of_codes *u, wf_csv_gather *g, size_t n_rows,
                   const wf_csv_owner *owners, size_t n_owners) {
  int32_t *values = (int32_t *)(void *)g->values->data;
  bool moved = false;
  for (size_t i = 0; i < n_owners; i++) {
    size_t worker = owners[i].worker, end = i + 1 < n_owners ? owners[i + 1].row : n_rows;
    size_t n_codes = count_codes(u, worker);
    if (n_codes == 0 || is_identity(u->common[worker], n_codes)) continue;
    for (size_t k = owners[i].row; k < end; k++) values[k] = u->common[worker][values[k]];
    moved = true;
  }
  if (moved) clear_missing(values, g->missing->data, n_rows);
}

static wf_status finish_dictionary(wf_column **out, wf_csv_gather *g, union_of_codes *u,
                                   size_t n_rows, const wf_csv_owner *owners, size_t n_owners,
                                   wf_error *err) {
  size_t n = 0;
  for (size_t w = 0; w < u->n_workers; w++) n += count_codes(u, w);
  sighting *all = wf_alloc_array(n, sizeof *all);
  u->common = wf_alloc_zero(u->n_workers, sizeof *u->common);
  wf_status status = all && u->common ? wf_map_new(&u->texts, err) : wf_fail_nomem(err);
  if (status == WF_OK) status = unite(u, all, n, err);
  if (status == WF_OK) recode(u, g, n_rows, owners, n_owners);
  if (status == WF_OK) status = wf_column_from_map(out, u->texts, err);
  for (size_t w = 0; u->common && w < u->n_workers; w++) wf_free(u->common[w]);
  wf_free(u->common);
  wf_free(all);
  wf_map_free(u->texts);
  return status;
}

/* ---- the column -------------------------------------------------------------------------------
 */

/* Which rows are there, of which are not; NULL when all are. */
static wf_buffer *finish_validity(wf_csv_gather *g, size_t n_rows, size_t *n_missing) {
  size_t size = wf_bitmap_size(n_rows);
  *n_missing = wf_bitmap_count(g->missing->data, n_rows);
  if (*n_missing == 0) return NULL;
  wf_buffer *bits = wf_buffer_retain(g->missing);
  for (size_t i = 0; i < size; i++) bits->data[i] = (uint8_t)~bits->data[i];
  if (n_rows % 8) bits->data[size - 1] &= (uint8_t)((1u << n_rows % 8) - 1);
  bits->size = size;
  return bits;
}

/* A byte a row to a bit a row, in place. */
static void pack_bits(wf_buffer *values, size_t n_rows) {
  uint8_t *bytes = values->data;
  size_t i = 0;
  for (; i + 8 <= n_rows; i += 8) { /* the multiplication gathers eight lowest bits in one byte */
    bytes[i >> 3] = (uint8_t)(wf_csv_load64((const char *)bytes + i) * 0x0102040810204080u >> 56);
  }
  unsigned last = 0;
  for (size_t k = i; k < n_rows; k++) last |= (unsigned)bytes[k] << (k - i);
  if (i < n_rows) bytes[i >> 3] = (uint8_t)last;
  values->size = wf_bitmap_size(n_rows);
}

wf_status wf_csv_gather_finish(wf_column **out, wf_csv_gather *gather, const wf_csv_target *target,
                               size_t n_rows, const wf_csv_codes *codes, size_t n_workers,
                               size_t stride, const wf_csv_owner *owners, size_t n_owners,
                               wf_error *err) {
  wf_column *dictionary = NULL;
  wf_buffer *offsets = NULL, *data = wf_buffer_retain(gather->values);
  data->size = n_rows * wf_csv_sink_width(target);
  if (target->type == WF_CATEGORY) {
    union_of_codes u = {.codes = codes, .n_workers = n_workers, .stride = stride};
    wf_status status = finish_dictionary(&dictionary, gather, &u, n_rows, owners, n_owners, err);
    if (status != WF_OK) {
      wf_buffer_release(data);
      return status;
    }
  }
  if (target->type == WF_BOOL) pack_bits(data, n_rows);
  if (target->type == WF_STRING) {
    offsets = data;
    ((int64_t *)(void *)offsets->data)[0] = 0;
    offsets->size += sizeof(int64_t);
    data = wf_buffer_retain(gather->text);
    data->size = gather->text_size;
  }
  size_t n_missing;
  wf_buffer *validity = finish_validity(gather, n_rows, &n_missing);
  return wf_column_make(out, target->type, n_rows, n_missing, validity, data, offsets, dictionary,
                        err);
}
