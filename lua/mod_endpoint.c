/* mod_endpoint.c — wf.core.endpoint: the server, run until it is told to stop.
 *
 * The server runs in a thread of its own with all signals blocked, while the script's thread waits:
 * so a signal or a cancellation reaches the script's thread, and the server's log lines, which come
 * from any of its threads over a pipe, reach a Lua function in the script's thread. A line that
 * finds the pipe full is dropped; the server never waits for the log. */
#include "convert.h"
#include "interrupt.h"
#include "modules.h"

#include "wf/endpoint.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char SERVING[] = "wf.serving";

enum { WAIT_MS = 50, LINE_SIZE = PIPE_BUF };

/* One call of serve. */
typedef struct serving {
  wf_server *server;
  pthread_t thread;
  bool running;      /* the thread was started and not yet joined */
  atomic_bool ended; /* wf_server_run has returned */
  int log_read, log_write;
  wf_status status; /* of wf_server_run */
  wf_error err;
  char line[LINE_SIZE]; /* what was read of the log, up to the next line end */
  size_t used;
} serving;

/* From any thread of the server. One write of at most PIPE_BUF bytes is atomic. */
static void on_log(void *context, const char *text) {
  const serving *s = context;
  char line[LINE_SIZE];
  size_t size = strnlen(text, LINE_SIZE - 1);
  memcpy(line, text, size);
  line[size] = '\n';
  ssize_t written = write(s->log_write, line, size + 1);
  (void)written;
}

static void *run_server(void *context) {
  serving *s = context;
  s->status = wf_server_run(s->server, &s->err);
  atomic_store(&s->ended, true);
  on_log(s, ""); /* wakes the waiting thread */
  return NULL;
}

/* ---- beginning and end --------------------------------------------------------------------------
 */

static void join(serving *s) {
  if (!s->running) return;
  wf_server_stop(s->server);
  pthread_join(s->thread, NULL);
  s->running = false;
}

static int dispose(lua_State *L) {
  serving *s = lua_touserdata(L, 1);
  join(s);
  wf_server_close(s->server);
  s->server = NULL;
  if (s->log_read >= 0) close(s->log_read);
  if (s->log_write >= 0) close(s->log_write);
  s->log_read = s->log_write = -1;
  return 0;
}

static serving *push_serving(lua_State *L) {
  serving *s = lua_newuserdatauv(L, sizeof *s, 0);
  *s = (serving){.log_read = -1, .log_write = -1, .err = WF_ERROR_INIT};
  if (luaL_newmetatable(L, SERVING)) {
    lua_pushcfunction(L, dispose);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, dispose);
    lua_setfield(L, -2, "__close");
  }
  lua_setmetatable(L, -2);
  return s;
}

static wf_status open_server(serving *s, const wf_server_options *options, wf_error *err) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) return wf_fail_errno(err, errno, "pipe");
  s->log_read = fds[0];
  s->log_write = fds[1];
  return wf_server_open(&s->server, options, err);
}

static wf_status start_thread(serving *s, wf_error *err) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  int failed = pthread_create(&s->thread, NULL, run_server, s);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  s->running = failed == 0;
  return failed ? wf_fail_errno(err, failed, "thread") : WF_OK;
}

/* Tells whoever started this process; ready_fd -1: nobody. */
static void tell(int ready_fd, const serving *s, wf_status status, const wf_error *err) {
  char text[WF_ERROR_MESSAGE + 16];
  if (ready_fd < 0) return;
  if (status == WF_OK)
    snprintf(text, sizeof text, "ready %d\n", wf_server_port(s->server));
  else
    snprintf(text, sizeof text, "error %s\n", err->message);
  wf_write_all(ready_fd, text, strlen(text));
  close(ready_fd);
}

/* ---- waiting ------------------------------------------------------------------------------------
 */

