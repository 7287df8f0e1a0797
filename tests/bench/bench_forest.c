/* bench_forest.c — margins against XGBoosterPredictFromDense, and their equality.
 *   bench_forest [rounds …]   (default 100) */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 1000000 };

static void predict(void *context) {
  bench_batch *batch = context;
  wf_features view = wf_features_rows(batch->rows, batch->n_rows, BENCH_COLUMNS);
  wf_predict_options options = {.kind = WF_PREDICT_MARGIN, .n_threads = 1};
  wf_error err = WF_ERROR_INIT;
  bench_require(wf_forest_predict(batch->model->forest, &view, &options, batch->out, &err) == WF_OK,
                err.message);
}

static void compare(const bench_model *model, const float *rows, size_t n_rows, const char *name,
                    int depth, int rounds) {
  float *peer = malloc(n_rows * sizeof *peer), *ours = malloc(n_rows * sizeof *ours);
  bench_require(peer && ours, "out of memory");
  bench_batch theirs = {model, rows, n_rows, peer, NULL}, mine = {model, rows, n_rows, ours, NULL};
  double per_peer = bench_median(bench_peer_predict, &theirs) / (double)n_rows;
  double per_row = bench_median(predict, &mine) / (double)n_rows;
  size_t different = 0;
  for (size_t i = 0; i < n_rows; i++) different += memcmp(&peer[i], &ours[i], sizeof *peer) != 0;
  printf("%5d %6d %9s %12.0f %10.0f %8.1fx %10zu\n", depth, rounds, name, per_peer * 1e9,
         per_row * 1e9, per_peer / per_row, different);
  fflush(stdout);
  free(peer), free(ours);
}

int main(int argc, char **argv) {
  float *rows = bench_rows(ROWS, 7);
  printf("ns/row, CPU time of one thread\n%5s %6s %9s %12s %10s %9s %10s\n", "depth", "trees",
         "rows", "libxgboost", "wf", "ratio", "different");
  for (int i = argc > 1 ? 1 : 0; i < (argc > 1 ? argc : 1); i++) {
    int rounds = argc > 1 ? atoi(argv[i]) : 100;
    for (int depth = 4; depth <= 8; depth += 2) {
      bench_model model;
      bench_train(&model, depth, rounds);
      compare(&model, rows, 1, "1", depth, rounds);
      compare(&model, rows, 64, "64", depth, rounds);
      compare(&model, rows, ROWS, "1000000", depth, rounds);
      bench_model_free(&model);
    }
  }
  free(rows);
  return 0;
}
