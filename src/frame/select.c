/* select.c — rows by position and by mask: slice, take, filter.
 *
 * Columns are independent, so frames do several at a time; each column's result depends on nothing
 * but itself. A slice or take of everything shares the column. A category's dictionary is always
 * shared, also when some of its strings no longer occur. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "frame/column.h"
#include "frame/frame.h"
#include "frame/gather.h"

#include <assert.h>
#include <string.h>

/* ---- one column ------------------------------------------------------------------------------ */

/* Copies n bits starting at bit `begin`; the destination is zeroed. */
static void copy_bits(uint8_t *to, const uint8_t *from, size_t begin, size_t n) {
  const uint8_t *first = from + begin / 8;
  unsigned shift = begin % 8;
  size_t size = wf_bitmap_size(n), available = wf_bitmap_size(begin + n) - begin / 8;
  for (size_t i = 0; i < size; i++) {
    unsigned both = first[i] | (i + 1 < available ? (unsigned)first[i + 1] << 8 : 0);
    to[i] = (uint8_t)(both >> shift);
  }
  if (n % 8) to[size - 1] &= (uint8_t)((1 << n % 8) - 1);
}

static wf_status slice_validity(wf_buffer **out, size_t *n_missing, const wf_column *column,
                                size_t begin, size_t n, wf_error *err) {
  *out = NULL;
  *n_missing = 0;
  if (!column->validity) return WF_OK;
  WF_TRY(wf_buffer_new_zero(out, wf_bitmap_size(n), err));
  copy_bits((*out)->data, column->validity->data, begin, n);
  *n_missing = n - wf_bitmap_count((*out)->data, n);
  return WF_OK;
}

static wf_status slice_string(wf_column **out, const wf_column *column, size_t begin, size_t n,
                              wf_buffer *validity, size_t n_missing, wf_error *err) {
  const int64_t *from = wf_column_offsets(column) + begin;
  wf_buffer *data = NULL, *offsets = NULL;
  size_t size = (size_t)(from[n] - from[0]);
  wf_status status = wf_buffer_new(&data, size, err);
  if (status == WF_OK) status = wf_buffer_new(&offsets, (n + 1) * sizeof *from, err);
  if (status != WF_OK) {
    wf_buffer_release(data);
    wf_buffer_release(validity);
    return status;
  }
  int64_t *to = (int64_t *)(void *)offsets->data;
  for (size_t i = 0; i <= n; i++) to[i] = from[i] - from[0];
  if (size) memcpy(data->data, column->data->data + from[0], size);
  return wf_column_make(out, WF_STRING, n, n_missing, validity, data, offsets, NULL, err);
}

wf_status wf_column_slice(wf_column **out, const wf_column *column, size_t begin, size_t n,
                          wf_error *err) {
  assert(begin <= column->n_rows && n <= column->n_rows - begin);
  if (n == column->n_rows) {
    *out = wf_column_retain((wf_column *)column);
    return WF_OK;
  }
  wf_buffer *validity = NULL;
  size_t n_missing;
  WF_TRY(slice_validity(&validity, &n_missing, column, begin, n, err));
  if (column->type == WF_STRING) {
    return slice_string(out, column, begin, n, validity, n_missing, err);
  }
  wf_column *slice;
  WF_TRY(wf_column_blank(&slice, column->type, n, validity, n_missing, err));
  size_t width = wf_type_width(column->type);
  if (column->type == WF_BOOL)
    copy_bits(slice->data->data, column->data->data, begin, n);
  else
    memcpy(slice->data->data, column->data->data + begin * width, n * width);
  slice->dictionary = wf_column_retain(column->dictionary);
  *out = slice;
  return WF_OK;
}

static bool any_absent(const size_t *rows, size_t n) {
  bool any = false;
  for (size_t i = 0; i < n; i++) any |= rows[i] == WF_NO_ROW;
  return any;
}

/* `bits` of the given rows, 0 for no row; those of all rows are 1 when it is NULL. */
static void take_bits(uint8_t *to, const uint8_t *bits, const size_t *rows, size_t n) {
  for (size_t i = 0; i < n; i += 8) {
    size_t end = n - i < 8 ? n : i + 8;
    unsigned byte = 0;
    for (size_t k = i; k < end; k++) {
      unsigned bit = rows[k] != WF_NO_ROW;
      if (bit && bits) bit = bits[rows[k] >> 3] >> (rows[k] & 7) & 1u;
      byte |= bit << (k - i);
    }
    to[i >> 3] = (uint8_t)byte;
  }
}

