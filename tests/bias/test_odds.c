#include "wf/bias.h"

#include "base/random.h"
#include "check.h"

typedef struct rates {
  double tpr, fpr;
} rates;

static rates rates_of(const wf_bias_cells *cells, int facet) {
  const double(*n)[2] = cells->n[facet];
  return (rates){n[1][1] / (n[1][0] + n[1][1]), n[0][1] / (n[0][0] + n[0][1])};
}

static rates mixed(rates r, double keep, double turn) {
  return (rates){r.tpr * keep + (1 - r.tpr) * turn, r.fpr * keep + (1 - r.fpr) * turn};
}

static double area(rates p, rates q, rates r) {
  return (q.tpr - p.tpr) * (r.fpr - p.fpr) - (r.tpr - p.tpr) * (q.fpr - p.fpr);
}

/* Rates that chance can reach from a side's rates: the quadrilateral of never, always, as predicted
 * and against the prediction. */
static bool reachable(rates r, rates wanted) {
  rates corners[4] = {{0, 0}, r, {1, 1}, {1 - r.tpr, 1 - r.fpr}};
  int left = 0, right = 0;
  for (int i = 0; i < 4; i++) {
    double side = area(corners[i], corners[(i + 1) % 4], wanted);
    left += side > 1e-12, right += side < -1e-12;
  }
  return left == 0 || right == 0;
}

/* Every fit meets the constraint, and no point of a fine grid that both sides can reach is better.
 */
TEST(equalized_odds_are_the_best_that_both_sides_can_reach) {
  wf_random random;
  wf_random_seed(&random, 5, 0);
  for (int round = 0; round < 60; round++) {
    wf_bias_cells cells;
    wf_bias_odds fit;
    wf_error err = WF_ERROR_INIT;
    for (int c = 0; c < 8; c++) (&cells.n[0][0][0])[c] = 1 + (double)wf_random_below(&random, 100);
    REQUIRE_OK(wf_bias_fit_odds(&fit, &cells, &err), err);
    rates a = rates_of(&cells, 0), d = rates_of(&cells, 1);
    rates of_a = mixed(a, fit.keep[0], fit.turn[0]), of_d = mixed(d, fit.keep[1], fit.turn[1]);
    CHECK_NEAR(of_a.tpr, of_d.tpr, 1e-9);
    CHECK_NEAR(of_a.fpr, of_d.fpr, 1e-9);
    CHECK_NEAR(fit.cost, 2 * (of_a.fpr - of_a.tpr), 1e-9);
    for (int i = 0; i <= 60; i++) {
      for (int k = 0; k <= 60; k++) {
        rates tried = {i / 60.0, k / 60.0};
        if (reachable(a, tried) && reachable(d, tried))
          CHECK(2 * (tried.fpr - tried.tpr) >= fit.cost - 1e-9);
      }
    }
  }
}

TEST(predictions_that_say_nothing_are_left) {
  wf_bias_cells cells = {{{{10, 10}, {10, 10}}, {{4, 2}, {8, 4}}}};
  wf_bias_odds fit;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_bias_fit_odds(&fit, &cells, &err), err);
  CHECK_NEAR(fit.cost, 0, 1e-12);
  cells.n[1][1][0] = cells.n[1][1][1] = 0;
  CHECK_FAILS(wf_bias_fit_odds(&fit, &cells, &err), err, WF_INVALID,
              "the facet has 0 favourable and 6 other labels");
}

enum { N = 8 };
static const uint8_t labels[N] = {1, 1, 0, 0, 1, 1, 0, 0}, facet[N] = {0, 0, 0, 0, 1, 1, 1, 1};
static const double scores[N] = {0.9, 0.7, 0.2, 0.4, 0.6, 0.4, 0.4, 0.6};

/* The rest: 1 - score is 0.2 at label 1; its base rate would cost 0.5. The facet costs 0.5. */
TEST(calibrated_odds_by_hand) {
  wf_bias_calibrated fit;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(
      wf_bias_fit_calibrated(&fit, labels, scores, facet, N, WF_BIAS_COST_FALSE_NEGATIVE, &err),
      err);
  CHECK_NEAR(fit.mix[0], 1, 1e-12);
  CHECK_SAME(fit.mix[1], 0.0);
  CHECK_NEAR(fit.base_rate[0], 0.5, 1e-15);
  uint8_t one_label[N] = {1, 1, 1, 1, 1, 0, 1, 0};
  CHECK_FAILS(wf_bias_fit_calibrated(&fit, one_label, scores, facet, N, WF_BIAS_COST_BOTH, &err),
              err, WF_INVALID, "the rest has 4 favourable and 0 other labels");
}

