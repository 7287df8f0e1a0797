/* bias/rows.h — what all ways of counting refuse. */
#ifndef WF_BIAS_ROWS_H
#define WF_BIAS_ROWS_H

#include "base/error.h"

/* Counters have 32 bits, group numbers 31. */
wf_status wf_bias_check_sizes(size_t n_rows, size_t n_groups, wf_error *err);
/* A row's 0 or 1; its number between -1 and n - 1 (`numbers` NULL is fine). */
wf_status wf_bias_check_byte(const uint8_t *bytes, size_t row, const char *what, wf_error *err);
wf_status wf_bias_check_number(const int32_t *numbers, size_t row, size_t n, const char *what,
                               wf_error *err);
/* A row's probability. */
wf_status wf_bias_check_score(const double *scores, size_t row, wf_error *err);
/* Whether wf_bias_check_number would accept all of them. */
bool wf_bias_in_range(const int32_t *numbers, size_t n_rows, size_t n);

#endif
