/* apply.c — encoding, for rows and for frames.
 *
 * Whatever comes in, wf_recipe_encode decides what a cell becomes; a row calls it once per column.
 * A frame may save calls but never decide: a category column is encoded once per dictionary entry
 * and then looked up, and a plain number column, which has no steps to run, goes through the same
 * wf_feature_of. So a row and a frame give the same bits.
 *
 * A frame is cut into tasks of one column and a block of rows each, in column order, so the error
 * reported is that of the first column with one, at its first row. */
#include "base/number.h"
#include "base/pool.h"
#include "frame/column.h"
#include "frame/timestamp.h"
#include "frame/value.h"
#include "recipe/format.h"

#include <string.h>

/* ---- one cell ---------------------------------------------------------------------------------
 */

/* The markers a CSV file has by default: a number column may get them as text in a request. */
static bool is_missing_marker(wf_view text) {
  static const char *const markers[] = {"", "NA", "N/A", "NaN", "nan", "null", "NULL"};
  for (size_t i = 0; i < sizeof markers / sizeof *markers; i++) {
    if (wf_view_equal(text, wf_view_of(markers[i]))) return true;
  }
  return false;
}

static bool parse_number(wf_input_type type, wf_view text, double *out) {
  bool yes;
  int64_t instant;
  if (type == WF_INPUT_BOOL && wf_value_parse_bool(text, false, &yes)) return *out = yes, true;
  if (type == WF_INPUT_TIMESTAMP && wf_timestamp_parse(text, &instant)) {
    return *out = (double)instant, true;
  }
  return wf_parse_f64(text, true, out);
}

static wf_status text_to_number(const wf_recipe_input *input, wf_cell *cell, wf_error *err) {
  wf_view text = {cell->text, cell->size};
  *cell = (wf_cell){.kind = WF_CELL_MISSING};
  double number;
  if (is_missing_marker(text)) return WF_OK;
  if (!parse_number(input->type, text, &number)) {
    return wf_fail(err, WF_TYPE, "'%.*s' is not a %s", (int)(text.size < 60 ? text.size : 60),
                   text.data, wf_input_type_name(input->type));
  }
  if (number == number) *cell = (wf_cell){.kind = WF_CELL_NUMBER, .number = number};
  return WF_OK;
}

/* Makes a raw cell what its column is declared to hold. */
static wf_status settle(const wf_recipe_input *input, wf_cell *cell, char *scratch, wf_error *err) {
  if (cell->kind == WF_CELL_NUMBER && cell->number != cell->number) cell->kind = WF_CELL_MISSING;
  if (cell->kind == WF_CELL_NUMBER && input->type == WF_INPUT_TEXT) {
    size_t size = wf_format_f64(scratch, cell->number);
    *cell = (wf_cell){.kind = WF_CELL_TEXT, .text = scratch, .size = size};
  }
  if (cell->kind == WF_CELL_TEXT && input->type != WF_INPUT_TEXT) {
    return text_to_number(input, cell, err);
  }
  return WF_OK;
}

wf_status wf_recipe_run_steps(const wf_recipe_input *input, size_t n_steps, wf_cell *cell,
                              char scratch[WF_NUMBER_TEXT], wf_error *err) {
  WF_TRY(settle(input, cell, scratch, err));
  for (size_t i = 0; i < n_steps; i++) {
    WF_TRY(input->steps[i]->kind->map(input->steps[i], cell, err));
  }
  return WF_OK;
}

wf_status wf_recipe_encode(const wf_recipe_input *input, wf_cell cell, float *out, wf_error *err) {
  char scratch[WF_NUMBER_TEXT];
  const wf_step *last = input->n_steps ? input->steps[input->n_steps - 1] : NULL;
  bool ends = last && last->kind->ends_column;
  WF_TRY(wf_recipe_run_steps(input, input->n_steps - ends, &cell, scratch, err));
  if (ends) return last->kind->expand(last, &cell, out, err);
  *out = cell.kind == WF_CELL_NUMBER ? wf_feature_of(cell.number) : wf_feature_missing();
  return WF_OK;
}

