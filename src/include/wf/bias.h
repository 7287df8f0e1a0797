/* wf/bias.h — how differently groups are treated, by the data and by a model.
 *
 * Every metric of one facet is a function of one 2 x 2 x 2 table: observed label (favourable or
 * not) x predicted label x facet (disadvantaged d or the rest, a), plus one such table per group
 * for the conditional ones. Count once with wf_bias_count, then compute. Names, signs, edge cases
 * and error texts are those of Amazon SageMaker Clarify. */
#ifndef WF_BIAS_H
#define WF_BIAS_H

#include "wf/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rows are counted at cells[facet][label][prediction]; facet 1 = d, label 1 = favourable. */
typedef struct wf_bias_cells {
  double n[2][2][2];
} wf_bias_cells;

/* Each array has one byte a row, 0 or 1. `predictions` NULL: counted as the labels. `groups`
 * holds group numbers < n_groups, -1 = none, and `by_group` receives n_groups tables; either NULL:
 * no groups. Anything else in a row is WF_INVALID naming it. */
WF_API WF_NODISCARD wf_status wf_bias_count(wf_bias_cells *out, wf_bias_cells *by_group,
                                            const uint8_t *labels, const uint8_t *predictions,
                                            const uint8_t *facet, const int32_t *groups,
                                            size_t n_groups, size_t n, wf_error *err);

/* Several facets in one pass, much faster than one after the other: `out` receives n_facets tables,
 * `by_group` n_facets x n_groups, facet after facet. */
WF_API WF_NODISCARD wf_status wf_bias_count_facets(wf_bias_cells *out, wf_bias_cells *by_group,
                                                   const uint8_t *labels,
                                                   const uint8_t *predictions,
                                                   const uint8_t *const *facets, size_t n_facets,
                                                   const int32_t *groups, size_t n_groups, size_t n,
                                                   wf_error *err);
/* Each value of a column against all other rows: values[i] < n_values, -1 = none of them (missing).
 * `out` receives n_values tables, `by_group` n_values x n_groups. */
WF_API WF_NODISCARD wf_status wf_bias_count_values(wf_bias_cells *out, wf_bias_cells *by_group,
                                                   const uint8_t *labels,
                                                   const uint8_t *predictions,
                                                   const int32_t *values, size_t n_values,
                                                   const int32_t *groups, size_t n_groups, size_t n,
                                                   wf_error *err);
/* As wf_bias_count with every row counting its weight (finite, not negative). */
WF_API WF_NODISCARD wf_status wf_bias_count_weighted(wf_bias_cells *out, wf_bias_cells *by_group,
                                                     const uint8_t *labels,
                                                     const uint8_t *predictions,
                                                     const uint8_t *facet, const int32_t *groups,
                                                     size_t n_groups, const double *weights,
                                                     size_t n, wf_error *err);

#define WF_BIAS_PRE_MAP(X)                                      \
  X(CDDL, "Conditional Demographic Disparity in Labels (CDDL)") \
  X(CI, "Class Imbalance (CI)")                                 \
  X(DPL, "Difference in Positive Proportions in Labels (DPL)")  \
  X(JS, "Jensen-Shannon Divergence (JS)")                       \
  X(KL, "Kullback-Liebler Divergence (KL)")                     \
  X(KS, "Kolmogorov-Smirnov Distance (KS)")                     \
  X(LP, "L-p Norm (LP)")                                        \
  X(TVD, "Total Variation Distance (TVD)")
#define WF_BIAS_POST_MAP(X)                                                 \
  X(AD, "Accuracy Difference (AD)")                                         \
  X(CDDPL, "Conditional Demographic Disparity in Predicted Labels (CDDPL)") \
  X(DAR, "Difference in Acceptance Rates (DAR)")                            \
  X(DCA, "Difference in Conditional Acceptance (DCA)")                      \
  X(DCR, "Difference in Conditional Rejection (DCR)")                       \
  X(DI, "Disparate Impact (DI)")                                            \
  X(DPPL, "Difference in Positive Proportions in Predicted Labels (DPPL)")  \
  X(DRR, "Difference in Rejection Rates (DRR)")                             \
  X(GE, "Generalized Entropy (GE)")                                         \
  X(RD, "Recall Difference (RD)")                                           \
  X(SD, "Specificity Difference (SD)")                                      \
  X(TE, "Treatment Equality (TE)")

