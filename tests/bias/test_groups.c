#include "support.h"

#include <stdlib.h>

/* Two groups worked out by hand, and one that is empty. */
static const wf_bias_confusion three[] = {
    {.tp = 20, .fp = 5, .fn = 10, .tn = 5}, {0, 0, 0, 0}, {.tp = 4, .fp = 4, .fn = 1, .tn = 11}};

TEST(rates_worked_out_by_hand) {
  CHECK_NEAR(wf_bias_rate_of(WF_BIAS_RATE_COUNT, &three[0]), 40, 0);
  CHECK_NEAR(wf_bias_rate_of(WF_BIAS_RATE_SELECTION, &three[0]), 25 / 40.0, 1e-15);
  CHECK_NEAR(wf_bias_rate_of(WF_BIAS_RATE_BASE, &three[2]), 5 / 20.0, 1e-15);
  CHECK_NEAR(wf_bias_rate_of(WF_BIAS_RATE_NEGATIVE_PREDICTIVE, &three[2]), 11 / 12.0, 1e-15);
  CHECK_NEAR(wf_bias_rate_of(WF_BIAS_RATE_FALSE_DISCOVERY, &three[2]), 4 / 8.0, 1e-15);
  CHECK_NEAR(wf_bias_rate_of(WF_BIAS_RATE_FALSE_OMISSION, &three[0]), 10 / 15.0, 1e-15);
  CHECK_SAME(wf_bias_rate_of(WF_BIAS_RATE_COUNT, &three[1]), 0.0);
  CHECK(isnan(wf_bias_rate_of(WF_BIAS_RATE_ACCURACY, &three[1])));
  wf_bias_confusion all_negative = {.tn = 3};
  CHECK_SAME(wf_bias_rate_of(WF_BIAS_RATE_TRUE_POSITIVE, &all_negative), 0.0);
  CHECK_SAME(wf_bias_rate_of(WF_BIAS_RATE_BALANCED_ACCURACY, &all_negative), 1.0);
  wf_bias_rate rate = WF_BIAS_RATES;
  CHECK(wf_bias_rate_find("false_positive_rate", &rate) && rate == WF_BIAS_RATE_FALSE_POSITIVE);
  CHECK(!wf_bias_rate_find("fpr", &rate));
}

TEST(spreads_say_who_took_part) {
  wf_bias_spread spread = {0};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_bias_spread_of(&spread, WF_BIAS_RATE_ACCURACY, three, 3, 0, &err), err);
  CHECK_NEAR(spread.overall, 40 / 60.0, 1e-15);
  CHECK_NEAR(spread.difference, 15 / 20.0 - 25 / 40.0, 1e-15);
  CHECK_NEAR(spread.ratio, (25 / 40.0) / (15 / 20.0), 1e-15);
  CHECK_NEAR(spread.ratio_to_overall, (40 / 60.0) / (15 / 20.0), 1e-15);
  CHECK_EQ_INT(spread.lowest, 0);
  CHECK_EQ_INT(spread.highest, 2);
  CHECK_EQ_INT(spread.n_groups, 2);
  REQUIRE_OK(wf_bias_spread_of(&spread, WF_BIAS_RATE_ACCURACY, three, 3, 20, &err), err);
  CHECK_EQ_INT(spread.n_groups, 2); /* 20 rows are at least 20 */
  REQUIRE_OK(wf_bias_spread_of(&spread, WF_BIAS_RATE_ACCURACY, three, 3, 21, &err), err);
  CHECK_EQ_INT(spread.n_groups, 1);
  CHECK_SAME(spread.difference, 0.0);
  CHECK_SAME(spread.ratio, 1.0);
  CHECK_FAILS(wf_bias_spread_of(&spread, WF_BIAS_RATE_ACCURACY, three, 3, 41, &err), err,
              WF_INVALID, "no group has at least 41 rows");
  CHECK_FAILS(wf_bias_spread_of(&spread, WF_BIAS_RATE_ACCURACY, three, 0, 0, &err), err, WF_INVALID,
              "no group");
  wf_bias_confusion never[2] = {{.tn = 5, .fn = 1}, {.tn = 3}}; /* nobody is selected: equal */
  REQUIRE_OK(wf_bias_spread_of(&spread, WF_BIAS_RATE_SELECTION, never, 2, 0, &err), err);
  CHECK_SAME(spread.ratio, 1.0);
  CHECK_SAME(spread.ratio_to_overall, 1.0);
}

/* --- against Fairlearn ----------------------------------------------------------------------- */

typedef struct people {
  sheet table;
  uint8_t *y, *p;
  double *weights;
  size_t n;
} people;

