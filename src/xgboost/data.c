/* data.c — from columns to XGBoost's matrix.
 *
 * libxgboost 1.7.4 has no fast way in for float32 columns. Measured on 400,000 x 46 values, 1 and 2
 * threads: dense array interface 440 and 270 ms, the same with column strides 440 and 290, its
 * columnar import 320 and 340, compressed columns 700 and 600, compressed rows 360 and 270; a
 * blocked transpose into rows and then XGDMatrixCreateFromMat_omp 200 and 160 ms, of which the
 * transpose is 26. At 4,000 rows it is 2 ms against 2.5 to 5. So: transpose, in blocks of rows that
 * fit the cache. A selection of rows is transposed the same way: XGBoost's own slices of a matrix
 * take as long, and need the whole matrix besides. Infinities are looked for first, because XGBoost
 * would refuse them without saying where. */
#include "xgboost/data.h"

#include "base/alloc.h"
#include "base/pool.h"

#include <limits.h>
#include <math.h>

/* ---- labels and weights -----------------------------------------------------------------------
 */

static bool label_fits(float label, const wf_xgb_params *params) {
  switch (params->labels) {
  case WF_LABEL_ANY: return true;
  case WF_LABEL_UNIT: return label >= 0 && label <= 1;
  case WF_LABEL_BINARY: return label == 0 || label == 1;
  case WF_LABEL_CLASS:
    return label >= 0 && label < (float)params->n_classes && label == floorf(label);
  case WF_LABEL_COUNT: return label >= 0;
  case WF_LABEL_POSITIVE: return label > 0;
  case WF_LABEL_ABOVE_ONE: return label > -1;
  }
  return false;
}

static const char *label_wanted(wf_label_kind kind) {
  static const char *const texts[] = {
      [WF_LABEL_ANY] = "a finite number",
      [WF_LABEL_UNIT] = "between 0 and 1",
      [WF_LABEL_BINARY] = "0 or 1",
      [WF_LABEL_CLASS] = "a class number from 0 to num_class - 1",
      [WF_LABEL_COUNT] = "a number >= 0",
      [WF_LABEL_POSITIVE] = "a number > 0",
      [WF_LABEL_ABOVE_ONE] = "a number > -1",
  };
  return texts[kind];
}

static wf_status check_labels(const wf_xgboost_data *data, const char *name,
                              const wf_xgb_params *params, wf_error *err) {
  size_t n = wf_matrix_row_count(data->matrix);
  for (size_t i = 0; i < n; i++) {
    float label = data->labels[i];
    if (isnan(label)) {
      return wf_fail(err, WF_INVALID, "set '%s': the label of row %zu is missing", name, i + 1);
    }
    if (isinf(label) || !label_fits(label, params)) {
      return wf_fail(err, WF_INVALID, "set '%s': the label of row %zu is %g; %s needs %s", name,
                     i + 1, (double)label, params->objective,
                     label_wanted(isinf(label) ? WF_LABEL_ANY : params->labels));
    }
  }
  return WF_OK;
}

wf_status wf_xgb_labels_check(const float *labels, size_t n, wf_error *err) {
  for (size_t i = 1; i < n; i++) {
    if (labels[i] != labels[0]) return WF_OK;
  }
  return wf_fail(err, WF_INVALID, "the label is constant (all %g): nothing to learn",
                 (double)labels[0]);
}

static wf_status check_weights(const wf_xgboost_data *data, const char *name, wf_error *err) {
  size_t n = wf_matrix_row_count(data->matrix);
  bool any = false;
  for (size_t i = 0; data->weights && i < n; i++) {
    float weight = data->weights[i];
    if (!isfinite(weight) || weight < 0) {
      return wf_fail(err, WF_INVALID, "set '%s': the weight of row %zu is %g, not a number >= 0",
                     name, i + 1, (double)weight);
    }
    any |= weight > 0;
  }
  if (data->weights && !any) return wf_fail(err, WF_INVALID, "set '%s': all weights are 0", name);
  return WF_OK;
}

/* ---- features ---------------------------------------------------------------------------------
 */

/* 64 rows x 16 columns at a time: both sides stay in the first-level cache. */
enum { ROWS = 64, COLUMNS = 16, BLOCK = 64 * ROWS };

typedef struct checking {
  wf_features features;
  const wf_matrix *matrix; /* for the names */
} checking;

static wf_status check_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                             wf_error *err) {
  (void)index, (void)worker;
  const checking *work = context;
  for (size_t j = 0; j < work->features.n_columns; j++) {
    const float *values = work->features.data + j * work->features.column_stride;
    float largest = 0;
    for (size_t i = begin; i < end; i++)
      largest = fabsf(values[i]) > largest ? fabsf(values[i]) : largest;
    if (!isinf(largest)) continue;
    size_t row = begin;
    while (!isinf(values[row])) row++;
    return wf_fail(err, WF_INVALID, "feature '%s' is infinite in row %zu",
                   wf_matrix_name_at(work->matrix, j), row + 1);
  }
  return WF_OK;
}

