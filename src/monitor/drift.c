/* drift.c — how far two distributions are apart.
 *
 * Numbers come as ranks (values ascending, how many are at most each), so both distribution
 * functions are steps and are compared exactly where one of them steps. PSI, JS and chi-squared
 * look at bins of equal share of the baseline; a value equal to a bound belongs to the bin below
 * it. A share of 0 would make PSI infinite; 1/2 is added to every count of it, as is usual for
 * contingency tables, which for large samples changes nothing that matters. */
#include "wf/monitor.h"

#include "base/alloc.h"
#include "base/error.h"

#include <math.h>

enum { USUAL_BINS = 10, MOST_BINS = 1000 };

double wf_drift_robust(double linf, double n, double m) {
  if (isnan(linf) || n <= 0 || m <= 0) return (double)NAN;
  return fmax(0, linf - 1.8 * sqrt((n + m) / (n * m)));
}

/* --- chi-squared ----------------------------------------------------------------------------- */

/* The regularised upper incomplete gamma function, by its series below the mean and by Lentz's
 * continued fraction above it. */
static double upper_gamma(double a, double x) {
  enum { STEPS = 500 };
  const double tiny = 1e-300, exact = 1e-16;
  double scale = exp(a * log(x) - x - lgamma(a));
  if (x < a + 1) {
    double term = 1 / a, sum = term;
    for (int i = 1; i < STEPS && fabs(term) > exact * sum; i++) {
      term *= x / (a + i);
      sum += term;
    }
    return 1 - scale * sum;
  }
  double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
  for (int i = 1; i < STEPS; i++) {
    double an = -i * (i - a);
    b += 2;
    d = an * d + b;
    c = b + an / c;
    if (fabs(d) < tiny) d = tiny;
    if (fabs(c) < tiny) c = tiny;
    d = 1 / d;
    h *= d * c;
    if (fabs(d * c - 1) < exact) break;
  }
  return scale * h;
}

static double chance_above(double chi_squared, double freedom) {
  if (freedom <= 0 || chi_squared <= 0) return 1;
  return upper_gamma(freedom / 2, chi_squared / 2);
}

/* --- counts ---------------------------------------------------------------------------------- */

static double sum_of(const double *counts, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += counts[i];
  return sum;
}

static double divergence(double p, double middle) { return p > 0 ? p * log(p / middle) : 0; }

static void compare_shares(wf_drift *d, const double *a, const double *b, size_t n) {
  double used = 0;
  double smooth_n = d->n + 0.5 * (double)n, smooth_m = d->m + 0.5 * (double)n;
  for (size_t i = 0; i < n; i++) {
    double p = a[i] / d->n, q = b[i] / d->m, middle = (p + q) / 2;
    double ps = (a[i] + 0.5) / smooth_n, qs = (b[i] + 0.5) / smooth_m;
    d->linf = fmax(d->linf, fabs(p - q));
    d->psi += (qs - ps) * log(qs / ps);
    d->js += (divergence(p, middle) + divergence(q, middle)) / 2;
    double both = a[i] + b[i];
    if (both <= 0) continue;
    double expect_a = both * d->n / (d->n + d->m), expect_b = both * d->m / (d->n + d->m);
    d->chi_squared += (a[i] - expect_a) * (a[i] - expect_a) / expect_a +
                      (b[i] - expect_b) * (b[i] - expect_b) / expect_b;
    used++;
  }
  d->p_value = chance_above(d->chi_squared, used - 1);
}

static wf_drift undefined(double n, double m) {
  const double none = (double)NAN;
  return (wf_drift){none, none, none, none, none, none, none, n, m};
}

