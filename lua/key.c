/* key.c — walking Lua values into canonical bytes.
 *
 * The bytes go into a boxed buffer, so a Lua error on the way (an unhashable value, no memory)
 * leaks nothing. Every table and Lua function gets a number at its first visit and is a reference
 * to that number afterwards: cycles end, sharing is part of the key. Upvalues that several
 * functions share are numbered the same way, by their identity. Standard and wf modules, and the
 * functions in them, are known by name; the list is made from package.loaded and made again when
 * something is not in it, as modules load late.
 *
 * A step is keyed every time that it is asked for, and mostly meets a handful of things: the first
 * of them are remembered in the walker itself, by address. That is safe as all of them are held by
 * the value that is walked, but for what a stand-in returns, which is held apart. */
#include "key.h"

#include "bind.h"
#include "buffer.h"
#include "bytecode.h"
#include "known.h"
#include "modules.h"
#include "value.h"
#include "order.h"

#include <math.h>
#include <string.h>

enum { MAX_LEVELS = 180, SMALL = 128 };

static const char DIGESTS[] = "wf.key.digests";

static void put(wfl_walker *w, char tag, const void *data, size_t size) {
  wf_bytes_char(w->out, tag);
  wf_bytes_add(w->out, data, size);
}

static void put_text(wfl_walker *w, char tag, const char *text, size_t size) {
  uint64_t length = size;
  put(w, tag, &length, sizeof length);
  wf_bytes_add(w->out, text, size);
}

static void put_count(wfl_walker *w, char tag, size_t count) {
  uint64_t number = count;
  put(w, tag, &number, sizeof number);
}

static bool put_known(wfl_walker *w, int index) {
  if (!wfl_push_known_name(w->L, index)) return false;
  size_t size;
  const char *name = lua_tolstring(w->L, -1, &size);
  put_text(w, 'm', name, size);
  lua_pop(w->L, 1);
  return true;
}

static void refuse(wfl_walker *w, const char *what) {
  wfl_fail(w->L, WF_TYPE, "'%s' is %s, which has no content to key a step by", w->path.text, what);
}

/* ---- values -----------------------------------------------------------------------------------
 */

static void walk(wfl_walker *w, int index);

static void walk_number(wfl_walker *w, int index) {
  if (lua_isinteger(w->L, index)) {
    lua_Integer value = lua_tointeger(w->L, index);
    put(w, 'i', &value, sizeof value);
  } else {
    lua_Number value = lua_tonumber(w->L, index);
    if (isnan(value)) value = (lua_Number)NAN;
    put(w, 'd', &value, sizeof value);
  }
}

/* The number of what was met first of all, or -1. */
static lua_Integer find_early(const wfl_walker *w, const void *identity) {
  lua_Integer n = w->n_seen < WFL_KEY_EARLY ? w->n_seen : WFL_KEY_EARLY;
  for (lua_Integer i = 0; i < n; i++)
    if (w->early[i] == identity) return i;
  return -1;
}

static lua_Integer find_late(wfl_walker *w, const void *identity) {
  lua_State *L = w->L;
  lua_Integer number = -1;
  if (lua_istable(L, w->late) && lua_rawgetp(L, w->late, identity) == LUA_TNUMBER)
    number = lua_tointeger(L, -1);
  if (lua_istable(L, w->late)) lua_pop(L, 1);
  return number;
}

static void remember(wfl_walker *w, const void *identity) {
  lua_State *L = w->L;
  if (w->n_seen < WFL_KEY_EARLY) {
    w->early[w->n_seen++] = identity;
    return;
  }
  if (!lua_istable(L, w->late)) {
    lua_newtable(L);
    lua_replace(L, w->late);
  }
  lua_pushinteger(L, w->n_seen++);
  lua_rawsetp(L, w->late, identity);
}

/* True when what has that address was met before: writes a reference. Else numbers it. */
static bool walk_again(wfl_walker *w, const void *identity) {
  lua_Integer number = find_early(w, identity);
  if (number < 0) number = find_late(w, identity);
  if (number < 0) {
    remember(w, identity);
    return false;
  }
  put_count(w, 'r', (size_t)number);
  return true;
}

/* Keeps the value on top for as long as the walk goes on: its address stays its own. */
static void hold(wfl_walker *w) {
  lua_State *L = w->L;
  if (!lua_istable(L, w->held)) {
    lua_newtable(L);
    lua_replace(L, w->held);
  }
  lua_pushvalue(L, -1);
  lua_rawseti(L, w->held, (lua_Integer)lua_rawlen(L, w->held) + 1);
}

