/* wf/reshape.h — frames in another shape: wide, long, and with indicator columns.
 *
 * Each result is a new frame, released by the caller; columns that do not change are shared. */
#ifndef WF_RESHAPE_H
#define WF_RESHAPE_H

#include "wf/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Long to wide: one row for each distinct `index`, one column for each distinct value of the text,
 * bool or integer column `names` (in order of first appearance, a missing one as "missing"),
 * holding the aggregate of `values`; missing where no row has that pair. */
typedef struct wf_pivot_options {
  const char *const *index;
  size_t n_index;
  const char *names, *values;
  wf_aggregate how;
} wf_pivot_options;

enum { WF_PIVOT_MAX_COLUMNS = 10000 }; /* more is WF_LIMIT */

WF_API WF_NODISCARD wf_status wf_frame_pivot(wf_frame **out, const wf_frame *frame,
                                             const wf_pivot_options *options, wf_error *err);

/* Wide to long: for each of `columns` in turn all rows, with its name in the category column
 * `name_column` and its value in `value_column`; `keep` are repeated beside them. Types of
 * `columns` meet as in wf_frame_concat. n_columns 0: all that are not kept. */
typedef struct wf_melt_options {
  const char *const *keep;
  size_t n_keep;
  const char *const *columns;
  size_t n_columns;
  const char *name_column, *value_column; /* NULL: "name", "value" */
} wf_melt_options;

WF_API WF_NODISCARD wf_status wf_frame_melt(wf_frame **out, const wf_frame *frame,
                                            const wf_melt_options *options, wf_error *err);

/* Replaces each of these columns (text, bool or integer) by bool columns "column_value", one for
 * each value that occurs, in byte order of the text; all of them are false where the value is
 * missing. `drop_first` leaves the first one out. */
WF_API WF_NODISCARD wf_status wf_frame_one_hot(wf_frame **out, const wf_frame *frame,
                                               const char *const *columns, size_t n_columns,
                                               bool drop_first, wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
