/* bias_mitigation.c — wf.core.bias: training weights, thresholds by group, the reject option,
 * repaired features. */
#include "bias_groups.h"

#include "bias_input.h"
#include "field.h"

#include "wf/bias.h"

int bias_reweigh(lua_State *L) {
  static const char *const names[] = {"labels", "groups", "n_groups", "weights", NULL};
  bias_rows rows = {L, "bias.reweigh", SIZE_MAX};
  size_t n_groups;
  lua_settop(L, 1);
  wfl_options(L, 1, rows.what, names);
  const uint8_t *labels = bias_push_flags(&rows, "labels", true);
  const int32_t *groups = bias_push_groups(&rows, &n_groups, true);
  const double *weights = bias_push_numbers(&rows, "weights", false);
  double *out = wfl_scratch(L, rows.n, sizeof *out);
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_reweigh(out, labels, groups, n_groups, weights, rows.n, &err) != WF_OK)
    return wfl_raise(L, &err);
  bias_push_doubles(L, out, rows.n);
  return 1;
}

/* ---- thresholds ---------------------------------------------------------------------------------
 */

static void push_rule(lua_State *L, const wf_bias_rule *rule) {
  lua_createtable(L, 0, 5);
  wfl_set_number(L, "p_ignore", rule->p_ignore);
  wfl_set_number(L, "constant", rule->constant);
  lua_createtable(L, 2, 0);
  lua_createtable(L, 2, 0);
  lua_createtable(L, 2, 0);
  for (int i = 0; i < 2; i++) {
    lua_pushnumber(L, rule->p[i]);
    lua_rawseti(L, -4, i + 1);
    lua_pushnumber(L, rule->threshold[i]);
    lua_rawseti(L, -3, i + 1);
    lua_pushboolean(L, rule->below[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -4, "below");
  lua_setfield(L, -3, "threshold");
  lua_setfield(L, -2, "p");
}

static wf_bias_threshold_options read_threshold_options(lua_State *L, const char *what) {
  static const char *const constraints[] = {"demographic_parity",
                                            "true_positive_rate_parity",
                                            "false_positive_rate_parity",
                                            "true_negative_rate_parity",
                                            "false_negative_rate_parity",
                                            "equalized_odds",
                                            NULL};
  static const char *const objectives[] = {"accuracy", "balanced_accuracy", NULL};
  return (wf_bias_threshold_options){
      .constraint = (wf_bias_constraint)wfl_option_choice(L, 1, what, "constraint", constraints, 0),
      .balanced = wfl_option_choice(L, 1, what, "objective", objectives, 0) == 1,
      .flip = wfl_option_boolean(L, 1, what, "flip", false),
      .tolerance = wfl_option_number(L, 1, what, "tolerance", 0),
      .n_grid = (size_t)wfl_option_integer(L, 1, what, "grid", 1000, 1, 1000000),
  };
}

int bias_thresholds(lua_State *L) {
  static const char *const names[] = {"labels", "scores",    "groups", "n_groups",  "constraint",
                                      "flip",   "objective", "grid",   "tolerance", NULL};
  bias_rows rows = {L, "bias.thresholds", SIZE_MAX};
  size_t n_groups;
  lua_settop(L, 1);
  wfl_options(L, 1, rows.what, names);
  wf_bias_threshold_options options = read_threshold_options(L, rows.what);
  const uint8_t *labels = bias_push_flags(&rows, "labels", true);
  const double *scores = bias_push_numbers(&rows, "scores", true);
  const int32_t *groups = bias_push_groups(&rows, &n_groups, true);
  wf_bias_rule *rules = wfl_scratch(L, n_groups, sizeof *rules);
  wf_bias_threshold_fit fit;
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_fit_thresholds(rules, &fit, labels, scores, groups, n_groups, rows.n, &options,
                             &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_createtable(L, 0, 3);
  wfl_set_number(L, "x", fit.x);
  wfl_set_number(L, "y", fit.y);
  lua_createtable(L, (int)n_groups, 0);
  for (size_t g = 0; g < n_groups; g++) {
    push_rule(L, &rules[g]);
    lua_rawseti(L, -2, (lua_Integer)g + 1);
  }
  lua_setfield(L, -2, "rules");
  return 1;
}

static double number_of(lua_State *L, int table, const char *name) {
  lua_getfield(L, table, name);
  double value = luaL_checknumber(L, -1);
  lua_pop(L, 1);
  return value;
}

/* Item `i` of the list in the field `name` of the table on the top of the stack is pushed. */
static void push_item(lua_State *L, const char *name, int i) {
  lua_getfield(L, -1, name);
  luaL_checktype(L, -1, LUA_TTABLE);
  lua_rawgeti(L, -1, i);
  lua_remove(L, -2);
}

static wf_bias_rule rule_on_top(lua_State *L) {
  luaL_checktype(L, -1, LUA_TTABLE);
  int table = lua_gettop(L);
  wf_bias_rule rule = {.p_ignore = number_of(L, table, "p_ignore"),
                       .constant = number_of(L, table, "constant")};
  for (int i = 0; i < 2; i++) {
    push_item(L, "p", i + 1);
    rule.p[i] = luaL_checknumber(L, -1);
    lua_pop(L, 1);
    push_item(L, "threshold", i + 1);
    rule.threshold[i] = luaL_checknumber(L, -1);
    lua_pop(L, 1);
    push_item(L, "below", i + 1);
    rule.below[i] = lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  return rule;
}

static wf_bias_rule *push_rules(lua_State *L, const char *what, size_t *n) {
  if (lua_getfield(L, 1, "rules") != LUA_TTABLE) wfl_option_fail(L, what, "rules", "a list");
  int list = lua_gettop(L);
  *n = (size_t)luaL_len(L, list);
  wf_bias_rule *rules = wfl_scratch(L, *n, sizeof *rules);
  for (size_t g = 0; g < *n; g++) {
    lua_rawgeti(L, list, (lua_Integer)g + 1);
    rules[g] = rule_on_top(L);
    lua_pop(L, 1);
  }
  return rules;
}

/* Rows in no group are undecided: missing in both columns. */
int bias_decide(lua_State *L) {
  static const char *const names[] = {"rules", "scores", "groups", "n_groups", "chances", NULL};
  bias_rows rows = {L, "bias.decide", SIZE_MAX};
  size_t n_groups, n_rules;
  lua_settop(L, 1);
  wfl_options(L, 1, rows.what, names);
  const wf_bias_rule *rules = push_rules(L, rows.what, &n_rules);
  const double *scores = bias_push_numbers(&rows, "scores", true);
  const int32_t *groups = bias_push_groups(&rows, &n_groups, true);
  const double *chances = bias_push_numbers(&rows, "chances", false);
  uint8_t *decided = wfl_scratch(L, rows.n, 1), *present = wfl_scratch(L, rows.n, 1);
  double *probability = wfl_scratch(L, rows.n, sizeof *probability);
  for (size_t i = 0; i < rows.n; i++) {
    present[i] = groups[i] >= 0 && (size_t)groups[i] < n_rules;
    const wf_bias_rule *rule = present[i] ? &rules[groups[i]] : NULL;
    probability[i] = rule ? wf_bias_rule_probability(rule, scores[i]) : 0;
    decided[i] = rule && wf_bias_rule_decide(rule, scores[i], chances ? chances[i] : 0.5);
  }
  wf_error err = WF_ERROR_INIT;
  wf_column *flags, *numbers;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN), *second = wfl_newbox(L, WFL_COLUMN);
  if (wf_column_from_bool(&flags, decided, present, rows.n, &err) != WF_OK)
    return wfl_raise(L, &err);
  wfl_fill_column(L, box, flags);
  if (wf_column_from_f64(&numbers, probability, present, rows.n, &err) != WF_OK)
    return wfl_raise(L, &err);
  wfl_fill_column(L, second, numbers);
  return 2;
}

/* ---- the reject option --------------------------------------------------------------------------
 */

int bias_reject(lua_State *L) {
  static const char *const names[] = {"labels", "scores", "facet", "gap", "bound", NULL};
  static const char *const gaps[] = {"selection_rate", "mean_odds", "equal_opportunity", NULL};
  bias_rows rows = {L, "bias.reject_option", SIZE_MAX};
  lua_settop(L, 1);
  wfl_options(L, 1, rows.what, names);
  const uint8_t *labels = bias_push_flags(&rows, "labels", true);
  const double *scores = bias_push_numbers(&rows, "scores", true);
  const uint8_t *facet = bias_push_flags(&rows, "facet", true);
  wf_bias_reject_options options = {
      .gap = (wf_bias_gap)wfl_option_choice(L, 1, rows.what, "gap", gaps, 0),
      .bound = wfl_option_number(L, 1, rows.what, "bound", 0.05),
  };
  wf_bias_reject fit;
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_fit_reject(&fit, labels, scores, facet, rows.n, &options, &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_createtable(L, 0, 5);
  wfl_set_number(L, "threshold", fit.threshold);
  wfl_set_number(L, "margin", fit.margin);
  wfl_set_number(L, "balanced_accuracy", fit.balanced_accuracy);
  wfl_set_number(L, "gap", fit.gap);
  lua_pushboolean(L, fit.within);
  lua_setfield(L, -2, "within");
  return 1;
}

int bias_reject_decide(lua_State *L) {
  static const char *const names[] = {"threshold", "margin", "scores", "facet", NULL};
  bias_rows rows = {L, "bias.reject_option", SIZE_MAX};
  lua_settop(L, 1);
  wfl_options(L, 1, rows.what, names);
  const wf_bias_reject fit = {.threshold = wfl_option_number(L, 1, rows.what, "threshold", 0.5),
                              .margin = wfl_option_number(L, 1, rows.what, "margin", 0)};
  const double *scores = bias_push_numbers(&rows, "scores", true);
  const uint8_t *facet = bias_push_flags(&rows, "facet", true);
  uint8_t *decided = wfl_scratch(L, rows.n, 1);
  for (size_t i = 0; i < rows.n; i++)
    decided[i] = wf_bias_reject_decide(&fit, scores[i], facet[i] != 0);
  wf_error err = WF_ERROR_INIT;
  wf_column *column;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (wf_column_from_bool(&column, decided, NULL, rows.n, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_fill_column(L, box, column);
  return 1;
}

/* ---- repaired features --------------------------------------------------------------------------
 */

int bias_remove_impact(lua_State *L) {
  static const char *const names[] = {"values", "groups", "n_groups", "amount", NULL};
  bias_rows rows = {L, "bias.remove_impact", SIZE_MAX};
  size_t n_groups;
  lua_settop(L, 1);
  wfl_options(L, 1, rows.what, names);
  const double *values = bias_push_numbers(&rows, "values", true);
  const int32_t *groups = bias_push_groups(&rows, &n_groups, true);
  double amount = wfl_option_number(L, 1, rows.what, "amount", 1);
  double *out = wfl_scratch(L, rows.n, sizeof *out);
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_remove_impact(out, values, groups, n_groups, amount, rows.n, &err) != WF_OK)
    return wfl_raise(L, &err);
  bias_push_doubles(L, out, rows.n);
  return 1;
}
