/* client.c — one request through libcurl, which is opened when first needed.
 *
 * Only http and https, redirects only when asked for, no proxies but those of the environment that
 * libcurl honours, no signals (CURLOPT_NOSIGNAL: time-outs in a host's threads must not touch its
 * handlers), and a limit on what a server can make us keep. curl_global_init is not thread-safe and
 * runs once. */
#include "wf/http.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/library.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_TIMEOUT_MS 60000L
#define CONNECT_TIMEOUT_MS 10000L
#define DEFAULT_MAX_RESPONSE ((size_t)256 << 20)

/* libcurl's functions; written once, before anybody reads. */
static struct {
  CURLcode (*global_init)(long);
  CURL *(*easy_init)(void);
  void (*easy_cleanup)(CURL *);
  CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
  CURLcode (*easy_perform)(CURL *);
  CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
  const char *(*easy_strerror)(CURLcode);
  struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
  void (*slist_free_all)(struct curl_slist *);
} lib;
static wf_error lib_error;
static pthread_once_t lib_once = PTHREAD_ONCE_INIT;

static void load_library(void) {
  static const char *const names[] = {"libcurl.so.4", NULL};
  const wf_library_symbol symbols[] = {
      {"curl_global_init", &lib.global_init},       {"curl_easy_init", &lib.easy_init},
      {"curl_easy_cleanup", &lib.easy_cleanup},     {"curl_easy_setopt", &lib.easy_setopt},
      {"curl_easy_perform", &lib.easy_perform},     {"curl_easy_getinfo", &lib.easy_getinfo},
      {"curl_easy_strerror", &lib.easy_strerror},   {"curl_slist_append", &lib.slist_append},
      {"curl_slist_free_all", &lib.slist_free_all},
  };
  wf_status status = wf_library_load(names, "libcurl (Debian package libcurl4)", symbols,
                                     sizeof symbols / sizeof *symbols, &lib_error);
  if (status == WF_OK && lib.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    wf_fail(&lib_error, WF_EXTERNAL, "libcurl cannot be initialised");
  }
}

static wf_status use_library(wf_error *err) {
  pthread_once(&lib_once, load_library);
  if (lib_error.status == WF_OK) return WF_OK;
  if (err) *err = lib_error;
  return lib_error.status;
}

typedef struct transfer {
  CURL *handle;
  struct curl_slist *headers;
  wf_bytes body;
  size_t max_response;
  bool too_large;
  char detail[CURL_ERROR_SIZE];
} transfer;

static size_t on_data(char *data, size_t size, size_t n, void *context) {
  transfer *t = context;
  size_t bytes = size * n; /* size is always 1 */
  if (bytes > t->max_response - t->body.size) {
    t->too_large = true;
    return 0;
  }
  wf_bytes_add(&t->body, data, bytes);
  return t->body.failed ? 0 : bytes;
}

static bool has_control(const char *text) {
  for (; *text; text++) {
    if ((unsigned char)*text < 0x20 || *text == 0x7f) return true;
  }
  return false;
}

/* What libcurl would send as it is, or take for something else. */
static wf_status check(const wf_http_request *request, wf_error *err) {
  const char *url = request->url ? request->url : "";
  if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0) {
    return wf_fail(err, WF_INVALID, "'%s' is not an http:// or https:// URL", url);
  }
  if (has_control(url)) return wf_fail(err, WF_INVALID, "the URL holds a control character");
  if (request->method) {
    for (const char *p = request->method; *p; p++) {
      if (*p < 'A' || *p > 'Z') {
        return wf_fail(err, WF_INVALID, "'%s' is not an HTTP method", request->method);
      }
    }
  }
  for (const char *const *h = request->headers; h && *h; h++) {
    if (has_control(*h) || !strchr(*h, ':')) {
      return wf_fail(err, WF_INVALID, "header '%s' is not 'Name: value'", *h);
    }
  }
  if (request->max_redirects < 0) return wf_fail(err, WF_INVALID, "max_redirects is negative");
  if (request->timeout_ms < 0) return wf_fail(err, WF_INVALID, "timeout_ms is negative");
  return WF_OK;
}

static wf_status add_header(transfer *t, const char *header, wf_error *err) {
  struct curl_slist *longer = lib.slist_append(t->headers, header);
  if (!longer) return wf_fail_nomem(err);
  t->headers = longer;
  return WF_OK;
}

static wf_status set_headers(transfer *t, const wf_http_request *request, wf_error *err) {
  for (const char *const *h = request->headers; h && *h; h++) WF_TRY(add_header(t, *h, err));
  /* libcurl would wait a second for a "100 Continue" before it sends a larger body. */
  return add_header(t, "Expect:", err);
}

