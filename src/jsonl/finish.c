/* finish.c — scattering stored values over their rows.
 *
 * Whether text is worth a dictionary is known only when all of it has been seen, so it is tried:
 * the attempt ends as soon as there are too many distinct values for what is left. */
#include "jsonl/finish.h"

#include "frame/builder.h"

#include <string.h>

enum { MAX_CATEGORIES = 1 << 15 };

typedef struct finishing {
  const wf_jsonl_part *parts;
  size_t n_parts, n_rows, n_present;
  wf_type type;
} finishing;

static wf_status make_validity(wf_buffer **out, const finishing *f, wf_error *err) {
  *out = NULL;
  if (f->n_present == f->n_rows) return WF_OK;
  wf_buffer *bits = NULL;
  WF_TRY(wf_buffer_new_zero(&bits, wf_bitmap_size(f->n_rows), err));
  for (size_t i = 0; i < f->n_parts; i++) {
    const wf_jsonl_column *values = f->parts[i].values;
    for (size_t k = 0; values && k < values->n; k++) {
      wf_bit_set(bits->data, f->parts[i].first_row + values->rows[k]);
    }
  }
  *out = bits;
  return WF_OK;
}

/* ---- numbers, truths, times -------------------------------------------------------------------
 */

static double number_of(const wf_jsonl_column *values, size_t k) {
  bool integers = values->store == WF_JSONL_INTEGERS;
  return integers ? (double)values->slots[k].integer : values->slots[k].number;
}

static void scatter(void *memory, wf_type type, const wf_jsonl_column *values, size_t first_row) {
  for (size_t k = 0; k < values->n; k++) {
    size_t row = first_row + values->rows[k];
    switch (type) {
    case WF_F64: ((double *)memory)[row] = number_of(values, k); break;
    case WF_F32: ((float *)memory)[row] = (float)number_of(values, k); break;
    case WF_I32: ((int32_t *)memory)[row] = (int32_t)values->slots[k].integer; break;
    case WF_BOOL:
      if (values->slots[k].integer) wf_bit_set(memory, row);
      break;
    default: ((int64_t *)memory)[row] = values->slots[k].integer; break;
    }
  }
}

static wf_status finish_values(wf_column **out, const finishing *f, wf_error *err) {
  wf_buffer *validity = NULL;
  wf_column *column = NULL;
  WF_TRY(make_validity(&validity, f, err));
  size_t n_missing = f->n_rows - f->n_present;
  WF_TRY(wf_column_blank(&column, f->type, f->n_rows, validity, n_missing, err));
  void *memory = wf_column_memory(column);
  if (n_missing && f->type != WF_BOOL) memset(memory, 0, f->n_rows * wf_type_width(f->type));
  for (size_t i = 0; i < f->n_parts; i++) {
    wf_jsonl_column *values = f->parts[i].values;
    if (!values) continue;
    scatter(memory, f->type, values, f->parts[i].first_row);
    wf_jsonl_column_dispose(values);
  }
  *out = column;
  return WF_OK;
}

/* ---- text -------------------------------------------------------------------------------------
 */

static wf_view text_at(const wf_jsonl_column *values, size_t k) {
  size_t begin = k ? values->slots[k - 1].end : 0;
  return (wf_view){values->text.data ? values->text.data + begin : "",
                   values->slots[k].end - begin};
}

static wf_status finish_strings(wf_column **out, const finishing *f, wf_error *err) {
  size_t size = 0, row = 0;
  for (size_t i = 0; i < f->n_parts; i++) {
    if (f->parts[i].values) size += f->parts[i].values->text.size;
  }
  wf_buffer *data = NULL, *offsets = NULL, *validity = NULL;
  wf_status status = wf_buffer_new(&data, size, err);
  if (status == WF_OK) status = wf_buffer_new(&offsets, (f->n_rows + 1) * sizeof(int64_t), err);
  if (status == WF_OK) status = make_validity(&validity, f, err);
  if (status != WF_OK) {
    wf_buffer_release(data);
    wf_buffer_release(offsets);
    return status;
  }
  int64_t *ends = (int64_t *)(void *)offsets->data, at = 0;
  for (size_t i = 0; i < f->n_parts; i++) {
    wf_jsonl_column *values = f->parts[i].values;
    for (size_t k = 0; values && k < values->n; k++) {
      wf_view text = text_at(values, k);
      size_t to = f->parts[i].first_row + values->rows[k];
      while (row <= to) ends[row++] = at;
      if (text.size) memcpy(data->data + at, text.data, text.size);
      at += (int64_t)text.size;
    }
    if (values) wf_jsonl_column_dispose(values);
  }
  while (row <= f->n_rows) ends[row++] = at;
  return wf_column_make(out, WF_STRING, f->n_rows, f->n_rows - f->n_present, validity, data,
                        offsets, NULL, err);
}

/* Fills the codes; *worth turns false, at once, when there are more than `most` distinct texts. */
static wf_status encode(int32_t *codes, wf_map *map, const finishing *f, size_t most, bool *worth,
                        wf_error *err) {
  *worth = true;
  for (size_t i = 0; i < f->n_parts; i++) {
    const wf_jsonl_column *values = f->parts[i].values;
    for (size_t k = 0; values && k < values->n; k++) {
      size_t index = 0;
      WF_TRY(wf_map_add(map, text_at(values, k), &index, NULL, err));
      if (index >= most) {
        *worth = false;
        return WF_OK;
      }
      codes[f->parts[i].first_row + values->rows[k]] = (int32_t)index;
    }
  }
  return WF_OK;
}

/* *out stays NULL when the column is not worth a dictionary. */
static wf_status finish_categories(wf_column **out, const finishing *f, bool given, wf_error *err) {
  size_t most = f->n_present / 2 < MAX_CATEGORIES ? f->n_present / 2 : MAX_CATEGORIES;
  wf_buffer *codes = NULL, *validity = NULL;
  wf_column *dictionary = NULL;
  wf_map *map = NULL;
  bool worth = false;
  WF_TRY(wf_map_new(&map, err));
  wf_status status = wf_buffer_new_zero(&codes, f->n_rows * sizeof(int32_t), err);
  if (status == WF_OK) {
    int32_t *values = (int32_t *)(void *)codes->data;
    status = encode(values, map, f, given ? INT32_MAX : most, &worth, err);
  }
  if (status == WF_OK && worth) status = wf_column_from_map(&dictionary, map, err);
  if (status == WF_OK && worth) status = make_validity(&validity, f, err);
  wf_map_free(map);
  if (status == WF_OK && worth) {
    return wf_column_make(out, WF_CATEGORY, f->n_rows, f->n_rows - f->n_present, validity, codes,
                          NULL, dictionary, err);
  }
  wf_buffer_release(codes);
  wf_column_release(dictionary);
  return status;
}

wf_status wf_jsonl_finish(wf_column **out, const wf_jsonl_part *parts, size_t n_parts,
                          size_t n_rows, wf_type type, bool given, wf_error *err) {
  finishing f = {parts, n_parts, n_rows, 0, type};
  for (size_t i = 0; i < n_parts; i++) f.n_present += parts[i].values ? parts[i].values->n : 0;
  if (type != WF_CATEGORY && type != WF_STRING) return finish_values(out, &f, err);
  wf_column *column = NULL;
  if (type == WF_CATEGORY) WF_TRY(finish_categories(&column, &f, given, err));
  if (!column) return finish_strings(out, &f, err);
  *out = column;
  return WF_OK;
}
