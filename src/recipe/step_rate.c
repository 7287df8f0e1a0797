/* step_rate.c — text to a number that the training rows of that text have in common: how frequent
 * it is, or the mean of the target. */
#include "base/alloc.h"
#include "base/error.h"
#include "frame/column.h"
#include "recipe/recipe.h"
#include "recipe/unseen.h"
#include "recipe/values.h"

#include <math.h>
#include <string.h>

typedef struct rate {
  wf_step base;
  char *target; /* NULL: frequency */
  double smoothing;
  wf_map *values;  /* NULL: to be learned */
  double *numbers; /* one for each value */
  double unseen;
} rate;

static wf_status new_rate(wf_step **out, const wf_step_kind *kind, const char *target,
                          double smoothing, wf_map *values, double *numbers, double unseen,
                          wf_error *err) {
  rate *self = wf_step_new(kind, sizeof *self);
  if (!self || (target && !(self->target = wf_strdup(target)))) {
    wf_map_free(values);
    wf_free(numbers);
    wf_step_release(self ? &self->base : NULL);
    return wf_fail_nomem(err);
  }
  self->smoothing = smoothing;
  self->values = values;
  self->numbers = numbers;
  self->unseen = unseen;
  *out = &self->base;
  return WF_OK;
}

wf_status wf_step_new_frequency(wf_step **out, wf_map *values, double *numbers, wf_error *err) {
  return new_rate(out, &wf_step_frequency, NULL, 0, values, numbers, 0, err);
}

wf_status wf_step_new_target(wf_step **out, const char *target, double smoothing, wf_map *values,
                             double *numbers, double mean, wf_error *err) {
  return new_rate(out, &wf_step_target, target, smoothing, values, numbers, mean, err);
}

/* ---- learning -------------------------------------------------------------------------------- */

/* Counts, and sums of the target where there is one, by text; in row order. */
static wf_status add_rows(const wf_sample *sample, const wf_map *values, const wf_column *target,
                          double *counts, double *sums, double *all, wf_error *err) {
  char scratch[WF_NUMBER_TEXT];
  for (size_t row = 0; row < sample->source->n_rows; row++) {
    wf_cell cell = wf_recipe_cell_at(sample->source, row);
    WF_TRY(wf_recipe_run_steps(sample->input, sample->n_steps, &cell, scratch, err));
    if (cell.kind != WF_CELL_TEXT || (target && !wf_column_present(target, row))) continue;
    ptrdiff_t index = wf_map_find(values, (wf_view){cell.text, cell.size});
    double number = 0;
    if (target) wf_column_load_f64(target, row, 1, &number);
    counts[index]++;
    sums[index] += number;
    all[0]++;
    all[1] += number;
  }
  return WF_OK;
}

static wf_status find_target(wf_column **out, const rate *self, const wf_sample *sample,
                             wf_error *err) {
  *out = NULL;
  if (!self->target) return WF_OK;
  WF_TRY(wf_frame_get(out, sample->frame, self->target, err));
  if (!wf_type_is_text((*out)->type)) return WF_OK;
  return wf_fail(err, WF_TYPE, "target of column '%s': '%s' is text, not a number", sample->column,
                 self->target);
}

static wf_status check_all(const rate *self, const wf_sample *sample, const double *all,
                           wf_error *err) {
  if (all[0] > 0 && isfinite(all[1])) return WF_OK;
  return wf_fail(err, WF_INVALID, "%s of column '%s': there is nothing to learn from",
                 self->base.kind->name, sample->column);
}

static wf_status fit(wf_step **out, wf_step *declared, const wf_sample *sample, wf_error *err) {
  const rate *self = (const rate *)declared;
  wf_column *target = NULL;
  wf_map *values = NULL;
  WF_TRY(find_target(&target, self, sample, err));
  WF_TRY(wf_values_sort(&values, sample->texts, err));
  size_t n = wf_map_count(values);
  double *counts = wf_alloc_zero(n, sizeof *counts), *sums = wf_alloc_zero(n, sizeof *sums);
  double all[2] = {0, 0};
  wf_status status = counts && sums ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) status = add_rows(sample, values, target, counts, sums, all, err);
  if (status == WF_OK) status = check_all(self, sample, all, err);
  if (status != WF_OK) {
    wf_map_free(values);
    wf_free(sums);
  } else {
    double mean = all[1] / all[0], m = self->smoothing;
    for (size_t i = 0; i < n; i++) {
      if (!target)
        sums[i] = counts[i] / all[0];
      else
        sums[i] = counts[i] + m > 0 ? (sums[i] + m * mean) / (counts[i] + m) : mean;
    }
    status = target ? wf_step_new_target(out, self->target, m, values, sums, mean, err)
                    : wf_step_new_frequency(out, values, sums, err);
  }
  wf_free(counts);
  return status;
}

