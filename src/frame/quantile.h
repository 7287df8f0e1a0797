/* frame/quantile.h — values of given rank, without sorting or copying the column. */
#ifndef WF_FRAME_QUANTILE_H
#define WF_FRAME_QUANTILE_H

#include "frame/column.h"

/* out[i] is the quantile at shares[i] (0 to 1) of the present values of a column that is not text,
 * of which there is at least one; type 7 of Hyndman and Fan (see summary.c). NaN counts as the
 * largest value. */
wf_status wf_column_quantiles(double *out, const wf_column *column, const double *shares, size_t n,
                              wf_error *err);

/* Of n > 0 orders (frame/order.h), which it rearranges. */
double wf_orders_quantile(uint64_t *orders, size_t n, double share);

#endif
