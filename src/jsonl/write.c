/* write.c — rows as objects, in parallel by blocks of rows. The keys are escaped once. */
#include "wf/jsonl.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/packed.h"
#include "base/pool.h"
#include "frame/value.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 4096 };

typedef struct writing {
  const wf_frame *frame;
  wf_bytes keys; /* `{"a":`, `,"b":`, … */
  size_t *ends;  /* in `keys`, of each column */
  bool non_finite_null;
  wf_bytes *blocks;
} writing;

static wf_status make_keys(writing *w, wf_error *err) {
  size_t n = wf_frame_column_count(w->frame);
  w->ends = wf_alloc_array(n, sizeof *w->ends);
  if (!w->ends) return wf_fail_nomem(err);
  for (size_t j = 0; j < n; j++) {
    wf_bytes_char(&w->keys, j ? ',' : '{');
    wf_json_add_string(&w->keys, wf_view_of(wf_frame_name_at(w->frame, j)));
    wf_bytes_char(&w->keys, ':');
    w->ends[j] = w->keys.size;
  }
  return w->keys.failed ? wf_fail_nomem(err) : WF_OK;
}

static wf_status add_real(const writing *w, wf_bytes *out, size_t j, size_t row, wf_view text,
                          wf_error *err) {
  if (isfinite(wf_column_number_at(wf_frame_column_at(w->frame, j), row))) {
    wf_bytes_add(out, text.data, text.size);
    bool marked = memchr(text.data, '.', text.size) || memchr(text.data, 'e', text.size);
    if (!marked) wf_bytes_add(out, ".0", 2);
    return WF_OK;
  }
  if (!w->non_finite_null) {
    return wf_fail(err, WF_INVALID, "row %zu: column '%s' is %.*s, for which JSON has no text",
                   row + 1, wf_frame_name_at(w->frame, j), (int)text.size, text.data);
  }
  wf_bytes_add(out, "null", 4);
  return WF_OK;
}

static wf_status add_value(const writing *w, wf_bytes *out, size_t j, size_t row, wf_error *err) {
  const wf_column *column = wf_frame_column_at(w->frame, j);
  if (!wf_column_present(column, row)) {
    wf_bytes_add(out, "null", 4);
    return WF_OK;
  }
  char scratch[WF_VALUE_TEXT];
  wf_view text = wf_value_text(column, row, scratch);
  switch (column->type) {
  case WF_F64:
  case WF_F32: return add_real(w, out, j, row, text, err);
  case WF_STRING:
  case WF_CATEGORY:
  case WF_TIMESTAMP: wf_json_add_string(out, text); return WF_OK;
  default: wf_bytes_add(out, text.data, text.size); return WF_OK;
  }
}

static wf_status format_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                              wf_error *err) {
  const writing *w = context;
  wf_bytes *out = &w->blocks[index];
  (void)worker;
  size_t n = wf_frame_column_count(w->frame);
  for (size_t row = begin; row < end; row++) {
    for (size_t j = 0; j < n; j++) {
      size_t from = j ? w->ends[j - 1] : 0;
      wf_bytes_add(out, w->keys.data + from, w->ends[j] - from);
      WF_TRY(add_value(w, out, j, row, err));
    }
    wf_bytes_add(out, "}\n", 2);
  }
  return out->failed ? wf_fail_nomem(err) : WF_OK;
}

static wf_status format_frame(wf_bytes *out, writing *w, wf_error *err) {
  size_t n_rows = wf_frame_row_count(w->frame), n_blocks = n_rows / BLOCK + 1, total = 0;
  WF_TRY(make_keys(w, err));
  w->blocks = wf_alloc_zero(n_blocks, sizeof *w->blocks);
  if (!w->blocks) return wf_fail_nomem(err);
  wf_status status = wf_parallel_for(n_rows, BLOCK, 0, format_block, w, err);
  for (size_t i = 0; i < n_blocks; i++) total += w->blocks[i].size;
  if (status == WF_OK) wf_bytes_reserve(out, total);
  for (size_t i = 0; i < n_blocks; i++) {
    if (status == WF_OK) wf_bytes_add(out, w->blocks[i].data, w->blocks[i].size);
    wf_bytes_dispose(&w->blocks[i]);
  }
  wf_free(w->blocks);
  return status == WF_OK && out->failed ? wf_fail_nomem(err) : status;
}

static wf_status format_bytes(wf_bytes *out, const wf_frame *frame, bool non_finite_null,
                              wf_error *err) {
  writing w = {.frame = frame, .non_finite_null = non_finite_null};
  wf_status status = format_frame(out, &w, err);
  wf_bytes_dispose(&w.keys);
  wf_free(w.ends);
  if (status != WF_OK) wf_bytes_dispose(out);
  return status;
}

wf_status wf_jsonl_format(char **out, size_t *size, const wf_frame *frame, bool non_finite_null,
                          wf_error *err) {
  wf_bytes bytes = {0};
  WF_TRY(format_bytes(&bytes, frame, non_finite_null, err));
  return wf_bytes_take(&bytes, out, size, err);
}

wf_status wf_jsonl_write(const wf_frame *frame, const char *path, bool non_finite_null,
                         wf_error *err) {
  wf_bytes bytes = {0};
  WF_TRY(format_bytes(&bytes, frame, non_finite_null, err));
  wf_status status = wf_packed_write(path, bytes.data ? bytes.data : "", bytes.size, err);
  wf_bytes_dispose(&bytes);
  return status;
}
