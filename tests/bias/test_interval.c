#include "wf/bias.h"

#include "bias/binomial.h"
#include "check.h"

#include <stdlib.h>

/* Frequencies of draws against the probabilities themselves, by chi-squared over the bins that are
 * expected to hold at least 10 draws (the rest is one more bin). */
static void check_binomial(uint64_t n, double p, uint64_t seed) {
  enum { DRAWS = 40000, BINS = 3000 };
  static double counts[BINS];
  wf_random random;
  wf_random_seed(&random, seed, 0);
  memset(counts, 0, sizeof counts);
  for (int i = 0; i < DRAWS; i++) {
    uint64_t k = wf_binomial(&random, n, p);
    REQUIRE(k <= n && k < BINS);
    counts[k]++;
  }
  double chi = 0, rest = 0, rest_expected = 0;
  int degrees = 0;
  for (uint64_t k = 0; k <= n && k < BINS; k++) {
    double log_p = lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1) +
                   (double)k * log(p) + (double)(n - k) * log1p(-p);
    double expected = DRAWS * exp(log_p);
    if (expected < 10) {
      rest += counts[k], rest_expected += expected;
      continue;
    }
    chi += (counts[k] - expected) * (counts[k] - expected) / expected;
    degrees++;
  }
  if (rest_expected > 1) {
    chi += (rest - rest_expected) * (rest - rest_expected) / rest_expected;
    degrees++;
  }
  /* chi-squared is about normal for many degrees of freedom: 4 standard deviations above */
  CHECK(chi < degrees - 1 + 4 * sqrt(2.0 * degrees) + 4);
}

TEST(binomial_draws_have_their_distribution) {
  check_binomial(1, 0.3, 1);
  check_binomial(12, 0.4, 2);      /* inversion */
  check_binomial(2000, 0.004, 3);  /* inversion, rare */
  check_binomial(25, 0.45, 4);     /* rejection, small */
  check_binomial(40, 0.3, 5);      /* rejection */
  check_binomial(1000, 0.0101, 6); /* just above the border */
  check_binomial(2500, 0.4, 7);    /* rejection, wide */
  check_binomial(60, 0.8, 8);      /* mirrored */
  wf_random random;
  wf_random_seed(&random, 9, 0);
  CHECK(wf_binomial(&random, 0, 0.5) == 0 && wf_binomial(&random, 7, 0) == 0);
  CHECK(wf_binomial(&random, 7, 1) == 7);
  uint64_t huge = (uint64_t)1 << 50, k = wf_binomial(&random, huge, 0.25);
  CHECK_NEAR((double)k / (double)huge, 0.25, 1e-6);
}

TEST(multinomial_draws_keep_their_sum) {
  const double counts[] = {5, 0, 20, 75, 0};
  double sums[5] = {0}, out[5];
  wf_random random;
  wf_random_seed(&random, 10, 0);
  for (int i = 0; i < 4000; i++) {
    wf_multinomial(&random, 50, counts, 100, 5, out);
    REQUIRE(out[0] + out[1] + out[2] + out[3] + out[4] == 50);
    for (int c = 0; c < 5; c++) sums[c] += out[c];
  }
  CHECK_NEAR(sums[0] / 4000, 2.5, 0.05);
  CHECK_SAME(sums[1], 0.0);
  CHECK_NEAR(sums[2] / 4000, 10, 0.02);
  CHECK_NEAR(sums[3] / 4000, 37.5, 0.01);
}

static const wf_bias_cells large = {{{{1100, 400}, {300, 3200}}, {{900, 350}, {250, 1500}}}};

/* DPPL is a difference of two proportions: its normal interval is known. */
TEST(intervals_agree_with_theory) {
  wf_bias_interval intervals[WF_BIAS_METRICS];
  wf_bias_resampling options = {.n_resamples = 20000, .seed = 3};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_bias_intervals(intervals, &large, NULL, 0, &options, &err), err);
  double a = 3600 / 5000.0, d = 1850 / 3000.0;
  double deviation = sqrt(a * (1 - a) / 5000 + d * (1 - d) / 3000);
  CHECK_NEAR(intervals[WF_BIAS_DPPL].low, a - d - 1.959964 * deviation, 0.0012);
  CHECK_NEAR(intervals[WF_BIAS_DPPL].high, a - d + 1.959964 * deviation, 0.0012);
  double share = 3000 / 8000.0;
  CHECK_NEAR(intervals[WF_BIAS_CI].low,
             1 - 2 * share - 2 * 1.959964 * sqrt(share * (1 - share) / 8000), 0.0012);
  options.level = 0.5;
  REQUIRE_OK(wf_bias_intervals(intervals, &large, NULL, 0, &options, &err), err);
  CHECK_NEAR(intervals[WF_BIAS_DPPL].high, a - d + 0.67449 * deviation, 0.0008);
  CHECK_EQ_INT(intervals[WF_BIAS_DPPL].n_defined, 20000);
  CHECK_EQ_INT(intervals[WF_BIAS_CDDL].n_defined, 0); /* no groups given */
  CHECK(isnan(intervals[WF_BIAS_CDDL].low) && isnan(intervals[WF_BIAS_CDDL].high));
}

