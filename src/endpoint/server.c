/* server.c — wf_server: lease, reconciler, registry and HTTP server put together.
 *
 * Opening binds first and loads then: a port in use is told before any model is read, and clients
 * that connect meanwhile wait in the kernel's queue instead of being refused. Closing goes the
 * other way; the reconciler ends before the HTTP server whose promises it keeps. */
#include "wf/endpoint.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/pool.h"
#include "endpoint/lease.h"
#include "endpoint/routes.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MAX_WORKERS = 64 };

struct wf_server {
  wf_site site;
  wf_lease *lease; /* NULL in container mode */
  void (*log)(void *context, const char *line);
  void *log_context;
  pthread_mutex_t log_lock; /* one line at a time */
};

wf_server_options wf_server_options_default(void) {
  return (wf_server_options){.host = "127.0.0.1", .max_body = 6291456, .idle_timeout_ms = 60000};
}

static void log_line(void *context, const char *line) {
  wf_server *server = context;
  if (!server->log) return;
  pthread_mutex_lock(&server->log_lock);
  server->log(server->log_context, line);
  pthread_mutex_unlock(&server->log_lock);
}

/* ---- HTTP -------------------------------------------------------------------------------------
 */

static wf_http_server_options http_options(wf_server *server, const wf_server_options *o) {
  wf_http_server_options http = wf_http_server_options_default();
  if (o->host) http.host = o->host;
  if (o->max_body) http.max_body = o->max_body;
  if (o->idle_timeout_ms > 0) http.idle_timeout_ms = o->idle_timeout_ms;
  http.port = o->port;
  http.n_threads = server->site.n_workers;
  http.context = &server->site;
  http.policy.loopback_names = wf_http_is_loopback(http.host);
  if (server->lease) http.policy.token = wf_lease_token(server->lease);
  http.routes = o->model_path ? wf_container_routes : wf_site_routes;
  http.n_routes = o->model_path ? wf_container_route_count() : wf_site_route_count();
  return http;
}

/* Without a given port, the one used last, where it is free. */
static wf_status listen_somewhere(wf_server *server, const wf_server_options *o, wf_error *err) {
  wf_http_server_options http = http_options(server, o);
  wf_error ignored;
  if (o->port == 0 && server->lease && (http.port = wf_lease_last_port(server->lease))) {
    if (wf_http_server_open(&server->site.http, &http, &ignored) == WF_OK) return WF_OK;
    http.port = 0;
  }
  return wf_http_server_open(&server->site.http, &http, err);
}

/* ---- what is served ---------------------------------------------------------------------------
 */

static wf_status open_container(wf_server *server, const char *path, wf_error *err) {
  wf_entry entry = {.state = WF_ENDPOINT_IN_SERVICE, .generation = 1};
  wf_snapshot *snapshot = NULL;
  wf_model *model;
  WF_TRY(wf_model_read(&model, path, err));
  wf_status status = wf_model_digest(entry.digest, model, err);
  if (status == WF_OK) status = wf_served_new(&entry.live, model, entry.digest, err);
  if (status == WF_OK) status = wf_stats_new(&entry.stats, server->site.n_workers, err);
  if (status == WF_OK && !(entry.name = wf_strdup(WF_CONTAINER_ENDPOINT))) {
    status = wf_fail_nomem(err);
  }
  if (status == WF_OK) status = wf_snapshot_new(&snapshot, 1, err);
  wf_model_release(model);
  if (status != WF_OK) {
    wf_entry_dispose(&entry);
    return status;
  }
  wf_snapshot_add(snapshot, &entry);
  wf_registry_publish(server->site.registry, snapshot);
  return WF_OK;
}

static wf_status open_state(wf_server *server, const char *state_dir, wf_error *err) {
  wf_site *site = &server->site;
  wf_reconciler_options options = {.registry = site->registry,
                                   .state_dir = state_dir,
                                   .n_lanes = site->n_workers,
                                   .log = log_line,
                                   .log_context = server};
  WF_TRY(wf_reconciler_open(&site->reconciler, &options, err));
  WF_TRY(wf_reconcile(site->reconciler, err));
  WF_TRY(wf_reconciler_start(site->reconciler, err));
  return wf_lease_announce(server->lease, wf_http_server_port(site->http), err);
}

/* ---- life -------------------------------------------------------------------------------------
 */

static wf_status check_options(const wf_server_options *o, wf_error *err) {
  if (!o->state_dir == !o->model_path) {
    return wf_fail(err, WF_INVALID, "a server needs a state directory or a model, not both");
  }
  if (o->state_dir && o->host && !wf_http_is_loopback(o->host)) {
    return wf_fail(err, WF_INVALID,
                   "host '%s' is not loopback: a state directory is served to this machine only",
                   o->host);
  }
  return WF_OK;
}

static wf_status start(wf_server *server, const wf_server_options *o, wf_error *err) {
  wf_site *site = &server->site;
  site->n_workers = o->n_threads ? o->n_threads : wf_thread_count();
  if (site->n_workers > MAX_WORKERS) site->n_workers = MAX_WORKERS;
  site->scratches = wf_alloc_zero(site->n_workers, sizeof *site->scratches);
  if (!site->scratches) return wf_fail_nomem(err);
  WF_TRY(wf_registry_new(&site->registry, site->n_workers, err));
  if (o->state_dir) {
    WF_TRY(wf_make_directories(o->state_dir, 0700, err));
    WF_TRY(wf_lease_open(&server->lease, o->state_dir, err));
  }
  WF_TRY(listen_somewhere(server, o, err));
  WF_TRY(o->state_dir ? open_state(server, o->state_dir, err)
                      : open_container(server, o->model_path, err));
  char line[320];
  snprintf(line, sizeof line, "listening on http://%s:%d", o->host ? o->host : "127.0.0.1",
           wf_server_port(server));
  log_line(server, line);
  return WF_OK;
}

wf_status wf_server_open(wf_server **out, const wf_server_options *options, wf_error *err) {
  WF_TRY(check_options(options, err));
  wf_server *server = wf_alloc_zero(1, sizeof *server);
  if (!server) return wf_fail_nomem(err);
  server->log = options->log;
  server->log_context = options->log_context;
  pthread_mutex_init(&server->log_lock, NULL);
  wf_status status = start(server, options, err);
  if (status != WF_OK) {
    wf_server_close(server);
    return status;
  }
  *out = server;
  return WF_OK;
}

int wf_server_port(const wf_server *server) { return wf_http_server_port(server->site.http); }

wf_status wf_server_run(wf_server *server, wf_error *err) {
  return wf_http_server_run(server->site.http, err);
}

void wf_server_stop(wf_server *server) { wf_http_server_stop(server->site.http); }

bool wf_server_is_running(const char *state_dir) { return wf_lease_is_held(state_dir); }

void wf_server_close(wf_server *server) {
  if (!server) return;
  wf_site *site = &server->site;
  wf_reconciler_close(site->reconciler);
  wf_http_server_close(site->http);
  wf_registry_free(site->registry);
  for (size_t i = 0; site->scratches && i < site->n_workers; i++) {
    wf_scratch_dispose(&site->scratches[i]);
  }
  wf_free(site->scratches);
  wf_lease_close(server->lease);
  pthread_mutex_destroy(&server->log_lock);
  wf_free(server);
}
