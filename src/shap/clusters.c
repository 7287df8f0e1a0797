/* clusters.c — k-means, or k-prototypes when there are codes.
 *
 * Lloyd's algorithm from k-means++ seeds (Arthur and Vassilvitskii, 2007), the best of a few
 * starts. Rows are assigned in parallel, each on its own; sums run in row order, so that nothing
 * depends on threads. A code that differs counts half a unit squared (Huang, 1998: half the
 * numbers' mean deviation, which is 1 when they are standardised).
 *
 * The number of clusters, when nobody says: of the costs for 1 to 12, the one farthest below the
 * straight line from the first to the last, both axes scaled to 1 (Satopaa et al., "Finding a
 * kneedle in a haystack", 2011). */
#include "shap/clusters.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "base/random.h"

#include <math.h>
#include <string.h>

enum { STARTS = 3, ROUNDS = 50, MOST_CHOSEN = 12, ROW_BLOCK = 512 };
static const double CODE_WEIGHT = 0.5;

/* ---- centres and rows --------------------------------------------------------------------------
 */

/* Where one of two numbers is missing they are one deviation apart. */
static double distance(const wf_points *p, size_t row, const double *means, const size_t *modes) {
  const double *x = p->numbers + row * p->n_numbers;
  const size_t *codes = p->codes + row * p->n_codes;
  double sum = 0;
  for (size_t i = 0; i < p->n_numbers; i++) {
    double away = x[i] - means[i];
    sum += away == away ? away * away : (isnan(x[i]) != isnan(means[i]));
  }
  for (size_t i = 0; i < p->n_codes; i++) sum += codes[i] != modes[i] ? CODE_WEIGHT : 0;
  return sum;
}

static wf_status clusters_new(wf_clusters *c, const wf_points *p, size_t n, wf_error *err) {
  *c = (wf_clusters){.n = n,
                     .means = wf_alloc_array(n, p->n_numbers * sizeof *c->means),
                     .modes = wf_alloc_array(n, p->n_codes * sizeof *c->modes),
                     .of = wf_alloc_zero(p->n, sizeof *c->of),
                     .counts = wf_alloc_zero(n, sizeof *c->counts),
                     .distances = wf_alloc_array(p->n, sizeof *c->distances)};
  if (c->means && c->modes && c->of && c->counts && c->distances) return WF_OK;
  return wf_fail_nomem(err);
}

void wf_clusters_dispose(wf_clusters *c) {
  wf_free(c->means);
  wf_free(c->modes);
  wf_free(c->of);
  wf_free(c->counts);
  wf_free(c->distances);
}

static void put_centre(wf_clusters *c, const wf_points *p, size_t cluster, size_t row) {
  if (p->n_numbers) {
    memcpy(c->means + cluster * p->n_numbers, p->numbers + row * p->n_numbers,
           p->n_numbers * sizeof *c->means);
  }
  if (p->n_codes) {
    memcpy(c->modes + cluster * p->n_codes, p->codes + row * p->n_codes,
           p->n_codes * sizeof *c->modes);
  }
}

typedef struct assigning {
  const wf_points *p;
  wf_clusters *c;
  size_t first; /* clusters before it have been compared with */
} assigning;

static wf_status assign_rows(void *context, size_t index, size_t begin, size_t end, size_t worker,
                             wf_error *err) {
  (void)index, (void)worker, (void)err;
  const assigning *work = context;
  wf_clusters *c = work->c;
  const wf_points *p = work->p;
  for (size_t row = begin; row < end; row++) {
    if (work->first == 0) c->distances[row] = INFINITY;
    for (size_t k = work->first; k < c->n; k++) {
      double away = distance(p, row, c->means + k * p->n_numbers, c->modes + k * p->n_codes);
      if (away < c->distances[row]) c->distances[row] = away, c->of[row] = k;
    }
  }
  return WF_OK;
}

/* Each row to its nearest centre, the first of equally near ones. */
static wf_status assign(const wf_points *p, wf_clusters *c, size_t first, wf_error *err) {
  assigning work = {p, c, first};
  WF_TRY(wf_parallel_for(p->n, ROW_BLOCK, p->n_threads, assign_rows, &work, err));
  c->cost = 0;
  for (size_t row = 0; row < p->n; row++) c->cost += c->distances[row];
  return WF_OK;
}

/* k-means++: each next centre is a row drawn by its distance from the nearest so far. Stops early
 * when no row is away from all; c->n is then how many there are. */
static wf_status seed_centres(const wf_points *p, wf_clusters *c, size_t n, wf_random *random,
                              wf_error *err) {
  put_centre(c, p, 0, (size_t)wf_random_below(random, p->n));
  c->n = 1;
  WF_TRY(assign(p, c, 0, err));
  while (c->n < n && c->cost > 0) {
    double at = wf_random_unit(random) * c->cost;
    size_t row = 0;
    while (row + 1 < p->n && (at >= c->distances[row] || !(c->distances[row] > 0))) {
      at -= c->distances[row++];
    }
    put_centre(c, p, c->n++, row);
    WF_TRY(assign(p, c, c->n - 1, err));
  }
  return WF_OK;
}

