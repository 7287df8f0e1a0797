#include "base/random.h"
#include "support.h"

#include <stdlib.h>

enum { MOST_GROUPS = 10 };

typedef struct people {
  sheet table;
  uint8_t *labels;
  int32_t *groups;
  double *scores;
  size_t n, n_groups, group_column;
} people;

static people load(const char *score, const char *feature) {
  people all = {.table = read_sheet(test_oracle("bias/csv/compas_scores.csv"))};
  json_t *one = json_pack("[i]", 1);
  size_t column = sheet_column(&all.table, score);
  all.n = all.table.n_rows;
  all.labels = sheet_is(&all.table, "two_year_recid", one);
  all.groups = sheet_groups(&all.table, feature, &all.n_groups);
  all.group_column = sheet_column(&all.table, feature);
  all.scores = wf_alloc_array(all.n, sizeof *all.scores);
  REQUIRE(all.scores && all.n_groups <= MOST_GROUPS);
  for (size_t i = 0; i < all.n; i++) all.scores[i] = atof(sheet_at(&all.table, i, column));
  json_decref(one);
  return all;
}

static void unload(people *all) {
  wf_free(all->labels);
  wf_free(all->groups);
  wf_free(all->scores);
  free_sheet(&all->table);
}

/* The table that the rules' probabilities expect. */
static void expect_groups(wf_bias_confusion *cells, const people *all, const wf_bias_rule *rules) {
  memset(cells, 0, all->n_groups * sizeof *cells);
  for (size_t i = 0; i < all->n; i++) {
    wf_bias_confusion *c = &cells[all->groups[i]];
    double p = wf_bias_rule_probability(&rules[all->groups[i]], all->scores[i]);
    if (all->labels[i]) {
      c->tp += p, c->fn += 1 - p;
    } else {
      c->fp += p, c->tn += 1 - p;
    }
  }
}

static const char *name_of(const people *all, size_t group) {
  size_t row = 0;
  while (all->groups[row] != (int32_t)group) row++;
  return sheet_at(&all->table, row, all->group_column);
}

static void check_rate(const char *what, const json_t *expected, double actual) {
  double wanted = json_number_value(expected);
  if (fabs(actual - wanted) <= 1e-12) return;
  test_fail(__FILE__, __LINE__, "%s is %.17g, expected %.17g", what, actual, wanted);
}

static wf_bias_constraint constraint_of(const char *name) {
  static const char *const names[] = {"demographic_parity",         "true_positive_rate_parity",
                                      "false_positive_rate_parity", "true_negative_rate_parity",
                                      "false_negative_rate_parity", "equalized_odds"};
  for (int i = 0; i < 6; i++) {
    if (strcmp(name, names[i]) == 0) return (wf_bias_constraint)i;
  }
  test_fail(__FILE__, __LINE__, "unknown constraint %s", name);
  test_leave();
}

static void check_fit(const people *all, const json_t *c, size_t index) {
  const char *constraint = json_string_value(member(c, "constraints", NULL));
  const char *objective = json_string_value(member(c, "objective", NULL));
  wf_bias_threshold_options options = {
      .constraint = constraint_of(constraint),
      .balanced = strcmp(objective, "balanced_accuracy_score") == 0,
      .flip = json_is_true(member(c, "flip", NULL)),
      .tolerance = json_number_value(member(c, "tol", NULL)),
      .n_grid = (size_t)json_integer_value(member(c, "grid_size", NULL))};
  wf_bias_rule rules[MOST_GROUPS];
  wf_bias_confusion cells[MOST_GROUPS];
  wf_bias_threshold_fit summary = {0};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_bias_fit_thresholds(rules, &summary, all->labels, all->scores, all->groups,
                                    all->n_groups, all->n, &options, &err),
             err);
  char what[120];
  expect_groups(cells, all, rules);
  const json_t *x = member(c, "x_best", NULL);
  snprintf(what, sizeof what, "fit %zu, %s: ", index, constraint);
  if (json_is_number(x)) check_rate(what, x, summary.x);
  check_rate(what, member(c, "y_best", NULL), summary.y);
  for (size_t g = 0; g < all->n_groups; g++) {
    const char *name = name_of(all, g);
    snprintf(what, sizeof what, "fit %zu, %s, %s: selection", index, constraint, name);
    check_rate(what, member(c, "expected", "selection_rate", name, NULL),
               wf_bias_rate_of(WF_BIAS_RATE_SELECTION, &cells[g]));
    check_rate(what, member(c, "expected", "tpr", name, NULL),
               wf_bias_rate_of(WF_BIAS_RATE_TRUE_POSITIVE, &cells[g]));
    check_rate(what, member(c, "expected", "fpr", name, NULL),
               wf_bias_rate_of(WF_BIAS_RATE_FALSE_POSITIVE, &cells[g]));
  }
}

