/* binary.c — two classes: rank metrics from one walk over the distinct scores, the others from one
 * pass over the rows.
 *
 * Counts of unweighted rows are integers held in doubles, exact to 2^53, and the area under the ROC
 * curve is summed in halves of integers, so the only rounding is the last division. Weighted sums
 * are compensated. */
#include "wf/metrics.h"

#include "base/alloc.h"
#include "metrics/input.h"
#include "metrics/ranking.h"

#include <float.h>
#include <math.h>
#include <string.h>

static wf_status check(const double *labels, const double *scores, const double *weights, size_t n,
                       wf_error *err) {
  WF_TRY(wf_check_weights(weights, n, err));
  WF_TRY(wf_check_labels(labels, n, 2, err));
  return wf_check_values(scores, n, 1, true, "score", err);
}

static wf_status rank(wf_rank_metrics *out, const double *labels, const double *scores,
                      const double *weights, size_t n, wf_error *err) {
  wf_ranking ranking;
  WF_TRY(wf_ranking_build(&ranking, labels, 1, scores, 1, weights, n, err));
  *out = wf_ranking_measure(&ranking);
  wf_ranking_dispose(&ranking);
  return WF_OK;
}

wf_status wf_metrics_roc_auc(double *out, const double *labels, const double *scores,
                             const double *weights, size_t n, wf_error *err) {
  wf_rank_metrics ranked;
  WF_TRY(check(labels, scores, weights, n, err));
  WF_TRY(rank(&ranked, labels, scores, weights, n, err));
  *out = ranked.roc_auc;
  return WF_OK;
}

wf_status wf_metrics_average_precision(double *out, const double *labels, const double *scores,
                                       const double *weights, size_t n, wf_error *err) {
  wf_rank_metrics ranked;
  WF_TRY(check(labels, scores, weights, n, err));
  WF_TRY(rank(&ranked, labels, scores, weights, n, err));
  *out = ranked.average_precision;
  return WF_OK;
}

static size_t count_points(wf_ranking *ranking) {
  size_t n = 0;
  wf_score_group group;
  while (wf_ranking_next(ranking, &group)) n++;
  wf_ranking_rewind(ranking);
  return n;
}

static void fill_curve(wf_curve_point *points, size_t n_points, wf_ranking *ranking) {
  double positives = 0, negatives = 0;
  wf_score_group group;
  for (size_t i = 0; wf_ranking_next(ranking, &group); i++) {
    positives += group.weight[1];
    negatives += group.weight[0];
    points[i] = (wf_curve_point){.threshold = group.score, .tp = positives, .fp = negatives};
  }
  /* the totals are the last sums themselves, so that fn and tn end at exactly 0 */
  for (size_t i = 0; i < n_points; i++) {
    points[i].fn = positives - points[i].tp;
    points[i].tn = negatives - points[i].fp;
  }
}

wf_status wf_metrics_curve(wf_curve_point **out, size_t *n_points, const double *labels,
                           const double *scores, const double *weights, size_t n, wf_error *err) {
  wf_ranking ranking;
  WF_TRY(check(labels, scores, weights, n, err));
  WF_TRY(wf_ranking_build(&ranking, labels, 1, scores, 1, weights, n, err));
  size_t count = count_points(&ranking);
  wf_curve_point *points = wf_alloc_array(count, sizeof *points);
  if (points) fill_curve(points, count, &ranking);
  wf_ranking_dispose(&ranking);
  if (!points) return wf_fail_nomem(err);
  *out = points;
  *n_points = count;
  return WF_OK;
}

void wf_curve_free(wf_curve_point *points) { wf_free(points); }

/* What one pass over the rows adds up. */
typedef struct row_sums {
  wf_sum cells[2][2]; /* [label][predicted] */
  wf_sum log_loss, square;
  bool outside; /* a score is not a probability */
} row_sums;

static double row_loss(bool positive, double score) {
  double p = score < DBL_EPSILON ? DBL_EPSILON : score > 1 - DBL_EPSILON ? 1 - DBL_EPSILON : score;
  return -log(positive ? p : 1 - p);
}

