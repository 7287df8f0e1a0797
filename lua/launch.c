/* launch.c — posix_spawn of the server, and its first word over a pipe.
 *
 * Never fork: the caller's process may have run OpenMP threads, whose locks a forked child inherits
 * in whatever state they are. The child gets default signals and no descriptor but 0, 1, 2 and the
 * pipe as 3. A server that never gets ready is ended and waited for, so that no process is left. */
#include "launch.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READY_FD = 3, POLL_MS = 50, WORD_SIZE = 512 };

extern char **environ;

/* ---- starting -----------------------------------------------------------------------------------
 */

static int set_actions(posix_spawn_file_actions_t *actions, const wfl_launch *options,
                       const char *log, int ready) {
  int failed = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
  if (!failed)
    failed = posix_spawn_file_actions_addopen(actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (!failed) failed = posix_spawn_file_actions_adddup2(actions, 1, 2);
  if (!failed) failed = posix_spawn_file_actions_adddup2(actions, ready, READY_FD);
  if (!failed) failed = posix_spawn_file_actions_addclosefrom_np(actions, READY_FD + 1);
  if (!failed) failed = posix_spawn_file_actions_addchdir_np(actions, options->state_dir);
  return failed;
}

static int set_attributes(posix_spawnattr_t *attributes) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(attributes, &none);
  posix_spawnattr_setsigdefault(attributes, &all);
  return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                  POSIX_SPAWN_SETSIGDEF);
}

/* An errno value, 0 when the process runs. */
static int start(pid_t *pid, const wfl_launch *options, const char *executable, const char *log,
                 int ready) {
  char port[16];
  snprintf(port, sizeof port, "%d", options->port);
  const char *args[] = {"wf",         "serve", "--state-dir", options->state_dir, "--port", port,
                        "--ready-fd", "3",     NULL};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int failed = posix_spawn_file_actions_init(&actions);
  if (failed) return failed;
  failed = posix_spawnattr_init(&attributes);
  if (!failed) {
    failed = set_actions(&actions, options, log, ready);
    if (!failed) failed = set_attributes(&attributes);
    if (!failed)
      failed = posix_spawnp(pid, executable, &actions, &attributes, (char *const *)(void *)args,
                            environ);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&actions);
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
  close(ready[1]);
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
