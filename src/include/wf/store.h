/* wf/store.h — content-addressed objects: what is stored is named by the SHA-256 of its bytes.
 *
 * An object is durable when put returns (temporary file, fsync, rename, fsync of the directory), is
 * never changed afterwards, and is checked against its name each time it is read. Several processes
 * may share one store. Digests are 64 lower-case hexadecimal digits. */
#ifndef WF_STORE_H
#define WF_STORE_H

#include "wf/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wf_store wf_store;

/* `directory` (created 0700 when absent) holds objects as ab/cdef… */
WF_API WF_NODISCARD wf_status wf_store_open(wf_store **out, const char *directory, wf_error *err);
WF_API void wf_store_close(wf_store *store);

WF_API WF_NODISCARD wf_status wf_store_put(char digest[65], wf_store *store, const void *data,
                                           size_t size, wf_error *err);
WF_API WF_NODISCARD wf_status wf_store_put_file(char digest[65], wf_store *store, const char *path,
                                                wf_error *err);
/* wf_text_free the bytes. WF_NOTFOUND; WF_CORRUPT when they are not what was stored. */
WF_API WF_NODISCARD wf_status wf_store_get(char **data, size_t *size, wf_store *store,
                                           const char *digest, wf_error *err);
WF_API bool wf_store_has(wf_store *store, const char *digest);
/* The object's path, for mapping or linking it; wf_text_free it. The object need not exist. */
WF_API WF_NODISCARD wf_status wf_store_path(char **out, wf_store *store, const char *digest,
                                            wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
