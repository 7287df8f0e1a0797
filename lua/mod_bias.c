/* mod_bias.c — wf.core.bias: bias metrics of one facet. */
#include "convert.h"
#include "modules.h"

#include "wf/bias.h"

#include <string.h>

/* The option `name` as flags of n rows (n is set by the first one); NULL when absent. Pushes one
 * value. */
static const uint8_t *push_option_flags(lua_State *L, const char *what, const char *name, size_t *n,
                                        bool required) {
  const wf_column *column = wfl_option_object(L, 1, what, name, WFL_COLUMN, required);
  if (!column) {
    lua_pushnil(L);
    return NULL;
  }
  const char *label = lua_pushfstring(L, "%s: %s", what, name);
  if (*n == SIZE_MAX) *n = wf_column_count(column);
  if (wf_column_count(column) != *n)
    wfl_fail(L, WF_INVALID, "%s: %I values for %I labels", label,
             (lua_Integer)wf_column_count(column), (lua_Integer)*n);
  const uint8_t *flags = wfl_push_flags(L, column, label);
  lua_remove(L, -2);
  return flags;
}

/* The option `group` as numbers by distinct value, -1 where missing. Pushes two values. */
static const int32_t *push_groups(lua_State *L, const char *what, size_t n, size_t *n_groups) {
  *n_groups = 0;
  const wf_column *column = wfl_option_object(L, 1, what, "group", WFL_COLUMN, false);
  if (!column) return NULL;
  if (wf_column_count(column) != n)
    wfl_fail(L, WF_INVALID, "%s: group: %I values for %I labels", what,
             (lua_Integer)wf_column_count(column), (lua_Integer)n);
  wf_error err = WF_ERROR_INIT;
  wf_column *categories;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (wf_column_cast(&categories, column, WF_CATEGORY, &err) != WF_OK) wfl_raise(L, &err);
  box->ptr = categories;
  *n_groups = wf_column_count(wf_column_dictionary(categories));
  int32_t *groups = wfl_scratch(L, n, sizeof *groups);
  for (size_t i = 0; i < n; i++) groups[i] = wf_column_code_at(categories, i);
  return groups;
}

/* ---- results ------------------------------------------------------------------------------------
 */

static void set_text(lua_State *L, const char *name, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

typedef struct tables {
  wf_bias_cells all;
  const wf_bias_cells *by_group; /* NULL: no groups */
  size_t n_groups;
} tables;

/* {name=, description=, value= | error=} */
static void push_metric(lua_State *L, wf_bias_metric metric, const tables *t) {
  double value;
  wf_error err = WF_ERROR_INIT;
  lua_createtable(L, 0, 3);
  set_text(L, "name", wf_bias_metric_name(metric));
  set_text(L, "description", wf_bias_metric_description(metric));
  wf_status status = wf_bias_compute(&value, metric, &t->all, t->by_group, t->n_groups, &err);
  if (status == WF_NOMEM) wfl_raise(L, &err);
  if (status == WF_OK) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, "value");
  } else {
    set_text(L, "error", err.message);
  }
}

/* All metrics, or those before training, or those that are named. */
static void push_metrics(lua_State *L, const char *what, const tables *t, bool predicted) {
  size_t n;
  const char **names = wfl_option_strings(L, 1, what, "metrics", &n);
  lua_Integer count = 0;
  lua_newtable(L);
  for (size_t i = 0; names && i < n; i++) {
    wf_bias_metric metric;
    if (!wf_bias_metric_find(names[i], &metric))
      wfl_fail(L, WF_INVALID, "%s: there is no bias metric '%s'", what, names[i]);
    if (!predicted && !wf_bias_metric_is_pre_training(metric))
      wfl_fail(L, WF_INVALID, "%s: metric '%s' needs predictions", what, names[i]);
    push_metric(L, metric, t);
    lua_rawseti(L, -2, ++count);
  }
  for (int i = 0; !names && i < WF_BIAS_METRICS; i++) {
    if (!predicted && !wf_bias_metric_is_pre_training((wf_bias_metric)i)) continue;
    push_metric(L, (wf_bias_metric)i, t);
    lua_rawseti(L, -2, ++count);
  }
}

/* Counts of one side of the facet: tp is label and prediction favourable. */
static void push_side(lua_State *L, const double n[2][2]) {
  static const char *const names[2][2] = {{"tn", "fp"}, {"fn", "tp"}};
  lua_createtable(L, 0, 4);
  for (int label = 0; label < 2; label++) {
    for (int prediction = 0; prediction < 2; prediction++) {
      lua_pushnumber(L, n[label][prediction]);
      lua_setfield(L, -2, names[label][prediction]);
    }
  }
}

/* { d = {tp=, fp=, fn=, tn=}, a = {…} }: the facet and the rest */
static void push_cells(lua_State *L, const wf_bias_cells *cells) {
  lua_createtable(L, 0, 2);
  push_side(L, cells->n[1]);
  lua_setfield(L, -2, "d");
  push_side(L, cells->n[0]);
  lua_setfield(L, -2, "a");
}

/* compute{labels=, predictions=, facet=, group=, metrics=} → list of metrics, cells */
static int bias_compute(lua_State *L) {
  static const char what[] = "bias.compute";
  static const char *const names[] = {"labels", "predictions", "facet", "group", "metrics", NULL};
  lua_settop(L, 1);
  wfl_options(L, 1, what, names);
  size_t n = SIZE_MAX;
  const uint8_t *labels = push_option_flags(L, what, "labels", &n, true);
  const uint8_t *predictions = push_option_flags(L, what, "predictions", &n, false);
  const uint8_t *facet = push_option_flags(L, what, "facet", &n, true);
  tables t = {.by_group = NULL};
  const int32_t *groups = push_groups(L, what, n, &t.n_groups);
  wf_bias_cells *by_group = groups ? wfl_scratch(L, t.n_groups, sizeof *by_group) : NULL;
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_count(&t.all, by_group, labels, predictions, facet, groups, t.n_groups, n, &err) !=
      WF_OK)
    return wfl_raise(L, &err);
  t.by_group = by_group;
  push_metrics(L, what, &t, predictions != NULL);
  push_cells(L, &t.all);
  return 2;
}

int wfl_open_bias(lua_State *L) {
  static const luaL_Reg functions[] = {{"compute", bias_compute}, {NULL, NULL}};
  wfl_frame_classes(L);
  luaL_newlib(L, functions);
  return 1;
}
