/* concat.c — frames one below the other.
 *
 * Columns are matched by name. Where types differ, a type that holds both is found: integers widen,
 * integers and floats meet in f64, text meets in string; a column without any value fits every
 * type, since a part of a file may happen to have none. Categories are joined into one dictionary
 * in order of first appearance. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/pool.h"
#include "frame/builder.h"
#include "frame/column.h"
#include "frame/frame.h"

#include <string.h>

/* ---- one column ------------------------------------------------------------------------------ */

static bool is_number(wf_type type) {
  return type == WF_F64 || type == WF_F32 || type == WF_I64 || type == WF_I32;
}

static bool common_type(wf_type a, wf_type b, wf_type *out) {
  if (a == b) return *out = a, true;
  if (wf_type_is_text(a) && wf_type_is_text(b)) return *out = WF_STRING, true;
  if (!is_number(a) || !is_number(b)) return false;
  bool whole = wf_type_is_integer(a) && wf_type_is_integer(b);
  return *out = whole ? WF_I64 : WF_F64, true;
}

static bool has_values(const wf_column *column) { return column->n_missing < column->n_rows; }

static wf_status agree(wf_type *out, wf_column *const *parts, size_t n, const char *name,
                       wf_error *err) {
  bool known = false;
  *out = parts[0]->type;
  for (size_t i = 0; i < n; i++) {
    if (!has_values(parts[i])) continue;
    if (known && !common_type(*out, parts[i]->type, out)) {
      return wf_fail(err, WF_TYPE, "column '%s' is %s in frame %zu, which does not go with %s",
                     name, wf_type_name(parts[i]->type), i + 1, wf_type_name(*out));
    }
    if (!known) *out = parts[i]->type;
    known = true;
  }
  return WF_OK;
}

/* n bits behind the first `at`, whose byte has no others; 1 each when `from` is NULL. */
static void append_bits(uint8_t *to, size_t at, const uint8_t *from, size_t n) {
  unsigned shift = at % 8;
  size_t size = wf_bitmap_size(n), last = (at + n - 1) / 8;
  uint8_t *place = to + at / 8;
  for (size_t i = 0; i < size; i++) {
    unsigned byte = from ? from[i] : 0xff;
    if (n - i * 8 < 8) byte &= (1u << (n - i * 8)) - 1;
    place[i] |= (uint8_t)(byte << shift);
    if (at / 8 + i < last) place[i + 1] |= (uint8_t)(byte << shift >> 8);
  }
}

static wf_status join_bits(wf_buffer **out, wf_column *const *parts, size_t n, size_t n_rows,
                           bool validity, wf_error *err) {
  wf_buffer *bits = NULL;
  WF_TRY(wf_buffer_new_zero(&bits, wf_bitmap_size(n_rows), err));
  size_t row = 0;
  for (size_t i = 0; i < n; i++) {
    const wf_buffer *source = validity ? parts[i]->validity : parts[i]->data;
    append_bits(bits->data, row, source ? source->data : NULL, parts[i]->n_rows);
    row += parts[i]->n_rows;
  }
  *out = bits;
  return WF_OK;
}

static wf_status join_values(wf_buffer **out, wf_column *const *parts, size_t n, size_t n_rows,
                             size_t width, wf_error *err) {
  size_t size, at = 0;
  if (__builtin_mul_overflow(n_rows, width, &size)) return wf_fail_nomem(err);
  WF_TRY(wf_buffer_new(out, size, err));
  for (size_t i = 0; i < n; i++) {
    size_t bytes = parts[i]->n_rows * width;
    if (bytes) memcpy((*out)->data + at, parts[i]->data->data, bytes);
    at += bytes;
  }
  return WF_OK;
}

