#include "support.h"

TEST(metrics_have_names) {
  wf_bias_metric metric = WF_BIAS_METRICS;
  CHECK_EQ_INT(WF_BIAS_METRICS, 20);
  for (int i = 0; i < WF_BIAS_METRICS; i++) {
    const char *name = wf_bias_metric_name((wf_bias_metric)i);
    char in_parentheses[16];
    CHECK(wf_bias_metric_find(name, &metric) && (int)metric == i);
    CHECK_EQ_INT(wf_bias_metric_is_pre_training((wf_bias_metric)i), i < 8);
    snprintf(in_parentheses, sizeof in_parentheses, "(%s)", name);
    CHECK_HAS(wf_bias_metric_description((wf_bias_metric)i), in_parentheses);
  }
  metric = WF_BIAS_CI;
  CHECK(!wf_bias_metric_find("ci", &metric) && !wf_bias_metric_find("", &metric));
  CHECK_EQ_INT(metric, WF_BIAS_CI);
}

/* a: 40 rows, 30 favourable, 25 predicted so (20 rightly). d: 20 rows, 5 favourable, 8 predicted so
 * (4 rightly). Worked out by hand. */
static const wf_bias_cells example = {{{{5, 5}, {10, 20}}, {{11, 4}, {1, 4}}}};

static double value_of(wf_bias_metric metric) {
  double value = NAN;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_bias_compute(&value, metric, &example, NULL, 0, &err), err);
  return value;
}

TEST(a_table_worked_out_by_hand) {
  CHECK_NEAR(value_of(WF_BIAS_CI), 20 / 60.0, 1e-15);
  CHECK_NEAR(value_of(WF_BIAS_DPL), 30 / 40.0 - 5 / 20.0, 1e-15);
  CHECK_NEAR(value_of(WF_BIAS_KS), 0.5, 1e-15);
  CHECK_NEAR(value_of(WF_BIAS_TVD), 0.5, 1e-15);
  CHECK_NEAR(value_of(WF_BIAS_LP), sqrt(0.5), 1e-15);
  CHECK_NEAR(value_of(WF_BIAS_KL), 0.75 * log(3) - 0.25 * log(3), 1e-15);
  CHECK_NEAR(value_of(WF_BIAS_JS), 0.75 * log(1.5) + 0.25 * log(0.5), 1e-15);
  CHECK_NEAR(value_of(WF_BIAS_DPPL), 25 / 40.0 - 8 / 20.0, 1e-15);
  CHECK_NEAR(value_of(WF_BIAS_DI), (8 / 20.0) / (25 / 40.0), 1e-15);
  CHECK_NEAR(value_of(WF_BIAS_AD), 25 / 40.0 - 15 / 20.0, 1e-15);
  CHECK_NEAR(value_of(WF_BIAS_DAR), 20 / 25.0 - 4 / 8.0, 1e-15);
  CHECK_NEAR(value_of(WF_BIAS_DCA), 30 / 25.0 - 5 / 8.0, 1e-15);
  CHECK_NEAR(value_of(WF_BIAS_DCR), 15 / 12.0 - 10 / 15.0, 1e-15);
  CHECK_NEAR(value_of(WF_BIAS_DRR), 11 / 12.0 - 5 / 15.0, 1e-15);
  CHECK_NEAR(value_of(WF_BIAS_RD), 20 / 30.0 - 4 / 5.0, 1e-15);
  CHECK_NEAR(value_of(WF_BIAS_SD), 11 / 15.0 - 5 / 10.0, 1e-15);
  CHECK_NEAR(value_of(WF_BIAS_TE), 1 / 4.0 - 10 / 5.0, 1e-15);
  /* mean benefit (60 + 9 - 11) / 60 */
  double mean = 58 / 60.0;
  CHECK_NEAR(value_of(WF_BIAS_GE),
             (40 * (1 / (mean * mean) - 1) + 9 * (4 / (mean * mean) - 1) - 11) / 120, 1e-14);
}

