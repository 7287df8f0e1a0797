/* bias_groups.c — wf.core.bias: measures of many groups, calibration within groups. */
#include "bias_groups.h"

#include "bias_input.h"
#include "field.h"

#include "wf/bias.h"
#include "wf/metrics.h"

/* Groups are counted from 1 in Lua. */
static void set_group(lua_State *L, const char *name, size_t group) {
  lua_pushinteger(L, (lua_Integer)group + 1);
  lua_setfield(L, -2, name);
}

/* ---- by group -----------------------------------------------------------------------------------
 */

typedef struct many {
  bias_rows rows;
  const uint8_t *labels, *predictions;
  const double *weights;
  const int32_t *groups;
  size_t n_groups, n_rates;
  wf_bias_rate rates[WF_BIAS_RATES];
  wf_bias_confusion *counts;
  double least_size;
  bool to_overall;
} many;

static void read_rates(many *m) {
  lua_State *L = m->rows.L;
  size_t n;
  const char **names = wfl_option_strings(L, 1, m->rows.what, "rates", &n);
  m->n_rates = 0;
  for (size_t i = 0; names && i < n; i++) {
    if (m->n_rates == WF_BIAS_RATES || !wf_bias_rate_find(names[i], &m->rates[m->n_rates++]))
      wfl_fail(L, WF_INVALID, "%s: there is no rate '%s'", m->rows.what, names[i]);
  }
  for (int i = 0; !names && i < WF_BIAS_RATES; i++) m->rates[m->n_rates++] = (wf_bias_rate)i;
}

static void set_confusion(lua_State *L, const wf_bias_confusion *c) {
  wfl_set_number(L, "n", c->tp + c->fp + c->fn + c->tn);
  wfl_set_number(L, "tp", c->tp);
  wfl_set_number(L, "fp", c->fp);
  wfl_set_number(L, "fn", c->fn);
  wfl_set_number(L, "tn", c->tn);
}

/* {n=, tp=, …, rates={name=value}}; a rate of an empty group is absent */
static void push_group(const many *m, const wf_bias_confusion *c) {
  lua_State *L = m->rows.L;
  lua_createtable(L, 0, 8);
  set_confusion(L, c);
  lua_createtable(L, 0, (int)m->n_rates);
  for (size_t i = 0; i < m->n_rates; i++)
    wfl_set_number(L, wf_bias_rate_name(m->rates[i]), wf_bias_rate_of(m->rates[i], c));
  lua_setfield(L, -2, "rates");
}

static void push_spread(const many *m, wf_bias_rate rate) {
  lua_State *L = m->rows.L;
  wf_bias_spread s;
  wf_error err = WF_ERROR_INIT;
  lua_createtable(L, 0, 11);
  lua_pushstring(L, wf_bias_rate_name(rate));
  lua_setfield(L, -2, "rate");
  if (wf_bias_spread_of(&s, rate, m->counts, m->n_groups, m->least_size, &err) != WF_OK)
    wfl_raise(L, &err);
  wfl_set_number(L, "overall", s.overall);
  lua_pushinteger(L, (lua_Integer)s.n_groups);
  lua_setfield(L, -2, "n_groups");
  wfl_set_number(L, "min", s.min);
  wfl_set_number(L, "max", s.max);
  wfl_set_number(L, "difference", s.difference);
  wfl_set_number(L, "ratio", s.ratio);
  wfl_set_number(L, "difference_to_overall", s.difference_to_overall);
  wfl_set_number(L, "ratio_to_overall", s.ratio_to_overall);
  set_group(L, "lowest", s.lowest);
  set_group(L, "highest", s.highest);
}

