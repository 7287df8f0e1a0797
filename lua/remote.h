/* lua/remote.h — web addresses as sources: what a reader of files does when the path is
 * "http://…" or "https://…". The whole body is fetched into memory. */
#ifndef WFL_REMOTE_H
#define WFL_REMOTE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

bool wfl_is_remote(const char *path);

/* The body at the address; pushes what owns it. The options table at `arg` may hold `timeout` (in
 * seconds, of the whole exchange; 60) and `max_bytes` (256 MiB; more is an error). Anything but the
 * status 200 is an error that names it. The observer hears of a file that is none: a step's result
 * that depends on it is not kept. */
const char *wfl_fetch(lua_State *L, const char *url, int arg, const char *what, size_t *size);

#endif
