/* schema.c — the tables, and how an older catalog becomes a current one.
 *
 * PRAGMA user_version counts the migrations that a database has seen. Those it lacks run in one
 * transaction, so that a crash leaves the old schema or the new one. A migration that was released
 * is never edited: a change is a new one at the end. application_id marks the file as ours.
 *
 * What must not be rewritten is guarded by the database itself: events, approvals and deployments
 * only grow, and what a version stands for does not change. */
#include "catalog/catalog.h"

#include <string.h>

enum { APPLICATION_ID = 0x77666361 }; /* "wfca" */

#define APPEND_ONLY(table)                                       \
  "CREATE TRIGGER " table "_no_update BEFORE UPDATE ON " table   \
  " BEGIN SELECT RAISE(ABORT, '" table " is append-only'); END;" \
  "CREATE TRIGGER " table "_no_delete BEFORE DELETE ON " table   \
  " BEGIN SELECT RAISE(ABORT, '" table " is append-only'); END;"

static const char *const migrations[] = {
    /* 1: the first schema */
    "CREATE TABLE run ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  name TEXT NOT NULL, script TEXT, params TEXT,"
    "  state TEXT NOT NULL, message TEXT, outcome TEXT,"
    "  pid INTEGER NOT NULL, process TEXT," /* which process of that number: see process.c */
    "  started_us INTEGER NOT NULL, ended_us INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX run_open ON run (id) WHERE ended_us = 0;"

    "CREATE TABLE step ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  run INTEGER NOT NULL REFERENCES run (id),"
    "  name TEXT NOT NULL, kind TEXT NOT NULL,"
    "  state TEXT NOT NULL, message TEXT, outcome TEXT, log_path TEXT,"
    "  key TEXT," /* digest of everything the step depends on; NULL: none computed */
    "  started_us INTEGER NOT NULL, ended_us INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX step_run ON step (run, id);"
    "CREATE INDEX step_key ON step (key, id) WHERE key IS NOT NULL;"

    "CREATE TABLE version ("
    "  model_group TEXT NOT NULL, version INTEGER NOT NULL CHECK (version > 0),"
    "  digest TEXT NOT NULL, approval TEXT NOT NULL,"
    "  approved_by TEXT, approval_reason TEXT, approval_us INTEGER NOT NULL,"
    "  description TEXT, metrics TEXT, baselines TEXT,"
    "  run INTEGER REFERENCES run (id), step INTEGER REFERENCES step (id),"
    "  created_us INTEGER NOT NULL,"
    "  PRIMARY KEY (model_group, version)) STRICT;"
    "CREATE INDEX version_approval ON version (model_group, approval, version);"
    "CREATE TRIGGER version_no_update BEFORE UPDATE OF"
    "  model_group, version, digest, run, step, created_us ON version"
    "  BEGIN SELECT RAISE(ABORT, 'a registered version does not change'); END;"
    "CREATE TRIGGER version_no_delete BEFORE DELETE ON version"
    "  BEGIN SELECT RAISE(ABORT, 'a registered version is not deleted'); END;"

    "CREATE TABLE approval ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  model_group TEXT NOT NULL, version INTEGER NOT NULL,"
    "  before TEXT, after TEXT NOT NULL," /* before NULL: at registration */
    "  who TEXT, reason TEXT, at_us INTEGER NOT NULL,"
    "  FOREIGN KEY (model_group, version) REFERENCES version) STRICT;"
    "CREATE INDEX approval_version ON approval (model_group, version, id);" APPEND_ONLY("approval")

        "CREATE TABLE endpoint ("
        "  name TEXT PRIMARY KEY, state TEXT NOT NULL, message TEXT,"
        "  generation INTEGER NOT NULL, live_digest TEXT,"
        "  created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL,"
        "  FOREIGN KEY (name, generation) REFERENCES deployment) STRICT;"

        /* Outlives the endpoint: a generation is never used twice, so that a late report about a
           deleted endpoint cannot be taken for one about its successor. */
        "CREATE TABLE deployment ("
        "  name TEXT NOT NULL, generation INTEGER NOT NULL,"
        "  model_group TEXT, version INTEGER, digest TEXT NOT NULL, at_us INTEGER NOT NULL,"
        "  PRIMARY KEY (name, generation),"
        "  FOREIGN KEY (model_group, version) REFERENCES version) STRICT;" APPEND_ONLY("deployment")

            "CREATE TABLE event ("
            "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
            "  at_us INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,"
            "  who TEXT, detail TEXT) STRICT;"
            "CREATE INDEX event_subject ON event (subject, id);" APPEND_ONLY("event"),

    /* 2: results of steps, found by key; contents of files, found by identity */
    "CREATE TABLE result ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL,"
    "  value BLOB NOT NULL, stored INTEGER NOT NULL," /* stored 1: value is an object's digest */
    "  objects TEXT, parts TEXT, trace TEXT, log_path TEXT,"
    "  took_us INTEGER NOT NULL, created_us INTEGER NOT NULL) STRICT;"
    "CREATE INDEX result_key ON result (key, id);"
    "ALTER TABLE step ADD COLUMN why TEXT;"
    "ALTER TABLE step ADD COLUMN result INTEGER;" /* may be gone: results are not kept for ever */
    "ALTER TABLE step ADD COLUMN nth INTEGER NOT NULL DEFAULT 1;"
    "CREATE INDEX step_name ON step (name, nth, id);"
    "CREATE TABLE file ("
    "  device INTEGER NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL,"
    "  mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, digest TEXT NOT NULL,"
    "  PRIMARY KEY (device, inode)) STRICT, WITHOUT ROWID;",

    /* 3: steps are found by their result; an index by key was written at every step for nothing */
    "DROP INDEX IF EXISTS step_key;",

    /* 4: what became of the steps of a run, counted without reading them */
    "CREATE INDEX step_state ON step (run, state);",
};

