/* runs.c — runs and their steps.
 *
 * A run is open (Starting or Executing) until it ends, once, in a final state; its steps likewise,
 * and none outlives its run: steps that are open when a run ends are Stopped with it. Whether an
 * open run still has its process is told by the process's identity, not by its number. */
#include "catalog/catalog.h"

#include "base/clock.h"
#include "catalog/process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Ids that a run reserves at its start for steps that it journals. */
enum { FIRST_IDS = 32 };

typedef struct subject {
  char text[32];
} subject;

static subject subject_of(int64_t run) {
  subject s;
  snprintf(s.text, sizeof s.text, "run %lld", (long long)run);
  return s;
}

static bool is_open(wf_state state) {
  return state == WF_STATE_STARTING || state == WF_STATE_EXECUTING;
}

/* "run" and Succeeded make "run.succeeded". */
static void name_event(char out[32], const char *what, wf_state state) {
  int length = snprintf(out, 32, "%s.%s", what, wf_state_name(state));
  for (int i = 0; i < length && i < 31; i++) {
    if (out[i] >= 'A' && out[i] <= 'Z') out[i] = (char)(out[i] - 'A' + 'a');
  }
}

static wf_status parse_state(wf_state *out, wf_statement *row, int column, wf_error *err) {
  const char *name = wf_statement_text(row, column);
  WF_TRY(wf_statement_check(row, err));
  if (name && wf_state_find(name, out)) return WF_OK;
  return wf_fail(err, WF_CORRUPT, "%s: the catalog is damaged: state '%.40s'", row->catalog->path,
                 name ? name : "");
}

/* The state of a run or step; WF_NOTFOUND. `sql` selects it by id. */
static wf_status read_state(wf_state *out, wf_catalog *catalog, const char *sql, const char *what,
                            int64_t id, wf_error *err) {
  wf_statement *statement;
  WF_TRY(wf_statement_open(&statement, catalog, sql, WF_BIND(wf_integer(id)), err));
  bool row = false;
  wf_status status = wf_statement_step(statement, &row, err);
  if (status == WF_OK && !row)
    status =
        wf_fail(err, WF_NOTFOUND, "%s: there is no %s %lld", catalog->path, what, (long long)id);
  if (status == WF_OK) status = parse_state(out, statement, 0, err);
  wf_statement_close(statement);
  return status;
}

static wf_status check_open(wf_catalog *catalog, const char *sql, const char *what, int64_t id,
                            wf_error *err) {
  wf_state state;
  WF_TRY(read_state(&state, catalog, sql, what, id, err));
  if (is_open(state)) return WF_OK;
  return wf_fail(err, WF_INVALID, "%s %lld has ended already (%s)", what, (long long)id,
                 wf_state_name(state));
}

static const char run_state[] = "SELECT state FROM run WHERE id = ?1";
static const char step_state[] = "SELECT state FROM step WHERE id = ?1";

/* ---- runs -------------------------------------------------------------------------------------
 */

static wf_status insert_run(int64_t *run, wf_catalog *catalog, const char *name, const char *script,
                            const char *params_json, wf_error *err) {
  char process[WF_PROCESS_TEXT];
  wf_process_identify(process, getpid());
  WF_TRY(wf_statement_run(catalog,
                          "INSERT INTO run (name, script, params, state, pid, process, started_us)"
                          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                          WF_BIND(wf_text(name), wf_text(script), wf_text(params_json),
                                  wf_text(wf_state_name(WF_STATE_EXECUTING)), wf_integer(getpid()),
                                  wf_text(process[0] ? process : NULL),
                                  wf_integer(wf_clock_wall_us())),
                          err));
  *run = sqlite3_last_insert_rowid(catalog->db);
  wf_bytes detail = {0};
  wf_detail_text(&detail, "name", name);
  return wf_event_add(catalog, "run.started", subject_of(*run).text, NULL, &detail, err);
}