wf_status wf_recipe_apply_row(const wf_recipe *recipe, const wf_cell *cells, float *out,
                              wf_error *err) {
  if (!recipe->fitted) return wf_fail(err, WF_INVALID, "the recipe is not fitted");
  wf_derive_room room;
  for (size_t i = 0; i < recipe->inputs.count; i++) {
    const wf_recipe_input *input = &recipe->inputs.items[i];
    wf_cell cell = {.kind = WF_CELL_MISSING};
    wf_status status = WF_OK;
    if (i < recipe->n_raw)
      cell = cells[i];
    else
      status = wf_recipe_derive_cell(&cell, recipe, input, cells, &room, err);
    if (status == WF_OK) status = wf_recipe_encode(input, cell, out + input->first_output, err);
    if (status == WF_OK) continue;
    wf_fail_within(err, status, "column '%s'", input->name);
    if (err) err->column = (int)(i < recipe->n_raw ? i : input->operands[0]) + 1;
    return status;
  }
  return WF_OK;
}

/* ---- a frame ----------------------------------------------------------------------------------
 */

wf_cell wf_recipe_cell_at(const wf_column *column, size_t row) {
  if (!wf_column_present(column, row)) return (wf_cell){.kind = WF_CELL_MISSING};
  if (wf_type_is_text(column->type)) {
    size_t size;
    const char *text = wf_column_text_at(column, row, &size);
    return (wf_cell){.kind = WF_CELL_TEXT, .text = text, .size = size};
  }
  return (wf_cell){.kind = WF_CELL_NUMBER, .number = wf_column_number_at(column, row)};
}

/* The features of every dictionary entry: table[feature * (n_entries + 1) + code + 1], where place
 * 0 is the missing value. A value that cannot be encoded matters only when a row holds it. */
typedef struct entry_table {
  float *values; /* NULL: the column is encoded cell by cell */
  uint8_t *bad;  /* per place */
  size_t n_places;
} entry_table;

typedef struct applying {
  const wf_recipe *recipe;
  wf_column **columns; /* of each input: raw ones borrowed, derived ones owned */
  entry_table *tables;
  wf_matrix *matrix;
  float *scratch; /* n_threads x widest */
  size_t widest, n_rows, n_blocks, n_threads;
} applying;

enum { BLOCK = 1 << 14, LARGEST_TABLE = 1 << 22 };

static wf_status fail_row(wf_error *err, wf_status status, const applying *work, size_t input,
                          size_t row) {
  wf_fail_within(err, status, "row %zu: column '%s'", row + 1,
                 work->recipe->inputs.items[input].name);
  if (err) {
    err->line = row < INT32_MAX ? (int)row + 1 : 0;
    err->column = (int)input + 1;
  }
  return status;
}

static wf_status encode_cells(const applying *work, size_t index, size_t begin, size_t end,
                              float *scratch, wf_error *err) {
  const wf_recipe_input *input = &work->recipe->inputs.items[index];
  for (size_t row = begin; row < end; row++) {
    wf_cell cell = wf_recipe_cell_at(work->columns[index], row);
    wf_status status = wf_recipe_encode(input, cell, scratch, err);
    if (status != WF_OK) return fail_row(err, status, work, index, row);
    for (size_t j = 0; j < input->width; j++) {
      wf_matrix_column_at(work->matrix, input->first_output + j)[row] = scratch[j];
    }
  }
  return WF_OK;
}

#define PASS(type, get)                                                                       \
  do {                                                                                        \
    const type *values = get(column);                                                         \
    for (size_t row = begin; row < end; row++) out[row] = wf_feature_of((double)values[row]); \
  } while (0)

