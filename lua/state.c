/* state.c — building a Lua state.
 *
 * The standard libraries stay what scripts expect, but for these: print and warn go through the
 * sink; load, loadfile and dofile take text only (damaged bytecode crashes the interpreter);
 * os.exit raises, so that a host lives on and open runs are ended properly; os.setlocale is absent,
 * since the locale belongs to the whole process; math.random starts from a fixed seed.
 *
 * Set-up runs in one protected call: running out of memory half-way closes the state again. */
#include "state.h"

#include "bind.h"
#include "embed.h"
#include "error.h"
#include "interrupt.h"
#include "modules.h"
#include "trace.h"

#include "base/alloc.h"
#include "base/bytes.h"

#include <errno.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

wfl_context *wfl_context_of(lua_State *L) { return *(wfl_context **)lua_getextraspace(L); }

/* lua_Alloc over base/alloc. Shrinking never fails, as Lua asks. */
static void *allocate(void *unused, void *block, size_t old_size, size_t size) {
  (void)unused;
  if (size == 0) {
    wf_free(block);
    return NULL;
  }
  void *moved = wf_realloc_array(block, size, 1);
  return moved || !block || size > old_size ? moved : block;
}

void wfl_emit(lua_State *L, wfl_channel channel, const char *text, size_t size) {
  wfl_context *context = wfl_context_of(L);
  if (context->sink) context->sink(context->sink_context, channel, text, size);
}

/* ---- replaced functions -------------------------------------------------------------------------
 */

static int print(lua_State *L) {
  int n = lua_gettop(L);
  luaL_Buffer line;
  luaL_buffinit(L, &line);
  for (int i = 1; i <= n; i++) {
    if (i > 1) luaL_addchar(&line, '\t');
    luaL_tolstring(L, i, NULL);
    luaL_addvalue(&line);
  }
  luaL_pushresult(&line);
  size_t size;
  const char *text = lua_tolstring(L, -1, &size);
  if (!wfl_trace_print(L, text, size)) wfl_emit(L, WFL_OUTPUT, text, size);
  return 0;
}

static int os_exit(lua_State *L) {
  lua_Integer status = 0;
  if (lua_isboolean(L, 1))
    status = !lua_toboolean(L, 1);
  else
    status = luaL_optinteger(L, 1, 0);
  wfl_push_error(L, "exit", lua_pushfstring(L, "the script ended with exit status %I", status));
  lua_pushinteger(L, status);
  lua_setfield(L, -2, "status");
  return lua_error(L);
}

