/* mod_key.c — wf.core.key: keys of values, and the key of a step with the parts that it is made of.
 *
 * The parts are for people: they say later what was different. They are written as JSON at once, as
 * the step keeps them in that form and seldom does anybody look into them. */
#include "bind.h"
#include "buffer.h"
#include "key.h"
#include "mod_json.h"
#include "modules.h"
#include "order.h"

#include "base/number.h"

#include <string.h>

/* Digits of a part's digest that are kept; characters of a text that are shown, and where a longer
 * one is cut. */
enum { PART_DIGITS = 16, MOST_SHOWN = 60, CUT = 57 };

static void push_digest(lua_State *L, const wf_digest *digest) {
  char text[WF_DIGEST_TEXT];
  wf_digest_format(digest, text);
  lua_pushlstring(L, text, WF_DIGEST_TEXT - 1);
}

/* ---- parts --------------------------------------------------------------------------------------
 */

typedef struct step_key {
  lua_State *L;
  wf_bytes *fields, *parts; /* what is hashed; JSON: [[kind, name, digest, text], …] */
  int met;                  /* stack index: the set of digests of wf objects */
  bool mutable;             /* holds something that the step could change */
} step_key;

static void push_quoted(lua_State *L, int index) {
  size_t size;
  const char *text = lua_tolstring(L, index, &size);
  luaL_Buffer cut;
  luaL_buffinit(L, &cut);
  luaL_addlstring(&cut, text, size > MOST_SHOWN ? CUT : size);
  if (size > MOST_SHOWN) luaL_addstring(&cut, "…");
  luaL_pushresult(&cut);
  wf_bytes *quoted = wfl_push_buffer(L);
  wfl_add_json_string(L, quoted, lua_gettop(L) - 1);
  if (quoted->failed) luaL_error(L, "not enough memory");
  lua_pushlstring(L, quoted->data, quoted->size);
  lua_replace(L, -3);
  wfl_pop_buffer(L);
}

/* Pushes a short text of the value, for people; it is the same whenever the value is. */
static void push_preview(lua_State *L, int index) {
  int type = lua_type(L, index);
  if (type == LUA_TSTRING)
    push_quoted(L, index);
  else if (type == LUA_TNUMBER || type == LUA_TBOOLEAN || type == LUA_TNIL)
    luaL_tolstring(L, index, NULL);
  else if (luaL_getmetafield(L, index, "__name") != LUA_TSTRING)
    lua_pushstring(L, lua_typename(L, type));
}

/* Name and text are strings at those places. */
static void add_part(step_key *k, const char *kind, int name, const char *digest, int text) {
  lua_State *L = k->L;
  wf_bytes *parts = k->parts;
  wf_bytes_text(parts, parts->size ? ",[\"" : "[[\"");
  wf_bytes_text(parts, kind);
  wf_bytes_text(parts, "\",");
  wfl_add_json_string(L, parts, name);
  wf_bytes_text(parts, ",\"");
  wf_bytes_add(parts, digest, strnlen(digest, PART_DIGITS));
  wf_bytes_text(parts, "\",");
  wfl_add_json_string(L, parts, text);
  wf_bytes_char(parts, ']');
}

/* A part that has no name. */
static void add_nameless_part(step_key *k, const char *kind, const char *digest, const char *text) {
  lua_State *L = k->L;
  lua_pushliteral(L, "");
  lua_pushstring(L, text);
  add_part(k, kind, lua_gettop(L) - 1, digest, lua_gettop(L));
  lua_pop(L, 2);
}

/* A value that the function captures, on top below its name; pops both. */
static void add_capture(step_key *k, const char *kind) {
  lua_State *L = k->L;
  int name = lua_gettop(L), value = name - 1;
  wf_digest digest;
  char text[WF_DIGEST_TEXT];
  wfl_key_of_value(L, value, lua_tostring(L, name), 0, &digest);
  wf_digest_format(&digest, text);
  push_preview(L, value);
  add_part(k, kind, name, text, lua_gettop(L));
  lua_pop(L, 3);
  k->mutable = true;
}

static void add_upvalues(step_key *k, int function) {
  lua_State *L = k->L;
  int env = wfl_env_upvalue(L, function);
  const char *name;
  for (int i = 1; (name = lua_getupvalue(L, function, i)); i++) {
    if (i - 1 == env) {
      lua_pop(L, 1);
      continue;
    }
    lua_pushstring(L, name);
    add_capture(k, "captured");
  }
}

/* `globals`: stack index of the set of names, or of nil. */
static void add_globals(step_key *k, int globals) {
  lua_State *L = k->L;
  if (lua_isnil(L, globals)) return;
  lua_Integer count = wfl_push_sorted_keys(L, globals);
  int names = lua_gettop(L);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_pushglobaltable(L);
    lua_rawgeti(L, names, i);
    lua_pushvalue(L, -1);
    lua_rawget(L, -3);
    lua_replace(L, -3);
    add_capture(k, "global");
  }
  lua_pop(L, 1);
}

