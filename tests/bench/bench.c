#include "bench.h"

#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xgboost/c_api.h>

void bench_require(int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static void peer(int status) { bench_require(status == 0, XGBGetLastError()); }

double bench_cpu_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double timed(bench_fn *fn, void *context, size_t calls) {
  double start = bench_cpu_seconds();
  for (size_t i = 0; i < calls; i++) fn(context);
  return (bench_cpu_seconds() - start) / (double)calls;
}

static double median(bench_fn *fn, void *context, size_t calls, int runs) {
  double times[64];
  for (int i = 0; i < runs; i++) times[i] = timed(fn, context, calls);
  qsort(times, (size_t)runs, sizeof *times, compare);
  return times[runs / 2];
}

double bench_median(bench_fn *fn, void *context) {
  double once = timed(fn, context, 1);
  size_t calls = once < 0.02 ? (size_t)(0.02 / (once + 1e-7)) + 1 : 1;
  timed(fn, context, calls / 4 + 1);
  return median(fn, context, calls, 7);
}

double bench_median_of(int runs, bench_fn *fn, void *context) {
  return median(fn, context, 1, runs);
}

float *bench_rows(size_t n, unsigned long seed) {
  wf_random random;
  wf_random_seed(&random, seed, 0);
  float *rows = malloc(n * BENCH_COLUMNS * sizeof *rows);
  bench_require(rows != NULL, "out of memory");
  for (size_t i = 0; i < n * BENCH_COLUMNS; i++) rows[i] = (float)wf_random_normal(&random);
  return rows;
}

static float *labels_of(const float *rows, size_t n) {
  wf_random random;
  wf_random_seed(&random, 5, 1);
  float *labels = malloc(n * sizeof *labels);
  bench_require(labels != NULL, "out of memory");
  for (size_t i = 0; i < n; i++) {
    const float *x = rows + i * BENCH_COLUMNS;
    double z = (double)(x[0] * x[1]) + sin(2 * (double)x[2]) + (x[4] > 0 ? (double)x[3] : 0) +
               0.5 * (double)(x[15] * x[16]);
    for (size_t f = 5; f < 15; f++) z += 0.15 * (double)x[f];
    labels[i] = wf_random_unit(&random) < 1 / (1 + exp(-z));
  }
  return labels;
}

void bench_train(bench_model *out, int depth, int rounds) {
  float *rows = bench_rows(BENCH_TRAIN_ROWS, 1), *labels = labels_of(rows, BENCH_TRAIN_ROWS);
  DMatrixHandle train;
  BoosterHandle booster;
  peer(XGDMatrixCreateFromMat(rows, BENCH_TRAIN_ROWS, BENCH_COLUMNS, NAN, &train));
  peer(XGDMatrixSetFloatInfo(train, "label", labels, BENCH_TRAIN_ROWS));
  peer(XGBoosterCreate(&train, 1, &booster));
  char text[16];
  snprintf(text, sizeof text, "%d", depth);
  const char *const params[][2] = {{"objective", "binary:logistic"},
                                   {"tree_method", "hist"},
                                   {"eta", "0.05"},
                                   {"max_depth", text},
                                   {"seed", "1"}};
  for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
    peer(XGBoosterSetParam(booster, params[i][0], params[i][1]));
  }
  for (int i = 0; i < rounds; i++) peer(XGBoosterUpdateOneIter(booster, i, train));
  bst_ulong size;
  const char *bytes;
  peer(XGBoosterSaveModelToBuffer(booster, "{\"format\":\"ubj\"}", &size, &bytes));
  out->size = size;
  out->bytes = malloc(size);
  bench_require(out->bytes != NULL, "out of memory");
  memcpy(out->bytes, bytes, size);
  XGBoosterFree(booster);
  XGDMatrixFree(train);
  free(rows);
  free(labels);
  peer(XGBoosterCreate(NULL, 0, &booster));
  peer(XGBoosterLoadModelFromBuffer(booster, out->bytes, out->size));
  peer(XGBoosterSetParam(booster, "nthread", "1"));
  out->booster = booster;
  wf_error err = WF_ERROR_INIT;
  bench_require(wf_forest_parse(&out->forest, out->bytes, out->size, &err) == WF_OK, err.message);
}

