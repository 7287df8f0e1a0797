/* mod_catalog.c — wf.core.catalog: runs, steps, versions, endpoints and events.
 *
 * Methods carry the C functions' names and take their arguments in order. Records are tables with
 * the C structs' field names; a field that holds nothing is absent, 0 among the times, runs and
 * steps included. */
#include "bind.h"
#include "modules.h"
#include "field.h"
#include "record.h"

#include "wf/catalog.h"

static const char CATALOG[] = "wf.catalog";

static wf_catalog *check(lua_State *L) { return wfl_check(L, 1, CATALOG); }

static void close_catalog(void *catalog) { wf_catalog_close(catalog); }

/* ---- records ------------------------------------------------------------------------------------
 */

static void set_positive(lua_State *L, const char *name, int64_t value) {
  if (value > 0) wfl_set_integer(L, name, value);
}

static void push_run(lua_State *L, const void *record) {
  const wf_run_record *r = record;
  lua_createtable(L, 0, 10);
  wfl_set_integer(L, "id", r->id);
  wfl_set_text(L, "name", r->name);
  wfl_set_text(L, "script", r->script);
  wfl_set_text(L, "params_json", r->params_json);
  wfl_set_text(L, "state", wf_state_name(r->state));
  wfl_set_text(L, "message", r->message);
  wfl_set_text(L, "outcome_json", r->outcome_json);
  set_positive(L, "pid", r->pid);
  set_positive(L, "started_us", r->started_us);
  set_positive(L, "ended_us", r->ended_us);
}

static void push_step(lua_State *L, const void *record) {
  const wf_step_record *r = record;
  lua_createtable(L, 0, 11);
  wfl_set_integer(L, "id", r->id);
  wfl_set_integer(L, "run", r->run);
  wfl_set_text(L, "name", r->name);
  wfl_set_text(L, "kind", r->kind);
  wfl_set_text(L, "state", wf_state_name(r->state));
  wfl_set_text(L, "message", r->message);
  wfl_set_text(L, "outcome_json", r->outcome_json);
  wfl_set_text(L, "log_path", r->log_path);
  wfl_set_text(L, "key", r->key);
  wfl_set_text(L, "why", r->why);
  set_positive(L, "result", r->result);
  wfl_set_integer(L, "nth", r->nth);
  set_positive(L, "started_us", r->started_us);
  set_positive(L, "ended_us", r->ended_us);
}

static void push_version(lua_State *L, const void *record) {
  const wf_version_record *r = record;
  lua_createtable(L, 0, 13);
  wfl_set_text(L, "group", r->group);
  wfl_set_integer(L, "version", r->version);
  wfl_set_text(L, "digest", r->digest);
  wfl_set_text(L, "approval", wf_approval_name(r->approval));
  wfl_set_text(L, "approved_by", r->approved_by);
  wfl_set_text(L, "approval_reason", r->approval_reason);
  set_positive(L, "approval_us", r->approval_us);
  wfl_set_text(L, "description", r->description);
  wfl_set_text(L, "metrics_json", r->metrics_json);
  wfl_set_text(L, "baselines_json", r->baselines_json);
  set_positive(L, "run", r->run);
  set_positive(L, "step", r->step);
  set_positive(L, "created_us", r->created_us);
}

static void push_approval(lua_State *L, const void *record) {
  const wf_approval_record *r = record;
  lua_createtable(L, 0, 8);
  wfl_set_integer(L, "id", r->id);
  wfl_set_text(L, "group", r->group);
  wfl_set_integer(L, "version", r->version);
  wfl_set_text(L, "before", r->before);
  wfl_set_text(L, "after", wf_approval_name(r->after));
  wfl_set_text(L, "by", r->by);
  wfl_set_text(L, "reason", r->reason);
  set_positive(L, "at_us", r->at_us);
}

