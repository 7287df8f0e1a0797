/* statement.c — prepared statements, and what SQLite's result codes mean.
 *
 * A statement is prepared once per connection and kept. While a listing calls back, its statement
 * is in use: a callback that asks for the same one gets another of its own.
 * SQLite allocates with its own allocator (changing that would change the host's SQLite too): its
 * failures arrive as SQLITE_NOMEM and leave as WF_NOMEM. */
#include "catalog/catalog.h"

#include "base/alloc.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* SQLite's text for the code, or the system's for what the system refused. */
static wf_status fail_system(const wf_catalog *catalog, wf_error *err) {
  int errnum = sqlite3_system_errno(catalog->db);
  const char *text = sqlite3_errmsg(catalog->db);
  if (errnum == ENOSPC) return wf_fail(err, WF_IO, "%s: the disk is full", catalog->path);
  if (errnum != 0) {
    (void)wf_fail_errno(err, errnum, "%s: %s", catalog->path, text);
    if (err) err->status = WF_IO;
    return WF_IO;
  }
  return wf_fail(err, WF_IO, "%s: %s", catalog->path, text);
}

wf_status wf_catalog_fail(const wf_catalog *catalog, int code, wf_error *err) {
  const char *path = catalog->path, *text = sqlite3_errmsg(catalog->db);
  if (code == SQLITE_IOERR_NOMEM) return wf_fail_nomem(err);
  if (code == SQLITE_IOERR_CORRUPTFS) code = SQLITE_CORRUPT;
  switch (code & 0xff) {
  case SQLITE_NOMEM: return wf_fail_nomem(err);
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return wf_fail(err, WF_BUSY, "%s: another process is writing; it did not finish in time", path);
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB: return wf_fail(err, WF_CORRUPT, "%s: the catalog is damaged: %s", path, text);
  case SQLITE_FULL: return wf_fail(err, WF_IO, "%s: the disk is full", path);
  case SQLITE_READONLY:
    return wf_fail(err, WF_IO, "%s: the catalog or its directory is read-only", path);
  case SQLITE_TOOBIG: return wf_fail(err, WF_LIMIT, "%s: a text is too long", path);
  case SQLITE_CONSTRAINT: return wf_fail(err, WF_INVALID, "%s: %s", path, text);
  case SQLITE_CANTOPEN:
  case SQLITE_PERM:
  case SQLITE_IOERR: return fail_system(catalog, err);
  default: return wf_fail(err, WF_EXTERNAL, "%s: %s", path, text);
  }
}

static wf_statement *find_idle(const wf_catalog *catalog, const char *sql) {
  for (size_t i = 0; i < catalog->statements.count; i++) {
    wf_statement *statement = catalog->statements.items[i];
    if (statement->sql == sql && !statement->busy) return statement;
  }
  return NULL;
}

static wf_status prepare(wf_statement **out, wf_catalog *catalog, const char *sql, wf_error *err) {
  wf_statement *statement = wf_alloc_zero(1, sizeof *statement);
  if (!statement || !wf_array_reserve(&catalog->statements, 1)) {
    wf_free(statement);
    return wf_fail_nomem(err);
  }
  *statement = (wf_statement){catalog, sql, NULL, false, false};
  int code =
      sqlite3_prepare_v3(catalog->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->handle, NULL);
  if (code != SQLITE_OK) {
    wf_free(statement);
    return wf_catalog_fail(catalog, code, err);
  }
  catalog->statements.items[catalog->statements.count++] = statement;
  *out = statement;
  return WF_OK;
}

static int bind_one(sqlite3_stmt *handle, int index, const wf_bind *value) {
  if (value->kind == WF_BIND_INTEGER) return sqlite3_bind_int64(handle, index, value->integer);
  if (value->kind == WF_BIND_REFERENCE)
    return value->integer ? sqlite3_bind_int64(handle, index, value->integer)
                          : sqlite3_bind_null(handle, index);
  if (value->kind == WF_BIND_BLOB)
    return sqlite3_bind_blob64(handle, index, value->text ? value->text : "",
                               (sqlite3_uint64)value->integer, SQLITE_STATIC);
  if (!value->text) return sqlite3_bind_null(handle, index);
  return sqlite3_bind_text64(handle, index, value->text, strlen(value->text), SQLITE_STATIC,
                             SQLITE_UTF8);
}

