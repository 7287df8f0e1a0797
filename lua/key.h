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

#include "path.h"

#include "base/bytes.h"
#include "base/digest.h"

#include <lua.h>

enum { WFL_KEY_EARLY = 16 };

typedef struct wfl_range {
  size_t begin, end;
} wfl_range;

/* A value being walked. Stack indices are of what the walker has pushed. */
typedef struct wfl_walker {
  lua_State *L;
  wf_bytes *out;
  int met;                 /* stack index of a table whose keys become the digests of the
                              wf objects that are met; 0: nobody asks */
  int late, held;          /* stack index: identity → number of those met later; values that
                              the walk keeps alive; nil until needed */
  int globals;             /* stack index: of a function that is walked, the set of globals
                              that it reads, nil: none */
  wfl_range code;          /* and where its canonical bytecode is in `out` */
  const void *environment; /* the globals table */
  const void *early[WFL_KEY_EARLY]; /* identities of those met first */
  lua_Integer n_seen;
  int level;
  wfl_path path;
} wfl_walker;

/* Pushes a walker's things; wfl_walk_end pops them. `name` is what error messages call the value.
 * Walking raises; the digest is that of the bytes so far. */
wfl_walker wfl_walk_begin(lua_State *L, const char *name);
void wfl_walk(wfl_walker *walker, int index);
void wfl_walk_digest(wfl_walker *walker, wfl_range range, wf_digest *out);
void wfl_walk_end(wfl_walker *walker);

/* All of it: the key of the value at `index`; `met` as above. */
void wfl_key_of_value(lua_State *L, int index, const char *name, int met, wf_digest *out);

/* Which upvalue of the Lua function at the absolute index is _ENV, counted from 0; -1: none. */
int wfl_env_upvalue(lua_State *L, int function);

/* Whether the userdata at `index` is of a class whose objects never change: their digests are
 * remembered. wfl_key_push_digest pushes one, wfl_key_set_digest takes the text on top as it. */
bool wfl_key_is_frozen(lua_State *L, int index);
void wfl_key_push_digest(lua_State *L, int index);
void wfl_key_set_digest(lua_State *L, int index);

#endif
