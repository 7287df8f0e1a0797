/* test_endpoints.c — wishes, reports, generations. */
#include "support.h"

typedef struct seen_endpoint {
  int n;
  wf_endpoint_state state;
  int64_t version, generation;
  char message[64], group[32], digest[65], live[65], names[64];
} seen_endpoint;

static void copy(char *to, size_t size, const char *from) {
  snprintf(to, size, "%s", from ? from : "-");
}

static bool see(void *context, const wf_endpoint_record *e) {
  seen_endpoint *seen = context;
  seen->n++;
  seen->state = e->state;
  seen->version = e->version;
  seen->generation = e->generation;
  copy(seen->message, sizeof seen->message, e->message);
  copy(seen->group, sizeof seen->group, e->group);
  copy(seen->digest, sizeof seen->digest, e->digest);
  copy(seen->live, sizeof seen->live, e->live_digest);
  size_t used = strlen(seen->names);
  snprintf(seen->names + used, sizeof seen->names - used, "%s ", e->name);
  return e->created_us > 0 && e->updated_us >= e->created_us;
}

static seen_endpoint get(wf_catalog *catalog, const char *name) {
  seen_endpoint seen = {0};
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_get_endpoint(catalog, name, see, &seen, &err) != WF_OK)
    test_fail(__FILE__, __LINE__, "%s", err.message);
  return seen;
}

static int64_t deploy(wf_catalog *catalog, const char *name, const char *digest) {
  int64_t generation = 0;
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_deploy(&generation, catalog, name, NULL, 0, digest, &err) != WF_OK)
    test_fail(__FILE__, __LINE__, "%s", err.message);
  return generation;
}

static void report(wf_catalog *catalog, const char *name, int64_t generation,
                   wf_endpoint_state state, const char *message) {
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_report_endpoint(catalog, name, generation, state, message, &err) != WF_OK)
    test_fail(__FILE__, __LINE__, "%s", err.message);
}

TEST(endpoint_life) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  wf_version_record record = {.group = "g", .digest = DIGEST_A};
  int64_t version, generation;
  REQUIRE_OK(wf_catalog_register(&version, catalog, &record, NULL, NULL, &err), err);
  REQUIRE_OK(wf_catalog_deploy(&generation, catalog, "e", "g", 1, DIGEST_A, &err), err);
  CHECK_EQ_INT(generation, 1);
  seen_endpoint seen = get(catalog, "e");
  CHECK_EQ_INT(seen.state, WF_ENDPOINT_CREATING);
  CHECK_EQ_STR(seen.group, "g");
  CHECK_EQ_INT(seen.version, 1);
  CHECK_EQ_STR(seen.digest, DIGEST_A);
  CHECK_EQ_STR(seen.live, "-");
  report(catalog, "e", 1, WF_ENDPOINT_IN_SERVICE, NULL);
  seen = get(catalog, "e");
  CHECK_EQ_INT(seen.state, WF_ENDPOINT_IN_SERVICE);
  CHECK_EQ_STR(seen.live, DIGEST_A);
  CHECK_EQ_INT(deploy(catalog, "e", DIGEST_B), 2);
  seen = get(catalog, "e");
  CHECK_EQ_INT(seen.state, WF_ENDPOINT_UPDATING);
  CHECK_EQ_STR(seen.digest, DIGEST_B);
  CHECK_EQ_STR(seen.live, DIGEST_A); /* until the server says otherwise */
  CHECK_EQ_STR(seen.group, "-");
  report(catalog, "e", 2, WF_ENDPOINT_FAILED, "cannot load it");
  seen = get(catalog, "e");
  CHECK_EQ_INT(seen.state, WF_ENDPOINT_FAILED);
  CHECK_EQ_STR(seen.message, "cannot load it");
  CHECK_EQ_STR(seen.live, DIGEST_A);
  CHECK_EQ_INT(deploy(catalog, "e", DIGEST_B), 3);
  CHECK_EQ_STR(get(catalog, "e").message, "-");
  report(catalog, "e", 3, WF_ENDPOINT_IN_SERVICE, NULL);
  CHECK_EQ_STR(get(catalog, "e").live, DIGEST_B);
  CHECK_EQ_INT(count_events(catalog, "endpoint.deployed"), 3);
  CHECK_EQ_INT(count_events(catalog, "endpoint.in_service"), 2);
  CHECK_EQ_INT(count_events(catalog, "endpoint.failed"), 1);
  wf_catalog_close(catalog);
}

