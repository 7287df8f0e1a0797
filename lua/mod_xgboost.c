/* mod_xgboost.c — wf.core.xgboost: training and cross-validation.
 *
 * Rounds count from 1 in Lua. `on_round` runs in a protected call in the middle of libxgboost's
 * loop; its error, a `false` it returns, or a cancellation stop the training, and are raised after
 * the C call has unwound. Arrays and strings that the library borrows belong to values on the
 * stack. */
#include "convert.h"
#include "interrupt.h"
#include "modules.h"

#include "wf/xgboost.h"

#include "base/alloc.h"
#include "base/number.h"

#include <string.h>

static const char RESULT[] = "wf.xgboost.result";
static const char CV_RESULT[] = "wf.xgboost.cv_result";

static void free_result(void *result) {
  wf_xgboost_result_dispose(result);
  wf_free(result);
}

static void free_cv_result(void *result) {
  wf_xgboost_cv_result_dispose(result);
  wf_free(result);
}

/* ---- parameters ---------------------------------------------------------------------------------
 */

/* Pushes the text XGBoost expects for the value on the top. */
static const char *push_param_text(lua_State *L, const char *what, const char *name) {
  char text[WF_NUMBER_TEXT];
  switch (lua_type(L, -1)) {
  case LUA_TSTRING: lua_pushvalue(L, -1); break;
  case LUA_TBOOLEAN: lua_pushstring(L, lua_toboolean(L, -1) ? "true" : "false"); break;
  case LUA_TNUMBER:
    if (lua_isinteger(L, -1))
      wf_format_i64(text, lua_tointeger(L, -1));
    else
      wf_format_f64(text, lua_tonumber(L, -1));
    lua_pushstring(L, text);
    break;
  default:
    wfl_fail(L, WF_TYPE, "%s: parameter '%s' must be a text, number or boolean, not %s", what, name,
             wfl_kind(L, -1));
  }
  return lua_tostring(L, -1);
}

static size_t value_count(lua_State *L, int index) {
  return lua_istable(L, index) ? lua_rawlen(L, index) : 1;
}

/* params = {name = value | {values}, …}, sorted by name; a list repeats the parameter. The texts
 * stay on the stack. */
