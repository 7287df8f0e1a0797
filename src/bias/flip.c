/* flip.c — the flip test: would a row of d have been predicted otherwise among its nearest rows of
 * a?
 *
 * Rows of d are independent; their votes are counted in whole numbers, so any number of threads
 * gives the same result. */
#include "wf/bias.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "bias/neighbours.h"
#include "bias/rows.h"

#include <math.h>

enum { BLOCK = 64, FEW_ROWS = 9, USUAL_K = 5 };

typedef struct tallies {
  long flips, least, most; /* favourable for d where neighbours are not, minus the opposite */
  size_t ambiguous;
} tallies;

typedef struct flip_job {
  const wf_neighbours *index;
  const uint8_t *predictions;
  const uint32_t *queries;
  size_t k, n_scratch;
  double *scratch; /* n_scratch for each thread */
  tallies *blocks; /* one a block */
} flip_job;

static long flip(bool favourable, bool neighbours) { return (long)favourable - (long)neighbours; }

static wf_status vote_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                            wf_error *err) {
  flip_job *job = context;
  tallies sum = {0};
  (void)err;
  for (size_t i = begin; i < end; i++) {
    size_t row = job->queries[i], half = job->k / 2;
    bool favourable = job->predictions[row];
    wf_vote vote =
        wf_neighbours_vote(job->index, row, job->k, job->scratch + worker * job->n_scratch);
    sum.flips += flip(favourable, vote.marked > half);
    sum.least += flip(favourable, vote.most > half);
    sum.most += flip(favourable, vote.least > half);
    sum.ambiguous += (vote.most > half) != (vote.least > half);
  }
  job->blocks[index] = sum;
  return WF_OK;
}

static wf_status run_votes(wf_bias_flip *out, flip_job *job, size_t n_queries, size_t n_threads,
                           wf_error *err) {
  size_t n_blocks = (n_queries - 1) / BLOCK + 1, n_doubles;
  if (n_threads == 0) n_threads = wf_thread_count();
  if (n_threads > n_blocks) n_threads = n_blocks;
  job->n_scratch = wf_neighbours_scratch(job->index, job->k);
  if (__builtin_mul_overflow(n_threads, job->n_scratch, &n_doubles)) return wf_fail_nomem(err);
  job->scratch = wf_alloc_array(n_doubles, sizeof *job->scratch);
  job->blocks = wf_alloc_array(n_blocks, sizeof *job->blocks);
  wf_status status = job->scratch && job->blocks ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) {
    status = wf_parallel_for(n_queries, BLOCK, n_threads, vote_block, job, err);
  }
  if (status == WF_OK) {
    tallies all = {0};
    for (size_t b = 0; b < n_blocks; b++) {
      all.flips += job->blocks[b].flips;
      all.least += job->blocks[b].least;
      all.most += job->blocks[b].most;
      all.ambiguous += job->blocks[b].ambiguous;
    }
    double n = (double)n_queries;
    *out = (wf_bias_flip){.value = (double)all.flips / n,
                          .least = (double)all.least / n,
                          .most = (double)all.most / n,
                          .n_ambiguous = all.ambiguous,
                          .k = job->k};
  }
  wf_free(job->scratch);
  wf_free(job->blocks);
  return status;
}

static wf_status check_features(const double *const *features, const char *const *names,
                                size_t n_features, size_t n, wf_error *err) {
  for (size_t f = 0; f < n_features; f++) {
    for (size_t i = 0; i < n; i++) {
      if (isfinite(features[f][i])) continue;
      const char *what = isnan(features[f][i]) ? "missing (NaN)" : "infinite";
      if (!names) return wf_fail(err, WF_INVALID, "row %zu: feature %zu is %s", i + 1, f, what);
      return wf_fail(err, WF_INVALID, "row %zu: feature \"%s\" is %s", i + 1, names[f], what);
    }
  }
  return WF_OK;
}

static wf_status check(const wf_bias_flip_data *data, wf_error *err) {
  size_t n_d = 0;
  WF_TRY(wf_bias_check_sizes(data->n, 0, err));
  for (size_t i = 0; i < data->n; i++) {
    WF_TRY(wf_bias_check_byte(data->predictions, i, "prediction", err));
    WF_TRY(wf_bias_check_byte(data->facet, i, "facet", err));
    n_d += data->facet[i];
  }
  if (n_d == 0) return wf_fail(err, WF_INVALID, "Facet set is empty");
  if (n_d == data->n) return wf_fail(err, WF_INVALID, "Negated Facet set is empty");
  return check_features(data->features, data->names, data->n_features, data->n, err);
}

static wf_status choose_k(size_t *out, size_t k, size_t n_a, wf_error *err) {
  if (k == 0) k = n_a > FEW_ROWS ? USUAL_K : 1;
  if (k % 2 == 0) {
    return wf_fail(err, WF_INVALID, "%zu neighbours may vote undecided; the number must be odd", k);
  }
  if (k > n_a) {
    return wf_fail(err, WF_INVALID, "%zu neighbours are asked for; the rest has only %zu rows", k,
                   n_a);
  }
  *out = k;
  return WF_OK;
}

wf_status wf_bias_flip_test(wf_bias_flip *out, const wf_bias_flip_data *data, size_t k,
                            size_t n_threads, wf_error *err) {
  WF_TRY(check(data, err));
  uint32_t *rows = wf_alloc_array(data->n, sizeof *rows);
  if (!rows) return wf_fail_nomem(err);
  size_t n_a = 0, n_d = 0; /* a from the front, d from the back */
  for (size_t i = 0; i < data->n; i++) {
    if (data->facet[i]) {
      rows[data->n - ++n_d] = (uint32_t)i;
    } else {
      rows[n_a++] = (uint32_t)i;
    }
  }
  flip_job job = {.predictions = data->predictions, .queries = rows + n_a};
  wf_neighbours *index = NULL;
  wf_status status = choose_k(&job.k, k, n_a, err);
  if (status == WF_OK) {
    status = wf_neighbours_new(&index, data->features, data->n_features, data->predictions, rows,
                               n_a, err);
  }
  if (status == WF_OK) {
    job.index = index;
    status = run_votes(out, &job, n_d, n_threads, err);
  }
  wf_neighbours_free(index);
  wf_free(rows);
  return status;
}