typedef enum wf_bias_metric {
#define WF_BIAS_ENUM(name, text) WF_BIAS_##name,
  WF_BIAS_PRE_MAP(WF_BIAS_ENUM) WF_BIAS_POST_MAP(WF_BIAS_ENUM)
#undef WF_BIAS_ENUM
      WF_BIAS_METRICS
} wf_bias_metric;

WF_API const char *wf_bias_metric_name(wf_bias_metric metric);        /* "DPPL" */
WF_API const char *wf_bias_metric_description(wf_bias_metric metric); /* as in the tables above */
WF_API bool wf_bias_metric_find(const char *name, wf_bias_metric *out);
WF_API bool wf_bias_metric_is_pre_training(wf_bias_metric metric);

/* The metric's value (possibly infinite, never NaN), or WF_INVALID with Clarify's error text.
 * `by_group` is needed by CDDL and CDDPL only. */
WF_API WF_NODISCARD wf_status wf_bias_compute(double *out, wf_bias_metric metric,
                                              const wf_bias_cells *cells,
                                              const wf_bias_cells *by_group, size_t n_groups,
                                              wf_error *err);

/* JS as Clarify computed it until February 2021: both sides against the labels of all rows, instead
 * of against the mean of the two distributions. For comparing with reports of that time. */
WF_API WF_NODISCARD wf_status wf_bias_js_of_2020(double *out, const wf_bias_cells *cells,
                                                 wf_error *err);

/* What a value of a metric means, as one sentence with the two sides' names ("Female", "the rest").
 * Writes at most `size` bytes, terminated; returns the sentence's whole length, as snprintf. */
WF_API size_t wf_bias_describe(char *out, size_t size, wf_bias_metric metric, double value,
                               const char *d, const char *a);

/* --- intervals ------------------------------------------------------------------------------ */

/* Where the metric of `level` of all resamples lies. Resamples draw whole tables (cells, not rows:
 * the same distribution as a bootstrap of rows), so the rows are not needed and their number does
 * not matter. */
typedef struct wf_bias_interval {
  double low, high; /* NaN when no resample had a value */
  size_t n_defined; /* resamples in which the metric had a value */
} wf_bias_interval;

typedef struct wf_bias_resampling {
  size_t n_resamples; /* 0: 1000 */
  double level;       /* 0: 0.95 */
  uint64_t seed;
  size_t n_threads; /* 0: as many as there are CPUs; any number gives the same result */
} wf_bias_resampling;

/* WF_BIAS_METRICS intervals, one for each metric in the order of wf_bias_metric. Cells must be
 * numbers of rows (sums of weights: wf_bias_weighted_intervals). `by_group` and `options` may be
 * NULL. */
WF_API WF_NODISCARD wf_status wf_bias_intervals(wf_bias_interval *out, const wf_bias_cells *cells,
                                                const wf_bias_cells *by_group, size_t n_groups,
                                                const wf_bias_resampling *options, wf_error *err);

/* Of rows with weights: how many rows each cell has, the sum of their weights and of the squares of
 * those. A resample draws rows to cells as above; the weight of k rows of a cell is then drawn from
 * the normal distribution that the sum of k of its weights has nearly, and is never negative. Equal
 * weights give the intervals of wf_bias_intervals. */
typedef struct wf_bias_moments {
  wf_bias_cells n, sum, squares;
} wf_bias_moments;
WF_API WF_NODISCARD wf_status wf_bias_weighted_intervals(
    wf_bias_interval *out, const wf_bias_moments *all, const wf_bias_moments *by_group,
    size_t n_groups, const wf_bias_resampling *options, wf_error *err);

/* How an interval came about. */
typedef enum wf_bias_interval_rule {
  WF_BIAS_RESAMPLING,
  WF_BIAS_CLOPPER_PEARSON, /* exact for one share: CI */
  WF_BIAS_NEWCOMBE,        /* a difference of two shares: DPL DPPL AD RD SD DAR DRR */
  WF_BIAS_KATZ             /* a ratio of two shares: DI */
} wf_bias_interval_rule;
WF_API const char *wf_bias_interval_rule_name(wf_bias_interval_rule rule); /* "Newcombe" */
/* The interval of `level` (between 0 and 1) without resampling, where the metric has one for these
 * numbers of rows, and by which rule; otherwise WF_BIAS_RESAMPLING, and `out` is untouched. */
WF_API wf_bias_interval_rule wf_bias_closed_interval(wf_bias_interval *out, wf_bias_metric metric,
                                                     const wf_bias_cells *cells, double level);

