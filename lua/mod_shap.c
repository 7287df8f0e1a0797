/* mod_shap.c — wf.core.shap: contributions of each feature to each prediction.
 *
 * What scripts see is made of it in Lua (stdlib/wf/shap). A wf.shap object holds all values of one
 * call, n_rows x n_groups x (n_features + 1), the last of each group being the base, and the model,
 * which names the features. */
#include "convert.h"
#include "modules.h"

#include "wf/model.h"
#include "wf/shap.h"

#include "base/alloc.h"

static const char SHAP[] = "wf.shap";

typedef struct explained {
  wf_model *model;
  double *values;
  size_t n_rows, n_groups, n_features;
} explained;

static explained *check(lua_State *L) { return wfl_check(L, 1, SHAP); }

static void dispose(void *object) {
  explained *e = object;
  wf_model_release(e->model);
  wf_free(e->values);
  wf_free(e);
}

/* The output that argument `arg` counts from 1; several outputs are the classes. */
static size_t group_arg(lua_State *L, const explained *e, int arg) {
  lua_Integer group = luaL_optinteger(L, arg, 1);
  if (group < 1 || (size_t)group > e->n_groups)
    wfl_fail(L, WF_INVALID, "there is no output %I; the model has %I", group,
             (lua_Integer)e->n_groups);
  return (size_t)group - 1;
}

static const char *feature_name(const explained *e, size_t feature) {
  return wf_recipe_output_name(wf_model_recipe(e->model), feature);
}

static const double *value_row(const explained *e, size_t row, size_t group) {
  return e->values + (row * e->n_groups + group) * (e->n_features + 1);
}

/* outputs(): how many there are */
static int shap_outputs(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check(L)->n_groups);
  return 1;
}

/* base([output]): the margin before any feature is known; nil without rows */
static int shap_base(lua_State *L) {
  const explained *e = check(L);
  size_t group = group_arg(L, e, 2);
  if (e->n_rows == 0) return 0;
  lua_pushnumber(L, value_row(e, 0, group)[e->n_features]);
  return 1;
}

/* importance(frame, "mean_abs" | "median" | "mean_sq") → frame(feature, importance), of SHAP values
 * with a column per feature */
static int importance(lua_State *L) {
  static const char *const ways[] = {"mean_abs", "median", "mean_sq", NULL};
  const wf_frame *frame = wfl_check(L, 1, WFL_FRAME);
  wf_shap_aggregate how = (wf_shap_aggregate)luaL_checkoption(L, 2, "mean_abs", ways);
  size_t n = wf_frame_column_count(frame), n_rows = wf_frame_row_count(frame), n_cells = 0;
  if (__builtin_mul_overflow(n + 1, n_rows, &n_cells))
    wfl_fail(L, WF_LIMIT, "shap.importance: too many values");
  double *values = wfl_scratch(L, n_cells, sizeof *values);
  double *out = wfl_scratch(L, n, sizeof *out);
  const char **names = wfl_scratch(L, n, sizeof *names);
  for (size_t f = 0; f < n; f++) {
    names[f] = wf_frame_name_at(frame, f);
    const double *column = wfl_push_doubles(L, wf_frame_column_at(frame, f), names[f]);
    for (size_t i = 0; i < n_rows; i++) values[i * (n + 1) + f] = column[i];
    lua_pop(L, 1);
  }
  wf_error err = WF_ERROR_INIT;
  if (wf_shap_global(values, n_rows, 1, n, 0, how, out, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_push_ranking(L, names, out, n);
  return 1;
}

/* values([output]) → frame, a column per feature */
static int shap_values(lua_State *L) {
  const explained *e = check(L);
  size_t group = group_arg(L, e, 2), n = e->n_rows;
  luaL_checkstack(L, 3 * (int)e->n_features + 20, "too many features");
  double *column = wfl_scratch(L, n, sizeof *column);
  wfl_frame_maker maker;
  wfl_maker_begin(&maker, L);
  for (size_t f = 0; f < e->n_features; f++) {
    for (size_t i = 0; i < n; i++) column[i] = value_row(e, i, group)[f];
    wfl_maker_add_f64(&maker, feature_name(e, f), column, n);
  }
  wfl_maker_end(&maker);
  return 1;
}

/* Pushes a box with room for the values of so many rows. */
static explained *push_explained(lua_State *L, wf_model *model, size_t n_rows) {
  const wf_forest *forest = wf_model_forest(model);
  wfl_box *box = wfl_newbox(L, SHAP);
  explained *e = box->ptr = wf_alloc_zero(1, sizeof *e);
  if (!e) luaL_error(L, "not enough memory");
  e->n_rows = n_rows;
  e->n_groups = wf_forest_group_count(forest);
  e->n_features = wf_forest_feature_count(forest);
  e->model = wf_model_retain(model);
  size_t row, cells = 0;
  if (__builtin_mul_overflow(e->n_groups, e->n_features + 1, &row) ||
      __builtin_mul_overflow(row, n_rows, &cells))
    wfl_fail(L, WF_LIMIT, "shap.values: too many values");
  e->values = wf_alloc_array(cells, sizeof *e->values);
  if (!e->values) luaL_error(L, "not enough memory");
  wfl_pressure(L, cells * sizeof *e->values);
  return e;
}

/* values(model, frame, {threads=}) */
static int explain(lua_State *L) {
  static const char what[] = "shap.values";
  wf_model *model = wfl_check(L, 1, WFL_MODEL);
  const wf_frame *frame = wfl_check(L, 2, WFL_FRAME);
  wfl_options(L, 3, what, (const char *const[]){"threads", NULL});
  wf_shap_options options = {.n_threads =
                                 (size_t)wfl_option_integer(L, 3, what, "threads", 0, 0, 4096)};
  explained *e = push_explained(L, model, wf_frame_row_count(frame));
  wf_error err = WF_ERROR_INIT;
  wf_matrix *matrix;
  wfl_box *box = wfl_newbox(L, WFL_MATRIX);
  if (wf_model_features(&matrix, model, frame, &err) != WF_OK) return wfl_raise(L, &err);
  box->ptr = matrix;
  wf_features features = wf_matrix_features(matrix);
  if (wf_shap_values(wf_model_forest(model), &features, &options, e->values, &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_pop(L, 1);
  return 1;
}

int wfl_open_shap(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"base", shap_base},
      {"outputs", shap_outputs},
      {"values", shap_values},
      {NULL, NULL},
  };
  static const luaL_Reg meta[] = {{NULL, NULL}};
  static const luaL_Reg functions[] = {
      {"importance", importance}, {"values", explain}, {NULL, NULL}};
  wfl_frame_classes(L);
  wfl_matrix_class(L);
  wfl_recipe_class(L);
  wfl_model_class(L);
  wfl_class(L, SHAP, meta, methods, dispose);
  luaL_newlib(L, functions);
  return 1;
}
