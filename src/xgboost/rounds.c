/* rounds.c — one round's metrics, the start of a booster, early stopping.
 *
 * XGBoost hands metrics over as text with 17 digits, "[3]\t0-auc:0.91\t0-logloss:0.3\t1-auc:…". To
 * read it back without doubt the sets are called 0, 1, 2, …, whatever their users call them: a
 * set's name may hold '-', ':' or tabs, and a metric's name ("ndcg-", "error@0.5") may hold '-'. */
#include "xgboost/rounds.h"

#include "base/bytes.h"
#include "base/number.h"
#include "base/pool.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void wf_xgb_metrics_dispose(wf_xgb_metrics *metrics) {
  for (size_t i = 0; i < metrics->n; i++) wf_free(metrics->names[i]);
  wf_free(metrics->names);
}

wf_status wf_xgb_sets_new(wf_xgb_sets *out, size_t n, wf_error *err) {
  wf_xgb_sets sets = {.matrices = wf_alloc_zero(n, sizeof(wf_xgb_matrix)),
                      .labels = wf_alloc_zero(n, sizeof *sets.labels),
                      .names = wf_alloc_array(n, sizeof(char *)),
                      .n = n};
  if (!sets.matrices || !sets.labels || !sets.names) {
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

void wf_xgb_sets_dispose(const wf_xgb *xgb, wf_xgb_sets *sets) {
  for (size_t i = 0; sets->matrices && i < sets->n; i++) {
    if (sets->matrices[i]) wf_xgb_matrix_free(xgb, sets->matrices[i]);
  }
  wf_free(sets->matrices);
  wf_free(sets->labels);
  wf_free(sets->names);
  *sets = (wf_xgb_sets){0};
}

/* ---- metrics ----------------------------------------------------------------------------------
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

wf_status wf_xgb_evaluate(wf_xgb_history *values, wf_xgb_metrics *metrics, const wf_xgb *xgb,
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

/* ---- boosters ---------------------------------------------------------------------------------
 */

static wf_status set_all(const wf_xgb *xgb, wf_xgb_booster booster, const wf_xgb_params *params,
                         size_t n_threads, wf_error *err) {
  char threads[WF_NUMBER_TEXT];
  wf_format_i64(threads, (int64_t)n_threads);
  WF_TRY(wf_xgb_booster_set(xgb, booster, "nthread", threads, err));
  for (size_t i = 0; i < params->items.count; i++) {
    const wf_xgb_param *item = &params->items.items[i];
    WF_TRY(wf_xgb_booster_set(xgb, booster, item->name, item->value, err));
  }
  return WF_OK;
}

wf_status wf_xgb_start(wf_xgb_booster *out, const wf_xgb *xgb, const wf_xgb_sets *sets,
                       const wf_xgb_params *params, size_t n_threads, wf_error *err) {
  wf_xgb_booster booster = NULL;
  WF_TRY(wf_xgb_booster_new(&booster, xgb, sets->matrices, sets->n, err));
  wf_status status = set_all(xgb, booster, params, n_threads, err);
  if (status == WF_OK) {
    *out = booster;
  } else {
    wf_xgb_booster_free(xgb, booster);
  }
  return status;
}

/* ---- stopping ---------------------------------------------------------------------------------
 */

bool wf_xgb_stopper_add(wf_xgb_stopper *stopper, size_t round, double score) {
  bool better = stopper->maximise ? score > stopper->best : score < stopper->best;
  if (!stopper->started || better || (isnan(stopper->best) && !isnan(score))) {
    stopper->started = true;
    stopper->best = score;
    stopper->best_round = round;
    stopper->since_best = 0;
    return false;
  }
  stopper->since_best++;
  return stopper->patience > 0 && stopper->since_best >= stopper->patience;
}

wf_status wf_xgb_options_check(const wf_xgboost_options *options, wf_error *err) {
  if (options->rounds == 0) return wf_fail(err, WF_INVALID, "rounds must be at least 1");
  if (options->rounds > INT_MAX / 2) return wf_fail(err, WF_LIMIT, "too many rounds");
  if (options->n_threads > 4096) {
    return wf_fail(err, WF_LIMIT, "threads is %zu, more than 4096", options->n_threads);
  }
  return WF_OK;
}

/* A few thousand values are trained on sooner than threads can be woken, and libgomp's threads wait
 * for each other by spinning, which costs whole time slices when other processes want the CPUs. The
 * model does not depend on the number. */
size_t wf_xgb_thread_count(const wf_xgboost_options *options, const wf_matrix *matrix) {
  enum { SMALL = 1 << 16 };
  if (options->n_threads) return options->n_threads;
  size_t columns = wf_matrix_column_count(matrix), rows = wf_matrix_row_count(matrix);
  return columns < SMALL && rows < SMALL && rows * columns < SMALL ? 1 : wf_thread_count();
}
