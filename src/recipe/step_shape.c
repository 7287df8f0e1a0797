/* step_shape.c — numbers given another distribution: their place among the training data, and a
 * power that makes them most normal. What is missing stays so. */
#include "base/alloc.h"
#include "base/error.h"
#include "recipe/step.h"
#include "recipe/unseen.h"

#include <math.h>
#include <string.h>

enum { MOST_KNOTS = 1 << 16 };

/* ---- quantile ---------------------------------------------------------------------------------
 *
 * Knot i of n is the quantile at i / (n - 1). Between knots the place is interpolated; where knots
 * are equal it is the middle of theirs. */

typedef struct quantile {
  wf_step base;
  size_t n;      /* knots, or how many are to be learned */
  double *knots; /* ascending; NULL: to be learned */
} quantile;

wf_status wf_step_new_quantile(wf_step **out, double *knots, size_t n, wf_error *err) {
  quantile *self = wf_step_new(&wf_step_quantile_kind, sizeof *self);
  if (!self) {
    wf_free(knots);
    return wf_fail_nomem(err);
  }
  self->knots = knots;
  self->n = n;
  *out = &self->base;
  return WF_OK;
}

static wf_status fit_quantile(wf_step **out, wf_step *declared, const wf_sample *sample,
                              wf_error *err) {
  const quantile *self = (const quantile *)declared;
  WF_TRY(wf_step_sort_sample(sample, "quantile", err));
  size_t n = self->n < sample->n_present ? self->n : sample->n_present;
  double *knots = wf_alloc_array(n, sizeof *knots);
  if (!knots) return wf_fail_nomem(err);
  for (size_t i = 0; i < n; i++) {
    size_t last = sample->n_present - 1, share = n > 1 ? i * last : 0, parts = n > 1 ? n - 1 : 1;
    const double *at = sample->numbers + share / parts; /* a knot that is a value is it exactly */
    double behind = (double)(share % parts) / (double)parts;
    knots[i] = behind > 0 ? at[0] + (at[1] - at[0]) * behind : at[0];
  }
  return wf_step_new_quantile(out, knots, n, err);
}

