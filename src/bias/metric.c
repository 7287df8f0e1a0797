/* metric.c — the metrics by name, and the way from a table to a value.
 *
 * Cells hold whole numbers (or sums of weights) in doubles, exact to 2^53; only the last few
 * operations round. Division follows Clarify: 0/0 is 0 and x/0 is infinite, so no value is NaN. */
#include "wf/bias.h"

#include "bias/formula.h"

#include <math.h>
#include <string.h>

typedef struct entry {
  const char *name, *description;
} entry;

static const entry entries[] = {
#define ENTRY(name, text) {#name, text},
    WF_BIAS_PRE_MAP(ENTRY) WF_BIAS_POST_MAP(ENTRY)
#undef ENTRY
};

#define COUNT_ONE(name, text) +1
enum { N_PRE = 0 WF_BIAS_PRE_MAP(COUNT_ONE) };
#undef COUNT_ONE

const char *wf_bias_metric_name(wf_bias_metric metric) { return entries[metric].name; }

const char *wf_bias_metric_description(wf_bias_metric metric) {
  return entries[metric].description;
}

bool wf_bias_metric_find(const char *name, wf_bias_metric *out) {
  for (int i = 0; i < WF_BIAS_METRICS; i++) {
    if (strcmp(entries[i].name, name) != 0) continue;
    *out = (wf_bias_metric)i;
    return true;
  }
  return false;
}

bool wf_bias_metric_is_pre_training(wf_bias_metric metric) { return (int)metric < N_PRE; }

double wf_bias_divide(double x, double y) {
  if (y != 0) return x / y;
  return x == 0 ? 0 : copysign((double)INFINITY, x);
}

double wf_bias_difference(double x, double y) { return isinf(x) && x == y ? 0 : x - y; }

static wf_bias_side side_of(const wf_bias_cells *cells, int facet) {
  const double(*n)[2] = cells->n[facet];
  wf_bias_side s = {.tp = n[1][1], .fn = n[1][0], .fp = n[0][1], .tn = n[0][0]};
  s.pos = s.tp + s.fn;
  s.neg = s.fp + s.tn;
  s.pos_hat = s.tp + s.fp;
  s.neg_hat = s.fn + s.tn;
  s.n = s.pos + s.neg;
  return s;
}

wf_bias_sides wf_bias_sides_of(const wf_bias_cells *cells) {
  return (wf_bias_sides){.a = side_of(cells, 0), .d = side_of(cells, 1)};
}

wf_status wf_bias_compute(double *out, wf_bias_metric metric, const wf_bias_cells *cells,
                          const wf_bias_cells *by_group, size_t n_groups, wf_error *err) {
  if (metric == WF_BIAS_CDDL || metric == WF_BIAS_CDDPL) {
    return wf_bias_conditional(out, metric == WF_BIAS_CDDPL, cells, by_group, n_groups, err);
  }
  wf_bias_sides sides = wf_bias_sides_of(cells);
  if (wf_bias_metric_is_pre_training(metric)) {
    return wf_bias_of_labels(out, metric, &sides, err);
  }
  return wf_bias_of_predictions(out, metric, &sides, err);
}
