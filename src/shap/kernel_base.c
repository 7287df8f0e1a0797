/* kernel_base.c — contributions with 16-byte vectors, and the choice among kernels. */
#define VECTOR_BYTES 16
#define KERNEL_NAME wf_shap_kernel_base
#define KERNEL_PAIRS 0
#include "shap/kernel_body.h"

size_t wf_shap_scratch_doubles(const wf_shap_plan *plan) {
  enum { WIDEST_LANES = 4, WIDEST = MAX_ROWS * WIDEST_LANES }; /* rows in hand */
  size_t per_level = 2 * (plan->max_depth + 1) + 2 * plan->max_level_size;
  size_t gains = plan->max_level_size * WIDEST_LANES;
  return (per_level + 2 * plan->max_points + 1) * WIDEST + gains;
}

wf_shap_kernel *wf_shap_kernel_choose(bool pairs) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) return pairs ? wf_shap_pairs_avx2 : wf_shap_kernel_avx2;
#endif
  return pairs ? wf_shap_pairs_base : wf_shap_kernel_base;
}
