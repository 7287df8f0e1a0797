/* changed.c — a block of rows is copied once, feature after feature, and then predicted in every
 * way after its changed features alone have been written. Blocks are independent. */
#include "shap/changed.h"

#include "base/alloc.h"
#include "base/pool.h"

#include <string.h>

enum { BLOCK = 512 };

typedef struct predicting {
  const wf_changes *changes;
  size_t n_outputs;
  float *out;
} predicting;

static void copy_rows(const wf_features *rows, size_t begin, size_t n, float *block) {
  for (size_t f = 0; f < rows->n_columns; f++) {
    const float *from = rows->data + begin * rows->row_stride + f * rows->column_stride;
    float *to = block + f * BLOCK;
    for (size_t i = 0; i < n; i++) to[i] = from[i * rows->row_stride];
  }
}

static wf_status predict_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                               wf_error *err) {
  (void)index, (void)worker;
  const predicting *work = context;
  const wf_changes *c = work->changes;
  size_t n = end - begin;
  float *block = wf_alloc_array(c->rows->n_columns + 1, BLOCK * sizeof *block);
  if (!block) return wf_fail_nomem(err);
  copy_rows(c->rows, begin, n, block);
  wf_features view = {block, n, c->rows->n_columns, 1, BLOCK};
  wf_predict_options options = {.kind = c->kind, .n_threads = 1};
  wf_status status = WF_OK;
  for (size_t way = 0; status == WF_OK && way < c->n_ways; way++) {
    c->fn(c->context, way, begin, n, block, BLOCK);
    float *out = work->out + (way * c->rows->n_rows + begin) * work->n_outputs;
    status = wf_forest_predict(c->forest, &view, &options, out, err);
  }
  wf_free(block);
  return status;
}

wf_status wf_changes_predict(const wf_changes *changes, float *out, wf_error *err) {
  predicting work = {changes, wf_forest_output_count(changes->forest, changes->kind), out};
  return wf_parallel_for(changes->rows->n_rows, BLOCK, changes->n_threads, predict_block, &work,
                         err);
}

wf_status wf_changes_check(const wf_forest *forest, const wf_features *rows, const size_t *columns,
                           size_t n_columns, wf_error *err) {
  if (rows->n_columns != wf_forest_feature_count(forest)) {
    return wf_fail(err, WF_INVALID, "the data has %zu features, the model %zu", rows->n_columns,
                   wf_forest_feature_count(forest));
  }
  for (size_t i = 0; i < n_columns; i++) {
    if (columns[i] < rows->n_columns) continue;
    return wf_fail(err, WF_INVALID, "feature %zu is not one of the model's %zu", columns[i],
                   rows->n_columns);
  }
  return WF_OK;
}
