/* xgboost/sketch.h — where XGBoost 1.7 would cut a column into bins for tree_method hist. */
#ifndef WF_XGBOOST_SKETCH_H
#define WF_XGBOOST_SKETCH_H

#include "base/error.h"

typedef struct wf_xgb_column {
  const float *values;  /* NaN is missing, none is infinite */
  const int *rows;      /* which of them, in this order; NULL: the first n_rows */
  const float *weights; /* one per row of `rows`; NULL: all 1 */
  size_t n_rows;
} wf_xgb_column;

/* Writes the values that stand for the column, ascending and different, at most max_bin + 1 of
 * them: XGBoost makes of these alone the same bins as of the whole column. *n is 0 when all are
 * missing. *known turns false where that cannot be said to the last bit: a column with zeros of
 * both signs, or with more values than bins and weights or more than 2^24 rows. */
wf_status wf_xgb_sketch(float *out, size_t *n, bool *known, const wf_xgb_column *column,
                        size_t max_bin, wf_error *err);

#endif
