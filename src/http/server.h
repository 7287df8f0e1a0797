/* http/server.h — the HTTP/1.1 server: listener, threads, limits.
 *
 * One listening socket, one epoll loop per thread. A connection belongs to one loop for its life;
 * handlers run on that loop's thread, so they should be short, or defer. All memory a connection
 * uses is kept and used again. */
#ifndef WF_HTTP_SERVER_H
#define WF_HTTP_SERVER_H

#include "http/router.h"

typedef struct wf_http_server wf_http_server;

typedef struct wf_http_server_options {
  const char *host; /* numeric address or "localhost" */
  int port;         /* 0: any */
  size_t n_threads;
  size_t max_body;           /* 413 beyond */
  size_t max_connections;    /* 503 with Retry-After beyond */
  int64_t header_timeout_ms; /* from a request's first byte to the end of its head: 408 */
  int64_t body_timeout_ms;   /* each such while must bring 1 KiB of body, or its end: 408 */
  int64_t write_timeout_ms;  /* each such while must take 1 KiB of response, or its end */
  int64_t idle_timeout_ms;   /* between requests */
  int64_t linger_timeout_ms; /* for the client to close after our last word */
  int64_t drain_timeout_ms;  /* for requests in flight after wf_http_server_stop */
  const wf_http_route *routes;
  size_t n_routes;
  wf_http_policy policy;
  void *context;
} wf_http_server_options;

wf_http_server_options wf_http_server_options_default(void);

/* Binds and listens; from here on clients can connect, and wait. Routes and the strings of the
 * policy must outlive the server. WF_IO names host and port. */
wf_status wf_http_server_open(wf_http_server **out, const wf_http_server_options *options,
                              wf_error *err);
int wf_http_server_port(const wf_http_server *server);
/* True when `host` is an address of this machine's loopback interface. */
bool wf_http_is_loopback(const char *host);
/* Serves on this thread and n_threads - 1 others until stopped and drained. */
wf_status wf_http_server_run(wf_http_server *server, wf_error *err);
/* Async-signal-safe, from any thread, any number of times. */
void wf_http_server_stop(wf_http_server *server);
void wf_http_server_close(wf_http_server *server);
/* Open connections, for metrics. */
size_t wf_http_server_connection_count(const wf_http_server *server);

/* A reply that comes later, from another thread. wf_http_defer is called by a handler, which then
 * leaves its exchange alone; NULL when memory is out. Each promise must be kept exactly once,
 * before wf_http_server_close; a client that left meanwhile is no error. */
typedef struct wf_http_promise wf_http_promise;
wf_http_promise *wf_http_defer(wf_http_exchange *exchange);
/* The body to fill. */
wf_bytes *wf_http_promise_reply(wf_http_promise *promise);
void wf_http_keep(wf_http_promise *promise, int status, const char *content_type);

#endif
