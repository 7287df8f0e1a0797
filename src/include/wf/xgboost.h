/* wf/xgboost.h — training gradient-boosted trees with libxgboost.
 *
 * libxgboost is loaded when first needed and only trains: predictions and explanations come from
 * wf/forest.h and wf/shap.h. No C++ exception leaves these functions. Training is deterministic for
 * a seed: models and metrics are the same whatever the number of threads.
 *
 * While a model is trained, libxgboost's OpenMP threads wait for work by spinning. On a machine
 * whose CPUs are also used by others a program does well to set OMP_WAIT_POLICY=passive in its
 * environment before the first call here, as `wf` does; the library itself never changes the
 * environment. Cross-validation runs its folds on threads of its own, which sleep. Do not fork()
 * after training without exec: OpenMP does not survive it. Several trainings may run at a time on
 * threads of their own, but for eval_metric "tweedie-nloglik@…" and, beside a metric that
 * libxgboost computes, "error@…": it keeps their names in a variable all share. */
#ifndef WF_XGBOOST_H
#define WF_XGBOOST_H

#include "wf/matrix.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wf_xgboost_data {
  const char *name;        /* of an evaluation set, e.g. "validation"; ignored for training data */
  const wf_matrix *matrix; /* borrowed for the call */
  const float *labels;     /* n_rows; finite */
  const float *weights;    /* NULL, or n_rows, finite and >= 0 */
} wf_xgboost_data;

typedef struct wf_xgboost_param {
  const char *name,
      *value; /* XGBoost's own names; an unknown one is WF_INVALID with a suggestion */
} wf_xgboost_param;

/* Metric values of one round: n_sets x n_metrics, set after set (the training set first). Return
 * false to stop training: the call then fails with WF_CANCELED. Do not train from inside: XGBoost's
 * random generator belongs to the thread. */
typedef struct wf_xgboost_round {
  size_t round, n_rounds, n_sets, n_metrics; /* round counts from 0 */
  const char *const *sets, *const *metrics;
  const double *values;
} wf_xgboost_round;
typedef bool wf_xgboost_on_round(void *context, const wf_xgboost_round *round);

typedef struct wf_xgboost_options {
  const wf_xgboost_param *params;
  size_t n_params;
  size_t rounds;
  size_t early_stopping_rounds; /* 0: never; else stop when the last metric of the last evaluation
                                   set has not improved for so many rounds */
  const wf_xgboost_data *evals;
  size_t n_evals;
  size_t n_threads;              /* 0: all, or one for small data */
  wf_xgboost_on_round *on_round; /* may be NULL */
  void *context;
} wf_xgboost_options;

/* The outcome; end it with wf_xgboost_result_dispose. */
typedef struct wf_xgboost_result {
  char *model; /* XGBoost's JSON document, feature names included; with early stopping only the
                  trees up to the best round */
  size_t model_size;
  size_t n_rounds;          /* trained */
  size_t best_round;        /* 0-based; the last one without early stopping */
  size_t n_sets, n_metrics; /* history is n_rounds x n_sets x n_metrics */
  char **sets, **metrics;
  double *history;
} wf_xgboost_result;

WF_API WF_NODISCARD wf_status wf_xgboost_train(wf_xgboost_result *out, const wf_xgboost_data *train,
                                               const wf_xgboost_options *options, wf_error *err);
WF_API void wf_xgboost_result_dispose(wf_xgboost_result *result);

/* Training data in parts, for sets that do not fit into memory as floats. The parts are gone
 * through several times and must be the same each time (else WF_INVALID): same features, rows and
 * values. */
typedef struct wf_xgboost_parts {
  /* The next part (its name is ignored), borrowed until the next call; *more turns false at the
   * end.
   */
  wf_status (*next)(void *context, wf_xgboost_data *part, bool *more, wf_error *err);
  wf_status (*rewind)(void *context, wf_error *err);
  void *context;
  const char *cache; /* NULL: all rows are kept in memory by their bins, a byte a value for up to
                        256 of them; else the beginning of the paths of files that hold them, which
                        this call removes */
} wf_xgboost_parts;

/* wf_xgboost_train on such data. Trees are grown by tree_method "hist", which is also the default
 * here; gblinear cannot. Bins are cut by the same quantiles as from one matrix. */
WF_API WF_NODISCARD wf_status wf_xgboost_train_parts(wf_xgboost_result *out,
                                                     const wf_xgboost_parts *parts,
                                                     const wf_xgboost_options *options,
                                                     wf_error *err);

/* k-fold cross-validation: one model per fold, trained on the others. `folds` holds the fold number
 * (0..k-1) of each row. */
typedef struct wf_xgboost_cv_result {
  size_t n_rounds; /* kept: up to the best one when stopped early */
  size_t n_metrics;
  char **metrics;
  /* n_rounds x n_metrics each; std is the population standard deviation over folds */
  double *train_mean, *train_std, *test_mean, *test_std;
} wf_xgboost_cv_result;

/* options->evals must be empty; on_round receives sets "train" and "test" with the fold means,
 * always on the caller's thread. Early stopping goes by the test mean of the last metric. Folds are
 * trained side by side on options->n_threads threads (0: all), and may be up to four rounds ahead
 * of on_round. Each round samples by the seed and its number alone, as XGBoost does with
 * seed_per_iteration, which cannot be false here. */
WF_API WF_NODISCARD wf_status wf_xgboost_cv(wf_xgboost_cv_result *out, const wf_xgboost_data *train,
                                            const size_t *folds, size_t k,
                                            const wf_xgboost_options *options, wf_error *err);
WF_API void wf_xgboost_cv_result_dispose(wf_xgboost_cv_result *result);

/* The loaded library's version, e.g. 1.7.4. */
WF_API WF_NODISCARD wf_status wf_xgboost_version(int *major, int *minor, int *patch, wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
