/* step_text.c — text to text: gaps filled, rare values made one. They stand before the step that
 * encodes the column, which learns from what they leave. */
#include "base/alloc.h"
#include "base/error.h"
#include "recipe/step.h"
#include "recipe/unseen.h"
#include "recipe/values.h"

#include <math.h>
#include <string.h>

static wf_cell text_cell(const char *text) {
  return (wf_cell){.kind = WF_CELL_TEXT, .text = text, .size = strlen(text)};
}

/* ---- impute_text ------------------------------------------------------------------------------
 */

typedef struct impute {
  wf_step base;
  char *value; /* NULL: the most frequent one is to be learned */
} impute;

wf_status wf_step_new_impute_text(wf_step **out, wf_view value, wf_error *err) {
  impute *self = wf_step_new(&wf_step_impute_text, sizeof *self);
  if (!self) return wf_fail_nomem(err);
  if (value.data && !(self->value = wf_strndup(value.data, value.size))) {
    wf_step_release(&self->base);
    return wf_fail_nomem(err);
  }
  *out = &self->base;
  return WF_OK;
}

/* The most frequent text; of several the first in byte order. */
static wf_status fit_impute(wf_step **out, wf_step *declared, const wf_sample *sample,
                            wf_error *err) {
  if (((const impute *)declared)->value) return *out = wf_step_retain(declared), WF_OK;
  wf_view best = {NULL, 0};
  size_t most = 0;
  for (size_t i = 0; i < wf_map_count(sample->texts); i++) {
    wf_view text = wf_map_key(sample->texts, i);
    size_t count = sample->counts.items[i];
    if (count < most || (count == most && wf_values_order(text, best) >= 0)) continue;
    best = text;
    most = count;
  }
  if (most == 0) {
    return wf_fail(err, WF_INVALID,
                   "impute of column '%s': every value is missing, so it has no mode",
                   sample->column);
  }
  if (!wf_text_is_plain(best)) {
    return wf_fail(err, WF_INVALID, "impute of column '%s': its mode is not valid UTF-8 text",
                   sample->column);
  }
  return wf_step_new_impute_text(out, best, err);
}

static wf_status map_impute(const wf_step *step, wf_cell *cell, wf_error *err) {
  (void)err;
  if (cell->kind == WF_CELL_MISSING) *cell = text_cell(((const impute *)step)->value);
  return WF_OK;
}

static void format_impute(const wf_step *step, wf_bytes *json) {
  const impute *self = (const impute *)step;
  if (!self->value) return;
  wf_bytes_text(json, ", \"value\": ");
  wf_json_add_string(json, wf_view_of(self->value));
}

static wf_status parse_impute(wf_step **out, const json_t *object, bool fitted, const char *what,
                              wf_error *err) {
  static const char *const keys[] = {"value", NULL};
  WF_TRY(wf_step_check_keys(object, keys, what, err));
  const char *value = NULL;
  if (fitted || json_object_get(object, "value")) {
    WF_TRY(wf_json_get_string(&value, object, "value", what, err));
  }
  return wf_step_new_impute_text(out, value ? wf_view_of(value) : (wf_view){NULL, 0}, err);
}

static void dispose_impute(wf_step *step) { wf_free(((impute *)step)->value); }

const wf_step_kind wf_step_impute_text = {
    .name = "impute_text",
    .reads_text = true,
    .makes_text = true,
    .fit = fit_impute,
    .map = map_impute,
    .format = format_impute,
    .parse = parse_impute,
    .dispose = dispose_impute,
};

/* ---- rare -------------------------------------------------------------------------------------
 */

typedef struct rare {
  wf_step base;
  double least, share; /* what a text must reach to be kept */
  char *name;          /* what the others become */
  wf_map *kept;        /* NULL: to be learned */
} rare;

wf_status wf_step_new_rare(wf_step **out, double least, double share, const char *name,
                           wf_map *kept, wf_error *err) {
  rare *self = wf_step_new(&wf_step_rare, sizeof *self);
  if (!self || !(self->name = wf_strdup(name))) {
    wf_map_free(kept);
    wf_step_release(self ? &self->base : NULL);
    return wf_fail_nomem(err);
  }
  self->least = least;
  self->share = share;
  self->kept = kept;
  *out = &self->base;
  return WF_OK;
}

