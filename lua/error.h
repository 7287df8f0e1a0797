/* lua/error.h — error objects: what was raised, as a caller in C or a reader wants it.
 *
 * An error object is a table {code, message, where, path, line, column, traceback} with the
 * metatable "wf.error"; tostring gives the message. `where` is the place in the script
 * ("a.lua:12"), line and column a place in the input that was read. Codes are those of
 * wf_status_name, and "error" (raised by Lua itself or by error()), "exit" (os.exit; see `status`),
 * "usage", "help", "rejected". stdlib/wf/errors.lua makes the same objects from Lua. */
#ifndef WFL_ERROR_H
#define WFL_ERROR_H

#include "wf/base.h"

#include <lua.h>

/* Registers the metatable. */
void wfl_open_errors(lua_State *L);

/* Message handler: whatever was raised becomes an error object with a traceback. */
int wfl_handler(lua_State *L);
/* lua_pcall with that handler; on failure one error object is left. */
int wfl_call(lua_State *L, int n_args, int n_results);

/* The error value on the top: its status, and "where: message". Raises nothing and leaves the
 * value.
 */
wf_status wfl_describe(lua_State *L, wf_error *err);
/* Its traceback, borrowed from it; "" when it has none. Raises nothing. */
const char *wfl_traceback(lua_State *L);
/* The exit status it asks for: os.exit's own, 3 for "rejected", 2 for "usage", 0 for "help", 130
 * for "canceled", else 1. Raises nothing. */
int wfl_exit_status(lua_State *L);
/* Whether its code is `code`. Raises nothing. */
bool wfl_error_is(lua_State *L, const char *code);

#endif
