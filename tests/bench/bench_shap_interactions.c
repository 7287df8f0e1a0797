/* bench_shap_interactions.c — interaction values against libxgboost's pred_interactions, 100 trees.
 *   bench_shap_interactions [depth …]   (default 4 6 8) */
#include "bench.h"

#include "wf/shap.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 1024, WIDTH = BENCH_COLUMNS + 1, CELLS = WIDTH * WIDTH };

static void interact(void *context) {
  bench_batch *batch = context;
  wf_features view = wf_features_rows(batch->rows, batch->n_rows, BENCH_COLUMNS);
  wf_shap_options options = {.n_threads = 1};
  wf_error err = WF_ERROR_INIT;
  bench_require(wf_shap_interactions(batch->model->forest, &view, &options, batch->wide, &err) ==
                    WF_OK,
                err.message);
}

static void run(int depth) {
  bench_model model;
  bench_train(&model, depth, 100);
  float *rows = bench_rows(ROWS, 7), *peer = malloc(ROWS * CELLS * sizeof *peer);
  double *ours = malloc(ROWS * CELLS * sizeof *ours);
  bench_require(peer && ours, "out of memory");
  size_t peer_rows = depth <= 4 ? 16 : depth <= 6 ? 4 : 1;
  bench_batch theirs = {&model, rows, peer_rows, peer, NULL};
  bench_batch many = {&model, rows, ROWS, NULL, ours}, one = {&model, rows, 1, NULL, ours};
  double per_peer = bench_median_of(5, bench_peer_interactions, &theirs) / (double)peer_rows;
  double per_one = bench_median(interact, &one);
  double per_row = bench_median(interact, &many) / ROWS;
  printf("%5d %12.0f %10.2f %8.0fx %10.1f %10.1e\n", depth, per_peer * 1e6, per_row * 1e6,
         per_peer / per_row, per_one * 1e6, bench_difference(peer, ours, peer_rows, CELLS));
  fflush(stdout);
  free(rows), free(peer), free(ours);
  bench_model_free(&model);
}

int main(int argc, char **argv) {
  static const int usual[] = {4, 6, 8};
  printf("us/row, CPU time of one thread; difference relative to max(1, row's largest)\n");
  printf("%5s %12s %10s %9s %10s %10s\n", "depth", "libxgboost", "wf", "ratio", "wf 1 row",
         "difference");
  for (int i = 0; i < (argc > 1 ? argc - 1 : 3); i++) run(argc > 1 ? atoi(argv[i + 1]) : usual[i]);
  return 0;
}
