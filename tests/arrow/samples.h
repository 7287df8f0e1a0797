/* samples.h — frames that hold every type, with and without missing values. */
#ifndef WF_TESTS_ARROW_SAMPLES_H
#define WF_TESTS_ARROW_SAMPLES_H

#include "wf/frame.h"

/* One column of each type, `n_rows` rows, every `gap`-th value missing (0: none). */
wf_status sample_frame(wf_frame **out, size_t n_rows, size_t gap, wf_error *err);
/* Same names, types, values and missing places. */
bool same_frame(const wf_frame *a, const wf_frame *b);

#endif
