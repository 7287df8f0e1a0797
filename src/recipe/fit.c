/* fit.c — learning from training data.
 *
 * Every column of the frame that is not excluded becomes an input with the steps declared for it,
 * in the order they were declared. Each step learns from the values as the steps before it leave
 * them, through the very function that will encode later. Columns are independent, so they are
 * fitted in parallel; the result does not depend on how. */
#include "base/map.h"
#include "base/pool.h"
#include "frame/column.h"
#include "recipe/recipe.h"
#include "recipe/values.h"

#include <string.h>

/* ---- what a step learns from ------------------------------------------------------------------
 */

static void dispose_sample(wf_sample *sample) {
  wf_free(sample->numbers);
  wf_free(sample->counts.items);
  wf_map_free(sample->texts);
}

/* Counts a text; its place among the distinct ones. */
static wf_status add_text(wf_sample *sample, wf_view text, size_t *index, wf_error *err) {
  bool added;
  WF_TRY(wf_map_add(sample->texts, text, index, &added, err));
  if (added && !wf_array_push(&sample->counts, (size_t)0)) return wf_fail_nomem(err);
  sample->counts.items[*index]++;
  return WF_OK;
}

/* Distinct texts of a category column: only dictionary entries that occur, in the order in which
 * they first do, each hashed once however often it occurs. */
static wf_status gather_categories(wf_sample *sample, const wf_column *column, wf_error *err) {
  size_t n_entries = wf_column_count(column->dictionary);
  size_t *places = wf_alloc_zero(n_entries, sizeof *places); /* in texts, from 1 */
  if (!places) return wf_fail_nomem(err);
  wf_status status = WF_OK;
  for (size_t row = 0; row < column->n_rows && status == WF_OK; row++) {
    if (!wf_column_present(column, row)) {
      sample->n_missing++;
      continue;
    }
    sample->n_present++;
    size_t code = (size_t)wf_column_i32(column)[row];
    if (places[code]) {
      sample->counts.items[places[code] - 1]++;
      continue;
    }
    status = add_text(sample, wf_column_view(column->dictionary, code), &places[code], err);
    places[code]++;
  }
  wf_free(places);
  return status;
}

static wf_status gather_cell(wf_sample *sample, const wf_cell *cell, wf_error *err) {
  size_t index;
  switch (cell->kind) {
  case WF_CELL_MISSING: sample->n_missing++; return WF_OK;
  case WF_CELL_NUMBER: sample->numbers[sample->n_present++] = cell->number; return WF_OK;
  case WF_CELL_TEXT:
    sample->n_present++;
    return add_text(sample, (wf_view){cell->text, cell->size}, &index, err);
  }
  return WF_OK;
}

/* The values of `column` after the first `n_steps` steps of `input`. */
static wf_status gather(wf_sample *sample, const wf_recipe_input *input, size_t n_steps,
                        bool as_text, const wf_column *column, wf_error *err) {
  size_t n_rows = wf_column_count(column);
  if (as_text) {
    WF_TRY(wf_map_new(&sample->texts, err));
    if (n_steps == 0 && column->type == WF_CATEGORY) return gather_categories(sample, column, err);
  } else {
    sample->numbers = wf_alloc_array(n_rows, sizeof *sample->numbers);
    if (!sample->numbers) return wf_fail_nomem(err);
  }
  char scratch[WF_NUMBER_TEXT];
  for (size_t row = 0; row < n_rows; row++) {
    wf_cell cell = wf_recipe_cell_at(column, row);
    wf_status status = wf_recipe_run_steps(input, n_steps, &cell, scratch, err);
    if (status != WF_OK) {
      return wf_fail_within(err, status, "row %zu: column '%s'", row + 1, input->name);
    }
    WF_TRY(gather_cell(sample, &cell, err));
  }
  return WF_OK;
}

/* Replaces the input's declared steps by fitted ones, first to last. */
static wf_status fit_input(wf_recipe_input *input, const wf_column *column, const wf_frame *frame,
                           wf_error *err) {
  for (size_t i = 0; i < input->n_steps; i++) {
    wf_step *declared = input->steps[i], *fitted;
    wf_sample sample = {
        .column = input->name, .source = column, .frame = frame, .input = input, .n_steps = i};
    wf_status status = WF_OK; /* what reads anything learns nothing */
    if (!declared->kind->reads_any)
      status = gather(&sample, input, i, declared->kind->reads_text, column, err);
    if (status == WF_OK) status = declared->kind->fit(&fitted, declared, &sample, err);
    dispose_sample(&sample);
    if (status != WF_OK) return status;
    wf_step_release(declared);
    input->steps[i] = fitted;
  }
  input->width = wf_recipe_chain_width(input->steps, input->n_steps);
  return WF_OK;
}