static void add_rows(row_sums *sums, const double *labels, const double *scores,
                     const double *weights, size_t n, double threshold) {
  for (size_t i = 0; i < n; i++) {
    double weight = wf_weight_at(weights, i), score = scores[i], miss = labels[i] - score;
    bool positive = labels[i] != 0;
    wf_sum_add(&sums->cells[positive][score > threshold], weight);
    wf_sum_add(&sums->log_loss, weight * row_loss(positive, score));
    wf_sum_add(&sums->square, weight * (miss * miss));
    sums->outside |= score < 0 || score > 1;
  }
}

static double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

/* The mean recall of the classes there are. */
static double balanced(double tp, double fp, double fn, double tn) {
  if (tp + fn > 0 && tn + fp > 0) return (tp / (tp + fn) + tn / (tn + fp)) / 2;
  return tp + fn > 0 ? tp / (tp + fn) : tn / (tn + fp);
}

/* Square roots one by one: the product of four counts would overflow for huge weights. */
static double matthews(double tp, double fp, double fn, double tn) {
  double root = sqrt(tp + fp) * sqrt(tp + fn) * sqrt(tn + fp) * sqrt(tn + fn);
  return root > 0 ? (tp * tn - fp * fn) / root : 0;
}

static void set_counts(wf_binary_metrics *m, double tp, double fp, double fn, double tn) {
  double total = tp + fp + fn + tn;
  m->tp = tp, m->fp = fp, m->fn = fn, m->tn = tn;
  m->positives = tp + fn;
  m->accuracy = (tp + tn) / total;
  m->balanced_accuracy = balanced(tp, fp, fn, tn);
  m->precision = ratio(tp, tp + fp);
  m->recall = ratio(tp, tp + fn);
  m->specificity = ratio(tn, tn + fp);
  m->f1 = ratio(2 * tp, 2 * tp + fp + fn);
  m->mcc = matthews(tp, fp, fn, tn);
}

/* Of checked rows. */
static wf_status measure(wf_binary_metrics *out, const double *labels, const double *scores,
                         const double *weights, size_t n, double threshold, wf_error *err) {
  wf_rank_metrics ranked;
  WF_TRY(rank(&ranked, labels, scores, weights, n, err));
  row_sums sums = {0};
  add_rows(&sums, labels, scores, weights, n, threshold);
  wf_binary_metrics m = {.n = n, .threshold = threshold};
  set_counts(&m, wf_sum_value(&sums.cells[1][1]), wf_sum_value(&sums.cells[0][1]),
             wf_sum_value(&sums.cells[1][0]), wf_sum_value(&sums.cells[0][0]));
  double total = m.tp + m.fp + m.fn + m.tn;
  m.roc_auc = ranked.roc_auc;
  m.pr_auc = ranked.average_precision;
  m.log_loss = wf_sum_value(&sums.log_loss) / total;
  m.brier = sums.outside ? (double)NAN : wf_sum_value(&sums.square) / total;
  *out = m;
  return WF_OK;
}

static wf_status check_all(const double *labels, const double *scores, const double *weights,
                           size_t n, double threshold, wf_error *err) {
  WF_TRY(check(labels, scores, weights, n, err));
  return isnan(threshold) ? wf_fail(err, WF_INVALID, "the threshold is not a number") : WF_OK;
}

wf_status wf_metrics_binary(wf_binary_metrics *out, const double *labels, const double *scores,
                            const double *weights, size_t n, double threshold, wf_error *err) {
  WF_TRY(check_all(labels, scores, weights, n, threshold, err));
  return measure(out, labels, scores, weights, n, threshold, err);
}

/* --- by group -------------------------------------------------------------------------------- */

typedef struct sorted_rows {
  size_t *ends; /* of each group's rows; slot 0 for rows in no group */
  double *labels, *scores, *weights;
} sorted_rows;

