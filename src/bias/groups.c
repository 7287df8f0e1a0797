/* groups.c — any number of groups side by side: rates by group, what they span, and the inequality
 * of benefits.
 *
 * Rates follow Fairlearn (a zero denominator gives 0), which follows scikit-learn. A group without
 * rows has no rates (NaN) and takes no part in a spread, and a spread says how many groups did: a
 * group that silently vanishes looks perfectly fair. Two rates of 0 are equal, so their ratio is 1
 * (Fairlearn: NaN). Entropies are those of Speicher et al., "A unified approach to quantifying
 * algorithmic unfairness", KDD 2018, with benefit b = prediction - label + 1 in {0, 1, 2}. */
#include "wf/bias.h"

#include "base/alloc.h"
#include "base/error.h"
#include "bias/rows.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {
#define NAME(id, name) name,
    WF_BIAS_RATE_MAP(NAME)
#undef NAME
};

const char *wf_bias_rate_name(wf_bias_rate rate) { return names[rate]; }

bool wf_bias_rate_find(const char *name, wf_bias_rate *out) {
  for (int i = 0; i < WF_BIAS_RATES; i++) {
    if (strcmp(names[i], name) != 0) continue;
    *out = (wf_bias_rate)i;
    return true;
  }
  return false;
}

/* --- counting -------------------------------------------------------------------------------- */

static wf_status check_rows(const uint8_t *labels, const uint8_t *predictions,
                            const int32_t *groups, size_t n_groups, const double *weights, size_t n,
                            wf_error *err) {
  unsigned all = 0;
  bool good = wf_bias_in_range(groups, n, n_groups);
  for (size_t i = 0; i < n; i++) all |= (unsigned)(labels[i] | predictions[i]);
  for (size_t i = 0; i < n && weights; i++) good &= weights[i] >= 0 && isfinite(weights[i]);
  for (size_t i = 0; (!good || all > 1) && i < n; i++) {
    WF_TRY(wf_bias_check_byte(labels, i, "label", err));
    WF_TRY(wf_bias_check_byte(predictions, i, "prediction", err));
    WF_TRY(wf_bias_check_number(groups, i, n_groups, "group", err));
    if (weights && !(weights[i] >= 0 && isfinite(weights[i]))) {
      return wf_fail(err, WF_INVALID, "row %zu: weight %g is not a finite number of at least 0",
                     i + 1, weights[i]);
    }
  }
  return WF_OK;
}

/* Slot 0 is for rows without a group; cells are [slot][label * 2 + prediction]. */
static void count_cells(uint64_t *cells, const uint8_t *labels, const uint8_t *predictions,
                        const int32_t *groups, size_t n) {
  for (size_t i = 0; i < n; i++) {
    cells[(size_t)(groups[i] + 1) * 4 + (size_t)(labels[i] * 2 + predictions[i])]++;
  }
}

static void weigh_cells(long double *cells, const uint8_t *labels, const uint8_t *predictions,
                        const int32_t *groups, const double *weights, size_t n) {
  for (size_t i = 0; i < n; i++) {
    cells[(size_t)(groups[i] + 1) * 4 + (size_t)(labels[i] * 2 + predictions[i])] +=
        (long double)weights[i];
  }
}

wf_status wf_bias_count_groups(wf_bias_confusion *out, const uint8_t *labels,
                               const uint8_t *predictions, const int32_t *groups, size_t n_groups,
                               const double *weights, size_t n, wf_error *err) {
  WF_TRY(wf_bias_check_sizes(n, n_groups, err));
  WF_TRY(check_rows(labels, predictions, groups, n_groups, weights, n, err));
  size_t size = weights ? sizeof(long double) : sizeof(uint64_t);
  void *cells = wf_alloc_zero((n_groups + 1) * 4, size);
  if (!cells) return wf_fail_nomem(err);
  const uint64_t *counts = cells;
  const long double *sums = cells;
  if (weights) {
    weigh_cells(cells, labels, predictions, groups, weights, n);
  } else {
    count_cells(cells, labels, predictions, groups, n);
  }
  for (size_t g = 0; g < n_groups; g++) {
    double c[4];
    for (size_t i = 0; i < 4; i++) {
      size_t at = (g + 1) * 4 + i;
      c[i] = weights ? (double)sums[at] : (double)counts[at];
    }
    out[g] = (wf_bias_confusion){.tn = c[0], .fp = c[1], .fn = c[2], .tp = c[3]};
  }
  wf_free(cells);
  return WF_OK;
}

/* --- rates ----------------------------------------------------------------------------------- */

static double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

static double size_of(const wf_bias_confusion *c) { return c->tp + c->fp + c->fn + c->tn; }

static double balanced(const wf_bias_confusion *c) {
  double positive = c->tp + c->fn, negative = c->tn + c->fp;
  if (positive > 0 && negative > 0) return (c->tp / positive + c->tn / negative) / 2;
  return positive > 0 ? c->tp / positive : c->tn / negative;
}

