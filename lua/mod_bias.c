/* mod_bias.c — wf.core.bias: bias metrics of facets, the flip test, what a value means.
 *
 *   compute{labels=, predictions=, facet=, group=, metrics=} → list of metrics, cells
 *   report{labels=, predictions=, facets={…}, groups=, n_groups=, weights=, metrics=, intervals=}
 *     → { {metrics={…}, cells={d=, a=}, basics={…}}, … }, performance
 *
 * A metric is {name=, description=, value= | error=, low=, high=, interval= (its rule),
 * n_defined=}. Rows come in as bool columns and as codes of groups (bias_input.c); by-group
 * measures are in bias_groups.c. */
#include "bias_groups.h"
#include "bias_input.h"
#include "field.h"
#include "modules.h"

#include "wf/bias.h"

#include "base/error.h"

#include <string.h>

/* ---- results ------------------------------------------------------------------------------------
 */

static void set_numbers(lua_State *L, const char *name, const double *values, int n) {
  lua_createtable(L, n, 0);
  for (int i = 0; i < n; i++) {
    lua_pushnumber(L, values[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, name);
}

/* What the metrics of one facet follow from. */
typedef struct tables {
  wf_bias_cells all;
  const wf_bias_cells *by_group; /* NULL: no groups */
  size_t n_groups;
  const struct intervals *intervals; /* NULL: none */
} tables;

/* One per metric, and how each came about. */
typedef struct intervals {
  wf_bias_interval of[WF_BIAS_METRICS];
  wf_bias_interval_rule rules[WF_BIAS_METRICS];
} intervals;

static void set_interval(lua_State *L, const intervals *from, wf_bias_metric metric) {
  const wf_bias_interval *interval = &from->of[metric];
  if (from->rules[metric] == WF_BIAS_RESAMPLING) wfl_set_count(L, "n_defined", interval->n_defined);
  if (interval->n_defined == 0) return;
  wfl_set_text(L, "interval", wf_bias_interval_rule_name(from->rules[metric]));
  wfl_set_number(L, "low", interval->low);
  wfl_set_number(L, "high", interval->high);
}

static void push_metric(lua_State *L, wf_bias_metric metric, const tables *t) {
  double value;
  wf_error err = WF_ERROR_INIT;
  lua_createtable(L, 0, 6);
  wfl_set_text(L, "name", wf_bias_metric_name(metric));
  wfl_set_text(L, "description", wf_bias_metric_description(metric));
  wf_status status = wf_bias_compute(&value, metric, &t->all, t->by_group, t->n_groups, &err);
  if (status == WF_NOMEM) wfl_raise(L, &err);
  if (status == WF_OK)
    wfl_set_number(L, "value", value);
  else
    wfl_set_text(L, "error", err.message);
  if (status == WF_OK && t->intervals) set_interval(L, t->intervals, metric);
}

/* Which metrics a call computes, in order. */
typedef struct selection {
  wf_bias_metric metrics[WF_BIAS_METRICS];
  size_t n;
} selection;

static selection all_metrics(bool predicted) {
  selection s = {.n = 0};
  for (int i = 0; i < WF_BIAS_METRICS; i++) {
    if (predicted || wf_bias_metric_is_pre_training((wf_bias_metric)i))
      s.metrics[s.n++] = (wf_bias_metric)i;
  }
  return s;
}

/* All metrics, or those before training, or those that are named. Pushes one value. */
static selection push_selection(lua_State *L, const char *what, bool predicted) {
  size_t n;
  const char **names = wfl_option_strings(L, 1, what, "metrics", &n);
  if (!names) return all_metrics(predicted);
  selection s = {.n = 0};
  for (size_t i = 0; i < n; i++) {
    wf_bias_metric metric;
    if (!wf_bias_metric_find(names[i], &metric))
      wfl_fail(L, WF_INVALID, "%s: there is no bias metric '%s'", what, names[i]);
    if (!predicted && !wf_bias_metric_is_pre_training(metric))
      wfl_fail(L, WF_INVALID, "%s: metric '%s' needs predictions", what, names[i]);
    for (size_t k = 0; k < s.n; k++) {
      if (s.metrics[k] == metric)
        wfl_fail(L, WF_INVALID, "%s: metric '%s' is named twice", what, names[i]);
    }
    s.metrics[s.n++] = metric;
  }
  return s;
}

static void push_metrics(lua_State *L, const selection *s, const tables *t) {
  lua_createtable(L, (int)s->n, 0);
  for (size_t i = 0; i < s->n; i++) {
    push_metric(L, s->metrics[i], t);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* Counts of one side of the facet: tp is label and prediction favourable. */
static void push_side(lua_State *L, const double n[2][2]) {
  static const char *const names[2][2] = {{"tn", "fp"}, {"fn", "tp"}};
  lua_createtable(L, 0, 4);
  for (int label = 0; label < 2; label++) {
    for (int prediction = 0; prediction < 2; prediction++)
      wfl_set_number(L, names[label][prediction], n[label][prediction]);
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

/* Clarify's basic statistics, or {error=} for an empty facet. */
static void push_basics(lua_State *L, const wf_bias_cells *cells) {
  wf_bias_basics basics;
  wf_error err = WF_ERROR_INIT;
  lua_createtable(L, 0, 3);
  if (wf_bias_basic_stats(&basics, cells, &err) != WF_OK) {
    wfl_set_text(L, "error", err.message);
    return;
  }
  wfl_set_number(L, "proportion", basics.proportion);
  set_numbers(L, "observed_label_distribution", basics.observed_label_distribution, 2);
  set_numbers(L, "confusion_matrix", basics.confusion_matrix, 4);
}

/* { metrics = { {name=, description=, value=}, … }, confusion_matrix = {…} } */
static void push_performance(lua_State *L, const wf_bias_cells *cells) {
  wf_bias_performance p;
  wf_bias_model_performance(&p, cells);
  lua_createtable(L, 0, 2);
  lua_createtable(L, WF_BIAS_PERFORMANCES, 0);
  for (int i = 0; i < WF_BIAS_PERFORMANCES; i++) {
    lua_createtable(L, 0, 3);
    wfl_set_text(L, "name", wf_bias_performance_name(i));
    wfl_set_text(L, "description", wf_bias_performance_description(i));
    wfl_set_number(L, "value", p.values[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "metrics");
  set_numbers(L, "confusion_matrix", p.confusion_matrix, 4);
}

/* ---- one facet ----------------------------------------------------------------------------------
 */

/* The option `group` as the codes of its distinct values; NULL when absent. Pushes one value. */
static const int32_t *push_group_column(bias_rows *rows, size_t *n_groups) {
  lua_State *L = rows->L;
  *n_groups = 0;
  if (!wfl_option_object(L, 1, rows->what, "group", WFL_COLUMN, false)) {
    lua_pushnil(L);
    return NULL;
  }
  lua_pushcfunction(L, bias_groups);
  lua_createtable(L, 1, 0);
  lua_getfield(L, 1, "group");
  lua_rawseti(L, -2, 1);
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "codes");
  lua_setfield(L, 1, "groups");
  lua_getfield(L, -1, "n");
  lua_setfield(L, 1, "n_groups");
  lua_pop(L, 1);
  return bias_push_groups(rows, n_groups, true);
}

/* A copy of the option table, which this module may add to. */
static void copy_options(lua_State *L) {
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, 1);) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, 2);
  }
  lua_replace(L, 1);
}

static int compute(lua_State *L) {
  static const char *const names[] = {"labels", "predictions", "facet", "group", "metrics", NULL};
  bias_rows rows = {L, "bias.compute", SIZE_MAX};
  lua_settop(L, 1);
  wfl_options(L, 1, rows.what, names);
  copy_options(L);
  const uint8_t *labels = bias_push_flags(&rows, "labels", true);
  const uint8_t *predictions = bias_push_flags(&rows, "predictions", false);
  const uint8_t *facet = bias_push_flags(&rows, "facet", true);
  tables t = {.by_group = NULL};
  const int32_t *groups = push_group_column(&rows, &t.n_groups);
  wf_bias_cells *by_group = groups ? wfl_scratch(L, t.n_groups, sizeof *by_group) : NULL;
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_count(&t.all, by_group, labels, predictions, facet, groups, t.n_groups, rows.n,
                    &err) != WF_OK)
    return wfl_raise(L, &err);
  t.by_group = by_group;
  selection s = push_selection(L, rows.what, predictions != NULL);
  push_metrics(L, &s, &t);
  push_cells(L, &t.all);
  return 2;
}

/* ---- many facets --------------------------------------------------------------------------------
 */

typedef struct facets {
  bias_rows rows;
  bias_flags labels, predictions, *flags;
  const double *weights;
  const int32_t *groups;
  size_t n, n_groups;
  wf_bias_cells *cells, *by_group;
  wf_bias_moments *moments; /* as cells and by_group, of weighted rows that are resampled */
  bool resampled, closed;   /* closed forms where there are any */
  wf_bias_resampling resampling;
} facets;

static void read_facets(facets *f) {
  lua_State *L = f->rows.L;
  if (lua_getfield(L, 1, "facets") != LUA_TTABLE)
    wfl_option_fail(L, f->rows.what, "facets", "a list of columns");
  int list = lua_gettop(L);
  f->n = (size_t)luaL_len(L, list);
  if (f->n > 10000) wfl_fail(L, WF_LIMIT, "%s: more than 10000 facets", f->rows.what);
  luaL_checkstack(L, (int)f->n + 20, "too many facets");
  f->flags = wfl_scratch(L, f->n, sizeof *f->flags);
  for (size_t i = 0; i < f->n; i++) {
    lua_rawgeti(L, list, (lua_Integer)i + 1);
    f->flags[i] = bias_to_packed(&f->rows, "facets");
  }
}

/* The option `intervals`: a table of how to resample. */
static void read_resampling(facets *f) {
  lua_State *L = f->rows.L;
  const char *what = "bias.report: intervals";
  f->resampled = lua_getfield(L, 1, "intervals") != LUA_TNIL;
  if (!f->resampled) return;
  int at = lua_gettop(L);
  wfl_options(L, at, what,
              (const char *const[]){"resamples", "level", "seed", "threads", "closed_forms", NULL});
  f->resampling.n_resamples =
      (size_t)wfl_option_integer(L, at, what, "resamples", 1000, 1, 1000000);
  f->resampling.level = wfl_option_number(L, at, what, "level", 0.95);
  f->resampling.seed = (uint64_t)wfl_option_integer(L, at, what, "seed", 0, 0, LUA_MAXINTEGER);
  f->resampling.n_threads = (size_t)wfl_option_integer(L, at, what, "threads", 0, 0, 1024);
  f->closed = wfl_option_boolean(L, at, what, "closed_forms", false);
}

enum { COUNTED = 16384 }; /* rows that are unpacked and counted at once; whole bytes of bits */

/* Some rows as bytes, and the tables they are counted into. */
typedef struct rows_at {
  const uint8_t *labels, *predictions, **flags;
  const int32_t *groups;
  size_t begin, n;
  wf_bias_cells *cells, *by_group;
} rows_at;

/* `room` has a row of bytes for the labels, the predictions and each facet. */
static void unpack_rows(rows_at *at, const facets *f, size_t most, uint8_t *room) {
  at->labels = bias_flags_at(&f->labels, at->begin, at->n, room);
  at->predictions = bias_flags_at(&f->predictions, at->begin, at->n, room + most);
  for (size_t i = 0; i < f->n; i++)
    at->flags[i] = bias_flags_at(&f->flags[i], at->begin, at->n, room + (i + 2) * most);
  at->groups = f->groups ? f->groups + at->begin : NULL;
}

/* Rows count 1, or their weight where `weights` is given. */
static wf_status count_rows(const rows_at *at, const facets *f, const double *weights,
                            wf_error *err) {
  if (!weights)
    return wf_bias_count_facets(at->cells, at->by_group, at->labels, at->predictions, at->flags,
                                f->n, at->groups, f->n_groups, at->n, err);
  for (size_t i = 0; i < f->n; i++) {
    wf_bias_cells *by_group = at->by_group ? at->by_group + i * f->n_groups : NULL;
    WF_TRY(wf_bias_count_weighted(&at->cells[i], by_group, at->labels, at->predictions,
                                  at->flags[i], at->groups, f->n_groups, weights, at->n, err));
  }
  return WF_OK;
}

static void add_tables(wf_bias_cells *to, const wf_bias_cells *from, size_t n) {
  for (size_t i = 0; i < 8 * n; i++) (&to->n[0][0][0])[i] += (&from->n[0][0][0])[i];
}

static const double *push_squares(lua_State *L, const double *weights, size_t n) {
  double *squares = wfl_scratch(L, n, sizeof *squares);
  for (size_t i = 0; i < n; i++) squares[i] = weights[i] * weights[i];
  return squares;
}

/* What resampled weights need beside their sums, which f->cells holds. */
static void count_moments(facets *f, const rows_at *at, size_t n_all) {
  lua_State *L = f->rows.L;
  wf_error err = WF_ERROR_INIT;
  f->moments = wfl_scratch(L, n_all, sizeof *f->moments);
  for (size_t i = 0; i < n_all; i++) f->moments[i].sum = f->cells[i];
  if (count_rows(at, f, NULL, &err) != WF_OK) wfl_raise(L, &err);
  for (size_t i = 0; i < n_all; i++) f->moments[i].n = at->cells[i];
  if (count_rows(at, f, push_squares(L, f->weights, at->n), &err) != WF_OK) wfl_raise(L, &err);
  for (size_t i = 0; i < n_all; i++) f->moments[i].squares = at->cells[i];
}

/* Counts are added up over blocks that fit the cache; weights, whose sums are rounded, and more
 * tables than a block has rows are not. */
static void count_facets(facets *f) {
  lua_State *L = f->rows.L;
  size_t n_tables = f->groups ? f->n * f->n_groups : 0;
  size_t most = f->weights || n_tables > COUNTED / 8 || f->rows.n < COUNTED ? f->rows.n : COUNTED;
  size_t n_all = f->n + n_tables;
  uint8_t *room = wfl_scratch(L, f->n + 2, most);
  rows_at at = {.flags = wfl_scratch(L, f->n, sizeof *at.flags)};
  at.cells = wfl_scratch(L, n_all, sizeof *at.cells);
  at.by_group = f->groups ? at.cells + f->n : NULL;
  f->cells = wfl_scratch(L, n_all, sizeof *f->cells);
  f->by_group = f->groups ? f->cells + f->n : NULL;
  memset(f->cells, 0, n_all * sizeof *f->cells);
  for (; at.begin < f->rows.n; at.begin += most) {
    wf_error err = WF_ERROR_INIT;
    at.n = f->rows.n - at.begin < most ? f->rows.n - at.begin : most;
    unpack_rows(&at, f, most, room);
    if (count_rows(&at, f, f->weights, &err) != WF_OK) wfl_raise(L, &err);
    add_tables(f->cells, at.cells, n_all);
    if (f->weights && f->resampled) count_moments(f, &at, n_all);
  }
}

static void make_intervals(const facets *f, size_t i, const tables *t, intervals *out) {
  wf_error err = WF_ERROR_INIT;
  wf_status status;
  if (f->weights) {
    const wf_bias_moments *groups = f->groups ? f->moments + f->n + i * f->n_groups : NULL;
    status = wf_bias_weighted_intervals(out->of, &f->moments[i], groups, f->n_groups,
                                        &f->resampling, &err);
  } else {
    status = wf_bias_intervals(out->of, &t->all, t->by_group, t->n_groups, &f->resampling, &err);
  }
  if (status != WF_OK) wfl_raise(f->rows.L, &err);
  for (int m = 0; m < WF_BIAS_METRICS; m++) {
    out->rules[m] = WF_BIAS_RESAMPLING;
    if (f->closed && !f->weights)
      out->rules[m] =
          wf_bias_closed_interval(&out->of[m], (wf_bias_metric)m, &t->all, f->resampling.level);
  }
}

static void push_facet(const facets *f, size_t i, const selection *s) {
  lua_State *L = f->rows.L;
  intervals made;
  tables t = {.all = f->cells[i],
              .by_group = f->by_group ? f->by_group + i * f->n_groups : NULL,
              .n_groups = f->n_groups};
  if (f->resampled) {
    make_intervals(f, i, &t, &made);
    t.intervals = &made;
  }
  lua_createtable(L, 0, 3);
  push_metrics(L, s, &t);
  lua_setfield(L, -2, "metrics");
  push_cells(L, &t.all);
  lua_setfield(L, -2, "cells");
  push_basics(L, &t.all);
  lua_setfield(L, -2, "basics");
}

static int report(lua_State *L) {
  static const char *const names[] = {"labels",  "predictions", "facets",    "groups", "n_groups",
                                      "weights", "metrics",     "intervals", NULL};
  facets f = {.rows = {L, "bias.report", SIZE_MAX}};
  lua_settop(L, 1);
  wfl_options(L, 1, f.rows.what, names);
  f.labels = bias_push_packed(&f.rows, "labels", true);
  f.predictions = bias_push_packed(&f.rows, "predictions", false);
  f.groups = bias_push_groups(&f.rows, &f.n_groups, false);
  f.weights = bias_push_numbers(&f.rows, "weights", false);
  read_facets(&f);
  read_resampling(&f);
  count_facets(&f);
  bool predicted = f.predictions.bytes || f.predictions.bits;
  selection s = push_selection(L, f.rows.what, predicted);
  lua_createtable(L, (int)f.n, 0);
  for (size_t i = 0; i < f.n; i++) {
    push_facet(&f, i, &s);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  if (!predicted || f.n == 0) return 1;
  push_performance(L, &f.cells[0]);
  return 2;
}

/* ---- words and the flip test --------------------------------------------------------------------
 */

/* describe(metric, value, d, a) → a sentence */
static int describe(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  double value = luaL_checknumber(L, 2);
  const char *d = luaL_checkstring(L, 3), *a = luaL_checkstring(L, 4);
  wf_bias_metric metric;
  if (!wf_bias_metric_find(name, &metric))
    return wfl_fail(L, WF_INVALID, "bias.describe: there is no bias metric '%s'", name);
  size_t size = wf_bias_describe(NULL, 0, metric, value, d, a) + 1;
  char *text = wfl_scratch(L, size, 1);
  wf_bias_describe(text, size, metric, value, d, a);
  lua_pushstring(L, text);
  return 1;
}

/* The features of a flip test: the frame's columns, all numbers. Pushes their owners. */
static void read_features(bias_rows *rows, wf_bias_flip_data *data) {
  lua_State *L = rows->L;
  const wf_frame *frame = wfl_option_object(L, 1, rows->what, "features", WFL_FRAME, true);
  size_t n = wf_frame_column_count(frame);
  luaL_checkstack(L, (int)n + 20, "too many features");
  const double **columns = wfl_scratch(L, n, sizeof *columns);
  const char **names = wfl_scratch(L, n, sizeof *names);
  for (size_t k = 0; k < n; k++) {
    names[k] = wf_frame_name_at(frame, k);
    const char *label = lua_pushfstring(L, "%s: %s", rows->what, names[k]);
    columns[k] = wfl_push_doubles(L, wf_frame_column_at(frame, k), label);
    lua_remove(L, -2);
  }
  data->features = columns;
  data->names = names;
  data->n_features = n;
}

/* flip{features=frame, predictions=, facet=, k=, threads=} → {value, least, most, n_ambiguous, k}
 */
static int flip(lua_State *L) {
  static const char *const names[] = {"features", "predictions", "facet", "k", "threads", NULL};
  bias_rows rows = {L, "bias.flip", SIZE_MAX};
  lua_settop(L, 1);
  wfl_options(L, 1, rows.what, names);
  size_t k = (size_t)wfl_option_integer(L, 1, rows.what, "k", 0, 0, 1000000);
  size_t n_threads = (size_t)wfl_option_integer(L, 1, rows.what, "threads", 0, 0, 1024);
  wf_bias_flip_data data = {.n = 0};
  data.predictions = bias_push_flags(&rows, "predictions", true);
  data.facet = bias_push_flags(&rows, "facet", true);
  read_features(&rows, &data);
  data.n = rows.n;
  const wf_frame *frame = wfl_option_object(L, 1, rows.what, "features", WFL_FRAME, true);
  if (data.n_features && wf_frame_row_count(frame) != rows.n)
    return wfl_fail(L, WF_INVALID, "bias.flip: features: %I rows, but %I predictions",
                    (lua_Integer)wf_frame_row_count(frame), (lua_Integer)rows.n);
  wf_bias_flip result;
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_flip_test(&result, &data, k, n_threads, &err) != WF_OK) return wfl_raise(L, &err);
  lua_createtable(L, 0, 5);
  wfl_set_number(L, "value", result.value);
  wfl_set_number(L, "least", result.least);
  wfl_set_number(L, "most", result.most);
  wfl_set_count(L, "n_ambiguous", result.n_ambiguous);
  wfl_set_count(L, "k", result.k);
  return 1;
}

/* js_of_2020{labels=, facet=} → the value, or nil and why there is none */
static int js_of_2020(lua_State *L) {
  bias_rows rows = {L, "bias.js_of_2020", SIZE_MAX};
  lua_settop(L, 1);
  wfl_options(L, 1, rows.what, (const char *const[]){"labels", "facet", NULL});
  const uint8_t *labels = bias_push_flags(&rows, "labels", true);
  const uint8_t *facet = bias_push_flags(&rows, "facet", true);
  wf_bias_cells cells;
  double value;
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_count(&cells, NULL, labels, NULL, facet, NULL, 0, rows.n, &err) != WF_OK)
    return wfl_raise(L, &err);
  if (wf_bias_js_of_2020(&value, &cells, &err) == WF_OK) {
    lua_pushnumber(L, value);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, err.message);
  return 2;
}

int wfl_open_bias(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"calibrate", bias_calibrate},
      {"calibrated", bias_calibrated},
      {"compute", compute},
      {"constraint_gaps", bias_constraint_gaps},
      {"decide", bias_decide},
      {"describe", describe},
      {"extremes", bias_extremes},
      {"flip", flip},
      {"groups", bias_groups},
      {"js_of_2020", js_of_2020},
      {"many", bias_many},
      {"member", bias_member},
      {"odds", bias_odds},
      {"reject", bias_reject},
      {"reject_decide", bias_reject_decide},
      {"remove_impact", bias_remove_impact},
      {"report", report},
      {"reweigh", bias_reweigh},
      {"signed_weights", bias_signed_weights},
      {"thresholds", bias_thresholds},
      {NULL, NULL},
  };
  wfl_frame_classes(L);
  luaL_newlib(L, functions);
  return 1;
}
