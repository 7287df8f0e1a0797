#include "wf/endpoint.h"

#include "base/file.h"
#include "base/json.h"
#include "check.h"
#include "site.h"
#include "tiny.h"
#include "wire.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define ROW "S,red,1.5\n"
#define TINY_ANSWER "0.16888198\n"

/* Invokes "e" over the open connection; `fields` are further header lines, each with its end. */
static void ask(wire_answer *answer, int fd, const char *query, const char *fields,
                const char *type, const char *body) {
  char text[1024];
  snprintf(text, sizeof text,
           "POST /endpoints/e/invocations%s HTTP/1.1\r\nHost: localhost\r\n%sContent-Type: %s\r\n"
           "Content-Length: %zu\r\n\r\n%s",
           query, fields, type, strlen(body), body);
  wire_text(fd, text);
  REQUIRE(wire_read(fd, answer, false));
}

static void expect(site *s, const char *name, const char *type, const char *body, int status,
                   const char *part) {
  char *reply;
  CHECK_EQ_INT(site_invoke(s, name, type, body, &reply), status);
  CHECK_HAS(reply ? reply : "", part);
  free(reply);
}

TEST(server_serves_what_the_catalog_wants) {
  site *s = site_new();
  site_deploy(s, "first", 0);
  site_deploy(s, "second", 1);
  CHECK_EQ_STR(site_state(s, "first"), "Creating");
  site_start(s);
  CHECK_EQ_STR(site_state(s, "first"), "InService");
  expect(s, "first", "text/csv", ROW, 200, TINY_ANSWER);
  expect(s, "first", "application/json", "[\"S\",\"red\",1.5]", 200, "{\"score\":0.16888198}");
  expect(s, "first", "application/jsonlines", "[\"S\",\"red\",1.5]", 200,
         "{\"score\":0.16888198}\n");
  expect(s, "second", "text/csv", ROW, 200, ",");
  expect(s, "third", "text/csv", ROW, 404, "no endpoint 'third'; there is: first, second");
  site_stop(s);
  CHECK_EQ_STR(site_state(s, "first"), "OutOfService");
  CHECK(access(test_path("serve.json"), F_OK) != 0);
  int port = s->port;
  site_start(s);
  CHECK_EQ_INT(s->port, port); /* remembered */
  CHECK_EQ_STR(site_state(s, "first"), "InService");
  expect(s, "first", "text/csv", ROW, 200, TINY_ANSWER);
  site_free(s);
}

TEST(server_refuses_bad_requests_and_goes_on) {
  static const struct {
    const char *type, *body, *part;
    int status;
  } cases[] = {
      {"text/csv", "", "\"code\":\"invalid\",\"message\":\"the body holds no rows\"}", 400},
      {"text/csv", "S,red\n", "\"row\":1}", 400},
      {"text/csv", ROW "S,red,heavy\n", "\"row\":2,\"column\":3}", 400},
      {"text/csv",
       "S,\xc3\xa4"
       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,\xc3\xa4\n",
       "\"column\":3}", 400},
      {"application/json", "{", "\"line\":1,\"column\":1}", 400},
      {"application/json", "{\"size\":1}", "column 'colour' is absent", 400},
      {"text/plain", ROW, "Content-Type must be text/csv", 415},
      {"text/csv; charset=latin1", ROW, "Content-Type", 415},
      {"text/csv\r\nContent-Encoding: gzip", ROW, "Content-Encoding", 415},
      {"text/csv\r\nAccept: text/html", ROW, "Accept", 406},
  };
  site *s = site_new();
  site_deploy(s, "e", 0);
  site_start(s);
  int fd = wire_connect(s->port);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    wire_answer answer;
    ask(&answer, fd, "", "", cases[i].type, cases[i].body);
    CHECK_EQ_INT(answer.status, cases[i].status);
    CHECK_HAS(answer.body, cases[i].part);
    CHECK(!answer.close);
    json_t *root = NULL;
    wf_error err = WF_ERROR_INIT;
    CHECK(wf_json_parse(&root, (wf_view){answer.body, answer.body_size}, "answer", &err) == WF_OK);
    json_decref(root);
    wire_free(&answer);
  }
  wire_answer answer;
  wire_text(
      fd, "POST /endpoints/e/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
          "Accept: application/json\r\nContent-Length: 10\r\n\r\n" ROW);
  REQUIRE(wire_read(fd, &answer, false));
  CHECK_EQ_STR(answer.body, "{\"predictions\":[{\"score\":0.16888198}]}\n");
  CHECK_HAS(answer.head, "\r\nx-Amzn-Invoked-Production-Variant: AllTraffic\r\n");
  CHECK_HAS(answer.head, "\r\nContent-Type: application/json\r\n");
  wire_free(&answer);
  close(fd);
  char *reply;
  CHECK_EQ_INT(site_get(s, "/endpoints/e", &reply), 200);
  CHECK_HAS(reply, "\"requests\":{\"ok\":1,\"refused\":10,\"failed\":0,\"rows\":1}");
  free(reply);
  site_free(s);
}

