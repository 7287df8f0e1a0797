/* interval.c — how far a metric could be off because the rows are a sample.
 *
 * A bootstrap of rows needs nothing of a row but its cell, so a resample of n rows is one
 * multinomial draw over the cells: tens of draws instead of n, whatever n is. Resamples are made in
 * blocks that each have their own random stream, so the intervals depend on the seed alone and not
 * on the number of threads.
 *
 * Weighted rows are drawn to cells in the same way. A bootstrap would then draw k weights of the
 * cell with replacement; their sum has the mean k m and the variance k s^2, m and s^2 being mean
 * and variance of the cell's weights, and is drawn as normal: exact in the first two moments for
 * every k, and in everything for equal weights. */
#include "wf/bias.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "bias/binomial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 32, USUAL_RESAMPLES = 1000, MOST_RESAMPLES = 10000000 };

/* The weights of one cell's rows. */
typedef struct spread {
  double mean, deviation;
} spread;

typedef struct draw_job {
  const wf_bias_cells *slots; /* the rows without a group, then every group */
  const spread *weights;      /* 8 for each slot, or NULL */
  size_t n_slots, n_resamples;
  double n_rows;
  bool grouped;
  uint64_t seed;
  wf_bias_cells *scratch; /* n_slots for each thread */
  double *values;         /* [metric][resample], NaN where undefined */
} draw_job;

static void add_cells(wf_bias_cells *to, const wf_bias_cells *cells) {
  for (int c = 0; c < 8; c++) {
    to->n[c >> 2][c >> 1 & 1][c & 1] += cells->n[c >> 2][c >> 1 & 1][c & 1];
  }
}

/* Numbers of drawn rows become sums of weights. */
static void weigh(wf_random *random, double *cells, const spread *weights, size_t n) {
  for (size_t c = 0; c < n; c++) {
    double k = cells[c], sum = k * weights[c].mean;
    if (weights[c].deviation > 0 && k > 0) {
      sum += sqrt(k) * weights[c].deviation * wf_random_normal(random);
      if (sum < 0) sum = 0;
    }
    cells[c] = sum;
  }
}

