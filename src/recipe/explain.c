/* explain.c — a recipe in words: which column becomes which features, and by what. */
#include "base/error.h"
#include "recipe/format.h"
#include "recipe/recipe.h"

enum { SHOWN = 160 }; /* bytes of a step's parameters: learned lists may be long */

/* "scale(how: standard, center: 3, spread: 1.5)", from the step's own JSON. */
static void add_step(wf_bytes *out, const wf_step *step, wf_bytes *room) {
  wf_bytes_clear(room);
  step->kind->format(step, room);
  wf_bytes_text(out, step->kind->name);
  size_t n = room->failed || room->size < 2 ? 0 : room->size - 2; /* without the first ", " */
  if (n == 0) return;
  const char *text = room->data + 2;
  size_t shown = n < SHOWN ? n : SHOWN;
  while (shown < n && shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80) shown--;
  wf_bytes_char(out, '(');
  for (size_t i = 0; i < shown; i++) {
    if (text[i] != '"') wf_bytes_char(out, text[i]);
  }
  wf_bytes_text(out, shown < n ? " …)" : ")");
}

static void add_features(wf_bytes *out, const wf_recipe *recipe, const wf_recipe_input *input) {
  enum { MOST = 12 };
  for (size_t j = 0; j < input->width && j < MOST; j++) {
    wf_bytes_format(out, "%s%s", j ? ", " : "", recipe->outputs[input->first_output + j]);
  }
  if (input->width == 0) wf_bytes_text(out, "no feature");
  if (input->width > MOST) wf_bytes_format(out, ", … (%zu in all)", input->width);
}

static const char *column_of(const wf_recipe_declared *declared) {
  if (declared->column) return declared->column;
  return declared->step->kind->reads_text ? "every other text column" : "every other number column";
}

wf_status wf_recipe_explain(char **out, const wf_recipe *recipe, wf_error *err) {
  wf_bytes text = {0}, room = {0};
  wf_bytes_text(&text, "");
  for (size_t i = 0; recipe->fitted && i < recipe->inputs.count; i++) {
    const wf_recipe_input *input = &recipe->inputs.items[i];
    wf_bytes_text(&text, input->name);
    if (input->expression) {
      wf_view made = wf_expression_text(wf_step_expression_of(input->expression));
      wf_bytes_text(&text, " = ");
      wf_bytes_add(&text, made.data, made.size);
    }
    wf_bytes_format(&text, " (%s): ", wf_input_type_name(input->type));
    for (size_t k = 0; k < input->n_steps; k++) {
      add_step(&text, input->steps[k], &room);
      wf_bytes_text(&text, " -> ");
    }
    add_features(&text, recipe, input);
    wf_bytes_char(&text, '\n');
  }
  for (size_t i = 0; !recipe->fitted && i < recipe->declared.count; i++) {
    const wf_recipe_declared *declared = &recipe->declared.items[i];
    wf_bytes_format(&text, "%s: ", column_of(declared));
    add_step(&text, declared->step, &room);
    wf_bytes_char(&text, '\n');
  }
  bool failed = room.failed;
  wf_bytes_dispose(&room);
  if (!failed) return wf_bytes_take(&text, out, NULL, err);
  wf_bytes_dispose(&text);
  return wf_fail_nomem(err);
}
