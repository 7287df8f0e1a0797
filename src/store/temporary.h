/* store/temporary.h — files being written: they have a name only in the store's "tmp" folder and a
 * lock that ends with their writer, so that whatever a killed process left can be told from live
 * ones and removed. */
#ifndef WF_STORE_TEMPORARY_H
#define WF_STORE_TEMPORARY_H

#include "base/error.h"

typedef struct wf_temporary {
  int directory;
  int fd; /* write here */
  char name[48];
} wf_temporary;

/* Makes a file in `directory` (an open descriptor, borrowed until publish or discard); `path` is
 * the directory's for messages. */
wf_status wf_temporary_open(wf_temporary *out, int directory, const char *path, wf_error *err);
/* Syncs and closes the file and moves it to target/name, replacing what is there. Returns 0 or an
 * errno; the temporary is gone either way. Sets `fsync_failed` when that was it. */
int wf_temporary_publish(wf_temporary *temporary, int target, const char *name, bool *fsync_failed);
void wf_temporary_discard(wf_temporary *temporary);

/* Removes the files in `directory` whose writers are gone; takes over the descriptor. What cannot
 * be removed stays for the next one. */
void wf_temporary_sweep(int directory);

#endif
