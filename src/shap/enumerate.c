/* enumerate.c — all coalitions of up to 24 players, 2^14 at a time.
 *
 * The players are split into low and high ones. For every coalition of high players, the margins of
 * all coalitions of low ones are made at once: a product, its high factors being known, is a
 * multilinear polynomial in the low players, its coefficients are added to an array indexed by sets
 * of players, and adding up over subsets, a pass a player, turns coefficients into values. Products
 * without high factors are the same every time and are added once.
 *
 * With w(s) = s! (n-s-1)! / n!, player i's value is the sum over coalitions S that have him of
 * (w(|S|-1) + w(|S|)) v(S), less the sum over all S of w(|S|) v(S): so what has to be kept is one
 * sum for each low set and one for each high player. */
#include "shap/enumerate.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

enum { MAX_LOW = 14, MAX_CELLS = 1 << 15 };

static bool add_size(size_t *total, size_t n, size_t size) {
  size_t bytes;
  return !__builtin_mul_overflow(n, size, &bytes) && !__builtin_add_overflow(*total, bytes, total);
}

const wf_objective *wf_enumeration_objective(const wf_objective *objective) {
  switch (objective->transform) {
  case WF_TRANSFORM_SIGMOID:
  case WF_TRANSFORM_SOFTMAX: return objective;
  case WF_TRANSFORM_ARGMAX: return wf_objective_find(wf_view_of("multi:softprob"));
  default: return NULL;
  }
}

wf_status wf_enumeration_new(wf_enumeration *out, const wf_objective *objective, bool served,
                             size_t n_players, size_t n_groups, size_t n_products, size_t n_factors,
                             wf_error *err) {
  wf_enumeration e = {.objective = objective,
                      .served = served,
                      .n_groups = n_groups,
                      .low = n_players < MAX_LOW ? n_players : MAX_LOW};
  while (e.low > 4 && n_groups << e.low > MAX_CELLS) e.low--;
  size_t cells = n_groups << e.low, terms = (size_t)1 << e.low, size = 0;
  bool fits = add_size(&size, n_products, sizeof *e.products) &&
              add_size(&size, n_factors, sizeof *e.factors) &&
              add_size(&size, 3 * cells + terms, sizeof(double)) &&
              add_size(&size, cells + terms, sizeof(float)) &&
              add_size(&size, terms, sizeof *e.places);
  e.memory = fits ? wf_alloc(size) : NULL;
  if (!e.memory) return wf_fail_nomem(err);
  e.products = e.memory;
  e.factors = (wf_factor *)(e.products + n_products);
  e.probabilities = (double *)(e.factors + n_factors);
  e.constant = e.probabilities + cells;
  e.sums = e.constant + cells;
  e.coefficients = e.sums + cells;
  e.margins = (float *)(e.coefficients + terms);
  e.leaves = e.margins + cells;
  e.places = (uint32_t *)(e.leaves + terms);
  *out = e;
  return WF_OK;
}

void wf_enumeration_dispose(wf_enumeration *e) { wf_free(e->memory); }

/* A product's coefficients, given which high players are in, are added to its group's array. */
static void expand(const wf_enumeration *e, const wf_product *product, size_t low, uint32_t high,
                   double *out) {
  const wf_factor *factors = e->factors + product->first;
  double *restrict coefficients = e->coefficients, whole = product->value;
  uint32_t *restrict places = e->places;
  for (size_t i = 0; i < product->n_factors; i++) {
    if (factors[i].player < low) continue;
    bool in = high >> (factors[i].player - low) & 1;
    whole *= in ? factors[i].without + factors[i].change : factors[i].without;
  }
  if (whole == 0) return;
  size_t n = 1;
  coefficients[0] = whole;
  places[0] = 0;
  for (size_t i = 0; i < product->n_factors; i++) {
    const wf_factor *factor = &factors[i];
    if (factor->player >= low) continue;
    uint32_t bit = 1u << factor->player;
    if (factor->without == 0) {
      for (size_t t = 0; t < n; t++) coefficients[t] *= factor->change, places[t] |= bit;
      continue;
    }
    for (size_t t = 0; t < n; t++) {
      coefficients[n + t] = coefficients[t] * factor->change;
      coefficients[t] *= factor->without;
      places[n + t] = places[t] | bit;
    }
    n *= 2;
  }
  out += (size_t)product->group << low;
  for (size_t t = 0; t < n; t++) out[places[t]] += coefficients[t];
}

static void find_constraints(const wf_enumeration *e, wf_product *product) {
  product->in = product->out = 0;
  for (size_t i = 0; i < product->n_factors; i++) {
    const wf_factor *factor = &e->factors[product->first + i];
    *(factor->change > 0 ? &product->in : &product->out) |= 1u << factor->player;
  }
}

