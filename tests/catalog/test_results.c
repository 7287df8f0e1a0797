/* test_results.c — results of steps by key, steps that are over, contents of files. */
#include "support.h"

typedef struct seen {
  int n;
  int64_t ids[40];
  char value[80], trace[80], parts[80], log[80];
  size_t value_size;
  bool stored;
} seen;

static bool see(void *context, const wf_result_record *r) {
  seen *s = context;
  if (s->n < 40) s->ids[s->n] = r->id;
  s->n++;
  s->value_size = r->value_size;
  memcpy(s->value, r->value, r->value_size < 80 ? r->value_size : 80);
  snprintf(s->trace, sizeof s->trace, "%s", r->trace_json ? r->trace_json : "-");
  snprintf(s->parts, sizeof s->parts, "%s", r->parts_json ? r->parts_json : "-");
  snprintf(s->log, sizeof s->log, "%s", r->log_path ? r->log_path : "-");
  s->stored = r->stored;
  return true;
}

static int64_t begin_run(wf_catalog *catalog, const char *name) {
  int64_t run = 0;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_catalog_start_run(&run, catalog, name, NULL, NULL, &err), err);
  return run;
}

static void finish_with(wf_catalog *catalog, int64_t run, const char *name, const char *key,
                        const char *value) {
  wf_error err = WF_ERROR_INIT;
  int64_t step;
  REQUIRE_OK(wf_catalog_start_step(&step, catalog, run, name, "step", NULL, &err), err);
  wf_result_record result = {.key = key,
                             .value = value,
                             .value_size = strlen(value),
                             .parts_json = "[1]",
                             .trace_json = "{}",
                             .log_path = "a.log",
                             .took_us = 7};
  wf_step_ending end = {
      .state = WF_STATE_SUCCEEDED, .key = key, .why = "first run", .nth = 1, .result = &result};
  REQUIRE_OK(wf_catalog_finish_step(catalog, step, &end, &err), err);
}

TEST(result_is_found_by_its_key_newest_first) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run = begin_run(catalog, "r");
  finish_with(catalog, run, "A", DIGEST_A, "one");
  finish_with(catalog, run, "A", DIGEST_A, "two");
  finish_with(catalog, run, "B", DIGEST_B, "three");
  seen s = {0};
  REQUIRE_OK(wf_catalog_find_results(catalog, DIGEST_A, see, &s, &err), err);
  CHECK_EQ_INT(s.n, 2);
  CHECK(s.ids[0] > s.ids[1]);
  CHECK_EQ_INT(s.value_size, 3);
  CHECK(memcmp(s.value, "one", 3) == 0); /* the last one seen is the oldest */
  CHECK_EQ_STR(s.parts, "[1]");
  CHECK_EQ_STR(s.trace, "{}");
  CHECK_EQ_STR(s.log, "a.log");
  CHECK(!s.stored);
  int64_t newest = s.ids[0];
  REQUIRE_OK(wf_catalog_forget_result(catalog, newest, &err), err);
  REQUIRE_OK(wf_catalog_forget_result(catalog, newest, &err), err);
  CHECK_FAILS(wf_catalog_get_result(catalog, newest, see, &s, &err), err, WF_NOTFOUND, "result");
  s.n = 0;
  REQUIRE_OK(wf_catalog_find_results(catalog, DIGEST_A, see, &s, &err), err);
  CHECK_EQ_INT(s.n, 1);
  s.n = 0;
  REQUIRE_OK(wf_catalog_list_results(catalog, see, &s, &err), err);
  CHECK_EQ_INT(s.n, 2);
  wf_catalog_close(catalog);
}

static bool count_step(void *context, const wf_step_record *step) {
  int64_t *last = context;
  *last = *last * 1000 + step->id;
  return true;
}

TEST(results_are_searched_and_lead_to_their_steps) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run = begin_run(catalog, "r"), step, used;
  finish_with(catalog, run, "A", DIGEST_A, "one");
  wf_result_record result = {.key = DIGEST_B,
                             .value = "two",
                             .value_size = 3,
                             .objects_json = "[\"0123\"]",
                             .trace_json = "{\"reads\":[[\"file\",\"a.csv\"]]}"};
  wf_step_record record = {
      .run = run, .name = "B", .kind = "step", .state = WF_STATE_SUCCEEDED, .key = DIGEST_B};
  REQUIRE_OK(wf_catalog_add_step(&step, catalog, &record, &result, &err), err);
  static const char *const found[] = {"\"0123\"", "a.csv"}, *const absent[] = {"0124", "one", "A"};
  seen s = {0};
  for (int i = 0; i < 2; i++)
    REQUIRE_OK(wf_catalog_search_results(catalog, found[i], see, &s, &err), err);
  CHECK_EQ_INT(s.n, 2);
  CHECK(memcmp(s.value, "two", 3) == 0);
  for (int i = 0; i < 3; i++)
    REQUIRE_OK(wf_catalog_search_results(catalog, absent[i], see, &s, &err), err);
  CHECK_EQ_INT(s.n, 2);
  record.state = WF_STATE_CACHED;
  record.result = s.ids[0];
  REQUIRE_OK(wf_catalog_add_step(&used, catalog, &record, NULL, &err), err);
  int64_t steps = 0;
  REQUIRE_OK(wf_catalog_list_steps_with(catalog, s.ids[0], count_step, &steps, &err), err);
  CHECK_EQ_INT(steps, step * 1000 + used);
  wf_catalog_close(catalog);
}

