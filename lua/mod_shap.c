/* mod_shap.c — wf.core.shap: contributions of each feature, or pair of features, to each
 * prediction.
 *
 * What scripts see is made of it in Lua (stdlib/wf/shap). A wf.shap object holds all values of one
 * call, n_rows x n_groups x (n_features + 1), the last of each group being the base, and the model,
 * which names the features; of interactions a square of n_features + 1 a row and group. */
#include "convert.h"
#include "mod_model.h"
#include "modules.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "frame/column.h"
#include "wf/model.h"
#include "wf/shap.h"

#include <limits.h>
#include <stdio.h>

#define WFL_SHAP "wf.shap"

typedef struct explained {
  wf_model *model;
  double *values; /* n_rows x n_groups x n_cells */
  size_t n_rows, n_groups, n_features;
  size_t n_cells; /* n_features + 1, the base value last; of interactions, its square */
} explained;

static explained *check(lua_State *L) { return wfl_check(L, 1, WFL_SHAP); }

static const double *cells_at(const explained *e, size_t row, size_t group) {
  return e->values + (row * e->n_groups + group) * e->n_cells;
}

static void dispose(void *object) {
  explained *e = object;
  wf_model_release(e->model);
  wf_free(e->values);
  wf_free(e);
}

static size_t group_arg(lua_State *L, const explained *e, int arg) {
  lua_Integer group = luaL_optinteger(L, arg, 1);
  if (group < 1 || (size_t)group > e->n_groups)
    wfl_fail(L, WF_INVALID, "there is no output %I; the model has %I", group,
             (lua_Integer)e->n_groups);
  return (size_t)group - 1;
}

static const char *name_of(const explained *e, size_t feature) {
  return wf_recipe_output_name(wf_model_recipe(e->model), feature);
}

/* outputs(): how many there are */
static int shap_outputs(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check(L)->n_groups);
  return 1;
}

/* base([output]): what is expected before any feature is known; nil without rows */
static int shap_base(lua_State *L) {
  const explained *e = check(L);
  size_t group = group_arg(L, e, 2);
  if (e->n_rows == 0) return 0;
  lua_pushnumber(L, cells_at(e, 0, group)[e->n_cells - 1]);
  return 1;
}

static wf_shap_options threads_at(lua_State *L, int arg, const char *what) {
  lua_Integer n = wfl_option_integer(L, arg, what, "threads", 0, 0, 4096);
  return (wf_shap_options){.n_threads = (size_t)n};
}

/* A column's values: where they lie, or pushed as an array. */
static const double *push_values(lua_State *L, const wf_column *column, const char *name) {
  if (column->type != WF_F64 || column->n_missing) return wfl_push_doubles(L, column, name);
  lua_pushnil(L);
  return wf_column_f64(column);
}

/* importance(frame, "mean_abs" | "median" | "mean_sq") → frame(feature, importance), of SHAP values
 * with a column per feature */
static int importance(lua_State *L) {
  static const char *const ways[] = {"mean_abs", "median", "mean_sq", NULL};
  const wf_frame *frame = wfl_check(L, 1, WFL_FRAME);
  wf_shap_aggregate how = (wf_shap_aggregate)luaL_checkoption(L, 2, "mean_abs", ways);
  size_t n = wf_frame_column_count(frame);
  if (n > INT_MAX - 20) wfl_fail(L, WF_LIMIT, "shap.importance: too many features");
  luaL_checkstack(L, (int)n + 20, "too many features");
  double *out = wfl_scratch(L, n, sizeof *out);
  const char **names = wfl_scratch(L, n, sizeof *names);
  const double **columns = wfl_scratch(L, n, sizeof *columns);
  for (size_t f = 0; f < n; f++) {
    names[f] = wf_frame_name_at(frame, f);
    columns[f] = push_values(L, wf_frame_column_at(frame, f), names[f]);
  }
  wf_error err = WF_ERROR_INIT;
  if (wf_shap_importance(columns, wf_frame_row_count(frame), n, how, 0, out, &err) != WF_OK)
    return wfl_raise(L, &err);
  wfl_push_ranking(L, names, out, n);
  return 1;
}

/* means(model, frame, "mean_abs" | "mean_sq", {threads=}) → list of { base, features =
 * frame(feature, importance) }, one per output: what importance says of values that are not kept */
