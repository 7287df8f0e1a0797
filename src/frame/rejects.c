/* rejects.c — the frame of rows that a reader left out. */
#include "frame/rejects.h"

#include "frame/utf8.h"

wf_status wf_rejects_init(wf_rejects *out, bool with_path, wf_error *err) {
  *out = (wf_rejects){0};
  if (with_path) WF_TRY(wf_builder_new(&out->path, WF_STRING, err));
  WF_TRY(wf_builder_new(&out->line, WF_I64, err));
  WF_TRY(wf_builder_new(&out->error, WF_STRING, err));
  return wf_builder_new(&out->text, WF_STRING, err);
}

void wf_rejects_dispose(wf_rejects *rejects) {
  wf_builder_free(rejects->path);
  wf_builder_free(rejects->line);
  wf_builder_free(rejects->error);
  wf_builder_free(rejects->text);
  *rejects = (wf_rejects){0};
}

wf_status wf_rejects_add(wf_rejects *rejects, size_t line, const char *why, wf_view text,
                         wf_error *err) {
  WF_TRY(wf_builder_add_i64(rejects->line, (int64_t)line, err));
  WF_TRY(wf_builder_add_text(rejects->error, wf_view_of(why), err));
  if (wf_utf8_valid(text)) return wf_builder_add_text(rejects->text, text, err);
  return wf_builder_add_missing(rejects->text, err);
}

wf_status wf_rejects_add_all(wf_rejects *rejects, const char *path, const wf_frame *from,
                             wf_error *err) {
  size_t n = from ? wf_frame_row_count(from) : 0;
  for (size_t i = 0; i < n; i++) {
    const wf_column *line = wf_frame_column_at(from, 0), *text = wf_frame_column_at(from, 2);
    WF_TRY(wf_builder_add_text(rejects->path, wf_view_of(path), err));
    WF_TRY(wf_builder_add_i64(rejects->line, wf_column_integer_at(line, i), err));
    wf_view why = wf_column_view(wf_frame_column_at(from, 1), i);
    WF_TRY(wf_builder_add_text(rejects->error, why, err));
    WF_TRY(wf_column_present(text, i)
               ? wf_builder_add_text(rejects->text, wf_column_view(text, i), err)
               : wf_builder_add_missing(rejects->text, err));
  }
  return WF_OK;
}

wf_status wf_rejects_finish(wf_frame **out, wf_rejects *rejects, wf_error *err) {
  static const char *const names[] = {"path", "line", "error", "text"};
  wf_builder **builders[] = {&rejects->path, &rejects->line, &rejects->error, &rejects->text};
  wf_column *columns[4] = {NULL};
  size_t first = rejects->path ? 0 : 1;
  wf_status status = WF_OK;
  wf_frame *frame = NULL;
  if (wf_builder_count(rejects->line) > 0) {
    for (size_t i = first; i < 4 && status == WF_OK; i++) {
      status = wf_builder_finish(*builders[i], &columns[i], err);
      *builders[i] = NULL;
    }
    if (status == WF_OK)
      status = wf_frame_new(&frame, names + first, columns + first, 4 - first, err);
  }
  for (int i = 0; i < 4; i++) wf_column_release(columns[i]);
  if (status == WF_OK) *out = frame;
  return status;
}