enum { CURRENT = sizeof migrations / sizeof *migrations };

static wf_status read_pragma(int64_t *out, wf_catalog *catalog, const char *sql, wf_error *err) {
  sqlite3_stmt *handle = NULL;
  int code = sqlite3_prepare_v2(catalog->db, sql, -1, &handle, NULL);
  if (code == SQLITE_OK) code = sqlite3_step(handle);
  if (code == SQLITE_ROW) *out = sqlite3_column_int64(handle, 0);
  wf_status status = code == SQLITE_ROW ? WF_OK : wf_catalog_fail(catalog, code, err);
  sqlite3_finalize(handle);
  return status;
}

static wf_status execute(wf_catalog *catalog, const char *sql, wf_error *err) {
  int code = sqlite3_exec(catalog->db, sql, NULL, NULL, NULL);
  return code == SQLITE_OK ? WF_OK : wf_catalog_fail(catalog, code, err);
}

/* How many migrations the database has seen, after making sure that it is a catalog. */
static wf_status read_version(int64_t *version, wf_catalog *catalog, wf_error *err) {
  int64_t application = 0, tables = 0, seen = 0;
  WF_TRY(read_pragma(&seen, catalog, "PRAGMA user_version", err));
  WF_TRY(read_pragma(&application, catalog, "PRAGMA application_id", err));
  if (application != APPLICATION_ID) {
    WF_TRY(read_pragma(&tables, catalog, "SELECT count(*) FROM sqlite_schema", err));
    if (application != 0 || seen != 0 || tables != 0)
      return wf_fail(err, WF_CORRUPT, "%s: is an SQLite database, but not a catalog of wf",
                     catalog->path);
  }
  if (seen > CURRENT)
    return wf_fail(err, WF_UNSUPPORTED,
                   "%s: written by a newer wf (schema %lld; this one knows up to %d)",
                   catalog->path, (long long)seen, (int)CURRENT);
  if (seen < 0 || (seen == 0) != (application == 0))
    return wf_fail(err, WF_CORRUPT, "%s: the catalog is damaged: schema %lld", catalog->path,
                   (long long)seen);
  *version = seen;
  return WF_OK;
}

static wf_status migrate(wf_catalog *catalog, wf_error *err) {
  int64_t version;
  WF_TRY(read_version(&version, catalog, err)); /* again: another process may have been faster */
  for (; version < CURRENT; version++) WF_TRY(execute(catalog, migrations[version], err));
  char pragma[96];
  sqlite3_snprintf(sizeof pragma, pragma, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                   (int)APPLICATION_ID, (int)CURRENT);
  return execute(catalog, pragma, err);
}

wf_status wf_schema_update(wf_catalog *catalog, wf_error *err) {
  int64_t version;
  WF_TRY(read_version(&version, catalog, err));
  if (version == CURRENT) return WF_OK;
  WF_TRY(wf_catalog_begin(catalog, err));
  return wf_catalog_finish(catalog, migrate(catalog, err), err);
}
