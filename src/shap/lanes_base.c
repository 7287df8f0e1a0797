/* lanes_base.c — for every processor of the family, and the choice among kernels. */
#define LANE_KERNELS wf_lane_kernels_base
#include "shap/lanes_body.h"

const wf_lane_kernels *wf_lane_kernels_choose(void) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) return &wf_lane_kernels_avx2;
#endif
  return &wf_lane_kernels_base;
}
