/* frame.c — frames: names, columns of one length, and verbs that only rearrange columns.
 *
 * The names live in one wf_map, whose indices count up in order of insertion: a name's index in the
 * map is its column's index, so the map is both the list of names and the way to find one. Map keys
 * are not terminated, so the frame keeps its own terminated copies beside them. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/suggest.h"
#include "frame/column.h"
#include "frame/frame.h"
#include "frame/utf8.h"

#include <assert.h>
#include <string.h>

struct wf_frame {
  atomic_size_t refs;
  size_t n_rows, n_columns;
  char **names;
  wf_column **columns;
  wf_map *index;
};

static void destroy(wf_frame *frame) {
  for (size_t i = 0; frame->columns && i < frame->n_columns; i++) {
    wf_column_release(frame->columns[i]);
  }
  for (size_t i = 0; frame->names && i < frame->n_columns; i++) wf_free(frame->names[i]);
  wf_map_free(frame->index);
  wf_free(frame->names);
  wf_free(frame->columns);
  wf_free(frame);
}

static wf_status add_column(wf_frame *frame, const char *name, wf_column *column, wf_error *err) {
  size_t i = frame->n_columns, index;
  bool added;
  if (name[0] == '\0') return wf_fail(err, WF_INVALID, "column %zu has an empty name", i + 1);
  if (!wf_utf8_valid(wf_view_of(name))) {
    return wf_fail(err, WF_INVALID, "the name of column %zu is not UTF-8", i + 1);
  }
  if (i > 0 && column->n_rows != frame->n_rows) {
    return wf_fail(err, WF_INVALID, "column '%s' has %zu rows; '%s' has %zu", name, column->n_rows,
                   frame->names[0], frame->n_rows);
  }
  WF_TRY(wf_map_add(frame->index, wf_view_of(name), &index, &added, err));
  if (!added) return wf_fail(err, WF_INVALID, "two columns are named '%s'", name);
  frame->names[i] = wf_strdup(name);
  if (!frame->names[i]) return wf_fail_nomem(err);
  frame->columns[i] = wf_column_retain(column);
  frame->n_rows = column->n_rows;
  frame->n_columns++;
  return WF_OK;
}

wf_status wf_frame_new(wf_frame **out, const char *const *names, wf_column *const *columns,
                       size_t n_columns, wf_error *err) {
  wf_frame *frame = wf_alloc_zero(1, sizeof *frame);
  if (!frame) return wf_fail_nomem(err);
  frame->refs = 1;
  frame->names = wf_alloc_zero(n_columns, sizeof *frame->names);
  frame->columns = wf_alloc_zero(n_columns, sizeof *frame->columns);
  wf_status status = wf_map_new(&frame->index, err);
  if (status == WF_OK && (!frame->names || !frame->columns)) status = wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n_columns; i++) {
    status = add_column(frame, names[i], columns[i], err);
  }
  if (status != WF_OK) {
    destroy(frame);
    return status;
  }
  *out = frame;
  return WF_OK;
}

wf_frame *wf_frame_retain(wf_frame *frame) {
  if (frame) atomic_fetch_add_explicit(&frame->refs, 1, memory_order_relaxed);
  return frame;
}

void wf_frame_release(wf_frame *frame) {
  if (!frame) return;
  if (atomic_fetch_sub_explicit(&frame->refs, 1, memory_order_acq_rel) == 1) destroy(frame);
}

size_t wf_frame_row_count(const wf_frame *frame) { return frame->n_rows; }
size_t wf_frame_column_count(const wf_frame *frame) { return frame->n_columns; }

const char *wf_frame_name_at(const wf_frame *frame, size_t index) {
  assert(index < frame->n_columns);
  return frame->names[index];
}

wf_column *wf_frame_column_at(const wf_frame *frame, size_t index) {
  assert(index < frame->n_columns);
  return frame->columns[index];
}

ptrdiff_t wf_frame_find(const wf_frame *frame, const char *name) {
  return wf_map_find(frame->index, wf_view_of(name));
}

const char *const *wf_frame_names(const wf_frame *frame) {
  return (const char *const *)frame->names;
}

/* ---- finding by name ------------------------------------------------------------------------- */

