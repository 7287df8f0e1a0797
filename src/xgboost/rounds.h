/* xgboost/rounds.h — what training and cross-validation share: starting a booster, and knowing when
 * to stop. */
#ifndef WF_XGBOOST_ROUNDS_H
#define WF_XGBOOST_ROUNDS_H

#include "xgboost/evaluate.h"

/* A booster for the sets, with all parameters set; metrics only where the plan leaves them to it.
 */
wf_status wf_xgb_start(wf_xgb_booster *out, const wf_xgb *xgb, const wf_xgb_sets *sets,
                       const wf_xgb_params *params, const wf_xgb_plan *plan, size_t n_threads,
                       wf_error *err);

/* Early stopping. Zero-initialise and set `patience`; 0 never stops. */
typedef struct wf_xgb_stopper {
  size_t patience;
  bool maximise, started;
  double best;
  size_t best_round, since_best;
} wf_xgb_stopper;
/* Whether training should stop after this round. */
bool wf_xgb_stopper_add(wf_xgb_stopper *stopper, size_t round, double score);

/* Threads to train with. */
size_t wf_xgb_thread_count(const wf_xgboost_options *options, const wf_matrix *matrix);

/* Checks common to training and cross-validation. */
wf_status wf_xgb_options_check(const wf_xgboost_options *options, wf_error *err);

#endif