static void set_parity(const many *m) {
  lua_State *L = m->rows.L;
  wf_bias_parity p;
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_parity_of(&p, m->counts, m->n_groups, m->least_size, m->to_overall, &err) != WF_OK)
    wfl_raise(L, &err);
  lua_createtable(L, 0, 8);
  wfl_set_number(L, "demographic_parity_difference", p.demographic_parity_difference);
  wfl_set_number(L, "demographic_parity_ratio", p.demographic_parity_ratio);
  wfl_set_number(L, "equal_opportunity_difference", p.equal_opportunity_difference);
  wfl_set_number(L, "equal_opportunity_ratio", p.equal_opportunity_ratio);
  wfl_set_number(L, "equalized_odds_difference", p.equalized_odds_difference);
  wfl_set_number(L, "equalized_odds_ratio", p.equalized_odds_ratio);
  wfl_set_number(L, "mean_odds_difference", p.mean_odds_difference);
  wfl_set_number(L, "mean_odds_ratio", p.mean_odds_ratio);
  lua_setfield(L, -2, "parity");
}

/* Undefined for the data: {error=}. */
static void set_entropy(const many *m) {
  lua_State *L = m->rows.L;
  double alpha = wfl_option_number(L, 1, m->rows.what, "alpha", 2);
  wf_bias_entropy e;
  wf_error err = WF_ERROR_INIT;
  lua_createtable(L, 0, 3);
  if (wf_bias_entropy_of(&e, m->counts, m->n_groups, alpha, &err) == WF_OK) {
    wfl_set_number(L, "total", e.total);
    wfl_set_number(L, "between_groups", e.between_groups);
  } else {
    lua_pushstring(L, err.message);
    lua_setfield(L, -2, "error");
  }
  lua_setfield(L, -2, "entropy");
}

static void set_edf(const many *m, const char *name, bool predicted) {
  lua_State *L = m->rows.L;
  double concentration = wfl_option_number(L, 1, m->rows.what, "concentration", 1);
  wf_bias_edf e;
  wf_error err = WF_ERROR_INIT;
  lua_createtable(L, 0, 3);
  if (wf_bias_smoothed_edf(&e, m->counts, m->n_groups, predicted, concentration, &err) == WF_OK) {
    wfl_set_number(L, "value", e.value);
    set_group(L, "lowest", e.lowest);
    set_group(L, "highest", e.highest);
  } else {
    lua_pushstring(L, err.message);
    lua_setfield(L, -2, "error");
  }
  lua_setfield(L, -2, name);
}

/* Adds what follows from scores to the groups in the list on the top of the stack. */
static void add_score_metrics(many *m, double *labels, const double *scores, double threshold) {
  lua_State *L = m->rows.L;
  wf_binary_metrics *metrics = wfl_scratch(L, m->n_groups, sizeof *metrics);
  wf_error err = WF_ERROR_INIT;
  if (wf_metrics_by_group(metrics, labels, scores, m->weights, m->groups, m->n_groups, m->rows.n,
                          threshold, &err) != WF_OK)
    wfl_raise(L, &err);
  lua_insert(L, -2);
  for (size_t g = 0; g < m->n_groups; g++) {
    lua_rawgeti(L, -1, (lua_Integer)g + 1);
    lua_getfield(L, -1, "rates");
    wfl_set_number(L, "roc_auc", metrics[g].roc_auc);
    wfl_set_number(L, "log_loss", metrics[g].log_loss);
    wfl_set_number(L, "brier", metrics[g].brier);
    lua_pop(L, 2);
  }
}

static void push_groups_list(many *m) {
  lua_State *L = m->rows.L;
  lua_createtable(L, (int)m->n_groups, 0);
  for (size_t g = 0; g < m->n_groups; g++) {
    push_group(m, &m->counts[g]);
    lua_rawseti(L, -2, (lua_Integer)g + 1);
  }
}

static void read_many(many *m) {
  static const char *const names[] = {"labels",     "predictions", "groups",        "n_groups",
                                      "weights",    "scores",      "rates",         "least_size",
                                      "to_overall", "alpha",       "concentration", NULL};
  lua_State *L = m->rows.L;
  lua_settop(L, 1);
  wfl_options(L, 1, m->rows.what, names);
  m->labels = bias_push_flags(&m->rows, "labels", true);
  m->predictions = bias_push_flags(&m->rows, "predictions", true);
  m->groups = bias_push_groups(&m->rows, &m->n_groups, true);
  m->weights = bias_push_numbers(&m->rows, "weights", false);
  m->least_size = wfl_option_number(L, 1, m->rows.what, "least_size", 0);
  m->to_overall = wfl_option_boolean(L, 1, m->rows.what, "to_overall", false);
  read_rates(m);
}