/* A number column without steps: the loop of wf_recipe_encode with everything constant hoisted. */
static void pass_numbers(const wf_column *column, size_t begin, size_t end, float *out) {
  switch (column->type) {
  case WF_F64: PASS(double, wf_column_f64); break;
  case WF_F32: PASS(float, wf_column_f32); break;
  case WF_I32: PASS(int32_t, wf_column_i32); break;
  default: PASS(int64_t, wf_column_i64); break; /* i64, timestamp */
  }
  if (!column->validity) return;
  for (size_t row = begin; row < end; row++) {
    if (!wf_bit_get(column->validity->data, row)) out[row] = wf_feature_missing();
  }
}

static bool passes_numbers(const wf_recipe_input *input, const wf_column *column) {
  return input->n_steps == 0 && input->type != WF_INPUT_TEXT && column->type != WF_BOOL &&
         !wf_type_is_text(column->type);
}

static size_t place_at(const wf_column *column, size_t row) {
  return wf_column_present(column, row) ? (size_t)wf_column_i32(column)[row] + 1 : 0;
}

static wf_status check_places(const applying *work, size_t index, size_t begin, size_t end,
                              wf_error *err) {
  const wf_column *column = work->columns[index];
  for (size_t row = begin; row < end; row++) {
    if (!work->tables[index].bad[place_at(column, row)]) continue;
    float *unused = work->tables[index].values; /* failing writes nothing */
    wf_status status = wf_recipe_encode(&work->recipe->inputs.items[index],
                                        wf_recipe_cell_at(column, row), unused, err);
    return fail_row(err, status, work, index, row);
  }
  return WF_OK;
}

static void look_up(const applying *work, size_t index, size_t begin, size_t end) {
  const wf_recipe_input *input = &work->recipe->inputs.items[index];
  const wf_column *column = work->columns[index];
  const entry_table *table = &work->tables[index];
  const int32_t *codes = wf_column_i32(column);
  for (size_t j = 0; j < input->width; j++) {
    const float *values = table->values + j * table->n_places;
    float *out = wf_matrix_column_at(work->matrix, input->first_output + j);
    if (!column->validity) {
      for (size_t row = begin; row < end; row++) out[row] = values[codes[row] + 1];
    } else {
      for (size_t row = begin; row < end; row++) out[row] = values[place_at(column, row)];
    }
  }
}

static wf_status apply_task(void *context, size_t task, size_t begin_task, size_t end_task,
                            size_t worker, wf_error *err) {
  (void)begin_task, (void)end_task;
  const applying *work = context;
  size_t index = task / work->n_blocks, begin = task % work->n_blocks * BLOCK;
  size_t end = begin + BLOCK < work->n_rows ? begin + BLOCK : work->n_rows;
  const wf_recipe_input *input = &work->recipe->inputs.items[index];
  const wf_column *column = work->columns[index];
  if (input->width == 0) return WF_OK;
  if (work->tables[index].values) {
    if (work->tables[index].bad) WF_TRY(check_places(work, index, begin, end, err));
    look_up(work, index, begin, end);
    return WF_OK;
  }
  if (passes_numbers(input, column)) {
    pass_numbers(column, begin, end, wf_matrix_column_at(work->matrix, input->first_output));
    return WF_OK;
  }
  return encode_cells(work, index, begin, end, work->scratch + worker * work->widest, err);
}

static wf_status mark_bad(entry_table *table, size_t place, wf_error *err) {
  if (!table->bad) table->bad = wf_alloc_zero(table->n_places, 1);
  if (!table->bad) return wf_fail_nomem(err);
  table->bad[place] = 1;
  return WF_OK;
}

/* Fills the table of a category column; not worth it for a dictionary longer than the column (one
 * that a filtered frame shares with the whole), nor for a table that no cache would hold. */
