/* matrix.c — dense float32 features, column after column.
 *
 * Columns start on cache lines: the stride is the row count rounded up to 16 floats, and the
 * padding is zero. Memory is one aligned block, so a whole matrix is a single strided view. */
#include "wf/matrix.h"

#include "base/alloc.h"
#include "base/error.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct wf_matrix {
  atomic_size_t refs;
  size_t n_rows, n_columns, stride; /* stride in floats */
  float *data;
  char **names;
};

static void destroy(wf_matrix *matrix) {
  for (size_t i = 0; matrix->names && i < matrix->n_columns; i++) wf_free(matrix->names[i]);
  wf_free(matrix->names);
  wf_free(matrix->data);
  wf_free(matrix);
}

static bool copy_names(wf_matrix *matrix, const char *const *names) {
  matrix->names = wf_alloc_zero(matrix->n_columns, sizeof *matrix->names);
  if (!matrix->names) return false;
  for (size_t i = 0; i < matrix->n_columns; i++) {
    char numbered[32];
    snprintf(numbered, sizeof numbered, "f%zu", i);
    matrix->names[i] = wf_strdup(names ? names[i] : numbered);
    if (!matrix->names[i]) return false;
  }
  return true;
}

static bool allocate_values(wf_matrix *matrix) {
  enum { LINE = WF_ALIGNMENT / sizeof(float) };
  size_t size;
  if (matrix->n_rows > SIZE_MAX - LINE) return false;
  matrix->stride = (matrix->n_rows + LINE - 1) / LINE * LINE;
  if (__builtin_mul_overflow(matrix->stride, matrix->n_columns, &size) ||
      __builtin_mul_overflow(size, sizeof(float), &size)) {
    return false;
  }
  matrix->data = wf_alloc_aligned(size);
  if (matrix->data) memset(matrix->data, 0, size);
  return matrix->data != NULL;
}

wf_status wf_matrix_new(wf_matrix **out, size_t n_rows, size_t n_columns, const char *const *names,
                        wf_error *err) {
  wf_matrix *matrix = wf_alloc_zero(1, sizeof *matrix);
  if (!matrix) return wf_fail_nomem(err);
  matrix->refs = 1;
  matrix->n_rows = n_rows;
  matrix->n_columns = n_columns;
  if (!copy_names(matrix, names) || !allocate_values(matrix)) {
    destroy(matrix);
    return wf_fail_nomem(err);
  }
  *out = matrix;
  return WF_OK;
}

wf_matrix *wf_matrix_retain(wf_matrix *matrix) {
  if (matrix) atomic_fetch_add_explicit(&matrix->refs, 1, memory_order_relaxed);
  return matrix;
}

void wf_matrix_release(wf_matrix *matrix) {
  if (!matrix) return;
  if (atomic_fetch_sub_explicit(&matrix->refs, 1, memory_order_acq_rel) == 1) destroy(matrix);
}

size_t wf_matrix_row_count(const wf_matrix *matrix) { return matrix->n_rows; }
size_t wf_matrix_column_count(const wf_matrix *matrix) { return matrix->n_columns; }

const char *wf_matrix_name_at(const wf_matrix *matrix, size_t column) {
  assert(column < matrix->n_columns);
  return matrix->names[column];
}

float *wf_matrix_column_at(wf_matrix *matrix, size_t column) {
  assert(column < matrix->n_columns);
  return matrix->data + column * matrix->stride;
}

wf_features wf_matrix_features(const wf_matrix *matrix) {
  return (wf_features){matrix->data, matrix->n_rows, matrix->n_columns, 1, matrix->stride};
}

wf_status wf_matrix_take(wf_matrix **out, const wf_matrix *matrix, const size_t *rows, size_t n,
                         wf_error *err) {
  for (size_t i = 0; i < n; i++) {
    if (rows[i] >= matrix->n_rows) {
      return wf_fail(err, WF_INVALID, "row %zu is past the end: the matrix has %zu rows",
                     rows[i] + 1, matrix->n_rows);
    }
  }
  wf_matrix *taken;
  WF_TRY(wf_matrix_new(&taken, n, matrix->n_columns, (const char *const *)matrix->names, err));
  for (size_t j = 0; j < matrix->n_columns; j++) {
    const float *from = matrix->data + j * matrix->stride;
    float *to = taken->data + j * taken->stride;
    for (size_t i = 0; i < n; i++) to[i] = from[rows[i]];
  }
  *out = taken;
  return WF_OK;
}