/* ---- which columns, which steps ---------------------------------------------------------------
 */

static bool is_excluded(const char *name, const char *const *exclude, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (strcmp(exclude[i], name) == 0) return true;
  }
  return false;
}

/* Whether an expression makes the column of that name. */
static bool names_expression(const wf_recipe *recipe, const char *name) {
  for (size_t i = 0; i < recipe->declared.count; i++) {
    const wf_recipe_declared *other = &recipe->declared.items[i];
    if (other->step->kind == &wf_step_expression && strcmp(other->column, name) == 0) return true;
  }
  return false;
}

static wf_status check_names(const wf_recipe *recipe, const wf_frame *frame,
                             const char *const *exclude, size_t n_exclude, wf_error *err) {
  wf_column *column;
  for (size_t i = 0; i < n_exclude; i++) WF_TRY(wf_frame_get(&column, frame, exclude[i], err));
  for (size_t i = 0; i < recipe->declared.count; i++) {
    const wf_recipe_declared *step = &recipe->declared.items[i];
    if (!step->column || names_expression(recipe, step->column)) continue;
    wf_status status = wf_frame_get(&column, frame, step->column, err);
    if (status != WF_OK) return wf_fail_within(err, status, "%s", step->step->kind->name);
    if (is_excluded(step->column, exclude, n_exclude)) {
      return wf_fail(err, WF_INVALID, "column '%s' is excluded and has the step %s", step->column,
                     step->step->kind->name);
    }
  }
  return WF_OK;
}

static wf_input_type type_of(const wf_column *column) {
  wf_type type = wf_column_type(column);
  if (wf_type_is_text(type)) return WF_INPUT_TEXT;
  if (type == WF_TIMESTAMP) return WF_INPUT_TIMESTAMP;
  return type == WF_BOOL ? WF_INPUT_BOOL : WF_INPUT_NUMBER;
}

static bool names(const wf_recipe_declared *step, const char *column) {
  return step->column && strcmp(step->column, column) == 0 &&
         step->step->kind != &wf_step_expression;
}

/* Whether a step names the column; one of that kind, unless `kind` is NULL. */
static bool is_named(const wf_recipe *recipe, const char *column, const wf_step_kind *kind) {
  for (size_t i = 0; i < recipe->declared.count; i++) {
    const wf_recipe_declared *step = &recipe->declared.items[i];
    if (names(step, column) && (!kind || step->step->kind == kind)) return true;
  }
  return false;
}

/* A step of all columns is one of every text column that no step names, or of every number column
 * that no step of its kind names. */
static bool is_meant(const wf_recipe *recipe, const wf_recipe_declared *step,
                     const wf_recipe_input *input) {
  if (step->column) return names(step, input->name);
  if (step->step->kind->reads_text)
    return input->type == WF_INPUT_TEXT && !is_named(recipe, input->name, NULL);
  return input->type == WF_INPUT_NUMBER && !is_named(recipe, input->name, step->step->kind) &&
         !is_named(recipe, input->name, &wf_step_drop);
}

/* The mode of texts is a text. */
static wf_status add_step(wf_recipe_input *input, wf_step *step, wf_error *err) {
  wf_step **place = &input->steps[input->n_steps];
  const wf_step_kind *before = input->n_steps ? place[-1]->kind : NULL;
  bool text = before ? before->makes_text : input->type == WF_INPUT_TEXT;
  if (text && step->kind == &wf_step_impute && wf_step_imputes_mode(step))
    WF_TRY(wf_step_new_impute_text(place, (wf_view){NULL, 0}, err));
  else
    *place = wf_step_retain(step);
  input->n_steps++;
  return WF_OK;
}

/* The declared steps of one column, in their order. */
static wf_status collect_steps(wf_recipe_input *input, const wf_recipe *recipe, wf_error *err) {
  input->steps = wf_alloc_array(recipe->declared.count + 1, sizeof(wf_step *));
  if (!input->steps) return wf_fail_nomem(err);
  for (size_t i = 0; i < recipe->declared.count; i++) {
    const wf_recipe_declared *step = &recipe->declared.items[i];
    if (is_meant(recipe, step, input)) WF_TRY(add_step(input, step->step, err));
  }
  return WF_OK;
}

/* Whether the column is dropped and no expression reads it: then it is no input. */
static bool is_unused(const wf_recipe *recipe, const char *column) {
  if (!is_named(recipe, column, &wf_step_drop)) return false;
  for (size_t i = 0; i < recipe->declared.count; i++) {
    const wf_step *step = recipe->declared.items[i].step;
    if (step->kind != &wf_step_expression) continue;
    const wf_map *columns = wf_expression_columns(wf_step_expression_of(step));
    if (wf_map_find(columns, wf_view_of(column)) >= 0) return false;
  }
  return true;
}

