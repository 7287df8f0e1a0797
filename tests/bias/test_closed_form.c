#include "wf/bias.h"

#include "check.h"

static const struct reference {
  double cells[8], level;
  wf_bias_metric metric;
  double low, high;
} references[] = {
#include "intervals.inc"
};

/* statsmodels finds quantiles to about 1e-12. */
TEST(closed_forms_equal_statsmodels) {
  for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
    const struct reference *r = &references[i];
    wf_bias_cells cells;
    wf_bias_interval interval = {0, 0, 0};
    memcpy(cells.n, r->cells, sizeof cells.n);
    CHECK(wf_bias_closed_interval(&interval, r->metric, &cells, r->level) != WF_BIAS_RESAMPLING);
    CHECK_NEAR(interval.low, r->low, 1e-9 * fmax(1, fabs(r->low)));
    CHECK_NEAR(interval.high, r->high, 1e-9 * fmax(1, fabs(r->high)));
  }
}

TEST(every_metric_says_its_rule) {
  static const wf_bias_cells cells = {{{{5, 6}, {7, 8}}, {{9, 10}, {11, 12}}}};
  for (int m = 0; m < WF_BIAS_METRICS; m++) {
    const char *name = wf_bias_metric_name((wf_bias_metric)m);
    wf_bias_interval interval = {-7, -7, 7};
    wf_bias_interval_rule rule =
        wf_bias_closed_interval(&interval, (wf_bias_metric)m, &cells, 0.95);
    bool difference = strstr(" DPL DPPL AD RD SD DAR DRR ", name) != NULL;
    if (strcmp(name, "CI") == 0) {
      CHECK_EQ_STR(wf_bias_interval_rule_name(rule), "Clopper-Pearson");
    } else if (strcmp(name, "DI") == 0) {
      CHECK_EQ_STR(wf_bias_interval_rule_name(rule), "Katz");
    } else if (difference) {
      CHECK_EQ_STR(wf_bias_interval_rule_name(rule), "Newcombe");
    } else {
      CHECK_EQ_STR(wf_bias_interval_rule_name(rule), "resampling");
      CHECK_SAME(interval.low, -7.0);
    }
  }
}

/* The exact interval's promise, by adding up the binomial distribution: under its lower limit, what
 * was seen or more happens in half of the level's rest, under its upper limit what was seen or
 * less. */
TEST(the_interval_of_a_share_is_exact) {
  for (int n = 1; n <= 30; n++) {
    for (int k = 1; k < n; k++) {
      wf_bias_cells cells = {{{{n - k, 0}, {0, 0}}, {{k, 0}, {0, 0}}}};
      wf_bias_interval interval;
      CHECK(wf_bias_closed_interval(&interval, WF_BIAS_CI, &cells, 0.9) == WF_BIAS_CLOPPER_PEARSON);
      double low = (1 - interval.high) / 2, high = (1 - interval.low) / 2, above = 0, below = 0;
      for (int i = 0; i <= n; i++) {
        double ways = lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1);
        if (i >= k) above += exp(ways + i * log(low) + (n - i) * log1p(-low));
        if (i <= k) below += exp(ways + i * log(high) + (n - i) * log1p(-high));
      }
      CHECK_NEAR(above, 0.05, 1e-12);
      CHECK_NEAR(below, 0.05, 1e-12);
    }
  }
}

TEST(what_has_no_closed_form_is_left) {
  static const wf_bias_cells nobody = {{{{5, 6}, {7, 8}}, {{0, 0}, {0, 0}}}};
  static const wf_bias_cells none_chosen = {{{{5, 6}, {7, 8}}, {{9, 0}, {3, 0}}}};
  wf_bias_interval interval;
  for (int m = 0; m < WF_BIAS_METRICS; m++)
    CHECK(wf_bias_closed_interval(&interval, (wf_bias_metric)m, &nobody, 0.95) ==
          WF_BIAS_RESAMPLING);
  CHECK(wf_bias_closed_interval(&interval, WF_BIAS_DI, &none_chosen, 0.95) == WF_BIAS_RESAMPLING);
  CHECK(wf_bias_closed_interval(&interval, WF_BIAS_DAR, &none_chosen, 0.95) == WF_BIAS_RESAMPLING);
  CHECK(wf_bias_closed_interval(&interval, WF_BIAS_DPPL, &none_chosen, 0.95) == WF_BIAS_NEWCOMBE);
  CHECK(interval.high < 1 && interval.low > 0);
}
