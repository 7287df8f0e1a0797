/* calibration.c — whether a score means the same in every group.
 *
 * Equal-width bins of the score; a group is calibrated when in each of its bins the mean score is
 * the share of favourable labels. The expected calibration error is their mean distance, by weight.
 */
#include "wf/bias.h"

#include "base/error.h"
#include "bias/rows.h"

#include <math.h>
#include <string.h>

static wf_status check(const uint8_t *labels, const double *scores, const int32_t *groups,
                       size_t n_groups, size_t n_bins, size_t n, wf_error *err) {
  WF_TRY(wf_bias_check_sizes(n, n_groups, err));
  if (n_bins == 0) return wf_fail(err, WF_INVALID, "calibration needs at least one bin");
  for (size_t i = 0; i < n; i++) {
    WF_TRY(wf_bias_check_byte(labels, i, "label", err));
    WF_TRY(wf_bias_check_number(groups, i, n_groups, "group", err));
    WF_TRY(wf_bias_check_score(scores, i, err));
  }
  return WF_OK;
}

wf_status wf_bias_calibrate(wf_bias_bin *bins, size_t n_bins, const uint8_t *labels,
                            const double *scores, const int32_t *groups, size_t n_groups, size_t n,
                            wf_error *err) {
  WF_TRY(check(labels, scores, groups, n_groups, n_bins, n, err));
  memset(bins, 0, n_groups * n_bins * sizeof *bins);
  for (size_t i = 0; i < n; i++) {
    if (groups[i] < 0) continue;
    size_t at = (size_t)(scores[i] * (double)n_bins);
    if (at == n_bins) at--; /* a score of 1 */
    wf_bias_bin *bin = &bins[(size_t)groups[i] * n_bins + at];
    bin->n++;
    bin->favourable += labels[i];
    bin->score_sum += scores[i];
  }
  return WF_OK;
}

double wf_bias_calibration_error(const wf_bias_bin *bins, size_t n_bins) {
  double away = 0, n = 0;
  for (size_t b = 0; b < n_bins; b++) {
    away += fabs(bins[b].score_sum - bins[b].favourable);
    n += bins[b].n;
  }
  return n > 0 ? away / n : (double)NAN;
}