static wf_status add_input(wf_recipe *fitted, const wf_recipe *declared, const char *name,
                           const wf_column *column, wf_error *err) {
  if (!wf_text_is_plain(wf_view_of(name))) {
    return wf_fail(err, WF_INVALID, "the name of column %zu is not valid UTF-8 text",
                   fitted->inputs.count + 1);
  }
  wf_recipe_input input = {.name = wf_strdup(name), .type = type_of(column)};
  wf_status status = input.name ? collect_steps(&input, declared, err) : wf_fail_nomem(err);
  if (status == WF_OK) {
    status = wf_recipe_check_chain(name, input.type, input.steps, input.n_steps, err);
  }
  if (status == WF_OK && !wf_array_push(&fitted->inputs, input)) status = wf_fail_nomem(err);
  if (status != WF_OK) wf_recipe_dispose_input(&input);
  return status;
}

/* The inputs that expressions make, in the order they were declared. */
static wf_status add_derived(wf_recipe *fitted, const wf_recipe *declared, const wf_frame *frame,
                             wf_error *err) {
  for (size_t i = 0; i < declared->declared.count; i++) {
    const wf_recipe_declared *item = &declared->declared.items[i];
    if (item->step->kind != &wf_step_expression) continue;
    if (wf_frame_find(frame, item->column) >= 0) {
      return wf_fail(err, WF_INVALID, "expression of '%s': there is such a column", item->column);
    }
    wf_recipe_input input = {.name = wf_strdup(item->column)};
    wf_status status =
        input.name ? wf_recipe_bind_derived(fitted, &input, item->step, err) : wf_fail_nomem(err);
    if (status == WF_OK) status = collect_steps(&input, declared, err);
    if (status == WF_OK) {
      status = wf_recipe_check_chain(input.name, input.type, input.steps, input.n_steps, err);
    }
    if (status == WF_OK && !wf_array_push(&fitted->inputs, input)) status = wf_fail_nomem(err);
    if (status != WF_OK) {
      wf_recipe_dispose_input(&input);
      return status;
    }
  }
  return WF_OK;
}

/* ---- feature names ----------------------------------------------------------------------------
 */

/* "column" or "column_value". */
static wf_status raw_name(wf_bytes *out, const wf_recipe_input *input, size_t feature,
                          wf_error *err) {
  wf_bytes_clear(out);
  wf_bytes_text(out, input->name);
  const wf_step *last = input->n_steps ? input->steps[input->n_steps - 1] : NULL;
  if (last && last->kind->ends_column) {
    wf_view suffix = last->kind->suffix(last, feature);
    wf_bytes_char(out, '_');
    wf_bytes_add(out, suffix.data, suffix.size);
  }
  return out->failed ? wf_fail_nomem(err) : WF_OK;
}

/* XGBoost refuses '[', ']' and '<' in feature names. */
static bool replace_forbidden(wf_bytes *name) {
  bool changed = false;
  for (size_t i = 0; i < name->size; i++) {
    if (!memchr("[]<", name->data[i], 3)) continue;
    name->data[i] = '_';
    changed = true;
  }
  return changed;
}

/* All names as they are written; two equal ones are a mistake of the script. */
static wf_status add_raw_names(wf_map *names, const wf_recipe *recipe, wf_bytes *name,
                               wf_error *err) {
  for (size_t i = 0; i < recipe->n_outputs; i++) {
    const wf_recipe_input *input = &recipe->inputs.items[recipe->sources[i]];
    WF_TRY(raw_name(name, input, i - input->first_output, err));
    size_t index;
    bool added;
    WF_TRY(wf_map_add(names, (wf_view){name->data, name->size}, &index, &added, err));
    if (!added) {
      return wf_fail(err, WF_INVALID,
                     "columns '%s' and '%s' both make a feature named '%s'; rename one",
                     recipe->inputs.items[recipe->sources[index]].name, input->name, name->data);
    }
  }
  return WF_OK;
}

/* Names with characters replaced get "_2", "_3", … when that made them equal to another. */
static wf_status name_output(char **out, wf_map *names, wf_bytes *name, wf_error *err) {
  if (replace_forbidden(name)) {
    size_t stem = name->size, index;
    bool added;
    WF_TRY(wf_map_add(names, (wf_view){name->data, name->size}, &index, &added, err));
    for (size_t n = 2; !added; n++) {
      name->size = stem;
      wf_bytes_format(name, "_%zu", n);
      if (name->failed) return wf_fail_nomem(err);
      WF_TRY(wf_map_add(names, (wf_view){name->data, name->size}, &index, &added, err));
    }
  }
  *out = wf_strndup(name->data, name->size);
  return *out ? WF_OK : wf_fail_nomem(err);
}

