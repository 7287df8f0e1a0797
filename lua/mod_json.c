/* mod_json.c — wf.json: JSON documents as Lua values.
 *
 * Reading: integers stay integers, null is json.null, an empty array carries the array metatable so
 * that it is written as one again. Writing: a table whose keys are 1 to n, or that json.array
 * marked, is an array; other tables are objects with their keys sorted, so that equal values give
 * equal text. Text that is no UTF-8 has its bad bytes replaced by U+FFFD; what has no JSON text
 * (NaN, functions, other objects) is an error that names the path to it. */
#include "mod_json.h"

#include "bind.h"
#include "buffer.h"
#include "convert.h"
#include "modules.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_LEVELS = 512, PATH_SIZE = 200 };

static const char DOCUMENT[] = "wf.json.document";
static const char ARRAY[] = "wf.json.array";

static void free_document(void *document) { json_decref(document); }

static void push_array_metatable(lua_State *L) {
  if (luaL_newmetatable(L, ARRAY)) {
    lua_pushliteral(L, "json.array");
    lua_setfield(L, -2, "__name");
  }
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static void push_value(lua_State *L, const json_t *value);

static void push_array(lua_State *L, const json_t *value) {
  size_t n = json_array_size(value);
  lua_createtable(L, n < INT32_MAX ? (int)n : 0, 0);
  for (size_t i = 0; i < n; i++) {
    push_value(L, json_array_get(value, i));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  if (n > 0) return;
  push_array_metatable(L);
  lua_setmetatable(L, -2);
}

static void push_object(lua_State *L, const json_t *value) {
  lua_createtable(L, 0, (int)json_object_size(value));
  const char *key;
  json_t *member;
  json_object_foreach((json_t *)(uintptr_t)value, key, member) {
    lua_pushstring(L, key);
    push_value(L, member);
    lua_rawset(L, -3);
  }
}

static void push_value(lua_State *L, const json_t *value) {
  luaL_checkstack(L, 6, NULL);
  switch (json_typeof(value)) {
  case JSON_OBJECT: push_object(L, value); break;
  case JSON_ARRAY: push_array(L, value); break;
  case JSON_STRING: lua_pushlstring(L, json_string_value(value), json_string_length(value)); break;
  case JSON_INTEGER: lua_pushinteger(L, json_integer_value(value)); break;
  case JSON_REAL: lua_pushnumber(L, json_real_value(value)); break;
  case JSON_TRUE:
  case JSON_FALSE: lua_pushboolean(L, json_is_true(value)); break;
  case JSON_NULL: wfl_push_null(L);
  }
}

void wfl_push_json_value(lua_State *L, const char *text, size_t size, const char *what) {
  wf_error err = WF_ERROR_INIT;
  json_t *document;
  wfl_class(L, DOCUMENT, NULL, NULL, free_document);
  wfl_box *box = wfl_newbox(L, DOCUMENT);
  if (wf_json_parse(&document, (wf_view){text, size}, what, &err) != WF_OK) wfl_raise(L, &err);
  box->ptr = document;
  push_value(L, document);
  lua_remove(L, -2);
}

/* decode(text[, what]) */
static int decode(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  wfl_push_json_value(L, text, size, luaL_optstring(L, 2, "JSON"));
  return 1;
}

/* ---- writing ------------------------------------------------------------------------------------
 */

/* Where the writer is: a member or an item of the place around it. */
typedef struct place {
  const struct place *outer;
  const char *key; /* NULL: an item */
  size_t index;
} place;

typedef struct writer {
  lua_State *L;
  wf_bytes *out;
  int indent, level;
  const place *at; /* NULL: the whole value */
} writer;

/* "a.b[3]", cut when long. */
static size_t format_place(const place *at, char path[PATH_SIZE]) {
  size_t length = at->outer ? format_place(at->outer, path) : 0;
  if (at->key)
    snprintf(path + length, PATH_SIZE - length, "%s%s", length ? "." : "", at->key);
  else
    snprintf(path + length, PATH_SIZE - length, "[%zu]", at->index);
  return strlen(path);
}

static void refuse(writer *w, const char *problem) {
  char path[PATH_SIZE] = "the value";
  if (w->at) format_place(w->at, path);
  wfl_fail(w->L, WF_INVALID, "json.encode: %s: %s", path, problem);
}

static void new_line(writer *w) {
  if (w->indent == 0) return;
  wf_bytes_char(w->out, '\n');
  for (int i = 0; i < w->indent * w->level; i++) wf_bytes_char(w->out, ' ');
}

/* The length of the UTF-8 sequence at `s`, 0 when it is none (overlong, surrogate, cut off). */
static size_t sequence(const unsigned char *s, size_t left) {
  if (s[0] < 0x80) return 1;
  size_t n = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
  if (n == 0 || n > left) return 0;
  for (size_t i = 1; i < n; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)) return 0;
  if ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)) return 0;
  return n;
}

