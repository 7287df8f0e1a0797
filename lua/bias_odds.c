/* bias_odds.c — wf.core.bias: decisions mixed with chance, and learning under a constraint. */
#include "bias_groups.h"

#include "bias_input.h"

#include "wf/bias.h"

#include <math.h>

/* A list of numbers; NaN becomes false, so that the list has no hole. */
static void set_list(lua_State *L, const char *name, const double *values, size_t n) {
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    if (isnan(values[i]))
      lua_pushboolean(L, false);
    else
      lua_pushnumber(L, values[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
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

static wf_bias_constraint read_constraint(lua_State *L, const char *what) {
  static const char *const names[] = {"demographic_parity",         "true_positive_rate_parity",
                                      "false_positive_rate_parity", "true_negative_rate_parity",
                                      "false_negative_rate_parity", "equalized_odds",
                                      "error_rate_parity",          NULL};
  return (wf_bias_constraint)wfl_option_choice(L, 1, what, "constraint", names, 0);
}

int bias_constraint_gaps(lua_State *L) {
  static const char *const names[] = {"labels",   "decisions",  "groups",
                                      "n_groups", "constraint", NULL};
  bias_rows rows = {L, "bias.gaps", SIZE_MAX};
  size_t n_groups;
  lua_settop(L, 1);
  wfl_options(L, 1, rows.what, names);
  wf_bias_constraint constraint = read_constraint(L, rows.what);
  const uint8_t *labels = bias_push_flags(&rows, "labels", true);
  const double *decisions = bias_push_numbers(&rows, "decisions", true);
  const int32_t *groups = bias_push_groups(&rows, &n_groups, true);
  size_t n_cells = wf_bias_event_count(constraint) * n_groups;
  double *gaps = wfl_scratch(L, n_cells, sizeof *gaps);
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_constraint_gaps(gaps, constraint, labels, decisions, groups, n_groups, rows.n,
                              &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_createtable(L, 0, 1);
  set_list(L, "gaps", gaps, n_cells);
  lua_getfield(L, -1, "gaps");
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
  static const char *const names[] = {"labels",   "multipliers", "groups",
                                      "n_groups", "constraint",  NULL};
  bias_rows rows = {L, "bias.signed_weights", SIZE_MAX};
  size_t n_groups;
  lua_settop(L, 1);
  wfl_options(L, 1, rows.what, names);
  wf_bias_constraint constraint = read_constraint(L, rows.what);
  const uint8_t *labels = bias_push_flags(&rows, "labels", true);
  const int32_t *groups = bias_push_groups(&rows, &n_groups, true);
  const double *multipliers =
      push_multipliers(L, rows.what, wf_bias_event_count(constraint) * n_groups);
  double *weights = wfl_scratch(L, rows.n, sizeof *weights);
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_signed_weights(weights, constraint, multipliers, labels, groups, n_groups, rows.n,
                             &err) != WF_OK)
    return wfl_raise(L, &err);
  bias_push_doubles(L, weights, rows.n);
  return 1;
}
