/* reduction.c — fairness as weights: what a learner has to be told so that it heeds a constraint
 * (Agarwal et al., "A reductions approach to fair classification", 2018).
 *
 * A constraint says that within an event (all rows, or the rows of one label) the mean of something
 * is the same for every group: of the decision, or of its error. A multiplier for each event and
 * group turns it into a signed weight for each row: learning to decide sign(weight) with |weight|
 * is then learning under the constraint's pressure. */
#include "wf/bias.h"

#include "base/alloc.h"
#include "bias/rows.h"

#include <math.h>
#include <string.h>

size_t wf_bias_event_count(wf_bias_constraint constraint) {
  return constraint == WF_BIAS_SAME_ODDS ? 2 : 1;
}

/* The row's event; -1: the constraint is not about it. */
static int event_of(wf_bias_constraint constraint, uint8_t label) {
  switch (constraint) {
  case WF_BIAS_SAME_SELECTION:
  case WF_BIAS_SAME_ERROR: return 0;
  case WF_BIAS_SAME_TRUE_POSITIVE:
  case WF_BIAS_SAME_FALSE_NEGATIVE: return label ? 0 : -1;
  case WF_BIAS_SAME_FALSE_POSITIVE:
  case WF_BIAS_SAME_TRUE_NEGATIVE: return label ? -1 : 0;
  case WF_BIAS_SAME_ODDS: return label;
  }
  return -1;
}

/* What a row of the label adds to the constrained mean when it is decided favourably rather than
 * not. */
static double turn_of(wf_bias_constraint constraint, uint8_t label) {
  return constraint == WF_BIAS_SAME_ERROR && label ? -1 : 1;
}

static wf_status check_rows(const uint8_t *labels, const int32_t *groups, size_t n_groups, size_t n,
                            wf_error *err) {
  WF_TRY(wf_bias_check_sizes(n, n_groups, err));
  for (size_t i = 0; i < n; i++) {
    WF_TRY(wf_bias_check_byte(labels, i, "label", err));
    WF_TRY(wf_bias_check_number(groups, i, n_groups, "group", err));
  }
  return WF_OK;
}

/* The cell of row i, SIZE_MAX when the constraint is not about it. */
static size_t cell_of(wf_bias_constraint constraint, const uint8_t *labels, const int32_t *groups,
                      size_t n_groups, size_t i) {
  int event = event_of(constraint, labels[i]);
  if (event < 0 || groups[i] < 0) return SIZE_MAX;
  return (size_t)event * n_groups + (size_t)groups[i];
}

wf_status wf_bias_constraint_gaps(double *gaps, wf_bias_constraint constraint,
                                  const uint8_t *labels, const double *decisions,
                                  const int32_t *groups, size_t n_groups, size_t n, wf_error *err) {
  size_t n_events = wf_bias_event_count(constraint);
  WF_TRY(check_rows(labels, groups, n_groups, n, err));
  for (size_t i = 0; i < n; i++) WF_TRY(wf_bias_check_score(decisions, i, err));
  double *rows = wf_alloc_zero(n_groups, 2 * n_events * sizeof *rows);
  if (!rows) return wf_fail_nomem(err);
  double *sums = rows + n_events * n_groups;
  for (size_t i = 0; i < n; i++) {
    size_t cell = cell_of(constraint, labels, groups, n_groups, i);
    if (cell == SIZE_MAX) continue;
    bool error = turn_of(constraint, labels[i]) < 0;
    rows[cell]++;
    sums[cell] += error ? 1 - decisions[i] : decisions[i];
  }
  for (size_t e = 0; e < n_events; e++) {
    double all = 0, sum = 0;
    for (size_t g = 0; g < n_groups; g++)
      all += rows[e * n_groups + g], sum += sums[e * n_groups + g];
    for (size_t g = 0; g < n_groups; g++) {
      size_t cell = e * n_groups + g;
      gaps[cell] = rows[cell] > 0 ? sums[cell] / rows[cell] - sum / all : (double)NAN;
    }
  }
  wf_free(rows);
  return WF_OK;
}

/* What a row of each cell weighs: the pressure on its event less the one on its own group. */
static wf_status cell_weights(double *weights, const double *rows, const double *multipliers,
                              size_t n_events, size_t n_groups, size_t n, wf_error *err) {
  for (size_t e = 0; e < n_events; e++) {
    double all = 0, pressure = 0;
    for (size_t g = 0; g < n_groups; g++) {
      all += rows[e * n_groups + g];
      pressure += multipliers[e * n_groups + g];
    }
    for (size_t g = 0; g < n_groups; g++) {
      size_t cell = e * n_groups + g;
      if (rows[cell] == 0 && multipliers[cell] != 0) {
        return wf_fail(err, WF_INVALID, "group %zu has no rows that the constraint is about", g);
      }
      if (rows[cell] == 0) continue;
      weights[cell] = (double)n * (pressure / all - multipliers[cell] / rows[cell]);
    }
  }
  return WF_OK;
}

wf_status wf_bias_signed_weights(double *out, wf_bias_constraint constraint,
                                 const double *multipliers, const uint8_t *labels,
                                 const int32_t *groups, size_t n_groups, size_t n, wf_error *err) {
  size_t n_events = wf_bias_event_count(constraint);
  WF_TRY(check_rows(labels, groups, n_groups, n, err));
  double *rows = wf_alloc_zero(n_groups, 2 * n_events * sizeof *rows);
  if (!rows) return wf_fail_nomem(err);
  double *weights = rows + n_events * n_groups;
  for (size_t i = 0; i < n; i++) {
    size_t cell = cell_of(constraint, labels, groups, n_groups, i);
    if (cell != SIZE_MAX) rows[cell]++;
  }
  wf_status status = cell_weights(weights, rows, multipliers, n_events, n_groups, n, err);
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    size_t cell = cell_of(constraint, labels, groups, n_groups, i);
    out[i] = cell == SIZE_MAX ? 0 : weights[cell] * turn_of(constraint, labels[i]);
  }
  wf_free(rows);
  return status;
}