static wf_status draw_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                            wf_error *err) {
  draw_job *job = context;
  wf_bias_cells *slots = job->scratch + worker * job->n_slots;
  const wf_bias_cells *by_group = job->grouped ? slots + 1 : NULL;
  wf_random random;
  (void)err;
  wf_random_seed(&random, job->seed, index);
  for (size_t i = begin; i < end; i++) {
    wf_bias_cells all = {0};
    wf_multinomial(&random, (uint64_t)job->n_rows, &job->slots->n[0][0][0], job->n_rows,
                   job->n_slots * 8, &slots->n[0][0][0]);
    if (job->weights) weigh(&random, &slots->n[0][0][0], job->weights, job->n_slots * 8);
    for (size_t s = 0; s < job->n_slots; s++) add_cells(&all, &slots[s]);
    for (int m = 0; m < WF_BIAS_METRICS; m++) {
      double value;
      wf_status status =
          wf_bias_compute(&value, (wf_bias_metric)m, &all, by_group, job->n_slots - 1, NULL);
      job->values[(size_t)m * job->n_resamples + i] = status == WF_OK ? value : (double)NAN;
    }
  }
  return WF_OK;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Between two order statistics, linearly; next to an infinity the nearer of the two. */
static double quantile(const double *sorted, size_t n, double q) {
  double at = q * (double)(n - 1), below = floor(at), part = at - below;
  double low = sorted[(size_t)below], high = sorted[(size_t)below + (part > 0)];
  if (low == high) return low;
  if (isinf(low) || isinf(high)) return part < 0.5 ? low : high;
  return low + part * (high - low);
}

static wf_bias_interval summarize(double *values, size_t n, double level) {
  size_t n_defined = 0;
  for (size_t i = 0; i < n; i++) {
    if (!isnan(values[i])) values[n_defined++] = values[i];
  }
  if (n_defined == 0) return (wf_bias_interval){(double)NAN, (double)NAN, 0};
  qsort(values, n_defined, sizeof *values, ascending);
  return (wf_bias_interval){quantile(values, n_defined, (1 - level) / 2),
                            quantile(values, n_defined, (1 + level) / 2), n_defined};
}

/* slots[0] holds all rows, the others one group each; it becomes what is in no group. */
static wf_status set_rest(wf_bias_cells *slots, size_t n_groups, double *n_rows, wf_error *err) {
  *n_rows = 0;
  for (size_t g = 0; g <= n_groups; g++) {
    for (size_t c = 0; c < 8; c++) {
      double count = (&slots[g].n[0][0][0])[c], *rest = &(&slots[0].n[0][0][0])[c];
      if (!(count >= 0 && count <= 0x1p53 && count == floor(count))) {
        return wf_fail(err, WF_INVALID, "a cell holds %g, which is not a number of rows", count);
      }
      if (g == 0) *n_rows += count;
      if (g > 0) *rest -= count;
      if (*rest < 0) return wf_fail(err, WF_INVALID, "the groups hold more rows than the table");
    }
  }
  if (*n_rows == 0) return wf_fail(err, WF_INVALID, "there are no rows to resample");
  return WF_OK;
}

static wf_status draw_all(wf_bias_interval *out, draw_job *job, double level, size_t n_threads,
                          wf_error *err) {
  if (n_threads == 0) n_threads = wf_thread_count();
  size_t n_blocks = (job->n_resamples - 1) / BLOCK + 1;
  if (n_threads > n_blocks) n_threads = n_blocks;
  job->scratch = wf_alloc_array(n_threads, job->n_slots * sizeof *job->scratch);
  job->values = wf_alloc_array(job->n_resamples, WF_BIAS_METRICS * sizeof *job->values);
  wf_status status = job->scratch && job->values ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) {
    status = wf_parallel_for(job->n_resamples, BLOCK, n_threads, draw_block, job, err);
  }
  for (size_t m = 0; status == WF_OK && m < WF_BIAS_METRICS; m++) {
    out[m] = summarize(job->values + m * job->n_resamples, job->n_resamples, level);
  }
  wf_free(job->scratch);
  wf_free(job->values);
  return status;
}

static wf_status check_options(wf_bias_resampling *o, wf_error *err) {
  if (o->n_resamples == 0) o->n_resamples = USUAL_RESAMPLES;
  if (o->level == 0) o->level = 0.95;
  if (!(o->level > 0 && o->level < 1)) {
    return wf_fail(err, WF_INVALID, "level %g is not between 0 and 1", o->level);
  }
  if (o->n_resamples > MOST_RESAMPLES) {
    return wf_fail(err, WF_LIMIT, "%zu resamples; at most %d are made", o->n_resamples,
                   MOST_RESAMPLES);
  }
  return WF_OK;
}

static wf_status draw_slots(wf_bias_interval *out, const wf_bias_cells *slots,
                            const spread *weights, size_t n_groups, double n_rows,
                            const wf_bias_resampling *options, wf_error *err) {
  wf_bias_resampling o = options ? *options : (wf_bias_resampling){0};
  WF_TRY(check_options(&o, err));
  draw_job job = {.slots = slots,
                  .weights = weights,
                  .n_slots = n_groups + 1,
                  .n_resamples = o.n_resamples,
                  .n_rows = n_rows,
                  .grouped = n_groups > 0,
                  .seed = o.seed};
  return draw_all(out, &job, o.level, o.n_threads, err);
}

static wf_status check_groups(size_t n_groups, wf_error *err) {
  if (n_groups <= INT32_MAX) return WF_OK;
  return wf_fail(err, WF_LIMIT, "more than %d groups", INT32_MAX);
}

