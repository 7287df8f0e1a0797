/* wf/explain.h — explanations that need nothing of a model but its predictions.
 *
 * Kernel SHAP, the rows it compares with, partial dependence and individual curves, permutation
 * importance. A predictor is a function on frames (wf_explain_fn), or a forest, for which
 * everything runs without building frames. Results depend on the seed and never on the number of
 * threads. */
#ifndef WF_EXPLAIN_H
#define WF_EXPLAIN_H

#include "wf/forest.h"
#include "wf/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Predicts every row of a frame: fills out[n_rows x n_outputs], row after row. Called on the
 * caller's thread, one call at a time. A failure ends the explanation with its status and message.
 */
typedef wf_status wf_explain_fn(void *context, const wf_frame *rows, double *out, wf_error *err);

typedef struct wf_explain_function {
  wf_explain_fn *fn;
  void *context;
  size_t n_outputs;
} wf_explain_function;

/* ---- Kernel SHAP -------------------------------------------------------------------------------
 *
 * What a coalition S of players is worth for a row is link(mean of f over the background rows with
 * the players of S taken from the row). The values returned are the weighted least-squares fit of
 * an additive model to coalitions weighted by the Shapley kernel, under the constraint that base
 * and values add up to link(f(row)) (Lundberg and Lee, "A unified approach to interpreting model
 * predictions", 2017). They are the exact Shapley values when n_samples reaches 2^v - 2, with v the
 * number of players whose change can matter for the row; players that cannot matter get 0. */

typedef enum wf_explain_link {
  WF_EXPLAIN_IDENTITY,
  WF_EXPLAIN_LOGIT /* of probabilities; 0 and 1 count as 2^-25 and 1 - 2^-25 */
} wf_explain_link;

typedef struct wf_kernel_options {
  size_t n_samples; /* coalitions per row; 0: 2048 and twice the number of varying players */
  uint64_t seed;
  wf_explain_link link;
  const double *weights; /* of the background rows, not negative, not all 0; NULL: all alike */
  size_t n_threads;      /* 0: all; functions on frames are called on one */
} wf_kernel_options;

/* Explains rows of features. players[feature] is the player (0 to n_players - 1) it belongs to:
 * features of one player, such as the indicators of one column, come and go together; NULL: each
 * feature is its own (n_players is then their number). `values` gets n_rows x n_outputs x
 * (n_players + 1) doubles, the last of each output being the base value, as wf_shap_values lays
 * them out; `errors` (or NULL) n_rows x n_outputs x n_players standard errors, which tell how far
 * other seeds would lead, and are 0 where every coalition was evaluated. `kind` is value or margin;
 * outputs are those of wf_forest_output_count. `options` may be NULL.
 *
 * WF_INVALID: no background, weights or probabilities out of range, too few samples for a unique
 * solution; WF_LIMIT: more than 4096 varying players or 2^24 samples. */
WF_API WF_NODISCARD wf_status wf_kernel_forest(const wf_forest *forest, wf_predict_kind kind,
                                               const wf_features *rows,
                                               const wf_features *background, const size_t *players,
                                               size_t n_players, const wf_kernel_options *options,
                                               double *values, double *errors, wf_error *err);
/* The same for a function on frames: `players` are of columns. The background has the same columns
 * in any order; types that differ meet in one that holds both, which is what the function gets.
 * Rows that come out the same are predicted once. */
WF_API WF_NODISCARD wf_status wf_kernel_frame(const wf_explain_function *function,
                                              const wf_frame *rows, const wf_frame *background,
                                              const size_t *players, size_t n_players,
                                              const wf_kernel_options *options, double *values,
                                              double *errors, wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
