/* mod_explain.c — wf.core.explain: what explanations need of a predictor, which is a wf.model or a
 * function on frames. Choices, names and defaults are stdlib/wf/explain's business. */
#include "convert.h"
#include "interrupt.h"
#include "mod_model.h"
#include "modules.h"

#include "wf/explain.h"
#include "wf/model.h"

/* ---- functions on frames ------------------------------------------------------------------------
 */

/* The one Lua function that is explained. Its error stays on the top of the stack. */
typedef struct caller {
  lua_State *L;
  int function; /* its stack index */
  size_t n_outputs;
  const wf_frame *rows;
  double *out;
  bool failed;
} caller;

static void take_output(lua_State *L, const caller *c, const wf_column *column, size_t output) {
  static const char what[] = "the predictions of the function";
  size_t n = wf_frame_row_count(c->rows);
  if (wf_column_count(column) != n)
    wfl_fail(L, WF_INVALID, "%s are %I for %I rows", what, (lua_Integer)wf_column_count(column),
             (lua_Integer)n);
  const double *values = wfl_push_doubles(L, column, what);
  for (size_t i = 0; i < n; i++) c->out[i * c->n_outputs + output] = values[i];
  lua_pop(L, 1);
}

/* The value on the top: a column, a list, or a frame of an output each. */
static void take_outputs(lua_State *L, const caller *c) {
  const wf_frame *frame = wfl_test(L, -1, WFL_FRAME);
  size_t n = frame ? wf_frame_column_count(frame) : 1;
  if (n != c->n_outputs)
    wfl_fail(L, WF_INVALID, "the function predicts %I outputs, and before %I", (lua_Integer)n,
             (lua_Integer)c->n_outputs);
  if (!frame) {
    take_output(L, c, wfl_push_column(L, lua_gettop(L), "the predictions of the function"), 0);
    return;
  }
  for (size_t i = 0; i < n; i++) take_output(L, c, wf_frame_column_at(frame, i), i);
}

/* Arguments: the function and the caller. */
static int call_protected(lua_State *L) {
  const caller *c = lua_touserdata(L, 2);
  lua_pushvalue(L, 1);
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  wfl_fill_frame(L, box, wf_frame_retain((wf_frame *)(uintptr_t)c->rows));
  lua_call(L, 1, 1);
  take_outputs(L, c);
  return 0;
}

static wf_status call_function(void *context, const wf_frame *rows, double *out, wf_error *err) {
  caller *c = context;
  (void)err; /* what went wrong is on the stack */
  c->rows = rows;
  c->out = out;
  if (wfl_canceled(c->L)) return WF_CANCELED;
  lua_pushcfunction(c->L, call_protected);
  lua_pushvalue(c->L, c->function);
  lua_pushlightuserdata(c->L, c);
  c->failed = lua_pcall(c->L, 2, 0, 0) != LUA_OK;
  return c->failed ? WF_CANCELED : WF_OK;
}

static int fail_call(lua_State *L, const caller *c, const wf_error *err) {
  if (c->failed) return lua_error(L);
  if (wfl_canceled(L)) return wfl_raise_canceled(L);
  return wfl_raise(L, err);
}

/* ---- arguments ----------------------------------------------------------------------------------
 */

static const char *const kinds[] = {"value", "margin", NULL};

/* The predictor at argument 1: a model, or NULL for a function. */
static const wf_model *check_predictor(lua_State *L) {
  const wf_model *model = wfl_test(L, 1, WFL_MODEL);
  if (!model) luaL_checktype(L, 1, LUA_TFUNCTION);
  return model;
}

static wf_predict_kind kind_option(lua_State *L, int arg, const char *what) {
  return wfl_option_choice(L, arg, what, "kind", kinds, 0) ? WF_PREDICT_MARGIN : WF_PREDICT_VALUE;
}

static size_t size_option(lua_State *L, int arg, const char *what, const char *name,
                          lua_Integer otherwise, lua_Integer most) {
  return (size_t)wfl_option_integer(L, arg, what, name, otherwise, 0, most);
}

static uint64_t seed_option(lua_State *L, int arg, const char *what) {
  return (uint64_t)wfl_option_integer(L, arg, what, "seed", 0, LUA_MININTEGER, LUA_MAXINTEGER);
}

