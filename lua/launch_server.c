/* launch_server.c — `wf serve` as a process of its own, and its first word over a pipe. A server
 * that never gets ready is ended and waited for, so that no process is left. */
#include "launch_server.h"

#include "child_process.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POLL_MS = 50, WORD_SIZE = 512 };

extern char **environ;

/* ---- starting -----------------------------------------------------------------------------------
 */

/* An errno value, 0 when the process runs. `ready` is closed here. */
static int start(pid_t *pid, const wfl_launch *options, const char *executable, const char *log,
                 int ready) {
  char port[16];
  snprintf(port, sizeof port, "%d", options->port);
  const char *words[] = {executable,   "serve", "--state-dir", options->state_dir, "--port", port,
                         "--ready-fd", "3",     NULL};
  int in = wfl_spawn_file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  int out = wfl_spawn_file(open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  ready = wfl_spawn_file(ready);
  wfl_program server = {.words = words,
                        .environment = (const char *const *)(void *)environ,
                        .directory = options->state_dir,
                        .session = true,
                        .files = {in, out, out, ready}};
  int failed = in < 0 || out < 0 || ready < 0 ? errno : wfl_spawn(pid, &server);
  if (in >= 0) close(in);
  if (out >= 0) close(out);
  if (ready >= 0) close(ready);
  return failed;
}

/* ---- waiting ------------------------------------------------------------------------------------
 */

/* Reads one line into word[WORD_SIZE]: WF_OK also when the pipe ends before it does. */
static wf_status read_word(const wfl_launch *options, int fd, char *word, wf_error *err) {
  int64_t end = wf_clock_monotonic_ns() + (int64_t)options->timeout_ms * 1000000;
  size_t used = 0;
  for (;;) {
    if (options->stop && options->stop(options->context))
      return wf_fail(err, WF_CANCELED, "interrupted");
    if (wf_clock_monotonic_ns() > end)
      return wf_fail(err, WF_EXTERNAL, "the server was not ready within %d s",
                     options->timeout_ms / 1000);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, POLL_MS) <= 0) continue;
    ssize_t n = read(fd, word + used, WORD_SIZE - 1 - used);
    if (n < 0 && errno == EINTR) continue;
    if (n > 0) used += (size_t)n;
    word[used] = '\0';
    if (n <= 0 || used == WORD_SIZE - 1 || strchr(word, '\n')) break;
  }
  word[strcspn(word, "\n")] = '\0';
  return WF_OK;
}

static wf_status wait_ready(const wfl_launch *options, int fd, const char *log, int *port,
                            wf_error *err) {
  char word[WORD_SIZE] = "";
  wf_status status = read_word(options, fd, word, err);
  if (status != WF_OK)
    return status == WF_CANCELED ? status : wf_fail_within(err, status, "see %s", log);
  if (sscanf(word, "ready %d", port) == 1) return WF_OK;
  if (strncmp(word, "error ", 6) == 0) return wf_fail(err, WF_EXTERNAL, "wf serve: %s", word + 6);
  return wf_fail(err, WF_EXTERNAL, "the server ended before it was ready; see %s", log);
}

static void end(pid_t pid) {
  kill(pid, SIGTERM);
  for (int waited = 0; waited < 2000; waited += POLL_MS) {
    if (waitpid(pid, NULL, WNOHANG) != 0) return;
    poll(NULL, 0, POLL_MS);
  }
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
}

static wf_status run(const wfl_launch *options, const char *executable, const char *log, int *pid,
                     int *port, wf_error *err) {
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) return wf_fail_errno(err, errno, "pipe");
  pid_t child;
  int failed = start(&child, options, executable, log, ready[1]);
  wf_status status;
  int chosen = 0;
  if (failed)
    status = wf_fail_errno(err, failed, "%s", executable);
  else
    status = wait_ready(options, ready[0], log, &chosen, err);
  close(ready[0]);
  if (status != WF_OK) {
    if (!failed) end(child);
    return status;
  }
  *pid = child;
  *port = chosen;
  return WF_OK;
}

wf_status wfl_launch_server(const wfl_launch *options, int *pid, int *port, wf_error *err) {
  char *logs = wf_path_join(options->state_dir, "logs");
  char *log = wf_path_join(options->state_dir, "logs/serve.log");
  /* The child starts in the state directory: a path is resolved before, a name is for PATH. */
  const char *executable = options->executable;
  char *resolved = strchr(executable, '/') ? realpath(executable, NULL) : NULL;
  wf_status status = logs && log ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) status = wf_make_directories(logs, 0700, err);
  if (status == WF_OK) status = run(options, resolved ? resolved : executable, log, pid, port, err);
  free(resolved);
  wf_free(logs);
  wf_free(log);
  return status;
}
