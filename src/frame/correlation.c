/* correlation.c — Pearson's coefficient of every two columns, of their values or of their ranks.
 *
 * Each pair uses the rows where both are present. Means first, then products of deviations: the
 * one-pass formula cancels. Pairs are independent, so they are spread over threads. Ranks of a
 * column without gaps are made once; a pair with gaps is ranked anew, among its own rows. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "frame/column.h"
#include "frame/rank.h"

#include <math.h>
#include <string.h>

typedef struct table {
  const wf_column **columns;
  const char **names;
  const double **values; /* a column's own, or of `owned` */
  double **owned;
  double *results; /* n x n; NaN: there is none */
  size_t n, n_rows;
  wf_correlation how;
} table;

/* The rows of a pair: all (both NULL), or those where both columns are present. */
typedef struct both {
  const wf_column *x, *y;
} both;

static bool is_in(const both *pair, size_t i) {
  return !pair->x || (wf_column_present(pair->x, i) && wf_column_present(pair->y, i));
}

/* Rows of [row, row + 8) that are not in the pair, as bits. */
static unsigned left_out(const both *pair, size_t row, size_t end) {
  return pair->x ? wf_column_gaps(pair->x, row, end) | wf_column_gaps(pair->y, row, end) : 0;
}

static double correlate(const double *xs, const double *ys, size_t n_rows, const both *pair) {
  double sum_x = 0, sum_y = 0, xx = 0, yy = 0, xy = 0;
  size_t n = 0;
  for (size_t row = 0; row < n_rows; row += 8) {
    unsigned gaps = left_out(pair, row, n_rows);
    for (size_t i = row; i < n_rows && i < row + 8; i++) {
      if (gaps >> (i - row) & 1) continue;
      sum_x += xs[i];
      sum_y += ys[i];
      n++;
    }
  }
  if (n < 2) return (double)NAN;
  double mean_x = sum_x / (double)n, mean_y = sum_y / (double)n;
  for (size_t row = 0; row < n_rows; row += 8) {
    unsigned gaps = left_out(pair, row, n_rows);
    for (size_t i = row; i < n_rows && i < row + 8; i++) {
      if (gaps >> (i - row) & 1) continue;
      double dx = xs[i] - mean_x, dy = ys[i] - mean_y;
      xx += dx * dx;
      yy += dy * dy;
      xy += dx * dy;
    }
  }
  if (!(xx > 0) || !(yy > 0)) return (double)NAN;
  double product = xx * yy; /* one root keeps a perfect correlation at 1, unless it overflows */
  bool exact = isnormal(product);
  return fmax(-1, fmin(1, xy / (exact ? sqrt(product) : sqrt(xx) * sqrt(yy))));
}

/* Of the ranks among the rows where both are present. */
static wf_status correlate_ranks(double *out, const table *t, size_t a, size_t b, wf_error *err) {
  both pair = {t->columns[a], t->columns[b]};
  double *xs = wf_alloc_array(t->n_rows, sizeof *xs), *ys = wf_alloc_array(t->n_rows, sizeof *ys);
  wf_status status = xs && ys ? WF_OK : wf_fail_nomem(err);
  size_t n = 0;
  for (size_t i = 0; status == WF_OK && i < t->n_rows; i++) {
    if (!is_in(&pair, i)) continue;
    xs[n] = t->values[a][i];
    ys[n++] = t->values[b][i];
  }
  if (status == WF_OK) status = wf_rank_numbers(xs, xs, n, err);
  if (status == WF_OK) status = wf_rank_numbers(ys, ys, n, err);
  if (status == WF_OK) *out = correlate(xs, ys, n, &(both){0});
  wf_free(xs);
  wf_free(ys);
  return status;
}

static wf_status correlate_pair(double *out, const table *t, size_t a, size_t b, wf_error *err) {
  bool gaps = t->columns[a]->n_missing || t->columns[b]->n_missing;
  both pair = gaps ? (both){t->columns[a], t->columns[b]} : (both){0};
  if (gaps && t->how == WF_CORRELATION_SPEARMAN)
    WF_TRY(correlate_ranks(out, t, a, b, err));
  else
    *out = correlate(t->values[a], t->values[b], t->n_rows, &pair);
  if (a == b && !isnan(*out)) *out = 1;
  return WF_OK;
}

