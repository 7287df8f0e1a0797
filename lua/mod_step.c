/* mod_step.c — wf.core.step: what the step engine needs of C: results in the catalog, what files
 * hold, who observes reads, and the state of math.random.
 *
 * Functions that work on the catalog take it (wf.core.catalog.open's object) as their first
 * argument. */
#include "bind.h"
#include "modules.h"
#include "field.h"
#include "record.h"
#include "remote.h"
#include "trace.h"

#include "base/clock.h"
#include "base/digest.h"
#include "wf/catalog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static wf_catalog *check(lua_State *L) { return wfl_check(L, 1, "wf.catalog"); }

/* ---- results ------------------------------------------------------------------------------------
 */

static void push_result(lua_State *L, const void *record) {
  const wf_result_record *r = record;
  lua_createtable(L, 0, 10);
  wfl_set_integer(L, "id", r->id);
  wfl_set_text(L, "key", r->key);
  lua_pushlstring(L, r->value, r->value_size);
  lua_setfield(L, -2, "value");
  lua_pushboolean(L, r->stored);
  lua_setfield(L, -2, "stored");
  wfl_set_text(L, "objects_json", r->objects_json);
  wfl_set_text(L, "parts_json", r->parts_json);
  wfl_set_text(L, "trace_json", r->trace_json);
  wfl_set_text(L, "log_path", r->log_path);
  wfl_set_integer(L, "took_us", r->took_us);
  wfl_set_integer(L, "created_us", r->created_us);
}

static bool collect(void *context, const wf_result_record *r) {
  return wfl_records_add(context, r);
}

/* find_results(catalog, key) → list, newest first */
static int step_find_results(lua_State *L) {
  wf_catalog *catalog = check(L);
  const char *key = luaL_checkstring(L, 2);
  wf_error err = WF_ERROR_INIT;
  wfl_records c = wfl_records_begin(L, push_result);
  wf_status status = wf_catalog_find_results(catalog, key, collect, &c, &err);
  return wfl_records_finish(&c, status, &err);
}

/* latest_result(catalog, run name, step name, nth) → record | nil */
static int step_latest_result(lua_State *L) {
  wf_catalog *catalog = check(L);
  const char *run = luaL_checkstring(L, 2), *name = luaL_checkstring(L, 3);
  lua_Integer nth = luaL_checkinteger(L, 4);
  wf_error err = WF_ERROR_INIT;
  wfl_records c = wfl_records_begin(L, push_result);
  wf_status status = wf_catalog_find_latest_result(catalog, run, name, nth, collect, &c, &err);
  return wfl_records_finish_one(&c, status, &err);
}

/* get_result(catalog, id) → record */
static int step_get_result(lua_State *L) {
  wf_catalog *catalog = check(L);
  lua_Integer id = luaL_checkinteger(L, 2);
  wf_error err = WF_ERROR_INIT;
  wfl_records c = wfl_records_begin(L, push_result);
  wf_status status = wf_catalog_get_result(catalog, id, collect, &c, &err);
  return wfl_records_finish_one(&c, status, &err);
}

/* search_results(catalog, text) → list, oldest first */
static int step_search_results(lua_State *L) {
  wf_catalog *catalog = check(L);
  const char *text = wfl_check_text(L, 2);
  wf_error err = WF_ERROR_INIT;
  wfl_records c = wfl_records_begin(L, push_result);
  wf_status status = wf_catalog_search_results(catalog, text, collect, &c, &err);
  return wfl_records_finish(&c, status, &err);
}

static int step_list_results(lua_State *L) {
  wf_catalog *catalog = check(L);
  wf_error err = WF_ERROR_INIT;
  wfl_records c = wfl_records_begin(L, push_result);
  wf_status status = wf_catalog_list_results(catalog, collect, &c, &err);
  return wfl_records_finish(&c, status, &err);
}

static int step_forget_result(lua_State *L) {
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_forget_result(check(L), luaL_checkinteger(L, 2), &err) != WF_OK)
    return wfl_raise(L, &err);
  return 0;
}