static wf_status map(const wf_step *step, wf_cell *cell, wf_error *err) {
  const rate *self = (const rate *)step;
  (void)err;
  if (cell->kind == WF_CELL_MISSING) return WF_OK;
  ptrdiff_t index = wf_map_find(self->values, (wf_view){cell->text, cell->size});
  *cell =
      (wf_cell){.kind = WF_CELL_NUMBER, .number = index < 0 ? self->unseen : self->numbers[index]};
  return WF_OK;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void format(const wf_step *step, wf_bytes *json) {
  const rate *self = (const rate *)step;
  if (self->target) {
    wf_bytes_text(json, ", \"target\": ");
    wf_json_add_string(json, wf_view_of(self->target));
    wf_step_format_number(json, "smoothing", self->smoothing);
  }
  if (!self->values) return;
  if (self->target) wf_step_format_number(json, "mean", self->unseen);
  wf_bytes_text(json, ", \"values\": ");
  wf_values_format(self->values, json);
  wf_step_format_numbers(json, "numbers", self->numbers, wf_map_count(self->values));
}

static wf_status parse_learned(wf_map **values, double **numbers, const json_t *object,
                               const char *what, wf_error *err) {
  json_t *array;
  size_t n;
  WF_TRY(wf_json_get_array(&array, object, "values", what, err));
  WF_TRY(wf_step_parse_numbers(numbers, &n, object, "numbers", what, err));
  wf_status status = wf_values_parse(values, array, what, err);
  if (status == WF_OK && n != wf_map_count(*values)) {
    wf_map_free(*values);
    status = wf_fail(err, WF_PARSE, "%s: %zu \"numbers\" for %zu \"values\"", what, n,
                     json_array_size(array));
  }
  if (status != WF_OK) wf_free(*numbers);
  return status;
}

static wf_status parse_frequency(wf_step **out, const json_t *object, bool fitted, const char *what,
                                 wf_error *err) {
  static const char *const keys[] = {"values", "numbers", NULL}, *const none[] = {NULL};
  WF_TRY(wf_step_check_keys(object, fitted ? keys : none, what, err));
  wf_map *values = NULL;
  double *numbers = NULL;
  if (fitted) WF_TRY(parse_learned(&values, &numbers, object, what, err));
  return wf_step_new_frequency(out, values, numbers, err);
}

static wf_status parse_target(wf_step **out, const json_t *object, bool fitted, const char *what,
                              wf_error *err) {
  static const char *const keys[] = {"target", "smoothing", "mean", "values", "numbers", NULL};
  static const char *const declared[] = {"target", "smoothing", NULL};
  WF_TRY(wf_step_check_keys(object, fitted ? keys : declared, what, err));
  const char *target;
  double smoothing, mean;
  wf_map *values = NULL;
  double *numbers = NULL;
  WF_TRY(wf_json_get_string(&target, object, "target", what, err));
  WF_TRY(wf_step_parse_number(&smoothing, object, "smoothing", true, what, err));
  WF_TRY(wf_step_parse_number(&mean, object, "mean", fitted, what, err));
  if (smoothing < 0) return wf_fail(err, WF_PARSE, "%s: \"smoothing\" is below 0", what);
  if (fitted) WF_TRY(parse_learned(&values, &numbers, object, what, err));
  return wf_step_new_target(out, target, smoothing, values, numbers, mean, err);
}

static void dispose(wf_step *step) {
  rate *self = (rate *)step;
  wf_map_free(self->values);
  wf_free(self->numbers);
  wf_free(self->target);
}

const wf_step_kind wf_step_frequency = {
    .name = "frequency",
    .reads_text = true,
    .fit = fit,
    .map = map,
    .format = format,
    .parse = parse_frequency,
    .dispose = dispose,
};

const wf_step_kind wf_step_target = {
    .name = "target",
    .reads_text = true,
    .fit = fit,
    .map = map,
    .format = format,
    .parse = parse_target,
    .dispose = dispose,
};