wf_status wf_catalog_start_run(int64_t *run, wf_catalog *catalog, const char *name,
                               const char *script, const char *params_json, wf_error *err) {
  if (!*name) return wf_fail(err, WF_INVALID, "a run's name is empty");
  WF_TRY(wf_check_json("params_json", params_json, err));
  int64_t id = 0;
  WF_TRY(wf_gather_others(
      catalog, err)); /* before ids are reserved: a power cut may have taken back who has them */
  WF_TRY(wf_catalog_begin(catalog, err));
  wf_status status = insert_run(&id, catalog, name, script, params_json, err);
  if (status == WF_OK) status = wf_pending_reserve(catalog, FIRST_IDS, err);
  WF_TRY(wf_catalog_finish(catalog, status, err));
  *run = catalog->pending.open_run = id;
  return WF_OK;
}

typedef struct ending {
  wf_state state;
  const char *message, *outcome_json;
} ending;

static wf_status update_run(wf_catalog *catalog, int64_t run, const ending *end, wf_error *err) {
  int64_t now = wf_clock_wall_us();
  WF_TRY(check_open(catalog, run_state, "run", run, err));
  WF_TRY(wf_statement_run(catalog,
                          "UPDATE step SET state = 'Stopped', message = 'the run ended',"
                          " ended_us = ?2 WHERE run = ?1 AND ended_us = 0",
                          WF_BIND(wf_integer(run), wf_integer(now)), err));
  WF_TRY(
      wf_statement_run(catalog,
                       "UPDATE run SET state = ?2, message = ?3, outcome = ?4, ended_us = ?5"
                       " WHERE id = ?1",
                       WF_BIND(wf_integer(run), wf_text(wf_state_name(end->state)),
                               wf_text(end->message), wf_text(end->outcome_json), wf_integer(now)),
                       err));
  char kind[32];
  name_event(kind, "run", end->state);
  wf_bytes detail = {0};
  wf_detail_text(&detail, "message", end->message);
  return wf_event_add(catalog, kind, subject_of(run).text, NULL, &detail, err);
}

wf_status wf_catalog_end_run(wf_catalog *catalog, int64_t run, wf_state state, const char *message,
                             const char *outcome_json, wf_error *err) {
  if (is_open(state) || state == WF_STATE_CACHED || state == WF_STATE_SKIPPED)
    return wf_fail(err, WF_INVALID, "a run cannot end as %s", wf_state_name(state));
  WF_TRY(wf_check_json("outcome_json", outcome_json, err));
  ending end = {state, message, outcome_json};
  WF_TRY(wf_catalog_begin(catalog, err));
  WF_TRY(wf_catalog_finish(catalog, update_run(catalog, run, &end, err), err));
  if (run == catalog->pending.open_run) catalog->pending.open_run = 0;
  wf_pending_retire(catalog);
  return WF_OK;
}

/* ---- steps ------------------------------------------------------------------------------------
 */

#define STEP_COLUMNS                                                                    \
  "INTO step (id, run, name, kind, state, log_path, started_us, message, outcome, key," \
  " why, result, nth, ended_us)"
#define STEP_VALUES "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14"

/* The record as it is; id 0: the next one. */
static wf_status write_step(wf_catalog *catalog, const char *sql, const wf_step_record *r,
                            wf_error *err) {
  return wf_statement_run(
      catalog, sql,
      WF_BIND(wf_reference(r->id), wf_integer(r->run), wf_text(r->name), wf_text(r->kind),
              wf_text(wf_state_name(r->state)), wf_text(r->log_path), wf_integer(r->started_us),
              wf_text(r->message), wf_text(r->outcome_json), wf_text(r->key), wf_text(r->why),
              wf_reference(r->result), wf_integer(r->nth), wf_integer(r->ended_us)),
      err);
}

