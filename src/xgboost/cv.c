/* cv.c — k-fold cross-validation with the meaning of Python's xgboost.cv.
 *
 * One booster per fold, all advanced one round before any is advanced twice. The order matters:
 * libxgboost's random generator belongs to the thread and is shared by the boosters on it, so
 * another order (or folds on threads of their own) would sample other rows. Features are converted
 * once; each fold's two matrices are slices of that one. */
#include "xgboost/data.h"
#include "xgboost/rounds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TRAIN, TEST, N_SETS };

typedef struct fold {
  wf_xgb_sets sets; /* TRAIN and TEST */
  wf_xgb_booster booster;
} fold;

typedef struct validation {
  const wf_xgboost_data *data;
  const size_t *numbers; /* fold of each row */
  size_t k;
  const wf_xgboost_options *options;
  wf_xgb_params params;
  size_t n_threads;
  wf_xgb *xgb;
  fold *folds;
  wf_xgb_metrics metrics;
  wf_xgb_history round;                     /* k x N_SETS x n_metrics of the current round */
  wf_xgb_history mean[N_SETS], std[N_SETS]; /* n_rounds x n_metrics */
  double *latest;                           /* N_SETS x n_metrics, for the callback */
  wf_xgb_stopper stopper;
  size_t n_rounds;
} validation;

static void dispose(validation *work) {
  for (size_t i = 0; work->folds && i < work->k; i++) {
    wf_xgb_booster_free(work->xgb, work->folds[i].booster);
    wf_xgb_sets_dispose(work->xgb, &work->folds[i].sets);
  }
  wf_free(work->folds);
  if (work->xgb) wf_xgb_close(work->xgb);
  wf_xgb_metrics_dispose(&work->metrics);
  wf_free(work->round.items);
  wf_free(work->latest);
  for (int i = 0; i < N_SETS; i++) {
    wf_free(work->mean[i].items);
    wf_free(work->std[i].items);
  }
  wf_xgb_params_dispose(&work->params);
}

/* ---- before -----------------------------------------------------------------------------------
 */

static wf_status check(validation *work, wf_error *err) {
  const wf_xgboost_options *options = work->options;
  WF_TRY(wf_xgb_options_check(options, err));
  if (options->n_evals > 0) {
    return wf_fail(err, WF_INVALID,
                   "cross-validation takes no evaluation sets: it evaluates folds");
  }
  WF_TRY(wf_xgb_params_check(&work->params, options->params, options->n_params, err));
  WF_TRY(wf_xgb_data_check(work->data, "train", true, &work->params, err));
  size_t n_rows = wf_matrix_row_count(work->data->matrix);
  if (work->k < 2 || work->k > n_rows) {
    return wf_fail(err, WF_INVALID, "%zu folds of %zu rows: at least 2, at most one per row",
                   work->k, n_rows);
  }
  for (size_t i = 0; i < n_rows; i++) {
    if (work->numbers[i] < work->k) continue;
    return wf_fail(err, WF_INVALID, "row %zu is in fold %zu; there are folds 0 to %zu", i + 1,
                   work->numbers[i], work->k - 1);
  }
  return WF_OK;
}

/* Rows of the fold (`inside`) or of all others, in order; at most n_rows of them. */
static size_t rows_of(const validation *work, size_t number, bool inside, int *rows) {
  size_t n = 0, n_rows = wf_matrix_row_count(work->data->matrix);
  for (size_t i = 0; i < n_rows; i++) {
    if ((work->numbers[i] == number) == inside) rows[n++] = (int)i;
  }
  return n;
}

/* The labels of all rows but the fold's must differ, or its model learns nothing. */
static wf_status check_fold(const validation *work, size_t number, const int *rows, size_t n,
                            wf_error *err) {
  size_t n_rows = wf_matrix_row_count(work->data->matrix);
  if (n == n_rows) return wf_fail(err, WF_INVALID, "fold %zu has no rows", number);
  for (size_t i = 1; i < n; i++) {
    if (work->data->labels[rows[i]] != work->data->labels[rows[0]]) return WF_OK;
  }
  return wf_fail(err, WF_INVALID, "without fold %zu the label is constant: nothing to learn",
                 number);
}

static wf_status load_fold(validation *work, size_t number, wf_xgb_matrix all, int *rows,
                           wf_error *err) {
  fold *mine = &work->folds[number];
  WF_TRY(wf_xgb_sets_new(&mine->sets, N_SETS, err));
  size_t n = rows_of(work, number, false, rows);
  WF_TRY(check_fold(work, number, rows, n, err));
  WF_TRY(wf_xgb_matrix_slice(&mine->sets.matrices[TRAIN], work->xgb, all, rows, n, err));
  n = rows_of(work, number, true, rows);
  WF_TRY(wf_xgb_matrix_slice(&mine->sets.matrices[TEST], work->xgb, all, rows, n, err));
  return wf_xgb_start(&mine->booster, work->xgb, &mine->sets, &work->params, work->n_threads, err);
}

static wf_status load(validation *work, wf_error *err) {
  work->n_threads = wf_xgb_thread_count(work->options, work->data->matrix);
  work->folds = wf_alloc_zero(work->k, sizeof *work->folds);
  int *rows = wf_alloc_array(wf_matrix_row_count(work->data->matrix), sizeof *rows);
  wf_status status =
      work->folds && rows ? wf_xgb_open(&work->xgb, work->n_threads, err) : wf_fail_nomem(err);
  wf_xgb_matrix all = NULL;
  if (status == WF_OK) status = wf_xgb_data_load(&all, work->xgb, work->data, work->n_threads, err);
  for (size_t i = 0; i < work->k && status == WF_OK; i++) {
    status = load_fold(work, i, all, rows, err);
  }
  if (all) wf_xgb_matrix_free(work->xgb, all);
  wf_free(rows);
  return status;
}