/* Rows in no group, in groups, and an empty group. */
static void split_into_groups(wf_bias_cells groups[3]) {
  memset(groups, 0, 3 * sizeof *groups);
  for (int c = 0; c < 8; c++) {
    double count = (&large.n[0][0][0])[c];
    (&groups[0].n[0][0][0])[c] = floor(count / 3);
    (&groups[2].n[0][0][0])[c] = floor(count / 2);
  }
}

TEST(every_value_lies_in_its_interval) {
  wf_bias_interval intervals[WF_BIAS_METRICS];
  wf_bias_cells groups[3];
  wf_error err = WF_ERROR_INIT;
  split_into_groups(groups);
  REQUIRE_OK(wf_bias_intervals(intervals, &large, groups, 3, NULL, &err), err);
  for (int m = 0; m < WF_BIAS_METRICS; m++) {
    double value = NAN;
    REQUIRE_OK(wf_bias_compute(&value, (wf_bias_metric)m, &large, groups, 3, &err), err);
    CHECK(intervals[m].low <= value && value <= intervals[m].high);
    CHECK(intervals[m].low < intervals[m].high);
    CHECK_EQ_INT(intervals[m].n_defined, 1000);
  }
}

TEST(intervals_depend_on_the_seed_alone) {
  wf_bias_interval one[WF_BIAS_METRICS], many[WF_BIAS_METRICS], other[WF_BIAS_METRICS];
  wf_bias_cells groups[3];
  wf_bias_resampling options = {.n_resamples = 333, .seed = 8, .n_threads = 1};
  wf_error err = WF_ERROR_INIT;
  split_into_groups(groups);
  REQUIRE_OK(wf_bias_intervals(one, &large, groups, 3, &options, &err), err);
  options.n_threads = 7;
  REQUIRE_OK(wf_bias_intervals(many, &large, groups, 3, &options, &err), err);
  for (int m = 0; m < WF_BIAS_METRICS; m++) {
    CHECK_SAME(one[m].low, many[m].low);
    CHECK_SAME(one[m].high, many[m].high);
  }
  options.seed = 9;
  REQUIRE_OK(wf_bias_intervals(other, &large, groups, 3, &options, &err), err);
  CHECK(other[WF_BIAS_DPPL].low != one[WF_BIAS_DPPL].low);
}

/* Tiny tables: some resamples have an empty side, some ratios are infinite. */
TEST(undefined_resamples_are_counted) {
  wf_bias_cells tiny = {{{{4, 0}, {1, 1}}, {{1, 0}, {0, 1}}}};
  wf_bias_interval intervals[WF_BIAS_METRICS];
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_bias_intervals(intervals, &tiny, NULL, 0, NULL, &err), err);
  CHECK(intervals[WF_BIAS_DPPL].n_defined > 700 && intervals[WF_BIAS_DPPL].n_defined < 1000);
  for (int m = 0; m < WF_BIAS_METRICS; m++) {
    if (intervals[m].n_defined) CHECK(intervals[m].low <= intervals[m].high);
  }
  CHECK(isinf(intervals[WF_BIAS_DI].high));
}

TEST(what_cannot_be_resampled_is_refused) {
  wf_bias_interval intervals[WF_BIAS_METRICS];
  wf_bias_cells empty = {0}, weights = large, small = {0};
  wf_bias_resampling options = {.level = 1.5};
  wf_error err = WF_ERROR_INIT;
  weights.n[1][0][1] = 0.5;
  CHECK_FAILS(wf_bias_intervals(intervals, &empty, NULL, 0, NULL, &err), err, WF_INVALID,
              "no rows");
  CHECK_FAILS(wf_bias_intervals(intervals, &weights, NULL, 0, NULL, &err), err, WF_INVALID,
              "0.5, which is not a number of rows");
  weights.n[1][0][1] = NAN;
  CHECK_FAILS(wf_bias_intervals(intervals, &weights, NULL, 0, NULL, &err), err, WF_INVALID, "nan");
  small.n[0][0][0] = 1;
  CHECK_FAILS(wf_bias_intervals(intervals, &small, &large, 1, NULL, &err), err, WF_INVALID,
              "more rows than the table");
  CHECK_FAILS(wf_bias_intervals(intervals, &large, NULL, 0, &options, &err), err, WF_INVALID,
              "level 1.5");
  options = (wf_bias_resampling){.n_resamples = SIZE_MAX};
  CHECK_FAILS(wf_bias_intervals(intervals, &large, NULL, 0, &options, &err), err, WF_LIMIT,
              "resamples");
  options = (wf_bias_resampling){.n_resamples = 40, .n_threads = 1};
  CHECK_OOM_SAFE(wf_bias_intervals(intervals, &large, &small, 1, &options, &err) == WF_OK);
}

/* --- weighted rows --------------------------------------------------------------------------- */

