/* path.c — paths are written at every member of every table and read when something is refused:
 * plain copies, no formatting. */
#include "path.h"

#include "base/number.h"

#include <lauxlib.h>
#include <string.h>

static void add(wfl_path *path, const char *text) {
  size_t left = sizeof path->text - 1 - path->size, size = strlen(text);
  if (size > left) size = left;
  memcpy(path->text + path->size, text, size);
  path->size += size;
  path->text[path->size] = '\0';
}

size_t wfl_path_push(wfl_path *path, const char *before, const char *name, const char *after) {
  size_t used = path->size;
  add(path, before);
  add(path, name);
  add(path, after);
  return used;
}

size_t wfl_path_push_key(wfl_path *path, lua_State *L, int key) {
  char text[WF_NUMBER_TEXT];
  if (lua_type(L, key) == LUA_TSTRING) return wfl_path_push(path, ".", lua_tostring(L, key), "");
  if (lua_isinteger(L, key)) {
    wf_format_i64(text, lua_tointeger(L, key));
    return wfl_path_push(path, "[", text, "]");
  }
  size_t used = wfl_path_push(path, "[", luaL_tolstring(L, key, NULL), "]");
  lua_pop(L, 1);
  return used;
}

void wfl_path_pop(wfl_path *path, size_t used) {
  path->size = used;
  path->text[used] = '\0';
}