TEST(result_of_the_latest_step_of_a_name) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run = begin_run(catalog, "r"), other = begin_run(catalog, "other"), step;
  finish_with(catalog, run, "A", DIGEST_A, "old");
  finish_with(catalog, run, "A", DIGEST_B, "new");
  finish_with(catalog, other, "A", DIGEST_B, "other");
  seen s = {0};
  REQUIRE_OK(wf_catalog_find_latest_result(catalog, "r", "A", 1, see, &s, &err), err);
  CHECK_EQ_INT(s.n, 1);
  CHECK(memcmp(s.value, "new", 3) == 0);
  /* A step that used a result counts as well. */
  seen first = {0};
  REQUIRE_OK(wf_catalog_find_results(catalog, DIGEST_A, see, &first, &err), err);
  wf_step_record used = {.run = run,
                         .name = "A",
                         .kind = "step",
                         .state = WF_STATE_CACHED,
                         .key = DIGEST_A,
                         .result = first.ids[0],
                         .nth = 1};
  REQUIRE_OK(wf_catalog_add_step(&step, catalog, &used, NULL, &err), err);
  s = (seen){0};
  REQUIRE_OK(wf_catalog_find_latest_result(catalog, "r", "A", 1, see, &s, &err), err);
  CHECK(memcmp(s.value, "old", 3) == 0);
  s = (seen){0};
  REQUIRE_OK(wf_catalog_find_latest_result(catalog, "r", "A", 2, see, &s, &err), err);
  CHECK_EQ_INT(s.n, 0);
  wf_catalog_close(catalog);
}

TEST(result_refuses) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run = begin_run(catalog, "r"), step;
  REQUIRE_OK(wf_catalog_start_step(&step, catalog, run, "A", "step", NULL, &err), err);
  wf_result_record result = {.key = "short", .value = "x", .value_size = 1};
  wf_step_ending end = {.state = WF_STATE_SUCCEEDED, .result = &result};
  CHECK_FAILS(wf_catalog_finish_step(catalog, step, &end, &err), err, WF_INVALID, "digest");
  result.key = DIGEST_A, result.stored = true;
  CHECK_FAILS(wf_catalog_finish_step(catalog, step, &end, &err), err, WF_INVALID, "digest");
  result.stored = false, result.trace_json = "{";
  CHECK_FAILS(wf_catalog_finish_step(catalog, step, &end, &err), err, WF_INVALID, "JSON");
  wf_step_record open = {.run = run, .name = "A", .kind = "step", .state = WF_STATE_EXECUTING};
  CHECK_FAILS(wf_catalog_add_step(&step, catalog, &open, NULL, &err), err, WF_INVALID, "not ended");
  seen s = {0};
  REQUIRE_OK(wf_catalog_list_results(catalog, see, &s, &err), err);
  CHECK_EQ_INT(s.n, 0);
  wf_catalog_close(catalog);
}

TEST(file_is_known_while_its_identity_is_the_same) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  wf_file_identity file = {1, 2, 3, 4, 5};
  char digest[65] = "";
  bool found = true;
  REQUIRE_OK(wf_catalog_find_file(&found, digest, catalog, &file, &err), err);
  CHECK(!found);
  REQUIRE_OK(wf_catalog_remember_file(catalog, &file, DIGEST_A, &err), err);
  REQUIRE_OK(wf_catalog_find_file(&found, digest, catalog, &file, &err), err);
  CHECK(found);
  CHECK_EQ_STR(digest, DIGEST_A);
  for (int field = 0; field < 5; field++) {
    wf_file_identity changed = file;
    int64_t *fields[] = {&changed.device, &changed.inode, &changed.size, &changed.mtime_ns,
                         &changed.ctime_ns};
    *fields[field] += 1;
    REQUIRE_OK(wf_catalog_find_file(&found, digest, catalog, &changed, &err), err);
    CHECK(!found);
  }
  file.mtime_ns = 9;
  REQUIRE_OK(wf_catalog_remember_file(catalog, &file, DIGEST_B, &err), err);
  REQUIRE_OK(wf_catalog_find_file(&found, digest, catalog, &file, &err), err);
  CHECK_EQ_STR(digest, DIGEST_B);
  CHECK_FAILS(wf_catalog_remember_file(catalog, &file, "x", &err), err, WF_INVALID, "digest");
  wf_catalog_close(catalog);
}

TEST(results_come_to_an_older_catalog) {
  wf_catalog *catalog = open_catalog();
  finish_with(catalog, begin_run(catalog, "r"), "A", DIGEST_A, "one");
  wf_catalog_close(catalog);
  const char *path = test_path("catalog.db");
  REQUIRE(run_sql(path,
                  "DROP TABLE result; DROP TABLE file; DROP INDEX step_name;"
                  "DROP INDEX step_state;"
                  "ALTER TABLE step DROP COLUMN why; ALTER TABLE step DROP COLUMN result;"
                  "ALTER TABLE step DROP COLUMN nth; PRAGMA user_version = 1",
                  NULL, 0) == SQLITE_OK);
  catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  seen s = {0};
  REQUIRE_OK(wf_catalog_find_results(catalog, DIGEST_A, see, &s, &err), err);
  CHECK_EQ_INT(s.n, 0);
  REQUIRE_OK(wf_catalog_find_latest_result(catalog, "r", "A", 1, see, &s, &err), err);
  CHECK_EQ_INT(s.n, 0);
  wf_catalog_close(catalog);
}
