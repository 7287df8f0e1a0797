/* value.c — an encoding that is canonical: the same value always gives the same bytes, so that an
 * artifact's digest says whether anything changed.
 *
 * The bytes are "WFV1" and one value. A value is a tag and its fields; counts and sizes are 8
 * bytes, numbers 8 bytes as in memory (little-endian). Every table and function gets a number when
 * it begins, and 'r' refers back to it. Entries of a table follow in the order of their sorted
 * keys.
 *
 *   n T F            nil, true, false          t count (key value)*   a table
 *   i d              integer, float            C name count (…)*      a table of a registered class
 *   s size bytes     a string                  f dump count (u|value)* a Lua function and its
 * upvalues r number         seen before               m size name            a known module or
 * function o kind digest    a wf object               N                      json.null
 *
 * A class is a metatable with the fields __module and __class: decoding requires the module and
 * takes the metatable from its table `classes`. The globals table is 'G' in upvalues: a function
 * finds the globals of the process it is decoded in. */
#include "value.h"

#include "buffer.h"
#include "convert.h"
#include "known.h"
#include "modules.h"
#include "order.h"
#include "path.h"

#include "base/bytes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_LEVELS = 180 };

static const char MAGIC[] = "WFV1";

/* ---- encoding -----------------------------------------------------------------------------------
 */

typedef struct encoder {
  lua_State *L;
  wf_bytes *out;
  int seen, save; /* stack indices: identity → number, nil until needed; function */
  lua_Integer n_seen;
  bool functions;
  int level;
  wfl_path path;
} encoder;

static void put(encoder *e, char tag, const void *data, size_t size) {
  wf_bytes_char(e->out, tag);
  wf_bytes_add(e->out, data, size);
}

static void put_count(encoder *e, char tag, size_t count) {
  uint64_t number = count;
  put(e, tag, &number, sizeof number);
}

static void put_text(encoder *e, char tag, int index) {
  size_t size;
  const char *text = lua_tolstring(e->L, index, &size);
  put_count(e, tag, size);
  wf_bytes_add(e->out, text, size);
}

static void refuse(encoder *e, const char *what) {
  wfl_fail(e->L, WF_TYPE, "'%s' is %s, which cannot be stored", e->path.text, what);
}

static void encode(encoder *e, int index);

/* True when the identity on top was met before: writes a reference. Else numbers it. Pops it. */
static bool encode_again(encoder *e) {
  lua_State *L = e->L;
  if (e->n_seen == 0) {
    lua_newtable(L);
    lua_replace(L, e->seen);
  }
  lua_pushvalue(L, -1);
  if (lua_rawget(L, e->seen) == LUA_TNUMBER) {
    put_count(e, 'r', (size_t)lua_tointeger(L, -1));
    lua_pop(L, 2);
    return true;
  }
  lua_pop(L, 1);
  lua_pushinteger(L, e->n_seen++);
  lua_rawset(L, e->seen);
  return false;
}

static void encode_entry(encoder *e, int table, int key) {
  lua_State *L = e->L;
  size_t used = wfl_path_push_key(&e->path, L, key);
  encode(e, key);
  lua_pushvalue(L, key);
  lua_rawget(L, table);
  encode(e, lua_gettop(L));
  lua_pop(L, 1);
  wfl_path_pop(&e->path, used);
}

/* Writes the tag of the table: plain, or of the class its metatable belongs to. */
static void encode_class(encoder *e, int index, lua_Integer count) {
  lua_State *L = e->L;
  if (!lua_getmetatable(L, index)) {
    put_count(e, 't', (size_t)count);
    return;
  }
  lua_getfield(L, -1, "__module");
  lua_getfield(L, -2, "__class");
  if (lua_type(L, -1) != LUA_TSTRING || lua_type(L, -2) != LUA_TSTRING) {
    refuse(e, "a table with a metatable");
  }
  put_text(e, 'C', -2);
  put_text(e, 's', -1);
  put_count(e, 't', (size_t)count);
  lua_pop(L, 3);
}

void wfl_finish_object(lua_State *L, int index) {
  if (luaL_getmetafield(L, index, "__complete") == LUA_TNIL) return;
  lua_pushvalue(L, index);
  lua_call(L, 1, 0);
}

/* An object with the metafield __worker is of use in a worker only, and sent as the table that
 * function makes of it. Pushes the table whose entries are to be written. */
static void push_entries(encoder *e, int index) {
  lua_State *L = e->L;
  wfl_finish_object(L, index);
  if (luaL_getmetafield(L, index, "__worker") == LUA_TNIL) {
    lua_pushvalue(L, index);
    return;
  }
  if (!e->functions) refuse(e, luaL_tolstring(L, index, NULL));
  lua_pushvalue(L, index);
  lua_call(L, 1, 1);
}

