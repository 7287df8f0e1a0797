/* site.h — a state directory with models, and the server for it in a thread of the test. */
#ifndef WF_TESTS_SITE_H
#define WF_TESTS_SITE_H

#include "wf/catalog.h"
#include "wf/endpoint.h"
#include "wf/store.h"

typedef struct site {
  wf_server *server;
  wf_catalog *catalog;
  wf_store *store;
  char digests[2][65]; /* of the packages "tiny" and "three" */
  char token[65];
  int port;
  void *thread;
} site;

/* In test_dir(): the two packages are stored, nothing is deployed, no server runs. */
site *site_new(void);
/* Deploys package 0 or 1. */
int64_t site_deploy(site *s, const char *name, int package);
void site_start(site *s); /* two threads */
void site_stop(site *s);
void site_free(site *s); /* stops, too */
/* POST to an administrative path with the token: the status. `body` may be NULL, else gets the
 * response (free it). */
int site_command(site *s, const char *path, char **body);
/* POST /endpoints/NAME/invocations: the status; `reply` is set to the body (free it). */
int site_invoke(site *s, const char *name, const char *type, const char *body, char **reply);
/* GET; the same. */
int site_get(site *s, const char *path, char **reply);
/* State and live digest as the catalog has them: "InService" or "Failed: message". */
const char *site_state(site *s, const char *name);

#endif
