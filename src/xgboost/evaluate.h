/* xgboost/evaluate.h — one round's metrics of one booster. */
#ifndef WF_XGBOOST_EVALUATE_H
#define WF_XGBOOST_EVALUATE_H

#include "base/array.h"
#include "xgboost/guard.h"
#include "xgboost/params.h"
#include "xgboost/score.h"

/* Which metrics, and who computes them. */
typedef struct wf_xgb_plan {
  wf_xgb_score *scores; /* NULL: libxgboost does */
  size_t n;             /* metrics; at most so many when libxgboost does */
  bool sorts;           /* a score needs scratch */
  bool alone;           /* libxgboost would do something that two threads may not do at a time */
} wf_xgb_plan;
wf_status wf_xgb_plan_make(wf_xgb_plan *out, const wf_xgb_params *params, wf_error *err);
void wf_xgb_plan_dispose(wf_xgb_plan *plan);

/* Metric names, learned from the first evaluation. */
typedef struct wf_xgb_metrics {
  char **names;
  size_t n;
} wf_xgb_metrics;
void wf_xgb_metrics_dispose(wf_xgb_metrics *metrics);

/* A set of matrices evaluated together, under the names "0", "1", … */
typedef struct wf_xgb_sets {
  wf_xgb_matrix *matrices; /* [0] is the training set */
  wf_xgb_rows *rows;       /* borrowed labels and weights; own predictions and scratch */
  char (*labels)[24];
  const char **names; /* pointing at labels */
  size_t n;
} wf_xgb_sets;
wf_status wf_xgb_sets_new(wf_xgb_sets *out, size_t n, wf_error *err); /* matrices all NULL */
/* What libxgboost does not give back of set `index`, and memory for the plan's scores. */
wf_status wf_xgb_sets_fill(wf_xgb_sets *sets, size_t index, const float *labels,
                           const float *weights, size_t n_rows, const wf_xgb_plan *plan,
                           wf_error *err);
void wf_xgb_sets_dispose(const wf_xgb *xgb, wf_xgb_sets *sets);

/* Appends the metrics of the round, sets->n x metrics->n of them, to `values`. The numbers do not
 * depend on `n_threads`. */
typedef WF_ARRAY(double) wf_xgb_history;
wf_status wf_xgb_evaluate(wf_xgb_history *values, wf_xgb_metrics *metrics, const wf_xgb_plan *plan,
                          const wf_xgb *xgb, wf_xgb_booster booster, size_t round,
                          const wf_xgb_sets *sets, size_t n_threads, wf_error *err);

#endif
