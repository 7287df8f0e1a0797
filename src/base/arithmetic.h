/* base/arithmetic.h — what columns and expressions compute alike, and C's library does not have. */
#ifndef WF_BASE_ARITHMETIC_H
#define WF_BASE_ARITHMETIC_H

#include <math.h>

/* The remainder with the sign of the divisor, as in Lua. */
static inline double wf_modulo(double a, double b) {
  double rest = fmod(a, b);
  return rest * b < 0 ? rest + b : rest;
}

/* To the nearest multiple of 1 / scale, halves to the even one. */
static inline double wf_round_scaled(double x, double scale) {
  double scaled = x * scale;
  return isfinite(scaled) ? nearbyint(scaled) / scale : x;
}

#endif
