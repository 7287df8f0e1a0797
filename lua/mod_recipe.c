/* mod_recipe.c — wf.recipe: declared, fitted, applied feature transforms; and the class wf.matrix
 * of what they make. Declaring methods return the recipe, so that they chain. */
#include "mod_recipe.h"

#include "frame_verbs.h"
#include "modules.h"

#include "base/digest.h"

#include <math.h>
#include <string.h>

static const char STRINGS[] = "wf.recipe.strings"; /* the selectors recipe.strings() */
static const char NUMBERS[] = "wf.recipe.numbers"; /* and recipe.numbers() */

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

/* The columns at argument 2: a name, a list, or recipe.strings() and recipe.numbers(), which is one
 * NULL. Pushes what owns the array. */
static const char *const *push_columns(lua_State *L, const char *what, bool texts, bool numbers,
                                       size_t *n) {
  static const char *const every[] = {NULL};
  bool strings = luaL_testudata(L, 2, STRINGS), all_numbers = luaL_testudata(L, 2, NUMBERS);
  if (!strings && !all_numbers)
    return wfl_strings(L, 2, lua_pushfstring(L, "%s: the columns", what), n);
  if (strings && !texts) wfl_fail(L, WF_INVALID, "%s works on numbers: recipe.numbers()", what);
  if (all_numbers && !numbers) wfl_fail(L, WF_INVALID, "%s works on texts: recipe.strings()", what);
  lua_pushnil(L);
  *n = 1;
  return every;
}

/* ordinal(columns[, {values}[, {unseen=}]]) */
static int recipe_ordinal(lua_State *L) {
  static const char what[] = "recipe:ordinal";
  wf_recipe *recipe = check(L);
  lua_settop(L, 4);
  wfl_options(L, 4, what, (const char *const[]){"unseen", NULL});
  wf_unseen unseen = unseen_option(L, 4, what);
  size_t n = 0, n_columns;
  const char **values = NULL;
  if (!lua_isnil(L, 3)) values = wfl_strings(L, 3, "recipe:ordinal: the values", &n);
  const char *const *columns = push_columns(L, what, true, false, &n_columns);
  wf_error err = WF_ERROR_INIT;
  wf_status status = WF_OK;
  for (size_t i = 0; i < n_columns && status == WF_OK; i++)
    status = wf_recipe_ordinal(recipe, columns[i], values, n, unseen, &err);
  return chain(L, status, &err);
}

/* one_hot(columns, {values=, missing=, unseen=}) */
static int recipe_one_hot(lua_State *L) {
  static const char what[] = "recipe:one_hot";
  wf_recipe *recipe = check(L);
  lua_settop(L, 3);
  wfl_options(L, 3, what, (const char *const[]){"values", "missing", "unseen", NULL});
  wf_unseen unseen = unseen_option(L, 3, what);
  const char *missing = wfl_option_string(L, 3, what, "missing", NULL);
  size_t n_values, n_columns;
  const char **values = wfl_option_strings(L, 3, what, "values", &n_values);
  const char *const *columns = push_columns(L, what, true, false, &n_columns);
  wf_error err = WF_ERROR_INIT;
  wf_status status = WF_OK;
  for (size_t i = 0; i < n_columns && status == WF_OK; i++)
    status = wf_recipe_one_hot(recipe, columns[i], values, n_values, missing, unseen, &err);
  return chain(L, status, &err);
}

/* A text among the choices, else an error with the nearest. */
static int check_choice(lua_State *L, int arg, const char *what, const char *const *choices) {
  const char *word = wfl_check_text(L, arg), *nearest = wfl_nearest(word, choices);
  for (int i = 0; choices[i]; i++)
    if (strcmp(word, choices[i]) == 0) return i;
  if (nearest)
    return wfl_fail(L, WF_INVALID, "%s: there is no way '%s'; did you mean '%s'?", what, word,
                    nearest);
  return wfl_fail(L, WF_INVALID, "%s: there is no way '%s'", what, word);
}

/* The text in the list {"none"} at argument 3. */
static const char *only_text(lua_State *L, const char *what) {
  if (lua_rawlen(L, 3) != 1 || lua_rawgeti(L, 3, 1) != LUA_TSTRING)
    wfl_fail(L, WF_TYPE, "%s: {\"text\"} was expected", what);
  const char *text = wfl_top_text(L, what);
  lua_pop(L, 1);
  return text;
}

