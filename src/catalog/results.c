/* results.c — what executed steps returned, and what files held.
 *
 * A result is inserted in the transaction that ends its step, after every object it needs is
 * durable in the store: a result that is found can be loaded, unless the store was damaged since.
 * Results of one key differ in what their steps read; the reader takes the newest that still
 * matches. The memory of files holds one line per file, its latest identity. */
#include "catalog/catalog.h"

#include "base/clock.h"
#include "base/digest.h"

#include <string.h>

enum { MOST_CANDIDATES = 32 };

/* ---- writing ----------------------------------------------------------------------------------
 */

wf_status wf_result_check(const wf_result_record *result, wf_error *err) {
  WF_TRY(wf_check_digest(result->key, err));
  if (result->stored && result->value_size != WF_DIGEST_TEXT - 1)
    return wf_fail(err, WF_INVALID, "a stored result's value is not an object's digest");
  WF_TRY(wf_check_json("objects_json", result->objects_json, err));
  WF_TRY(wf_check_json("parts_json", result->parts_json, err));
  return wf_check_json("trace_json", result->trace_json, err);
}

#define INSERT_RESULT                                                              \
  "INTO result (id, key, value, stored, objects, parts, trace, log_path, took_us," \
  " created_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"

static wf_status insert(wf_catalog *catalog, const char *sql, const wf_result_record *r, int64_t id,
                        int64_t created_us, wf_error *err) {
  return wf_statement_run(catalog, sql,
                          WF_BIND(wf_reference(id), wf_text(r->key),
                                  wf_blob(r->value, r->value_size), wf_integer(r->stored),
                                  wf_text(r->objects_json), wf_text(r->parts_json),
                                  wf_text(r->trace_json), wf_text(r->log_path),
                                  wf_integer(r->took_us), wf_integer(created_us)),
                          err);
}

wf_status wf_result_insert(int64_t *id, wf_catalog *catalog, const wf_result_record *r,
                           wf_error *err) {
  WF_TRY(insert(catalog, "INSERT " INSERT_RESULT, r,
                wf_pending_take_id(&catalog->pending.result_ids), wf_clock_wall_us(), err));
  wf_known_keys_add(catalog, r->key);
  *id = sqlite3_last_insert_rowid(catalog->db);
  return WF_OK;
}

wf_status wf_result_merge(wf_catalog *catalog, const wf_result_record *r, wf_error *err) {
  wf_known_keys_add(catalog, r->key);
  return insert(catalog, "INSERT OR IGNORE " INSERT_RESULT, r, r->id, r->created_us, err);
}

wf_status wf_catalog_forget_result(wf_catalog *catalog, int64_t result, wf_error *err) {
  WF_TRY(wf_catalog_begin_lax(catalog, err));
  wf_status status = wf_statement_run(catalog, "DELETE FROM result WHERE id = ?1",
                                      WF_BIND(wf_integer(result)), err);
  return wf_catalog_finish(catalog, status, err);
}

/* ---- finding ----------------------------------------------------------------------------------
 */

#define RESULT_COLUMNS                                                               \
  "SELECT r.id, r.key, r.value, r.stored, r.objects, r.parts, r.trace, r.log_path, " \
  "r.took_us, r.created_us FROM "

typedef struct listing {
  wf_result_visit *visit;
  void *context;
  size_t n_seen;
} listing;

static wf_status visit_result(void *context, wf_statement *row, bool *more, wf_error *err) {
  listing *list = context;
  wf_view value = wf_statement_blob(row, 2);
  wf_result_record result = {
      .id = wf_statement_integer(row, 0),
      .key = wf_statement_text(row, 1),
      .value = value.data,
      .value_size = value.size,
      .stored = wf_statement_integer(row, 3) != 0,
      .objects_json = wf_statement_text(row, 4),
      .parts_json = wf_statement_text(row, 5),
      .trace_json = wf_statement_text(row, 6),
      .log_path = wf_statement_text(row, 7),
      .took_us = wf_statement_integer(row, 8),
      .created_us = wf_statement_integer(row, 9),
  };
  WF_TRY(wf_statement_check(row, err));
  list->n_seen++;
  *more = list->visit(list->context, &result);
  return WF_OK;
}

wf_status wf_catalog_find_results(wf_catalog *catalog, const char *key, wf_result_visit *visit,
                                  void *context, wf_error *err) {
  WF_TRY(wf_gather_others(catalog, err));
  listing list = {visit, context, 0};
  bool more = true;
  size_t n = wf_pending_find_results(catalog, key, MOST_CANDIDATES, &more, visit, context);
  if (!more || n == MOST_CANDIDATES || wf_known_keys_exclude(catalog, key)) return WF_OK;
  return wf_statement_each(
      catalog, RESULT_COLUMNS "result r WHERE r.key = ?1 ORDER BY r.id DESC LIMIT ?2",
      WF_BIND(wf_text(key), wf_integer(MOST_CANDIDATES - (int64_t)n)), visit_result, &list, err);
}

/* That result, wherever it is. */
static wf_status find_result(listing *list, wf_catalog *catalog, int64_t result, wf_error *err) {
  if (wf_pending_find_result(catalog, result, list->visit, list->context)) {
    list->n_seen++;
    return WF_OK;
  }
  return wf_statement_each(catalog, RESULT_COLUMNS "result r WHERE r.id = ?1",
                           WF_BIND(wf_integer(result)), visit_result, list, err);
}

