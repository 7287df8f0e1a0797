/* shap/kernel.h — the inner loop of path-dependent TreeSHAP, compiled for several instruction sets.
 * All give the same bits: rows are lanes, lanes do not meet, and nothing is contracted. */
#ifndef WF_SHAP_KERNEL_H
#define WF_SHAP_KERNEL_H

#include "shap/plan.h"

enum { WF_SHAP_ROW_QUANTUM = 4 }; /* kernels take rows in multiples of this */

typedef struct wf_shap_block { /* rows of one chunk; arrays are 64-byte aligned */
  size_t n_rows;               /* a multiple of WF_SHAP_ROW_QUANTUM */
  size_t stride;               /* rows per slot in x and phi */
  const double *x;             /* [slot][row]; NaN is missing */
  double *phi;                 /* [slot][row], added to */
  double *scratch;             /* wf_shap_scratch_doubles of it */
} wf_shap_block;

size_t wf_shap_scratch_doubles(const wf_shap_plan *plan);

/* Adds the contributions of all trees of one group. */
typedef void wf_shap_kernel(const wf_shap_plan *plan, uint32_t group, const wf_shap_block *block);

wf_shap_kernel wf_shap_kernel_base; /* SSE2, NEON, or whatever 16-byte vectors become */
#ifdef __x86_64__
wf_shap_kernel wf_shap_kernel_avx2;
#endif

/* The best one this processor has. */
wf_shap_kernel *wf_shap_kernel_choose(void);

#endif
