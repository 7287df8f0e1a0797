/* error.c — error objects.
 *
 * C code that holds nothing but a lua_State after a failed call must read the error without risking
 * another one, so every reader here works through a protected call that gets its arguments as a
 * light pointer: none of its own set-up allocates. */
#include "error.h"

#include "bind.h"

#include "base/error.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

static bool is_error(lua_State *L, int index) {
  if (!lua_istable(L, index) || !lua_getmetatable(L, index)) return false;
  luaL_getmetatable(L, "wf.error");
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

static int error_tostring(lua_State *L) {
  lua_getfield(L, 1, "message");
  luaL_tolstring(L, -1, NULL);
  return 1;
}

static int error_concat(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  luaL_tolstring(L, 2, NULL);
  lua_concat(L, 2);
  return 1;
}

void wfl_open_errors(lua_State *L) {
  luaL_newmetatable(L, "wf.error");
  lua_pushcfunction(L, error_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushcfunction(L, error_concat);
  lua_setfield(L, -2, "__concat");
  lua_pop(L, 1);
}

/* Where "file:line: " at the start of a message ends; 0 when it does not start so. */
static size_t position_length(const char *text) {
  for (const char *colon = strchr(text, ':'); colon; colon = strchr(colon + 1, ':')) {
    size_t digits = strspn(colon + 1, "0123456789");
    if (digits && strncmp(colon + 1 + digits, ": ", 2) == 0)
      return (size_t)(colon - text) + digits + 1;
  }
  return 0;
}

/* Pushes an error object for the text at 1, split into place and message. */
static void push_text_error(lua_State *L) {
  const char *text = lua_tostring(L, 1);
  size_t place = position_length(text);
  wfl_push_error(L, "script", place ? text + place + 2 : text);
  if (!place) return;
  lua_pushlstring(L, text, place);
  lua_setfield(L, -2, "where");
}

/* Pushes an error object for the value at 1, which is none. */
static void push_converted(lua_State *L) {
  if (lua_type(L, 1) == LUA_TSTRING) {
    push_text_error(L);
    return;
  }
  if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING)
    wfl_push_error(L, "script", lua_tostring(L, -1));
  else
    wfl_push_error(L, "script",
                   lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1)));
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "value");
}

int wfl_handler(lua_State *L) {
  lua_settop(L, 1);
  if (!is_error(L, 1)) push_converted(L);
  if (lua_getfield(L, -1, "traceback") == LUA_TNIL) {
    luaL_traceback(L, L, NULL, 1);
    lua_setfield(L, -3, "traceback");
  }
  lua_pop(L, 1);
  return 1;
}

int wfl_call(lua_State *L, int n_args, int n_results) {
  int base = lua_gettop(L) - n_args;
  lua_pushcfunction(L, wfl_handler);
  lua_insert(L, base);
  int status = lua_pcall(L, n_args, n_results, base);
  lua_remove(L, base);
  return status;
}

/* ---- reading without raising --------------------------------------------------------------------
 */

typedef struct reading {
  wf_error *err;
  const char *code; /* to compare with */
  const char *traceback;
  int exit_status;
  bool is_code;
} reading;

/* Runs reader(value, reading) protected; false when memory is out. */
static bool read_error(lua_State *L, lua_CFunction reader, reading *into) {
  if (!lua_checkstack(L, 4)) return false;
  lua_pushcfunction(L, reader);
  lua_pushvalue(L, -2);
  lua_pushlightuserdata(L, into);
  bool done = lua_pcall(L, 2, 0, 0) == LUA_OK;
  if (!done) lua_pop(L, 1);
  return done;
}

static wf_status status_of_code(const char *code) {
#define BY_NAME(name, text) \
  if (strcmp(code, text) == 0) return WF_##name;
  WF_STATUS_MAP(BY_NAME)
#undef BY_NAME
  return WF_INVALID;
}

/* The field's text; `otherwise` when it is no string. The object keeps it alive. */
static const char *text_of(lua_State *L, const char *field, const char *otherwise) {
  const char *text = lua_getfield(L, 1, field) == LUA_TSTRING ? lua_tostring(L, -1) : otherwise;
  lua_pop(L, 1);
  return text;
}

static int integer_of(lua_State *L, const char *field) {
  lua_getfield(L, 1, field);
  int value = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return value;
}

static int read_description(lua_State *L) {
  reading *into = lua_touserdata(L, 2);
  if (!lua_istable(L, 1)) {
    const char *text = luaL_tolstring(L, 1, NULL);
    wf_status status = strcmp(text, "not enough memory") == 0 ? WF_NOMEM : WF_INVALID;
    wf_fail(into->err, status, "%s", text);
    return 0;
  }
  const char *where = text_of(L, "where", NULL);
  const char *message = text_of(L, "message", "(error without a message)");
  wf_fail_at(into->err, status_of_code(text_of(L, "code", "")), integer_of(L, "line"),
             integer_of(L, "column"), "%s%s%s", where ? where : "", where ? ": " : "", message);
  return 0;
}

wf_status wfl_describe(lua_State *L, wf_error *err) {
  wf_error local = WF_ERROR_INIT;
  reading into = {.err = &local};
  if (!read_error(L, read_description, &into)) wf_fail_nomem(&local);
  if (err) *err = local;
  return local.status;
}

static int read_traceback(lua_State *L) {
  reading *into = lua_touserdata(L, 2);
  if (lua_istable(L, 1)) into->traceback = text_of(L, "traceback", "");
  return 0;
}

const char *wfl_traceback(lua_State *L) {
  reading into = {.traceback = ""};
  return read_error(L, read_traceback, &into) ? into.traceback : "";
}

static int read_exit(lua_State *L) {
  static const struct {
    const char *code;
    int status;
  } table[] = {{"rejected", 3}, {"awaiting", 4}, {"usage", 2}, {"help", 0}, {"canceled", 130}};
  reading *into = lua_touserdata(L, 2);
  if (!lua_istable(L, 1)) return 0;
  const char *code = text_of(L, "code", "");
  if (strcmp(code, "exit") == 0) into->exit_status = integer_of(L, "status");
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (strcmp(code, table[i].code) == 0) into->exit_status = table[i].status;
  return 0;
}

int wfl_exit_status(lua_State *L) {
  reading into = {.exit_status = 1};
  return read_error(L, read_exit, &into) ? into.exit_status : 1;
}

static int read_code(lua_State *L) {
  reading *into = lua_touserdata(L, 2);
  if (lua_istable(L, 1)) into->is_code = strcmp(text_of(L, "code", ""), into->code) == 0;
  return 0;
}

bool wfl_error_is(lua_State *L, const char *code) {
  reading into = {.code = code};
  return read_error(L, read_code, &into) && into.is_code;
}
