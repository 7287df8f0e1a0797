/* shap/lanes.h — arithmetic on WF_LANES coalitions at once, one number each. */
#ifndef WF_SHAP_LANES_H
#define WF_SHAP_LANES_H

#include <stddef.h>
#include <stdint.h>

enum { WF_LANES = 256 };

/* Compiled for several instruction sets, all with the same results. A mask is -1 or 0 a lane. */
typedef struct wf_lane_kernels {
  /* out = mask ? out : other; mask ? in : out; mask ? out : other; mask ? in : other */
  void (*choose)(const int32_t *restrict mask, float *restrict out, const float *restrict other);
  void (*choose_in)(const int32_t *restrict mask, float *restrict out, float in);
  void (*choose_other)(const int32_t *restrict mask, float *restrict out, float other);
  void (*choose_both)(const int32_t *restrict mask, float *restrict out, float in, float other);
  /* to += values; in; mask ? in : other */
  void (*add)(float *restrict to, const float *restrict values);
  void (*add_in)(float *to, float in);
  void (*add_both)(const int32_t *restrict mask, float *restrict to, float in, float other);
} wf_lane_kernels;

extern const wf_lane_kernels wf_lane_kernels_base;
#ifdef __x86_64__
extern const wf_lane_kernels wf_lane_kernels_avx2;
#endif
/* The best ones this processor has. */
const wf_lane_kernels *wf_lane_kernels_choose(void);

#endif
