/* radix.c — passes over the bits that differ, eleven at a time: the counts of a pass stay in the
 * first-level cache, and a float needs three of them at most. */
#include "xgboost/radix.h"

static size_t digit_of(wf_xgb_ranked item, int shift) {
  return (size_t)(item >> shift) % WF_XGB_RADIX_COUNTS;
}

/* One stable pass by the digit at `shift`. */
static void sort_digit(wf_xgb_ranked *to, const wf_xgb_ranked *from, size_t n, int shift,
                       uint32_t *counts) {
  memset(counts, 0, WF_XGB_RADIX_COUNTS * sizeof *counts);
  for (size_t i = 0; i < n; i++) counts[digit_of(from[i], shift)]++;
  uint32_t position = 0;
  for (size_t bucket = 0; bucket < WF_XGB_RADIX_COUNTS; bucket++) {
    uint32_t count = counts[bucket];
    counts[bucket] = position;
    position += count;
  }
  for (size_t i = 0; i < n; i++) to[counts[digit_of(from[i], shift)]++] = from[i];
}

wf_xgb_ranked *wf_xgb_radix_sort(wf_xgb_ranked *items, wf_xgb_ranked *spare, size_t n,
                                 uint32_t differ, uint32_t *counts) {
  if (differ == 0) return items;
  int low = __builtin_ctz(differ), high = 32 - __builtin_clz(differ);
  for (int bit = low; bit < high; bit += WF_XGB_RADIX_BITS) {
    sort_digit(spare, items, n, 32 + bit, counts);
    wf_xgb_ranked *sorted = spare;
    spare = items;
    items = sorted;
  }
  return items;
}
