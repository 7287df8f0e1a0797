/* frame/summary.h — single numbers of a column, where all of wf_summary would be too much. */
#ifndef WF_FRAME_SUMMARY_H
#define WF_FRAME_SUMMARY_H

#include "frame/column.h"

/* Of the present values of a column that is not text; NaN when there are none. */
double wf_column_mean(const wf_column *column);

#endif