static people load_people(void) {
  people all = {.table = read_sheet(test_oracle("bias/csv/compas_scores.csv"))};
  json_t *one = json_pack("[i]", 1);
  all.n = all.table.n_rows;
  all.y = sheet_is(&all.table, "two_year_recid", one);
  all.p = sheet_is(&all.table, "predicted_recid", one);
  all.weights = wf_alloc_array(all.n, sizeof *all.weights);
  REQUIRE(all.weights != NULL);
  size_t column = sheet_column(&all.table, "weight");
  for (size_t i = 0; i < all.n; i++) all.weights[i] = atof(sheet_at(&all.table, i, column));
  json_decref(one);
  return all;
}

static void free_people(people *all) {
  free_sheet(&all->table);
  wf_free(all->y);
  wf_free(all->p);
  wf_free(all->weights);
}

/* Numbers the groups as the reference lists them, by their names in `columns`. */
static int32_t *number_rows(const people *all, const json_t *by_group, const json_t *columns) {
  int32_t *groups = wf_alloc_array(all->n, sizeof *groups);
  size_t n_columns = json_array_size(columns), g;
  json_t *entry;
  REQUIRE(groups != NULL);
  for (size_t i = 0; i < all->n; i++) {
    groups[i] = -1;
    json_array_foreach(by_group, g, entry) {
      bool same = true;
      for (size_t c = 0; c < n_columns && same; c++) {
        size_t at = sheet_column(&all->table, json_string_value(json_array_get(columns, c)));
        same = strcmp(sheet_at(&all->table, i, at),
                      json_string_value(json_array_get(member(entry, "group", NULL), c))) == 0;
      }
      if (same) groups[i] = (int32_t)g;
    }
  }
  return groups;
}

static void check_rates(const json_t *expected, const wf_bias_confusion *group, bool weighted) {
  for (int r = 0; r < WF_BIAS_RATES; r++) {
    const char *name = wf_bias_rate_name((wf_bias_rate)r);
    const json_t *value = json_object_get(expected, name);
    if (!value || (weighted && r == WF_BIAS_RATE_COUNT)) continue;
    double actual = wf_bias_rate_of((wf_bias_rate)r, group);
    if (json_is_string(value)) { /* "NaN": nobody is in this group */
      CHECK(r == WF_BIAS_RATE_COUNT ? actual == 0 : isnan(actual));
    } else {
      check_result(name, value, WF_OK, actual, NULL);
    }
  }
}

static void check_frame(const people *all, const json_t *frame) {
  const json_t *by_group = member(frame, "by_group", NULL), *entry;
  bool weighted = json_is_string(json_object_get(frame, "sample_weight"));
  size_t n_groups = json_array_size(by_group), g;
  wf_bias_confusion *cells = wf_alloc_array(n_groups, sizeof *cells);
  int32_t *groups = number_rows(all, by_group, member(frame, "sensitive_features", NULL));
  wf_error err = WF_ERROR_INIT;
  REQUIRE(cells != NULL);
  REQUIRE_OK(wf_bias_count_groups(cells, all->y, all->p, groups, n_groups,
                                  weighted ? all->weights : NULL, all->n, &err),
             err);
  json_array_foreach(by_group, g, entry) check_rates(entry, &cells[g], weighted);
  wf_bias_confusion sum = wf_bias_sum_groups(cells, n_groups);
  check_rates(member(frame, "overall", NULL), &sum, weighted);
  wf_free(cells);
  wf_free(groups);
}

TEST(group_tables_equal_the_reference) {
  people all = load_people();
  json_t *document = reference("fairlearn_metricframe_compas.json");
  static const char *const frames[] = {"race", "sex", "race_x_sex", "race_weighted"};
  for (int f = 0; f < 4; f++) check_frame(&all, member(document, "frames", frames[f], NULL));
  json_decref(document);
  free_people(&all);
}

static void check_parity(const json_t *expected, const char *method, const char *suffix,
                         const wf_bias_parity *p) {
  const struct {
    const char *name, *more;
    double value;
  } all[] = {
      {"demographic_parity_difference", "", p->demographic_parity_difference},
      {"demographic_parity_ratio", "", p->demographic_parity_ratio},
      {"equal_opportunity_difference", "", p->equal_opportunity_difference},
      {"equal_opportunity_ratio", "", p->equal_opportunity_ratio},
      {"equalized_odds_difference", "", p->equalized_odds_difference},
      {"equalized_odds_ratio", "", p->equalized_odds_ratio},
      {"equalized_odds_difference", "/mean", p->mean_odds_difference},
      {"equalized_odds_ratio", "/mean", p->mean_odds_ratio},
  };
  int found = 0;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    char key[120];
    snprintf(key, sizeof key, "%s/%s%s%s", all[i].name, method, all[i].more, suffix);
    const json_t *value = json_object_get(expected, key);
    if (!value) continue;
    check_result(key, value, WF_OK, all[i].value, NULL);
    found++;
  }
  CHECK_EQ_INT(found, suffix[0] ? 6 : 8);
}

