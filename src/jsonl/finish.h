/* jsonl/finish.h — the stored values of all chunks as one column. */
#ifndef WF_JSONL_FINISH_H
#define WF_JSONL_FINISH_H

#include "frame/column.h"
#include "jsonl/chunk.h"

/* The rows of one column that a chunk holds: values may be NULL, all rows are missing then. */
typedef struct wf_jsonl_part {
  wf_jsonl_column *values;
  size_t first_row;
} wf_jsonl_part;

/* `type` WF_CATEGORY that is not `given` becomes a string where a dictionary is not worth it. Frees
 * the values of the parts on the way. */
wf_status wf_jsonl_finish(wf_column **out, const wf_jsonl_part *parts, size_t n_parts,
                          size_t n_rows, wf_type type, bool given, wf_error *err);

#endif
