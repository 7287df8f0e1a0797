/* key.c — walking Lua values into canonical bytes.
 *
 * The bytes go into a boxed buffer, so a Lua error on the way (an unhashable value, no memory)
 * leaks nothing. Every table and Lua function gets a number at its first visit and is a reference
 * to that number afterwards: cycles end, sharing is part of the key. Upvalues that several
 * functions share are numbered the same way, by their identity. Standard and wf modules, and the
 * functions in them, are known by name; the list is made from package.loaded and made again when
 * something is not in it, as modules load late. */
#include "key.h"

#include "buffer.h"
#include "bind.h"
#include "bytecode.h"
#include "known.h"
#include "modules.h"
#include "value.h"
#include "order.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_LEVELS = 180, PATH_SIZE = 200 };

static const char DIGESTS[] = "wf.key.digests";

typedef struct walker {
  lua_State *L;
  wf_bytes *out;
  int seen; /* stack index: object or upvalue identity → number */
  int met;  /* stack index: set of the digests of wf objects that were met; 0: nobody asks */
  lua_Integer n_seen;
  int level;
  char path[PATH_SIZE];
} walker;

static void put(walker *w, char tag, const void *data, size_t size) {
  wf_bytes_char(w->out, tag);
  wf_bytes_add(w->out, data, size);
}

static void put_text(walker *w, char tag, const char *text, size_t size) {
  uint64_t length = size;
  put(w, tag, &length, sizeof length);
  wf_bytes_add(w->out, text, size);
}

static void put_count(walker *w, char tag, size_t count) {
  uint64_t number = count;
  put(w, tag, &number, sizeof number);
}

static bool put_known(walker *w, int index) {
  if (!wfl_push_known_name(w->L, index)) return false;
  size_t size;
  const char *name = lua_tolstring(w->L, -1, &size);
  put_text(w, 'm', name, size);
  lua_pop(w->L, 1);
  return true;
}

/* ---- paths for messages -----------------------------------------------------------------------
 */

static size_t path_push(walker *w, const char *format, const char *name) {
  size_t used = strlen(w->path);
  snprintf(w->path + used, PATH_SIZE - used, format, name);
  return used;
}

static void path_pop(walker *w, size_t used) { w->path[used] = '\0'; }

static void refuse(walker *w, const char *what) {
  wfl_fail(w->L, WF_TYPE, "'%s' is %s, which has no content to key a step by", w->path, what);
}

/* ---- values -----------------------------------------------------------------------------------
 */

static void walk(walker *w, int index);

static void walk_number(walker *w, int index) {
  if (lua_isinteger(w->L, index)) {
    lua_Integer value = lua_tointeger(w->L, index);
    put(w, 'i', &value, sizeof value);
  } else {
    lua_Number value = lua_tonumber(w->L, index);
    if (isnan(value)) value = (lua_Number)NAN;
    put(w, 'd', &value, sizeof value);
  }
}

/* True when the object on top was met before: writes a reference. Else numbers it. Pops it. */
static bool walk_again(walker *w) {
  lua_State *L = w->L;
  lua_pushvalue(L, -1);
  if (lua_rawget(L, w->seen) == LUA_TNUMBER) {
    put_count(w, 'r', (size_t)lua_tointeger(L, -1));
    lua_pop(L, 2);
    return true;
  }
  lua_pop(L, 1);
  lua_pushinteger(L, w->n_seen++);
  lua_rawset(L, w->seen);
  return false;
}

static lua_Integer push_keys(walker *w, int index) {
  lua_Integer count = wfl_push_sorted_keys(w->L, index);
  if (count < 0) {
    lua_pushfstring(w->L, "a table with a %s as a key", luaL_typename(w->L, -1));
    refuse(w, lua_tostring(w->L, -1));
  }
  return count;
}

static void walk_entry(walker *w, int table, int key) {
  lua_State *L = w->L;
  walk(w, key);
  lua_pushvalue(L, key);
  const char *text = luaL_tolstring(L, -1, NULL);
  size_t used = path_push(w, lua_type(L, key) == LUA_TSTRING ? ".%s" : "[%s]", text);
  lua_pop(L, 2);
  lua_pushvalue(L, key);
  lua_rawget(L, table);
  walk(w, lua_gettop(L));
  lua_pop(L, 1);
  path_pop(w, used);
}

/* Writes what stands for the metatable: its class's name, or its contents. */
static void walk_metatable(walker *w, int index) {
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
  size_t used = path_push(w, "%s", ".<metatable>");
  wf_bytes_char(w->out, 'M');
  walk(w, lua_gettop(L));
  path_pop(w, used);
  lua_pop(L, 1);
}

/* A table whose metatable has the field __key is keyed by what that function makes of it. */
static bool walk_stand_in(walker *w, int index) {
  lua_State *L = w->L;
  if (luaL_getmetafield(L, index, "__key") == LUA_TNIL) return false;
  lua_pushvalue(L, index);
  lua_call(L, 1, 1);
  wf_bytes_char(w->out, 'K');
  walk(w, lua_gettop(L));
  lua_pop(L, 1);
  return true;
}