static wf_status insert_step(int64_t *step, wf_catalog *catalog, const wf_step_record *r,
                             int64_t ended_us, wf_error *err) {
  WF_TRY(check_open(catalog, run_state, "run", r->run, err));
  wf_step_record whole = *r;
  whole.id = wf_pending_take_id(&catalog->pending.step_ids);
  whole.ended_us = ended_us;
  if (!whole.started_us) whole.started_us = wf_clock_wall_us();
  if (whole.nth <= 0) whole.nth = 1;
  WF_TRY(write_step(catalog, "INSERT " STEP_COLUMNS " VALUES (" STEP_VALUES ")", &whole, err));
  *step = sqlite3_last_insert_rowid(catalog->db);
  if (ended_us) return WF_OK; /* its record says all that an event could */
  wf_bytes detail = {0};
  wf_detail_integer(&detail, "step", *step);
  wf_detail_text(&detail, "name", r->name);
  return wf_event_add(catalog, "step.started", subject_of(r->run).text, NULL, &detail, err);
}

/* That a step began is no promise: it need not be synced. */
wf_status wf_catalog_start_step(int64_t *step, wf_catalog *catalog, int64_t run, const char *name,
                                const char *kind, const char *log_path, wf_error *err) {
  if (!*name) return wf_fail(err, WF_INVALID, "a step's name is empty");
  int64_t id = 0;
  wf_step_record record = {
      .run = run, .name = name, .kind = kind, .state = WF_STATE_EXECUTING, .log_path = log_path};
  WF_TRY(wf_catalog_begin_lax(catalog, err));
  wf_status status = insert_step(&id, catalog, &record, 0, err);
  WF_TRY(wf_catalog_finish(catalog, status, err));
  *step = id;
  return WF_OK;
}

/* Asked once for all steps of a run that come together. */
static wf_status is_there(bool *out, wf_catalog *catalog, int64_t run, wf_error *err) {
  int64_t *known = &catalog->pending.merged_run;
  if (run != *known) {
    int64_t found;
    WF_TRY(wf_statement_get_integer(&found, catalog, "SELECT 1 FROM run WHERE id = ?1",
                                    WF_BIND(wf_integer(run)), 0, err));
    *known = found ? run : 0;
  }
  *out = run == *known;
  return WF_OK;
}

wf_status wf_step_merge(wf_catalog *catalog, const wf_journal_record *record, wf_error *err) {
  bool wanted;
  if (record->made) WF_TRY(wf_result_merge(catalog, &record->result, err));
  WF_TRY(is_there(&wanted, catalog, record->step.run, err));
  if (!wanted) return WF_OK;
  return write_step(catalog, "INSERT OR IGNORE " STEP_COLUMNS " VALUES (" STEP_VALUES ")",
                    &record->step, err);
}

/* The run that this handle started last is known to be open without asking. */
static wf_status journal_step(int64_t *step, wf_catalog *catalog, const wf_step_record *record,
                              const wf_result_record *result, wf_error *err) {
  if (catalog->visiting) return wf_fail_visiting(catalog, err);
  if (catalog->owner != getpid() || record->run != catalog->pending.open_run)
    WF_TRY(check_open(catalog, run_state, "run", record->run, err));
  return wf_pending_add(step, catalog, record, result, err);
}

static wf_status add_step(int64_t *step, wf_catalog *catalog, const wf_step_record *record,
                          const wf_result_record *result, wf_error *err) {
  wf_step_record whole = *record;
  if (result) WF_TRY(wf_result_insert(&whole.result, catalog, result, err));
  return insert_step(step, catalog, &whole, wf_clock_wall_us(), err);
}

wf_status wf_catalog_add_step(int64_t *step, wf_catalog *catalog, const wf_step_record *record,
                              const wf_result_record *result, wf_error *err) {
  if (!*record->name) return wf_fail(err, WF_INVALID, "a step's name is empty");
  if (is_open(record->state)) return wf_fail(err, WF_INVALID, "the added step has not ended");
  WF_TRY(wf_check_json("outcome_json", record->outcome_json, err));
  if (result) WF_TRY(wf_result_check(result, err));
  if (!result || catalog->lax_steps) return journal_step(step, catalog, record, result, err);
  int64_t id = 0;
  WF_TRY(wf_catalog_begin(catalog, err));
  wf_status status = add_step(&id, catalog, record, result, err);
  WF_TRY(wf_catalog_finish(catalog, status, err));
  *step = id;
  return WF_OK;
}

