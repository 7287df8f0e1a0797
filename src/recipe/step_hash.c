/* step_hash.c — text to one of n indicators by its hash (64-bit FNV-1a, modulo n), so that nothing
 * is learned and no text is unseen; and a column that makes no feature at all. */
#include "base/alloc.h"
#include "base/error.h"
#include "recipe/step.h"
#include "recipe/unseen.h"

#include <stdio.h>
#include <string.h>

enum { MOST_PARTS = 1 << 16, NAME = 8 };

typedef struct hash {
  wf_step base;
  size_t n;
  char (*names)[NAME]; /* "0" to n - 1 */
} hash;

static wf_status fit_nothing(wf_step **out, wf_step *declared, const wf_sample *sample,
                             wf_error *err) {
  (void)sample, (void)err;
  *out = wf_step_retain(declared);
  return WF_OK;
}

wf_status wf_step_new_hash(wf_step **out, size_t n, wf_error *err) {
  if (n < 2 || n > MOST_PARTS) {
    return wf_fail(err, WF_INVALID, "hash: %zu parts; there are 2 to %d", n, (int)MOST_PARTS);
  }
  hash *self = wf_step_new(&wf_step_hash, sizeof *self);
  if (!self || !(self->names = wf_alloc_array(n, sizeof *self->names))) {
    wf_step_release(self ? &self->base : NULL);
    return wf_fail_nomem(err);
  }
  self->n = n;
  for (size_t i = 0; i < n; i++) snprintf(self->names[i], NAME, "%u", (unsigned)i);
  *out = &self->base;
  return WF_OK;
}

static uint64_t fnv1a(const char *text, size_t size) {
  uint64_t value = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < size; i++) {
    value = (value ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
  }
  return value;
}

static size_t width_hash(const wf_step *step) { return ((const hash *)step)->n; }

static wf_view suffix_hash(const wf_step *step, size_t feature) {
  return wf_view_of(((const hash *)step)->names[feature]);
}

static wf_status expand_hash(const wf_step *step, const wf_cell *cell, float *out, wf_error *err) {
  const hash *self = (const hash *)step;
  (void)err;
  memset(out, 0, self->n * sizeof *out);
  if (cell->kind == WF_CELL_TEXT) out[fnv1a(cell->text, cell->size) % self->n] = 1;
  return WF_OK;
}

static void format_hash(const wf_step *step, wf_bytes *json) {
  wf_step_format_number(json, "n", (double)((const hash *)step)->n);
}

static wf_status parse_hash(wf_step **out, const json_t *object, bool fitted, const char *what,
                            wf_error *err) {
  static const char *const keys[] = {"n", NULL};
  int64_t n;
  (void)fitted;
  WF_TRY(wf_step_check_keys(object, keys, what, err));
  WF_TRY(wf_json_get_integer(&n, object, "n", what, err));
  wf_status status = wf_step_new_hash(out, n < 0 ? 0 : (size_t)n, err);
  return status == WF_OK ? WF_OK : wf_fail_within(err, status, "%s", what);
}

static void dispose_hash(wf_step *step) { wf_free(((hash *)step)->names); }

const wf_step_kind wf_step_hash = {
    .name = "hash",
    .reads_text = true,
    .ends_column = true,
    .fit = fit_nothing,
    .width = width_hash,
    .suffix = suffix_hash,
    .expand = expand_hash,
    .format = format_hash,
    .parse = parse_hash,
    .dispose = dispose_hash,
};

/* ---- drop -------------------------------------------------------------------------------------
 */

wf_status wf_step_new_drop(wf_step **out, wf_error *err) {
  wf_step *self = wf_step_new(&wf_step_drop, sizeof *self);
  if (!self) return wf_fail_nomem(err);
  *out = self;
  return WF_OK;
}

static size_t width_drop(const wf_step *step) {
  (void)step;
  return 0;
}

static wf_view suffix_drop(const wf_step *step, size_t feature) {
  (void)step, (void)feature;
  return WF_VIEW("");
}

static wf_status expand_drop(const wf_step *step, const wf_cell *cell, float *out, wf_error *err) {
  (void)step, (void)cell, (void)out, (void)err;
  return WF_OK;
}

static void format_drop(const wf_step *step, wf_bytes *json) { (void)step, (void)json; }

static wf_status parse_drop(wf_step **out, const json_t *object, bool fitted, const char *what,
                            wf_error *err) {
  static const char *const none[] = {NULL};
  (void)fitted;
  WF_TRY(wf_step_check_keys(object, none, what, err));
  return wf_step_new_drop(out, err);
}

static void dispose_drop(wf_step *step) { (void)step; }

const wf_step_kind wf_step_drop = {
    .name = "drop",
    .reads_any = true,
    .ends_column = true,
    .needs_column = true,
    .fit = fit_nothing,
    .width = width_drop,
    .suffix = suffix_drop,
    .expand = expand_drop,
    .format = format_drop,
    .parse = parse_drop,
    .dispose = dispose_drop,
};
