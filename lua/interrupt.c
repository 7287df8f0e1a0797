/* interrupt.c — a flag, a hook that looks at it, and who runs now.
 *
 * lua_sethook may be called from a signal handler on the thread that runs the state, but not from
 * another thread: it walks the call chain. So a state that others may cancel (an embedded one) is
 * watched, with its hook always on, and the `wf` program, which pays nothing for a hook, sets it
 * from its signal handler. A hook belongs to one coroutine; `running` says which one to set it on,
 * and whoever resumes a coroutine sets it on itself when control comes back during a cancellation.
 */
#include "interrupt.h"

#include "bind.h"

#include "base/clock.h"

enum { WATCH_INTERVAL = 1000 }; /* instructions */
static const int64_t GRACE_NS = 1000000000;

static void on_count(lua_State *L, lua_Debug *info) {
  (void)info;
  wfl_context *context = wfl_context_of(L);
  if (!atomic_load(&context->canceled)) {
    if (!context->watched) lua_sethook(L, NULL, 0, 0);
    return;
  }
  bool told = context->canceled_ns != 0;
  bool over = told && wf_clock_monotonic_ns() - context->canceled_ns > GRACE_NS;
  lua_sethook(L, on_count, LUA_MASKCOUNT, over ? 1 : WATCH_INTERVAL);
  if (!told || over) wfl_raise_canceled(L);
}

void wfl_note_canceled(lua_State *L) {
  wfl_context *context = wfl_context_of(L);
  if (!context->canceled_ns) context->canceled_ns = wf_clock_monotonic_ns();
}

int wfl_raise_canceled(lua_State *L) {
  wfl_note_canceled(L);
  return wfl_fail(L, WF_CANCELED, "interrupted");
}

bool wfl_canceled(lua_State *L) { return atomic_load(&wfl_context_of(L)->canceled); }

void wfl_cancel(wfl_context *context) { atomic_store(&context->canceled, true); }

void wfl_interrupt(wfl_context *context) {
  wfl_cancel(context);
  lua_sethook(atomic_load(&context->running), on_count, LUA_MASKCOUNT, 1);
}

void wfl_rearm(wfl_context *context) {
  atomic_store(&context->canceled, false);
  context->canceled_ns = 0;
  if (context->watched)
    lua_sethook(context->L, on_count, LUA_MASKCOUNT, WATCH_INTERVAL);
  else
    lua_sethook(context->L, NULL, 0, 0);
}

/* ---- coroutines ---------------------------------------------------------------------------------
 */

/* Calls the function below the `n` arguments on the top while `coroutine` runs. */
static int call_running(lua_State *L, lua_State *coroutine, int n) {
  wfl_context *context = wfl_context_of(L);
  lua_State *before = atomic_load(&context->running);
  int base = lua_gettop(L) - n - 1;
  if (coroutine) atomic_store(&context->running, coroutine);
  int status = lua_pcall(L, n, LUA_MULTRET, 0);
  atomic_store(&context->running, before);
  if (atomic_load(&context->canceled)) lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
  return status == LUA_OK ? lua_gettop(L) - base : lua_error(L);
}

static int resume(lua_State *L) {
  lua_State *coroutine = lua_tothread(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  return call_running(L, coroutine, lua_gettop(L) - 1);
}

/* Upvalues: what coroutine.wrap made, and its coroutine. */
static int resume_wrapped(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  return call_running(L, lua_tothread(L, lua_upvalueindex(2)), lua_gettop(L) - 1);
}

static int wrap(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  if (!lua_getupvalue(L, -1, 1)) return 1;
  lua_pushcclosure(L, resume_wrapped, 2);
  return 1;
}

/* Replaces coroutine.<name> by `function`, which has the original as its upvalue. */
static void replace(lua_State *L, const char *name, lua_CFunction function) {
  lua_getfield(L, -1, name);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
}

void wfl_track_coroutines(lua_State *L) {
  lua_getglobal(L, "coroutine");
  replace(L, "resume", resume);
  replace(L, "wrap", wrap);
  lua_pop(L, 1);
}
