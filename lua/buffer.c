/* buffer.c — a wf_bytes as a userdata. */
#include "buffer.h"

#include <lauxlib.h>

static int dispose(lua_State *L) {
  wf_bytes_dispose(lua_touserdata(L, 1));
  return 0;
}

wf_bytes *wfl_push_buffer(lua_State *L) {
  wf_bytes *buffer = lua_newuserdatauv(L, sizeof *buffer, 0);
  *buffer = (wf_bytes){0};
  if (luaL_newmetatable(L, "wf.buffer")) {
    lua_pushcfunction(L, dispose);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return buffer;
}

static int append(lua_State *L, const void *data, size_t size, void *buffer) {
  (void)L;
  wf_bytes_add(buffer, data, size);
  return 0;
}

wf_bytes *wfl_push_dump(lua_State *L, int index, bool strip) {
  index = lua_absindex(L, index);
  wf_bytes *buffer = wfl_push_buffer(L);
  lua_pushvalue(L, index);
  lua_dump(L, append, buffer, strip);
  lua_pop(L, 1);
  return buffer;
}
