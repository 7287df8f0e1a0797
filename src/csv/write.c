/* write.c — frames to text in memory and to files, in blocks of rows side by side. */
#include "wf/csv.h"

#include "base/blocks.h"
#include "csv/print.h"

#include <string.h>

typedef struct writing {
  wf_csv_printer printer;
  bool header;
} writing;

static wf_status make_text(void *context, wf_bytes *out, wf_bytes *scratch, size_t begin,
                           size_t end, wf_error *err) {
  const writing *w = context;
  wf_print_refusal none;
  (void)err;
  if (begin == 0 && w->header) wf_csv_print_header(&w->printer, out);
  wf_print_rows(&w->printer.rows, out, scratch, begin, end, &none);
  return WF_OK;
}

static wf_status check_options(const wf_csv_options *options, wf_error *err) {
  char d = options->delimiter, q = options->quote;
  if (d == q || strchr("\n\r", d) || strchr("\n\r", q) || (d & 0x80) || (q & 0x80)) {
    return wf_fail(err, WF_INVALID,
                   "delimiter and quote must be two ASCII characters other than line ends");
  }
  return WF_OK;
}

/* Dispose of the printer also when this failed. */
static wf_status begin(wf_blocks *out, writing *w, const wf_frame *frame,
                       const wf_csv_options *options, wf_error *err) {
  wf_csv_options defaults = wf_csv_options_default();
  if (!options) options = &defaults;
  *w = (writing){.header = options->header};
  *out = (wf_blocks){.n = wf_frame_row_count(frame),
                     .block = wf_print_block(wf_frame_column_count(frame)),
                     .make = make_text,
                     .context = w};
  WF_TRY(check_options(options, err));
  return wf_csv_printer_init(&w->printer, frame, options, err);
}

wf_status wf_csv_format(char **out, size_t *size, const wf_frame *frame,
                        const wf_csv_options *options, wf_error *err) {
  writing w;
  wf_blocks blocks;
  wf_status status = begin(&blocks, &w, frame, options, err);
  if (status == WF_OK) status = wf_blocks_format(out, size, &blocks, err);
  wf_csv_printer_dispose(&w.printer);
  return status;
}

wf_status wf_csv_write(const wf_frame *frame, const char *path, const wf_csv_options *options,
                       wf_error *err) {
  writing w;
  wf_blocks blocks;
  wf_status status = begin(&blocks, &w, frame, options, err);
  if (status == WF_OK) status = wf_blocks_write(path, &blocks, err);
  wf_csv_printer_dispose(&w.printer);
  return status;
}