/* The option's list of numbers from 1 to `most`, counted from 0; pushes one value that owns it. */
static size_t *push_places(lua_State *L, int arg, const char *what, const char *name, size_t most,
                           size_t *n) {
  if (lua_getfield(L, arg, name) != LUA_TTABLE) wfl_option_fail(L, what, name, "a list");
  *n = lua_rawlen(L, -1);
  size_t *places = wfl_scratch(L, *n, sizeof *places);
  for (size_t i = 0; i < *n; i++) {
    lua_rawgeti(L, -2, (lua_Integer)i + 1);
    lua_Integer place = lua_tointeger(L, -1);
    if (place < 1 || (size_t)place > most)
      wfl_fail(L, WF_INVALID, "%s: option '%s' holds %I, not a number from 1 to %I", what, name,
               place, (lua_Integer)most);
    places[i] = (size_t)place - 1;
    lua_pop(L, 1);
  }
  lua_remove(L, -2);
  return places;
}

/* The option's column as numbers, of `n` rows; NULL when absent. Pushes one value. */
static double *push_weights(lua_State *L, int arg, const char *what, size_t n) {
  const wf_column *column = wfl_option_object(L, arg, what, "weights", WFL_COLUMN, false);
  if (!column) {
    lua_pushnil(L);
    return NULL;
  }
  if (wf_column_count(column) != n)
    wfl_fail(L, WF_INVALID, "%s: %I weights for %I rows", what,
             (lua_Integer)wf_column_count(column), (lua_Integer)n);
  return wfl_push_doubles(L, column, "weights");
}

/* Numbers for each of so many things of so many rows, as scratch. */
static void *push_cells(lua_State *L, const char *what, size_t n_rows, size_t width, size_t size) {
  size_t cells;
  if (__builtin_mul_overflow(n_rows, width, &cells))
    wfl_fail(L, WF_LIMIT, "%s: too many values", what);
  return wfl_scratch(L, cells, size);
}

/* Runs on any thread: looks at nothing but the flag. */
static bool is_stopped(void *L) { return wfl_canceled(L); }

/* ---- Kernel SHAP --------------------------------------------------------------------------------
 */

typedef struct kernel {
  const wf_model *model;
  const wf_frame *rows, *background;
  const char **features; /* names of the players */
  size_t *players, n_players, n_columns, n_outputs, n_rows;
  wf_predict_kind kind;
  wf_kernel_options options;
  double *values, *errors;
} kernel;

/* Pushes what the names, players, weights and results live in. */
static void read_kernel(lua_State *L, kernel *k) {
  static const char what[] = "explain.kernel";
  static const char *const links[] = {"identity", "logit", NULL};
  k->model = check_predictor(L);
  k->rows = wfl_check(L, 2, WFL_FRAME);
  k->background = wfl_check(L, 3, WFL_FRAME);
  wfl_options(L, 4, what,
              (const char *const[]){"features", "kind", "link", "outputs", "players", "samples",
                                    "seed", "threads", "weights", NULL});
  k->features = wfl_option_strings(L, 4, what, "features", &k->n_players);
  if (!k->features) wfl_option_fail(L, what, "features", "a list");
  k->players = push_places(L, 4, what, "players", k->n_players, &k->n_columns);
  k->kind = kind_option(L, 4, what);
  k->n_rows = wf_frame_row_count(k->rows);
  k->n_outputs = k->model ? wf_forest_output_count(wf_model_forest(k->model), k->kind)
                          : size_option(L, 4, what, "outputs", 1, 1 << 20);
  k->options = (wf_kernel_options){
      .n_samples = size_option(L, 4, what, "samples", 0, LUA_MAXINTEGER),
      .seed = seed_option(L, 4, what),
      .n_threads = size_option(L, 4, what, "threads", 0, 4096),
      .stop = is_stopped,
      .context = L,
      .link =
          wfl_option_choice(L, 4, what, "link", links, 0) ? WF_EXPLAIN_LOGIT : WF_EXPLAIN_IDENTITY,
      .weights = push_weights(L, 4, what, wf_frame_row_count(k->background)),
  };
  size_t width;
  if (__builtin_mul_overflow(k->n_outputs, k->n_players + 1, &width))
    wfl_fail(L, WF_LIMIT, "%s: too many values", what);
  k->values = push_cells(L, what, k->n_rows, width, sizeof *k->values);
  k->errors = push_cells(L, what, k->n_rows, width, sizeof *k->errors);
}

