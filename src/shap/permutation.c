/* permutation.c — predictions with some columns shuffled among the rows.
 *
 * The order of repeat r of group g comes from a generator of its own, so that it does not matter
 * which other groups are looked at, and a model and the same model as a function agree. */
#include "wf/explain.h"

#include "base/alloc.h"
#include "base/random.h"
#include "frame/column.h"
#include "frame/frame.h"
#include "shap/changed.h"

static void fill_order(size_t *order, size_t n, uint64_t seed, size_t group, size_t repeat) {
  wf_random random;
  wf_random_seed(&random, seed, ((uint64_t)group << 32) + repeat);
  for (size_t i = 0; i < n; i++) order[i] = i;
  wf_random_shuffle(&random, order, n);
}

typedef struct shuffle {
  const wf_features *rows;
  const size_t *columns;
  size_t n_columns;
  const size_t *orders; /* n_repeats x n_rows */
} shuffle;

static void change_shuffled(const void *context, size_t way, size_t begin, size_t n, float *block,
                            size_t stride) {
  const shuffle *work = context;
  const wf_features *rows = work->rows;
  const size_t *order = work->orders + way * rows->n_rows + begin;
  for (size_t k = 0; k < work->n_columns; k++) {
    const float *from = rows->data + work->columns[k] * rows->column_stride;
    float *to = block + work->columns[k] * stride;
    for (size_t i = 0; i < n; i++) to[i] = from[order[i] * rows->row_stride];
  }
}

wf_status wf_permutation_forest(const wf_forest *forest, wf_predict_kind kind,
                                const wf_features *rows, const size_t *columns, size_t n_columns,
                                uint64_t seed, size_t group, size_t n_repeats, size_t n_threads,
                                float *out, wf_error *err) {
  if (kind == WF_PREDICT_LEAF) return wf_fail(err, WF_INVALID, "leaf numbers have no importance");
  WF_TRY(wf_changes_check(forest, rows, columns, n_columns, err));
  size_t cells;
  if (__builtin_mul_overflow(n_repeats, rows->n_rows, &cells)) return wf_fail_nomem(err);
  size_t *orders = wf_alloc_array(cells, sizeof *orders);
  if (!orders) return wf_fail_nomem(err);
  for (size_t r = 0; r < n_repeats; r++) {
    fill_order(orders + r * rows->n_rows, rows->n_rows, seed, group, r);
  }
  shuffle work = {rows, columns, n_columns, orders};
  wf_changes changes = {
      forest, kind, rows, change_shuffled, &work, .n_ways = n_repeats, .n_threads = n_threads};
  wf_status status = wf_changes_predict(&changes, out, err);
  wf_free(orders);
  return status;
}

/* Replaces columns one by one: *frame is released for each that takes its place. */
static wf_status shuffle_column(wf_frame **frame, const char *name, const size_t *order,
                                wf_error *err) {
  wf_column *column, *shuffled;
  wf_frame *changed;
  WF_TRY(wf_frame_get(&column, *frame, name, err));
  WF_TRY(wf_column_take(&shuffled, column, order, wf_frame_row_count(*frame), err));
  wf_status status = wf_frame_with(&changed, *frame, name, shuffled, err);
  wf_column_release(shuffled);
  if (status != WF_OK) return status;
  wf_frame_release(*frame);
  *frame = changed;
  return WF_OK;
}

wf_status wf_permutation_frame(wf_frame **out, const wf_frame *frame, const char *const *names,
                               size_t n_names, uint64_t seed, size_t group, size_t repeat,
                               wf_error *err) {
  size_t n = wf_frame_row_count(frame), *order = wf_alloc_array(n, sizeof *order);
  if (!order) return wf_fail_nomem(err);
  fill_order(order, n, seed, group, repeat);
  wf_frame *changed = wf_frame_retain((wf_frame *)(uintptr_t)frame);
  wf_status status = WF_OK;
  for (size_t i = 0; status == WF_OK && i < n_names; i++) {
    status = shuffle_column(&changed, names[i], order, err);
  }
  wf_free(order);
  if (status == WF_OK) {
    *out = changed;
  } else {
    wf_frame_release(changed);
  }
  return status;
}
