/* routes.c — handlers. Each runs on its worker's thread with that worker's scratch memory and
 * registry slot; the slot is left before the handler returns, so that an update waits for running
 * requests only. */
#include "endpoint/routes.h"

#include "base/clock.h"
#include "endpoint/report.h"

#include <string.h>

static void refuse(wf_http_exchange *x, int status, const wf_error *err, bool syntax) {
  wf_bytes_clear(x->reply);
  x->status = status;
  x->content_type = "application/json";
  x->headers = status == 503 ? "Retry-After: 1\r\n" : NULL;
  wf_report_error(x->reply, err, syntax);
}

/* ---- invocations ------------------------------------------------------------------------------
 */

static bool choose_formats(wf_http_exchange *x, wf_format *in, wf_format *out) {
  wf_error err = WF_ERROR_INIT;
  const wf_view *type = wf_http_find_field(x->head, "content-type");
  const wf_view *accept = wf_http_find_field(x->head, "accept");
  if (wf_http_find_field(x->head, "content-encoding")) {
    wf_fail(&err, WF_UNSUPPORTED, "encoded bodies are not taken: send without Content-Encoding");
    return refuse(x, 415, &err, false), false;
  }
  if (!type || !wf_format_of_type(in, *type)) {
    wf_fail(&err, WF_UNSUPPORTED,
            "Content-Type must be text/csv, application/json or application/jsonlines (UTF-8)");
    return refuse(x, 415, &err, false), false;
  }
  if (!wf_format_accepted(out, accept ? *accept : (wf_view){"", 0}, *in)) {
    wf_fail(&err, WF_UNSUPPORTED,
            "Accept must allow text/csv, application/json or application/jsonlines");
    return refuse(x, 406, &err, false), false;
  }
  return true;
}

static void fail_unready(wf_http_exchange *x, const wf_entry *entry) {
  wf_error err = WF_ERROR_INIT;
  wf_fail(&err, WF_BUSY, "endpoint '%s' is not in service: %s", entry->name,
          entry->message ? entry->message : "its model is being loaded");
  refuse(x, 503, &err, false);
}

static size_t predict(wf_http_exchange *x, const wf_served *served, wf_scratch *scratch) {
  wf_error err = WF_ERROR_INIT;
  wf_format in, out;
  bool syntax = false;
  size_t n_rows = 0, n_reasons = 0;
  if (!choose_formats(x, &in, &out)) return 0;
  wf_status status = wf_reasons_asked(&n_reasons, x->head, &err);
  wf_encoder encoder = {.out = x->reply, .format = out, .n_reasons = n_reasons};
  if (status == WF_OK) {
    status = wf_predict_body(served, scratch, in, x->body, &encoder, &n_rows, &syntax, &err);
  }
  if (status != WF_OK) {
    refuse(x, wf_report_status(status), &err, syntax);
    return 0;
  }
  x->content_type = wf_format_type(out);
  x->headers = "x-Amzn-Invoked-Production-Variant: AllTraffic\r\n";
  return n_rows;
}

static void invoke(wf_http_exchange *x, const wf_entry *entry) {
  const wf_site *site = x->context;
  int64_t began = wf_clock_monotonic_ns();
  size_t n_rows = 0;
  if (entry->live) {
    n_rows = predict(x, entry->live, &site->scratches[x->worker]);
  } else {
    fail_unready(x, entry);
  }
  wf_stats_add(entry->stats, x->worker, x->status, n_rows, wf_clock_monotonic_ns() - began);
}

static void fail_absent(wf_http_exchange *x, const wf_snapshot *snapshot, wf_view name) {
  char known[256];
  wf_error err = WF_ERROR_INIT;
  size_t used = 0;
  known[0] = '\0';
  for (size_t i = 0; i < snapshot->n_entries; i++) {
    const char *one = snapshot->entries[i].name;
    size_t size = strlen(one);
    if (used + size + 6 > sizeof known) {
      memcpy(known + used, ", …", sizeof ", …");
      break;
    }
    if (used) memcpy(known + used, ", ", 2), used += 2;
    memcpy(known + used, one, size + 1);
    used += size;
  }
  wf_fail(&err, WF_NOTFOUND, "no endpoint '%.*s'; %s%s", (int)(name.size < 128 ? name.size : 128),
          name.data, used ? "there is: " : "there is none", known);
  refuse(x, 404, &err, false);
}

