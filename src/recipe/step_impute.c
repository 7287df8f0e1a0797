/* step_impute.c — a number in place of a missing one: the training data's mean, median or most
 * frequent value, or a constant. */
#include "base/number.h"
#include "frame/order.h"
#include "recipe/step.h"
#include "recipe/unseen.h"

#include <math.h>
#include <string.h>

typedef struct impute {
  wf_step base;
  wf_impute how;
  double value; /* NaN: to be learned */
} impute;

static const char *const how_names[] = {"mean", "median", "mode", "constant"};

wf_status wf_step_new_impute(wf_step **out, wf_impute how, double constant, wf_error *err) {
  impute *self = wf_step_new(&wf_step_impute, sizeof *self);
  if (!self) return wf_fail_nomem(err);
  self->how = how;
  self->value = constant == 0 ? 0 : constant; /* never -0: its text would read back as 0 */
  *out = &self->base;
  return WF_OK;
}

/* Compensated (Neumaier), so that the order of magnitude of single values costs no digits. */
static double mean_of(const double *values, size_t n) {
  double sum = 0, lost = 0;
  for (size_t i = 0; i < n; i++) {
    double next = sum + values[i];
    lost += fabs(sum) >= fabs(values[i]) ? (sum - next) + values[i] : (values[i] - next) + sum;
    sum = next;
  }
  return (isfinite(lost) ? sum + lost : sum) / (double)n;
}

/* Half of each, so that two large values do not overflow. */
static double median_of(const double *sorted, size_t n) {
  return n % 2 ? sorted[n / 2] : sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
}

/* The smallest of the most frequent values. */
static double mode_of(const double *sorted, size_t n) {
  double best = sorted[0];
  size_t best_count = 0;
  for (size_t i = 0; i < n;) {
    size_t end = i + 1;
    while (end < n && sorted[end] == sorted[i]) end++;
    if (end - i > best_count) {
      best_count = end - i;
      best = sorted[i];
    }
    i = end;
  }
  return best;
}

static wf_status learn(double *out, wf_impute how, const wf_sample *sample, wf_error *err) {
  size_t n = sample->n_present;
  if (n == 0) {
    return wf_fail(err, WF_INVALID,
                   "impute of column '%s': every value is missing, so it has no "
                   "%s",
                   sample->column, how_names[how]);
  }
  double value;
  if (how == WF_IMPUTE_MEAN) {
    value = mean_of(sample->numbers, n);
  } else {
    WF_TRY(wf_sort_numbers(sample->numbers, n, err));
    value = how == WF_IMPUTE_MEDIAN ? median_of(sample->numbers, n) : mode_of(sample->numbers, n);
  }
  if (!isfinite(value)) {
    return wf_fail(err, WF_INVALID, "impute of column '%s': its %s is not a finite number",
                   sample->column, how_names[how]);
  }
  *out = value;
  return WF_OK;
}

static wf_status fit(wf_step **out, wf_step *declared, const wf_sample *sample, wf_error *err) {
  const impute *self = (const impute *)declared;
  if (self->how == WF_IMPUTE_CONSTANT) {
    *out = wf_step_retain(declared);
    return WF_OK;
  }
  double value = 0;
  WF_TRY(learn(&value, self->how, sample, err));
  return wf_step_new_impute(out, self->how, value, err);
}

bool wf_step_imputes_mode(const wf_step *step) {
  return ((const impute *)step)->how == WF_IMPUTE_MODE;
}

static wf_status map(const wf_step *step, wf_cell *cell, wf_error *err) {
  (void)err;
  if (cell->kind == WF_CELL_MISSING) {
    *cell = (wf_cell){.kind = WF_CELL_NUMBER, .number = ((const impute *)step)->value};
  }
  return WF_OK;
}

static void format(const wf_step *step, wf_bytes *json) {
  const impute *self = (const impute *)step;
  wf_bytes_format(json, ", \"how\": \"%s\"", how_names[self->how]);
  if (isnan(self->value)) return;
  char text[WF_NUMBER_TEXT];
  wf_format_f64(text, self->value);
  wf_bytes_format(json, ", \"value\": %s", text);
}

static wf_status parse_how(wf_impute *out, const json_t *object, const char *what, wf_error *err) {
  const char *name;
  WF_TRY(wf_json_get_string(&name, object, "how", what, err));
  for (size_t i = 0; i < sizeof how_names / sizeof *how_names; i++) {
    if (strcmp(name, how_names[i]) == 0) {
      *out = (wf_impute)i;
      return WF_OK;
    }
  }
  return wf_fail(err, WF_PARSE, "%s: \"how\" is '%.40s', not mean, median, mode or constant", what,
                 name);
}

static wf_status parse(wf_step **out, const json_t *object, bool fitted, const char *what,
                       wf_error *err) {
  static const char *const keys[] = {"how", "value", NULL};
  WF_TRY(wf_step_check_keys(object, keys, what, err));
  wf_impute how = WF_IMPUTE_CONSTANT;
  WF_TRY(parse_how(&how, object, what, err));
  double value = (double)NAN;
  if (fitted || how == WF_IMPUTE_CONSTANT) {
    WF_TRY(wf_json_get_number(&value, object, "value", what, err));
    if (!isfinite(value)) return wf_fail(err, WF_PARSE, "%s: \"value\" is not finite", what);
  } else if (json_object_get(object, "value")) {
    return wf_fail(err, WF_PARSE, "%s: \"value\" belongs to a fitted recipe", what);
  }
  return wf_step_new_impute(out, how, value, err);
}

static void dispose(wf_step *step) { (void)step; }

const wf_step_kind wf_step_impute = {
    .name = "impute",
    .fit = fit,
    .map = map,
    .format = format,
    .parse = parse,
    .dispose = dispose,
};