wf_status wf_bias_intervals(wf_bias_interval *out, const wf_bias_cells *cells,
                            const wf_bias_cells *by_group, size_t n_groups,
                            const wf_bias_resampling *options, wf_error *err) {
  double n_rows;
  if (!by_group) n_groups = 0;
  WF_TRY(check_groups(n_groups, err));
  wf_bias_cells *slots = wf_alloc_array(n_groups + 1, sizeof *slots);
  if (!slots) return wf_fail_nomem(err);
  slots[0] = *cells;
  if (n_groups) memcpy(slots + 1, by_group, n_groups * sizeof *slots);
  wf_status status = set_rest(slots, n_groups, &n_rows, err);
  if (status == WF_OK) status = draw_slots(out, slots, NULL, n_groups, n_rows, options, err);
  wf_free(slots);
  return status;
}

/* --- weighted rows --------------------------------------------------------------------------- */

/* What a cell's weights are like. */
static wf_status set_spread(spread *out, double n, double sum, double squares, wf_error *err) {
  if (!(sum >= 0 && squares >= 0) || isinf(sum) || isinf(squares) || (n == 0 && sum > 0)) {
    return wf_fail(err, WF_INVALID, "%g rows cannot weigh %g (squares %g)", n, sum, squares);
  }
  double mean = n > 0 ? sum / n : 0, variance = n > 0 ? squares / n - mean * mean : 0;
  bool equal = !(variance > 1e-12 * mean * mean); /* sums are rounded */
  *out = (spread){mean, equal ? 0 : sqrt(variance)};
  return WF_OK;
}

static wf_status set_spreads(spread *out, const wf_bias_moments *m, wf_error *err) {
  const double *n = &m->n.n[0][0][0], *sum = &m->sum.n[0][0][0], *squares = &m->squares.n[0][0][0];
  for (size_t c = 0; c < 8; c++) WF_TRY(set_spread(&out[c], n[c], sum[c], squares[c], err));
  return WF_OK;
}

/* Of the rows in no group. Differences of rounded sums may be a little below nothing. */
static wf_bias_moments rest_of(const wf_bias_moments *all, const wf_bias_moments *by_group,
                               size_t n_groups) {
  wf_bias_moments rest = *all;
  double *n = &rest.n.n[0][0][0], *sum = &rest.sum.n[0][0][0], *squares = &rest.squares.n[0][0][0];
  for (size_t c = 0; c < 8; c++) {
    for (size_t g = 0; g < n_groups; g++) {
      n[c] -= (&by_group[g].n.n[0][0][0])[c];
      sum[c] -= (&by_group[g].sum.n[0][0][0])[c];
      squares[c] -= (&by_group[g].squares.n[0][0][0])[c];
    }
    sum[c] = n[c] > 0 ? fmax(sum[c], 0) : 0;
    squares[c] = n[c] > 0 ? fmax(squares[c], 0) : 0;
  }
  return rest;
}

static wf_status set_weighted(wf_bias_cells *slots, spread *weights, const wf_bias_moments *all,
                              const wf_bias_moments *by_group, size_t n_groups, double *n_rows,
                              wf_error *err) {
  slots[0] = all->n;
  WF_TRY(set_spreads(weights, all, err));
  for (size_t g = 0; g < n_groups; g++) {
    slots[g + 1] = by_group[g].n;
    WF_TRY(set_spreads(weights + 8 * (g + 1), &by_group[g], err));
  }
  WF_TRY(set_rest(slots, n_groups, n_rows, err));
  wf_bias_moments rest = rest_of(all, by_group, n_groups);
  return set_spreads(weights, &rest, err);
}

wf_status wf_bias_weighted_intervals(wf_bias_interval *out, const wf_bias_moments *all,
                                     const wf_bias_moments *by_group, size_t n_groups,
                                     const wf_bias_resampling *options, wf_error *err) {
  double n_rows;
  if (!by_group) n_groups = 0;
  WF_TRY(check_groups(n_groups, err));
  wf_bias_cells *slots = wf_alloc_array(n_groups + 1, sizeof *slots);
  spread *weights = wf_alloc_array(n_groups + 1, 8 * sizeof *weights);
  wf_status status = slots && weights ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) status = set_weighted(slots, weights, all, by_group, n_groups, &n_rows, err);
  if (status == WF_OK) status = draw_slots(out, slots, weights, n_groups, n_rows, options, err);
  wf_free(slots);
  wf_free(weights);
  return status;
}
