/* write.c — rows as objects, in blocks of rows side by side. The keys are escaped once. */
#include "wf/jsonl.h"

#include "base/blocks.h"
#include "base/json.h"
#include "frame/print.h"

#include <math.h>

typedef struct writing {
  wf_printer printer;
  const wf_frame *frame;
} writing;

static wf_status fail_refused(const wf_frame *frame, wf_print_refusal refusal, wf_error *err) {
  wf_column *column = wf_frame_column_at(frame, refusal.column);
  double value = wf_column_number_at(column, refusal.row);
  const char *word = isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  return wf_fail(err, WF_INVALID, "row %zu: column '%s' is %s, for which JSON has no text",
                 refusal.row + 1, wf_frame_name_at(frame, refusal.column), word);
}

static wf_status make_text(void *context, wf_bytes *out, wf_bytes *scratch, size_t begin,
                           size_t end, wf_error *err) {
  const writing *w = context;
  wf_print_refusal refusal;
  if (wf_print_rows(&w->printer, out, scratch, begin, end, &refusal)) return WF_OK;
  return fail_refused(w->frame, refusal, err);
}

static char *put_text(const void *unused, char *to, wf_view text, const char *limit) {
  (void)unused;
  return wf_json_put_string(to, text, limit);
}

static wf_status add_columns(writing *w, wf_error *err) {
  wf_bytes text = {0};
  wf_status status = WF_OK;
  for (size_t i = 0, n = wf_frame_column_count(w->frame); status == WF_OK && i < n; i++) {
    wf_bytes_clear(&text);
    wf_bytes_char(&text, i ? ',' : '{');
    wf_json_add_string(&text, wf_view_of(wf_frame_name_at(w->frame, i)));
    wf_bytes_char(&text, ':');
    size_t before = text.size;
    wf_bytes_text(&text, "null");
    status = text.failed ? wf_fail_nomem(err)
                         : wf_printer_add(&w->printer, wf_frame_column_at(w->frame, i),
                                          (wf_view){text.data, before},
                                          (wf_view){text.data, text.size}, false, err);
  }
  wf_bytes_dispose(&text);
  return status;
}

/* Dispose of the printer also when this failed. */
static wf_status begin(wf_blocks *out, writing *w, const wf_frame *frame, bool non_finite_null,
                       wf_error *err) {
  const char *none = non_finite_null ? "null" : NULL;
  size_t n = wf_frame_column_count(frame);
  wf_print_rules rules = {.put_text = put_text,
                          .growth = 6,
                          .words = {"false", "true", none, none, none},
                          .point = true,
                          .times_quoted = true,
                          .row_end = "}\n"};
  w->frame = frame;
  *out = (wf_blocks){
      .n = wf_frame_row_count(frame), .block = wf_print_block(n), .make = make_text, .context = w};
  WF_TRY(wf_printer_init(&w->printer, n, &rules, err));
  return add_columns(w, err);
}

wf_status wf_jsonl_format(char **out, size_t *size, const wf_frame *frame, bool non_finite_null,
                          wf_error *err) {
  writing w;
  wf_blocks blocks;
  wf_status status = begin(&blocks, &w, frame, non_finite_null, err);
  if (status == WF_OK) status = wf_blocks_format(out, size, &blocks, err);
  wf_printer_dispose(&w.printer);
  return status;
}

wf_status wf_jsonl_write(const wf_frame *frame, const char *path, bool non_finite_null,
                         wf_error *err) {
  writing w;
  wf_blocks blocks;
  wf_status status = begin(&blocks, &w, frame, non_finite_null, err);
  if (status == WF_OK) status = wf_blocks_write(path, &blocks, err);
  wf_printer_dispose(&w.printer);
  return status;
}
