/* main.c — the program `wf`.
 *
 * Options are collected before anything runs; everything that can raise runs inside wfl_call; the
 * exit status is decided in one place. What an interrupt does: the first SIGINT or SIGTERM cancels
 * the script (runs are ended as Stopped), the second has its usual effect. */
#include "bind.h"
#include "error.h"
#include "interrupt.h"
#include "repl.h"
#include "state.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <lauxlib.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct command {
  const char **code; /* the -e texts, in order */
  int n_code;
  bool interactive, from_stdin;
  int script; /* index in argv of what follows the options; argc when there is nothing */
} command;

/* ---- output -------------------------------------------------------------------------------------
 */

typedef struct screen {
  bool live;  /* standard error is a terminal */
  bool shown; /* a status line is on it */
} screen;

static void clear_status(screen *s) {
  if (!s->shown) return;
  fputs("\r\33[K", stderr);
  s->shown = false;
}

/* Lines of the script go to standard output, progress to standard error, a status line to standard
 * error when that is a terminal (without wrapping, or it could not be replaced). */
static void on_text(void *context, wfl_channel channel, const char *text, size_t size) {
  screen *s = context;
  clear_status(s);
  if (channel == WFL_OUTPUT) {
    fwrite(text, 1, size, stdout);
    putchar('\n');
    return;
  }
  fflush(stdout);
  if (channel == WFL_PROGRESS) {
    fprintf(stderr, "%s\n", text);
  } else if (s->live && size > 0) {
    fprintf(stderr, "\33[?7l%s\33[?7h", text);
    s->shown = true;
  }
}

/* ---- interrupts ---------------------------------------------------------------------------------
 */

/* A process may get one press twice: from the terminal and from whoever started it. */
enum { SAME_PRESS_NS = 100000000 };

static wfl_context *interrupted;
static pthread_t main_thread;
static volatile sig_atomic_t caught;
static int64_t caught_ns; /* when; written and read by the handler alone */

static void on_signal(int number) {
  int saved = errno;
  int64_t now = wf_clock_monotonic_ns();
  if (!pthread_equal(pthread_self(), main_thread)) {
    pthread_kill(main_thread, number);
  } else if (!caught) {
    caught = number;
    caught_ns = now;
    wfl_interrupt(interrupted);
  } else if (now - caught_ns > SAME_PRESS_NS) {
    signal(number, SIG_DFL);
    raise(number);
  }
  errno = saved;
}

/* A signal that is ignored (a shell's background job ignores SIGINT) stays so. */
static void watch_signal(int number, const struct sigaction *action) {
  struct sigaction before;
  if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_IGN) return;
  sigaction(number, action, NULL);
}

/* NULL: back to their usual effect. */
static void watch_signals(wfl_context *context) {
  struct sigaction action = {.sa_handler = context ? on_signal : SIG_DFL};
  interrupted = context;
  main_thread = pthread_self();
  caught = 0;
  watch_signal(SIGINT, &action);
  watch_signal(SIGTERM, &action);
}

/* ---- errors and exit status ---------------------------------------------------------------------
 */

/* Shows the error on the top and gives the exit status it asks for. An outcome (a gate's no, wrong
 * usage, an interrupt) is no fault of the script and comes without a stack. */
static int report(lua_State *L) {
  static const char *const outcomes[] = {"usage", "rejected", "awaiting", "canceled"};
  int status = wfl_exit_status(L);
  if (wfl_error_is(L, "exit")) return status;
  wf_error err = WF_ERROR_INIT;
  wfl_describe(L, &err);
  wfl_emit(L, WFL_STATUS, "", 0);
  if (wfl_error_is(L, "help")) {
    puts(err.message);
    return status;
  }
  fflush(stdout);
  fprintf(stderr, "wf: %s\n", err.message);
  bool outcome = false;
  for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
    outcome = outcome || wfl_error_is(L, outcomes[i]);
  const char *traceback = wfl_traceback(L);
  if (!outcome && *traceback) fprintf(stderr, "%s\n", traceback);
  return status;
}

/* Calls the function below its `n` arguments. Its result, when an integer, is the exit status. */
static int call(lua_State *L, int n) {
  int status = 0;
  if (wfl_call(L, n, 1) != LUA_OK)
    status = report(L);
  else if (lua_isinteger(L, -1))
    status = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return status;
}

/* ---- what to run --------------------------------------------------------------------------------
 */

typedef struct request {
  const command *c;
  const char *code;
  char **argv;
  int argc;
} request;

/* Makes `wf` a global, as one-liners and the prompt expect. */
static int do_require(lua_State *L) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "wf");
  lua_call(L, 1, 1);
  lua_setglobal(L, "wf");
  return 0;
}

static int do_code(lua_State *L) {
  const request *r = lua_touserdata(L, 1);
  if (!wfl_load_text(L, r->code, strlen(r->code), "=(command line)")) return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}

/* Scripts and subcommands are the Lua library's: wf.cli.main(arguments) → exit status. A script on
 * standard input is the argument "-". */