static void push_endpoint(lua_State *L, const void *record) {
  const wf_endpoint_record *r = record;
  lua_createtable(L, 0, 10);
  wfl_set_text(L, "name", r->name);
  wfl_set_text(L, "state", wf_endpoint_state_name(r->state));
  wfl_set_text(L, "message", r->message);
  wfl_set_text(L, "group", r->group);
  set_positive(L, "version", r->version);
  wfl_set_text(L, "digest", r->digest);
  wfl_set_text(L, "live_digest", r->live_digest);
  wfl_set_integer(L, "generation", r->generation);
  set_positive(L, "created_us", r->created_us);
  set_positive(L, "updated_us", r->updated_us);
}

static void push_event(lua_State *L, const void *record) {
  const wf_event_record *r = record;
  lua_createtable(L, 0, 6);
  wfl_set_integer(L, "id", r->id);
  set_positive(L, "at_us", r->at_us);
  wfl_set_text(L, "kind", r->kind);
  wfl_set_text(L, "subject", r->subject);
  wfl_set_text(L, "who", r->who);
  wfl_set_text(L, "detail_json", r->detail_json);
}

/* ---- visiting -----------------------------------------------------------------------------------
 */

static bool visit_run(void *context, const wf_run_record *r) { return wfl_records_add(context, r); }
static bool visit_step(void *context, const wf_step_record *r) {
  return wfl_records_add(context, r);
}
static bool visit_version(void *context, const wf_version_record *r) {
  return wfl_records_add(context, r);
}
static bool visit_approval(void *context, const wf_approval_record *r) {
  return wfl_records_add(context, r);
}
static bool visit_endpoint(void *context, const wf_endpoint_record *r) {
  return wfl_records_add(context, r);
}
static bool visit_event(void *context, const wf_event_record *r) {
  return wfl_records_add(context, r);
}

/* ---- runs and steps -----------------------------------------------------------------------------
 */

static wf_state state_arg(lua_State *L, int arg) {
  const char *name = wfl_check_text(L, arg);
  wf_state state = WF_STATE_STARTING;
  if (!wf_state_find(name, &state)) wfl_fail(L, WF_INVALID, "there is no state '%s'", name);
  return state;
}

static int catalog_start_run(lua_State *L) {
  wf_catalog *catalog = check(L);
  const char *name = wfl_check_text(L, 2), *script = wfl_opt_text(L, 3, NULL);
  const char *params = wfl_opt_text(L, 4, NULL);
  int64_t run;
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_start_run(&run, catalog, name, script, params, &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_pushinteger(L, run);
  return 1;
}

static int catalog_end_run(lua_State *L) {
  wf_catalog *catalog = check(L);
  int64_t run = luaL_checkinteger(L, 2);
  wf_state state = state_arg(L, 3);
  const char *message = wfl_opt_text(L, 4, NULL), *outcome = wfl_opt_text(L, 5, NULL);
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_end_run(catalog, run, state, message, outcome, &err) != WF_OK)
    return wfl_raise(L, &err);
  return 0;
}

static int catalog_start_step(lua_State *L) {
  wf_catalog *catalog = check(L);
  int64_t run = luaL_checkinteger(L, 2), step;
  const char *name = wfl_check_text(L, 3), *kind = wfl_check_text(L, 4);
  const char *log_path = wfl_opt_text(L, 5, NULL);
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_start_step(&step, catalog, run, name, kind, log_path, &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_pushinteger(L, step);
  return 1;
}

static int catalog_end_step(lua_State *L) {
  wf_catalog *catalog = check(L);
  int64_t step = luaL_checkinteger(L, 2);
  wf_state state = state_arg(L, 3);
  const char *message = wfl_opt_text(L, 4, NULL), *outcome = wfl_opt_text(L, 5, NULL);
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_end_step(catalog, step, state, message, outcome, &err) != WF_OK)
    return wfl_raise(L, &err);
  return 0;
}

static int catalog_reap_runs(lua_State *L) {
  wf_error err = WF_ERROR_INIT;
  return wf_catalog_reap_runs(check(L), &err) == WF_OK ? 0 : wfl_raise(L, &err);
}

static int catalog_list_runs(lua_State *L) {
  wf_catalog *catalog = check(L);
  lua_Integer limit = luaL_optinteger(L, 2, 0);
  luaL_argcheck(L, limit >= 0, 2, "negative");
  wf_error err = WF_ERROR_INIT;
  wfl_records c = wfl_records_begin(L, push_run);
  wf_status status = wf_catalog_list_runs(catalog, (size_t)limit, visit_run, &c, &err);
  return wfl_records_finish(&c, status, &err);
}

