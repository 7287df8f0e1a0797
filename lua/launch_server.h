/* lua/launch_server.h — starting `wf serve` as a process of its own. */
#ifndef WFL_LAUNCH_SERVER_H
#define WFL_LAUNCH_SERVER_H

#include "wf/base.h"

typedef struct wfl_launch {
  const char *executable; /* a path, or a name for PATH */
  const char *state_dir;  /* absolute */
  int port;               /* 0: the server chooses */
  int timeout_ms;
  bool (*stop)(void *context); /* asked every so often; true gives up. May be NULL */
  void *context;
} wfl_launch;

/* Starts `executable serve --state-dir D --port P --ready-fd 3` in a session of its own, detached
 * from the terminal, writing to D/logs/serve.log, and waits until it says "ready PORT". WF_EXTERNAL
 * with the server's own words when it says "error MESSAGE" or ends; it is then gone. */
wf_status wfl_launch_server(const wfl_launch *options, int *pid, int *port, wf_error *err);

#endif
