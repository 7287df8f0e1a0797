/* frame/distinct.h — how many values a column has. */
#ifndef WF_FRAME_DISTINCT_H
#define WF_FRAME_DISTINCT_H

#include "frame/column.h"

/* Distinct present values; equal as in frame/keys.h: -0 is 0, every NaN is one. */
wf_status wf_column_distinct(size_t *out, const wf_column *column, wf_error *err);

#endif