/* A frame of a column per player, the i-th value of which is first[i * stride + player]. */
static void push_players(lua_State *L, const kernel *k, const double *first, size_t stride) {
  luaL_checkstack(L, 3 * (int)k->n_players + 20, "too many features");
  double *column = wfl_scratch(L, k->n_rows, sizeof *column);
  wfl_frame_maker maker;
  wfl_maker_begin(&maker, L);
  for (size_t f = 0; f < k->n_players; f++) {
    for (size_t i = 0; i < k->n_rows; i++) column[i] = first[i * stride + f];
    wfl_maker_add_f64(&maker, k->features[f], column, k->n_rows);
  }
  wfl_maker_end(&maker);
  lua_remove(L, -2);
}

static void push_kernel(lua_State *L, const kernel *k) {
  size_t width = k->n_players + 1;
  lua_createtable(L, (int)k->n_outputs, 0);
  for (size_t o = 0; o < k->n_outputs; o++) {
    lua_createtable(L, 0, 3);
    push_players(L, k, k->values + o * width, k->n_outputs * width);
    lua_setfield(L, -2, "values");
    push_players(L, k, k->errors + o * k->n_players, k->n_outputs * k->n_players);
    lua_setfield(L, -2, "errors");
    if (k->n_rows > 0) {
      lua_pushnumber(L, k->values[o * width + k->n_players]);
      lua_setfield(L, -2, "base");
    }
    lua_rawseti(L, -2, (lua_Integer)o + 1);
  }
}

static wf_status explain_model(lua_State *L, const kernel *k, wf_error *err) {
  wf_features rows = wfl_push_features(L, k->model, k->rows);
  wf_features background = wfl_push_features(L, k->model, k->background);
  if (k->n_columns != rows.n_columns)
    return wf_fail(err, WF_INVALID, "%zu players for %zu features", k->n_columns, rows.n_columns);
  return wf_kernel_forest(wf_model_forest(k->model), k->kind, &rows, &background, k->players,
                          k->n_players, &k->options, k->values, k->errors, err);
}

static wf_status explain_function(const kernel *k, caller *c, wf_error *err) {
  if (k->n_columns != wf_frame_column_count(k->background))
    return wf_fail(err, WF_INVALID, "%zu players for %zu columns", k->n_columns,
                   wf_frame_column_count(k->background));
  wf_explain_function function = {call_function, c, k->n_outputs};
  return wf_kernel_frame(&function, k->rows, k->background, k->players, k->n_players, &k->options,
                         k->values, k->errors, err);
}

/* kernel(predictor, rows, background, {features=, players=, …}) → per output {values, errors,
 * base}; players[i] is the place in `features` of the model's i-th feature or the background's i-th
 * column */
static int explain_kernel(lua_State *L) {
  lua_settop(L, 4);
  kernel k = {0};
  read_kernel(L, &k);
  wf_error err = WF_ERROR_INIT;
  caller c = {.L = L, .function = 1, .n_outputs = k.n_outputs};
  luaL_checkstack(L, 40, NULL);
  wf_status status = k.model ? explain_model(L, &k, &err) : explain_function(&k, &c, &err);
  if (status != WF_OK) return fail_call(L, &c, &err);
  push_kernel(L, &k);
  return 1;
}

/* ---- baselines ----------------------------------------------------------------------------------
 */

/* baseline(frame, {clusters=, seed=, threads=}) → frame, sizes */
static int explain_baseline(lua_State *L) {
  static const char what[] = "explain.baseline";
  const wf_frame *frame = wfl_check(L, 1, WFL_FRAME);
  wfl_options(L, 2, what, (const char *const[]){"clusters", "seed", "threads", NULL});
  wf_baseline_options options = {.n_clusters =
                                     size_option(L, 2, what, "clusters", 0, LUA_MAXINTEGER),
                                 .seed = seed_option(L, 2, what),
                                 .n_threads = size_option(L, 2, what, "threads", 0, 4096)};
  wf_error err = WF_ERROR_INIT;
  wf_frame *rows;
  wf_column *sizes;
  wfl_box *row_box = wfl_newbox(L, WFL_FRAME), *size_box = wfl_newbox(L, WFL_COLUMN);
  if (wf_explain_baseline(&rows, &sizes, frame, &options, &err) != WF_OK) return wfl_raise(L, &err);
  row_box->ptr = rows;
  size_box->ptr = sizes;
  return 2;
}

/* ---- partial dependence -------------------------------------------------------------------------
 */

