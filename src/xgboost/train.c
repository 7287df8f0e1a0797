/* train.c — training one model, round by round.
 *
 * Everything a caller can get wrong is checked before libxgboost is even loaded. Each round updates
 * the booster, evaluates the training set and all evaluation sets, and asks the callback. With
 * early stopping the trees after the best round are cut off at the end. */
#include "base/pool.h"
#include "xgboost/bins.h"
#include "xgboost/data.h"
#include "xgboost/parts.h"
#include "xgboost/rounds.h"

#include <math.h>
#include <string.h>

typedef struct training {
  const wf_xgboost_data *train; /* NULL: in parts */
  const wf_xgboost_parts *parts;
  const wf_matrix *features; /* names them; may have no rows */
  wf_xgb_gathered gathered;
  const wf_xgboost_options *options;
  wf_xgb_params params;
  wf_xgb_plan plan;
  size_t n_threads;
  wf_xgb *xgb;
  wf_xgb_sets sets;
  const char **names; /* of the sets, as the caller knows them */
  wf_xgb_booster booster;
  wf_xgb_metrics metrics;
  wf_xgb_history history;
  wf_xgb_stopper stopper;
  size_t n_rounds;
} training;

static void dispose(training *work) {
  if (work->xgb) {
    wf_xgb_booster_free(work->xgb, work->booster);
    wf_xgb_sets_dispose(work->xgb, &work->sets);
    wf_xgb_close(work->xgb);
  }
  wf_free(work->names);
  wf_free(work->history.items);
  wf_xgb_metrics_dispose(&work->metrics);
  wf_xgb_gathered_dispose(&work->gathered);
  wf_xgb_plan_dispose(&work->plan);
  wf_xgb_params_dispose(&work->params);
}

/* ---- before -----------------------------------------------------------------------------------
 */

static wf_status check_features(const wf_xgboost_data *eval, const wf_matrix *train,
                                wf_error *err) {
  size_t n = wf_matrix_column_count(train);
  if (wf_matrix_column_count(eval->matrix) != n) {
    return wf_fail(err, WF_INVALID, "set '%s' has %zu features, the training data %zu", eval->name,
                   wf_matrix_column_count(eval->matrix), n);
  }
  for (size_t i = 0; i < n; i++) {
    const char *expected = wf_matrix_name_at(train, i), *name = wf_matrix_name_at(eval->matrix, i);
    if (strcmp(expected, name) == 0) continue;
    return wf_fail(err, WF_INVALID, "set '%s': feature %zu is '%s', in the training data '%s'",
                   eval->name, i + 1, name, expected);
  }
  return WF_OK;
}

static wf_status check_evals(const training *work, wf_error *err) {
  const wf_xgboost_options *options = work->options;
  for (size_t i = 0; i < options->n_evals; i++) {
    const wf_xgboost_data *eval = &options->evals[i];
    if (!eval->name || !*eval->name) {
      return wf_fail(err, WF_INVALID, "evaluation set %zu has no name", i + 1);
    }
    for (size_t j = 0; j < i; j++) {
      if (strcmp(options->evals[j].name, eval->name) != 0) continue;
      return wf_fail(err, WF_INVALID, "two evaluation sets are named '%s'", eval->name);
    }
    WF_TRY(wf_xgb_data_check(eval, eval->name, false, &work->params, options->n_threads, err));
    WF_TRY(check_features(eval, work->features, err));
  }
  return WF_OK;
}

static wf_status check_stopping(const training *work, wf_error *err) {
  if (work->options->early_stopping_rounds == 0) return WF_OK;
  if (work->options->n_evals == 0) {
    return wf_fail(err, WF_INVALID, "early stopping needs an evaluation set");
  }
  if (work->params.has_no_trees) {
    return wf_fail(err, WF_UNSUPPORTED,
                   "early stopping keeps the trees up to the best round, and "
                   "booster gblinear has none");
  }
  return WF_OK;
}

static wf_status check(training *work, wf_error *err) {
  const wf_xgboost_options *options = work->options;
  WF_TRY(wf_xgb_options_check(options, err));
  WF_TRY(wf_xgb_params_check(&work->params, options->params, options->n_params, err));
  WF_TRY(check_stopping(work, err));
  WF_TRY(wf_xgb_plan_make(&work->plan, &work->params, err));
  if (work->parts) return wf_xgb_parts_params(&work->params, err);
  WF_TRY(wf_xgb_data_check(work->train, "train", true, &work->params, options->n_threads, err));
  work->features = work->train->matrix;
  return check_evals(work, err);
}