/* --- many groups ---------------------------------------------------------------------------- */

/* One group's rows (or weights) by observed label and prediction. */
typedef struct wf_bias_confusion {
  double tp, fp, fn, tn;
} wf_bias_confusion;

/* `out` receives n_groups tables; rows with group -1 are in none of them. `weights` may be NULL. An
 * intersection (sex x race) is a group number made of both. */
WF_API WF_NODISCARD wf_status wf_bias_count_groups(wf_bias_confusion *out, const uint8_t *labels,
                                                   const uint8_t *predictions,
                                                   const int32_t *groups, size_t n_groups,
                                                   const double *weights, size_t n, wf_error *err);
WF_API wf_bias_confusion wf_bias_sum_groups(const wf_bias_confusion *groups, size_t n_groups);

#define WF_BIAS_RATE_MAP(X)                           \
  X(COUNT, "count")                                   \
  X(SELECTION, "selection_rate")                      \
  X(BASE, "base_rate")                                \
  X(ACCURACY, "accuracy")                             \
  X(BALANCED_ACCURACY, "balanced_accuracy")           \
  X(TRUE_POSITIVE, "true_positive_rate")              \
  X(FALSE_POSITIVE, "false_positive_rate")            \
  X(TRUE_NEGATIVE, "true_negative_rate")              \
  X(FALSE_NEGATIVE, "false_negative_rate")            \
  X(PRECISION, "precision")                           \
  X(NEGATIVE_PREDICTIVE, "negative_predictive_value") \
  X(FALSE_DISCOVERY, "false_discovery_rate")          \
  X(FALSE_OMISSION, "false_omission_rate")            \
  X(F1, "f1")                                         \
  X(ZERO_ONE_LOSS, "zero_one_loss")

typedef enum wf_bias_rate {
#define WF_BIAS_ENUM(id, name) WF_BIAS_RATE_##id,
  WF_BIAS_RATE_MAP(WF_BIAS_ENUM)
#undef WF_BIAS_ENUM
      WF_BIAS_RATES
} wf_bias_rate;
WF_API const char *wf_bias_rate_name(wf_bias_rate rate);
WF_API bool wf_bias_rate_find(const char *name, wf_bias_rate *out);
/* NaN for a group without rows; 0 where only the rate's own denominator is 0. */
WF_API double wf_bias_rate_of(wf_bias_rate rate, const wf_bias_confusion *group);

/* What a rate spans over the groups that have at least `least_size` rows. */
typedef struct wf_bias_spread {
  double overall; /* of all groups together, small ones too */
  double min, max;
  double difference, ratio;                       /* max - min, min / max */
  double difference_to_overall, ratio_to_overall; /* the farthest group; ratio folded below 1 */
  size_t lowest, highest;                         /* groups that attain min and max */
  size_t n_groups;                                /* that took part */
} wf_bias_spread;
WF_API WF_NODISCARD wf_status wf_bias_spread_of(wf_bias_spread *out, wf_bias_rate rate,
                                                const wf_bias_confusion *groups, size_t n_groups,
                                                double least_size, wf_error *err);

/* Differences are fair at 0, ratios at 1. Equalized odds are the worse of the true and the false
 * positive rate, mean odds their mean. */
typedef struct wf_bias_parity {
  double demographic_parity_difference, demographic_parity_ratio;
  double equal_opportunity_difference, equal_opportunity_ratio;
  double equalized_odds_difference, equalized_odds_ratio;
  double mean_odds_difference, mean_odds_ratio;
} wf_bias_parity;
/* Between the extreme groups, or `to_overall`. */
WF_API WF_NODISCARD wf_status wf_bias_parity_of(wf_bias_parity *out,
                                                const wf_bias_confusion *groups, size_t n_groups,
                                                double least_size, bool to_overall, wf_error *err);

/* Generalised entropy of the benefits prediction - label + 1 and its part between groups. alpha 1
 * is the Theil index, 2 half the squared coefficient of variation. */
typedef struct wf_bias_entropy {
  double total, between_groups;
} wf_bias_entropy;
WF_API WF_NODISCARD wf_status wf_bias_entropy_of(wf_bias_entropy *out,
                                                 const wf_bias_confusion *groups, size_t n_groups,
                                                 double alpha, wf_error *err);

/* Smoothed empirical differential fairness of the labels or the predictions, and the two groups
 * that attain it. `concentration` is usually 1. */