static size_t check_fits(const json_t *cases, const char *score, const char *feature) {
  people all = load(score, feature);
  size_t i, n = 0;
  json_t *c;
  json_array_foreach(cases, i, c) {
    if (strcmp(json_string_value(member(c, "score", NULL)), score) != 0) continue;
    if (strcmp(json_string_value(member(c, "sensitive_feature", NULL)), feature) != 0) continue;
    check_fit(&all, c, i);
    n++;
  }
  unload(&all);
  return n;
}

TEST(threshold_fits_equal_the_reference) {
  json_t *document = reference("fairlearn_threshold_optimizer_compas.json");
  const json_t *cases = member(document, "cases", NULL);
  CHECK_EQ_INT(check_fits(cases, "lr_score", "sex"), 26);
  CHECK_EQ_INT(check_fits(cases, "lr_score", "race"), 26);
  CHECK_EQ_INT(check_fits(cases, "decile_score", "sex"), 26);
  CHECK_EQ_INT(check_fits(cases, "decile_score", "race"), 26);
  json_decref(document);
}

/* Four rows, worked out by hand: both groups can be judged without an error. */
TEST(separable_groups_get_their_own_threshold) {
  const uint8_t labels[] = {0, 1, 0, 1, 1};
  const double scores[] = {0.1, 0.3, 0.6, 0.8, 0.9};
  const int32_t groups[] = {0, 0, 1, 1, -1};
  wf_bias_rule rules[2];
  wf_bias_threshold_fit summary = {0};
  wf_bias_threshold_options options = {.constraint = WF_BIAS_SAME_SELECTION};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_bias_fit_thresholds(rules, &summary, labels, scores, groups, 2, 5, &options, &err),
             err);
  CHECK_NEAR(summary.x, 0.5, 1e-15);
  CHECK_NEAR(summary.y, 1, 1e-15);
  for (int i = 0; i < 4; i++) {
    CHECK_NEAR(wf_bias_rule_probability(&rules[groups[i]], scores[i]), labels[i], 1e-12);
    CHECK_EQ_INT(wf_bias_rule_decide(&rules[groups[i]], scores[i], 0.5), labels[i]);
  }
  CHECK_OOM_SAFE(wf_bias_fit_thresholds(rules, &summary, labels, scores, groups, 2, 5, &options,
                                        &err) == WF_OK);
}

TEST(threshold_fits_refuse_what_they_cannot_use) {
  uint8_t labels[] = {0, 1, 0, 1};
  double scores[] = {0.1, 0.3, 0.6, 0.8};
  int32_t groups[] = {0, 0, 1, 1};
  wf_bias_rule rules[2];
  wf_bias_threshold_fit summary = {.x = 77};
  wf_bias_threshold_options options = {.constraint = WF_BIAS_SAME_ODDS, .tolerance = 0.1};
  wf_error err = WF_ERROR_INIT;
#define FIT(n_groups) \
  wf_bias_fit_thresholds(rules, &summary, labels, scores, groups, n_groups, 4, &options, &err)
  CHECK_FAILS(FIT(2), err, WF_INVALID, "take no tolerance");
  options.tolerance = -1;
  CHECK_FAILS(FIT(2), err, WF_INVALID, "tolerance -1");
  options.tolerance = 0;
  options.n_grid = SIZE_MAX;
  CHECK_FAILS(FIT(2), err, WF_LIMIT, "grid");
  options.n_grid = 1;
  CHECK_EQ_INT(FIT(2), WF_OK);
  summary.x = 77;
  CHECK_FAILS(FIT(0), err, WF_INVALID, "no groups");
  CHECK_FAILS(FIT(1), err, WF_INVALID, "row 3: group 1");
  scores[3] = NAN;
  CHECK_FAILS(FIT(2), err, WF_INVALID, "row 4: the score");
  scores[3] = 0.8;
  labels[3] = 0;
  CHECK_FAILS(FIT(2), err, WF_INVALID, "group 1: all of its 2 labels are the same");
  CHECK_SAME(summary.x, 77.0);
#undef FIT
}