static bool is_utf8(const char *text, size_t size) {
  for (size_t i = 0, n; i < size; i += n)
    if ((n = sequence((const unsigned char *)text + i, size - i)) == 0) return false;
  return true;
}

/* The string at `index`, with bad bytes replaced: pushes the text to write. */
static wf_view push_clean(lua_State *L, int index) {
  size_t size;
  const char *text = lua_tolstring(L, index, &size);
  if (is_utf8(text, size)) {
    lua_pushvalue(L, index);
    return (wf_view){text, size};
  }
  luaL_Buffer clean;
  luaL_buffinit(L, &clean);
  for (size_t i = 0; i < size;) {
    size_t n = sequence((const unsigned char *)text + i, size - i);
    if (n > 0)
      luaL_addlstring(&clean, text + i, n);
    else
      luaL_addstring(&clean, "\xef\xbf\xbd");
    i += n > 0 ? n : 1;
  }
  luaL_pushresult(&clean);
  text = lua_tolstring(L, -1, &size);
  return (wf_view){text, size};
}

void wfl_add_json_string(lua_State *L, wf_bytes *out, int index) {
  wf_json_add_string(out, push_clean(L, index));
  lua_pop(L, 1);
}

static void write_string(writer *w, int index) { wfl_add_json_string(w->L, w->out, index); }

static void write_number(writer *w, int index) {
  char text[WF_NUMBER_TEXT + 2];
  if (lua_isinteger(w->L, index)) {
    wf_format_i64(text, lua_tointeger(w->L, index));
  } else {
    double value = lua_tonumber(w->L, index);
    if (!isfinite(value)) refuse(w, "JSON has no text for a number that is not finite");
    size_t n = wf_format_f64(text, value);
    if (strspn(text, "-0123456789") == n) memcpy(text + n, ".0", 3);
  }
  wf_bytes_text(w->out, text);
}

static void write_value(writer *w, int index);

static void write_array(writer *w, int index, size_t n) {
  place here = {.outer = w->at};
  w->at = &here;
  wf_bytes_char(w->out, '[');
  w->level++;
  for (size_t i = 0; i < n; i++) {
    if (i) wf_bytes_char(w->out, ',');
    new_line(w);
    here.index = i + 1;
    lua_rawgeti(w->L, index, (lua_Integer)i + 1);
    write_value(w, lua_gettop(w->L));
    lua_pop(w->L, 1);
  }
  w->at = here.outer;
  w->level--;
  if (n > 0) new_line(w);
  wf_bytes_char(w->out, ']');
}

static bool is_plain_text(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TSTRING) return false;
  size_t size;
  const char *text = lua_tolstring(L, index, &size);
  return strlen(text) == size;
}

/* A key that is no text is an error with the object's place. */
static const char **sorted_keys(writer *w, int index, size_t *n) {
  char path[PATH_SIZE] = "json.encode";
  for (lua_pushnil(w->L); lua_next(w->L, index); lua_pop(w->L, 1)) {
    if (is_plain_text(w->L, -2) || !w->at) continue;
    format_place(w->at, path);
    lua_pop(w->L, 2);
    break;
  }
  return wfl_keys(w->L, index, path, n);
}

static void write_object(writer *w, int index) {
  size_t n;
  const char **keys = sorted_keys(w, index, &n);
  place here = {.outer = w->at};
  w->at = &here;
  wf_bytes_char(w->out, '{');
  w->level++;
  for (size_t i = 0; i < n; i++) {
    if (i) wf_bytes_char(w->out, ',');
    new_line(w);
    here.key = keys[i];
    lua_pushstring(w->L, keys[i]);
    write_string(w, lua_gettop(w->L));
    wf_bytes_text(w->out, w->indent ? ": " : ":");
    lua_rawget(w->L, index);
    write_value(w, lua_gettop(w->L));
    lua_pop(w->L, 1);
  }
  w->at = here.outer;
  w->level--;
  if (n > 0) new_line(w);
  wf_bytes_char(w->out, '}');
  lua_pop(w->L, 1);
}

