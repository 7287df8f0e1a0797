/* lua/buffer.h — bytes that grow inside a Lua value: a Lua error on the way leaks nothing. */
#ifndef WFL_BUFFER_H
#define WFL_BUFFER_H

#include "base/bytes.h"

#include <lua.h>

/* Pushes an empty buffer, freed with the value; who takes its bytes checks `failed`. A buffer that
 * is popped with wfl_pop_buffer, from the top of the stack, serves again. */
wf_bytes *wfl_push_buffer(lua_State *L);
void wfl_pop_buffer(lua_State *L);

/* Pushes a buffer that holds the dump of the Lua function at `index`. */
wf_bytes *wfl_push_dump(lua_State *L, int index, bool strip);

#endif
