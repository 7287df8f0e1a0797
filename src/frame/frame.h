/* frame/frame.h — what the files of this folder share about frames. */
#ifndef WF_FRAME_FRAME_H
#define WF_FRAME_FRAME_H

#include "base/error.h"
#include "wf/frame.h"

/* All names in order, borrowed. */
const char *const *wf_frame_names(const wf_frame *frame);

/* Like wf_frame_get, giving the index. */
wf_status wf_frame_index_of(size_t *out, const wf_frame *frame, const char *name, wf_error *err);

/* Makes one column of the result from the frame's column `index`; runs on any thread. */
typedef wf_status wf_column_fn(void *context, wf_column **out, const wf_column *column,
                               wf_error *err);

/* A frame of the same names whose columns are what `fn` makes of this one's: several at a time when
 * `work` (values touched per column) is worth it. */
wf_status wf_frame_map(wf_frame **out, const wf_frame *frame, wf_column_fn *fn, void *context,
                       size_t work, wf_error *err);

#endif
