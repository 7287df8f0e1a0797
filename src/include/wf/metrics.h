/* wf/metrics.h — how good predictions are.
 *
 * Definitions and conventions are scikit-learn's, ties and weights included. `weights` may be NULL
 * (all 1); weights are finite, not negative and not all 0. No rows, or a NaN in any input (naming
 * the row, counted from 1), is WF_INVALID. A metric that is undefined for its input (ROC-AUC with
 * one class) is NaN in the struct. */
#ifndef WF_METRICS_H
#define WF_METRICS_H

#include "wf/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wf_binary_metrics {
  size_t n;
  double threshold;       /* predicted positive when score > threshold */
  double positives;       /* weighted */
  double tp, fp, fn, tn;  /* weighted counts */
  double roc_auc, pr_auc; /* pr_auc is average precision */
  double log_loss, brier;
  double accuracy, balanced_accuracy;
  double precision, recall, specificity, f1; /* 0 when their denominator is 0 */
  double mcc;                                /* Matthews correlation; 0 when undefined */
} wf_binary_metrics;

/* `labels` are 0 or 1, `scores` probabilities (log loss clips them to [eps, 1 - eps], eps the
 * float64 epsilon, as scikit-learn does; the Brier score is NaN when one is outside [0, 1]). */
WF_API WF_NODISCARD wf_status wf_metrics_binary(wf_binary_metrics *out, const double *labels,
                                                const double *scores, const double *weights,
                                                size_t n, double threshold, wf_error *err);

/* The same for every group: `out` receives n_groups structs. Group numbers are < n_groups; rows
 * with -1 are in none. A group without rows (or weight) has n 0, counts 0 and everything else NaN.
 */
WF_API WF_NODISCARD wf_status wf_metrics_by_group(wf_binary_metrics *out, const double *labels,
                                                  const double *scores, const double *weights,
                                                  const int32_t *groups, size_t n_groups, size_t n,
                                                  double threshold, wf_error *err);

/* Area under the ROC curve by ranks; ties count half (Mann and Whitney). NaN for a single class. */
WF_API WF_NODISCARD wf_status wf_metrics_roc_auc(double *out, const double *labels,
                                                 const double *scores, const double *weights,
                                                 size_t n, wf_error *err);
WF_API WF_NODISCARD wf_status wf_metrics_average_precision(double *out, const double *labels,
                                                           const double *scores,
                                                           const double *weights, size_t n,
                                                           wf_error *err);

/* One point per distinct score, from the highest: what is positive at `score >= threshold`. */
typedef struct wf_curve_point {
  double threshold, tp, fp, fn, tn;
} wf_curve_point;
/* wf_curve_free the points. */
WF_API WF_NODISCARD wf_status wf_metrics_curve(wf_curve_point **out, size_t *n_points,
                                               const double *labels, const double *scores,
                                               const double *weights, size_t n, wf_error *err);
WF_API void wf_curve_free(wf_curve_point *points);

typedef struct wf_regression_metrics {
  size_t n;
  double rmse, mae, mse,
      r2; /* r2: 0 when the labels are constant and not all met, 1 when they are; NaN for n < 2 */
} wf_regression_metrics;
WF_API WF_NODISCARD wf_status wf_metrics_regression(wf_regression_metrics *out,
                                                    const double *labels, const double *predictions,
                                                    const double *weights, size_t n, wf_error *err);

typedef struct wf_multiclass_metrics {
  size_t n, n_classes;
  double accuracy, log_loss;
  double macro_precision, macro_recall, macro_f1;
  double weighted_precision, weighted_recall, weighted_f1;
  double roc_auc_ovr; /* one against the rest, macro; NaN when a class is absent */
} wf_multiclass_metrics;
/* `labels` are class numbers 0..n_classes-1, `scores` n x n_classes probabilities row after row.
 * `confusion` (may be NULL) receives n_classes x n_classes weighted counts, row = true class. */
WF_API WF_NODISCARD wf_status wf_metrics_multiclass(wf_multiclass_metrics *out, double *confusion,
                                                    const double *labels, const double *scores,
                                                    const double *weights, size_t n,
                                                    size_t n_classes, wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