TEST(parity_equals_the_reference) {
  people all = load_people();
  json_t *document = reference("fairlearn_metricframe_compas.json");
  static const char *const features[] = {"race", "sex"};
  for (int f = 0; f < 2; f++) {
    size_t n_groups;
    int32_t *groups = sheet_groups(&all.table, features[f], &n_groups);
    wf_bias_confusion cells[10];
    wf_bias_parity parity = {0};
    wf_error err = WF_ERROR_INIT;
    const json_t *expected = member(document, "fairness_metrics", features[f], NULL);
    REQUIRE(n_groups <= 10);
    for (int weighted = 0; weighted < 2; weighted++) {
      const char *suffix = weighted ? "/weighted" : "";
      REQUIRE_OK(wf_bias_count_groups(cells, all.y, all.p, groups, n_groups,
                                      weighted ? all.weights : NULL, all.n, &err),
                 err);
      REQUIRE_OK(wf_bias_parity_of(&parity, cells, n_groups, 0, false, &err), err);
      check_parity(expected, "between_groups", suffix, &parity);
      REQUIRE_OK(wf_bias_parity_of(&parity, cells, n_groups, 0, true, &err), err);
      check_parity(expected, "to_overall", suffix, &parity);
    }
    wf_free(groups);
  }
  json_decref(document);
  free_people(&all);
}

/* --- against AIF360 -------------------------------------------------------------------------- */

/* Favourable is 0 there; groups are race x sex, or race alone. */
static void count_people(wf_bias_confusion cells[4], bool by_sex, int32_t **groups, uint8_t **y,
                         double **weights) {
  sheet table = read_sheet(test_oracle("bias/csv/compas_numeric.csv"));
  people all = load_people();
  json_t *zero = json_pack("[i]", 0), *one = json_pack("[i]", 1);
  uint8_t *race = sheet_is(&table, "race_aa", one), *sex = sheet_is(&table, "sex_f", one);
  uint8_t *p = sheet_is(&table, "predicted_recid", zero);
  wf_error err = WF_ERROR_INIT;
  *y = sheet_is(&table, "two_year_recid", zero);
  *groups = wf_alloc_array(table.n_rows, sizeof **groups);
  REQUIRE(*groups != NULL);
  for (size_t i = 0; i < table.n_rows; i++) (*groups)[i] = by_sex ? race[i] * 2 + sex[i] : race[i];
  REQUIRE_OK(wf_bias_count_groups(cells, *y, p, *groups, by_sex ? 4 : 2, NULL, table.n_rows, &err),
             err);
  *weights = all.weights;
  all.weights = NULL;
  free_people(&all);
  json_decref(zero);
  json_decref(one);
  wf_free(race);
  wf_free(sex);
  wf_free(p);
  free_sheet(&table);
}

TEST(inequality_equals_the_reference) {
  wf_bias_confusion cells[4], races[2];
  int32_t *groups;
  uint8_t *y;
  double *weights;
  wf_bias_entropy entropy = {0};
  wf_bias_edf edf = {0};
  wf_error err = WF_ERROR_INIT;
  count_people(cells, true, &groups, &y, &weights);
  races[0] = wf_bias_sum_groups(cells, 2);
  races[1] = wf_bias_sum_groups(cells + 2, 2);
  json_t *document = reference("aif360_metrics_compas.json");
  json_t *expected = member(document, "metrics", "race_decile", "classification", NULL);
#define ENTROPY(cells, n, alpha) \
  REQUIRE_OK(wf_bias_entropy_of(&entropy, cells, n, alpha, &err), err)
#define EXPECT(key, actual) check_result(key, member(expected, key, NULL), WF_OK, actual, NULL)
  ENTROPY(races, 2, 1);
  EXPECT("theil_index", entropy.total);
  EXPECT("between_group_theil_index", entropy.between_groups);
  ENTROPY(races, 2, 2);
  EXPECT("generalized_entropy_index", entropy.total);
  EXPECT("between_group_generalized_entropy_index", entropy.between_groups);
  EXPECT("coefficient_of_variation", sqrt(2 * entropy.total));
  ENTROPY(cells, 4, 1);
  EXPECT("between_all_groups_theil_index", entropy.between_groups);
  ENTROPY(cells, 4, 2);
  EXPECT("between_all_groups_generalized_entropy_index", entropy.between_groups);
  ENTROPY(races, 2, 0.5);
  EXPECT("generalized_entropy_index(alpha=0.5)", entropy.total);
  ENTROPY(races, 2, 3);
  EXPECT("generalized_entropy_index(alpha=3)", entropy.total);
  ENTROPY(races, 2, -1);
  EXPECT("generalized_entropy_index(alpha=-1)", entropy.total);
  ENTROPY(races, 2, 0);
  EXPECT("generalized_entropy_index(alpha=0)", entropy.total);
  REQUIRE_OK(wf_bias_smoothed_edf(&edf, cells, 4, false, 1, &err), err);
  expected = member(document, "metrics", "race_decile", "dataset", NULL);
  EXPECT("smoothed_empirical_differential_fairness", edf.value);
  REQUIRE_OK(wf_bias_smoothed_edf(&edf, cells, 4, true, 1, &err), err);
  expected = member(document, "metrics", "race_decile", "predicted", NULL);
  EXPECT("smoothed_empirical_differential_fairness", edf.value);
  json_decref(document);
  wf_free(groups);
  wf_free(y);
  wf_free(weights);
}