static wf_status take_validity(wf_buffer **out, size_t *n_missing, const wf_column *column,
                               const size_t *rows, size_t n, wf_error *err) {
  *out = NULL;
  *n_missing = 0;
  if (!column->validity && !any_absent(rows, n)) return WF_OK;
  wf_buffer *validity = NULL;
  WF_TRY(wf_buffer_new(&validity, wf_bitmap_size(n), err));
  take_bits(validity->data, column->validity ? column->validity->data : NULL, rows, n);
  *out = validity;
  *n_missing = n - wf_bitmap_count(validity->data, n);
  return WF_OK;
}

/* The texts of rows to where `ends` says. Short ones are copied as 32 bytes where both sides have
 * them: what is too much is written over by the next one. */
static void copy_texts(wf_buffer *data, const int64_t *ends, const wf_column *column,
                       const size_t *rows, size_t n) {
  enum { SHORT = 32 };
  const int64_t *from = wf_column_offsets(column);
  for (size_t i = 0; i < n; i++) {
    size_t size = (size_t)(ends[i + 1] - ends[i]), at = (size_t)ends[i];
    if (size == 0) continue;
    size_t source = (size_t)from[rows[i]];
    bool room = data->size - at >= SHORT && column->data->size - source >= SHORT;
    if (size <= SHORT && room)
      memcpy(data->data + at, column->data->data + source, SHORT);
    else
      memcpy(data->data + at, column->data->data + source, size);
  }
}

static wf_status take_string(wf_column **out, const wf_column *column, const size_t *rows, size_t n,
                             wf_buffer *validity, size_t n_missing, wf_error *err) {
  const int64_t *from = wf_column_offsets(column);
  wf_buffer *data = NULL, *offsets;
  wf_status status = wf_buffer_new(&offsets, (n + 1) * sizeof *from, err);
  if (status == WF_OK) {
    int64_t *to = (int64_t *)(void *)offsets->data;
    bool overflow = false;
    to[0] = 0;
    for (size_t i = 0; i < n; i++) {
      int64_t size = rows[i] == WF_NO_ROW ? 0 : from[rows[i] + 1] - from[rows[i]];
      overflow |= __builtin_add_overflow(to[i], size, &to[i + 1]);
    }
    status = overflow ? wf_fail_nomem(err) : wf_buffer_new(&data, (size_t)to[n], err);
    if (status != WF_OK) wf_buffer_release(offsets);
  }
  if (status != WF_OK) {
    wf_buffer_release(validity);
    return status;
  }
  copy_texts(data, (const int64_t *)(const void *)offsets->data, column, rows, n);
  return wf_column_make(out, WF_STRING, n, n_missing, validity, data, offsets, NULL, err);
}

static void take_words(uint64_t *to, const uint64_t *from, const size_t *rows, size_t n) {
  for (size_t i = 0; i < n; i++) to[i] = rows[i] == WF_NO_ROW ? 0 : from[rows[i]];
}

static void take_halves(uint32_t *to, const uint32_t *from, const size_t *rows, size_t n) {
  for (size_t i = 0; i < n; i++) to[i] = rows[i] == WF_NO_ROW ? 0 : from[rows[i]];
}

wf_status wf_column_take(wf_column **out, const wf_column *column, const size_t *rows, size_t n,
                         wf_error *err) {
  wf_buffer *validity = NULL;
  size_t n_missing;
  WF_TRY(take_validity(&validity, &n_missing, column, rows, n, err));
  if (column->type == WF_STRING) {
    return take_string(out, column, rows, n, validity, n_missing, err);
  }
  wf_column *taken;
  WF_TRY(wf_column_blank(&taken, column->type, n, validity, n_missing, err));
  void *to = wf_column_memory(taken);
  const void *from = column->data->data;
  switch (wf_type_width(column->type)) {
  case 8: take_words(to, from, rows, n); break;
  case 4: take_halves(to, from, rows, n); break;
  default: take_bits(to, from, rows, n);
  }
  taken->dictionary = wf_column_retain(column->dictionary);
  *out = taken;
  return WF_OK;
}

