/* repair.c — the disparate impact remover: a feature from which the group cannot be told.
 *
 * A value's place in its group (the middle of its ties, as a share of the group) is looked up in
 * the quantile function of every group; the median of what they say is the repaired value.
 * Quantiles are interpolated linearly between places (i + 1/2) / n, so that groups of any sizes can
 * be compared and one of a single row has a place in the middle. */
#include "wf/bias.h"

#include "base/alloc.h"
#include "base/error.h"
#include "bias/rows.h"

#include <math.h>
#include <stdlib.h>

typedef struct placed {
  double value;
  size_t row;
} placed;

typedef struct repair {
  placed *rows; /* group after group, ascending; rows in no group first */
  size_t *ends; /* slot g + 1 ends at ends[g + 1] */
  double *at;   /* what each group says */
  size_t n_groups;
} repair;

static int by_value(const void *a, const void *b) {
  double x = ((const placed *)a)->value, y = ((const placed *)b)->value;
  return (x > y) - (x < y);
}

static int by_number(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double quantile(const placed *rows, size_t n, double place) {
  double at = place * (double)n - 0.5;
  if (at <= 0) return rows[0].value;
  if (at >= (double)(n - 1)) return rows[n - 1].value;
  size_t below = (size_t)at;
  double part = at - (double)below;
  return rows[below].value * (1 - part) + rows[below + 1].value * part;
}

static double median(double *values, size_t n) {
  qsort(values, n, sizeof *values, by_number);
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* What the groups that have rows say of a place. */
static double target(const repair *r, double place) {
  size_t n_said = 0;
  for (size_t g = 0; g < r->n_groups; g++) {
    size_t n = r->ends[g + 1] - r->ends[g];
    if (n) r->at[n_said++] = quantile(r->rows + r->ends[g], n, place);
  }
  return median(r->at, n_said);
}

static void repair_group(double *out, const repair *r, size_t group, double amount) {
  const placed *rows = r->rows + r->ends[group];
  size_t n = r->ends[group + 1] - r->ends[group];
  for (size_t i = 0, next; i < n; i = next) {
    for (next = i + 1; next < n && rows[next].value == rows[i].value;) next++;
    double place = (double)(i + next) / 2 / (double)n;
    double repaired = (1 - amount) * rows[i].value + amount * target(r, place);
    for (size_t k = i; k < next; k++) out[rows[k].row] = repaired;
  }
}

/* ends[g] is left where group g begins, ends[g + 1] where it ends. */
static void sort_by_group(repair *r, const double *values, const int32_t *groups, size_t n) {
  size_t first = 0;
  for (size_t i = 0; i < n; i++) r->ends[groups[i] + 1]++;
  for (size_t g = 0; g <= r->n_groups; g++) {
    size_t count = r->ends[g];
    r->ends[g] = first;
    first += count;
  }
  for (size_t i = 0; i < n; i++) r->rows[r->ends[groups[i] + 1]++] = (placed){values[i], i};
  for (size_t g = 0; g < r->n_groups; g++) {
    qsort(r->rows + r->ends[g], r->ends[g + 1] - r->ends[g], sizeof *r->rows, by_value);
  }
}

static wf_status check(const double *values, const int32_t *groups, size_t n_groups, double amount,
                       size_t n, wf_error *err) {
  WF_TRY(wf_bias_check_sizes(n, n_groups, err));
  if (!(amount >= 0 && amount <= 1)) {
    return wf_fail(err, WF_INVALID, "amount %g is not between 0 and 1", amount);
  }
  for (size_t i = 0; i < n; i++) {
    WF_TRY(wf_bias_check_number(groups, i, n_groups, "group", err));
    if (!isfinite(values[i])) {
      return wf_fail(err, WF_INVALID, "row %zu: %g is not a finite number", i + 1, values[i]);
    }
  }
  return WF_OK;
}

wf_status wf_bias_remove_impact(double *out, const double *values, const int32_t *groups,
                                size_t n_groups, double amount, size_t n, wf_error *err) {
  WF_TRY(check(values, groups, n_groups, amount, n, err));
  repair r = {wf_alloc_array(n, sizeof *r.rows), wf_alloc_zero(n_groups + 1, sizeof *r.ends),
              wf_alloc_array(n_groups, sizeof *r.at), n_groups};
  wf_status status = r.rows && r.ends && r.at ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) {
    sort_by_group(&r, values, groups, n);
    for (size_t i = 0; i < n; i++) {
      if (groups[i] < 0) out[i] = values[i];
    }
    for (size_t g = 0; g < n_groups; g++) repair_group(out, &r, g, amount);
  }
  wf_free(r.rows);
  wf_free(r.ends);
  wf_free(r.at);
  return status;
}