static int do_command(lua_State *L) {
  const request *r = lua_touserdata(L, 1);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "wf.cli");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "main");
  int first = r->c->from_stdin ? 2 : 1;
  lua_createtable(L, r->argc + first - 1, 0);
  if (r->c->from_stdin) {
    lua_pushliteral(L, "-");
    lua_rawseti(L, -2, 1);
  }
  for (int i = 0; i < r->argc; i++) {
    lua_pushstring(L, r->argv[i]);
    lua_rawseti(L, -2, first + i);
  }
  lua_call(L, 1, 1);
  return 1;
}

static int run(lua_State *L, lua_CFunction body, request *r) {
  lua_pushcfunction(L, body);
  lua_pushlightuserdata(L, r);
  return call(L, 1);
}

static int run_all(lua_State *L, const command *c, int argc, char **argv) {
  request r = {.c = c, .argv = argv + c->script, .argc = argc - c->script};
  int status = 0;
  if (c->n_code > 0) status = run(L, do_require, &r);
  for (int i = 0; i < c->n_code && status == 0; i++) {
    r.code = c->code[i];
    status = run(L, do_code, &r);
  }
  if (status == 0 && (c->from_stdin || r.argc > 0)) status = run(L, do_command, &r);
  if (c->from_stdin) return status;
  if (!c->interactive) return status;
  run(L, do_require, &r);
  return wfl_repl(wfl_context_of(L), watch_signals);
}

/* ---- options ------------------------------------------------------------------------------------
 */

static int usage_error(const char *format, const char *argument) {
  fputs("wf: ", stderr);
  fprintf(stderr, format, argument);
  fputs("\nTry 'wf --help'\n", stderr);
  return 2;
}

static bool is_option(const char *argument, const char *brief, const char *full) {
  return strcmp(argument, brief) == 0 || strcmp(argument, full) == 0;
}

/* -1, or the exit status of a command line that is done already. */
static int parse(command *c, int argc, char **argv) {
  int i = 1;
  for (; i < argc && argv[i][0] == '-'; i++) {
    const char *argument = argv[i];
    if (strcmp(argument, "-") == 0) {
      c->from_stdin = true;
      i++;
      break;
    }
    if (strcmp(argument, "--") == 0) {
      i++;
      break;
    }
    if (is_option(argument, "-h", "--help")) break;
    if (is_option(argument, "-v", "--version")) {
      printf("wf %s (%s)\n", wf_version(), LUA_RELEASE);
      return 0;
    }
    if (strcmp(argument, "-i") == 0) {
      c->interactive = true;
    } else if (strncmp(argument, "-e", 2) == 0) {
      const char *code = argument[2] ? argument + 2 : argv[++i];
      if (!code) return usage_error("option '%s' needs a piece of Lua", argument);
      c->code[c->n_code++] = code;
    } else {
      return usage_error("unknown option '%s'", argument);
    }
  }
  c->script = i < argc ? i : argc;
  return -1;
}

/* ---- beginning and end --------------------------------------------------------------------------
 */

/* What is still buffered counts: a full disk must not look like success. */
static int flush_output(int status) {
  errno = 0;
  bool failed = fflush(stdout) != 0 || ferror(stdout);
  if (failed) fprintf(stderr, "wf: standard output: %s\n", strerror(errno ? errno : EIO));
  return failed && status == 0 ? 1 : status;
}

static int run_state(const command *c, int argc, char **argv) {
  char self[PATH_MAX] = "";
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  screen s = {.live = isatty(STDERR_FILENO) != 0};
  wfl_settings settings = {
      .sink = on_text, .sink_context = &s, .executable = n > 0 ? self : argv[0]};
  wfl_context *context;
  wf_error err = WF_ERROR_INIT;
  if (wfl_state_new(&context, &settings, &err) != WF_OK) {
    fprintf(stderr, "wf: %s\n", err.message);
    return 1;
  }
  watch_signals(context);
  int status = run_all(context->L, c, argc, argv);
  if (caught && wfl_canceled(context->L)) status = 128 + caught;
  watch_signals(NULL);
  clear_status(&s);
  wfl_state_free(context);
  return status;
}

int main(int argc, char **argv) {
  /* read when libxgboost brings OpenMP in: threads that wait asleep, unless the user has a wish */
  setenv("OMP_WAIT_POLICY", "passive", 0);
  const char **code = calloc((size_t)argc + 1, sizeof *code);
  if (!code) return usage_error("%s", strerror(ENOMEM));
  command c = {.code = code};
  int status = parse(&c, argc, argv);
  if (status < 0) {
    bool nothing = c.script == argc && c.n_code == 0 && !c.from_stdin;
    if (nothing && isatty(STDIN_FILENO)) c.interactive = true;
    if (nothing && !c.interactive) c.from_stdin = true;
    status = run_state(&c, argc, argv);
  }
  free(code);
  return flush_output(status);
}
