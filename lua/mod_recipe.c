/* mod_recipe.c — wf.recipe: declared, fitted, applied feature transforms; and the class wf.matrix
 * of what they make. Declaring methods return the recipe, so that they chain. */
#include "convert.h"
#include "modules.h"

#include "wf/recipe.h"

#include "base/digest.h"

#include <math.h>
#include <string.h>

static const char STRINGS[] = "wf.recipe.strings"; /* the selector recipe.strings() */

static const char *const policies[] = {"missing", "error", NULL};

static wf_recipe *check(lua_State *L) { return wfl_check(L, 1, WFL_RECIPE); }

/* ---- declaring ----------------------------------------------------------------------------------
 */

static wf_unseen unseen_option(lua_State *L, int arg, const char *what) {
  int policy = wfl_option_choice(L, arg, what, "unseen", policies, 0);
  return policy == 0 ? WF_UNSEEN_MISSING : WF_UNSEEN_ERROR;
}

/* The recipe itself, for the next method. */
static int chain(lua_State *L, wf_status status, const wf_error *err) {
  if (status != WF_OK) return wfl_raise(L, err);
  lua_settop(L, 1);
  return 1;
}

/* ordinal(column, {values}, {unseen=}) */
static int recipe_ordinal(lua_State *L) {
  static const char what[] = "recipe:ordinal";
  wf_recipe *recipe = check(L);
  const char *column = wfl_check_text(L, 2);
  wfl_options(L, 4, what, (const char *const[]){"unseen", NULL});
  wf_unseen unseen = unseen_option(L, 4, what);
  size_t n;
  const char **values = wfl_strings(L, 3, "recipe:ordinal: the values", &n);
  wf_error err = WF_ERROR_INIT;
  return chain(L, wf_recipe_ordinal(recipe, column, values, n, unseen, &err), &err);
}

static bool is_strings(lua_State *L, int arg) { return luaL_testudata(L, arg, STRINGS) != NULL; }

/* one_hot(column | {columns} | recipe.strings(), {values=, missing=, unseen=}) */
static int recipe_one_hot(lua_State *L) {
  static const char what[] = "recipe:one_hot";
  wf_recipe *recipe = check(L);
  wfl_options(L, 3, what, (const char *const[]){"values", "missing", "unseen", NULL});
  wf_unseen unseen = unseen_option(L, 3, what);
  const char *missing = wfl_option_string(L, 3, what, "missing", NULL);
  size_t n_values, n_columns = 1;
  const char **values = wfl_option_strings(L, 3, what, "values", &n_values);
  const char *const every[] = {NULL};
  const char *const *columns = every;
  if (!is_strings(L, 2)) columns = wfl_strings(L, 2, "recipe:one_hot: the columns", &n_columns);
  wf_error err = WF_ERROR_INIT;
  wf_status status = WF_OK;
  for (size_t i = 0; i < n_columns && status == WF_OK; i++)
    status = wf_recipe_one_hot(recipe, columns[i], values, n_values, missing, unseen, &err);
  return chain(L, status, &err);
}

/* impute(column, "mean" | "median" | "mode" | number) */
static int recipe_impute(lua_State *L) {
  static const char *const ways[] = {"mean", "median", "mode", NULL};
  wf_recipe *recipe = check(L);
  const char *column = wfl_check_text(L, 2);
  wf_impute how = WF_IMPUTE_CONSTANT;
  double constant = 0;
  if (lua_type(L, 3) == LUA_TNUMBER)
    constant = lua_tonumber(L, 3);
  else
    how = (wf_impute)luaL_checkoption(L, 3, NULL, ways);
  wf_error err = WF_ERROR_INIT;
  return chain(L, wf_recipe_impute(recipe, column, how, constant, &err), &err);
}