/* Calls the log function at stack index `log` (0: none) with each whole line. */
static void pass_lines(lua_State *L, serving *s, int log) {
  char *from = s->line, *end = s->line + s->used, *stop;
  for (; (stop = memchr(from, '\n', (size_t)(end - from))); from = stop + 1) {
    if (!log || stop == from) continue;
    lua_pushvalue(L, log);
    lua_pushlstring(L, from, (size_t)(stop - from));
    lua_call(L, 1, 0);
  }
  s->used = (size_t)(end - from);
  memmove(s->line, from, s->used);
}

/* Until the server has ended and its last line was passed on. */
static void wait_for_end(lua_State *L, serving *s, int log) {
  for (;;) {
    if (wfl_canceled(L)) wf_server_stop(s->server);
    bool ended = atomic_load(&s->ended);
    struct pollfd wait = {.fd = s->log_read, .events = POLLIN};
    if (!ended && poll(&wait, 1, WAIT_MS) < 0) continue;
    ssize_t n = read(s->log_read, s->line + s->used, LINE_SIZE - s->used);
    if (n > 0) {
      s->used += (size_t)n;
      pass_lines(L, s, log);
    } else if (ended) {
      return;
    }
  }
}

/* A server that was told to stop has done its job: the cancellation ends here. */
static int conclude(lua_State *L, serving *s) {
  join(s);
  if (s->status != WF_OK) return wfl_raise(L, &s->err);
  if (wfl_canceled(L)) wfl_rearm(wfl_context_of(L));
  return 0;
}

/* serve{state_dir= | model_path=, host=, port=, threads=, max_body=, idle_timeout_ms=,
 * log=function, ready_fd=}: returns when the server was stopped */
static int endpoint_serve(lua_State *L) {
  static const char what[] = "endpoint.serve";
  static const char *const names[] = {"state_dir",       "model_path", "host", "port",
                                      "threads",         "max_body",   "log",  "ready_fd",
                                      "idle_timeout_ms", NULL};
  lua_settop(L, 1);
  wfl_options(L, 1, what, names);
  wf_server_options options = wf_server_options_default();
  options.state_dir = wfl_option_string(L, 1, what, "state_dir", NULL);
  options.model_path = wfl_option_string(L, 1, what, "model_path", NULL);
  options.host = wfl_option_string(L, 1, what, "host", NULL);
  options.port = (int)wfl_option_integer(L, 1, what, "port", 0, 0, 65535);
  options.n_threads = (size_t)wfl_option_integer(L, 1, what, "threads", 0, 0, 4096);
  options.max_body = (size_t)wfl_option_integer(L, 1, what, "max_body", 0, 0, LUA_MAXINTEGER);
  options.idle_timeout_ms = (int)wfl_option_integer(L, 1, what, "idle_timeout_ms", 0, 0, INT_MAX);
  int ready_fd = (int)wfl_option_integer(L, 1, what, "ready_fd", -1, -1, INT_MAX);
  if (!options.state_dir == !options.model_path)
    return wfl_fail(L, WF_INVALID, "%s: give either 'state_dir' or 'model_path'", what);
  int type = lua_getfield(L, 1, "log"), log = type == LUA_TNIL ? 0 : lua_gettop(L);
  if (type != LUA_TNIL && type != LUA_TFUNCTION) wfl_option_fail(L, what, "log", "a function");
  serving *s = push_serving(L);
  if (log) options.log = on_log;
  options.log_context = s;
  wf_error err = WF_ERROR_INIT;
  wf_status status = open_server(s, &options, &err);
  if (status == WF_OK) status = start_thread(s, &err);
  tell(ready_fd, s, status, &err);
  if (status != WF_OK) return wfl_raise(L, &err);
  lua_toclose(L, -1);
  wait_for_end(L, s, log);
  return conclude(L, s);
}

/* is_served(state_dir) → boolean */
static int endpoint_is_served(lua_State *L) {
  lua_pushboolean(L, wf_server_is_running(luaL_checkstring(L, 1)));
  return 1;
}

int wfl_open_endpoint(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"is_served", endpoint_is_served}, {"serve", endpoint_serve}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
