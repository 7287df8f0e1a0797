#include "wf/bias.h"

#include "base/random.h"
#include "check.h"

TEST(bins_hold_their_rows) {
  const uint8_t labels[] = {0, 1, 1, 1, 0, 1, 1};
  const double scores[] = {0, 0.2499, 0.25, 1, 0.75, 0.5, 0.9};
  const int32_t groups[] = {0, 0, 0, 0, 1, 1, -1};
  wf_bias_bin bins[8];
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_bias_calibrate(bins, 4, labels, scores, groups, 2, 7, &err), err);
  CHECK_SAME(bins[0].n, 2.0);
  CHECK_SAME(bins[0].favourable, 1.0);
  CHECK_SAME(bins[0].score_sum, 0.2499);
  CHECK_SAME(bins[1].n, 1.0);
  CHECK_SAME(bins[2].n, 0.0);
  CHECK_SAME(bins[3].n, 1.0); /* a score of 1 is in the last bin */
  CHECK_SAME(bins[4 + 2].n, 1.0);
  CHECK_SAME(bins[4 + 3].score_sum, 0.75);
  CHECK_NEAR(wf_bias_calibration_error(bins, 4), (1 - 0.2499 + 0.75 + 0 + 0) / 4, 1e-15);
  CHECK_NEAR(wf_bias_calibration_error(bins + 4, 4), (0.5 + 0.75) / 2, 1e-15);
  CHECK(isnan(wf_bias_calibration_error(bins + 6, 0)));
}

/* Labels drawn with their score as probability are calibrated; squared scores are not. */
TEST(honest_scores_are_calibrated) {
  enum { N = 20000 };
  static uint8_t labels[N];
  static double scores[N];
  static int32_t groups[N];
  wf_bias_bin bins[20];
  wf_random random;
  wf_error err = WF_ERROR_INIT;
  wf_random_seed(&random, 5, 0);
  for (int i = 0; i < N; i++) {
    scores[i] = wf_random_unit(&random);
    groups[i] = i % 2;
    labels[i] = wf_random_unit(&random) < (i % 2 ? scores[i] * scores[i] : scores[i]);
  }
  REQUIRE_OK(wf_bias_calibrate(bins, 10, labels, scores, groups, 2, N, &err), err);
  CHECK(wf_bias_calibration_error(bins, 10) < 0.02);
  CHECK_NEAR(wf_bias_calibration_error(bins + 10, 10), 1 / 6.0, 0.02); /* mean of s - s * s */
}

TEST(calibration_names_bad_rows) {
  uint8_t labels[] = {0, 1};
  double scores[] = {0.5, 1.5};
  int32_t groups[] = {0, 0};
  wf_bias_bin bins[2];
  wf_error err = WF_ERROR_INIT;
#define CALIBRATE(n_bins) wf_bias_calibrate(bins, n_bins, labels, scores, groups, 1, 2, &err)
  CHECK_FAILS(CALIBRATE(2), err, WF_INVALID, "row 2: score 1.5 is not a probability");
  scores[1] = NAN;
  CHECK_FAILS(CALIBRATE(2), err, WF_INVALID, "row 2: score nan");
  CHECK_FAILS(CALIBRATE(0), err, WF_INVALID, "at least one bin");
  scores[1] = 1;
  groups[0] = 1;
  CHECK_FAILS(CALIBRATE(2), err, WF_INVALID, "row 1: group 1");
#undef CALIBRATE
}