static void walk_table(walker *w, int index) {
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

static int env_upvalue(lua_State *L, int function) {
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
  int table;
} global_list;

static void note_global(void *context, wf_view name) {
  global_list *list = context;
  lua_pushlstring(list->L, name.data, name.size);
  lua_pushboolean(list->L, 1);
  lua_rawset(list->L, list->table);
}

/* Appends the function's canonical bytecode to `out`; pushes the set of globals it reads. */
static void push_code(lua_State *L, int function, wf_bytes *out) {
  lua_newtable(L);
  global_list globals = {L, lua_gettop(L)};
  wf_bytes *dump = wfl_push_dump(L, function, true);
  wf_error err = WF_ERROR_INIT;
  wf_status status =
      dump->failed ? wf_fail_nomem(&err)
                   : wfl_bytecode_canonical(out, (wf_view){dump->data, dump->size},
                                            env_upvalue(L, function), note_global, &globals, &err);
  if (status != WF_OK) wfl_raise(L, &err);
  lua_pop(L, 1);
}

static void walk_upvalues(walker *w, int function) {
  lua_State *L = w->L;
  const char *name;
  for (int i = 1; (name = lua_getupvalue(L, function, i)); i++) {
    lua_pushlightuserdata(L, lua_upvalueid(L, function, i));
    size_t used = path_push(w, w->path[0] ? ".<%s>" : "%s", name);
    if (!walk_again(w)) walk(w, lua_gettop(L));
    path_pop(w, used);
    lua_pop(L, 1);
  }
}

/* The globals in the set on top, in the order of their names; pops it. */
static void walk_globals(walker *w) {
  lua_State *L = w->L;
  lua_Integer count = push_keys(w, lua_gettop(L));
  int names = lua_gettop(L);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, names, i);
    size_t size;
    const char *name = lua_tolstring(L, -1, &size);
    put_text(w, 'g', name, size);
    size_t used = path_push(w, w->path[0] ? ".<global %s>" : "global %s", name);
    lua_pushglobaltable(L);
    lua_pushvalue(L, -2);
    lua_rawget(L, -2);
    walk(w, lua_gettop(L));
    path_pop(w, used);
    lua_pop(L, 3);
  }
  lua_pop(L, 2);
}

static void walk_function(walker *w, int index) {
  lua_State *L = w->L;
  wf_bytes_char(w->out, 'f');
  push_code(L, index, w->out);
  walk_upvalues(w, index);
  walk_globals(w);
}

/* ---- everything -------------------------------------------------------------------------------
 */

