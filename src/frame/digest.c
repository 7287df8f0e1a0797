/* digest.c — the identity of a frame's contents.
 *
 * What is hashed, with length-prefixed fields and little-endian numbers: a tag with the version of
 * this scheme, the numbers of rows and columns, and the digest of each column, so that columns are
 * hashed side by side. A column is its name, its type's name, its validity bitmap (empty when
 * nothing is missing) and its values: fixed-width ones as they lie in memory, text as all offsets
 * and then all bytes. The invariants of column.c (missing values are 0, spare bits clear) make that
 * unique. A category is the texts in the order of their first rows, and each row's place among
 * them: the order of a dictionary, and texts in it that no row has, do not count. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/pool.h"
#include "frame/column.h"

#include <string.h>

static void put_number(uint8_t bytes[8], uint64_t value) {
  for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(value >> (8 * i));
}

static void add_number(wf_hasher *hasher, uint64_t value) {
  uint8_t bytes[8];
  put_number(bytes, value);
  wf_hasher_add(hasher, bytes, sizeof bytes);
}

/* ---- categories ---------------------------------------------------------------------------------
 */

/* Codes by the order in which their texts appear, which no dictionary's order changes. */
typedef struct numbering {
  int32_t *place; /* of a code of the dictionary; -1: it has not appeared */
  int32_t *codes; /* that appeared, in that order */
  size_t n;
} numbering;

static void dispose_numbering(numbering *by) {
  wf_free(by->place);
  wf_free(by->codes);
}

static wf_status number_codes(numbering *by, const wf_column *column, wf_error *err) {
  size_t n = column->dictionary->n_rows;
  const int32_t *codes = wf_column_i32(column);
  by->place = wf_alloc_array(n, sizeof *by->place);
  by->codes = wf_alloc_array(n, sizeof *by->codes);
  if (!by->place || !by->codes) {
    dispose_numbering(by);
    return wf_fail_nomem(err);
  }
  for (size_t code = 0; code < n; code++) by->place[code] = -1;
  for (size_t i = 0; i < column->n_rows; i++) {
    int32_t code = codes[i];
    if (column->validity && !wf_column_present(column, i)) continue;
    if (by->place[code] >= 0) continue;
    by->place[code] = (int32_t)by->n;
    by->codes[by->n++] = code;
  }
  return WF_OK;
}

enum { BLOCK = 4096 };

/* A missing row has the place 0, as its value is 0 in other columns. */
static size_t place_at(const wf_column *column, const numbering *by, size_t row) {
  if (column->validity && !wf_column_present(column, row)) return 0;
  return (size_t)by->place[wf_column_i32(column)[row]];
}

/* Places in as many bytes as the last one needs, so that most take one. */
static void add_places(wf_hasher *hasher, const wf_column *column, const numbering *by) {
  uint8_t block[BLOCK * 4];
  size_t width = by->n <= 0x100 ? 1 : by->n <= 0x10000 ? 2 : 4;
  for (size_t begin = 0; begin < column->n_rows; begin += BLOCK) {
    size_t n = column->n_rows - begin < BLOCK ? column->n_rows - begin : BLOCK;
    for (size_t i = 0; i < n; i++) {
      size_t place = place_at(column, by, begin + i);
      for (size_t k = 0; k < width; k++) block[i * width + k] = (uint8_t)(place >> (8 * k));
    }
    wf_hasher_add(hasher, block, n * width);
  }
}

static wf_status add_category(wf_hasher *hasher, const wf_column *column, wf_error *err) {
  numbering by = {0};
  WF_TRY(number_codes(&by, column, err));
  add_number(hasher, by.n);
  for (size_t i = 0; i < by.n; i++) {
    wf_view text = wf_column_view(column->dictionary, (size_t)by.codes[i]);
    wf_hasher_add_field(hasher, text.data, text.size);
  }
  add_places(hasher, column, &by);
  dispose_numbering(&by);
  return WF_OK;
}

/* ---- columns ------------------------------------------------------------------------------------
 */

static void add_strings(wf_hasher *hasher, const wf_column *column) {
  const int64_t *offsets = wf_column_offsets(column);
  wf_hasher_add(hasher, offsets, (column->n_rows + 1) * sizeof *offsets);
  wf_hasher_add(hasher, column->data->data, (size_t)offsets[column->n_rows]);
}

static wf_status add_values(wf_hasher *hasher, const wf_column *column, wf_error *err) {
  size_t n = column->n_rows;
  if (column->type == WF_CATEGORY) return add_category(hasher, column, err);
  if (column->type == WF_STRING) {
    add_strings(hasher, column);
  } else {
    wf_hasher_add(hasher, column->data->data,
                  column->type == WF_BOOL ? wf_bitmap_size(n) : n * wf_type_width(column->type));
  }
  return WF_OK;
}

static wf_status digest_column(wf_digest *out, const char *name, const wf_column *column,
                               wf_error *err) {
  const char *type = wf_type_name(column->type);
  wf_hasher *hasher = NULL;
  WF_TRY(wf_hasher_new(&hasher, err));
  wf_hasher_add_field(hasher, name, strlen(name));
  wf_hasher_add_field(hasher, type, strlen(type));
  wf_hasher_add_field(hasher, column->validity ? column->validity->data : (const uint8_t *)"",
                      column->validity ? wf_bitmap_size(column->n_rows) : 0);
  wf_status status = add_values(hasher, column, err);
  if (status == WF_OK) return wf_hasher_finish(hasher, out, err);
  wf_hasher_free(hasher);
  return status;
}

typedef struct digesting {
  const wf_frame *frame;
  wf_digest *digests;
} digesting;

static wf_status digest_task(void *context, size_t index, size_t begin, size_t end, size_t worker,
                             wf_error *err) {
  (void)begin, (void)end, (void)worker;
  const digesting *work = context;
  return digest_column(&work->digests[index], wf_frame_name_at(work->frame, index),
                       wf_frame_column_at(work->frame, index), err);
}

/* Threads are worth starting from about 100 µs of work. */
static size_t useful_threads(const wf_frame *frame) {
  enum { MANY = 1 << 15 };
  size_t rows = wf_frame_row_count(frame), columns = wf_frame_column_count(frame);
  return rows < MANY && columns < MANY && rows * columns < MANY ? 1 : 0;
}

/* ---- frames -------------------------------------------------------------------------------------
 */

static wf_status digest_all(wf_digest *out, const wf_frame *frame, const wf_digest *digests,
                            wf_error *err) {
  static const char tag[] = "wf.frame.2";
  wf_hasher *hasher = NULL;
  WF_TRY(wf_hasher_new(&hasher, err));
  wf_hasher_add_field(hasher, tag, sizeof tag - 1);
  add_number(hasher, wf_frame_row_count(frame));
  add_number(hasher, wf_frame_column_count(frame));
  wf_hasher_add(hasher, digests, wf_frame_column_count(frame) * sizeof *digests);
  return wf_hasher_finish(hasher, out, err);
}

wf_status wf_frame_digest(char out[65], const wf_frame *frame, wf_error *err) {
  size_t n = wf_frame_column_count(frame);
  digesting work = {frame, wf_alloc_array(n, sizeof *work.digests)};
  wf_digest digest;
  if (!work.digests) return wf_fail_nomem(err);
  wf_status status = wf_parallel_for(n, 1, useful_threads(frame), digest_task, &work, err);
  if (status == WF_OK) status = digest_all(&digest, frame, work.digests, err);
  wf_free(work.digests);
  if (status == WF_OK) wf_digest_format(&digest, out);
  return status;
}
