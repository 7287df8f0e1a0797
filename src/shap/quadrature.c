/* quadrature.c — Gauss-Legendre points and weights on [0, 1], by Newton's method on the three-term
 * recurrence; symmetric by construction, so that weights and points pair up exactly. */
#include "shap/plan.h"

#include <math.h>

/* P_n(x) and its derivative. */
static double legendre(size_t n, double x, double *slope) {
  double before = 1, at = x;
  for (size_t k = 2; k <= n; k++) {
    double next = ((double)(2 * k - 1) * x * at - (double)(k - 1) * before) / (double)k;
    before = at;
    at = next;
  }
  *slope = (double)n * (x * at - before) / (x * x - 1);
  return at;
}

void wf_shap_rule_init(wf_shap_rule *rule, size_t n_points) {
  for (size_t i = 0; i < (n_points + 1) / 2; i++) {
    double x = cos(M_PI * ((double)i + 0.75) / ((double)n_points + 0.5)), slope = 1;
    for (int step = 0; step < 100; step++) {
      double change = legendre(n_points, x, &slope) / slope;
      x -= change;
      if (fabs(change) < 1e-16) break;
    }
    if (2 * i + 1 == n_points) x = 0;
    legendre(n_points, x, &slope);
    double weight = 1 / ((1 - x * x) * slope * slope);
    rule->points[i] = (1 - x) / 2;
    rule->points[n_points - 1 - i] = (1 + x) / 2;
    rule->weights[i] = rule->weights[n_points - 1 - i] = weight;
  }
}
