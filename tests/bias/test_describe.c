#include "wf/bias.h"

#include "check.h"

static const char *describe(wf_bias_metric metric, double value) {
  static char text[300];
  size_t length = wf_bias_describe(text, sizeof text, metric, value, "Female", "the rest");
  CHECK_EQ_INT(length, strlen(text));
  return text;
}

TEST(sentences_say_who_is_ahead) {
  CHECK_EQ_STR(describe(WF_BIAS_DPPL, 0.1234),
               "the rest is predicted favourably 12.3 percentage points more often than Female");
  CHECK_EQ_STR(describe(WF_BIAS_DPPL, -0.5),
               "Female is predicted favourably 50.0 percentage points more often than the rest");
  CHECK_EQ_STR(describe(WF_BIAS_DPPL, 0), "the rest is predicted favourably as often as Female");
  CHECK_EQ_STR(describe(WF_BIAS_SD, 0.02),
               "Female is predicted unfavourably when labelled so 2.0 percentage points more often "
               "than the rest");
  CHECK_EQ_STR(describe(WF_BIAS_DI, 0.612),
               "Female is predicted favourably 0.612 times as often as the rest");
  CHECK_EQ_STR(describe(WF_BIAS_DI, INFINITY), "the rest is never predicted favourably, Female is");
  CHECK_EQ_STR(describe(WF_BIAS_CI, 0.398), "Female has 30.1 % of the rows and the rest 69.9 %");
  CHECK_EQ_STR(
      describe(WF_BIAS_TE, -INFINITY),
      "the rest has infinitely more wrongly unfavourable predictions per wrongly favourable "
      "one than Female");
  CHECK_EQ_STR(describe(WF_BIAS_DCA, 0.25),
               "the rest has 0.25 more favourable labels per favourable prediction than Female");
  CHECK_EQ_STR(
      describe(WF_BIAS_CDDL, -0.081),
      "within groups, Female's part of unfavourable labels is 8.1 percentage points smaller "
      "than of favourable ones");
  CHECK_EQ_STR(
      describe(WF_BIAS_JS, 0.0099352),
      "the label distributions of Female and the rest are apart by 0.00994 (Jensen-Shannon "
      "divergence; 0: equal)");
}

/* The sign of every difference means what the metric's definition says: computed, then read. */
TEST(every_metric_has_a_sentence) {
  wf_bias_cells cells = {{{{5, 5}, {10, 20}}, {{11, 4}, {1, 4}}}};
  for (int m = 0; m < WF_BIAS_METRICS; m++) {
    double value = 0.5;
    wf_status status = wf_bias_compute(&value, (wf_bias_metric)m, &cells, &cells, 1, NULL);
    CHECK_EQ_INT(status, WF_OK);
    CHECK(strlen(describe((wf_bias_metric)m, value)) > 20);
    CHECK(strlen(describe((wf_bias_metric)m, 0)) > 20);
    CHECK(!strstr(describe((wf_bias_metric)m, value), "(null)"));
  }
}

TEST(sentences_are_cut_to_size) {
  char text[12];
  size_t length = wf_bias_describe(text, sizeof text, WF_BIAS_DPPL, 0.1, "d", "a");
  CHECK(length > sizeof text);
  CHECK_EQ_STR(text, "a is predic");
}
