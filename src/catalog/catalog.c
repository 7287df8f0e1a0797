/* catalog.c — opening the database, transactions, and what all records share.
 *
 * Durability: WAL with synchronous=FULL, so that COMMIT returns after the log is synced; with
 * NORMAL a power cut loses commits that were reported. Writers take the lock at BEGIN (IMMEDIATE):
 * a transaction that has read never finds out at its first write that it must begin again.
 *
 * The file may have been written by others. DEFENSIVE keeps SQL from damaging the file itself,
 * functions with side effects cannot run from its schema, nothing can be attached or loaded, and
 * cells are checked when pages are read. The file is made with mode 0600 before SQLite sees it (the
 * log files take over its mode), and only if it is new: closing a descriptor of a file that SQLite
 * has open would drop SQLite's locks. */
#include "catalog/catalog.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BUSY_TIMEOUT_MS = 10000, MAX_TEXT = 256 << 20 };

/* ---- names of states --------------------------------------------------------------------------
 */

static bool find_name(const char *const *names, size_t n, const char *name, size_t *out) {
  for (size_t i = 0; i < n; i++) {
    if (strcmp(names[i], name) == 0) {
      *out = i;
      return true;
    }
  }
  return false;
}

#define TEXT_OF(name, text) text,
#define STATE_NAMES(function, type, MAP)                                            \
  static const char *const function##_names[] = {MAP(TEXT_OF)};                     \
  enum { function##_count = sizeof function##_names / sizeof *function##_names };   \
  const char *function##_name(type value) {                                         \
    size_t index = (size_t)value;                                                   \
    return index < function##_count ? function##_names[index] : "unknown";          \
  }                                                                                 \
  bool function##_find(const char *name, type *out) {                               \
    size_t index;                                                                   \
    if (!find_name(function##_names, function##_count, name, &index)) return false; \
    *out = (type)index;                                                             \
    return true;                                                                    \
  }

STATE_NAMES(wf_state, wf_state, WF_STATE_MAP)
STATE_NAMES(wf_approval, wf_approval, WF_APPROVAL_MAP)
STATE_NAMES(wf_endpoint_state, wf_endpoint_state, WF_ENDPOINT_STATE_MAP)

/* ---- opening -----------------------------------------------------------------------------------
 */

/* Makes an empty file, which SQLite takes for an empty database. */
static wf_status make_file(const char *path, wf_error *err) {
  struct stat info;
  if (lstat(path, &info) == 0) {
    if (S_ISREG(info.st_mode)) return WF_OK;
    return wf_fail(err, WF_IO, "%s: is not a regular file", path);
  }
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd >= 0) close(fd);
  if (fd >= 0 || errno == EEXIST) return WF_OK;
  return wf_fail_errno(err, errno, "%s", path);
}

static int harden(sqlite3 *db) {
  static const int settings[][2] = {
      {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
      {SQLITE_DBCONFIG_ENABLE_FKEY, 1},    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 1}, {SQLITE_DBCONFIG_DQS_DML, 0},
      {SQLITE_DBCONFIG_DQS_DDL, 0},
  };
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    int code = sqlite3_db_config(db, settings[i][0], settings[i][1], NULL);
    if (code != SQLITE_OK) return code;
  }
  sqlite3_extended_result_codes(db, 1);
  sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, MAX_TEXT);
  return sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
}

static int set_modes(sqlite3 *db, bool *is_wal) {
  int code = sqlite3_exec(db,
                          "PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL;"
                          "PRAGMA recursive_triggers = ON;"
                          "PRAGMA wal_autocheckpoint = 8192",
                          NULL, NULL, NULL);
  sqlite3_stmt *statement = NULL;
  if (code == SQLITE_OK)
    code = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
  if (code == SQLITE_OK) code = sqlite3_step(statement);
  if (code == SQLITE_ROW) {
    const char *mode = (const char *)sqlite3_column_text(statement, 0);
    *is_wal = mode && strcmp(mode, "wal") == 0;
    code = SQLITE_OK;
  }
  sqlite3_finalize(statement);
  return code;
}

/* Two processes that turn a new database to WAL at once find each other's locks in an order where
 * waiting could be for ever, so SQLite does not wait: we do. */
static int set_modes_patiently(sqlite3 *db, bool *is_wal) {
  int64_t give_up = wf_clock_monotonic_ns() + BUSY_TIMEOUT_MS * INT64_C(1000000);
  for (;;) {
    int code = set_modes(db, is_wal);
    if ((code & 0xff) != SQLITE_BUSY || wf_clock_monotonic_ns() >= give_up) return code;
    nanosleep(&(struct timespec){0, 2000000}, NULL);
  }
}