static wf_xgboost_param *push_params(lua_State *L, const char *what, size_t *n) {
  *n = 0;
  if (lua_getfield(L, 1, "params") == LUA_TNIL) return NULL;
  int table = lua_gettop(L);
  size_t n_names, total = 0;
  const char **names =
      wfl_keys(L, table, lua_pushfstring(L, "%s: option 'params'", what), &n_names);
  for (size_t i = 0; i < n_names; i++) {
    lua_getfield(L, table, names[i]);
    total += value_count(L, -1);
    lua_pop(L, 1);
  }
  if (total > 1000) wfl_fail(L, WF_LIMIT, "%s: more than 1000 parameters", what);
  wf_xgboost_param *params = wfl_scratch(L, total, sizeof *params);
  luaL_checkstack(L, (int)total + 20, "too many parameters");
  for (size_t i = 0; i < n_names; i++) {
    lua_getfield(L, table, names[i]);
    size_t count = value_count(L, -1);
    bool list = lua_istable(L, -1);
    for (size_t j = 0; j < count; j++) {
      if (list)
        lua_rawgeti(L, -1, (lua_Integer)j + 1);
      else
        lua_pushvalue(L, -1);
      params[(*n)++] = (wf_xgboost_param){names[i], push_param_text(L, what, names[i])};
      lua_insert(L, -3); /* the text stays below the value it came from */
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  return params;
}

/* ---- data ---------------------------------------------------------------------------------------
 */

/* The column in field `name` of the table at `table` as floats, as long as the matrix; NULL when
 * absent. Pushes what owns them. */
static const float *push_values(lua_State *L, int table, const char *what, const char *name,
                                size_t n_rows, bool required) {
  const wf_column *column = wfl_option_object(L, table, what, name, WFL_COLUMN, required);
  if (!column) {
    lua_pushnil(L);
    return NULL;
  }
  const char *label = lua_pushfstring(L, "%s: %s", what, name);
  if (wf_column_count(column) != n_rows)
    wfl_fail(L, WF_INVALID, "%s: %I values for %I rows", label,
             (lua_Integer)wf_column_count(column), (lua_Integer)n_rows);
  const float *values = wfl_push_floats(L, column, label);
  lua_remove(L, -2);
  return values;
}

/* Matrix, labels and weights of the table at `table`. Pushes three values; the matrix is retained,
 * as a callback may do anything to the caller's. */
static wf_xgboost_data push_data(lua_State *L, int table, const char *what, const char *name) {
  luaL_checkstack(L, 20, NULL);
  wf_xgboost_data data = {.name = name};
  wf_matrix *matrix = wfl_option_object(L, table, what, "matrix", WFL_MATRIX, true);
  wfl_box *box = wfl_newbox(L, WFL_MATRIX);
  data.matrix = box->ptr = wf_matrix_retain(matrix);
  size_t n = wf_matrix_row_count(data.matrix);
  data.labels = push_values(L, table, what, "labels", n, true);
  data.weights = push_values(L, table, what, "weights", n, false);
  return data;
}

/* evals = { {name=, matrix=, labels=, weights=}, … } */
static wf_xgboost_data *push_evals(lua_State *L, const char *what, size_t *n) {
  static const char *const names[] = {"name", "matrix", "labels", "weights", NULL};
  *n = 0;
  int type = lua_getfield(L, 1, "evals");
  if (type == LUA_TNIL) return NULL;
  if (type != LUA_TTABLE) wfl_option_fail(L, what, "evals", "a list");
  int list = lua_gettop(L);
  *n = lua_rawlen(L, list);
  if (*n > 100) wfl_fail(L, WF_LIMIT, "%s: more than 100 evaluation sets", what);
  wf_xgboost_data *evals = wfl_scratch(L, *n, sizeof *evals);
  for (size_t i = 0; i < *n; i++) {
    luaL_checkstack(L, 20, NULL);
    const char *label = lua_pushfstring(L, "%s: evals[%d]", what, (int)i + 1);
    lua_rawgeti(L, list, (lua_Integer)i + 1);
    int table = lua_gettop(L);
    wfl_options(L, table, label, names);
    const char *name = wfl_option_string(L, table, label, "name", NULL);
    if (!name) wfl_fail(L, WF_INVALID, "%s: 'name' is missing", label);
    evals[i] = push_data(L, table, label, name);
  }
  return evals;
}

/* ---- rounds -------------------------------------------------------------------------------------
 */

typedef struct listener {
  lua_State *L;
  int callback; /* its stack index; 0: none */
  const wf_xgboost_round *round;
  bool failed;  /* the error is on the top of the stack */
  bool refused; /* the callback returned false */
} listener;

/* Arguments: the callback and the listener. */
static int tell_round(lua_State *L) {
  listener *l = lua_touserdata(L, 2);
  const wf_xgboost_round *r = l->round;
  lua_pushvalue(L, 1);
  lua_pushinteger(L, (lua_Integer)r->round + 1);
  lua_pushinteger(L, (lua_Integer)r->n_rounds);
  lua_createtable(L, 0, (int)r->n_sets);
  for (size_t s = 0; s < r->n_sets; s++) {
    lua_createtable(L, 0, (int)r->n_metrics);
    for (size_t m = 0; m < r->n_metrics; m++) {
      lua_pushnumber(L, r->values[s * r->n_metrics + m]);
      lua_setfield(L, -2, r->metrics[m]);
    }
    lua_setfield(L, -2, r->sets[s]);
  }
  lua_call(L, 3, 1);
  l->refused = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
  return 0;
}

static bool on_round(void *context, const wf_xgboost_round *round) {
  listener *l = context;
  if (wfl_canceled(l->L)) return false;
  if (!l->callback) return true;
  l->round = round;
  lua_pushcfunction(l->L, tell_round);
  lua_pushvalue(l->L, l->callback);
  lua_pushlightuserdata(l->L, l);
  l->failed = lua_pcall(l->L, 2, 0, 0) != LUA_OK;
  return !l->failed && !l->refused;
}

/* Raises why a training failed. */
static int fail_training(lua_State *L, const listener *l, const wf_error *err) {
  if (l->failed) return lua_error(L);
  if (wfl_canceled(L)) return wfl_raise_canceled(L);
  if (l->refused) return wfl_fail(L, WF_CANCELED, "on_round stopped the training");
  return wfl_raise(L, err);
}

/* ---- data in parts ------------------------------------------------------------------------------
 */

/* parts = {next = function → {matrix, labels, weights} or nil, rewind = function, cache = path} */
typedef struct parts_source {
  listener *listener;
  int table;            /* its stack index */
  int owner;            /* the first of three stack slots: what owns the part */
  wf_xgboost_data part; /* the last one */
  bool more;
} parts_source;

/* Arguments: the table and the source. Returns what owns the part. */
static int call_next(lua_State *L) {
  static const char what[] = "xgboost.train: parts";
  static const char *const names[] = {"matrix", "labels", "weights", NULL};
  parts_source *s = lua_touserdata(L, 2);
  lua_getfield(L, 1, "next");
  lua_call(L, 0, 1);
  s->more = !lua_isnil(L, -1);
  if (!s->more) return 0;
  int table = lua_gettop(L);
  wfl_options(L, table, what, names);
  s->part = push_data(L, table, what, "train");
  return 3;
}

static int call_rewind(lua_State *L) {
  lua_getfield(L, 1, "rewind");
  lua_call(L, 0, 0);
  return 0;
}

static wf_status call_source(parts_source *s, lua_CFunction function, wf_error *err) {
  lua_State *L = s->listener->L;
  if (wfl_canceled(L)) return wf_fail(err, WF_CANCELED, "canceled");
  lua_pushcfunction(L, function);
  lua_pushvalue(L, s->table);
  lua_pushlightuserdata(L, s);
  s->listener->failed = lua_pcall(L, 2, 3, 0) != LUA_OK;
  return s->listener->failed ? wf_fail(err, WF_EXTERNAL, "the source of parts failed") : WF_OK;
}

static wf_status next_part(void *context, wf_xgboost_data *part, bool *more, wf_error *err) {
  parts_source *s = context;
  lua_State *L = s->listener->L;
  wfl_box *last = wfl_test(L, s->owner, WFL_MATRIX) ? lua_touserdata(L, s->owner) : NULL;
  if (last) { /* now, not when the collector finds it */
    wf_matrix_release(last->ptr);
    last->ptr = NULL;
  }
  WF_TRY(call_source(s, call_next, err));
  for (int i = 2; i >= 0; i--) lua_replace(L, s->owner + i);
  *more = s->more;
  if (s->more) *part = s->part;
  return WF_OK;
}

static wf_status rewind_parts(void *context, wf_error *err) {
  parts_source *s = context;
  WF_TRY(call_source(s, call_rewind, err));
  lua_pop(s->listener->L, 3);
  return WF_OK;
}

/* The option parts of the table at 1; pushes it and what owns a part. */
static wf_xgboost_parts push_parts(lua_State *L, const char *what, parts_source *s, listener *l) {
  static const char *const names[] = {"cache", "next", "rewind", NULL};
  luaL_checkstack(L, 40, NULL);
  if (lua_getfield(L, 1, "parts") != LUA_TTABLE) wfl_option_fail(L, what, "parts", "a table");
  *s = (parts_source){.listener = l, .table = lua_gettop(L), .owner = lua_gettop(L) + 1};
  wfl_options(L, s->table, "xgboost.train: parts", names);
  const char *cache = wfl_option_string(L, s->table, "xgboost.train: parts", "cache", NULL);
  for (int i = 0; i < 3; i++) lua_pushnil(L);
  return (wf_xgboost_parts){next_part, rewind_parts, s, cache};
}

/* What training and cross-validation share. The listener's callback stays on the stack. */
static wf_xgboost_options push_options(lua_State *L, const char *what, listener *l) {
  wf_xgboost_options options = {
      .rounds = (size_t)wfl_option_integer(L, 1, what, "rounds", 10, 1, 1000000),
      .early_stopping_rounds =
          (size_t)wfl_option_integer(L, 1, what, "early_stopping_rounds", 0, 0, 1000000),
      .n_threads = (size_t)wfl_option_integer(L, 1, what, "threads", 0, 0, 4096),
      .on_round = on_round,
      .context = l,
  };
  options.params = push_params(L, what, &options.n_params);
  luaL_checkstack(L, 40, NULL);
  int type = lua_getfield(L, 1, "on_round");
  if (type != LUA_TNIL && type != LUA_TFUNCTION) wfl_option_fail(L, what, "on_round", "a function");
  *l = (listener){.L = L, .callback = type == LUA_TNIL ? 0 : lua_gettop(L)};
  return options;
}

/* ---- train --------------------------------------------------------------------------------------
 */

/* history[round][set][metric] */
static void push_history(lua_State *L, const wf_xgboost_result *r) {
  const double *value = r->history;
  lua_createtable(L, (int)r->n_rounds, 0);
  for (size_t i = 0; i < r->n_rounds; i++) {
    lua_createtable(L, 0, (int)r->n_sets);
    for (size_t s = 0; s < r->n_sets; s++) {
      lua_createtable(L, 0, (int)r->n_metrics);
      for (size_t m = 0; m < r->n_metrics; m++) {
        lua_pushnumber(L, *value++);
        lua_setfield(L, -2, r->metrics[m]);
      }
      lua_setfield(L, -2, r->sets[s]);
    }
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static int push_result(lua_State *L, wfl_box *box) {
  const wf_xgboost_result *r = box->ptr;
  lua_createtable(L, 0, 4);
  lua_pushlstring(L, r->model, r->model_size);
  lua_setfield(L, -2, "model");
  lua_pushinteger(L, (lua_Integer)r->n_rounds);
  lua_setfield(L, -2, "n_rounds");
  lua_pushinteger(L, (lua_Integer)r->best_round + 1);
  lua_setfield(L, -2, "best_round");
  push_history(L, r);
  lua_setfield(L, -2, "history");
  free_result(box->ptr);
  box->ptr = NULL;
  return 1;
}

static void *zeroed(lua_State *L, size_t size) {
  void *memory = wf_alloc_zero(1, size);
  if (!memory) luaL_error(L, "not enough memory");
  return memory;
}

static int xgboost_train(lua_State *L) {
  static const char what[] = "xgboost.train";
  static const char *const names[] = {
      "matrix", "labels", "weights", "evals",    "params",
      "rounds", "parts",  "threads", "on_round", "early_stopping_rounds",
      NULL};
  lua_settop(L, 1);
  wfl_options(L, 1, what, names);
  listener l;
  wf_xgboost_options options = push_options(L, what, &l);
  bool in_parts = lua_getfield(L, 1, "parts") != LUA_TNIL;
  parts_source source;
  wf_xgboost_parts parts = {0};
  wf_xgboost_data data = {0};
  if (in_parts)
    parts = push_parts(L, what, &source, &l);
  else
    data = push_data(L, 1, what, "train");
  options.evals = push_evals(L, what, &options.n_evals);
  luaL_checkstack(L, 20, NULL);
  wf_error err = WF_ERROR_INIT;
  wfl_class(L, RESULT, NULL, NULL, free_result);
  wfl_box *box = wfl_newbox(L, RESULT);
  box->ptr = zeroed(L, sizeof(wf_xgboost_result));
  wf_status status = in_parts ? wf_xgboost_train_parts(box->ptr, &parts, &options, &err)
                              : wf_xgboost_train(box->ptr, &data, &options, &err);
  if (status != WF_OK) return fail_training(L, &l, &err);
  return push_result(L, box);
}

/* ---- cv -----------------------------------------------------------------------------------------
 */

/* The column `folds` as numbers below k. Pushes what owns them. */
static size_t *push_folds(lua_State *L, const char *what, size_t k, size_t n_rows) {
  const wf_column *column = wfl_option_object(L, 1, what, "folds", WFL_COLUMN, true);
  wf_type type = wf_column_type(column);
  if (type != WF_I64 && type != WF_I32)
    wfl_fail(L, WF_TYPE, "%s: folds: a column of whole numbers was expected, it is a %s", what,
             wf_type_name(type));
  if (wf_column_count(column) != n_rows)
    wfl_fail(L, WF_INVALID, "%s: folds: %I values for %I rows", what,
             (lua_Integer)wf_column_count(column), (lua_Integer)n_rows);
  size_t *folds = wfl_scratch(L, n_rows, sizeof *folds);
  for (size_t i = 0; i < n_rows; i++) {
    int64_t fold = wf_column_integer_at(column, i);
    if (wf_column_is_missing(column, i) || fold < 0 || fold >= (int64_t)k)
      wfl_fail(L, WF_INVALID, "%s: folds: row %I is not from 0 to %I", what, (lua_Integer)i + 1,
               (lua_Integer)k - 1);
    folds[i] = (size_t)fold;
  }
  return folds;
}

static void push_series(lua_State *L, const wf_xgboost_cv_result *r, const double *values,
                        size_t metric) {
  lua_createtable(L, (int)r->n_rounds, 0);
  for (size_t i = 0; i < r->n_rounds; i++) {
    lua_pushnumber(L, values[i * r->n_metrics + metric]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* {metric = {mean = {…}, std = {…}}, …} */
static void push_fold_metrics(lua_State *L, const wf_xgboost_cv_result *r, const double *mean,
                              const double *std) {
  lua_createtable(L, 0, (int)r->n_metrics);
  for (size_t m = 0; m < r->n_metrics; m++) {
    lua_createtable(L, 0, 2);
    push_series(L, r, mean, m);
    lua_setfield(L, -2, "mean");
    push_series(L, r, std, m);
    lua_setfield(L, -2, "std");
    lua_setfield(L, -2, r->metrics[m]);
  }
}

static int xgboost_cv(lua_State *L) {
  static const char what[] = "xgboost.cv";
  static const char *const names[] = {
      "matrix", "labels", "weights", "folds",    "k",
      "params", "rounds", "threads", "on_round", "early_stopping_rounds",
      NULL};
  lua_settop(L, 1);
  wfl_options(L, 1, what, names);
  listener l;
  wf_xgboost_options options = push_options(L, what, &l);
  wf_xgboost_data data = push_data(L, 1, what, "train");
  size_t n = wf_matrix_row_count(data.matrix);
  size_t k = (size_t)wfl_option_integer(L, 1, what, "k", 0, 2, 1000000);
  if (k == 0) return wfl_fail(L, WF_INVALID, "%s: option 'k' is missing", what);
  const size_t *folds = push_folds(L, what, k, n);
  wf_error err = WF_ERROR_INIT;
  wfl_class(L, CV_RESULT, NULL, NULL, free_cv_result);
  wfl_box *box = wfl_newbox(L, CV_RESULT);
  wf_xgboost_cv_result *r = box->ptr = zeroed(L, sizeof *r);
  if (wf_xgboost_cv(r, &data, folds, k, &options, &err) != WF_OK) return fail_training(L, &l, &err);
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, (lua_Integer)r->n_rounds);
  lua_setfield(L, -2, "rounds");
  push_fold_metrics(L, r, r->train_mean, r->train_std);
  lua_setfield(L, -2, "train");
  push_fold_metrics(L, r, r->test_mean, r->test_std);
  lua_setfield(L, -2, "test");
  return 1;
}

/* The loaded library's version, "1.7.4". */
static int xgboost_version(lua_State *L) {
  int major, minor, patch;
  wf_error err = WF_ERROR_INIT;
  if (wf_xgboost_version(&major, &minor, &patch, &err) != WF_OK) return wfl_raise(L, &err);
  lua_pushfstring(L, "%d.%d.%d", major, minor, patch);
  return 1;
}

int wfl_open_xgboost(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"cv", xgboost_cv}, {"train", xgboost_train}, {"version", xgboost_version}, {NULL, NULL}};
  wfl_frame_classes(L);
  wfl_matrix_class(L);
  luaL_newlib(L, functions);
  return 1;
}
