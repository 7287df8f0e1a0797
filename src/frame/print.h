/* frame/print.h — rows of a frame as text: what CSV, JSON lines and LIBSVM have in common.
 *
 * A format says for each column what stands before a value and in place of a missing one, and how
 * text is written; the printer knows the types and is fast. */
#ifndef WF_FRAME_PRINT_H
#define WF_FRAME_PRINT_H

#include "frame/column.h"

/* Bytes that may be read behind a text below `limit`, and written behind one that was put. */
enum { WF_PRINT_SLACK = 16 };

typedef enum wf_print_word {
  WF_PRINT_FALSE,
  WF_PRINT_TRUE,
  WF_PRINT_NAN,
  WF_PRINT_INF,
  WF_PRINT_MINUS_INF,
  WF_PRINT_WORDS
} wf_print_word;

typedef struct wf_print_rules {
  const void *context; /* for put_text */
  /* Writes a text as the format has it and returns where it ends: at most growth * text.size + 2
   * bytes, and up to WF_PRINT_SLACK more of no meaning. Bytes before `limit` may be read. */
  char *(*put_text)(const void *context, char *to, wf_view text, const char *limit);
  size_t growth;
  const char *words[WF_PRINT_WORDS]; /* NULL, the last three: such a value is refused */
  bool point;                        /* integral reals end in ".0" */
  bool times_counted;                /* times are integers: microseconds */
  bool times_quoted;                 /* between " and " */
  const char *row_end;
} wf_print_rules;

typedef struct wf_print_column wf_print_column;

/* Read-only once all columns are added: many threads may print with it. */
typedef struct wf_printer {
  wf_print_rules rules;
  wf_print_column *columns;
  size_t n_columns, capacity;
  size_t room; /* for a row without its strings */
} wf_printer;

/* Room for `n_columns` columns. `rules` are copied, what they point to is borrowed. Dispose of it
 * also when this or an addition failed. */
wf_status wf_printer_init(wf_printer *out, size_t n_columns, const wf_print_rules *rules,
                          wf_error *err);
void wf_printer_dispose(wf_printer *printer);

/* The next column, borrowed. `before` and `missing` are copied; `missing` takes the place of both
 * `before` and the value. `as_text`: numbers and times go through put_text. */
wf_status wf_printer_add(wf_printer *printer, const wf_column *column, wf_view before,
                         wf_view missing, bool as_text, wf_error *err);

/* A value for which the rules have no word; `column` counts additions. */
typedef struct wf_print_refusal {
  size_t row, column;
} wf_print_refusal;

/* Appends rows [begin, end) to `out`, which has failed when memory ran out. `lines` is scratch
 * memory that belongs to the thread. False at the first refused value, which it names: what was
 * appended is then of no use. */
bool wf_print_rows(const wf_printer *printer, wf_bytes *out, wf_bytes *lines, size_t begin,
                   size_t end, wf_print_refusal *refusal);

/* Rows of a block for wf_block_write: some hundred kilobytes of text, small enough for the cache.
 */
size_t wf_print_block(size_t n_columns);

#endif