/* ---- rounds -----------------------------------------------------------------------------------
 */

/* Mean and population standard deviation over folds of one metric of one set. */
static void summarise(const validation *work, size_t set, size_t metric, double *mean,
                      double *std) {
  size_t stride = N_SETS * work->metrics.n;
  const double *values = work->round.items + set * work->metrics.n + metric;
  double sum = 0, squares = 0;
  for (size_t i = 0; i < work->k; i++) sum += values[i * stride];
  *mean = sum / (double)work->k;
  for (size_t i = 0; i < work->k; i++) {
    double off = values[i * stride] - *mean;
    squares += off * off;
  }
  *std = sqrt(squares / (double)work->k);
}

static wf_status add_summaries(validation *work, wf_error *err) {
  size_t n = work->metrics.n;
  if (!work->latest) work->latest = wf_alloc_array(N_SETS * n, sizeof *work->latest);
  if (!work->latest) return wf_fail_nomem(err);
  for (size_t set = 0; set < N_SETS; set++) {
    for (size_t metric = 0; metric < n; metric++) {
      double mean, std;
      summarise(work, set, metric, &mean, &std);
      if (!wf_array_push(&work->mean[set], mean) || !wf_array_push(&work->std[set], std)) {
        return wf_fail_nomem(err);
      }
      work->latest[set * n + metric] = mean;
    }
  }
  return WF_OK;
}

static wf_status advance(validation *work, size_t round, wf_error *err) {
  for (size_t i = 0; i < work->k; i++) {
    fold *mine = &work->folds[i];
    WF_TRY(wf_xgb_booster_update(work->xgb, mine->booster, round, mine->sets.matrices[TRAIN], err));
  }
  work->round.count = 0;
  for (size_t i = 0; i < work->k; i++) {
    fold *mine = &work->folds[i];
    WF_TRY(wf_xgb_evaluate(&work->round, &work->metrics, work->xgb, mine->booster, round,
                           &mine->sets, err));
  }
  return add_summaries(work, err);
}

static wf_status report(const validation *work, size_t round, wf_error *err) {
  static const char *const sets[] = {"train", "test"};
  const wf_xgboost_options *options = work->options;
  if (!options->on_round) return WF_OK;
  wf_xgboost_round message = {.round = round,
                              .n_rounds = options->rounds,
                              .n_sets = N_SETS,
                              .n_metrics = work->metrics.n,
                              .sets = sets,
                              .metrics = (const char *const *)work->metrics.names,
                              .values = work->latest};
  if (options->on_round(options->context, &message)) return WF_OK;
  return wf_fail(err, WF_CANCELED, "cross-validation was stopped after round %zu", round + 1);
}

static wf_status run(validation *work, wf_error *err) {
  work->stopper.patience = work->options->early_stopping_rounds;
  for (size_t round = 0; round < work->options->rounds; round++) {
    WF_TRY(advance(work, round, err));
    work->n_rounds = round + 1;
    size_t n = work->metrics.n;
    if (work->stopper.patience && n == 0) {
      return wf_fail(err, WF_INVALID, "early stopping needs an eval_metric");
    }
    bool stop = false;
    if (n > 0) {
      work->stopper.maximise = wf_xgb_metric_maximised(work->metrics.names[n - 1]);
      double score = work->mean[TEST].items[work->mean[TEST].count - 1];
      stop = wf_xgb_stopper_add(&work->stopper, round, score);
    }
    WF_TRY(report(work, round, err));
    if (!stop) continue;
    work->n_rounds = work->stopper.best_round + 1;
    break;
  }
  return WF_OK;
}

/* ---- all together -----------------------------------------------------------------------------
 */

static double *take(wf_xgb_history *history) {
  double *items = history->items;
  history->items = NULL;
  return items;
}

wf_status wf_xgboost_cv(wf_xgboost_cv_result *out, const wf_xgboost_data *train,
                        const size_t *folds, size_t k, const wf_xgboost_options *options,
                        wf_error *err) {
  validation work = {.data = train, .numbers = folds, .k = k, .options = options};
  wf_status status = check(&work, err);
  if (status == WF_OK) status = load(&work, err);
  if (status == WF_OK) status = run(&work, err);
  if (status == WF_OK) {
    *out = (wf_xgboost_cv_result){.n_rounds = work.n_rounds,
                                  .n_metrics = work.metrics.n,
                                  .metrics = work.metrics.names,
                                  .train_mean = take(&work.mean[TRAIN]),
                                  .train_std = take(&work.std[TRAIN]),
                                  .test_mean = take(&work.mean[TEST]),
                                  .test_std = take(&work.std[TEST])};
    work.metrics = (wf_xgb_metrics){0};
  }
  dispose(&work);
  return status;
}

void wf_xgboost_cv_result_dispose(wf_xgboost_cv_result *result) {
  for (size_t i = 0; i < result->n_metrics; i++) wf_free(result->metrics[i]);
  wf_free(result->metrics);
  wf_free(result->train_mean);
  wf_free(result->train_std);
  wf_free(result->test_mean);
  wf_free(result->test_std);
  *result = (wf_xgboost_cv_result){0};
}