static void encode_table(encoder *e, int index) {
  lua_State *L = e->L;
  lua_pushvalue(L, index);
  if (encode_again(e)) return;
  push_entries(e, index);
  int entries = lua_gettop(L);
  lua_Integer count = wfl_push_sorted_keys(L, entries);
  if (count < 0) {
    lua_pushfstring(L, "a table with a %s as a key", luaL_typename(L, -1));
    refuse(e, lua_tostring(L, -1));
  }
  int keys = lua_gettop(L);
  encode_class(e, index, count);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, keys, i);
    encode_entry(e, entries, lua_gettop(L));
    lua_pop(L, 1);
  }
  lua_pop(L, 2);
}

static bool is_globals(lua_State *L, int index) {
  lua_pushglobaltable(L);
  bool same = lua_rawequal(L, -1, index);
  lua_pop(L, 1);
  return same;
}

static void encode_upvalues(encoder *e, int function) {
  lua_State *L = e->L;
  const char *name;
  for (int i = 1; (name = lua_getupvalue(L, function, i)); i++) {
    bool inside = e->path.size > 0;
    size_t used = wfl_path_push(&e->path, inside ? ".<" : "", name, inside ? ">" : "");
    lua_pushlightuserdata(L, lua_upvalueid(L, function, i));
    if (!encode_again(e)) {
      wf_bytes_char(e->out, 'u');
      encode(e, lua_gettop(L));
    }
    wfl_path_pop(&e->path, used);
    lua_pop(L, 1);
  }
}

static void encode_function(encoder *e, int index) {
  lua_State *L = e->L;
  if (!e->functions) refuse(e, "a function");
  if (lua_iscfunction(L, index)) refuse(e, "an unknown C function");
  lua_pushvalue(L, index);
  if (encode_again(e)) return;
  wf_bytes *dump = wfl_push_dump(L, index, false);
  if (dump->failed) e->out->failed = true;
  put_count(e, 'f', dump->size);
  wf_bytes_add(e->out, dump->data, dump->size);
  wfl_pop_buffer(L);
  int n_upvalues = 0;
  for (; lua_getupvalue(L, index, n_upvalues + 1); lua_pop(L, 1)) n_upvalues++;
  put_count(e, 'c', (size_t)n_upvalues);
  encode_upvalues(e, index);
}

/* The stand-ins for missing values have a tag each. */
static char sentinel_tag(lua_State *L, int index) {
  wfl_push_null(L);
  wfl_push_missing(L);
  char tag = lua_rawequal(L, index, -2) ? 'N' : lua_rawequal(L, index, -1) ? 'Q' : '\0';
  lua_pop(L, 2);
  return tag;
}

static void encode_object(encoder *e, int index) {
  lua_State *L = e->L;
  char sentinel = sentinel_tag(L, index);
  if (sentinel) {
    wf_bytes_char(e->out, sentinel);
    return;
  }
  lua_pushvalue(L, e->save);
  lua_pushvalue(L, index);
  lua_call(L, 1, 2);
  if (lua_type(L, -1) != LUA_TSTRING || lua_type(L, -2) != LUA_TSTRING) {
    luaL_tolstring(L, index, NULL);
    refuse(e, lua_tostring(L, -1));
  }
  put_text(e, 'o', -2);
  put_text(e, 's', -1);
  lua_pop(L, 2);
}

static void encode_reference(encoder *e, int index) {
  lua_State *L = e->L;
  if (is_globals(L, index)) {
    wf_bytes_char(e->out, 'G');
  } else if (wfl_push_known_name(L, index)) {
    put_text(e, 'm', -1);
    lua_pop(L, 1);
  } else if (lua_istable(L, index)) {
    encode_table(e, index);
  } else {
    encode_function(e, index);
  }
}

static void encode(encoder *e, int index) {
  lua_State *L = e->L;
  if (++e->level > MAX_LEVELS) {
    wfl_fail(L, WF_LIMIT, "'%s' is nested deeper than %d levels", e->path.text, MAX_LEVELS);
  }
  luaL_checkstack(L, 20, "value nested too deeply");
  switch (lua_type(L, index)) {
  case LUA_TNIL: wf_bytes_char(e->out, 'n'); break;
  case LUA_TBOOLEAN: wf_bytes_char(e->out, lua_toboolean(L, index) ? 'T' : 'F'); break;
  case LUA_TNUMBER:
    if (lua_isinteger(L, index)) {
      lua_Integer value = lua_tointeger(L, index);
      put(e, 'i', &value, sizeof value);
    } else {
      lua_Number value = lua_tonumber(L, index);
      put(e, 'd', &value, sizeof value);
    }
    break;
  case LUA_TSTRING: put_text(e, 's', index); break;
  case LUA_TLIGHTUSERDATA: refuse(e, "a light userdata"); break;
  case LUA_TTABLE:
  case LUA_TFUNCTION: encode_reference(e, index); break;
  case LUA_TUSERDATA: encode_object(e, index); break;
  default: refuse(e, "a coroutine");
  }
  e->level--;
}