/* impute(columns, "mean" | "median" | "mode" | number | {"text"}) */
static int recipe_impute(lua_State *L) {
  static const char what[] = "recipe:impute";
  static const char *const ways[] = {"mean", "median", "mode", NULL};
  wf_recipe *recipe = check(L);
  lua_settop(L, 3);
  bool texts = luaL_testudata(L, 2, STRINGS);
  wf_impute how = WF_IMPUTE_CONSTANT;
  double constant = 0;
  const char *text = lua_istable(L, 3) ? only_text(L, what) : NULL;
  if (lua_type(L, 3) == LUA_TNUMBER)
    constant = lua_tonumber(L, 3);
  else if (!text)
    how = (wf_impute)check_choice(L, 3, what, ways);
  if (texts && !text && how != WF_IMPUTE_MODE)
    return wfl_fail(L, WF_INVALID, "%s: texts are filled with \"mode\" or {\"text\"}", what);
  texts = texts || text;
  size_t n;
  const char *const *columns = push_columns(L, what, texts, !texts, &n);
  wf_error err = WF_ERROR_INIT;
  wf_status status = WF_OK;
  for (size_t i = 0; i < n && status == WF_OK; i++)
    status = texts ? wf_recipe_impute_text(recipe, columns[i], text, &err)
                   : wf_recipe_impute(recipe, columns[i], how, constant, &err);
  return chain(L, status, &err);
}

/* rare(columns, {least=, share=, name="other"}) */
static int recipe_rare(lua_State *L) {
  static const char what[] = "recipe:rare";
  wf_recipe *recipe = check(L);
  lua_settop(L, 3);
  wfl_options(L, 3, what, (const char *const[]){"least", "share", "name", NULL});
  double least = wfl_option_number(L, 3, what, "least", 0);
  double share = wfl_option_number(L, 3, what, "share", least > 0 ? 0 : 0.01);
  const char *name = wfl_option_string(L, 3, what, "name", "other");
  size_t n;
  const char *const *columns = push_columns(L, what, true, false, &n);
  wf_error err = WF_ERROR_INIT;
  wf_status status = WF_OK;
  for (size_t i = 0; i < n && status == WF_OK; i++)
    status = wf_recipe_rare(recipe, columns[i], least, share, name, &err);
  return chain(L, status, &err);
}

/* hash(columns, {n=32}) */
static int recipe_hash(lua_State *L) {
  static const char what[] = "recipe:hash";
  wf_recipe *recipe = check(L);
  lua_settop(L, 3);
  wfl_options(L, 3, what, (const char *const[]){"n", NULL});
  size_t n, parts = (size_t)wfl_option_integer(L, 3, what, "n", 32, 2, 1 << 16);
  const char *const *columns = push_columns(L, what, true, false, &n);
  wf_error err = WF_ERROR_INIT;
  wf_status status = WF_OK;
  for (size_t i = 0; i < n && status == WF_OK; i++)
    status = wf_recipe_hash(recipe, columns[i], parts, &err);
  return chain(L, status, &err);
}

/* drop(columns) */
static int recipe_drop(lua_State *L) {
  wf_recipe *recipe = check(L);
  size_t n;
  const char **columns = wfl_names_arg(L, 2, "recipe:drop: the columns", &n);
  wf_error err = WF_ERROR_INIT;
  wf_status status = WF_OK;
  for (size_t i = 0; i < n && status == WF_OK; i++)
    status = wf_recipe_drop(recipe, columns[i], &err);
  return chain(L, status, &err);
}

/* flag_missing(columns): the expression missing(column) as "column_missing" for each */
static int recipe_flag_missing(lua_State *L) {
  wf_recipe *recipe = check(L);
  size_t n;
  const char **columns = wfl_names_arg(L, 2, "recipe:flag_missing: the columns", &n);
  wf_error err = WF_ERROR_INIT;
  wf_status status = WF_OK;
  for (size_t i = 0; i < n && status == WF_OK; i++) {
    const char *name = lua_pushfstring(L, "%s_missing", columns[i]);
    const char *text = lua_pushfstring(L, "missing(`%s`)", columns[i]);
    status = wf_recipe_expression(recipe, name, text, &err);
    lua_pop(L, 2);
  }
  return chain(L, status, &err);
}

