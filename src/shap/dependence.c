/* dependence.c — partial dependence and the curves of single rows.
 *
 * Points between which no split of a forest tells are the same to it, bit for bit: of 15 values of
 * a column that trees split at three places, four are predicted.
 *
 * The predictions of all rows at a point are needed together, for their quantiles. Points are taken
 * a group at a time, as many as fit a bounded memory; sums run in row order. */
#include "wf/explain.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/pool.h"
#include "forest/forest.h"
#include "frame/frame.h"
#include "frame/column.h"
#include "shap/changed.h"

#include <math.h>

enum { GROUP_CELLS = 1 << 20, CALL_ROWS = 1 << 16 };

/* ---- summing up --------------------------------------------------------------------------------
 */

typedef struct summing {
  const wf_dependence_options *options;
  const double *predictions; /* of the group: points x rows */
  size_t n_rows;
  wf_dependence_point *out;
} summing;

static double mean_of(const double *values, const double *weights, size_t n) {
  double sum = 0, weight = 0;
  for (size_t i = 0; i < n; i++) {
    sum += (weights ? weights[i] : 1) * values[i];
    weight += weights ? weights[i] : 1;
  }
  return sum / weight;
}

static wf_status sum_points(void *context, size_t index, size_t begin, size_t end, size_t worker,
                            wf_error *err) {
  (void)end, (void)worker, (void)begin;
  const summing *work = context;
  const wf_dependence_options *o = work->options;
  const double *values = work->predictions + index * work->n_rows;
  wf_dependence_point point = {.mean = mean_of(values, o->weights, work->n_rows)};
  wf_column *column;
  WF_TRY(wf_column_from_f64(&column, values, NULL, work->n_rows, err));
  wf_status status = wf_column_quantile(&point.low, column, o->low, err);
  if (status == WF_OK) status = wf_column_quantile(&point.high, column, o->high, err);
  wf_column_release(column);
  if (status == WF_OK) work->out[index] = point;
  return status;
}

static wf_status check_options(const wf_dependence_options *o, size_t n_rows, size_t output,
                               size_t n_outputs, wf_error *err) {
  double sum = 0;
  if (n_rows == 0) return wf_fail(err, WF_INVALID, "there are no rows to average over");
  if (output >= n_outputs) {
    return wf_fail(err, WF_INVALID, "output %zu is not one of %zu", output, n_outputs);
  }
  for (size_t i = 0; o->weights && i < n_rows; i++) {
    if (!(o->weights[i] >= 0 && isfinite(o->weights[i]))) {
      return wf_fail(err, WF_INVALID, "weight %g of row %zu is not a number from 0 on",
                     o->weights[i], i + 1);
    }
    sum += o->weights[i];
  }
  if (o->weights && !(sum > 0)) return wf_fail(err, WF_INVALID, "the weights sum to %g", sum);
  return WF_OK;
}

/* ---- of groups of points -----------------------------------------------------------------------
 */

/* Predictions of points [first, first + n) into out[n x n_rows]. */
typedef wf_status predict_fn(void *context, size_t first, size_t n, double *out, wf_error *err);

static wf_status run_points(predict_fn *fn, void *context, size_t n_points, size_t n_rows,
                            const wf_dependence_options *options, wf_dependence_point *out,
                            double *curves, wf_error *err) {
  size_t step = GROUP_CELLS / n_rows;
  if (step == 0) step = 1;
  if (step > n_points) step = n_points;
  double *scratch = curves ? NULL : wf_alloc_array(step, n_rows * sizeof *scratch);
  if (!curves && !scratch) return wf_fail_nomem(err);
  wf_status status = WF_OK;
  for (size_t i = 0; status == WF_OK && i < n_points; i += step) {
    size_t n = n_points - i < step ? n_points - i : step;
    double *predictions = curves ? curves + i * n_rows : scratch;
    status = fn(context, i, n, predictions, err);
    summing work = {options, predictions, n_rows, out + i};
    if (status == WF_OK) {
      status = wf_parallel_for(n, 1, options->n_threads, sum_points, &work, err);
    }
  }
  wf_free(scratch);
  return status;
}

/* ---- a forest ----------------------------------------------------------------------------------
 */

typedef struct forest_points {
  wf_changes changes;
  const size_t *columns;
  size_t n_columns, output, n_outputs;
  const float *points;
  size_t *different; /* of a group: the points that the forest tells apart */
} forest_points;

