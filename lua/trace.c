/* trace.c — wrappers around the standard functions that read from outside.
 *
 * A wrapper is a C function with the original as its upvalue, so that known.c still knows it by its
 * name. Modules are the hard case: one that is loaded already is not read again, yet a step that
 * requires it depends on its file and on the files of everything it required while it was loaded.
 * That graph is kept from the start of the state: `paths` module → file, `needs` module → set of
 * modules, `loading` the stack of modules whose loading has begun. */
#include "trace.h"

#include "known.h"

#include <lauxlib.h>
#include <string.h>

static const char OBSERVER[] = "wf.trace.observer";
static const char PRINTER[] = "wf.trace.printer";
static const char PATHS[] = "wf.trace.paths";
static const char NEEDS[] = "wf.trace.needs";
static const char LOADING[] = "wf.trace.loading";

/* `digest` NULL: the observer finds out itself. */
static void tell(lua_State *L, const char *kind, const char *name, const char *digest) {
  if (lua_getfield(L, LUA_REGISTRYINDEX, OBSERVER) == LUA_TFUNCTION) {
    lua_pushstring(L, kind);
    lua_pushstring(L, name);
    lua_pushstring(L, digest);
    lua_call(L, 3, 0);
  } else {
    lua_pop(L, 1);
  }
}

void wfl_trace(lua_State *L, const char *kind, const char *name) { tell(L, kind, name, NULL); }

void wfl_trace_remote(lua_State *L, const char *url, const char *digest) {
  tell(L, "remote", url, digest);
}

void wfl_trace_file(lua_State *L, const char *path) { wfl_trace(L, "file", path); }

void wfl_trace_observe(lua_State *L, int index) {
  lua_pushvalue(L, index);
  lua_setfield(L, LUA_REGISTRYINDEX, OBSERVER);
}

bool wfl_trace_is_observed(lua_State *L) {
  bool is = lua_getfield(L, LUA_REGISTRYINDEX, OBSERVER) == LUA_TFUNCTION;
  lua_pop(L, 1);
  return is;
}

void wfl_trace_on_print(lua_State *L, int index) {
  lua_pushvalue(L, index);
  lua_setfield(L, LUA_REGISTRYINDEX, PRINTER);
}

bool wfl_trace_print(lua_State *L, const char *text, size_t size) {
  if (lua_getfield(L, LUA_REGISTRYINDEX, PRINTER) != LUA_TFUNCTION) {
    lua_pop(L, 1);
    return false;
  }
  lua_pushlstring(L, text, size);
  lua_call(L, 1, 1);
  bool taken = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return taken;
}

/* ---- files, environment, clock ------------------------------------------------------------------
 */

static int call_original(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

/* Upvalue 2 is the kind of what argument 1 names. */
static int traced_by_name(lua_State *L) {
  if (lua_type(L, 1) == LUA_TSTRING)
    wfl_trace(L, lua_tostring(L, lua_upvalueindex(2)), lua_tostring(L, 1));
  return call_original(L);
}

/* A file opened to be written is not read. */
static int traced_open(lua_State *L) {
  const char *mode = luaL_optstring(L, 2, "r");
  if (lua_type(L, 1) == LUA_TSTRING && mode[0] == 'r') wfl_trace_file(L, lua_tostring(L, 1));
  return call_original(L);
}

/* Upvalue 2 is the function's name. */
static int traced_clock(lua_State *L) {
  wfl_trace(L, "clock", lua_tostring(L, lua_upvalueindex(2)));
  return call_original(L);
}

/* ---- modules ------------------------------------------------------------------------------------
 */

static void push_table(lua_State *L, const char *name) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, name);
}