/* scale(columns[, "standard" | "minmax" | "robust"]) */
static int recipe_scale(lua_State *L) {
  static const char what[] = "recipe:scale";
  static const char *const ways[] = {"standard", "minmax", "robust", NULL};
  wf_recipe *recipe = check(L);
  lua_settop(L, 3);
  wf_scale how = lua_isnil(L, 3) ? WF_SCALE_STANDARD : (wf_scale)check_choice(L, 3, what, ways);
  size_t n;
  const char *const *columns = push_columns(L, what, false, true, &n);
  wf_error err = WF_ERROR_INIT;
  wf_status status = WF_OK;
  for (size_t i = 0; i < n && status == WF_OK; i++)
    status = wf_recipe_scale(recipe, columns[i], how, &err);
  return chain(L, status, &err);
}

/* clip(columns, {low=, high=} | {quantile=}) */
static int recipe_clip(lua_State *L) {
  static const char what[] = "recipe:clip";
  wf_recipe *recipe = check(L);
  lua_settop(L, 3);
  wfl_options(L, 3, what, (const char *const[]){"low", "high", "quantile", NULL});
  double low = wfl_option_number(L, 3, what, "low", (double)NAN);
  double high = wfl_option_number(L, 3, what, "high", (double)NAN);
  double quantile = wfl_option_number(L, 3, what, "quantile", 0);
  size_t n;
  const char *const *columns = push_columns(L, what, false, true, &n);
  wf_error err = WF_ERROR_INIT;
  wf_status status = WF_OK;
  for (size_t i = 0; i < n && status == WF_OK; i++)
    status = wf_recipe_clip(recipe, columns[i], low, high, quantile, &err);
  return chain(L, status, &err);
}

typedef wf_status plain_fn(wf_recipe *recipe, const char *column, wf_error *err);

/* A step without options, of texts or of numbers. */
static int add_plain(lua_State *L, const char *what, bool texts, plain_fn *declare) {
  wf_recipe *recipe = check(L);
  size_t n;
  const char *const *columns = push_columns(L, what, texts, !texts, &n);
  wf_error err = WF_ERROR_INIT;
  wf_status status = WF_OK;
  for (size_t i = 0; i < n && status == WF_OK; i++) status = declare(recipe, columns[i], &err);
  return chain(L, status, &err);
}

static int recipe_log(lua_State *L) { return add_plain(L, "recipe:log", false, wf_recipe_log); }

static int recipe_power(lua_State *L) {
  return add_plain(L, "recipe:power", false, wf_recipe_power);
}

/* quantile(columns, {n=1000}) */
static int recipe_quantile(lua_State *L) {
  static const char what[] = "recipe:quantile";
  wf_recipe *recipe = check(L);
  lua_settop(L, 3);
  wfl_options(L, 3, what, (const char *const[]){"n", NULL});
  size_t n, knots = (size_t)wfl_option_integer(L, 3, what, "n", 1000, 2, 1 << 16);
  const char *const *columns = push_columns(L, what, false, true, &n);
  wf_error err = WF_ERROR_INIT;
  wf_status status = WF_OK;
  for (size_t i = 0; i < n && status == WF_OK; i++)
    status = wf_recipe_quantile(recipe, columns[i], knots, &err);
  return chain(L, status, &err);
}

