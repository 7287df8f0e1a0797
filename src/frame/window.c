/* window.c — the row before, and the last few rows, within groups.
 *
 * Rows are listed by group in their order, and every window is computed from its own values alone:
 * what left it cannot linger as rounding, and a NaN or infinity is gone with its row. A short
 * window is computed anew for each row. A long one is kept as two parts that only ever grow or are
 * thrown away, a running digest of its end and one for each beginning of what lies before it, so
 * that a row costs the same however long the window is; a median is computed anew all the same. */
#include "wf/transform.h"

#include "base/alloc.h"
#include "base/error.h"
#include "frame/column.h"
#include "frame/keys.h"
#include "frame/order.h"

#include <math.h>

wf_status wf_frame_number_rows(size_t *ids, size_t *n_groups, const wf_frame *frame,
                               const char *const *by, size_t n_by, wf_error *err) {
  size_t n = wf_frame_row_count(frame);
  *n_groups = 1;
  for (size_t i = 0; i < n; i++) ids[i] = 0;
  wf_column **keys = wf_alloc_zero(n_by, sizeof *keys);
  wf_status status = keys ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n_by; i++) {
    status = wf_frame_get(&keys[i], frame, by[i], err);
  }
  if (status == WF_OK && n_by > 0) {
    status = wf_keys_number(ids, n_groups, (const wf_column *const *)keys, n_by, err);
  }
  wf_free(keys);
  return status;
}

wf_status wf_row_groups_by(wf_row_groups *out, size_t *n_groups, const wf_frame *frame,
                           const char *const *by, size_t n_by, wf_error *err) {
  size_t n = wf_frame_row_count(frame);
  size_t *ids = wf_alloc_array(n, sizeof *ids);
  if (!ids) return wf_fail_nomem(err);
  wf_status status = wf_frame_number_rows(ids, n_groups, frame, by, n_by, err);
  if (status == WF_OK) status = wf_row_groups_new(out, ids, n, *n_groups, err);
  wf_free(ids);
  return status;
}

wf_status wf_frame_lag(wf_column **out, const wf_frame *frame, const char *name, ptrdiff_t distance,
                       const char *const *by, size_t n_by, wf_error *err) {
  wf_column *column = NULL;
  WF_TRY(wf_frame_get(&column, frame, name, err));
  wf_row_groups groups = {0};
  size_t n_groups, n = column->n_rows;
  size_t *rows = wf_alloc_array(n, sizeof *rows);
  wf_status status =
      rows ? wf_row_groups_by(&groups, &n_groups, frame, by, n_by, err) : wf_fail_nomem(err);
  for (size_t g = 0; status == WF_OK && g < n_groups; g++) {
    size_t begin = groups.starts[g], end = groups.starts[g + 1];
    size_t apart = distance < 0 ? (size_t)0 - (size_t)distance : (size_t)distance;
    for (size_t i = begin; i < end; i++) {
      bool there = distance < 0 ? apart < end - i : apart <= i - begin;
      size_t from = distance < 0 ? i + apart : i - apart;
      rows[groups.rows[i]] = there ? groups.rows[from] : WF_NO_ROW;
    }
  }
  if (status == WF_OK) status = wf_column_take(out, column, rows, n, err);
  wf_row_groups_dispose(&groups);
  wf_free(rows);
  return status;
}

/* ---- rolling --------------------------------------------------------------------------------- */

/* One group's values in order, and what is computed of each window. */
typedef struct rolling {
  const wf_column *column;
  const double *values; /* by row */
  size_t window, least;
  wf_aggregate how;
  double *results; /* by row */
  uint8_t *present;
  double *held; /* the present values of a window */
  uint64_t *orders;
} rolling;

static double sum_of(const double *values, size_t n) {
  double sum = 0, lost = 0;
  for (size_t i = 0; i < n; i++) {
    double next = sum + values[i];
    lost += fabs(sum) >= fabs(values[i]) ? (sum - next) + values[i] : (values[i] - next) + sum;
    sum = next;
  }
  return isfinite(sum) ? sum + lost : sum;
}

static double mean_of(const double *values, size_t n) { return sum_of(values, n) / (double)n; }

