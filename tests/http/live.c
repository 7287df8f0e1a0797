#include "live.h"

#include "base/clock.h"
#include "check.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct live {
  wf_http_server *server;
  pthread_t thread;
  bool running;
};

static void on_ping(wf_http_exchange *x) { wf_bytes_text(x->reply, "pong"); }

static void on_echo(wf_http_exchange *x) {
  x->content_type = "application/octet-stream";
  wf_bytes_add(x->reply, x->body.data, x->body.size);
}

static void on_item(wf_http_exchange *x) { wf_bytes_add(x->reply, x->name.data, x->name.size); }

static void on_big(wf_http_exchange *x) {
  if (!wf_bytes_reserve(x->reply, LIVE_BIG)) return;
  memset(x->reply->data, 'b', LIVE_BIG);
  x->reply->size = LIVE_BIG;
}

static void *keep_later(void *promise) {
  usleep(50000);
  wf_bytes_text(wf_http_promise_reply(promise), "later");
  wf_http_keep(promise, 200, "text/plain");
  return NULL;
}

static void on_later(wf_http_exchange *x) {
  wf_http_promise *promise = wf_http_defer(x);
  pthread_t thread;
  pthread_attr_t detached;
  if (!promise) {
    x->status = 503;
    return;
  }
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  if (pthread_create(&thread, &detached, keep_later, promise) != 0) abort();
  pthread_attr_destroy(&detached);
}

static const wf_http_route routes[] = {
    {"GET", "/ping", WF_HTTP_PUBLIC, on_ping},   {"POST", "/echo", WF_HTTP_PUBLIC, on_echo},
    {"GET", "/echo", WF_HTTP_PUBLIC, on_echo},   {"GET", "/items/{}", WF_HTTP_PUBLIC, on_item},
    {"GET", "/big", WF_HTTP_PUBLIC, on_big},     {"POST", "/later", WF_HTTP_PUBLIC, on_later},
    {"POST", "/secret", WF_HTTP_TOKEN, on_ping},
};

wf_http_server_options live_options(void) {
  wf_http_server_options options = wf_http_server_options_default();
  options.n_threads = 2;
  return options;
}

static void *run(void *context) {
  live *server = context;
  wf_error err = WF_ERROR_INIT;
  if (wf_http_server_run(server->server, &err) != WF_OK) abort();
  return NULL;
}

live *live_open(const wf_http_server_options *options) {
  wf_error err = WF_ERROR_INIT;
  wf_http_server_options o = options ? *options : live_options();
  live *server = calloc(1, sizeof *server);
  if (!server) abort();
  o.routes = routes;
  o.n_routes = sizeof routes / sizeof *routes;
  o.policy.token = "key";
  REQUIRE_OK(wf_http_server_open(&server->server, &o, &err), err);
  if (pthread_create(&server->thread, NULL, run, server) != 0) abort();
  server->running = true;
  return server;
}

int live_port(const live *server) { return wf_http_server_port(server->server); }

wf_http_server *live_server(const live *server) { return server->server; }

int live_stop(live *server) {
  int64_t began = wf_clock_monotonic_ns();
  wf_http_server_stop(server->server);
  if (server->running) pthread_join(server->thread, NULL);
  server->running = false;
  return (int)((wf_clock_monotonic_ns() - began) / 1000000);
}

void live_close(live *server) {
  live_stop(server);
  wf_http_server_close(server->server);
  free(server);
}
