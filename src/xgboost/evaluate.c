/* evaluate.c — a round's metrics, from libxgboost's text or our own arithmetic.
 *
 * When score.c has all the metrics asked for, the booster only hands over its predictions, which it
 * keeps from round to round, and the sets are scored side by side. Otherwise XGBoost evaluates and
 * hands over text with 17 decimals, "[3]\t0-auc:0.91\t0-logloss:0.3\t1-auc:…". To read it back
 * without doubt the sets are called 0, 1, 2, …, whatever their users call them: a set's name may
 * hold '-', ':' or tabs, and a metric's name ("ndcg-", "error@0.5") may hold '-'. */
#include "xgboost/evaluate.h"

#include "base/bytes.h"
#include "base/number.h"
#include "base/pool.h"

#include <stdio.h>
#include <string.h>

/* ---- plan ---------------------------------------------------------------------------------------
 */

/* What XGBoost would evaluate when nothing is asked for; NULL: not among score.c's. */
static const char *default_metric(const char *objective) {
  if (strcmp(objective, "binary:logistic") == 0) return "logloss";
  bool square = strcmp(objective, "reg:squarederror") == 0 ||
                strcmp(objective, "reg:linear") == 0 || strcmp(objective, "reg:logistic") == 0;
  return square ? "rmse" : NULL;
}

/* These keep their own name in a variable all boosters share. */
static bool is_careless(const char *metric) {
  return strncmp(metric, "error@", 6) == 0 || strncmp(metric, "tweedie-nloglik", 15) == 0;
}

static bool find_scores(wf_xgb_plan *plan, const wf_xgb_params *params) {
  size_t n = 0;
  for (size_t i = 0; i < params->items.count; i++) {
    const wf_xgb_param *item = &params->items.items[i];
    if (strcmp(item->name, "eval_metric") != 0) continue;
    if (!wf_xgb_score_find(&plan->scores[n++], item->value)) return false;
  }
  /* objectives whose values are one number per row, the same for users and metrics */
  const char *metric = default_metric(params->objective);
  return metric && (n > 0 || plan->n == 0 || wf_xgb_score_find(&plan->scores[0], metric));
}

wf_status wf_xgb_plan_make(wf_xgb_plan *out, const wf_xgb_params *params, wf_error *err) {
  wf_xgb_plan plan = {0};
  bool has_default = true;
  plan.alone = strcmp(params->objective, "reg:tweedie") == 0;
  for (size_t i = 0; i < params->items.count; i++) {
    const wf_xgb_param *item = &params->items.items[i];
    bool metric = strcmp(item->name, "eval_metric") == 0;
    plan.n += metric;
    plan.alone |= metric && is_careless(item->value);
    has_default &= strcmp(item->name, "disable_default_eval_metric") != 0 || *item->value == '0';
  }
  if (plan.n == 0 && has_default) plan.n = 1;
  plan.scores = wf_alloc_zero(plan.n, sizeof *plan.scores);
  if (!plan.scores) return wf_fail_nomem(err);
  if (find_scores(&plan, params)) {
    plan.alone = false;
    for (size_t i = 0; i < plan.n; i++) plan.sorts |= wf_xgb_score_sorts(&plan.scores[i]);
  } else {
    wf_xgb_plan_dispose(&plan);
  }
  *out = plan;
  return WF_OK;
}

void wf_xgb_plan_dispose(wf_xgb_plan *plan) {
  wf_free(plan->scores);
  plan->scores = NULL;
}

/* ---- sets ---------------------------------------------------------------------------------------
 */

wf_status wf_xgb_sets_new(wf_xgb_sets *out, size_t n, wf_error *err) {
  wf_xgb_sets sets = {.matrices = wf_alloc_zero(n, sizeof(wf_xgb_matrix)),
                      .rows = wf_alloc_zero(n, sizeof *sets.rows),
                      .labels = wf_alloc_zero(n, sizeof *sets.labels),
                      .names = wf_alloc_array(n, sizeof(char *)),
                      .n = n};
  if (!sets.matrices || !sets.rows || !sets.labels || !sets.names) {
    wf_xgb_sets_dispose(NULL, &sets);
    return wf_fail_nomem(err);
  }
  for (size_t i = 0; i < n; i++) {
    snprintf(sets.labels[i], sizeof sets.labels[i], "%zu", i);
    sets.names[i] = sets.labels[i];
  }
  *out = sets;
  return WF_OK;
}

