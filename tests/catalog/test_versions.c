/* test_versions.c — the registry. */
#include "support.h"

#include <sys/wait.h>

typedef struct seen_version {
  int n;
  int64_t version, run, step, approval_us, created_us;
  wf_approval approval;
  char group[32], digest[65], by[32], reason[32], description[32], metrics[64], baselines[64];
  char order[64];
} seen_version;

static void copy(char *to, size_t size, const char *from) {
  snprintf(to, size, "%s", from ? from : "(null)");
}

static bool see(void *context, const wf_version_record *v) {
  seen_version *seen = context;
  seen->n++;
  seen->version = v->version;
  seen->run = v->run;
  seen->step = v->step;
  seen->approval = v->approval;
  seen->approval_us = v->approval_us;
  seen->created_us = v->created_us;
  copy(seen->group, sizeof seen->group, v->group);
  copy(seen->digest, sizeof seen->digest, v->digest);
  copy(seen->by, sizeof seen->by, v->approved_by);
  copy(seen->reason, sizeof seen->reason, v->approval_reason);
  copy(seen->description, sizeof seen->description, v->description);
  copy(seen->metrics, sizeof seen->metrics, v->metrics_json);
  copy(seen->baselines, sizeof seen->baselines, v->baselines_json);
  size_t used = strlen(seen->order);
  snprintf(seen->order + used, sizeof seen->order - used, "%s%lld ", v->group,
           (long long)v->version);
  return true;
}

static int64_t register_one(wf_catalog *catalog, const char *group, wf_approval approval) {
  wf_version_record record = {.group = group, .digest = DIGEST_A, .approval = approval};
  wf_error err = WF_ERROR_INIT;
  int64_t version = 0;
  if (wf_catalog_register(&version, catalog, &record, "me", "first", &err) != WF_OK)
    test_fail(__FILE__, __LINE__, "%s", err.message);
  return version;
}

TEST(version_register_and_get) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run, step, version;
  REQUIRE_OK(wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err), err);
  REQUIRE_OK(wf_catalog_start_step(&step, catalog, run, "s", "action", NULL, &err), err);
  wf_version_record record = {.group = "fraud",
                              .digest = DIGEST_B,
                              .approval = WF_APPROVAL_PENDING,
                              .description = "the model",
                              .metrics_json = "{\"auc\":0.75}",
                              .baselines_json = "[]",
                              .run = run,
                              .step = step};
  REQUIRE_OK(wf_catalog_register(&version, catalog, &record, "ana", "nightly", &err), err);
  CHECK_EQ_INT(version, 1);
  seen_version seen = {0};
  REQUIRE_OK(wf_catalog_get_version(catalog, "fraud", 1, false, see, &seen, &err), err);
  CHECK_EQ_STR(seen.group, "fraud");
  CHECK_EQ_STR(seen.digest, DIGEST_B);
  CHECK_EQ_INT(seen.approval, WF_APPROVAL_PENDING);
  CHECK_EQ_STR(seen.by, "ana");
  CHECK_EQ_STR(seen.reason, "nightly");
  CHECK_EQ_STR(seen.description, "the model");
  CHECK_EQ_STR(seen.metrics, "{\"auc\":0.75}");
  CHECK_EQ_STR(seen.baselines, "[]");
  CHECK(seen.run == run && seen.step == step);
  CHECK(seen.created_us > 0 && seen.approval_us == seen.created_us);
  CHECK_EQ_INT(count_events(catalog, "version.registered"), 1);
  wf_catalog_close(catalog);
}