/* Calls the original (upvalue 1) with "t" as the mode, its argument number upvalue 2. */
static int load_text_only(lua_State *L) {
  int mode = (int)lua_tointeger(L, lua_upvalueindex(2));
  if (lua_gettop(L) < mode) lua_settop(L, mode);
  lua_pushliteral(L, "t");
  lua_replace(L, mode);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

static int dofile(lua_State *L) {
  const char *path = luaL_optstring(L, 1, NULL);
  lua_settop(L, 1);
  if (luaL_loadfilex(L, path, "t") != LUA_OK) return lua_error(L);
  lua_call(L, 0, LUA_MULTRET);
  return lua_gettop(L) - 1;
}

/* Pieces of one warning arrive with `more`; the context of the warn function is the state. */
static void on_warning(void *state, const char *text, int more) {
  lua_State *L = state;
  wfl_context *context = wfl_context_of(L);
  if (context->warning.size == 0) {
    if (!more && *text == '@') return; /* control messages: warnings are always on */
    wf_bytes_text(&context->warning, "warning: ");
  }
  wf_bytes_text(&context->warning, text);
  if (more) return;
  if (!context->warning.failed)
    wfl_emit(L, WFL_PROGRESS, context->warning.data, context->warning.size);
  wf_bytes_dispose(&context->warning);
}

static void make_text_only(lua_State *L, const char *name, int mode) {
  lua_getglobal(L, name);
  lua_pushinteger(L, mode);
  lua_pushcclosure(L, load_text_only, 2);
  lua_setglobal(L, name);
}

static void set_member(lua_State *L, const char *library, const char *name,
                       lua_CFunction function) {
  lua_getglobal(L, library);
  if (function)
    lua_pushcfunction(L, function);
  else
    lua_pushnil(L);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

static void seed_random(lua_State *L) {
  lua_getglobal(L, "math");
  lua_getfield(L, -1, "randomseed");
  lua_pushinteger(L, 0);
  lua_call(L, 1, 0);
  lua_pop(L, 1);
}

/* Argument 1: the context. */
static int set_up(lua_State *L) {
  wfl_context *context = lua_touserdata(L, 1);
  luaL_openlibs(L);
  lua_register(L, "print", print);
  lua_register(L, "dofile", dofile);
  make_text_only(L, "load", 3);
  make_text_only(L, "loadfile", 2);
  set_member(L, "os", "exit", os_exit);
  set_member(L, "os", "setlocale", NULL);
  if (context->watched) set_member(L, "debug", "sethook", NULL);
  wfl_trace_install(L);
  seed_random(L);
  wfl_open_errors(L);
  wfl_track_coroutines(L);
  wfl_open_modules(L);
  wfl_open_stdlib(L, context->stdlib_dir);
  lua_setwarnf(L, on_warning, L);
  return 0;
}

/* ---- making and ending --------------------------------------------------------------------------
 */

/* Copies `text` unless it is NULL or empty; false when memory is out. */
static bool copy_text(char **out, const char *text) {
  if (!text || !*text) return true;
  *out = wf_strdup(text);
  return *out != NULL;
}

static wf_status build(wfl_context *context, const wfl_settings *settings, wf_error *err) {
  context->sink = settings->sink;
  context->sink_context = settings->sink_context;
  context->watched = settings->watched;
  if (!copy_text(&context->state_dir, settings->state_dir) ||
      !copy_text(&context->executable, settings->executable) ||
      !copy_text(&context->stdlib_dir, getenv("WF_STDLIB")))
    return wf_fail_nomem(err);
  lua_State *L = lua_newstate(allocate, NULL);
  if (!L) return wf_fail_nomem(err);
  context->L = L;
  *(wfl_context **)lua_getextraspace(L) = context;
  atomic_store(&context->running, L);
  lua_pushcfunction(L, set_up);
  lua_pushlightuserdata(L, context);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) return wfl_describe(L, err);
  wfl_rearm(context);
  return WF_OK;
}

wf_status wfl_state_new(wfl_context **out, const wfl_settings *settings, wf_error *err) {
  wfl_context *context = wf_alloc_zero(1, sizeof *context);
  if (!context) return wf_fail_nomem(err);
  wf_status status = build(context, settings, err);
  if (status == WF_OK)
    *out = context;
  else
    wfl_state_free(context);
  return status;
}

void wfl_state_free(wfl_context *context) {
  if (!context) return;
  if (context->L) lua_close(context->L);
  wf_bytes_dispose(&context->warning);
  wf_free(context->state_dir);
  wf_free(context->executable);
  wf_free(context->stdlib_dir);
  wf_free(context);
}

/* ---- loading ------------------------------------------------------------------------------------
 */

/* Puts the script's directory in front of package.path, once. */
static void add_directory(lua_State *L, const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash || strpbrk(path, ";?")) return;
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "path");
  lua_pushlstring(L, path, slash == path ? 1 : (size_t)(slash - path));
  const char *directory = lua_tostring(L, -1);
  const char *entry = lua_pushfstring(L, "%s/?.lua;%s/?/init.lua;", directory, directory);
  const char *old = lua_tostring(L, -3);
  if (old && strncmp(old, entry, strlen(entry)) != 0) {
    lua_pushvalue(L, -3);
    lua_concat(L, 2);
    lua_setfield(L, -4, "path");
  } else {
    lua_pop(L, 1);
  }
  lua_pop(L, 3);
}

/* Turns the message a failed load left into an error object. */
static bool load_failed(lua_State *L, int status, int errnum) {
  const char *code = "parse";
  if (status == LUA_ERRMEM) return false;
  if (status == LUA_ERRFILE) code = errnum == ENOENT ? "not_found" : "io";
  wfl_push_error(L, code, lua_tostring(L, -1));
  lua_pushnil(L);
  lua_setfield(L, -2, "where");
  lua_pushliteral(L, ""); /* nothing ran: no stack to show */
  lua_setfield(L, -2, "traceback");
  lua_replace(L, -2);
  return false;
}

bool wfl_load_script(lua_State *L, const char *path) {
  if (path) add_directory(L, path);
  errno = 0;
  int status = luaL_loadfilex(L, path, "t");
  return status == LUA_OK || load_failed(L, status, errno);
}

bool wfl_load_script_text(lua_State *L, const char *path, const char *text, size_t size) {
  add_directory(L, path);
  size_t skipped = size && text[0] == '#' ? strcspn(text, "\n") : 0; /* as luaL_loadfilex does */
  const char *name = lua_pushfstring(L, "@%s", path);
  bool loaded = wfl_load_text(L, text + skipped, size - skipped, name);
  lua_remove(L, -2);
  return loaded;
}

bool wfl_load_text(lua_State *L, const char *code, size_t size, const char *chunk_name) {
  int status = luaL_loadbufferx(L, code, size, chunk_name, "t");
  return status == LUA_OK || load_failed(L, status, 0);
}
