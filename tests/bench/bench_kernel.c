/* bench_kernel.c — Kernel SHAP of a forest against the same made literally: the row of every
 * coalition and background row put together, then predicted in one batch by libxgboost, or by wf's
 * own predictor. 2048 coalitions, 100 background rows, one thread; for the peers neither drawing
 * nor solving is counted. */
#include "bench.h"

#include "wf/explain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xgboost/c_api.h>

enum { BACKGROUND = 100, SAMPLES = 2048, ROWS = 5 };

typedef struct job {
  const bench_model *model;
  const float *rows, *background;
  size_t n_features;
  float *made, *out;
  double *values;
} job;

/* All coalitions of one row: SAMPLES x BACKGROUND rows. */
static void make_rows(job *work) {
  unsigned long state = 1;
  float *made = work->made;
  for (size_t s = 0; s < SAMPLES; s++) {
    unsigned long bits = state = state * 6364136223846793005UL + 1442695040888963407UL;
    for (size_t z = 0; z < BACKGROUND; z++, made += work->n_features) {
      memcpy(made, work->background + z * work->n_features, work->n_features * sizeof *made);
      for (size_t f = 0; f < work->n_features; f++) {
        if (bits >> (f % 60) & 1) made[f] = work->rows[f];
      }
    }
  }
}

static void peer_xgboost(void *context) {
  job *work = context;
  make_rows(work);
  bench_batch batch = {work->model, work->made, SAMPLES * BACKGROUND, work->out, NULL};
  bench_peer_predict(&batch);
}

static void peer_forest(void *context) {
  job *work = context;
  make_rows(work);
  wf_features view = wf_features_rows(work->made, SAMPLES * BACKGROUND, work->n_features);
  wf_predict_options options = {.kind = WF_PREDICT_VALUE, .n_threads = 1};
  wf_error err = WF_ERROR_INIT;
  bench_require(wf_forest_predict(work->model->forest, &view, &options, work->out, &err) == WF_OK,
                err.message);
}

static void ours(void *context) {
  job *work = context;
  wf_features rows = wf_features_rows(work->rows, ROWS, work->n_features);
  wf_features background = wf_features_rows(work->background, BACKGROUND, work->n_features);
  wf_kernel_options options = {.n_samples = SAMPLES, .n_threads = 1};
  wf_error err = WF_ERROR_INIT;
  bench_require(wf_kernel_forest(work->model->forest, WF_PREDICT_VALUE, &rows, &background, NULL,
                                 work->n_features, &options, work->values, NULL, &err) == WF_OK,
                err.message);
}

static void run(int depth, int rounds) {
  bench_model model;
  bench_train(&model, depth, rounds);
  size_t n = (size_t)SAMPLES * BACKGROUND;
  job work = {.model = &model,
              .rows = bench_rows(ROWS, 7),
              .background = bench_rows(BACKGROUND, 8),
              .n_features = BENCH_COLUMNS,
              .made = malloc(n * BENCH_COLUMNS * sizeof(float)),
              .out = malloc(n * sizeof(float)),
              .values = malloc(ROWS * (BENCH_COLUMNS + 1) * sizeof(double))};
  bench_require(work.made && work.out && work.values, "out of memory");
  double xgboost = bench_median_of(5, peer_xgboost, &work);
  double forest = bench_median_of(5, peer_forest, &work);
  double kernel = bench_median_of(5, ours, &work) / ROWS;
  printf("%5d %6d %14.2f %14.2f %10.2f %9.0fx %9.0fx\n", depth, rounds, xgboost * 1e3, forest * 1e3,
         kernel * 1e3, xgboost / kernel, forest / kernel);
  fflush(stdout);
  free((void *)(uintptr_t)work.rows), free((void *)(uintptr_t)work.background);
  free(work.made), free(work.out), free(work.values);
  bench_model_free(&model);
}

int main(void) {
  printf("ms a row, CPU time of one thread: %d coalitions x %d background rows\n", SAMPLES,
         BACKGROUND);
  printf("%5s %6s %14s %14s %10s %10s %10s\n", "depth", "trees", "rows, xgboost", "rows, forest",
         "wf", "ratio", "ratio");
  run(5, 5);
  run(4, 100);
  run(6, 100);
  return 0;
}
