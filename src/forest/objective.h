/* forest/objective.h — what an objective does to margins: the link its base_score goes through and
 * the transform of a prediction, bit for bit as libxgboost 1.7.4 computes them. */
#ifndef WF_FOREST_OBJECTIVE_H
#define WF_FOREST_OBJECTIVE_H

#include "base/bytes.h"

typedef enum wf_transform {
  WF_TRANSFORM_NONE,
  WF_TRANSFORM_SIGMOID,
  WF_TRANSFORM_EXP,
  WF_TRANSFORM_EXP_DOUBLE, /* the same through the double function */
  WF_TRANSFORM_SIGN,       /* 1 above zero, else 0 */
  WF_TRANSFORM_SOFTMAX,    /* class probabilities */
  WF_TRANSFORM_ARGMAX      /* the number of the largest margin */
} wf_transform;

typedef enum wf_link { WF_LINK_NONE, WF_LINK_LOGIT, WF_LINK_LOG } wf_link;

typedef struct wf_objective {
  const char *name;
  wf_transform transform;
  wf_link link;
} wf_objective;

/* NULL for a name XGBoost has not published. */
const wf_objective *wf_objective_find(wf_view name);

/* The margin of a base_score; WF_CORRUPT when it is outside the link's domain. XGBoost 3 clamps a
 * logistic base_score into [1e-6, 1 - 1e-6]; before, 0 and 1 were errors. */
wf_status wf_objective_margin(const wf_objective *objective, float base_score, bool clamped,
                              float *out, wf_error *err);

/* Values of `n_rows` x `n_groups` margins, in place; WF_TRANSFORM_ARGMAX leaves one float a row at
 * the front. */
void wf_objective_transform(const wf_objective *objective, float *margins, size_t n_rows,
                            size_t n_groups);

#endif