/* ---- ends of steps ------------------------------------------------------------------------------
 */

/* The text in a field of the table at `index`, which keeps it alive; NULL when absent. */
static const char *text_field(lua_State *L, int index, const char *name) {
  int type = lua_getfield(L, index, name);
  const char *text = type == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
  lua_pop(L, 1);
  if (type != LUA_TSTRING && type != LUA_TNIL)
    luaL_error(L, "field '%s' is a %s, not a text", name, lua_typename(L, type));
  return text;
}

static lua_Integer integer_field(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  lua_Integer value = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return value;
}

static wf_state state_field(lua_State *L, int index) {
  const char *name = text_field(L, index, "state");
  wf_state state = WF_STATE_FAILED;
  if (!name || !wf_state_find(name, &state))
    wfl_fail(L, WF_INVALID, "there is no state '%s'", name ? name : "nil");
  return state;
}

static void read_result(lua_State *L, int index, wf_result_record *out) {
  size_t size = 0;
  lua_getfield(L, index, "value");
  const char *value = luaL_checklstring(L, -1, &size);
  lua_pop(L, 1);
  lua_getfield(L, index, "stored");
  bool stored = lua_toboolean(L, -1);
  lua_pop(L, 1);
  *out = (wf_result_record){
      .key = text_field(L, index, "key"),
      .value = value,
      .value_size = size,
      .stored = stored,
      .objects_json = text_field(L, index, "objects_json"),
      .parts_json = text_field(L, index, "parts_json"),
      .trace_json = text_field(L, index, "trace_json"),
      .log_path = text_field(L, index, "log_path"),
      .took_us = integer_field(L, index, "took_us"),
  };
}

/* The result that argument `arg` is, when it is a table. */
static const wf_result_record *opt_result(lua_State *L, int arg, wf_result_record *out) {
  if (!lua_istable(L, arg)) return NULL;
  read_result(L, arg, out);
  return out;
}

/* finish(catalog, id, {state =, why =, nth =}, key, made, outcome_json, message): `made` is a
 * result's table or nil */
