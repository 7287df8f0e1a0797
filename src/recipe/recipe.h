/* recipe/recipe.h — the inside of a recipe. */
#ifndef WF_RECIPE_RECIPE_H
#define WF_RECIPE_RECIPE_H

#include "base/array.h"
#include "base/number.h"
#include "recipe/expression.h"
#include "recipe/step.h"

#include <stdatomic.h>

/* What a raw column holds. Text given for a bool may be "true" or "false", for a timestamp an
 * instant as wf_timestamp_parse reads it; for all but text it may be a number. */
typedef enum wf_input_type {
  WF_INPUT_NUMBER,
  WF_INPUT_BOOL,
  WF_INPUT_TIMESTAMP,
  WF_INPUT_TEXT
} wf_input_type;

typedef struct wf_recipe_declared {
  char *column; /* NULL: every text column that no other step names, or every number column that
                   no other step of this kind names, by what the step reads */
  wf_step *step;
} wf_recipe_declared;

typedef struct wf_recipe_input {
  char *name;
  wf_input_type type;
  wf_step **steps; /* the chain; empty: the number passes through */
  size_t n_steps;
  size_t first_output, width;
  wf_step *expression; /* NULL: a raw column; else what makes it, of the raw columns … */
  size_t *operands;    /* … with these indices */
} wf_recipe_input;

struct wf_recipe {
  atomic_size_t refs;
  bool fitted;
  WF_ARRAY(wf_recipe_declared) declared;
  WF_ARRAY(wf_recipe_input)
  inputs; /* once fitted; in the order of the training columns,
              then derived ones */
  size_t n_raw;
  char **outputs;  /* feature names */
  size_t *sources; /* the input of each feature, raw or derived */
  size_t n_outputs;
};

enum { WF_RECIPE_MAX_INPUTS = 1 << 20, WF_RECIPE_MAX_OUTPUTS = 1 << 20 };

/* Takes over `step`, also on failure; copies `column`. */
wf_status wf_recipe_declare(wf_recipe *recipe, const char *column, wf_step *step, wf_error *err);

/* Frees inputs and outputs, leaving a recipe that is not fitted. */
void wf_recipe_dispose_fitted(wf_recipe *recipe);
void wf_recipe_dispose_input(wf_recipe_input *input);

/* Sets first_output of every input and allocates `outputs` (all NULL) and `sources`. */
wf_status wf_recipe_lay_out(wf_recipe *recipe, wf_error *err);

/* The number of features a chain of steps makes. */
size_t wf_recipe_chain_width(wf_step *const *steps, size_t n_steps);
/* Whether each step gets what it reads; the message says which does not. */
wf_status wf_recipe_check_chain(const char *column, wf_input_type type, wf_step *const *steps,
                                size_t n_steps, wf_error *err);

/* One raw cell of `input` as its chain's `n_steps` first steps leave it. `scratch` holds the text a
 * number may become. Used by fitting, by frames and by rows alike. */
wf_status wf_recipe_run_steps(const wf_recipe_input *input, size_t n_steps, wf_cell *cell,
                              char scratch[WF_NUMBER_TEXT], wf_error *err);
/* One raw cell to input->width features. */
wf_status wf_recipe_encode(const wf_recipe_input *input, wf_cell cell, float *out, wf_error *err);
/* What a derived cell's text may point into, besides what is given. */
typedef struct wf_derive_room {
  wf_expression_room texts;
  char numbers[WF_EXPRESSION_MAX_COLUMNS][WF_NUMBER_TEXT];
} wf_derive_room;
/* The raw cell of a derived input, from those of the raw inputs; its column, from theirs. */
wf_status wf_recipe_derive_cell(wf_cell *out, const wf_recipe *recipe, const wf_recipe_input *input,
                                const wf_cell *cells, wf_derive_room *room, wf_error *err);
wf_status wf_recipe_derive_column(wf_column **out, const wf_recipe *recipe,
                                  const wf_recipe_input *input, wf_column *const *columns,
                                  size_t n_rows, wf_error *err);
/* Gives the input its expression, finds its operands among the raw inputs and sets its type. */
wf_status wf_recipe_bind_derived(const wf_recipe *recipe, wf_recipe_input *input,
                                 wf_step *expression, wf_error *err);
/* The cell of a frame's column. */
wf_cell wf_recipe_cell_at(const wf_column *column, size_t row);

#endif
