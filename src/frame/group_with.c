/* group_with.c — the aggregates of a group beside each of its rows. The groups of wf_frame_group
 * stand in the order of their key numbers, so that a row finds its own by number. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "base/error.h"
#include "frame/column.h"
#include "frame/keys.h"

/* Adds column `index` of the groups, by the rows' numbers, to the frame so far. */
static wf_status add_column(wf_frame **so_far, const wf_frame *groups, size_t index,
                            const size_t *ids, wf_error *err) {
  wf_column *spread = NULL;
  wf_frame *next = NULL;
  const wf_column *column = wf_frame_column_at(groups, index);
  wf_status status = wf_column_take(&spread, column, ids, wf_frame_row_count(*so_far), err);
  if (status == WF_OK) {
    status = wf_frame_with(&next, *so_far, wf_frame_name_at(groups, index), spread, err);
  }
  wf_column_release(spread);
  if (status != WF_OK) return status;
  wf_frame_release(*so_far);
  *so_far = next;
  return WF_OK;
}

wf_status wf_frame_group_with(wf_frame **out, const wf_frame *frame, const char *const *by,
                              size_t n_by, const wf_aggregation *aggregations,
                              size_t n_aggregations, wf_error *err) {
  wf_frame *groups = NULL;
  WF_TRY(wf_frame_group(&groups, frame, by, n_by, aggregations, n_aggregations, err));
  size_t n_groups;
  size_t *ids = wf_alloc_array(wf_frame_row_count(frame), sizeof *ids);
  wf_status status =
      ids ? wf_frame_number_rows(ids, &n_groups, frame, by, n_by, err) : wf_fail_nomem(err);
  wf_frame *so_far = wf_frame_retain((wf_frame *)frame);
  for (size_t i = 0; status == WF_OK && i < n_aggregations; i++) {
    status = add_column(&so_far, groups, n_by + i, ids, err);
  }
  wf_free(ids);
  wf_frame_release(groups);
  if (status == WF_OK)
    *out = so_far;
  else
    wf_frame_release(so_far);
  return status;
}
