#include "http/router.h"

#include "check.h"
#include "http/format.h"

static void nothing(wf_http_exchange *x) { (void)x; }

static const wf_http_route routes[] = {
    {"GET", "/things", WF_HTTP_PUBLIC, nothing},
    {"POST", "/things/{}/act", WF_HTTP_PUBLIC, nothing},
    {"GET", "/things/{}", WF_HTTP_PUBLIC, nothing},
    {"DELETE", "/things/{}", WF_HTTP_TOKEN, nothing},
};

static int find(const char *method, const char *path, wf_view *name, char allow[WF_HTTP_ALLOW]) {
  const wf_http_route *route =
      wf_http_find_route(name, allow, routes, 4, wf_view_of(method), wf_view_of(path));
  return route ? (int)(route - routes) : -1;
}

TEST(router_finds) {
  char allow[WF_HTTP_ALLOW];
  wf_view name;
  CHECK_EQ_INT(find("GET", "/things", &name, allow), 0);
  CHECK_EQ_INT(find("HEAD", "/things", &name, allow), 0);
  CHECK_EQ_INT(find("POST", "/things/a.b-c/act", &name, allow), 1);
  CHECK(wf_view_equal(name, WF_VIEW("a.b-c")));
  CHECK_EQ_INT(find("GET", "/things/act", &name, allow), 2);
  CHECK_EQ_INT(find("DELETE", "/things/x", &name, allow), 3);
  CHECK_EQ_INT(find("POST", "/things/x", &name, allow), -1);
  CHECK_EQ_STR(allow, "Allow: GET, HEAD, DELETE\r\n");
  static const char *const absent[] = {"/",
                                       "",
                                       "/thing",
                                       "/things/",
                                       "/things/a/",
                                       "/things//act",
                                       "/things/a/b/act",
                                       "//things",
                                       "/things/act/act/",
                                       "/things/../things",
                                       "/Things"};
  for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
    CHECK_EQ_INT(find("GET", absent[i], &name, allow), -1);
    if (strcmp(absent[i], "/things/../things") != 0) CHECK_EQ_STR(allow, "");
  }
}

static int ask(const char *host, const char *origin, const char *authorization, bool token_route,
               const char *token) {
  wf_http_head head = {.host = wf_view_of(host)};
  wf_http_fault fault = {200, NULL};
  wf_http_policy policy = {.loopback_names = true, .token = token};
  if (origin) head.fields[head.n_fields++] = (wf_http_field){WF_VIEW("Origin"), wf_view_of(origin)};
  if (authorization) {
    head.fields[head.n_fields++] =
        (wf_http_field){WF_VIEW("AUTHORIZATION"), wf_view_of(authorization)};
  }
  wf_http_allows(&policy, &routes[token_route ? 3 : 0], &head, &fault);
  return fault.status;
}

TEST(router_policy) {
  static const char *const good_hosts[] = {"localhost", "LocalHost:1", "127.0.0.1:8080", "[::1]:2",
                                           ""};
  static const char *const bad_hosts[] = {"evil.example", "localhost.evil.example", "127.0.0.2",
                                          "[::2]",        "127.0.0.1.nip.io",       "0.0.0.0"};
  for (size_t i = 0; i < sizeof good_hosts / sizeof *good_hosts; i++) {
    CHECK_EQ_INT(ask(good_hosts[i], NULL, NULL, false, "key"), 200);
  }
  for (size_t i = 0; i < sizeof bad_hosts / sizeof *bad_hosts; i++) {
    CHECK_EQ_INT(ask(bad_hosts[i], NULL, NULL, false, "key"), 403);
    CHECK_EQ_INT(ask(bad_hosts[i], NULL, "Bearer key", true, "key"), 403);
  }
  CHECK_EQ_INT(ask("localhost:1", "http://localhost:1", NULL, false, "key"), 200);
  CHECK_EQ_INT(ask("localhost:1", "http://localhost:2", NULL, false, "key"), 403);
  CHECK_EQ_INT(ask("localhost:1", "null", NULL, false, "key"), 403);
  CHECK_EQ_INT(ask("localhost", NULL, "Bearer key", true, "key"), 200);
  CHECK_EQ_INT(ask("localhost", NULL, "bearer key", true, "key"), 200);
  static const char *const bad_tokens[] = {"Bearer ke",  "Bearer keyy", "Bearer  key",
                                           "Bearer kez", "Bearer ",     "Bearer",
                                           "Basic key",  "key",         ""};
  for (size_t i = 0; i < sizeof bad_tokens / sizeof *bad_tokens; i++) {
    CHECK_EQ_INT(ask("localhost", NULL, bad_tokens[i], true, "key"), 401);
  }
  CHECK_EQ_INT(ask("localhost", NULL, NULL, true, "key"), 401);
  CHECK_EQ_INT(ask("localhost", NULL, "Bearer key", true, NULL), 401);
  CHECK_EQ_INT(ask("localhost", NULL, "Bearer ", true, ""), 401);
  CHECK_EQ_INT(ask("localhost:1", "http://localhost:1", "Bearer key", true, "key"), 403);
}

TEST(format_dates) {
  char text[WF_HTTP_DATE];
  wf_http_format_date(text, 784111777);
  CHECK_EQ_STR(text, "Sun, 06 Nov 1994 08:49:37 GMT");
  wf_http_format_date(text, 0);
  CHECK_EQ_STR(text, "Thu, 01 Jan 1970 00:00:00 GMT");
  wf_http_format_date(text, 1709210096);
  CHECK_EQ_STR(text, "Thu, 29 Feb 2024 12:34:56 GMT");
}

TEST(format_heads_and_errors) {
  wf_bytes out = {0};
  wf_http_format_head(&out, &(wf_http_response_head){.status = 405,
                                                     .content_type = "text/plain",
                                                     .headers = "Allow: GET\r\n",
                                                     .date = "D",
                                                     .content_length = 12,
                                                     .close = true});
  CHECK_EQ_STR(out.data,
               "HTTP/1.1 405 Method Not Allowed\r\nDate: D\r\nContent-Type: text/plain\r\n"
               "Content-Length: 12\r\nX-Content-Type-Options: nosniff\r\n"
               "Connection: close\r\nAllow: GET\r\n\r\n");
  wf_bytes_clear(&out);
  wf_http_format_error(&out, 404, NULL, "no \"x\"");
  CHECK_EQ_STR(out.data, "{\"error\":{\"code\":\"not_found\",\"message\":\"no \\\"x\\\"\"}}\n");
  wf_bytes_dispose(&out);
}
