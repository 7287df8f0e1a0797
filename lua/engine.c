/* engine.c — wf/engine.h over a watched state.
 *
 * Every entry runs in one protected call with the message handler at its bottom, so no Lua error
 * leaves the engine and no function here handles a half-done stack: `base` puts it back. A string
 * handed out stays on the stack at a fixed place until the next call.
 *
 * Lua itself formats, reads and compares by the C library, hence by a locale. A script must give
 * the same bytes in every host, so the thread is in the "C" locale while the engine works, as the
 * program `wf` always is; the host's is back before its print callback runs and when a call ends.
 */
#include "wf/engine.h"

#include "bind.h"
#include "error.h"
#include "interrupt.h"
#include "state.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/host_locale.h"

#include <lauxlib.h>
#include <string.h>

struct wf_engine {
  wfl_context *context;
  void (*print)(void *context, const char *line);
  void *print_context;
  char *traceback; /* NULL: none */
  int depth;       /* of calls, when the print callback calls back */
  locale_t host;   /* the thread's locale outside of the engine, while it works */
};

static void hand_over(wf_engine *e, const char *line) {
  locale_t inside = uselocale(e->host);
  e->print(e->print_context, line);
  uselocale(inside);
}

/* A text of several lines is handed over line by line; as a whole when there is no memory for that.
 */
static void on_text(void *engine, wfl_channel channel, const char *text, size_t size) {
  (void)channel;
  wf_engine *e = engine;
  if (!e->print) return;
  const char *end = text + size, *stop;
  wf_bytes line = {0};
  while ((stop = memchr(text, '\n', (size_t)(end - text)))) {
    wf_bytes_clear(&line);
    wf_bytes_add(&line, text, (size_t)(stop - text));
    if (line.failed) break;
    hand_over(e, line.data);
    text = stop + 1;
  }
  wf_bytes_dispose(&line);
  hand_over(e, text);
}

wf_status wf_engine_new(wf_engine **out, const wf_engine_options *options, wf_error *err) {
  wf_engine *engine = wf_alloc_zero(1, sizeof *engine);
  if (!engine) return wf_fail_nomem(err);
  wfl_settings settings = {.sink = on_text, .sink_context = engine, .watched = true};
  if (options) {
    engine->print = options->print;
    engine->print_context = options->context;
    settings.state_dir = options->state_dir;
    settings.executable = options->executable;
  }
  engine->host = wf_locale_enter();
  wf_status status = wfl_state_new(&engine->context, &settings, err);
  wf_locale_leave(engine->host);
  if (status != WF_OK) {
    wf_free(engine);
    return status;
  }
  *out = engine;
  return WF_OK;
}

void wf_engine_free(wf_engine *engine) {
  if (!engine) return;
  engine->host = wf_locale_enter();
  wfl_state_free(engine->context);
  wf_locale_leave(engine->host);
  wf_free(engine->traceback);
  wf_free(engine);
}

void wf_engine_cancel(wf_engine *engine) { wfl_cancel(engine->context); }

const char *wf_engine_traceback(const wf_engine *engine) {
  return engine->traceback ? engine->traceback : "";
}

/* ---- one call -----------------------------------------------------------------------------------
 */

typedef struct call {
  const char *path, *code, *name;
  const char *const *args;
  const wf_value *values; /* arguments */
  size_t n_args;
  wf_value *result; /* may be NULL */
} call;

/* os.exit(0) is success; anything else that was raised is described. */
static wf_status conclude(wf_engine *engine, lua_State *L, wf_error *err) {
  if (wfl_error_is(L, "exit") && wfl_exit_status(L) == 0) return WF_OK;
  engine->traceback = wf_strdup(wfl_traceback(L));
  return wfl_describe(L, err);
}

/* Runs body(call) in the engine's state. What it returns stays on the stack until the next run, so
 * that strings in results live as long. */
static wf_status run_plain(wf_engine *engine, lua_CFunction body, call *what, wf_error *err) {
  lua_State *L = engine->context->L;
  bool outermost = engine->depth == 0;
  if (outermost) {
    lua_settop(L, 0);
    wfl_rearm(engine->context);
  }
  wf_free(engine->traceback);
  engine->traceback = NULL;
  if (!lua_checkstack(L, LUA_MINSTACK)) return wf_fail_nomem(err);
  engine->depth++;
  lua_pushcfunction(L, body);
  lua_pushlightuserdata(L, what);
  wf_status status = WF_OK;
  if (wfl_call(L, 1, 1) != LUA_OK) {
    status = conclude(engine, L, err);
    lua_pop(L, 1);
  }
  engine->depth--;
  return status;
}

/* The print callback may have entered another locale before it calls back: each call has its own.
 */
static wf_status run(wf_engine *engine, lua_CFunction body, call *what, wf_error *err) {
  locale_t outer = engine->host, before = wf_locale_enter();
  engine->host = before;
  wf_status status = run_plain(engine, body, what, err);
  engine->host = outer;
  wf_locale_leave(before);
  return status;
}

static void push_value(lua_State *L, const wf_value *value) {
  switch (value->kind) {
  case WF_VALUE_BOOLEAN: lua_pushboolean(L, value->boolean); break;
  case WF_VALUE_INTEGER: lua_pushinteger(L, value->integer); break;
  case WF_VALUE_NUMBER: lua_pushnumber(L, value->number); break;
  case WF_VALUE_STRING: lua_pushlstring(L, value->string, value->size); break;
  case WF_VALUE_NIL:
  case WF_VALUE_OTHER: lua_pushnil(L);
  }
}

