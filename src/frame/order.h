/* frame/order.h — values as unsigned words that compare as the values do. */
#ifndef WF_FRAME_ORDER_H
#define WF_FRAME_ORDER_H

#include "frame/column.h"

/* Every double to a word of the same order; -0 equals 0, every NaN is above infinity. */
static inline uint64_t wf_order_f64(double value) {
  uint64_t word;
  double unsigned_zero = value + 0.0;
  __builtin_memcpy(&word, &unsigned_zero, sizeof word);
  uint64_t flips = (0 - (word >> 63)) | UINT64_C(1) << 63; /* all bits of a negative one */
  return value != value ? UINT64_MAX : word ^ flips;
}
static inline double wf_order_to_f64(uint64_t order) {
  double value;
  if (order == UINT64_MAX) return (double)__builtin_nanf("");
  uint64_t word = order >> 63 ? order & ~(UINT64_C(1) << 63) : ~order;
  __builtin_memcpy(&value, &word, sizeof value);
  return value;
}
static inline uint64_t wf_order_i64(int64_t value) { return (uint64_t)value ^ UINT64_C(1) << 63; }

/* orders[i] for every row of the column (that of missing rows means nothing). Text gets its rank
 * among the column's distinct texts, compared as bytes. */
wf_status wf_column_order(uint64_t *orders, const wf_column *column, wf_error *err);

/* Sorts rows[0..n) by orders[row], stably, smallest first. */
wf_status wf_sort_rows(size_t *rows, size_t n, const uint64_t *orders, wf_error *err);

/* Sorts numbers, smallest first; -0 becomes 0, NaN comes last. */
wf_status wf_sort_numbers(double *values, size_t n, wf_error *err);

/* Moves the k-th smallest to orders[k] (0-based), smaller ones before it, larger ones behind. */
void wf_select_order(uint64_t *orders, size_t n, size_t k);

#endif
