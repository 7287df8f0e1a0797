/* lua/child_process.h — a program as a process of its own.
 *
 * By posix_spawn, never by fork: this process may have run OpenMP threads, whose locks a forked
 * child inherits in whatever state they are. The child begins with the signals as they are by
 * default, none blocked, and with no descriptors but its four files. */
#ifndef WFL_CHILD_PROCESS_H
#define WFL_CHILD_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

enum { WFL_SPAWN_FILES = 4 };

typedef struct wfl_program {
  const char *const *words;       /* the first is a path, or a name for PATH; ends with NULL */
  const char *const *environment; /* ends with NULL */
  const char *directory;          /* NULL: this process's */
  bool session;                   /* in a session of its own, detached from the terminal */
  int files[WFL_SPAWN_FILES];     /* which descriptors of this process its 0, 1, 2 and 3 are; what
                                     is no standard file here comes from wfl_spawn_file */
} wfl_program;

/* 0 when the process runs, else an errno value. */
int wfl_spawn(pid_t *pid, const wfl_program *program);

/* Moves a descriptor above those that a child's files are put on, so that none overwrites another:
 * a host may have closed its standard files. -1 and errno when it cannot, or is -1 already; `fd` is
 * closed either way. */
int wfl_spawn_file(int fd);

#endif