static wf_status join_strings(wf_buffer **data, wf_buffer **offsets, wf_column *const *parts,
                              size_t n, size_t n_rows, wf_error *err) {
  size_t size = 0;
  for (size_t i = 0; i < n; i++) size += (size_t)wf_column_offsets(parts[i])[parts[i]->n_rows];
  WF_TRY(wf_buffer_new(data, size, err));
  WF_TRY(wf_buffer_new(offsets, (n_rows + 1) * sizeof(int64_t), err));
  int64_t *ends = (int64_t *)(void *)(*offsets)->data, base = 0;
  *ends++ = 0;
  for (size_t i = 0; i < n; i++) {
    const int64_t *from = wf_column_offsets(parts[i]);
    size_t part = (size_t)from[parts[i]->n_rows];
    if (part) memcpy((*data)->data + base, parts[i]->data->data, part);
    for (size_t k = 1; k <= parts[i]->n_rows; k++) *ends++ = base + from[k];
    base += (int64_t)part;
  }
  return WF_OK;
}

/* Codes of a part in the joined dictionary: a text gets its number where a row first has it. */
static wf_status translate_codes(int32_t *to, const wf_column *part, wf_map *texts, wf_error *err) {
  enum { UNKNOWN = -1 };
  size_t n_codes = part->dictionary->n_rows;
  const int32_t *codes = wf_column_i32(part);
  int32_t *known = wf_alloc_array(n_codes, sizeof *known);
  if (!known) return wf_fail_nomem(err);
  for (size_t i = 0; i < n_codes; i++) known[i] = UNKNOWN;
  wf_status status = WF_OK;
  for (size_t i = 0; status == WF_OK && i < part->n_rows; i++) {
    if (!wf_column_present(part, i)) {
      to[i] = 0;
      continue;
    }
    int32_t *code = &known[codes[i]];
    if (*code == UNKNOWN) {
      size_t index = 0;
      wf_view text = wf_column_view(part->dictionary, (size_t)codes[i]);
      status = wf_map_add(texts, text, &index, NULL, err);
      *code = (int32_t)index;
    }
    to[i] = *code;
  }
  wf_free(known);
  return status;
}

static wf_status texts_column(wf_column **out, const wf_map *texts, wf_error *err) {
  wf_builder *builder = NULL;
  WF_TRY(wf_builder_new(&builder, WF_STRING, err));
  wf_status status = WF_OK;
  for (size_t i = 0; status == WF_OK && i < wf_map_count(texts); i++) {
    status = wf_builder_add_text(builder, wf_map_key(texts, i), err);
  }
  if (status == WF_OK) return wf_builder_finish(builder, out, err);
  wf_builder_free(builder);
  return status;
}

/* Category columns in one dictionary. */
static wf_status join_codes(wf_buffer **data, wf_column **dictionary, wf_column *const *parts,
                            size_t n, size_t n_rows, wf_error *err) {
  wf_map *texts = NULL;
  size_t size, row = 0;
  if (__builtin_mul_overflow(n_rows, sizeof(int32_t), &size)) return wf_fail_nomem(err);
  WF_TRY(wf_map_new(&texts, err));
  wf_status status = wf_buffer_new(data, size, err);
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    int32_t *codes = (int32_t *)(void *)(*data)->data + row;
    status = translate_codes(codes, parts[i], texts, err);
    row += parts[i]->n_rows;
  }
  if (status == WF_OK) status = texts_column(dictionary, texts, err);
  wf_map_free(texts);
  return status;
}

/* Parts of one type. */
static wf_status join_parts(wf_column **out, wf_column *const *parts, size_t n, wf_type type,
                            wf_error *err) {
  size_t n_rows = 0, n_missing = 0;
  for (size_t i = 0; i < n; i++) {
    n_rows += parts[i]->n_rows;
    n_missing += parts[i]->n_missing;
  }
  wf_buffer *validity = NULL, *data = NULL, *offsets = NULL;
  wf_column *dictionary = NULL;
  wf_status status = n_missing ? join_bits(&validity, parts, n, n_rows, true, err) : WF_OK;
  if (status == WF_OK && type == WF_BOOL) {
    status = join_bits(&data, parts, n, n_rows, false, err);
  } else if (status == WF_OK && type == WF_CATEGORY) {
    status = join_codes(&data, &dictionary, parts, n, n_rows, err);
  } else if (status == WF_OK && type == WF_STRING) {
    status = join_strings(&data, &offsets, parts, n, n_rows, err);
  } else if (status == WF_OK) {
    status = join_values(&data, parts, n, n_rows, wf_type_width(type), err);
  }
  if (status == WF_OK) {
    return wf_column_make(out, type, n_rows, n_missing, validity, data, offsets, dictionary, err);
  }
  wf_column_release(dictionary);
  wf_buffer_release(validity);
  wf_buffer_release(data);
  wf_buffer_release(offsets);
  return status;
}