static wf_bias_moments moments_of(const wf_bias_cells *cells, double weight) {
  wf_bias_moments m = {.n = *cells};
  for (int c = 0; c < 8; c++) {
    (&m.sum.n[0][0][0])[c] = weight * (&cells->n[0][0][0])[c];
    (&m.squares.n[0][0][0])[c] = weight * weight * (&cells->n[0][0][0])[c];
  }
  return m;
}

TEST(equal_weights_change_no_interval) {
  wf_bias_interval plain[WF_BIAS_METRICS], weighted[WF_BIAS_METRICS];
  wf_bias_cells groups[3];
  wf_bias_moments all = moments_of(&large, 0.25), by_group[3];
  wf_error err = WF_ERROR_INIT;
  split_into_groups(groups);
  for (int g = 0; g < 3; g++) by_group[g] = moments_of(&groups[g], 0.25);
  REQUIRE_OK(wf_bias_intervals(plain, &large, groups, 3, NULL, &err), err);
  REQUIRE_OK(wf_bias_weighted_intervals(weighted, &all, by_group, 3, NULL, &err), err);
  for (int m = 0; m < WF_BIAS_METRICS; m++) {
    CHECK_NEAR(weighted[m].low, plain[m].low, 1e-12);
    CHECK_NEAR(weighted[m].high, plain[m].high, 1e-12);
  }
}

enum { N_ROWS = 600 };

typedef struct weighted_row {
  int facet, label, prediction;
  double weight;
} weighted_row;

static void add_row(wf_bias_moments *m, const weighted_row *row) {
  m->n.n[row->facet][row->label][row->prediction]++;
  m->sum.n[row->facet][row->label][row->prediction] += row->weight;
  m->squares.n[row->facet][row->label][row->prediction] += row->weight * row->weight;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Rows are drawn with replacement, one by one, as the draws of cells claim to imitate. */
TEST(weighted_intervals_agree_with_a_bootstrap_of_rows) {
  enum { RESAMPLES = 4000 };
  static weighted_row rows[N_ROWS];
  static double values[WF_BIAS_METRICS][RESAMPLES];
  wf_bias_moments all = {0};
  wf_bias_interval intervals[WF_BIAS_METRICS];
  wf_bias_resampling options = {.n_resamples = RESAMPLES, .seed = 4};
  wf_error err = WF_ERROR_INIT;
  wf_random random;
  wf_random_seed(&random, 21, 0);
  for (int i = 0; i < N_ROWS; i++) {
    double weight = wf_random_unit(&random);
    rows[i] = (weighted_row){wf_random_unit(&random) < 0.4, wf_random_unit(&random) < 0.5,
                             wf_random_unit(&random) < 0.6, 0.1 + 5 * weight * weight * weight};
    add_row(&all, &rows[i]);
  }
  for (int r = 0; r < RESAMPLES; r++) {
    wf_bias_moments drawn = {0};
    for (int i = 0; i < N_ROWS; i++) add_row(&drawn, &rows[wf_random_below(&random, N_ROWS)]);
    for (int m = WF_BIAS_CI; m < WF_BIAS_METRICS; m++) {
      if (m == WF_BIAS_CDDPL) continue;
      REQUIRE_OK(wf_bias_compute(&values[m][r], (wf_bias_metric)m, &drawn.sum, NULL, 0, &err), err);
    }
  }
  REQUIRE_OK(wf_bias_weighted_intervals(intervals, &all, NULL, 0, &options, &err), err);
  for (int m = WF_BIAS_CI; m < WF_BIAS_METRICS; m++) {
    if (m == WF_BIAS_CDDPL) continue;
    qsort(values[m], RESAMPLES, sizeof(double), ascending);
    double low = values[m][RESAMPLES / 40], high = values[m][RESAMPLES - RESAMPLES / 40 - 1];
    CHECK_NEAR(intervals[m].low, low, 0.08 * (high - low)); /* both are random */
    CHECK_NEAR(intervals[m].high, high, 0.08 * (high - low));
  }
}

TEST(weights_that_cannot_be_are_refused) {
  wf_bias_interval intervals[WF_BIAS_METRICS];
  wf_bias_moments all = moments_of(&large, 2), none = {0}, group = moments_of(&large, 2);
  wf_error err = WF_ERROR_INIT;
  all.sum.n[1][1][0] = -1;
  CHECK_FAILS(wf_bias_weighted_intervals(intervals, &all, NULL, 0, NULL, &err), err, WF_INVALID,
              "cannot weigh -1");
  all.sum.n[1][1][0] = HUGE_VAL;
  CHECK_FAILS(wf_bias_weighted_intervals(intervals, &all, NULL, 0, NULL, &err), err, WF_INVALID,
              "cannot weigh inf");
  CHECK_FAILS(wf_bias_weighted_intervals(intervals, &none, NULL, 0, NULL, &err), err, WF_INVALID,
              "no rows");
  all = moments_of(&large, 2);
  wf_bias_resampling options = {.n_resamples = 40, .n_threads = 1};
  CHECK_OOM_SAFE(wf_bias_weighted_intervals(intervals, &all, &group, 1, &options, &err) == WF_OK);
}