static lua_Integer push_keys(wfl_walker *w, int index) {
  lua_Integer count = wfl_push_sorted_keys(w->L, index);
  if (count < 0) {
    lua_pushfstring(w->L, "a table with a %s as a key", luaL_typename(w->L, -1));
    refuse(w, lua_tostring(w->L, -1));
  }
  return count;
}

static void walk_entry(wfl_walker *w, int table, int key) {
  lua_State *L = w->L;
  walk(w, key);
  size_t used = wfl_path_push_key(&w->path, L, key);
  lua_pushvalue(L, key);
  lua_rawget(L, table);
  walk(w, lua_gettop(L));
  lua_pop(L, 1);
  wfl_path_pop(&w->path, used);
}

/* Writes what stands for the metatable: its class's name, or its contents. */
static void walk_metatable(wfl_walker *w, int index) {
  lua_State *L = w->L;
  if (!lua_getmetatable(L, index)) return;
  lua_getfield(L, -1, "__module");
  lua_getfield(L, -2, "__class");
  if (lua_type(L, -1) == LUA_TSTRING && lua_type(L, -2) == LUA_TSTRING) {
    lua_pushfstring(L, "%s %s", lua_tostring(L, -2), lua_tostring(L, -1));
    size_t size;
    const char *text = lua_tolstring(L, -1, &size);
    put_text(w, 'C', text, size);
    lua_pop(L, 4);
    return;
  }
  lua_pop(L, 2);
  size_t used = wfl_path_push(&w->path, ".<metatable>", "", "");
  wf_bytes_char(w->out, 'M');
  walk(w, lua_gettop(L));
  wfl_path_pop(&w->path, used);
  lua_pop(L, 1);
}

/* A table whose metatable has the field __key is keyed by what that function makes of it. */
static bool walk_stand_in(wfl_walker *w, int index) {
  lua_State *L = w->L;
  if (luaL_getmetafield(L, index, "__key") == LUA_TNIL) return false;
  lua_pushvalue(L, index);
  lua_call(L, 1, 1);
  hold(w);
  wf_bytes_char(w->out, 'K');
  walk(w, lua_gettop(L));
  lua_pop(L, 1);
  return true;
}

static void walk_table(wfl_walker *w, int index) {
  lua_State *L = w->L;
  if (walk_stand_in(w, index)) return;
  wfl_finish_object(L, index);
  lua_Integer count = push_keys(w, index);
  int keys = lua_gettop(L);
  put_count(w, 't', (size_t)count);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, keys, i);
    walk_entry(w, index, lua_gettop(L));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  walk_metatable(w, index);
}

/* ---- functions --------------------------------------------------------------------------------
 */

int wfl_env_upvalue(lua_State *L, int function) {
  lua_pushglobaltable(L);
  int found = -1;
  for (int i = 1; found < 0 && lua_getupvalue(L, function, i); i++) {
    if (lua_rawequal(L, -1, -2)) found = i - 1;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return found;
}

typedef struct global_list {
  lua_State *L;
  int place; /* stack index: the set, nil while it is empty */
} global_list;

static void note_global(void *context, wf_view name) {
  global_list *list = context;
  lua_State *L = list->L;
  if (lua_isnil(L, list->place)) {
    lua_newtable(L);
    lua_replace(L, list->place);
  }
  lua_pushlstring(L, name.data, name.size);
  lua_pushboolean(L, 1);
  lua_rawset(L, list->place);
}

/* Appends the function's canonical bytecode; pushes the set of globals it reads, nil for none. */
static void push_code(wfl_walker *w, int function) {
  lua_State *L = w->L;
  lua_pushnil(L);
  global_list globals = {L, lua_gettop(L)};
  wf_bytes *dump = wfl_push_dump(L, function, true);
  wf_error err = WF_ERROR_INIT;
  wf_status status =
      dump->failed
          ? wf_fail_nomem(&err)
          : wfl_bytecode_canonical(w->out, (wf_view){dump->data, dump->size},
                                   wfl_env_upvalue(L, function), note_global, &globals, &err);
  if (status != WF_OK) wfl_raise(L, &err);
  wfl_pop_buffer(L);
}

static void walk_upvalues(wfl_walker *w, int function) {
  lua_State *L = w->L;
  const char *name;
  for (int i = 1; (name = lua_getupvalue(L, function, i)); i++) {
    bool inside = w->path.size > 0;
    size_t used = wfl_path_push(&w->path, inside ? ".<" : "", name, inside ? ">" : "");
    if (!walk_again(w, lua_upvalueid(L, function, i))) walk(w, lua_gettop(L));
    wfl_path_pop(&w->path, used);
    lua_pop(L, 1);
  }
}

/* The globals in the set on top, in the order of their names; pops it. */
static void walk_globals(wfl_walker *w) {
  lua_State *L = w->L;
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return;
  }
  lua_Integer count = push_keys(w, lua_gettop(L));
  int names = lua_gettop(L);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, names, i);
    size_t size;
    const char *name = lua_tolstring(L, -1, &size);
    put_text(w, 'g', name, size);
    bool inside = w->path.size > 0;
    size_t used =
        wfl_path_push(&w->path, inside ? ".<global " : "global ", name, inside ? ">" : "");
    lua_pushglobaltable(L);
    lua_pushvalue(L, -2);
    lua_rawget(L, -2);
    walk(w, lua_gettop(L));
    wfl_path_pop(&w->path, used);
    lua_pop(L, 3);
  }
  lua_pop(L, 2);
}

