/* derive.c — columns that expressions make.
 *
 * A derived column is an input that no caller gives: it stands behind the raw ones, has a type and
 * a chain of steps as they have, and its raw value is the expression's. For a frame the whole
 * column is computed first and is then like any other; for a row the value is computed when its
 * turn comes. Both take operands through the same function and run the same expression, so the bits
 * agree. */
#include "base/pool.h"
#include "base/suggest.h"
#include "frame/builder.h"
#include "recipe/recipe.h"

#include <string.h>

enum { BLOCK = 1 << 14 };

/* The operand's raw cell, as its column's type has it. */
static wf_status settle_operand(wf_cell *cell, const wf_recipe_input *input,
                                char scratch[WF_NUMBER_TEXT], wf_error *err) {
  wf_status status = wf_recipe_run_steps(input, 0, cell, scratch, err);
  return status == WF_OK ? WF_OK : wf_fail_within(err, status, "'%s'", input->name);
}

wf_status wf_recipe_derive_cell(wf_cell *out, const wf_recipe *recipe, const wf_recipe_input *input,
                                const wf_cell *cells, wf_derive_room *room, wf_error *err) {
  wf_cell values[WF_EXPRESSION_MAX_COLUMNS];
  const wf_expression *expression = wf_step_expression_of(input->expression);
  for (size_t k = 0; k < wf_map_count(wf_expression_columns(expression)); k++) {
    size_t at = input->operands[k];
    values[k] = cells[at];
    WF_TRY(settle_operand(&values[k], &recipe->inputs.items[at], room->numbers[k], err));
  }
  return wf_expression_evaluate(out, expression, values, &room->texts, err);
}

typedef struct deriving {
  const wf_recipe *recipe;
  const wf_recipe_input *input;
  wf_column *const *columns;
  double *values;
  uint8_t *present;
} deriving;

/* The value of one row, from the columns of the frame. */
static wf_status derive_row(wf_cell *out, const deriving *work, size_t row, wf_derive_room *room,
                            wf_error *err) {
  wf_cell values[WF_EXPRESSION_MAX_COLUMNS];
  const wf_expression *expression = wf_step_expression_of(work->input->expression);
  wf_status status = WF_OK;
  for (size_t k = 0; k < wf_map_count(wf_expression_columns(expression)) && status == WF_OK; k++) {
    size_t at = work->input->operands[k];
    values[k] = wf_recipe_cell_at(work->columns[at], row);
    status = settle_operand(&values[k], &work->recipe->inputs.items[at], room->numbers[k], err);
  }
  if (status == WF_OK) {
    status = wf_expression_evaluate(out, expression, values, &room->texts, err);
  }
  if (status == WF_OK) return WF_OK;
  return wf_fail_within(err, status, "row %zu: column '%s'", row + 1, work->input->name);
}

static wf_status derive_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                              wf_error *err) {
  (void)index, (void)worker;
  const deriving *work = context;
  wf_derive_room room;
  for (size_t row = begin; row < end; row++) {
    wf_cell value;
    WF_TRY(derive_row(&value, work, row, &room, err));
    work->present[row] = value.kind == WF_CELL_NUMBER;
    work->values[row] = work->present[row] ? value.number : 0;
  }
  return WF_OK;
}

static wf_status derive_numbers(wf_column **out, deriving *work, size_t n_rows, wf_error *err) {
  work->values = wf_alloc_array(n_rows, sizeof *work->values);
  work->present = wf_alloc_array(n_rows, 1);
  wf_status status = work->values && work->present ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) status = wf_parallel_for(n_rows, BLOCK, 0, derive_block, work, err);
  if (status == WF_OK) {
    status = wf_column_from_f64(out, work->values, work->present, n_rows, err);
  }
  wf_free(work->values);
  wf_free(work->present);
  return status;
}

/* Texts repeat, as a rule, so they become a category. */
static wf_status derive_texts(wf_column **out, const deriving *work, size_t n_rows, wf_error *err) {
  wf_builder *builder;
  wf_derive_room room;
  WF_TRY(wf_builder_new(&builder, WF_CATEGORY, err));
  wf_status status = WF_OK;
  for (size_t row = 0; row < n_rows && status == WF_OK; row++) {
    wf_cell value;
    status = derive_row(&value, work, row, &room, err);
    if (status != WF_OK) break;
    status = value.kind == WF_CELL_TEXT
                 ? wf_builder_add_text(builder, (wf_view){value.text, value.size}, err)
                 : wf_builder_add_missing(builder, err);
  }
  if (status == WF_OK) return wf_builder_finish(builder, out, err);
  wf_builder_free(builder);
  return status;
}

wf_status wf_recipe_derive_column(wf_column **out, const wf_recipe *recipe,
                                  const wf_recipe_input *input, wf_column *const *columns,
                                  size_t n_rows, wf_error *err) {
  deriving work = {.recipe = recipe, .input = input, .columns = columns};
  if (input->type == WF_INPUT_TEXT) return derive_texts(out, &work, n_rows, err);
  return derive_numbers(out, &work, n_rows, err);
}

static wf_status find_operand(size_t *out, const wf_recipe *recipe, const char *made, wf_view name,
                              wf_error *err) {
  size_t at = 0;
  while (at < recipe->n_raw && !wf_view_equal(wf_view_of(recipe->inputs.items[at].name), name)) {
    at++;
  }
  *out = at;
  if (at < recipe->n_raw) return WF_OK;
  char text[60] = "";
  memcpy(text, name.data, name.size < sizeof text ? name.size : sizeof text - 1);
  const char *nearest =
      wf_suggest(text, recipe->inputs.items, recipe->n_raw, sizeof *recipe->inputs.items);
  return wf_fail(err, WF_NOTFOUND, "expression of '%s': there is no column '%s'%s%s%s", made, text,
                 nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

wf_status wf_recipe_bind_derived(const wf_recipe *recipe, wf_recipe_input *input,
                                 wf_step *expression, wf_error *err) {
  const wf_expression *parsed = wf_step_expression_of(expression);
  const wf_map *names = wf_expression_columns(parsed);
  bool is_text[WF_EXPRESSION_MAX_COLUMNS], makes_text = false;
  input->expression = wf_step_retain(expression);
  input->operands = wf_alloc_array(wf_map_count(names), sizeof *input->operands);
  if (!input->operands) return wf_fail_nomem(err);
  for (size_t k = 0; k < wf_map_count(names); k++) {
    WF_TRY(find_operand(&input->operands[k], recipe, input->name, wf_map_key(names, k), err));
    is_text[k] = recipe->inputs.items[input->operands[k]].type == WF_INPUT_TEXT;
  }
  wf_status status = wf_expression_check(parsed, is_text, &makes_text, err);
  if (status != WF_OK) return wf_fail_within(err, status, "expression of '%s'", input->name);
  input->type = makes_text ? WF_INPUT_TEXT : WF_INPUT_NUMBER;
  return WF_OK;
}
