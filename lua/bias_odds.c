/* bias_odds.c — wf.core.bias: decisions mixed with chance, and learning under a constraint. */
#include "bias_groups.h"

#include "bias_input.h"

#include "wf/bias.h"

#include <math.h>

/* A list of numbers; NaN becomes false, so that the list has no hole. */
static void push_list(lua_State *L, const double *values, size_t n) {
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    if (isnan(values[i]))
      lua_pushboolean(L, false);
    else
      lua_pushnumber(L, values[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static void set_list(lua_State *L, const char *name, const double *values, size_t n) {
  push_list(L, values, n);
  lua_setfield(L, -2, name);
}

int bias_odds(lua_State *L) {
  static const char *const names[] = {"labels", "predictions", "facet", NULL};
  bias_rows rows = {L, "bias.equalized_odds", SIZE_MAX};
  lua_settop(L, 1);
  wfl_options(L, 1, rows.what, names);
  const uint8_t *labels = bias_push_flags(&rows, "labels", true);
  const uint8_t *predictions = bias_push_flags(&rows, "predictions", true);
  const uint8_t *facet = bias_push_flags(&rows, "facet", true);
  wf_bias_cells cells;
  wf_bias_odds fit;
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_count(&cells, NULL, labels, predictions, facet, NULL, 0, rows.n, &err) != WF_OK ||
      wf_bias_fit_odds(&fit, &cells, &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_createtable(L, 0, 3);
  set_list(L, "keep", fit.keep, 2);
  set_list(L, "turn", fit.turn, 2);
  lua_pushnumber(L, fit.cost);
  lua_setfield(L, -2, "cost");
  return 1;
}

int bias_calibrated(lua_State *L) {
  static const char *const names[] = {"labels", "scores", "facet", "cost", NULL};
  static const char *const costs[] = {"false_negatives", "false_positives", "both", NULL};
  bias_rows rows = {L, "bias.calibrated_odds", SIZE_MAX};
  lua_settop(L, 1);
  wfl_options(L, 1, rows.what, names);
  const uint8_t *labels = bias_push_flags(&rows, "labels", true);
  const double *scores = bias_push_numbers(&rows, "scores", true);
  const uint8_t *facet = bias_push_flags(&rows, "facet", true);
  wf_bias_cost cost = (wf_bias_cost)wfl_option_choice(L, 1, rows.what, "cost", costs, 0);
  wf_bias_calibrated fit;
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_fit_calibrated(&fit, labels, scores, facet, rows.n, cost, &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_createtable(L, 0, 2);
  set_list(L, "mix", fit.mix, 2);
  set_list(L, "base_rate", fit.base_rate, 2);
  return 1;
}

/* ---- learning under a constraint ----------------------------------------------------------------
 */

/* What a constraint is about. */
typedef struct constrained {
  bias_rows rows;
  wf_bias_constraint constraint;
  const uint8_t *labels;
  const int32_t *groups;
  size_t n_groups, n_cells; /* cells: events x groups */
} constrained;

/* Of the option table at index 1, which may also have `option`. */
static constrained push_constrained(lua_State *L, const char *what, const char *option) {
  static const char *const constraints[] = {
      "demographic_parity",         "true_positive_rate_parity",
      "false_positive_rate_parity", "true_negative_rate_parity",
      "false_negative_rate_parity", "equalized_odds",
      "error_rate_parity",          NULL};
  constrained c = {.rows = {L, what, SIZE_MAX}};
  lua_settop(L, 1);
  wfl_options(L, 1, what,
              (const char *const[]){"labels", "groups", "n_groups", "constraint", option, NULL});
  c.constraint = (wf_bias_constraint)wfl_option_choice(L, 1, what, "constraint", constraints, 0);
  c.labels = bias_push_flags(&c.rows, "labels", true);
  c.groups = bias_push_groups(&c.rows, &c.n_groups, true);
  c.n_cells = wf_bias_event_count(c.constraint) * c.n_groups;
  return c;
}

int bias_constraint_gaps(lua_State *L) {
  constrained c = push_constrained(L, "bias.gaps", "decisions");
  const double *decisions = bias_push_numbers(&c.rows, "decisions", true);
  double *gaps = wfl_scratch(L, c.n_cells, sizeof *gaps);
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_constraint_gaps(gaps, c.constraint, c.labels, decisions, c.groups, c.n_groups,
                              c.rows.n, &err) != WF_OK)
    return wfl_raise(L, &err);
  push_list(L, gaps, c.n_cells);
  return 1;
}

static const double *push_multipliers(lua_State *L, const char *what, size_t n) {
  double *multipliers = wfl_scratch(L, n, sizeof *multipliers);
  if (lua_getfield(L, 1, "multipliers") != LUA_TTABLE || (size_t)luaL_len(L, -1) != n)
    wfl_fail(L, WF_INVALID, "%s: multipliers: %I numbers are needed", what, (lua_Integer)n);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    multipliers[i] = lua_tonumber(L, -1);
    if (!lua_isnumber(L, -1) || !isfinite(multipliers[i]))
      wfl_fail(L, WF_INVALID, "%s: multiplier %I is not a finite number", what, (lua_Integer)i + 1);
    lua_pop(L, 1);
  }
  return multipliers;
}

int bias_signed_weights(lua_State *L) {
  constrained c = push_constrained(L, "bias.signed_weights", "multipliers");
  const double *multipliers = push_multipliers(L, c.rows.what, c.n_cells);
  double *weights = wfl_scratch(L, c.rows.n, sizeof *weights);
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_signed_weights(weights, c.constraint, multipliers, c.labels, c.groups, c.n_groups,
                             c.rows.n, &err) != WF_OK)
    return wfl_raise(L, &err);
  bias_push_doubles(L, weights, c.rows.n);
  return 1;
}
