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
  /* Asked before each row, on any thread (NULL: never); true ends the call with WF_CANCELED. */
  bool (*stop)(void *context);
  void *context;
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

/* ---- rows to compare with ----------------------------------------------------------------------
 *
 * A few rows that stand for a frame: centres of k-means when all columns are numbers, of
 * k-prototypes when there is text (Huang, "Extensions to the k-means algorithm for clustering large
 * data sets with categorical values", 1998). Numbers are standardised for distances, and a text
 * that differs counts half a standardised unit squared. A centre holds means of numbers and the
 * most frequent texts, truth values and (nearest to the mean) times of its rows. One cluster is the
 * typical row: mean and mode of every column. */

typedef struct wf_baseline_options {
  size_t n_clusters; /* 0: 1 to 12, where the curve of costs bends most */
  uint64_t seed;
  size_t n_threads; /* 0: all */
} wf_baseline_options;

enum { WF_BASELINE_MAX_CLUSTERS = 1000, WF_BASELINE_ROWS = 5000 };

/* The centres as rows, the largest cluster first, and as an i64 column (when `sizes` is not NULL)
 * how many rows each stands for. More clusters than different rows give as many as there are. Of
 * more than WF_BASELINE_ROWS rows a seeded sample of as many is clustered (for one cluster all
 * count). WF_INVALID without rows or columns. */
WF_API WF_NODISCARD wf_status wf_explain_baseline(wf_frame **out, wf_column **sizes,
                                                  const wf_frame *frame,
                                                  const wf_baseline_options *options,
                                                  wf_error *err);

/* ---- partial dependence ------------------------------------------------------------------------
 *
 * What f gives on average when one column (or two) is set to a value in all rows (Friedman, "Greedy
 * function approximation", 2001), and how that differs from row to row (Goldstein et al., "Peeking
 * inside the black box", 2015). */

typedef enum wf_grid {
  WF_GRID_QUANTILES, /* values of the column at equal steps of rank */
  WF_GRID_EVEN       /* numbers at equal distances */
} wf_grid;

typedef struct wf_grid_options {
  size_t n; /* at least 2 */
  wf_grid how;
  double low, high; /* from the column's quantile `low` to that at `high`: 0 <= low < high <= 1 */
} wf_grid_options;

enum { WF_GRID_MAX_TEXTS = 100 };

/* The values of a column to look at: all of them, ascending, when it has no more than n different
 * numbers or times, else a grid; of text and truth values the WF_GRID_MAX_TEXTS most frequent.
 * Missing values and NaN are left out; WF_INVALID when nothing is left. */
WF_API WF_NODISCARD wf_status wf_dependence_grid(wf_column **out, const wf_column *column,
                                                 const wf_grid_options *options, wf_error *err);

typedef struct wf_dependence_options {
  const double *weights; /* of the rows, for the mean; NULL: all alike */
  double low, high;      /* the quantiles of the rows' predictions to give beside the mean */
  size_t n_threads;      /* 0: all */
} wf_dependence_options;

typedef struct wf_dependence_point {
  double mean, low, high;
} wf_dependence_point;

/* Of output `output` of a forest, with features columns[n_columns] set to points[n_points x
 * n_columns]: out[n_points], and in `curves` (unless NULL) n_points x n_rows predictions. To set a
 * raw column of a model with a recipe, its features are set to what the recipe makes of a value. */
WF_API WF_NODISCARD wf_status wf_dependence_forest(
    const wf_forest *forest, wf_predict_kind kind, size_t output, const wf_features *rows,
    const size_t *columns, size_t n_columns, const float *points, size_t n_points,
    const wf_dependence_options *options, wf_dependence_point *out, double *curves, wf_error *err);
/* The same of a function: each row of `points` replaces the columns of its names. Several points
 * are predicted in one call when the rows are few. */
WF_API WF_NODISCARD wf_status wf_dependence_frame(const wf_explain_function *function,
                                                  size_t output, const wf_frame *rows,
                                                  const wf_frame *points,
                                                  const wf_dependence_options *options,
                                                  wf_dependence_point *out, double *curves,
                                                  wf_error *err);

/* ---- permutation -------------------------------------------------------------------------------
 *
 * How much worse predictions get when a column's values are shuffled among the rows (Breiman,
 * "Random forests", 2001). Repeat r of group g uses the order that (seed, g, r) gives, for a forest
 * and a frame alike. */

/* out[n_repeats x n_rows x outputs]: predictions with the features columns[n_columns] shuffled
 * together. */
WF_API WF_NODISCARD wf_status wf_permutation_forest(const wf_forest *forest, wf_predict_kind kind,
                                                    const wf_features *rows, const size_t *columns,
                                                    size_t n_columns, uint64_t seed, size_t group,
                                                    size_t n_repeats, size_t n_threads, float *out,
                                                    wf_error *err);
/* The frame with the columns of these names shuffled together, for one repeat. */
WF_API WF_NODISCARD wf_status wf_permutation_frame(wf_frame **out, const wf_frame *frame,
                                                   const char *const *names, size_t n_names,
                                                   uint64_t seed, size_t group, size_t repeat,
                                                   wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