static void change_to_point(const void *context, size_t way, size_t begin, size_t n, float *block,
                            size_t stride) {
  (void)begin;
  const forest_points *work = context;
  for (size_t k = 0; k < work->n_columns; k++) {
    float value = work->points[work->different[way] * work->n_columns + k];
    float *to = block + work->columns[k] * stride;
    for (size_t i = 0; i < n; i++) to[i] = value;
  }
}

/* Which way the point goes at each split of the changed features, a byte each; returns how many. */
static size_t fill_ways(const forest_points *work, const float *point, char *ways) {
  const wf_forest *forest = work->changes.forest;
  size_t n = 0;
  for (size_t i = 0; i < forest->n_nodes; i++) {
    const wf_node *node = &forest->nodes[i];
    for (size_t k = 0; node->left && k < work->n_columns; k++) {
      if ((node->feature & ~WF_NODE_DEFAULT_LEFT) != work->columns[k]) continue;
      ways[n++] = wf_node_goes_left(forest, node, point[k]);
    }
  }
  return n;
}

/* numbers[i]: the place of point first + i among those of the group that differ. A linear model
 * tells all points apart. */
static wf_status number_points(forest_points *work, wf_map *seen, char *ways, size_t first,
                               size_t n, size_t *numbers, size_t *n_different, wf_error *err) {
  *n_different = 0;
  for (size_t i = 0; i < n; i++) {
    bool added = true;
    numbers[i] = i;
    if (!work->changes.forest->weights) {
      size_t size = fill_ways(work, work->points + (first + i) * work->n_columns, ways);
      WF_TRY(wf_map_add(seen, (wf_view){ways, size}, &numbers[i], &added, err));
    }
    if (added) work->different[(*n_different)++] = first + i;
  }
  return WF_OK;
}

static wf_status find_different(forest_points *work, size_t first, size_t n, size_t *numbers,
                                size_t *n_different, wf_error *err) {
  wf_map *seen = NULL;
  char *ways = wf_alloc_array(work->changes.forest->n_nodes + 1, work->n_columns + 1);
  wf_status status = ways ? wf_map_new(&seen, err) : wf_fail_nomem(err);
  if (status == WF_OK) {
    status = number_points(work, seen, ways, first, n, numbers, n_different, err);
  }
  wf_map_free(seen);
  wf_free(ways);
  return status;
}

static wf_status predict_forest(void *context, size_t first, size_t n, double *out, wf_error *err) {
  forest_points *work = context;
  size_t n_rows = work->changes.rows->n_rows, n_different = 0;
  size_t *numbers = wf_alloc_array(2 * n, sizeof *numbers);
  if (!numbers) return wf_fail_nomem(err);
  work->different = numbers + n;
  float *floats = NULL;
  wf_status status = find_different(work, first, n, numbers, &n_different, err);
  if (status == WF_OK) {
    floats = wf_alloc_array(n_different * n_rows, work->n_outputs * sizeof *floats);
    work->changes.n_ways = n_different;
    status = floats ? wf_changes_predict(&work->changes, floats, err) : wf_fail_nomem(err);
  }
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    const float *from = floats + numbers[i] * n_rows * work->n_outputs + work->output;
    for (size_t row = 0; row < n_rows; row++) {
      out[i * n_rows + row] = (double)from[row * work->n_outputs];
    }
  }
  wf_free(floats);
  wf_free(numbers);
  return status;
}

wf_status wf_dependence_forest(const wf_forest *forest, wf_predict_kind kind, size_t output,
                               const wf_features *rows, const size_t *columns, size_t n_columns,
                               const float *points, size_t n_points,
                               const wf_dependence_options *options, wf_dependence_point *out,
                               double *curves, wf_error *err) {
  if (kind == WF_PREDICT_LEAF) return wf_fail(err, WF_INVALID, "leaf numbers have no dependence");
  size_t n_outputs = wf_forest_output_count(forest, kind);
  WF_TRY(check_options(options, rows->n_rows, output, n_outputs, err));
  WF_TRY(wf_changes_check(forest, rows, columns, n_columns, err));
  forest_points work = {.columns = columns,
                        .n_columns = n_columns,
                        .output = output,
                        .n_outputs = n_outputs,
                        .points = points};
  work.changes = (wf_changes){.forest = forest,
                              .kind = kind,
                              .rows = rows,
                              .fn = change_to_point,
                              .context = &work,
                              .n_threads = options->n_threads};
  return run_points(predict_forest, &work, n_points, rows->n_rows, options, out, curves, err);
}

