/* input.c — refusing what no metric can use, with the row that holds it (rows count from 1). */
#include "metrics/input.h"

#include <math.h>

wf_status wf_check_labels(const double *labels, size_t n, size_t n_classes, wf_error *err) {
  for (size_t i = 0; i < n; i++) {
    double label = labels[i];
    if (label >= 0 && label < (double)n_classes && label == (double)(size_t)label) continue;
    if (isnan(label)) return wf_fail(err, WF_INVALID, "row %zu: the label is missing (NaN)", i + 1);
    if (n_classes == 2) {
      return wf_fail(err, WF_INVALID, "row %zu: label %g is neither 0 nor 1", i + 1, label);
    }
    return wf_fail(err, WF_INVALID, "row %zu: label %g is not a class number from 0 to %zu", i + 1,
                   label, n_classes - 1);
  }
  return WF_OK;
}

/* Adding up x * 0 finds a NaN or an infinity without a branch; only then the rows are searched. */
wf_status wf_check_values(const double *values, size_t n, size_t width, bool infinite,
                          const char *what, wf_error *err) {
  double trace = 0;
  for (size_t i = 0; i < n * width; i++) trace += values[i] * 0;
  if (trace == 0) return WF_OK;
  for (size_t i = 0; i < n * width; i++) {
    size_t row = i / width + 1;
    if (isnan(values[i])) {
      return wf_fail(err, WF_INVALID, "row %zu: the %s is missing (NaN)", row, what);
    }
    if (isinf(values[i]) && !infinite) {
      return wf_fail(err, WF_INVALID, "row %zu: the %s is infinite", row, what);
    }
  }
  return WF_OK;
}

wf_status wf_check_weights(const double *weights, size_t n, wf_error *err) {
  if (n == 0) return wf_fail(err, WF_INVALID, "there are no rows to measure");
  if (!weights) return WF_OK;
  bool any = false;
  for (size_t i = 0; i < n; i++) {
    if (!(weights[i] >= 0) || isinf(weights[i])) {
      return wf_fail(err, WF_INVALID, "row %zu: weight %g is not a finite number of at least 0",
                     i + 1, weights[i]);
    }
    any |= weights[i] > 0;
  }
  return any ? WF_OK : wf_fail(err, WF_INVALID, "every weight is 0");
}
