/* metrics/input.h — the checks and sums all metrics share. */
#ifndef WF_METRICS_INPUT_H
#define WF_METRICS_INPUT_H

#include "base/error.h"

/* Neumaier's compensated sum: the error does not grow with the number of terms. */
typedef struct wf_sum {
  double sum, lost;
} wf_sum;

static inline void wf_sum_add(wf_sum *total, double x) {
  double sum = total->sum + x;
  double kept = total->sum, small = x;
  if ((kept < 0 ? -kept : kept) < (x < 0 ? -x : x)) {
    kept = x;
    small = total->sum;
  }
  total->lost += (kept - sum) + small;
  total->sum = sum;
}

/* Sums that overflowed stay infinite (the lost part is then NaN). */
static inline double wf_sum_value(const wf_sum *total) {
  double value = total->sum + total->lost;
  return value == value ? value : total->sum;
}

static inline double wf_weight_at(const double *weights, size_t row) {
  return weights ? weights[row] : 1;
}

/* Whole numbers 0..n_classes-1 in every row. */
wf_status wf_check_labels(const double *labels, size_t n, size_t n_classes, wf_error *err);
/* No NaN, and no infinity unless allowed, in `values`, `width` of them a row; `what` names them in
 * the message. */
wf_status wf_check_values(const double *values, size_t n, size_t width, bool infinite,
                          const char *what, wf_error *err);
/* Finite, not negative, not all 0; NULL is fine. Fails for n == 0 too, which has nothing to weigh.
 */
wf_status wf_check_weights(const double *weights, size_t n, wf_error *err);

#endif
