/* closed_form.c — intervals that need no resampling: of metrics that are one share of the rows, or
 * that compare one share of two independent groups.
 *
 * Clopper and Pearson (Biometrika 26, 1934) for one share: the limits are quantiles of beta
 * distributions, and the interval holds the true share at least as often as it says. Newcombe
 * (Statistics in Medicine 17, 1998, method 10) for a difference of shares, from Wilson's interval
 * of each. Katz, Baptista, Azen and Pike (Biometrics 34, 1978) for a ratio of shares: the logarithm
 * is about normal. The incomplete beta function is its continued fraction (DLMF 8.17.22), evaluated
 * by the modified Lentz method. */
#include "wf/bias.h"

#include "bias/formula.h"

#include <float.h>
#include <math.h>

static const char *const rule_names[] = {"resampling", "Clopper-Pearson", "Newcombe", "Katz"};

const char *wf_bias_interval_rule_name(wf_bias_interval_rule rule) { return rule_names[rule]; }

/* --- quantiles ------------------------------------------------------------------------------ */

static double nonzero(double x) { return fabs(x) < DBL_MIN ? DBL_MIN : x; }

/* The continued fraction of the incomplete beta function; converges fast for x < (a + 1) / (a + b +
 * 2). */
static double beta_fraction(double a, double b, double x) {
  double c = 1, d = 1 / nonzero(1 - (a + b) * x / (a + 1)), product = d;
  for (double m = 1; m < 1e6; m++) {
    double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonzero(1 + even * d);
    c = nonzero(1 + even / c);
    product *= c * d;
    d = 1 / nonzero(1 + odd * d);
    c = nonzero(1 + odd / c);
    product *= c * d;
    if (fabs(c * d - 1) < 4 * DBL_EPSILON) break;
  }
  return product;
}

static double log_gamma(double x) {
  int sign;
  return lgamma_r(x, &sign); /* lgamma would write a global */
}

/* The share of a beta(a, b) distribution that lies below x. */
static double beta_below(double a, double b, double x) {
  if (x <= 0 || x >= 1) return x >= 1;
  double log_front = log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x);
  if (x < (a + 1) / (a + b + 2)) return exp(log_front) * beta_fraction(a, b, x) / a;
  return 1 - exp(log_front) * beta_fraction(b, a, 1 - x) / b;
}

static double beta_quantile(double a, double b, double share) {
  double low = 0, high = 1;
  for (;;) {
    double middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (beta_below(a, b, middle) < share)
      low = middle;
    else
      high = middle;
  }
}

/* How many standard deviations around the mean hold `level` of a normal distribution. */
static double normal_reach(double level) {
  double low = 0, high = 40;
  for (;;) {
    double middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (erf(middle * M_SQRT1_2) < level)
      low = middle;
    else
      high = middle;
  }
}

/* --- shares ---------------------------------------------------------------------------------- */

typedef struct span {
  double low, high;
} span;

static span clopper_pearson(double k, double n, double level) {
  double out = (1 - level) / 2;
  return (span){k > 0 ? beta_quantile(k, n - k + 1, out) : 0,
                k < n ? beta_quantile(k + 1, n - k, 1 - out) : 1};
}

static span wilson(double k, double n, double z) {
  double share = k / n, square = z * z / n;
  double middle = (share + square / 2) / (1 + square);
  double reach = z * sqrt(share * (1 - share) / n + square / (4 * n)) / (1 + square);
  return (span){middle - reach, middle + reach};
}

/* k of n rows on either side: what a metric compares. */
typedef struct shares {
  double k_a, n_a, k_d, n_d;
} shares;

static bool shares_of(shares *out, wf_bias_metric metric, const wf_bias_side *a,
                      const wf_bias_side *d) {
  switch ((int)metric) {
  case WF_BIAS_DPL: *out = (shares){a->pos, a->n, d->pos, d->n}; return true;
  case WF_BIAS_DI:
  case WF_BIAS_DPPL: *out = (shares){a->pos_hat, a->n, d->pos_hat, d->n}; return true;
  case WF_BIAS_AD: *out = (shares){a->tp + a->tn, a->n, d->tp + d->tn, d->n}; return true;
  case WF_BIAS_RD: *out = (shares){a->tp, a->pos, d->tp, d->pos}; return true;
  case WF_BIAS_SD: *out = (shares){a->tn, a->neg, d->tn, d->neg}; return true;
  case WF_BIAS_DAR: *out = (shares){a->tp, a->pos_hat, d->tp, d->pos_hat}; return true;
  case WF_BIAS_DRR: *out = (shares){a->tn, a->neg_hat, d->tn, d->neg_hat}; return true;
  default: return false;
  }
}

/* Of share a minus share d. */
static span newcombe(const shares *s, double level) {
  double z = normal_reach(level), a = s->k_a / s->n_a, d = s->k_d / s->n_d;
  span around_a = wilson(s->k_a, s->n_a, z), around_d = wilson(s->k_d, s->n_d, z);
  return (span){a - d - hypot(a - around_a.low, around_d.high - d),
                a - d + hypot(around_a.high - a, d - around_d.low)};
}

/* Of share d over share a. */
static span katz(const shares *s, double level) {
  double ratio = s->k_d / s->n_d / (s->k_a / s->n_a);
  double deviation = sqrt(1 / s->k_a - 1 / s->n_a + 1 / s->k_d - 1 / s->n_d);
  double factor = exp(normal_reach(level) * deviation);
  return (span){ratio / factor, ratio * factor};
}

static wf_bias_interval_rule closed_span(span *out, wf_bias_metric metric,
                                         const wf_bias_sides *sides, double level) {
  const wf_bias_side *a = &sides->a, *d = &sides->d;
  shares s;
  if (metric == WF_BIAS_CI && a->n > 0 && d->n > 0) { /* 1 - 2 x the share of d */
    span share = clopper_pearson(d->n, a->n + d->n, level);
    *out = (span){1 - 2 * share.high, 1 - 2 * share.low};
    return WF_BIAS_CLOPPER_PEARSON;
  }
  if (!shares_of(&s, metric, a, d) || s.n_a == 0 || s.n_d == 0) return WF_BIAS_RESAMPLING;
  if (metric == WF_BIAS_DI) {
    if (s.k_a == 0 || s.k_d == 0) return WF_BIAS_RESAMPLING;
    *out = katz(&s, level);
    return WF_BIAS_KATZ;
  }
  span difference = newcombe(&s, level);
  bool turned = metric == WF_BIAS_SD || metric == WF_BIAS_DRR; /* d minus a */
  *out = turned ? (span){-difference.high, -difference.low} : difference;
  return WF_BIAS_NEWCOMBE;
}

wf_bias_interval_rule wf_bias_closed_interval(wf_bias_interval *out, wf_bias_metric metric,
                                              const wf_bias_cells *cells, double level) {
  wf_bias_sides sides = wf_bias_sides_of(cells);
  span limits;
  wf_bias_interval_rule rule = closed_span(&limits, metric, &sides, level);
  if (rule != WF_BIAS_RESAMPLING) *out = (wf_bias_interval){limits.low, limits.high, 1};
  return rule;
}
