/* embed.c — where require looks: preload, the embedded library, Lua files (as text), C libraries.
 */
#include "embed.h"

#include "trace.h"

#include <lauxlib.h>
#include <string.h>

static int search_embedded(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  for (const wfl_embedded *file = wfl_stdlib; file->module; file++) {
    if (strcmp(file->module, name) != 0) continue;
    const char *source = (const char *)file->source;
    if (luaL_loadbufferx(L, source, file->size, file->chunk, "t") != LUA_OK) return lua_error(L);
    lua_pushstring(L, file->chunk + 1);
    return 2;
  }
  lua_pushfstring(L, "no embedded module '%s'", name);
  return 1;
}

/* Lua's own searcher for package.path, but for text only. Upvalue 1: the table `package`. */
static int search_path(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  lua_getfield(L, lua_upvalueindex(1), "searchpath");
  lua_pushvalue(L, 1);
  lua_getfield(L, lua_upvalueindex(1), "path");
  lua_call(L, 2, 2);
  if (lua_isnil(L, -2)) return 1;
  const char *path = lua_tostring(L, -2);
  wfl_trace_module(L, name, path);
  if (luaL_loadfilex(L, path, "t") != LUA_OK)
    return luaL_error(L, "error loading module '%s' from file '%s':\n\t%s", name, path,
                      lua_tostring(L, -1));
  lua_pushstring(L, path);
  return 2;
}

/* Inserts the function on the top at `position` of the list below it. */
static void insert_searcher(lua_State *L, lua_Integer position) {
  for (lua_Integer i = luaL_len(L, -2); i >= position; i--) {
    lua_geti(L, -2, i);
    lua_seti(L, -3, i + 1);
  }
  lua_seti(L, -2, position);
}

void wfl_open_stdlib(lua_State *L, const char *directory) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "searchers");
  lua_pushvalue(L, -2);
  lua_pushcclosure(L, search_path, 1);
  lua_seti(L, -2, 2);
  if (directory) {
    lua_getfield(L, -2, "path");
    lua_pushfstring(L, "%s/?.lua;%s/?/init.lua;%s", directory, directory, lua_tostring(L, -1));
    lua_setfield(L, -4, "path");
    lua_pop(L, 1);
  } else {
    lua_pushcfunction(L, search_embedded);
    insert_searcher(L, 2);
  }
  lua_pop(L, 2);
}
