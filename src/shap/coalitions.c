/* coalitions.c — a budget of coalitions spent where the Shapley kernel weighs most.
 *
 * Of M players, all coalitions of size s together weigh (M - 1) / (s (M - s)) before scaling, so
 * the smallest and the largest ones matter most and are also the fewest. Sizes s and M - s go
 * together; from the outside in, a size is taken whole while its share of the remaining budget pays
 * for it. The rest of the budget is drawn: a size by its weight, then a coalition of that size,
 * both with its complement. A pair drawn again gains weight instead of a place (Lundberg and Lee,
 * "A unified approach to interpreting model predictions", 2017; pairing: Covert and Lee, "Improving
 * KernelSHAP", 2021).
 *
 * Of a pair the coalition without the last player is kept, so that "size s" means those of size s
 * and those of size M - s among the first M - 1 players. */
#include "shap/coalitions.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/random.h"

#include <string.h>

/* ---- sizes ------------------------------------------------------------------------------------
 */

/* n over k as a double; infinity is fine. */
static double choose(size_t n, size_t k) {
  double product = 1;
  if (k > n) return 0;
  for (size_t i = 1; i <= k; i++) product = product * (double)(n - k + i) / (double)i;
  return product;
}

/* The number of pairs of sizes s and M - s. */
static double pairs_of_size(size_t n_players, size_t size) {
  double n = choose(n_players, size);
  return 2 * size == n_players ? n / 2 : n;
}

/* What they weigh together, unscaled. */
static double weight_of_size(size_t n_players, size_t size) {
  double one = 1 / ((double)size * (double)(n_players - size));
  return 2 * size == n_players ? one : 2 * one;
}

typedef struct maker {
  wf_coalitions *c;
  size_t capacity;
  double *sizes;      /* weight of sizes s and M - s, at s, scaled to sum to 1 */
  size_t first_drawn; /* sizes below it are complete */
  size_t *players;    /* scratch: a subset as numbers, or all players in some order */
  wf_map *seen;
} maker;

static void set_weights_of_sizes(maker *m) {
  size_t n = m->c->n_players;
  double sum = 0;
  for (size_t s = 1; s <= n / 2; s++) sum += m->sizes[s] = weight_of_size(n, s);
  for (size_t s = 1; s <= n / 2; s++) m->sizes[s] /= sum;
}

/* How many sizes the budget of pairs takes whole; *left is what remains of it. */
static size_t complete_sizes(const maker *m, size_t *left) {
  size_t n = m->c->n_players, s = 1;
  double budget = (double)m->capacity, weight = 1;
  for (; s <= n / 2; s++) {
    double pairs = pairs_of_size(n, s);
    if (budget * m->sizes[s] < pairs * weight * (1 - 1e-8)) break;
    budget -= pairs;
    weight -= m->sizes[s];
  }
  *left = s <= n / 2 ? (size_t)budget : 0;
  return s - 1;
}

/* ---- taking sizes whole ------------------------------------------------------------------------
 */

static uint64_t *push_set(maker *m, double weight, double draws) {
  wf_coalitions *c = m->c;
  uint64_t *set = c->sets + c->n_pairs * c->n_words;
  memset(set, 0, c->n_words * sizeof *set);
  c->weights[c->n_pairs] = weight;
  c->draws[c->n_pairs++] = draws;
  return set;
}

/* Moves a k-subset of 0 … n - 1 to the next in lexicographic order; false after the last. */
static bool next_subset(size_t *subset, size_t k, size_t n) {
  size_t i = k;
  while (i > 0 && subset[i - 1] == n - k + i - 1) i--;
  if (i == 0) return false;
  subset[i - 1]++;
  for (; i < k; i++) subset[i] = subset[i - 1] + 1;
  return true;
}

static void push_subsets(maker *m, size_t k, double weight) {
  size_t n = m->c->n_players - 1;
  for (size_t i = 0; i < k; i++) m->players[i] = i;
  do {
    uint64_t *set = push_set(m, weight, 0);
    for (size_t i = 0; i < k; i++) set[m->players[i] / 64] |= UINT64_C(1) << m->players[i] % 64;
  } while (next_subset(m->players, k, n));
}

static void push_sizes(maker *m, size_t n_sizes) {
  size_t n = m->c->n_players;
  for (size_t s = 1; s <= n_sizes; s++) {
    double weight = m->sizes[s] / (2 * pairs_of_size(n, s));
    push_subsets(m, s, weight);
    if (2 * s != n) push_subsets(m, n - s, weight);
  }
}

/* ---- drawing the rest --------------------------------------------------------------------------
 */

static size_t draw_size(const maker *m, wf_random *random, double weight) {
  size_t last = m->c->n_players / 2, s = m->first_drawn;
  double at = wf_random_unit(random) * weight;
  while (s < last && at >= m->sizes[s]) at -= m->sizes[s++];
  return s;
}

