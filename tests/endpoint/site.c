#include "site.h"

#include "base/file.h"
#include "base/json.h"
#include "check.h"
#include "tiny.h"
#include "wire.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

site *site_new(void) {
  static const char *const names[] = {"tiny", "three"};
  wf_error err = WF_ERROR_INIT;
  site *s = calloc(1, sizeof *s);
  if (!s) abort();
  REQUIRE_OK(wf_catalog_open(&s->catalog, test_path("catalog.db"), &err), err);
  REQUIRE_OK(wf_store_open(&s->store, test_path("objects"), &err), err);
  for (int i = 0; i < 2; i++) {
    wf_model *model = tiny_model(names[i]);
    char *package;
    size_t size;
    REQUIRE_OK(wf_model_pack(&package, &size, model, &err), err);
    REQUIRE_OK(wf_store_put(s->digests[i], s->store, package, size, &err), err);
    wf_text_free(package);
    wf_model_release(model);
  }
  return s;
}

int64_t site_deploy(site *s, const char *name, int package) {
  wf_error err = WF_ERROR_INIT;
  int64_t generation = 0;
  REQUIRE_OK(wf_catalog_deploy(&generation, s->catalog, name, NULL, 0, s->digests[package], &err),
             err);
  return generation;
}

static void *run(void *server) {
  wf_error err = WF_ERROR_INIT;
  if (wf_server_run(server, &err) != WF_OK) abort();
  return NULL;
}

static void read_token(site *s) {
  wf_error err = WF_ERROR_INIT;
  char *text;
  size_t size;
  json_t *root;
  const char *token;
  REQUIRE_OK(wf_file_read(test_path("serve.json"), 0, &text, &size, &err), err);
  REQUIRE_OK(wf_json_parse(&root, (wf_view){text, size}, "serve.json", &err), err);
  REQUIRE_OK(wf_json_get_string(&token, root, "token", "serve.json", &err), err);
  snprintf(s->token, sizeof s->token, "%s", token);
  json_decref(root);
  wf_free(text);
}

void site_start(site *s) {
  wf_error err = WF_ERROR_INIT;
  wf_server_options options = wf_server_options_default();
  options.state_dir = test_dir();
  options.n_threads = 2;
  REQUIRE_OK(wf_server_open(&s->server, &options, &err), err);
  s->port = wf_server_port(s->server);
  read_token(s);
  pthread_t *thread = malloc(sizeof *thread);
  if (!thread || pthread_create(thread, NULL, run, s->server) != 0) abort();
  s->thread = thread;
}

void site_stop(site *s) {
  if (!s->server) return;
  wf_server_stop(s->server);
  pthread_join(*(pthread_t *)s->thread, NULL);
  free(s->thread);
  wf_server_close(s->server);
  s->server = NULL;
}

void site_free(site *s) {
  site_stop(s);
  wf_catalog_close(s->catalog);
  wf_store_close(s->store);
  free(s);
}

static int exchange(const site *s, const char *text, size_t size, char **reply) {
  wire_answer answer = {0};
  int fd = wire_connect(s->port);
  if (reply) *reply = NULL;
  if (fd < 0) return 0;
  if (wire_send(fd, text, size)) wire_read(fd, &answer, false);
  close(fd);
  if (reply) {
    *reply = answer.body;
  } else {
    wire_free(&answer);
  }
  return answer.status;
}

int site_command(site *s, const char *path, char **body) {
  char text[512];
  int size = snprintf(text, sizeof text,
                      "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n",
                      path, s->token);
  return exchange(s, text, (size_t)size, body);
}

int site_invoke(site *s, const char *name, const char *type, const char *body, char **reply) {
  wf_bytes text = {0};
  wf_bytes_format(&text,
                  "POST /endpoints/%s/invocations HTTP/1.1\r\nHost: localhost\r\n"
                  "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                  name, type, strlen(body), body);
  int status = exchange(s, text.data, text.size, reply);
  wf_bytes_dispose(&text);
  return status;
}

int site_get(site *s, const char *path, char **reply) {
  char text[256];
  int size = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
  return exchange(s, text, (size_t)size, reply);
}

static bool keep_state(void *context, const wf_endpoint_record *record) {
  snprintf(context, 512, "%s%s%s", wf_endpoint_state_name(record->state),
           record->message ? ": " : "", record->message ? record->message : "");
  return true;
}

const char *site_state(site *s, const char *name) {
  static char state[512];
  wf_error err = WF_ERROR_INIT;
  snprintf(state, sizeof state, "absent");
  wf_status status = wf_catalog_get_endpoint(s->catalog, name, keep_state, state, &err);
  if (status != WF_OK && status != WF_NOTFOUND) test_fail(__FILE__, __LINE__, "%s", err.message);
  return state;
}
