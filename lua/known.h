/* lua/known.h — what every wf process has under the same name: the standard modules, wf's modules,
 * and the functions in them. They are keyed and passed between processes by name, never by content.
 */
#ifndef WFL_KNOWN_H
#define WFL_KNOWN_H

#include <lua.h>
#include <stdbool.h>

/* Pushes the name of the table or function at `index` ("string.format", "wf.csv") and returns true,
 * or pushes nothing. */
bool wfl_push_known_name(lua_State *L, int index);

/* A module has been loaded: the names are made again when one is needed. */
void wfl_forget_known_names(lua_State *L);

/* Pushes the value of that name, loading its module when needed; nil when there is none. Raises
 * what loading raises. */
void wfl_push_known_value(lua_State *L, const char *name);
/* The same for a module: one that is loaded, or one of wf's own. */
void wfl_push_known_module(lua_State *L, const char *name);

#endif
