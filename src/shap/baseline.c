/* baseline.c — a few rows that stand for a frame.
 *
 * Its rows become points (standardised numbers, codes of texts and truth values), the points
 * clusters, and each cluster a row again: means in the columns' own units, and where a mean is no
 * value of the column's type, the value of a row of the cluster that comes nearest to it. */
#include "wf/explain.h"

#include "base/alloc.h"
#include "frame/frame.h"
#include "frame/keys.h"
#include "shap/clusters.h"

#include <math.h>
#include <string.h>

/* ---- rows as points ----------------------------------------------------------------------------
 */

static bool is_number(const wf_column *column) {
  return !wf_type_is_text(column->type) && column->type != WF_BOOL;
}

/* Standardises the numbers at values[0], values[stride], …; a constant becomes 0. */
static void standardise(double *values, size_t n, size_t stride) {
  double sum = 0, squares = 0, present = 0;
  for (size_t i = 0; i < n; i++) {
    double value = values[i * stride];
    if (isfinite(value)) sum += value, present++;
  }
  double mean = sum / fmax(present, 1);
  for (size_t i = 0; i < n; i++) {
    double value = values[i * stride];
    if (isfinite(value)) squares += (value - mean) * (value - mean);
  }
  double spread = sqrt(squares / fmax(present, 1));
  for (size_t i = 0; i < n; i++) {
    double *value = &values[i * stride];
    *value = isfinite(*value) ? (spread > 0 ? (*value - mean) / spread : 0) : (double)NAN;
  }
}

static void fill_numbers(wf_points *p, const wf_column *column, size_t at) {
  for (size_t i = 0; i < p->n; i++) {
    p->numbers[i * p->n_numbers + at] = wf_column_number_at(column, i);
  }
  standardise(p->numbers + at, p->n, p->n_numbers);
}

static wf_status fill_codes(wf_points *p, const wf_column *column, size_t at, size_t *ids,
                            wf_error *err) {
  WF_TRY(wf_keys_number(ids, NULL, &column, 1, err));
  for (size_t i = 0; i < p->n; i++) p->codes[i * p->n_codes + at] = ids[i];
  return WF_OK;
}

static wf_status points_new(wf_points *p, const wf_frame *frame, wf_error *err) {
  size_t n_columns = wf_frame_column_count(frame), number = 0, code = 0;
  p->n = wf_frame_row_count(frame);
  for (size_t i = 0; i < n_columns; i++) {
    p->n_numbers += is_number(wf_frame_column_at(frame, i));
  }
  p->n_codes = n_columns - p->n_numbers;
  p->numbers = wf_alloc_array(p->n, p->n_numbers * sizeof *p->numbers);
  p->codes = wf_alloc_array(p->n, p->n_codes * sizeof *p->codes);
  size_t *ids = wf_alloc_array(p->n, sizeof *ids);
  wf_status status = p->numbers && p->codes && ids ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n_columns; i++) {
    const wf_column *column = wf_frame_column_at(frame, i);
    if (is_number(column)) {
      fill_numbers(p, column, number++);
    } else {
      status = fill_codes(p, column, code++, ids, err);
    }
  }
  wf_free(ids);
  return status;
}

static void points_dispose(wf_points *p) {
  wf_free(p->numbers);
  wf_free(p->codes);
}

/* ---- centres as rows ---------------------------------------------------------------------------
 */

/* Clusters by size, the largest first, ties by number. Some may have lost all their rows. */
static size_t order_clusters(const wf_clusters *c, size_t *order) {
  size_t n = 0;
  for (size_t k = 0; k < c->n; k++) {
    if (c->counts[k] == 0) continue;
    size_t at = n++;
    for (; at > 0 && c->counts[order[at - 1]] < c->counts[k]; at--) order[at] = order[at - 1];
    order[at] = k;
  }
  return n;
}

/* Means of a column by cluster, in its own unit; NaN where a cluster has no number. */
static void mean_values(const wf_clusters *c, const wf_column *column, double *means,
                        double *counts) {
  memset(means, 0, c->n * sizeof *means);
  memset(counts, 0, c->n * sizeof *counts);
  for (size_t row = 0; row < column->n_rows; row++) {
    double value = wf_column_number_at(column, row);
    if (!isfinite(value)) continue;
    means[c->of[row]] += value;
    counts[c->of[row]]++;
  }
  for (size_t k = 0; k < c->n; k++) means[k] = counts[k] > 0 ? means[k] / counts[k] : (double)NAN;
}

static wf_status make_means(wf_column **out, const wf_clusters *c, const wf_column *column,
                            const size_t *order, size_t n, double *scratch, wf_error *err) {
  double *means = scratch, *sorted = scratch + c->n;
  uint8_t *present = wf_alloc_array(n, 1);
  if (!present) return wf_fail_nomem(err);
  mean_values(c, column, means, sorted);
  for (size_t i = 0; i < n; i++) {
    sorted[i] = means[order[i]];
    present[i] = (uint8_t)!isnan(sorted[i]);
  }
  wf_status status = wf_column_from_f64(out, sorted, present, n, err);
  wf_free(present);
  return status;
}

