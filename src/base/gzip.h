/* base/gzip.h — gzip files written in parts that are compressed side by side. */
#ifndef WF_BASE_GZIP_H
#define WF_BASE_GZIP_H

#include "base/bytes.h"

/* A file of one member, without name and time: wf_gzip_begin, then parts in order, then wf_gzip_end
 * with the check value and size of all their data. Each appends to `out`, which has failed when
 * memory ran out. */
void wf_gzip_begin(wf_bytes *out);
wf_status wf_gzip_part(wf_bytes *out, const void *data, size_t size, wf_error *err);
void wf_gzip_end(wf_bytes *out, uint32_t check, size_t size);

/* The check value of bytes, and of bytes followed by others of that size. */
uint32_t wf_gzip_check(const void *data, size_t size);
uint32_t wf_gzip_check_both(uint32_t first, uint32_t second, size_t second_size);

#endif
