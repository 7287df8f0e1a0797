/* csv/gather.h — a column being put together from what several threads' sinks hold. */
#ifndef WF_CSV_GATHER_H
#define WF_CSV_GATHER_H

#include "csv/sink.h"

/* Room for a number of rows; memory that is not written to costs nothing. Sinks write values to
 * their places themselves. */
typedef struct wf_csv_gather {
  size_t capacity;
  wf_buffer *values;  /* string: int64 ends, of which those of the rows begin at the second */
  wf_buffer *missing; /* a bit a row */
  wf_buffer *text;    /* string */
  size_t text_size;
} wf_csv_gather;

/* `likely`, `likely_text`: about how many rows and bytes of text there will be. Dispose of it when
 * done. */
wf_status wf_csv_gather_init(wf_csv_gather *out, const wf_csv_target *target, size_t capacity,
                             size_t likely, size_t likely_text, wf_error *err);
void wf_csv_gather_dispose(wf_csv_gather *gather);

/* Where the values of that row and those behind it belong. */
void *wf_csv_gather_place(const wf_csv_gather *gather, const wf_csv_target *target, size_t row);
/* Takes over which rows of the sink's run are missing. Any number of threads, each with its rows.
 */
void wf_csv_gather_missing(wf_csv_gather *gather, const wf_csv_sink *sink);
/* Appends the text of a run of a string column. In the order of rows. */
wf_status wf_csv_gather_text(wf_csv_gather *gather, const wf_bytes *text, size_t row, size_t n_rows,
                             wf_error *err);

/* The thread that filled the rows from `row` on. */
typedef struct wf_csv_owner {
  size_t row, worker;
} wf_csv_owner;

/* The column of the first `n_rows` rows. A category's codes are those of its workers, codes[worker
 * * stride]; they become codes by first appearance, whoever saw it. `owners` are in the order of
 * rows.
 */
wf_status wf_csv_gather_finish(wf_column **out, wf_csv_gather *gather, const wf_csv_target *target,
                               size_t n_rows, const wf_csv_codes *codes, size_t n_workers,
                               size_t stride, const wf_csv_owner *owners, size_t n_owners,
                               wf_error *err);

#endif