static int step_finish(lua_State *L) {
  wf_catalog *catalog = check(L);
  lua_Integer step = luaL_checkinteger(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  wf_result_record made;
  wf_step_ending end = {
      .state = state_field(L, 3),
      .message = luaL_optstring(L, 7, NULL),
      .outcome_json = luaL_optstring(L, 6, NULL),
      .key = luaL_optstring(L, 4, NULL),
      .why = text_field(L, 3, "why"),
      .nth = integer_field(L, 3, "nth"),
      .result = opt_result(L, 5, &made),
  };
  wf_error err = WF_ERROR_INIT;
  return wf_catalog_finish_step(catalog, step, &end, &err) == WF_OK ? 0 : wfl_raise(L, &err);
}

/* add(catalog, run, {name =, kind =, state =, why =, nth =, started_us =, log_path =}, key, result,
 * outcome_json, message) → id: `result` is the table of one that the step made, the id of one that
 * it used, or nil */
static int step_add(lua_State *L) {
  wf_catalog *catalog = check(L);
  luaL_checktype(L, 3, LUA_TTABLE);
  wf_step_record record = {
      .run = luaL_checkinteger(L, 2),
      .name = text_field(L, 3, "name"),
      .kind = text_field(L, 3, "kind"),
      .state = state_field(L, 3),
      .message = luaL_optstring(L, 7, NULL),
      .outcome_json = luaL_optstring(L, 6, NULL),
      .log_path = text_field(L, 3, "log_path"),
      .key = luaL_optstring(L, 4, NULL),
      .why = text_field(L, 3, "why"),
      .result = lua_tointeger(L, 5),
      .nth = integer_field(L, 3, "nth"),
      .started_us = integer_field(L, 3, "started_us"),
  };
  luaL_argcheck(L, record.name && record.kind, 3, "a step has a name and a kind");
  wf_result_record made;
  int64_t step;
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_add_step(&step, catalog, &record, opt_result(L, 5, &made), &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_pushinteger(L, step);
  return 1;
}

static int step_set_durable(lua_State *L) {
  wf_catalog_set_durable_steps(check(L), lua_toboolean(L, 2));
  return 0;
}

/* ---- files --------------------------------------------------------------------------------------
 */

enum { ATTEMPTS = 5, SETTLED_NS = 50 * 1000 * 1000 };

static int64_t nanoseconds(struct timespec t) { return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec; }

/* False when there is no regular file. */
static bool identify(wf_file_identity *out, const char *path, bool *absent) {
  struct stat info;
  *absent = stat(path, &info) != 0 && (errno == ENOENT || errno == ENOTDIR);
  if (*absent || !S_ISREG(info.st_mode)) return false;
  *out = (wf_file_identity){(int64_t)info.st_dev, (int64_t)info.st_ino, (int64_t)info.st_size,
                            nanoseconds(info.st_mtim), nanoseconds(info.st_ctim)};
  return true;
}

static bool same(const wf_file_identity *a, const wf_file_identity *b) {
  return a->device == b->device && a->inode == b->inode && a->size == b->size &&
         a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

/* Times of files are coarse: one that was changed a moment ago may change again and keep them. Only
 * an identity older than that stands for contents. A clock set back makes it look new: safe. */
static bool is_settled(const wf_file_identity *file) {
  int64_t now = wf_clock_wall_us() * 1000;
  return file->ctime_ns < now - SETTLED_NS && file->mtime_ns < now - SETTLED_NS;
}

static int push_identity(lua_State *L, const wf_file_identity *file) {
  char text[120];
  if (!is_settled(file)) return 0;
  int n = snprintf(text, sizeof text, "%llx.%llx.%llx.%llx.%llx", (unsigned long long)file->device,
                   (unsigned long long)file->inode, (unsigned long long)file->size,
                   (unsigned long long)file->mtime_ns, (unsigned long long)file->ctime_ns);
  lua_pushlstring(L, text, (size_t)n);
  return 1;
}

/* identity(path) → text | nil: of a regular file that has not changed a moment ago */
static int step_identity(lua_State *L) {
  wf_file_identity file;
  bool absent;
  return identify(&file, luaL_checkstring(L, 1), &absent) ? push_identity(L, &file) : 0;
}

/* Hashes until the file is the same before and after. */
static wf_status hash_quiet(wf_digest *digest, wf_file_identity *file, const char *path,
                            wf_error *err) {
  for (int i = 0; i < ATTEMPTS; i++) {
    WF_TRY(wf_digest_file(digest, path, err));
    wf_file_identity after;
    bool absent;
    if (identify(&after, path, &absent) && same(file, &after)) return WF_OK;
    if (absent) break;
    *file = after;
  }
  return wf_fail(err, WF_BUSY, "%s: is being written to", path);
}

static wf_status digest_of(char text[65], wf_file_identity *file, wf_catalog *catalog,
                           const char *path, bool verify, wf_error *err) {
  bool found = false;
  if (!verify) WF_TRY(wf_catalog_find_file(&found, text, catalog, file, err));
  if (found) return WF_OK;
  wf_digest digest;
  WF_TRY(hash_quiet(&digest, file, path, err));
  wf_digest_format(&digest, text);
  return is_settled(file) ? wf_catalog_remember_file(catalog, file, text, err) : WF_OK;
}

/* file_digest(catalog, path[, verify]) → digest, identity | "absent" | nil (no regular file).
 * `verify` reads the file whatever is remembered of it. */
static int step_file_digest(lua_State *L) {
  wf_catalog *catalog = check(L);
  const char *path = luaL_checkstring(L, 2);
  wf_file_identity file;
  bool absent;
  if (!identify(&file, path, &absent)) {
    if (absent) lua_pushliteral(L, "absent");
    return absent;
  }
  char text[WF_DIGEST_TEXT];
  wf_error err = WF_ERROR_INIT;
  if (digest_of(text, &file, catalog, path, lua_toboolean(L, 3), &err) != WF_OK)
    return wfl_raise_path(L, &err, path);
  lua_pushstring(L, text);
  return 1 + push_identity(L, &file);
}

/* digest(text) → 64 hexadecimal digits */
static int step_digest(lua_State *L) {
  size_t size;
  const char *data = luaL_checklstring(L, 1, &size);
  wf_digest digest;
  wf_error err = WF_ERROR_INIT;
  if (wf_digest_bytes(&digest, data, size, &err) != WF_OK) return wfl_raise(L, &err);
  char text[WF_DIGEST_TEXT];
  wf_digest_format(&digest, text);
  lua_pushstring(L, text);
  return 1;
}

/* ---- observing, random numbers ------------------------------------------------------------------
 */

static int step_observe(lua_State *L) {
  luaL_argexpected(L, lua_isnoneornil(L, 1) || lua_isfunction(L, 1), 1, "function or nil");
  lua_settop(L, 1);
  wfl_trace_observe(L, 1);
  return 0;
}

static int step_on_print(lua_State *L) {
  luaL_argexpected(L, lua_isnoneornil(L, 1) || lua_isfunction(L, 1), 1, "function or nil");
  lua_settop(L, 1);
  wfl_trace_on_print(L, 1);
  return 0;
}

static int step_module_files(lua_State *L) {
  wfl_trace_push_module_files(L, luaL_checkstring(L, 1));
  return 1;
}

/* The state of math.random is a userdata that its functions share as their upvalue. */
static void *random_state(lua_State *L, size_t *size) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "math");
  lua_getfield(L, -1, "randomseed");
  void *state = lua_getupvalue(L, -1, 1) ? lua_touserdata(L, -1) : NULL;
  if (!state) luaL_error(L, "math.random has no state");
  *size = lua_rawlen(L, -1);
  return state;
}

/* Fifteen hexadecimal digits as an integer. */
static lua_Integer parse_digits(lua_State *L, const char *digits) {
  char text[16] = "", *end;
  memcpy(text, digits, 15);
  lua_Integer value = (lua_Integer)strtoll(text, &end, 16);
  if (*end) luaL_error(L, "a key has 64 hexadecimal digits");
  return value;
}

/* seed_random(key) → bytes: seeds math.random by a key; restore_random(bytes) undoes it */
static int step_seed_random(lua_State *L) {
  size_t size, digits;
  const char *key = luaL_checklstring(L, 1, &digits);
  luaL_argcheck(L, digits == WF_DIGEST_TEXT - 1, 1, "a key has 64 hexadecimal digits");
  lua_Integer high = parse_digits(L, key), low = parse_digits(L, key + 15);
  void *state = random_state(L, &size);
  lua_pushlstring(L, state, size);
  lua_rotate(L, -3, 1); /* below math.randomseed and the state */
  lua_pop(L, 1);
  lua_pushinteger(L, high);
  lua_pushinteger(L, low);
  lua_call(L, 2, 0);
  return 1;
}

static int step_restore_random(lua_State *L) {
  size_t size, given;
  const char *bytes = luaL_checklstring(L, 1, &given);
  void *state = random_state(L, &size);
  luaL_argcheck(L, given == size, 1, "not a state of math.random");
  memcpy(state, bytes, size);
  return 0;
}

int wfl_open_step(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"add", step_add},
      {"digest", step_digest},
      {"file_digest", step_file_digest},
      {"find_results", step_find_results},
      {"finish", step_finish},
      {"forget_result", step_forget_result},
      {"get_result", step_get_result},
      {"identity", step_identity},
      {"latest_result", step_latest_result},
      {"list_results", step_list_results},
      {"module_files", step_module_files},
      {"observe", step_observe},
      {"on_print", step_on_print},
      {"remote_digest", wfl_remote_digest},
      {"restore_random", step_restore_random},
      {"search_results", step_search_results},
      {"seed_random", step_seed_random},
      {"set_durable", step_set_durable},
      {NULL, NULL},
  };
  luaL_newlib(L, functions);
  return 1;
}
