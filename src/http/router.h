/* http/router.h — method and path to handler, and who may call it.
 *
 * A route cannot exist without stating its access. Patterns are plain paths in which at most one
 * segment is "{}": any non-empty run of bytes other than '/'. Targets are compared as they were
 * sent: a percent-encoded or dotted path matches nothing, because no name served here needs one. */
#ifndef WF_HTTP_ROUTER_H
#define WF_HTTP_ROUTER_H

#include "http/parse.h"

/* One request and the reply its handler makes. Everything is valid during the call only. */
typedef struct wf_http_exchange {
  void *context; /* of the server's options */
  const wf_http_head *head;
  wf_view body;
  wf_view name;  /* what "{}" matched */
  size_t worker; /* < the number of threads: which scratch memory is ours */

  int status; /* 200 unless changed */
  const char *content_type;
  const char *headers; /* NULL, or complete static lines, each ending in CR LF */
  wf_bytes *reply;     /* empty; filled by the handler */

  void *connection; /* the server's own */
} wf_http_exchange;

typedef void wf_http_handler(wf_http_exchange *exchange);

typedef enum wf_http_access {
  WF_HTTP_PUBLIC,
  WF_HTTP_TOKEN /* needs "Authorization: Bearer <token>", and no Origin */
} wf_http_access;

typedef struct wf_http_route {
  const char *method; /* "GET" also answers HEAD */
  const char *pattern;
  wf_http_access access;
  wf_http_handler *handler;
} wf_http_route;

enum { WF_HTTP_ALLOW = 128 };

/* The route for a request; NULL when there is none: then `allow` holds "" when no route has that
 * path, or the methods it has as "Allow: GET, HEAD\r\n". `*name` is set when a route is found. */
const wf_http_route *wf_http_find_route(wf_view *name, char allow[WF_HTTP_ALLOW],
                                        const wf_http_route *routes, size_t n_routes,
                                        wf_view method, wf_view path);

/* Who may be talked to, and who may ask: the defence against pages of other sites (cross-site
 * requests, DNS rebinding) and against processes without the token. */
typedef struct wf_http_policy {
  bool loopback_names; /* Host must be localhost, 127.0.0.1 or [::1], Origin the same as Host */
  const char *token;   /* NULL: routes with WF_HTTP_TOKEN are closed */
} wf_http_policy;

/* true, or false with the answer in `*fault`. `route` may be NULL. */
bool wf_http_allows(const wf_http_policy *policy, const wf_http_route *route,
                    const wf_http_head *head, wf_http_fault *fault);

#endif
