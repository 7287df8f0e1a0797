/* wf/http.h — an HTTP client over libcurl, which is loaded when first needed. (The server is
 * private to the library; see wf/endpoint.h.) */
#ifndef WF_HTTP_H
#define WF_HTTP_H

#include "wf/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wf_http_request {
  const char *method, *url;   /* http and https */
  const char *const *headers; /* "Name: value", NULL-terminated; NULL: none */
  const void *body;
  size_t body_size;
  long timeout_ms;     /* of the whole exchange; 0: 60 s */
  size_t max_response; /* larger is WF_LIMIT; 0: 256 MiB */
  long max_redirects;  /* so many are followed, never from https to http; 0: none, the redirect is
                          the response */
} wf_http_request;

typedef struct wf_http_response {
  long status; /* 200, 404, … */
  char *body;  /* terminated */
  size_t body_size;
  char content_type[128];
} wf_http_response;

/* Any response is WF_OK, whatever its status; WF_EXTERNAL or WF_IO when there is none. */
WF_API WF_NODISCARD wf_status wf_http_send(wf_http_response *out, const wf_http_request *request,
                                           wf_error *err);
WF_API void wf_http_response_dispose(wf_http_response *response);

/* A store that speaks S3. Without a key id requests are not signed. */
typedef struct wf_s3_store {
  const char *endpoint; /* "http://host:port", which is then given the bucket in its path; NULL:
                           Amazon's, by bucket and region */
  const char *region;   /* NULL: us-east-1 */
  const char *key_id, *secret;
  const char *token; /* of temporary keys; NULL: none */
} wf_s3_store;

/* An object's bytes, by a GET signed with AWS Signature Version 4. `limits` gives timeout_ms and
 * max_response, and may be NULL. As wf_http_send any response is WF_OK. */
WF_API WF_NODISCARD wf_status wf_s3_get(wf_http_response *out, const wf_s3_store *store,
                                        const char *bucket, const char *key,
                                        const wf_http_request *limits, wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