TEST(version_register_refuses) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t version = 77;
  static const char *const bad[] = {"", ".hidden", "a/b", "..", "a b", "a\n", "\xc3\xa9", "a%2fb"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    wf_version_record record = {.group = bad[i], .digest = DIGEST_A};
    CHECK_FAILS(wf_catalog_register(&version, catalog, &record, NULL, NULL, &err), err, WF_INVALID,
                "model group");
  }
  char longest[130];
  memset(longest, 'a', 129);
  longest[129] = '\0';
  wf_version_record record = {.group = longest, .digest = DIGEST_A};
  CHECK_FAILS(wf_catalog_register(&version, catalog, &record, NULL, NULL, &err), err, WF_INVALID,
              "1 to 128");
  record.group = "g";
  record.digest = "123";
  CHECK_FAILS(wf_catalog_register(&version, catalog, &record, NULL, NULL, &err), err, WF_INVALID,
              "digest");
  record.digest = NULL;
  CHECK_FAILS(wf_catalog_register(&version, catalog, &record, NULL, NULL, &err), err, WF_INVALID,
              "digest");
  record.digest = DIGEST_A;
  record.metrics_json = "{";
  CHECK_FAILS(wf_catalog_register(&version, catalog, &record, NULL, NULL, &err), err, WF_INVALID,
              "metrics_json");
  record.metrics_json = NULL;
  record.run = 9;
  CHECK_FAILS(wf_catalog_register(&version, catalog, &record, NULL, NULL, &err), err, WF_INVALID,
              "FOREIGN KEY");
  CHECK_EQ_INT(version, 77);
  record.run = 0;
  REQUIRE_OK(wf_catalog_register(&version, catalog, &record, NULL, NULL, &err), err);
  CHECK_EQ_INT(version, 1); /* what failed left no gap */
  wf_catalog_close(catalog);
}

TEST(version_latest_and_latest_approved) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  register_one(catalog, "g", WF_APPROVAL_APPROVED);
  register_one(catalog, "g", WF_APPROVAL_APPROVED);
  register_one(catalog, "g", WF_APPROVAL_PENDING);
  register_one(catalog, "h", WF_APPROVAL_REFUSED);
  seen_version seen = {0};
  REQUIRE_OK(wf_catalog_get_version(catalog, "g", 0, false, see, &seen, &err), err);
  CHECK_EQ_INT(seen.version, 3);
  REQUIRE_OK(wf_catalog_get_version(catalog, "g", 0, true, see, &seen, &err), err);
  CHECK_EQ_INT(seen.version, 2);
  REQUIRE_OK(wf_catalog_get_version(catalog, "g", 1, true, see, &seen, &err), err);
  CHECK_EQ_INT(seen.version, 1);
  CHECK_EQ_INT(seen.n, 3);
  CHECK_FAILS(wf_catalog_get_version(catalog, "g", 3, true, see, &seen, &err), err, WF_NOTFOUND,
              "version 3 of 'g' is not approved");
  CHECK_FAILS(wf_catalog_get_version(catalog, "g", 4, false, see, &seen, &err), err, WF_NOTFOUND,
              "the latest is 3");
  CHECK_FAILS(wf_catalog_get_version(catalog, "h", 0, true, see, &seen, &err), err, WF_NOTFOUND,
              "no version of 'h' is approved");
  CHECK_FAILS(wf_catalog_get_version(catalog, "i", 0, false, see, &seen, &err), err, WF_NOTFOUND,
              "no model group 'i'");
  CHECK_EQ_INT(seen.n, 3);
  wf_catalog_close(catalog);
}

TEST(version_listing_order) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  register_one(catalog, "b", WF_APPROVAL_PENDING);
  register_one(catalog, "a", WF_APPROVAL_PENDING);
  register_one(catalog, "b", WF_APPROVAL_PENDING);
  seen_version all = {0}, one = {0}, none = {0};
  REQUIRE_OK(wf_catalog_list_versions(catalog, NULL, see, &all, &err), err);
  CHECK_EQ_STR(all.order, "a1 b2 b1 ");
  REQUIRE_OK(wf_catalog_list_versions(catalog, "b", see, &one, &err), err);
  CHECK_EQ_STR(one.order, "b2 b1 ");
  REQUIRE_OK(wf_catalog_list_versions(catalog, "zz", see, &none, &err), err);
  CHECK_EQ_INT(none.n, 0);
  wf_catalog_close(catalog);
}

static bool see_approval(void *context, const wf_approval_record *a) {
  char *text = context;
  size_t used = strlen(text);
  snprintf(text + used, 400 - used, "%s>%s by %s: %s; ", a->before ? a->before : "-",
           wf_approval_name(a->after), a->by ? a->by : "-", a->reason ? a->reason : "-");
  return a->at_us > 0 && a->version == 1 && strcmp(a->group, "g") == 0;
}

