/* means.c — global importance of rows whose local values nobody keeps.
 *
 * Local values take twice the memory of the features, and memory that is new costs more than
 * explaining does. So rows are explained a block at a time into memory of the worker's, and added
 * up there and then: blocks wait for their turn, so that every sum runs over the rows in order and
 * has the bits that wf_shap_global gives. */
#include "wf/shap.h"

#include "base/alloc.h"
#include "base/pool.h"

#include <math.h>
#include <string.h>

enum { BLOCK_ROWS = 2048 };

typedef struct meaning {
  const wf_forest *forest;
  const wf_features *features;
  wf_shap_aggregate how;
  size_t width; /* of a row's values */
  size_t scratch_size;
  double *out; /* sums, and base values where they belong */
  wf_turns turns;
} meaning;

/* Where the base value of a group lies there is no sum. */
static void add_row(const meaning *work, const double *row) {
  for (size_t i = 0; i < work->width; i++) {
    work->out[i] += work->how == WF_SHAP_MEAN_SQ ? row[i] * row[i] : fabs(row[i]);
  }
}

static void add_rows(const meaning *work, const double *values, size_t n) {
  for (size_t i = 0; i < n; i++) add_row(work, values + i * work->width);
}

/* Base values are those of any row. */
static void put_bases(const meaning *work, const double *row) {
  size_t cells = wf_forest_feature_count(work->forest) + 1;
  for (size_t i = cells - 1; i < work->width; i += cells) work->out[i] = row[i];
}

static wf_status explain_rows(const meaning *work, size_t begin, size_t n, void *scratch,
                              double *values, wf_error *err) {
  wf_features rows = *work->features;
  rows.data += begin * rows.row_stride;
  rows.n_rows = n;
  wf_status status = wf_shap_values_within(work->forest, &rows, scratch, values, err);
  if (status == WF_OK || begin == 0) return status;
  return wf_fail_within(err, status, "behind row %zu", begin);
}

static wf_status add_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                           wf_error *err) {
  (void)worker;
  meaning *work = context;
  size_t n = end - begin;
  double *values = wf_alloc_array(n, work->width * sizeof *values);
  void *scratch = wf_alloc_aligned(work->scratch_size);
  wf_status status =
      values && scratch ? explain_rows(work, begin, n, scratch, values, err) : wf_fail_nomem(err);
  if (status != WF_OK) {
    wf_turns_close(&work->turns);
  } else if (wf_turns_wait(&work->turns, index)) {
    add_rows(work, values, n);
    if (end == work->features->n_rows) {
      for (size_t i = 0; i < work->width; i++) work->out[i] /= (double)end;
      put_bases(work, values);
    }
    wf_turns_pass(&work->turns);
  }
  wf_free(scratch);
  wf_free(values);
  return status;
}

wf_status wf_shap_means(const wf_forest *forest, const wf_features *features,
                        const wf_shap_options *options, wf_shap_aggregate how, double *out,
                        wf_error *err) {
  size_t n_groups = wf_forest_group_count(forest), n_rows = features->n_rows;
  if (how == WF_SHAP_MEDIAN) {
    return wf_fail(err, WF_UNSUPPORTED, "a median needs all values, not only their sums");
  }
  if (n_rows == 0) return wf_fail(err, WF_INVALID, "there are no rows to aggregate");
  meaning work = {.forest = forest,
                  .features = features,
                  .how = how,
                  .width = n_groups * (wf_forest_feature_count(forest) + 1),
                  .turns = WF_TURNS_INIT};
  WF_TRY(
      wf_shap_prepare(&work.scratch_size, forest, n_rows < BLOCK_ROWS ? n_rows : BLOCK_ROWS, err));
  work.out = wf_alloc_zero(work.width, sizeof *work.out);
  if (!work.out) return wf_fail_nomem(err);
  wf_status status =
      wf_parallel_for(n_rows, BLOCK_ROWS, options ? options->n_threads : 0, add_block, &work, err);
  if (status == WF_OK) memcpy(out, work.out, work.width * sizeof *out);
  wf_free(work.out);
  return status;
}
