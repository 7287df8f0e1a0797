/* mod_worker.c — wf.core.worker: processes that execute steps for this one.
 *
 * A worker is this program again. It reads jobs, one line each, from its standard input and
 * writes lines to descriptor 3. It ends with this process: by the end of its input, and by the
 * kernel's signal when this process is killed. A worker object that is collected ends its process.
 */
#include "bind.h"
#include "child_process.h"
#include "interrupt.h"
#include "modules.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 65536, POLL_MS = 50 };

static const char WORKER[] = "wf.worker";

extern char **environ;

typedef struct worker {
  pid_t pid; /* 0: has been waited for */
  int status;
  int jobs, lines; /* descriptors; -1: closed */
  wf_bytes pending;
} worker;

static worker *check(lua_State *L) { return wfl_check(L, 1, WORKER); }

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static void dispose(void *object) {
  worker *w = object;
  close_fd(&w->jobs);
  close_fd(&w->lines);
  if (w->pid > 0) {
    kill(w->pid, SIGKILL);
    while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR) continue;
  }
  wf_bytes_dispose(&w->pending);
  wf_free(w);
}

/* ---- starting -----------------------------------------------------------------------------------
 */

/* `program` lacks the files. */
static int start(worker *w, wfl_program *program) {
  int jobs[2] = {-1, -1}, lines[2] = {-1, -1};
  int failed = pipe2(jobs, O_CLOEXEC) != 0 || pipe2(lines, O_CLOEXEC) != 0 ? errno : 0;
  if (!failed) {
    jobs[0] = wfl_spawn_file(jobs[0]);
    lines[1] = wfl_spawn_file(lines[1]);
    if (jobs[0] < 0 || lines[1] < 0) failed = errno;
  }
  const int files[WFL_SPAWN_FILES] = {jobs[0], 2, 2, lines[1]};
  memcpy(program->files, files, sizeof files);
  if (!failed) failed = wfl_spawn(&w->pid, program);
  close_fd(&jobs[0]);
  close_fd(&lines[1]);
  if (failed) {
    close_fd(&jobs[1]);
    close_fd(&lines[0]);
    w->pid = 0;
    return failed;
  }
  w->jobs = jobs[1];
  w->lines = lines[0];
  return 0;
}

/* This process's environment without the variables that are in `more`, and those; NULL ends it.
 * Pushes its owner. */
static const char **push_environment(lua_State *L, const char **more, size_t n_more) {
  size_t n = 0;
  while (environ[n]) n++;
  const char **all = wfl_scratch(L, n + n_more + 1, sizeof *all);
  size_t used = 0;
  for (size_t i = 0; i < n; i++) {
    bool replaced = false;
    for (size_t k = 0; k < n_more; k++) {
      size_t length = strcspn(more[k], "=") + 1;
      replaced = replaced || strncmp(environ[i], more[k], length) == 0;
    }
    if (!replaced) all[used++] = environ[i];
  }
  for (size_t k = 0; k < n_more; k++) all[used++] = more[k];
  all[used] = NULL;
  return all;
}

/* start({program, words…}, {"NAME=value", …}[, working directory]) → worker */
static int worker_start(lua_State *L) {
  size_t n_words, n_more;
  lua_settop(L, 3);
  const char **given = wfl_strings(L, 1, "worker.start: words", &n_words);
  const char **more = wfl_strings(L, 2, "worker.start: environment", &n_more);
  luaL_argcheck(L, n_words > 0, 1, "no program");
  const char **words = wfl_scratch(L, n_words + 1, sizeof *words);
  memcpy(words, given, n_words * sizeof *words);
  words[n_words] = NULL;
  wfl_program program = {.words = words,
                         .environment = push_environment(L, more, n_more),
                         .directory = wfl_opt_text(L, 3, NULL)};
  wfl_box *box = wfl_newbox(L, WORKER);
  worker *w = box->ptr = wf_alloc_zero(1, sizeof *w);
  if (!w) return luaL_error(L, "not enough memory");
  w->jobs = w->lines = -1;
  int failed = start(w, &program);
  if (failed) {
    wf_error err = WF_ERROR_INIT;
    (void)wf_fail_errno(&err, failed, "%s", words[0]);
    return wfl_raise(L, &err);
  }
  return 1;
}

/* ---- talking ------------------------------------------------------------------------------------
 */

/* send(line): false when the worker is gone. Its end of the pipe being closed must not kill us. */
static int worker_send(lua_State *L) {
  worker *w = check(L);
  size_t size;
  const char *text = luaL_checklstring(L, 2, &size);
  sigset_t pipe_signal, before;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  bool sent = w->jobs >= 0 && wf_write_all(w->jobs, text, size);
  if (!sent) sigtimedwait(&pipe_signal, NULL, &(struct timespec){0, 0});
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  lua_pushboolean(L, sent);
  return 1;
}

/* Reads what is there; closes the descriptor at its end. */
static void receive(worker *w) {
  char chunk[CHUNK];
  ssize_t n = read(w->lines, chunk, sizeof chunk);
  if (n > 0) wf_bytes_add(&w->pending, chunk, (size_t)n);
  if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) close_fd(&w->lines);
}

