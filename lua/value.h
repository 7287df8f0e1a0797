/* lua/value.h — Lua values as bytes and back: what steps return, and what workers are sent.
 *
 * Encoded are nil, booleans, numbers (integers stay integers), strings, tables with keys of those
 * kinds (nested, shared references and cycles kept; equal tables give equal bytes), wf objects,
 * tables of a registered class, known modules and functions by name, and, when asked, Lua functions
 * with their upvalues, shared ones staying shared. Anything else raises an error that names the
 * path to it.
 *
 * wf objects are not in the bytes. Encoding calls `save(object)`, which puts the object in the
 * store and returns two strings (its kind and its digest); decoding calls `load(kind, digest)`. */
#ifndef WFL_VALUE_H
#define WFL_VALUE_H

#include <lua.h>
#include <stdbool.h>

/* Pushes the bytes of the value at `index` as a string. `save` is the stack index of the function.
 */
void wfl_encode_value(lua_State *L, int index, int save, bool functions, const char *name);

/* Pushes the value the bytes at `index` stand for. Damaged bytes raise a wf.error of code corrupt;
 * functions in them are refused unless `functions`. */
void wfl_decode_value(lua_State *L, int index, int load, bool functions);

/* An object that computes parts of itself late does so now: calls __complete of the metatable of
 * the table at `index`, if there is one. What is keyed and what is stored is the whole. */
void wfl_finish_object(lua_State *L, int index);

#endif