/* Whether objects of this class never change: their digests are remembered. */
static bool is_frozen(lua_State *L, int index) {
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
static void put_digest(walker *w) {
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
static bool put_remembered(walker *w, int index) {
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

static void walk_object(walker *w, int index) {
  lua_State *L = w->L;
  bool frozen = is_frozen(L, index);
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

static bool is_globals(lua_State *L, int index) {
  lua_pushglobaltable(L);
  bool same = lua_rawequal(L, -1, index);
  lua_pop(L, 1);
  return same;
}

static void walk_reference(walker *w, int index) {
  lua_State *L = w->L;
  bool function = lua_isfunction(L, index);
  if (is_globals(L, index)) {
    wf_bytes_char(w->out, 'G');
    return;
  }
  if (put_known(w, index)) return;
  if (lua_iscfunction(L, index)) refuse(w, "an unknown C function");
  lua_pushvalue(L, index);
  if (walk_again(w)) return;
  if (function)
    walk_function(w, index);
  else
    walk_table(w, index);
}

static void walk(walker *w, int index) {
  lua_State *L = w->L;
  if (++w->level > MAX_LEVELS) {
    wfl_fail(L, WF_LIMIT, "'%s' is nested deeper than %d levels", w->path, MAX_LEVELS);
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

static walker begin(lua_State *L, const char *name) {
  walker w = {.L = L, .out = wfl_push_buffer(L)};
  lua_newtable(L);
  w.seen = lua_gettop(L);
  snprintf(w.path, sizeof w.path, "%s", name);
  return w;
}

static void finish(walker *w, wf_digest *out) {
  wf_error err = WF_ERROR_INIT;
  wf_status status =
      w->out->failed ? wf_fail_nomem(&err) : wf_digest_bytes(out, w->out->data, w->out->size, &err);
  if (status != WF_OK) wfl_raise(w->L, &err);
  lua_pop(w->L, 2);
}

void wfl_key_of_value(lua_State *L, int index, const char *name, wf_digest *out) {
  index = lua_absindex(L, index);
  walker w = begin(L, name);
  walk(&w, index);
  finish(&w, out);
}

/* ---- a closure and its parts ------------------------------------------------------------------
 */

static void set_digest(lua_State *L, const wf_digest *digest, const char *field) {
  char text[WF_DIGEST_TEXT];
  wf_digest_format(digest, text);
  lua_pushstring(L, text);
  lua_setfield(L, -2, field);
}

/* A short text of the value at `index`, for people. */
static void push_preview(lua_State *L, int index) {
  int type = lua_type(L, index);
  if (type == LUA_TSTRING) {
    size_t size;
    const char *text = lua_tolstring(L, index, &size);
    lua_pushfstring(L, size > 60 ? "\"%s…\"" : "\"%s\"",
                    lua_pushlstring(L, text, size > 60 ? 57 : size));
    lua_remove(L, -2);
  } else if (type == LUA_TNUMBER || type == LUA_TBOOLEAN || type == LUA_TNIL) {
    luaL_tolstring(L, index, NULL);
  } else if (luaL_getmetafield(L, index, "__name") != LUA_TSTRING) {
    lua_pushstring(L, lua_typename(L, type));
  }
}

/* Appends { name, kind, key, text } of the value on top to the list at `list`; pops the value. */
static void add_capture(lua_State *L, int list, const char *name, const char *kind) {
  int value = lua_gettop(L);
  wf_digest digest;
  wfl_key_of_value(L, value, name, &digest);
  lua_createtable(L, 0, 4);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "name");
  lua_pushstring(L, kind);
  lua_setfield(L, -2, "kind");
  set_digest(L, &digest, "key");
  push_preview(L, value);
  lua_setfield(L, -2, "text");
  lua_rawseti(L, list, luaL_len(L, list) + 1);
  lua_pop(L, 1);
}

static void add_captured_globals(lua_State *L, int list, int globals) {
  lua_Integer count = wfl_push_sorted_keys(L, globals);
  int names = lua_gettop(L);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, names, i);
    lua_pushglobaltable(L);
    lua_pushvalue(L, -2);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    add_capture(L, list, lua_tostring(L, -2), "global");
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* The digest of the closure at `index`; the wf objects in it become the field `objects` of the
 * table at `result`, when there are any. */
static void add_objects(lua_State *L, int result, int index, wf_digest *digest) {
  lua_newtable(L);
  int met = lua_gettop(L);
  walker w = begin(L, "");
  w.met = met;
  walk(&w, index);
  finish(&w, digest);
  if (wfl_push_sorted_keys(L, met) > 0) lua_setfield(L, result, "objects");
  lua_settop(L, result);
}

void wfl_key_push_closure(lua_State *L, int index) {
  index = lua_absindex(L, index);
  lua_createtable(L, 0, 4);
  int result = lua_gettop(L);
  wf_digest digest;
  add_objects(L, result, index, &digest);
  set_digest(L, &digest, "key");

  wf_bytes *code = wfl_push_buffer(L);
  push_code(L, index, code);
  int globals = lua_gettop(L);
  wf_error err = WF_ERROR_INIT;
  if (wf_digest_bytes(&digest, code->data, code->size, &err) != WF_OK) wfl_raise(L, &err);
  lua_pushvalue(L, result);
  set_digest(L, &digest, "code");
  lua_pop(L, 1);

  lua_newtable(L);
  int list = lua_gettop(L), env = env_upvalue(L, index);
  const char *name;
  for (int i = 1; (name = lua_getupvalue(L, index, i)); i++) {
    if (i - 1 == env)
      lua_pop(L, 1);
    else
      add_capture(L, list, name, "upvalue");
  }
  add_captured_globals(L, list, globals);
  lua_setfield(L, result, "captures");
  lua_settop(L, result);
}

/* value(v[, name[, met]]) → 64 hexadecimal digits; the digests of the wf objects in it become keys
 * of the table `met` */
static int key_value(lua_State *L) {
  luaL_checkany(L, 1);
  const char *name = luaL_optstring(L, 2, "value");
  lua_settop(L, 3);
  walker w = begin(L, name);
  w.met = lua_istable(L, 3) ? 3 : 0;
  walk(&w, 1);
  wf_digest digest;
  finish(&w, &digest);
  char text[WF_DIGEST_TEXT];
  wf_digest_format(&digest, text);
  lua_pushstring(L, text);
  return 1;
}

/* digest(object[, digest]): the digest of a wf object that never changes; a given one is taken as
 * its, so that it need not be looked at. */
static int key_digest(lua_State *L) {
  luaL_checktype(L, 1, LUA_TUSERDATA);
  lua_settop(L, 2);
  luaL_argcheck(L, is_frozen(L, 1), 1, "no object that never changes");
  if (lua_isnil(L, 2)) {
    push_digests(L);
    lua_pushvalue(L, 1);
    if (lua_rawget(L, -2) == LUA_TSTRING) return 1;
    luaL_getmetafield(L, 1, "__digest");
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
  }
  luaL_checkstring(L, -1);
  remember_digest(L, 1);
  return 1;
}

static int key_closure(lua_State *L) {
  luaL_argcheck(L, lua_isfunction(L, 1) && !lua_iscfunction(L, 1), 1, "Lua function expected");
  wfl_key_push_closure(L, 1);
  return 1;
}

int wfl_open_key(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"value", key_value}, {"closure", key_closure}, {"digest", key_digest}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
