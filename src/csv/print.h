/* csv/print.h — rows of a frame as CSV text. */
#ifndef WF_CSV_PRINT_H
#define WF_CSV_PRINT_H

#include "base/bytes.h"
#include "csv/infer.h"
#include "wf/csv.h"

/* How one column is written. */
typedef struct wf_csv_style {
  const wf_column *column;
  bool checked; /* numbers: their text may need quotes */
  wf_bytes
      texts; /* category: the dictionary's entries as they are written, one after the other … */
  size_t *ends; /* … and where each ends */
} wf_csv_style;

/* Read-only once made: many threads may print with it. */
typedef struct wf_csv_printer {
  const wf_frame *frame;
  wf_csv_markers markers;
  char delimiter, quote;
  wf_view missing;
  wf_csv_style *styles;
  size_t n_columns;
  size_t room; /* for a row without its strings */
} wf_csv_printer;

/* Borrows the frame and what the options point to. Dispose of it also when this failed. */
wf_status wf_csv_printer_init(wf_csv_printer *out, const wf_frame *frame,
                              const wf_csv_options *options, wf_error *err);
void wf_csv_printer_dispose(wf_csv_printer *printer);

/* Append to `out`, which has failed when memory ran out. */
void wf_csv_print_header(const wf_csv_printer *printer, wf_bytes *out);
void wf_csv_print_rows(const wf_csv_printer *printer, wf_bytes *out, size_t begin, size_t end);

#endif