static wf_status load_set(training *work, size_t index, wf_error *err) {
  const wf_xgboost_data *data = index ? &work->options->evals[index - 1] : work->train;
  work->names[index] = index ? data->name : "train";
  size_t n = wf_matrix_row_count(data->matrix);
  wf_xgb_matrix *matrix = &work->sets.matrices[index];
  wf_status status = WF_OK;
  if (index == 0) {
    status =
        wf_xgb_bins_load(matrix, work->xgb, data, NULL, n, &work->params, work->n_threads, err);
  }
  if (status == WF_OK && !*matrix) {
    status = wf_xgb_data_load(matrix, work->xgb, data, NULL, n, work->n_threads, err);
  }
  if (status != WF_OK) return wf_fail_within(err, status, "set '%s'", work->names[index]);
  return wf_xgb_sets_fill(&work->sets, index, data->labels, data->weights, n, &work->plan, err);
}

/* The training set in parts; what depends on its features is checked behind it. */
static wf_status load_parts(training *work, wf_error *err) {
  wf_xgb_gathered *g = &work->gathered;
  work->names[0] = "train";
  WF_TRY(wf_xgb_parts_load(&work->sets.matrices[0], g, work->xgb, work->parts, &work->params,
                           work->n_threads, err));
  work->features = g->features;
  WF_TRY(check_evals(work, err));
  return wf_xgb_sets_fill(&work->sets, 0, g->labels.items,
                          g->weights.count ? g->weights.items : NULL, g->labels.count, &work->plan,
                          err);
}

static size_t thread_count(const training *work) {
  const wf_xgboost_options *options = work->options;
  if (work->train) return wf_xgb_thread_count(options, work->train->matrix);
  return options->n_threads ? options->n_threads : wf_thread_count();
}

static wf_status load(training *work, wf_error *err) {
  const wf_xgboost_options *options = work->options;
  size_t n_sets = 1 + options->n_evals;
  work->n_threads = thread_count(work);
  work->names = wf_alloc_array(n_sets, sizeof *work->names);
  if (!work->names) return wf_fail_nomem(err);
  WF_TRY(wf_xgb_open(&work->xgb, work->n_threads, err));
  WF_TRY(wf_xgb_sets_new(&work->sets, n_sets, err));
  if (work->parts) WF_TRY(load_parts(work, err));
  for (size_t i = work->parts ? 1 : 0; i < n_sets; i++) WF_TRY(load_set(work, i, err));
  return wf_xgb_start(&work->booster, work->xgb, &work->sets, &work->params, &work->plan,
                      work->n_threads, err);
}

/* ---- rounds -----------------------------------------------------------------------------------
 */

static wf_status report(const training *work, size_t round, wf_error *err) {
  const wf_xgboost_options *options = work->options;
  if (!options->on_round) return WF_OK;
  size_t n_values = work->sets.n * work->metrics.n;
  wf_xgboost_round message = {
      .round = round,
      .n_rounds = options->rounds,
      .n_sets = work->sets.n,
      .n_metrics = work->metrics.n,
      .sets = work->names,
      .metrics = (const char *const *)work->metrics.names,
      .values = n_values ? work->history.items + work->history.count - n_values : NULL};
  if (options->on_round(options->context, &message)) return WF_OK;
  return wf_fail(err, WF_CANCELED, "training was stopped after round %zu", round + 1);
}

/* The score early stopping goes by: the last metric of the last set. */
static wf_status consider(training *work, size_t round, bool *stop, wf_error *err) {
  if (work->stopper.patience == 0) return WF_OK;
  if (work->metrics.n == 0) {
    return wf_fail(err, WF_INVALID, "early stopping needs an eval_metric");
  }
  const char *metric = work->metrics.names[work->metrics.n - 1];
  work->stopper.maximise = wf_xgb_metric_maximised(metric);
  *stop = wf_xgb_stopper_add(&work->stopper, round, work->history.items[work->history.count - 1]);
  return WF_OK;
}

