/* complete.c — walking from the globals along what was typed.
 *
 * Only names separated by dots and colons are followed, never calls or brackets, so that pressing
 * Tab runs no code of the script beyond an __index (which loads a module of wf when first used).
 * Names are collected as the keys of a Lua table, then sorted: of tables and of what their
 * metatables index, of objects the methods, of frames the columns. */
#include "complete.h"

#include "bind.h"
#include "convert.h"

#include <ctype.h>
#include <string.h>

typedef struct query {
  const char *text;
  size_t start, cursor; /* of the word being completed */
  wfl_candidates *out;
} query;

static bool is_name_char(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* Where the path that ends at `cursor` begins. */
static size_t path_start(const char *text, size_t cursor) {
  while (cursor > 0) {
    char c = text[cursor - 1];
    if (!is_name_char(c) && c != '.' && c != ':') break;
    cursor--;
  }
  return cursor;
}

/* Sets names[name] = true in the table at `names` when it begins with what was typed. */
static void offer(lua_State *L, int names, const query *q, const char *name) {
  size_t typed = q->cursor - q->start;
  if (strncmp(name, q->text + q->start, typed) != 0 || !*name) return;
  for (const char *c = name; *c; c++)
    if (!is_name_char(*c)) return;
  lua_pushboolean(L, true);
  lua_setfield(L, names, name);
}

/* The string keys of the table on the top; pops it. */
static void offer_keys(lua_State *L, int names, const query *q) {
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
    if (lua_type(L, -2) == LUA_TSTRING) offer(L, names, q, lua_tostring(L, -2));
  lua_pop(L, 1);
}

static void offer_keywords(lua_State *L, int names, const query *q) {
  static const char *const keywords[] = {
      "and",      "break",  "do",   "else", "elseif", "end",   "false", "for",
      "function", "goto",   "if",   "in",   "local",  "nil",   "not",   "or",
      "repeat",   "return", "then", "true", "until",  "while",
  };
  for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) offer(L, names, q, keywords[i]);
}

/* The list `__names` of the metatable on the top: what an __index function would give. */
static void offer_names(lua_State *L, int names, const query *q) {
  if (lua_getfield(L, -1, "__names") == LUA_TTABLE) {
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TSTRING; i++) {
      offer(L, names, q, lua_tostring(L, -1));
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static void offer_columns(lua_State *L, int names, const query *q, int index) {
  const wf_frame *frame = wfl_test(L, index, WFL_FRAME);
  for (size_t i = 0; frame && i < wf_frame_column_count(frame); i++)
    offer(L, names, q, wf_frame_name_at(frame, i));
}

/* Everything the value at `index` can be asked for. */
static void offer_fields(lua_State *L, int names, const query *q, int index) {
  offer_columns(L, names, q, index);
  if (lua_istable(L, index)) {
    lua_pushvalue(L, index);
    offer_keys(L, names, q);
  }
  for (int depth = 0; depth < 10 && lua_getmetatable(L, index); depth++) {
    offer_names(L, names, q);
    if (lua_getfield(L, -1, "methods") == LUA_TTABLE)
      offer_keys(L, names, q);
    else
      lua_pop(L, 1);
    if (lua_getfield(L, -1, "__index") != LUA_TTABLE) return;
    lua_pushvalue(L, -1);
    offer_keys(L, names, q);
    index = lua_gettop(L);
  }
}

/* Pushes the value that the path before the word names; false when there is none. */
static bool push_owner(lua_State *L, const query *q, size_t from) {
  lua_pushglobaltable(L);
  while (from < q->start) {
    size_t end = from;
    while (is_name_char(q->text[end])) end++;
    if (end == from) return false;
    lua_pushlstring(L, q->text + from, end - from);
    lua_gettable(L, -2);
    if (lua_isnil(L, -1)) return false;
    from = end + 1;
  }
  return true;
}

/* Arguments: the query. */
static int do_complete(lua_State *L) {
  query *q = lua_touserdata(L, 1);
  size_t from = path_start(q->text, q->cursor);
  for (q->start = q->cursor; q->start > from && is_name_char(q->text[q->start - 1]);) q->start--;
  luaL_checkstack(L, 80, NULL);
  lua_newtable(L);
  if (push_owner(L, q, from)) {
    offer_fields(L, 2, q, lua_gettop(L));
    if (from == q->start) offer_keywords(L, 2, q);
  }
  size_t n;
  const char **words = wfl_keys(L, 2, "names", &n);
  q->out->start = q->start;
  for (size_t i = 0; i < n; i++)
    if (!wfl_candidates_add(q->out, words[i], strlen(words[i]))) break;
  return 0;
}

void wfl_complete(lua_State *L, const char *text, size_t cursor, wfl_candidates *out) {
  query q = {.text = text, .cursor = cursor, .out = out};
  if (!lua_checkstack(L, 4)) return;
  lua_pushcfunction(L, do_complete);
  lua_pushlightuserdata(L, &q);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_pop(L, 1);
}