double wf_bias_rate_of(wf_bias_rate rate, const wf_bias_confusion *c) {
  double n = size_of(c);
  if (rate == WF_BIAS_RATE_COUNT) return n;
  if (!(n > 0)) return (double)NAN;
  switch ((int)rate) {
  case WF_BIAS_RATE_SELECTION: return (c->tp + c->fp) / n;
  case WF_BIAS_RATE_BASE: return (c->tp + c->fn) / n;
  case WF_BIAS_RATE_ACCURACY: return (c->tp + c->tn) / n;
  case WF_BIAS_RATE_ZERO_ONE_LOSS: return (c->fp + c->fn) / n;
  case WF_BIAS_RATE_TRUE_POSITIVE: return ratio(c->tp, c->tp + c->fn);
  case WF_BIAS_RATE_FALSE_POSITIVE: return ratio(c->fp, c->fp + c->tn);
  case WF_BIAS_RATE_TRUE_NEGATIVE: return ratio(c->tn, c->fp + c->tn);
  case WF_BIAS_RATE_FALSE_NEGATIVE: return ratio(c->fn, c->tp + c->fn);
  case WF_BIAS_RATE_PRECISION: return ratio(c->tp, c->tp + c->fp);
  case WF_BIAS_RATE_NEGATIVE_PREDICTIVE: return ratio(c->tn, c->tn + c->fn);
  case WF_BIAS_RATE_FALSE_DISCOVERY: return ratio(c->fp, c->tp + c->fp);
  case WF_BIAS_RATE_FALSE_OMISSION: return ratio(c->fn, c->tn + c->fn);
  case WF_BIAS_RATE_F1: return ratio(2 * c->tp, 2 * c->tp + c->fp + c->fn);
  default: return balanced(c);
  }
}

wf_bias_confusion wf_bias_sum_groups(const wf_bias_confusion *groups, size_t n_groups) {
  wf_bias_confusion all = {0};
  for (size_t g = 0; g < n_groups; g++) {
    all.tp += groups[g].tp;
    all.fp += groups[g].fp;
    all.fn += groups[g].fn;
    all.tn += groups[g].tn;
  }
  return all;
}

/* The smaller over the larger; equal rates give 1, also two zeros. */
static double fold(double x, double y) {
  if (x == y) return 1;
  return fmin(x, y) / fmax(x, y);
}

wf_status wf_bias_spread_of(wf_bias_spread *out, wf_bias_rate rate, const wf_bias_confusion *groups,
                            size_t n_groups, double least_size, wf_error *err) {
  wf_bias_confusion all = wf_bias_sum_groups(groups, n_groups);
  wf_bias_spread s = {.overall = wf_bias_rate_of(rate, &all), .ratio_to_overall = 1};
  for (size_t g = 0; g < n_groups; g++) {
    double value = wf_bias_rate_of(rate, &groups[g]), size = size_of(&groups[g]);
    if (!(size > 0) || size < least_size) continue;
    if (s.n_groups == 0 || value < s.min) s.min = value, s.lowest = g;
    if (s.n_groups == 0 || value > s.max) s.max = value, s.highest = g;
    s.difference_to_overall = fmax(s.difference_to_overall, fabs(value - s.overall));
    s.ratio_to_overall = fmin(s.ratio_to_overall, fold(value, s.overall));
    s.n_groups++;
  }
  if (s.n_groups == 0) {
    return wf_fail(err, WF_INVALID, "no group has at least %g rows", fmax(least_size, 1));
  }
  s.difference = s.max - s.min;
  s.ratio = fold(s.min, s.max);
  *out = s;
  return WF_OK;
}

wf_status wf_bias_parity_of(wf_bias_parity *out, const wf_bias_confusion *groups, size_t n_groups,
                            double least_size, bool to_overall, wf_error *err) {
  wf_bias_spread selected, tpr, fpr;
  WF_TRY(wf_bias_spread_of(&selected, WF_BIAS_RATE_SELECTION, groups, n_groups, least_size, err));
  WF_TRY(wf_bias_spread_of(&tpr, WF_BIAS_RATE_TRUE_POSITIVE, groups, n_groups, least_size, err));
  WF_TRY(wf_bias_spread_of(&fpr, WF_BIAS_RATE_FALSE_POSITIVE, groups, n_groups, least_size, err));
#define DIFFERENCE(spread) (to_overall ? (spread).difference_to_overall : (spread).difference)
#define RATIO(spread) (to_overall ? (spread).ratio_to_overall : (spread).ratio)
  *out = (wf_bias_parity){
      .demographic_parity_difference = DIFFERENCE(selected),
      .demographic_parity_ratio = RATIO(selected),
      .equal_opportunity_difference = DIFFERENCE(tpr),
      .equal_opportunity_ratio = RATIO(tpr),
      .equalized_odds_difference = fmax(DIFFERENCE(tpr), DIFFERENCE(fpr)),
      .equalized_odds_ratio = fmin(RATIO(tpr), RATIO(fpr)),
      .mean_odds_difference = (DIFFERENCE(tpr) + DIFFERENCE(fpr)) / 2,
      .mean_odds_ratio = (RATIO(tpr) + RATIO(fpr)) / 2,
  };
#undef DIFFERENCE
#undef RATIO
  return WF_OK;
}

