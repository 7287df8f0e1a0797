/* write.c — rows as sparse text. */
#include "wf/libsvm.h"

#include "base/alloc.h"
#include "base/number.h"
#include "base/packed.h"
#include "frame/frame.h"
#include "frame/value.h"

#include <math.h>

typedef struct writing {
  const wf_frame *frame;
  size_t base;
  const wf_column *label, *weight, *qid; /* NULL: there is none */
  const wf_column **features;
  size_t n_features;
} writing;

static wf_status check_numbers(const wf_column *column, const char *name, wf_error *err) {
  if (!wf_type_is_text(column->type)) return WF_OK;
  return wf_fail(err, WF_TYPE, "column '%s' is text, which this format cannot hold", name);
}

static wf_status check_complete(const wf_column *column, const char *name, wf_error *err) {
  for (size_t i = 0; column->n_missing && i < column->n_rows; i++) {
    if (!wf_column_present(column, i)) {
      return wf_fail(err, WF_INVALID, "column '%s' has no value in row %zu", name, i + 1);
    }
  }
  return WF_OK;
}

static wf_status check_groups(const wf_column *column, const char *name, wf_error *err) {
  if (!wf_type_is_integer(column->type)) {
    return wf_fail(err, WF_TYPE, "column '%s' is %s; qid needs whole numbers", name,
                   wf_type_name(column->type));
  }
  for (size_t i = 0; i < column->n_rows; i++) {
    if (wf_column_integer_at(column, i) < 0) {
      return wf_fail(err, WF_INVALID, "column '%s' is below 0 in row %zu", name, i + 1);
    }
  }
  return WF_OK;
}

/* The column beside the features, or NULL when the frame has none. */
static wf_status find_aside(const wf_column **out, const wf_frame *frame, const char *name,
                            wf_error *err) {
  ptrdiff_t index = wf_frame_find(frame, name);
  if (index < 0) return WF_OK;
  const wf_column *column = wf_frame_column_at(frame, (size_t)index);
  WF_TRY(check_numbers(column, name, err));
  WF_TRY(check_complete(column, name, err));
  *out = column;
  return WF_OK;
}

static wf_status sort_columns(writing *w, const wf_libsvm_options *o, wf_error *err) {
  const char *label = o->label ? o->label : "label", *qid = o->qid ? o->qid : "qid";
  wf_column *found;
  WF_TRY(wf_frame_get(&found, w->frame, label, err));
  WF_TRY(find_aside(&w->label, w->frame, label, err));
  WF_TRY(find_aside(&w->weight, w->frame, o->weight ? o->weight : "weight", err));
  WF_TRY(find_aside(&w->qid, w->frame, qid, err));
  if (w->qid) WF_TRY(check_groups(w->qid, qid, err));
  size_t n = wf_frame_column_count(w->frame);
  w->features = wf_alloc_array(n, sizeof *w->features);
  if (!w->features) return wf_fail_nomem(err);
  for (size_t j = 0; j < n; j++) {
    const wf_column *column = wf_frame_column_at(w->frame, j);
    if (column == w->label || column == w->weight || column == w->qid) continue;
    WF_TRY(check_numbers(column, wf_frame_name_at(w->frame, j), err));
    w->features[w->n_features++] = column;
  }
  return WF_OK;
}

static void add_value(wf_bytes *out, const wf_column *column, size_t row) {
  char scratch[WF_VALUE_TEXT];
  if (column->type == WF_BOOL || column->type == WF_TIMESTAMP) {
    wf_format_i64(scratch, wf_column_integer_at(column, row));
    wf_bytes_text(out, scratch);
    return;
  }
  wf_view text = wf_value_text(column, row, scratch);
  wf_bytes_add(out, text.data, text.size);
}

static void add_row(const writing *w, wf_bytes *out, size_t row) {
  add_value(out, w->label, row);
  if (w->weight) {
    wf_bytes_char(out, ':');
    add_value(out, w->weight, row);
  }
  if (w->qid) {
    wf_bytes_text(out, " qid:");
    add_value(out, w->qid, row);
  }
  for (size_t j = 0; j < w->n_features; j++) {
    if (!wf_column_present(w->features[j], row)) continue;
    char index[WF_NUMBER_TEXT];
    wf_format_i64(index, (int64_t)(j + w->base));
    wf_bytes_char(out, ' ');
    wf_bytes_text(out, index);
    wf_bytes_char(out, ':');
    add_value(out, w->features[j], row);
  }
  wf_bytes_char(out, '\n');
}

/* The caller disposes `out`. */
static wf_status format_frame(wf_bytes *out, const wf_frame *frame,
                              const wf_libsvm_options *options, wf_error *err) {
  static const wf_libsvm_options defaults = {0};
  if (!options) options = &defaults;
  if (options->base > 1) return wf_fail(err, WF_INVALID, "the first index is 0 or 1");
  writing w = {.frame = frame, .base = options->base};
  wf_status status = sort_columns(&w, options, err);
  for (size_t row = 0; status == WF_OK && row < wf_frame_row_count(frame); row++) {
    add_row(&w, out, row);
  }
  wf_free(w.features);
  return status == WF_OK && out->failed ? wf_fail_nomem(err) : status;
}

wf_status wf_libsvm_format(char **out, size_t *size, const wf_frame *frame,
                           const wf_libsvm_options *options, wf_error *err) {
  wf_bytes bytes = {0};
  wf_status status = format_frame(&bytes, frame, options, err);
  if (status == WF_OK) return wf_bytes_take(&bytes, out, size, err);
  wf_bytes_dispose(&bytes);
  return status;
}

wf_status wf_libsvm_write(const wf_frame *frame, const char *path, const wf_libsvm_options *options,
                          wf_error *err) {
  wf_bytes bytes = {0};
  wf_status status = format_frame(&bytes, frame, options, err);
  if (status == WF_OK) {
    status = wf_packed_write(path, bytes.data ? bytes.data : "", bytes.size, err);
  }
  wf_bytes_dispose(&bytes);
  return status;
}