static void add_scores(many *m) {
  lua_State *L = m->rows.L;
  const double *scores = bias_push_numbers(&m->rows, "scores", false);
  lua_insert(L, -2);
  if (!scores) return;
  double *labels = wfl_scratch(L, m->rows.n, sizeof *labels);
  lua_insert(L, -2);
  for (size_t i = 0; i < m->rows.n; i++) labels[i] = m->labels[i];
  add_score_metrics(m, labels, scores, 0.5);
}

int bias_many(lua_State *L) {
  many m = {.rows = {L, "bias.by_group", SIZE_MAX}};
  read_many(&m);
  m.counts = wfl_scratch(L, m.n_groups, sizeof *m.counts);
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_count_groups(m.counts, m.labels, m.predictions, m.groups, m.n_groups, m.weights,
                           m.rows.n, &err) != WF_OK)
    return wfl_raise(L, &err);
  wf_bias_confusion overall = wf_bias_sum_groups(m.counts, m.n_groups);
  push_groups_list(&m);
  add_scores(&m);
  lua_createtable(L, 0, 7);
  lua_insert(L, -2);
  lua_setfield(L, -2, "groups");
  push_group(&m, &overall);
  lua_setfield(L, -2, "overall");
  lua_createtable(L, (int)m.n_rates, 0);
  for (size_t i = 0; i < m.n_rates; i++) {
    push_spread(&m, m.rates[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "spreads");
  set_parity(&m);
  set_entropy(&m);
  set_edf(&m, "labels_edf", false);
  set_edf(&m, "predictions_edf", true);
  return 1;
}

/* ---- calibration --------------------------------------------------------------------------------
 */

static void push_bins(lua_State *L, const wf_bias_bin *bins, size_t n_bins) {
  lua_createtable(L, 0, 2);
  wfl_set_number(L, "error", wf_bias_calibration_error(bins, n_bins));
  lua_createtable(L, (int)n_bins, 0);
  for (size_t b = 0; b < n_bins; b++) {
    lua_createtable(L, 0, 3);
    wfl_set_number(L, "n", bins[b].n);
    wfl_set_number(L, "favourable", bins[b].favourable);
    wfl_set_number(L, "score_sum", bins[b].score_sum);
    lua_rawseti(L, -2, (lua_Integer)b + 1);
  }
  lua_setfield(L, -2, "bins");
}

int bias_calibrate(lua_State *L) {
  static const char *const names[] = {"labels", "scores", "groups", "n_groups", "bins", NULL};
  bias_rows rows = {L, "bias.calibration", SIZE_MAX};
  size_t n_groups;
  lua_settop(L, 1);
  wfl_options(L, 1, rows.what, names);
  const uint8_t *labels = bias_push_flags(&rows, "labels", true);
  const double *scores = bias_push_numbers(&rows, "scores", true);
  const int32_t *groups = bias_push_groups(&rows, &n_groups, true);
  size_t n_bins = (size_t)wfl_option_integer(L, 1, rows.what, "bins", 10, 1, 10000);
  wf_bias_bin *bins = wfl_scratch(L, n_groups * n_bins, sizeof *bins);
  wf_error err = WF_ERROR_INIT;
  if (wf_bias_calibrate(bins, n_bins, labels, scores, groups, n_groups, rows.n, &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_createtable(L, (int)n_groups, 0);
  for (size_t g = 0; g < n_groups; g++) {
    push_bins(L, bins + g * n_bins, n_bins);
    lua_rawseti(L, -2, (lua_Integer)g + 1);
  }
  return 1;
}