wf_status wf_xgb_sets_fill(wf_xgb_sets *sets, size_t index, const float *labels,
                           const float *weights, size_t n_rows, const wf_xgb_plan *plan,
                           wf_error *err) {
  wf_xgb_rows *rows = &sets->rows[index];
  rows->labels = labels;
  rows->weights = weights;
  rows->n = n_rows;
  if (!plan->scores || plan->n == 0) return WF_OK;
  rows->predictions = wf_alloc_array(n_rows, sizeof *rows->predictions);
  if (!rows->predictions) return wf_fail_nomem(err);
  if (!plan->sorts) return WF_OK;
  rows->scratch = wf_alloc_aligned(wf_xgb_scratch_size(n_rows));
  return rows->scratch ? WF_OK : wf_fail_nomem(err);
}

void wf_xgb_sets_dispose(const wf_xgb *xgb, wf_xgb_sets *sets) {
  for (size_t i = 0; sets->matrices && i < sets->n; i++) {
    if (sets->matrices[i]) wf_xgb_matrix_free(xgb, sets->matrices[i]);
  }
  for (size_t i = 0; sets->rows && i < sets->n; i++) {
    wf_free(sets->rows[i].predictions);
    wf_free(sets->rows[i].scratch);
  }
  wf_free(sets->matrices);
  wf_free(sets->rows);
  wf_free(sets->labels);
  wf_free(sets->names);
  *sets = (wf_xgb_sets){0};
}

/* ---- XGBoost's metrics
 * ----------------------------------------------------------------------------------
 */

/* "1-ndcg-:0.5" to set 1, metric "ndcg-", 0.5. */
static bool read_field(wf_view field, size_t *set, wf_view *metric, double *value) {
  const char *dash = memchr(field.data, '-', field.size);
  const char *colon = memrchr(field.data, ':', field.size);
  int64_t number;
  if (!dash || !colon || colon < dash) return false;
  if (!wf_parse_i64((wf_view){field.data, (size_t)(dash - field.data)}, &number)) return false;
  *set = (size_t)number;
  *metric = (wf_view){dash + 1, (size_t)(colon - dash - 1)};
  wf_view text = {colon + 1, (size_t)(field.data + field.size - colon - 1)};
  return wf_parse_f64(text, true, value);
}

/* Remembers the metric's name on its first appearance, checks it later. */
static wf_status note_metric(wf_xgb_metrics *metrics, bool learning, size_t index, wf_view name,
                             wf_error *err) {
  if (!learning) {
    if (index < metrics->n && wf_view_equal(wf_view_of(metrics->names[index]), name)) return WF_OK;
    return wf_fail(err, WF_EXTERNAL, "XGBoost changed its metrics between rounds");
  }
  char **names = wf_realloc_array(metrics->names, metrics->n + 1, sizeof *names);
  if (!names) return wf_fail_nomem(err);
  metrics->names = names;
  names[metrics->n] = wf_strndup(name.data, name.size);
  if (!names[metrics->n]) return wf_fail_nomem(err);
  metrics->n++;
  return WF_OK;
}

static wf_status read_line(wf_xgb_history *values, wf_xgb_metrics *metrics, bool first,
                           const char *line, size_t n_sets, wf_error *err) {
  const char *at = line + strcspn(line, "\t"); /* past "[round]" */
  size_t last_set = 0, index = 0;
  while (*at == '\t') {
    at++;
    wf_view field = {at, strcspn(at, "\t")};
    at += field.size;
    size_t set;
    wf_view metric;
    double value;
    if (!read_field(field, &set, &metric, &value) || set >= n_sets || set < last_set) {
      return wf_fail(err, WF_EXTERNAL, "cannot read XGBoost's metrics: '%.*s'", (int)field.size,
                     field.data);
    }
    if (set != last_set) index = 0;
    last_set = set;
    WF_TRY(note_metric(metrics, first && set == 0, index++, metric, err));
    if (!wf_array_push(values, value)) return wf_fail_nomem(err);
  }
  return WF_OK;
}