static wf_status connect(wf_catalog *catalog, wf_error *err) {
  int code = sqlite3_open_v2(catalog->path, &catalog->db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
  if (!catalog->db) return wf_fail_nomem(err);
  bool is_wal = false;
  if (code == SQLITE_OK) code = harden(catalog->db);
  if (code == SQLITE_OK) code = set_modes_patiently(catalog->db, &is_wal);
  if (code != SQLITE_OK) return wf_catalog_fail(catalog, code, err);
  if (!is_wal)
    return wf_fail(err, WF_UNSUPPORTED,
                   "%s: this file system cannot hold a write-ahead log (is it on a network?)",
                   catalog->path);
  return wf_schema_update(catalog, err);
}

wf_status wf_catalog_open(wf_catalog **out, const char *path, wf_error *err) {
  if (!*path) return wf_fail(err, WF_INVALID, "the catalog's file has an empty name");
  WF_TRY(make_file(path, err));
  wf_catalog *catalog = wf_alloc_zero(1, sizeof *catalog);
  if (!catalog) return wf_fail_nomem(err);
  catalog->owner = getpid();
  wf_pending_init(&catalog->pending);
  catalog->path = wf_strdup(path);
  wf_status status = catalog->path ? connect(catalog, err) : wf_fail_nomem(err);
  if (status != WF_OK)
    wf_catalog_close(catalog);
  else
    *out = catalog;
  return status;
}

void wf_catalog_close(wf_catalog *catalog) {
  if (!catalog) return;
  wf_pending_close(catalog);
  wf_known_keys_dispose(&catalog->keys);
  if (catalog->owner == getpid()) { /* after a fork the connection is the parent's */
    wf_statement_free_all(catalog);
    sqlite3_close(catalog->db);
  }
  wf_free(catalog->path);
  wf_free(catalog);
}

wf_status wf_catalog_verify(wf_catalog *catalog, wf_error *err) {
  wf_statement *statement;
  WF_TRY(wf_gather_all(catalog, err));
  WF_TRY(wf_statement_open(&statement, catalog, "PRAGMA integrity_check(1)", WF_BIND_NOTHING, err));
  bool row = false;
  wf_status status = wf_statement_step(statement, &row, err);
  const char *found = status == WF_OK && row ? wf_statement_text(statement, 0) : NULL;
  if (status == WF_OK && (!found || strcmp(found, "ok") != 0))
    status = wf_fail(err, WF_CORRUPT, "%s: the catalog is damaged: %s", catalog->path,
                     found ? found : "no answer");
  wf_statement_close(statement);
  if (status != WF_OK) return status;
  WF_TRY(wf_statement_open(&statement, catalog, "PRAGMA foreign_key_check", WF_BIND_NOTHING, err));
  status = wf_statement_step(statement, &row, err);
  if (status == WF_OK && row)
    status =
        wf_fail(err, WF_CORRUPT, "%s: the catalog is damaged: a %s refers to what is not there",
                catalog->path, wf_statement_text(statement, 0));
  wf_statement_close(statement);
  return status;
}

/* ---- transactions -----------------------------------------------------------------------------
 */

static const char rollback[] = "ROLLBACK";

/* A commit in WAL mode with synchronous=NORMAL is written but not synced; the next synced commit
 * takes it along, as the log is one file. */
static wf_status set_lax(wf_catalog *catalog, bool lax, wf_error *err) {
  if (lax == catalog->lax) return WF_OK;
  int code =
      sqlite3_exec(catalog->db, lax ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL",
                   NULL, NULL, NULL);
  if (code != SQLITE_OK) return wf_catalog_fail(catalog, code, err);
  catalog->lax = lax;
  return WF_OK;
}

wf_status wf_fail_visiting(const wf_catalog *catalog, wf_error *err) {
  return wf_fail(err, WF_INVALID, "%s: a listing's callback may read but not write", catalog->path);
}

static wf_status begin(wf_catalog *catalog, bool lax, wf_error *err) {
  if (catalog->visiting) return wf_fail_visiting(catalog, err);
  /* Prepared now, because rolling back must work when memory is out. */
  wf_statement *statement;
  WF_TRY(wf_statement_open(&statement, catalog, rollback, WF_BIND_NOTHING, err));
  wf_statement_close(statement);
  WF_TRY(set_lax(catalog, lax, err));
  WF_TRY(wf_statement_run(catalog, "BEGIN IMMEDIATE", WF_BIND_NOTHING, err));
  wf_known_keys_begin(catalog);
  wf_status status = wf_pending_merge(catalog, err);
  return status == WF_OK ? WF_OK : wf_catalog_finish(catalog, status, err);
}

wf_status wf_catalog_begin(wf_catalog *catalog, wf_error *err) {
  return begin(catalog, false, err);
}

wf_status wf_catalog_begin_lax(wf_catalog *catalog, wf_error *err) {
  return begin(catalog, true, err);
}

wf_status wf_catalog_finish(wf_catalog *catalog, wf_status status, wf_error *err) {
  if (status == WF_OK) status = wf_statement_run(catalog, "COMMIT", WF_BIND_NOTHING, err);
  /* After some errors SQLite has rolled back already. */
  if (status != WF_OK && !sqlite3_get_autocommit(catalog->db))
    (void)!wf_statement_run(catalog, rollback, WF_BIND_NOTHING, NULL);
  wf_known_keys_finish(catalog, status == WF_OK);
  wf_pending_finish(catalog, status == WF_OK);
  return status;
}

/* ---- checks of arguments ----------------------------------------------------------------------
 */

wf_status wf_check_name(const char *what, const char *name, wf_error *err) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  size_t length = strlen(name);
  if (length >= 1 && length <= 128 && name[0] != '.' && strspn(name, allowed) == length)
    return WF_OK;
  return wf_fail(err, WF_INVALID,
                 "%s '%.140s': a name is 1 to 128 of letters, digits, '.', '_' and '-', and does "
                 "not begin with '.'",
                 what, name);
}

wf_status wf_check_json(const char *what, const char *text, wf_error *err) {
  if (!text || wf_json_is_valid(wf_view_of(text))) return WF_OK;
  return wf_fail(err, WF_INVALID, "%s: '%.80s' is not JSON", what, text);
}

wf_status wf_check_digest(const char *digest, wf_error *err) {
  wf_digest parsed;
  if (digest && wf_digest_parse(digest, &parsed)) return WF_OK;
  return wf_fail(err, WF_INVALID, "'%.80s' is not a digest (64 lower-case hexadecimal digits)",
                 digest ? digest : "");
}
