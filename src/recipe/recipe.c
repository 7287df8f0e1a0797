/* recipe.c — the life of a recipe, its steps and its accessors.
 *
 * A recipe is either declared (a list of column and step pairs, in the order they were added) or
 * also fitted: then `inputs` holds, for each raw column it reads, the chain of fitted steps, and
 * outputs are the features of the first input, then of the second, and so on. Fitting and parsing
 * build inputs and outputs aside and move them in whole, so a recipe is never half fitted. Once
 * fitted nothing changes any more, and any number of threads may encode. */
#include "recipe/recipe.h"

#include <assert.h>
#include <string.h>

/* ---- steps ------------------------------------------------------------------------------------
 */

const wf_step_kind *wf_step_find_kind(const char *name) {
  static const wf_step_kind *const kinds[] = {
      &wf_step_quantile_kind, &wf_step_power,  &wf_step_impute_text, &wf_step_rare,
      &wf_step_hash,          &wf_step_drop,   &wf_step_ordinal,     &wf_step_one_hot,
      &wf_step_impute,        &wf_step_scale,  &wf_step_clip,        &wf_step_log,
      &wf_step_frequency,     &wf_step_target, &wf_step_bin,         &wf_step_date,
      &wf_step_expression};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strcmp(kinds[i]->name, name) == 0) return kinds[i];
  }
  return NULL;
}

void *wf_step_new(const wf_step_kind *kind, size_t size) {
  wf_step *step = wf_alloc_zero(1, size);
  if (!step) return NULL;
  step->kind = kind;
  atomic_init(&step->refs, 1);
  return step;
}

wf_step *wf_step_retain(wf_step *step) {
  atomic_fetch_add_explicit(&step->refs, 1, memory_order_relaxed);
  return step;
}

void wf_step_release(wf_step *step) {
  if (!step) return;
  if (atomic_fetch_sub_explicit(&step->refs, 1, memory_order_acq_rel) > 1) return;
  step->kind->dispose(step);
  wf_free(step);
}

size_t wf_recipe_chain_width(wf_step *const *steps, size_t n_steps) {
  const wf_step *last = n_steps ? steps[n_steps - 1] : NULL;
  return last && last->kind->ends_column ? last->kind->width(last) : 1;
}

static wf_status fail_reads(wf_error *err, const char *column, const wf_step *step, bool text) {
  if (text) {
    return wf_fail(err, WF_TYPE, "column '%s' is text where %s needs numbers: encode it first",
                   column, step->kind->name);
  }
  return wf_fail(err, WF_TYPE, "column '%s' holds numbers where %s needs text", column,
                 step->kind->name);
}

wf_status wf_recipe_check_chain(const char *column, wf_input_type type, wf_step *const *steps,
                                size_t n_steps, wf_error *err) {
  bool text = type == WF_INPUT_TEXT, ended = false;
  for (size_t i = 0; i < n_steps; i++) {
    const wf_step_kind *kind = steps[i]->kind;
    if (ended) {
      return wf_fail(err, WF_INVALID, "column '%s': %s cannot follow %s, which makes its features",
                     column, kind->name, steps[i - 1]->kind->name);
    }
    if (!kind->reads_any && kind->reads_text != text)
      return fail_reads(err, column, steps[i], text);
    text = kind->makes_text;
    ended = kind->ends_column;
  }
  if (text && !ended) {
    return wf_fail(err, WF_TYPE,
                   "column '%s' is text and no step encodes it: add one_hot, ordinal or another "
                   "step for texts, or drop the column",
                   column);
  }
  return WF_OK;
}

/* ---- recipes ----------------------------------------------------------------------------------
 */

wf_status wf_recipe_new(wf_recipe **out, wf_error *err) {
  wf_recipe *recipe = wf_alloc_zero(1, sizeof *recipe);
  if (!recipe) return wf_fail_nomem(err);
  atomic_init(&recipe->refs, 1);
  *out = recipe;
  return WF_OK;
}