/* grid(column, {n=, how=, low=, high=}) → column */
static int explain_grid(lua_State *L) {
  static const char what[] = "explain.grid";
  static const char *const ways[] = {"quantile", "even", NULL};
  const wf_column *column = wfl_check(L, 1, WFL_COLUMN);
  wfl_options(L, 2, what, (const char *const[]){"high", "how", "low", "n", NULL});
  wf_grid_options options = {
      .n = size_option(L, 2, what, "n", 15, 1 << 20),
      .how = wfl_option_choice(L, 2, what, "how", ways, 0) ? WF_GRID_EVEN : WF_GRID_QUANTILES,
      .low = wfl_option_number(L, 2, what, "low", 0),
      .high = wfl_option_number(L, 2, what, "high", 1)};
  wf_error err = WF_ERROR_INIT;
  wf_column *grid;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (wf_dependence_grid(&grid, column, &options, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_fill_column(L, box, grid);
  return 1;
}

typedef struct dependence {
  const wf_model *model;
  const wf_frame *rows, *points;
  size_t output, n_outputs, n_rows, n_points;
  wf_predict_kind kind;
  wf_dependence_options options;
  wf_dependence_point *out;
  double *curves;
} dependence;

static void read_dependence(lua_State *L, dependence *d) {
  static const char what[] = "explain.dependence";
  d->model = check_predictor(L);
  d->rows = wfl_check(L, 2, WFL_FRAME);
  d->points = wfl_check(L, 3, WFL_FRAME);
  wfl_options(L, 4, what,
              (const char *const[]){"columns", "curves", "high", "kind", "low", "output", "outputs",
                                    "threads", "weights", NULL});
  d->n_rows = wf_frame_row_count(d->rows);
  d->n_points = wf_frame_row_count(d->points);
  d->kind = kind_option(L, 4, what);
  d->output = (size_t)wfl_option_integer(L, 4, what, "output", 1, 1, 1 << 20) - 1;
  d->n_outputs = size_option(L, 4, what, "outputs", 1, 1 << 20);
  d->options = (wf_dependence_options){.weights = push_weights(L, 4, what, d->n_rows),
                                       .low = wfl_option_number(L, 4, what, "low", 0.1),
                                       .high = wfl_option_number(L, 4, what, "high", 0.9),
                                       .n_threads = size_option(L, 4, what, "threads", 0, 4096)};
  d->out = wfl_scratch(L, d->n_points, sizeof *d->out);
  if (wfl_option_boolean(L, 4, what, "curves", false))
    d->curves = push_cells(L, what, d->n_points, d->n_rows, sizeof *d->curves);
}

/* The model's features that the points set (option `columns`), of each point in turn. */
static wf_status depend_model(lua_State *L, const dependence *d, wf_error *err) {
  static const char what[] = "explain.dependence";
  wf_features rows = wfl_push_features(L, d->model, d->rows);
  wf_features points = wfl_push_features(L, d->model, d->points);
  size_t n;
  const size_t *columns = push_places(L, 4, what, "columns", rows.n_columns, &n);
  float *values = push_cells(L, what, d->n_points, n, sizeof *values);
  for (size_t i = 0; i < d->n_points; i++) {
    for (size_t k = 0; k < n; k++) {
      values[i * n + k] = points.data[i * points.row_stride + columns[k] * points.column_stride];
    }
  }
  return wf_dependence_forest(wf_model_forest(d->model), d->kind, d->output, &rows, columns, n,
                              values, d->n_points, &d->options, d->out, d->curves, err);
}

static void push_points(lua_State *L, const dependence *d) {
  static const char *const names[] = {"mean", "low", "high"};
  double *column = wfl_scratch(L, d->n_points, sizeof *column);
  wfl_frame_maker maker;
  wfl_maker_begin(&maker, L);
  for (size_t k = 0; k < 3; k++) {
    for (size_t i = 0; i < d->n_points; i++) {
      const wf_dependence_point *p = &d->out[i];
      column[i] = k == 0 ? p->mean : k == 1 ? p->low : p->high;
    }
    wfl_maker_add_f64(&maker, names[k], column, d->n_points);
  }
  wfl_maker_end(&maker);
}

/* dependence(predictor, rows, points, {columns=, output=, curves=, …}) → frame(mean, low, high),
 * and the predictions of every row at every point, point after point, as one column. For a model
 * the points are whole rows, of which the features `columns` are set. */
static int explain_dependence(lua_State *L) {
  lua_settop(L, 4);
  dependence d = {0};
  read_dependence(L, &d);
  wf_error err = WF_ERROR_INIT;
  caller c = {.L = L, .function = 1, .n_outputs = d.n_outputs};
  wf_explain_function function = {call_function, &c, d.n_outputs};
  luaL_checkstack(L, 40, NULL);
  wf_status status = d.model ? depend_model(L, &d, &err)
                             : wf_dependence_frame(&function, d.output, d.rows, d.points,
                                                   &d.options, d.out, d.curves, &err);
  if (status != WF_OK) return fail_call(L, &c, &err);
  push_points(L, &d);
  if (!d.curves) return 1;
  wf_column *curves;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (wf_column_from_f64(&curves, d.curves, NULL, d.n_points * d.n_rows, &err) != WF_OK)
    return wfl_raise(L, &err);
  wfl_fill_column(L, box, curves);
  return 2;
}

/* ---- permutation --------------------------------------------------------------------------------
 */

/* permuted(model, rows, {columns=, kind=, seed=, group=, repeats=, threads=}) → a list of what
 * model:predict gives, one for each repeat */
static int explain_permuted(lua_State *L) {
  static const char what[] = "explain.permuted";
  const wf_model *model = wfl_check(L, 1, WFL_MODEL);
  const wf_frame *frame = wfl_check(L, 2, WFL_FRAME);
  lua_settop(L, 3);
  wfl_options(
      L, 3, what,
      (const char *const[]){"columns", "group", "kind", "repeats", "seed", "threads", NULL});
  wf_predict_kind kind = kind_option(L, 3, what);
  const wf_forest *forest = wf_model_forest(model);
  size_t n, n_rows = wf_frame_row_count(frame), width = wf_forest_output_count(forest, kind);
  const size_t *columns = push_places(L, 3, what, "columns", wf_forest_feature_count(forest), &n);
  size_t n_repeats = size_option(L, 3, what, "repeats", 1, 1 << 20), per_repeat;
  if (__builtin_mul_overflow(n_rows, width, &per_repeat))
    return wfl_fail(L, WF_LIMIT, "%s: too many predictions", what);
  float *out = push_cells(L, what, n_repeats, per_repeat, sizeof *out);
  wf_features rows = wfl_push_features(L, model, frame);
  wf_error err = WF_ERROR_INIT;
  if (wf_permutation_forest(forest, kind, &rows, columns, n, seed_option(L, 3, what),
                            size_option(L, 3, what, "group", 0, LUA_MAXINTEGER), n_repeats,
                            size_option(L, 3, what, "threads", 0, 4096), out, &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_createtable(L, (int)n_repeats, 0);
  int list = lua_gettop(L);
  for (size_t r = 0; r < n_repeats; r++) {
    wfl_push_predictions(L, model, out + r * per_repeat, n_rows, kind);
    lua_rawseti(L, list, (lua_Integer)r + 1);
    lua_settop(L, list);
  }
  return 1;
}

/* shuffled(frame, names, {seed=, group=, repetition=}) → frame */
static int explain_shuffled(lua_State *L) {
  static const char what[] = "explain.shuffled";
  const wf_frame *frame = wfl_check(L, 1, WFL_FRAME);
  wfl_options(L, 3, what, (const char *const[]){"group", "repetition", "seed", NULL});
  size_t n, group = size_option(L, 3, what, "group", 0, LUA_MAXINTEGER);
  size_t repetition = size_option(L, 3, what, "repetition", 0, LUA_MAXINTEGER);
  const char **names = wfl_strings(L, 2, "explain.shuffled: names", &n);
  wf_error err = WF_ERROR_INIT;
  wf_frame *shuffled;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  if (wf_permutation_frame(&shuffled, frame, names, n, seed_option(L, 3, what), group, repetition,
                           &err) != WF_OK)
    return wfl_raise(L, &err);
  wfl_fill_frame(L, box, shuffled);
  return 1;
}

int wfl_open_explain(lua_State *L) {
  static const luaL_Reg functions[] = {{"baseline", explain_baseline},
                                       {"dependence", explain_dependence},
                                       {"grid", explain_grid},
                                       {"kernel", explain_kernel},
                                       {"permuted", explain_permuted},
                                       {"shuffled", explain_shuffled},
                                       {NULL, NULL}};
  wfl_frame_classes(L);
  wfl_matrix_class(L);
  wfl_recipe_class(L);
  wfl_model_class(L);
  luaL_newlib(L, functions);
  return 1;
}
