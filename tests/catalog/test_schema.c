/* test_schema.c — new, current, newer, foreign and half-made databases. */
#include "support.h"

TEST(schema_of_a_new_catalog) {
  wf_catalog *catalog = open_catalog();
  wf_catalog_close(catalog);
  const char *path = test_path("catalog.db");
  char answer[64];
  run_sql(path, "PRAGMA user_version", answer, sizeof answer);
  CHECK_EQ_STR(answer, "4");
  run_sql(path, "PRAGMA application_id", answer, sizeof answer);
  CHECK_EQ_STR(answer, "2003198817"); /* 0x77666361 */
  run_sql(path, "PRAGMA journal_mode", answer, sizeof answer);
  CHECK_EQ_STR(answer, "wal");
}

TEST(schema_survives_reopening) {
  wf_error err = WF_ERROR_INIT;
  wf_catalog *catalog = open_catalog();
  int64_t run;
  REQUIRE_OK(wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err), err);
  wf_catalog_close(catalog);
  catalog = open_catalog();
  REQUIRE_OK(wf_catalog_end_run(catalog, run, WF_STATE_SUCCEEDED, NULL, NULL, &err), err);
  wf_catalog_close(catalog);
}

TEST(schema_of_a_newer_version_is_refused) {
  wf_catalog_close(open_catalog());
  const char *path = test_path("catalog.db");
  REQUIRE(run_sql(path, "PRAGMA user_version = 99", NULL, 0) == SQLITE_OK);
  wf_error err = WF_ERROR_INIT;
  wf_catalog *catalog = NULL;
  CHECK_FAILS(wf_catalog_open(&catalog, path, &err), err, WF_UNSUPPORTED, "schema 99");
  CHECK_HAS(err.message, path);
  CHECK(catalog == NULL);
}

TEST(schema_of_somebody_else_is_refused) {
  const char *path = test_path("other.db");
  REQUIRE(run_sql(path, "CREATE TABLE t (a)", NULL, 0) == SQLITE_OK);
  wf_error err = WF_ERROR_INIT;
  wf_catalog *catalog = NULL;
  CHECK_FAILS(wf_catalog_open(&catalog, path, &err), err, WF_CORRUPT, "not a catalog");
  char answer[64];
  run_sql(path, "SELECT count(*) FROM sqlite_schema", answer, sizeof answer);
  CHECK_EQ_STR(answer, "1"); /* and left as it was */
}

TEST(schema_with_impossible_numbers_is_refused) {
  static const char *const wrong[] = {"PRAGMA user_version = -1", "PRAGMA user_version = 0"};
  for (int i = 0; i < 2; i++) {
    const char *path = test_path(i ? "b.db" : "a.db");
    wf_catalog *catalog = NULL;
    wf_error err = WF_ERROR_INIT;
    REQUIRE_OK(wf_catalog_open(&catalog, path, &err), err);
    wf_catalog_close(catalog);
    REQUIRE(run_sql(path, wrong[i], NULL, 0) == SQLITE_OK);
    CHECK_FAILS(wf_catalog_open(&catalog, path, &err), err, WF_CORRUPT, "damaged");
  }
}

/* Everything that must not be rewritten is refused by the database, whoever asks. */
TEST(schema_guards_history) {
  wf_error err = WF_ERROR_INIT;
  wf_catalog *catalog = open_catalog();
  wf_version_record record = {.group = "g", .digest = DIGEST_A};
  int64_t version, generation;
  REQUIRE_OK(wf_catalog_register(&version, catalog, &record, "me", NULL, &err), err);
  REQUIRE_OK(wf_catalog_deploy(&generation, catalog, "e", "g", 1, DIGEST_A, &err), err);
  wf_catalog_close(catalog);
  static const char *const forbidden[] = {
      "UPDATE event SET who = 'x'",
      "DELETE FROM event",
      "UPDATE approval SET who = 'x'",
      "DELETE FROM approval",
      "UPDATE deployment SET digest = 'x'",
      "DELETE FROM deployment",
      "UPDATE version SET digest = 'x'",
      "UPDATE version SET version = 7",
      "DELETE FROM version",
  };
  for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
    int code = run_sql(test_path("catalog.db"), forbidden[i], NULL, 0);
    if (code != SQLITE_CONSTRAINT) test_fail(__FILE__, __LINE__, "%s: %d", forbidden[i], code);
  }
}
