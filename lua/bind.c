/* bind.c — boxes and errors for the modules.
 *
 * A class keeps how to dispose of its objects in one closure, which is its __gc, its __close and,
 * where it has one, its `close` method; it empties the box first, so that it runs once whatever
 * calls it and in whatever order.
 *
 * An error object remembers where the script was (`where`): the innermost Lua function that is not
 * part of the embedded library, because "csv.read failed at line 12 of your file" helps and a line
 * of wf's own code does not. */
#include "bind.h"

#include "interrupt.h"
#include "state.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <string.h>

/* ---- boxes --------------------------------------------------------------------------------------
 */

typedef struct disposer {
  const char *type;
  void (*dispose)(void *);
} disposer;

static int dispose_box(lua_State *L) {
  const disposer *how = lua_touserdata(L, lua_upvalueindex(1));
  wfl_box *box = luaL_checkudata(L, 1, how->type);
  void *ptr = box->ptr;
  box->ptr = NULL;
  if (ptr) how->dispose(ptr);
  lua_pushnil(L);
  lua_setiuservalue(L, 1, 1); /* one that was never filled stays closed */
  return 0;
}

int wfl_close(lua_State *L) { return luaL_error(L, "not a class method"); }

wfl_box *wfl_newbox(lua_State *L, const char *type) {
  wfl_box *box = lua_newuserdatauv(L, sizeof *box, 1);
  box->ptr = NULL; /* closed until filled, so __gc is safe from here on */
  luaL_setmetatable(L, type);
  return box;
}

void wfl_push_lazy(lua_State *L, const char *type) {
  wfl_newbox(L, type);
  lua_insert(L, -2);
  lua_setiuservalue(L, -2, 1);
}

/* The contents of the box at `index`, made now when it is one that is filled when it is needed. */
static void *contents(lua_State *L, int index, wfl_box *box, const char *type) {
  if (box->ptr) return box->ptr;
  index = lua_absindex(L, index);
  luaL_checkstack(L, 8, NULL);
  if (lua_getiuservalue(L, index, 1) == LUA_TFUNCTION) {
    lua_call(L, 0, 1);
    wfl_box *made = luaL_checkudata(L, -1, type);
    if (!box->ptr) { /* unless making it has needed it */
      box->ptr = made->ptr;
      made->ptr = NULL;
    }
    lua_pushnil(L);
    lua_setiuservalue(L, index, 1);
  }
  lua_pop(L, 1);
  return box->ptr;
}

void *wfl_check(lua_State *L, int arg, const char *type) {
  wfl_box *box = luaL_checkudata(L, arg, type);
  void *ptr = contents(L, arg, box, type);
  luaL_argcheck(L, ptr != NULL, arg, "already closed");
  return ptr;
}

void *wfl_test(lua_State *L, int arg, const char *type) {
  wfl_box *box = luaL_testudata(L, arg, type);
  return box ? contents(L, arg, box, type) : NULL;
}

/* Sets the functions of `list` in the table below the disposing closure on the top. */
static void set_functions(lua_State *L, const luaL_Reg *list) {
  for (; list && list->name; list++) {
    if (list->func == wfl_close)
      lua_pushvalue(L, -1);
    else
      lua_pushcfunction(L, list->func);
    lua_setfield(L, -3, list->name);
  }
}

void wfl_class(lua_State *L, const char *type, const luaL_Reg *meta, const luaL_Reg *methods,
               void (*dispose)(void *)) {
  if (!luaL_newmetatable(L, type)) {
    lua_pop(L, 1);
    return;
  }
  disposer *how = lua_newuserdatauv(L, sizeof *how, 0);
  *how = (disposer){type, dispose};
  lua_pushcclosure(L, dispose_box, 1); /* metatable closure */
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__gc");
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__close");
  set_functions(L, meta);
  lua_newtable(L);
  lua_insert(L, -2); /* metatable methods closure */
  set_functions(L, methods);
  lua_pop(L, 1);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "methods"); /* for completion, and for an __index of the class's own */
  if (lua_getfield(L, -2, "__index") == LUA_TFUNCTION) {
    lua_CFunction index = lua_tocfunction(L, -1);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, index, 1);
    lua_setfield(L, -4, "__index");
  } else {
    lua_pushvalue(L, -2);
    lua_setfield(L, -4, "__index");
  }
  lua_pop(L, 3);
}

