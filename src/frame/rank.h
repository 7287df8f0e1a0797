/* frame/rank.h — ranks from words that compare as values do (frame/order.h). */
#ifndef WF_FRAME_RANK_H
#define WF_FRAME_RANK_H

#include "wf/transform.h"

/* ranks[row] of rows[0..n), which are sorted by orders[row], from 1. */
void wf_rank_sorted(double *ranks, const size_t *rows, size_t n, const uint64_t *orders,
                    wf_rank how);
/* Average ranks of n numbers. */
wf_status wf_rank_numbers(double *ranks, const double *values, size_t n, wf_error *err);

#endif
