/* mod_monitor.c — wf.core.monitor: quantile sketches of columns, distances of distributions.
 *
 *   sketch(column, {k=}) → sketch      its values that are present and finite
 *   moments(column) → {n=, mean=, std=, min=, max=}
 *   restore({level, …}, {k=}) → sketch     from s:levels()
 *   s:merge(other) s:count() s:levels() s:quantile(q) s:at_most(x)
 *   numbers(sketch, sketch, {bins=}) → {linf=, linf_robust=, psi=, js=, wasserstein=, chi_squared=,
 *     p_value=, n=, m=}; absent where a side is empty
 *   counts({…}, {…}) → the same of counts by category */
#include "convert.h"
#include "field.h"
#include "modules.h"

#include "wf/monitor.h"

#include <math.h>

#define SKETCH "wf.sketch"

static wf_sketch *check(lua_State *L, int arg) { return wfl_check(L, arg, SKETCH); }

static wf_sketch *push_new(lua_State *L, int options, const char *what) {
  wfl_options(L, options, what, (const char *const[]){"k", NULL});
  size_t k = (size_t)wfl_option_integer(L, options, what, "k", 512, 8, 65535);
  wf_error err = WF_ERROR_INIT;
  wf_sketch *sketch;
  wfl_box *box = wfl_newbox(L, SKETCH);
  if (wf_sketch_new(&sketch, k, &err) != WF_OK) wfl_raise(L, &err);
  box->ptr = sketch;
  return sketch;
}

static void check_numeric(lua_State *L, const wf_column *column) {
  wf_type type = wf_column_type(column);
  if (type == WF_STRING || type == WF_CATEGORY)
    wfl_fail(L, WF_TYPE, "monitor.sketch: numbers were expected, the column is a %s",
             wf_type_name(type));
}

static int sketch_column(lua_State *L) {
  enum { CHUNK = 1024 };
  const wf_column *column = wfl_check(L, 1, WFL_COLUMN);
  check_numeric(L, column);
  lua_settop(L, 2);
  wf_sketch *sketch = push_new(L, 2, "monitor.sketch");
  double values[CHUNK];
  size_t n = 0, n_rows = wf_column_count(column);
  wf_error err = WF_ERROR_INIT;
  for (size_t i = 0; i < n_rows; i++) {
    double value = wf_column_number_at(column, i);
    if (isfinite(value)) values[n++] = value;
    if (n < CHUNK && i + 1 < n_rows) continue;
    if (wf_sketch_add(sketch, values, n, &err) != WF_OK) return wfl_raise(L, &err);
    n = 0;
  }
  return 1;
}

/* The numbers of the list on the top of the stack; pushes what owns them. */
static double *push_list(lua_State *L, size_t *n) {
  luaL_checktype(L, -1, LUA_TTABLE);
  int list = lua_gettop(L);
  *n = (size_t)luaL_len(L, list);
  double *values = wfl_scratch(L, *n, sizeof *values);
  for (size_t i = 0; i < *n; i++) {
    lua_rawgeti(L, list, (lua_Integer)i + 1);
    values[i] = luaL_checknumber(L, -1);
    lua_pop(L, 1);
  }
  return values;
}

/* moments(column) → {n=, mean=, std=, min=, max=} of the values that are present and finite, in two
 * passes and without sorting; only n where there are none. */
static int moments(lua_State *L) {
  const wf_column *column = wfl_check(L, 1, WFL_COLUMN);
  check_numeric(L, column);
  size_t n_rows = wf_column_count(column), n = 0;
  double sum = 0, squares = 0, low = HUGE_VAL, high = -HUGE_VAL;
  for (size_t i = 0; i < n_rows; i++) {
    double value = wf_column_number_at(column, i);
    if (!isfinite(value)) continue;
    n++;
    sum += value;
    low = fmin(low, value);
    high = fmax(high, value);
  }
  double mean = sum / (double)n;
  for (size_t i = 0; i < n_rows; i++) {
    double away = wf_column_number_at(column, i) - mean;
    if (isfinite(away)) squares += away * away;
  }
  lua_createtable(L, 0, 5);
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, -2, "n");
  if (n == 0) return 1;
  wfl_set_number(L, "mean", mean);
  wfl_set_number(L, "std", n > 1 ? sqrt(squares / (double)(n - 1)) : 0);
  wfl_set_number(L, "min", low);
  wfl_set_number(L, "max", high);
  return 1;
}

static int restore(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  wf_sketch *sketch = push_new(L, 2, "monitor.restore");
  wf_error err = WF_ERROR_INIT;
  /* From the top: the number of levels decides how much each may hold. */
  for (lua_Integer level = luaL_len(L, 1); level >= 1; level--) {
    size_t n;
    lua_rawgeti(L, 1, level);
    const double *items = push_list(L, &n);
    if (wf_sketch_restore(sketch, (size_t)level - 1, items, n, &err) != WF_OK)
      return wfl_raise(L, &err);
    lua_pop(L, 2);
  }
  return 1;
}

