/* known.c — names for values that are the same in every process.
 *
 * The table value → name is made from package.loaded when it is needed and modules have been loaded
 * since it was made. A function that is in two modules keeps one name whatever
 * the order of package.loaded: modules are taken in the order of their names. */
#include "known.h"

#include "order.h"

#include <lauxlib.h>
#include <string.h>

static const char NAMES[] = "wf.known.names"; /* registry: table or function → name */

static bool is_known_module(const char *name) {
  static const char *const standard[] = {"coroutine", "debug",  "io",    "math", "os",
                                         "package",   "string", "table", "utf8", NULL};
  if (strcmp(name, "wf") == 0 || strncmp(name, "wf.", 3) == 0) return true;
  for (const char *const *known = standard; *known; known++) {
    if (strcmp(name, *known) == 0) return true;
  }
  return false;
}

/* names[value on top] = text unless it has a name already; pops the value. */
static void give_name(lua_State *L, int names, const char *module, const char *member) {
  lua_pushvalue(L, -1);
  if (lua_rawget(L, names) == LUA_TNIL) {
    lua_pushvalue(L, -2);
    if (member)
      lua_pushfstring(L, "%s.%s", module, member);
    else
      lua_pushstring(L, module);
    lua_rawset(L, names);
  }
  lua_pop(L, 2);
}

/* Names the functions of the table on top, C functions alone when `only_c`. */
static void name_members(lua_State *L, int names, const char *module, bool only_c) {
  int table = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, table)) {
    bool wanted =
        lua_type(L, -2) == LUA_TSTRING && (only_c ? lua_iscfunction(L, -1) : lua_isfunction(L, -1));
    if (wanted)
      give_name(L, names, module, lua_tostring(L, -2));
    else
      lua_pop(L, 1);
  }
}

static void name_modules(lua_State *L, int names, int loaded, int keys, lua_Integer count) {
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, keys, i);
    const char *module = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    if (is_known_module(module) && lua_getfield(L, loaded, module) == LUA_TTABLE) {
      name_members(L, names, module, false);
      give_name(L, names, module, NULL);
    }
    lua_settop(L, keys);
  }
}

static void collect(lua_State *L) {
  int top = lua_gettop(L);
  lua_newtable(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_Integer count = wfl_push_sorted_keys(L, top + 2);
  name_modules(L, top + 1, top + 2, top + 3, count);
  lua_pushglobaltable(L); /* scripts add to it: only the base library's own functions */
  name_members(L, top + 1, "_G", true);
  lua_pushvalue(L, top + 1);
  lua_setfield(L, LUA_REGISTRYINDEX, NAMES);
  lua_settop(L, top);
}

void wfl_forget_known_names(lua_State *L) {
  lua_pushnil(L);
  lua_setfield(L, LUA_REGISTRYINDEX, NAMES);
}

bool wfl_push_known_name(lua_State *L, int index) {
  index = lua_absindex(L, index);
  if (lua_getfield(L, LUA_REGISTRYINDEX, NAMES) != LUA_TTABLE) {
    collect(L);
    lua_pop(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, NAMES);
  }
  lua_pushvalue(L, index);
  bool found = lua_rawget(L, -2) == LUA_TSTRING;
  lua_remove(L, -2);
  if (!found) lua_pop(L, 1);
  return found;
}

void wfl_push_known_module(lua_State *L, const char *name) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, -1, name) == LUA_TNIL && strncmp(name, "wf", 2) == 0) {
    lua_pop(L, 1);
    lua_getglobal(L, "require");
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
  }
  lua_remove(L, -2);
}

/* Pushes member `dot + 1` of module `name` up to `dot`; nil when there is none. */
static void push_member(lua_State *L, const char *name, const char *dot) {
  int top = lua_gettop(L);
  lua_pushlstring(L, name, (size_t)(dot - name));
  wfl_push_known_module(L, lua_tostring(L, -1));
  if (lua_istable(L, -1))
    lua_getfield(L, -1, dot + 1);
  else
    lua_pushnil(L);
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
}

void wfl_push_known_value(lua_State *L, const char *name) {
  int top = lua_gettop(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, -1, name) == LUA_TTABLE) { /* a module that is there */
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
    return;
  }
  lua_settop(L, top);
  const char *dot = strrchr(name, '.');
  if (dot) push_member(L, name, dot);
  if (lua_gettop(L) > top && !lua_isnil(L, -1)) return;
  lua_settop(L, top);
  wfl_push_known_module(L, name);
}
