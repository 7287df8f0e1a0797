/* predictions.c — bias of a model's predictions against the observed labels.
 *
 * Which side is subtracted from which, which empty side is complained of first and under which
 * prefix differ from metric to metric in Clarify; the table below is where that is kept. */
#include "bias/formula.h"

#include <math.h>

enum first_check { D_FIRST, A_FIRST };

typedef struct empty_texts {
  enum first_check first;
  const char *d, *a;
} empty_texts;

static const empty_texts plain = {D_FIRST, "Facet set is empty", "Negated Facet set is empty"};
static const empty_texts outcomes = {D_FIRST, "DCO: Facet set is empty",
                                     "DCO: Negated Facet set is empty"};
static const empty_texts label_rates = {D_FIRST, "DLR: Facet set is empty",
                                        "DLR: Negated Facet set is empty"};
static const empty_texts accuracies = {D_FIRST, "DLA: Facet set is empty",
                                       "DLA: Negated Facet set is empty"};
static const empty_texts impact = {A_FIRST, "Facet set is empty", "Negated facet set is empty"};
static const empty_texts proportions = {A_FIRST, "Facet set is empty.",
                                        "Negative facet set is empty."};

static const empty_texts *texts_of(wf_bias_metric metric) {
  switch ((int)metric) {
  case WF_BIAS_DPPL: return &proportions;
  case WF_BIAS_DI: return &impact;
  case WF_BIAS_DCA:
  case WF_BIAS_DCR: return &outcomes;
  case WF_BIAS_DAR:
  case WF_BIAS_DRR: return &label_rates;
  case WF_BIAS_RD:
  case WF_BIAS_SD: return &accuracies;
  default: return &plain; /* AD, TE */
  }
}

static wf_status check_sides(wf_bias_metric metric, const wf_bias_sides *s, wf_error *err) {
  const empty_texts *texts = texts_of(metric);
  bool a = s->a.n == 0, d = s->d.n == 0;
  if (!a && !d) return WF_OK;
  bool blame_d = texts->first == D_FIRST ? d : !a;
  return wf_fail(err, WF_INVALID, "%s", blame_d ? texts->d : texts->a);
}

/* Generalised entropy of the benefits b = prediction - label + 1 at alpha = 2, over both sides. */
static wf_status generalized_entropy(double *out, const wf_bias_sides *s, wf_error *err) {
  double fp = s->a.fp + s->d.fp, fn = s->a.fn + s->d.fn, n = s->a.n + s->d.n;
  double met = s->a.tp + s->d.tp + s->a.tn + s->d.tn;
  if (n == 0) return wf_fail(err, WF_INVALID, "dataset must be non-empty");
  if (fn == n) {
    return wf_fail(err, WF_INVALID,
                   "All predicted labels are false negatives. There should be at least one "
                   "prediction that is not false negative.");
  }
  double mean = (met + 2 * fp) / n;
  double one = 1 / mean, two = 2 / mean;
  *out = (met * (one * one - 1) + fp * (two * two - 1) - fn) / (2 * n);
  return WF_OK;
}

/* What a metric compares between the sides. */
static double rate_of(wf_bias_metric metric, const wf_bias_side *s) {
  switch ((int)metric) {
  case WF_BIAS_AD: return wf_bias_divide(s->tp + s->tn, s->n);
  case WF_BIAS_DAR: return wf_bias_divide(s->tp, s->pos_hat);
  case WF_BIAS_DCA: return wf_bias_divide(s->pos, s->pos_hat);
  case WF_BIAS_DCR: return wf_bias_divide(s->neg, s->neg_hat);
  case WF_BIAS_DRR: return wf_bias_divide(s->tn, s->neg_hat);
  case WF_BIAS_RD: return wf_bias_divide(s->tp, s->pos);
  case WF_BIAS_SD: return wf_bias_divide(s->tn, s->neg);
  case WF_BIAS_TE: return wf_bias_divide(s->fn, s->fp);
  default: return wf_bias_divide(s->pos_hat, s->n); /* DI, DPPL */
  }
}

wf_status wf_bias_of_predictions(double *out, wf_bias_metric metric, const wf_bias_sides *sides,
                                 wf_error *err) {
  if (metric == WF_BIAS_GE) return generalized_entropy(out, sides, err);
  WF_TRY(check_sides(metric, sides, err));
  double a = rate_of(metric, &sides->a), d = rate_of(metric, &sides->d);
  switch ((int)metric) {
  case WF_BIAS_DI: *out = wf_bias_divide(d, a); break;
  case WF_BIAS_DCR:
  case WF_BIAS_DRR:
  case WF_BIAS_SD:
  case WF_BIAS_TE: *out = wf_bias_difference(d, a); break;
  default: *out = wf_bias_difference(a, d);
  }
  return WF_OK;
}