static wf_status update_step(wf_catalog *catalog, int64_t step, const wf_step_ending *end,
                             int64_t result, wf_error *err) {
  int64_t run;
  WF_TRY(check_open(catalog, step_state, "step", step, err));
  WF_TRY(wf_statement_get_integer(&run, catalog, "SELECT run FROM step WHERE id = ?1",
                                  WF_BIND(wf_integer(step)), 0, err));
  WF_TRY(wf_statement_run(
      catalog,
      "UPDATE step SET state = ?2, message = ?3, outcome = ?4, ended_us = ?5,"
      " key = ?6, why = ?7, result = ?8, nth = ?9 WHERE id = ?1",
      WF_BIND(wf_integer(step), wf_text(wf_state_name(end->state)), wf_text(end->message),
              wf_text(end->outcome_json), wf_integer(wf_clock_wall_us()), wf_text(end->key),
              wf_text(end->why), wf_reference(result), wf_integer(end->nth > 0 ? end->nth : 1)),
      err));
  char kind[32];
  name_event(kind, "step", end->state);
  wf_bytes detail = {0};
  wf_detail_integer(&detail, "step", step);
  wf_detail_text(&detail, "message", end->message);
  return wf_event_add(catalog, kind, subject_of(run).text, NULL, &detail, err);
}

static wf_status end_step(wf_catalog *catalog, int64_t step, const wf_step_ending *end,
                          wf_error *err) {
  int64_t result = 0;
  if (end->result) WF_TRY(wf_result_insert(&result, catalog, end->result, err));
  return update_step(catalog, step, end, result, err);
}

wf_status wf_catalog_finish_step(wf_catalog *catalog, int64_t step, const wf_step_ending *end,
                                 wf_error *err) {
  if (is_open(end->state))
    return wf_fail(err, WF_INVALID, "a step cannot end as %s", wf_state_name(end->state));
  WF_TRY(wf_check_json("outcome_json", end->outcome_json, err));
  if (end->result) WF_TRY(wf_result_check(end->result, err));
  if (catalog->lax_steps)
    WF_TRY(wf_catalog_begin_lax(catalog, err));
  else
    WF_TRY(wf_catalog_begin(catalog, err));
  return wf_catalog_finish(catalog, end_step(catalog, step, end, err), err);
}

wf_status wf_catalog_end_step(wf_catalog *catalog, int64_t step, wf_state state,
                              const char *message, const char *outcome_json, wf_error *err) {
  wf_step_ending end = {.state = state, .message = message, .outcome_json = outcome_json};
  return wf_catalog_finish_step(catalog, step, &end, err);
}

void wf_catalog_set_durable_steps(wf_catalog *catalog, bool durable) {
  catalog->lax_steps = !durable;
}

/* ---- runs whose process is gone ----------------------------------------------------------------
 */

typedef WF_ARRAY(int64_t) id_list;

static wf_status collect_lost(void *context, wf_statement *row, bool *more, wf_error *err) {
  id_list *lost = context;
  const char *process = wf_statement_text(row, 2);
  WF_TRY(wf_statement_check(row, err));
  *more = true;
  if (wf_process_may_run(wf_statement_integer(row, 1), process)) return WF_OK;
  return wf_array_push(lost, wf_statement_integer(row, 0)) ? WF_OK : wf_fail_nomem(err);
}

static wf_status find_lost(id_list *lost, wf_catalog *catalog, wf_error *err) {
  return wf_statement_each(catalog,
                           "SELECT id, pid, process FROM run WHERE ended_us = 0 ORDER BY id",
                           WF_BIND_NOTHING, collect_lost, lost, err);
}