TEST(server_gives_reasons) {
  static const struct {
    const char *query, *field, *part;
    int status;
  } cases[] = {
      {"?reasons=2", "", "0.16888198,", 200},
      {"", "X-Wf-Reasons: 1\r\nAccept: application/json\r\n", "\"reasons\":[{\"column\":\"", 200},
      {"?reasons=0", "", TINY_ANSWER, 200},
      {"?reasons=lots", "", "reasons is 'lots', not a number from 0 to 100", 400},
      {"?raisins=2", "", "the query 'raisins=2' is not of the form reasons=3", 400},
  };
  site *s = site_new();
  site_deploy(s, "e", 0);
  site_start(s);
  int fd = wire_connect(s->port);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    wire_answer answer;
    ask(&answer, fd, cases[i].query, cases[i].field, "text/csv", ROW);
    CHECK_EQ_INT(answer.status, cases[i].status);
    CHECK_HAS(answer.body, cases[i].part);
    wire_free(&answer);
  }
  close(fd);
  site_free(s);
}

TEST(server_tells_its_state) {
  site *s = site_new();
  site_deploy(s, "e", 0);
  site_start(s);
  char *reply;
  CHECK_EQ_INT(site_get(s, "/ping", &reply), 200);
  free(reply);
  expect(s, "e", "text/csv", ROW ROW, 200, TINY_ANSWER TINY_ANSWER);
  CHECK_EQ_INT(site_get(s, "/endpoints", &reply), 200);
  wf_error err = WF_ERROR_INIT;
  json_t *root, *list;
  const char *text;
  REQUIRE_OK(wf_json_parse(&root, wf_view_of(reply), "reply", &err), err);
  REQUIRE_OK(wf_json_get_array(&list, root, "endpoints", "reply", &err), err);
  CHECK_EQ_INT(json_array_size(list), 1);
  REQUIRE_OK(wf_json_get_string(&text, json_array_get(list, 0), "state", "reply", &err), err);
  CHECK_EQ_STR(text, "InService");
  REQUIRE_OK(wf_json_get_string(&text, json_array_get(list, 0), "live_digest", "reply", &err), err);
  CHECK_EQ_STR(text, s->digests[0]);
  json_decref(root);
  free(reply);
  CHECK_EQ_INT(site_get(s, "/endpoints/none", &reply), 404);
  free(reply);
  CHECK_EQ_INT(site_get(s, "/metrics", &reply), 200);
  CHECK_HAS(reply, "wf_requests_total{endpoint=\"e\",outcome=\"ok\"} 1\n");
  CHECK_HAS(reply, "wf_rows_total{endpoint=\"e\"} 2\n");
  CHECK_HAS(reply, "wf_request_seconds_count{endpoint=\"e\"} 1\n");
  free(reply);
  site_free(s);
}

TEST(server_keeps_administration_to_the_owner) {
  site *s = site_new();
  site_start(s);
  static const char *const paths[] = {"/reload", "/shutdown"};
  for (size_t i = 0; i < 2; i++) {
    char text[512];
    snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: localhost\r\n\r\n", paths[i]);
    CHECK_EQ_INT(wire_status(s->port, text), 401);
    snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
             paths[i], s->token);
    CHECK_EQ_INT(wire_status(s->port, text), 403);
    snprintf(text, sizeof text,
             "POST %s HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n"
             "Authorization: Bearer %s\r\n\r\n",
             paths[i], s->token);
    CHECK_EQ_INT(wire_status(s->port, text), 403);
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", paths[i]);
    CHECK_EQ_INT(wire_status(s->port, text), 405);
  }
  CHECK_EQ_INT(site_command(s, "/reload", NULL), 200);
  CHECK_EQ_INT(site_command(s, "/shutdown", NULL), 200);
  pthread_join(*(pthread_t *)s->thread, NULL); /* it ended by itself */
  free(s->thread);
  wf_server_close(s->server);
  s->server = NULL;
  site_free(s);
}

