/* xgboost/score.h — the commonest metrics, as XGBoost 1.7.4 with one thread computes them: the same
 * float and double operations in the same order, so the same bits. */
#ifndef WF_XGBOOST_SCORE_H
#define WF_XGBOOST_SCORE_H

#include "base/error.h"

typedef enum wf_xgb_score_kind {
  WF_SCORE_AUC, /* these two need scratch; NaN with one class only, or a NaN prediction */
  WF_SCORE_AUCPR,
  WF_SCORE_LOGLOSS,
  WF_SCORE_ERROR, /* share of rows on the wrong side of the threshold */
  WF_SCORE_RMSE,
  WF_SCORE_MAE,
} wf_xgb_score_kind;

typedef struct wf_xgb_score {
  wf_xgb_score_kind kind;
  float threshold; /* of WF_SCORE_ERROR */
  char name[24];   /* as XGBoost prints it */
} wf_xgb_score;

/* Reads the name of a metric, "auc" or "error@0.3"; false: not one of these. */
bool wf_xgb_score_find(wf_xgb_score *out, const char *metric);

/* One prediction, label and weight (NULL: all 1) per row. */
typedef struct wf_xgb_rows {
  float *predictions;
  const float *labels, *weights;
  size_t n;      /* 1 to 2^32 - 1 */
  void *scratch; /* wf_xgb_scratch_size(n) bytes, aligned for uint64_t */
} wf_xgb_rows;

bool wf_xgb_score_sorts(const wf_xgb_score *score); /* whether it needs scratch */
size_t wf_xgb_scratch_size(size_t n);
double wf_xgb_score_measure(const wf_xgb_score *score, const wf_xgb_rows *rows);

#endif
