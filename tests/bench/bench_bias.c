/* bench_bias.c — how long bias metrics take: median and spread of repeated runs in this process.
 *
 *   ninja tests/bench/bench_bias && tests/bench/bench_bias [rows]
 */
#include "wf/bias.h"
#include "wf/metrics.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_FACETS = 10, N_GROUPS = 10, N_VALUES = 10, REPEATS = 15 };

typedef struct table {
  size_t n;
  uint8_t *labels, *predictions, *facets[N_FACETS];
  int32_t *groups, *values;
  double *age, *y, *score, *weights;
} table;

static void *need(void *block) {
  if (block) return block;
  fprintf(stderr, "out of memory\n");
  exit(1);
}

static void require(wf_status status, const wf_error *err) {
  if (status == WF_OK) return;
  fprintf(stderr, "%s\n", err->message);
  exit(1);
}

static table make_table(size_t n) {
  table t = {.n = n};
  wf_random random;
  wf_random_seed(&random, 1, 0);
  t.labels = need(wf_alloc(n));
  t.predictions = need(wf_alloc(n));
  for (int f = 0; f < N_FACETS; f++) t.facets[f] = need(wf_alloc(n));
  t.groups = need(wf_alloc_array(n, sizeof *t.groups));
  t.values = need(wf_alloc_array(n, sizeof *t.values));
  t.age = need(wf_alloc_array(n, sizeof *t.age));
  t.y = need(wf_alloc_array(n, sizeof *t.y));
  t.score = need(wf_alloc_array(n, sizeof *t.score));
  t.weights = need(wf_alloc_array(n, sizeof *t.weights));
  for (size_t i = 0; i < n; i++) {
    t.labels[i] = wf_random_unit(&random) < 0.3;
    t.predictions[i] = wf_random_unit(&random) < 0.8 ? t.labels[i] : !t.labels[i];
    for (int f = 0; f < N_FACETS; f++) t.facets[f][i] = wf_random_unit(&random) < 0.4;
    t.groups[i] = (int32_t)wf_random_below(&random, N_GROUPS);
    t.values[i] = (int32_t)wf_random_below(&random, N_VALUES);
    t.age[i] = 18 + 60 * wf_random_unit(&random);
    t.y[i] = t.labels[i];
    t.score[i] = (double)(float)(0.3 * t.y[i] + 0.7 * wf_random_unit(&random));
    t.weights[i] = wf_random_unit(&random);
  }
  return t;
}

static double compute_all(const wf_bias_cells *cells, const wf_bias_cells *by_group) {
  double sum = 0;
  for (int m = 0; m < WF_BIAS_METRICS; m++) {
    double value = 0;
    wf_error err = WF_ERROR_INIT;
    require(wf_bias_compute(&value, (wf_bias_metric)m, cells, by_group, N_GROUPS, &err), &err);
    sum += value;
  }
  return sum;
}

static wf_bias_cells cells[N_FACETS], by_group[N_FACETS * N_GROUPS];

static double one_facet(const table *t) {
  wf_error err = WF_ERROR_INIT;
  require(wf_bias_count(cells, by_group, t->labels, t->predictions, t->facets[0], t->groups,
                        N_GROUPS, t->n, &err),
          &err);
  return compute_all(cells, by_group);
}

static double without_groups(const table *t) {
  wf_error err = WF_ERROR_INIT;
  require(wf_bias_count(cells, NULL, t->labels, t->predictions, t->facets[0], NULL, 0, t->n, &err),
          &err);
  return cells[0].n[1][1][1];
}

static double continuous_facet(const table *t) {
  uint8_t *d = need(wf_alloc(t->n));
  wf_error err = WF_ERROR_INIT;
  for (size_t i = 0; i < t->n; i++) d[i] = t->age[i] > 40;
  require(
      wf_bias_count(cells, by_group, t->labels, t->predictions, d, t->groups, N_GROUPS, t->n, &err),
      &err);
  wf_free(d);
  return compute_all(cells, by_group);
}

static double ten_facets(const table *t) {
  double sum = 0;
  wf_error err = WF_ERROR_INIT;
  require(wf_bias_count_facets(cells, by_group, t->labels, t->predictions,
                               (const uint8_t *const *)t->facets, N_FACETS, t->groups, N_GROUPS,
                               t->n, &err),
          &err);
  for (int f = 0; f < N_FACETS; f++) sum += compute_all(&cells[f], &by_group[f * N_GROUPS]);
  return sum;
}

static double ten_values(const table *t) {
  double sum = 0;
  wf_error err = WF_ERROR_INIT;
  require(wf_bias_count_values(cells, by_group, t->labels, t->predictions, t->values, N_VALUES,
                               t->groups, N_GROUPS, t->n, &err),
          &err);
  for (int v = 0; v < N_VALUES; v++) sum += compute_all(&cells[v], &by_group[v * N_GROUPS]);
  return sum;
}

