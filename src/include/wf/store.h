/* wf/store.h — content-addressed objects: what is stored is named by the SHA-256 of its bytes.
 *
 * An object is durable when put returns (temporary file, fsync, rename, fsync of the directory), is
 * never changed afterwards, and is checked against its name each time it is read. Putting what is
 * there already writes nothing, unless the stored bytes are damaged: then they are replaced.
 *
 * Several processes may share one store, and several threads one handle. Digests are 64 lower-case
 * hexadecimal digits; anything else is WF_INVALID. Messages name the store's directory and the
 * object. After a failed fsync a handle refuses to write (WF_IO) until the store is opened anew. */
#ifndef WF_STORE_H
#define WF_STORE_H

#include "wf/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wf_store wf_store;

/* `directory` (created 0700 when absent) holds objects as ab/cdef…, mode 0400. Also removes what
 * killed writers left unfinished. A directory that cannot be written can be opened and read. */
WF_API WF_NODISCARD wf_status wf_store_open(wf_store **out, const char *directory, wf_error *err);
WF_API void wf_store_close(wf_store *store);

/* Writes the object's name to `digest`. */
WF_API WF_NODISCARD wf_status wf_store_put(char digest[65], wf_store *store, const void *data,
                                           size_t size, wf_error *err);
/* A regular file's contents, streamed: memory does not grow with the file. */
WF_API WF_NODISCARD wf_status wf_store_put_file(char digest[65], wf_store *store, const char *path,
                                                wf_error *err);
/* wf_text_free the bytes, which have a '\0' behind them. WF_NOTFOUND; WF_CORRUPT when they are not
 * what was stored. */
WF_API WF_NODISCARD wf_status wf_store_get(char **data, size_t *size, wf_store *store,
                                           const char *digest, wf_error *err);
/* Replaces the file at `path` by the object's bytes, streamed; the file is the old one or the whole
 * object at every moment, and the old one when this fails. `mode` as for open. Status as for get.
 */
WF_API WF_NODISCARD wf_status wf_store_restore(wf_store *store, const char *digest,
                                               const char *path, unsigned mode, wf_error *err);
/* Whether it is there; its bytes are not looked at. */
WF_API bool wf_store_has(wf_store *store, const char *digest);
/* The object's path, for mapping or linking it; wf_text_free it. The object need not exist. */
WF_API WF_NODISCARD wf_status wf_store_path(char **out, wf_store *store, const char *digest,
                                            wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