/* scale(column[, "standard" | "minmax" | "robust"]) */
static int recipe_scale(lua_State *L) {
  static const char *const ways[] = {"standard", "minmax", "robust", NULL};
  wf_recipe *recipe = check(L);
  const char *column = wfl_check_text(L, 2);
  wf_scale how = (wf_scale)luaL_checkoption(L, 3, "standard", ways);
  wf_error err = WF_ERROR_INIT;
  return chain(L, wf_recipe_scale(recipe, column, how, &err), &err);
}

/* clip(column, {low=, high=} | {quantile=}) */
static int recipe_clip(lua_State *L) {
  static const char what[] = "recipe:clip";
  wf_recipe *recipe = check(L);
  const char *column = wfl_check_text(L, 2);
  wfl_options(L, 3, what, (const char *const[]){"low", "high", "quantile", NULL});
  double low = wfl_option_number(L, 3, what, "low", (double)NAN);
  double high = wfl_option_number(L, 3, what, "high", (double)NAN);
  double quantile = wfl_option_number(L, 3, what, "quantile", 0);
  wf_error err = WF_ERROR_INIT;
  return chain(L, wf_recipe_clip(recipe, column, low, high, quantile, &err), &err);
}

static int recipe_log(lua_State *L) {
  wf_recipe *recipe = check(L);
  const char *column = wfl_check_text(L, 2);
  wf_error err = WF_ERROR_INIT;
  return chain(L, wf_recipe_log(recipe, column, &err), &err);
}

/* The list of numbers in the field `edges`; pushes what owns it. NULL when there is none. */
static double *push_edges(lua_State *L, int arg, const char *what, size_t *n) {
  if (lua_getfield(L, arg, "edges") == LUA_TNIL) return NULL;
  if (!lua_istable(L, -1)) wfl_option_fail(L, what, "edges", "a list of numbers");
  *n = lua_rawlen(L, -1);
  double *edges = wfl_scratch(L, *n + 1, sizeof *edges);
  for (size_t i = 0; i < *n; i++) {
    if (lua_rawgeti(L, -2, (lua_Integer)i + 1) != LUA_TNUMBER)
      wfl_fail(L, WF_TYPE, "%s: edge %d is a %s", what, (int)i + 1, luaL_typename(L, -1));
    edges[i] = lua_tonumber(L, -1);
    lua_pop(L, 1);
  }
  return edges;
}

/* bin(column, {edges=} | {n=, how="quantile" | "width"}) */
static int recipe_bin(lua_State *L) {
  static const char what[] = "recipe:bin";
  static const char *const ways[] = {"width", "quantile", NULL};
  wf_recipe *recipe = check(L);
  const char *column = wfl_check_text(L, 2);
  wfl_options(L, 3, what, (const char *const[]){"edges", "n", "how", NULL});
  wf_bin how = wfl_option_choice(L, 3, what, "how", ways, 1) == 0 ? WF_BIN_WIDTH : WF_BIN_QUANTILE;
  size_t n = (size_t)wfl_option_integer(L, 3, what, "n", 10, 0, LUA_MAXINTEGER);
  const double *edges = push_edges(L, 3, what, &n);
  wf_error err = WF_ERROR_INIT;
  wf_status status = wf_recipe_bin(recipe, column, edges ? WF_BIN_EDGES : how, edges, n, &err);
  return chain(L, status, &err);
}

/* expression(name, text) */
static int recipe_expression(lua_State *L) {
  wf_recipe *recipe = check(L);
  const char *name = wfl_check_text(L, 2), *text = wfl_check_text(L, 3);
  wf_error err = WF_ERROR_INIT;
  return chain(L, wf_recipe_expression(recipe, name, text, &err), &err);
}

static int recipe_frequency(lua_State *L) {
  wf_recipe *recipe = check(L);
  const char *column = wfl_check_text(L, 2);
  wf_error err = WF_ERROR_INIT;
  return chain(L, wf_recipe_frequency(recipe, column, &err), &err);
}

