/* test_statement.c — prepared statements and result codes. */
#include "catalog/catalog.h"

#include "support.h"

TEST(statement_is_kept) {
  wf_catalog *catalog = open_catalog();
  static const char sql[] = "SELECT ?1 + 1";
  int64_t value;
  CHECK(wf_statement_get_integer(&value, catalog, sql, WF_BIND(wf_integer(41)), 0, NULL) == WF_OK);
  CHECK_EQ_INT(value, 42);
  size_t kept = catalog->statements.count;
  for (int i = 0; i < 10; i++) {
    CHECK(wf_statement_get_integer(&value, catalog, sql, WF_BIND(wf_integer(i)), 0, NULL) == WF_OK);
    CHECK_EQ_INT(value, i + 1);
  }
  CHECK_EQ_INT(catalog->statements.count, kept);
  wf_catalog_close(catalog);
}

TEST(statement_in_use_gets_a_twin) {
  wf_catalog *catalog = open_catalog();
  static const char sql[] = "SELECT ?1";
  wf_statement *a, *b;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_statement_open(&a, catalog, sql, WF_BIND(wf_text("one")), &err), err);
  REQUIRE_OK(wf_statement_open(&b, catalog, sql, WF_BIND(wf_text(NULL)), &err), err);
  bool row;
  CHECK(wf_statement_step(a, &row, NULL) == WF_OK && row);
  CHECK(wf_statement_step(b, &row, NULL) == WF_OK && row);
  CHECK_EQ_STR(wf_statement_text(a, 0), "one");
  CHECK(wf_statement_text(b, 0) == NULL);
  CHECK(wf_statement_check(b, NULL) == WF_OK);
  wf_statement_close(a);
  wf_statement_close(b);
  wf_catalog_close(catalog);
}

TEST(statement_absent_row_and_reference) {
  wf_catalog *catalog = open_catalog();
  int64_t value = 0;
  CHECK(wf_statement_get_integer(&value, catalog, "SELECT 1 WHERE 0", WF_BIND_NOTHING, -7, NULL) ==
        WF_OK);
  CHECK_EQ_INT(value, -7);
  CHECK(wf_statement_get_integer(&value, catalog, "SELECT ?1 IS NULL", WF_BIND(wf_reference(0)), 0,
                                 NULL) == WF_OK);
  CHECK_EQ_INT(value, 1);
  wf_catalog_close(catalog);
}

TEST(statement_codes) {
  wf_catalog *catalog = open_catalog();
  static const struct {
    int code;
    wf_status status;
  } cases[] = {
      {SQLITE_NOMEM, WF_NOMEM},    {SQLITE_IOERR_NOMEM, WF_NOMEM},
      {SQLITE_BUSY, WF_BUSY},      {SQLITE_BUSY_SNAPSHOT, WF_BUSY},
      {SQLITE_LOCKED, WF_BUSY},    {SQLITE_CORRUPT, WF_CORRUPT},
      {SQLITE_NOTADB, WF_CORRUPT}, {SQLITE_IOERR_CORRUPTFS, WF_CORRUPT},
      {SQLITE_FULL, WF_IO},        {SQLITE_READONLY_DIRECTORY, WF_IO},
      {SQLITE_IOERR_FSYNC, WF_IO}, {SQLITE_CANTOPEN, WF_IO},
      {SQLITE_TOOBIG, WF_LIMIT},   {SQLITE_CONSTRAINT_FOREIGNKEY, WF_INVALID},
      {SQLITE_ERROR, WF_EXTERNAL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    wf_error err = WF_ERROR_INIT;
    CHECK_EQ_INT(wf_catalog_fail(catalog, cases[i].code, &err), cases[i].status);
    CHECK_EQ_INT(err.status, cases[i].status);
    if (cases[i].status != WF_NOMEM) CHECK_HAS(err.message, "catalog.db");
  }
  wf_catalog_close(catalog);
}
