/* lua/remote.h — web addresses as sources: what a reader of files does when the path is
 * "http://…", "https://…" or "s3://bucket/key". The whole body is fetched into memory; up to ten
 * redirects are followed, never from https to http.
 *
 * For s3 the environment says how, as Amazon's own tools have it: AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN (without the first, requests are not signed),
 * AWS_REGION or AWS_DEFAULT_REGION, and for other stores AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL.
 */
#ifndef WFL_REMOTE_H
#define WFL_REMOTE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

bool wfl_is_remote(const char *path);

/* The body at the address, opened when it is gzip or zstd; pushes what owns it. The options table
 * at `arg` may hold `timeout` (in seconds, of the whole exchange; 60) and `max_bytes` (256 MiB;
 * more is an error). Anything but the status 200 is an error that names it. The observer hears of
 * the address and its body's digest. */
const char *wfl_fetch(lua_State *L, const char *url, int arg, const char *what, size_t *size);

/* remote_digest(url) → the digest of the body that is there now */
int wfl_remote_digest(lua_State *L);

#endif
