/* lua/state.h — a Lua state of wf: its libraries, its context, where its text goes.
 *
 * Every state has one context, reached from any of its coroutines. Memory comes from base/alloc.
 * Only text chunks load; math.random starts from a fixed seed; os.exit unwinds instead of ending
 * the process; print and progress lines go through the context's sink. */
#ifndef WFL_STATE_H
#define WFL_STATE_H

#include "base/bytes.h"

#include <lua.h>
#include <stdatomic.h>

/* Where text goes. WFL_STATUS is a passing line (a progress bar) that the next one replaces; an
 * empty one clears it. Lines come without their end. */
typedef enum wfl_channel { WFL_OUTPUT, WFL_PROGRESS, WFL_STATUS } wfl_channel;
typedef void wfl_sink(void *context, wfl_channel channel, const char *text, size_t size);

typedef struct wfl_context {
  lua_State *L;
  wfl_sink *sink; /* NULL: dropped */
  void *sink_context;
  char *state_dir, *executable, *stdlib_dir; /* NULL where not given */
  size_t pressure;                           /* bytes outside Lua its collector does not know of */
  wf_bytes warning;                          /* the pieces of one so far */
  /* interrupt.c's */
  bool watched;
  atomic_bool canceled;
  _Atomic(lua_State *) running; /* the coroutine that runs now */
  int64_t canceled_ns;          /* when the script was told; 0: not yet */
} wfl_context;

typedef struct wfl_settings {
  wfl_sink *sink;
  void *sink_context;
  const char *state_dir, *executable;
  bool watched; /* see interrupt.h */
} wfl_settings;

wf_status wfl_state_new(wfl_context **out, const wfl_settings *settings, wf_error *err);
void wfl_state_free(wfl_context *context);

wfl_context *wfl_context_of(lua_State *L);

void wfl_emit(lua_State *L, wfl_channel channel, const char *text, size_t size);

/* Pushes the script as a function; on failure an error object instead, and false. `path` NULL is
 * standard input. Its directory joins package.path. */
bool wfl_load_script(lua_State *L, const char *path);
/* The same for a script whose text is at hand: `text` ends with a zero byte. */
bool wfl_load_script_text(lua_State *L, const char *path, const char *text, size_t size);
bool wfl_load_text(lua_State *L, const char *code, size_t size, const char *chunk_name);

#endif
