#include "http/server.h"

#include "base/clock.h"
#include "check.h"
#include "live.h"
#include "wire.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define H "Host: localhost\r\n"
#define PING "GET /ping HTTP/1.1\r\n" H "\r\n"

/* Reads one answer and checks it. */
static void expect(int fd, int status, const char *body) {
  wire_answer answer = {0};
  wire_read(fd, &answer, false);
  CHECK_EQ_INT(answer.status, status);
  if (body && answer.status) CHECK_EQ_STR(answer.body, body);
  wire_free(&answer);
}

TEST(server_keeps_connections_alive) {
  live *server = live_open(NULL);
  int fd = wire_connect(live_port(server));
  for (int i = 0; i < 100; i++) {
    wire_text(fd, i % 2 ? PING : "POST /echo HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello");
    expect(fd, 200, i % 2 ? "pong" : "hello");
  }
  wire_text(fd, "GET /items/a.b HTTP/1.1\r\n" H "\r\n");
  expect(fd, 200, "a.b");
  wire_text(fd, "GET /none HTTP/1.1\r\n" H "\r\n");
  expect(fd, 404, NULL);
  wire_text(fd, "DELETE /ping HTTP/1.1\r\n" H "\r\n");
  wire_answer answer;
  REQUIRE(wire_read(fd, &answer, false));
  CHECK_EQ_INT(answer.status, 405);
  CHECK_HAS(answer.head, "\r\nAllow: GET, HEAD\r\n");
  CHECK(!answer.close);
  wire_free(&answer);
  wire_text(fd, "HEAD /ping HTTP/1.1\r\n" H "\r\n");
  REQUIRE(wire_read(fd, &answer, true));
  CHECK_EQ_INT(answer.body_size, 4);
  wire_free(&answer);
  wire_text(fd, "GET /ping HTTP/1.1\r\n" H "Connection: close\r\n\r\n");
  expect(fd, 200, "pong");
  CHECK(wire_ended(fd, 1000));
  close(fd);
  live_close(server);
}

