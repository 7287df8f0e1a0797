/* report.c — state, errors and metrics as text. Names and messages may hold anything; what is not
 * UTF-8 (a quoted field cut off within a character) becomes '?'. */
#include "endpoint/report.h"

#include "base/json.h"
#include "base/number.h"
#include "frame/utf8.h"

#include <stdio.h>

static void add_text(wf_bytes *out, const char *text) {
  wf_view rest = wf_view_of(text);
  char clean[WF_ERROR_MESSAGE];
  size_t n = 0;
  while (rest.size && n + 1 < sizeof clean) {
    size_t valid = wf_utf8_check(rest);
    for (size_t i = 0; i < valid && n + 1 < sizeof clean; i++) clean[n++] = rest.data[i];
    bool bad = valid < rest.size;
    if (bad && n + 1 < sizeof clean) clean[n++] = '?';
    rest.data += valid + bad;
    rest.size -= valid + bad;
  }
  wf_json_add_string(out, (wf_view){clean, n});
}

static void add_member(wf_bytes *out, const char *key, const char *text) {
  wf_bytes_format(out, ",\"%s\":", key);
  if (text && *text) {
    add_text(out, text);
  } else {
    wf_bytes_text(out, "null");
  }
}

static void add_integer(wf_bytes *out, const char *key, int64_t value) {
  wf_bytes_format(out, ",\"%s\":%lld", key, (long long)value);
}

/* ---- endpoints --------------------------------------------------------------------------------
 */

static void add_milliseconds(wf_bytes *out, const char *key, double ns) {
  char text[WF_NUMBER_TEXT];
  wf_format_f32(text, (float)(ns / 1e6));
  wf_bytes_format(out, "\"%s\":%s", key, text);
}

void wf_report_endpoint(wf_bytes *out, const wf_entry *entry) {
  wf_stats_sum sum;
  wf_stats_read(&sum, entry->stats);
  wf_bytes_text(out, "{\"name\":");
  add_text(out, entry->name);
  add_member(out, "state", wf_endpoint_state_name(entry->state));
  add_member(out, "message", entry->message);
  add_member(out, "group", entry->group);
  add_integer(out, "version", entry->version);
  add_integer(out, "generation", entry->generation);
  add_member(out, "digest", entry->digest);
  add_member(out, "live_digest", entry->live ? entry->live->digest : NULL);
  wf_bytes_format(out, ",\"requests\":{\"ok\":%llu,\"refused\":%llu,\"failed\":%llu,\"rows\":%llu}",
                  (unsigned long long)sum.n_requests, (unsigned long long)sum.n_refused,
                  (unsigned long long)sum.n_failed, (unsigned long long)sum.n_rows);
  wf_bytes_text(out, ",\"latency_ms\":{");
  double mean = sum.n_requests ? (double)sum.total_ns / (double)sum.n_requests : 0;
  add_milliseconds(out, "mean", mean);
  wf_bytes_char(out, ',');
  add_milliseconds(out, "p50", wf_stats_quantile(&sum, 0.5));
  wf_bytes_char(out, ',');
  add_milliseconds(out, "p90", wf_stats_quantile(&sum, 0.9));
  wf_bytes_char(out, ',');
  add_milliseconds(out, "p99", wf_stats_quantile(&sum, 0.99));
  wf_bytes_text(out, "}}");
}

void wf_report_endpoints(wf_bytes *out, const wf_snapshot *snapshot) {
  wf_bytes_text(out, "{\"endpoints\":[");
  for (size_t i = 0; i < snapshot->n_entries; i++) {
    if (i) wf_bytes_char(out, ',');
    wf_report_endpoint(out, &snapshot->entries[i]);
  }
  wf_bytes_text(out, "]}\n");
}

/* ---- errors -----------------------------------------------------------------------------------
 */

