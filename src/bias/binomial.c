/* binomial.c — binomial draws in constant time.
 *
 * Few expected successes: inversion, one probability after the other. Otherwise Hörmann's
 * transformed rejection ("The generation of binomial random variates", J. Stat. Comput. Simul. 46,
 * 1993, algorithm BTRS), whose acceptance test compares exact probabilities through log-factorials.
 * A multinomial draw is a chain of binomial ones. */
#include "bias/binomial.h"

#include <math.h>

/* log(k!) minus Stirling's main part: tabled where the series is poor. */
static double stirling_rest(double k) {
  static const double table[] = {0.08106146679532726, 0.04134069595540929, 0.02767792568499834,
                                 0.02079067210376509, 0.01664469118982119, 0.01387612882307075,
                                 0.01189670994589177, 0.01041126526197209, 0.009255462182712733,
                                 0.008330563433362871};
  if (k < 10) return table[(int)k];
  double next = k + 1, square = next * next;
  return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / next;
}

/* For n * p < 10 and p <= 1/2. */
static uint64_t draw_by_inversion(wf_random *random, uint64_t n, double p) {
  double odds = p / (1 - p), probability = exp((double)n * log1p(-p));
  double left = wf_random_unit(random);
  uint64_t k = 0;
  while (left > probability && k < n) {
    left -= probability;
    k++;
    probability *= odds * (double)(n - k + 1) / (double)k;
  }
  return k;
}

/* For n * p >= 10 and p <= 1/2; names as in the paper. */
static uint64_t draw_by_rejection(wf_random *random, double n, double p) {
  double r = p / (1 - p), spread = sqrt(n * p * (1 - p));
  double b = 1.15 + 2.53 * spread, a = -0.0873 + 0.0248 * b + 0.01 * p, c = n * p + 0.5;
  double v_r = 0.92 - 4.2 / b, alpha = (2.83 + 5.1 / b) * spread, m = floor((n + 1) * p);
  for (;;) {
    double u = wf_random_unit(random) - 0.5, v = wf_random_unit(random);
    double us = 0.5 - fabs(u), k = floor((2 * a / us + b) * u + c);
    if (us >= 0.07 && v <= v_r) return (uint64_t)k;
    if (!(k >= 0 && k <= n)) continue;
    v = log(v * alpha / (a / (us * us) + b));
    double limit = (m + 0.5) * log((m + 1) / (r * (n - m + 1))) +
                   (n + 1) * log((n - m + 1) / (n - k + 1)) +
                   (k + 0.5) * log(r * (n - k + 1) / (k + 1)) + stirling_rest(m) +
                   stirling_rest(n - m) - stirling_rest(k) - stirling_rest(n - k);
    if (v <= limit) return (uint64_t)k;
  }
}

uint64_t wf_binomial(wf_random *random, uint64_t n, double p) {
  if (n == 0 || p <= 0) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - wf_binomial(random, n, 1 - p);
  if ((double)n * p < 10) return draw_by_inversion(random, n, p);
  return draw_by_rejection(random, (double)n, p);
}

void wf_multinomial(wf_random *random, uint64_t n, const double *counts, double total,
                    size_t n_cells, double *out) {
  double left = total;
  for (size_t i = 0; i < n_cells; i++) {
    uint64_t drawn = wf_binomial(random, n, counts[i] >= left ? 1 : counts[i] / left);
    out[i] = (double)drawn;
    n -= drawn;
    left -= counts[i];
  }
}