static wf_status check_features(const wf_matrix *matrix, const char *name, size_t n_threads,
                                wf_error *err) {
  wf_features features = wf_matrix_features(matrix);
  checking work = {features, matrix};
  wf_status status = wf_parallel_for(features.n_rows, BLOCK, n_threads, check_block, &work, err);
  return status == WF_OK ? WF_OK : wf_fail_within(err, status, "set '%s'", name);
}

wf_status wf_xgb_data_check(const wf_xgboost_data *data, const char *name, bool training,
                            const wf_xgb_params *params, size_t n_threads, wf_error *err) {
  size_t n = wf_matrix_row_count(data->matrix);
  if (n == 0) return wf_fail(err, WF_INVALID, "set '%s' has no rows", name);
  if (n > INT_MAX) return wf_fail(err, WF_LIMIT, "set '%s' has more than 2^31 rows", name);
  if (wf_matrix_column_count(data->matrix) == 0) {
    return wf_fail(err, WF_INVALID, "set '%s' has no features", name);
  }
  WF_TRY(check_labels(data, name, params, err));
  WF_TRY(check_weights(data, name, err));
  if (training) WF_TRY(wf_xgb_labels_check(data->labels, n, err));
  return check_features(data->matrix, name, n_threads, err);
}

/* ---- features as rows ---------------------------------------------------------------------------
 */

typedef struct transposing {
  wf_features from;
  const int *rows; /* NULL: all */
  float *to;
} transposing;

static void transpose_tile(const transposing *work, size_t row, size_t row_end, size_t column,
                           size_t column_end) {
  size_t width = work->from.n_columns;
  for (size_t i = row; i < row_end; i++) {
    const float *from = work->from.data + (work->rows ? (size_t)work->rows[i] : i);
    for (size_t j = column; j < column_end; j++) {
      work->to[i * width + j] = from[j * work->from.column_stride];
    }
  }
}

static wf_status transpose_block(void *context, size_t index, size_t begin, size_t end,
                                 size_t worker, wf_error *err) {
  (void)index, (void)worker, (void)err;
  const transposing *work = context;
  for (size_t row = begin; row < end; row += ROWS) {
    size_t row_end = row + ROWS < end ? row + ROWS : end;
    for (size_t column = 0; column < work->from.n_columns; column += COLUMNS) {
      size_t last = column + COLUMNS;
      if (last > work->from.n_columns) last = work->from.n_columns;
      transpose_tile(work, row, row_end, column, last);
    }
  }
  return WF_OK;
}

wf_status wf_xgb_data_rows(float **out, const wf_matrix *matrix, const int *rows, size_t n,
                           size_t n_threads, wf_error *err) {
  wf_features from = wf_matrix_features(matrix);
  float *to = NULL;
  size_t bytes;
  if (!__builtin_mul_overflow(n, from.n_columns * sizeof(float), &bytes)) {
    to = wf_alloc_aligned(bytes);
  }
  if (!to) return wf_fail_nomem(err);
  transposing work = {from, rows, to};
  wf_status status = wf_parallel_for(n, BLOCK, n_threads, transpose_block, &work, err);
  if (status == WF_OK) {
    *out = to;
  } else {
    wf_free(to);
  }
  return status;
}

wf_status wf_xgb_data_label(const wf_xgb *xgb, wf_xgb_matrix matrix, const wf_xgboost_data *data,
                            size_t n, wf_error *err) {
  WF_TRY(wf_xgb_matrix_set(xgb, matrix, "label", data->labels, n, err));
  return data->weights ? wf_xgb_matrix_set(xgb, matrix, "weight", data->weights, n, err) : WF_OK;
}

wf_status wf_xgb_data_load(wf_xgb_matrix *out, const wf_xgb *xgb, const wf_xgboost_data *data,
                           const int *rows, size_t n, size_t n_threads, wf_error *err) {
  float *values = NULL;
  WF_TRY(wf_xgb_data_rows(&values, data->matrix, rows, n, n_threads, err));
  wf_xgb_matrix matrix = NULL;
  wf_status status = wf_xgb_matrix_new(&matrix, xgb, values, n,
                                       wf_matrix_column_count(data->matrix), n_threads, err);
  wf_free(values);
  if (status == WF_OK) status = wf_xgb_data_label(xgb, matrix, data, n, err);
  if (status == WF_OK) {
    *out = matrix;
  } else {
    wf_xgb_matrix_free(xgb, matrix);
  }
  return status;
}