/* Means over the numbers that are there. */
static void update_means(const wf_points *p, wf_clusters *c, double *counts) {
  size_t cells = c->n * p->n_numbers;
  memset(c->means, 0, cells * sizeof *c->means);
  memset(counts, 0, cells * sizeof *counts);
  for (size_t row = 0; row < p->n; row++) {
    for (size_t i = 0; i < p->n_numbers; i++) {
      double value = p->numbers[row * p->n_numbers + i];
      if (isnan(value)) continue;
      c->means[c->of[row] * p->n_numbers + i] += value;
      counts[c->of[row] * p->n_numbers + i]++;
    }
  }
  for (size_t i = 0; i < cells; i++)
    c->means[i] = counts[i] > 0 ? c->means[i] / counts[i] : (double)NAN;
}

/* The most frequent code of a cluster, the smallest of equally frequent ones. `tally` has room for
 * n_clusters x n codes. */
static void update_modes(const wf_points *p, wf_clusters *c, size_t at, size_t *tally) {
  size_t n = 0;
  for (size_t row = 0; row < p->n; row++) {
    size_t code = p->codes[row * p->n_codes + at];
    if (code >= n) n = code + 1;
  }
  memset(tally, 0, c->n * n * sizeof *tally);
  for (size_t row = 0; row < p->n; row++) {
    tally[c->of[row] * n + p->codes[row * p->n_codes + at]]++;
  }
  for (size_t k = 0; k < c->n; k++) {
    size_t best = 0;
    for (size_t code = 1; code < n; code++) {
      if (tally[k * n + code] > tally[k * n + best]) best = code;
    }
    c->modes[k * p->n_codes + at] = best;
  }
}

static void count_rows(const wf_points *p, wf_clusters *c) {
  memset(c->counts, 0, c->n * sizeof *c->counts);
  for (size_t row = 0; row < p->n; row++) c->counts[c->of[row]]++;
}

/* A cluster without rows takes the row farthest from its centre. */
static void fill_empty(const wf_points *p, wf_clusters *c) {
  count_rows(p, c);
  for (size_t k = 0; k < c->n; k++) {
    if (c->counts[k] > 0) continue;
    size_t far = 0;
    for (size_t row = 1; row < p->n; row++) {
      if (c->distances[row] > c->distances[far]) far = row;
    }
    put_centre(c, p, k, far);
    c->distances[far] = 0;
  }
}

/* Lloyd's rounds until the cost stops falling. */
static wf_status settle(const wf_points *p, wf_clusters *c, wf_error *err) {
  double *counts = wf_alloc_array(c->n, p->n_numbers * sizeof *counts);
  size_t *tally = wf_alloc_array(c->n, p->n * sizeof *tally);
  wf_status status = counts && tally ? WF_OK : wf_fail_nomem(err);
  double before = INFINITY;
  for (size_t i = 0; status == WF_OK && i < ROUNDS && c->cost < before; i++) {
    before = c->cost;
    update_means(p, c, counts);
    for (size_t k = 0; k < p->n_codes; k++) update_modes(p, c, k, tally);
    fill_empty(p, c);
    status = assign(p, c, 0, err);
  }
  wf_free(counts);
  wf_free(tally);
  return status;
}

/* The best of a few starts. */
wf_status wf_clusters_find(wf_clusters *out, const wf_points *p, size_t n, uint64_t seed,
                           wf_error *err) {
  wf_clusters best = {.cost = INFINITY};
  for (uint64_t start = 0; start < STARTS; start++) {
    wf_random random;
    wf_clusters c;
    wf_random_seed(&random, seed, n * STARTS + start);
    wf_status status = clusters_new(&c, p, n, err);
    if (status == WF_OK) status = seed_centres(p, &c, n, &random, err);
    if (status == WF_OK) status = settle(p, &c, err);
    if (status == WF_OK && c.cost < best.cost) {
      wf_clusters_dispose(&best);
      best = c;
    } else {
      wf_clusters_dispose(&c);
    }
    if (status != WF_OK) {
      wf_clusters_dispose(&best);
      return status;
    }
  }
  count_rows(p, &best);
  *out = best;
  return WF_OK;
}

/* ---- how many ----------------------------------------------------------------------------------
 */

static size_t knee_of(const double *costs, size_t n) {
  double first = costs[0], last = costs[n - 1], farthest = 0;
  size_t knee = 0;
  if (!(first > last)) return 0;
  for (size_t i = 1; i + 1 < n; i++) {
    double below = 1 - (double)i / (double)(n - 1) - (costs[i] - last) / (first - last);
    if (below > farthest) farthest = below, knee = i;
  }
  return knee;
}

wf_status wf_clusters_choose(wf_clusters *out, const wf_points *p, uint64_t seed, wf_error *err) {
  wf_clusters tried[MOST_CHOSEN] = {0};
  double costs[MOST_CHOSEN];
  size_t n = 0;
  wf_status status = WF_OK;
  while (status == WF_OK && n < MOST_CHOSEN) {
    status = wf_clusters_find(&tried[n], p, n + 1, seed, err);
    if (status != WF_OK || tried[n].n < n + 1) break; /* no more different rows */
    costs[n] = tried[n].cost;
    n++;
  }
  size_t knee = status == WF_OK ? knee_of(costs, n) : MOST_CHOSEN;
  for (size_t i = 0; i < MOST_CHOSEN; i++) {
    if (i == knee) {
      *out = tried[i];
    } else {
      wf_clusters_dispose(&tried[i]);
    }
  }
  return status;
}
