/* store/object.h — one stored object: its name, and reading it with proof. */
#ifndef WF_STORE_OBJECT_H
#define WF_STORE_OBJECT_H

#include "base/digest.h"

/* A name is a folder of two digits and a file of the other 62 in it. */
typedef struct wf_object_name {
  wf_digest digest;
  char text[WF_DIGEST_TEXT];
  char shard[3];
  const char *file; /* into text: do not copy this struct */
} wf_object_name;

void wf_object_name_of(wf_object_name *out, const wf_digest *digest);
wf_status wf_object_name_parse(wf_object_name *out, const char *text, wf_error *err);

#define WF_OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Opens the object below the open directory `root` for reading; -1 with errno, ELOOP when
 * something else than a file has its place. */
int wf_object_open(int root, const wf_object_name *name);

/* The object's bytes with a '\0' behind them; WF_CORRUPT when they are not those the name stands
 * for. `root_path` is for messages. */
wf_status wf_object_load(char **data, size_t *size, int fd, const wf_object_name *name,
                         const char *root_path, wf_error *err);

/* Hashes `fd` to its end, and writes what passes to `target` unless that is -1. The paths are for
 * messages. */
typedef struct wf_object_stream {
  int fd, target;
  const char *path, *target_path;
} wf_object_stream;
wf_status wf_object_hash(wf_digest *out, const wf_object_stream *stream, wf_error *err);

#endif