TEST(endpoint_late_and_repeated_reports) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  deploy(catalog, "e", DIGEST_A);
  deploy(catalog, "e", DIGEST_B);
  CHECK_EQ_INT(get(catalog, "e").state, WF_ENDPOINT_CREATING); /* nothing was live yet */
  report(catalog, "e", 1, WF_ENDPOINT_IN_SERVICE, NULL);
  CHECK_EQ_STR(get(catalog, "e").live, "-");
  report(catalog, "e", 1, WF_ENDPOINT_FAILED, "late");
  CHECK_EQ_INT(get(catalog, "e").state, WF_ENDPOINT_CREATING);
  report(catalog, "e", 2, WF_ENDPOINT_IN_SERVICE, NULL);
  report(catalog, "e", 2, WF_ENDPOINT_IN_SERVICE, NULL);
  CHECK_EQ_INT(count_events(catalog, "endpoint.in_service"), 1);
  report(catalog, "unknown", 1, WF_ENDPOINT_IN_SERVICE, NULL);
  CHECK_FAILS(wf_catalog_report_endpoint(catalog, "e", 2, WF_ENDPOINT_CREATING, NULL, &err), err,
              WF_INVALID, "Creating");
  wf_catalog_close(catalog);
}

TEST(endpoint_generations_outlive_it) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  CHECK_EQ_INT(deploy(catalog, "e", DIGEST_A), 1);
  REQUIRE_OK(wf_catalog_delete_endpoint(catalog, "e", &err), err);
  CHECK_FAILS(wf_catalog_delete_endpoint(catalog, "e", &err), err, WF_NOTFOUND, "'e'");
  seen_endpoint seen = {0};
  CHECK_FAILS(wf_catalog_get_endpoint(catalog, "e", see, &seen, &err), err, WF_NOTFOUND, "'e'");
  CHECK_EQ_INT(deploy(catalog, "e", DIGEST_B), 2);
  report(catalog, "e", 1, WF_ENDPOINT_IN_SERVICE, NULL); /* about the deleted one */
  CHECK_EQ_INT(get(catalog, "e").state, WF_ENDPOINT_CREATING);
  CHECK_EQ_INT(count_events(catalog, "endpoint.deleted"), 1);
  wf_catalog_close(catalog);
}

TEST(endpoint_server_stopped) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  deploy(catalog, "serving", DIGEST_A);
  report(catalog, "serving", 1, WF_ENDPOINT_IN_SERVICE, NULL);
  deploy(catalog, "updating", DIGEST_A);
  report(catalog, "updating", 1, WF_ENDPOINT_IN_SERVICE, NULL);
  deploy(catalog, "updating", DIGEST_B);
  deploy(catalog, "failed", DIGEST_A);
  report(catalog, "failed", 1, WF_ENDPOINT_FAILED, "no");
  REQUIRE_OK(wf_catalog_server_stopped(catalog, &err), err);
  seen_endpoint seen = get(catalog, "serving");
  CHECK_EQ_INT(seen.state, WF_ENDPOINT_OUT_OF_SERVICE);
  CHECK_EQ_STR(seen.digest, DIGEST_A);
  CHECK_EQ_STR(seen.live, "-");
  seen = get(catalog, "updating");
  CHECK_EQ_INT(seen.state, WF_ENDPOINT_UPDATING);
  CHECK_EQ_STR(seen.live, "-");
  CHECK_EQ_INT(get(catalog, "failed").state, WF_ENDPOINT_FAILED);
  REQUIRE_OK(wf_catalog_server_stopped(catalog, &err), err);
  CHECK_EQ_INT(count_events(catalog, "endpoint.out_of_service"), 1);
  report(catalog, "serving", 1, WF_ENDPOINT_IN_SERVICE, NULL); /* it came back */
  CHECK_EQ_STR(get(catalog, "serving").live, DIGEST_A);
  seen_endpoint all = {0};
  REQUIRE_OK(wf_catalog_list_endpoints(catalog, see, &all, &err), err);
  CHECK_EQ_STR(all.names, "failed serving updating ");
  wf_catalog_close(catalog);
}

TEST(endpoint_deploy_refuses) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  wf_version_record record = {.group = "g", .digest = DIGEST_A};
  int64_t version, generation = 77;
  REQUIRE_OK(wf_catalog_register(&version, catalog, &record, NULL, NULL, &err), err);
  CHECK_FAILS(wf_catalog_deploy(&generation, catalog, "../e", NULL, 0, DIGEST_A, &err), err,
              WF_INVALID, "../e");
  CHECK_FAILS(wf_catalog_deploy(&generation, catalog, "e", NULL, 0, "abc", &err), err, WF_INVALID,
              "digest");
  CHECK_FAILS(wf_catalog_deploy(&generation, catalog, "e", "g", 1, DIGEST_B, &err), err, WF_INVALID,
              DIGEST_A); /* what was approved is what is deployed */
  CHECK_FAILS(wf_catalog_deploy(&generation, catalog, "e", "g", 2, DIGEST_A, &err), err,
              WF_NOTFOUND, "no version 2");
  CHECK_EQ_INT(generation, 77);
  seen_endpoint none = {0};
  REQUIRE_OK(wf_catalog_list_endpoints(catalog, see, &none, &err), err);
  CHECK_EQ_INT(none.n, 0);
  wf_catalog_close(catalog);
}