TEST(version_approval_history) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  register_one(catalog, "g", WF_APPROVAL_PENDING);
  register_one(catalog, "g", WF_APPROVAL_PENDING);
  REQUIRE_OK(wf_catalog_set_approval(catalog, "g", 1, WF_APPROVAL_APPROVED, "ana", "good", &err),
             err);
  CHECK_FAILS(wf_catalog_set_approval(catalog, "g", 1, WF_APPROVAL_APPROVED, "bo", "again", &err),
              err, WF_INVALID, "g/1 is Approved already");
  REQUIRE_OK(wf_catalog_set_approval(catalog, "g", 1, WF_APPROVAL_REFUSED, "bo", "drift", &err),
             err);
  CHECK_FAILS(wf_catalog_set_approval(catalog, "g", 9, WF_APPROVAL_APPROVED, "bo", NULL, &err), err,
              WF_NOTFOUND, "no version 9");
  CHECK_FAILS(wf_catalog_set_approval(catalog, "x", 1, WF_APPROVAL_APPROVED, "bo", NULL, &err), err,
              WF_NOTFOUND, "no model group 'x'");
  seen_version seen = {0};
  REQUIRE_OK(wf_catalog_get_version(catalog, "g", 1, false, see, &seen, &err), err);
  CHECK_EQ_INT(seen.approval, WF_APPROVAL_REFUSED);
  CHECK_EQ_STR(seen.by, "bo");
  CHECK_EQ_STR(seen.reason, "drift");
  char history[400] = "";
  REQUIRE_OK(wf_catalog_list_approvals(catalog, "g", 1, see_approval, history, &err), err);
  CHECK_EQ_STR(history, "->PendingManualApproval by me: first; "
                        "PendingManualApproval>Approved by ana: good; "
                        "Approved>Rejected by bo: drift; ");
  CHECK_EQ_INT(count_events(catalog, "version.approval"), 2);
  wf_catalog_close(catalog);
}

TEST(versions_are_gap_free_under_concurrent_writers) {
  enum { WRITERS = 4, EACH = 30 };
  wf_catalog_close(open_catalog());
  const char *path = test_path("catalog.db");
  pid_t children[WRITERS];
  fflush(stdout);
  for (int i = 0; i < WRITERS; i++) {
    children[i] = fork();
    if (children[i] != 0) continue;
    wf_catalog *catalog;
    if (wf_catalog_open(&catalog, path, NULL) != WF_OK) _exit(1);
    wf_version_record record = {.group = "g", .digest = DIGEST_A};
    int64_t version, last = 0;
    for (int k = 0; k < EACH; k++) {
      if (wf_catalog_register(&version, catalog, &record, NULL, NULL, NULL) != WF_OK) _exit(2);
      if (version <= last) _exit(3);
      last = version;
    }
    wf_catalog_close(catalog);
    _exit(0);
  }
  for (int i = 0; i < WRITERS; i++) {
    int status = -1;
    CHECK(waitpid(children[i], &status, 0) == children[i] && status == 0);
  }
  char answer[64];
  run_sql(path, "SELECT count(*) || ' ' || min(version) || ' ' || max(version) FROM version",
          answer, sizeof answer);
  CHECK_EQ_STR(answer, "120 1 120");
  run_sql(path, "SELECT count(*) FROM event WHERE kind = 'version.registered'", answer,
          sizeof answer);
  CHECK_EQ_STR(answer, "120");
}

/* One winner: of several that approve the same version at once, one succeeds. */
TEST(approval_has_one_winner) {
  enum { WRITERS = 4 };
  wf_catalog *catalog = open_catalog();
  register_one(catalog, "g", WF_APPROVAL_PENDING);
  wf_catalog_close(catalog);
  const char *path = test_path("catalog.db");
  pid_t children[WRITERS];
  fflush(stdout);
  for (int i = 0; i < WRITERS; i++) {
    children[i] = fork();
    if (children[i] != 0) continue;
    if (wf_catalog_open(&catalog, path, NULL) != WF_OK) _exit(2);
    wf_status status =
        wf_catalog_set_approval(catalog, "g", 1, WF_APPROVAL_APPROVED, "w", NULL, NULL);
    _exit(status == WF_OK ? 0 : status == WF_INVALID ? 1 : 3);
  }
  int codes[4] = {0};
  for (int i = 0; i < WRITERS; i++) {
    int status = -1;
    REQUIRE(waitpid(children[i], &status, 0) == children[i] && WIFEXITED(status));
    codes[WEXITSTATUS(status) & 3]++;
  }
  CHECK_EQ_INT(codes[0], 1);
  CHECK_EQ_INT(codes[1], WRITERS - 1);
}
