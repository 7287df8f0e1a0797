/* csv/print.h — rows of a frame as CSV text. */
#ifndef WF_CSV_PRINT_H
#define WF_CSV_PRINT_H

#include "csv/infer.h"
#include "frame/print.h"
#include "wf/csv.h"

/* Read-only once made: many threads may print with it. It may not be moved. */
typedef struct wf_csv_printer {
  wf_printer rows;
  const wf_frame *frame;
  wf_csv_markers markers;
  char delimiter, quote;
  bool quote_all;
  char words[WF_PRINT_WORDS][16]; /* with their quotes */
} wf_csv_printer;

/* Borrows the frame and what the options point to. Dispose of it also when this failed. */
wf_status wf_csv_printer_init(wf_csv_printer *out, const wf_frame *frame,
                              const wf_csv_options *options, wf_error *err);
void wf_csv_printer_dispose(wf_csv_printer *printer);

/* Appends to `out`, which has failed when memory ran out. */
void wf_csv_print_header(const wf_csv_printer *printer, wf_bytes *out);

#endif
