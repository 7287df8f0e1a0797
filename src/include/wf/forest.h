/* wf/forest.h — gradient-boosted tree ensembles: load, validate, predict.
 *
 * Reads the models XGBoost writes (JSON and UBJSON, recognised by content) and evaluates them
 * without libxgboost, bit-identical to it. Every document is validated before anything walks it:
 * array sizes, children in range and each node reached once, features and groups in range, finite
 * numbers, nesting and size limits. A forest is immutable and atomically reference-counted. */
#ifndef WF_FOREST_H
#define WF_FOREST_H

#include "wf/matrix.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wf_forest wf_forest;

/* WF_PARSE: not such a document; WF_CORRUPT: a document whose trees cannot be right;
 * WF_UNSUPPORTED: the old binary format, an unknown booster or objective. The message names the
 * tree and node. */
WF_API WF_NODISCARD wf_status wf_forest_parse(wf_forest **out, const void *bytes, size_t size,
                                              wf_error *err);
WF_API WF_NODISCARD wf_status wf_forest_read(wf_forest **out, const char *path, wf_error *err);
WF_API wf_forest *wf_forest_retain(wf_forest *forest);
WF_API void wf_forest_release(wf_forest *forest);

WF_API size_t wf_forest_feature_count(const wf_forest *forest);
WF_API size_t wf_forest_tree_count(const wf_forest *forest);
/* Outputs per row: 1, or the number of classes of a multi-class objective. */
WF_API size_t wf_forest_group_count(const wf_forest *forest);
WF_API const char *wf_forest_objective(const wf_forest *forest); /* e.g. "binary:logistic" */
/* NULL when the model carries no feature names. */
WF_API const char *wf_forest_feature_name(const wf_forest *forest, size_t feature);
/* The margin every row starts from (base_score through its link); of the first output, or of any.
 */
WF_API double wf_forest_base_margin(const wf_forest *forest);
WF_API double wf_forest_base_margin_at(const wf_forest *forest, size_t group);
/* Boosting rounds, each of group_count x num_parallel_tree trees. */
WF_API size_t wf_forest_round_count(const wf_forest *forest);
/* The round early stopping found best (0-based), or -1 when the model does not say. */
WF_API int64_t wf_forest_best_round(const wf_forest *forest);

typedef enum wf_predict_kind {
  WF_PREDICT_VALUE,  /* after the objective's transform: probability, class probabilities, mean */
  WF_PREDICT_MARGIN, /* the sum of leaves and base margin */
  WF_PREDICT_LEAF    /* leaf node number per tree: n_rows x n_trees */
} wf_predict_kind;

typedef struct wf_predict_options {
  wf_predict_kind kind;
  size_t n_threads; /* 0: all; the result does not depend on it */
  /* Only the trees of boosting rounds [round_begin, round_end); round_end 0 means all rounds, as in
   * XGBoost. After early stopping, round_end = best_round + 1 gives the best model. */
  size_t round_begin, round_end;
  /* Missing values by bitmap, as columns of frames have them: per feature NULL (none is missing) or
   * bits, row r being bit r % 8 of byte r / 8, 1: there. What lies in a missing cell does not
   * matter; a NaN is missing in any case. NULL: no bitmaps. */
  const uint8_t *const *validity;
} wf_predict_options;

/* Writes n_rows x group_count floats, or n_rows x tree_count for leaves (whatever the rounds, those
 * outside are 0), row after row into `out`.
 * features->n_columns must equal wf_forest_feature_count. multi:softmax gives one class number per
 * row for WF_PREDICT_VALUE. `options` may be NULL: values, all threads. */
WF_API WF_NODISCARD wf_status wf_forest_predict(const wf_forest *forest,
                                                const wf_features *features,
                                                const wf_predict_options *options, float *out,
                                                wf_error *err);
/* How many floats per row wf_forest_predict writes for that kind. */
WF_API size_t wf_forest_output_count(const wf_forest *forest, wf_predict_kind kind);

typedef enum wf_importance {
  WF_IMPORTANCE_WEIGHT,     /* number of splits */
  WF_IMPORTANCE_GAIN,       /* mean loss change of the feature's splits */
  WF_IMPORTANCE_COVER,      /* mean hessian sum of the feature's splits */
  WF_IMPORTANCE_TOTAL_GAIN, /* the same added up */
  WF_IMPORTANCE_TOTAL_COVER
} wf_importance;

/* Fills out[feature_count]; features without splits get 0. */
WF_API void wf_forest_importance(const wf_forest *forest, wf_importance kind, double *out);

#ifdef __cplusplus
}
#endif
#endif