static double weighted_facet(const table *t) {
  wf_error err = WF_ERROR_INIT;
  require(wf_bias_count_weighted(cells, by_group, t->labels, t->predictions, t->facets[0],
                                 t->groups, N_GROUPS, t->weights, t->n, &err),
          &err);
  return compute_all(cells, by_group);
}

/* After counting, which the run before this one did. */
static double intervals(const table *t) {
  wf_bias_interval out[WF_BIAS_METRICS];
  wf_bias_resampling options = {.n_threads = 1};
  wf_error err = WF_ERROR_INIT;
  (void)t;
  require(wf_bias_intervals(out, cells, by_group, N_GROUPS, &options, &err), &err);
  return out[WF_BIAS_DPPL].high - out[WF_BIAS_DPPL].low;
}

/* Eight rates of every group, and what each spans. */
static double group_table(const table *t) {
  wf_bias_confusion groups[N_GROUPS];
  double sum = 0;
  wf_error err = WF_ERROR_INIT;
  require(wf_bias_count_groups(groups, t->labels, t->predictions, t->groups, N_GROUPS, NULL, t->n,
                               &err),
          &err);
  for (int r = WF_BIAS_RATE_SELECTION; r <= WF_BIAS_RATE_FALSE_NEGATIVE; r++) {
    wf_bias_spread spread = {0};
    require(wf_bias_spread_of(&spread, (wf_bias_rate)r, groups, N_GROUPS, 0, &err), &err);
    sum += spread.difference;
  }
  return sum;
}

/* 16,000 rows of 44 features of very different ranges, a third of them in d. */
static double flip(const table *t) {
  enum { N = 16000, N_FEATURES = 44 };
  static double values[N_FEATURES][N];
  static const double *columns[N_FEATURES];
  if (!columns[0]) {
    wf_random random;
    wf_random_seed(&random, 2, 0);
    for (int f = 0; f < N_FEATURES; f++) {
      columns[f] = values[f];
      double scale = f < 3 ? 1000 : 1;
      for (int i = 0; i < N; i++) values[f][i] = floor(scale * 5 * wf_random_unit(&random));
    }
  }
  if (t->n < N) return 0;
  wf_bias_flip_data data = {columns, NULL, N_FEATURES, N, t->predictions, t->facets[0]};
  wf_bias_flip out = {0};
  wf_error err = WF_ERROR_INIT;
  require(wf_bias_flip_test(&out, &data, 0, 1, &err), &err);
  return out.value;
}

static double roc_auc(const table *t) {
  double area = 0;
  wf_error err = WF_ERROR_INIT;
  require(wf_metrics_roc_auc(&area, t->y, t->score, NULL, t->n, &err), &err);
  return area;
}

static double roc_auc_weighted(const table *t) {
  double area = 0;
  wf_error err = WF_ERROR_INIT;
  require(wf_metrics_roc_auc(&area, t->y, t->score, t->weights, t->n, &err), &err);
  return area;
}

static double all_binary(const table *t) {
  wf_binary_metrics m = {0};
  wf_error err = WF_ERROR_INIT;
  require(wf_metrics_binary(&m, t->y, t->score, NULL, t->n, 0.5, &err), &err);
  return m.roc_auc;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void run(const char *what, double (*work)(const table *), const table *t) {
  double ms[REPEATS], result = 0;
  for (int i = 0; i < REPEATS; i++) {
    int64_t start = wf_clock_monotonic_ns();
    result = work(t);
    ms[i] = (double)(wf_clock_monotonic_ns() - start) / 1e6;
  }
  qsort(ms, REPEATS, sizeof *ms, ascending);
  printf("%-44s %9.3f ms  (%.3f … %.3f)   [%.6g]\n", what, ms[REPEATS / 2], ms[0], ms[REPEATS - 1],
         result);
}

int main(int argc, char **argv) {
  table t = make_table(argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 1000000);
  printf("%zu rows\n", t.n);
  run("one facet, no groups, table only", without_groups, &t);
  run("one facet, 10 groups, all 20 metrics", one_facet, &t);
  run("1000 resamples, all metrics, one thread", intervals, &t);
  run("age > 40, 10 groups, all 20 metrics", continuous_facet, &t);
  run("10 facets, 10 groups, all metrics of each", ten_facets, &t);
  run("10 values, 10 groups, all metrics of each", ten_values, &t);
  run("weighted, 10 groups, all metrics", weighted_facet, &t);
  run("10 groups, 8 rates and their spreads", group_table, &t);
  run("flip test, 16,000 x 44, one thread", flip, &t);
  run("ROC-AUC", roc_auc, &t);
  run("ROC-AUC, weighted", roc_auc_weighted, &t);
  run("all binary metrics", all_binary, &t);
  return 0;
}
