/* coalition_solve.c — Shapley values out of what coalitions are worth.
 *
 * The values φ minimise Σ_S w_S (v(S) - v(∅) - Σ_{j∈S} φ_j)² under Σ_j φ_j = Δ. Eliminating the
 * last player and adding the equations of a coalition S without it and of its complement, whose
 * weights are equal, leaves for the first M - 1 players
 *
 *   A φ = Σ_p w_p z_p (v(S_p) - v(S_p') + Δ),   A = 2 Σ_p w_p z_p z_pᵀ
 *
 * with z_p the 0/1 vector of S_p: the constant v(∅) is gone, and a pair counts only by its
 * difference. A depends on the coalitions alone. Its inverse is applied to every w_p z_p once
 * (`gains`), after which a row's values are one matrix-vector product.
 *
 * Standard errors. Drawn pairs are a sample of independent draws; φ is a smooth function of their
 * sum, and to first order a draw of pair p moves it by g_p r_p / (its draws), with g_p the gain and
 * r_p = v(S_p) - v(S_p') + Δ - 2 z_pᵀφ the pair's residual. Complete sizes have no sampling error.
 */
#include "shap/coalitions.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

/* The players of a set as numbers; returns how many. */
static size_t members_of(const uint64_t *set, size_t n_words, size_t *members) {
  size_t n = 0;
  for (size_t w = 0; w < n_words; w++) {
    for (uint64_t bits = set[w]; bits; bits &= bits - 1) {
      members[n++] = w * 64 + (size_t)__builtin_ctzll(bits);
    }
  }
  return n;
}

/* A, whole and symmetric. */
static void add_pairs(double *a, const wf_coalitions *c, size_t *members) {
  size_t m = c->n_players - 1;
  memset(a, 0, m * m * sizeof *a);
  for (size_t p = 0; p < c->n_pairs; p++) {
    size_t n = members_of(c->sets + p * c->n_words, c->n_words, members);
    for (size_t i = 0; i < n; i++) {
      double *row = a + members[i] * m;
      for (size_t j = 0; j <= i; j++) row[members[j]] += 2 * c->weights[p];
    }
  }
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < i; j++) a[j * m + i] = a[i * m + j];
  }
}

/* A = L Lᵀ in the lower triangle; false when A is not positive definite to rounding. */
static bool factor(double *a, size_t m) {
  for (size_t i = 0; i < m; i++) {
    double before = a[i * m + i];
    for (size_t j = 0; j <= i; j++) {
      double sum = a[i * m + j];
      for (size_t k = 0; k < j; k++) sum -= a[i * m + k] * a[j * m + k];
      if (j < i) {
        a[i * m + j] = sum / a[j * m + j];
      } else if (sum > 1e-10 * before && before > 0) {
        a[i * m + i] = sqrt(sum);
      } else {
        return false;
      }
    }
  }
  return true;
}

/* x becomes A⁻¹ x. */
static void solve(const double *l, size_t m, double *x) {
  for (size_t i = 0; i < m; i++) {
    double sum = x[i];
    for (size_t k = 0; k < i; k++) sum -= l[i * m + k] * x[k];
    x[i] = sum / l[i * m + i];
  }
  for (size_t i = m; i-- > 0;) {
    double sum = x[i];
    for (size_t k = i + 1; k < m; k++) sum -= l[k * m + i] * x[k];
    x[i] = sum / l[i * m + i];
  }
}

static void invert(const double *l, size_t m, double *inverse) {
  memset(inverse, 0, m * m * sizeof *inverse);
  for (size_t i = 0; i < m; i++) {
    inverse[i * m + i] = 1;
    solve(l, m, inverse + i * m);
  }
}

static void fill_gains(double *gains, const wf_coalitions *c, const double *inverse,
                       size_t *members) {
  size_t m = c->n_players - 1;
  for (size_t p = 0; p < c->n_pairs; p++, gains += m) {
    size_t n = members_of(c->sets + p * c->n_words, c->n_words, members);
    memset(gains, 0, m * sizeof *gains);
    for (size_t i = 0; i < n; i++) {
      const double *column = inverse + members[i] * m;
      for (size_t j = 0; j < m; j++) gains[j] += column[j];
    }
    for (size_t j = 0; j < m; j++) gains[j] *= c->weights[p];
  }
}