static wf_status run(training *work, wf_error *err) {
  bool stop = false;
  work->stopper.patience = work->options->early_stopping_rounds;
  for (size_t round = 0; round < work->options->rounds && !stop; round++) {
    WF_TRY(wf_xgb_booster_update(work->xgb, work->booster, round, work->sets.matrices[0], err));
    WF_TRY(wf_xgb_evaluate(&work->history, &work->metrics, &work->plan, work->xgb, work->booster,
                           round, &work->sets, work->n_threads, err));
    work->n_rounds = round + 1;
    WF_TRY(consider(work, round, &stop, err));
    WF_TRY(report(work, round, err));
  }
  return WF_OK;
}

/* ---- after ------------------------------------------------------------------------------------
 */

static wf_status cut(training *work, wf_error *err) {
  if (work->stopper.patience == 0 || work->stopper.best_round + 1 == work->n_rounds) return WF_OK;
  wf_xgb_booster head = NULL;
  WF_TRY(wf_xgb_booster_head(&head, work->xgb, work->booster, work->stopper.best_round + 1, err));
  wf_xgb_booster_free(work->xgb, work->booster);
  work->booster = head;
  return WF_OK;
}

static wf_status name_features(const training *work, wf_error *err) {
  size_t n = wf_matrix_column_count(work->features);
  const char **names = wf_alloc_array(n, sizeof *names);
  if (!names) return wf_fail_nomem(err);
  for (size_t i = 0; i < n; i++) names[i] = wf_matrix_name_at(work->features, i);
  wf_status status = wf_xgb_booster_name_features(work->xgb, work->booster, names, n, err);
  wf_free(names);
  return status;
}

static wf_status copy_names(char ***out, const char *const *names, size_t n, wf_error *err) {
  char **copy = wf_alloc_zero(n, sizeof *copy);
  if (!copy) return wf_fail_nomem(err);
  *out = copy;
  for (size_t i = 0; i < n; i++) {
    copy[i] = wf_strdup(names[i]);
    if (!copy[i]) return wf_fail_nomem(err);
  }
  return WF_OK;
}

/* Fills `result`, which the caller disposes on failure. */
static wf_status finish(wf_xgboost_result *result, training *work, wf_error *err) {
  WF_TRY(cut(work, err));
  WF_TRY(name_features(work, err));
  WF_TRY(wf_xgb_booster_save(&result->model, &result->model_size, work->xgb, work->booster, err));
  result->n_sets = work->sets.n;
  WF_TRY(copy_names(&result->sets, work->names, work->sets.n, err));
  result->metrics = work->metrics.names;
  result->n_metrics = work->metrics.n;
  work->metrics = (wf_xgb_metrics){0};
  result->history = work->history.items;
  work->history.items = NULL;
  result->n_rounds = work->n_rounds;
  result->best_round = work->stopper.patience ? work->stopper.best_round : work->n_rounds - 1;
  return WF_OK;
}

static wf_status train_all(wf_xgboost_result *out, training *work, wf_error *err) {
  wf_xgboost_result result = {0};
  wf_status status = check(work, err);
  if (status == WF_OK) status = load(work, err);
  if (status == WF_OK) status = run(work, err);
  if (status == WF_OK) status = finish(&result, work, err);
  dispose(work);
  if (status == WF_OK) {
    *out = result;
  } else {
    wf_xgboost_result_dispose(&result);
  }
  return status;
}

wf_status wf_xgboost_train(wf_xgboost_result *out, const wf_xgboost_data *train,
                           const wf_xgboost_options *options, wf_error *err) {
  training work = {.train = train, .options = options};
  return train_all(out, &work, err);
}

wf_status wf_xgboost_train_parts(wf_xgboost_result *out, const wf_xgboost_parts *parts,
                                 const wf_xgboost_options *options, wf_error *err) {
  training work = {.parts = parts, .options = options};
  return train_all(out, &work, err);
}

static void dispose_names(char **names, size_t n) {
  for (size_t i = 0; names && i < n; i++) wf_free(names[i]);
  wf_free(names);
}

void wf_xgboost_result_dispose(wf_xgboost_result *result) {
  wf_free(result->model);
  dispose_names(result->sets, result->n_sets);
  dispose_names(result->metrics, result->n_metrics);
  wf_free(result->history);
  *result = (wf_xgboost_result){0};
}

wf_status wf_xgboost_version(int *major, int *minor, int *patch, wf_error *err) {
  wf_xgb *xgb;
  WF_TRY(wf_xgb_open(&xgb, 1, err));
  wf_xgb_version(xgb, major, minor, patch);
  wf_xgb_close(xgb);
  return WF_OK;
}
