/* modules.c — the table of C modules. */
#include "modules.h"

#include <lauxlib.h>

void wfl_open_modules(lua_State *L) {
  static const luaL_Reg modules[] = {
#define MODULE(name, function) {name, function},
      WFL_MODULE_MAP(MODULE)
#undef MODULE
  };
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
    lua_pushcfunction(L, modules[i].func);
    lua_setfield(L, -2, modules[i].name);
  }
  lua_pop(L, 1);
}
