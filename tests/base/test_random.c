#include "base/random.h"

#include "check.h"

/* The first outputs of xoshiro256++ from the state {1, 2, 3, 4}, as its authors' code gives them.
 */
TEST(the_generator_is_xoshiro256pp) {
  static const uint64_t expected[] = {41943041u,
                                      58720359u,
                                      3588806011781223u,
                                      3591011842654386u,
                                      9228616714210784205u,
                                      9973669472204895162u,
                                      14011001112246962877u,
                                      12406186145184390807u,
                                      15849039046786891736u,
                                      10450023813501588000u};
  wf_random random = {{1, 2, 3, 4}};
  for (size_t i = 0; i < 10; i++) CHECK(wf_random_u64(&random) == expected[i]);
}

/* Values of tests/oracle/random_streams.py. Stored splits, models and cache keys depend on them:
 * they may never change. */
TEST(streams_never_change) {
  static const struct {
    uint64_t seed, stream, first[4];
  } cases[] = {
      {0, 0, {0x84f09bf307c1073au, 0xc82ffb597ceee51bu, 0xadf96905c5df4417u, 0xe9d9a8489d042c93u}},
      {42, 0, {0xab4c4adfbb450230u, 0x16c758048460b512u, 0xdeff27396f8eb5c7u, 0x8b9350cec7b7bc0eu}},
      {42, 1, {0x7748edf34977e3aeu, 0x398d8e70f2a9d654u, 0x103feb5c0a8939f3u, 0xd3b1b8a3b0481183u}},
      {UINT64_MAX,
       7,
       {0x74d9be3075fb9d58u, 0x75ae96c8d5a82173u, 0x53eff7d6d2310a8du, 0xf3e67582bff08de5u}},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    wf_random random;
    wf_random_seed(&random, cases[c].seed, cases[c].stream);
    for (int i = 0; i < 4; i++) CHECK(wf_random_u64(&random) == cases[c].first[i]);
  }
}

TEST(below_is_in_range_and_even) {
  wf_random random;
  wf_random_seed(&random, 5, 0);
  double counts[7] = {0}, chi = 0;
  enum { N = 70000 };
  for (int i = 0; i < N; i++) {
    uint64_t value = wf_random_below(&random, 7);
    REQUIRE(value < 7);
    counts[value]++;
  }
  for (int i = 0; i < 7; i++) chi += (counts[i] - N / 7.0) * (counts[i] - N / 7.0) / (N / 7.0);
  CHECK(chi < 22.5); /* 6 degrees of freedom, p = 0.001 */
  for (int i = 0; i < 100; i++) CHECK(wf_random_below(&random, 1) == 0);
  /* 2/3 of the range: plain scaling of 64 bits would favour some values twice */
  uint64_t bound = (uint64_t)3 << 62;
  int low = 0;
  for (int i = 0; i < 30000; i++) low += wf_random_below(&random, bound) < bound / 3;
  CHECK_NEAR(low / 30000.0, 1 / 3.0, 0.01);
}

TEST(unit_is_uniform) {
  wf_random random;
  wf_random_seed(&random, 6, 0);
  double sum = 0, squares = 0, least = 1, most = 0;
  enum { N = 100000 };
  for (int i = 0; i < N; i++) {
    double x = wf_random_unit(&random);
    sum += x, squares += x * x;
    least = fmin(least, x), most = fmax(most, x);
  }
  CHECK(least >= 0 && least < 1e-3 && most < 1 && most > 1 - 1e-3);
  CHECK_NEAR(sum / N, 0.5, 0.004);
  CHECK_NEAR(squares / N - sum / N * sum / N, 1 / 12.0, 0.001);
}

TEST(normal_has_its_moments) {
  wf_random random;
  wf_random_seed(&random, 7, 0);
  double sum[5] = {0};
  enum { N = 200000 };
  for (int i = 0; i < N; i++) {
    double x = wf_random_normal(&random), power = 1;
    REQUIRE(isfinite(x));
    for (int p = 1; p <= 4; p++) sum[p] += power *= x;
  }
  CHECK_NEAR(sum[1] / N, 0, 0.01);
  CHECK_NEAR(sum[2] / N, 1, 0.015);
  CHECK_NEAR(sum[3] / N, 0, 0.04);
  CHECK_NEAR(sum[4] / N, 3, 0.1);
}

TEST(shuffling_is_fair) {
  wf_random random;
  wf_random_seed(&random, 8, 0);
  int counts[3][3][3] = {0};
  enum { N = 60000 };
  for (int round = 0; round < N; round++) {
    size_t items[3] = {0, 1, 2};
    wf_random_shuffle(&random, items, 3);
    counts[items[0]][items[1]][items[2]]++;
  }
  CHECK_NEAR(counts[0][1][2] / (double)N, 1 / 6.0, 0.01);
  CHECK_NEAR(counts[0][2][1] / (double)N, 1 / 6.0, 0.01);
  CHECK_NEAR(counts[1][0][2] / (double)N, 1 / 6.0, 0.01);
  CHECK_NEAR(counts[1][2][0] / (double)N, 1 / 6.0, 0.01);
  CHECK_NEAR(counts[2][0][1] / (double)N, 1 / 6.0, 0.01);
  CHECK_NEAR(counts[2][1][0] / (double)N, 1 / 6.0, 0.01);
  size_t none[1] = {9};
  wf_random_shuffle(&random, none, 0);
  wf_random_shuffle(&random, none, 1);
  CHECK_EQ_INT(none[0], 9);
}
