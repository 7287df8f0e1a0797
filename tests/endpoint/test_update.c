/* Deploying, replacing, failing and deleting while requests come in. */
#include "check.h"
#include "site.h"
#include "wire.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROW "S,red,1.5\n"
#define TINY_ANSWER "0.16888198\n"

static int invoke(site *s, const char *name, char **reply) {
  return site_invoke(s, name, "text/csv", ROW, reply);
}

TEST(update_comes_with_reload) {
  site *s = site_new();
  char *reply;
  site_start(s);
  CHECK_EQ_INT(invoke(s, "e", NULL), 404);
  site_deploy(s, "e", 0);
  CHECK_EQ_INT(site_command(s, "/reload", &reply), 200);
  CHECK_HAS(reply, "\"name\":\"e\",\"state\":\"InService\"");
  free(reply);
  CHECK_EQ_STR(site_state(s, "e"), "InService");
  CHECK_EQ_INT(invoke(s, "e", &reply), 200);
  CHECK_EQ_STR(reply, TINY_ANSWER);
  free(reply);
  site_deploy(s, "e", 1);
  CHECK_EQ_STR(site_state(s, "e"), "Updating");
  CHECK_EQ_INT(site_command(s, "/reload", NULL), 200);
  CHECK_EQ_STR(site_state(s, "e"), "InService");
  CHECK_EQ_INT(invoke(s, "e", &reply), 200);
  CHECK_HAS(reply, ",");
  free(reply);
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_catalog_delete_endpoint(s->catalog, "e", &err), err);
  CHECK_EQ_INT(site_command(s, "/reload", NULL), 200);
  CHECK_EQ_INT(invoke(s, "e", NULL), 404);
  CHECK_EQ_INT(site_command(s, "/reload", NULL), 200);
  site_free(s);
}

static void damage(site *s, const char *digest) {
  wf_error err = WF_ERROR_INIT;
  char *path;
  REQUIRE_OK(wf_store_path(&path, s->store, digest, &err), err);
  chmod(path, 0600);
  FILE *file = fopen(path, "r+b");
  REQUIRE(file);
  fseek(file, 30, SEEK_SET);
  fputc('!', file);
  fclose(file);
  wf_text_free(path);
}

TEST(update_that_fails_leaves_what_was_live) {
  site *s = site_new();
  char *reply;
  site_deploy(s, "old", 0);
  site_start(s);
  damage(s, s->digests[1]);
  site_deploy(s, "old", 1);
  site_deploy(s, "new", 1);
  CHECK_EQ_INT(site_command(s, "/reload", NULL), 200);
  CHECK_HAS(site_state(s, "old"), "Failed: ");
  CHECK_HAS(site_state(s, "old"), s->digests[1]);
  CHECK_HAS(site_state(s, "new"), "Failed: ");
  CHECK_EQ_INT(invoke(s, "old", &reply), 200);
  CHECK_EQ_STR(reply, TINY_ANSWER);
  free(reply);
  CHECK_EQ_INT(invoke(s, "new", &reply), 503);
  CHECK_HAS(reply, "not in service");
  free(reply);
  CHECK_EQ_INT(site_get(s, "/endpoints/old", &reply), 200);
  CHECK_HAS(reply, "\"state\":\"Failed\"");
  CHECK_HAS(reply, s->digests[0]); /* live */
  free(reply);
  site_deploy(s, "old", 0);
  CHECK_EQ_INT(site_command(s, "/reload", NULL), 200);
  CHECK_EQ_STR(site_state(s, "old"), "InService");
  site_free(s);
}

typedef struct client {
  site *s;
  atomic_bool *stop;
  size_t n_tiny, n_three, n_bad;
} client;

static void *ask_on(void *context) {
  static const char text[] =
      "POST /endpoints/e/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
      "Content-Length: 10\r\n\r\n" ROW;
  client *c = context;
  int fd = wire_connect(c->s->port);
  while (!atomic_load(c->stop)) {
    wire_answer answer;
    bool good = wire_text(fd, text) && wire_read(fd, &answer, false) && answer.status == 200;
    if (!good) {
      c->n_bad++;
      break;
    }
    if (strcmp(answer.body, TINY_ANSWER) == 0) {
      c->n_tiny++;
    } else if (strchr(answer.body, ',')) {
      c->n_three++;
    } else {
      c->n_bad++;
    }
    wire_free(&answer);
    usleep(100); /* the machine has other work to do */
  }
  close(fd);
  return NULL;
}

TEST(update_loses_no_request) {
  site *s = site_new();
  atomic_bool stop = false;
  pthread_t threads[2];
  client clients[2];
  site_deploy(s, "e", 0);
  site_start(s);
  for (int i = 0; i < 2; i++) {
    clients[i] = (client){.s = s, .stop = &stop};
    REQUIRE(pthread_create(&threads[i], NULL, ask_on, &clients[i]) == 0);
  }
  for (int i = 1; i <= 20; i++) {
    site_deploy(s, "e", i % 2);
    CHECK_EQ_INT(site_command(s, "/reload", NULL), 200);
  }
  atomic_store(&stop, true);
  size_t n_tiny = 0, n_three = 0;
  for (int i = 0; i < 2; i++) {
    pthread_join(threads[i], NULL);
    CHECK_EQ_INT(clients[i].n_bad, 0);
    n_tiny += clients[i].n_tiny;
    n_three += clients[i].n_three;
  }
  CHECK(n_tiny > 0 && n_three > 0);
  site_free(s);
}

TEST(update_reloads_asked_for_at_once_are_all_answered) {
  site *s = site_new();
  site_deploy(s, "e", 0);
  site_start(s);
  int fds[16];
  for (int i = 0; i < 16; i++) {
    char text[256];
    fds[i] = wire_connect(s->port);
    snprintf(text, sizeof text,
             "POST /reload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n",
             s->token);
    wire_text(fds[i], text);
  }
  for (int i = 0; i < 16; i++) {
    wire_answer answer;
    CHECK(wire_read(fds[i], &answer, false));
    CHECK_EQ_INT(answer.status, 200);
    wire_free(&answer);
    close(fds[i]);
  }
  site_free(s);
}
