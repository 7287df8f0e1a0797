/* router.c — route lookup and the access policy. */
#include "http/router.h"

#include <stdio.h>
#include <string.h>

static bool matches(const char *pattern, wf_view path, wf_view *name) {
  const char *hole = strstr(pattern, "{}");
  if (!hole) return wf_view_equal(path, wf_view_of(pattern));
  size_t before = (size_t)(hole - pattern), after = strlen(hole + 2);
  if (path.size <= before + after || memcmp(path.data, pattern, before) != 0 ||
      memcmp(path.data + path.size - after, hole + 2, after) != 0) {
    return false;
  }
  wf_view middle = {path.data + before, path.size - before - after};
  if (memchr(middle.data, '/', middle.size)) return false;
  *name = middle;
  return true;
}

static bool serves(const wf_http_route *route, wf_view method) {
  if (wf_view_equal(method, wf_view_of(route->method))) return true;
  return wf_view_equal(method, WF_VIEW("HEAD")) && strcmp(route->method, "GET") == 0;
}

static void add_allowed(char allow[WF_HTTP_ALLOW], const char *method) {
  size_t used = strlen(allow);
  const char *lead = used ? ", " : "Allow: ", *more = strcmp(method, "GET") == 0 ? ", HEAD" : "";
  snprintf(allow + used, WF_HTTP_ALLOW - used, "%s%s%s", lead, method, more);
}

const wf_http_route *wf_http_find_route(wf_view *name, char allow[WF_HTTP_ALLOW],
                                        const wf_http_route *routes, size_t n_routes,
                                        wf_view method, wf_view path) {
  allow[0] = '\0';
  for (size_t i = 0; i < n_routes; i++) {
    wf_view found = {path.data, 0};
    if (!matches(routes[i].pattern, path, &found)) continue;
    if (serves(&routes[i], method)) {
      *name = found;
      return &routes[i];
    }
    add_allowed(allow, routes[i].method);
  }
  size_t used = strlen(allow);
  if (used) snprintf(allow + used, WF_HTTP_ALLOW - used, "\r\n");
  return NULL;
}

static bool is_loopback_name(wf_view host) {
  wf_view name = wf_http_host_name(host);
  return wf_http_equal_name(name, "localhost") || wf_http_equal_name(name, "127.0.0.1") ||
         wf_http_equal_name(name, "[::1]");
}

/* "http://" and then exactly the Host. */
static bool same_origin(wf_view origin, wf_view host) {
  return origin.size == host.size + 7 && memcmp(origin.data, "http://", 7) == 0 &&
         memcmp(origin.data + 7, host.data, host.size) == 0;
}

/* Takes as long whatever the first difference is. */
static bool equal_secret(wf_view given, const char *secret) {
  size_t size = strlen(secret);
  unsigned char difference = given.size != size;
  for (size_t i = 0; i < given.size; i++) {
    difference |= (unsigned char)(given.data[i] ^ secret[size ? i % size : 0]);
  }
  return difference == 0;
}

static bool has_token(const char *token, const wf_http_head *head) {
  const wf_view *value = wf_http_find_field(head, "authorization");
  if (!token || !value || value->size <= 7) return false;
  if (!wf_http_equal_name((wf_view){value->data, 7}, "bearer ")) return false;
  return equal_secret((wf_view){value->data + 7, value->size - 7}, token);
}

static bool deny(wf_http_fault *fault, int status, const char *reason) {
  *fault = (wf_http_fault){status, reason};
  return false;
}

bool wf_http_allows(const wf_http_policy *policy, const wf_http_route *route,
                    const wf_http_head *head, wf_http_fault *fault) {
  const wf_view *origin = wf_http_find_field(head, "origin");
  if (policy->loopback_names) {
    if (head->host.size && !is_loopback_name(head->host)) {
      return deny(fault, 403, "this server answers to localhost, 127.0.0.1 and [::1] only");
    }
    if (origin && !same_origin(*origin, head->host)) {
      return deny(fault, 403, "requests from other sites are refused");
    }
  }
  if (!route || route->access == WF_HTTP_PUBLIC) return true;
  if (origin) return deny(fault, 403, "requests from web pages are refused here");
  if (!has_token(policy->token, head)) {
    return deny(fault, 401, "this needs the server's bearer token");
  }
  return true;
}
