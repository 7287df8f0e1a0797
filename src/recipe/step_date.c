/* step_date.c — an instant (microseconds since 1970) to parts of its date, a feature each. */
#include "base/alloc.h"
#include "base/error.h"
#include "recipe/step.h"
#include "recipe/unseen.h"

#include <string.h>

enum { MOST_PARTS = WF_DATE_EPOCH + 1 };

typedef struct date {
  wf_step base;
  size_t n;
  wf_date_part parts[MOST_PARTS];
} date;

wf_status wf_step_new_date(wf_step **out, const wf_date_part *parts, size_t n, wf_error *err) {
  if (n == 0 || n > MOST_PARTS) {
    return wf_fail(err, WF_INVALID, "date: %zu parts; there are 1 to %d", n, (int)MOST_PARTS);
  }
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < i; j++) {
      if (parts[i] != parts[j]) continue;
      return wf_fail(err, WF_INVALID, "date: '%s' is there twice", wf_date_part_name(parts[i]));
    }
  }
  date *self = wf_step_new(&wf_step_date, sizeof *self);
  if (!self) return wf_fail_nomem(err);
  self->n = n;
  memcpy(self->parts, parts, n * sizeof *parts);
  *out = &self->base;
  return WF_OK;
}

static wf_status fit(wf_step **out, wf_step *declared, const wf_sample *sample, wf_error *err) {
  (void)sample, (void)err;
  *out = wf_step_retain(declared);
  return WF_OK;
}

static size_t width(const wf_step *step) { return ((const date *)step)->n; }

static wf_view suffix(const wf_step *step, size_t feature) {
  return wf_view_of(wf_date_part_name(((const date *)step)->parts[feature]));
}

static wf_status expand(const wf_step *step, const wf_cell *cell, float *out, wf_error *err) {
  const date *self = (const date *)step;
  (void)err;
  bool known = cell->kind == WF_CELL_NUMBER && cell->number > -0x1p62 && cell->number < 0x1p62;
  for (size_t i = 0; i < self->n; i++) {
    out[i] = known ? wf_feature_of(wf_date_part_of((int64_t)cell->number, self->parts[i]))
                   : wf_feature_missing();
  }
  return WF_OK;
}

static void format(const wf_step *step, wf_bytes *json) {
  const date *self = (const date *)step;
  wf_bytes_text(json, ", \"parts\": [");
  for (size_t i = 0; i < self->n; i++) {
    wf_bytes_format(json, "%s\"%s\"", i ? ", " : "", wf_date_part_name(self->parts[i]));
  }
  wf_bytes_char(json, ']');
}

static wf_status parse(wf_step **out, const json_t *object, bool fitted, const char *what,
                       wf_error *err) {
  static const char *const keys[] = {"parts", NULL};
  wf_date_part parts[MOST_PARTS];
  json_t *array;
  (void)fitted;
  WF_TRY(wf_step_check_keys(object, keys, what, err));
  WF_TRY(wf_json_get_array(&array, object, "parts", what, err));
  size_t n = json_array_size(array);
  for (size_t i = 0; i < n; i++) {
    const char *name = json_string_value(json_array_get(array, i));
    if (i >= MOST_PARTS || !name || !wf_date_part_find(name, &parts[i])) {
      return wf_fail(err, WF_PARSE, "%s: item %zu of \"parts\" is no part of a date", what, i + 1);
    }
  }
  return wf_step_new_date(out, parts, n, err);
}

static void dispose(wf_step *step) { (void)step; }

const wf_step_kind wf_step_date = {
    .name = "date",
    .ends_column = true,
    .needs_column = true,
    .fit = fit,
    .width = width,
    .suffix = suffix,
    .expand = expand,
    .format = format,
    .parse = parse,
    .dispose = dispose,
};
