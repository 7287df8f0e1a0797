/* regression.c — distances between numbers. */
#include "wf/metrics.h"

#include "metrics/input.h"

#include <math.h>

static double weighted_mean(const double *values, const double *weights, size_t n) {
  wf_sum sum = {0}, total = {0};
  for (size_t i = 0; i < n; i++) {
    wf_sum_add(&sum, wf_weight_at(weights, i) * values[i]);
    wf_sum_add(&total, wf_weight_at(weights, i));
  }
  return wf_sum_value(&sum) / wf_sum_value(&total);
}

/* Whether all rows that count have one label: asked of the labels themselves, because the computed
 * mean of equal numbers may differ from them in the last bit. */
static bool is_constant(const double *labels, const double *weights, size_t n) {
  size_t first = 0;
  while (wf_weight_at(weights, first) == 0) first++;
  for (size_t i = first + 1; i < n; i++) {
    if (labels[i] != labels[first] && wf_weight_at(weights, i) > 0) return false;
  }
  return true;
}

static double r_squared(double square_sum, const double *labels, const double *weights, size_t n) {
  if (n < 2) return (double)NAN;
  if (square_sum == 0) return 1;
  if (is_constant(labels, weights, n)) return 0;
  double mean = weighted_mean(labels, weights, n);
  wf_sum spread = {0};
  for (size_t i = 0; i < n; i++) {
    double away = labels[i] - mean;
    wf_sum_add(&spread, wf_weight_at(weights, i) * (away * away));
  }
  return 1 - square_sum / wf_sum_value(&spread);
}

wf_status wf_metrics_regression(wf_regression_metrics *out, const double *labels,
                                const double *predictions, const double *weights, size_t n,
                                wf_error *err) {
  WF_TRY(wf_check_weights(weights, n, err));
  WF_TRY(wf_check_values(labels, n, 1, false, "label", err));
  WF_TRY(wf_check_values(predictions, n, 1, false, "prediction", err));
  wf_sum squares = {0}, distances = {0}, total = {0};
  for (size_t i = 0; i < n; i++) {
    double weight = wf_weight_at(weights, i), miss = labels[i] - predictions[i];
    wf_sum_add(&squares, weight * (miss * miss));
    wf_sum_add(&distances, weight * fabs(miss));
    wf_sum_add(&total, weight);
  }
  double square_sum = wf_sum_value(&squares), weight_sum = wf_sum_value(&total);
  double mse = square_sum / weight_sum;
  *out = (wf_regression_metrics){.n = n,
                                 .mse = mse,
                                 .rmse = sqrt(mse),
                                 .mae = wf_sum_value(&distances) / weight_sum,
                                 .r2 = r_squared(square_sum, labels, weights, n)};
  return WF_OK;
}
