/* options.c — option tables and lists of texts, read with the words of wf.options. */
#include "options.h"

#include "bind.h"

#include "base/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- suggestions --------------------------------------------------------------------------------
 */

const char *wfl_nearest(const char *word, const char *const *names) {
  size_t n = 0;
  while (names[n]) n++;
  return wf_suggest(word, names, n, sizeof *names);
}

const char *wfl_nearest_key(lua_State *L, int index, const char *word) {
  size_t n;
  lua_pushvalue(L, index);
  const char **keys = wfl_keys(L, lua_gettop(L), "methods", &n);
  return wf_suggest(word, keys, n, sizeof *keys);
}

/* ---- options ------------------------------------------------------------------------------------
 */

const char *wfl_kind(lua_State *L, int index) {
  if (lua_isinteger(L, index)) return "integer";
  int field = luaL_getmetafield(L, index, "__name");
  const char *name = field == LUA_TSTRING ? lua_tostring(L, -1) : luaL_typename(L, index);
  if (field != LUA_TNIL) lua_pop(L, 1);
  return name;
}

static bool is_among(const char *word, const char *const *names) {
  for (; *names; names++)
    if (strcmp(word, *names) == 0) return true;
  return false;
}

/* Pushes "a, b, c". */
static const char *push_list(lua_State *L, const char *const *names) {
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  for (size_t i = 0; names[i]; i++) {
    if (i) luaL_addstring(&buffer, ", ");
    luaL_addstring(&buffer, names[i]);
  }
  luaL_pushresult(&buffer);
  return lua_tostring(L, -1);
}

static void check_key(lua_State *L, const char *what, const char *const *names) {
  if (lua_type(L, -2) != LUA_TSTRING) {
    const char *key = luaL_tolstring(L, -2, NULL);
    wfl_fail(L, WF_INVALID, "%s: options are named; %s is no name", what, key);
  }
  const char *key = lua_tostring(L, -2);
  if (is_among(key, names)) return;
  const char *nearest = wfl_nearest(key, names);
  if (nearest)
    wfl_fail(L, WF_INVALID, "%s: unknown option '%s'; did you mean '%s'?", what, key, nearest);
  wfl_fail(L, WF_INVALID, "%s: unknown option '%s'; known are %s", what, key, push_list(L, names));
}

void wfl_options(lua_State *L, int arg, const char *what, const char *const *names) {
  arg = lua_absindex(L, arg);
  if (lua_isnoneornil(L, arg)) {
    lua_settop(L, arg > lua_gettop(L) ? arg : lua_gettop(L));
    lua_newtable(L);
    lua_replace(L, arg);
    return;
  }
  if (!lua_istable(L, arg))
    wfl_fail(L, WF_TYPE, "%s: options must be a table, not %s", what, wfl_kind(L, arg));
  luaL_checkstack(L, 8, NULL);
  /* The least of the bad keys is reported, so that the message does not depend on table order. */
  const char *bad = NULL;
  lua_pushnil(L);
  while (lua_next(L, arg)) {
    if (lua_type(L, -2) != LUA_TSTRING) check_key(L, what, names);
    const char *key = lua_tostring(L, -2);
    if (!is_among(key, names) && (!bad || strcmp(key, bad) < 0)) bad = key;
    lua_pop(L, 1);
  }
  if (!bad) return;
  if (lua_getfield(L, arg, "rows") != LUA_TNIL && lua_getfield(L, arg, "skipped") != LUA_TNIL)
    wfl_fail(
        L, WF_INVALID,
        "%s: these are no options but the report that a reader gives beside its frame; put the "
        "call in parentheses to leave it out: (csv.read(path))",
        what);
  lua_pushstring(L, bad);
  lua_pushnil(L);
  check_key(L, what, names);
}

int wfl_option_fail(lua_State *L, const char *what, const char *name, const char *expected) {
  return wfl_fail(L, WF_TYPE, "%s: option '%s' must be %s, not %s", what, name, expected,
                  wfl_kind(L, -1));
}