typedef struct wf_bias_edf {
  double value;
  size_t lowest, highest;
} wf_bias_edf;
WF_API WF_NODISCARD wf_status wf_bias_smoothed_edf(wf_bias_edf *out,
                                                   const wf_bias_confusion *groups, size_t n_groups,
                                                   bool predicted, double concentration,
                                                   wf_error *err);

/* Calibration within groups: equal-width bins of a probability of the favourable label. `bins`
 * receives n_groups x n_bins; the mean score of a bin is score_sum / n, its share of favourable
 * labels favourable / n. */
typedef struct wf_bias_bin {
  double n, favourable, score_sum;
} wf_bias_bin;
WF_API WF_NODISCARD wf_status wf_bias_calibrate(wf_bias_bin *bins, size_t n_bins,
                                                const uint8_t *labels, const double *scores,
                                                const int32_t *groups, size_t n_groups, size_t n,
                                                wf_error *err);
/* Of one group's bins: the mean distance of score and share; NaN without rows. */
WF_API double wf_bias_calibration_error(const wf_bias_bin *bins, size_t n_bins);

/* Training weights under which label and group are independent; `weights` (NULL: all 1) are
 * multiplied by the correction, rows in no group keep theirs. */
WF_API WF_NODISCARD wf_status wf_bias_reweigh(double *out, const uint8_t *labels,
                                              const int32_t *groups, size_t n_groups,
                                              const double *weights, size_t n, wf_error *err);

/* --- thresholds by group -------------------------------------------------------------------- */

/* What is to be the same for every group. */
typedef enum wf_bias_constraint {
  WF_BIAS_SAME_SELECTION, /* demographic parity */
  WF_BIAS_SAME_TRUE_POSITIVE,
  WF_BIAS_SAME_FALSE_POSITIVE,
  WF_BIAS_SAME_TRUE_NEGATIVE,
  WF_BIAS_SAME_FALSE_NEGATIVE,
  WF_BIAS_SAME_ODDS, /* true and false positive rate */
  WF_BIAS_SAME_ERROR /* share of wrong decisions; no threshold can be fitted to it */
} wf_bias_constraint;

typedef struct wf_bias_threshold_options {
  wf_bias_constraint constraint;
  bool balanced;    /* maximise balanced accuracy instead of accuracy */
  bool flip;        /* low scores may be judged favourable too */
  double tolerance; /* how far groups may be apart in the constrained rate; 0: not at all */
  size_t n_grid;    /* steps of the constrained rate that are tried; 0: 1000 */
} wf_bias_threshold_options;

/* One group's way to decide: with probability p_ignore favourable at rate `constant` whatever the
 * score, else favourable when score > threshold[i] (< where below[i]), threshold i being used with
 * probability p[i]. */
typedef struct wf_bias_rule {
  double p_ignore, constant;
  double p[2], threshold[2];
  bool below[2];
} wf_bias_rule;

typedef struct wf_bias_threshold_fit {
  double x; /* the constrained rate all groups get; NaN when a tolerance lets them differ */
  double y; /* the objective; for SAME_ODDS the true positive rate */
} wf_bias_threshold_fit;

/* `rules` receives n_groups rules. Rows with group -1 are left out; a group whose labels are all
 * the same is WF_INVALID. */
WF_API WF_NODISCARD wf_status
wf_bias_fit_thresholds(wf_bias_rule *rules, wf_bias_threshold_fit *summary, const uint8_t *labels,
                       const double *scores, const int32_t *groups, size_t n_groups, size_t n,
                       const wf_bias_threshold_options *options, wf_error *err);
/* How probably a score is decided favourably. */
WF_API double wf_bias_rule_probability(const wf_bias_rule *rule, double score);
/* The decision for a `chance` drawn from [0, 1); 0.5 always: deterministic, and only nearly fair.
 */
WF_API bool wf_bias_rule_decide(const wf_bias_rule *rule, double score, double chance);

/* --- other mitigation ------------------------------------------------------------------------ */

/* Reject option (Kamiran, Karim, Zhang 2012): within `margin` of the threshold, where a score says
 * least, rows of d are decided favourably and all others unfavourably. */
typedef enum wf_bias_gap {
  WF_BIAS_GAP_SELECTION,   /* of selection rates */
  WF_BIAS_GAP_ODDS,        /* mean of the gaps of true and false positive rates */
  WF_BIAS_GAP_OPPORTUNITY, /* of true positive rates */
} wf_bias_gap;

