#include "wf/bias.h"

#include "base/random.h"
#include "check.h"

enum { N = 3000, N_VALUES = 6, N_GROUPS = 5 };

typedef struct columns {
  uint8_t labels[N], predictions[N];
  int32_t values[N], groups[N];
  double weights[N];
} columns;

static columns random_columns(uint64_t seed) {
  columns c;
  wf_random random;
  wf_random_seed(&random, seed, 0);
  for (size_t i = 0; i < N; i++) {
    c.labels[i] = wf_random_unit(&random) < 0.4;
    c.predictions[i] = wf_random_unit(&random) < 0.5;
    c.values[i] = (int32_t)wf_random_below(&random, N_VALUES + 1) - 1;
    c.groups[i] = (int32_t)wf_random_below(&random, N_GROUPS + 1) - 1;
    c.weights[i] = (double)wf_random_below(&random, 9) / 8;
  }
  return c;
}

TEST(each_value_against_the_rest) {
  columns c = random_columns(1);
  wf_bias_cells cells[N_VALUES], by_group[N_VALUES * N_GROUPS], plain[N_VALUES];
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_bias_count_values(cells, by_group, c.labels, c.predictions, c.values, N_VALUES,
                                  c.groups, N_GROUPS, N, &err),
             err);
  REQUIRE_OK(
      wf_bias_count_values(plain, NULL, c.labels, NULL, c.values, N_VALUES, NULL, 0, N, &err), err);
  for (int v = 0; v < N_VALUES; v++) {
    uint8_t facet[N];
    wf_bias_cells alone, alone_groups[N_GROUPS], alone_plain;
    for (size_t i = 0; i < N; i++) facet[i] = c.values[i] == v;
    REQUIRE_OK(wf_bias_count(&alone, alone_groups, c.labels, c.predictions, facet, c.groups,
                             N_GROUPS, N, &err),
               err);
    REQUIRE_OK(wf_bias_count(&alone_plain, NULL, c.labels, NULL, facet, NULL, 0, N, &err), err);
    CHECK(memcmp(&cells[v], &alone, sizeof alone) == 0);
    CHECK(memcmp(&by_group[v * N_GROUPS], alone_groups, sizeof alone_groups) == 0);
    CHECK(memcmp(&plain[v], &alone_plain, sizeof alone_plain) == 0);
  }
}

TEST(bad_values_are_named) {
  columns c = random_columns(2);
  wf_bias_cells cells[N_VALUES], by_group[N_VALUES * N_GROUPS];
  wf_error err = WF_ERROR_INIT;
#define COUNT()                                                                                \
  wf_bias_count_values(cells, by_group, c.labels, c.predictions, c.values, N_VALUES, c.groups, \
                       N_GROUPS, N, &err)
  CHECK_OOM_SAFE(COUNT() == WF_OK);
  static const int32_t bad[] = {N_VALUES, -2, INT32_MAX, INT32_MIN};
  for (size_t row = 0; row < N; row += 2999) {
    char named[40];
    snprintf(named, sizeof named, "row %zu: facet value", row + 1);
    for (int b = 0; b < 4; b++) {
      int32_t before = c.values[row];
      c.values[row] = bad[b];
      CHECK_FAILS(COUNT(), err, WF_INVALID, named);
      c.values[row] = before;
    }
  }
  c.groups[7] = N_GROUPS;
  CHECK_FAILS(COUNT(), err, WF_INVALID, "row 8: group 5 is not between -1 and 4");
  c.groups[7] = 0;
  c.predictions[8] = 255;
  CHECK_FAILS(COUNT(), err, WF_INVALID, "row 9: the prediction is 255");
#undef COUNT
}

/* Weights are eighths, so their sums are exact and can be compared bit by bit. */
TEST(weights_are_added_up) {
  columns c = random_columns(3);
  uint8_t facet[N];
  wf_bias_cells cells, by_group[N_GROUPS], expected = {0}, expected_groups[N_GROUPS] = {0}, plain;
  wf_error err = WF_ERROR_INIT;
  for (size_t i = 0; i < N; i++) {
    facet[i] = c.values[i] > 2;
    expected.n[facet[i]][c.labels[i]][c.predictions[i]] += c.weights[i];
    if (c.groups[i] < 0) continue;
    expected_groups[c.groups[i]].n[facet[i]][c.labels[i]][c.predictions[i]] += c.weights[i];
  }
  REQUIRE_OK(wf_bias_count_weighted(&cells, by_group, c.labels, c.predictions, facet, c.groups,
                                    N_GROUPS, c.weights, N, &err),
             err);
  CHECK(memcmp(&cells, &expected, sizeof cells) == 0);
  CHECK(memcmp(by_group, expected_groups, sizeof by_group) == 0);
  REQUIRE_OK(wf_bias_count_weighted(&plain, NULL, c.labels, c.predictions, facet, NULL, 0,
                                    c.weights, N, &err),
             err);
  CHECK(memcmp(&plain, &expected, sizeof plain) == 0);
#define COUNT()                                                                                \
  wf_bias_count_weighted(&cells, by_group, c.labels, c.predictions, facet, c.groups, N_GROUPS, \
                         c.weights, N, &err)
  CHECK_OOM_SAFE(COUNT() == WF_OK);
  c.weights[4] = NAN;
  CHECK_FAILS(COUNT(), err, WF_INVALID, "row 5: weight nan");
  c.weights[4] = -0.5;
  CHECK_FAILS(COUNT(), err, WF_INVALID, "row 5: weight -0.5");
  c.weights[4] = 1;
  facet[3] = 2;
  CHECK_FAILS(COUNT(), err, WF_INVALID, "row 4: the facet is 2");
#undef COUNT
}