const char *wfl_check_text(lua_State *L, int arg) {
  size_t size;
  const char *text = luaL_checklstring(L, arg, &size);
  luaL_argcheck(L, strlen(text) == size, arg, "holds a zero byte");
  return text;
}

const char *wfl_opt_text(lua_State *L, int arg, const char *otherwise) {
  return lua_isnoneornil(L, arg) ? otherwise : wfl_check_text(L, arg);
}

void *wfl_scratch(lua_State *L, size_t n, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(n, size, &bytes) || bytes > (size_t)PTRDIFF_MAX)
    luaL_error(L, "not enough memory");
  return lua_newuserdatauv(L, bytes ? bytes : 1, 0);
}

static void free_text(void *text) { wf_free(text); }

wfl_box *wfl_newtext(lua_State *L) {
  wfl_class(L, "wf.text", NULL, NULL, free_text);
  return wfl_newbox(L, "wf.text");
}

void wfl_push_text(lua_State *L, wfl_box *box, size_t size) {
  lua_pushlstring(L, box->ptr, size);
  wf_free(box->ptr);
  box->ptr = NULL;
}

void wfl_pressure(lua_State *L, size_t bytes) {
  enum { STEP = 8 << 20 };
  wfl_context *context = wfl_context_of(L);
  context->pressure += bytes;
  if (context->pressure < STEP) return;
  size_t kilobytes = context->pressure >> 10;
  context->pressure = 0;
  lua_gc(L, LUA_GCSTEP, kilobytes > INT32_MAX ? INT32_MAX : (int)kilobytes);
}

/* ---- raising ------------------------------------------------------------------------------------
 */

static bool is_library(lua_State *L, const char *source) {
  if (*source != '@') return false;
  if (strncmp(source, "@stdlib/", 8) == 0) return true;
  const char *directory = wfl_context_of(L)->stdlib_dir;
  return directory && strncmp(source + 1, directory, strlen(directory)) == 0;
}

/* Pushes "file:line" of the script, or nil when no Lua function is running. */
static void push_where(lua_State *L) {
  lua_Debug info, best = {.currentline = -1};
  for (int level = 0; lua_getstack(L, level, &info); level++) {
    lua_getinfo(L, "Sl", &info);
    if (info.currentline < 0) continue;
    bool library = is_library(L, info.source);
    if (best.currentline < 0 || !library) best = info;
    if (!library) break;
  }
  if (best.currentline < 0)
    lua_pushnil(L);
  else
    lua_pushfstring(L, "%s:%d", best.short_src, best.currentline);
}

void wfl_push_error(lua_State *L, const char *code, const char *message) {
  luaL_checkstack(L, 8, NULL);
  lua_createtable(L, 0, 6);
  lua_pushstring(L, code);
  lua_setfield(L, -2, "code");
  lua_pushstring(L, message);
  lua_setfield(L, -2, "message");
  push_where(L);
  lua_setfield(L, -2, "where");
  luaL_setmetatable(L, "wf.error");
}

int wfl_raise_path(lua_State *L, const wf_error *err, const char *path) {
  if (err->status == WF_CANCELED) wfl_note_canceled(L);
  wfl_push_error(L, wf_status_name(err->status), err->message);
  if (err->line > 0) {
    lua_pushinteger(L, err->line);
    lua_setfield(L, -2, "line");
  }
  if (err->column > 0) {
    lua_pushinteger(L, err->column);
    lua_setfield(L, -2, "column");
  }
  if (path) {
    lua_pushstring(L, path);
    lua_setfield(L, -2, "path");
  }
  return lua_error(L);
}

int wfl_raise(lua_State *L, const wf_error *err) { return wfl_raise_path(L, err, NULL); }

int wfl_fail(lua_State *L, wf_status status, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *message = lua_pushvfstring(L, format, args);
  va_end(args);
  wfl_push_error(L, wf_status_name(status), message);
  return lua_error(L);
}
