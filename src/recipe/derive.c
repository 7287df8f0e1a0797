/* derive.c — columns that expressions make.
 *
 * A derived column is an input that no caller gives: it stands behind the raw ones, has a type and
 * a chain of steps as they have, and its raw value is the expression's. For a frame the whole
 * column is computed first and is then like any other; for a row the value is computed when its
 * turn comes. Both take operands through the same function and run the same expression, so the bits
 * agree. */
#include "base/pool.h"
#include "frame/column.h"
#include "recipe/recipe.h"

#include <math.h>

enum { BLOCK = 1 << 14 };

/* The value of one operand's raw cell. */
static wf_status operand_of(double *out, const wf_recipe_input *input, wf_cell cell,
                            wf_error *err) {
  char scratch[WF_NUMBER_TEXT];
  wf_status status = wf_recipe_run_steps(input, 0, &cell, scratch, err);
  if (status != WF_OK) return wf_fail_within(err, status, "'%s'", input->name);
  *out = cell.kind == WF_CELL_NUMBER ? cell.number : (double)NAN;
  return WF_OK;
}

wf_status wf_recipe_derive_cell(wf_cell *out, const wf_recipe *recipe, const wf_recipe_input *input,
                                const wf_cell *cells, wf_error *err) {
  double values[WF_EXPRESSION_MAX_COLUMNS];
  const wf_expression *expression = wf_step_expression_of(input->expression);
  for (size_t k = 0; k < wf_map_count(wf_expression_columns(expression)); k++) {
    size_t at = input->operands[k];
    WF_TRY(operand_of(&values[k], &recipe->inputs.items[at], cells[at], err));
  }
  double value = wf_expression_evaluate(expression, values);
  *out = (wf_cell){.kind = isnan(value) ? WF_CELL_MISSING : WF_CELL_NUMBER, .number = value};
  return WF_OK;
}

typedef struct deriving {
  const wf_recipe *recipe;
  const wf_recipe_input *input;
  wf_column *const *columns;
  double *values;
  uint8_t *present;
} deriving;

static wf_status derive_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                              wf_error *err) {
  (void)index, (void)worker;
  const deriving *work = context;
  const wf_expression *expression = wf_step_expression_of(work->input->expression);
  size_t n = wf_map_count(wf_expression_columns(expression));
  double operands[WF_EXPRESSION_MAX_COLUMNS];
  for (size_t row = begin; row < end; row++) {
    for (size_t k = 0; k < n; k++) {
      size_t at = work->input->operands[k];
      wf_status status = operand_of(&operands[k], &work->recipe->inputs.items[at],
                                    wf_recipe_cell_at(work->columns[at], row), err);
      if (status != WF_OK) {
        return wf_fail_within(err, status, "row %zu: column '%s'", row + 1, work->input->name);
      }
    }
    double value = wf_expression_evaluate(expression, operands);
    work->present[row] = (uint8_t)!isnan(value);
    work->values[row] = isnan(value) ? 0 : value;
  }
  return WF_OK;
}

wf_status wf_recipe_derive_column(wf_column **out, const wf_recipe *recipe,
                                  const wf_recipe_input *input, wf_column *const *columns,
                                  size_t n_rows, wf_error *err) {
  double *values = wf_alloc_array(n_rows, sizeof *values);
  uint8_t *present = wf_alloc_array(n_rows, 1);
  deriving work = {recipe, input, columns, values, present};
  wf_status status = values && present ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) status = wf_parallel_for(n_rows, BLOCK, 0, derive_block, &work, err);
  if (status == WF_OK) status = wf_column_from_f64(out, values, present, n_rows, err);
  wf_free(values);
  wf_free(present);
  return status;
}

wf_status wf_recipe_add_derived(wf_recipe *recipe, wf_recipe_input *input, wf_step *expression,
                                wf_error *err) {
  const wf_map *names = wf_expression_columns(wf_step_expression_of(expression));
  input->expression = wf_step_retain(expression);
  input->operands = wf_alloc_array(wf_map_count(names), sizeof *input->operands);
  if (!input->operands) return wf_fail_nomem(err);
  for (size_t k = 0; k < wf_map_count(names); k++) {
    wf_view name = wf_map_key(names, k);
    size_t at = 0;
    while (at < recipe->n_raw && !wf_view_equal(wf_view_of(recipe->inputs.items[at].name), name)) {
      at++;
    }
    int shown = (int)(name.size < 60 ? name.size : 60);
    if (at == recipe->n_raw) {
      return wf_fail(err, WF_NOTFOUND, "expression of '%s': there is no column '%.*s'", input->name,
                     shown, name.data);
    }
    if (recipe->inputs.items[at].type == WF_INPUT_TEXT) {
      return wf_fail(err, WF_TYPE, "expression of '%s': column '%.*s' is text", input->name, shown,
                     name.data);
    }
    input->operands[k] = at;
  }
  return wf_array_push(&recipe->inputs, *input) ? WF_OK : wf_fail_nomem(err);
}
