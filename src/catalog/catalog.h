/* catalog/catalog.h — the connection that all of the catalog's files work on.
 *
 *   wf_statement *s;
 *   WF_TRY(wf_statement_open(&s, catalog, "SELECT a FROM t WHERE b = ?1", WF_BIND(wf_text(b)),
 * err)); status = wf_statement_step(s, &row, err) … wf_statement_close(s);
 *
 * SQL texts are string literals: the cache of prepared statements knows them by their address. */
#ifndef WF_CATALOG_CATALOG_H
#define WF_CATALOG_CATALOG_H

#include "base/array.h"
#include "base/bytes.h"
#include "catalog/known_keys.h"
#include "catalog/pending.h"
#include "wf/catalog.h"

#include <sqlite3.h>
#include <sys/types.h>

typedef struct wf_statement {
  wf_catalog *catalog;
  const char *sql;
  sqlite3_stmt *handle;
  bool busy;
  bool out_of_memory; /* a text of this row could not be made */
} wf_statement;

struct wf_catalog {
  sqlite3 *db;
  char *path;
  pid_t owner;         /* SQLite connections do not survive a fork */
  int visiting;        /* callbacks that are running */
  bool lax_steps, lax; /* what was asked for steps; what synchronous is set to */
  WF_ARRAY(wf_statement *) statements;
  wf_pending pending; /* journalled steps */
  wf_known_keys keys; /* of the results in the database */
};

/* ---- values and statements --------------------------------------------------------------------
 */

typedef struct wf_bind {
  enum { WF_BIND_TEXT, WF_BIND_INTEGER, WF_BIND_REFERENCE, WF_BIND_BLOB } kind;
  const char *text; /* NULL binds NULL */
  int64_t integer;  /* a blob's size */
} wf_bind;

static inline wf_bind wf_text(const char *text) { return (wf_bind){WF_BIND_TEXT, text, 0}; }
static inline wf_bind wf_integer(int64_t value) { return (wf_bind){WF_BIND_INTEGER, NULL, value}; }
/* An id where 0 means none. */
static inline wf_bind wf_reference(int64_t id) { return (wf_bind){WF_BIND_REFERENCE, NULL, id}; }

static inline wf_bind wf_blob(const void *data, size_t size) {
  return (wf_bind){WF_BIND_BLOB, data, (int64_t)size};
}

#define WF_BIND(...) \
  (const wf_bind[]){__VA_ARGS__}, sizeof((const wf_bind[]){__VA_ARGS__}) / sizeof(wf_bind)
#define WF_BIND_NOTHING NULL, 0

/* A prepared statement with its values bound, from the cache unless it is in use there. The texts
 * must live until it is closed. */
wf_status wf_statement_open(wf_statement **out, wf_catalog *catalog, const char *sql,
                            const wf_bind *values, size_t n_values, wf_error *err);
wf_status wf_statement_step(wf_statement *statement, bool *row, wf_error *err);
void wf_statement_close(wf_statement *statement);

/* The text of a column, NULL where it is NULL; valid until the next step. After the last one of a
 * row, wf_statement_check tells whether memory sufficed for all. */
const char *wf_statement_text(wf_statement *statement, int column);
/* Likewise the bytes of a column that is not NULL. */
wf_view wf_statement_blob(wf_statement *statement, int column);
wf_status wf_statement_check(const wf_statement *statement, wf_error *err);
int64_t wf_statement_integer(const wf_statement *statement, int column);

/* Runs a statement that gives no rows. */
wf_status wf_statement_run(wf_catalog *catalog, const char *sql, const wf_bind *values,
                           size_t n_values, wf_error *err);
/* The first column of the first row; `absent` when there is no row. */
wf_status wf_statement_get_integer(int64_t *out, wf_catalog *catalog, const char *sql,
                                   const wf_bind *values, size_t n_values, int64_t absent,
                                   wf_error *err);
void wf_statement_free_all(wf_catalog *catalog);

/* Calls visit(context, statement) for every row until it returns false or fails. */
typedef wf_status wf_row_fn(void *context, wf_statement *row, bool *more, wf_error *err);
wf_status wf_statement_each(wf_catalog *catalog, const char *sql, const wf_bind *values,
                            size_t n_values, wf_row_fn *fn, void *context, wf_error *err);

/* WF_INVALID in a child of the process that opened the handle. */
wf_status wf_catalog_check_owner(const wf_catalog *catalog, wf_error *err);
/* What SQLite's result code means, with the catalog's path in front. */
wf_status wf_catalog_fail(const wf_catalog *catalog, int code, wf_error *err);

/* ---- transactions -----------------------------------------------------------------------------
 */

/* Takes the write lock, waiting up to 10 seconds for other processes. What the handle has
 * journalled goes into the transaction first. */
wf_status wf_catalog_begin(wf_catalog *catalog, wf_error *err);
/* The same for a transaction that a power cut may take back. */
wf_status wf_catalog_begin_lax(wf_catalog *catalog, wf_error *err);
/* Commits when `status` is WF_OK, else rolls back and gives `status` on. */
wf_status wf_catalog_finish(wf_catalog *catalog, wf_status status, wf_error *err);

/* Writing within a listing's callback is refused. */
wf_status wf_fail_visiting(const wf_catalog *catalog, wf_error *err);

/* ---- parts ------------------------------------------------------------------------------------
 */

/* Brings the schema up to date. */
wf_status wf_schema_update(wf_catalog *catalog, wf_error *err);

/* Members of an event's detail object; a NULL text adds nothing, bytes that are not UTF-8 become
 * U+FFFD. */
void wf_detail_text(wf_bytes *detail, const char *key, const char *text);
void wf_detail_integer(wf_bytes *detail, const char *key, int64_t value);
/* Adds an event within a transaction, and disposes of `detail`. */
wf_status wf_event_add(wf_catalog *catalog, const char *kind, const char *subject, const char *who,
                       wf_bytes *detail, wf_error *err);

/* Checks a result's fields; inserts it within a transaction. */
wf_status wf_result_check(const wf_result_record *result, wf_error *err);
wf_status wf_result_insert(int64_t *id, wf_catalog *catalog, const wf_result_record *result,
                           wf_error *err);

/* Puts a journalled step and the result it made into the database; one that is there already, or
 * whose run is not, is passed over. */
wf_status wf_step_merge(wf_catalog *catalog, const wf_journal_record *record, wf_error *err);
wf_status wf_result_merge(wf_catalog *catalog, const wf_result_record *result, wf_error *err);

/* WF_INVALID unless `name` is 1 to 128 of A-Z a-z 0-9 . _ - and does not begin with a dot: it may
 * become a file's name or a part of a URL. */
wf_status wf_check_name(const char *what, const char *name, wf_error *err);
/* WF_INVALID unless `text` is NULL or a JSON document. */
wf_status wf_check_json(const char *what, const char *text, wf_error *err);
wf_status wf_check_digest(const char *digest, wf_error *err);

#endif