TEST(conditional_disparity_weighs_groups) {
  wf_bias_cells all,
      groups[2] = {{{{{2, 0}, {0, 2}}, {{3, 0}, {0, 1}}}}, {{{{4, 0}, {0, 1}}, {{0, 0}, {0, 5}}}}};
  for (int c = 0; c < 8; c++) {
    (&all.n[0][0][0])[c] = (&groups[0].n[0][0][0])[c] + (&groups[1].n[0][0][0])[c];
  }
  double value = 0;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_bias_compute(&value, WF_BIAS_CDDL, &all, groups, 2, &err), err);
  CHECK_NEAR(value, (8 * (3 / 5.0 - 1 / 3.0) + 10 * (0 / 4.0 - 5 / 6.0)) / 18, 1e-15);
  REQUIRE_OK(wf_bias_compute(&value, WF_BIAS_CDDPL, &all, groups, 2, &err), err);
  CHECK_NEAR(value, (8 * (3 / 5.0 - 1 / 3.0) + 10 * (0 / 4.0 - 5 / 6.0)) / 18, 1e-15);
  wf_bias_cells empty[2] = {0}; /* every row without a group */
  REQUIRE_OK(wf_bias_compute(&value, WF_BIAS_CDDL, &all, empty, 2, &err), err);
  CHECK_SAME(value, 0.0);
}

TEST(conditional_disparity_says_what_is_missing) {
  wf_bias_cells accepted = {{{{0, 0}, {3, 4}}, {{0, 0}, {0, 5}}}}, rejected = {0}, none = {0};
  rejected.n[0][0][0] = 7;
  double value = 77;
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_bias_compute(&value, WF_BIAS_CDDL, &none, NULL, 3, &err), err, WF_INVALID,
              "Group variable is empty or not provided");
  CHECK_FAILS(wf_bias_compute(&value, WF_BIAS_CDDPL, &none, &none, 0, &err), err, WF_INVALID,
              "Group variable is empty or not provided");
  CHECK_FAILS(wf_bias_compute(&value, WF_BIAS_CDDL, &none, &none, 1, &err), err, WF_INVALID,
              "No positive labels in set");
  CHECK_FAILS(wf_bias_compute(&value, WF_BIAS_CDDPL, &rejected, &rejected, 1, &err), err,
              WF_INVALID, "No positive labels in set");
  CHECK_FAILS(wf_bias_compute(&value, WF_BIAS_CDDL, &accepted, &accepted, 1, &err), err, WF_INVALID,
              "No negative labels in set");
  CHECK_SAME(value, 77.0);
}

TEST(every_zero_pattern_equals_the_reference) {
  json_t *document = reference("edge_counts.json"), *c;
  size_t i;
  char what[80];
  json_array_foreach(member(document, "cases", NULL), i, c) {
    wf_bias_cells cells = {0};
    set_side(&cells, 0, member(c, "counts", "a", NULL));
    set_side(&cells, 1, member(c, "counts", "d", NULL));
    for (int m = 0; m < WF_BIAS_METRICS; m++) {
      if (m == WF_BIAS_CDDL || m == WF_BIAS_CDDPL) continue;
      const char *name = wf_bias_metric_name((wf_bias_metric)m);
      double value = NAN;
      wf_error err = WF_ERROR_INIT;
      wf_status status = wf_bias_compute(&value, (wf_bias_metric)m, &cells, NULL, 0, &err);
      snprintf(what, sizeof what, "case %zu: %s", i, name);
      check_result(what, member(c, "expected", name, NULL), status, value, &err);
    }
  }
  CHECK_EQ_INT(i, 456);
  json_decref(document);
}

/* One list of metrics of an analysis; the flip test, which has no table, is left out. */
static void check_list(const json_t *metrics, const wf_bias_cells *cells,
                       const wf_bias_cells *by_group, size_t n_groups, const char *context) {
  size_t i;
  json_t *entry;
  CHECK(json_array_size(metrics) > 0);
  json_array_foreach(metrics, i, entry) {
    const char *name = json_string_value(member(entry, "name", NULL));
    char what[120];
    wf_bias_metric metric;
    double value = NAN;
    wf_error err = WF_ERROR_INIT;
    if (strcmp(name, "FT") == 0) continue;
    REQUIRE(wf_bias_metric_find(name, &metric));
    CHECK_EQ_STR(wf_bias_metric_description(metric),
                 json_string_value(member(entry, "description", NULL)));
    wf_status status = wf_bias_compute(&value, metric, cells, by_group, n_groups, &err);
    snprintf(what, sizeof what, "%s: %s", context, name);
    check_result(what, entry, status, value, &err);
  }
}