void wfl_encode_value(lua_State *L, int index, int save, bool functions, const char *name) {
  int top = lua_gettop(L);
  index = lua_absindex(L, index);
  encoder e = {
      .L = L, .save = lua_absindex(L, save), .functions = functions, .out = wfl_push_buffer(L)};
  lua_pushnil(L);
  e.seen = lua_gettop(L);
  wfl_path_push(&e.path, name, "", "");
  wf_bytes_text(e.out, MAGIC);
  encode(&e, index);
  if (e.out->failed) luaL_error(L, "not enough memory");
  lua_pushlstring(L, e.out->data, e.out->size);
  lua_insert(L, top + 1);
  lua_pop(L, 1);
  wfl_pop_buffer(L);
}

/* ---- decoding -----------------------------------------------------------------------------------
 */

typedef struct decoder {
  lua_State *L;
  const char *at, *end;
  int seen, load; /* stack indices: number → value, or { function, upvalue } for upvalues */
  lua_Integer n_seen;
  bool functions;
  int level;
} decoder;

static void damaged(decoder *d) { wfl_fail(d->L, WF_CORRUPT, "damaged stored value"); }

static const char *take(decoder *d, size_t size) {
  if ((size_t)(d->end - d->at) < size) damaged(d);
  const char *bytes = d->at;
  d->at += size;
  return bytes;
}

static char take_tag(decoder *d) { return *take(d, 1); }

static uint64_t take_number(decoder *d) {
  uint64_t value;
  memcpy(&value, take(d, sizeof value), sizeof value);
  return value;
}

/* A count of things that take at least one byte each. */
static size_t take_count(decoder *d) {
  uint64_t count = take_number(d);
  if (count > (size_t)(d->end - d->at)) damaged(d);
  return (size_t)count;
}

static void push_text(decoder *d) {
  size_t size = take_count(d);
  lua_pushlstring(d->L, take(d, size), size);
}

static void push_tagged_text(decoder *d) {
  if (take_tag(d) != 's') damaged(d);
  push_text(d);
}

static void decode(decoder *d);

static void remember(decoder *d) {
  lua_pushvalue(d->L, -1);
  lua_rawseti(d->L, d->seen, d->n_seen++);
}

static void decode_entries(decoder *d) {
  lua_State *L = d->L;
  size_t count = take_count(d);
  for (size_t i = 0; i < count; i++) {
    decode(d);
    int type = lua_type(L, -1);
    bool is_nan = type == LUA_TNUMBER && isnan(lua_tonumber(L, -1));
    bool usable = type == LUA_TSTRING || type == LUA_TBOOLEAN || (type == LUA_TNUMBER && !is_nan);
    if (!usable) damaged(d);
    decode(d);
    lua_rawset(L, -3);
  }
}

static void decode_table(decoder *d) {
  lua_newtable(d->L);
  remember(d);
  decode_entries(d);
}

static void decode_class(decoder *d) {
  lua_State *L = d->L;
  lua_newtable(L);
  remember(d);
  int table = lua_gettop(L);
  push_text(d);
  push_tagged_text(d);
  wfl_push_known_module(L, lua_tostring(L, -2));
  lua_pushliteral(L, "classes");
  if (!lua_istable(L, -2) || lua_rawget(L, -2) != LUA_TTABLE) damaged(d);
  lua_pushvalue(L, -3);
  if (lua_rawget(L, -2) != LUA_TTABLE) damaged(d);
  lua_setmetatable(L, table);
  lua_settop(L, table);
  if (take_tag(d) != 't') damaged(d);
  decode_entries(d);
}

/* An upvalue that several functions share is joined to the first one's. */
static void decode_upvalue(decoder *d, int function, int i) {
  lua_State *L = d->L;
  char tag = take_tag(d);
  if (tag == 'u') {
    lua_createtable(L, 2, 0);
    lua_pushvalue(L, function);
    lua_rawseti(L, -2, 1);
    lua_pushinteger(L, i);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, d->seen, d->n_seen++);
    decode(d);
    if (!lua_setupvalue(L, function, i)) damaged(d);
    return;
  }
  if (tag != 'r' || lua_rawgeti(L, d->seen, (lua_Integer)take_number(d)) != LUA_TTABLE) damaged(d);
  lua_rawgeti(L, -1, 2);
  int n = (int)lua_tointeger(L, -1);
  if (lua_rawgeti(L, -2, 1) != LUA_TFUNCTION || !lua_getupvalue(L, -1, n)) damaged(d);
  lua_pop(L, 1);
  lua_upvaluejoin(L, function, i, -1, n);
  lua_pop(L, 3);
}

