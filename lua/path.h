/* lua/path.h — where a walk through a Lua value is, for messages: "rows[3].name". */
#ifndef WFL_PATH_H
#define WFL_PATH_H

#include <lua.h>
#include <stddef.h>

/* What does not fit is cut. Zero-initialise. */
typedef struct wfl_path {
  size_t size;
  char text[200];
} wfl_path;

/* Append a name between two texts, or the table key at the absolute index: ".key" or "[key]".
 * Return what wfl_path_pop takes to undo it. */
size_t wfl_path_push(wfl_path *path, const char *before, const char *name, const char *after);
size_t wfl_path_push_key(wfl_path *path, lua_State *L, int key);
void wfl_path_pop(wfl_path *path, size_t used);

#endif