static int sketch_merge(lua_State *L) {
  wf_sketch *sketch = check(L, 1);
  const wf_sketch *other = check(L, 2);
  wf_error err = WF_ERROR_INIT;
  if (sketch == other) return wfl_fail(L, WF_INVALID, "monitor: a sketch merged with itself");
  if (wf_sketch_merge(sketch, other, &err) != WF_OK) return wfl_raise(L, &err);
  lua_settop(L, 1);
  return 1;
}

static int sketch_count(lua_State *L) {
  lua_pushnumber(L, wf_sketch_count(check(L, 1)));
  return 1;
}

static int sketch_levels(lua_State *L) {
  const wf_sketch *sketch = check(L, 1);
  lua_newtable(L);
  for (size_t level = 0; level < wf_sketch_level_count(sketch); level++) {
    size_t n;
    const double *items = wf_sketch_level(sketch, level, &n);
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
      lua_pushnumber(L, items[i]);
      lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_rawseti(L, -2, (lua_Integer)level + 1);
  }
  return 1;
}

/* Ranks hold C memory while nothing of Lua is called. */
static wf_status ask(double *out, const wf_sketch *sketch, double x,
                     double (*question)(const wf_ranks *, double), wf_error *err) {
  wf_ranks ranks;
  wf_status status = wf_ranks_of(&ranks, sketch, err);
  if (status != WF_OK) return status;
  *out = question(&ranks, x);
  wf_ranks_clear(&ranks);
  return WF_OK;
}

static int answer(lua_State *L, double (*question)(const wf_ranks *, double)) {
  const wf_sketch *sketch = check(L, 1);
  double x = luaL_checknumber(L, 2), value;
  wf_error err = WF_ERROR_INIT;
  if (ask(&value, sketch, x, question, &err) != WF_OK) return wfl_raise(L, &err);
  if (isnan(value))
    lua_pushnil(L);
  else
    lua_pushnumber(L, value);
  return 1;
}

static int sketch_quantile(lua_State *L) { return answer(L, wf_ranks_quantile); }
static int sketch_at_most(lua_State *L) { return answer(L, wf_ranks_at_most); }

/* ---- distances ----------------------------------------------------------------------------------
 */

static int push_drift(lua_State *L, const wf_drift *d) {
  lua_createtable(L, 0, 9);
  wfl_set_number(L, "linf", d->linf);
  wfl_set_number(L, "linf_robust", d->linf_robust);
  wfl_set_number(L, "psi", d->psi);
  wfl_set_number(L, "js", d->js);
  wfl_set_number(L, "wasserstein", d->wasserstein);
  wfl_set_number(L, "chi_squared", d->chi_squared);
  wfl_set_number(L, "p_value", d->p_value);
  wfl_set_number(L, "n", d->n);
  wfl_set_number(L, "m", d->m);
  return 1;
}

static wf_status compare_sketches(wf_drift *out, const wf_sketch *baseline,
                                  const wf_sketch *current, size_t n_bins, wf_error *err) {
  wf_ranks a, b;
  wf_status status = wf_ranks_of(&a, baseline, err);
  if (status != WF_OK) return status;
  status = wf_ranks_of(&b, current, err);
  if (status == WF_OK) {
    status = wf_drift_of_numbers(out, &a, &b, n_bins, err);
    wf_ranks_clear(&b);
  }
  wf_ranks_clear(&a);
  return status;
}

static int numbers(lua_State *L) {
  const wf_sketch *baseline = check(L, 1), *current = check(L, 2);
  lua_settop(L, 3);
  wfl_options(L, 3, "monitor.numbers", (const char *const[]){"bins", NULL});
  size_t n_bins = (size_t)wfl_option_integer(L, 3, "monitor.numbers", "bins", 10, 2, 1000);
  wf_drift drift;
  wf_error err = WF_ERROR_INIT;
  if (compare_sketches(&drift, baseline, current, n_bins, &err) != WF_OK) return wfl_raise(L, &err);
  return push_drift(L, &drift);
}

static int counts(lua_State *L) {
  size_t n, m;
  lua_settop(L, 2);
  const double *current = push_list(L, &m);
  lua_pushvalue(L, 1);
  const double *baseline = push_list(L, &n);
  if (n != m)
    return wfl_fail(L, WF_INVALID, "monitor.counts: %I and %I categories", (lua_Integer)n,
                    (lua_Integer)m);
  wf_drift drift;
  wf_error err = WF_ERROR_INIT;
  if (wf_drift_of_counts(&drift, baseline, current, n, &err) != WF_OK) return wfl_raise(L, &err);
  return push_drift(L, &drift);
}

static void dispose(void *sketch) { wf_sketch_free(sketch); }

int wfl_open_monitor(lua_State *L) {
  static const luaL_Reg meta[] = {{NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"at_most", sketch_at_most}, {"count", sketch_count},       {"levels", sketch_levels},
      {"merge", sketch_merge},     {"quantile", sketch_quantile}, {NULL, NULL},
  };
  static const luaL_Reg functions[] = {
      {"counts", counts},   {"moments", moments},      {"numbers", numbers},
      {"restore", restore}, {"sketch", sketch_column}, {NULL, NULL},
  };
  wfl_frame_classes(L);
  wfl_class(L, SKETCH, meta, methods, dispose);
  luaL_newlib(L, functions);
  return 1;
}
