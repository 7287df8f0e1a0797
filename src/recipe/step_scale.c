/* step_scale.c — numbers to numbers by a formula: scale, clip, log. What is missing stays so. */
#include "base/error.h"
#include "recipe/step.h"
#include "recipe/unseen.h"

#include <math.h>

static void dispose(wf_step *step) { (void)step; }

/* ---- scale ----------------------------------------------------------------------------------- */

typedef struct scale {
  wf_step base;
  wf_scale how;
  double center, spread; /* NaN: to be learned */
} scale;

static const char *const scale_names[] = {"standard", "minmax", "robust", NULL};

wf_status wf_step_new_scale(wf_step **out, wf_scale how, double center, double spread,
                            wf_error *err) {
  scale *self = wf_step_new(&wf_step_scale, sizeof *self);
  if (!self) return wf_fail_nomem(err);
  self->how = how;
  self->center = center;
  self->spread = spread;
  *out = &self->base;
  return WF_OK;
}

/* Of sorted values: adding from the least on loses least. */
static void mean_and_deviation(const double *values, size_t n, double *mean, double *deviation) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < n; i++) sum += values[i];
  *mean = sum / (double)n;
  for (size_t i = 0; i < n; i++) squares += (values[i] - *mean) * (values[i] - *mean);
  *deviation = sqrt(squares / (double)n);
}

static wf_status fit_scale(wf_step **out, wf_step *declared, const wf_sample *sample,
                           wf_error *err) {
  const scale *self = (const scale *)declared;
  WF_TRY(wf_step_sort_sample(sample, "scale", err));
  const double *sorted = sample->numbers;
  size_t n = sample->n_present;
  double center = sorted[0], spread = sorted[n - 1] - sorted[0];
  if (self->how == WF_SCALE_STANDARD) mean_and_deviation(sorted, n, &center, &spread);
  if (self->how == WF_SCALE_ROBUST) {
    center = wf_step_quantile(sorted, n, 0.5);
    spread = wf_step_quantile(sorted, n, 0.75) - wf_step_quantile(sorted, n, 0.25);
  }
  if (!isfinite(center) || !isfinite(spread)) {
    return wf_fail(err, WF_INVALID, "scale of column '%s': its values are too far apart",
                   sample->column);
  }
  return wf_step_new_scale(out, self->how, center, spread > 0 ? spread : 1, err);
}

static wf_status map_scale(const wf_step *step, wf_cell *cell, wf_error *err) {
  const scale *self = (const scale *)step;
  (void)err;
  if (cell->kind == WF_CELL_NUMBER) cell->number = (cell->number - self->center) / self->spread;
  return WF_OK;
}

static void format_scale(const wf_step *step, wf_bytes *json) {
  const scale *self = (const scale *)step;
  wf_bytes_format(json, ", \"how\": \"%s\"", scale_names[self->how]);
  if (isnan(self->center)) return;
  wf_step_format_number(json, "center", self->center);
  wf_step_format_number(json, "spread", self->spread);
}

static wf_status parse_scale(wf_step **out, const json_t *object, bool fitted, const char *what,
                             wf_error *err) {
  static const char *const declared[] = {"how", NULL}, *const all[] = {"how", "center", "spread",
                                                                       NULL};
  WF_TRY(wf_step_check_keys(object, fitted ? all : declared, what, err));
  int how;
  double center, spread;
  WF_TRY(wf_step_parse_choice(&how, object, "how", scale_names, what, err));
  WF_TRY(wf_step_parse_number(&center, object, "center", fitted, what, err));
  WF_TRY(wf_step_parse_number(&spread, object, "spread", fitted, what, err));
  if (fitted && !(spread > 0)) return wf_fail(err, WF_PARSE, "%s: \"spread\" is not above 0", what);
  return wf_step_new_scale(out, (wf_scale)how, center, spread, err);
}

const wf_step_kind wf_step_scale = {
    .name = "scale",
    .fit = fit_scale,
    .map = map_scale,
    .format = format_scale,
    .parse = parse_scale,
    .dispose = dispose,
};

/* ---- clip ------------------------------------------------------------------------------------ */

typedef struct clip {
  wf_step base;
  double low, high; /* NaN: no bound */
  double quantile;  /* NaN: the bounds are given or learned */
} clip;