/* ---- frames ---------------------------------------------------------------------------------- */

typedef struct map_job {
  const wf_frame *frame;
  wf_column_fn *fn;
  void *context;
  wf_column **columns;
} map_job;

static wf_status map_columns(void *context, size_t index, size_t begin, size_t end, size_t worker,
                             wf_error *err) {
  map_job *job = context;
  (void)index, (void)worker;
  for (size_t i = begin; i < end; i++) {
    WF_TRY(job->fn(job->context, &job->columns[i], wf_frame_column_at(job->frame, i), err));
  }
  return WF_OK;
}

wf_status wf_frame_map(wf_frame **out, const wf_frame *frame, wf_column_fn *fn, void *context,
                       size_t work, wf_error *err) {
  enum { WORTH_A_THREAD = 1 << 17 };
  size_t n = wf_frame_column_count(frame);
  wf_column **columns = wf_alloc_zero(n, sizeof *columns);
  if (!columns) return wf_fail_nomem(err);
  map_job job = {frame, fn, context, columns};
  size_t n_threads = work / WORTH_A_THREAD * n < 2 ? 1 : 0;
  wf_status status = wf_parallel_for(n, 1, n_threads, map_columns, &job, err);
  if (status == WF_OK) status = wf_frame_new(out, wf_frame_names(frame), columns, n, err);
  for (size_t i = 0; i < n; i++) wf_column_release(columns[i]);
  wf_free(columns);
  return status;
}

typedef struct row_set {
  const size_t *rows; /* NULL: the range */
  size_t begin, n;
} row_set;

static wf_status apply_rows(void *context, wf_column **out, const wf_column *column,
                            wf_error *err) {
  const row_set *set = context;
  if (set->rows) return wf_column_take(out, column, set->rows, set->n, err);
  return wf_column_slice(out, column, set->begin, set->n, err);
}

wf_status wf_frame_slice(wf_frame **out, const wf_frame *frame, size_t begin, size_t n,
                         wf_error *err) {
  size_t n_rows = wf_frame_row_count(frame);
  if (begin > n_rows) begin = n_rows;
  if (n > n_rows - begin) n = n_rows - begin;
  return wf_frame_map(out, frame, apply_rows, &(row_set){NULL, begin, n}, n, err);
}

wf_status wf_frame_take(wf_frame **out, const wf_frame *frame, const size_t *rows, size_t n,
                        wf_error *err) {
  for (size_t i = 0; i < n; i++) {
    if (rows[i] >= wf_frame_row_count(frame)) {
      return wf_fail(err, WF_INVALID, "row %zu is past the end: the frame has %zu rows",
                     rows[i] + 1, wf_frame_row_count(frame));
    }
  }
  static const size_t none[1];
  if (wf_gather_pays(frame, rows, n)) {
    return wf_gather(out, frame, rows, (const size_t[]){0, n}, 1, err);
  }
  return wf_frame_map(out, frame, apply_rows, &(row_set){n ? rows : none, 0, n}, n, err);
}

wf_status wf_frame_filter(wf_frame **out, const wf_frame *frame, const wf_column *mask,
                          wf_error *err) {
  if (mask->type != WF_BOOL) {
    return wf_fail(err, WF_TYPE, "a filter needs a bool column, not %s", wf_type_name(mask->type));
  }
  if (mask->n_rows != wf_frame_row_count(frame)) {
    return wf_fail(err, WF_INVALID, "the filter has %zu rows; the frame has %zu", mask->n_rows,
                   wf_frame_row_count(frame));
  }
  /* values of missing rows are 0, so the bits alone decide */
  const uint8_t *bits = mask->data->data;
  size_t n = wf_bitmap_count(bits, mask->n_rows), k = 0;
  size_t *rows = wf_alloc_filled(n, sizeof *rows);
  if (!rows) return wf_fail_nomem(err);
  for (size_t i = 0; i < mask->n_rows; i += 8) {
    for (unsigned set = bits[i >> 3]; set; set &= set - 1) {
      rows[k++] = i + (unsigned)__builtin_ctz(set);
    }
  }
  wf_status status = wf_frame_take(out, frame, rows, n, err);
  wf_free(rows);
  return status;
}