typedef struct wf_bias_reject_options {
  wf_bias_gap gap;
  double bound;                   /* the gap may be from -bound to bound; 0: 0.05 */
  double lowest, highest;         /* thresholds that are tried; 0: 0.01 and 0.99 */
  size_t n_thresholds, n_margins; /* 0: 100 and 50 */
} wf_bias_reject_options;

typedef struct wf_bias_reject {
  double threshold, margin;
  double balanced_accuracy, gap; /* d minus the rest */
  bool within;                   /* false: no choice meets the bound, this one is nearest to 0 */
} wf_bias_reject;

/* The most accurate choice (balanced accuracy) within the bound. Scores are probabilities of the
 * favourable outcome; both sides need both labels. `options` may be NULL. */
WF_API WF_NODISCARD wf_status wf_bias_fit_reject(wf_bias_reject *out, const uint8_t *labels,
                                                 const double *scores, const uint8_t *facet,
                                                 size_t n, const wf_bias_reject_options *options,
                                                 wf_error *err);
WF_API bool wf_bias_reject_decide(const wf_bias_reject *fit, double score, bool in_d);

/* Equalized odds by chance (Hardt, Price, Srebro 2016): favourable predictions stay so with the
 * probability `keep`, others become so with the probability `turn`; [0] for the rest, [1] for d.
 * Both sides then have the same true and false positive rates, at the least cost: the sum over the
 * sides of false positive less true positive rates. Both sides need both labels. */
typedef struct wf_bias_odds {
  double keep[2], turn[2];
  double cost; /* at most 0, that of deciding without looking */
} wf_bias_odds;
WF_API WF_NODISCARD wf_status wf_bias_fit_odds(wf_bias_odds *out, const wf_bias_cells *cells,
                                               wf_error *err);

/* Calibrated odds (Pleiss et al. 2017): of a share `mix` of one side's rows the score is replaced
 * by the side's base rate, which makes both sides cost the same and leaves scores calibrated. A mix
 * above 1 says that even base rates alone cost that side less than the other; use 1 then. */
typedef enum wf_bias_cost {
  WF_BIAS_COST_FALSE_NEGATIVE, /* mean of 1 - score over favourable labels */
  WF_BIAS_COST_FALSE_POSITIVE, /* mean of score over the others */
  WF_BIAS_COST_BOTH            /* both, by the shares of the labels, halved */
} wf_bias_cost;
typedef struct wf_bias_calibrated {
  double mix[2], base_rate[2]; /* [0] for the rest, [1] for d */
} wf_bias_calibrated;
WF_API WF_NODISCARD wf_status wf_bias_fit_calibrated(wf_bias_calibrated *out, const uint8_t *labels,
                                                     const double *scores, const uint8_t *facet,
                                                     size_t n, wf_bias_cost cost, wf_error *err);

/* Learning under a constraint (Agarwal et al. 2018), by weights. A constraint has one or two events
 * (SAME_ODDS: the rows labelled 0, and those labelled 1); arrays by event and group have
 * wf_bias_event_count x n_groups numbers, event after event. Rows with group -1 are left out. */
WF_API size_t wf_bias_event_count(wf_bias_constraint constraint);
/* How far each group's mean is from that of all rows of the event; NaN for a group without such
 * rows. Decisions are probabilities of the favourable decision, or 0 and 1. */
WF_API WF_NODISCARD wf_status wf_bias_constraint_gaps(double *gaps, wf_bias_constraint constraint,
                                                      const uint8_t *labels,
                                                      const double *decisions,
                                                      const int32_t *groups, size_t n_groups,
                                                      size_t n, wf_error *err);
/* Signed weights of n rows: a positive one asks for a favourable decision. A positive multiplier
 * presses on a group whose gap is too large. Add 2 x label - 1 to count errors as well. */
WF_API WF_NODISCARD wf_status wf_bias_signed_weights(double *out, wf_bias_constraint constraint,
                                                     const double *multipliers,
                                                     const uint8_t *labels, const int32_t *groups,
                                                     size_t n_groups, size_t n, wf_error *err);

/* Disparate impact remover (Feldman et al. 2015): moves a feature's values so that every group has
 * the same distribution, the median of the groups' quantiles, while the order within a group stays.
 * `amount` 0 changes nothing, 1 all. Rows with group -1 keep theirs. */