wf_status wf_step_new_clip(wf_step **out, double low, double high, double quantile, wf_error *err) {
  clip *self = wf_step_new(&wf_step_clip, sizeof *self);
  if (!self) return wf_fail_nomem(err);
  self->low = low;
  self->high = high;
  self->quantile = quantile;
  *out = &self->base;
  return WF_OK;
}

static wf_status fit_clip(wf_step **out, wf_step *declared, const wf_sample *sample,
                          wf_error *err) {
  const clip *self = (const clip *)declared;
  if (isnan(self->quantile)) {
    *out = wf_step_retain(declared);
    return WF_OK;
  }
  WF_TRY(wf_step_sort_sample(sample, "clip", err));
  double low = wf_step_quantile(sample->numbers, sample->n_present, self->quantile);
  double high = wf_step_quantile(sample->numbers, sample->n_present, 1 - self->quantile);
  return wf_step_new_clip(out, low, high, (double)NAN, err);
}

static wf_status map_clip(const wf_step *step, wf_cell *cell, wf_error *err) {
  const clip *self = (const clip *)step;
  (void)err;
  if (cell->kind != WF_CELL_NUMBER) return WF_OK;
  if (cell->number < self->low) cell->number = self->low;
  if (cell->number > self->high) cell->number = self->high;
  return WF_OK;
}

static void format_clip(const wf_step *step, wf_bytes *json) {
  const clip *self = (const clip *)step;
  if (!isnan(self->low)) wf_step_format_number(json, "low", self->low);
  if (!isnan(self->high)) wf_step_format_number(json, "high", self->high);
  if (!isnan(self->quantile)) wf_step_format_number(json, "quantile", self->quantile);
}

static wf_status parse_clip(wf_step **out, const json_t *object, bool fitted, const char *what,
                            wf_error *err) {
  static const char *const bounds[] = {"low", "high", NULL}, *const all[] = {"low", "high",
                                                                             "quantile", NULL};
  WF_TRY(wf_step_check_keys(object, fitted ? bounds : all, what, err));
  double low, high, quantile;
  WF_TRY(wf_step_parse_number(&low, object, "low", false, what, err));
  WF_TRY(wf_step_parse_number(&high, object, "high", false, what, err));
  WF_TRY(wf_step_parse_number(&quantile, object, "quantile", false, what, err));
  if (low > high || !(isnan(quantile) || (quantile > 0 && quantile < 0.5))) {
    return wf_fail(err, WF_PARSE,
                   "%s: \"low\" above \"high\", or \"quantile\" not within 0 and 0.5", what);
  }
  return wf_step_new_clip(out, low, high, quantile, err);
}

const wf_step_kind wf_step_clip = {
    .name = "clip",
    .fit = fit_clip,
    .map = map_clip,
    .format = format_clip,
    .parse = parse_clip,
    .dispose = dispose,
};

/* ---- log ------------------------------------------------------------------------------------- */

wf_status wf_step_new_log(wf_step **out, wf_error *err) {
  wf_step *self = wf_step_new(&wf_step_log, sizeof *self);
  if (!self) return wf_fail_nomem(err);
  *out = self;
  return WF_OK;
}

static wf_status fit_log(wf_step **out, wf_step *declared, const wf_sample *sample, wf_error *err) {
  (void)sample, (void)err;
  *out = wf_step_retain(declared);
  return WF_OK;
}

static wf_status map_log(const wf_step *step, wf_cell *cell, wf_error *err) {
  (void)step, (void)err;
  if (cell->kind != WF_CELL_NUMBER) return WF_OK;
  if (cell->number > -1)
    cell->number = log1p(cell->number);
  else
    *cell = (wf_cell){.kind = WF_CELL_MISSING};
  return WF_OK;
}

static void format_log(const wf_step *step, wf_bytes *json) { (void)step, (void)json; }

static wf_status parse_log(wf_step **out, const json_t *object, bool fitted, const char *what,
                           wf_error *err) {
  static const char *const none[] = {NULL};
  (void)fitted;
  WF_TRY(wf_step_check_keys(object, none, what, err));
  return wf_step_new_log(out, err);
}

const wf_step_kind wf_step_log = {
    .name = "log",
    .fit = fit_log,
    .map = map_log,
    .format = format_log,
    .parse = parse_log,
    .dispose = dispose,
};
