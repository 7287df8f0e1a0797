/* global.c — one number a feature out of local values. */
#include "wf/shap.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/pool.h"

#include <math.h>
#include <stdlib.h>

/* Values of one feature, `stride` apart. */
typedef struct values {
  const double *first;
  size_t n_rows, stride;
} values;

static double mean(const values *v, wf_shap_aggregate how) {
  double sum = 0;
  for (size_t i = 0; i < v->n_rows; i++) {
    double value = v->first[i * v->stride];
    sum += how == WF_SHAP_MEAN_SQ ? value * value : fabs(value);
  }
  return sum / (double)v->n_rows;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double median(const values *v, double *sorted) {
  for (size_t i = 0; i < v->n_rows; i++) sorted[i] = fabs(v->first[i * v->stride]);
  qsort(sorted, v->n_rows, sizeof *sorted, compare);
  size_t middle = v->n_rows / 2;
  return v->n_rows % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

static wf_status aggregate(const values *v, wf_shap_aggregate how, double *out, wf_error *err) {
  if (how != WF_SHAP_MEDIAN) {
    *out = mean(v, how);
    return WF_OK;
  }
  double *sorted = wf_alloc_array(v->n_rows, sizeof *sorted);
  if (!sorted) return wf_fail_nomem(err);
  *out = median(v, sorted);
  wf_free(sorted);
  return WF_OK;
}

static wf_status check(size_t n_rows, size_t n_groups, size_t group, wf_error *err) {
  if (n_rows == 0) return wf_fail(err, WF_INVALID, "there are no rows to aggregate");
  if (group < n_groups) return WF_OK;
  return wf_fail(err, WF_INVALID, "output %zu is not one of the model's %zu", group, n_groups);
}

wf_status wf_shap_global(const double *local, size_t n_rows, size_t n_groups, size_t n_features,
                         size_t group, wf_shap_aggregate how, double *out, wf_error *err) {
  WF_TRY(check(n_rows, n_groups, group, err));
  for (size_t f = 0; f < n_features; f++) {
    values v = {local + group * (n_features + 1) + f, n_rows, n_groups * (n_features + 1)};
    WF_TRY(aggregate(&v, how, &out[f], err));
  }
  return WF_OK;
}

typedef struct importances {
  const double *const *columns;
  size_t n_rows;
  wf_shap_aggregate how;
  double *out;
} importances;

static wf_status aggregate_column(void *context, size_t index, size_t begin, size_t end,
                                  size_t worker, wf_error *err) {
  (void)begin, (void)end, (void)worker;
  const importances *work = context;
  values v = {work->columns[index], work->n_rows, 1};
  return aggregate(&v, work->how, &work->out[index], err);
}

wf_status wf_shap_importance(const double *const *columns, size_t n_rows, size_t n_features,
                             wf_shap_aggregate how, size_t n_threads, double *out, wf_error *err) {
  WF_TRY(check(n_rows, 1, 0, err));
  importances work = {columns, n_rows, how, out};
  return wf_parallel_for(n_features, 1, n_threads, aggregate_column, &work, err);
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