static wf_value value_at(lua_State *L, int index) {
  wf_value value = {.kind = WF_VALUE_OTHER};
  switch (lua_type(L, index)) {
  case LUA_TNIL: value.kind = WF_VALUE_NIL; break;
  case LUA_TBOOLEAN:
    value.kind = WF_VALUE_BOOLEAN;
    value.boolean = lua_toboolean(L, index);
    break;
  case LUA_TNUMBER:
    value.kind = lua_isinteger(L, index) ? WF_VALUE_INTEGER : WF_VALUE_NUMBER;
    value.integer = lua_tointeger(L, index);
    value.number = lua_tonumber(L, index);
    break;
  case LUA_TSTRING:
    value.kind = WF_VALUE_STRING;
    value.string = lua_tolstring(L, index, &value.size);
    break;
  default: break;
  }
  return value;
}

/* ---- names --------------------------------------------------------------------------------------
 */

/* Pushes the table that holds the last part of `name` and that part; "a.b.c" from the globals. What
 * is on the way need not be a table: an object that can be indexed is as good. */
static void push_parent(lua_State *L, const char *name) {
  lua_pushglobaltable(L);
  for (const char *dot; (dot = strchr(name, '.')); name = dot + 1) {
    lua_pushlstring(L, name, (size_t)(dot - name));
    lua_gettable(L, -2);
    lua_remove(L, -2);
    if (lua_isnil(L, -1)) return;
  }
  lua_pushstring(L, name);
}

/* Pushes the value at `name`; an error of code not_found when it, or something before it, is nil.
 */
static void push_named(lua_State *L, const char *name) {
  int top = lua_gettop(L);
  push_parent(L, name);
  if (lua_gettop(L) == top + 2) {
    lua_gettable(L, -2);
    lua_remove(L, -2);
  }
  if (lua_isnil(L, -1)) wfl_fail(L, WF_NOTFOUND, "there is no '%s' in the script", name);
}

static int do_get(lua_State *L) {
  call *what = lua_touserdata(L, 1);
  push_named(L, what->name);
  *what->result = value_at(L, -1);
  return 1;
}

static int do_set(lua_State *L) {
  call *what = lua_touserdata(L, 1);
  int top = lua_gettop(L);
  push_parent(L, what->name);
  if (lua_gettop(L) != top + 2)
    return wfl_fail(L, WF_NOTFOUND, "nothing in the script holds '%s'", what->name);
  push_value(L, what->values);
  lua_settable(L, -3);
  return 0;
}

static int do_call(lua_State *L) {
  call *what = lua_touserdata(L, 1);
  push_named(L, what->name);
  luaL_checkstack(L, (int)what->n_args + 1, "too many arguments");
  for (size_t i = 0; i < what->n_args; i++) push_value(L, &what->values[i]);
  lua_call(L, (int)what->n_args, 1);
  if (what->result) *what->result = value_at(L, -1);
  return 1;
}

wf_status wf_engine_get(wf_engine *engine, const char *name, wf_value *result, wf_error *err) {
  return run(engine, do_get, &(call){.name = name, .result = result}, err);
}

wf_status wf_engine_set(wf_engine *engine, const char *name, const wf_value *value, wf_error *err) {
  return run(engine, do_set, &(call){.name = name, .values = value}, err);
}

wf_status wf_engine_call(wf_engine *engine, const char *name, const wf_value *args, size_t n_args,
                         wf_value *result, wf_error *err) {
  if (n_args > 200) return wf_fail(err, WF_LIMIT, "more than 200 arguments");
  call what = {.name = name, .values = args, .n_args = n_args, .result = result};
  return run(engine, do_call, &what, err);
}

/* ---- scripts ------------------------------------------------------------------------------------
 */

/* The global `arg` as lua has it: the script at 0, its arguments from 1. */
static void set_arg(lua_State *L, const call *what) {
  lua_createtable(L, (int)what->n_args, 1);
  lua_pushstring(L, what->path);
  lua_rawseti(L, -2, 0);
  for (size_t i = 0; i < what->n_args; i++) {
    lua_pushstring(L, what->args[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setglobal(L, "arg");
}

static int do_run_file(lua_State *L) {
  const call *what = lua_touserdata(L, 1);
  set_arg(L, what);
  if (!wfl_load_script(L, what->path)) return lua_error(L);
  luaL_checkstack(L, (int)what->n_args + 1, "too many arguments");
  for (size_t i = 0; i < what->n_args; i++) lua_pushstring(L, what->args[i]);
  lua_call(L, (int)what->n_args, 0);
  return 0;
}

static int do_run_string(lua_State *L) {
  const call *what = lua_touserdata(L, 1);
  if (!wfl_load_text(L, what->code, strlen(what->code), what->name)) return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}

wf_status wf_engine_run_file(wf_engine *engine, const char *path, size_t n_args,
                             const char *const *args, wf_error *err) {
  if (n_args > 100000) return wf_fail(err, WF_LIMIT, "more than 100000 arguments");
  return run(engine, do_run_file, &(call){.path = path, .args = args, .n_args = n_args}, err);
}

wf_status wf_engine_run_string(wf_engine *engine, const char *code, const char *chunk_name,
                               wf_error *err) {
  call what = {.code = code, .name = chunk_name ? chunk_name : code};
  return run(engine, do_run_string, &what, err);
}
