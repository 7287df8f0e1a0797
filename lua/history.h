/* lua/history.h — inputs of earlier times, kept in a file. */
#ifndef WFL_HISTORY_H
#define WFL_HISTORY_H

#include "base/array.h"
#include "base/error.h"

#include <stddef.h>

typedef struct wfl_history {
  WF_ARRAY(char *) entries; /* oldest first */
  char *path;               /* NULL: not kept */
} wfl_history;

/* Reads the file (`path` may be NULL; a file that is not there is empty). */
wf_status wfl_history_open(wfl_history *history, const char *path, wf_error *err);
/* Remembers a text and appends it to the file; an empty one, or the last one again, is not. A file
 * that cannot be written is no failure: the history then lasts for this session. */
wf_status wfl_history_add(wfl_history *history, const char *text, wf_error *err);
void wfl_history_close(wfl_history *history);

/* The newest entry before number `before` that holds `part`; -1 when there is none. */
ptrdiff_t wfl_history_find(const wfl_history *history, size_t before, const char *part);

#endif
