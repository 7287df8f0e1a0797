/* lua/embed.h — the Lua part of the library, embedded as source.
 *
 * The files that stdlib/meson.build lists are arrays in the binary, found by a searcher right after
 * package.preload. With a directory (WF_STDLIB) that directory goes to the front of package.path
 * instead and nothing embedded is used: all or nothing, so that versions never mix. */
#ifndef WFL_EMBED_H
#define WFL_EMBED_H

#include <lua.h>
#include <stddef.h>

typedef struct wfl_embedded {
  const char *module; /* "wf.cli.runs" */
  const char *chunk;  /* "@stdlib/wf/cli/runs.lua" */
  const unsigned char *source;
  size_t size;
} wfl_embedded;

/* Ends with a NULL module; generated. */
extern const wfl_embedded wfl_stdlib[];

/* `directory` may be NULL. */
void wfl_open_stdlib(lua_State *L, const char *directory);

#endif