/* poll({worker, …}, seconds): waits until one of them has said something or the time is over. */
static int worker_poll(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  double seconds = luaL_checknumber(L, 2);
  size_t n = (size_t)luaL_len(L, 1);
  struct pollfd *fds = wfl_scratch(L, n, sizeof *fds);
  worker **workers = wfl_scratch(L, n, sizeof *workers);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, 1, (lua_Integer)i + 1);
    workers[i] = wfl_check(L, lua_gettop(L), WORKER);
    fds[i] = (struct pollfd){.fd = workers[i]->lines, .events = POLLIN};
    lua_pop(L, 1);
  }
  int64_t end = wf_clock_monotonic_ns() + (int64_t)((seconds < 1e6 ? seconds : 1e6) * 1e9);
  for (;;) {
    if (wfl_canceled(L)) return wfl_raise_canceled(L);
    int64_t left = (end - wf_clock_monotonic_ns() + 999999) / 1000000;
    int ready = poll(fds, n, left < 0 ? 0 : left > POLL_MS ? POLL_MS : (int)left);
    for (size_t i = 0; ready > 0 && i < n; i++) {
      if (fds[i].revents && workers[i]->lines >= 0) receive(workers[i]);
    }
    if (ready > 0 || left <= 0) break;
  }
  return 0;
}

/* lines() → list of the complete lines since the last call, whether the worker can say more */
static int worker_lines(lua_State *L) {
  worker *w = check(L);
  if (w->pending.failed) return luaL_error(L, "not enough memory");
  lua_newtable(L);
  size_t from = 0;
  for (lua_Integer n = 1; from < w->pending.size; n++) {
    const char *start = w->pending.data + from;
    const char *end = memchr(start, '\n', w->pending.size - from);
    if (!end) break;
    lua_pushlstring(L, start, (size_t)(end - start));
    lua_rawseti(L, -2, n);
    from += (size_t)(end - start) + 1;
  }
  if (from) memmove(w->pending.data, w->pending.data + from, w->pending.size - from);
  w->pending.size -= from;
  lua_pushboolean(L, w->lines >= 0);
  return 2;
}

/* ---- ending -------------------------------------------------------------------------------------
 */

/* finish(): waits for its end → "exit" | "signal", number */
static int worker_finish(lua_State *L) {
  worker *w = check(L);
  close_fd(&w->jobs);
  while (w->pid > 0) {
    pid_t ended = waitpid(w->pid, &w->status, 0);
    if (ended == w->pid || (ended < 0 && errno != EINTR)) w->pid = 0;
  }
  bool signaled = WIFSIGNALED(w->status);
  lua_pushstring(L, signaled ? "signal" : "exit");
  lua_pushinteger(L, signaled ? WTERMSIG(w->status) : WEXITSTATUS(w->status));
  if (!signaled) return 2;
  lua_pushstring(L, strsignal(WTERMSIG(w->status)));
  return 3;
}

static int worker_kill(lua_State *L) {
  worker *w = check(L);
  if (w->pid > 0) kill(w->pid, SIGKILL);
  return 0;
}

static int worker_pid(lua_State *L) {
  lua_pushinteger(L, check(L)->pid);
  return 1;
}

/* ---- within a worker ----------------------------------------------------------------------------
 */

/* follow(pid): this process ends when its parent, process `pid`, does. */
static int worker_follow(lua_State *L) {
  lua_Integer parent = luaL_checkinteger(L, 1);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != (pid_t)parent) raise(SIGKILL); /* it ended before we asked */
  return 0;
}

/* limit_memory(bytes): allocations beyond it fail. */
static int worker_limit_memory(lua_State *L) {
  lua_Integer bytes = luaL_checkinteger(L, 1);
  luaL_argcheck(L, bytes > 0, 1, "not a size");
  struct rlimit limit = {(rlim_t)bytes, (rlim_t)bytes};
  wf_error err = WF_ERROR_INIT;
  if (setrlimit(RLIMIT_AS, &limit) == 0) return 0;
  (void)wf_fail_errno(&err, errno, "limiting memory to %lld bytes", (long long)bytes);
  return wfl_raise(L, &err);
}

static int worker_own_pid(lua_State *L) {
  lua_pushinteger(L, getpid());
  return 1;
}

/* How many processors this process may use. */
static int worker_cores(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)wf_thread_count());
  return 1;
}

int wfl_open_worker(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"close", wfl_close},  {"finish", worker_finish},
      {"kill", worker_kill}, {"lines", worker_lines},
      {"pid", worker_pid},   {"send", worker_send},
      {NULL, NULL},
  };
  static const luaL_Reg functions[] = {
      {"cores", worker_cores},
      {"follow", worker_follow},
      {"limit_memory", worker_limit_memory},
      {"own_pid", worker_own_pid},
      {"poll", worker_poll},
      {"start", worker_start},
      {NULL, NULL},
  };
  wfl_class(L, WORKER, NULL, methods, dispose);
  luaL_newlib(L, functions);
  return 1;
}