wf_status wf_frame_index_of(size_t *out, const wf_frame *frame, const char *name, wf_error *err) {
  ptrdiff_t index = wf_frame_find(frame, name);
  if (index >= 0) {
    *out = (size_t)index;
    return WF_OK;
  }
  const char *nearest = wf_suggest(name, frame->names, frame->n_columns, sizeof *frame->names);
  if (nearest) {
    return wf_fail(err, WF_NOTFOUND, "there is no column '%s'; did you mean '%s'?", name, nearest);
  }
  return wf_fail(err, WF_NOTFOUND, "there is no column '%s'", name);
}

wf_status wf_frame_get(wf_column **out, const wf_frame *frame, const char *name, wf_error *err) {
  size_t index = 0;
  WF_TRY(wf_frame_index_of(&index, frame, name, err));
  *out = frame->columns[index];
  return WF_OK;
}

/* ---- rearranging columns --------------------------------------------------------------------- */

/* Borrowed names and columns from which a frame is made. */
typedef struct draft {
  const char **names;
  wf_column **columns;
  size_t n;
} draft;

static wf_status draft_new(draft *d, size_t capacity, wf_error *err) {
  *d = (draft){wf_alloc_array(capacity, sizeof *d->names),
               wf_alloc_array(capacity, sizeof *d->columns), 0};
  return d->names && d->columns ? WF_OK : wf_fail_nomem(err);
}

static void draft_add(draft *d, const char *name, wf_column *column) {
  d->names[d->n] = name;
  d->columns[d->n++] = column;
}

/* Makes the frame when all went well so far; disposes of the draft in any case. */
static wf_status draft_finish(draft *d, wf_status status, wf_frame **out, wf_error *err) {
  if (status == WF_OK) status = wf_frame_new(out, d->names, d->columns, d->n, err);
  wf_free(d->names);
  wf_free(d->columns);
  return status;
}

wf_status wf_frame_select(wf_frame **out, const wf_frame *frame, const char *const *names, size_t n,
                          wf_error *err) {
  draft d;
  wf_status status = draft_new(&d, n, err);
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    size_t index = 0;
    status = wf_frame_index_of(&index, frame, names[i], err);
    if (status == WF_OK) draft_add(&d, frame->names[index], frame->columns[index]);
  }
  return draft_finish(&d, status, out, err);
}

/* Replaces by NULL the names that are dropped; the rest is kept. */
wf_status wf_frame_drop(wf_frame **out, const wf_frame *frame, const char *const *names, size_t n,
                        wf_error *err) {
  draft d;
  wf_status status = draft_new(&d, frame->n_columns, err);
  bool *dropped = wf_alloc_zero(frame->n_columns, sizeof *dropped);
  if (status == WF_OK && !dropped) status = wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    size_t index = 0;
    status = wf_frame_index_of(&index, frame, names[i], err);
    if (status == WF_OK) dropped[index] = true;
  }
  for (size_t i = 0; status == WF_OK && i < frame->n_columns; i++) {
    if (!dropped[i]) draft_add(&d, frame->names[i], frame->columns[i]);
  }
  wf_free(dropped);
  return draft_finish(&d, status, out, err);
}

wf_status wf_frame_rename(wf_frame **out, const wf_frame *frame, const char *const *from,
                          const char *const *to, size_t n, wf_error *err) {
  draft d;
  wf_status status = draft_new(&d, frame->n_columns, err);
  for (size_t i = 0; status == WF_OK && i < frame->n_columns; i++) {
    draft_add(&d, frame->names[i], frame->columns[i]);
  }
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    size_t index = 0;
    status = wf_frame_index_of(&index, frame, from[i], err);
    if (status == WF_OK) d.names[index] = to[i];
  }
  return draft_finish(&d, status, out, err);
}

wf_status wf_frame_with(wf_frame **out, const wf_frame *frame, const char *name, wf_column *column,
                        wf_error *err) {
  if (frame->n_columns > 0 && column->n_rows != frame->n_rows) {
    return wf_fail(err, WF_INVALID, "column '%s' has %zu rows; the frame has %zu", name,
                   column->n_rows, frame->n_rows);
  }
  draft d;
  wf_status status = draft_new(&d, frame->n_columns + 1, err);
  for (size_t i = 0; status == WF_OK && i < frame->n_columns; i++) {
    draft_add(&d, frame->names[i], frame->columns[i]);
  }
  if (status == WF_OK) {
    ptrdiff_t index = wf_frame_find(frame, name);
    if (index < 0)
      draft_add(&d, name, column);
    else
      d.columns[index] = column;
  }
  return draft_finish(&d, status, out, err);
}
