/* wf/matrix.h — dense float32 feature matrices, what models see.
 *
 * A wf_matrix is immutable and atomically reference-counted. Values are stored column after column,
 * each column starting on a 64-byte boundary; a missing value is a quiet NaN. wf_features is a
 * borrowed, strided view of any such memory, row-major or column-major. */
#ifndef WF_MATRIX_H
#define WF_MATRIX_H

#include "wf/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wf_matrix wf_matrix;

typedef struct wf_features {
  const float *data;
  size_t n_rows, n_columns;
  size_t row_stride, column_stride; /* in floats; one of them is 1 */
} wf_features;

/* A view of `n_rows` x `n_columns` floats stored row after row. */
static inline wf_features wf_features_rows(const float *data, size_t n_rows, size_t n_columns) {
  wf_features view = {data, n_rows, n_columns, n_columns, 1};
  return view;
}

/* Zero-filled and writable until shared: fill the columns, then treat it as immutable. Names are
 * copied; NULL gives "f0", "f1", … */
WF_API WF_NODISCARD wf_status wf_matrix_new(wf_matrix **out, size_t n_rows, size_t n_columns,
                                            const char *const *names, wf_error *err);
WF_API wf_matrix *wf_matrix_retain(wf_matrix *matrix);
WF_API void wf_matrix_release(wf_matrix *matrix);
WF_API size_t wf_matrix_row_count(const wf_matrix *matrix);
WF_API size_t wf_matrix_column_count(const wf_matrix *matrix);
WF_API const char *wf_matrix_name_at(const wf_matrix *matrix, size_t column);
WF_API float *wf_matrix_column_at(wf_matrix *matrix, size_t column);
WF_API wf_features wf_matrix_features(const wf_matrix *matrix);
/* The given rows, in the given order. */
WF_API WF_NODISCARD wf_status wf_matrix_take(wf_matrix **out, const wf_matrix *matrix,
                                             const size_t *rows, size_t n, wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