/* --- inequality ------------------------------------------------------------------------------ */

/* The term of one row whose benefit is `share` times the mean. */
static double entropy_term(double share, double alpha) {
  if (alpha == 1) return share > 0 ? share * log(share) : 0;
  if (alpha == 0) return share > 0 ? -log(share) : (double)INFINITY;
  return (pow(share, alpha) - 1) / (alpha * (alpha - 1));
}

static double weighted_term(double weight, double share, double alpha) {
  return weight > 0 ? weight * entropy_term(share, alpha) : 0;
}

wf_status wf_bias_entropy_of(wf_bias_entropy *out, const wf_bias_confusion *groups, size_t n_groups,
                             double alpha, wf_error *err) {
  wf_bias_confusion all = wf_bias_sum_groups(groups, n_groups);
  double n = size_of(&all), mean = (all.tp + all.tn + 2 * all.fp) / n, between = 0;
  if (!(n > 0)) return wf_fail(err, WF_INVALID, "dataset must be non-empty");
  if (!(mean > 0)) return wf_fail(err, WF_INVALID, "every prediction is a false negative");
  if (isnan(alpha)) return wf_fail(err, WF_INVALID, "alpha is not a number");
  for (size_t g = 0; g < n_groups; g++) {
    const wf_bias_confusion *c = &groups[g];
    double size = size_of(c);
    if (size > 0) between += weighted_term(size, (c->tp + c->tn + 2 * c->fp) / size / mean, alpha);
  }
  double total = weighted_term(all.fn, 0, alpha) + weighted_term(all.tp + all.tn, 1 / mean, alpha) +
                 weighted_term(all.fp, 2 / mean, alpha);
  *out = (wf_bias_entropy){.total = total / n, .between_groups = between / n};
  return WF_OK;
}

/* Foulds et al., "An intersectional definition of fairness", 2020: rates of favourable outcomes are
 * smoothed by a symmetric Dirichlet prior, then compared pair by pair, both outcomes. Only the
 * extreme rates can attain the maximum. */
wf_status wf_bias_smoothed_edf(wf_bias_edf *out, const wf_bias_confusion *groups, size_t n_groups,
                               bool predicted, double concentration, wf_error *err) {
  double low = 2, high = -1;
  wf_bias_edf edf = {0};
  if (!(concentration > 0)) {
    return wf_fail(err, WF_INVALID, "concentration %g is not positive", concentration);
  }
  for (size_t g = 0; g < n_groups; g++) {
    double n = size_of(&groups[g]);
    if (!(n > 0)) continue;
    double favourable = groups[g].tp + (predicted ? groups[g].fp : groups[g].fn);
    double rate = (favourable + concentration / 2) / (n + concentration);
    if (rate < low) low = rate, edf.lowest = g;
    if (rate > high) high = rate, edf.highest = g;
  }
  if (high < 0) return wf_fail(err, WF_INVALID, "dataset must be non-empty");
  edf.value = fmax(log(high / low), log((1 - low) / (1 - high)));
  *out = edf;
  return WF_OK;
}

/* --- reweighing ------------------------------------------------------------------------------ */

/* Kamiran and Calders, "Data preprocessing techniques for classification without discrimination",
 * 2012: w = P(group) P(label) / P(group, label), which makes label and group independent. */
wf_status wf_bias_reweigh(double *out, const uint8_t *labels, const int32_t *groups,
                          size_t n_groups, const double *weights, size_t n, wf_error *err) {
  wf_bias_confusion *cells = wf_alloc_array(n_groups, sizeof *cells);
  if (!cells) return wf_fail_nomem(err);
  wf_status status = wf_bias_count_groups(cells, labels, labels, groups, n_groups, weights, n, err);
  if (status == WF_OK) {
    wf_bias_confusion all = wf_bias_sum_groups(cells, n_groups);
    double total = all.tp + all.tn;
    for (size_t i = 0; i < n; i++) {
      double weight = weights ? weights[i] : 1;
      out[i] = weight;
      if (groups[i] < 0 || weight == 0) continue;
      const wf_bias_confusion *c = &cells[groups[i]];
      double of_label = labels[i] ? all.tp : all.tn, of_both = labels[i] ? c->tp : c->tn;
      out[i] = weight * ((c->tp + c->tn) * of_label / (total * of_both));
    }
  }
  wf_free(cells);
  return status;
}