static wf_status stop_lost(wf_catalog *catalog, const id_list *lost, wf_error *err) {
  static const ending end = {WF_STATE_STOPPED, "its process ended without a word", NULL};
  for (size_t i = 0; i < lost->count; i++) WF_TRY(update_run(catalog, lost->items[i], &end, err));
  return WF_OK;
}

/* Looks without the lock first: there is seldom anything to do. What was seen is looked at again
 * under the lock, for another process may do the same. */
wf_status wf_catalog_reap_runs(wf_catalog *catalog, wf_error *err) {
  WF_TRY(wf_gather_others(catalog, err)); /* what the lost ones have journalled */
  id_list lost = {0};
  wf_status status = find_lost(&lost, catalog, err);
  if (status == WF_OK && lost.count) {
    status = wf_catalog_begin(catalog, err);
    if (status == WF_OK) {
      lost.count = 0;
      status = find_lost(&lost, catalog, err);
      if (status == WF_OK) status = stop_lost(catalog, &lost, err);
      status = wf_catalog_finish(catalog, status, err);
    }
  }
  wf_free(lost.items);
  return status;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

typedef struct run_listing {
  wf_run_visit *visit;
  void *context;
  size_t n_seen;
} run_listing;

#define RUN_COLUMNS \
  "SELECT id, name, script, params, state, message, outcome, pid, started_us, ended_us FROM run"

static wf_status visit_run(void *context, wf_statement *row, bool *more, wf_error *err) {
  run_listing *list = context;
  wf_run_record run = {
      .id = wf_statement_integer(row, 0),
      .name = wf_statement_text(row, 1),
      .script = wf_statement_text(row, 2),
      .params_json = wf_statement_text(row, 3),
      .message = wf_statement_text(row, 5),
      .outcome_json = wf_statement_text(row, 6),
      .pid = wf_statement_integer(row, 7),
      .started_us = wf_statement_integer(row, 8),
      .ended_us = wf_statement_integer(row, 9),
  };
  WF_TRY(parse_state(&run.state, row, 4, err));
  list->n_seen++;
  *more = list->visit(list->context, &run);
  return WF_OK;
}

wf_status wf_catalog_list_runs(wf_catalog *catalog, size_t limit, wf_run_visit *visit,
                               void *context, wf_error *err) {
  run_listing list = {visit, context, 0};
  int64_t most = limit == 0 || limit > INT64_MAX ? -1 : (int64_t)limit;
  return wf_statement_each(catalog, RUN_COLUMNS " ORDER BY id DESC LIMIT ?1",
                           WF_BIND(wf_integer(most)), visit_run, &list, err);
}

wf_status wf_catalog_get_run(wf_catalog *catalog, int64_t run, wf_run_visit *visit, void *context,
                             wf_error *err) {
  run_listing list = {visit, context, 0};
  WF_TRY(wf_statement_each(catalog, RUN_COLUMNS " WHERE id = ?1", WF_BIND(wf_integer(run)),
                           visit_run, &list, err));
  if (list.n_seen) return WF_OK;
  return wf_fail(err, WF_NOTFOUND, "%s: there is no run %lld", catalog->path, (long long)run);
}

/* The latest ones first: one of them mostly is. */
wf_status wf_catalog_has_other_run(bool *out, wf_catalog *catalog, int64_t run, const char *name,
                                   wf_error *err) {
  int64_t found;
  WF_TRY(wf_statement_get_integer(
      &found, catalog, "SELECT 1 FROM run WHERE name = ?2 AND id <> ?1 ORDER BY id DESC LIMIT 1",
      WF_BIND(wf_integer(run), wf_text(name)), 0, err));
  *out = found != 0;
  return WF_OK;
}

typedef struct step_listing {
  wf_step_visit *visit;
  void *context;
} step_listing;

static wf_status visit_step(void *context, wf_statement *row, bool *more, wf_error *err) {
  const step_listing *list = context;
  wf_step_record step = {
      .id = wf_statement_integer(row, 0),
      .run = wf_statement_integer(row, 1),
      .name = wf_statement_text(row, 2),
      .kind = wf_statement_text(row, 3),
      .message = wf_statement_text(row, 5),
      .outcome_json = wf_statement_text(row, 6),
      .log_path = wf_statement_text(row, 7),
      .key = wf_statement_text(row, 8),
      .started_us = wf_statement_integer(row, 9),
      .ended_us = wf_statement_integer(row, 10),
      .why = wf_statement_text(row, 11),
      .result = wf_statement_integer(row, 12),
      .nth = wf_statement_integer(row, 13),
  };
  WF_TRY(parse_state(&step.state, row, 4, err));
  *more = list->visit(list->context, &step);
  return WF_OK;
}

#define STEP_ROWS                                                       \
  "SELECT id, run, name, kind, state, message, outcome, log_path, key," \
  " started_us, ended_us, why, result, nth FROM step "
#define OF_RUN "WHERE run = ?1 AND id > ?5 AND (?2 IS NULL OR name = ?2)"
#define UNUSUAL " AND state IN ('Executing', 'Failed', 'Rejected', 'Starting', 'Stopped')"
#define PAGE " LIMIT ?3 OFFSET ?4"

wf_status wf_catalog_find_steps(wf_catalog *catalog, int64_t run, const wf_step_filter *filter,
                                wf_step_visit *visit, void *context, wf_error *err) {
  static const char *const texts[] = {STEP_ROWS OF_RUN " ORDER BY id" PAGE,
                                      STEP_ROWS OF_RUN " ORDER BY id DESC" PAGE,
                                      STEP_ROWS OF_RUN UNUSUAL " ORDER BY id" PAGE,
                                      STEP_ROWS OF_RUN UNUSUAL " ORDER BY id DESC" PAGE};
  WF_TRY(wf_gather_all(catalog, err));
  step_listing list = {visit, context};
  int64_t most = filter->limit == 0 || filter->limit > INT64_MAX ? -1 : (int64_t)filter->limit;
  int64_t skip = filter->skip > INT64_MAX ? INT64_MAX : (int64_t)filter->skip;
  return wf_statement_each(catalog, texts[filter->newest_first + 2 * filter->unusual],
                           WF_BIND(wf_integer(run), wf_text(filter->name), wf_integer(most),
                                   wf_integer(skip), wf_integer(filter->after)),
                           visit_step, &list, err);
}

wf_status wf_catalog_list_steps(wf_catalog *catalog, int64_t run, wf_step_visit *visit,
                                void *context, wf_error *err) {
  return wf_catalog_find_steps(catalog, run, &(wf_step_filter){0}, visit, context, err);
}

static wf_status add_count(void *context, wf_statement *row, bool *more, wf_error *err) {
  size_t *counts = context;
  wf_state state;
  *more = true;
  WF_TRY(parse_state(&state, row, 0, err));
  counts[state] = (size_t)wf_statement_integer(row, 1);
  return WF_OK;
}

wf_status wf_catalog_count_steps(size_t counts[WF_STATE_COUNT], wf_catalog *catalog, int64_t run,
                                 wf_error *err) {
  size_t found[WF_STATE_COUNT] = {0};
  WF_TRY(wf_gather_all(catalog, err));
  WF_TRY(wf_statement_each(catalog,
                           "SELECT state, count(*) FROM step WHERE run = ?1 GROUP BY state",
                           WF_BIND(wf_integer(run)), add_count, found, err));
  memcpy(counts, found, sizeof found);
  return WF_OK;
}

wf_status wf_catalog_list_steps_with(wf_catalog *catalog, int64_t result, wf_step_visit *visit,
                                     void *context, wf_error *err) {
  WF_TRY(wf_gather_all(catalog, err));
  step_listing list = {visit, context};
  return wf_statement_each(catalog, STEP_ROWS "WHERE result = ?1 ORDER BY id",
                           WF_BIND(wf_integer(result)), visit_step, &list, err);
}