wf_status wf_shapley_solver_new(wf_shapley_solver *out, const wf_coalitions *coalitions,
                                wf_error *err) {
  size_t m = coalitions->n_players - 1;
  double *a = wf_alloc_array(m, m * sizeof *a), *inverse = wf_alloc_array(m, m * sizeof *inverse);
  double *gains = wf_alloc_array(coalitions->n_pairs, m * sizeof *gains);
  size_t *members = wf_alloc_array(m + 1, sizeof *members);
  wf_status status = a && inverse && gains && members ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) add_pairs(a, coalitions, members);
  if (status == WF_OK && !factor(a, m)) {
    status = wf_fail(err, WF_INVALID,
                     "%zu sampled coalitions do not determine the values of %zu features; ask for "
                     "more samples",
                     2 * coalitions->n_pairs, coalitions->n_players);
  }
  if (status == WF_OK) {
    invert(a, m, inverse);
    fill_gains(gains, coalitions, inverse, members);
    out->gains = gains;
    gains = NULL;
  }
  wf_free(a);
  wf_free(inverse);
  wf_free(members);
  wf_free(gains);
  return status;
}

void wf_shapley_solver_dispose(wf_shapley_solver *solver) { wf_free(solver->gains); }

/* The sum of the members' values. */
static double worth(const wf_coalitions *c, size_t pair, const double *values) {
  const uint64_t *set = c->sets + pair * c->n_words;
  double sum = 0;
  for (size_t w = 0; w < c->n_words; w++) {
    for (uint64_t bits = set[w]; bits; bits &= bits - 1) {
      sum += values[w * 64 + (size_t)__builtin_ctzll(bits)];
    }
  }
  return sum;
}

/* Adds, for each pair drawn, its influence per draw: once to find the mean, once for the squares
 * around it (`mean` not NULL). The last player's influence is minus the sum of the others'. */
static void add_influences(const wf_shapley_solver *solver, const wf_coalitions *c,
                           const double *differences, double total, const double *values,
                           const double *mean, double *out) {
  size_t m = c->n_players - 1;
  for (size_t p = 0; p < c->n_pairs; p++) {
    if (!(c->draws[p] > 0)) continue;
    const double *gains = solver->gains + p * m;
    double residual = (differences[p] + total - 2 * worth(c, p, values)) / c->draws[p], rest = 0;
    for (size_t j = 0; j <= m; j++) {
      double influence = j < m ? gains[j] * residual : -rest;
      rest += influence;
      if (mean) influence = (influence - mean[j]) * (influence - mean[j]);
      out[j] += c->draws[p] * influence;
    }
  }
}

static void standard_errors(const wf_shapley_solver *solver, const wf_coalitions *c,
                            const double *differences, double total, const double *values,
                            double *errors) {
  double n = c->n_draws;
  for (size_t j = 0; j < c->n_players; j++) errors[j] = 0;
  if (!(n > 1)) return;
  /* The influences of all pairs sum to zero, those of complete sizes included; the drawn ones' mean
   * differs from zero only by what the complete ones leave, and is needed per player. */
  double *mean = errors + c->n_players;
  for (size_t j = 0; j < c->n_players; j++) mean[j] = 0;
  add_influences(solver, c, differences, total, values, NULL, mean);
  for (size_t j = 0; j < c->n_players; j++) mean[j] /= n;
  add_influences(solver, c, differences, total, values, mean, errors);
  for (size_t j = 0; j < c->n_players; j++) errors[j] = sqrt(errors[j] * n / (n - 1));
}

void wf_shapley_solve(const wf_shapley_solver *solver, const wf_coalitions *coalitions,
                      const double *differences, double total, double *values, double *errors) {
  size_t m = coalitions->n_players - 1;
  memset(values, 0, coalitions->n_players * sizeof *values);
  for (size_t p = 0; p < coalitions->n_pairs; p++) {
    const double *gains = solver->gains + p * m;
    double target = differences[p] + total;
    for (size_t j = 0; j < m; j++) values[j] += gains[j] * target;
  }
  double rest = 0;
  for (size_t j = 0; j < m; j++) rest += values[j];
  values[m] = total - rest;
  if (errors) standard_errors(solver, coalitions, differences, total, values, errors);
}
