/* values.c — SHAP values of a set of rows: chunks, threads, the additivity check, the layout of the
 * result. Chunks are large enough that streaming the model through the caches does not count, and
 * small enough that their features and sums stay in the second level. */
#include "wf/shap.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "shap/kernel.h"
#include "shap/rows.h"

#include <string.h>

enum { CHUNK_ROWS = 128 };

typedef struct job {
  const wf_forest *forest;
  const wf_shap_plan *plan;
  const wf_features *features;
  wf_shap_kernel *kernel;
  size_t stride; /* rows per slot */
  double *out;
} job;

typedef struct chunk { /* scratch of one block of rows */
  double *x, *phi, *scratch;
  float *margins;
} chunk;

static size_t round_up(size_t n) {
  return (n + WF_SHAP_ROW_QUANTUM - 1) / WF_SHAP_ROW_QUANTUM * WF_SHAP_ROW_QUANTUM;
}

static size_t chunk_doubles(const job *work) {
  size_t cells = work->forest->n_used * work->stride;
  size_t n_margins = work->stride * work->forest->n_groups;
  return 2 * cells + wf_shap_scratch_doubles(work->plan) + (n_margins + 1) / 2;
}

static chunk chunk_within(const job *work, double *memory) {
  size_t cells = work->forest->n_used * work->stride;
  double *scratch = memory + 2 * cells;
  return (chunk){.x = memory,
                 .phi = memory + cells,
                 .scratch = scratch,
                 .margins = (float *)(scratch + wf_shap_scratch_doubles(work->plan))};
}

static wf_status explain_chunk(const job *work, const chunk *c, size_t begin, size_t end,
                               wf_error *err) {
  const wf_forest *forest = work->forest;
  size_t n = end - begin, padded = round_up(n);
  double *out = work->out + begin * forest->n_groups * (forest->n_features + 1);
  wf_shap_gather(forest, work->features, begin, n, padded, work->stride, c->x);
  wf_shap_block block = {padded, work->stride, c->x, c->phi, c->scratch, NULL};
  for (size_t g = 0; g < forest->n_groups; g++) {
    memset(c->phi, 0, forest->n_used * work->stride * sizeof *c->phi);
    work->kernel(work->plan, (uint32_t)g, &block);
    wf_shap_scatter(forest, c->phi, work->stride, n, g, work->plan->bases[g], out);
  }
  return wf_shap_check_sums(forest, work->features, begin, n, out, work->plan->tolerances,
                            c->margins, err);
}

static wf_status explain_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                               wf_error *err) {
  (void)index, (void)worker;
  const job *work = context;
  size_t n_doubles = chunk_doubles(work);
  double *memory = n_doubles > SIZE_MAX / 16 ? NULL : wf_alloc_aligned(n_doubles * sizeof *memory);
  if (!memory) return wf_fail_nomem(err);
  chunk c = chunk_within(work, memory);
  wf_status status = explain_chunk(work, &c, begin, end, err);
  wf_free(memory);
  return status;
}

/* A linear model's contributions are its terms. */
static void explain_linear(const wf_forest *forest, const wf_features *features, double *out) {
  for (size_t row = 0; row < features->n_rows; row++) {
    for (size_t g = 0; g < forest->n_groups; g++, out += forest->n_features + 1) {
      wf_shap_linear_terms(forest, features, row, g, out);
    }
  }
}

static size_t stride_of(size_t n_rows) {
  return round_up(n_rows < CHUNK_ROWS ? n_rows : CHUNK_ROWS);
}

/* A linear model is explained here and now: it has no plan. */
static wf_status begin(job *out, const wf_forest *forest, const wf_features *features,
                       double *values, wf_error *err) {
  job work = {.forest = forest,
              .features = features,
              .kernel = wf_shap_kernel_choose(false),
              .stride = stride_of(features->n_rows),
              .out = values};
  WF_TRY(wf_shap_check_columns(forest, features, "data", err));
  if (forest->weights) {
    explain_linear(forest, features, values);
  } else {
    WF_TRY(wf_shap_plan_get(&work.plan, forest, err));
  }
  *out = work;
  return WF_OK;
}

wf_status wf_shap_values(const wf_forest *forest, const wf_features *features,
                         const wf_shap_options *options, double *out, wf_error *err) {
  job work = {0};
  WF_TRY(begin(&work, forest, features, out, err));
  if (!work.plan) return WF_OK;
  return wf_parallel_for(features->n_rows, CHUNK_ROWS, options ? options->n_threads : 0,
                         explain_block, &work, err);
}

wf_status wf_shap_prepare(size_t *scratch_size, const wf_forest *forest, size_t n_rows,
                          wf_error *err) {
  job work = {.forest = forest, .stride = stride_of(n_rows)};
  size_t size = 0;
  if (!forest->weights) {
    WF_TRY(wf_shap_plan_get(&work.plan, forest, err));
    size = chunk_doubles(&work) * sizeof(double);
  }
  *scratch_size = size;
  return WF_OK;
}

wf_status wf_shap_values_within(const wf_forest *forest, const wf_features *features, void *scratch,
                                double *out, wf_error *err) {
  job work = {0};
  WF_TRY(begin(&work, forest, features, out, err));
  if (!work.plan) return WF_OK;
  chunk c = chunk_within(&work, scratch);
  for (size_t row = 0; row < features->n_rows; row += CHUNK_ROWS) {
    size_t end = features->n_rows - row < CHUNK_ROWS ? features->n_rows : row + CHUNK_ROWS;
    WF_TRY(explain_chunk(&work, &c, row, end, err));
  }
  return WF_OK;
}