WF_API WF_NODISCARD wf_status wf_bias_remove_impact(double *out, const double *values,
                                                    const int32_t *groups, size_t n_groups,
                                                    double amount, size_t n, wf_error *err);

/* --- the flip test -------------------------------------------------------------------------- */

/* FT needs rows, not tables: each row of d is compared with the majority of its nearest rows of the
 * rest (Euclidean distance over unscaled features). (F+ - F-) / rows of d, where F+ are predicted
 * favourably against their neighbours and F- unfavourably. */
#define WF_BIAS_FT_NAME "FT"
#define WF_BIAS_FT_DESCRIPTION "Flip Test (FT)"

typedef struct wf_bias_flip {
  double value;       /* among equally distant rows the lowest row number is nearest */
  double least, most; /* what other orders of equally distant rows could give */
  size_t n_ambiguous; /* rows of d for which that order decides */
  size_t k;
} wf_bias_flip;

typedef struct wf_bias_flip_data {
  const double *const *features; /* columns of finite numbers */
  const char *const *names;      /* of the features, for messages; may be NULL */
  size_t n_features, n;
  const uint8_t *predictions, *facet;
} wf_bias_flip_data;

/* Exact. `k` neighbours (odd; 0 is Clarify's rule: 5, or 1 when the rest has at most 9 rows);
 * `n_threads` 0: as many as there are CPUs; any number gives the same result. */
WF_API WF_NODISCARD wf_status wf_bias_flip_test(wf_bias_flip *out, const wf_bias_flip_data *data,
                                                size_t k, size_t n_threads, wf_error *err);

/* --- reports -------------------------------------------------------------------------------- */

/* Clarify's bias_basic_stats of facet d. */
typedef struct wf_bias_basics {
  double proportion; /* of d among all rows */
  double observed_label_distribution[2];
  double confusion_matrix[4]; /* TP FP FN TN as fractions of d */
} wf_bias_basics;
WF_API WF_NODISCARD wf_status wf_bias_basic_stats(wf_bias_basics *out, const wf_bias_cells *cells,
                                                  wf_error *err);

/* Clarify's model performance report, over all rows. */
#define WF_BIAS_PERFORMANCE_MAP(X)                                                                 \
  X(ACCURACY, "Accuracy",                                                                          \
    "Proportion of inputs assigned the correct predicted label by the model.")                     \
  X(PPL, "Proportion of Positive Predictions in Labels",                                           \
    "Proportion of input assigned in positive predicted label.")                                   \
  X(PNL, "Proportion of Negative Predictions in Labels",                                           \
    "Proportion of input assigned the negative predicted label.")                                  \
  X(RECALL, "True Positive Rate / Recall",                                                         \
    "Proportion of inputs with positive observed label correctly assigned the positive predicted " \
    "label.")                                                                                      \
  X(SPECIFICITY, "True Negative Rate / Specificity",                                               \
    "Proportion of inputs with negative observed label correctly assigned the negative predicted " \
    "label.")                                                                                      \
  X(PRECISION, "Acceptance Rate / Precision",                                                      \
    "Proportion of inputs with positive predicted label that actually have a positive observed "   \
    "label.")                                                                                      \
  X(REJECTION_RATE, "Rejection Rate",                                                              \
    "Proportion of inputs with negative predicted label that actually have a negative observed "   \
    "label.")                                                                                      \
  X(CONDITIONAL_ACCEPTANCE, "Conditional Acceptance",                                              \
    "Ratio between the positive observed labels and positive predicted labels.")                   \
  X(CONDITIONAL_REJECTION, "Conditional Rejection",                                                \
    "Ratio between the negative observed labels and negative predicted labels.")                   \
  X(F1, "F1 Score", "Harmonic mean of precision and recall.")

enum {
#define WF_BIAS_ENUM(id, name, text) WF_BIAS_##id,
  WF_BIAS_PERFORMANCE_MAP(WF_BIAS_ENUM)
#undef WF_BIAS_ENUM
      WF_BIAS_PERFORMANCES
};
typedef struct wf_bias_performance {
  double values[WF_BIAS_PERFORMANCES];
  double confusion_matrix[4]; /* TP FP FN TN as fractions of all rows */
} wf_bias_performance;
WF_API void wf_bias_model_performance(wf_bias_performance *out, const wf_bias_cells *cells);
WF_API const char *wf_bias_performance_name(int index);
WF_API const char *wf_bias_performance_description(int index);

#ifdef __cplusplus
}
#endif
#endif
