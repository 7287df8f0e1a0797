/* rows.c — the checks, and the two less frequent ways of counting: one facet against the rest for
 * every value of a column, and sums of weights instead of counts. */
#include "bias/rows.h"

#include "base/alloc.h"
#include "wf/bias.h"

#include <math.h>
#include <string.h>

wf_status wf_bias_check_sizes(size_t n_rows, size_t n_groups, wf_error *err) {
  if (n_rows > UINT32_MAX) return wf_fail(err, WF_LIMIT, "more than %u rows", UINT32_MAX);
  if (n_groups > INT32_MAX) return wf_fail(err, WF_LIMIT, "more than %d groups", INT32_MAX);
  return WF_OK;
}

wf_status wf_bias_check_byte(const uint8_t *bytes, size_t row, const char *what, wf_error *err) {
  if (bytes[row] <= 1) return WF_OK;
  return wf_fail(err, WF_INVALID, "row %zu: the %s is %d, not 0 or 1", row + 1, what, bytes[row]);
}

wf_status wf_bias_check_number(const int32_t *numbers, size_t row, size_t n, const char *what,
                               wf_error *err) {
  if (!numbers || numbers[row] == -1 || (numbers[row] >= 0 && (size_t)numbers[row] < n)) {
    return WF_OK;
  }
  return wf_fail(err, WF_INVALID, "row %zu: %s %d is not between -1 and %td", row + 1, what,
                 (int)numbers[row], (ptrdiff_t)n - 1);
}

wf_status wf_bias_check_score(const double *scores, size_t row, wf_error *err) {
  if (scores[row] >= 0 && scores[row] <= 1) return WF_OK;
  return wf_fail(err, WF_INVALID, "row %zu: score %g is not a probability", row + 1, scores[row]);
}

typedef uint32_t numbers4 __attribute__((vector_size(16)));
typedef int32_t masks4 __attribute__((vector_size(16)));

/* Unsigned, -1 + 1 is the smallest and every other negative number too large. */
bool wf_bias_in_range(const int32_t *numbers, size_t n_rows, size_t n) {
  uint32_t most = (uint32_t)n;
  numbers4 limit = {most, most, most, most};
  masks4 above = {0};
  size_t i = 0;
  for (; i + 4 <= n_rows; i += 4) {
    numbers4 v;
    memcpy(&v, numbers + i, sizeof v);
    above |= v + 1 > limit;
  }
  bool good = !(above[0] | above[1] | above[2] | above[3]);
  for (; i < n_rows; i++) good &= (uint32_t)numbers[i] + 1 <= most;
  return good;
}

/* --- one value against the rest -------------------------------------------------------------- */

typedef struct value_rows {
  const uint8_t *labels, *predictions;
  const int32_t *values, *groups;
  size_t n_values, n_groups, n;
} value_rows;

static wf_status check_values(const value_rows *r, wf_error *err) {
  bool good = wf_bias_in_range(r->values, r->n, r->n_values) &&
              (!r->groups || wf_bias_in_range(r->groups, r->n, r->n_groups));
  unsigned all = 0;
  for (size_t i = 0; i < r->n; i++) all |= (unsigned)(r->labels[i] | r->predictions[i]);
  for (size_t i = 0; (!good || all > 1) && i < r->n; i++) {
    WF_TRY(wf_bias_check_byte(r->labels, i, "label", err));
    WF_TRY(wf_bias_check_byte(r->predictions, i, "prediction", err));
    WF_TRY(wf_bias_check_number(r->values, i, r->n_values, "facet value", err));
    WF_TRY(wf_bias_check_number(r->groups, i, r->n_groups, "group", err));
  }
  return WF_OK;
}

/* cells: [group slot][value slot][label * 2 + prediction], slot 0 for "none" */
static void fill_values(uint32_t *cells, const value_rows *r) {
  size_t n_slots = r->n_values + 1;
  for (size_t i = 0; i < r->n; i++) {
    size_t slot = r->groups ? (size_t)(r->groups[i] + 1) : 0;
    size_t value = slot * n_slots + (size_t)(r->values[i] + 1);
    cells[value * 4 + (size_t)(r->labels[i] * 2 + r->predictions[i])]++;
  }
}

