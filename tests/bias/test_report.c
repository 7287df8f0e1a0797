#include "support.h"

static void check_numbers(const char *what, const json_t *expected, const double *actual,
                          size_t n) {
  CHECK_EQ_INT(json_array_size(expected), n);
  for (size_t i = 0; i < n; i++) {
    check_result(what, json_array_get(expected, i), WF_OK, actual[i], NULL);
  }
}

TEST(statistics_of_every_zero_pattern) {
  static const char *const keys[] = {"accuracy",
                                     "PPL",
                                     "PNL",
                                     "recall",
                                     "specificity",
                                     "precision",
                                     "rejection_rate",
                                     "conditional_acceptance",
                                     "conditional_rejection",
                                     "f1_score"};
  json_t *document = reference("edge_counts.json"), *c;
  size_t i;
  json_array_foreach(member(document, "cases", NULL), i, c) {
    const json_t *expected = member(c, "expected", NULL);
    wf_bias_cells cells = {0};
    wf_bias_basics basics = {0};
    wf_bias_performance performance = {0};
    wf_error err = WF_ERROR_INIT;
    set_side(&cells, 0, member(c, "counts", "a", NULL));
    set_side(&cells, 1, member(c, "counts", "d", NULL));
    wf_status status = wf_bias_basic_stats(&basics, &cells, &err);
    check_result("proportion", member(expected, "proportion", NULL), status, basics.proportion,
                 &err);
    if (status == WF_OK) {
      check_numbers("observed", member(expected, "observed_label_distribution", NULL),
                    basics.observed_label_distribution, 2);
      check_numbers("confusion", member(expected, "confusion_matrix", NULL),
                    basics.confusion_matrix, 4);
    }
    wf_bias_model_performance(&performance, &cells);
    for (int p = 0; p < WF_BIAS_PERFORMANCES; p++) {
      check_result(keys[p], member(expected, "performance", keys[p], NULL), WF_OK,
                   performance.values[p], NULL);
    }
  }
  CHECK_EQ_INT(i, 456);
  json_decref(document);
}

TEST(performance_has_the_names_of_the_reference) {
  json_t *document = reference("compas_race_sex_pos0.json"), *entry;
  json_t *report = member(document, "expected", "model_performance_report", NULL);
  size_t i;
  json_array_foreach(member(report, "model_performance_metrics", NULL), i, entry) {
    CHECK_EQ_STR(wf_bias_performance_name((int)i), json_string_value(member(entry, "name", NULL)));
    CHECK_EQ_STR(wf_bias_performance_description((int)i),
                 json_string_value(member(entry, "description", NULL)));
  }
  CHECK_EQ_INT(i, WF_BIAS_PERFORMANCES);
  json_decref(document);
}

TEST(statistics_of_a_table_worked_out_by_hand) {
  wf_bias_cells cells = {{{{5, 5}, {10, 20}}, {{11, 4}, {1, 4}}}};
  wf_bias_basics basics = {0};
  wf_bias_performance performance = {0};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_bias_basic_stats(&basics, &cells, &err), err);
  CHECK_NEAR(basics.proportion, 20 / 60.0, 1e-15);
  CHECK_NEAR(basics.observed_label_distribution[0], 5 / 20.0, 1e-15);
  CHECK_NEAR(basics.observed_label_distribution[1], 15 / 20.0, 1e-15);
  CHECK_NEAR(basics.confusion_matrix[0], 4 / 20.0, 1e-15);
  CHECK_NEAR(basics.confusion_matrix[1], 4 / 20.0, 1e-15);
  CHECK_NEAR(basics.confusion_matrix[2], 1 / 20.0, 1e-15);
  CHECK_NEAR(basics.confusion_matrix[3], 11 / 20.0, 1e-15);
  wf_bias_model_performance(&performance, &cells);
  CHECK_NEAR(performance.values[WF_BIAS_ACCURACY], 40 / 60.0, 1e-15);
  CHECK_NEAR(performance.values[WF_BIAS_PRECISION], 24 / 33.0, 1e-15);
  CHECK_NEAR(performance.values[WF_BIAS_F1], 48 / 68.0, 1e-15);
  CHECK_NEAR(performance.confusion_matrix[3], 16 / 60.0, 1e-15);
  CHECK_EQ_STR(wf_bias_performance_name(WF_BIAS_F1), "F1 Score");
}
