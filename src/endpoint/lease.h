/* endpoint/lease.h — one server per state directory, and the files that tell others of it. */
#ifndef WF_ENDPOINT_LEASE_H
#define WF_ENDPOINT_LEASE_H

#include "base/error.h"

enum { WF_TOKEN_TEXT = 65 };

typedef struct wf_lease wf_lease;

/* Locks serve.lock; WF_BUSY names the process that has it. The lock ends with the process, however
 * it ends. */
wf_status wf_lease_open(wf_lease **out, const char *state_dir, wf_error *err);
/* Whether a server, of any process, has the lock. */
bool wf_lease_is_held(const char *state_dir);
/* A fresh secret of 256 bits, 64 hexadecimal digits. */
const char *wf_lease_token(const wf_lease *lease);
/* The port that the last server here was given; 0: none. */
int wf_lease_last_port(const wf_lease *lease);
/* Writes serve.json {pid, port, token, version}, mode 0600, and remembers the port. */
wf_status wf_lease_announce(wf_lease *lease, int port, wf_error *err);
/* Removes serve.json and unlocks. */
void wf_lease_close(wf_lease *lease);

#endif
