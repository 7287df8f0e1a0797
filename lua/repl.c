/* repl.c — read, run, show, again.
 *
 * An input is tried as an expression first and then as statements; one that ends too early (the
 * parser stops at <eof>) goes on with another line. Results are shown by wf.pretty, frames as
 * tables. Locals live as long as their input; globals stay. */
#include "repl.h"

#include "bind.h"
#include "complete.h"
#include "error.h"
#include "interrupt.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- running ------------------------------------------------------------------------------------
 */

/* Pushes the input as a function, or the parser's message; a luaL_loadbuffer status. */
static int load_input(lua_State *L, const char *text, size_t size) {
  const char *expression = lua_pushfstring(L, "return %s", text);
  int status = luaL_loadbufferx(L, expression, strlen(expression), "=input", "t");
  if (status != LUA_OK) {
    lua_pop(L, 1);
    status = luaL_loadbufferx(L, text, size, "=input", "t");
  }
  lua_remove(L, -2);
  return status;
}

/* Argument: the input. Pushes whether it ends too early. */
static int do_check(lua_State *L) {
  size_t size, length;
  const char *text = lua_tolstring(L, 1, &size);
  bool early = false;
  if (load_input(L, text, size) == LUA_ERRSYNTAX) {
    const char *message = lua_tolstring(L, -1, &length);
    early = length >= 5 && strcmp(message + length - 5, "<eof>") == 0;
  }
  lua_pushboolean(L, early);
  return 1;
}

static int push_input(lua_State *L) {
  const wf_bytes *text = lua_touserdata(L, 1);
  lua_pushlstring(L, text->data ? text->data : "", text->size);
  return 1;
}

/* Enter on an input that ends too early begins a new line; twice, it is run to show the error. */
static bool is_whole(void *state, const char *text, size_t size) {
  lua_State *L = state;
  wf_bytes view = {.data = (char *)(uintptr_t)text, .size = size};
  bool early = false;
  if (size > 0 && text[size - 1] == '\n') return true;
  lua_pushcfunction(L, do_check);
  lua_pushcfunction(L, push_input);
  lua_pushlightuserdata(L, &view);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_pcall(L, 1, 1, 0) == LUA_OK)
    early = lua_toboolean(L, -1);
  lua_settop(L, 0);
  return !early;
}

/* Pushes the value as text, as wf.pretty has it. */
static const char *push_shown(lua_State *L, int index, size_t *size) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "wf.pretty");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "format");
  lua_pushvalue(L, index);
  lua_call(L, 1, 1);
  return lua_tolstring(L, -1, size);
}

/* Argument: the input. Runs it and shows its values. */
static int do_run(lua_State *L) {
  const wf_bytes *text = lua_touserdata(L, 1);
  if (load_input(L, text->data, text->size) != LUA_OK) {
    wfl_push_error(L, "parse", lua_tostring(L, -1));
    lua_pushliteral(L, "");
    lua_setfield(L, -2, "traceback");
    lua_pushnil(L);
    lua_setfield(L, -2, "where");
    return lua_error(L);
  }
  lua_call(L, 0, LUA_MULTRET);
  int n = lua_gettop(L);
  luaL_checkstack(L, 10, "too many results");
  for (int i = 2; i <= n; i++) {
    size_t size;
    const char *shown = push_shown(L, i, &size);
    wfl_emit(L, WFL_OUTPUT, shown ? shown : "?", shown ? size : 1);
    lua_settop(L, n);
  }
  return 0;
}

/* Shows the error on the top. */
static void show_error(lua_State *L) {
  wf_error err = WF_ERROR_INIT;
  wfl_describe(L, &err);
  const char *traceback = wfl_traceback(L);
  wfl_emit(L, WFL_PROGRESS, err.message, strlen(err.message));
  if (*traceback && !wfl_error_is(L, "canceled"))
    wfl_emit(L, WFL_PROGRESS, traceback, strlen(traceback));
}

/* False when the input ended the session; `status` is then what it asked for. */
static bool run(lua_State *L, const wf_bytes *text, int *status) {
  bool going = true;
  lua_pushcfunction(L, do_run);
  lua_pushlightuserdata(L, (void *)(uintptr_t)text);
  if (wfl_call(L, 1, 0) != LUA_OK) {
    if (wfl_error_is(L, "exit")) {
      *status = wfl_exit_status(L);
      going = false;
    } else {
      show_error(L);
    }
  }
  lua_settop(L, 0);
  return going;
}

/* ---- the session --------------------------------------------------------------------------------
 */

static void complete(void *state, const char *text, size_t cursor, wfl_candidates *out) {
  wfl_complete(state, text, cursor, out);
}

/* "$XDG_STATE_HOME/wf/history", its directory made; false when there is no home. */
static bool history_path(char *out, size_t size) {
  const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  bool given = state && *state;
  if (!given && !(home && *home)) return false;
  int n = snprintf(out, size, "%s%s/wf", given ? state : home, given ? "" : "/.local/state");
  wf_error err;
  if (n < 0 || (size_t)n + sizeof "/history" > size) return false;
  if (wf_make_directories(out, 0700, &err) != WF_OK) return false;
  memcpy(out + n, "/history", sizeof "/history");
  return true;
}

static int session(wfl_context *context, void (*rearm)(wfl_context *context),
                   const wfl_line_options *options) {
  lua_State *L = context->L;
  wfl_line line = {.in = STDIN_FILENO, .out = STDOUT_FILENO};
  wf_bytes text = {0};
  wf_error err;
  int status = 0;
  for (bool going = true; going;) {
    switch (wfl_line_read(&text, &line, options)) {
    case WFL_LINE_INTERRUPT: break;
    case WFL_LINE_END: going = false; break;
    case WFL_LINE_FAILED:
      status = 1;
      going = false;
      break;
    case WFL_LINE_TEXT:
      if (wfl_history_add(options->history, text.data, &err) != WF_OK)
        wfl_emit(L, WFL_PROGRESS, err.message, strlen(err.message));
      rearm(context);
      wfl_rearm(context);
      going = run(L, &text, &status);
      fflush(stdout);
    }
  }
  wf_bytes_dispose(&text);
  return status;
}

int wfl_repl(wfl_context *context, void (*rearm)(wfl_context *context)) {
  char path[4096], banner[128];
  wf_error err = WF_ERROR_INIT;
  wfl_history history;
  bool kept = history_path(path, sizeof path);
  if (wfl_history_open(&history, kept ? path : NULL, &err) != WF_OK) return 1;
  wfl_line_options options = {.prompt = "wf> ",
                              .more = "  > ",
                              .history = &history,
                              .is_whole = is_whole,
                              .complete = complete,
                              .context = context->L};
  int n = snprintf(banner, sizeof banner, "wf %s, %s. Tab completes, ctrl-D ends.", wf_version(),
                   LUA_RELEASE);
  wfl_emit(context->L, WFL_OUTPUT, banner, (size_t)n);
  fflush(stdout);
  int status = session(context, rearm, &options);
  wfl_history_close(&history);
  return status;
}
