#include "wf/bias.h"

#include "base/random.h"
#include "support.h"

#include <stdlib.h>

/* --- against searching everything ------------------------------------------------------------ */

enum { MOST_ROWS = 400, MOST_COLUMNS = 6 };

typedef struct data {
  double values[MOST_COLUMNS][MOST_ROWS];
  const double *columns[MOST_COLUMNS];
  uint8_t predictions[MOST_ROWS], facet[MOST_ROWS];
  size_t n, n_columns;
} data;

static wf_bias_flip_data view_of(const data *d) {
  return (wf_bias_flip_data){.features = d->columns,
                             .n_features = d->n_columns,
                             .n = d->n,
                             .predictions = d->predictions,
                             .facet = d->facet};
}

/* Whole numbers, so that distances are exact; `grain` small gives many ties. */
static void fill(data *d, wf_random *random, size_t n, size_t n_columns, size_t grain) {
  d->n = n;
  d->n_columns = n_columns;
  for (size_t c = 0; c < n_columns; c++) {
    d->columns[c] = d->values[c];
    for (size_t i = 0; i < n; i++) {
      d->values[c][i] = (double)wf_random_below(random, grain * (c % 3 + 1)) - (double)grain;
    }
  }
  for (size_t i = 0; i < n; i++) {
    d->predictions[i] = wf_random_unit(random) < 0.5;
    d->facet[i] = wf_random_unit(random) < 0.4;
  }
  d->facet[0] = 1;
  d->facet[1] = 0;
}

static double distance(const data *d, size_t a, size_t b) {
  double sum = 0;
  for (size_t c = 0; c < d->n_columns; c++) {
    double away = d->values[c][a] - d->values[c][b];
    sum += away * away;
  }
  return sum;
}

static size_t rest_of(const data *d) {
  size_t n_a = 0;
  for (size_t i = 0; i < d->n; i++) n_a += !d->facet[i];
  return n_a;
}

/* The neighbour after `last` (a distance and a row) in the order of distance, then row. */
static size_t next_neighbour(const data *d, size_t row, double *last_distance,
                             ptrdiff_t *last_row) {
  size_t best = SIZE_MAX;
  double best_distance = INFINITY;
  for (size_t i = 0; i < d->n; i++) {
    double away = distance(d, row, i);
    bool after = away > *last_distance || (away == *last_distance && (ptrdiff_t)i > *last_row);
    if (d->facet[i] || !after || away >= best_distance) continue;
    best = i;
    best_distance = away;
  }
  *last_distance = best_distance;
  *last_row = (ptrdiff_t)best;
  return best;
}

static wf_bias_flip search_everything(const data *d, size_t k) {
  wf_bias_flip out = {.k = k};
  double n_d = 0, flips = 0, least = 0, most = 0;
  for (size_t row = 0; row < d->n; row++) {
    if (!d->facet[row]) continue;
    double last = -1, kth;
    ptrdiff_t last_row = -1;
    size_t marked = 0, nearer[2] = {0}, tied[2] = {0};
    for (size_t i = 0; i < k; i++) {
      marked += d->predictions[next_neighbour(d, row, &last, &last_row)];
    }
    kth = last;
    for (size_t i = 0; i < d->n; i++) {
      if (d->facet[i]) continue;
      double away = distance(d, row, i);
      if (away < kth) nearer[d->predictions[i]]++;
      if (away == kth) tied[d->predictions[i]]++;
    }
    size_t open = k - nearer[0] - nearer[1];
    size_t fewest = nearer[1] + (open > tied[0] ? open - tied[0] : 0);
    size_t highest = nearer[1] + (open < tied[1] ? open : tied[1]);
    int p = d->predictions[row];
    n_d++;
    flips += p - (marked > k / 2);
    least += p - (highest > k / 2);
    most += p - (fewest > k / 2);
    out.n_ambiguous += (highest > k / 2) != (fewest > k / 2);
  }
  out.value = flips / n_d;
  out.least = least / n_d;
  out.most = most / n_d;
  return out;
}

static void check_same(wf_bias_flip actual, wf_bias_flip expected) {
  CHECK_SAME(actual.value, expected.value);
  CHECK_SAME(actual.least, expected.least);
  CHECK_SAME(actual.most, expected.most);
  CHECK_EQ_INT(actual.n_ambiguous, expected.n_ambiguous);
  CHECK_EQ_INT(actual.k, expected.k);
}