static int recipe_frequency(lua_State *L) {
  return add_plain(L, "recipe:frequency", true, wf_recipe_frequency);
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

/* bin(columns, {edges=} | {n=, how="quantile" | "width"}) */
static int recipe_bin(lua_State *L) {
  static const char what[] = "recipe:bin";
  static const char *const ways[] = {"width", "quantile", NULL};
  wf_recipe *recipe = check(L);
  lua_settop(L, 3);
  wfl_options(L, 3, what, (const char *const[]){"edges", "n", "how", NULL});
  wf_bin how = wfl_option_choice(L, 3, what, "how", ways, 1) == 0 ? WF_BIN_WIDTH : WF_BIN_QUANTILE;
  size_t n = (size_t)wfl_option_integer(L, 3, what, "n", 10, 0, LUA_MAXINTEGER);
  const double *edges = push_edges(L, 3, what, &n);
  size_t n_columns;
  const char *const *columns = push_columns(L, what, false, true, &n_columns);
  wf_error err = WF_ERROR_INIT;
  wf_status status = WF_OK;
  for (size_t i = 0; i < n_columns && status == WF_OK; i++)
    status = wf_recipe_bin(recipe, columns[i], edges ? WF_BIN_EDGES : how, edges, n, &err);
  return chain(L, status, &err);
}

/* expression(name, text) */
static int recipe_expression(lua_State *L) {
  wf_recipe *recipe = check(L);
  const char *name = wfl_check_text(L, 2), *text = wfl_check_text(L, 3);
  wf_error err = WF_ERROR_INIT;
  return chain(L, wf_recipe_expression(recipe, name, text, &err), &err);
}

/* target(columns, target[, {smoothing=10}]) */
static int recipe_target(lua_State *L) {
  static const char what[] = "recipe:target";
  wf_recipe *recipe = check(L);
  const char *target = wfl_check_text(L, 3);
  lua_settop(L, 4);
  wfl_options(L, 4, what, (const char *const[]){"smoothing", NULL});
  double smoothing = wfl_option_number(L, 4, what, "smoothing", 10);
  size_t n;
  const char *const *columns = push_columns(L, what, true, false, &n);
  wf_error err = WF_ERROR_INIT;
  wf_status status = WF_OK;
  for (size_t i = 0; i < n && status == WF_OK; i++)
    status = wf_recipe_target(recipe, columns[i], target, smoothing, &err);
  return chain(L, status, &err);
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

int wfl_push_feature_names(lua_State *L, const wf_recipe *recipe) {
  size_t n = wf_recipe_output_count(recipe);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushstring(L, wf_recipe_output_name(recipe, i));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int recipe_features(lua_State *L) { return wfl_push_feature_names(L, check_fitted(L)); }

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

/* Every text column that no step names; every number column that no such step names. */
static int recipe_strings(lua_State *L) {
  lua_newuserdatauv(L, 1, 0);
  luaL_setmetatable(L, STRINGS);
  return 1;
}

static int recipe_numbers(lua_State *L) {
  lua_newuserdatauv(L, 1, 0);
  luaL_setmetatable(L, NUMBERS);
  return 1;
}

/* A selector is told apart by its class. */
static int selector_digest(lua_State *L) {
  luaL_getmetafield(L, 1, "__name");
  return 1;
}

static void selector_class(lua_State *L, const char *type) {
  if (luaL_newmetatable(L, type)) {
    lua_pushcfunction(L, selector_digest);
    lua_setfield(L, -2, "__digest");
  }
  lua_pop(L, 1);
}

static void release(void *recipe) { wf_recipe_release(recipe); }

/* Reading a method that does not exist; upvalue 1: the methods. */
static int no_method(lua_State *L) {
  const char *name = wfl_check_text(L, 2);
  const char *nearest = wfl_nearest_key(L, lua_upvalueindex(1), name);
  if (!nearest) return wfl_fail(L, WF_NOTFOUND, "a recipe has no method '%s'", name);
  return wfl_fail(L, WF_NOTFOUND, "a recipe has no method '%s'; did you mean '%s'?", name, nearest);
}

/* The methods' own metatable has no_method for what they lack. */
static void suggest_methods(lua_State *L) {
  luaL_getmetatable(L, WFL_RECIPE);
  lua_getfield(L, -1, "__index");
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, -2);
  lua_pushcclosure(L, no_method, 1);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  lua_pop(L, 2);
}

void wfl_recipe_class(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__tostring", recipe_tostring}, {"__digest", recipe_digest}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"apply", recipe_apply},
      {"bin", recipe_bin},
      {"clip", recipe_clip},
      {"date", recipe_date},
      {"digest", recipe_digest},
      {"drop", recipe_drop},
      {"explain", recipe_explain},
      {"expression", recipe_expression},
      {"features", recipe_features},
      {"fit", recipe_fit},
      {"flag_missing", recipe_flag_missing},
      {"frequency", recipe_frequency},
      {"hash", recipe_hash},
      {"impute", recipe_impute},
      {"inputs", recipe_inputs},
      {"is_fitted", recipe_is_fitted},
      {"json", recipe_json},
      {"log", recipe_log},
      {"one_hot", recipe_one_hot},
      {"ordinal", recipe_ordinal},
      {"power", recipe_power},
      {"quantile", recipe_quantile},
      {"rare", recipe_rare},
      {"target", recipe_target},
      {"scale", recipe_scale},
      {"sources", recipe_sources},
      {NULL, NULL},
  };
  wfl_class(L, WFL_RECIPE, meta, methods, release);
  suggest_methods(L);
}

int wfl_open_recipe(lua_State *L) {
  static const luaL_Reg functions[] = {{"new", recipe_new},
                                       {"parse", recipe_parse},
                                       {"strings", recipe_strings},
                                       {"numbers", recipe_numbers},
                                       {NULL, NULL}};
  wfl_frame_classes(L);
  wfl_matrix_class(L);
  wfl_recipe_class(L);
  selector_class(L, STRINGS);
  selector_class(L, NUMBERS);
  luaL_newlib(L, functions);
  return 1;
}
