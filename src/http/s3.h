/* http/s3.h — the signature of a GET, apart from the request. */
#ifndef WF_HTTP_S3_H
#define WF_HTTP_S3_H

#include "base/bytes.h"
#include "wf/http.h"

/* The headers that carry the signature; zero-initialise, dispose each. */
typedef struct wf_s3_headers {
  wf_bytes date, content, token, authorization; /* "Name: value"; token stays empty without one */
} wf_s3_headers;
void wf_s3_headers_dispose(wf_s3_headers *headers);

/* `path` and `query` are encoded already, the query's parameters sorted and each with '='; `time`
 * is in seconds since 1970. */
wf_status wf_s3_sign(wf_s3_headers *out, const wf_s3_store *store, const char *host,
                     const char *path, const char *query, int64_t time, wf_error *err);

/* Appends the key with every byte outside of A-Z a-z 0-9 - _ . ~ / as %XX. */
void wf_s3_encode(wf_bytes *out, const char *key);

#endif