/* One group's slots into one table per value, `apart` tables from each other. */
static void add_slots(wf_bias_cells *out, size_t apart, const uint32_t *slots, size_t n_values) {
  uint64_t all[4] = {0};
  for (size_t s = 0; s < 4 * (n_values + 1); s++) all[s & 3] += slots[s];
  for (size_t v = 0; v < n_values; v++) {
    for (size_t c = 0; c < 4; c++) {
      uint64_t in_d = slots[4 * (v + 1) + c];
      out[v * apart].n[1][c >> 1][c & 1] += (double)in_d;
      out[v * apart].n[0][c >> 1][c & 1] += (double)(all[c] - in_d);
    }
  }
}

wf_status wf_bias_count_values(wf_bias_cells *out, wf_bias_cells *by_group, const uint8_t *labels,
                               const uint8_t *predictions, const int32_t *values, size_t n_values,
                               const int32_t *groups, size_t n_groups, size_t n, wf_error *err) {
  bool grouped = groups && by_group;
  value_rows r = {labels,   predictions ? predictions : labels,
                  values,   grouped ? groups : NULL,
                  n_values, grouped ? n_groups : 0,
                  n};
  WF_TRY(wf_bias_check_sizes(n, n_values, err));
  WF_TRY(wf_bias_check_sizes(n, r.n_groups, err));
  WF_TRY(check_values(&r, err));
  size_t slot = 4 * (n_values + 1);
  uint32_t *cells = wf_alloc_zero(r.n_groups + 1, slot * sizeof *cells);
  if (!cells) return wf_fail_nomem(err);
  fill_values(cells, &r);
  memset(out, 0, n_values * sizeof *out);
  if (r.n_groups) memset(by_group, 0, n_values * r.n_groups * sizeof *by_group);
  for (size_t g = 0; g <= r.n_groups; g++) {
    add_slots(out, 1, cells + g * slot, n_values);
    if (g) add_slots(by_group + g - 1, r.n_groups, cells + g * slot, n_values);
  }
  wf_free(cells);
  return WF_OK;
}

/* --- weights --------------------------------------------------------------------------------- */

static wf_status check_weighted(const uint8_t *labels, const uint8_t *predictions,
                                const uint8_t *facet, const int32_t *groups, size_t n_groups,
                                const double *weights, size_t n, wf_error *err) {
  for (size_t i = 0; i < n; i++) {
    WF_TRY(wf_bias_check_byte(labels, i, "label", err));
    WF_TRY(wf_bias_check_byte(predictions, i, "prediction", err));
    WF_TRY(wf_bias_check_byte(facet, i, "facet", err));
    WF_TRY(wf_bias_check_number(groups, i, n_groups, "group", err));
    if (!(weights[i] >= 0) || isinf(weights[i])) {
      return wf_fail(err, WF_INVALID, "row %zu: weight %g is not a finite number of at least 0",
                     i + 1, weights[i]);
    }
  }
  return WF_OK;
}

/* Sums in long double: rounding stays below that of the final double for any number of rows. */
wf_status wf_bias_count_weighted(wf_bias_cells *out, wf_bias_cells *by_group, const uint8_t *labels,
                                 const uint8_t *predictions, const uint8_t *facet,
                                 const int32_t *groups, size_t n_groups, const double *weights,
                                 size_t n, wf_error *err) {
  if (!predictions) predictions = labels;
  if (!by_group) groups = NULL;
  size_t n_slots = groups ? n_groups + 1 : 1;
  WF_TRY(wf_bias_check_sizes(n, n_slots - 1, err));
  WF_TRY(check_weighted(labels, predictions, facet, groups, n_groups, weights, n, err));
  long double(*sums)[8] = wf_alloc_zero(n_slots, sizeof *sums);
  if (!sums) return wf_fail_nomem(err);
  for (size_t i = 0; i < n; i++) {
    size_t slot = groups ? (size_t)(groups[i] + 1) : 0;
    sums[slot][facet[i] * 4 + labels[i] * 2 + predictions[i]] += (long double)weights[i];
  }
  for (size_t c = 0; c < 8; c++) {
    long double all = 0;
    for (size_t s = 0; s < n_slots; s++) {
      all += sums[s][c];
      if (s) by_group[s - 1].n[c >> 2][c >> 1 & 1][c & 1] = (double)sums[s][c];
    }
    out->n[c >> 2][c >> 1 & 1][c & 1] = (double)all;
  }
  wf_free(sums);
  return WF_OK;
}
