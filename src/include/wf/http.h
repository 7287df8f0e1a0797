/* wf/http.h — an HTTP client over libcurl, which is loaded when first needed. (The server is
 * private to the library; see wf/endpoint.h.) */
#ifndef WF_HTTP_H
#define WF_HTTP_H

#include "wf/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wf_http_request {
  const char *method, *url;   /* http and https; redirects are not followed */
  const char *const *headers; /* "Name: value", NULL-terminated; NULL: none */
  const void *body;
  size_t body_size;
  long timeout_ms;     /* of the whole exchange; 0: 60 s */
  size_t max_response; /* larger is WF_LIMIT; 0: 256 MiB */
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

#ifdef __cplusplus
}
#endif
#endif