static int means(lua_State *L) {
  static const char *const ways[] = {"mean_abs", "median", "mean_sq", NULL};
  const wf_model *model = wfl_check(L, 1, WFL_MODEL);
  const wf_frame *frame = wfl_check(L, 2, WFL_FRAME);
  wf_shap_aggregate how = (wf_shap_aggregate)luaL_checkoption(L, 3, "mean_abs", ways);
  wfl_options(L, 4, "shap.means", (const char *const[]){"threads", NULL});
  wf_shap_options options = threads_at(L, 4, "shap.means");
  const wf_forest *forest = wf_model_forest(model);
  size_t n = wf_forest_feature_count(forest), n_groups = wf_forest_group_count(forest);
  double *out = wfl_scratch(L, n_groups * (n + 1), sizeof *out);
  const char **names = wfl_scratch(L, n, sizeof *names);
  for (size_t f = 0; f < n; f++) names[f] = wf_recipe_output_name(wf_model_recipe(model), f);
  wf_features features = wfl_push_features(L, model, frame);
  wf_error err = WF_ERROR_INIT;
  if (wf_shap_means(forest, &features, &options, how, out, &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_createtable(L, (int)n_groups, 0);
  for (size_t g = 0; g < n_groups; g++) {
    lua_createtable(L, 0, 2);
    lua_pushnumber(L, out[g * (n + 1) + n]);
    lua_setfield(L, -2, "base");
    wfl_push_ranking(L, names, out + g * (n + 1), n);
    lua_setfield(L, -2, "features");
    lua_rawseti(L, -2, (lua_Integer)g + 1);
  }
  return 1;
}

typedef struct spreading {
  const explained *explained;
  size_t group;
  double **columns; /* one per feature */
} spreading;

/* Rows of values to columns, few enough rows that both stay in the cache. */
static wf_status spread_rows(void *context, size_t index, size_t begin, size_t end, size_t worker,
                             wf_error *err) {
  (void)index, (void)worker, (void)err;
  enum { ROWS = 64 };
  const spreading *work = context;
  const struct explained *e = work->explained;
  for (size_t first = begin; first < end; first += ROWS) {
    size_t last = first + ROWS < end ? first + ROWS : end;
    for (size_t f = 0; f < e->n_features; f++) {
      double *column = work->columns[f];
      for (size_t i = first; i < last; i++) column[i] = cells_at(e, i, work->group)[f];
    }
  }
  return WF_OK;
}

/* values([output]) → frame, a column per feature */
static int shap_values(lua_State *L) {
  enum { BLOCK = 4096 };
  const explained *e = check(L);
  spreading work = {.explained = e, .group = group_arg(L, e, 2)};
  if (e->n_cells != e->n_features + 1)
    return wfl_fail(L, WF_INVALID, "these values are of pairs, not of features");
  luaL_checkstack(L, 3 * (int)e->n_features + 20, "too many features");
  work.columns = wfl_scratch(L, e->n_features, sizeof *work.columns);
  wfl_frame_maker maker;
  wfl_maker_begin(&maker, L);
  for (size_t f = 0; f < e->n_features; f++) {
    work.columns[f] = wf_column_memory(wfl_push_blank(L, WF_F64, e->n_rows));
    wfl_maker_add(&maker, name_of(e, f));
  }
  wf_error err = WF_ERROR_INIT;
  if (wf_parallel_for(e->n_rows, BLOCK, 0, spread_rows, &work, &err) != WF_OK)
    return wfl_raise(L, &err);
  wfl_maker_end(&maker);
  return 1;
}

/* What two features give together beyond what each gives alone: both halves of the square. Of a
 * feature and itself, what it gives alone. */
static void gather_pair(double *column, const explained *e, size_t group, size_t a, size_t b) {
  for (size_t i = 0; i < e->n_rows; i++) {
    double cell = cells_at(e, i, group)[a * (e->n_features + 1) + b];
    column[i] = a == b ? cell : 2 * cell;
  }
}

/* pairs([output]) of interactions → frame, a column "a:b" for every two features by their numbers
 * from 1, a ≤ b */
static int shap_pairs(lua_State *L) {
  const explained *e = check(L);
  size_t group = group_arg(L, e, 2), n = e->n_features;
  if (e->n_cells != (n + 1) * (n + 1))
    return wfl_fail(L, WF_INVALID, "these values are of features, not of pairs");
  double *column = wfl_scratch(L, e->n_rows, sizeof *column);
  wfl_frame_maker maker;
  wfl_maker_begin(&maker, L);
  for (size_t a = 0; a < n; a++) {
    for (size_t b = a; b < n; b++) {
      char name[48];
      snprintf(name, sizeof name, "%zu:%zu", a + 1, b + 1);
      gather_pair(column, e, group, a, b);
      wfl_maker_add_f64(&maker, name, column, e->n_rows);
    }
  }
  wfl_maker_end(&maker);
  return 1;
}

/* Pushes an object with room for the values of so many rows. */
static explained *push_explained(lua_State *L, bool of_pairs, wf_model *model, size_t n_rows) {
  const wf_forest *forest = wf_model_forest(model);
  wfl_box *box = wfl_newbox(L, WFL_SHAP);
  explained *e = box->ptr = wf_alloc_zero(1, sizeof *e);
  if (!e) luaL_error(L, "not enough memory");
  e->n_rows = n_rows;
  e->n_groups = wf_forest_group_count(forest);
  e->n_features = wf_forest_feature_count(forest);
  e->n_cells = e->n_features + 1;
  e->model = wf_model_retain(model);
  size_t square = of_pairs ? e->n_cells : 1, row, cells = 0;
  if (__builtin_mul_overflow(e->n_cells, square, &e->n_cells) ||
      __builtin_mul_overflow(e->n_groups, e->n_cells, &row) ||
      __builtin_mul_overflow(row, n_rows, &cells))
    wfl_fail(L, WF_LIMIT, "too many values to explain");
  e->values = wf_alloc_array(cells, sizeof *e->values);
  if (!e->values) luaL_error(L, "not enough memory");
  wfl_pressure(L, cells * sizeof *e->values);
  return e;
}

/* One way of explaining rows, behind f(model, frame, {threads=}). */
static int explain(lua_State *L, const char *what, bool of_pairs,
                   wf_status (*way)(const wf_forest *forest, const wf_features *features,
                                    const wf_shap_options *options, double *out, wf_error *err)) {
  wf_model *model = wfl_check(L, 1, WFL_MODEL);
  const wf_frame *frame = wfl_check(L, 2, WFL_FRAME);
  wfl_options(L, 3, what, (const char *const[]){"threads", NULL});
  wf_shap_options options = threads_at(L, 3, what);
  explained *e = push_explained(L, of_pairs, model, wf_frame_row_count(frame));
  wf_features features = wfl_push_features(L, model, frame);
  wf_error err = WF_ERROR_INIT;
  if (way(wf_model_forest(model), &features, &options, e->values, &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_pop(L, 1);
  return 1;
}

/* values(model, frame, {threads=}) → wf.shap */
static int values(lua_State *L) { return explain(L, "shap.values", false, wf_shap_values); }

/* interactions(model, frame, {threads=}) → wf.shap, of pairs */
static int interactions(lua_State *L) {
  return explain(L, "shap.interactions", true, wf_shap_interactions);
}

/* probability(model, frame, {threads=}) → wf.shap */
static wf_status expected_probability(const wf_forest *forest, const wf_features *features,
                                      const wf_shap_options *options, double *out, wf_error *err) {
  return wf_shap_probability(forest, features, NULL, options, out, err);
}

static int probability(lua_State *L) {
  return explain(L, "shap.probability", false, expected_probability);
}

/* interventional(model, frame, background, {threads=, output="margin" | "probability"}) → wf.shap
 */
static int interventional(lua_State *L) {
  static const char what[] = "shap.interventional";
  static const char *const outputs[] = {"margin", "probability", NULL};
  wf_model *model = wfl_check(L, 1, WFL_MODEL);
  const wf_frame *frame = wfl_check(L, 2, WFL_FRAME), *others = wfl_check(L, 3, WFL_FRAME);
  wfl_options(L, 4, what, (const char *const[]){"threads", "output", NULL});
  wf_shap_options options = threads_at(L, 4, what);
  bool of_probability = wfl_option_choice(L, 4, what, "output", outputs, 0) == 1;
  explained *e = push_explained(L, false, model, wf_frame_row_count(frame));
  wf_features features = wfl_push_features(L, model, frame);
  wf_features background = wfl_push_features(L, model, others);
  const wf_forest *forest = wf_model_forest(model);
  wf_error err = WF_ERROR_INIT;
  wf_status status =
      of_probability
          ? wf_shap_probability(forest, &features, &background, &options, e->values, &err)
          : wf_shap_interventional(forest, &features, &background, &options, e->values, &err);
  if (status != WF_OK) return wfl_raise(L, &err);
  lua_pop(L, 2);
  return 1;
}

int wfl_open_shap(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"base", shap_base},   {"outputs", shap_outputs},
      {"pairs", shap_pairs}, {"values", shap_values},
      {NULL, NULL},
  };
  static const luaL_Reg meta[] = {{NULL, NULL}};
  static const luaL_Reg functions[] = {{"importance", importance},
                                       {"interactions", interactions},
                                       {"interventional", interventional},
                                       {"means", means},
                                       {"probability", probability},
                                       {"values", values},
                                       {NULL, NULL}};
  wfl_frame_classes(L);
  wfl_matrix_class(L);
  wfl_recipe_class(L);
  wfl_model_class(L);
  wfl_class(L, WFL_SHAP, meta, methods, dispose);
  luaL_newlib(L, functions);
  return 1;
}