static bool set_options(transfer *t, const wf_http_request *request) {
  long timeout = request->timeout_ms ? request->timeout_ms : DEFAULT_TIMEOUT_MS;
  const char *method = request->method && *request->method ? request->method : "GET";
  bool body = request->body_size > 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
  bool secure = strncasecmp(request->url, "https:", 6) == 0;
  CURL *h = t->handle;
#define SET(option, value) (lib.easy_setopt(h, option, value) == CURLE_OK)
  bool ok =
      SET(CURLOPT_URL, request->url) && SET(CURLOPT_PROTOCOLS_STR, "http,https") &&
      SET(CURLOPT_NOSIGNAL, 1L) &&
      SET(CURLOPT_FOLLOWLOCATION, request->max_redirects > 0 ? 1L : 0L) &&
      SET(CURLOPT_MAXREDIRS, request->max_redirects) &&
      SET(CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https") &&
      SET(CURLOPT_TIMEOUT_MS, timeout) &&
      SET(CURLOPT_CONNECTTIMEOUT_MS, timeout < CONNECT_TIMEOUT_MS ? timeout : CONNECT_TIMEOUT_MS) &&
      SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
      SET(CURLOPT_HTTPHEADER, t->headers) && SET(CURLOPT_ERRORBUFFER, t->detail) &&
      SET(CURLOPT_WRITEFUNCTION, on_data) && SET(CURLOPT_WRITEDATA, t) &&
      SET(CURLOPT_USERAGENT, "wf/" WF_VERSION);
  if (ok && body) {
    ok = SET(CURLOPT_POST, 1L) && SET(CURLOPT_POSTFIELDS, request->body ? request->body : "") &&
         SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
  }
  if (ok && strcmp(method, "HEAD") == 0) ok = SET(CURLOPT_NOBODY, 1L);
  return ok && SET(CURLOPT_CUSTOMREQUEST, method);
#undef SET
}

static wf_status explain(const transfer *t, CURLcode code, const char *url, wf_error *err) {
  if (t->too_large) {
    return wf_fail(err, WF_LIMIT, "%s: the response is larger than %zu bytes", url,
                   t->max_response);
  }
  if (t->body.failed || code == CURLE_OUT_OF_MEMORY) return wf_fail_nomem(err);
  const char *detail = t->detail[0] ? t->detail : lib.easy_strerror(code);
  switch (code) {
  case CURLE_URL_MALFORMAT:
  case CURLE_UNSUPPORTED_PROTOCOL: return wf_fail(err, WF_INVALID, "%s: %s", url, detail);
  case CURLE_COULDNT_CONNECT:
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_OPERATION_TIMEDOUT:
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
  case CURLE_PARTIAL_FILE:
  case CURLE_GOT_NOTHING: return wf_fail(err, WF_IO, "%s: %s", url, detail);
  default: return wf_fail(err, WF_EXTERNAL, "%s: %s", url, detail);
  }
}

static wf_status take_response(wf_http_response *out, transfer *t, wf_error *err) {
  wf_http_response response = {0};
  char *type = NULL;
  lib.easy_getinfo(t->handle, CURLINFO_RESPONSE_CODE, &response.status);
  if (lib.easy_getinfo(t->handle, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type) {
    snprintf(response.content_type, sizeof response.content_type, "%s", type);
  }
  WF_TRY(wf_bytes_take(&t->body, &response.body, &response.body_size, err));
  *out = response;
  return WF_OK;
}

static wf_status perform(wf_http_response *out, transfer *t, const wf_http_request *request,
                         wf_error *err) {
  WF_TRY(set_headers(t, request, err));
  if (!set_options(t, request)) {
    return wf_fail(err, WF_EXTERNAL, "%s: libcurl refused an option", request->url);
  }
  CURLcode code = lib.easy_perform(t->handle);
  if (code != CURLE_OK) return explain(t, code, request->url, err);
  return take_response(out, t, err);
}

wf_status wf_http_send(wf_http_response *out, const wf_http_request *request, wf_error *err) {
  WF_TRY(check(request, err));
  WF_TRY(use_library(err));
  transfer t = {.max_response =
                    request->max_response ? request->max_response : DEFAULT_MAX_RESPONSE};
  t.handle = lib.easy_init();
  if (!t.handle) return wf_fail_nomem(err);
  wf_status status = perform(out, &t, request, err);
  lib.easy_cleanup(t.handle);
  lib.slist_free_all(t.headers);
  wf_bytes_dispose(&t.body);
  return status;
}

void wf_http_response_dispose(wf_http_response *response) {
  if (!response) return;
  wf_free(response->body);
  *response = (wf_http_response){0};
}