void wfl_trace_module(lua_State *L, const char *name, const char *path) {
  wfl_trace_file(L, path);
  push_table(L, PATHS);
  lua_pushstring(L, path);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

/* The module whose loading has begun last needs `name`. */
static void note_need(lua_State *L, const char *name) {
  int top = lua_gettop(L);
  push_table(L, LOADING);
  if (lua_rawgeti(L, -1, luaL_len(L, -1)) == LUA_TSTRING) {
    push_table(L, NEEDS);
    luaL_getsubtable(L, -1, lua_tostring(L, -2));
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, name);
  }
  lua_settop(L, top);
}

static void begin_loading(lua_State *L, const char *name) {
  push_table(L, LOADING);
  lua_pushstring(L, name);
  lua_rawseti(L, -2, luaL_len(L, -2) + 1);
  lua_pop(L, 1);
}

static void end_loading(lua_State *L) {
  push_table(L, LOADING);
  lua_pushnil(L);
  lua_rawseti(L, -2, luaL_len(L, -2));
  lua_pop(L, 1);
}

static bool is_loaded(lua_State *L, const char *name) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  bool loaded = lua_getfield(L, -1, name) != LUA_TNIL;
  lua_pop(L, 2);
  return loaded;
}

static int traced_require(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  bool is_new = !is_loaded(L, name);
  note_need(L, name);
  begin_loading(L, name);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  end_loading(L);
  if (is_new) wfl_forget_known_names(L);
  if (status != LUA_OK) return lua_error(L);
  int n = lua_gettop(L);
  luaL_checkstack(L, 5, NULL);
  lua_getfield(L, LUA_REGISTRYINDEX, OBSERVER);
  if (lua_isfunction(L, -1)) {
    lua_pushliteral(L, "require");
    lua_pushstring(L, name);
    lua_call(L, 2, 0);
  }
  lua_settop(L, n);
  return n;
}

/* Adds the files of `name` to the list at `files`; `met` is the set of modules seen. */
static void add_files(lua_State *L, const char *name, int files, int met) {
  luaL_checkstack(L, 10, "modules require each other too deeply");
  int top = lua_gettop(L);
  if (lua_getfield(L, met, name) == LUA_TNIL) {
    lua_pushboolean(L, 1);
    lua_setfield(L, met, name);
    push_table(L, PATHS);
    if (lua_getfield(L, -1, name) == LUA_TSTRING) lua_rawseti(L, files, luaL_len(L, files) + 1);
    push_table(L, NEEDS);
    if (lua_getfield(L, -1, name) == LUA_TTABLE) {
      int needs = lua_gettop(L);
      lua_pushnil(L);
      for (; lua_next(L, needs); lua_pop(L, 1)) add_files(L, lua_tostring(L, -2), files, met);
    }
  }
  lua_settop(L, top);
}

void wfl_trace_push_module_files(lua_State *L, const char *name) {
  lua_newtable(L);
  lua_newtable(L);
  add_files(L, name, lua_gettop(L) - 1, lua_gettop(L));
  lua_pop(L, 1);
}

/* ---- installing ---------------------------------------------------------------------------------
 */

/* Replaces table.name (the table on the top) by `wrapper` with the original and a text as upvalues.
 */
static void wrap(lua_State *L, const char *name, lua_CFunction wrapper, const char *text) {
  lua_getfield(L, -1, name);
  lua_pushstring(L, text);
  lua_pushcclosure(L, wrapper, 2);
  lua_setfield(L, -2, name);
}

void wfl_trace_install(lua_State *L) {
  lua_pushglobaltable(L);
  wrap(L, "loadfile", traced_by_name, "file");
  wrap(L, "dofile", traced_by_name, "file");
  wrap(L, "require", traced_require, "");
  lua_getfield(L, -1, "io");
  wrap(L, "open", traced_open, "");
  wrap(L, "lines", traced_by_name, "file");
  lua_getfield(L, -2, "os");
  wrap(L, "getenv", traced_by_name, "env");
  wrap(L, "time", traced_clock, "os.time");
  wrap(L, "clock", traced_clock, "os.clock");
  wrap(L, "date", traced_clock, "os.date");
  lua_pop(L, 3);
}
