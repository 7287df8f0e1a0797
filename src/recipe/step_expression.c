/* step_expression.c — the declaration of a derived column: a step that is given no value of its
 * own.
 *
 * It makes the column that its declaration names; steps of that column come after it. In a fitted
 * recipe it is no part of a chain but stands beside the input it makes, see derive.c. */
#include "base/error.h"
#include "recipe/recipe.h"
#include "recipe/unseen.h"

typedef struct expression_step {
  wf_step base;
  wf_expression *expression;
} expression_step;

wf_status wf_step_new_expression(wf_step **out, wf_view text, wf_error *err) {
  wf_expression *expression;
  WF_TRY(wf_expression_parse(&expression, text, err));
  expression_step *self = wf_step_new(&wf_step_expression, sizeof *self);
  if (!self) {
    wf_expression_free(expression);
    return wf_fail_nomem(err);
  }
  self->expression = expression;
  *out = &self->base;
  return WF_OK;
}

const wf_expression *wf_step_expression_of(const wf_step *step) {
  return ((const expression_step *)step)->expression;
}

static void format(const wf_step *step, wf_bytes *json) {
  wf_bytes_text(json, ", \"expression\": ");
  wf_json_add_string(json, wf_expression_text(wf_step_expression_of(step)));
}

static wf_status parse(wf_step **out, const json_t *object, bool fitted, const char *what,
                       wf_error *err) {
  static const char *const keys[] = {"expression", NULL};
  if (fitted) return wf_fail(err, WF_PARSE, "%s: an expression is no step of a column", what);
  WF_TRY(wf_step_check_keys(object, keys, what, err));
  const char *text;
  WF_TRY(wf_json_get_string(&text, object, "expression", what, err));
  wf_status status = wf_step_new_expression(out, wf_view_of(text), err);
  return status == WF_OK ? WF_OK : wf_fail_within(err, status, "%s", what);
}

static void dispose(wf_step *step) { wf_expression_free(((expression_step *)step)->expression); }

const wf_step_kind wf_step_expression = {
    .name = "expression",
    .needs_column = true,
    .format = format,
    .parse = parse,
    .dispose = dispose,
};