static wf_status is_of_run(bool *out, wf_catalog *catalog, int64_t run, const char *name,
                           wf_error *err) {
  int64_t found;
  WF_TRY(wf_statement_get_integer(&found, catalog, "SELECT 1 FROM run WHERE id = ?1 AND name = ?2",
                                  WF_BIND(wf_integer(run), wf_text(name)), 0, err));
  *out = found != 0;
  return WF_OK;
}

/* Among the journalled steps, which are the newest. */
static wf_status find_pending_latest(listing *list, wf_catalog *catalog, const char *run_name,
                                     const char *step_name, int64_t nth, wf_error *err) {
  wf_journal_record record;
  size_t at = SIZE_MAX;
  while (!list->n_seen && wf_pending_next_step(catalog, &at, step_name, nth, &record)) {
    bool right;
    WF_TRY(is_of_run(&right, catalog, record.step.run, run_name, err));
    if (right && record.step.result) WF_TRY(find_result(list, catalog, record.step.result, err));
  }
  return WF_OK;
}

wf_status wf_catalog_find_latest_result(wf_catalog *catalog, const char *run_name,
                                        const char *step_name, int64_t nth, wf_result_visit *visit,
                                        void *context, wf_error *err) {
  WF_TRY(wf_gather_others(catalog, err));
  listing list = {visit, context, 0};
  WF_TRY(find_pending_latest(&list, catalog, run_name, step_name, nth, err));
  if (list.n_seen) return WF_OK;
  return wf_statement_each(
      catalog,
      RESULT_COLUMNS "step s JOIN run ON run.id = s.run JOIN result r ON r.id = s.result"
                     " WHERE s.name = ?1 AND s.nth = ?2 AND run.name = ?3"
                     " ORDER BY s.id DESC LIMIT 1",
      WF_BIND(wf_text(step_name), wf_integer(nth), wf_text(run_name)), visit_result, &list, err);
}

wf_status wf_catalog_get_result(wf_catalog *catalog, int64_t result, wf_result_visit *visit,
                                void *context, wf_error *err) {
  WF_TRY(wf_gather_others(catalog, err));
  listing list = {visit, context, 0};
  WF_TRY(find_result(&list, catalog, result, err));
  if (list.n_seen) return WF_OK;
  return wf_fail(err, WF_NOTFOUND, "%s: there is no result %lld", catalog->path, (long long)result);
}

wf_status wf_catalog_search_results(wf_catalog *catalog, const char *text, wf_result_visit *visit,
                                    void *context, wf_error *err) {
  WF_TRY(wf_gather_all(catalog, err));
  listing list = {visit, context, 0};
  return wf_statement_each(catalog,
                           RESULT_COLUMNS "result r WHERE instr(r.objects, ?1) > 0"
                                          " OR instr(r.trace, ?1) > 0 ORDER BY r.id",
                           WF_BIND(wf_text(text)), visit_result, &list, err);
}

wf_status wf_catalog_list_results(wf_catalog *catalog, wf_result_visit *visit, void *context,
                                  wf_error *err) {
  WF_TRY(wf_gather_all(catalog, err));
  listing list = {visit, context, 0};
  return wf_statement_each(catalog, RESULT_COLUMNS "result r ORDER BY r.id", WF_BIND_NOTHING,
                           visit_result, &list, err);
}

/* ---- files ------------------------------------------------------------------------------------
 */

#define IDENTITY(file)                                                             \
  wf_integer((file)->device), wf_integer((file)->inode), wf_integer((file)->size), \
      wf_integer((file)->mtime_ns), wf_integer((file)->ctime_ns)

static wf_status read_digest(void *context, wf_statement *row, bool *more, wf_error *err) {
  char *digest = context;
  const char *text = wf_statement_text(row, 0);
  WF_TRY(wf_statement_check(row, err));
  if (text && strlen(text) == WF_DIGEST_TEXT - 1) memcpy(digest, text, WF_DIGEST_TEXT);
  *more = false;
  return WF_OK;
}

wf_status wf_catalog_find_file(bool *found, char digest[65], wf_catalog *catalog,
                               const wf_file_identity *file, wf_error *err) {
  char text[WF_DIGEST_TEXT] = "";
  WF_TRY(wf_statement_each(catalog,
                           "SELECT digest FROM file WHERE device = ?1 AND inode = ?2"
                           " AND size = ?3 AND mtime_ns = ?4 AND ctime_ns = ?5",
                           WF_BIND(IDENTITY(file)), read_digest, text, err));
  *found = text[0] != '\0';
  if (*found) memcpy(digest, text, sizeof text);
  return WF_OK;
}

wf_status wf_catalog_remember_file(wf_catalog *catalog, const wf_file_identity *file,
                                   const char *digest, wf_error *err) {
  WF_TRY(wf_check_digest(digest, err));
  WF_TRY(wf_catalog_begin_lax(catalog, err));
  wf_status status = wf_statement_run(
      catalog,
      "INSERT OR REPLACE INTO file (device, inode, size, mtime_ns, ctime_ns, digest)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      WF_BIND(IDENTITY(file), wf_text(digest)), err);
  return wf_catalog_finish(catalog, status, err);
}
