#include "wf/bias.h"

#include "base/alloc.h"
#include "base/random.h"
#include "check.h"

enum { N = 3000 };

static uint8_t labels[N], facet[N];
static double scores[N];
static int32_t groups[N];

static void draw(uint64_t seed) {
  wf_random random;
  wf_random_seed(&random, seed, 0);
  for (int i = 0; i < N; i++) {
    facet[i] = wf_random_unit(&random) < 0.4;
    labels[i] = wf_random_unit(&random) < (facet[i] ? 0.3 : 0.6);
    scores[i] = 0.6 * wf_random_unit(&random) + 0.3 * labels[i] + (facet[i] ? 0 : 0.1);
    groups[i] = facet[i];
  }
}

/* Everything of one choice by deciding every row. */
static void decide_all(const wf_bias_reject *choice, double *balanced, double gaps[3]) {
  double chosen[2][2] = {{0}}, n[2][2] = {{0}};
  for (int i = 0; i < N; i++) {
    n[facet[i]][labels[i]]++;
    chosen[facet[i]][labels[i]] += wf_bias_reject_decide(choice, scores[i], facet[i]);
  }
  double opportunity = chosen[1][1] / n[1][1] - chosen[0][1] / n[0][1];
  double alarm = chosen[1][0] / n[1][0] - chosen[0][0] / n[0][0];
  *balanced = 0.5 * ((chosen[0][1] + chosen[1][1]) / (n[0][1] + n[1][1]) + 1 -
                     (chosen[0][0] + chosen[1][0]) / (n[0][0] + n[1][0]));
  gaps[WF_BIAS_GAP_SELECTION] = (chosen[1][0] + chosen[1][1]) / (n[1][0] + n[1][1]) -
                                (chosen[0][0] + chosen[0][1]) / (n[0][0] + n[0][1]);
  gaps[WF_BIAS_GAP_ODDS] = 0.5 * (alarm + opportunity);
  gaps[WF_BIAS_GAP_OPPORTUNITY] = opportunity;
}

TEST(the_reject_option_is_the_best_of_its_grid) {
  draw(3);
  for (int gap = 0; gap < 3; gap++) {
    wf_bias_reject best = {0};
    wf_bias_reject_options o = {.gap = (wf_bias_gap)gap, .n_thresholds = 21, .n_margins = 11};
    wf_error err = WF_ERROR_INIT;
    REQUIRE_OK(wf_bias_fit_reject(&best, labels, scores, facet, N, &o, &err), err);
    CHECK(best.within);
    double balanced, gaps[3], most = 0;
    decide_all(&best, &balanced, gaps);
    CHECK_NEAR(best.balanced_accuracy, balanced, 1e-13);
    CHECK_NEAR(best.gap, gaps[gap], 1e-13);
    for (int i = 0; i < 21; i++) {
      wf_bias_reject c = {.threshold = 0.01 + i * 0.049};
      for (int k = 0; k < 11; k++) {
        c.margin = (c.threshold <= 0.5 ? c.threshold : 1 - c.threshold) * k / 10;
        decide_all(&c, &balanced, gaps);
        if (fabs(gaps[gap]) <= 0.05 && balanced > most) most = balanced;
      }
    }
    CHECK_NEAR(best.balanced_accuracy, most, 1e-12);
  }
}

TEST(a_bound_that_cannot_be_met_gives_the_nearest_gap) {
  draw(4);
  wf_bias_reject best = {0};
  wf_bias_reject_options o = {
      .bound = 1e-9, .lowest = 0.5, .highest = 0.5, .n_thresholds = 1, .n_margins = 1};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_bias_fit_reject(&best, labels, scores, facet, N, &o, &err), err);
  CHECK(!best.within);
  CHECK_SAME(best.threshold, 0.5);
  CHECK_SAME(best.margin, 0.0);
}

TEST(the_reject_option_names_bad_input) {
  wf_bias_reject best;
  wf_error err = WF_ERROR_INIT;
  wf_bias_reject_options o = {.bound = 2};
  draw(5);
#define FIT(options) wf_bias_fit_reject(&best, labels, scores, facet, N, options, &err)
  CHECK_FAILS(FIT(&o), err, WF_INVALID, "bound 2");
  o = (wf_bias_reject_options){.lowest = 0.9, .highest = 0.1};
  CHECK_FAILS(FIT(&o), err, WF_INVALID, "thresholds from 0.9 to 0.1");
  o = (wf_bias_reject_options){.n_margins = 20000};
  CHECK_FAILS(FIT(&o), err, WF_LIMIT, "10000");
  scores[6] = 1.5;
  CHECK_FAILS(FIT(NULL), err, WF_INVALID, "row 7: score 1.5");
  scores[6] = 0.5;
  CHECK_OOM_SAFE(FIT(NULL) == WF_OK);
  for (int i = 0; i < N; i++) labels[i] = labels[i] && !facet[i];
  CHECK_FAILS(FIT(NULL), err, WF_INVALID, "the facet has no favourable label");
#undef FIT
}

TEST(repaired_values_do_not_tell_the_group) {
  static double out[N], again[N];
  wf_error err = WF_ERROR_INIT;
  draw(6);
  REQUIRE_OK(wf_bias_remove_impact(out, scores, groups, 2, 1, N, &err), err);
  double mean[2] = {0}, n[2] = {0}, before[2] = {0};
  for (int i = 0; i < N; i++) {
    mean[groups[i]] += out[i];
    before[groups[i]] += scores[i];
    n[groups[i]]++;
  }
  CHECK(fabs(before[0] / n[0] - before[1] / n[1]) > 0.1);
  CHECK_NEAR(mean[0] / n[0], mean[1] / n[1], 1e-3);
  /* The order within a group stays. */
  for (int i = 1; i < N; i++) {
    for (int k = i - 1; k >= 0 && k > i - 20; k--) {
      if (groups[i] == groups[k] && scores[i] < scores[k]) CHECK(out[i] <= out[k]);
    }
  }
  REQUIRE_OK(wf_bias_remove_impact(again, scores, groups, 2, 0, N, &err), err);
  for (int i = 0; i < N; i++) CHECK_SAME(again[i], scores[i]);
  REQUIRE_OK(wf_bias_remove_impact(again, scores, groups, 2, 0.5, N, &err), err);
  for (int i = 0; i < N; i++) CHECK_NEAR(again[i], 0.5 * (scores[i] + out[i]), 1e-15);
}

TEST(repair_by_hand) {
  const double values[] = {1, 2, 3, 10, 20, 30, 7, 2};
  const int32_t of[] = {0, 0, 0, 1, 1, 1, -1, 0};
  double out[8];
  wf_error err = WF_ERROR_INIT;
  /* Group 0 is 1 2 2 3: the two 2s are in the middle, where group 1 has 20. */
  REQUIRE_OK(wf_bias_remove_impact(out, values, of, 2, 1, 8, &err), err);
  CHECK_NEAR(out[1], 11, 1e-12);
  CHECK_SAME(out[1], out[7]);
  CHECK_NEAR(out[4], 11, 1e-12);
  CHECK_SAME(out[6], 7.0);
  CHECK_OOM_SAFE(wf_bias_remove_impact(out, values, of, 2, 1, 8, &err) == WF_OK);
  CHECK_FAILS(wf_bias_remove_impact(out, values, of, 2, 1.5, 8, &err), err, WF_INVALID, "amount");
  CHECK_FAILS(wf_bias_remove_impact(out, values, of, 1, 1, 8, &err), err, WF_INVALID, "row 4");
}
