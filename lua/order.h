/* lua/order.h — a table's keys in an order that never changes: pairs() gives another one each run.
 */
#ifndef WFL_ORDER_H
#define WFL_ORDER_H

#include <lua.h>

/* Pushes a sequence of the keys of the table at `index`: booleans, then numbers, then strings, each
 * in ascending order (strings as bytes). Returns how many, or -1 and pushes the first key of
 * another type instead. */
lua_Integer wfl_push_sorted_keys(lua_State *L, int index);

#endif