void bench_model_free(bench_model *model) {
  XGBoosterFree(model->booster);
  free(model->bytes);
  wf_forest_release(model->forest);
}

void bench_peer_predict(void *context) {
  bench_batch *batch = context;
  char array[160];
  snprintf(array, sizeof array,
           "{\"data\":[%zu,true],\"shape\":[%zu,%d],\"typestr\":\"<f4\",\"version\":3}",
           (size_t)batch->rows, batch->n_rows, BENCH_COLUMNS);
  const char *config = "{\"type\":1,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"
                       "\"strict_shape\":false,\"cache_id\":0,\"missing\":NaN}";
  bst_ulong const *shape;
  bst_ulong dimensions;
  float const *result;
  peer(XGBoosterPredictFromDense(batch->model->booster, array, config, NULL, &shape, &dimensions,
                                 &result));
  memcpy(batch->out, result, batch->n_rows * sizeof *result);
}

static void peer_explain(const bench_batch *batch, int type) {
  char config[160];
  snprintf(config, sizeof config,
           "{\"type\":%d,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"
           "\"strict_shape\":false}",
           type);
  DMatrixHandle rows;
  bst_ulong const *shape;
  bst_ulong dimensions;
  float const *result;
  peer(XGDMatrixCreateFromMat(batch->rows, batch->n_rows, BENCH_COLUMNS, NAN, &rows));
  peer(XGBoosterPredictFromDMatrix(batch->model->booster, rows, config, &shape, &dimensions,
                                   &result));
  size_t n = batch->n_rows;
  for (bst_ulong i = 1; i < dimensions; i++) n *= shape[i];
  if (batch->out) memcpy(batch->out, result, n * sizeof *result);
  XGDMatrixFree(rows);
}

void bench_peer_contribs(void *batch) { peer_explain(batch, 2); }
void bench_peer_interactions(void *batch) { peer_explain(batch, 4); }

double bench_difference(const float *peer, const double *ours, size_t n_rows, size_t width) {
  double largest = 0;
  for (size_t row = 0; row < n_rows; row++, peer += width, ours += width) {
    double scale = 1;
    for (size_t i = 0; i < width; i++) scale = fmax(scale, fabs((double)peer[i]));
    for (size_t i = 0; i < width; i++) {
      largest = fmax(largest, fabs((double)peer[i] - ours[i]) / scale);
    }
  }
  return largest;
}

void bench_each_model(int argc, char **argv, const float *rows, bench_model_fn *fn) {
  for (int i = argc > 1 ? 1 : 0; i < (argc > 1 ? argc : 1); i++) {
    int rounds = argc > 1 ? atoi(argv[i]) : 100;
    for (int depth = 4; depth <= 8; depth += 2) {
      bench_model model;
      bench_train(&model, depth, rounds);
      fn(&model, depth, rounds, rows);
      bench_model_free(&model);
    }
  }
}

void bench_head(const char *peer) {
  printf("ns/row, CPU time of one thread\n%5s %6s %9s %12s %10s %9s %10s\n", "depth", "trees",
         "rows", peer, "wf", "ratio", "different");
}

void bench_line(int depth, int rounds, size_t n_rows, double peer_seconds, double our_seconds,
                const float *peer, const float *ours, size_t n) {
  size_t different = 0;
  for (size_t i = 0; i < n; i++) different += memcmp(&peer[i], &ours[i], sizeof *peer) != 0;
  printf("%5d %6d %9zu %12.0f %10.0f %8.2fx %10zu\n", depth, rounds, n_rows,
         peer_seconds / (double)n * 1e9, our_seconds / (double)n * 1e9, peer_seconds / our_seconds,
         different);
  fflush(stdout);
}
