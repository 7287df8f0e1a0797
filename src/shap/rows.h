/* shap/rows.h — what all explanations of rows have in common: the features the trees look at, slot
 * after slot, and the check of the sums against the forest's own margins. */
#ifndef WF_SHAP_ROWS_H
#define WF_SHAP_ROWS_H

#include "forest/forest.h"

/* WF_INVALID unless the features are as many as the model's; `what` is what holds them. */
wf_status wf_shap_check_columns(const wf_forest *forest, const wf_features *features,
                                const char *what, wf_error *err);

static inline float wf_features_at(const wf_features *features, size_t row, size_t feature) {
  return features->data[row * features->row_stride + feature * features->column_stride];
}

/* Used features of rows [begin, begin + n) as doubles at x[slot * stride + row]; rows from n up to
 * `padded` are 0. */
void wf_shap_gather(const wf_forest *forest, const wf_features *features, size_t begin, size_t n,
                    size_t padded, size_t stride, double *x);

/* The same as floats, without padding. */
void wf_shap_gather_floats(const wf_forest *forest, const wf_features *features, size_t begin,
                           size_t n, size_t stride, float *x);

/* The other way: contributions at phi[slot * stride + row] of n rows, and the base value, to group
 * `group` of out, n x groups x (features + 1). */
void wf_shap_scatter(const wf_forest *forest, const double *phi, size_t stride, size_t n,
                     size_t group, double base, double *out);

/* The base value and contributions of a linear model, its terms: features + 1 doubles for one row
 * and group. */
void wf_shap_linear_terms(const wf_forest *forest, const wf_features *features, size_t row,
                          size_t group, double *out);

/* Contributions and base value of each of rows [begin, begin + n) sum to its margin, within
 * tolerances[group], as far as float32 sums may be off: else WF_CORRUPT, naming row and output.
 * values: n x groups x (features + 1); margins: scratch of n x groups floats. */
wf_status wf_shap_check_sums(const wf_forest *forest, const wf_features *features, size_t begin,
                             size_t n, const double *values, const double *tolerances,
                             float *margins, wf_error *err);

#endif
