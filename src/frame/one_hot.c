/* one_hot.c — indicator columns.
 *
 * Every value gets a number in byte order of its text; then one walk over the rows sets one bit a
 * row. Of a category only its dictionary is looked at as text. */
#include "wf/reshape.h"

#include "base/alloc.h"
#include "base/error.h"
#include "frame/column.h"
#include "frame/frame.h"
#include "frame/keys.h"
#include "frame/value.h"

#include <stdlib.h>
#include <string.h>

typedef struct level {
  char *name; /* of the indicator column */
  size_t key;
} level;

/* The values of one column: rows to keys, keys to levels in order. */
typedef struct levels {
  size_t *keys; /* by row; WF_NO_ROW where missing */
  level *items;
  size_t n;
} levels;

static void dispose(levels *l) {
  for (size_t i = 0; l->items && i < l->n; i++) wf_free(l->items[i].name);
  wf_free(l->items);
  wf_free(l->keys);
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const level *)a)->name, ((const level *)b)->name);
}

/* Codes that occur are keys as they are; else rows are numbered by value. */
static wf_status number_rows(levels *l, const wf_column *column, size_t *n_keys, wf_error *err) {
  l->keys = wf_alloc_filled(column->n_rows, sizeof *l->keys);
  if (!l->keys) return wf_fail_nomem(err);
  if (column->type != WF_CATEGORY) {
    wf_keys *keys = NULL;
    WF_TRY(wf_keys_new(&keys, &column, 1, false, err));
    wf_status status = wf_keys_add(keys, &column, l->keys, err);
    *n_keys = wf_keys_count(keys);
    wf_keys_free(keys);
    return status;
  }
  const int32_t *codes = wf_column_i32(column);
  for (size_t i = 0; i < column->n_rows; i++) {
    l->keys[i] = wf_column_present(column, i) ? (size_t)codes[i] : WF_NO_ROW;
  }
  *n_keys = column->dictionary->n_rows;
  return WF_OK;
}

static char *indicator_name(const char *column, const wf_column *values, size_t row) {
  char scratch[WF_VALUE_TEXT];
  wf_view text = wf_value_text(values, row, scratch);
  size_t size = strlen(column);
  char *name = wf_alloc(size + text.size + 2);
  if (!name) return NULL;
  memcpy(name, column, size);
  name[size] = '_';
  if (text.size) memcpy(name + size + 1, text.data, text.size);
  name[size + 1 + text.size] = '\0';
  return name;
}

static wf_status find_levels(levels *l, const char *name, const wf_column *column, wf_error *err) {
  enum { MOST = 10000 };
  size_t n_keys = 0;
  WF_TRY(number_rows(l, column, &n_keys, err));
  size_t *first = wf_alloc_array(n_keys, sizeof *first), n = 0;
  if (!first) return wf_fail_nomem(err);
  for (size_t k = 0; k < n_keys; k++) first[k] = WF_NO_ROW;
  for (size_t i = 0; i < column->n_rows; i++) {
    if (l->keys[i] == WF_NO_ROW || first[l->keys[i]] != WF_NO_ROW) continue;
    first[l->keys[i]] = i;
    n++;
  }
  wf_status status = WF_OK;
  if (n > MOST) {
    status = wf_fail(err, WF_LIMIT, "one_hot: '%s' has %zu distinct values; at most %d are encoded",
                     name, n, (int)MOST);
  } else if (!(l->items = wf_alloc_zero(n, sizeof *l->items))) {
    status = wf_fail_nomem(err);
  }
  for (size_t k = 0; status == WF_OK && k < n_keys; k++) {
    if (first[k] == WF_NO_ROW) continue;
    l->items[l->n].key = k;
    l->items[l->n].name = indicator_name(name, column, first[k]);
    if (!l->items[l->n++].name) status = wf_fail_nomem(err);
  }
  if (status == WF_OK && l->n) qsort(l->items, l->n, sizeof *l->items, by_name);
  wf_free(first);
  return status;
}

