/* base/digest.h — SHA-256 (libcrypto): the name of every stored object. */
#ifndef WF_BASE_DIGEST_H
#define WF_BASE_DIGEST_H

#include "base/error.h"

#define WF_DIGEST_SIZE 32
#define WF_DIGEST_TEXT 65 /* 64 hexadecimal digits and the terminator */

typedef struct wf_digest {
  uint8_t bytes[WF_DIGEST_SIZE];
} wf_digest;

wf_status wf_digest_bytes(wf_digest *out, const void *data, size_t size, wf_error *err);
/* HMAC-SHA-256 (RFC 2104). */
wf_status wf_digest_hmac(wf_digest *out, const void *key, size_t key_size, const void *data,
                         size_t size, wf_error *err);
/* Of a file's contents, streamed. */
wf_status wf_digest_file(wf_digest *out, const char *path, wf_error *err);

/* Incremental. `add_field` puts an 8-byte length before the bytes, so that fields cannot run into
 * each other. A failure is kept and reported by finish, which also frees. */
typedef struct wf_hasher wf_hasher;
wf_status wf_hasher_new(wf_hasher **out, wf_error *err);
void wf_hasher_add(wf_hasher *hasher, const void *data, size_t size);
void wf_hasher_add_field(wf_hasher *hasher, const void *data, size_t size);
wf_status wf_hasher_finish(wf_hasher *hasher, wf_digest *out, wf_error *err);
void wf_hasher_free(wf_hasher *hasher); /* only when abandoning before finish */

void wf_digest_format(const wf_digest *digest, char out[WF_DIGEST_TEXT]);
bool wf_digest_parse(const char *text, wf_digest *out); /* exactly 64 lower-case digits */
bool wf_digest_equal(const wf_digest *a, const wf_digest *b);

#endif