wf_status wf_drift_of_counts(wf_drift *out, const double *baseline, const double *current,
                             size_t n_categories, wf_error *err) {
  for (size_t i = 0; i < n_categories; i++) {
    if (!(baseline[i] >= 0 && current[i] >= 0 && isfinite(baseline[i]) && isfinite(current[i]))) {
      return wf_fail(err, WF_INVALID, "category %zu: counts %g and %g", i + 1, baseline[i],
                     current[i]);
    }
  }
  wf_drift d = {.n = sum_of(baseline, n_categories), .m = sum_of(current, n_categories)};
  if (d.n <= 0 || d.m <= 0) {
    *out = undefined(d.n, d.m);
    return WF_OK;
  }
  compare_shares(&d, baseline, current, n_categories);
  d.linf_robust = wf_drift_robust(d.linf, d.n, d.m);
  d.wasserstein = (double)NAN;
  *out = d;
  return WF_OK;
}

/* --- numbers --------------------------------------------------------------------------------- */

/* Walks both step functions from value to value. */
static void compare_ranks(wf_drift *d, const wf_ranks *a, const wf_ranks *b) {
  size_t i = 0, j = 0;
  double before = 0, away = 0;
  d->linf = d->wasserstein = 0;
  while (i < a->n || j < b->n) {
    bool from_a = j == b->n || (i < a->n && a->values[i] <= b->values[j]);
    double x = from_a ? a->values[i] : b->values[j];
    d->wasserstein += away * (x - before); /* away is 0 before the first value */
    while (i < a->n && a->values[i] <= x) i++;
    while (j < b->n && b->values[j] <= x) j++;
    away = fabs((i ? a->at_most[i - 1] / d->n : 0) - (j ? b->at_most[j - 1] / d->m : 0));
    d->linf = fmax(d->linf, away);
    before = x;
  }
}

/* Counts of both sides between quantiles of the baseline; equal quantiles share a bin. */
static size_t fill_bins(double *in_a, double *in_b, const wf_ranks *a, const wf_ranks *b,
                        size_t n_bins) {
  size_t n = 0;
  double low_a = 0, low_b = 0, last = -HUGE_VAL;
  for (size_t i = 1; i < n_bins; i++) {
    double bound = wf_ranks_quantile(a, (double)i / (double)n_bins);
    if (bound <= last || bound >= a->values[a->n - 1]) continue;
    double high_a = wf_ranks_at_most(a, bound), high_b = wf_ranks_at_most(b, bound);
    in_a[n] = high_a - low_a;
    in_b[n++] = high_b - low_b;
    low_a = high_a;
    low_b = high_b;
    last = bound;
  }
  /* The last bin ends at the baseline's largest value; what is larger has one of its own. */
  double end_a = a->at_most[a->n - 1], end_b = wf_ranks_at_most(b, a->values[a->n - 1]);
  in_a[n] = end_a - low_a;
  in_b[n++] = end_b - low_b;
  in_a[n] = 0;
  in_b[n] = b->at_most[b->n - 1] - end_b;
  return in_b[n] > 0 ? n + 1 : n;
}

wf_status wf_drift_of_numbers(wf_drift *out, const wf_ranks *baseline, const wf_ranks *current,
                              size_t n_bins, wf_error *err) {
  if (n_bins == 0) n_bins = USUAL_BINS;
  if (n_bins > MOST_BINS) return wf_fail(err, WF_LIMIT, "%zu bins; at most %d", n_bins, MOST_BINS);
  double n = baseline->n ? baseline->at_most[baseline->n - 1] : 0;
  double m = current->n ? current->at_most[current->n - 1] : 0;
  if (n <= 0 || m <= 0) {
    *out = undefined(n, m);
    return WF_OK;
  }
  double *counts = wf_alloc_array(2 * (n_bins + 2), sizeof *counts);
  if (!counts) return wf_fail_nomem(err);
  wf_drift d = {.n = n, .m = m};
  double *second = counts + n_bins + 2;
  compare_shares(&d, counts, second, fill_bins(counts, second, baseline, current, n_bins));
  wf_free(counts);
  compare_ranks(&d, baseline, current);
  d.linf_robust = wf_drift_robust(d.linf, n, m);
  *out = d;
  return WF_OK;
}
