/* tests/bench/bench.h — what the benchmarks share: timing, data, and libxgboost as the peer.
 *
 * Times are process CPU time, the median of at least five runs after one that does not count. Both
 * sides run in the same process on the same data with one thread. The model is trained here, by
 * libxgboost: 100,000 x 30, binary:logistic, hist, eta 0.05. */
#ifndef WF_TESTS_BENCH_H
#define WF_TESTS_BENCH_H

#include "wf/forest.h"

#include <stddef.h>

enum { BENCH_COLUMNS = 30, BENCH_TRAIN_ROWS = 100000 };

typedef void bench_fn(void *context);
double bench_cpu_seconds(void);
/* Median CPU seconds of one call; calls repeat inside a run until it takes 20 ms. */
double bench_median(bench_fn *fn, void *context);
/* The same for calls known to be long: at least `runs` runs of one call each. */
double bench_median_of(int runs, bench_fn *fn, void *context);

/* n rows of BENCH_COLUMNS normal deviates, row after row; the same for the same seed. */
float *bench_rows(size_t n, unsigned long seed);

typedef struct bench_model {
  void *booster; /* libxgboost's */
  char *bytes;   /* UBJSON */
  size_t size;
  wf_forest *forest; /* ours, of these bytes */
} bench_model;

void bench_train(bench_model *out, int depth, int rounds);
void bench_model_free(bench_model *model);

typedef struct bench_batch {
  const bench_model *model;
  const float *rows;
  size_t n_rows;
  float *out;
  double *wide; /* SHAP values */
} bench_batch;

/* bench_fn's on a bench_batch. */
void bench_peer_predict(void *batch); /* XGBoosterPredictFromDense, margins */
void bench_peer_contribs(void *batch);
void bench_peer_interactions(void *batch);

/* Calls fn with a model of each number of rounds in the arguments (default 100), of depth 4, 6
 * and 8. */
typedef void bench_model_fn(const bench_model *model, int depth, int rounds, const float *rows);
void bench_each_model(int argc, char **argv, const float *rows, bench_model_fn *fn);

/* A table of nanoseconds a row: its head, and a line that counts the predictions that differ. */
void bench_head(const char *peer);
void bench_line(int depth, int rounds, size_t n_rows, double peer_seconds, double our_seconds,
                const float *peer, const float *ours, size_t n);

/* The largest difference, relative to max(1, the row's largest value of the peer's). */
double bench_difference(const float *peer, const double *ours, size_t n_rows, size_t width);

/* Ends the program with a message unless `ok`. */
void bench_require(int ok, const char *what);

#endif
