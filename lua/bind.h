/* lua/bind.h — what every binding is made of: boxes, checks, raising, options.
 *
 *   static int csv_read(lua_State *L) {
 *     const char *path = luaL_checkstring(L, 1);
 *     wf_error err = WF_ERROR_INIT;
 *     wf_frame *frame;
 *     wfl_box *box = wfl_newbox(L, WFL_FRAME);        the last call that may raise before ownership
 *     if (wf_csv_read(&frame, path, NULL, NULL, &err) != WF_OK) return wfl_raise(L, &err);
 *     box->ptr = frame;
 *     return 1;
 *   }
 *
 * A box holds one pointer, NULL = closed. Make the box first, then acquire, then store: Lua errors
 * are longjmps, and no Lua call that can raise may happen while C memory is held outside a box. */
#ifndef WFL_BIND_H
#define WFL_BIND_H

#include "options.h"

#include "wf/base.h"

#include <lauxlib.h>
#include <lua.h>

typedef struct wfl_box {
  void *ptr;
} wfl_box;

/* Pushes a closed box with the metatable registered as `type`. */
wfl_box *wfl_newbox(lua_State *L, const char *type);
/* Replaces the function on top by a box that is filled by it when its contents are first asked for:
 * it returns another box of that type, whose contents it gives away. */
void wfl_push_lazy(lua_State *L, const char *type);
/* The pointer in the box at `arg`; raises for another type or a closed box. */
void *wfl_check(lua_State *L, int arg, const char *type);
/* The same, or NULL for anything else. */
void *wfl_test(lua_State *L, int arg, const char *type);

/* Registers a metatable once per state: `meta` goes into it, `methods` into its __index (unless
 * `meta` has an __index of its own, which then finds them at upvalue 1). `dispose` becomes __gc and
 * __close: it runs at most once per box, on its pointer. Leaves the stack as it was. */
void wfl_class(lua_State *L, const char *type, const luaL_Reg *meta, const luaL_Reg *methods,
               void (*dispose)(void *));
/* The method `close` of a class whose boxes hold outside resources. */
int wfl_close(lua_State *L);

/* A string argument as C text; one that holds a zero byte is an error, not cut. */
const char *wfl_check_text(lua_State *L, int arg);
const char *wfl_opt_text(lua_State *L, int arg, const char *otherwise);

/* Scratch memory that dies with the Lua value it leaves on the stack; never NULL, aligned for any
 * type, uninitialised. Raises when n * size overflows or memory is out. */
void *wfl_scratch(lua_State *L, size_t n, size_t size);

/* A closed box for memory that the C library hands over (wf_text_free ends it), and its contents as
 * a string: pushes the string and frees the memory. */
wfl_box *wfl_newtext(lua_State *L);
void wfl_push_text(lua_State *L, wfl_box *box, size_t size);

/* ---- raising ------------------------------------------------------------------------------------
 */

/* Raise a wf.error object {code, message, line, column, where}; never return. `path` may be NULL.
 */
int wfl_raise(lua_State *L, const wf_error *err);
int wfl_raise_path(lua_State *L, const wf_error *err, const char *path);
/* The same from a format (as for lua_pushfstring). */
int wfl_fail(lua_State *L, wf_status status, const char *format, ...);
/* Pushes such an object without raising it. */
void wfl_push_error(lua_State *L, const char *code, const char *message);

/* Tells the collector that an object now holds so many bytes outside Lua. */
void wfl_pressure(lua_State *L, size_t bytes);

#endif
