#include "wf/bias.h"

#include "base/random.h"
#include "check.h"

enum { MOST = 6000 };

typedef struct columns {
  uint8_t labels[MOST], predictions[MOST], facet[MOST];
  int32_t groups[MOST];
} columns;

static columns random_columns(wf_random *random, size_t n, size_t n_groups) {
  columns c;
  double rate = wf_random_unit(random);
  for (size_t i = 0; i < n; i++) {
    c.labels[i] = wf_random_unit(random) < rate;
    c.predictions[i] = wf_random_unit(random) < 0.9 ? c.labels[i] : !c.labels[i];
    c.facet[i] = wf_random_unit(random) < 0.3;
    c.groups[i] = (int32_t)wf_random_below(random, n_groups + 1) - 1;
  }
  return c;
}

static void count_one_by_one(wf_bias_cells *out, wf_bias_cells *by_group, const columns *c,
                             size_t n) {
  for (size_t i = 0; i < n; i++) {
    out->n[c->facet[i]][c->labels[i]][c->predictions[i]]++;
    if (by_group && c->groups[i] >= 0) {
      by_group[c->groups[i]].n[c->facet[i]][c->labels[i]][c->predictions[i]]++;
    }
  }
}

/* Sizes around a vector, a block and what a byte-wide lane holds. */
TEST(counting_equals_counting_one_by_one) {
  static const size_t sizes[] = {0,    1,    2,    15,   16,   17,   31,   33,   100,
                                 2047, 2048, 2049, 4080, 4096, 4097, 4111, 5000, MOST};
  wf_random random;
  wf_error err = WF_ERROR_INIT;
  wf_random_seed(&random, 11, 0);
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    for (size_t n_groups = 1; n_groups <= 10; n_groups += 3) {
      columns c = random_columns(&random, sizes[s], n_groups);
      wf_bias_cells plain, grouped, by_group[10], expected = {0}, expected_groups[10] = {0};
      memset(by_group, 0x55, sizeof by_group);
      count_one_by_one(&expected, expected_groups, &c, sizes[s]);
      REQUIRE_OK(
          wf_bias_count(&plain, NULL, c.labels, c.predictions, c.facet, NULL, 0, sizes[s], &err),
          err);
      REQUIRE_OK(wf_bias_count(&grouped, by_group, c.labels, c.predictions, c.facet, c.groups,
                               n_groups, sizes[s], &err),
                 err);
      CHECK(memcmp(&plain, &expected, sizeof plain) == 0);
      CHECK(memcmp(&grouped, &expected, sizeof grouped) == 0);
      CHECK(memcmp(by_group, expected_groups, n_groups * sizeof *by_group) == 0);
    }
  }
}

TEST(lanes_do_not_overflow) {
  enum { N = 255 * 16 + 16 * 300 };
  static uint8_t ones[N];
  memset(ones, 1, sizeof ones);
  wf_bias_cells cells, expected = {0};
  wf_error err = WF_ERROR_INIT;
  expected.n[1][1][1] = N;
  REQUIRE_OK(wf_bias_count(&cells, NULL, ones, ones, ones, NULL, 0, N, &err), err);
  CHECK(memcmp(&cells, &expected, sizeof cells) == 0);
}

TEST(many_groups) {
  enum { N_GROUPS = 5000 };
  static wf_bias_cells by_group[N_GROUPS], expected_groups[N_GROUPS];
  wf_bias_cells cells, expected = {0};
  wf_random random;
  wf_error err = WF_ERROR_INIT;
  wf_random_seed(&random, 12, 0);
  columns c = random_columns(&random, MOST, N_GROUPS);
  count_one_by_one(&expected, expected_groups, &c, MOST);
  REQUIRE_OK(wf_bias_count(&cells, by_group, c.labels, c.predictions, c.facet, c.groups, N_GROUPS,
                           MOST, &err),
             err);
  CHECK(memcmp(&cells, &expected, sizeof cells) == 0);
  CHECK(memcmp(by_group, expected_groups, sizeof by_group) == 0);
}

TEST(without_predictions_labels_count_twice) {
  const uint8_t labels[] = {0, 1, 1, 0, 1}, facet[] = {0, 1, 0, 0, 1};
  wf_bias_cells cells, expected = {{{{2, 0}, {0, 1}}, {{0, 0}, {0, 2}}}};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_bias_count(&cells, NULL, labels, NULL, facet, NULL, 0, 5, &err), err);
  CHECK(memcmp(&cells, &expected, sizeof cells) == 0);
}