TEST(server_http_1_0) {
  live *server = live_open(NULL);
  int fd = wire_connect(live_port(server));
  wire_text(fd, "GET /ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  wire_answer answer;
  REQUIRE(wire_read(fd, &answer, false));
  CHECK_HAS(answer.head, "\r\nConnection: keep-alive\r\n");
  wire_free(&answer);
  wire_text(fd, "GET /ping HTTP/1.0\r\n\r\n");
  expect(fd, 200, "pong");
  CHECK(wire_ended(fd, 1000));
  close(fd);
  live_close(server);
}

TEST(server_pipelines) {
  live *server = live_open(NULL);
  int fd = wire_connect(live_port(server));
  wf_bytes text = {0};
  enum { N = 500 };
  for (int i = 0; i < N; i++) {
    wf_bytes_format(&text, "POST /echo HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\n%04d", i);
    wf_bytes_text(&text, "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"
                         "1\r\nc\r\n0\r\n\r\n\r\n" PING);
  }
  wire_send(fd, text.data, text.size);
  for (int i = 0; i < N; i++) {
    char number[8];
    snprintf(number, sizeof number, "%04d", i);
    expect(fd, 200, number);
    expect(fd, 200, "abc");
    expect(fd, 200, "pong");
  }
  /* Cut at every byte across many requests. */
  for (size_t i = 0; i < 400; i++) CHECK(wire_send(fd, text.data + i, 1));
  for (int i = 0; i < 2; i++) {
    expect(fd, 200, i == 0 ? "0000" : "abc");
  }
  wf_bytes_dispose(&text);
  close(fd);
  live_close(server);
}

static void *send_pings(void *context) {
  for (int i = 0; i < 20000; i++) {
    if (!wire_text(*(int *)context, "GET /big HTTP/1.1\r\n" H "\r\n")) break;
  }
  return NULL;
}

TEST(server_holds_back_clients_that_do_not_read) {
  wf_http_server_options options = live_options();
  options.write_timeout_ms = 300;
  options.header_timeout_ms = 60000;
  live *server = live_open(&options);
  int fd = wire_connect(live_port(server)), other = wire_connect(live_port(server));
  pthread_t thread;
  int64_t began = wf_clock_monotonic_ns();
  REQUIRE(pthread_create(&thread, NULL, send_pings, &fd) == 0);
  usleep(200000);
  wire_text(other, PING); /* nobody else is held up */
  expect(other, 200, "pong");
  pthread_join(thread, NULL); /* ends because the server gave the connection up */
  CHECK(wf_clock_monotonic_ns() - began < 15000000000);
  close(fd);
  close(other);
  live_close(server);
}

TEST(server_takes_large_bodies) {
  live *server = live_open(NULL);
  size_t size = 5 << 20;
  char *body = malloc(size);
  for (size_t i = 0; i < size; i++) body[i] = (char)(i * 31);
  int fd = wire_connect(live_port(server));
  for (int round = 0; round < 2; round++) {
    wire_text(fd, "POST /echo HTTP/1.1\r\n" H "Content-Length: 5242880\r\n\r\n");
    wire_send(fd, body, size);
    wire_answer answer;
    REQUIRE(wire_read(fd, &answer, false));
    CHECK(answer.body_size == size && memcmp(answer.body, body, size) == 0);
    wire_free(&answer);
  }
  wire_text(fd, "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
  for (size_t at = 0; at < size; at += 65536) {
    wire_text(fd, "10000\r\n");
    wire_send(fd, body + at, 65536);
    wire_text(fd, "\r\n");
  }
  wire_text(fd, "0\r\n\r\n" PING);
  wire_answer answer;
  REQUIRE(wire_read(fd, &answer, false));
  CHECK(answer.body_size == size && memcmp(answer.body, body, size) == 0);
  wire_free(&answer);
  expect(fd, 200, "pong");
  free(body);
  close(fd);
  live_close(server);
}

TEST(server_refuses_large_bodies_before_reading_them) {
  wf_http_server_options options = live_options();
  options.max_body = 1000;
  live *server = live_open(&options);
  int fd = wire_connect(live_port(server));
  wire_text(fd, "POST /echo HTTP/1.1\r\n" H "Content-Length: 1001\r\n\r\n");
  expect(fd, 413, NULL);
  close(fd);
  fd = wire_connect(live_port(server));
  wire_text(fd, "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3e9\r\n");
  char body[1001] = {0};
  wire_send(fd, body, sizeof body);
  expect(fd, 413, NULL);
  close(fd);
  /* A client that goes on sending is read for a while: a reset could overtake the answer. */
  fd = wire_connect(live_port(server));
  wire_text(fd, "POST /echo HTTP/1.1\r\n" H "Content-Length: 100000000\r\n\r\n");
  expect(fd, 413, NULL);
  char block[65536] = {0};
  for (int i = 0; i < 5; i++) {
    CHECK(wire_send(fd, block, sizeof block));
    usleep(10000);
  }
  close(fd);
  fd = wire_connect(live_port(server));
  wire_text(fd, "POST /echo HTTP/1.1\r\n" H "Content-Length: 1000\r\n\r\n");
  wire_send(fd, body, 1000);
  expect(fd, 200, NULL);
  close(fd);
  live_close(server);
}

TEST(server_answers_expectations) {
  live *server = live_open(NULL);
  int fd = wire_connect(live_port(server));
  wire_text(fd, "POST /echo HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  expect(fd, 100, NULL);
  wire_text(fd, "hi");
  expect(fd, 200, "hi");
  wire_text(fd, "POST /echo HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi");
  expect(fd, 200, "hi"); /* it did not wait: no 100 */
  wire_text(fd, "POST /none HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  expect(fd, 404, NULL); /* refused before the body was sent */
  CHECK(wire_ended(fd, 1000));
  close(fd);
  live_close(server);
}

TEST(server_limits_time) {
  wf_http_server_options options = live_options();
  options.header_timeout_ms = 200;
  options.body_timeout_ms = 200;
  options.idle_timeout_ms = 300;
  live *server = live_open(&options);
  int silent = wire_connect(live_port(server)), slow = wire_connect(live_port(server));
  int body = wire_connect(live_port(server)), idle = wire_connect(live_port(server));
  wire_text(slow, "GET /ping HT");
  wire_text(body, "POST /echo HTTP/1.1\r\n" H "Content-Length: 5000\r\n\r\nab");
  wire_text(idle, PING);
  expect(idle, 200, "pong");
  for (int i = 0; i < 5; i++) { /* a byte now and then buys no time */
    usleep(30000);
    wire_text(slow, "T");
    wire_text(body, "x");
  }
  expect(slow, 408, NULL);
  expect(body, 408, NULL);
  CHECK(wire_ended(slow, 1000) && wire_ended(body, 1000));
  CHECK(wire_ended(silent, 1000));
  CHECK(wire_ended(idle, 1000));
  close(silent), close(slow), close(body), close(idle);
  /* A body that keeps coming may take longer than one timeout. */
  int steady = wire_connect(live_port(server));
  wire_text(steady, "POST /echo HTTP/1.1\r\n" H "Content-Length: 20000\r\n\r\n");
  char block[2000] = {0};
  for (int i = 0; i < 10; i++) {
    wire_send(steady, block, sizeof block);
    usleep(50000);
  }
  expect(steady, 200, NULL);
  close(steady);
  live_close(server);
}

TEST(server_limits_connections) {
  wf_http_server_options options = live_options();
  options.max_connections = 8;
  live *server = live_open(&options);
  int fds[8];
  for (int i = 0; i < 8; i++) {
    fds[i] = wire_connect(live_port(server));
    wire_text(fds[i], "GET /pi"); /* busy: cannot be evicted */
  }
  usleep(100000);
  int extra = wire_connect(live_port(server));
  wire_answer answer;
  REQUIRE(wire_read(extra, &answer, false));
  CHECK_EQ_INT(answer.status, 503);
  CHECK_HAS(answer.head, "\r\nRetry-After: 1\r\n");
  wire_free(&answer);
  CHECK(wire_ended(extra, 1000));
  close(extra);
  for (int i = 0; i < 8; i++) {
    wire_text(fds[i], "ng HTTP/1.1\r\n" H "\r\n");
    expect(fds[i], 200, "pong");
  }
  usleep(50000);
  /* All are idle now: the one that has been so for longest in the accepting loop makes room. */
  CHECK_EQ_INT(wire_status(live_port(server), PING), 200);
  for (int i = 0; i < 8; i++) close(fds[i]);
  live_close(server);
}

TEST(server_survives_descriptor_exhaustion) {
  struct rlimit before, low;
  live *server = live_open(NULL);
  getrlimit(RLIMIT_NOFILE, &before);
  int fds[64], n = 0;
  int next = dup(0);
  REQUIRE(next >= 0);
  close(next);
  low = before;
  low.rlim_cur = (rlim_t)next + 12;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &low) == 0);
  while (n < 64 && (fds[n] = wire_connect(live_port(server))) >= 0) {
    wire_text(fds[n++], PING);
    usleep(5000);
  }
  CHECK(n >= 4); /* client and server share the limit */
  /* The last one cannot be accepted with a descriptor of its own: it is told so, or an idle one
   * has made room for it. */
  wire_answer answer;
  CHECK(wire_read(fds[n - 1], &answer, false));
  CHECK(answer.status == 503 || answer.status == 200);
  wire_free(&answer);
  for (int i = 0; i < n; i++) close(fds[i]);
  setrlimit(RLIMIT_NOFILE, &before);
  usleep(200000);
  CHECK_EQ_INT(wire_status(live_port(server), PING), 200);
  live_close(server);
}

TEST(server_checks_tokens_and_hosts) {
  wf_http_server_options options = live_options();
  options.policy.loopback_names = true;
  live *server = live_open(&options);
  int port = live_port(server);
  CHECK_EQ_INT(wire_status(port, "GET /ping HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 403);
  CHECK_EQ_INT(wire_status(port, "GET /none HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 403);
  CHECK_EQ_INT(wire_status(port, "GET /ping HTTP/1.1\r\n" H "Origin: http://evil.example\r\n\r\n"),
               403);
  CHECK_EQ_INT(wire_status(port, "POST /secret HTTP/1.1\r\n" H "\r\n"), 401);
  CHECK_EQ_INT(wire_status(port, "POST /secret HTTP/1.1\r\n" H "Authorization: Bearer kex\r\n\r\n"),
               401);
  CHECK_EQ_INT(wire_status(port, "POST /secret HTTP/1.1\r\n" H "Authorization: Bearer key\r\n\r\n"),
               200);
  CHECK_EQ_INT(wire_status(port, "POST /secret HTTP/1.1\r\n" H "Authorization: Bearer key\r\n"
                                 "Origin: http://localhost\r\n\r\n"),
               403);
  CHECK_EQ_INT(wire_status(port, "GET /secret HTTP/1.1\r\n" H "Authorization: Bearer key\r\n\r\n"),
               405);
  live_close(server);
}

TEST(server_keeps_promises) {
  live *server = live_open(NULL);
  int fds[4];
  for (int i = 0; i < 4; i++) {
    fds[i] = wire_connect(live_port(server));
    wire_text(fds[i], "POST /later HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\nab" PING);
  }
  close(fds[3]); /* nobody waits for this one any more */
  for (int i = 0; i < 3; i++) {
    expect(fds[i], 200, "later");
    expect(fds[i], 200, "pong");
    close(fds[i]);
  }
  usleep(100000);
  live_close(server);
}

TEST(server_gives_memory_back) {
  enum { N = 1500, DESCRIPTORS = 2 * N + 100 };
  struct rlimit before, more;
  getrlimit(RLIMIT_NOFILE, &before);
  more = before;
  if (more.rlim_cur < DESCRIPTORS) more.rlim_cur = DESCRIPTORS;
  if (setrlimit(RLIMIT_NOFILE, &more) != 0) SKIP("needs %d descriptors", DESCRIPTORS);
  live *server = live_open(NULL);
  int *fds = malloc(N * sizeof *fds);
  CHECK_EQ_INT(wire_status(live_port(server), PING), 200);
  int waiting = wire_connect(live_port(server));
  for (int i = 0; i < N; i++) fds[i] = wire_connect(live_port(server));
  for (int i = 0; i < N; i++) wire_text(fds[i], "GET /pi");
  usleep(200000);
  long busy = wf_alloc_live();
  wire_text(waiting, "POST /later HTTP/1.1\r\n" H "\r\n");
  usleep(10000);
  close(waiting); /* its object must outlive the promise */
  for (int i = 0; i < N; i++) close(fds[i]);
  usleep(200000);
  CHECK(wf_alloc_live() < busy - 100);
  CHECK_EQ_INT(wire_status(live_port(server), PING), 200);
  free(fds);
  live_close(server);
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST(server_drains) {
  live *server = live_open(NULL);
  int idle = wire_connect(live_port(server)), busy = wire_connect(live_port(server));
  int later = wire_connect(live_port(server));
  wire_text(idle, PING);
  expect(idle, 200, "pong");
  wire_text(busy, "POST /echo HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\nab");
  wire_text(later, "POST /later HTTP/1.1\r\n" H "\r\n");
  usleep(30000);
  wf_http_server_stop(live_server(server));
  CHECK(wire_ended(idle, 1000));
  usleep(30000);
  wire_text(busy, "cd");
  wire_answer answer;
  REQUIRE(wire_read(busy, &answer, false));
  CHECK_EQ_STR(answer.body, "abcd");
  CHECK(answer.close);
  wire_free(&answer);
  expect(later, 200, "later");
  CHECK(wire_connect(live_port(server)) < 0);
  close(busy), close(later), close(idle);
  CHECK(live_stop(server) < 2000);
  live_close(server);
}

TEST(server_drains_within_its_time) {
  wf_http_server_options options = live_options();
  options.drain_timeout_ms = 200;
  live *server = live_open(&options);
  int stuck = wire_connect(live_port(server));
  wire_text(stuck, "POST /echo HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\nab");
  usleep(30000);
  int took = live_stop(server);
  CHECK(took >= 150 && took < 2000);
  close(stuck);
  live_close(server);
}

TEST(server_open_errors) {
  wf_error err = WF_ERROR_INIT;
  wf_http_server *second = NULL;
  live *server = live_open(NULL);
  wf_http_server_options options = live_options();
  options.port = live_port(server);
  char port[16];
  snprintf(port, sizeof port, "port %d", options.port);
  CHECK_FAILS(wf_http_server_open(&second, &options, &err), err, WF_IO, port);
  CHECK_HAS(err.message, "127.0.0.1");
  live_close(server);
  options.port = 70000;
  CHECK_FAILS(wf_http_server_open(&second, &options, &err), err, WF_INVALID, "70000");
  options.port = 0;
  options.host = "example.com";
  CHECK_FAILS(wf_http_server_open(&second, &options, &err), err, WF_INVALID, "example.com");
  CHECK(wf_http_is_loopback("127.9.9.9") && wf_http_is_loopback("localhost"));
  CHECK(wf_http_is_loopback("::1") && !wf_http_is_loopback("0.0.0.0"));
  CHECK(!wf_http_is_loopback("::") && !wf_http_is_loopback("x"));
}

static bool open_once(void) {
  wf_error err = WF_ERROR_INIT;
  wf_http_server *server = NULL;
  wf_http_server_options options = live_options();
  wf_status status = wf_http_server_open(&server, &options, &err);
  if (status != WF_OK && status != WF_NOMEM) test_fail(__FILE__, __LINE__, "%s", err.message);
  wf_http_server_close(server);
  return status == WF_OK;
}

TEST(server_open_survives_allocation_failures) { CHECK_OOM_SAFE(open_once()); }

TEST(server_needs_no_memory_once_warm) {
  wf_http_server_options options = live_options();
  options.n_threads = 1;
  live *server = live_open(&options);
  int fd = wire_connect(live_port(server));
  static const char request[] = "POST /echo HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello";
  for (int i = 0; i < 3; i++) {
    wire_text(fd, request);
    expect(fd, 200, "hello");
  }
  wf_alloc_fail_after(0);
  for (int i = 0; i < 100; i++) {
    wire_text(fd, request);
    expect(fd, 200, "hello");
  }
  wf_alloc_fail_after(-1);
  close(fd);
  live_close(server);
}

TEST(server_sheds_when_memory_is_out) {
  for (long n = 0; n < 12; n++) {
    live *server = live_open(NULL);
    int fd = wire_connect(live_port(server));
    wf_alloc_fail_after(n);
    wire_text(fd, "GET /items/x HTTP/1.1\r\n" H "\r\n");
    wire_answer answer;
    if (wire_read(fd, &answer, false)) wire_free(&answer); /* 200, 503 or the end */
    wf_alloc_fail_after(-1);
    close(fd);
    CHECK_EQ_INT(wire_status(live_port(server), PING), 200);
    live_close(server);
  }
}

typedef struct load {
  int port, n_good, n_bad;
} load;

static void *apply_load(void *context) {
  load *mine = context;
  for (int round = 0; round < 50; round++) {
    int fd = wire_connect(mine->port);
    for (int i = 0; fd >= 0 && i < 20; i++) {
      wire_answer answer;
      wire_text(fd, PING);
      bool good = wire_read(fd, &answer, false) && answer.status == 200;
      good ? mine->n_good++ : mine->n_bad++;
      wire_free(&answer);
    }
    if (fd >= 0) close(fd);
  }
  return NULL;
}

TEST(server_under_load) {
  live *server = live_open(NULL);
  pthread_t threads[4];
  load loads[4];
  for (int i = 0; i < 4; i++) {
    loads[i] = (load){.port = live_port(server)};
    REQUIRE(pthread_create(&threads[i], NULL, apply_load, &loads[i]) == 0);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
    CHECK_EQ_INT(loads[i].n_good, 1000);
    CHECK_EQ_INT(loads[i].n_bad, 0);
  }
  live_close(server);
}
