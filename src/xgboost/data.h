/* xgboost/data.h — wf's matrices and labels, checked, as XGBoost's. */
#ifndef WF_XGBOOST_DATA_H
#define WF_XGBOOST_DATA_H

#include "wf/xgboost.h"
#include "xgboost/guard.h"
#include "xgboost/params.h"

/* Labels, weights and features of a set called `name`; `training`: the labels must differ. An
 * infinite feature is WF_INVALID naming column and row. */
wf_status wf_xgb_data_check(const wf_xgboost_data *data, const char *name, bool training,
                            const wf_xgb_params *params, size_t n_threads, wf_error *err);

/* Whether training can learn anything from these labels. */
wf_status wf_xgb_labels_check(const float *labels, size_t n, wf_error *err);

/* Its features row after row; of the rows numbered `rows`, `n` of them, or of all. wf_free it. */
wf_status wf_xgb_data_rows(float **out, const wf_matrix *matrix, const int *rows, size_t n,
                           size_t n_threads, wf_error *err);
/* Gives a matrix its labels and weights, n each. */
wf_status wf_xgb_data_label(const wf_xgb *xgb, wf_xgb_matrix matrix, const wf_xgboost_data *data,
                            size_t n, wf_error *err);

/* A checked set as an XGBoost matrix with its labels and weights. Of its features only the rows
 * numbered `rows`, `n` of them, to which the labels and weights belong; NULL: all. */
wf_status wf_xgb_data_load(wf_xgb_matrix *out, const wf_xgb *xgb, const wf_xgboost_data *data,
                           const int *rows, size_t n, size_t n_threads, wf_error *err);

#endif
