/* base/gzip.h — whole gzip files in memory. */
#ifndef WF_BASE_GZIP_H
#define WF_BASE_GZIP_H

#include "base/error.h"

/* All members of a gzip file; wf_free the (terminated) result. Damage, truncation and bytes after
 * the last member that are not all zero are WF_CORRUPT. */
wf_status wf_gzip_inflate(char **out, size_t *out_size, const void *data, size_t size,
                          wf_error *err);

/* One member without name and time, so that equal bytes give equal files. */
wf_status wf_gzip_deflate(char **out, size_t *out_size, const void *data, size_t size,
                          wf_error *err);

#endif
