/* score.c — metrics XGBoost also has, only sooner.
 *
 * XGBoost sorts indices by comparing the scores they point at, which at 400,000 rows costs as much
 * as growing a tree. Here a float's bits become a key whose ascending order is the descending order
 * of scores, and pairs of key and row are sorted by radix passes over the bits that differ: linear,
 * and stable like XGBoost's sort, so that sums run over the rows in the same order. Row by row
 * losses are floats added to doubles, and the name of a metric is what XGBoost prints.
 *
 * The number of threads never enters: XGBoost itself adds one partial sum per thread. */
#include "xgboost/score.h"

#include "base/bytes.h"
#include "base/number.h"
#include "xgboost/radix.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- names ------------------------------------------------------------------------------------
 */

/* "error" alone has the same threshold as "error@0.5", which XGBoost calls "error" too. */
static bool find_error(wf_xgb_score *out, const char *argument) {
  double threshold;
  if (!wf_parse_f64(wf_view_of(argument), false, &threshold)) return false;
  *out = (wf_xgb_score){.kind = WF_SCORE_ERROR, .threshold = (float)threshold, .name = "error"};
  if (out->threshold == 0.5f) return true;
  /* six digits, as a C++ stream prints a float; a comma would be the host's locale */
  int n = snprintf(out->name, sizeof out->name, "error@%g", (double)out->threshold);
  char *comma = strchr(out->name, ',');
  if (comma) *comma = '.';
  return n > 0 && (size_t)n < sizeof out->name;
}

bool wf_xgb_score_find(wf_xgb_score *out, const char *metric) {
  static const wf_xgb_score plain[] = {
      {WF_SCORE_AUC, 0, "auc"},         {WF_SCORE_AUCPR, 0, "aucpr"},
      {WF_SCORE_LOGLOSS, 0, "logloss"}, {WF_SCORE_ERROR, 0.5f, "error"},
      {WF_SCORE_RMSE, 0, "rmse"},       {WF_SCORE_MAE, 0, "mae"}};
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
    if (strcmp(plain[i].name, metric) != 0) continue;
    *out = plain[i];
    return true;
  }
  return strncmp(metric, "error@", 6) == 0 && find_error(out, metric + 6);
}

/* ---- order ------------------------------------------------------------------------------------
 */

size_t wf_xgb_scratch_size(size_t n) {
  return 2 * n * sizeof(wf_xgb_ranked) + WF_XGB_RADIX_COUNTS * sizeof(uint32_t);
}

/* Rows by descending prediction, equal ones in their order; in scratch. NULL: one is NaN. */
static const wf_xgb_ranked *sort_rows(const wf_xgb_rows *rows) {
  wf_xgb_ranked *items = rows->scratch, *spare = items + rows->n;
  uint32_t *counts = (uint32_t *)(void *)(spare + rows->n), differ = 0;
  uint32_t first = wf_xgb_key(rows->predictions[0]);
  bool nan = false;
  for (size_t i = 0; i < rows->n; i++) {
    uint32_t key = wf_xgb_key(rows->predictions[i]);
    nan |= isnan(rows->predictions[i]);
    differ |= key ^ first;
    items[i] = (wf_xgb_ranked)key << 32 | (wf_xgb_ranked)i;
  }
  return nan ? NULL : wf_xgb_radix_sort(items, spare, rows->n, differ, counts);
}

/* ---- areas under curves -------------------------------------------------------------------------
 */

static float weight_at(const wf_xgb_rows *rows, size_t i) {
  return rows->weights ? rows->weights[i] : 1;
}

/* The label is the share of a row that is positive. */
typedef struct point { /* rows above a threshold */
  double fp, tp;
} point;

static point totals(const wf_xgb_rows *rows) {
  point sum = {0, 0};
  for (size_t i = 0; i < rows->n; i++) {
    float label = rows->labels[i], weight = weight_at(rows, i);
    sum.tp += (double)(weight * label);
    sum.fp += (double)(weight * (1.0f - label));
  }
  return sum;
}

static double roc_area(point from, point to, double all_tp) {
  (void)all_tp;
  return fabs(from.fp - to.fp) * (from.tp + to.tp) * 0.5;
}

