/* shap/lanes_body.h — the loops, once per instruction set: a .c file defines LANE_KERNELS and
 * includes this. */
#include "shap/lanes.h"

static void choose(const int32_t *restrict mask, float *restrict out, const float *restrict other) {
  for (size_t i = 0; i < WF_LANES; i++) out[i] = mask[i] ? out[i] : other[i];
}

static void choose_in(const int32_t *restrict mask, float *restrict out, float in) {
  for (size_t i = 0; i < WF_LANES; i++) out[i] = mask[i] ? in : out[i];
}

static void choose_other(const int32_t *restrict mask, float *restrict out, float other) {
  for (size_t i = 0; i < WF_LANES; i++) out[i] = mask[i] ? out[i] : other;
}

static void choose_both(const int32_t *restrict mask, float *restrict out, float in, float other) {
  for (size_t i = 0; i < WF_LANES; i++) out[i] = mask[i] ? in : other;
}

static void add(float *restrict to, const float *restrict values) {
  for (size_t i = 0; i < WF_LANES; i++) to[i] += values[i];
}

static void add_in(float *to, float in) {
  for (size_t i = 0; i < WF_LANES; i++) to[i] += in;
}

static void add_both(const int32_t *restrict mask, float *restrict to, float in, float other) {
  for (size_t i = 0; i < WF_LANES; i++) to[i] += mask[i] ? in : other;
}

const wf_lane_kernels LANE_KERNELS = {choose, choose_in, choose_other, choose_both,
                                      add,    add_in,    add_both};
