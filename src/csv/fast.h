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
#include "csv/list.h"

#include <stdatomic.h>

/* How far all threads have come with a text. When it is not read to its end, a record left open
 * there is left out. */
typedef struct wf_csv_front {
  pthread_mutex_t lock; /* guards the four below: who has it takes the next piece */
  wf_csv_pieces pieces;
  size_t left, n_taken; /* bytes to be taken, and blocks that were */
  bool ended;
  wf_turns turns;         /* whoever has the turn owns the three below */
  wf_bytes tail;          /* the record that the blocks so far left open */
  size_t n_rows, n_bytes; /* of the blocks so far, without the tail */
  size_t block;
  wf_csv_dialect dialect;
  size_t n_fields;
  bool fast;
  atomic_bool regular;
} wf_csv_front;

/* Of `limit` bytes from `begin` on, where a record starts. Dispose of it also when it fails. */
wf_status wf_csv_front_init(wf_csv_front *out, wf_csv_text *text, size_t begin, size_t limit,
                            size_t block, const wf_csv_dialect *dialect, size_t n_fields,
                            wf_error *err);
void wf_csv_front_dispose(wf_csv_front *front);
/* The text is not regular, or whoever reads it wants no more: no block is waited for. */
void wf_csv_front_decline(wf_csv_front *front);

/* One thread's window on the text: whole records, the first of them row number `row`.
 * Zero-initialise. */
typedef struct wf_csv_block {
  const char *data;
  size_t size, used; /* bytes of the window, and those of its whole records */
  size_t row;
  wf_csv_list list;
  uint32_t *starts; /* of records */
  size_t n_starts;
  wf_bytes plain; /* contents of fields that held pairs of quotes */
  char *room;     /* `headroom` bytes for the tail, then the block's own, then WF_CSV_BEHIND */
  size_t capacity, headroom, n_own;
  bool last; /* the text ends here */
} wf_csv_block;

/* Reads the next block, number *index. Any number of threads, each with its own window, as long as
 * *mine is true: else there is none, or the text is not regular. */
wf_status wf_csv_block_read(bool *mine, wf_csv_block *block, wf_csv_front *front, size_t *index,
                            wf_error *err);
void wf_csv_block_dispose(wf_csv_block *block);

/* What is wanted of a field: its content, or that as it stands in the text, pairs of quotes as
 * pairs. */
typedef enum wf_csv_want { WF_CSV_NOTHING, WF_CSV_PLAIN, WF_CSV_RAW } wf_csv_want;

/* Receives fields of one column, of consecutive rows. Around each there are WF_CSV_FRONT and
 * WF_CSV_BEHIND bytes that may be read. */
typedef wf_status wf_csv_take_fn(void *context, size_t field, const wf_csv_field *fields, size_t n,
                                 wf_error *err);

/* Hands over every field of the block that is wanted, in batches, each column's rows in order. */
wf_status wf_csv_block_hand_over(wf_csv_block *block, const wf_csv_front *front,
                                 const wf_csv_want *wanted, wf_csv_take_fn *take, void *context,
                                 wf_error *err);

#endif
