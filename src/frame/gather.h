/* frame/gather.h — many columns' rows in another order, all columns at once. */
#ifndef WF_FRAME_GATHER_H
#define WF_FRAME_GATHER_H

#include "frame/column.h"
#include "wf/frame.h"

/* Whether wf_gather is worth it: many rows, far from each other, of several columns. Results are
 * the same either way. */
bool wf_gather_pays(const wf_frame *frame, const size_t *rows, size_t n);

/* Frames of the given rows: those of frame p are rows[starts[p]] to rows[starts[p + 1] - 1], all
 * within the frame or WF_NO_ROW, which gives missing values. */
wf_status wf_gather(wf_frame **out, const wf_frame *frame, const size_t *rows, const size_t *starts,
                    size_t n_parts, wf_error *err);

#endif
