/* lua/key.h — content keys: what a Lua value is, as canonical bytes whose SHA-256 names it.
 *
 * Two values have the same key when no program could tell them apart by their content:
 *   nil, booleans      themselves
 *   numbers            integers and floats are different (1 is not 1.0); floats by their bits, so
 * -0.0 is not 0.0; all NaNs are one strings            by their bytes ("1" is not 1) tables by
 * their entries in the order of sorted keys, and their metatable; keys are strings, numbers or
 * booleans; cycles and shared references are kept Lua functions      by canonical bytecode (see
 * bytecode.h), the values of their upvalues, which of them are shared, and the values of the
 * globals they read C functions        by name, when they belong to a standard or wf module; so are
 * those modules wf objects         by their content digest (metamethod __digest) the globals table
 * as itself: what a function reads of it is part of the function Coroutines, other userdata and
 * unknown C functions have no content: an error that names the path to the value. */
#ifndef WFL_KEY_H
#define WFL_KEY_H

#include "base/digest.h"

#include <lua.h>

/* The key of the value at `index`; `name` is what error messages call it. Raises. */
void wfl_key_of_value(lua_State *L, int index, const char *name, wf_digest *out);

/* Of the Lua function at `index`: pushes { code = hex, key = hex, captures = { { name =, kind =
 * "upvalue" | "global", key = hex, text = preview }, … }, objects = { hex, … } | nil }. `code` is
 * the bytecode alone, `key` everything, `objects` the sorted digests of the wf objects in it.
 * Raises. */
void wfl_key_push_closure(lua_State *L, int index);

#endif