static bool is_marked(lua_State *L, int index) {
  if (!lua_getmetatable(L, index)) return false;
  push_array_metatable(L);
  bool marked = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return marked;
}

/* Whether the keys are 1 to n and nothing else; `n` counts all keys. */
static bool is_sequence(lua_State *L, int index, size_t *n) {
  size_t count = 0;
  lua_Integer largest = 0;
  bool integers = true;
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    count++;
    integers = integers && lua_isinteger(L, -2) && lua_tointeger(L, -2) > 0;
    if (integers && lua_tointeger(L, -2) > largest) largest = lua_tointeger(L, -2);
  }
  *n = count;
  return integers && largest == (lua_Integer)count;
}

/* Replaces a table that has __pairs by a plain copy of what that gives. */
static void flatten(lua_State *L, int index) {
  if (luaL_getmetafield(L, index, "__pairs") == LUA_TNIL) return;
  lua_pushvalue(L, index);
  lua_call(L, 1, 3);
  lua_newtable(L); /* next state control copy */
  lua_insert(L, -4);
  for (;;) {
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -3);
    lua_call(L, 2, 2); /* copy next state control key value */
    if (lua_isnil(L, -2)) break;
    lua_pushvalue(L, -2);
    lua_copy(L, -1, -4); /* control = key */
    lua_insert(L, -2);
    lua_rawset(L, -7);
    lua_pop(L, 1);
  }
  lua_pop(L, 5);
  lua_replace(L, index);
}

static void write_table(writer *w, int index) {
  if (w->level >= MAX_LEVELS) {
    w->at = NULL;
    refuse(w, "nested deeper than 512 levels; does it hold itself?");
  }
  flatten(w->L, index);
  size_t n;
  bool sequence_keys = is_sequence(w->L, index, &n), marked = is_marked(w->L, index);
  if (marked && !sequence_keys) refuse(w, "marked as an array, but its keys are not 1 to n");
  if (marked || (sequence_keys && n > 0))
    write_array(w, index, n);
  else
    write_object(w, index);
}

static void write_value(writer *w, int index) {
  luaL_checkstack(w->L, 12, NULL);
  switch (lua_type(w->L, index)) {
  case LUA_TNIL: wf_bytes_text(w->out, "null"); break;
  case LUA_TBOOLEAN: wf_bytes_text(w->out, lua_toboolean(w->L, index) ? "true" : "false"); break;
  case LUA_TNUMBER: write_number(w, index); break;
  case LUA_TSTRING: write_string(w, index); break;
  case LUA_TTABLE: write_table(w, index); break;
  default:
    if (wfl_is_missing(w->L, index)) {
      wf_bytes_text(w->out, "null");
      break;
    }
    const char *name = luaL_typename(w->L, index);
    if (luaL_getmetafield(w->L, index, "__name") == LUA_TSTRING) name = lua_tostring(w->L, -1);
    refuse(w, lua_pushfstring(w->L, "a %s has no JSON text", name));
  }
}

void wfl_push_json_text(lua_State *L, int index, int indent) {
  index = lua_absindex(L, index);
  int top = lua_gettop(L);
  lua_pushvalue(L, index); /* flattening replaces the copy, not the caller's value */
  wf_bytes *out = wfl_push_buffer(L);
  writer w = {.L = L, .out = out, .indent = indent};
  write_value(&w, top + 1);
  if (out->failed) luaL_error(L, "not enough memory");
  lua_pushlstring(L, out->data, out->size);
  lua_replace(L, top + 1);
  wfl_pop_buffer(L);
}

/* encode(value[, {indent=}]) */
static int encode(lua_State *L) {
  luaL_checkany(L, 1);
  int indent = 0;
  if (!lua_isnoneornil(L, 2)) {
    wfl_options(L, 2, "json.encode", (const char *const[]){"indent", NULL});
    indent = (int)wfl_option_integer(L, 2, "json.encode", "indent", 0, 0, 16);
  }
  wfl_push_json_text(L, 1, indent);
  return 1;
}

/* array(table): the same table, written as an array also when empty. */
static int array(lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  push_array_metatable(L);
  lua_setmetatable(L, 1);
  return 1;
}

int wfl_open_json(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"array", array}, {"decode", decode}, {"encode", encode}, {NULL, NULL}};
  luaL_newlib(L, functions);
  wfl_push_null(L);
  lua_setfield(L, -2, "null");
  return 1;
}
