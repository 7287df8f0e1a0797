/* wf/endpoint.h — model packages behind HTTP.
 *
 * One server per state directory serves every endpoint of its catalog:
 *   POST /endpoints/NAME/invocations   text/csv, application/json, application/jsonlines;
 *                                      ?reasons=3: why each row got its score
 *   GET  /endpoints, /endpoints/NAME   state, counts and latencies as JSON
 *   GET  /metrics                      the same for Prometheus
 *   GET  /ping                         200 when serving
 *   POST /reload                       token required: reconcile with the catalog, answer when done
 *   POST /shutdown                     token required
 * or, in container mode, one package at POST /invocations, GET /ping and GET /metrics (SageMaker's
 * contract). docs/api/endpoint.md has the formats.
 *
 * Predictions run through the package's own recipe and forest: no libxgboost, no Lua, no allocation
 * per request after warm-up for text/csv. A new model goes live without a failed request; one that
 * cannot be loaded leaves what was live. */
#ifndef WF_ENDPOINT_H
#define WF_ENDPOINT_H

#include "wf/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wf_server wf_server;

typedef struct wf_server_options {
  const char
      *state_dir; /* .wf: catalog.db, objects/, serve.json, serve.lock; NULL in container mode */
  const char *model_path; /* container mode: a model.tar.gz; NULL otherwise */
  const char *host;       /* NULL: 127.0.0.1; anything but loopback needs container mode */
  int port;               /* 0: the port used last in this state directory when free, else any */
  size_t n_threads;       /* 0: one per CPU */
  size_t max_body;        /* 0: 6291456 bytes (SageMaker's limit); larger is 413 */
  int idle_timeout_ms;    /* 0: 60000 */
  void (*log)(void *context, const char *line); /* may be NULL */
  void *log_context;
} wf_server_options;

WF_API wf_server_options wf_server_options_default(void);

/* Locks the state directory (WF_BUSY naming the other server's pid), binds (WF_IO naming host and
 * port), loads every wanted model, writes serve.json {pid, port, token} with mode 0600. */
WF_API WF_NODISCARD wf_status wf_server_open(wf_server **out, const wf_server_options *options,
                                             wf_error *err);
WF_API int wf_server_port(const wf_server *server);
/* Serves until wf_server_stop; finishes requests in flight. */
WF_API WF_NODISCARD wf_status wf_server_run(wf_server *server, wf_error *err);
/* From any thread or a signal handler. */
WF_API void wf_server_stop(wf_server *server);
WF_API void wf_server_close(wf_server *server);
/* Whether a server, of any process, has the state directory's lock. The lock is of the file itself:
 * a copied directory is not served by the original's server, whatever the copy of serve.json says.
 */
WF_API bool wf_server_is_running(const char *state_dir);

#ifdef __cplusplus
}
#endif
#endif