/* bits[key]: the memory of that key's indicator, NULL for none. */
static void set_bits(uint8_t *const *bits, const size_t *keys, size_t n_rows) {
  for (size_t i = 0; i < n_rows; i++) {
    if (keys[i] != WF_NO_ROW && bits[keys[i]]) wf_bit_set(bits[keys[i]], i);
  }
}

static wf_status make_indicators(wf_column **out, const levels *l, size_t from, size_t n_rows,
                                 wf_error *err) {
  size_t n_keys = 0;
  for (size_t i = 0; i < l->n; i++) {
    if (l->items[i].key >= n_keys) n_keys = l->items[i].key + 1;
  }
  uint8_t **bits = wf_alloc_zero(n_keys, sizeof *bits);
  wf_status status = bits ? WF_OK : wf_fail_nomem(err);
  for (size_t i = from; status == WF_OK && i < l->n; i++) {
    status = wf_column_blank(&out[i - from], WF_BOOL, n_rows, NULL, 0, err);
    if (status == WF_OK) bits[l->items[i].key] = wf_column_memory(out[i - from]);
  }
  if (status == WF_OK && l->n > from) set_bits(bits, l->keys, n_rows);
  wf_free(bits);
  return status;
}

/* The frame with column `index` replaced. */
static wf_status replace(wf_frame **out, const wf_frame *frame, size_t index, const levels *l,
                         size_t from, wf_error *err) {
  size_t n_old = wf_frame_column_count(frame), n_new = l->n > from ? l->n - from : 0;
  size_t n = n_old - 1 + n_new, k = 0;
  const char **names = wf_alloc_array(n, sizeof *names);
  wf_column **columns = wf_alloc_array(n, sizeof *columns);
  wf_column **made = wf_alloc_zero(n_new, sizeof *made);
  wf_status status = names && columns && made
                         ? make_indicators(made, l, from, wf_frame_row_count(frame), err)
                         : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n_old; i++) {
    for (size_t j = 0; i == index && j < n_new; j++) {
      names[k] = l->items[from + j].name;
      columns[k++] = made[j];
    }
    if (i == index) continue;
    names[k] = wf_frame_name_at(frame, i);
    columns[k++] = wf_frame_column_at(frame, i);
  }
  if (status == WF_OK) status = wf_frame_new(out, names, columns, n, err);
  for (size_t j = 0; made && j < n_new; j++) wf_column_release(made[j]);
  wf_free(made);
  wf_free(names);
  wf_free(columns);
  return status;
}

static wf_status encode(wf_frame **out, const wf_frame *frame, const char *name, bool drop_first,
                        wf_error *err) {
  size_t index = 0;
  WF_TRY(wf_frame_index_of(&index, frame, name, err));
  const wf_column *column = wf_frame_column_at(frame, index);
  if (column->type == WF_F64 || column->type == WF_F32 || column->type == WF_TIMESTAMP) {
    return wf_fail(err, WF_TYPE, "one_hot: column '%s' is %s; bin or cast it first", name,
                   wf_type_name(column->type));
  }
  levels l = {0};
  wf_status status = find_levels(&l, name, column, err);
  if (status == WF_OK) status = replace(out, frame, index, &l, drop_first && l.n > 0, err);
  dispose(&l);
  return status;
}

wf_status wf_frame_one_hot(wf_frame **out, const wf_frame *frame, const char *const *columns,
                           size_t n_columns, bool drop_first, wf_error *err) {
  wf_frame *result = wf_frame_retain((wf_frame *)frame);
  for (size_t i = 0; i < n_columns; i++) {
    wf_frame *next = NULL;
    wf_status status = encode(&next, result, columns[i], drop_first, err);
    wf_frame_release(result);
    if (status != WF_OK) return status;
    result = next;
  }
  *out = result;
  return WF_OK;
}
