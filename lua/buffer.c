/* buffer.c — a wf_bytes as a userdata.
 *
 * Some that are not used wait in the registry: most buffers hold a few hundred bytes for a
 * microsecond. One that an error has kept from being given back is collected like any other. */
#include "buffer.h"

#include <lauxlib.h>

enum { MOST_IDLE = 8, MOST_KEPT = 1 << 16 };

static const char IDLE[] = "wf.buffer.idle";

static int dispose(lua_State *L) {
  wf_bytes_dispose(lua_touserdata(L, 1));
  return 0;
}

static wf_bytes *push_new(lua_State *L) {
  wf_bytes *buffer = lua_newuserdatauv(L, sizeof *buffer, 0);
  *buffer = (wf_bytes){0};
  if (luaL_newmetatable(L, "wf.buffer")) {
    lua_pushcfunction(L, dispose);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return buffer;
}

/* Pushes the list of idle buffers; how many there are. */
static lua_Integer push_idle(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, IDLE) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_createtable(L, MOST_IDLE, 0);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, IDLE);
  }
  return (lua_Integer)lua_rawlen(L, -1);
}

wf_bytes *wfl_push_buffer(lua_State *L) {
  lua_Integer n = push_idle(L);
  if (n == 0) {
    lua_pop(L, 1);
    return push_new(L);
  }
  lua_rawgeti(L, -1, n);
  lua_pushnil(L);
  lua_rawseti(L, -3, n);
  lua_remove(L, -2);
  return lua_touserdata(L, -1);
}

void wfl_pop_buffer(lua_State *L) {
  wf_bytes *buffer = lua_touserdata(L, -1);
  if (buffer->capacity > MOST_KEPT)
    wf_bytes_dispose(buffer);
  else
    wf_bytes_clear(buffer);
  lua_Integer n = push_idle(L);
  lua_insert(L, -2);
  if (n < MOST_IDLE)
    lua_rawseti(L, -2, n + 1);
  else
    lua_pop(L, 1);
  lua_pop(L, 1);
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