bool wfl_option_boolean(lua_State *L, int arg, const char *what, const char *name, bool otherwise) {
  int type = lua_getfield(L, arg, name);
  if (type != LUA_TNIL && type != LUA_TBOOLEAN) wfl_option_fail(L, what, name, "a boolean");
  bool value = type == LUA_TNIL ? otherwise : lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

lua_Integer wfl_option_integer(lua_State *L, int arg, const char *what, const char *name,
                               lua_Integer otherwise, lua_Integer min, lua_Integer max) {
  int type = lua_getfield(L, arg, name), is_integer = 1;
  lua_Integer value = otherwise;
  if (type == LUA_TNUMBER) value = lua_tointegerx(L, -1, &is_integer);
  if ((type != LUA_TNIL && type != LUA_TNUMBER) || !is_integer)
    wfl_option_fail(L, what, name, "an integer");
  if (type != LUA_TNIL && (value < min || value > max)) {
    if (max == LUA_MAXINTEGER)
      wfl_fail(L, WF_INVALID, "%s: option '%s' must be at least %I, not %I", what, name, min,
               value);
    wfl_fail(L, WF_INVALID, "%s: option '%s' must be from %I to %I, not %I", what, name, min, max,
             value);
  }
  lua_pop(L, 1);
  return value;
}

double wfl_option_number(lua_State *L, int arg, const char *what, const char *name,
                         double otherwise) {
  int type = lua_getfield(L, arg, name);
  if (type != LUA_TNIL && type != LUA_TNUMBER) wfl_option_fail(L, what, name, "a number");
  double value = type == LUA_TNIL ? otherwise : lua_tonumber(L, -1);
  lua_pop(L, 1);
  return value;
}

const char *wfl_option_bytes(lua_State *L, int arg, const char *what, const char *name,
                             size_t *size) {
  int type = lua_getfield(L, arg, name);
  if (type != LUA_TNIL && type != LUA_TSTRING) wfl_option_fail(L, what, name, "a string");
  const char *value = type == LUA_TNIL ? NULL : lua_tolstring(L, -1, size);
  lua_pop(L, 1);
  return value;
}

const char *wfl_option_string(lua_State *L, int arg, const char *what, const char *name,
                              const char *otherwise) {
  size_t size = 0;
  const char *value = wfl_option_bytes(L, arg, what, name, &size);
  if (value && strlen(value) != size)
    wfl_fail(L, WF_INVALID, "%s: option '%s' holds a zero byte", what, name);
  return value ? value : otherwise;
}

/* Raises the text of wf.options.choice. */
static int choice_fail(lua_State *L, const char *what, const char *name, const char *text,
                       const char *const *choices) {
  const char *nearest = wfl_nearest(text, choices);
  const char *hint = nearest ? lua_pushfstring(L, "; did you mean '%s'?", nearest) : "";
  return wfl_fail(L, WF_INVALID, "%s: %s: '%s' is not one of %s%s", what, name, text,
                  push_list(L, choices), hint);
}

int wfl_option_choice(lua_State *L, int arg, const char *what, const char *name,
                      const char *const *choices, int otherwise) {
  const char *text = wfl_option_string(L, arg, what, name, NULL);
  if (!text) return otherwise;
  for (int i = 0; choices[i]; i++)
    if (strcmp(text, choices[i]) == 0) return i;
  return choice_fail(L, what, name, text, choices);
}

void *wfl_option_object(lua_State *L, int arg, const char *what, const char *name, const char *type,
                        bool required) {
  lua_getfield(L, arg, name);
  if (lua_isnil(L, -1) && !required) {
    lua_pop(L, 1);
    return NULL;
  }
  bool fits = luaL_testudata(L, -1, type) != NULL;
  if (lua_isnil(L, -1))
    wfl_fail(L, WF_INVALID, "%s: option '%s' is missing (a %s)", what, name, type);
  if (!fits) {
    char expected[64];
    snprintf(expected, sizeof expected, "a %s", type);
    wfl_option_fail(L, what, name, expected);
  }
  void *ptr = wfl_test(L, -1, type);
  if (!ptr) wfl_fail(L, WF_INVALID, "%s: option '%s' is already closed", what, name);
  lua_pop(L, 1);
  return ptr;
}

const char *wfl_top_text(lua_State *L, const char *what) {
  size_t size;
  const char *text = lua_tolstring(L, -1, &size);
  if (strlen(text) != size) wfl_fail(L, WF_INVALID, "%s: '%s…' holds a zero byte", what, text);
  return text;
}

const char **wfl_strings(lua_State *L, int index, const char *what, size_t *n) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 4, NULL);
  if (lua_type(L, index) == LUA_TSTRING) {
    const char **one = wfl_scratch(L, 1, sizeof *one);
    lua_pushvalue(L, index);
    *one = wfl_top_text(L, what);
    lua_pop(L, 1);
    *n = 1;
    return one;
  }
  if (!lua_istable(L, index))
    wfl_fail(L, WF_TYPE, "%s must be a list of strings, not %s", what, wfl_kind(L, index));
  size_t count = lua_rawlen(L, index);
  const char **strings = wfl_scratch(L, count, sizeof *strings);
  for (size_t i = 0; i < count; i++) {
    if (lua_rawgeti(L, index, (lua_Integer)i + 1) != LUA_TSTRING)
      wfl_fail(L, WF_TYPE, "%s: item %d must be a string, not %s", what, (int)i + 1,
               wfl_kind(L, -1));
    strings[i] = wfl_top_text(L, what);
    lua_pop(L, 1);
  }
  *n = count;
  return strings;
}

const char **wfl_option_strings(lua_State *L, int arg, const char *what, const char *name,
                                size_t *n) {
  *n = 0;
  arg = lua_absindex(L, arg);
  if (lua_getfield(L, arg, name) == LUA_TNIL) return NULL;
  const char *label = lua_pushfstring(L, "%s: option '%s'", what, name);
  const char **strings = wfl_strings(L, -2, label, n);
  lua_replace(L, -3);
  lua_pop(L, 1);
  return strings;
}

static int by_bytes(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **wfl_keys(lua_State *L, int index, const char *what, size_t *n) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 4, NULL);
  if (!lua_istable(L, index))
    wfl_fail(L, WF_TYPE, "%s must be a table, not %s", what, wfl_kind(L, index));
  size_t count = 0;
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) count++;
  const char **keys = wfl_scratch(L, count, sizeof *keys);
  size_t i = 0;
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      wfl_fail(L, WF_TYPE, "%s: every key must be a string, one is a %s", what, wfl_kind(L, -2));
    lua_pushvalue(L, -2);
    if (i < count) keys[i++] = wfl_top_text(L, what);
    lua_pop(L, 1);
  }
  qsort(keys, i, sizeof *keys, by_bytes);
  *n = i;
  return keys;
}