static void walk_function(wfl_walker *w, int index) {
  lua_State *L = w->L;
  wf_bytes_char(w->out, 'f');
  size_t begin = w->out->size;
  push_code(w, index);
  if (w->level == 1) { /* the value itself: its parts are wanted later */
    w->code = (wfl_range){begin, w->out->size};
    lua_pushvalue(L, -1);
    lua_replace(L, w->globals);
  }
  walk_upvalues(w, index);
  walk_globals(w);
}

/* ---- everything -------------------------------------------------------------------------------
 */

/* Whether objects of this class never change: their digests are remembered. */
bool wfl_key_is_frozen(lua_State *L, int index) {
  static const char *const classes[] = {"wf.frame", "wf.column", "wf.model", "wf.matrix",
                                        "wf.shap"};
  if (luaL_getmetafield(L, index, "__name") != LUA_TSTRING) return false;
  const char *name = lua_tostring(L, -1);
  bool frozen = false;
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
    frozen = frozen || strcmp(name, classes[i]) == 0;
  lua_pop(L, 1);
  return frozen;
}

/* Pushes the table object → digest, which does not keep the objects. */
static void push_digests(lua_State *L) {
  if (luaL_getsubtable(L, LUA_REGISTRYINDEX, DIGESTS)) return;
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
}

/* Writes the digest on top and notes that it was met. */
static void put_digest(wfl_walker *w) {
  lua_State *L = w->L;
  size_t size;
  const char *digest = luaL_checklstring(L, -1, &size);
  put_text(w, 'o', digest, size);
  if (!w->met) return;
  lua_pushvalue(L, -1);
  lua_pushboolean(L, 1);
  lua_rawset(L, w->met);
}

/* Writes the digest that is remembered, if there is one. */
static bool put_remembered(wfl_walker *w, int index) {
  lua_State *L = w->L;
  push_digests(L);
  lua_pushvalue(L, index);
  bool found = lua_rawget(L, -2) == LUA_TSTRING;
  if (found) put_digest(w);
  lua_pop(L, 2);
  return found;
}