static double variance_of(const double *values, size_t n) {
  double mean = mean_of(values, n), squares = 0;
  for (size_t i = 0; i < n; i++) squares += (values[i] - mean) * (values[i] - mean);
  return squares / (double)(n - 1);
}

/* A NaN is above all numbers, as in sorting. */
static double extreme_of_two(double a, double b, bool largest) {
  bool below = wf_order_f64(b) < wf_order_f64(a);
  return below != largest ? b : a;
}

static double extreme_of(const double *values, size_t n, bool largest) {
  double best = values[0];
  for (size_t i = 1; i < n; i++) {
    best = extreme_of_two(best, values[i], largest);
  }
  return best;
}

static double median_of(const rolling *r, size_t n) {
  for (size_t i = 0; i < n; i++) r->orders[i] = wf_order_f64(r->held[i]);
  wf_select_order(r->orders, n, n / 2);
  double high = wf_order_to_f64(r->orders[n / 2]);
  if (n % 2) return high;
  wf_select_order(r->orders, n / 2, n / 2 - 1);
  double low = wf_order_to_f64(r->orders[n / 2 - 1]);
  return low + (high - low) / 2;
}

/* Of n held values; false when there is no such number. */
static bool aggregate(const rolling *r, size_t n, double *out) {
  if (r->how == WF_AGG_COUNT) return *out = (double)n, true;
  if (n == 0) return false;
  switch (r->how) {
  case WF_AGG_SUM: *out = sum_of(r->held, n); return true;
  case WF_AGG_MEAN: *out = mean_of(r->held, n); return true;
  case WF_AGG_MIN: *out = extreme_of(r->held, n, false); return true;
  case WF_AGG_MAX: *out = extreme_of(r->held, n, true); return true;
  case WF_AGG_MEDIAN: *out = median_of(r, n); return true;
  case WF_AGG_VAR:
  case WF_AGG_STD:
    if (n < 2) return false;
    *out = variance_of(r->held, n);
    if (r->how == WF_AGG_STD) *out = sqrt(*out);
    return true;
  default: return false;
  }
}

/* ---- long windows: digests of consecutive values that can be put together ------------------- */

typedef struct digest {
  size_t n;
  double sum, lost;    /* Neumaier's compensation */
  double mean, square; /* sum of squared deviations (Chan, Golub and LeVeque 1979) */
  double extreme;
} digest;

static double lost_by(double a, double b) {
  double sum = a + b;
  return fabs(a) >= fabs(b) ? (a - sum) + b : (b - sum) + a;
}

/* The digest of a's values and then b's. */
static digest put_together(const digest *a, const digest *b, bool largest) {
  if (a->n == 0) return *b;
  if (b->n == 0) return *a;
  digest both = {.n = a->n + b->n, .sum = a->sum + b->sum};
  double apart = b->mean - a->mean, share = (double)b->n / (double)both.n;
  both.lost = a->lost + b->lost + lost_by(a->sum, b->sum);
  both.mean = a->mean + apart * share;
  both.square = a->square + b->square + apart * apart * (double)a->n * share;
  both.extreme = extreme_of_two(a->extreme, b->extreme, largest);
  return both;
}

static digest digest_row(const rolling *r, size_t row) {
  if (!wf_column_present(r->column, row)) return (digest){0};
  double value = r->values[row];
  return (digest){.n = 1, .sum = value, .mean = value, .extreme = value};
}

static bool read_digest(const rolling *r, const digest *d, double *out) {
  double sum = isfinite(d->sum) ? d->sum + d->lost : d->sum;
  switch (r->how) {
  case WF_AGG_COUNT: *out = (double)d->n; return true;
  case WF_AGG_SUM: *out = sum; return d->n > 0;
  case WF_AGG_MEAN: *out = sum / (double)d->n; return d->n > 0;
  case WF_AGG_MIN:
  case WF_AGG_MAX: *out = d->extreme; return d->n > 0;
  default:
    *out = d->square / (double)(d->n - 1);
    if (r->how == WF_AGG_STD) *out = sqrt(*out);
    return d->n > 1;
  }
}

/* before[k] is the digest of values begin + k to middle; `after` that of those behind the middle.
 */