TEST(flip_equals_searching_everything) {
  static data d;
  wf_random random;
  wf_error err = WF_ERROR_INIT;
  wf_random_seed(&random, 21, 0);
  for (int round = 0; round < 120; round++) {
    size_t n = 12 + (size_t)wf_random_below(&random, round % 4 ? 100 : MOST_ROWS - 12);
    fill(&d, &random, n, round % (MOST_COLUMNS + 1), (size_t)2 << (round % 13));
    size_t n_a = rest_of(&d), k = 1 + 2 * (size_t)wf_random_below(&random, (n_a + 1) / 2);
    if (round % 2) k = n_a > 9 ? 5 : 1;
    wf_bias_flip expected = search_everything(&d, k), one = {0}, many = {0};
    wf_bias_flip_data view = view_of(&d);
    REQUIRE_OK(wf_bias_flip_test(&one, &view, round % 2 ? 0 : k, 1, &err), err);
    REQUIRE_OK(wf_bias_flip_test(&many, &view, k, 3, &err), err);
    check_same(one, expected);
    check_same(many, expected);
    CHECK(one.least <= one.value && one.value <= one.most);
  }
}

/* Points on top of each other, in every column: the tree cannot split them. */
TEST(flip_of_equal_rows) {
  static data d;
  wf_random random;
  wf_error err = WF_ERROR_INIT;
  wf_random_seed(&random, 22, 0);
  fill(&d, &random, 300, 3, 1);
  for (size_t c = 0; c < 3; c++) {
    for (size_t i = 0; i < 300; i++) d.values[c][i] = i < 150 ? 1 : -1e300;
  }
  wf_bias_flip flip = {0};
  wf_bias_flip_data view = view_of(&d);
  REQUIRE_OK(wf_bias_flip_test(&flip, &view, 0, 1, &err), err);
  CHECK(flip.n_ambiguous > 100 && flip.least < flip.most);
}

TEST(flip_refuses_what_it_cannot_use) {
  static data d;
  wf_random random;
  wf_error err = WF_ERROR_INIT;
  wf_bias_flip flip = {.k = 77};
  wf_random_seed(&random, 23, 0);
  fill(&d, &random, 40, 2, 8);
  wf_bias_flip_data view = view_of(&d);
  static const char *const names[] = {"age", "income"};
#define FLIP(k) wf_bias_flip_test(&flip, &view, k, 2, &err)
  CHECK_FAILS(FLIP(4), err, WF_INVALID, "must be odd");
  CHECK_FAILS(FLIP(41), err, WF_INVALID, "41 neighbours are asked for");
  d.values[1][6] = NAN;
  CHECK_FAILS(FLIP(0), err, WF_INVALID, "row 7: feature 1 is missing (NaN)");
  view.names = names;
  CHECK_FAILS(FLIP(0), err, WF_INVALID, "row 7: feature \"income\" is missing (NaN)");
  d.values[1][6] = -INFINITY;
  CHECK_FAILS(FLIP(0), err, WF_INVALID, "row 7: feature \"income\" is infinite");
  d.values[1][6] = 0;
  d.predictions[9] = 9;
  CHECK_FAILS(FLIP(0), err, WF_INVALID, "row 10: the prediction is 9");
  d.predictions[9] = 1;
  d.facet[8] = 3;
  CHECK_FAILS(FLIP(0), err, WF_INVALID, "row 9: the facet is 3");
  memset(d.facet, 0, sizeof d.facet);
  CHECK_FAILS(FLIP(0), err, WF_INVALID, "Facet set is empty");
  CHECK(strncmp(err.message, "Facet", 5) == 0);
  memset(d.facet, 1, sizeof d.facet);
  CHECK_FAILS(FLIP(0), err, WF_INVALID, "Negated Facet set is empty");
  view.n = 0;
  CHECK_FAILS(FLIP(0), err, WF_INVALID, "Facet set is empty");
  CHECK_EQ_INT(flip.k, 77);
#undef FLIP
}

TEST(flip_survives_missing_memory) {
  static data d;
  wf_random random;
  wf_error err;
  wf_bias_flip flip;
  wf_random_seed(&random, 24, 0);
  fill(&d, &random, 100, 3, 50);
  wf_bias_flip_data view = view_of(&d);
  CHECK_OOM_SAFE(wf_bias_flip_test(&flip, &view, 0, 1, &err) == WF_OK);
}

/* --- against the reference ------------------------------------------------------------------- */

typedef struct loaded {
  const double **columns;
  double *values;
  uint8_t *predictions, *facet;
  size_t n, n_columns;
} loaded;

