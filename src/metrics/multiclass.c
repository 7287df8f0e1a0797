/* multiclass.c — several classes: a confusion table, and one ranking per class.
 *
 * The predicted class is the first of the highest scores. Macro averages run over the classes that
 * occur among labels or predictions, whatever their weight, as scikit-learn's default does; the
 * confusion table always has every class. */
#include "wf/metrics.h"

#include "base/alloc.h"
#include "metrics/input.h"
#include "metrics/ranking.h"

#include <float.h>
#include <math.h>

typedef struct class_sums {
  wf_sum *confusion; /* [true * n_classes + predicted] */
  bool *seen;
  wf_sum log_loss, total;
} class_sums;

static size_t highest(const double *scores, size_t n_classes) {
  size_t best = 0;
  for (size_t c = 1; c < n_classes; c++) {
    if (scores[c] > scores[best]) best = c;
  }
  return best;
}

/* Clipped first, then divided by their sum. */
static double row_loss(const double *scores, size_t n_classes, size_t label) {
  double sum = 0, at_label = 0;
  for (size_t c = 0; c < n_classes; c++) {
    double p = fmin(fmax(scores[c], DBL_EPSILON), 1 - DBL_EPSILON);
    sum += p;
    if (c == label) at_label = p;
  }
  return -log(at_label / sum);
}

static void add_rows(class_sums *sums, const double *labels, const double *scores,
                     const double *weights, size_t n, size_t n_classes) {
  for (size_t i = 0; i < n; i++) {
    const double *row = scores + i * n_classes;
    size_t label = (size_t)labels[i], predicted = highest(row, n_classes);
    double weight = wf_weight_at(weights, i);
    wf_sum_add(&sums->confusion[label * n_classes + predicted], weight);
    sums->seen[label] = sums->seen[predicted] = true;
    wf_sum_add(&sums->log_loss, weight * row_loss(row, n_classes, label));
    wf_sum_add(&sums->total, weight);
  }
}

static double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

typedef struct class_totals {
  double hit, actual, predicted;
} class_totals;

static class_totals totals_of(const class_sums *sums, size_t class, size_t n_classes) {
  class_totals t = {.hit = wf_sum_value(&sums->confusion[class * n_classes + class])};
  for (size_t other = 0; other < n_classes; other++) {
    t.actual += wf_sum_value(&sums->confusion[class * n_classes + other]);
    t.predicted += wf_sum_value(&sums->confusion[other * n_classes + class]);
  }
  return t;
}

static void average(wf_multiclass_metrics *m, const class_sums *sums, size_t n_classes) {
  double classes = 0, hits = 0, total = wf_sum_value(&sums->total);
  for (size_t c = 0; c < n_classes; c++) {
    if (!sums->seen[c]) continue;
    class_totals t = totals_of(sums, c, n_classes);
    double precision = ratio(t.hit, t.predicted), recall = ratio(t.hit, t.actual);
    double f1 = ratio(2 * t.hit, t.actual + t.predicted), share = t.actual / total;
    m->macro_precision += precision, m->weighted_precision += share * precision;
    m->macro_recall += recall, m->weighted_recall += share * recall;
    m->macro_f1 += f1, m->weighted_f1 += share * f1;
    hits += t.hit;
    classes++;
  }
  m->macro_precision /= classes;
  m->macro_recall /= classes;
  m->macro_f1 /= classes;
  m->accuracy = hits / total;
  m->log_loss = wf_sum_value(&sums->log_loss) / total;
}

static wf_status mean_area(double *out, const double *labels, const double *scores,
                           const double *weights, size_t n, size_t n_classes, wf_error *err) {
  double sum = 0;
  for (size_t c = 0; c < n_classes && !isnan(sum); c++) {
    wf_ranking ranking;
    WF_TRY(wf_ranking_build(&ranking, labels, (double)c, scores + c, n_classes, weights, n, err));
    sum += wf_ranking_measure(&ranking).roc_auc;
    wf_ranking_dispose(&ranking);
  }
  *out = sum / (double)n_classes;
  return WF_OK;
}

static wf_status check(const double *labels, const double *scores, const double *weights, size_t n,
                       size_t n_classes, wf_error *err) {
  size_t cells;
  if (n_classes < 2) return wf_fail(err, WF_INVALID, "%zu classes; at least 2 needed", n_classes);
  if (__builtin_mul_overflow(n, n_classes, &cells)) return wf_fail_nomem(err);
  WF_TRY(wf_check_weights(weights, n, err));
  WF_TRY(wf_check_labels(labels, n, n_classes, err));
  return wf_check_values(scores, n, n_classes, true, "score", err);
}

wf_status wf_metrics_multiclass(wf_multiclass_metrics *out, double *confusion, const double *labels,
                                const double *scores, const double *weights, size_t n,
                                size_t n_classes, wf_error *err) {
  size_t n_cells;
  WF_TRY(check(labels, scores, weights, n, n_classes, err));
  if (__builtin_mul_overflow(n_classes, n_classes, &n_cells)) return wf_fail_nomem(err);
  wf_multiclass_metrics m = {.n = n, .n_classes = n_classes};
  WF_TRY(mean_area(&m.roc_auc_ovr, labels, scores, weights, n, n_classes, err));
  class_sums sums = {.confusion = wf_alloc_zero(n_cells, sizeof *sums.confusion),
                     .seen = wf_alloc_zero(n_classes, sizeof *sums.seen)};
  wf_status status = sums.confusion && sums.seen ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) {
    add_rows(&sums, labels, scores, weights, n, n_classes);
    average(&m, &sums, n_classes);
    for (size_t i = 0; confusion && i < n_cells; i++) {
      confusion[i] = wf_sum_value(&sums.confusion[i]);
    }
    *out = m;
  }
  wf_free(sums.confusion);
  wf_free(sums.seen);
  return status;
}
