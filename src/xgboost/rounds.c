/* rounds.c — the start of a booster, early stopping, and how many threads. */
#include "xgboost/rounds.h"

#include "base/number.h"
#include "base/pool.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* ---- boosters ---------------------------------------------------------------------------------
 */

/* A booster that need not evaluate is not told the metrics. */
static wf_status set_all(const wf_xgb *xgb, wf_xgb_booster booster, const wf_xgb_params *params,
                         const wf_xgb_plan *plan, size_t n_threads, wf_error *err) {
  char threads[WF_NUMBER_TEXT];
  wf_format_i64(threads, (int64_t)n_threads);
  WF_TRY(wf_xgb_booster_set(xgb, booster, "nthread", threads, err));
  for (size_t i = 0; i < params->items.count; i++) {
    const wf_xgb_param *item = &params->items.items[i];
    if (plan->scores && strcmp(item->name, "eval_metric") == 0) continue;
    WF_TRY(wf_xgb_booster_set(xgb, booster, item->name, item->value, err));
  }
  return WF_OK;
}

wf_status wf_xgb_start(wf_xgb_booster *out, const wf_xgb *xgb, const wf_xgb_sets *sets,
                       const wf_xgb_params *params, const wf_xgb_plan *plan, size_t n_threads,
                       wf_error *err) {
  wf_xgb_booster booster = NULL;
  WF_TRY(wf_xgb_booster_new(&booster, xgb, sets->matrices, sets->n, err));
  wf_status status = set_all(xgb, booster, params, plan, n_threads, err);
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

/* On small data two threads spend more time waking each other than they save: measured with exact
 * and hist trees of depth 5 on 46 columns, idle machine, sleeping threads, they begin to win
 * between 90,000 and 180,000 values. The model does not depend on the number. */
size_t wf_xgb_thread_count(const wf_xgboost_options *options, const wf_matrix *matrix) {
  enum { SMALL = 1 << 17 };
  if (options->n_threads) return options->n_threads;
  size_t columns = wf_matrix_column_count(matrix), rows = wf_matrix_row_count(matrix);
  return columns < SMALL && rows < SMALL && rows * columns < SMALL ? 1 : wf_thread_count();
}
