/* shap/direct.h — a row against each background row, for few rows or long paths. */
#ifndef WF_SHAP_DIRECT_H
#define WF_SHAP_DIRECT_H

#include "shap/plan.h"

typedef struct wf_direct_rival { /* a background row on its way down a tree */
  uint32_t row;
  uint64_t mine, theirs; /* features of the path that only the row, only it satisfies */
} wf_direct_rival;

/* weights[a][b]: what is given for one of `a` features that only the row satisfies when `b` are
 * only the background row's: (a - 1)! b! / (a + b)!. */
typedef double wf_direct_weights[2 * WF_SHAP_MAX_POINTS + 1][2 * WF_SHAP_MAX_POINTS + 1];
void wf_direct_weights_init(wf_direct_weights *weights);

typedef struct wf_direct {
  const wf_shap_plan *plan;
  const wf_direct_weights *weights;
  const float *background; /* [slot * n + row] */
  size_t n;                /* background rows */
} wf_direct;

/* Rivals that explaining takes: room for every background row at each depth. */
size_t wf_direct_scratch(const wf_shap_plan *plan, size_t n_background);

/* Adds the contributions of one tree for the row x[slot * stride], their mean over the background,
 * to phi[slot * phi_stride]. */
void wf_direct_add(const wf_direct *direct, const wf_shap_tree *tree, const float *x, size_t stride,
                   wf_direct_rival *scratch, double *phi, size_t phi_stride);

#endif