static int catalog_get_run(lua_State *L) {
  wf_catalog *catalog = check(L);
  int64_t run = luaL_checkinteger(L, 2);
  wf_error err = WF_ERROR_INIT;
  wfl_records c = wfl_records_begin(L, push_run);
  wf_status status = wf_catalog_get_run(catalog, run, visit_run, &c, &err);
  return wfl_records_finish_one(&c, status, &err);
}

/* has_other_run(run, name): whether another run of that name was ever started */
static int catalog_has_other_run(lua_State *L) {
  wf_catalog *catalog = check(L);
  int64_t run = luaL_checkinteger(L, 2);
  const char *name = wfl_check_text(L, 3);
  bool has;
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_has_other_run(&has, catalog, run, name, &err) != WF_OK) return wfl_raise(L, &err);
  lua_pushboolean(L, has);
  return 1;
}

static void read_filter(lua_State *L, int index, wf_step_filter *out) {
  static const char what[] = "catalog:list_steps";
  wfl_options(
      L, index, what,
      (const char *const[]){"name", "unusual", "newest_first", "after", "skip", "limit", NULL});
  *out = (wf_step_filter){
      .name = wfl_option_string(L, index, what, "name", NULL),
      .unusual = wfl_option_boolean(L, index, what, "unusual", false),
      .newest_first = wfl_option_boolean(L, index, what, "newest_first", false),
      .after = wfl_option_integer(L, index, what, "after", 0, 0, LUA_MAXINTEGER),
      .skip = (size_t)wfl_option_integer(L, index, what, "skip", 0, 0, LUA_MAXINTEGER),
      .limit = (size_t)wfl_option_integer(L, index, what, "limit", 0, 0, LUA_MAXINTEGER),
  };
}

/* list_steps_with(result id) */
static int catalog_list_steps_with(lua_State *L) {
  wf_catalog *catalog = check(L);
  int64_t result = luaL_checkinteger(L, 2);
  wf_error err = WF_ERROR_INIT;
  wfl_records c = wfl_records_begin(L, push_step);
  wf_status status = wf_catalog_list_steps_with(catalog, result, visit_step, &c, &err);
  return wfl_records_finish(&c, status, &err);
}

/* list_steps(run[, {name =, unusual =, newest_first =, after =, skip =, limit =}]) */
static int catalog_list_steps(lua_State *L) {
  wf_catalog *catalog = check(L);
  int64_t run = luaL_checkinteger(L, 2);
  wf_error err = WF_ERROR_INIT;
  wf_step_filter filter = {0};
  if (!lua_isnoneornil(L, 3)) read_filter(L, 3, &filter);
  wfl_records c = wfl_records_begin(L, push_step);
  wf_status status = wf_catalog_find_steps(catalog, run, &filter, visit_step, &c, &err);
  return wfl_records_finish(&c, status, &err);
}

/* count_steps(run) → {Succeeded = 12, …}, total */
static int catalog_count_steps(lua_State *L) {
  wf_catalog *catalog = check(L);
  int64_t run = luaL_checkinteger(L, 2);
  size_t counts[WF_STATE_COUNT], total = 0;
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_count_steps(counts, catalog, run, &err) != WF_OK) return wfl_raise(L, &err);
  lua_newtable(L);
  for (int state = 0; state < WF_STATE_COUNT; state++) {
    total += counts[state];
    if (counts[state]) wfl_set_integer(L, wf_state_name((wf_state)state), (int64_t)counts[state]);
  }
  lua_pushinteger(L, (lua_Integer)total);
  return 2;
}

/* ---- versions -----------------------------------------------------------------------------------
 */

static wf_approval approval_of(lua_State *L, const char *name) {
  wf_approval approval = WF_APPROVAL_PENDING;
  if (!name || !wf_approval_find(name, &approval))
    wfl_fail(L, WF_INVALID, "there is no approval state '%s'", name ? name : "nil");
  return approval;
}