static void decode_function(decoder *d) {
  lua_State *L = d->L;
  if (!d->functions) damaged(d);
  size_t size = take_count(d);
  if (luaL_loadbufferx(L, take(d, size), size, "=step", "b") != LUA_OK) damaged(d);
  remember(d);
  int function = lua_gettop(L);
  if (take_tag(d) != 'c') damaged(d);
  int n_upvalues = (int)take_count(d);
  for (int i = 1; i <= n_upvalues; i++) decode_upvalue(d, function, i);
}

static void decode_object(decoder *d) {
  lua_State *L = d->L;
  lua_pushvalue(L, d->load);
  push_text(d);
  push_tagged_text(d);
  lua_call(L, 2, 1);
}

static void decode_known(decoder *d) {
  push_text(d);
  wfl_push_known_value(d->L, lua_tostring(d->L, -1));
  if (lua_isnil(d->L, -1)) {
    wfl_fail(d->L, WF_NOTFOUND, "this wf has no '%s', which a stored value refers to",
             lua_tostring(d->L, -2));
  }
  lua_remove(d->L, -2);
}

static void decode_number(decoder *d, char tag) {
  uint64_t bits = take_number(d);
  lua_Number real;
  memcpy(&real, &bits, sizeof real);
  if (tag == 'i')
    lua_pushinteger(d->L, (lua_Integer)bits);
  else
    lua_pushnumber(d->L, real);
}

static void decode(decoder *d) {
  lua_State *L = d->L;
  if (++d->level > MAX_LEVELS + 1) damaged(d);
  luaL_checkstack(L, 20, "value nested too deeply");
  char tag = take_tag(d);
  switch (tag) {
  case 'n': lua_pushnil(L); break;
  case 'T': lua_pushboolean(L, 1); break;
  case 'F': lua_pushboolean(L, 0); break;
  case 'i':
  case 'd': decode_number(d, tag); break;
  case 's': push_text(d); break;
  case 'N': wfl_push_null(L); break;
  case 'Q': wfl_push_missing(L); break;
  case 'G': lua_pushglobaltable(L); break;
  case 't': decode_table(d); break;
  case 'C': decode_class(d); break;
  case 'f': decode_function(d); break;
  case 'm': decode_known(d); break;
  case 'o': decode_object(d); break;
  case 'r':
    if (lua_rawgeti(L, d->seen, (lua_Integer)take_number(d)) == LUA_TNIL) damaged(d);
    break;
  default: damaged(d);
  }
  d->level--;
}

void wfl_decode_value(lua_State *L, int index, int load, bool functions) {
  int top = lua_gettop(L);
  size_t size;
  const char *bytes = luaL_checklstring(L, index, &size);
  decoder d = {.L = L,
               .at = bytes,
               .end = bytes + size,
               .load = lua_absindex(L, load),
               .functions = functions};
  lua_newtable(L);
  d.seen = lua_gettop(L);
  if (size < sizeof MAGIC - 1 || memcmp(take(&d, sizeof MAGIC - 1), MAGIC, sizeof MAGIC - 1) != 0) {
    damaged(&d);
  }
  decode(&d);
  if (d.at != d.end) damaged(&d);
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
}

/* ---- the module ---------------------------------------------------------------------------------
 */

/* value.encode(value, save[, name[, functions]]) */
static int value_encode(lua_State *L) {
  luaL_checkany(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  const char *name = luaL_optstring(L, 3, "value");
  wfl_encode_value(L, 1, 2, lua_toboolean(L, 4), name);
  return 1;
}

/* value.decode(bytes, load[, functions]) */
static int value_decode(lua_State *L) {
  luaL_checktype(L, 2, LUA_TFUNCTION);
  wfl_decode_value(L, 1, 2, lua_toboolean(L, 3));
  return 1;
}

/* value.lazy(type, make): an object of that type that make() gives when it is first used */
static int value_lazy(lua_State *L) {
  const char *type = luaL_checkstring(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  luaL_argcheck(L, luaL_getmetatable(L, type) == LUA_TTABLE, 1, "there are no such objects");
  lua_pop(L, 1);
  wfl_push_lazy(L, type);
  return 1;
}

int wfl_open_value(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"encode", value_encode}, {"decode", value_decode}, {"lazy", value_lazy}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
