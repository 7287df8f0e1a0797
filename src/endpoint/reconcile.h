/* endpoint/reconcile.h — makes what is live be what the catalog wants. */
#ifndef WF_ENDPOINT_RECONCILE_H
#define WF_ENDPOINT_RECONCILE_H

#include "endpoint/registry.h"
#include "http/server.h"
#include "wf/store.h"

typedef struct wf_reconciler wf_reconciler;

typedef struct wf_reconciler_options {
  wf_registry *registry;
  const char *state_dir;
  size_t n_lanes; /* of statistics: one per worker */
  void (*log)(void *context, const char *line);
  void *log_context;
} wf_reconciler_options;

/* Opens the state directory's catalog and store. */
wf_status wf_reconciler_open(wf_reconciler **out, const wf_reconciler_options *options,
                             wf_error *err);
/* Reconciles on the calling thread: each wanted model is loaded from the store, tried out and made
 * live, its endpoint reported InService; or Failed with the reason, and what was live stays. Only
 * trouble with the catalog itself or with memory is an error, and then nothing has changed. */
wf_status wf_reconcile(wf_reconciler *reconciler, wf_error *err);

/* From here on a thread of its own reconciles, whenever asked to. */
wf_status wf_reconciler_start(wf_reconciler *reconciler, wf_error *err);
/* Keeps the promise when a reconciliation that began after this call is done: 200 with the list of
 * endpoints as JSON, or the error. */
void wf_reconciler_ask(wf_reconciler *reconciler, wf_http_promise *promise);
/* Finishes what was asked, ends the thread, and tells the catalog that no server runs. */
void wf_reconciler_close(wf_reconciler *reconciler);

#endif
