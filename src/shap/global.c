/* global.c — one number a feature out of local values. */
#include "wf/shap.h"

#include "base/alloc.h"
#include "base/error.h"

#include <math.h>
#include <stdlib.h>

typedef struct table {
  const double *values; /* of the group's first feature, first row */
  size_t n_rows, row_width;
} table;

static double mean(const table *t, size_t feature, wf_shap_aggregate how) {
  double sum = 0;
  for (size_t i = 0; i < t->n_rows; i++) {
    double value = t->values[i * t->row_width + feature];
    sum += how == WF_SHAP_MEAN_SQ ? value * value : fabs(value);
  }
  return sum / (double)t->n_rows;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double median(const table *t, size_t feature, double *sorted) {
  for (size_t i = 0; i < t->n_rows; i++) sorted[i] = fabs(t->values[i * t->row_width + feature]);
  qsort(sorted, t->n_rows, sizeof *sorted, compare);
  size_t middle = t->n_rows / 2;
  return t->n_rows % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

static wf_status check(size_t n_rows, size_t n_groups, size_t group, wf_error *err) {
  if (n_rows == 0) return wf_fail(err, WF_INVALID, "there are no rows to aggregate");
  if (group < n_groups) return WF_OK;
  return wf_fail(err, WF_INVALID, "output %zu is not one of the model's %zu", group, n_groups);
}

wf_status wf_shap_global(const double *values, size_t n_rows, size_t n_groups, size_t n_features,
                         size_t group, wf_shap_aggregate how, double *out, wf_error *err) {
  WF_TRY(check(n_rows, n_groups, group, err));
  table t = {values + group * (n_features + 1), n_rows, n_groups * (n_features + 1)};
  double *sorted = NULL;
  if (how == WF_SHAP_MEDIAN && !(sorted = wf_alloc_array(n_rows, sizeof *sorted))) {
    return wf_fail_nomem(err);
  }
  for (size_t f = 0; f < n_features; f++)
    out[f] = sorted ? median(&t, f, sorted) : mean(&t, f, how);
  wf_free(sorted);
  return WF_OK;
}

wf_status wf_shap_global_pairs(const double *matrices, size_t n_rows, size_t n_groups,
                               size_t n_features, size_t group, double *out, wf_error *err) {
  WF_TRY(check(n_rows, n_groups, group, err));
  size_t width = n_features + 1, cells = width * width;
  for (size_t i = 0; i < n_features; i++) {
    for (size_t j = i + 1; j < n_features; j++, out++) {
      const double *cell = matrices + group * cells + i * width + j;
      double sum = 0;
      for (size_t row = 0; row < n_rows; row++) sum += fabs(cell[row * n_groups * cells]);
      *out = 2 * sum / (double)n_rows;
    }
  }
  return WF_OK;
}
