/* xgboost/data.h — wf's matrices and labels, checked, as XGBoost's. */
#ifndef WF_XGBOOST_DATA_H
#define WF_XGBOOST_DATA_H

#include "wf/xgboost.h"
#include "xgboost/guard.h"
#include "xgboost/params.h"

/* Labels, weights and features of a set called `name`; `training`: the labels must differ. */
wf_status wf_xgb_data_check(const wf_xgboost_data *data, const char *name, bool training,
                            const wf_xgb_params *params, wf_error *err);

/* The set as an XGBoost matrix with its labels and weights; an infinite feature is WF_INVALID
 * naming column and row. */
wf_status wf_xgb_data_load(wf_xgb_matrix *out, const wf_xgb *xgb, const wf_xgboost_data *data,
                           size_t n_threads, wf_error *err);

#endif