static void add_function(step_key *k, int function) {
  lua_State *L = k->L;
  wf_digest digest;
  char text[WF_DIGEST_TEXT];
  wfl_walker w = wfl_walk_begin(L, "");
  w.met = k->met;
  wfl_walk(&w, function);
  wfl_walk_digest(&w, (wfl_range){0, w.out->size}, &digest);
  wf_digest_format(&digest, text);
  wf_bytes_char(k->fields, '\n');
  wf_bytes_add(k->fields, text, WF_DIGEST_TEXT - 1);
  wfl_walk_digest(&w, w.code, &digest);
  wf_digest_format(&digest, text);
  add_nameless_part(k, "code", text, "");
  add_upvalues(k, function);
  add_globals(k, w.globals);
  wfl_walk_end(&w);
}

/* The value on top, popped. */
static void add_argument(step_key *k, lua_Integer place) {
  lua_State *L = k->L;
  int value = lua_gettop(L), type = lua_type(L, value);
  char name[16 + WF_NUMBER_TEXT] = "argument ", *number = name + 9, text[WF_DIGEST_TEXT];
  wf_digest digest;
  wf_format_i64(number, place);
  wfl_key_of_value(L, value, name, k->met, &digest);
  wf_digest_format(&digest, text);
  wf_bytes_char(k->fields, '\n');
  wf_bytes_add(k->fields, text, WF_DIGEST_TEXT - 1);
  lua_pushstring(L, number);
  push_preview(L, value);
  add_part(k, "argument", value + 1, text, value + 2);
  lua_pop(L, 3);
  k->mutable = k->mutable || type == LUA_TTABLE || type == LUA_TUSERDATA || type == LUA_TFUNCTION;
}

static void check_memory(lua_State *L, const wf_bytes *bytes) {
  if (bytes->failed) luaL_error(L, "not enough memory");
}

static void push_key(step_key *k) {
  wf_digest digest;
  wf_error err = WF_ERROR_INIT;
  check_memory(k->L, k->fields);
  if (wf_digest_bytes(&digest, k->fields->data, k->fields->size, &err) != WF_OK)
    wfl_raise(k->L, &err);
  push_digest(k->L, &digest);
}

/* step(fn, arguments, format, version) → key, parts, objects | nil, mutable
 *
 * The key of a step: of the format and version of keys, the function and the packed arguments.
 * Parts are JSON: [kind, name, digest, text] of each; what is named first comes first. Objects are
 * the sorted digests of the wf objects that it depends on. Mutable: the step could change something
 * of it. */
static int key_step(lua_State *L) {
  luaL_argcheck(L, lua_isfunction(L, 1) && !lua_iscfunction(L, 1), 1, "Lua function expected");
  luaL_checktype(L, 2, LUA_TTABLE);
  const char *format = luaL_checkstring(L, 3), *version = luaL_checkstring(L, 4);
  lua_settop(L, 4);
  step_key k = {.L = L, .fields = wfl_push_buffer(L), .parts = wfl_push_buffer(L)};
  lua_newtable(L);
  k.met = lua_gettop(L);
  wf_bytes_text(k.fields, format);
  wf_bytes_char(k.fields, '\n');
  wf_bytes_text(k.fields, version);
  add_nameless_part(&k, "wf", version, version);
  add_function(&k, 1);
  lua_getfield(L, 2, "n");
  lua_Integer n = lua_tointeger(L, -1);
  lua_pop(L, 1);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, 2, i);
    add_argument(&k, i);
  }
  wf_bytes_char(k.parts, ']');
  check_memory(L, k.parts);
  push_key(&k);
  lua_pushlstring(L, k.parts->data, k.parts->size);
  if (wfl_push_sorted_keys(L, k.met) == 0) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
  lua_pushboolean(L, k.mutable);
  lua_rotate(L, 5, 4); /* the results below what is given back */
  lua_pop(L, 1);
  wfl_pop_buffer(L);
  wfl_pop_buffer(L);
  return 4;
}

/* ---- values -------------------------------------------------------------------------------------
 */

/* value(v[, name[, met]]) → 64 hexadecimal digits; the digests of the wf objects in it become keys
 * of the table `met` */
static int key_value(lua_State *L) {
  luaL_checkany(L, 1);
  const char *name = luaL_optstring(L, 2, "value");
  lua_settop(L, 3);
  wf_digest digest;
  wfl_key_of_value(L, 1, name, lua_istable(L, 3) ? 3 : 0, &digest);
  push_digest(L, &digest);
  return 1;
}

/* digest(object[, digest]): the digest of a wf object that never changes; a given one is taken as
 * its, so that it need not be looked at. */
static int key_digest(lua_State *L) {
  luaL_checktype(L, 1, LUA_TUSERDATA);
  lua_settop(L, 2);
  luaL_argcheck(L, wfl_key_is_frozen(L, 1), 1, "no object that never changes");
  if (lua_isnil(L, 2)) {
    wfl_key_push_digest(L, 1);
    return 1;
  }
  luaL_checkstring(L, 2);
  wfl_key_set_digest(L, 1);
  return 1;
}

int wfl_open_key(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"digest", key_digest}, {"step", key_step}, {"value", key_value}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
