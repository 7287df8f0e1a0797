/* xgboost/rounds.h — what training and cross-validation share: reading a round's metrics, keeping
 * their history, and knowing when to stop. */
#ifndef WF_XGBOOST_ROUNDS_H
#define WF_XGBOOST_ROUNDS_H

#include "base/array.h"
#include "xgboost/guard.h"
#include "xgboost/params.h"

/* Metric names, learned from the first evaluation. */
typedef struct wf_xgb_metrics {
  char **names;
  size_t n;
} wf_xgb_metrics;
void wf_xgb_metrics_dispose(wf_xgb_metrics *metrics);

/* A set of matrices evaluated together, under the names "0", "1", … */
typedef struct wf_xgb_sets {
  wf_xgb_matrix *matrices; /* [0] is the training set */
  char (*labels)[24];
  const char **names; /* pointing at labels */
  size_t n;
} wf_xgb_sets;
wf_status wf_xgb_sets_new(wf_xgb_sets *out, size_t n, wf_error *err); /* matrices all NULL */
void wf_xgb_sets_dispose(const wf_xgb *xgb, wf_xgb_sets *sets);

/* Appends the metrics of the round, sets->n x metrics->n of them, to `values`. */
typedef WF_ARRAY(double) wf_xgb_history;
wf_status wf_xgb_evaluate(wf_xgb_history *values, wf_xgb_metrics *metrics, const wf_xgb *xgb,
                          wf_xgb_booster booster, size_t round, const wf_xgb_sets *sets,
                          wf_error *err);

/* A booster for the sets, with all parameters set. */
wf_status wf_xgb_start(wf_xgb_booster *out, const wf_xgb *xgb, const wf_xgb_sets *sets,
                       const wf_xgb_params *params, size_t n_threads, wf_error *err);

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