/* Between two points the precision follows tp / (tp + fp) with fp linear in tp (Davis & Goadrich
 * 2006); the integral is that of Keilwagen, Grosse & Grau 2014, doi 10.1371/journal.pone.0092209.
 */
static double pr_area(point from, point to, double all_tp) {
  double recall_from = from.tp / all_tp, recall = to.tp / all_tp, a = 1, b = 0;
  if (to.tp != from.tp) {
    double h = (to.fp - from.fp) / (to.tp - from.tp);
    a = h + 1;
    b = (from.fp - h * from.tp) / all_tp;
  }
  if (b == 0) return (recall - recall_from) / a;
  return (recall - recall_from - b / a * (log(a * recall + b) - log(a * recall_from + b))) / a;
}

/* Adds up areas between the thresholds; `last` receives the last point. */
static double add_areas(const wf_xgb_rows *rows, const wf_xgb_ranked *items,
                        double area_of(point, point, double), double all_tp, point *last) {
  size_t row = (uint32_t)items[0];
  double label = (double)rows->labels[row], weight = (double)weight_at(rows, row), area = 0;
  /* XGBoost's first row is multiplied in double, but for its tp */
  point from = {0, 0}, to = {(1 - label) * weight, (double)(float)(label * weight)};
  for (size_t i = 1; i < rows->n; i++) {
    if (items[i] >> 32 != items[i - 1] >> 32) {
      area += area_of(from, to, all_tp);
      from = to;
    }
    row = (uint32_t)items[i];
    to.fp += (double)((1 - rows->labels[row]) * weight_at(rows, row));
    to.tp += (double)(rows->labels[row] * weight_at(rows, row));
  }
  *last = to;
  return area + area_of(from, to, all_tp);
}

static double measure_auc(const wf_xgb_rows *rows) {
  const wf_xgb_ranked *items = sort_rows(rows);
  if (!items) return (double)NAN;
  point last;
  double area = add_areas(rows, items, roc_area, 0, &last);
  return last.fp > 0 && last.tp > 0 ? area / (last.fp * last.tp) : (double)NAN;
}

static double measure_aucpr(const wf_xgb_rows *rows) {
  const wf_xgb_ranked *items = sort_rows(rows);
  point all = totals(rows), last;
  if (!items || !(all.fp > 0 && all.tp > 0)) return (double)NAN;
  return add_areas(rows, items, pr_area, all.tp, &last);
}

/* ---- means over rows ----------------------------------------------------------------------------
 */

/* x log(y), 0 for x = 0. A NaN stays one. */
static float x_log_y(float x, float y) {
  const float least = 1e-16f;
  return x == 0 ? 0 : x * logf(y < least ? least : y);
}

static float loss_of(const wf_xgb_score *score, float label, float prediction) {
  float miss = label - prediction;
  switch (score->kind) {
  case WF_SCORE_LOGLOSS:
    return x_log_y(-label, prediction) + x_log_y(-(1.0f - label), 1.0f - prediction);
  case WF_SCORE_ERROR: return prediction > score->threshold ? 1.0f - label : label;
  case WF_SCORE_RMSE: return miss * miss;
  case WF_SCORE_MAE: return fabsf(miss);
  case WF_SCORE_AUC:
  case WF_SCORE_AUCPR: break;
  }
  return NAN;
}

static double measure_mean(const wf_xgb_score *score, const wf_xgb_rows *rows) {
  double sum = 0, weights = 0;
  for (size_t i = 0; i < rows->n; i++) {
    float weight = weight_at(rows, i);
    float loss = loss_of(score, rows->labels[i], rows->predictions[i]);
    sum += (double)(loss * weight);
    weights += (double)weight;
  }
  double mean = weights == 0 ? sum : sum / weights;
  return score->kind == WF_SCORE_RMSE ? sqrt(mean) : mean;
}

double wf_xgb_score_measure(const wf_xgb_score *score, const wf_xgb_rows *rows) {
  switch (score->kind) {
  case WF_SCORE_AUC: return measure_auc(rows);
  case WF_SCORE_AUCPR: return measure_aucpr(rows);
  default: return measure_mean(score, rows);
  }
}

bool wf_xgb_score_sorts(const wf_xgb_score *score) {
  return score->kind == WF_SCORE_AUC || score->kind == WF_SCORE_AUCPR;
}
