/* kernel_base.c — the kernel with 16-byte vectors, and the choice among kernels. */
#define VECTOR_BYTES 16
#define KERNEL_NAME wf_shap_kernel_base
#include "shap/kernel_body.h"

size_t wf_shap_scratch_doubles(const wf_shap_plan *plan) {
  enum { WIDEST = 8 * 4 }; /* rows in hand: vectors times lanes */
  size_t per_level = 2 * (plan->max_depth + 1) + 2 * plan->max_level_size;
  return (per_level + 2 * plan->max_points + 1) * WIDEST;
}

wf_shap_kernel *wf_shap_kernel_choose(void) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) return wf_shap_kernel_avx2;
#endif
  return wf_shap_kernel_base;
}
