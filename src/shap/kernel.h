/* shap/kernel.h — the inner loops of path-dependent TreeSHAP and its interactions, compiled for
 * several instruction sets. All give the same bits: rows are lanes, lanes do not meet, and nothing
 * is contracted. */
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
  double *pairs;               /* [wf_shap_pair][row], added to; for the pairs kernel */
} wf_shap_block;

/* Where the pair of two different slots stands among n (n - 1) / 2. */
static inline size_t wf_shap_pair(size_t a, size_t b) {
  return a < b ? b * (b - 1) / 2 + a : a * (a - 1) / 2 + b;
}

size_t wf_shap_scratch_doubles(const wf_shap_plan *plan);

/* Adds the contributions of all trees of one group; the pairs kernel, twice the interactions too.
 */
typedef void wf_shap_kernel(const wf_shap_plan *plan, uint32_t group, const wf_shap_block *block);

wf_shap_kernel wf_shap_kernel_base; /* SSE2, NEON, or whatever 16-byte vectors become */
wf_shap_kernel wf_shap_pairs_base;
#ifdef __x86_64__
wf_shap_kernel wf_shap_kernel_avx2, wf_shap_pairs_avx2;
#endif

/* The best one this processor has. */
wf_shap_kernel *wf_shap_kernel_choose(bool pairs);

#endif
