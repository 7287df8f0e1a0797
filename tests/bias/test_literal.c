/* Every metric once more, as literally as its definition reads: over rows, with nothing shared. */
#include "wf/bias.h"

#include "base/random.h"
#include "check.h"

enum { MOST = 60, N_GROUPS = 3 };

typedef struct rows {
  uint8_t y[MOST], p[MOST], d[MOST];
  int32_t group[MOST];
  size_t n;
} rows;

/* -1 stands for "any". */
static double count(const rows *r, int d, int y, int p, int group) {
  double n = 0;
  for (size_t i = 0; i < r->n; i++) {
    n += (d < 0 || r->d[i] == d) && (y < 0 || r->y[i] == y) && (p < 0 || r->p[i] == p) &&
         (group < 0 || r->group[i] == group);
  }
  return n;
}

static double over(double x, double y) {
  if (x == 0 && y == 0) return 0;
  if (y == 0) return x > 0 ? INFINITY : -INFINITY;
  return x / y;
}

static double minus(double x, double y) { return isinf(x) && isinf(y) && x == y ? 0 : x - y; }

#define N_A count(r, 0, -1, -1, -1)
#define N_D count(r, 1, -1, -1, -1)

static double probability(const rows *r, int d, int y) {
  return count(r, d, y, -1, -1) / count(r, d, -1, -1, -1);
}

static double literal_distance(const rows *r, wf_bias_metric metric) {
  double kl = 0, js = 0, ks = 0, squares = 0, sum = 0;
  int classes = 0;
  for (int y = 0; y < 2; y++) {
    if (count(r, 0, y, -1, -1) == 0 || count(r, 1, y, -1, -1) == 0) continue;
    double a = probability(r, 0, y), d = probability(r, 1, y), m = (a + d) / 2;
    classes++;
    kl += a * log(a / d);
    js += 0.5 * (a * log(a / m) + d * log(d / m));
    ks = fmax(ks, fabs(a - d));
    squares += pow(fabs(a - d), 2);
    sum += fabs(a - d);
  }
  if (classes == 0) return NAN;
  return metric == WF_BIAS_KL   ? kl
         : metric == WF_BIAS_JS ? js
         : metric == WF_BIAS_KS ? ks
         : metric == WF_BIAS_LP ? sqrt(squares)
                                : 0.5 * sum;
}

static double literal_cdd(const rows *r, bool predicted) {
  double sum = 0, n = 0;
#define ACCEPTED(d, g) (predicted ? count(r, d, -1, 1, g) : count(r, d, 1, -1, g))
#define REJECTED(d, g) (predicted ? count(r, d, -1, 0, g) : count(r, d, 0, -1, g))
  if (ACCEPTED(-1, -1) == 0 || REJECTED(-1, -1) == 0) return NAN;
  for (int g = 0; g < N_GROUPS; g++) {
    double rejected = REJECTED(-1, g) > 0 ? REJECTED(1, g) / REJECTED(-1, g) : 0;
    double accepted = ACCEPTED(-1, g) > 0 ? ACCEPTED(1, g) / ACCEPTED(-1, g) : 0;
    sum += count(r, -1, -1, -1, g) * (rejected - accepted);
    n += count(r, -1, -1, -1, g);
  }
#undef ACCEPTED
#undef REJECTED
  return over(sum, n);
}

static double literal_ge(const rows *r) {
  double mean = 0, sum = 0;
  if (r->n == 0) return NAN;
  for (size_t i = 0; i < r->n; i++) mean += (r->p[i] - r->y[i] + 1) / (double)r->n;
  if (mean == 0) return NAN;
  for (size_t i = 0; i < r->n; i++) sum += pow((r->p[i] - r->y[i] + 1) / mean, 2) - 1;
  return sum / (2 * (double)r->n);
}

/* NaN where an error is expected. */
static double literal(const rows *r, wf_bias_metric metric) {
  if (metric == WF_BIAS_GE) return literal_ge(r);
  if (metric == WF_BIAS_CDDL || metric == WF_BIAS_CDDPL)
    return literal_cdd(r, metric == WF_BIAS_CDDPL);
  if (N_A == 0 || N_D == 0) return NAN;
#define SIDE(d, y, p) count(r, d, y, p, -1)
  switch ((int)metric) {
  case WF_BIAS_CI: return (N_A - N_D) / (N_A + N_D);
  case WF_BIAS_DPL: return SIDE(0, 1, -1) / N_A - SIDE(1, 1, -1) / N_D;
  case WF_BIAS_DPPL: return SIDE(0, -1, 1) / N_A - SIDE(1, -1, 1) / N_D;
  case WF_BIAS_DI: return over(SIDE(1, -1, 1) / N_D, SIDE(0, -1, 1) / N_A);
  case WF_BIAS_AD:
    return (SIDE(0, 1, 1) + SIDE(0, 0, 0)) / N_A - (SIDE(1, 1, 1) + SIDE(1, 0, 0)) / N_D;
  case WF_BIAS_DAR:
    return over(SIDE(0, 1, 1), SIDE(0, -1, 1)) - over(SIDE(1, 1, 1), SIDE(1, -1, 1));
  case WF_BIAS_DCA:
    return minus(over(SIDE(0, 1, -1), SIDE(0, -1, 1)), over(SIDE(1, 1, -1), SIDE(1, -1, 1)));
  case WF_BIAS_DCR:
    return minus(over(SIDE(1, 0, -1), SIDE(1, -1, 0)), over(SIDE(0, 0, -1), SIDE(0, -1, 0)));
  case WF_BIAS_DRR:
    return over(SIDE(1, 0, 0), SIDE(1, -1, 0)) - over(SIDE(0, 0, 0), SIDE(0, -1, 0));
  case WF_BIAS_RD: return over(SIDE(0, 1, 1), SIDE(0, 1, -1)) - over(SIDE(1, 1, 1), SIDE(1, 1, -1));
  case WF_BIAS_SD: return over(SIDE(1, 0, 0), SIDE(1, 0, -1)) - over(SIDE(0, 0, 0), SIDE(0, 0, -1));
  case WF_BIAS_TE:
    return minus(over(SIDE(1, 1, 0), SIDE(1, 0, 1)), over(SIDE(0, 1, 0), SIDE(0, 0, 1)));
  default: return literal_distance(r, metric);
  }
#undef SIDE
}

