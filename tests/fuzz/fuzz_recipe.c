/* Any bytes as a recipe document: it is refused with a message, or it can encode any row and its
 * text reads back as the same recipe. */
#include "wf/recipe.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
  if (!condition) abort();
}

/* A cell of each kind, chosen by the row and the input. */
static wf_cell cell_at(size_t row, size_t input) {
  static const char *const texts[] = {"a", "na", "", "1e3", "true", "2020-01-01"};
  switch ((row + input) % 4) {
  case 0: return (wf_cell){.kind = WF_CELL_MISSING};
  case 1: return (wf_cell){.kind = WF_CELL_NUMBER, .number = (double)row - 1.5};
  default: {
    const char *text = texts[(row * 5 + input) % 6];
    return (wf_cell){.kind = WF_CELL_TEXT, .text = text, .size = strlen(text)};
  }
  }
}

static void encode_rows(const wf_recipe *recipe) {
  size_t n_in = wf_recipe_input_count(recipe), n_out = wf_recipe_output_count(recipe);
  wf_cell *cells = malloc(n_in * sizeof *cells);
  float *out = malloc(n_out * sizeof *out);
  require(cells && out);
  for (size_t row = 0; row < 8; row++) {
    for (size_t i = 0; i < n_in; i++) cells[i] = cell_at(row, i);
    wf_error err = WF_ERROR_INIT;
    if (wf_recipe_apply_row(recipe, cells, out, &err) != WF_OK) require(err.message[0] != '\0');
  }
  free(cells);
  free(out);
}

static void check_round_trip(const wf_recipe *recipe) {
  wf_error err = WF_ERROR_INIT;
  char *first, *second;
  wf_recipe *copy;
  require(wf_recipe_format(&first, recipe, &err) == WF_OK);
  require(wf_recipe_parse(&copy, first, strlen(first), &err) == WF_OK);
  require(wf_recipe_format(&second, copy, &err) == WF_OK);
  require(strcmp(first, second) == 0);
  wf_recipe_release(copy);
  wf_text_free(first);
  wf_text_free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *recipe;
  if (wf_recipe_parse(&recipe, (const char *)data, size, &err) != WF_OK) {
    require(err.message[0] != '\0');
    return 0;
  }
  check_round_trip(recipe);
  if (wf_recipe_is_fitted(recipe)) encode_rows(recipe);
  wf_recipe_release(recipe);
  return 0;
}