/* The parts under one type, one below the other. */
static wf_status join_column(wf_column **out, wf_column **parts, size_t n, const char *name,
                             wf_error *err) {
  wf_type type;
  WF_TRY(agree(&type, parts, n, name, err));
  wf_column **cast = wf_alloc_zero(n, sizeof *cast);
  if (!cast) return wf_fail_nomem(err);
  wf_status status = WF_OK;
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    status = wf_column_cast(&cast[i], parts[i], type, err);
  }
  if (status == WF_OK) status = join_parts(out, cast, n, type, err);
  for (size_t i = 0; i < n; i++) wf_column_release(cast[i]);
  wf_free(cast);
  return status;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static wf_status collect_parts(wf_column **parts, wf_frame *const *frames, size_t n,
                               const char *name, wf_error *err) {
  for (size_t i = 0; i < n; i++) {
    wf_status status = wf_frame_get(&parts[i], frames[i], name, err);
    if (status != WF_OK) return wf_fail_within(err, status, "frame %zu", i + 1);
  }
  return WF_OK;
}

static wf_status check_frames(wf_frame *const *frames, size_t n, wf_error *err) {
  if (n == 0) return wf_fail(err, WF_INVALID, "there is nothing to concatenate");
  size_t wanted = wf_frame_column_count(frames[0]);
  for (size_t i = 1; i < n; i++) {
    size_t has = wf_frame_column_count(frames[i]);
    for (size_t j = 0; has > wanted && j < has; j++) {
      const char *name = wf_frame_name_at(frames[i], j);
      if (wf_frame_find(frames[0], name) >= 0) continue;
      return wf_fail(err, WF_INVALID, "frame %zu has a column '%s', frame 1 has not", i + 1, name);
    }
  }
  return WF_OK;
}

typedef struct job {
  wf_frame *const *frames;
  size_t n;
  wf_column **parts; /* n of each column */
  wf_column **columns;
} job;

static wf_status join_columns(void *context, size_t index, size_t begin, size_t end, size_t worker,
                              wf_error *err) {
  job *work = context;
  (void)index, (void)worker;
  for (size_t j = begin; j < end; j++) {
    const char *name = wf_frame_name_at(work->frames[0], j);
    wf_column **parts = work->parts + j * work->n;
    WF_TRY(collect_parts(parts, work->frames, work->n, name, err));
    WF_TRY(join_column(&work->columns[j], parts, work->n, name, err));
  }
  return WF_OK;
}

wf_status wf_frame_concat(wf_frame **out, wf_frame *const *frames, size_t n, wf_error *err) {
  enum { WORTH_A_THREAD = 1 << 16 };
  WF_TRY(check_frames(frames, n, err));
  size_t n_columns = wf_frame_column_count(frames[0]), n_parts, n_rows = 0;
  if (__builtin_mul_overflow(n_columns, n, &n_parts)) return wf_fail_nomem(err);
  for (size_t i = 0; i < n; i++) n_rows += wf_frame_row_count(frames[i]);
  job work = {frames, n, wf_alloc_zero(n_parts, sizeof *work.parts),
              wf_alloc_zero(n_columns, sizeof *work.columns)};
  wf_status status = work.parts && work.columns ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) {
    size_t n_threads = n_rows < WORTH_A_THREAD ? 1 : 0;
    status = wf_parallel_for(n_columns, 1, n_threads, join_columns, &work, err);
  }
  if (status == WF_OK) {
    status = wf_frame_new(out, wf_frame_names(frames[0]), work.columns, n_columns, err);
  }
  for (size_t j = 0; work.columns && j < n_columns; j++) wf_column_release(work.columns[j]);
  wf_free(work.columns);
  wf_free(work.parts);
  return status;
}