TEST(reweighing_equals_the_reference) {
  wf_bias_confusion cells[4];
  int32_t *groups;
  uint8_t *y;
  double *weights;
  wf_error err = WF_ERROR_INIT;
  count_people(cells, false, &groups, &y, &weights);
  json_t *document = reference("aif360_reweighing_compas.json");
  enum { N = 6172 };
  double *out = wf_alloc_array(N, sizeof *out);
  REQUIRE(out != NULL);
  for (int weighted = 0; weighted < 2; weighted++) {
    REQUIRE_OK(wf_bias_reweigh(out, y, groups, 2, weighted ? weights : NULL, N, &err), err);
    const json_t *expected = member(
        document, "cases", weighted ? "race_with_input_weights" : "race", "first_20_weights", NULL);
    double sum = 0;
    for (size_t i = 0; i < N; i++) sum += out[i];
    for (size_t i = 0; i < 20; i++) {
      check_result("weight", json_array_get(expected, i), WF_OK, out[i], NULL);
    }
    if (!weighted) CHECK_NEAR(sum, 6172, 1e-12);
  }
  json_decref(document);
  wf_free(out);
  wf_free(groups);
  wf_free(y);
  wf_free(weights);
}

/* After reweighing, every group has the same weighted share of favourable labels. */
TEST(reweighing_makes_labels_independent) {
  const uint8_t y[] = {1, 0, 0, 1, 1, 1, 0, 1, 0};
  const int32_t groups[] = {0, 0, 0, 1, 1, 1, 1, -1, 0};
  const double weights[] = {1, 2, 0.5, 1, 1, 3, 0.25, 7, 0};
  double out[9];
  wf_bias_confusion cells[2];
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_bias_reweigh(out, y, groups, 2, weights, 9, &err), err);
  REQUIRE_OK(wf_bias_count_groups(cells, y, y, groups, 2, out, 9, &err), err);
  CHECK_NEAR(cells[0].tp / (cells[0].tp + cells[0].tn), cells[1].tp / (cells[1].tp + cells[1].tn),
             1e-14);
  CHECK_SAME(out[7], 7.0);
  CHECK_SAME(out[8], 0.0);
  CHECK_OOM_SAFE(wf_bias_reweigh(out, y, groups, 2, weights, 9, &err) == WF_OK);
}

TEST(groups_name_bad_rows) {
  uint8_t y[] = {1, 0, 1}, p[] = {0, 0, 1};
  int32_t groups[] = {0, 1, -1};
  double weights[] = {1, 1, 1};
  wf_bias_confusion cells[2];
  wf_bias_entropy entropy;
  wf_bias_edf edf;
  wf_error err = WF_ERROR_INIT;
#define COUNT() wf_bias_count_groups(cells, y, p, groups, 2, weights, 3, &err)
  CHECK_OOM_SAFE(COUNT() == WF_OK);
  weights[1] = INFINITY;
  CHECK_FAILS(COUNT(), err, WF_INVALID, "row 2: weight inf");
  weights[1] = 1;
  groups[2] = 2;
  CHECK_FAILS(COUNT(), err, WF_INVALID, "row 3: group 2 is not between -1 and 1");
  groups[2] = 1;
  p[0] = 4;
  CHECK_FAILS(COUNT(), err, WF_INVALID, "row 1: the prediction is 4");
  wf_bias_confusion none = {0}, misses = {.fn = 4};
  CHECK_FAILS(wf_bias_entropy_of(&entropy, &none, 1, 2, &err), err, WF_INVALID, "non-empty");
  CHECK_FAILS(wf_bias_entropy_of(&entropy, &misses, 1, 2, &err), err, WF_INVALID, "false negative");
  CHECK_FAILS(wf_bias_entropy_of(&entropy, &three[0], 1, NAN, &err), err, WF_INVALID, "alpha");
  CHECK_FAILS(wf_bias_smoothed_edf(&edf, &none, 1, true, 1, &err), err, WF_INVALID, "non-empty");
  CHECK_FAILS(wf_bias_smoothed_edf(&edf, three, 3, true, 0, &err), err, WF_INVALID,
              "concentration");
#undef COUNT
}
