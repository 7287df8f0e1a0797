/* report.c — the statistics that accompany the metrics in a report. */
#include "wf/bias.h"

#include "bias/formula.h"

static void set_fractions(double out[4], const wf_bias_side *s) {
  const double counts[4] = {s->tp, s->fp, s->fn, s->tn};
  for (int i = 0; i < 4; i++) out[i] = wf_bias_divide(counts[i], s->n);
}

wf_status wf_bias_basic_stats(wf_bias_basics *out, const wf_bias_cells *cells, wf_error *err) {
  wf_bias_sides s = wf_bias_sides_of(cells);
  if (s.a.n + s.d.n == 0) return wf_fail(err, WF_INVALID, "division by zero");
  double favourable = wf_bias_divide(s.d.pos, s.d.n);
  out->proportion = s.d.n / (s.a.n + s.d.n);
  out->observed_label_distribution[0] = favourable;
  out->observed_label_distribution[1] = 1 - favourable;
  set_fractions(out->confusion_matrix, &s.d);
  return WF_OK;
}

static wf_bias_side both(const wf_bias_sides *s) {
  return (wf_bias_side){
      .n = s->a.n + s->d.n,
      .pos = s->a.pos + s->d.pos,
      .neg = s->a.neg + s->d.neg,
      .pos_hat = s->a.pos_hat + s->d.pos_hat,
      .neg_hat = s->a.neg_hat + s->d.neg_hat,
      .tp = s->a.tp + s->d.tp,
      .fp = s->a.fp + s->d.fp,
      .fn = s->a.fn + s->d.fn,
      .tn = s->a.tn + s->d.tn,
  };
}

void wf_bias_model_performance(wf_bias_performance *out, const wf_bias_cells *cells) {
  wf_bias_sides sides = wf_bias_sides_of(cells);
  wf_bias_side all = both(&sides);
  double precision = wf_bias_divide(all.tp, all.pos_hat), recall = wf_bias_divide(all.tp, all.pos);
  double *values = out->values;
  values[WF_BIAS_ACCURACY] = wf_bias_divide(all.tp + all.tn, all.n);
  values[WF_BIAS_PPL] = wf_bias_divide(all.pos_hat, all.n);
  values[WF_BIAS_PNL] = wf_bias_divide(all.neg_hat, all.n);
  values[WF_BIAS_RECALL] = recall;
  values[WF_BIAS_SPECIFICITY] = wf_bias_divide(all.tn, all.neg);
  values[WF_BIAS_PRECISION] = precision;
  values[WF_BIAS_REJECTION_RATE] = wf_bias_divide(all.tn, all.neg_hat);
  values[WF_BIAS_CONDITIONAL_ACCEPTANCE] = wf_bias_divide(all.pos, all.pos_hat);
  values[WF_BIAS_CONDITIONAL_REJECTION] = wf_bias_divide(all.neg, all.neg_hat);
  values[WF_BIAS_F1] = 2 * wf_bias_divide(precision * recall, precision + recall);
  set_fractions(out->confusion_matrix, &all);
}

typedef struct entry {
  const char *name, *description;
} entry;

static const entry entries[] = {
#define ENTRY(id, name, text) {name, text},
    WF_BIAS_PERFORMANCE_MAP(ENTRY)
#undef ENTRY
};

const char *wf_bias_performance_name(int index) { return entries[index].name; }

const char *wf_bias_performance_description(int index) { return entries[index].description; }
