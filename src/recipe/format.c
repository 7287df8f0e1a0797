/* format.c — a recipe as JSON that a person can read and that is the same bytes every time.
 *
 *   {"format": 1, "fitted": true, "inputs": [
 *     {"column": "age", "type": "number", "steps": [], "features": ["age"]}, …
 *     {"column": "ratio", "type": "number", "steps": [], "features": ["ratio"],
 *      "expression": "amount / income"}, …]}           derived columns, behind the raw ones
 *   {"format": 1, "fitted": false, "steps": [{"kind": "one_hot", "column": null, …}, …]}
 *
 * A fitted recipe holds what encoding needs and no longer how it was declared. */
#include "recipe/format.h"

#include "recipe/recipe.h"

static const char *const type_names[] = {"number", "bool", "timestamp", "text"};

const char *wf_input_type_name(wf_input_type type) { return type_names[type]; }

static void add_step(wf_bytes *json, const wf_step *step, const char *column, bool with_column) {
  wf_bytes_format(json, "{\"kind\": \"%s\"", step->kind->name);
  if (with_column) {
    wf_bytes_text(json, ", \"column\": ");
    if (column) {
      wf_json_add_string(json, wf_view_of(column));
    } else {
      wf_bytes_text(json, "null");
    }
  }
  step->kind->format(step, json);
  wf_bytes_char(json, '}');
}

static void add_input(wf_bytes *json, const wf_recipe *recipe, const wf_recipe_input *input) {
  wf_bytes_text(json, "    {\n      \"column\": ");
  wf_json_add_string(json, wf_view_of(input->name));
  wf_bytes_format(json, ",\n      \"type\": \"%s\",\n      \"steps\": [", type_names[input->type]);
  for (size_t i = 0; i < input->n_steps; i++) {
    if (i) wf_bytes_text(json, ", ");
    add_step(json, input->steps[i], NULL, false);
  }
  wf_bytes_text(json, "],\n      \"features\": [");
  for (size_t i = 0; i < input->width; i++) {
    if (i) wf_bytes_text(json, ", ");
    wf_json_add_string(json, wf_view_of(recipe->outputs[input->first_output + i]));
  }
  wf_bytes_char(json, ']');
  if (input->expression) {
    wf_bytes_text(json, ",\n      \"expression\": ");
    wf_json_add_string(json, wf_expression_text(wf_step_expression_of(input->expression)));
  }
  wf_bytes_text(json, "\n    }");
}

static void add_fitted(wf_bytes *json, const wf_recipe *recipe) {
  wf_bytes_text(json, "  \"fitted\": true,\n  \"inputs\": [");
  for (size_t i = 0; i < recipe->inputs.count; i++) {
    wf_bytes_text(json, i ? ",\n" : "\n");
    add_input(json, recipe, &recipe->inputs.items[i]);
  }
}

static void add_declared(wf_bytes *json, const wf_recipe *recipe) {
  wf_bytes_text(json, "  \"fitted\": false,\n  \"steps\": [");
  for (size_t i = 0; i < recipe->declared.count; i++) {
    wf_bytes_text(json, i ? ",\n    " : "\n    ");
    const wf_recipe_declared *declared = &recipe->declared.items[i];
    add_step(json, declared->step, declared->column, true);
  }
}

wf_status wf_recipe_format(char **out, const wf_recipe *recipe, wf_error *err) {
  wf_bytes json = {0};
  wf_bytes_format(&json, "{\n  \"format\": %d,\n", WF_RECIPE_FORMAT);
  if (recipe->fitted) {
    add_fitted(&json, recipe);
  } else {
    add_declared(&json, recipe);
  }
  wf_bytes_text(&json, "\n  ]\n}\n");
  return wf_bytes_take(&json, out, NULL, err);
}
