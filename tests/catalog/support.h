/* support.h — a catalog in the test's directory, and SQL around it. */
#ifndef WF_TESTS_CATALOG_SUPPORT_H
#define WF_TESTS_CATALOG_SUPPORT_H

#include "wf/catalog.h"

#include "check.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static inline wf_catalog *open_catalog(void) {
  wf_error err = WF_ERROR_INIT;
  wf_catalog *catalog = NULL;
  if (wf_catalog_open(&catalog, test_path("catalog.db"), &err) != WF_OK) {
    test_fail(__FILE__, __LINE__, "%s", err.message);
    test_leave();
  }
  return catalog;
}

/* Runs SQL on the file with a connection of its own; SQLite's code, the message printed. */
static inline int run_sql(const char *path, const char *sql, char *answer, size_t size) {
  sqlite3 *db = NULL;
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_open(path, &db);
  if (answer) answer[0] = '\0';
  if (code == SQLITE_OK && answer) {
    code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
      const char *text = (const char *)sqlite3_column_text(statement, 0);
      snprintf(answer, size, "%s", text ? text : "NULL");
    }
    sqlite3_finalize(statement);
  } else if (code == SQLITE_OK) {
    code = sqlite3_exec(db, sql, NULL, NULL, NULL);
  }
  sqlite3_close(db);
  return code;
}

/* Between these SQLite works through the VFS of test_faults.c, which does not wait for the disk:
 * for tests that open many databases and need none of them to survive. */
void begin_faults(void);
void end_faults(void);

/* How many events of that kind there are. */
typedef struct event_count {
  const char *kind;
  int n;
} event_count;

static inline bool count_event(void *context, const wf_event_record *event) {
  event_count *count = context;
  count->n += strcmp(event->kind, count->kind) == 0;
  return true;
}

static inline int count_events(wf_catalog *catalog, const char *kind) {
  event_count count = {kind, 0};
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_list_events(catalog, NULL, count_event, &count, &err) != WF_OK) {
    test_fail(__FILE__, __LINE__, "%s", err.message);
  }
  return count.n;
}

#endif
