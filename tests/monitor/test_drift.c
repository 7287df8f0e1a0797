#include "wf/monitor.h"

#include "base/alloc.h"
#include "check.h"

static const double samples[][8] = {
#include "samples.inc"
};
static const double counts[][11] = {
#include "counts.inc"
};

static wf_ranks ranks_of(const double *values, size_t n) {
  wf_error err = WF_ERROR_INIT;
  wf_sketch *s = NULL;
  wf_ranks r = {0};
  REQUIRE_OK(wf_sketch_new(&s, 4096, &err), err);
  REQUIRE_OK(wf_sketch_add(s, values, n, &err), err);
  REQUIRE_OK(wf_ranks_of(&r, s, &err), err);
  wf_sketch_free(s);
  return r;
}

/* The generator of tests/oracle/drift.py. */
static void draw(double *out, double seed, double n, double modulus, double shift) {
  uint64_t x = (uint64_t)seed;
  for (int i = 0; i < (int)n; i++) {
    x = (x * 1103515245 + 12345) % (UINT64_C(1) << 31);
    out[i] = (double)((x >> 8) % (uint64_t)modulus) + shift;
  }
}

TEST(distances_of_numbers_are_those_of_scipy) {
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
    const double *s = samples[i];
    double a[1000], b[1000];
    wf_error err = WF_ERROR_INIT;
    wf_drift d;
    draw(a, s[0], s[1], s[4], 0);
    draw(b, s[2], s[3], s[4], s[5]);
    wf_ranks ra = ranks_of(a, (size_t)s[1]), rb = ranks_of(b, (size_t)s[3]);
    REQUIRE_OK(wf_drift_of_numbers(&d, &ra, &rb, 0, &err), err);
    CHECK_NEAR(d.linf, s[6], 1e-12);
    CHECK_NEAR(d.wasserstein, s[7], 1e-9);
    CHECK_SAME(d.n, s[1]);
    CHECK_SAME(d.linf_robust, wf_drift_robust(d.linf, d.n, d.m));
    wf_ranks_clear(&ra);
    wf_ranks_clear(&rb);
  }
}

TEST(distances_of_counts_are_those_of_scipy) {
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    const double *c = counts[i];
    wf_error err = WF_ERROR_INIT;
    wf_drift d;
    REQUIRE_OK(wf_drift_of_counts(&d, c, c + 3, 3, &err), err);
    CHECK_NEAR(d.linf, c[6], 1e-13);
    CHECK_NEAR(d.js, c[7], 1e-13);
    CHECK_NEAR(d.chi_squared, c[8], 1e-10);
    CHECK_NEAR(d.p_value, c[9], 1e-12);
    CHECK_NEAR(d.psi, c[10], 1e-12);
    CHECK(isnan(d.wasserstein));
  }
}

/* Deequ's correction: 5000 and 5000 give 0.036, 5000 and 500 0.084, 200 and 200 0.18. */
TEST(the_robust_distance_forgives_small_samples) {
  CHECK_NEAR(wf_drift_robust(0.5, 5000, 5000), 0.5 - 0.036, 1e-12);
  CHECK_NEAR(wf_drift_robust(0.5, 5000, 500), 0.5 - 0.0844, 5e-5);
  CHECK_NEAR(wf_drift_robust(0.5, 200, 200), 0.5 - 0.18, 1e-12);
  CHECK_SAME(wf_drift_robust(0.1, 200, 200), 0.0);
  CHECK(isnan(wf_drift_robust(0.1, 0, 200)));
}

TEST(equal_distributions_are_not_apart) {
  double a[500];
  wf_error err = WF_ERROR_INIT;
  wf_drift d;
  draw(a, 3, 500, 100, 0);
  wf_ranks r = ranks_of(a, 500);
  REQUIRE_OK(wf_drift_of_numbers(&d, &r, &r, 0, &err), err);
  CHECK_SAME(d.linf, 0.0);
  CHECK_SAME(d.psi, 0.0);
  CHECK_SAME(d.js, 0.0);
  CHECK_SAME(d.wasserstein, 0.0);
  CHECK_SAME(d.p_value, 1.0);
  wf_ranks_clear(&r);
}

/* What lies beyond every value of the baseline counts too. */
TEST(values_beyond_the_baseline_are_noticed) {
  double a[100], b[100];
  wf_error err = WF_ERROR_INIT;
  wf_drift d;
  for (int i = 0; i < 100; i++) {
    a[i] = i;
    b[i] = i + 1000;
  }
  wf_ranks ra = ranks_of(a, 100), rb = ranks_of(b, 100);
  REQUIRE_OK(wf_drift_of_numbers(&d, &ra, &rb, 10, &err), err);
  CHECK_SAME(d.linf, 1.0);
  CHECK_NEAR(d.wasserstein, 1000, 1e-9);
  CHECK_NEAR(d.js, log(2), 1e-12);
  CHECK(d.psi > 1 && d.p_value < 1e-10);
  wf_ranks_clear(&ra);
  wf_ranks_clear(&rb);
}

TEST(empty_sides_have_no_distance) {
  const double none[] = {0, 0}, some[] = {1, 2}, bad[] = {-1, 2};
  wf_error err = WF_ERROR_INIT;
  wf_drift d;
  wf_ranks empty = {0}, r = ranks_of(some, 2);
  REQUIRE_OK(wf_drift_of_counts(&d, none, some, 2, &err), err);
  CHECK(isnan(d.linf) && isnan(d.psi));
  REQUIRE_OK(wf_drift_of_numbers(&d, &empty, &r, 0, &err), err);
  CHECK(isnan(d.linf));
  CHECK(isnan(wf_ranks_quantile(&empty, 0.5)));
  CHECK_FAILS(wf_drift_of_counts(&d, bad, some, 2, &err), err, WF_INVALID, "category 1");
  CHECK_FAILS(wf_drift_of_numbers(&d, &r, &r, 1001, &err), err, WF_LIMIT, "1001 bins");
  CHECK_OOM_SAFE(wf_drift_of_numbers(&d, &r, &r, 0, &err) == WF_OK);
  wf_ranks_clear(&r);
}
