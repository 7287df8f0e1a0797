/* mod_shap_interactions.c — the class wf.shap_interactions of wf.core.shap: a matrix of interaction
 * values a row and output. */
#include "explained.h"

#include <stdlib.h>
#include <string.h>

static int interactions_rows(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)wfl_explained_check(L)->n_rows);
  return 1;
}

static int interactions_features(lua_State *L) {
  const wfl_explained *e = wfl_explained_check(L);
  lua_createtable(L, (int)e->n_features, 0);
  for (size_t i = 0; i < e->n_features; i++) {
    lua_pushstring(L, wfl_explained_name(e, i));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* matrix(row[, output]) → frame, a column per feature; line i is the feature that column i is */
static int interactions_matrix(lua_State *L) {
  const wfl_explained *e = wfl_explained_check(L);
  lua_Integer row = luaL_checkinteger(L, 2);
  size_t group = wfl_explained_group(L, e, 3), n = e->n_features;
  if (row < 1 || (size_t)row > e->n_rows)
    return wfl_fail(L, WF_INVALID, "there is no row %I; there are %I", row, (lua_Integer)e->n_rows);
  luaL_checkstack(L, 3 * (int)n + 20, "too many features");
  const double *matrix = wfl_explained_at(e, (size_t)row - 1, group);
  wfl_frame_maker maker;
  wfl_maker_begin(&maker, L);
  for (size_t f = 0; f < n; f++) {
    wfl_maker_add_f64(&maker, wfl_explained_name(e, f), matrix + f * (n + 1), n);
  }
  wfl_maker_end(&maker);
  return 1;
}

static size_t feature_arg(lua_State *L, const wfl_explained *e, int arg) {
  const char *name = luaL_checkstring(L, arg);
  for (size_t f = 0; f < e->n_features; f++) {
    if (strcmp(wfl_explained_name(e, f), name) == 0) return f;
  }
  wfl_fail(L, WF_NOTFOUND, "there is no feature '%s'", name);
  return 0;
}

/* pair(a, b[, output]) → column: what the two give together in each row beyond what each gives
 * alone, both halves of the matrix; pair(a, a) is the main effect of a */
static int interactions_pair(lua_State *L) {
  const wfl_explained *e = wfl_explained_check(L);
  size_t a = feature_arg(L, e, 2), b = feature_arg(L, e, 3);
  size_t group = wfl_explained_group(L, e, 4);
  double *values = wfl_scratch(L, e->n_rows, sizeof *values);
  for (size_t i = 0; i < e->n_rows; i++) {
    double cell = wfl_explained_at(e, i, group)[a * (e->n_features + 1) + b];
    values[i] = a == b ? cell : 2 * cell;
  }
  wf_error err = WF_ERROR_INIT;
  wf_column *column;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (wf_column_from_f64(&column, values, NULL, e->n_rows, &err) != WF_OK)
    return wfl_raise(L, &err);
  wfl_fill_column(L, box, column);
  return 1;
}

typedef struct ranked {
  double value;
  size_t a, b;
} ranked;

/* The strongest first, ties in the order of the features. */
static int by_value(const void *left, const void *right) {
  const ranked *x = left, *y = right;
  if (x->value != y->value) return x->value < y->value ? 1 : -1;
  if (x->a != y->a) return x->a < y->a ? -1 : 1;
  return x->b < y->b ? -1 : x->b > y->b;
}

/* global([output]) → frame(feature_a, feature_b, interaction): the mean absolute interaction of
 * every two features, both halves together, the strongest first */
static int interactions_global(lua_State *L) {
  const wfl_explained *e = wfl_explained_check(L);
  size_t group = wfl_explained_group(L, e, 2), n = e->n_features;
  size_t n_pairs = n ? n * (n - 1) / 2 : 0, i = 0;
  double *means = wfl_scratch(L, n_pairs, sizeof *means);
  ranked *order = wfl_scratch(L, n_pairs, sizeof *order);
  const char **first = wfl_scratch(L, n_pairs, sizeof *first);
  const char **second = wfl_scratch(L, n_pairs, sizeof *second);
  wf_error err = WF_ERROR_INIT;
  if (wf_shap_global_pairs(e->values, e->n_rows, e->n_groups, n, group, means, &err) != WF_OK)
    return wfl_raise(L, &err);
  for (size_t a = 0; a < n; a++) {
    for (size_t b = a + 1; b < n; b++, i++) order[i] = (ranked){means[i], a, b};
  }
  qsort(order, n_pairs, sizeof *order, by_value);
  for (i = 0; i < n_pairs; i++) {
    first[i] = wfl_explained_name(e, order[i].a);
    second[i] = wfl_explained_name(e, order[i].b);
    means[i] = order[i].value;
  }
  wfl_frame_maker maker;
  wfl_maker_begin(&maker, L);
  wfl_maker_add_strings(&maker, "feature_a", first, n_pairs);
  wfl_maker_add_strings(&maker, "feature_b", second, n_pairs);
  wfl_maker_add_f64(&maker, "interaction", means, n_pairs);
  wfl_maker_end(&maker);
  return 1;
}

static int interactions_tostring(lua_State *L) {
  const wfl_explained *e = wfl_explained_check(L);
  lua_pushfstring(L, "SHAP interaction values: %I rows, %I features", (lua_Integer)e->n_rows,
                  (lua_Integer)e->n_features);
  return 1;
}

void wfl_interactions_class(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"base", wfl_explained_base},       {"features", interactions_features},
      {"global", interactions_global},    {"matrix", interactions_matrix},
      {"outputs", wfl_explained_outputs}, {"pair", interactions_pair},
      {"rows", interactions_rows},        {NULL, NULL},
  };
  static const luaL_Reg meta[] = {
      {"__len", interactions_rows}, {"__tostring", interactions_tostring}, {NULL, NULL}};
  wfl_class(L, WFL_INTERACTIONS, meta, methods, wfl_explained_dispose);
}
