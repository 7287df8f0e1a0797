/* shap/lanes_body.h — the loops, once per instruction set: a .c file defines LANE_KERNELS and
 * includes this. */
#include "shap/lanes.h"

static void fill(float *out, float value) {
  for (size_t i = 0; i < WF_LANES; i++) out[i] = value;
}

static void add(float *restrict to, const float *restrict values) {
  for (size_t i = 0; i < WF_LANES; i++) to[i] += values[i];
}

static void add_constant(float *to, float value) {
  for (size_t i = 0; i < WF_LANES; i++) to[i] += value;
}

static void choose(const int32_t *restrict mask, float *restrict out, const float *restrict other) {
  for (size_t i = 0; i < WF_LANES; i++) out[i] = mask[i] ? out[i] : other[i];
}

static void choose_constants(const int32_t *restrict mask, float *restrict out, float in,
                             float other) {
  for (size_t i = 0; i < WF_LANES; i++) out[i] = mask[i] ? in : other;
}

static void add_constants(const int32_t *restrict mask, float *restrict to, float in, float other) {
  for (size_t i = 0; i < WF_LANES; i++) to[i] += mask[i] ? in : other;
}

const wf_lane_kernels LANE_KERNELS = {fill,         add, add_constant, choose, choose_constants,
                                      add_constants};