/* A random coalition of `size` players or its complement, whichever lacks the last player. */
static void draw_set(maker *m, wf_random *random, size_t size, uint64_t *set) {
  size_t n = m->c->n_players, n_words = m->c->n_words;
  memset(set, 0, n_words * sizeof *set);
  for (size_t i = 0; i < size; i++) {
    size_t j = i + (size_t)wf_random_below(random, n - i), player = m->players[j];
    m->players[j] = m->players[i];
    m->players[i] = player;
    set[player / 64] |= UINT64_C(1) << player % 64;
  }
  if (!wf_coalition_has(set, n - 1)) return;
  for (size_t w = 0; w < n_words; w++) set[w] = ~set[w];
  if (n % 64) set[n_words - 1] &= (UINT64_C(1) << n % 64) - 1;
}

static wf_status draw_pairs(maker *m, wf_random *random, size_t n_pairs, double weight,
                            wf_error *err) {
  wf_coalitions *c = m->c;
  size_t first = c->n_pairs, most = 4 * n_pairs;
  uint64_t *set = c->sets + m->capacity * c->n_words; /* one beyond, for drawing into */
  for (size_t i = 0; i < c->n_players; i++) m->players[i] = i;
  for (; c->n_pairs < first + n_pairs && most > 0; most--) {
    size_t index;
    bool added;
    draw_set(m, random, draw_size(m, random, weight), set);
    wf_view key = {(const char *)set, c->n_words * sizeof *set};
    WF_TRY(wf_map_add(m->seen, key, &index, &added, err));
    if (added) memcpy(push_set(m, 0, 0), set, key.size);
    c->draws[first + index]++;
    c->n_draws++;
  }
  for (size_t p = first; p < c->n_pairs; p++) c->weights[p] = weight / 2 * c->draws[p] / c->n_draws;
  return WF_OK;
}

static wf_status fill(maker *m, uint64_t seed, wf_error *err) {
  wf_random random;
  size_t left, n_complete;
  set_weights_of_sizes(m);
  n_complete = complete_sizes(m, &left);
  push_sizes(m, n_complete);
  m->first_drawn = n_complete + 1;
  double weight = 0;
  for (size_t s = m->first_drawn; s <= m->c->n_players / 2; s++) weight += m->sizes[s];
  if (left == 0 || !(weight > 0)) return WF_OK;
  wf_random_seed(&random, seed, 0);
  WF_TRY(wf_map_new(&m->seen, err));
  return draw_pairs(m, &random, left, weight, err);
}

/* ---- the object -------------------------------------------------------------------------------
 */

static wf_status check_limits(size_t n_players, size_t n_samples, wf_error *err) {
  if (n_players > WF_COALITIONS_MAX_PLAYERS) {
    return wf_fail(err, WF_LIMIT, "%zu features vary; Kernel SHAP takes at most %d", n_players,
                   WF_COALITIONS_MAX_PLAYERS);
  }
  if (n_samples > WF_COALITIONS_MAX_SAMPLES) {
    return wf_fail(err, WF_LIMIT, "%zu samples are more than %d", n_samples,
                   WF_COALITIONS_MAX_SAMPLES);
  }
  return WF_OK;
}

/* Room for the pairs, and one set more. */
static wf_status reserve(maker *m, wf_error *err) {
  wf_coalitions *c = m->c;
  c->sets = wf_alloc_array(m->capacity + 1, c->n_words * sizeof *c->sets);
  c->weights = wf_alloc_array(m->capacity + 1, sizeof *c->weights);
  c->draws = wf_alloc_array(m->capacity + 1, sizeof *c->draws);
  m->sizes = wf_alloc_array(c->n_players / 2 + 1, sizeof *m->sizes);
  m->players = wf_alloc_array(c->n_players, sizeof *m->players);
  if (c->sets && c->weights && c->draws && m->sizes && m->players) return WF_OK;
  return wf_fail_nomem(err);
}

wf_status wf_coalitions_new(wf_coalitions *out, size_t n_players, size_t n_samples, uint64_t seed,
                            wf_error *err) {
  WF_TRY(check_limits(n_players, n_samples, err));
  wf_coalitions c = {.n_players = n_players, .n_words = (n_players + 63) / 64};
  maker m = {.c = &c, .capacity = n_samples / 2};
  double all = n_players < 60 ? (double)((UINT64_C(1) << (n_players - 1)) - 1) : 1e18;
  if ((double)m.capacity > all) m.capacity = (size_t)all;
  wf_status status = reserve(&m, err);
  if (status == WF_OK) status = fill(&m, seed, err);
  wf_map_free(m.seen);
  wf_free(m.sizes);
  wf_free(m.players);
  if (status == WF_OK) {
    *out = c;
  } else {
    wf_coalitions_dispose(&c);
  }
  return status;
}

void wf_coalitions_dispose(wf_coalitions *coalitions) {
  wf_free(coalitions->sets);
  wf_free(coalitions->weights);
  wf_free(coalitions->draws);
}
