/* rows.c — gathering rows and checking what explains them. */
#include "shap/rows.h"

#include <math.h>
#include <string.h>

wf_status wf_shap_check_columns(const wf_forest *forest, const wf_features *features,
                                const char *what, wf_error *err) {
  if (features->n_columns == forest->n_features) return WF_OK;
  return wf_fail(err, WF_INVALID, "the %s has %zu features, the model %zu", what,
                 features->n_columns, forest->n_features);
}

void wf_shap_gather(const wf_forest *forest, const wf_features *features, size_t begin, size_t n,
                    size_t padded, size_t stride, double *x) {
  for (size_t slot = 0; slot < forest->n_used; slot++, x += stride) {
    size_t feature = forest->used[slot];
    for (size_t i = 0; i < n; i++) x[i] = (double)wf_features_at(features, begin + i, feature);
    for (size_t i = n; i < padded; i++) x[i] = 0;
  }
}

void wf_shap_gather_floats(const wf_forest *forest, const wf_features *features, size_t begin,
                           size_t n, size_t stride, float *x) {
  for (size_t slot = 0; slot < forest->n_used; slot++, x += stride) {
    size_t feature = forest->used[slot];
    for (size_t i = 0; i < n; i++) x[i] = wf_features_at(features, begin + i, feature);
  }
}

void wf_shap_linear_terms(const wf_forest *forest, const wf_features *features, size_t row,
                          size_t group, double *out) {
  size_t n_groups = forest->n_groups, n_features = forest->n_features;
  for (size_t f = 0; f < n_features; f++) {
    float value = wf_features_at(features, row, f);
    out[f] = value == value ? (double)value * (double)forest->weights[f * n_groups + group] : 0;
  }
  out[n_features] =
      (double)forest->weights[n_features * n_groups + group] + (double)forest->base_margins[group];
}

void wf_shap_scatter(const wf_forest *forest, const double *phi, size_t stride, size_t n,
                     size_t group, double base, double *out) {
  size_t width = forest->n_features + 1, row_width = width * forest->n_groups;
  out += group * width;
  for (size_t i = 0; i < n; i++) {
    memset(out + i * row_width, 0, width * sizeof *out);
    out[i * row_width + width - 1] = base;
  }
  for (size_t slot = 0; slot < forest->n_used; slot++, phi += stride) {
    double *to = out + forest->used[slot];
    for (size_t i = 0; i < n; i++) to[i * row_width] = phi[i];
  }
}

static wf_status check_row(const double *values, size_t width, float margin, double tolerance,
                           size_t row, size_t group, wf_error *err) {
  double sum = 0;
  for (size_t f = 0; f < width; f++) sum += values[f];
  if (fabs(sum - (double)margin) <= tolerance || !isfinite(margin)) return WF_OK;
  return wf_fail(err, WF_CORRUPT,
                 "row %zu, output %zu: the contributions sum to %.9g, but the margin is %.9g", row,
                 group, sum, (double)margin);
}

wf_status wf_shap_check_sums(const wf_forest *forest, const wf_features *features, size_t begin,
                             size_t n, const double *values, const double *tolerances,
                             float *margins, wf_error *err) {
  size_t width = forest->n_features + 1;
  wf_features rows = *features;
  rows.data += begin * rows.row_stride;
  rows.n_rows = n;
  wf_predict_options options = {.kind = WF_PREDICT_MARGIN, .n_threads = 1};
  WF_TRY(wf_forest_predict(forest, &rows, &options, margins, err));
  for (size_t i = 0; i < n; i++) {
    for (size_t g = 0; g < forest->n_groups; g++, values += width) {
      WF_TRY(check_row(values, width, margins[i * forest->n_groups + g], tolerances[g], begin + i,
                       g, err));
    }
  }
  return WF_OK;
}