/* --- learning under a constraint ------------------------------------------------------------- */

enum { ROWS = 400, GROUPS = 3 };

static const wf_bias_constraint constraints[] = {
    WF_BIAS_SAME_SELECTION,     WF_BIAS_SAME_TRUE_POSITIVE,  WF_BIAS_SAME_FALSE_POSITIVE,
    WF_BIAS_SAME_TRUE_NEGATIVE, WF_BIAS_SAME_FALSE_NEGATIVE, WF_BIAS_SAME_ODDS,
    WF_BIAS_SAME_ERROR};

/* The weights are the slope of the penalised gaps: turning one decision moves the sum of multiplier
 * times gap by -weight / n. */
TEST(signed_weights_are_the_slope_of_the_gaps) {
  static uint8_t y[ROWS];
  static int32_t groups[ROWS];
  static double decided[ROWS], weights[ROWS];
  wf_random random;
  wf_random_seed(&random, 6, 0);
  for (int i = 0; i < ROWS; i++) {
    y[i] = wf_random_unit(&random) < 0.4;
    groups[i] = i % 9 == 0 ? -1 : (int32_t)wf_random_below(&random, GROUPS);
    decided[i] = wf_random_unit(&random) < 0.5;
  }
  for (size_t c = 0; c < sizeof constraints / sizeof *constraints; c++) {
    double multipliers[2 * GROUPS], before[2 * GROUPS], after[2 * GROUPS];
    size_t n_cells = wf_bias_event_count(constraints[c]) * GROUPS;
    wf_error err = WF_ERROR_INIT;
    for (size_t k = 0; k < n_cells; k++) multipliers[k] = 2 * wf_random_unit(&random) - 1;
    REQUIRE_OK(
        wf_bias_signed_weights(weights, constraints[c], multipliers, y, groups, GROUPS, ROWS, &err),
        err);
    REQUIRE_OK(
        wf_bias_constraint_gaps(before, constraints[c], y, decided, groups, GROUPS, ROWS, &err),
        err);
    for (int i = 0; i < ROWS; i += 7) {
      double kept = decided[i], slope = 0;
      decided[i] = 1 - kept;
      REQUIRE_OK(
          wf_bias_constraint_gaps(after, constraints[c], y, decided, groups, GROUPS, ROWS, &err),
          err);
      for (size_t k = 0; k < n_cells; k++) slope += multipliers[k] * (after[k] - before[k]);
      CHECK_NEAR(slope, (kept > 0 ? 1 : -1) * weights[i] / ROWS, 1e-12);
      decided[i] = kept;
    }
  }
}

TEST(constraints_name_bad_input_and_empty_groups) {
  double multipliers[2] = {1, -1}, weights[N], gaps[2];
  int32_t groups[N] = {0, 0, 0, 0, 0, 0, 0, 0}, beyond[N] = {0, 0, 7, 0, 0, 0, 0, 0};
  wf_error err = WF_ERROR_INIT;
#define WEIGHTS(groups) \
  wf_bias_signed_weights(weights, WF_BIAS_SAME_SELECTION, multipliers, labels, groups, 2, N, &err)
#define GAPS(decisions) \
  wf_bias_constraint_gaps(gaps, WF_BIAS_SAME_SELECTION, labels, decisions, groups, 2, N, &err)
  CHECK_FAILS(WEIGHTS(groups), err, WF_INVALID, "group 1 has no rows");
  CHECK_FAILS(WEIGHTS(beyond), err, WF_INVALID, "row 3: group 7");
  REQUIRE_OK(GAPS(scores), err);
  CHECK_NEAR(gaps[0], 0, 1e-15);
  CHECK(isnan(gaps[1]));
  double wrong[N] = {0, 0, 0, 2};
  CHECK_FAILS(GAPS(wrong), err, WF_INVALID, "row 4: score 2 is not a probability");
  groups[1] = 1;
  CHECK_OOM_SAFE(WEIGHTS(groups) == WF_OK);
  CHECK_OOM_SAFE(GAPS(scores) == WF_OK);
#undef GAPS
#undef WEIGHTS
}

TEST(thresholds_are_not_fitted_to_equal_errors) {
  wf_bias_rule rules[2];
  wf_bias_threshold_fit summary;
  wf_bias_threshold_options o = {.constraint = WF_BIAS_SAME_ERROR};
  int32_t groups[N] = {0, 0, 0, 0, 1, 1, 1, 1};
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_bias_fit_thresholds(rules, &summary, labels, scores, groups, 2, N, &o, &err), err,
              WF_UNSUPPORTED, "equal error rates");
}