static void roll_long(const rolling *r, const size_t *rows, size_t n, digest *before) {
  bool largest = r->how == WF_AGG_MAX;
  size_t begin = 0, end = 0; /* of what `before` covers */
  digest after = {0};
  for (size_t i = 0; i < n; i++) {
    size_t from = i + 1 > r->window ? i + 1 - r->window : 0;
    digest row = digest_row(r, rows[i]);
    after = put_together(&after, &row, largest);
    if (from >= end) {
      begin = from;
      end = i + 1;
      digest so_far = {0};
      for (size_t k = end; k-- > begin;) {
        row = digest_row(r, rows[k]);
        before[k - begin] = so_far = put_together(&row, &so_far, largest);
      }
      after = (digest){0};
    }
    digest window = put_together(&before[from - begin], &after, largest);
    double value = 0;
    bool known = window.n >= r->least && read_digest(r, &window, &value);
    r->results[rows[i]] = known ? value : 0;
    r->present[rows[i]] = known;
  }
}

static void roll_group(const rolling *r, const size_t *rows, size_t n, digest *before) {
  enum { LONG = 64 };
  if (before && r->window > LONG && n > LONG) {
    roll_long(r, rows, n, before);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    size_t from = i + 1 > r->window ? i + 1 - r->window : 0, held = 0;
    for (size_t k = from; k <= i; k++) {
      if (wf_column_present(r->column, rows[k])) r->held[held++] = r->values[rows[k]];
    }
    double value = 0;
    bool known = held >= r->least && aggregate(r, held, &value);
    r->results[rows[i]] = known ? value : 0;
    r->present[rows[i]] = known;
  }
}

static wf_status check_rolling(const wf_column *column, const char *name, size_t window,
                               wf_aggregate how, wf_error *err) {
  static const wf_aggregate fine[] = {WF_AGG_COUNT, WF_AGG_SUM, WF_AGG_MEAN, WF_AGG_MIN,
                                      WF_AGG_MAX,   WF_AGG_STD, WF_AGG_VAR,  WF_AGG_MEDIAN};
  bool known = false;
  for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) known = known || fine[i] == how;
  if (!known) return wf_fail(err, WF_INVALID, "rolling: there is no such aggregate of a window");
  if (window == 0) return wf_fail(err, WF_INVALID, "rolling: a window has at least one row");
  if (wf_type_is_text(column->type) || column->type == WF_TIMESTAMP) {
    return wf_fail(err, WF_TYPE, "rolling: column '%s' is %s, not a number", name,
                   wf_type_name(column->type));
  }
  return WF_OK;
}

wf_status wf_frame_rolling(wf_column **out, const wf_frame *frame, const char *name, size_t window,
                           size_t least, wf_aggregate how, const char *const *by, size_t n_by,
                           wf_error *err) {
  wf_column *column = NULL;
  WF_TRY(wf_frame_get(&column, frame, name, err));
  WF_TRY(check_rolling(column, name, window, how, err));
  size_t n = column->n_rows, n_groups, most = window < n ? window : n;
  wf_row_groups groups = {0};
  double *values = wf_alloc_array(n, sizeof *values), *results = wf_alloc_array(n, sizeof *results);
  rolling r = {.column = column,
               .values = values,
               .window = window,
               .least = least ? least : window,
               .how = how,
               .results = results,
               .present = wf_alloc(n),
               .held = wf_alloc_array(most, sizeof(double)),
               .orders = wf_alloc_array(most, sizeof(uint64_t))};
  bool digests = how != WF_AGG_MEDIAN;
  digest *before = digests ? wf_alloc_array(most, sizeof *before) : NULL;
  wf_status status = values && results && r.present && r.held && r.orders && (before || !digests)
                         ? wf_row_groups_by(&groups, &n_groups, frame, by, n_by, err)
                         : wf_fail_nomem(err);
  if (status == WF_OK) {
    wf_column_load_f64(column, 0, n, values);
    for (size_t g = 0; g < n_groups; g++) {
      size_t begin = groups.starts[g];
      roll_group(&r, groups.rows + begin, groups.starts[g + 1] - begin, before);
    }
    status = wf_column_from_f64(out, results, r.present, n, err);
  }
  wf_row_groups_dispose(&groups);
  wf_free(values);
  wf_free(results);
  wf_free(r.present);
  wf_free(r.held);
  wf_free(r.orders);
  wf_free(before);
  return status;
}
