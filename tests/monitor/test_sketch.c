#include "wf/monitor.h"

#include "base/alloc.h"
#include "base/random.h"
#include "check.h"

#include <stdlib.h>

static wf_sketch *sketch_of(const double *values, size_t n, size_t k) {
  wf_error err = WF_ERROR_INIT;
  wf_sketch *s = NULL;
  REQUIRE_OK(wf_sketch_new(&s, k, &err), err);
  REQUIRE_OK(wf_sketch_add(s, values, n, &err), err);
  return s;
}

static wf_ranks ranks_of(const wf_sketch *s) {
  wf_error err = WF_ERROR_INIT;
  wf_ranks r = {0};
  REQUIRE_OK(wf_ranks_of(&r, s, &err), err);
  return r;
}

TEST(few_values_are_all_kept) {
  const double values[] = {3, 1, 2, 2, 5};
  wf_sketch *s = sketch_of(values, 5, 8);
  wf_ranks r = ranks_of(s);
  CHECK_EQ_INT(r.n, 4);
  CHECK_SAME(r.values[1], 2.0);
  CHECK_SAME(r.at_most[1], 3.0);
  CHECK_SAME(wf_ranks_at_most(&r, 0.5), 0.0);
  CHECK_SAME(wf_ranks_at_most(&r, 2.5), 3.0);
  CHECK_SAME(wf_ranks_at_most(&r, 9), 5.0);
  CHECK_SAME(wf_ranks_quantile(&r, 0), 1.0);
  CHECK_SAME(wf_ranks_quantile(&r, 0.5), 2.0);
  CHECK_SAME(wf_ranks_quantile(&r, 1), 5.0);
  wf_ranks_clear(&r);
  wf_sketch_free(s);
}

enum { MANY = 200000, K = 512 };

static double *draw(uint64_t seed, int shape) {
  double *values = wf_alloc_array(MANY, sizeof *values);
  wf_random random;
  wf_random_seed(&random, seed, 0);
  for (int i = 0; i < MANY; i++) {
    double u = wf_random_unit(&random);
    values[i] = shape == 0 ? u : shape == 1 ? -log(1 - u) : shape == 2 ? i : MANY - i;
  }
  return values;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The largest error of a rank, as a share of the count. */
static double worst_rank(const wf_sketch *s, double *values) {
  wf_ranks r = ranks_of(s);
  double worst = 0;
  qsort(values, MANY, sizeof *values, by_value);
  for (int i = 0; i < MANY; i += 97) {
    double away = fabs(wf_ranks_at_most(&r, values[i]) - (i + 1)) / MANY;
    if (away > worst) worst = away;
  }
  wf_ranks_clear(&r);
  return worst;
}

static size_t items_in(const wf_sketch *s) {
  size_t sum = 0;
  for (size_t l = 0; l < wf_sketch_level_count(s); l++) {
    size_t n;
    wf_sketch_level(s, l, &n);
    sum += n;
  }
  return sum;
}

/* Random, skewed, ascending, descending. */
TEST(many_values_take_little_room_and_keep_their_ranks) {
  for (int shape = 0; shape < 4; shape++) {
    double *values = draw(7, shape);
    wf_sketch *s = sketch_of(values, MANY, K);
    CHECK_SAME(wf_sketch_count(s), (double)MANY);
    CHECK(items_in(s) < 4 * K);
    CHECK(worst_rank(s, values) < 3.0 / K);
    wf_sketch_free(s);
    wf_free(values);
  }
}

TEST(sketches_merge) {
  wf_error err = WF_ERROR_INIT;
  double *values = draw(9, 1);
  wf_sketch *whole = sketch_of(values, MANY / 4, K);
  for (int part = 1; part < 4; part++) {
    wf_sketch *s = sketch_of(values + part * (MANY / 4), MANY / 4, K);
    REQUIRE_OK(wf_sketch_merge(whole, s, &err), err);
    wf_sketch_free(s);
  }
  CHECK_SAME(wf_sketch_count(whole), (double)MANY);
  CHECK(items_in(whole) < 4 * K);
  CHECK(worst_rank(whole, values) < 4.0 / K);
  wf_sketch_free(whole);
  wf_free(values);
}

TEST(a_sketch_is_read_back_from_its_levels) {
  wf_error err = WF_ERROR_INIT;
  double *values = draw(11, 0);
  wf_sketch *s = sketch_of(values, MANY, K), *again = NULL;
  REQUIRE_OK(wf_sketch_new(&again, K, &err), err);
  for (size_t l = wf_sketch_level_count(s); l-- > 0;) {
    size_t n;
    const double *items = wf_sketch_level(s, l, &n);
    REQUIRE_OK(wf_sketch_restore(again, l, items, n, &err), err);
  }
  wf_ranks a = ranks_of(s), b = ranks_of(again);
  CHECK_EQ_INT(a.n, b.n);
  for (size_t i = 0; i < a.n && i < b.n; i++) CHECK_SAME(a.at_most[i], b.at_most[i]);
  CHECK_SAME(wf_sketch_count(again), (double)MANY);
  wf_ranks_clear(&a);
  wf_ranks_clear(&b);
  wf_sketch_free(s);
  wf_sketch_free(again);
  wf_free(values);
}

TEST(sketches_refuse_what_is_no_number) {
  wf_error err = WF_ERROR_INIT;
  wf_sketch *s = NULL;
  const double values[] = {1, NAN};
  CHECK_FAILS(wf_sketch_new(&s, 7, &err), err, WF_INVALID, "size 7");
  CHECK_FAILS(wf_sketch_new(&s, 65536, &err), err, WF_INVALID, "size 65536");
  s = sketch_of(values, 1, 8);
  CHECK_FAILS(wf_sketch_add(s, values, 2, &err), err, WF_INVALID, "row 2: nan");
  CHECK_SAME(wf_sketch_count(s), 1.0);
  CHECK_FAILS(wf_sketch_restore(s, 50, values, 1, &err), err, WF_LIMIT, "no level 50");
  wf_sketch_free(s);
  wf_sketch_free(NULL);
}

static bool use_sketch(void) {
  wf_error err = WF_ERROR_INIT;
  double values[100];
  for (int i = 0; i < 100; i++) values[i] = (i * 37) % 101;
  wf_sketch *s = NULL;
  wf_ranks r = {0};
  if (wf_sketch_new(&s, 8, &err) != WF_OK) return false;
  wf_status status = wf_sketch_add(s, values, 100, &err);
  if (status == WF_OK) status = wf_ranks_of(&r, s, &err);
  wf_ranks_clear(&r);
  wf_sketch_free(s);
  return status == WF_OK;
}

TEST(sketches_survive_without_memory) { CHECK_OOM_SAFE(use_sketch()); }
