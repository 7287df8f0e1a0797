/* step_ordinal.c — text to its position in a list, given or that of the training data in byte
 * order: categories as one number. */
#include "recipe/step.h"
#include "recipe/unseen.h"
#include "recipe/values.h"

typedef struct ordinal {
  wf_step base;
  wf_map *values; /* NULL: to be learned */
  wf_unseen unseen;
} ordinal;

wf_status wf_step_new_ordinal(wf_step **out, wf_map *values, wf_unseen unseen, wf_error *err) {
  ordinal *self = wf_step_new(&wf_step_ordinal, sizeof *self);
  if (!self) {
    wf_map_free(values);
    return wf_fail_nomem(err);
  }
  self->values = values;
  self->unseen = unseen;
  *out = &self->base;
  return WF_OK;
}

static wf_status fit(wf_step **out, wf_step *declared, const wf_sample *sample, wf_error *err) {
  const ordinal *self = (const ordinal *)declared;
  if (!self->values) {
    wf_map *values;
    WF_TRY(wf_values_learn(&values, sample->texts, "ordinal", sample->column, err));
    return wf_step_new_ordinal(out, values, self->unseen, err);
  }
  WF_TRY(wf_values_check_used(self->values, sample->texts, sample->column, err));
  *out = wf_step_retain(declared);
  return WF_OK;
}

static wf_status map(const wf_step *step, wf_cell *cell, wf_error *err) {
  const ordinal *self = (const ordinal *)step;
  if (cell->kind == WF_CELL_MISSING) return WF_OK;
  wf_view text = {cell->text, cell->size};
  ptrdiff_t position = wf_map_find(self->values, text);
  if (position >= 0) {
    *cell = (wf_cell){.kind = WF_CELL_NUMBER, .number = (double)position};
    return WF_OK;
  }
  if (self->unseen == WF_UNSEEN_ERROR) return wf_values_fail_unknown(err, self->values, text);
  *cell = (wf_cell){.kind = WF_CELL_MISSING};
  return WF_OK;
}

static void format(const wf_step *step, wf_bytes *json) {
  const ordinal *self = (const ordinal *)step;
  if (self->values) {
    wf_bytes_text(json, ", \"values\": ");
    wf_values_format(self->values, json);
  }
  wf_unseen_format(self->unseen, json);
}

static wf_status parse(wf_step **out, const json_t *object, bool fitted, const char *what,
                       wf_error *err) {
  static const char *const keys[] = {"values", "unseen", NULL};
  WF_TRY(wf_step_check_keys(object, keys, what, err));
  wf_unseen unseen;
  WF_TRY(wf_unseen_parse(&unseen, object, what, err));
  wf_map *values = NULL;
  if (fitted || json_object_get(object, "values")) {
    json_t *array;
    WF_TRY(wf_json_get_array(&array, object, "values", what, err));
    WF_TRY(wf_values_parse(&values, array, what, err));
  }
  return wf_step_new_ordinal(out, values, unseen, err);
}

static void dispose(wf_step *step) { wf_map_free(((ordinal *)step)->values); }

const wf_step_kind wf_step_ordinal = {
    .name = "ordinal",
    .reads_text = true,
    .fit = fit,
    .map = map,
    .format = format,
    .parse = parse,
    .dispose = dispose,
};