/* target(column, target[, {smoothing=10}]) */
static int recipe_target(lua_State *L) {
  static const char what[] = "recipe:target";
  wf_recipe *recipe = check(L);
  const char *column = wfl_check_text(L, 2), *target = wfl_check_text(L, 3);
  wfl_options(L, 4, what, (const char *const[]){"smoothing", NULL});
  double smoothing = wfl_option_number(L, 4, what, "smoothing", 10);
  wf_error err = WF_ERROR_INIT;
  return chain(L, wf_recipe_target(recipe, column, target, smoothing, &err), &err);
}

/* date(column, {parts}) */
static int recipe_date(lua_State *L) {
  wf_recipe *recipe = check(L);
  const char *column = wfl_check_text(L, 2);
  size_t n;
  const char **parts = wfl_strings(L, 3, "recipe:date: the parts", &n);
  wf_error err = WF_ERROR_INIT;
  return chain(L, wf_recipe_date(recipe, column, parts, n, &err), &err);
}

/* fit(frame, {exclude=}) */
static int recipe_fit(lua_State *L) {
  static const char what[] = "recipe:fit";
  wf_recipe *recipe = check(L);
  const wf_frame *frame = wfl_check(L, 2, WFL_FRAME);
  wfl_options(L, 3, what, (const char *const[]){"exclude", NULL});
  size_t n;
  const char **exclude = wfl_option_strings(L, 3, what, "exclude", &n);
  wf_error err = WF_ERROR_INIT;
  return chain(L, wf_recipe_fit(recipe, frame, exclude, n, &err), &err);
}

/* ---- using --------------------------------------------------------------------------------------
 */

static size_t matrix_bytes(const wf_matrix *matrix) {
  return wf_matrix_row_count(matrix) * wf_matrix_column_count(matrix) * sizeof(float);
}

/* apply(frame) → matrix */
static int recipe_apply(lua_State *L) {
  const wf_recipe *recipe = check(L);
  const wf_frame *frame = wfl_check(L, 2, WFL_FRAME);
  wf_error err = WF_ERROR_INIT;
  wf_matrix *matrix;
  wfl_box *box = wfl_newbox(L, WFL_MATRIX);
  if (wf_recipe_apply(&matrix, recipe, frame, &err) != WF_OK) return wfl_raise(L, &err);
  box->ptr = matrix;
  wfl_pressure(L, matrix_bytes(matrix));
  return 1;
}

static int recipe_is_fitted(lua_State *L) {
  lua_pushboolean(L, wf_recipe_is_fitted(check(L)));
  return 1;
}

static const wf_recipe *check_fitted(lua_State *L) {
  const wf_recipe *recipe = check(L);
  if (!wf_recipe_is_fitted(recipe)) wfl_fail(L, WF_INVALID, "the recipe is not fitted yet");
  return recipe;
}