/* register({group=, digest=, approval=, …}, by, reason) → version */
static int catalog_register(lua_State *L) {
  static const char what[] = "catalog:register";
  static const char *const names[] = {"group",       "digest",       "approval",
                                      "description", "metrics_json", "baselines_json",
                                      "run",         "step",         NULL};
  wf_catalog *catalog = check(L);
  wfl_options(L, 2, what, names);
  wf_version_record record = {
      .group = wfl_option_string(L, 2, what, "group", NULL),
      .digest = wfl_option_string(L, 2, what, "digest", NULL),
      .approval = approval_of(L, wfl_option_string(L, 2, what, "approval", NULL)),
      .description = wfl_option_string(L, 2, what, "description", NULL),
      .metrics_json = wfl_option_string(L, 2, what, "metrics_json", NULL),
      .baselines_json = wfl_option_string(L, 2, what, "baselines_json", NULL),
      .run = wfl_option_integer(L, 2, what, "run", 0, 0, LUA_MAXINTEGER),
      .step = wfl_option_integer(L, 2, what, "step", 0, 0, LUA_MAXINTEGER),
  };
  if (!record.group || !record.digest)
    return wfl_fail(L, WF_INVALID, "%s: 'group' and 'digest' are needed", what);
  const char *by = wfl_opt_text(L, 3, NULL), *reason = wfl_opt_text(L, 4, NULL);
  int64_t version;
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_register(&version, catalog, &record, by, reason, &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_pushinteger(L, version);
  return 1;
}

static int catalog_set_approval(lua_State *L) {
  wf_catalog *catalog = check(L);
  const char *group = wfl_check_text(L, 2);
  int64_t version = luaL_checkinteger(L, 3);
  wf_approval approval = approval_of(L, wfl_check_text(L, 4));
  const char *by = wfl_opt_text(L, 5, NULL), *reason = wfl_opt_text(L, 6, NULL);
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_set_approval(catalog, group, version, approval, by, reason, &err) != WF_OK)
    return wfl_raise(L, &err);
  return 0;
}

static int catalog_list_versions(lua_State *L) {
  wf_catalog *catalog = check(L);
  const char *group = wfl_opt_text(L, 2, NULL);
  wf_error err = WF_ERROR_INIT;
  wfl_records c = wfl_records_begin(L, push_version);
  wf_status status = wf_catalog_list_versions(catalog, group, visit_version, &c, &err);
  return wfl_records_finish(&c, status, &err);
}

/* get_version(group[, version[, approved]]); version 0: the latest */
static int catalog_get_version(lua_State *L) {
  wf_catalog *catalog = check(L);
  const char *group = wfl_check_text(L, 2);
  int64_t version = luaL_optinteger(L, 3, 0);
  bool approved = lua_toboolean(L, 4);
  wf_error err = WF_ERROR_INIT;
  wfl_records c = wfl_records_begin(L, push_version);
  wf_status status =
      wf_catalog_get_version(catalog, group, version, approved, visit_version, &c, &err);
  return wfl_records_finish_one(&c, status, &err);
}

static int catalog_list_approvals(lua_State *L) {
  wf_catalog *catalog = check(L);
  const char *group = wfl_check_text(L, 2);
  int64_t version = luaL_checkinteger(L, 3);
  wf_error err = WF_ERROR_INIT;
  wfl_records c = wfl_records_begin(L, push_approval);
  wf_status status = wf_catalog_list_approvals(catalog, group, version, visit_approval, &c, &err);
  return wfl_records_finish(&c, status, &err);
}

/* ---- endpoints and events -----------------------------------------------------------------------
 */

