#include "wf/http.h"

#include "check.h"
#include "live.h"

#include <unistd.h>

static const char *url_of(const live *server, const char *path) {
  static char url[128];
  snprintf(url, sizeof url, "http://127.0.0.1:%d%s", live_port(server), path);
  return url;
}

TEST(client_sends) {
  wf_error err = WF_ERROR_INIT;
  wf_http_response response;
  live *server = live_open(NULL);
  wf_http_request request = {.url = url_of(server, "/ping")};
  REQUIRE_OK(wf_http_send(&response, &request, &err), err);
  CHECK_EQ_INT(response.status, 200);
  CHECK_EQ_STR(response.body, "pong");
  CHECK_EQ_STR(response.content_type, "application/json");
  wf_http_response_dispose(&response);
  const char *const headers[] = {"Content-Type: text/plain", "X-Other: 1", NULL};
  request = (wf_http_request){.method = "POST",
                              .url = url_of(server, "/echo"),
                              .headers = headers,
                              .body = "a\0b",
                              .body_size = 3};
  REQUIRE_OK(wf_http_send(&response, &request, &err), err);
  CHECK(response.body_size == 3 && memcmp(response.body, "a\0b", 4) == 0);
  wf_http_response_dispose(&response);
  request = (wf_http_request){.method = "DELETE", .url = url_of(server, "/none")};
  REQUIRE_OK(wf_http_send(&response, &request, &err), err);
  CHECK_EQ_INT(response.status, 404);
  CHECK_HAS(response.body, "not_found");
  wf_http_response_dispose(&response);
  wf_http_response_dispose(&response);
  request = (wf_http_request){.method = "HEAD", .url = url_of(server, "/ping")};
  REQUIRE_OK(wf_http_send(&response, &request, &err), err);
  CHECK(response.status == 200 && response.body_size == 0);
  wf_http_response_dispose(&response);
  live_close(server);
}

TEST(client_errors) {
  wf_error err = WF_ERROR_INIT;
  wf_http_response response;
  live *server = live_open(NULL);
  char url[128];
  snprintf(url, sizeof url, "%s", url_of(server, "/big"));
  wf_http_request request = {.url = url, .max_response = 1000};
  CHECK_FAILS(wf_http_send(&response, &request, &err), err, WF_LIMIT, "1000");
  live_close(server);
  request.max_response = 0;
  CHECK_FAILS(wf_http_send(&response, &request, &err), err, WF_IO, url);
  static const char *const bad[] = {"", "file:///etc/passwd", "ftp://localhost/", "localhost:80",
                                    "http://a b/\n"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    request = (wf_http_request){.url = bad[i]};
    CHECK_FAILS(wf_http_send(&response, &request, &err), err, WF_INVALID, "URL");
  }
  const char *const injected[] = {"X: a\r\nY: b", NULL}, *const unnamed[] = {"X", NULL};
  request = (wf_http_request){.url = "http://127.0.0.1:1/", .headers = injected};
  CHECK_FAILS(wf_http_send(&response, &request, &err), err, WF_INVALID, "header");
  request.headers = unnamed;
  CHECK_FAILS(wf_http_send(&response, &request, &err), err, WF_INVALID, "header");
  request = (wf_http_request){.url = "http://127.0.0.1:1/", .method = "GET /"};
  CHECK_FAILS(wf_http_send(&response, &request, &err), err, WF_INVALID, "method");
}

TEST(client_times_out) {
  wf_error err = WF_ERROR_INIT;
  wf_http_response response;
  wf_http_server *silent; /* bound, but never run */
  wf_http_server_options options = live_options();
  REQUIRE_OK(wf_http_server_open(&silent, &options, &err), err);
  char url[64];
  snprintf(url, sizeof url, "http://127.0.0.1:%d/", wf_http_server_port(silent));
  wf_http_request request = {.url = url, .timeout_ms = 100};
  CHECK_FAILS(wf_http_send(&response, &request, &err), err, WF_IO, "127.0.0.1");
  wf_http_server_close(silent);
}

static bool send_once(const char *url) {
  wf_error err = WF_ERROR_INIT;
  wf_http_response response = {0};
  wf_http_request request = {.url = url};
  wf_status status = wf_http_send(&response, &request, &err);
  if (status == WF_OK) wf_http_response_dispose(&response);
  return status == WF_OK && response.status == 0;
}

TEST(client_survives_allocation_failures) {
  live *server = live_open(NULL);
  const char *url = url_of(server, "/ping");
  send_once(url);
  usleep(50000); /* the server, which shares the allocator, has let the connection go */
  CHECK(send_once(url));
  wf_alloc_fail_after(0);
  CHECK(!send_once("http://127.0.0.1:1/"));
  wf_alloc_fail_after(-1);
  live_close(server);
}
