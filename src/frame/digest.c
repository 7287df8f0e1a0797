/* digest.c — the identity of a frame's contents.
 *
 * What is hashed, with length-prefixed fields and little-endian numbers: a tag with the version of
 * this scheme, the row count, then for each column its name, its type's name, its validity bitmap
 * (empty when nothing is missing) and its values: fixed-width ones as they lie in memory, text as
 * all offsets and then all bytes. The invariants of column.c (missing values are 0, spare bits
 * clear) make that unique; a category hashes the text of its rows, so the order of a dictionary
 * does not count. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "base/digest.h"
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

static wf_view row_text(const wf_column *column, size_t row) {
  return wf_column_present(column, row) ? wf_column_text(column, row) : (wf_view){"", 0};
}

enum { BLOCK = 512 };

/* The offsets a string column of the same texts would have, a block at a time. */
static void add_ends(wf_hasher *hasher, const wf_column *column) {
  uint8_t block[BLOCK][8];
  uint64_t end = 0;
  add_number(hasher, end);
  for (size_t begin = 0; begin < column->n_rows; begin += BLOCK) {
    size_t n = column->n_rows - begin < BLOCK ? column->n_rows - begin : BLOCK;
    for (size_t i = 0; i < n; i++) {
      end += row_text(column, begin + i).size;
      put_number(block[i], end);
    }
    wf_hasher_add(hasher, block, n * sizeof *block);
  }
}

/* The bytes one after the other, gathered so that the hash sees more than a word at a time. */
static void add_texts(wf_hasher *hasher, const wf_column *column) {
  char block[BLOCK * 8];
  size_t used = 0;
  for (size_t i = 0; i < column->n_rows; i++) {
    wf_view text = row_text(column, i);
    if (text.size > sizeof block - used) {
      wf_hasher_add(hasher, block, used);
      used = 0;
    }
    if (text.size > sizeof block) {
      wf_hasher_add(hasher, text.data, text.size);
    } else {
      memcpy(block + used, text.data, text.size);
      used += text.size;
    }
  }
  wf_hasher_add(hasher, block, used);
}

static void add_strings(wf_hasher *hasher, const wf_column *column) {
  const int64_t *offsets = wf_column_offsets(column);
  wf_hasher_add(hasher, offsets, (column->n_rows + 1) * sizeof *offsets);
  wf_hasher_add(hasher, column->data->data, (size_t)offsets[column->n_rows]);
}

static void add_column(wf_hasher *hasher, const char *name, const wf_column *column) {
  const char *type = wf_type_name(column->type);
  size_t n = column->n_rows, bits = wf_bitmap_size(n);
  wf_hasher_add_field(hasher, name, strlen(name));
  wf_hasher_add_field(hasher, type, strlen(type));
  wf_hasher_add_field(hasher, column->validity ? column->validity->data : (const uint8_t *)"",
                      column->validity ? bits : 0);
  if (column->type == WF_CATEGORY) {
    add_ends(hasher, column);
    add_texts(hasher, column);
  } else if (column->type == WF_STRING) {
    add_strings(hasher, column);
  } else {
    wf_hasher_add(hasher, column->data->data,
                  column->type == WF_BOOL ? bits : n * wf_type_width(column->type));
  }
}

wf_status wf_frame_digest(char out[65], const wf_frame *frame, wf_error *err) {
  static const char tag[] = "wf.frame.1";
  wf_hasher *hasher = NULL;
  wf_digest digest;
  WF_TRY(wf_hasher_new(&hasher, err));
  wf_hasher_add_field(hasher, tag, sizeof tag - 1);
  add_number(hasher, wf_frame_row_count(frame));
  add_number(hasher, wf_frame_column_count(frame));
  for (size_t i = 0; i < wf_frame_column_count(frame); i++) {
    add_column(hasher, wf_frame_name_at(frame, i), wf_frame_column_at(frame, i));
  }
  WF_TRY(wf_hasher_finish(hasher, &digest, err));
  wf_digest_format(&digest, out);
  return WF_OK;
}