static loaded load(const sheet *table, const json_t *config, const json_t *facet) {
  loaded out = {.n = table->n_rows};
  size_t leave[3] = {
      sheet_column(table, json_string_value(member(config, "label", NULL))),
      sheet_column(table, json_string_value(member(config, "predicted_label", NULL))),
      sheet_column(table, json_string_value(member(facet, "name_or_index", NULL)))};
  out.columns = wf_alloc_array(table->n_columns, sizeof *out.columns);
  out.values = wf_alloc_array(table->n_columns * table->n_rows, sizeof *out.values);
  REQUIRE(out.columns && out.values);
  for (size_t c = 0; c < table->n_columns; c++) {
    if (c == leave[0] || c == leave[1] || c == leave[2]) continue;
    double *column = out.values + out.n_columns * table->n_rows;
    for (size_t i = 0; i < table->n_rows; i++) column[i] = atof(sheet_at(table, i, c));
    out.columns[out.n_columns++] = column;
  }
  out.predictions = sheet_is(table, json_string_value(member(config, "predicted_label", NULL)),
                             member(config, "label_values_or_threshold", NULL));
  out.facet = sheet_is(table, json_string_value(member(facet, "name_or_index", NULL)),
                       member(facet, "value_or_threshold", NULL));
  return out;
}

static wf_bias_flip flip_of(const char *name, size_t facet_index, double *published) {
  json_t *document = reference(name), *config = member(document, "config", NULL), *metric;
  json_t *facet = json_array_get(member(config, "facet", NULL), facet_index);
  char path[200];
  size_t i;
  wf_bias_flip flip = {0};
  wf_error err = WF_ERROR_INIT;
  snprintf(path, sizeof path, "bias/oracle/%s", json_string_value(member(document, "csv", NULL)));
  sheet table = read_sheet(test_oracle(path));
  loaded rows = load(&table, config, facet);
  wf_bias_flip_data view = {.features = rows.columns,
                            .n_features = rows.n_columns,
                            .n = rows.n,
                            .predictions = rows.predictions,
                            .facet = rows.facet};
  REQUIRE_OK(wf_bias_flip_test(&flip, &view, 0, 0, &err), err);
  json_t *metrics =
      member(document, "expected", "post_training_bias_metrics", "facets",
             json_string_value(member(facet, "name_or_index", NULL)), "#0", "metrics", NULL);
  json_array_foreach(metrics, i, metric) {
    if (strcmp(json_string_value(member(metric, "name", NULL)), "FT") != 0) continue;
    *published = json_number_value(member(metric, "value", NULL));
    CHECK_EQ_STR(json_string_value(member(metric, "description", NULL)), WF_BIAS_FT_DESCRIPTION);
  }
  wf_free(rows.columns);
  wf_free(rows.values);
  wf_free(rows.predictions);
  wf_free(rows.facet);
  free_sheet(&table);
  json_decref(document);
  return flip;
}

static void check_ties(const char *name, wf_bias_flip flip) {
  json_t *document = reference("ft_ties.json"), *ties = member(document, name, NULL);
  CHECK_NEAR(flip.least, json_number_value(member(ties, "ft_min", NULL)), 1e-14);
  CHECK_NEAR(flip.most, json_number_value(member(ties, "ft_max", NULL)), 1e-14);
  CHECK_NEAR(flip.value, json_number_value(member(ties, "ft_lowest_index_first", NULL)), 1e-14);
  CHECK_EQ_INT(flip.n_ambiguous, json_integer_value(member(ties, "ambiguous_rows", NULL)));
  json_decref(document);
}

TEST(flip_equals_the_reference) {
  double published = NAN;
  wf_bias_flip flip = flip_of("compas_numeric_ft.json", 0, &published);
  check_ties("compas_numeric_ft/race_aa", flip);
  CHECK(flip.least <= published && published <= flip.most);
  flip = flip_of("compas_numeric_ft.json", 1, &published);
  check_ties("compas_numeric_ft/sex_f", flip);
  CHECK(flip.least <= published && published <= flip.most);
  flip = flip_of("compas_numeric_ft_jitter.json", 0, &published);
  check_ties("compas_numeric_ft_jitter/race_aa", flip);
  CHECK_NEAR(flip.value, published, 1e-14);
  flip = flip_of("fraud_train_16000.json", 0, &published);
  CHECK_EQ_INT(flip.n_ambiguous, 0);
  CHECK_NEAR(flip.value, published, 1e-14);
}
