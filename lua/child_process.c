/* child_process.c — posix_spawn with what every child of wf has in common. */
#include "child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

static int set_files(posix_spawn_file_actions_t *actions, const wfl_program *program) {
  int failed = 0;
  for (int i = 0; i < WFL_SPAWN_FILES && !failed; i++)
    failed = posix_spawn_file_actions_adddup2(actions, program->files[i], i);
  if (!failed) failed = posix_spawn_file_actions_addclosefrom_np(actions, WFL_SPAWN_FILES);
  if (!failed && program->directory)
    failed = posix_spawn_file_actions_addchdir_np(actions, program->directory);
  return failed;
}

static int set_signals(posix_spawnattr_t *attributes, bool session) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(attributes, &none);
  posix_spawnattr_setsigdefault(attributes, &all);
  int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (session ? POSIX_SPAWN_SETSID : 0);
  return posix_spawnattr_setflags(attributes, (short)flags);
}

int wfl_spawn(pid_t *pid, const wfl_program *program) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int failed = posix_spawn_file_actions_init(&actions);
  if (failed) return failed;
  failed = posix_spawnattr_init(&attributes);
  if (!failed) {
    failed = set_files(&actions, program);
    if (!failed) failed = set_signals(&attributes, program->session);
    if (!failed)
      failed = posix_spawnp(pid, program->words[0], &actions, &attributes,
                            (char *const *)(void *)program->words,
                            (char *const *)(void *)program->environment);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&actions);
  return failed;
}

int wfl_spawn_file(int fd) {
  int moved = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, WFL_SPAWN_FILES);
  if (fd >= 0) close(fd);
  return moved;
}