static void on_invocation(wf_http_exchange *x) {
  const wf_site *site = x->context;
  const wf_snapshot *snapshot = wf_registry_enter(site->registry, x->worker);
  const wf_entry *entry = wf_snapshot_find(snapshot, x->name);
  if (entry) {
    invoke(x, entry);
  } else {
    fail_absent(x, snapshot, x->name);
  }
  wf_registry_leave(site->registry, x->worker);
}

static void on_container_invocation(wf_http_exchange *x) {
  x->name = WF_VIEW(WF_CONTAINER_ENDPOINT);
  on_invocation(x);
}

/* ---- state ------------------------------------------------------------------------------------
 */

static void on_ping(wf_http_exchange *x) { wf_bytes_text(x->reply, "{\"status\":\"ok\"}\n"); }

static void on_list(wf_http_exchange *x) {
  const wf_site *site = x->context;
  wf_report_endpoints(x->reply, wf_registry_enter(site->registry, x->worker));
  wf_registry_leave(site->registry, x->worker);
}

static void on_show(wf_http_exchange *x) {
  const wf_site *site = x->context;
  const wf_snapshot *snapshot = wf_registry_enter(site->registry, x->worker);
  const wf_entry *entry = wf_snapshot_find(snapshot, x->name);
  if (entry) {
    wf_report_endpoint(x->reply, entry);
    wf_bytes_char(x->reply, '\n');
  } else {
    fail_absent(x, snapshot, x->name);
  }
  wf_registry_leave(site->registry, x->worker);
}

static void on_metrics(wf_http_exchange *x) {
  const wf_site *site = x->context;
  x->content_type = "text/plain; version=0.0.4; charset=utf-8";
  wf_report_metrics(x->reply, wf_registry_enter(site->registry, x->worker),
                    wf_http_server_connection_count(site->http));
  wf_registry_leave(site->registry, x->worker);
}

/* ---- administration ---------------------------------------------------------------------------
 */

static void on_reload(wf_http_exchange *x) {
  const wf_site *site = x->context;
  wf_error err = WF_ERROR_INIT;
  wf_http_promise *promise = wf_http_defer(x);
  if (promise) {
    wf_reconciler_ask(site->reconciler, promise);
    return;
  }
  wf_fail(&err, WF_NOMEM, "out of memory");
  refuse(x, 503, &err, false);
}

static void on_shutdown(wf_http_exchange *x) {
  const wf_site *site = x->context;
  wf_bytes_text(x->reply, "{\"status\":\"stopping\"}\n");
  wf_http_server_stop(site->http);
}

const wf_http_route wf_site_routes[] = {
    {"POST", "/endpoints/{}/invocations", WF_HTTP_PUBLIC, on_invocation},
    {"GET", "/endpoints", WF_HTTP_PUBLIC, on_list},
    {"GET", "/endpoints/{}", WF_HTTP_PUBLIC, on_show},
    {"GET", "/ping", WF_HTTP_PUBLIC, on_ping},
    {"GET", "/metrics", WF_HTTP_PUBLIC, on_metrics},
    {"POST", "/reload", WF_HTTP_TOKEN, on_reload},
    {"POST", "/shutdown", WF_HTTP_TOKEN, on_shutdown},
};

const wf_http_route wf_container_routes[] = {
    {"POST", "/invocations", WF_HTTP_PUBLIC, on_container_invocation},
    {"GET", "/ping", WF_HTTP_PUBLIC, on_ping},
    {"GET", "/metrics", WF_HTTP_PUBLIC, on_metrics},
};

size_t wf_site_route_count(void) { return sizeof wf_site_routes / sizeof *wf_site_routes; }

size_t wf_container_route_count(void) {
  return sizeof wf_container_routes / sizeof *wf_container_routes;
}
