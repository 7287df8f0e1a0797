/* xgboost/parts.h — training data that comes in parts. */
#ifndef WF_XGBOOST_PARTS_H
#define WF_XGBOOST_PARTS_H

#include "base/array.h"
#include "wf/xgboost.h"
#include "xgboost/guard.h"
#include "xgboost/params.h"

/* What is kept of the parts besides XGBoost's matrix. Zero-initialise. */
typedef struct wf_xgb_gathered {
  WF_ARRAY(float) labels;
  WF_ARRAY(float) weights; /* empty: there are none */
  wf_matrix *features;     /* their names; no rows */
} wf_xgb_gathered;
void wf_xgb_gathered_dispose(wf_xgb_gathered *gathered);

/* Makes the parameters such that they can be trained in parts: tree_method is hist. */
wf_status wf_xgb_parts_params(wf_xgb_params *params, wf_error *err);

/* Goes through the parts and checks them as wf_xgb_data_check does, rows counted over all parts.
 * The caller disposes `gathered`, also on failure. */
wf_status wf_xgb_parts_load(wf_xgb_matrix *out, wf_xgb_gathered *gathered, const wf_xgb *xgb,
                            const wf_xgboost_parts *parts, const wf_xgb_params *params,
                            size_t n_threads, wf_error *err);

#endif
