/* step_one_hot.c — text to one indicator feature per category.
 *
 * The categories are given, or those of the training data in byte order, so that neither the order
 * of rows nor the way a column is stored matters. When missing values count as a category, that
 * category is learned only if the training data have missing values (or that text). */
#include "base/alloc.h"
#include "recipe/step.h"
#include "recipe/unseen.h"
#include "recipe/values.h"

#include <string.h>

/* More categories than this are hardly ever meant: identifiers, free text. Giving the values by
 * hand lifts the limit. */
enum { MAX_LEARNED = 1024 };

typedef struct one_hot {
  wf_step base;
  wf_map *values; /* NULL: to be learned */
  char *missing;  /* the category missing values count as, or NULL */
  ptrdiff_t missing_index;
  wf_unseen unseen;
} one_hot;

wf_status wf_step_new_one_hot(wf_step **out, wf_map *values, const char *missing, wf_unseen unseen,
                              wf_error *err) {
  one_hot *self = wf_step_new(&wf_step_one_hot, sizeof *self);
  if (!self) {
    wf_map_free(values);
    return wf_fail_nomem(err);
  }
  self->values = values;
  self->unseen = unseen;
  self->missing_index = -1;
  if (missing) {
    self->missing = wf_strdup(missing);
    if (!self->missing) {
      wf_step_release(&self->base);
      return wf_fail_nomem(err);
    }
    if (values) self->missing_index = wf_map_find(values, wf_view_of(missing));
  }
  *out = &self->base;
  return WF_OK;
}

static wf_status check_learned(const wf_sample *sample, const wf_map *values, wf_error *err) {
  size_t n = wf_map_count(values);
  if (n <= MAX_LEARNED) return WF_OK;
  return wf_fail(err, WF_LIMIT,
                 "one_hot of column '%s': %zu distinct values, more than %d: drop the column, give "
                 "the values, or lump them with rare",
                 sample->column, n, MAX_LEARNED);
}

static wf_status learn(wf_map **out, const one_hot *declared, const wf_sample *sample,
                       wf_error *err) {
  if (declared->missing && sample->n_missing > 0) {
    size_t index; /* the sample is the step's own to add to */
    WF_TRY(wf_map_add(sample->texts, wf_view_of(declared->missing), &index, NULL, err));
  }
  WF_TRY(check_learned(sample, sample->texts, err));
  return wf_values_learn(out, sample->texts, "one_hot", sample->column, err);
}

static wf_status fit(wf_step **out, wf_step *declared, const wf_sample *sample, wf_error *err) {
  const one_hot *self = (const one_hot *)declared;
  if (self->values) {
    WF_TRY(wf_values_check_used(self->values, sample->texts, sample->column, err));
    *out = wf_step_retain(declared);
    return WF_OK;
  }
  wf_map *values;
  WF_TRY(learn(&values, self, sample, err));
  return wf_step_new_one_hot(out, values, self->missing, self->unseen, err);
}

static size_t width(const wf_step *step) { return wf_map_count(((const one_hot *)step)->values); }

static wf_view suffix(const wf_step *step, size_t feature) {
  return wf_map_key(((const one_hot *)step)->values, feature);
}

static wf_status expand(const wf_step *step, const wf_cell *cell, float *out, wf_error *err) {
  const one_hot *self = (const one_hot *)step;
  bool missing = cell->kind == WF_CELL_MISSING;
  wf_view text = {cell->text, cell->size};
  ptrdiff_t hot = missing ? self->missing_index : wf_map_find(self->values, text);
  if (hot < 0 && self->unseen == WF_UNSEEN_ERROR && (!missing || self->missing)) {
    return wf_values_fail_unknown(err, self->values, missing ? wf_view_of(self->missing) : text);
  }
  memset(out, 0, wf_map_count(self->values) * sizeof *out);
  if (hot >= 0) out[hot] = 1;
  return WF_OK;
}

static void format(const wf_step *step, wf_bytes *json) {
  const one_hot *self = (const one_hot *)step;
  if (self->values) {
    wf_bytes_text(json, ", \"values\": ");
    wf_values_format(self->values, json);
  }
  if (self->missing) {
    wf_bytes_text(json, ", \"missing\": ");
    wf_json_add_string(json, wf_view_of(self->missing));
  }
  wf_unseen_format(self->unseen, json);
}

static wf_status parse(wf_step **out, const json_t *object, bool fitted, const char *what,
                       wf_error *err) {
  static const char *const keys[] = {"values", "missing", "unseen", NULL};
  WF_TRY(wf_step_check_keys(object, keys, what, err));
  wf_unseen unseen;
  WF_TRY(wf_unseen_parse(&unseen, object, what, err));
  const char *missing = NULL;
  if (json_object_get(object, "missing")) {
    WF_TRY(wf_json_get_string(&missing, object, "missing", what, err));
  }
  wf_map *values = NULL;
  if (fitted || json_object_get(object, "values")) {
    json_t *array;
    WF_TRY(wf_json_get_array(&array, object, "values", what, err));
    WF_TRY(wf_values_parse(&values, array, what, err));
  }
  return wf_step_new_one_hot(out, values, missing, unseen, err);
}

static void dispose(wf_step *step) {
  one_hot *self = (one_hot *)step;
  wf_map_free(self->values);
  wf_free(self->missing);
}

const wf_step_kind wf_step_one_hot = {
    .name = "one_hot",
    .reads_text = true,
    .ends_column = true,
    .fit = fit,
    .width = width,
    .suffix = suffix,
    .expand = expand,
    .format = format,
    .parse = parse,
    .dispose = dispose,
};