/* For each cluster a row whose value stands for it: that of the mode, or nearest to the mean. */
static void find_rows(const wf_points *p, const wf_clusters *c, const wf_column *column,
                      size_t code, const double *means, size_t *rows) {
  for (size_t k = 0; k < c->n; k++) rows[k] = WF_NO_ROW;
  for (size_t row = p->n; row-- > 0;) {
    size_t k = c->of[row];
    if (!is_number(column)) {
      if (p->codes[row * p->n_codes + code] == c->modes[k * p->n_codes + code]) rows[k] = row;
    } else if (wf_column_present(column, row)) {
      double away = fabs(wf_column_number_at(column, row) - means[k]);
      bool nearer =
          rows[k] == WF_NO_ROW || away <= fabs(wf_column_number_at(column, rows[k]) - means[k]);
      if (nearer) rows[k] = row;
    }
  }
}

static wf_status make_taken(wf_column **out, const wf_points *p, const wf_clusters *c,
                            const wf_column *column, size_t code, const size_t *order, size_t n,
                            double *scratch, wf_error *err) {
  size_t *rows = wf_alloc_array(2 * c->n, sizeof *rows);
  if (!rows) return wf_fail_nomem(err);
  if (is_number(column)) mean_values(c, column, scratch, scratch + c->n);
  find_rows(p, c, column, code, scratch, rows);
  for (size_t i = 0; i < n; i++) rows[c->n + i] = rows[order[i]];
  wf_status status = wf_column_take(out, column, rows + c->n, n, err);
  wf_free(rows);
  return status;
}

static wf_status make_columns(wf_column **columns, const wf_points *p, const wf_clusters *c,
                              const wf_frame *frame, const size_t *order, size_t n, wf_error *err) {
  size_t code = 0;
  double *scratch = wf_alloc_array(2 * c->n, sizeof *scratch);
  if (!scratch) return wf_fail_nomem(err);
  wf_status status = WF_OK;
  for (size_t i = 0; status == WF_OK && i < wf_frame_column_count(frame); i++) {
    const wf_column *column = wf_frame_column_at(frame, i);
    if (is_number(column) && column->type != WF_TIMESTAMP) {
      status = make_means(&columns[i], c, column, order, n, scratch, err);
    } else {
      status = make_taken(&columns[i], p, c, column, code, order, n, scratch, err);
    }
    code += !is_number(column);
  }
  wf_free(scratch);
  return status;
}

static wf_status make_sizes(wf_column **out, const wf_clusters *c, const size_t *order, size_t n,
                            wf_error *err) {
  int64_t *sizes = wf_alloc_array(n, sizeof *sizes);
  if (!sizes) return wf_fail_nomem(err);
  for (size_t i = 0; i < n; i++) sizes[i] = (int64_t)c->counts[order[i]];
  wf_status status = wf_column_from_i64(out, sizes, NULL, n, err);
  wf_free(sizes);
  return status;
}

static wf_status make_rows(wf_frame **out, wf_column **sizes, const wf_points *p,
                           const wf_clusters *c, const wf_frame *frame, wf_error *err) {
  size_t n_columns = wf_frame_column_count(frame), n = 0;
  size_t *order = wf_alloc_array(c->n, sizeof *order);
  wf_column **columns = wf_alloc_zero(n_columns, sizeof *columns), *counts = NULL;
  wf_status status = order && columns ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) {
    n = order_clusters(c, order);
    status = make_columns(columns, p, c, frame, order, n, err);
  }
  if (status == WF_OK) status = make_sizes(&counts, c, order, n, err);
  if (status == WF_OK) status = wf_frame_new(out, wf_frame_names(frame), columns, n_columns, err);
  for (size_t i = 0; columns && i < n_columns; i++) wf_column_release(columns[i]);
  wf_free(columns);
  wf_free(order);
  if (status == WF_OK && sizes) {
    *sizes = counts;
  } else {
    wf_column_release(counts);
  }
  return status;
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

static wf_status cluster_frame(wf_frame **out, wf_column **sizes, const wf_frame *frame,
                               const wf_baseline_options *options, wf_error *err) {
  wf_points p = {.n_threads = options->n_threads};
  wf_clusters c = {0};
  wf_status status = points_new(&p, frame, err);
  if (status == WF_OK) {
    status = options->n_clusters ? wf_clusters_find(&c, &p, options->n_clusters, options->seed, err)
                                 : wf_clusters_choose(&c, &p, options->seed, err);
  }
  if (status == WF_OK) status = make_rows(out, sizes, &p, &c, frame, err);
  wf_clusters_dispose(&c);
  points_dispose(&p);
  return status;
}

wf_status wf_explain_baseline(wf_frame **out, wf_column **sizes, const wf_frame *frame,
                              const wf_baseline_options *options, wf_error *err) {
  static const wf_baseline_options defaults = {0};
  if (!options) options = &defaults;
  if (wf_frame_row_count(frame) == 0 || wf_frame_column_count(frame) == 0) {
    return wf_fail(err, WF_INVALID, "a frame without %s has no baseline",
                   wf_frame_column_count(frame) ? "rows" : "columns");
  }
  if (options->n_clusters > WF_BASELINE_MAX_CLUSTERS) {
    return wf_fail(err, WF_LIMIT, "%zu clusters are more than %d", options->n_clusters,
                   WF_BASELINE_MAX_CLUSTERS);
  }
  if (options->n_clusters == 1 || wf_frame_row_count(frame) <= WF_BASELINE_ROWS) {
    return cluster_frame(out, sizes, frame, options, err);
  }
  wf_frame *sample;
  WF_TRY(wf_frame_sample(&sample, frame, WF_BASELINE_ROWS, NULL, false, options->seed, err));
  wf_status status = cluster_frame(out, sizes, sample, options, err);
  wf_frame_release(sample);
  return status;
}
