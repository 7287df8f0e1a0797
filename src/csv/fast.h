/* csv/fast.h — the parallel reader of regular text.
 *
 * Text is regular when every quote opens a field, closes one, or is one of a pair within one, and
 * every record has the same number of fields: what nearly all files are. For such text libcsv's
 * strict dialect comes down to finding delimiters and line ends outside of quotes, which needs no
 * state machine. Whatever is not regular is left to libcsv, which knows what it means or what is
 * wrong with it; nothing here reports an error about the text. */
#ifndef WF_CSV_FAST_H
#define WF_CSV_FAST_H

#include "csv/scan.h"

/* Whole records: bytes [begin, end), rows [row, row + n_rows). */
typedef struct wf_csv_chunk {
  size_t begin, end, row, n_rows;
} wf_csv_chunk;

typedef struct wf_csv_chunks {
  wf_csv_chunk *items;
  size_t n, n_rows;
} wf_csv_chunks;

/* Bytes of a text for several threads: from memory, or from its file through a buffer of each
 * thread's own. */
typedef struct wf_csv_pieces {
  const wf_csv_text *text;
  wf_csv_piece *items;
  size_t n; /* threads */
} wf_csv_pieces;

wf_status wf_csv_pieces_new(wf_csv_pieces *out, const wf_csv_text *text, wf_error *err);
void wf_csv_pieces_dispose(wf_csv_pieces *pieces);
/* Bytes [begin, end), good until the thread's next call; NULL when the file has changed. */
wf_status wf_csv_pieces_get(const char **out, wf_csv_pieces *pieces, size_t worker, size_t begin,
                            size_t end, wf_error *err);

/* Cuts the text from `begin`, where a record starts, into chunks of about `block` bytes. *regular
 * tells whether its quotes are; if not, there are no chunks. wf_free the items. */
wf_status wf_csv_chunks_find(wf_csv_chunks *out, bool *regular, wf_csv_pieces *pieces, size_t begin,
                             const wf_csv_dialect *dialect, size_t block, wf_error *err);

/* Receives fields of one column, of consecutive rows. */
typedef wf_status wf_csv_take_fn(void *context, size_t field, const wf_csv_field *fields, size_t n,
                                 wf_error *err);

/* Hands over every field of the chunk for which wanted[field] holds, in batches, each column's rows
 * in order. *regular turns false when a record has not exactly `n_fields` fields and when the chunk
 * is no UTF-8 text; what was handed over then is to be thrown away. `max_bytes` ends the walk
 * early, after whole records. */
wf_status wf_csv_chunk_walk(bool *regular, wf_csv_pieces *pieces, size_t worker,
                            const wf_csv_chunk *chunk, const wf_csv_dialect *dialect,
                            size_t n_fields, const bool *wanted, size_t max_bytes,
                            wf_csv_take_fn *take, void *context, wf_error *err);

#endif