wf_recipe *wf_recipe_retain(wf_recipe *recipe) {
  atomic_fetch_add_explicit(&recipe->refs, 1, memory_order_relaxed);
  return recipe;
}

void wf_recipe_dispose_input(wf_recipe_input *input) {
  for (size_t i = 0; i < input->n_steps; i++) wf_step_release(input->steps[i]);
  wf_free(input->steps);
  wf_step_release(input->expression);
  wf_free(input->operands);
  wf_free(input->name);
}

void wf_recipe_dispose_fitted(wf_recipe *recipe) {
  for (size_t i = 0; i < recipe->inputs.count; i++)
    wf_recipe_dispose_input(&recipe->inputs.items[i]);
  wf_free(recipe->inputs.items);
  memset(&recipe->inputs, 0, sizeof recipe->inputs);
  if (recipe->outputs) {
    for (size_t i = 0; i < recipe->n_outputs; i++) wf_free(recipe->outputs[i]);
  }
  wf_free(recipe->outputs);
  wf_free(recipe->sources);
  recipe->outputs = NULL;
  recipe->sources = NULL;
  recipe->n_outputs = 0;
  recipe->n_raw = 0;
  recipe->fitted = false;
}

void wf_recipe_release(wf_recipe *recipe) {
  if (!recipe) return;
  if (atomic_fetch_sub_explicit(&recipe->refs, 1, memory_order_acq_rel) > 1) return;
  wf_recipe_dispose_fitted(recipe);
  for (size_t i = 0; i < recipe->declared.count; i++) {
    wf_free(recipe->declared.items[i].column);
    wf_step_release(recipe->declared.items[i].step);
  }
  wf_free(recipe->declared.items);
  wf_free(recipe);
}

wf_status wf_recipe_lay_out(wf_recipe *recipe, wf_error *err) {
  size_t n = 0;
  for (size_t i = 0; i < recipe->inputs.count; i++) {
    wf_recipe_input *input = &recipe->inputs.items[i];
    input->first_output = n;
    n += input->width;
    if (n > WF_RECIPE_MAX_OUTPUTS) {
      return wf_fail(err, WF_LIMIT, "the recipe makes more than %d features",
                     WF_RECIPE_MAX_OUTPUTS);
    }
  }
  if (n == 0) return wf_fail(err, WF_INVALID, "the recipe makes no feature");
  recipe->outputs = wf_alloc_zero(n, sizeof *recipe->outputs);
  recipe->sources = wf_alloc_array(n, sizeof *recipe->sources);
  recipe->n_outputs = n;
  if (!recipe->outputs || !recipe->sources) return wf_fail_nomem(err);
  for (size_t i = 0; i < recipe->inputs.count; i++) {
    const wf_recipe_input *input = &recipe->inputs.items[i];
    for (size_t j = 0; j < input->width; j++) recipe->sources[input->first_output + j] = i;
  }
  return WF_OK;
}

/* ---- accessors --------------------------------------------------------------------------------
 */

bool wf_recipe_is_fitted(const wf_recipe *recipe) { return recipe->fitted; }

size_t wf_recipe_input_count(const wf_recipe *recipe) { return recipe->n_raw; }

const char *wf_recipe_input_name(const wf_recipe *recipe, size_t index) {
  assert(index < recipe->n_raw);
  return recipe->inputs.items[index].name;
}

bool wf_recipe_input_is_text(const wf_recipe *recipe, size_t index) {
  assert(index < recipe->n_raw);
  return recipe->inputs.items[index].type == WF_INPUT_TEXT;
}

size_t wf_recipe_output_count(const wf_recipe *recipe) { return recipe->n_outputs; }

const char *wf_recipe_output_name(const wf_recipe *recipe, size_t index) {
  assert(index < recipe->n_outputs);
  return recipe->outputs[index];
}

size_t wf_recipe_output_source(const wf_recipe *recipe, size_t index) {
  assert(index < recipe->n_outputs);
  const wf_recipe_input *input = &recipe->inputs.items[recipe->sources[index]];
  return input->expression ? input->operands[0] : recipe->sources[index];
}