TEST(server_open_errors) {
  wf_error err = WF_ERROR_INIT;
  wf_server *other = NULL;
  site *s = site_new();
  site_start(s);
  wf_server_options options = wf_server_options_default();
  char text[64];
  CHECK_FAILS(wf_server_open(&other, &options, &err), err, WF_INVALID,
              "state directory or a model");
  options.state_dir = test_dir();
  snprintf(text, sizeof text, "process %d", (int)getpid());
  CHECK_FAILS(wf_server_open(&other, &options, &err), err, WF_BUSY, text);
  options.state_dir = test_path("elsewhere");
  options.port = s->port;
  snprintf(text, sizeof text, "port %d", s->port);
  CHECK_FAILS(wf_server_open(&other, &options, &err), err, WF_IO, text);
  options.port = 0;
  options.host = "0.0.0.0";
  CHECK_FAILS(wf_server_open(&other, &options, &err), err, WF_INVALID, "0.0.0.0");
  options.model_path = test_path("nowhere");
  CHECK_FAILS(wf_server_open(&other, &options, &err), err, WF_INVALID, "not both");
  options.state_dir = NULL;
  CHECK_FAILS(wf_server_open(&other, &options, &err), err, WF_NOTFOUND, "nowhere");
  options.model_path = test_write("bad.tar.gz", "nothing", 7);
  CHECK(wf_server_open(&other, &options, &err) != WF_OK);
  CHECK_HAS(err.message, "bad.tar.gz");
  options = wf_server_options_default();
  options.state_dir = test_write("file", "", 0);
  CHECK_FAILS(wf_server_open(&other, &options, &err), err, WF_IO, "file");
  site_free(s);
}

static void *run(void *server) {
  wf_error err = WF_ERROR_INIT;
  if (wf_server_run(server, &err) != WF_OK) abort();
  return NULL;
}

TEST(server_container_mode) {
  wf_error err = WF_ERROR_INIT;
  wf_model *model = tiny_model("tiny");
  REQUIRE_OK(wf_model_write(model, test_path("model.tar.gz"), &err), err);
  wf_model_release(model);
  wf_server *server;
  wf_server_options options = wf_server_options_default();
  options.model_path = test_path("model.tar.gz");
  options.host = "0.0.0.0";
  options.n_threads = 1;
  options.max_body = 1000;
  REQUIRE_OK(wf_server_open(&server, &options, &err), err);
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, run, server) == 0);
  int port = wf_server_port(server);
  CHECK_EQ_INT(wire_status(port, "GET /ping HTTP/1.1\r\nHost: container.example\r\n\r\n"), 200);
  CHECK_EQ_INT(wire_status(port,
                           "POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\n"
                           "Content-Length: 10\r\n\r\n" ROW),
               200);
  CHECK_EQ_INT(wire_status(port,
                           "POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\n"
                           "Content-Length: 1001\r\n\r\n"),
               413);
  CHECK_EQ_INT(wire_status(port, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
  CHECK_EQ_INT(wire_status(port, "POST /shutdown HTTP/1.1\r\nHost: a\r\n\r\n"), 404);
  CHECK_EQ_INT(wire_status(port, "GET /endpoints HTTP/1.1\r\nHost: a\r\n\r\n"), 404);
  wf_server_stop(server);
  pthread_join(thread, NULL);
  wf_server_close(server);
}

TEST(server_needs_no_memory_for_csv_once_warm) {
  site *s = site_new();
  site_deploy(s, "e", 0);
  site_start(s);
  int fd = wire_connect(s->port);
  static const char text[] =
      "POST /endpoints/e/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
      "Content-Length: 10\r\n\r\n" ROW;
  for (int i = 0; i < 200; i++) {
    wire_answer answer;
    if (i == 3) wf_alloc_fail_after(0);
    wire_text(fd, text);
    bool good = wire_read(fd, &answer, false) && answer.status == 200;
    CHECK(good);
    if (good) CHECK_EQ_STR(answer.body, TINY_ANSWER);
    wire_free(&answer);
    if (!good) break;
  }
  wf_alloc_fail_after(-1);
  close(fd);
  site_free(s);
}

static bool open_server(void) {
  wf_error err = WF_ERROR_INIT;
  wf_server *server = NULL;
  wf_server_options options = wf_server_options_default();
  options.state_dir = test_dir();
  options.n_threads = 2;
  wf_status status = wf_server_open(&server, &options, &err);
  if (status != WF_OK && status != WF_NOMEM && status != WF_IO && status != WF_EXTERNAL) {
    test_fail(__FILE__, __LINE__, "%s: %s", wf_status_name(status), err.message);
  }
  bool done = status == WF_OK;
  wf_server_close(server);
  return done;
}

TEST(server_open_survives_allocation_failures) {
  site *s = site_new();
  site_deploy(s, "e", 0);
  CHECK_OOM_SAFE(open_server());
  site_start(s);
  CHECK_EQ_STR(site_state(s, "e"), "InService");
  site_free(s);
}