static void fill(rows *r, wf_random *random) {
  double y = wf_random_unit(random), p = wf_random_unit(random), d = wf_random_unit(random);
  if (wf_random_below(random, 4) == 0) y = floor(y * 2.5); /* sometimes all or none */
  if (wf_random_below(random, 4) == 0) p = floor(p * 2.5);
  r->n = (size_t)wf_random_below(random, wf_random_below(random, 3) ? 12 : MOST + 1);
  for (size_t i = 0; i < r->n; i++) {
    r->y[i] = wf_random_unit(random) < y;
    r->p[i] = wf_random_unit(random) < p;
    r->d[i] = wf_random_unit(random) < d;
    r->group[i] = (int32_t)wf_random_below(random, N_GROUPS + 1) - 1;
  }
}

static wf_bias_cells count_rows(const rows *r, wf_bias_cells *by_group) {
  wf_bias_cells cells;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_bias_count(&cells, by_group, r->y, r->p, r->d, r->group, N_GROUPS, r->n, &err),
             err);
  return cells;
}

TEST(a_hundred_thousand_tables_equal_their_definition) {
  wf_random random;
  int mismatches = 0;
  wf_random_seed(&random, 2024, 0);
  for (int round = 0; round < 100000 && mismatches < 10; round++) {
    rows r;
    wf_bias_cells by_group[N_GROUPS];
    fill(&r, &random);
    wf_bias_cells cells = count_rows(&r, by_group);
    for (int m = 0; m < WF_BIAS_METRICS; m++) {
      double expected = literal(&r, (wf_bias_metric)m), actual = NAN;
      wf_status status =
          wf_bias_compute(&actual, (wf_bias_metric)m, &cells, by_group, N_GROUPS, NULL);
      bool good = isnan(expected) ? status == WF_INVALID
                                  : status == WF_OK &&
                                        (actual == expected || fabs(actual - expected) <=
                                                                   1e-12 * fmax(1, fabs(expected)));
      if (good) continue;
      test_fail(__FILE__, __LINE__, "table %d: %s is %.17g, expected %.17g", round,
                wf_bias_metric_name((wf_bias_metric)m), actual, expected);
      mismatches++;
    }
  }
}

/* --- what theory says ------------------------------------------------------------------------ */

static const wf_bias_metric antisymmetric[] = {WF_BIAS_CI,  WF_BIAS_DPL, WF_BIAS_DPPL, WF_BIAS_AD,
                                               WF_BIAS_DAR, WF_BIAS_DCA, WF_BIAS_DCR,  WF_BIAS_DRR,
                                               WF_BIAS_RD,  WF_BIAS_SD,  WF_BIAS_TE};
static const wf_bias_metric symmetric[] = {WF_BIAS_JS, WF_BIAS_KS, WF_BIAS_LP, WF_BIAS_TVD,
                                           WF_BIAS_GE};

static double value_of(wf_bias_metric metric, const wf_bias_cells *cells) {
  double value = NAN;
  wf_status status = wf_bias_compute(&value, metric, cells, cells, 1, NULL);
  return status == WF_OK ? value : NAN;
}

TEST(swapping_the_sides_and_doubling_the_rows) {
  wf_random random;
  wf_random_seed(&random, 2025, 0);
  for (int round = 0; round < 20000; round++) {
    rows r;
    wf_bias_cells by_group[N_GROUPS], swapped, doubled;
    fill(&r, &random);
    wf_bias_cells cells = count_rows(&r, by_group);
    for (int c = 0; c < 8; c++) {
      (&swapped.n[0][0][0])[c ^ 4] = (&cells.n[0][0][0])[c];
      (&doubled.n[0][0][0])[c] = 2 * (&cells.n[0][0][0])[c];
    }
    for (size_t m = 0; m < sizeof antisymmetric / sizeof *antisymmetric; m++) {
      CHECK_NEAR(value_of(antisymmetric[m], &swapped), -value_of(antisymmetric[m], &cells), 1e-14);
    }
    for (size_t m = 0; m < sizeof symmetric / sizeof *symmetric; m++) {
      CHECK_NEAR(value_of(symmetric[m], &swapped), value_of(symmetric[m], &cells), 1e-14);
    }
    double impact = value_of(WF_BIAS_DI, &cells), inverse = value_of(WF_BIAS_DI, &swapped);
    if (impact > 0 && isfinite(impact)) CHECK_NEAR(impact * inverse, 1, 1e-14);
    for (int m = 0; m < WF_BIAS_METRICS; m++) {
      CHECK_SAME(value_of((wf_bias_metric)m, &doubled), value_of((wf_bias_metric)m, &cells));
    }
  }
}
