/* base/unpack.h — compressed bytes, opened in pieces: gzip of any number of members, zstd of any
 * number of frames. */
#ifndef WF_BASE_UNPACK_H
#define WF_BASE_UNPACK_H

#include "base/error.h"

typedef struct wf_unpacker wf_unpacker;

/* Of bytes, or of an open file from its beginning, whatever its position; either stays the
 * caller's and must live as long. What does not begin as zstd does is taken for gzip. zstd in a
 * build without it is WF_UNSUPPORTED. */
wf_status wf_unpacker_of_bytes(wf_unpacker **out, const void *data, size_t size, wf_error *err);
wf_status wf_unpacker_of_file(wf_unpacker **out, int fd, wf_error *err);
void wf_unpacker_free(wf_unpacker *unpacker);

/* The next `size` bytes. *n < size at the end and nowhere else: all of it was whole and as its
 * checksums say. Damage, truncation and foreign bytes behind the end, but for zeros behind gzip,
 * are WF_CORRUPT; nothing can be read after a failure. */
wf_status wf_unpacker_read(wf_unpacker *unpacker, void *out, size_t size, size_t *n, wf_error *err);

/* How many compressed bytes those so far were. */
size_t wf_unpacker_used(const wf_unpacker *unpacker);

#endif
