/* lua/line.h — reading a piece of text from a person, with editing.
 *
 * On a terminal: UTF-8, several lines, history, reverse search (ctrl-R), completion (Tab),
 * bracketed paste. Elsewhere lines are read as they come. The terminal is in raw mode only during a
 * read, so that a signal can interrupt what runs between two reads. */
#ifndef WFL_LINE_H
#define WFL_LINE_H

#include "history.h"
#include "keys.h"

#include "base/bytes.h"

typedef enum wfl_line_result {
  WFL_LINE_TEXT,      /* a piece of text */
  WFL_LINE_END,       /* ctrl-D, or the input's end */
  WFL_LINE_INTERRUPT, /* ctrl-C */
  WFL_LINE_FAILED     /* no memory, or the terminal is gone */
} wfl_line_result;

typedef struct wfl_candidates {
  WF_ARRAY(char *) items; /* whole words, sorted */
  size_t start;           /* where in the text the word begins that they complete */
} wfl_candidates;

typedef struct wfl_line_options {
  const char *prompt, *more; /* before the first and the other lines */
  wfl_history *history;      /* may be NULL */
  /* Whether Enter ends the text; otherwise it begins a new line. NULL: it always does. */
  bool (*is_whole)(void *context, const char *text, size_t size);
  /* Adds what may stand at `cursor` (with wfl_candidates_add). NULL: none. */
  void (*complete)(void *context, const char *text, size_t cursor, wfl_candidates *out);
  void *context;
} wfl_line_options;

/* `text` receives what was read; dispose of it. */
wfl_line_result wfl_line_read(wf_bytes *text, wfl_line *line, const wfl_line_options *options);

/* Whether both descriptors are a terminal that can be edited on. */
bool wfl_line_is_editable(const wfl_line *line);

/* Copies the word; false when memory is out. */
bool wfl_candidates_add(wfl_candidates *candidates, const char *word, size_t size);

#endif