static wf_status name_outputs(wf_recipe *recipe, wf_error *err) {
  wf_map *names;
  WF_TRY(wf_map_new(&names, err));
  wf_bytes name = {0};
  wf_status status = add_raw_names(names, recipe, &name, err);
  for (size_t i = 0; i < recipe->n_outputs && status == WF_OK; i++) {
    const wf_recipe_input *input = &recipe->inputs.items[recipe->sources[i]];
    status = raw_name(&name, input, i - input->first_output, err);
    if (status == WF_OK) status = name_output(&recipe->outputs[i], names, &name, err);
  }
  wf_bytes_dispose(&name);
  wf_map_free(names);
  return status;
}

/* ---- all together -----------------------------------------------------------------------------
 */

typedef struct fitting {
  wf_recipe *recipe;
  const wf_frame *frame;
} fitting;

/* Fits a derived input on its column, computed for that. */
static wf_status fit_derived(const fitting *work, wf_recipe_input *input, wf_error *err) {
  size_t n = work->recipe->n_raw;
  wf_column **columns = wf_alloc_zero(n, sizeof *columns), *derived = NULL;
  wf_status status = columns ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; i < n && status == WF_OK; i++) {
    status = wf_frame_get(&columns[i], work->frame, work->recipe->inputs.items[i].name, err);
  }
  if (status == WF_OK) {
    status = wf_recipe_derive_column(&derived, work->recipe, input, columns,
                                     wf_frame_row_count(work->frame), err);
  }
  if (status == WF_OK) status = fit_input(input, derived, work->frame, err);
  wf_column_release(derived);
  wf_free(columns);
  return status;
}

static wf_status fit_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                           wf_error *err) {
  (void)index, (void)worker;
  fitting *work = context;
  for (size_t i = begin; i < end; i++) {
    wf_recipe_input *input = &work->recipe->inputs.items[i];
    wf_column *column;
    if (input->expression) {
      WF_TRY(fit_derived(work, input, err));
      continue;
    }
    WF_TRY(wf_frame_get(&column, work->frame, input->name, err));
    WF_TRY(fit_input(input, column, work->frame, err));
  }
  return WF_OK;
}

static wf_status build(wf_recipe *fitted, const wf_recipe *declared, const wf_frame *frame,
                       const char *const *exclude, size_t n_exclude, wf_error *err) {
  for (size_t i = 0; i < wf_frame_column_count(frame); i++) {
    const char *name = wf_frame_name_at(frame, i);
    if (is_excluded(name, exclude, n_exclude) || is_unused(declared, name)) continue;
    WF_TRY(add_input(fitted, declared, name, wf_frame_column_at(frame, i), err));
  }
  if (fitted->inputs.count == 0) {
    return wf_fail(err, WF_INVALID, "the frame has no column to make features from");
  }
  fitted->n_raw = fitted->inputs.count;
  WF_TRY(add_derived(fitted, declared, frame, err));
  if (fitted->inputs.count > WF_RECIPE_MAX_INPUTS) {
    return wf_fail(err, WF_LIMIT, "more than %d columns", WF_RECIPE_MAX_INPUTS);
  }
  fitting work = {fitted, frame};
  /* a thread costs more than small columns do; which threads run does not show in the result */
  size_t n_threads = wf_frame_row_count(frame) < 20000 ? 1 : 0;
  WF_TRY(wf_parallel_for(fitted->inputs.count, 1, n_threads, fit_block, &work, err));
  WF_TRY(wf_recipe_lay_out(fitted, err));
  return name_outputs(fitted, err);
}

static void move_fitted(wf_recipe *to, wf_recipe *from) {
  memcpy(&to->inputs, &from->inputs, sizeof to->inputs);
  to->outputs = from->outputs;
  to->sources = from->sources;
  to->n_outputs = from->n_outputs;
  to->n_raw = from->n_raw;
  to->fitted = true;
}

wf_status wf_recipe_fit(wf_recipe *recipe, const wf_frame *frame, const char *const *exclude,
                        size_t n_exclude, wf_error *err) {
  if (recipe->fitted) return wf_fail(err, WF_INVALID, "the recipe is fitted already");
  if (wf_frame_row_count(frame) == 0) {
    return wf_fail(err, WF_INVALID, "the frame has no rows to fit the recipe on");
  }
  WF_TRY(check_names(recipe, frame, exclude, n_exclude, err));
  wf_recipe fitted = {0};
  wf_status status = build(&fitted, recipe, frame, exclude, n_exclude, err);
  if (status != WF_OK) {
    wf_recipe_dispose_fitted(&fitted);
    return status;
  }
  move_fitted(recipe, &fitted);
  return WF_OK;
}