wf_status wf_catalog_check_owner(const wf_catalog *catalog, wf_error *err) {
  if (catalog->owner == getpid()) return WF_OK;
  return wf_fail(err, WF_INVALID, "%s: opened before a fork; open it again", catalog->path);
}

wf_status wf_statement_open(wf_statement **out, wf_catalog *catalog, const char *sql,
                            const wf_bind *values, size_t n_values, wf_error *err) {
  WF_TRY(wf_catalog_check_owner(catalog, err));
  wf_statement *statement = find_idle(catalog, sql);
  if (!statement) WF_TRY(prepare(&statement, catalog, sql, err));
  statement->busy = true;
  statement->out_of_memory = false;
  for (size_t i = 0; i < n_values; i++) {
    int code = bind_one(statement->handle, (int)i + 1, &values[i]);
    if (code == SQLITE_OK) continue;
    wf_status status = wf_catalog_fail(catalog, code, err);
    wf_statement_close(statement);
    return status;
  }
  *out = statement;
  return WF_OK;
}

wf_status wf_statement_step(wf_statement *statement, bool *row, wf_error *err) {
  int code = sqlite3_step(statement->handle);
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    return wf_catalog_fail(statement->catalog, code, err);
  *row = code == SQLITE_ROW;
  return WF_OK;
}

void wf_statement_close(wf_statement *statement) {
  sqlite3_reset(statement->handle); /* repeats the error that step has reported already */
  sqlite3_clear_bindings(statement->handle);
  statement->busy = false;
}

void wf_statement_free_all(wf_catalog *catalog) {
  for (size_t i = 0; i < catalog->statements.count; i++) {
    sqlite3_finalize(catalog->statements.items[i]->handle);
    wf_free(catalog->statements.items[i]);
  }
  wf_free(catalog->statements.items);
}

const char *wf_statement_text(wf_statement *statement, int column) {
  bool null = sqlite3_column_type(statement->handle, column) == SQLITE_NULL;
  const char *text = (const char *)sqlite3_column_text(statement->handle, column);
  if (!text && !null) statement->out_of_memory = true;
  return text;
}

wf_view wf_statement_blob(wf_statement *statement, int column) {
  const void *data = sqlite3_column_blob(statement->handle, column);
  int size = sqlite3_column_bytes(statement->handle, column);
  if (!data && sqlite3_errcode(statement->catalog->db) == SQLITE_NOMEM)
    statement->out_of_memory = true;
  return (wf_view){data ? data : "", data ? (size_t)size : 0};
}

wf_status wf_statement_check(const wf_statement *statement, wf_error *err) {
  return statement->out_of_memory ? wf_fail_nomem(err) : WF_OK;
}

int64_t wf_statement_integer(const wf_statement *statement, int column) {
  return sqlite3_column_int64(statement->handle, column);
}

wf_status wf_statement_run(wf_catalog *catalog, const char *sql, const wf_bind *values,
                           size_t n_values, wf_error *err) {
  wf_statement *statement;
  WF_TRY(wf_statement_open(&statement, catalog, sql, values, n_values, err));
  bool row = true;
  wf_status status = WF_OK;
  while (status == WF_OK && row) status = wf_statement_step(statement, &row, err);
  wf_statement_close(statement);
  return status;
}

wf_status wf_statement_get_integer(int64_t *out, wf_catalog *catalog, const char *sql,
                                   const wf_bind *values, size_t n_values, int64_t absent,
                                   wf_error *err) {
  wf_statement *statement;
  WF_TRY(wf_statement_open(&statement, catalog, sql, values, n_values, err));
  bool row = false;
  wf_status status = wf_statement_step(statement, &row, err);
  if (status == WF_OK) *out = row ? wf_statement_integer(statement, 0) : absent;
  wf_statement_close(statement);
  return status;
}

wf_status wf_statement_each(wf_catalog *catalog, const char *sql, const wf_bind *values,
                            size_t n_values, wf_row_fn *fn, void *context, wf_error *err) {
  wf_statement *statement;
  WF_TRY(wf_statement_open(&statement, catalog, sql, values, n_values, err));
  wf_status status;
  bool more = true;
  catalog->visiting++;
  while ((status = wf_statement_step(statement, &more, err)) == WF_OK && more) {
    status = fn(context, statement, &more, err);
    if (status != WF_OK || !more) break;
  }
  catalog->visiting--;
  wf_statement_close(statement);
  return status;
}
