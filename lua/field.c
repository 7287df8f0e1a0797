/* field.c — fields of tables that bindings push. */
#include "field.h"

#include <math.h>

void wfl_set_text(lua_State *L, const char *name, const char *text) {
  if (!text) return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

void wfl_set_number(lua_State *L, const char *name, double value) {
  if (isnan(value)) return;
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

void wfl_set_integer(lua_State *L, const char *name, int64_t value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

void wfl_set_count(lua_State *L, const char *name, size_t value) {
  wfl_set_integer(L, name, (int64_t)value);
}
