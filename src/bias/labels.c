/* labels.c — bias of the observed labels, before any model, and the conditional disparities.
 *
 * The five distances compare the label distributions of both sides over the classes that occur on
 * both, without renormalising, as Clarify does: when one side has a single class, KL may be
 * negative and TVD is half of what one expects. */
#include "bias/formula.h"

#include <math.h>

/* Shares of the classes common to both sides. */
typedef struct shares {
  int n;
  double a[2], d[2], both[2]; /* `both`: of all rows together */
} shares;

static void add_class(shares *out, double in_a, double in_d, const wf_bias_sides *s) {
  if (in_a == 0 || in_d == 0) return;
  out->a[out->n] = in_a / s->a.n;
  out->d[out->n] = in_d / s->d.n;
  out->both[out->n] = (in_a + in_d) / (s->a.n + s->d.n);
  out->n++;
}

static wf_status find_shares(shares *out, const wf_bias_sides *s, wf_error *err) {
  out->n = 0;
  add_class(out, s->a.neg, s->d.neg, s);
  add_class(out, s->a.pos, s->d.pos, s);
  if (out->n) return WF_OK;
  return wf_fail(err, WF_INVALID, "No instance of common facet found, dataset may be too small");
}

static double kullback_leibler(const double *p, const double *q, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += p[i] * log(p[i] / q[i]);
  return sum;
}

/* `middle` is what both sides are compared with. */
static double jensen_shannon(const shares *s, const double *middle) {
  return 0.5 * (kullback_leibler(s->a, middle, s->n) + kullback_leibler(s->d, middle, s->n));
}

static double distance(wf_bias_metric metric, const shares *s) {
  double largest = 0, sum = 0, squares = 0, middle[2];
  for (int i = 0; i < s->n; i++) {
    double away = fabs(s->a[i] - s->d[i]);
    middle[i] = (s->a[i] + s->d[i]) / 2;
    largest = fmax(largest, away);
    sum += away;
    squares += away * away;
  }
  switch ((int)metric) {
  case WF_BIAS_KL: return kullback_leibler(s->a, s->d, s->n);
  case WF_BIAS_JS: return jensen_shannon(s, middle);
  case WF_BIAS_KS: return largest;
  case WF_BIAS_LP: return sqrt(squares);
  default: return sum / 2; /* TVD */
  }
}

wf_status wf_bias_js_of_2020(double *out, const wf_bias_cells *cells, wf_error *err) {
  wf_bias_sides sides = wf_bias_sides_of(cells);
  shares s;
  WF_TRY(find_shares(&s, &sides, err));
  *out = jensen_shannon(&s, s.both);
  return WF_OK;
}

static wf_status class_imbalance(double *out, const wf_bias_sides *s, wf_error *err) {
  if (s->a.n == 0) {
    return wf_fail(err, WF_INVALID,
                   "CI: negated facet set is empty. Check that x[~facet] has non-zero length.");
  }
  if (s->d.n == 0) {
    return wf_fail(err, WF_INVALID,
                   "CI: facet set is empty. Check that x[facet] has non-zero length.");
  }
  *out = (s->a.n - s->d.n) / (s->a.n + s->d.n);
  return WF_OK;
}

static wf_status label_difference(double *out, const wf_bias_sides *s, wf_error *err) {
  if (s->a.n == 0) return wf_fail(err, WF_INVALID, "Negative facet set is empty.");
  if (s->d.n == 0) return wf_fail(err, WF_INVALID, "Facet set is empty.");
  *out = s->a.pos / s->a.n - s->d.pos / s->d.n;
  return WF_OK;
}

wf_status wf_bias_of_labels(double *out, wf_bias_metric metric, const wf_bias_sides *sides,
                            wf_error *err) {
  if (metric == WF_BIAS_CI) return class_imbalance(out, sides, err);
  if (metric == WF_BIAS_DPL) return label_difference(out, sides, err);
  shares s;
  WF_TRY(find_shares(&s, sides, err));
  *out = distance(metric, &s);
  return WF_OK;
}

typedef struct outcome {
  double accepted, rejected;
} outcome;

static outcome outcome_of(const wf_bias_side *side, bool predicted) {
  return predicted ? (outcome){side->pos_hat, side->neg_hat} : (outcome){side->pos, side->neg};
}

/* Share of d among the rejected minus its share among the accepted. */
static double disparity(outcome a, outcome d) {
  double rejected = a.rejected + d.rejected, accepted = a.accepted + d.accepted;
  return (rejected > 0 ? d.rejected / rejected : 0) - (accepted > 0 ? d.accepted / accepted : 0);
}

wf_status wf_bias_conditional(double *out, bool predicted, const wf_bias_cells *cells,
                              const wf_bias_cells *by_group, size_t n_groups, wf_error *err) {
  if (!by_group || n_groups == 0) {
    return wf_fail(err, WF_INVALID, "Group variable is empty or not provided");
  }
  wf_bias_sides all = wf_bias_sides_of(cells);
  outcome a = outcome_of(&all.a, predicted), d = outcome_of(&all.d, predicted);
  if (a.accepted + d.accepted == 0) return wf_fail(err, WF_INVALID, "No positive labels in set");
  if (a.rejected + d.rejected == 0) return wf_fail(err, WF_INVALID, "No negative labels in set");
  double sum = 0, rows = 0;
  for (size_t g = 0; g < n_groups; g++) {
    wf_bias_sides s = wf_bias_sides_of(&by_group[g]);
    double n = s.a.n + s.d.n;
    sum += n * disparity(outcome_of(&s.a, predicted), outcome_of(&s.d, predicted));
    rows += n;
  }
  *out = wf_bias_divide(sum, rows);
  return WF_OK;
}
