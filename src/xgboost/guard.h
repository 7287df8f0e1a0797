/* xgboost/guard.h — libxgboost's C API without its surprises: loaded when first needed, no C++
 * exception gets out, every failure is a wf_status with one line of message, and results are copied
 * before anything could overwrite them.
 *
 * What no wrapper can prevent: libxgboost aborts the process when memory runs out in a few places
 * that are declared not to throw. */
#ifndef WF_XGBOOST_GUARD_H
#define WF_XGBOOST_GUARD_H

#ifdef __cplusplus
extern "C" {
#endif

#include "base/error.h"

typedef struct wf_xgb wf_xgb; /* the function table; used by the thread that opened it. What was
                                 made through one may be used through another */
typedef void *wf_xgb_matrix;
typedef void *wf_xgb_booster;

/* Loads the library. Until wf_xgb_close its log is silent for this thread, and OpenMP regions this
 * thread starts use at most `n_threads`: the booster's own parameter does not reach the sorts
 * inside metrics. */
wf_status wf_xgb_open(wf_xgb **out, size_t n_threads, wf_error *err);
void wf_xgb_close(wf_xgb *xgb);
void wf_xgb_version(const wf_xgb *xgb, int *major, int *minor, int *patch);

/* From n_rows x n_columns floats, row after row; NaN is missing. */
wf_status wf_xgb_matrix_new(wf_xgb_matrix *out, const wf_xgb *xgb, const float *rows, size_t n_rows,
                            size_t n_columns, size_t n_threads, wf_error *err);
/* From batches that `next` hands to a proxy, in several passes: next returns 0 at the end of each,
 * `reset` begins another. The proxy takes values that lie `row_stride` and `column_stride` floats
 * apart and stay where they are until the following call. By their bins in memory, which are those
 * of the matrix `bins` (itself made of batches) or else cut anew, or in files whose paths begin
 * with `cache`. */
typedef struct wf_xgb_batches {
  void *context;
  void (*reset)(void *context);
  int (*next)(void *context);
  wf_xgb_matrix proxy;
  size_t max_bin;
  wf_xgb_matrix bins; /* NULL: its own */
  const char *cache;  /* NULL: in memory */
} wf_xgb_batches;
wf_status wf_xgb_proxy_new(wf_xgb_matrix *out, const wf_xgb *xgb, wf_error *err);
wf_status wf_xgb_proxy_set(const wf_xgb *xgb, wf_xgb_matrix proxy, const float *values,
                           size_t n_rows, size_t n_columns, size_t row_stride, size_t column_stride,
                           wf_error *err);
wf_status wf_xgb_matrix_of_batches(wf_xgb_matrix *out, const wf_xgb *xgb,
                                   const wf_xgb_batches *batches, size_t n_threads, wf_error *err);

/* `field` is "label" or "weight". */
wf_status wf_xgb_matrix_set(const wf_xgb *xgb, wf_xgb_matrix matrix, const char *field,
                            const float *values, size_t n, wf_error *err);
void wf_xgb_matrix_free(const wf_xgb *xgb, wf_xgb_matrix matrix); /* NULL is fine */

/* `matrices` are those it will be trained on or evaluated with. */
wf_status wf_xgb_booster_new(wf_xgb_booster *out, const wf_xgb *xgb, const wf_xgb_matrix *matrices,
                             size_t n, wf_error *err);
wf_status wf_xgb_booster_set(const wf_xgb *xgb, wf_xgb_booster booster, const char *name,
                             const char *value, wf_error *err);
wf_status wf_xgb_booster_update(const wf_xgb *xgb, wf_xgb_booster booster, size_t round,
                                wf_xgb_matrix matrix, wf_error *err);
/* What the model says of each of the matrix's `n` rows; the booster remembers it between rounds. */
wf_status wf_xgb_booster_predict(float *out, const wf_xgb *xgb, wf_xgb_booster booster,
                                 wf_xgb_matrix matrix, size_t n, wf_error *err);
/* "[round]\t0-auc:0.9\t0-logloss:0.3\t1-auc:…" where the sets are called 0, 1, …; wf_free it.
 * By one thread: XGBoost adds one partial sum per thread, so the numbers would depend on theirs. */
wf_status wf_xgb_booster_evaluate(char **out, const wf_xgb *xgb, wf_xgb_booster booster,
                                  size_t round, wf_xgb_matrix *matrices, const char **names,
                                  size_t n, wf_error *err);
/* The booster's first `n_rounds` rounds. */
wf_status wf_xgb_booster_head(wf_xgb_booster *out, const wf_xgb *xgb, wf_xgb_booster booster,
                              size_t n_rounds, wf_error *err);
wf_status wf_xgb_booster_name_features(const wf_xgb *xgb, wf_xgb_booster booster,
                                       const char **names, size_t n, wf_error *err);
/* Its JSON document; wf_free it. */
wf_status wf_xgb_booster_save(char **out, size_t *size, const wf_xgb *xgb, wf_xgb_booster booster,
                              wf_error *err);
void wf_xgb_booster_free(const wf_xgb *xgb, wf_xgb_booster booster); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
