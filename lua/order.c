/* order.c — sorted keys: a few by insertion, many through table.sort, whose memory is Lua's own. */
#include "order.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

enum { FEW = 12 };

static int compare(lua_State *L, int a, int b) {
  int type_a = lua_type(L, a), type_b = lua_type(L, b);
  if (type_a != type_b) return type_a < type_b ? -1 : 1;
  if (type_a == LUA_TSTRING) {
    size_t size_a, size_b;
    const char *text_a = lua_tolstring(L, a, &size_a), *text_b = lua_tolstring(L, b, &size_b);
    int order = memcmp(text_a, text_b, size_a < size_b ? size_a : size_b);
    return order ? order : size_a < size_b ? -1 : size_a > size_b;
  }
  if (type_a == LUA_TBOOLEAN) return lua_toboolean(L, a) - lua_toboolean(L, b);
  return lua_compare(L, a, b, LUA_OPLT) ? -1 : lua_compare(L, b, a, LUA_OPLT);
}

static int before(lua_State *L) {
  lua_pushboolean(L, compare(L, 1, 2) < 0);
  return 1;
}

/* True when the keys are 1, 2, … in the order lua_next gave them: nothing to sort. */
static bool is_sequence(lua_State *L, int keys, lua_Integer count) {
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, keys, i);
    bool in_place = lua_isinteger(L, -1) && lua_tointeger(L, -1) == i;
    lua_pop(L, 1);
    if (!in_place) return false;
  }
  return true;
}

/* By insertion. */
static void sort_few(lua_State *L, int keys, lua_Integer count) {
  for (lua_Integer i = 2, at; i <= count; i++) {
    lua_rawgeti(L, keys, i);
    for (at = i; at > 1; at--) {
      lua_rawgeti(L, keys, at - 1);
      if (compare(L, -1, -2) <= 0) break;
      lua_rawseti(L, keys, at);
    }
    if (at > 1) lua_pop(L, 1);
    lua_rawseti(L, keys, at);
  }
}

static void sort_many(lua_State *L, int keys) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "table");
  lua_getfield(L, -1, "sort");
  lua_pushvalue(L, keys);
  lua_pushcfunction(L, before);
  lua_call(L, 2, 0);
  lua_settop(L, keys);
}

lua_Integer wfl_push_sorted_keys(lua_State *L, int index) {
  index = lua_absindex(L, index);
  lua_Integer count = 0;
  lua_newtable(L);
  int keys = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, index)) {
    lua_pop(L, 1);
    int type = lua_type(L, -1);
    if (type != LUA_TSTRING && type != LUA_TNUMBER && type != LUA_TBOOLEAN) {
      lua_remove(L, keys);
      return -1;
    }
    lua_pushvalue(L, -1);
    lua_rawseti(L, keys, ++count);
  }
  if (count < 2 || is_sequence(L, keys, count)) return count;
  if (count <= FEW)
    sort_few(L, keys, count);
  else
    sort_many(L, keys);
  return count;
}