/* deploy(name, group | nil, version, digest) → generation */
static int catalog_deploy(lua_State *L) {
  wf_catalog *catalog = check(L);
  const char *name = wfl_check_text(L, 2), *group = wfl_opt_text(L, 3, NULL);
  int64_t version = luaL_optinteger(L, 4, 0), generation;
  const char *digest = wfl_check_text(L, 5);
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_deploy(&generation, catalog, name, group, version, digest, &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_pushinteger(L, generation);
  return 1;
}

static int catalog_delete_endpoint(lua_State *L) {
  wf_catalog *catalog = check(L);
  const char *name = wfl_check_text(L, 2);
  wf_error err = WF_ERROR_INIT;
  return wf_catalog_delete_endpoint(catalog, name, &err) == WF_OK ? 0 : wfl_raise(L, &err);
}

static int catalog_server_stopped(lua_State *L) {
  wf_error err = WF_ERROR_INIT;
  return wf_catalog_server_stopped(check(L), &err) == WF_OK ? 0 : wfl_raise(L, &err);
}

static int catalog_list_endpoints(lua_State *L) {
  wf_catalog *catalog = check(L);
  wf_error err = WF_ERROR_INIT;
  wfl_records c = wfl_records_begin(L, push_endpoint);
  wf_status status = wf_catalog_list_endpoints(catalog, visit_endpoint, &c, &err);
  return wfl_records_finish(&c, status, &err);
}

static int catalog_get_endpoint(lua_State *L) {
  wf_catalog *catalog = check(L);
  const char *name = wfl_check_text(L, 2);
  wf_error err = WF_ERROR_INIT;
  wfl_records c = wfl_records_begin(L, push_endpoint);
  wf_status status = wf_catalog_get_endpoint(catalog, name, visit_endpoint, &c, &err);
  return wfl_records_finish_one(&c, status, &err);
}

static int catalog_list_events(lua_State *L) {
  wf_catalog *catalog = check(L);
  const char *subject = wfl_opt_text(L, 2, NULL);
  wf_error err = WF_ERROR_INIT;
  wfl_records c = wfl_records_begin(L, push_event);
  wf_status status = wf_catalog_list_events(catalog, subject, visit_event, &c, &err);
  return wfl_records_finish(&c, status, &err);
}

static int catalog_add_event(lua_State *L) {
  wf_catalog *catalog = check(L);
  const char *kind = wfl_check_text(L, 2), *subject = wfl_check_text(L, 3);
  const char *who = wfl_opt_text(L, 4, NULL), *detail = wfl_opt_text(L, 5, NULL);
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_add_event(catalog, kind, subject, who, detail, &err) != WF_OK)
    return wfl_raise(L, &err);
  return 0;
}

static int catalog_verify(lua_State *L) {
  wf_error err = WF_ERROR_INIT;
  return wf_catalog_verify(check(L), &err) == WF_OK ? 0 : wfl_raise(L, &err);
}

/* open(path) */
static int catalog_open(lua_State *L) {
  const char *path = wfl_check_text(L, 1);
  wf_error err = WF_ERROR_INIT;
  wf_catalog *catalog;
  wfl_box *box = wfl_newbox(L, CATALOG);
  if (wf_catalog_open(&catalog, path, &err) != WF_OK) return wfl_raise_path(L, &err, path);
  box->ptr = catalog;
  return 1;
}

int wfl_open_catalog(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"add_event", catalog_add_event},
      {"close", wfl_close},
      {"count_steps", catalog_count_steps},
      {"delete_endpoint", catalog_delete_endpoint},
      {"deploy", catalog_deploy},
      {"end_run", catalog_end_run},
      {"end_step", catalog_end_step},
      {"get_endpoint", catalog_get_endpoint},
      {"get_run", catalog_get_run},
      {"get_version", catalog_get_version},
      {"has_other_run", catalog_has_other_run},
      {"list_approvals", catalog_list_approvals},
      {"list_endpoints", catalog_list_endpoints},
      {"list_events", catalog_list_events},
      {"list_runs", catalog_list_runs},
      {"list_steps", catalog_list_steps},
      {"list_steps_with", catalog_list_steps_with},
      {"list_versions", catalog_list_versions},
      {"reap_runs", catalog_reap_runs},
      {"register", catalog_register},
      {"server_stopped", catalog_server_stopped},
      {"set_approval", catalog_set_approval},
      {"start_run", catalog_start_run},
      {"start_step", catalog_start_step},
      {"verify", catalog_verify},
      {NULL, NULL},
  };
  static const luaL_Reg functions[] = {{"open", catalog_open}, {NULL, NULL}};
  wfl_class(L, CATALOG, NULL, methods, close_catalog);
  luaL_newlib(L, functions);
  return 1;
}
