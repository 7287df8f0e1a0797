/* samples.c — a frame of every type. */
#include "samples.h"

#include "frame/builder.h"

#include <stdio.h>
#include <string.h>

static wf_status add_value(wf_builder *builder, wf_type type, size_t row, wf_error *err) {
  char text[32];
  switch (type) {
  case WF_F64:
  case WF_F32: return wf_builder_add_f64(builder, (double)row * 0.25 - 3, err);
  case WF_I64: return wf_builder_add_i64(builder, (int64_t)row * 1000000007 - 5, err);
  case WF_I32: return wf_builder_add_i64(builder, (int64_t)row - 5, err);
  case WF_BOOL: return wf_builder_add_i64(builder, row % 3 == 0, err);
  case WF_TIMESTAMP: return wf_builder_add_i64(builder, (int64_t)row * 3600000000 - 1, err);
  case WF_STRING:
    text[0] = '\0'; /* every fourth is empty */
    if (row % 4) snprintf(text, sizeof text, "text %zu é", row);
    break;
  case WF_CATEGORY: snprintf(text, sizeof text, "kind %zu", row % 3); break;
  }
  return wf_builder_add_text(builder, wf_view_of(text), err);
}

static wf_status sample_column(wf_column **out, wf_type type, size_t n_rows, size_t gap,
                               wf_error *err) {
  wf_builder *builder;
  WF_TRY(wf_builder_new(&builder, type, err));
  wf_status status = WF_OK;
  for (size_t i = 0; i < n_rows && status == WF_OK; i++) {
    status = gap && i % gap == gap - 1 ? wf_builder_add_missing(builder, err)
                                       : add_value(builder, type, i, err);
  }
  if (status == WF_OK) return wf_builder_finish(builder, out, err);
  wf_builder_free(builder);
  return status;
}

wf_status sample_frame(wf_frame **out, size_t n_rows, size_t gap, wf_error *err) {
  enum { N = WF_TIMESTAMP + 1 };
  wf_column *columns[N] = {0};
  const char *names[N];
  wf_status status = WF_OK;
  for (int type = 0; type < N && status == WF_OK; type++) {
    names[type] = wf_type_name((wf_type)type);
    status = sample_column(&columns[type], (wf_type)type, n_rows, gap, err);
  }
  if (status == WF_OK) status = wf_frame_new(out, names, columns, N, err);
  for (int type = 0; type < N; type++) wf_column_release(columns[type]);
  return status;
}

static bool same_value(const wf_column *a, const wf_column *b, size_t row) {
  if (wf_column_is_missing(a, row) != wf_column_is_missing(b, row)) return false;
  if (wf_column_is_missing(a, row)) return true;
  if (!wf_type_is_text(a->type)) return wf_column_number_at(a, row) == wf_column_number_at(b, row);
  size_t size_a, size_b;
  const char *text_a = wf_column_text_at(a, row, &size_a),
             *text_b = wf_column_text_at(b, row, &size_b);
  return size_a == size_b && memcmp(text_a, text_b, size_a) == 0;
}

static bool same_column(const wf_column *a, const wf_column *b) {
  if (a->type != b->type || a->n_rows != b->n_rows || a->n_missing != b->n_missing) return false;
  for (size_t i = 0; i < a->n_rows; i++) {
    if (!same_value(a, b, i)) return false;
  }
  return true;
}

bool same_frame(const wf_frame *a, const wf_frame *b) {
  size_t n = wf_frame_column_count(a);
  if (n != wf_frame_column_count(b)) return false;
  for (size_t i = 0; i < n; i++) {
    if (strcmp(wf_frame_name_at(a, i), wf_frame_name_at(b, i)) != 0) return false;
    if (!same_column(wf_frame_column_at(a, i), wf_frame_column_at(b, i))) return false;
  }
  return true;
}