TEST(bad_rows_are_named) {
  wf_random random;
  wf_error err = WF_ERROR_INIT;
  wf_bias_cells cells, by_group[3];
  wf_random_seed(&random, 13, 0);
  columns c = random_columns(&random, 100, 3);
  memset(&cells, 0x55, sizeof cells);
  wf_bias_cells untouched = cells;
#define COUNT(groups) \
  wf_bias_count(&cells, by_group, c.labels, c.predictions, c.facet, groups, 3, 100, &err)
  for (size_t row = 0; row < 100; row += 33) { /* in a vector, and in the rest behind it */
    char named[40];
    snprintf(named, sizeof named, "row %zu: the ", row + 1);
    uint8_t *const arrays[] = {c.labels, c.predictions, c.facet};
    static const char *const names[] = {"label is 2", "prediction is 2", "facet is 2"};
    for (int a = 0; a < 3; a++) {
      uint8_t before = arrays[a][row];
      arrays[a][row] = 2;
      CHECK_FAILS(COUNT(NULL), err, WF_INVALID, named);
      CHECK_HAS(err.message, names[a]);
      CHECK_FAILS(COUNT(c.groups), err, WF_INVALID, names[a]);
      arrays[a][row] = before;
    }
    int32_t group = c.groups[row];
    snprintf(named, sizeof named, "row %zu: group", row + 1);
    c.groups[row] = 3;
    CHECK_FAILS(COUNT(c.groups), err, WF_INVALID, named);
    c.groups[row] = -2;
    CHECK_FAILS(COUNT(c.groups), err, WF_INVALID, "group -2 is not between -1 and 2");
    c.groups[row] = INT32_MAX;
    CHECK_FAILS(COUNT(c.groups), err, WF_INVALID, "group 2147483647");
    c.groups[row] = INT32_MIN;
    CHECK_FAILS(COUNT(c.groups), err, WF_INVALID, "group -2147483648");
    c.groups[row] = group;
  }
  CHECK(memcmp(&cells, &untouched, sizeof cells) == 0);
  CHECK_OOM_SAFE(COUNT(c.groups) == WF_OK);
#undef COUNT
}

/* Eleven facets make three codes; each must have the table it has alone. */
TEST(several_facets_equal_each_alone) {
  enum { N_FACETS = 11, N_GROUPS = 7, N = 5001 };
  static uint8_t bytes[N_FACETS][N];
  const uint8_t *facets[N_FACETS];
  wf_random random;
  wf_error err = WF_ERROR_INIT;
  wf_random_seed(&random, 14, 0);
  columns c = random_columns(&random, N, N_GROUPS);
  for (int f = 0; f < N_FACETS; f++) {
    facets[f] = bytes[f];
    for (size_t i = 0; i < N; i++) bytes[f][i] = wf_random_unit(&random) < 0.1 * f;
  }
  for (size_t n_facets = 0; n_facets <= N_FACETS; n_facets++) {
    wf_bias_cells cells[N_FACETS], plain[N_FACETS], by_group[N_FACETS * N_GROUPS];
    REQUIRE_OK(wf_bias_count_facets(cells, by_group, c.labels, c.predictions, facets, n_facets,
                                    c.groups, N_GROUPS, N, &err),
               err);
    REQUIRE_OK(wf_bias_count_facets(plain, NULL, c.labels, c.predictions, facets, n_facets, NULL, 0,
                                    N, &err),
               err);
    for (size_t f = 0; f < n_facets; f++) {
      wf_bias_cells alone = {0}, alone_groups[N_GROUPS] = {0};
      memcpy(c.facet, bytes[f], N);
      count_one_by_one(&alone, alone_groups, &c, N);
      CHECK(memcmp(&cells[f], &alone, sizeof alone) == 0);
      CHECK(memcmp(&plain[f], &alone, sizeof alone) == 0);
      CHECK(memcmp(&by_group[f * N_GROUPS], alone_groups, sizeof alone_groups) == 0);
    }
  }
  wf_bias_cells cells[N_FACETS], by_group[N_FACETS * N_GROUPS];
  CHECK_OOM_SAFE(wf_bias_count_facets(cells, by_group, c.labels, c.predictions, facets, N_FACETS,
                                      c.groups, N_GROUPS, N, &err) == WF_OK);
  bytes[9][4999] = 7;
  CHECK_FAILS(wf_bias_count_facets(cells, NULL, c.labels, c.predictions, facets, N_FACETS, NULL, 0,
                                   N, &err),
              err, WF_INVALID, "row 5000: the facet is 7");
}