static wf_status keep_frequent(wf_map *kept, const rare *self, const wf_sample *sample,
                               wf_error *err) {
  double least = fmax(self->least, self->share * (double)sample->n_present);
  for (size_t i = 0; i < wf_map_count(sample->texts); i++) {
    wf_view text = wf_map_key(sample->texts, i);
    size_t index;
    if ((double)sample->counts.items[i] < least) continue;
    if (!wf_text_is_plain(text)) {
      return wf_fail(err, WF_INVALID, "rare of column '%s': a value is not valid UTF-8 text",
                     sample->column);
    }
    WF_TRY(wf_map_add(kept, text, &index, NULL, err));
  }
  return WF_OK;
}

static wf_status fit_rare(wf_step **out, wf_step *declared, const wf_sample *sample,
                          wf_error *err) {
  const rare *self = (const rare *)declared;
  wf_map *kept = NULL, *sorted = NULL;
  wf_status status = wf_map_new(&kept, err);
  if (status == WF_OK) status = keep_frequent(kept, self, sample, err);
  if (status == WF_OK) status = wf_values_sort(&sorted, kept, err);
  wf_map_free(kept);
  if (status != WF_OK) return status;
  return wf_step_new_rare(out, self->least, self->share, self->name, sorted, err);
}

static wf_status map_rare(const wf_step *step, wf_cell *cell, wf_error *err) {
  const rare *self = (const rare *)step;
  (void)err;
  if (cell->kind != WF_CELL_TEXT) return WF_OK;
  if (wf_map_find(self->kept, (wf_view){cell->text, cell->size}) < 0) *cell = text_cell(self->name);
  return WF_OK;
}

static void format_rare(const wf_step *step, wf_bytes *json) {
  const rare *self = (const rare *)step;
  wf_step_format_number(json, "least", self->least);
  wf_step_format_number(json, "share", self->share);
  wf_bytes_text(json, ", \"name\": ");
  wf_json_add_string(json, wf_view_of(self->name));
  if (!self->kept) return;
  wf_bytes_text(json, ", \"values\": ");
  wf_values_format(self->kept, json);
}

static wf_status parse_kept(wf_map **out, const json_t *object, const char *what, wf_error *err) {
  json_t *array;
  WF_TRY(wf_json_get_array(&array, object, "values", what, err));
  if (json_array_size(array) == 0) return wf_map_new(out, err); /* all are rare */
  return wf_values_parse(out, array, what, err);
}

static wf_status parse_rare(wf_step **out, const json_t *object, bool fitted, const char *what,
                            wf_error *err) {
  static const char *const all[] = {"least", "share", "name", "values", NULL};
  static const char *const declared[] = {"least", "share", "name", NULL};
  WF_TRY(wf_step_check_keys(object, fitted ? all : declared, what, err));
  double least, share;
  const char *name;
  wf_map *kept = NULL;
  WF_TRY(wf_step_parse_number(&least, object, "least", true, what, err));
  WF_TRY(wf_step_parse_number(&share, object, "share", true, what, err));
  WF_TRY(wf_json_get_string(&name, object, "name", what, err));
  if (!(least >= 0 && share >= 0 && share <= 1)) {
    return wf_fail(err, WF_PARSE, "%s: \"least\" is below 0, or \"share\" not from 0 to 1", what);
  }
  if (fitted) WF_TRY(parse_kept(&kept, object, what, err));
  return wf_step_new_rare(out, least, share, name, kept, err);
}

static void dispose_rare(wf_step *step) {
  wf_map_free(((rare *)step)->kept);
  wf_free(((rare *)step)->name);
}

const wf_step_kind wf_step_rare = {
    .name = "rare",
    .reads_text = true,
    .makes_text = true,
    .fit = fit_rare,
    .map = map_rare,
    .format = format_rare,
    .parse = parse_rare,
    .dispose = dispose_rare,
};