/* The raw columns it reads: { {name=, text=boolean}, … } */
static int recipe_inputs(lua_State *L) {
  const wf_recipe *recipe = check_fitted(L);
  size_t n = wf_recipe_input_count(recipe);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_createtable(L, 0, 2);
    lua_pushstring(L, wf_recipe_input_name(recipe, i));
    lua_setfield(L, -2, "name");
    lua_pushboolean(L, wf_recipe_input_is_text(recipe, i));
    lua_setfield(L, -2, "text");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int recipe_features(lua_State *L) {
  const wf_recipe *recipe = check_fitted(L);
  size_t n = wf_recipe_output_count(recipe);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushstring(L, wf_recipe_output_name(recipe, i));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* sources(): the raw column that each feature is made from */
static int recipe_sources(lua_State *L) {
  const wf_recipe *recipe = check_fitted(L);
  size_t n = wf_recipe_output_count(recipe);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushstring(L, wf_recipe_input_name(recipe, wf_recipe_output_source(recipe, i)));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int recipe_json(lua_State *L) {
  const wf_recipe *recipe = check(L);
  wf_error err = WF_ERROR_INIT;
  char *text;
  wfl_box *box = wfl_newtext(L);
  if (wf_recipe_format(&text, recipe, &err) != WF_OK) return wfl_raise(L, &err);
  box->ptr = text;
  wfl_push_text(L, box, strlen(text));
  return 1;
}

/* explain(): what becomes of each column, a line each */
static int recipe_explain(lua_State *L) {
  const wf_recipe *recipe = check(L);
  wf_error err = WF_ERROR_INIT;
  char *text;
  wfl_box *box = wfl_newtext(L);
  if (wf_recipe_explain(&text, recipe, &err) != WF_OK) return wfl_raise(L, &err);
  box->ptr = text;
  wfl_push_text(L, box, strlen(text));
  return 1;
}

static int recipe_digest(lua_State *L) {
  recipe_json(L);
  size_t size;
  const char *text = lua_tolstring(L, -1, &size);
  wf_error err = WF_ERROR_INIT;
  wf_digest digest;
  char hex[WF_DIGEST_TEXT];
  if (wf_digest_bytes(&digest, text, size, &err) != WF_OK) return wfl_raise(L, &err);
  wf_digest_format(&digest, hex);
  lua_pushstring(L, hex);
  return 1;
}

static int recipe_tostring(lua_State *L) {
  const wf_recipe *recipe = check(L);
  if (wf_recipe_is_fitted(recipe))
    lua_pushfstring(L, "recipe: %d columns to %d features", (int)wf_recipe_input_count(recipe),
                    (int)wf_recipe_output_count(recipe));
  else
    lua_pushliteral(L, "recipe: not fitted");
  return 1;
}

/* ---- the module ---------------------------------------------------------------------------------
 */

static int recipe_new(lua_State *L) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *recipe;
  wfl_box *box = wfl_newbox(L, WFL_RECIPE);
  if (wf_recipe_new(&recipe, &err) != WF_OK) return wfl_raise(L, &err);
  box->ptr = recipe;
  return 1;
}

static int recipe_parse(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  wf_error err = WF_ERROR_INIT;
  wf_recipe *recipe;
  wfl_box *box = wfl_newbox(L, WFL_RECIPE);
  if (wf_recipe_parse(&recipe, text, size, &err) != WF_OK) return wfl_raise(L, &err);
  box->ptr = recipe;
  return 1;
}

/* Every text column that no other step encodes. */
static int recipe_strings(lua_State *L) {
  lua_newuserdatauv(L, 1, 0);
  luaL_setmetatable(L, STRINGS);
  return 1;
}

static int strings_digest(lua_State *L) {
  lua_pushstring(L, STRINGS);
  return 1;
}

static void release(void *recipe) { wf_recipe_release(recipe); }

void wfl_recipe_class(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__tostring", recipe_tostring}, {"__digest", recipe_digest}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"apply", recipe_apply},
      {"bin", recipe_bin},
      {"clip", recipe_clip},
      {"date", recipe_date},
      {"digest", recipe_digest},
      {"explain", recipe_explain},
      {"expression", recipe_expression},
      {"features", recipe_features},
      {"fit", recipe_fit},
      {"frequency", recipe_frequency},
      {"impute", recipe_impute},
      {"inputs", recipe_inputs},
      {"is_fitted", recipe_is_fitted},
      {"json", recipe_json},
      {"log", recipe_log},
      {"one_hot", recipe_one_hot},
      {"ordinal", recipe_ordinal},
      {"target", recipe_target},
      {"scale", recipe_scale},
      {"sources", recipe_sources},
      {NULL, NULL},
  };
  wfl_class(L, WFL_RECIPE, meta, methods, release);
}

int wfl_open_recipe(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"new", recipe_new}, {"parse", recipe_parse}, {"strings", recipe_strings}, {NULL, NULL}};
  wfl_frame_classes(L);
  wfl_matrix_class(L);
  wfl_recipe_class(L);
  if (luaL_newmetatable(L, STRINGS)) {
    lua_pushcfunction(L, strings_digest);
    lua_setfield(L, -2, "__digest");
  }
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  return 1;
}
