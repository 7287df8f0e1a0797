/* csv/fast.h — the parallel reader of regular text.
 *
 * Text is regular when every quote opens a field, closes one, or is one of a pair within one, every
 * record has the same number of fields, and all of it is UTF-8: what nearly all files are. For such
 * text libcsv's strict dialect comes down to finding delimiters and line ends outside of quotes,
 * which needs no state machine. Whatever is not regular is left to libcsv, which knows what it
 * means or what is wrong with it; nothing here reports an error about the text. */
#ifndef WF_CSV_FAST_H
#define WF_CSV_FAST_H

#include "base/pool.h"
#include "csv/scan.h"

#include <stdatomic.h>

/* How far all threads have come with bytes [begin, end) of a text, of which a record starts at
 * `begin`. When `end` is not that of the text, a record left open there is left out. */
typedef struct wf_csv_front {
  wf_turns turns;
  wf_csv_text *text;
  size_t begin, end, block;
  wf_csv_dialect dialect;
  size_t n_fields;
  bool fast;
  wf_bytes tail; /* the record that the blocks so far left open, when the text is in a file … */
  size_t n_tail; /* … and its size */
  size_t n_rows; /* of the blocks so far */
  atomic_bool regular;
} wf_csv_front;

void wf_csv_front_init(wf_csv_front *out, wf_csv_text *text, size_t begin, size_t end, size_t block,
                       const wf_csv_dialect *dialect, size_t n_fields);
void wf_csv_front_dispose(wf_csv_front *front);
/* The text is not regular, or whoever reads it wants no more: no block is waited for. */
void wf_csv_front_decline(wf_csv_front *front);

/* One thread's window on the text: whole records, the first of them row number `row`.
 * Zero-initialise. */
typedef struct wf_csv_block {
  const char *data;
  size_t size, used; /* bytes of the window, and those of its whole records */
  size_t row, n_records;
  uint32_t *positions; /* of delimiters and record ends */
  uint32_t *starts;    /* of records */
  size_t n_positions, n_room;
  bool padded; /* there are WF_CSV_FRONT readable bytes in front of every field */
  bool odd;    /* there are bytes past ASCII or NULs */
  wf_bytes unescaped;
  char *room; /* of a text in a file: `headroom` bytes for the tail, then the block */
  size_t capacity, headroom;
} wf_csv_block;

/* Reads block `index`, in a wf_parallel_for over the blocks of the front. *mine false: there is
 * nothing to do, as the text is not regular or another block has failed. */
wf_status wf_csv_block_read(bool *mine, wf_csv_block *block, wf_csv_front *front, size_t index,
                            wf_error *err);
void wf_csv_block_dispose(wf_csv_block *block);

/* Receives fields of one column, of consecutive rows. */
typedef wf_status wf_csv_take_fn(void *context, size_t field, const wf_csv_field *fields, size_t n,
                                 wf_error *err);

/* Hands over every field of the block for which wanted[field] holds, in batches, each column's rows
 * in order. */
wf_status wf_csv_block_hand_over(wf_csv_block *block, const wf_csv_front *front, const bool *wanted,
                                 wf_csv_take_fn *take, void *context, wf_error *err);

#endif