static wf_status count_groups(size_t *counts, const int32_t *groups, size_t n_groups, size_t n,
                              wf_error *err) {
  for (size_t i = 0; i < n; i++) {
    if (groups[i] < -1 || (groups[i] >= 0 && (size_t)groups[i] >= n_groups)) {
      return wf_fail(err, WF_INVALID, "row %zu: group %d is not between -1 and %td", i + 1,
                     (int)groups[i], (ptrdiff_t)n_groups - 1);
    }
    counts[groups[i] + 1]++;
  }
  return WF_OK;
}

/* Groups one behind the other, their rows in order. Leaves ends[g] behind slot g. */
static void sort_rows(sorted_rows *to, const double *labels, const double *scores,
                      const double *weights, const int32_t *groups, size_t n_groups, size_t n) {
  size_t first = 0;
  for (size_t g = 0; g <= n_groups; g++) {
    size_t count = to->ends[g];
    to->ends[g] = first;
    first += count;
  }
  for (size_t i = 0; i < n; i++) {
    size_t at = to->ends[groups[i] + 1]++;
    to->labels[at] = labels[i];
    to->scores[at] = scores[i];
    if (weights) to->weights[at] = weights[i];
  }
}

static bool has_weight(const double *weights, size_t n) {
  if (!weights) return n > 0;
  for (size_t i = 0; i < n; i++) {
    if (weights[i] > 0) return true;
  }
  return false;
}

static wf_binary_metrics nothing(double threshold) {
  double none = (double)NAN;
  return (wf_binary_metrics){.threshold = threshold,
                             .roc_auc = none,
                             .pr_auc = none,
                             .log_loss = none,
                             .brier = none,
                             .accuracy = none,
                             .balanced_accuracy = none,
                             .precision = none,
                             .recall = none,
                             .specificity = none,
                             .f1 = none,
                             .mcc = none};
}

static wf_status measure_groups(wf_binary_metrics *out, const sorted_rows *rows, size_t n_groups,
                                double threshold, wf_error *err) {
  for (size_t g = 0; g < n_groups; g++) {
    size_t first = rows->ends[g], n = rows->ends[g + 1] - first;
    const double *weights = rows->weights ? rows->weights + first : NULL;
    out[g] = nothing(threshold);
    if (!has_weight(weights, n)) continue;
    WF_TRY(
        measure(&out[g], rows->labels + first, rows->scores + first, weights, n, threshold, err));
  }
  return WF_OK;
}

wf_status wf_metrics_by_group(wf_binary_metrics *out, const double *labels, const double *scores,
                              const double *weights, const int32_t *groups, size_t n_groups,
                              size_t n, double threshold, wf_error *err) {
  WF_TRY(check_all(labels, scores, weights, n, threshold, err));
  if (n_groups > INT32_MAX) return wf_fail(err, WF_LIMIT, "more than %d groups", INT32_MAX);
  sorted_rows rows = {.ends = wf_alloc_zero(n_groups + 1, sizeof *rows.ends),
                      .labels = wf_alloc_array(n, sizeof *rows.labels),
                      .scores = wf_alloc_array(n, sizeof *rows.scores),
                      .weights = weights ? wf_alloc_array(n, sizeof *rows.weights) : NULL};
  wf_binary_metrics *found = wf_alloc_array(n_groups, sizeof *found);
  bool ok = rows.ends && rows.labels && rows.scores && (rows.weights || !weights) && found;
  wf_status status = ok ? count_groups(rows.ends, groups, n_groups, n, err) : wf_fail_nomem(err);
  if (status == WF_OK) {
    sort_rows(&rows, labels, scores, weights, groups, n_groups, n);
    status = measure_groups(found, &rows, n_groups, threshold, err);
  }
  if (status == WF_OK && n_groups) memcpy(out, found, n_groups * sizeof *found);
  wf_free(rows.ends);
  wf_free(rows.labels);
  wf_free(rows.scores);
  wf_free(rows.weights);
  wf_free(found);
  return status;
}
