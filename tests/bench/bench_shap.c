/* bench_shap.c — SHAP values against libxgboost's pred_contribs.
 *   bench_shap [rounds …]   (default 100 500) */
#include "bench.h"

#include "wf/shap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS = 4096, WIDTH = BENCH_COLUMNS + 1 };

static void explain(void *context) {
  bench_batch *batch = context;
  wf_features view = wf_features_rows(batch->rows, batch->n_rows, BENCH_COLUMNS);
  wf_shap_options options = {.n_threads = 1};
  wf_error err = WF_ERROR_INIT;
  bench_require(wf_shap_values(batch->model->forest, &view, &options, batch->wide, &err) == WF_OK,
                err.message);
}

static double wall_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

typedef struct best {
  double wall, cpu;
} best;

/* Best of several, as the second core may be busy with something else. */
static best with_threads(const bench_batch *batch, size_t n_threads) {
  wf_features view = wf_features_rows(batch->rows, batch->n_rows, BENCH_COLUMNS);
  wf_shap_options options = {.n_threads = n_threads};
  wf_error err = WF_ERROR_INIT;
  best times = {INFINITY, INFINITY};
  for (int i = 0; i < 7; i++) {
    double wall = wall_seconds(), cpu = bench_cpu_seconds();
    bench_require(wf_shap_values(batch->model->forest, &view, &options, batch->wide, &err) == WF_OK,
                  err.message);
    times.wall = fmin(times.wall, wall_seconds() - wall);
    times.cpu = fmin(times.cpu, bench_cpu_seconds() - cpu);
  }
  return times;
}

static void run(int depth, int rounds) {
  bench_model model;
  bench_train(&model, depth, rounds);
  float *rows = bench_rows(ROWS, 7), *peer = malloc(ROWS * WIDTH * sizeof *peer);
  double *ours = malloc(ROWS * WIDTH * sizeof *ours);
  bench_require(peer && ours, "out of memory");
  size_t peer_rows = depth <= 4 ? 200 : depth <= 6 ? 40 : 10;
  bench_batch theirs = {&model, rows, peer_rows, peer, NULL};
  bench_batch many = {&model, rows, ROWS, NULL, ours}, one = {&model, rows, 1, NULL, ours};
  double per_peer = bench_median_of(5, bench_peer_contribs, &theirs) / (double)peer_rows;
  double per_one = bench_median(explain, &one);
  double per_row = bench_median(explain, &many) / ROWS;
  best alone = with_threads(&many, 1), two = with_threads(&many, 2);
  printf("%5d %6d %12.2f %10.3f %8.0fx %10.1f %10.1e %8.2fx %8.2fx\n", depth, rounds,
         per_peer * 1e6, per_row * 1e6, per_peer / per_row, per_one * 1e6,
         bench_difference(peer, ours, peer_rows, WIDTH), alone.wall / two.wall,
         2 * alone.cpu / two.cpu);
  fflush(stdout);
  free(rows), free(peer), free(ours);
  bench_model_free(&model);
}

int main(int argc, char **argv) {
  printf(
      "us/row, CPU time of one thread; difference relative to max(1, row's largest); two threads:\n"
      "measured, and what their CPU time would give on two free cores\n");
  printf("%5s %6s %12s %10s %9s %10s %10s %9s %9s\n", "depth", "trees", "libxgboost", "wf", "ratio",
         "wf 1 row", "difference", "2 threads", "free");
  for (int i = argc > 1 ? 1 : 0; i < (argc > 1 ? argc : 2); i++) {
    int rounds = argc > 1 ? atoi(argv[i]) : i == 0 ? 100 : 500;
    for (int depth = 4; depth <= 10; depth += 2) run(depth, rounds);
  }
  return 0;
}
