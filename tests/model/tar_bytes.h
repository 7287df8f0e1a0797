/* tar_bytes.h — tar.gz bytes made by hand, also such as no tool would make. */
#ifndef WF_TESTS_MODEL_TAR_BYTES_H
#define WF_TESTS_MODEL_TAR_BYTES_H

#include "base/bytes.h"

/* One header block (ustar) and the data behind it. `type` is the type flag ('0': regular file). */
void tar_add(wf_bytes *tar, const char *name, char type, const char *link, const void *data,
             size_t size);
/* The same, claiming another size than there is. */
void tar_add_claiming(wf_bytes *tar, const char *name, const void *data, size_t size,
                      unsigned long long claimed);
/* A pax extended header ("key=value" for the next entry) */
void tar_add_pax(wf_bytes *tar, const char *key, const char *value);
void tar_end(wf_bytes *tar);

/* gzip of the bytes, appended to `out`. */
void gzip_add(wf_bytes *out, const void *data, size_t size);
/* The same without compression. */
void gzip_add_stored(wf_bytes *out, const void *data, size_t size);
/* The tar's bytes as gzip; disposes of `tar`. */
wf_bytes gzip_of(wf_bytes *tar);
/* gzip of `size` zeros. */
wf_bytes gzip_of_zeros(size_t size);

#endif