/* Remembers the digest on the top of the stack. */
static void remember_digest(lua_State *L, int index) {
  push_digests(L);
  lua_pushvalue(L, index);
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

static void walk_object(wfl_walker *w, int index) {
  lua_State *L = w->L;
  bool frozen = wfl_key_is_frozen(L, index);
  if (frozen && put_remembered(w, index)) return;
  if (luaL_getmetafield(L, index, "__digest") == LUA_TNIL) {
    luaL_tolstring(L, index, NULL);
    refuse(w, lua_tostring(L, -1));
  }
  lua_pushvalue(L, index);
  lua_call(L, 1, 1);
  put_digest(w);
  if (frozen) remember_digest(L, index);
  lua_pop(L, 1);
}

static void walk_reference(wfl_walker *w, int index) {
  lua_State *L = w->L;
  bool function = lua_isfunction(L, index);
  const void *identity = lua_topointer(L, index);
  if (identity == w->environment) {
    wf_bytes_char(w->out, 'G');
    return;
  }
  if (put_known(w, index)) return;
  if (lua_iscfunction(L, index)) refuse(w, "an unknown C function");
  if (walk_again(w, identity)) return;
  if (function)
    walk_function(w, index);
  else
    walk_table(w, index);
}

static void walk(wfl_walker *w, int index) {
  lua_State *L = w->L;
  if (++w->level > MAX_LEVELS) {
    wfl_fail(L, WF_LIMIT, "'%s' is nested deeper than %d levels", w->path.text, MAX_LEVELS);
  }
  luaL_checkstack(L, 20, "value nested too deeply");
  switch (lua_type(L, index)) {
  case LUA_TNIL: wf_bytes_char(w->out, 'n'); break;
  case LUA_TBOOLEAN: wf_bytes_char(w->out, lua_toboolean(L, index) ? 'T' : 'F'); break;
  case LUA_TNUMBER: walk_number(w, index); break;
  case LUA_TSTRING: {
    size_t size;
    const char *text = lua_tolstring(L, index, &size);
    put_text(w, 's', text, size);
    break;
  }
  case LUA_TLIGHTUSERDATA: refuse(w, "a light userdata"); break;
  case LUA_TTABLE:
  case LUA_TFUNCTION: walk_reference(w, index); break;
  case LUA_TUSERDATA: walk_object(w, index); break;
  default: refuse(w, "a coroutine");
  }
  w->level--;
}

wfl_walker wfl_walk_begin(lua_State *L, const char *name) {
  wfl_walker w = {.L = L, .out = wfl_push_buffer(L)};
  lua_pushglobaltable(L);
  w.environment = lua_topointer(L, -1);
  lua_pop(L, 1);
  lua_pushnil(L);
  lua_pushnil(L);
  lua_pushnil(L);
  w.globals = lua_gettop(L);
  w.held = w.globals - 1;
  w.late = w.globals - 2;
  wfl_path_push(&w.path, name, "", "");
  return w;
}

void wfl_walk(wfl_walker *w, int index) { walk(w, index); }

void wfl_walk_digest(wfl_walker *w, wfl_range range, wf_digest *out) {
  wf_error err = WF_ERROR_INIT;
  wf_status status = w->out->failed ? wf_fail_nomem(&err)
                                    : wf_digest_bytes(out, w->out->data + range.begin,
                                                      range.end - range.begin, &err);
  if (status != WF_OK) wfl_raise(w->L, &err);
}

void wfl_walk_end(wfl_walker *w) {
  lua_settop(w->L, w->late - 1);
  wfl_pop_buffer(w->L);
}

/* Whether the value's bytes fit into SMALL. */
static bool is_small(lua_State *L, int index) {
  int type = lua_type(L, index);
  if (type == LUA_TSTRING) return lua_rawlen(L, index) <= SMALL / 2;
  return type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER;
}

/* Most arguments are numbers and short texts: their bytes need no memory. */
static void digest_small(lua_State *L, int index, wf_digest *out) {
  char memory[SMALL];
  wf_bytes bytes = {.data = memory, .capacity = sizeof memory};
  wfl_walker w = {.L = L, .out = &bytes};
  walk(&w, index);
  wfl_walk_digest(&w, (wfl_range){0, bytes.size}, out);
}

void wfl_key_of_value(lua_State *L, int index, const char *name, int met, wf_digest *out) {
  index = lua_absindex(L, index);
  if (is_small(L, index)) {
    digest_small(L, index, out);
    return;
  }
  wfl_walker w = wfl_walk_begin(L, name);
  w.met = met;
  walk(&w, index);
  wfl_walk_digest(&w, (wfl_range){0, w.out->size}, out);
  wfl_walk_end(&w);
}

void wfl_key_push_digest(lua_State *L, int index) {
  index = lua_absindex(L, index);
  push_digests(L);
  lua_pushvalue(L, index);
  if (lua_rawget(L, -2) != LUA_TSTRING) {
    lua_pop(L, 1);
    luaL_getmetafield(L, index, "__digest");
    lua_pushvalue(L, index);
    lua_call(L, 1, 1);
    luaL_checkstring(L, -1);
    remember_digest(L, index);
  }
  lua_remove(L, -2);
}

void wfl_key_set_digest(lua_State *L, int index) { remember_digest(L, lua_absindex(L, index)); }
