/* live.h — the server in a thread of the test, with a few routes to talk to. */
#ifndef WF_TESTS_LIVE_H
#define WF_TESTS_LIVE_H

#include "http/server.h"

typedef struct live live;

/* GET /ping → "pong"; POST /echo → the body; GET /items/{} → the name; GET /big → LIVE_BIG bytes;
 * POST /later → "later", from another thread after 50 ms; POST /secret → "ok", with the token
 * "key". `options` NULL: the defaults, two threads. The routes are set by live_open. Leaves the
 * test when it cannot start. */
live *live_open(const wf_http_server_options *options);
wf_http_server_options live_options(void);
int live_port(const live *server);
wf_http_server *live_server(const live *server);
/* Stops and waits: milliseconds the drain took. */
int live_stop(live *server);
void live_close(live *server); /* stops, too */

enum { LIVE_BIG = 8 << 20 };

#endif
