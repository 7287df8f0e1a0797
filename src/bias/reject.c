/* reject.c — the reject option: near the threshold, decide in favour of the disadvantaged.
 *
 * A grid of thresholds and margins is tried, as AIF360's RejectOptionClassification does. Scores
 * are sorted once by side and label; what a choice decides favourably is then four differences of
 * positions, found by bisection, so that a choice costs O(log n) instead of O(n). Where no choice
 * meets the bound, the gap nearest to 0 wins (AIF360 takes the most negative one). */
#include "wf/bias.h"

#include "base/alloc.h"
#include "base/error.h"
#include "bias/rows.h"

#include <math.h>
#include <stdlib.h>

/* Scores by [facet][label], ascending. */
typedef struct sorted {
  double *scores[2][2];
  size_t n[2][2];
} sorted;

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static size_t count_above(const double *scores, size_t n, double threshold) {
  size_t low = 0, high = n;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (scores[middle] <= threshold) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return n - low;
}

static wf_status check(const wf_bias_reject_options *o, const uint8_t *labels, const double *scores,
                       const uint8_t *facet, size_t n, wf_error *err) {
  if (!(o->bound >= 0 && o->bound <= 1)) {
    return wf_fail(err, WF_INVALID, "bound %g is not between 0 and 1", o->bound);
  }
  if (!(o->lowest > 0 && o->lowest <= o->highest && o->highest < 1)) {
    return wf_fail(err, WF_INVALID, "thresholds from %g to %g are not between 0 and 1", o->lowest,
                   o->highest);
  }
  if (o->n_thresholds > 10000 || o->n_margins > 10000) {
    return wf_fail(err, WF_LIMIT, "a grid of more than 10000 thresholds or margins");
  }
  for (size_t i = 0; i < n; i++) {
    WF_TRY(wf_bias_check_byte(labels, i, "label", err));
    WF_TRY(wf_bias_check_byte(facet, i, "facet", err));
    WF_TRY(wf_bias_check_score(scores, i, err));
  }
  return WF_OK;
}

static wf_status sort_scores(sorted *s, double *memory, const uint8_t *labels, const double *scores,
                             const uint8_t *facet, size_t n, wf_error *err) {
  for (size_t i = 0; i < n; i++) s->n[facet[i]][labels[i]]++;
  for (int f = 0; f < 2; f++) {
    for (int y = 0; y < 2; y++) {
      if (s->n[f][y] == 0) {
        return wf_fail(err, WF_INVALID, "%s has no %s label", f ? "the facet" : "the rest",
                       y ? "favourable" : "unfavourable");
      }
      s->scores[f][y] = memory;
      memory += s->n[f][y];
      s->n[f][y] = 0;
    }
  }
  for (size_t i = 0; i < n; i++) {
    s->scores[facet[i]][labels[i]][s->n[facet[i]][labels[i]]++] = scores[i];
  }
  for (int f = 0; f < 2; f++) {
    for (int y = 0; y < 2; y++) qsort(s->scores[f][y], s->n[f][y], sizeof(double), by_value);
  }
  return WF_OK;
}

/* Balanced accuracy and gap of one choice. */
static void judge(wf_bias_reject *choice, const sorted *s, wf_bias_gap gap) {
  double chosen[2][2], n[2][2];
  for (int f = 0; f < 2; f++) {
    /* d is chosen from the lower end of the margin on, the rest from above its upper end. */
    double from = f ? choice->threshold - choice->margin : choice->threshold + choice->margin;
    for (int y = 0; y < 2; y++) {
      chosen[f][y] = (double)count_above(s->scores[f][y], s->n[f][y], from);
      n[f][y] = (double)s->n[f][y];
    }
  }
  double true_positive = (chosen[0][1] + chosen[1][1]) / (n[0][1] + n[1][1]);
  double false_positive = (chosen[0][0] + chosen[1][0]) / (n[0][0] + n[1][0]);
  choice->balanced_accuracy = 0.5 * (true_positive + 1 - false_positive);
  double opportunity = chosen[1][1] / n[1][1] - chosen[0][1] / n[0][1];
  double alarm = chosen[1][0] / n[1][0] - chosen[0][0] / n[0][0];
  switch (gap) {
  case WF_BIAS_GAP_ODDS: choice->gap = 0.5 * (alarm + opportunity); break;
  case WF_BIAS_GAP_OPPORTUNITY: choice->gap = opportunity; break;
  case WF_BIAS_GAP_SELECTION:
    choice->gap = (chosen[1][0] + chosen[1][1]) / (n[1][0] + n[1][1]) -
                  (chosen[0][0] + chosen[0][1]) / (n[0][0] + n[0][1]);
    break;
  }
}

static bool is_better(const wf_bias_reject *a, const wf_bias_reject *b) {
  if (a->within != b->within) return a->within;
  if (a->within) return a->balanced_accuracy > b->balanced_accuracy;
  return fabs(a->gap) < fabs(b->gap);
}

/* Like numpy's linspace: steps of one quotient, the end exact. */
static double grid_at(double low, double high, size_t i, size_t n) {
  if (i + 1 == n) return n == 1 ? low : high;
  return low + (double)i * ((high - low) / (double)(n - 1));
}

static void search(wf_bias_reject *best, const sorted *s, const wf_bias_reject_options *o) {
  bool first = true;
  for (size_t i = 0; i < o->n_thresholds; i++) {
    wf_bias_reject choice = {.threshold = grid_at(o->lowest, o->highest, i, o->n_thresholds)};
    double widest = choice.threshold <= 0.5 ? choice.threshold : 1 - choice.threshold;
    for (size_t k = 0; k < o->n_margins; k++) {
      choice.margin = grid_at(0, widest, k, o->n_margins);
      judge(&choice, s, o->gap);
      choice.within = fabs(choice.gap) <= o->bound;
      if (first || is_better(&choice, best)) *best = choice;
      first = false;
    }
  }
}

wf_status wf_bias_fit_reject(wf_bias_reject *out, const uint8_t *labels, const double *scores,
                             const uint8_t *facet, size_t n, const wf_bias_reject_options *options,
                             wf_error *err) {
  wf_bias_reject_options o = options ? *options : (wf_bias_reject_options){0};
  if (o.bound == 0) o.bound = 0.05;
  if (o.lowest == 0) o.lowest = 0.01;
  if (o.highest == 0) o.highest = 0.99;
  if (o.n_thresholds == 0) o.n_thresholds = 100;
  if (o.n_margins == 0) o.n_margins = 50;
  WF_TRY(check(&o, labels, scores, facet, n, err));
  double *memory = wf_alloc_array(n, sizeof *memory);
  if (!memory) return wf_fail_nomem(err);
  sorted s = {.n = {{0}}};
  wf_status status = sort_scores(&s, memory, labels, scores, facet, n, err);
  if (status == WF_OK) search(out, &s, &o);
  wf_free(memory);
  return status;
}

bool wf_bias_reject_decide(const wf_bias_reject *fit, double score, bool in_d) {
  return score > (in_d ? fit->threshold - fit->margin : fit->threshold + fit->margin);
}
