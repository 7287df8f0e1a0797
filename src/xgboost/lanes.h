/* xgboost/lanes.h — sequences of steps that know nothing of each other, run side by side.
 *
 * Each lane's steps run in order, one at a time, on whatever worker is free, or always on the same;
 * the lane that is furthest behind goes first. When all lanes have done a step, it is concluded, in
 * order and on the caller's thread. No lane gets further than `lead` steps past the last one
 * concluded: what runs ahead is wasted when a conclusion ends it all. */
#ifndef WF_XGBOOST_LANES_H
#define WF_XGBOOST_LANES_H

#include "base/error.h"

typedef struct wf_lanes {
  size_t n_lanes, n_steps, n_workers, lead; /* all at least 1 */
  bool settled; /* a lane stays with the worker that did its first step */
  void *context;
  /* Around a worker's steps, on its thread; leave only where enter succeeded. */
  wf_status (*enter)(void *context, size_t worker, wf_error *err);
  void (*leave)(void *context, size_t worker);
  wf_status (*step)(void *context, size_t lane, size_t step, size_t worker, wf_error *err);
  /* On the caller's thread, while steps up to `step + lead` may be running on others. */
  wf_status (*conclude)(void *context, size_t step, bool *stop, wf_error *err);
} wf_lanes;

/* Ends as one worker doing one step of all lanes after the other would: when all steps are
 * concluded, when a conclusion fails or says stop, or with the failure of the earliest step (of the
 * lowest lane there), after all steps before it were concluded. Only a failing enter ends it at
 * once. */
wf_status wf_lanes_run(const wf_lanes *lanes, wf_error *err);

#endif