int wf_report_status(wf_status status) {
  switch (status) {
  case WF_OK: return 200;
  case WF_INVALID:
  case WF_TYPE:
  case WF_PARSE:
  case WF_NOTFOUND:
  case WF_LIMIT: return 400; /* all of them speak of the request here */
  case WF_NOMEM:
  case WF_BUSY: return 503;
  default: return 500;
  }
}

void wf_report_error(wf_bytes *out, const wf_error *err, bool syntax) {
  wf_bytes_text(out, "{\"error\":{\"code\":");
  add_text(out, wf_status_name(err->status));
  add_member(out, "message", err->message);
  if (err->line > 0) add_integer(out, syntax ? "line" : "row", err->line);
  if (err->column > 0) add_integer(out, "column", err->column);
  wf_bytes_text(out, "}}\n");
}

/* ---- metrics ----------------------------------------------------------------------------------
 */

/* Prometheus escapes in label values what JSON does. */
static void add_label(wf_bytes *out, const char *metric, const char *endpoint) {
  wf_bytes_format(out, "%s{endpoint=", metric);
  add_text(out, endpoint);
}

static void add_counter(wf_bytes *out, const wf_snapshot *snapshot, const char *outcome,
                        size_t offset) {
  for (size_t i = 0; i < snapshot->n_entries; i++) {
    wf_stats_sum sum;
    wf_stats_read(&sum, snapshot->entries[i].stats);
    const uint64_t *value = (const uint64_t *)(const void *)((const char *)&sum + offset);
    add_label(out, "wf_requests_total", snapshot->entries[i].name);
    wf_bytes_format(out, ",outcome=\"%s\"} %llu\n", outcome, (unsigned long long)*value);
  }
}

static void add_latency(wf_bytes *out, const wf_entry *entry) {
  static const struct {
    double q;
    const char *text;
  } quantiles[] = {{0.5, "0.5"}, {0.9, "0.9"}, {0.99, "0.99"}};
  wf_stats_sum sum;
  char text[WF_NUMBER_TEXT];
  wf_stats_read(&sum, entry->stats);
  for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
    wf_format_f32(text, (float)(wf_stats_quantile(&sum, quantiles[i].q) / 1e9));
    add_label(out, "wf_request_seconds", entry->name);
    wf_bytes_format(out, ",quantile=\"%s\"} %s\n", quantiles[i].text, text);
  }
  wf_format_f64(text, (double)sum.total_ns / 1e9);
  add_label(out, "wf_request_seconds_sum", entry->name);
  wf_bytes_format(out, "} %s\n", text);
  add_label(out, "wf_request_seconds_count", entry->name);
  wf_bytes_format(out, "} %llu\n", (unsigned long long)sum.n_requests);
}

void wf_report_metrics(wf_bytes *out, const wf_snapshot *snapshot, size_t n_connections) {
  wf_bytes_text(out, "# TYPE wf_connections gauge\n");
  wf_bytes_format(out, "wf_connections %zu\n", n_connections);
  wf_bytes_text(out, "# TYPE wf_requests_total counter\n");
  add_counter(out, snapshot, "ok", offsetof(wf_stats_sum, n_requests));
  add_counter(out, snapshot, "refused", offsetof(wf_stats_sum, n_refused));
  add_counter(out, snapshot, "failed", offsetof(wf_stats_sum, n_failed));
  wf_bytes_text(out, "# TYPE wf_rows_total counter\n");
  for (size_t i = 0; i < snapshot->n_entries; i++) {
    wf_stats_sum sum;
    wf_stats_read(&sum, snapshot->entries[i].stats);
    add_label(out, "wf_rows_total", snapshot->entries[i].name);
    wf_bytes_format(out, "} %llu\n", (unsigned long long)sum.n_rows);
  }
  wf_bytes_text(out, "# TYPE wf_request_seconds summary\n");
  for (size_t i = 0; i < snapshot->n_entries; i++) add_latency(out, &snapshot->entries[i]);
}
