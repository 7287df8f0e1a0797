/* interactions.c — SHAP interaction values: the pairs kernel over chunks of rows, and the layout of
 * the result. A chunk's sums of all pairs should stay in the second-level cache: it is they that
 * every split adds to. */
#include "wf/shap.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "shap/kernel.h"
#include "shap/rows.h"

#include <string.h>

enum {
  CHUNK_BYTES = 256 * 1024, /* of sums */
  WIDE_ROWS = 32,           /* what the widest kernels take at a time */
  MAX_CHUNK_ROWS = 128
};

typedef struct job {
  const wf_forest *forest;
  const wf_shap_plan *plan;
  const wf_features *features;
  wf_shap_kernel *kernel;
  size_t stride, n_pairs, width; /* rows a slot; pairs of used features; features + 1 */
  double *out;
} job;

typedef struct chunk { /* scratch of one block of rows */
  double *x, *phi, *pairs, *scratch, *values;
  float *margins;
  void *memory;
} chunk;

static size_t chunk_rows(size_t n_pairs, size_t n_rows) {
  size_t rows = CHUNK_BYTES / sizeof(double) / (n_pairs + 1) / WIDE_ROWS * WIDE_ROWS;
  if (rows < WIDE_ROWS) rows = WIDE_ROWS;
  if (rows > MAX_CHUNK_ROWS) rows = MAX_CHUNK_ROWS;
  if (rows <= n_rows || n_rows == 0) return rows;
  return (n_rows + WF_SHAP_ROW_QUANTUM - 1) / WF_SHAP_ROW_QUANTUM * WF_SHAP_ROW_QUANTUM;
}

static wf_status chunk_new(chunk *out, const job *work, wf_error *err) {
  const wf_forest *forest = work->forest;
  size_t scratch = wf_shap_scratch_doubles(work->plan), n_groups = forest->n_groups;
  size_t per_row = 2 * forest->n_used + work->n_pairs + n_groups * (work->width + 1);
  size_t n_doubles;
  if (__builtin_mul_overflow(per_row, work->stride, &n_doubles) ||
      n_doubles > SIZE_MAX / 16 - scratch)
    return wf_fail_nomem(err);
  double *memory = wf_alloc_aligned((n_doubles + scratch) * sizeof *memory);
  if (!memory) return wf_fail_nomem(err);
  size_t cells = forest->n_used * work->stride;
  *out = (chunk){.x = memory, .phi = memory + cells, .pairs = memory + 2 * cells, .memory = memory};
  out->scratch = out->pairs + work->n_pairs * work->stride;
  out->values = out->scratch + scratch;
  out->margins = (float *)(out->values + n_groups * work->width * work->stride);
  return WF_OK;
}

/* One row's matrix of one group. A pair's sum is of both orders; what a feature's interactions
 * leave of its contribution is its main effect. */
static void put_matrix(const job *work, const double *pairs, const double *values, double *out) {
  const uint32_t *used = work->forest->used;
  size_t width = work->width;
  memset(out, 0, width * width * sizeof *out);
  for (size_t f = 0; f < width; f++) out[f * width + f] = values[f];
  for (size_t b = 1; b < work->forest->n_used; b++) {
    for (size_t a = 0; a < b; a++, pairs += work->stride) {
      double half = *pairs / 2;
      out[used[a] * width + used[b]] = out[used[b] * width + used[a]] = half;
      out[used[a] * width + used[a]] -= half;
      out[used[b] * width + used[b]] -= half;
    }
  }
}

static wf_status explain_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                               wf_error *err) {
  (void)index, (void)worker;
  const job *work = context;
  const wf_forest *forest = work->forest;
  chunk c = {0};
  WF_TRY(chunk_new(&c, work, err));
  size_t n = end - begin, n_groups = forest->n_groups, width = work->width;
  size_t padded = (n + WF_SHAP_ROW_QUANTUM - 1) / WF_SHAP_ROW_QUANTUM * WF_SHAP_ROW_QUANTUM;
  wf_shap_gather(forest, work->features, begin, n, padded, work->stride, c.x);
  wf_shap_block block = {padded, work->stride, c.x, c.phi, c.scratch, c.pairs};
  for (size_t g = 0; g < n_groups; g++) {
    memset(c.phi, 0, (forest->n_used + work->n_pairs) * work->stride * sizeof *c.phi);
    work->kernel(work->plan, (uint32_t)g, &block);
    wf_shap_scatter(forest, c.phi, work->stride, n, g, work->plan->bases[g], c.values);
    for (size_t i = 0; i < n; i++) {
      size_t cell = i * n_groups + g;
      put_matrix(work, c.pairs + i, c.values + cell * width,
                 work->out + (begin * n_groups + cell) * width * width);
    }
  }
  wf_status status = wf_shap_check_sums(forest, work->features, begin, n, c.values,
                                        work->plan->tolerances, c.margins, err);
  wf_free(c.memory);
  return status;
}

/* The terms of a linear model do not interact. */
static wf_status explain_linear(const wf_forest *forest, const wf_features *features, double *out,
                                wf_error *err) {
  size_t n_matrices = features->n_rows * forest->n_groups, width = forest->n_features + 1;
  double *values = wf_alloc_array(n_matrices, width * sizeof *values);
  if (!values) return wf_fail_nomem(err);
  wf_status status = wf_shap_values(forest, features, NULL, values, err);
  for (size_t i = 0; status == WF_OK && i < n_matrices; i++) {
    double *matrix = out + i * width * width;
    memset(matrix, 0, width * width * sizeof *matrix);
    for (size_t f = 0; f < width; f++) matrix[f * width + f] = values[i * width + f];
  }
  wf_free(values);
  return status;
}

wf_status wf_shap_interactions(const wf_forest *forest, const wf_features *features,
                               const wf_shap_options *options, double *out, wf_error *err) {
  WF_TRY(wf_shap_check_columns(forest, features, "data", err));
  if (forest->weights) return explain_linear(forest, features, out, err);
  job work = {.forest = forest,
              .features = features,
              .kernel = wf_shap_kernel_choose(true),
              .n_pairs = forest->n_used ? forest->n_used * (forest->n_used - 1) / 2 : 0,
              .width = forest->n_features + 1,
              .out = out};
  WF_TRY(wf_shap_plan_get(&work.plan, forest, err));
  work.stride = chunk_rows(work.n_pairs, features->n_rows);
  return wf_parallel_for(features->n_rows, work.stride, options ? options->n_threads : 0,
                         explain_block, &work, err);
}
