/* xgboost/params.h — parameters checked before training, by the names XGBoost 1.7.4 knows.
 *
 * XGBoost itself ignores an unknown name and notices a bad objective only at the first round. */
#ifndef WF_XGBOOST_PARAMS_H
#define WF_XGBOOST_PARAMS_H

#include "base/array.h"
#include "base/error.h"
#include "wf/xgboost.h"

typedef enum wf_label_kind {
  WF_LABEL_ANY,       /* finite */
  WF_LABEL_UNIT,      /* in [0, 1] */
  WF_LABEL_BINARY,    /* 0 or 1 */
  WF_LABEL_CLASS,     /* 0, 1, …, n_classes - 1 */
  WF_LABEL_COUNT,     /* >= 0 */
  WF_LABEL_POSITIVE,  /* > 0 */
  WF_LABEL_ABOVE_ONE, /* > -1: its logarithm plus one is taken */
} wf_label_kind;

typedef struct wf_xgb_param { /* borrowed name, own value */
  const char *name;
  char *value;
} wf_xgb_param;

typedef struct wf_xgb_params {
  WF_ARRAY(wf_xgb_param) items; /* what to set, in this order */
  const char *objective;        /* of the table of objectives: never freed */
  wf_label_kind labels;
  size_t n_classes;  /* 0: not a multi-class objective */
  bool has_no_trees; /* booster gblinear */
} wf_xgb_params;

wf_status wf_xgb_params_check(wf_xgb_params *out, const wf_xgboost_param *params, size_t n,
                              wf_error *err);
void wf_xgb_params_dispose(wf_xgb_params *params);

/* The parameter's text; NULL: it is not given. */
const char *wf_xgb_params_find(const wf_xgb_params *params, const char *name);
size_t wf_xgb_params_max_bin(const wf_xgb_params *params); /* given or not */

/* Whether larger values of a metric ("auc", "ndcg@3", …) are better. */
bool wf_xgb_metric_maximised(const char *metric);

#endif