static wf_status correlate_rows(void *context, size_t index, size_t begin, size_t end,
                                size_t worker, wf_error *err) {
  table *t = context;
  (void)index, (void)worker;
  for (size_t a = begin; a < end; a++) {
    for (size_t b = a; b < t->n; b++) {
      WF_TRY(correlate_pair(&t->results[a * t->n + b], t, a, b, err));
      t->results[b * t->n + a] = t->results[a * t->n + b];
    }
  }
  return WF_OK;
}

static void dispose(table *t) {
  for (size_t i = 0; t->owned && i < t->n; i++) wf_free(t->owned[i]);
  wf_free(t->owned);
  wf_free(t->values);
  wf_free(t->columns);
  wf_free(t->names);
  wf_free(t->results);
}

static bool counts(wf_type type) { return !wf_type_is_text(type) && type != WF_TIMESTAMP; }

/* Numbers of column k, or its ranks where they serve all pairs. */
static wf_status load_values(table *t, size_t k, wf_error *err) {
  const wf_column *column = t->columns[k];
  bool ranks = t->how == WF_CORRELATION_SPEARMAN && !column->n_missing;
  if (column->type == WF_F64 && !ranks) {
    t->values[k] = wf_column_f64(column);
    return WF_OK;
  }
  double *values = wf_alloc_filled(t->n_rows, sizeof *values);
  if (!values) return wf_fail_nomem(err);
  t->values[k] = t->owned[k] = values;
  wf_column_load_f64(column, 0, t->n_rows, values);
  return ranks ? wf_rank_numbers(values, values, t->n_rows, err) : WF_OK;
}

static wf_status collect(table *t, const wf_frame *frame, wf_error *err) {
  size_t n = wf_frame_column_count(frame);
  t->n_rows = wf_frame_row_count(frame);
  t->columns = wf_alloc_array(n, sizeof *t->columns);
  t->names = wf_alloc_array(n, sizeof *t->names);
  t->values = wf_alloc_zero(n, sizeof *t->values);
  t->owned = wf_alloc_zero(n, sizeof *t->owned);
  if (!t->columns || !t->names || !t->values || !t->owned) return wf_fail_nomem(err);
  for (size_t i = 0; i < n; i++) {
    const wf_column *column = wf_frame_column_at(frame, i);
    if (!counts(column->type)) continue;
    t->columns[t->n] = column;
    t->names[t->n] = wf_frame_name_at(frame, i);
    WF_TRY(load_values(t, t->n++, err));
  }
  t->results = wf_alloc_array(t->n * t->n, sizeof *t->results);
  return t->results ? WF_OK : wf_fail_nomem(err);
}

static wf_status column_of(wf_column **out, const table *t, size_t a, wf_error *err) {
  uint8_t *present = wf_alloc(t->n);
  if (!present) return wf_fail_nomem(err);
  memset(present, 1, t->n);
  for (size_t b = 0; b < t->n; b++) {
    if (isnan(t->results[a * t->n + b])) present[b] = 0;
  }
  wf_status status = wf_column_from_f64(out, t->results + a * t->n, present, t->n, err);
  wf_free(present);
  return status;
}

static wf_status make_frame(wf_frame **out, const table *t, wf_error *err) {
  const char **names = wf_alloc_array(t->n + 1, sizeof *names);
  wf_column **columns = wf_alloc_zero(t->n + 1, sizeof *columns);
  wf_status status = names && columns ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) status = wf_column_from_strings(&columns[0], t->names, t->n, err);
  for (size_t a = 0; status == WF_OK && a < t->n; a++) {
    names[a + 1] = t->names[a];
    status = column_of(&columns[a + 1], t, a, err);
  }
  if (status == WF_OK) {
    names[0] = "column";
    status = wf_frame_new(out, names, columns, t->n + 1, err);
  }
  for (size_t i = 0; columns && i <= t->n; i++) wf_column_release(columns[i]);
  wf_free(columns);
  wf_free(names);
  return status;
}

wf_status wf_frame_correlation(wf_frame **out, const wf_frame *frame, wf_correlation how,
                               wf_error *err) {
  table t = {.how = how};
  wf_status status = collect(&t, frame, err);
  if (status == WF_OK) status = wf_parallel_for(t.n, 1, 0, correlate_rows, &t, err);
  if (status == WF_OK) status = make_frame(out, &t, err);
  dispose(&t);
  return status;
}
