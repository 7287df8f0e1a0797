/* xgboost/radix.h — numbers in order, with what belongs to them, in linear time. */
#ifndef WF_XGBOOST_RADIX_H
#define WF_XGBOOST_RADIX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Anything in the low half, below the key it is sorted by. */
typedef uint64_t wf_xgb_ranked;

/* Ascending keys are descending numbers; both zeros share one. Not of NaN. */
static inline uint32_t wf_xgb_key(float value) {
  const uint32_t sign = (uint32_t)1 << 31;
  float positive_zero = value + 0.0f;
  uint32_t bits;
  memcpy(&bits, &positive_zero, sizeof bits);
  return bits & sign ? bits : bits ^ (sign - 1);
}

enum { WF_XGB_RADIX_BITS = 11, WF_XGB_RADIX_COUNTS = 1 << WF_XGB_RADIX_BITS };

/* Sorts by ascending key, equal ones in their order. `differ` has the bits in which keys differ,
 * `spare` room for n items, `counts` for WF_XGB_RADIX_COUNTS. Returns items or spare: where the
 * sorted ones are. */
wf_xgb_ranked *wf_xgb_radix_sort(wf_xgb_ranked *items, wf_xgb_ranked *spare, size_t n,
                                 uint32_t differ, uint32_t *counts);

#endif