/* ---- a function --------------------------------------------------------------------------------
 */

typedef struct frame_points {
  const wf_explain_function *function;
  const wf_frame *rows, *points;
  size_t output, first, n;     /* points [first, first + n) of the call in hand */
  size_t *of_rows, *of_points; /* where each row of the call takes its columns from */
} frame_points;

static wf_status take_column(wf_column **out, const frame_points *work, size_t index,
                             wf_error *err) {
  const char *name = wf_frame_name_at(work->rows, index);
  ptrdiff_t at = wf_frame_find(work->points, name);
  const wf_column *column =
      at < 0 ? wf_frame_column_at(work->rows, index) : wf_frame_column_at(work->points, (size_t)at);
  return wf_column_take(out, column, at < 0 ? work->of_rows : work->of_points,
                        work->n * wf_frame_row_count(work->rows), err);
}

/* All rows once for each point. */
static wf_status make_call(wf_frame **out, const frame_points *work, wf_error *err) {
  size_t n_columns = wf_frame_column_count(work->rows), n_rows = wf_frame_row_count(work->rows);
  wf_column **columns = wf_alloc_zero(n_columns + 1, sizeof *columns);
  if (!columns) return wf_fail_nomem(err);
  for (size_t i = 0; i < work->n * n_rows; i++) {
    work->of_rows[i] = i % n_rows;
    work->of_points[i] = work->first + i / n_rows;
  }
  wf_status status = WF_OK;
  for (size_t i = 0; status == WF_OK && i < n_columns; i++) {
    status = take_column(&columns[i], work, i, err);
  }
  if (status == WF_OK) {
    status = wf_frame_new(out, wf_frame_names(work->rows), columns, n_columns, err);
  }
  for (size_t i = 0; i < n_columns; i++) wf_column_release(columns[i]);
  wf_free(columns);
  return status;
}

static wf_status predict_call(frame_points *work, double *outputs, double *out, wf_error *err) {
  const wf_explain_function *f = work->function;
  wf_frame *frame;
  WF_TRY(make_call(&frame, work, err));
  wf_status status = f->fn(f->context, frame, outputs, err);
  wf_frame_release(frame);
  size_t n = work->n * wf_frame_row_count(work->rows);
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    out[i] = outputs[i * f->n_outputs + work->output];
  }
  return status;
}

static wf_status predict_frames(void *context, size_t first, size_t n, double *out, wf_error *err) {
  frame_points *work = context;
  size_t n_rows = wf_frame_row_count(work->rows), step = CALL_ROWS / n_rows;
  if (step == 0) step = 1;
  if (step > n) step = n;
  work->of_rows = wf_alloc_array(step, n_rows * sizeof *work->of_rows);
  work->of_points = wf_alloc_array(step, n_rows * sizeof *work->of_points);
  double *outputs = wf_alloc_array(step * n_rows, work->function->n_outputs * sizeof *outputs);
  wf_status status = work->of_rows && work->of_points && outputs ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n; i += step) {
    work->first = first + i;
    work->n = n - i < step ? n - i : step;
    status = predict_call(work, outputs, out + i * n_rows, err);
  }
  wf_free(work->of_rows);
  wf_free(work->of_points);
  wf_free(outputs);
  return status;
}

wf_status wf_dependence_frame(const wf_explain_function *function, size_t output,
                              const wf_frame *rows, const wf_frame *points,
                              const wf_dependence_options *options, wf_dependence_point *out,
                              double *curves, wf_error *err) {
  WF_TRY(check_options(options, wf_frame_row_count(rows), output, function->n_outputs, err));
  for (size_t i = 0; i < wf_frame_column_count(points); i++) {
    wf_column *column;
    WF_TRY(wf_frame_get(&column, rows, wf_frame_name_at(points, i), err));
  }
  frame_points work = {.function = function, .rows = rows, .points = points, .output = output};
  return run_points(predict_frames, &work, wf_frame_row_count(points), wf_frame_row_count(rows),
                    options, out, curves, err);
}
