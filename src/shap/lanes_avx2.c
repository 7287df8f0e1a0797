/* lanes_avx2.c — compiled with -mavx2 and reached only on processors that have it. */
#ifdef __x86_64__
#define LANE_KERNELS wf_lane_kernels_avx2
#include "shap/lanes_body.h"
#endif
