/* lua/trace.h — what a script reads from outside, told to whoever keeps account of it.
 *
 * Between set_up and the script, io.open, io.lines, loadfile, dofile, require, os.getenv, os.time,
 * os.clock and os.date are wrapped; the readers of wf's own file formats call wfl_trace_file. While
 * an observer is set (wf.core.step.observe), it is called before the reading with
 *   ("file", path)   ("env", name)   ("require", name)   ("clock", function's name)  ("remote",
 * url, digest) and may raise. Without one nothing happens. */
#ifndef WFL_TRACE_H
#define WFL_TRACE_H

#include <lua.h>
#include <stdbool.h>

void wfl_trace_install(lua_State *L);

/* Tells the observer, if there is one. */
void wfl_trace(lua_State *L, const char *kind, const char *name);
void wfl_trace_file(lua_State *L, const char *path);
/* A web address has been read: the observer gets ("remote", url, digest of the body). */
void wfl_trace_remote(lua_State *L, const char *url, const char *digest);

/* Takes the function at `index` (nil: nobody) as the observer. */
void wfl_trace_observe(lua_State *L, int index);

bool wfl_trace_is_observed(lua_State *L);

/* A module was found at `path`. */
void wfl_trace_module(lua_State *L, const char *name, const char *path);
/* Pushes the list of paths of the module's file and of all modules it required while it was loaded;
 * modules that came from no file are left out. */
void wfl_trace_push_module_files(lua_State *L, const char *name);

/* Lines printed go to the function at `index` first; when it returns true nowhere else. */
void wfl_trace_on_print(lua_State *L, int index);
/* True when the line was taken. */
bool wfl_trace_print(lua_State *L, const char *text, size_t size);

#endif