/* How many knots are below x, or not above it. */
static size_t count_knots(const quantile *self, double x, bool equal) {
  size_t low = 0, high = self->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    bool before = equal ? self->knots[middle] <= x : self->knots[middle] < x;
    if (before)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static double place_of(const quantile *self, double x) {
  if (x <= self->knots[0]) return 0;
  if (x >= self->knots[self->n - 1]) return 1;
  size_t below = count_knots(self, x, false), upto = count_knots(self, x, true);
  double last = (double)(self->n - 1);
  if (below < upto) return ((double)below + (double)(upto - 1)) / 2 / last;
  double low = self->knots[below - 1], high = self->knots[below];
  return ((double)(below - 1) + (x - low) / (high - low)) / last;
}

static wf_status map_quantile(const wf_step *step, wf_cell *cell, wf_error *err) {
  (void)err;
  if (cell->kind == WF_CELL_NUMBER) cell->number = place_of((const quantile *)step, cell->number);
  return WF_OK;
}

static void format_quantile(const wf_step *step, wf_bytes *json) {
  const quantile *self = (const quantile *)step;
  if (self->knots)
    wf_step_format_numbers(json, "knots", self->knots, self->n);
  else
    wf_step_format_number(json, "n", (double)self->n);
}

static wf_status parse_knots(wf_step **out, const json_t *object, const char *what, wf_error *err) {
  double *knots;
  size_t n;
  WF_TRY(wf_step_parse_numbers(&knots, &n, object, "knots", what, err));
  bool ascending = n > 0;
  for (size_t i = 1; i < n; i++) ascending = ascending && knots[i] >= knots[i - 1];
  if (ascending) return wf_step_new_quantile(out, knots, n, err);
  wf_free(knots);
  return wf_fail(err, WF_PARSE, "%s: \"knots\" are none, or not ascending", what);
}

static wf_status parse_quantile(wf_step **out, const json_t *object, bool fitted, const char *what,
                                wf_error *err) {
  static const char *const learned[] = {"knots", NULL}, *const declared[] = {"n", NULL};
  WF_TRY(wf_step_check_keys(object, fitted ? learned : declared, what, err));
  if (fitted) return parse_knots(out, object, what, err);
  int64_t n;
  WF_TRY(wf_json_get_integer(&n, object, "n", what, err));
  if (n < 2 || n > MOST_KNOTS) {
    return wf_fail(err, WF_PARSE, "%s: \"n\" is not from 2 to %d", what, (int)MOST_KNOTS);
  }
  return wf_step_new_quantile(out, NULL, (size_t)n, err);
}

static void dispose_quantile(wf_step *step) { wf_free(((quantile *)step)->knots); }

const wf_step_kind wf_step_quantile_kind = {
    .name = "quantile",
    .fit = fit_quantile,
    .map = map_quantile,
    .format = format_quantile,
    .parse = parse_quantile,
    .dispose = dispose_quantile,
};

/* ---- power: Yeo and Johnson (2000) ------------------------------------------------------------
 */

typedef struct power {
  wf_step base;
  double lambda; /* NaN: to be learned */
} power;

wf_status wf_step_new_power(wf_step **out, double lambda, wf_error *err) {
  power *self = wf_step_new(&wf_step_power, sizeof *self);
  if (!self) return wf_fail_nomem(err);
  self->lambda = lambda;
  *out = &self->base;
  return WF_OK;
}

/* ((1 + x)^exponent - 1) / exponent for x not below 0. */
static double raise(double x, double exponent) {
  double log = log1p(x);
  return fabs(exponent) < 1e-12 ? log : expm1(exponent * log) / exponent;
}

static double transform(double x, double lambda) {
  return x >= 0 ? raise(x, lambda) : -raise(-x, 2 - lambda);
}

/* The logarithm of the likelihood of a normal distribution of the transformed values. */
static double likelihood(const double *values, size_t n, double lambda) {
  double sum = 0, squares = 0, logs = 0;
  for (size_t i = 0; i < n; i++) sum += transform(values[i], lambda);
  double mean = sum / (double)n;
  for (size_t i = 0; i < n; i++) {
    double apart = transform(values[i], lambda) - mean;
    squares += apart * apart;
    logs += copysign(log1p(fabs(values[i])), values[i]);
  }
  double result = -(double)n / 2 * log(squares / (double)n) + (lambda - 1) * logs;
  return isnan(result) ? (double)-INFINITY : result;
}

/* By golden section: the likelihood has one summit. */
static double likeliest(const double *values, size_t n) {
  const double part = 0.6180339887498949;
  double low = -8, high = 10, a = high - part * (high - low), b = low + part * (high - low);
  double at_a = likelihood(values, n, a), at_b = likelihood(values, n, b);
  while (high - low > 1e-8) {
    if (at_a >= at_b) {
      high = b;
      b = a;
      at_b = at_a;
      a = high - part * (high - low);
      at_a = likelihood(values, n, a);
    } else {
      low = a;
      a = b;
      at_a = at_b;
      b = low + part * (high - low);
      at_b = likelihood(values, n, b);
    }
  }
  return (low + high) / 2;
}

static wf_status fit_power(wf_step **out, wf_step *declared, const wf_sample *sample,
                           wf_error *err) {
  (void)declared;
  WF_TRY(wf_step_sort_sample(sample, "power", err));
  const double *sorted = sample->numbers;
  size_t n = sample->n_present;
  double lambda = sorted[0] < sorted[n - 1] ? likeliest(sorted, n) : 1; /* 1: as it is */
  return wf_step_new_power(out, lambda, err);
}

static wf_status map_power(const wf_step *step, wf_cell *cell, wf_error *err) {
  (void)err;
  if (cell->kind != WF_CELL_NUMBER) return WF_OK;
  cell->number = transform(cell->number, ((const power *)step)->lambda);
  if (!isfinite(cell->number)) *cell = (wf_cell){.kind = WF_CELL_MISSING};
  return WF_OK;
}

static void format_power(const wf_step *step, wf_bytes *json) {
  double lambda = ((const power *)step)->lambda;
  if (!isnan(lambda)) wf_step_format_number(json, "lambda", lambda);
}

static wf_status parse_power(wf_step **out, const json_t *object, bool fitted, const char *what,
                             wf_error *err) {
  static const char *const learned[] = {"lambda", NULL}, *const none[] = {NULL};
  double lambda = (double)NAN;
  WF_TRY(wf_step_check_keys(object, fitted ? learned : none, what, err));
  if (fitted) WF_TRY(wf_step_parse_number(&lambda, object, "lambda", true, what, err));
  return wf_step_new_power(out, lambda, err);
}

static void dispose_power(wf_step *step) { (void)step; }

const wf_step_kind wf_step_power = {
    .name = "power",
    .fit = fit_power,
    .map = map_power,
    .format = format_power,
    .parse = parse_power,
    .dispose = dispose_power,
};