static wf_status make_table(applying *work, size_t index, wf_error *err) {
  const wf_recipe_input *input = &work->recipe->inputs.items[index];
  const wf_column *column = work->columns[index];
  if (column->type != WF_CATEGORY || input->width == 0) return WF_OK;
  size_t n_entries = wf_column_count(column->dictionary);
  if (n_entries > work->n_rows || n_entries > LARGEST_TABLE / input->width) return WF_OK;
  entry_table *table = &work->tables[index];
  table->n_places = n_entries + 1;
  float *values = wf_alloc_array(table->n_places, input->width * sizeof(float));
  if (!values) return wf_fail_nomem(err);
  table->values = values;
  for (size_t place = 0; place < table->n_places; place++) {
    wf_cell cell = place ? wf_recipe_cell_at(column->dictionary, place - 1)
                         : (wf_cell){.kind = WF_CELL_MISSING};
    wf_error ignored;
    if (wf_recipe_encode(input, cell, work->scratch, &ignored) != WF_OK) {
      WF_TRY(mark_bad(table, place, err));
      memset(work->scratch, 0, input->width * sizeof(float));
    }
    for (size_t j = 0; j < input->width; j++) {
      values[j * table->n_places + place] = work->scratch[j];
    }
  }
  return WF_OK;
}

static wf_status find_columns(applying *work, const wf_frame *frame, wf_error *err) {
  for (size_t i = 0; i < work->recipe->inputs.count; i++) {
    const wf_recipe_input *input = &work->recipe->inputs.items[i];
    if (input->width > work->widest) work->widest = input->width;
    if (input->expression)
      WF_TRY(wf_recipe_derive_column(&work->columns[i], work->recipe, input, work->columns,
                                     work->n_rows, err));
    else
      WF_TRY(wf_frame_get(&work->columns[i], frame, input->name, err));
  }
  return WF_OK;
}

static wf_status apply_all(applying *work, const wf_frame *frame, wf_error *err) {
  const wf_recipe *recipe = work->recipe;
  work->columns = wf_alloc_zero(recipe->inputs.count, sizeof *work->columns);
  work->tables = wf_alloc_zero(recipe->inputs.count, sizeof *work->tables);
  if (!work->columns || !work->tables) return wf_fail_nomem(err);
  WF_TRY(find_columns(work, frame, err));
  work->scratch = wf_alloc_array(work->n_threads, work->widest * sizeof(float));
  if (!work->scratch) return wf_fail_nomem(err);
  for (size_t i = 0; i < recipe->inputs.count; i++) WF_TRY(make_table(work, i, err));
  WF_TRY(wf_matrix_new(&work->matrix, work->n_rows, recipe->n_outputs,
                       (const char *const *)recipe->outputs, err));
  return wf_parallel_for(recipe->inputs.count * work->n_blocks, 1, work->n_threads, apply_task,
                         work, err);
}

wf_status wf_recipe_apply(wf_matrix **out, const wf_recipe *recipe, const wf_frame *frame,
                          wf_error *err) {
  if (!recipe->fitted) return wf_fail(err, WF_INVALID, "the recipe is not fitted");
  applying work = {.recipe = recipe, .n_rows = wf_frame_row_count(frame)};
  work.n_blocks = (work.n_rows + BLOCK - 1) / BLOCK;
  work.n_threads = work.n_blocks > 1 ? wf_thread_count() : 1;
  wf_status status = apply_all(&work, frame, err);
  for (size_t i = 0; work.tables && i < recipe->inputs.count; i++) {
    wf_free(work.tables[i].values);
    wf_free(work.tables[i].bad);
  }
  for (size_t i = recipe->n_raw; work.columns && i < recipe->inputs.count; i++) {
    wf_column_release(work.columns[i]);
  }
  wf_free(work.tables);
  wf_free(work.columns);
  wf_free(work.scratch);
  if (status == WF_OK) {
    *out = work.matrix;
  } else {
    wf_matrix_release(work.matrix);
  }
  return status;
}