/* What the service itself published, from its own table; its JS was the old formula. */
static void check_published(const char *name) {
  json_t *document = reference(name), *metric;
  json_t *table = member(document, "count_table", NULL);
  json_t *published = member(document, "published", NULL);
  wf_bias_cells cells = {0};
  double js = 0;
  size_t i;
  wf_error err = WF_ERROR_INIT;
  set_side(&cells, 0, member(table, "customer_gender_female=0 (a)", NULL));
  set_side(&cells, 1, member(table, "customer_gender_female=1 (d)", NULL));
  check_list(member(published, "post_training_bias_metrics", "facets", "customer_gender_female",
                    "#0", "metrics", NULL),
             &cells, NULL, 0, name);
  json_t *before = member(published, "pre_training_bias_metrics", "facets",
                          "customer_gender_female", "#0", "metrics", NULL);
  json_array_foreach(before, i, metric) {
    if (strcmp(json_string_value(member(metric, "name", NULL)), "JS") != 0) continue;
    REQUIRE_OK(wf_bias_js_of_2020(&js, &cells, &err), err);
    check_result("JS of 2020", metric, WF_OK, js, &err);
    json_array_remove(before, i);
    break;
  }
  check_list(before, &cells, NULL, 0, name);
  json_decref(document);
}

TEST(published_service_runs_are_reproduced) {
  check_published("clarify_real_fraud_bias_1.json");
  check_published("clarify_real_fraud_bias_2.json");
}

static void check_facet(const sheet *table, const json_t *document, const json_t *facet) {
  const char *name = json_string_value(member(facet, "name_or_index", NULL));
  const json_t *config = member(document, "config", NULL);
  const json_t *positive = member(config, "label_values_or_threshold", NULL);
  size_t n_groups;
  uint8_t *labels = sheet_is(table, json_string_value(member(config, "label", NULL)), positive);
  uint8_t *predictions =
      sheet_is(table, json_string_value(member(config, "predicted_label", NULL)), positive);
  uint8_t *d = sheet_is(table, name, member(facet, "value_or_threshold", NULL));
  int32_t *groups =
      sheet_groups(table, json_string_value(member(config, "group_variable", NULL)), &n_groups);
  wf_bias_cells cells, *by_group = wf_alloc_array(n_groups, sizeof *by_group);
  wf_error err = WF_ERROR_INIT;
  REQUIRE(by_group != NULL);
  REQUIRE_OK(wf_bias_count(&cells, by_group, labels, predictions, d, groups, n_groups,
                           table->n_rows, &err),
             err);
  check_list(member(document, "expected", "pre_training_bias_metrics", "facets", name, "#0",
                    "metrics", NULL),
             &cells, by_group, n_groups, name);
  check_list(member(document, "expected", "post_training_bias_metrics", "facets", name, "#0",
                    "metrics", NULL),
             &cells, by_group, n_groups, name);
  wf_free(by_group);
  wf_free(groups);
  wf_free(d);
  wf_free(predictions);
  wf_free(labels);
}

static void check_file(const char *name) {
  json_t *document = reference(name), *facet;
  char path[200];
  size_t i;
  snprintf(path, sizeof path, "bias/oracle/%s", json_string_value(member(document, "csv", NULL)));
  sheet table = read_sheet(test_oracle(path));
  CHECK_EQ_INT(table.n_rows, json_integer_value(json_object_get(document, "rows")));
  json_array_foreach(member(document, "config", "facet", NULL), i, facet) {
    check_facet(&table, document, facet);
  }
  free_sheet(&table);
  json_decref(document);
}

TEST(real_data_equals_the_reference) {
  check_file("compas_race_sex_pos0.json");
  check_file("compas_race_sex_pos1.json");
  check_file("compas_race_sex_7214_pos0.json");
  check_file("compas_multivalue_facet.json");
  check_file("compas_multiclass_label.json");
  check_file("compas_integer_trap.json");
  check_file("compas_numeric_ft.json");
  check_file("fraud_train_16000.json");
}