/* Adds up what has no high players and keeps the rest. */
static void begin(wf_enumeration *e, size_t low, const float *margins) {
  size_t cells = e->n_groups << low, n_high = 0;
  memset(e->sums, 0, cells * sizeof *e->sums);
  memset(e->constant, 0, cells * sizeof *e->constant);
  for (size_t g = 0; g < e->n_groups; g++) e->constant[g << low] = (double)margins[g];
  for (size_t i = 0; i < e->n_products; i++) find_constraints(e, &e->products[i]);
  for (size_t i = 0; !e->served && i < e->n_products; i++) {
    wf_product product = e->products[i];
    if ((product.in | product.out) >> low) {
      e->products[n_high++] = product;
    } else {
      expand(e, &product, low, 0, e->constant);
    }
  }
  if (!e->served) e->n_products = n_high;
}

/* From coefficients to values: each set gets the sum over its subsets. */
static void sum_subsets(double *a, size_t low) {
  for (size_t b = 0; b < low; b++) {
    size_t step = (size_t)1 << b;
    for (size_t i = 0; i < (size_t)1 << low; i += 2 * step) {
      double *restrict without = a + i, *restrict with = a + i + step;
      for (size_t j = 0; j < step; j++) with[j] += without[j];
    }
  }
}

static void sigmoid(double *margins, size_t n) {
  for (size_t i = 0; i < n; i++) margins[i] = 1 / (1 + exp(-margins[i]));
}

static void softmax(double *margins, size_t n_groups, size_t n) {
  for (size_t i = 0; i < n; i++) {
    double largest = margins[i], sum = 0;
    for (size_t g = 1; g < n_groups; g++) largest = fmax(largest, margins[g * n + i]);
    for (size_t g = 0; g < n_groups; g++) {
      sum += margins[g * n + i] = exp(margins[g * n + i] - largest);
    }
    for (size_t g = 0; g < n_groups; g++) margins[g * n + i] /= sum;
  }
}

static void find_expected(wf_enumeration *e, size_t low, uint32_t high) {
  size_t size = (size_t)1 << low;
  memcpy(e->probabilities, e->constant, e->n_groups * size * sizeof *e->probabilities);
  for (size_t i = 0; i < e->n_products; i++) {
    expand(e, &e->products[i], low, high, e->probabilities);
  }
  for (size_t g = 0; g < e->n_groups; g++) sum_subsets(e->probabilities + g * size, low);
  if (e->objective->transform == WF_TRANSFORM_SIGMOID) {
    sigmoid(e->probabilities, e->n_groups * size);
  } else {
    softmax(e->probabilities, e->n_groups, size);
  }
}

/* inside[s], outside[s]: what v(S) of a coalition of s is multiplied with for players who are in,
 * in the first sum above, and for everybody in the second. */
typedef struct weights {
  double inside[WF_ENUMERATE_MAX_PLAYERS + 1], outside[WF_ENUMERATE_MAX_PLAYERS + 1];
} weights;

static weights weights_of(size_t n) {
  weights w = {{0}, {0}};
  double one = n ? 1 / (double)n : 0; /* 1 / (n C(n-1, s)) */
  for (size_t s = 0; s < n; s++) {
    w.outside[s] = one;
    w.inside[s] += one;
    w.inside[s + 1] += one;
    one = one * (double)(s + 1) / (double)(n - 1 - s ? n - 1 - s : 1);
  }
  return w;
}

/* Of the coalitions of low players with these high ones, one group. */
static double add_up(const weights *w, const double *v, size_t low, uint32_t high, size_t n_players,
                     double *sums, double *values) {
  size_t n_high = (size_t)__builtin_popcount(high);
  double inside = 0, outside = 0;
  for (size_t i = 0; i < (size_t)1 << low; i++) {
    size_t size = n_high + (size_t)__builtin_popcountll(i);
    double part = w->inside[size] * v[i];
    sums[i] += part;
    inside += part;
    outside += w->outside[size] * v[i];
  }
  for (size_t player = low; player < n_players; player++) {
    if (high >> (player - low) & 1) values[player] += inside;
  }
  return outside;
}

/* Folds the sums in halves: what stands in the upper one has the highest player. */
static void finish_low(double *sums, size_t low, double *values) {
  for (size_t player = low; player-- > 0;) {
    size_t half = (size_t)1 << player;
    double with = 0;
    for (size_t i = 0; i < half; i++) {
      with += sums[half + i];
      sums[i] += sums[half + i];
    }
    values[player] += with;
  }
}

void wf_enumeration_solve(wf_enumeration *e, size_t n_players, const float *margins, double *values,
                          double *empty) {
  size_t low = n_players < e->low ? n_players : e->low, size = (size_t)1 << low;
  weights w = weights_of(n_players);
  memset(values, 0, e->n_groups * n_players * sizeof *values);
  begin(e, low, margins);
  for (uint32_t high = 0; high < 1u << (n_players - low); high++) {
    if (e->served) {
      wf_enumeration_serve(e, low, high, margins);
    } else {
      find_expected(e, low, high);
    }
    for (size_t g = 0; g < e->n_groups; g++) {
      double *line = values + g * n_players;
      if (high == 0) empty[g] = e->probabilities[g * size];
      double all =
          add_up(&w, e->probabilities + g * size, low, high, n_players, e->sums + g * size, line);
      for (size_t player = 0; player < n_players; player++) line[player] -= all;
    }
  }
  for (size_t g = 0; g < e->n_groups; g++) {
    finish_low(e->sums + g * size, low, values + g * n_players);
  }
}
