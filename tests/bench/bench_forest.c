/* bench_forest.c — margins against XGBoosterPredictFromDense, and their equality.
 *   bench_forest [rounds …]   (default 100) */
#include "bench.h"

#include <stdlib.h>

enum { ROWS = 1000000 };

static void predict(void *context) {
  bench_batch *batch = context;
  wf_features view = wf_features_rows(batch->rows, batch->n_rows, BENCH_COLUMNS);
  wf_predict_options options = {.kind = WF_PREDICT_MARGIN, .n_threads = 1};
  wf_error err = WF_ERROR_INIT;
  bench_require(wf_forest_predict(batch->model->forest, &view, &options, batch->out, &err) == WF_OK,
                err.message);
}

static void compare(const bench_model *model, int depth, int rounds, const float *rows,
                    size_t n_rows) {
  float *peer = malloc(n_rows * sizeof *peer), *ours = malloc(n_rows * sizeof *ours);
  bench_require(peer && ours, "out of memory");
  bench_batch theirs = {model, rows, n_rows, peer, NULL}, mine = {model, rows, n_rows, ours, NULL};
  double peer_seconds = bench_median(bench_peer_predict, &theirs);
  double our_seconds = bench_median(predict, &mine);
  bench_line(depth, rounds, n_rows, peer_seconds, our_seconds, peer, ours, n_rows);
  free(peer), free(ours);
}

static void compare_counts(const bench_model *model, int depth, int rounds, const float *rows) {
  static const size_t counts[] = {1, 64, ROWS};
  for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
    compare(model, depth, rounds, rows, counts[k]);
}

int main(int argc, char **argv) {
  float *rows = bench_rows(ROWS, 7);
  bench_head("libxgboost");
  bench_each_model(argc, argv, rows, compare_counts);
  free(rows);
  return 0;
}