static wf_status evaluate_there(wf_xgb_history *values, wf_xgb_metrics *metrics, const wf_xgb *xgb,
                                wf_xgb_booster booster, size_t round, const wf_xgb_sets *sets,
                                wf_error *err) {
  char *line;
  WF_TRY(wf_xgb_booster_evaluate(&line, xgb, booster, round, sets->matrices, sets->names, sets->n,
                                 err));
  size_t before = values->count;
  wf_status status = read_line(values, metrics, metrics->names == NULL, line, sets->n, err);
  if (status == WF_OK && values->count - before != sets->n * metrics->n) {
    status = wf_fail(err, WF_EXTERNAL, "XGBoost left out a metric: '%.200s'", line);
  }
  wf_free(line);
  return status;
}

/* ---- our metrics --------------------------------------------------------------------------------
 */

typedef struct scoring {
  const wf_xgb_plan *plan;
  const wf_xgb_sets *sets;
  double *values;
} scoring;

/* As if XGBoost had printed it and we had read it, like everybody who uses XGBoost: a number below
 * 1 loses what is past 17 decimals. Whatever the host's locale puts between the digits is cut out.
 */
static double as_printed(double value) {
  enum { DECIMALS = 17 };
  char text[48], plain[48];
  if (!(value > 0 && value < 1)) return value;
  int n = snprintf(text, sizeof text, "%.*f", DECIMALS, value);
  int size = snprintf(plain, sizeof plain, "%c.%s", text[0], text + n - DECIMALS);
  double read;
  return wf_parse_f64((wf_view){plain, (size_t)size}, false, &read) ? read : value;
}

/* A set is one task: its scores share the scratch memory. */
static wf_status score_set(void *context, size_t index, size_t begin, size_t end, size_t worker,
                           wf_error *err) {
  (void)begin, (void)end, (void)worker, (void)err;
  const scoring *work = context;
  for (size_t i = 0; i < work->plan->n; i++) {
    double value = wf_xgb_score_measure(&work->plan->scores[i], &work->sets->rows[index]);
    work->values[index * work->plan->n + i] = as_printed(value);
  }
  return WF_OK;
}

/* Threads are worth starting from about 100 µs of work. */
static size_t useful_threads(const wf_xgb_sets *sets, size_t n_threads) {
  enum { MANY = 20000 };
  size_t n_rows = 0;
  for (size_t i = 0; i < sets->n; i++) n_rows += sets->rows[i].n;
  return n_rows < MANY ? 1 : n_threads;
}

static wf_status name_scores(wf_xgb_metrics *metrics, const wf_xgb_plan *plan, wf_error *err) {
  for (size_t i = 0; i < plan->n; i++) {
    WF_TRY(note_metric(metrics, true, i, wf_view_of(plan->scores[i].name), err));
  }
  return WF_OK;
}

static wf_status evaluate_here(wf_xgb_history *values, wf_xgb_metrics *metrics,
                               const wf_xgb_plan *plan, const wf_xgb *xgb, wf_xgb_booster booster,
                               const wf_xgb_sets *sets, size_t n_threads, wf_error *err) {
  if (plan->n == 0) return WF_OK;
  if (!metrics->names) WF_TRY(name_scores(metrics, plan, err));
  size_t n = sets->n * plan->n;
  if (!wf_array_reserve(values, n)) return wf_fail_nomem(err);
  for (size_t i = 0; i < sets->n; i++) {
    WF_TRY(wf_xgb_booster_predict(sets->rows[i].predictions, xgb, booster, sets->matrices[i],
                                  sets->rows[i].n, err));
  }
  scoring work = {plan, sets, values->items + values->count};
  WF_TRY(wf_parallel_for(sets->n, 1, useful_threads(sets, n_threads), score_set, &work, err));
  values->count += n;
  return WF_OK;
}

wf_status wf_xgb_evaluate(wf_xgb_history *values, wf_xgb_metrics *metrics, const wf_xgb_plan *plan,
                          const wf_xgb *xgb, wf_xgb_booster booster, size_t round,
                          const wf_xgb_sets *sets, size_t n_threads, wf_error *err) {
  if (!plan->scores) return evaluate_there(values, metrics, xgb, booster, round, sets, err);
  return evaluate_here(values, metrics, plan, xgb, booster, sets, n_threads, err);
}

void wf_xgb_metrics_dispose(wf_xgb_metrics *metrics) {
  for (size_t i = 0; i < metrics->n; i++) wf_free(metrics->names[i]);
  wf_free(metrics->names);
}
