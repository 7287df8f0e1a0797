/* shap/changed.h — predictions for rows of which some features are changed in several ways. */
#ifndef WF_SHAP_CHANGED_H
#define WF_SHAP_CHANGED_H

#include "wf/forest.h"

/* Writes the changed features of rows [begin, begin + n) in way number `way`: feature f of the i-th
 * of them goes to block[f * stride + i]. Runs on any thread. */
typedef void wf_change_fn(const void *context, size_t way, size_t begin, size_t n, float *block,
                          size_t stride);

typedef struct wf_changes {
  const wf_forest *forest;
  wf_predict_kind kind;
  const wf_features *rows;
  wf_change_fn *fn;
  const void *context;
  size_t n_ways;
  size_t n_threads;
} wf_changes;

/* out[n_ways x n_rows x outputs]. Each way must change the same features. */
wf_status wf_changes_predict(const wf_changes *changes, float *out, wf_error *err);

/* WF_INVALID unless the columns are features of the rows and the rows those of the forest. */
wf_status wf_changes_check(const wf_forest *forest, const wf_features *rows, const size_t *columns,
                           size_t n_columns, wf_error *err);

#endif
