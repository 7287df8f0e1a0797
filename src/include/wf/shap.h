/* wf/shap.h — exact explanations of tree ensembles.
 *
 * SHAP values split a row's margin over its features: base + sum of contributions = margin
 * (Lundberg et al., "From local explanations to global understanding with explainable AI for
 * trees", 2020). Values are float64 and the same for any number of threads. */
#ifndef WF_SHAP_H
#define WF_SHAP_H

#include "wf/forest.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wf_shap_options {
  size_t n_threads; /* 0: all */
} wf_shap_options;

/* Path-dependent TreeSHAP. Writes n_rows x group_count x (feature_count + 1) doubles; the last of
 * each group is the base value (expected margin over the training cover plus base margin). Checks
 * additivity against the forest's own margin for every row and fails with WF_CORRUPT when it is off
 * by more than float32 summation can explain; WF_LIMIT when a path splits on more than 64 features.
 * `options` may be NULL. */
WF_API WF_NODISCARD wf_status wf_shap_values(const wf_forest *forest, const wf_features *features,
                                             const wf_shap_options *options, double *out,
                                             wf_error *err);

/* The same for who explains few rows often and must not allocate: on the calling thread, in memory
 * of the caller's. wf_shap_prepare does what is done once a forest, and tells how many bytes of
 * scratch (aligned to 64) explaining up to `n_rows` rows in one call takes; WF_LIMIT as above.
 * Afterwards wf_shap_values_within allocates nothing. */
WF_API WF_NODISCARD wf_status wf_shap_prepare(size_t *scratch_size, const wf_forest *forest,
                                              size_t n_rows, wf_error *err);
WF_API WF_NODISCARD wf_status wf_shap_values_within(const wf_forest *forest,
                                                    const wf_features *features, void *scratch,
                                                    double *out, wf_error *err);

/* Interaction values of the same contributions: writes n_rows x group_count x (feature_count + 1) x
 * (feature_count + 1) doubles. A matrix is symmetric; cell (a, b) is half of what the two features
 * give together beyond each alone (the Shapley interaction index), the diagonal holds what remains
 * of each contribution, the main effects, and the last cell is the base value. Rows sum to the
 * contributions, all cells to the margin, which is checked as above. `options` may be NULL. */
WF_API WF_NODISCARD wf_status wf_shap_interactions(const wf_forest *forest,
                                                   const wf_features *features,
                                                   const wf_shap_options *options, double *out,
                                                   wf_error *err);

/* Interventional SHAP values: features that are not known are taken from the rows of a background
 * of at least one row, instead of averaged over the training cover; exact over all of them. Writes
 * what wf_shap_values writes, the base value being the mean margin of the background, and checks
 * sums as it does. How many rows are explained together may change values in their last bits.
 * `options` may be NULL. */
WF_API WF_NODISCARD wf_status wf_shap_interventional(const wf_forest *forest,
                                                     const wf_features *features,
                                                     const wf_features *background,
                                                     const wf_shap_options *options, double *out,
                                                     wf_error *err);

/* Exact Shapley values of the probability (of each class), by enumerating all sets of features.
 * What a set of known features is worth is, with a background, the mean of what the forest predicts
 * for the background's rows with those features replaced by the row's; with `background` NULL, the
 * probability of the margin that wf_shap_values would expect. Writes what wf_shap_values writes,
 * the base value being a probability; values and base sum to the row's, which is checked. WF_LIMIT,
 * before anything is explained: a row and a background row differ in more than 24 of the features
 * that the model splits on; without a background, it splits on more than 24. n of them take 2^n
 * sets of about 10 ns, for each row and background row. WF_UNSUPPORTED: an objective without
 * probabilities, gblinear. `options` may be NULL. */
WF_API WF_NODISCARD wf_status wf_shap_probability(const wf_forest *forest,
                                                  const wf_features *features,
                                                  const wf_features *background,
                                                  const wf_shap_options *options, double *out,
                                                  wf_error *err);

typedef enum wf_shap_aggregate {
  WF_SHAP_MEAN_ABS,
  WF_SHAP_MEDIAN,
  WF_SHAP_MEAN_SQ
} wf_shap_aggregate;

/* Global importance per feature from local values laid out as wf_shap_values writes them; fills
 * out[n_features] for one group. median is the median of absolute values. */
WF_API WF_NODISCARD wf_status wf_shap_global(const double *values, size_t n_rows, size_t n_groups,
                                             size_t n_features, size_t group, wf_shap_aggregate how,
                                             double *out, wf_error *err);

/* wf_shap_global of all groups over the rows' path-dependent values, none of which is kept:
 * mean_abs or mean_sq, at least one row. Fills out[group_count x (feature_count + 1)], the last of
 * each group being the base value. The same bits with any number of threads. */
WF_API WF_NODISCARD wf_status wf_shap_means(const wf_forest *forest, const wf_features *features,
                                            const wf_shap_options *options, wf_shap_aggregate how,
                                            double *out, wf_error *err);

/* The same of values that lie column after column: `columns` has n_features of n_rows each. */
WF_API WF_NODISCARD wf_status wf_shap_importance(const double *const *columns, size_t n_rows,
                                                 size_t n_features, wf_shap_aggregate how,
                                                 size_t n_threads, double *out, wf_error *err);

/* Mean absolute interaction of every two different features, both halves together, from matrices
 * laid out as wf_shap_interactions writes them; fills out[n_features (n_features - 1) / 2] for one
 * group in the order (0, 1), (0, 2) … (1, 2) …. */
WF_API WF_NODISCARD wf_status wf_shap_global_pairs(const double *matrices, size_t n_rows,
                                                   size_t n_groups, size_t n_features, size_t group,
                                                   double *out, wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
