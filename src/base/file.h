/* base/file.h — whole-file reading and durable writing. */
#ifndef WF_BASE_FILE_H
#define WF_BASE_FILE_H

#include "base/error.h"

/* The whole file in wf_alloc'ed memory with a '\0' behind it. A directory is an error. `max_size`
 * 0 means no limit; a larger file is WF_LIMIT. */
wf_status wf_file_read(const char *path, size_t max_size, char **data, size_t *size, wf_error *err);

/* Replaces `path` so that after a crash it holds either the old or the new bytes: temporary file in
 * the same directory, write, fsync, rename, fsync of the directory. `mode` as for open. */
wf_status wf_file_write(const char *path, const void *data, size_t size, unsigned mode,
                        wf_error *err);

/* The same in steps: whoever opened a replacement writes to its descriptor as it likes, then
 * commits it (fsync, rename, fsync of the directory) or discards it. Either ends it; a failed
 * commit has discarded it. `path` is borrowed until then. */
typedef struct wf_replacement {
  const char *path;
  char *temporary;
  int fd;
} wf_replacement;
wf_status wf_replacement_open(wf_replacement *out, const char *path, unsigned mode, wf_error *err);
wf_status wf_replacement_commit(wf_replacement *replacement, wf_error *err);
void wf_replacement_discard(wf_replacement *replacement);

/* mkdir -p; existing directories are fine. */
wf_status wf_make_directories(const char *path, unsigned mode, wf_error *err);
wf_status wf_sync_directory(const char *path, wf_error *err);

/* "a/b" from "a" and "b", wf_free it; NULL when memory is out. */
char *wf_path_join(const char *directory, const char *name);

/* Takes the lock of an open file without waiting. False when another has it, or when the file has
 * no name any more. The kernel ends the lock with the last descriptor, however its process ends: a
 * file whose lock can be had has lost its owner. */
bool wf_file_own(int fd);

/* write(2) until all is written or an error (errno) stops it. */
bool wf_write_all(int fd, const void *data, size_t size);
/* Hints that bytes [begin, end), which were just written, may go to the device, so that an fsync at
 * the end has less to wait for. */
void wf_start_writeback(int fd, size_t begin, size_t end);
bool wf_write_all_at(int fd, const void *data, size_t size, size_t offset); /* pwrite */

#endif
