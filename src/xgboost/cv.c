/* cv.c — k-fold cross-validation with the meaning of Python's xgboost.cv.
 *
 * One booster per fold. Folds are lanes (lanes.h): they advance side by side on threads of ours,
 * each booster with its share of OpenMP threads, so nobody waits for anybody at the end of a round.
 * libxgboost's random generator belongs to the thread, so each round of each fold starts it anew
 * from the seed and the number of the round (seed_per_iteration): what is sampled depends neither
 * on the fold's thread nor on what ran there before. A fold's first round also loads its data.
 *
 * Its memory of predictions belongs to the thread too. On another thread a booster predicts anew
 * what trees it does not remember, which from bins takes longer than growing them; so folds of
 * tree_method hist stay where they began. */
#include "xgboost/bins.h"
#include "xgboost/data.h"
#include "xgboost/lanes.h"
#include "xgboost/rounds.h"

#include "base/pool.h"

#include <math.h>
#include <string.h>

enum { TRAIN, TEST, N_SETS };

/* Rounds a fold may be ahead of the last one all have done. */
enum { LEAD = 4 };

typedef struct fold { /* in the hands of one worker at a time */
  wf_xgb_sets sets;   /* TRAIN and TEST */
  float *values;      /* labels of both, then weights of both, when there are any */
  wf_xgb_booster booster;
  wf_xgb_metrics metrics;
  wf_xgb_history latest; /* N_SETS x n_metrics of its last round */
} fold;

typedef struct validation {
  const wf_xgboost_data *data;
  const size_t *numbers; /* fold of each row */
  size_t k;
  const wf_xgboost_options *options;
  wf_xgb_params params;
  wf_xgb_plan plan;
  size_t n_workers, fold_threads;
  bool by_bins;     /* tree_method hist */
  wf_xgb *xgb;      /* the caller's */
  wf_xgb **workers; /* and each worker's, while it works */
  fold *folds;
  double *slots; /* LEAD x k x N_SETS x n_metrics: rounds not summarised yet */
  /* touched by the caller's thread only */
  wf_xgb_history mean[N_SETS], std[N_SETS]; /* n_rounds x n_metrics */
  double *latest;                           /* N_SETS x n_metrics, for the callback */
  wf_xgb_stopper stopper;
  size_t n_rounds;
} validation;

static void dispose_fold(const wf_xgb *xgb, fold *mine) {
  wf_xgb_booster_free(xgb, mine->booster);
  wf_xgb_sets_dispose(xgb, &mine->sets);
  wf_xgb_metrics_dispose(&mine->metrics);
  wf_free(mine->latest.items);
  wf_free(mine->values);
}

static void dispose(validation *work) {
  for (size_t i = 0; work->folds && i < work->k; i++) dispose_fold(work->xgb, &work->folds[i]);
  wf_free(work->folds);
  wf_xgb_close(work->xgb);
  wf_free(work->workers);
  wf_free(work->slots);
  wf_free(work->latest);
  for (int i = 0; i < N_SETS; i++) {
    wf_free(work->mean[i].items);
    wf_free(work->std[i].items);
  }
  wf_xgb_plan_dispose(&work->plan);
  wf_xgb_params_dispose(&work->params);
}

static size_t row_count(const validation *work) { return wf_matrix_row_count(work->data->matrix); }

/* Numbers per fold and round. */
static size_t width(const validation *work) { return N_SETS * work->plan.n; }

/* ---- before -----------------------------------------------------------------------------------
 */

static wf_status seed_rounds(wf_xgb_params *params, wf_error *err) {
  static const char name[] = "seed_per_iteration";
  for (size_t i = 0; i < params->items.count; i++) {
    if (strcmp(params->items.items[i].name, name) != 0) continue;
    if (strcmp(params->items.items[i].value, "1") == 0) return WF_OK;
    return wf_fail(err, WF_UNSUPPORTED,
                   "parameter '%s' cannot be false here: folds are trained side by side", name);
  }
  char *value = wf_strdup("1");
  if (value && wf_array_push(&params->items, ((wf_xgb_param){name, value}))) return WF_OK;
  wf_free(value);
  return wf_fail_nomem(err);
}

static wf_status check_numbers(const validation *work, wf_error *err) {
  size_t n_rows = row_count(work);
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

static wf_status check(validation *work, wf_error *err) {
  const wf_xgboost_options *options = work->options;
  WF_TRY(wf_xgb_options_check(options, err));
  if (options->n_evals > 0) {
    return wf_fail(err, WF_INVALID,
                   "cross-validation takes no evaluation sets: it evaluates folds");
  }
  WF_TRY(wf_xgb_params_check(&work->params, options->params, options->n_params, err));
  WF_TRY(seed_rounds(&work->params, err));
  WF_TRY(wf_xgb_plan_make(&work->plan, &work->params, err));
  if (options->early_stopping_rounds && work->plan.n == 0) {
    return wf_fail(err, WF_INVALID, "early stopping needs an eval_metric");
  }
  WF_TRY(wf_xgb_data_check(work->data, "train", true, &work->params, options->n_threads, err));
  return check_numbers(work, err);
}

/* How many folds are trained at a time. Measured on 47 and 60 columns, 3 folds, two threads: to
 * 100,000 rows side by side is faster (2,000 rows by half, 20,000 by a third or a quarter). At
 * 400,000 folds of exact trees hold each other up, as they wait for memory (7.2 s, one after the
 * other 5.6), and those of bins are even when each thread has as many as the others. */
static size_t worker_count(const validation *work, size_t n_threads) {
  enum { LARGE = 1 << 23 };
  size_t n_columns = wf_matrix_column_count(work->data->matrix);
  size_t n = n_threads < work->k ? n_threads : work->k;
  if (work->plan.alone) return 1;
  if (n_columns < LARGE && row_count(work) < LARGE && n_columns * row_count(work) < LARGE) return n;
  if (!work->by_bins) return 1;
  while (work->k % n != 0) n--;
  return n;
}

static wf_status prepare(validation *work, wf_error *err) {
  size_t n_threads = work->options->n_threads ? work->options->n_threads : wf_thread_count();
  size_t useful = wf_xgb_thread_count(work->options, work->data->matrix);
  const char *method = wf_xgb_params_find(&work->params, "tree_method");
  work->by_bins = method && strcmp(method, "hist") == 0;
  work->n_workers = worker_count(work, n_threads);
  work->fold_threads = n_threads / work->n_workers;
  if (work->fold_threads > useful) work->fold_threads = useful;
  work->workers = wf_alloc_zero(work->n_workers, sizeof(wf_xgb *));
  work->folds = wf_alloc_zero(work->k, sizeof *work->folds);
  work->slots = wf_alloc_zero(work->k, LEAD * width(work) * sizeof *work->slots);
  work->latest = wf_alloc_array(width(work), sizeof *work->latest);
  if (!work->workers || !work->folds || !work->slots || !work->latest) return wf_fail_nomem(err);
  return wf_xgb_open(&work->xgb, work->fold_threads, err);
}

/* ---- a fold's data ------------------------------------------------------------------------------
 */

/* Rows of the fold (`inside`) or of all others, in order; at most n_rows of them. */
static size_t rows_of(const validation *work, size_t number, bool inside, int *rows) {
  size_t n = 0, n_rows = row_count(work);
  for (size_t i = 0; i < n_rows; i++) {
    if ((work->numbers[i] == number) == inside) rows[n++] = (int)i;
  }
  return n;
}

/* The labels of all rows but the fold's must differ, or its model learns nothing. */
static wf_status check_fold(const validation *work, size_t number, const int *rows, size_t n,
                            wf_error *err) {
  if (n == row_count(work)) return wf_fail(err, WF_INVALID, "fold %zu has no rows", number);
  for (size_t i = 1; i < n; i++) {
    if (work->data->labels[rows[i]] != work->data->labels[rows[0]]) return WF_OK;
  }
  return wf_fail(err, WF_INVALID, "without fold %zu the label is constant: nothing to learn",
                 number);
}

static float *gather(float *to, const float *from, const int *rows, size_t n) {
  for (size_t i = 0; from && i < n; i++) to[i] = from[rows[i]];
  return from ? to : NULL;
}

/* The set of these rows; `values` has room for n_rows labels and n_rows weights. */
static wf_status load_set(const validation *work, fold *mine, size_t set, const wf_xgb *xgb,
                          const int *rows, size_t n, wf_error *err) {
  const wf_xgboost_data *all = work->data;
  float *labels = mine->values + (set == TEST ? row_count(work) - n : 0);
  wf_xgboost_data part = {.matrix = all->matrix,
                          .labels = gather(labels, all->labels, rows, n),
                          .weights = gather(labels + row_count(work), all->weights, rows, n)};
  wf_xgb_matrix *matrix = &mine->sets.matrices[set];
  if (set == TRAIN) {
    WF_TRY(wf_xgb_bins_load(matrix, xgb, &part, rows, n, &work->params, work->fold_threads, err));
  }
  if (!*matrix) WF_TRY(wf_xgb_data_load(matrix, xgb, &part, rows, n, work->fold_threads, err));
  return wf_xgb_sets_fill(&mine->sets, set, part.labels, part.weights, n, &work->plan, err);
}

static wf_status load_sets(const validation *work, size_t number, const wf_xgb *xgb, int *rows,
                           wf_error *err) {
  fold *mine = &work->folds[number];
  size_t n = rows_of(work, number, false, rows);
  WF_TRY(check_fold(work, number, rows, n, err));
  WF_TRY(wf_xgb_sets_new(&mine->sets, N_SETS, err));
  WF_TRY(load_set(work, mine, TRAIN, xgb, rows, n, err));
  n = rows_of(work, number, true, rows);
  return load_set(work, mine, TEST, xgb, rows, n, err);
}

static wf_status load_fold(const validation *work, size_t number, const wf_xgb *xgb,
                           wf_error *err) {
  fold *mine = &work->folds[number];
  size_t n_rows = row_count(work), n_values = n_rows * (work->data->weights ? 2 : 1);
  int *rows = wf_alloc_array(n_rows, sizeof *rows);
  mine->values = wf_alloc_array(n_values, sizeof *mine->values);
  wf_status status =
      rows && mine->values ? load_sets(work, number, xgb, rows, err) : wf_fail_nomem(err);
  wf_free(rows);
  if (status != WF_OK) return status;
  return wf_xgb_start(&mine->booster, xgb, &mine->sets, &work->params, &work->plan,
                      work->fold_threads, err);
}

/* ---- a fold's rounds, on any thread
 * ---------------------------------------------------------------
 */

static double *slot_of(const validation *work, size_t round, size_t number) {
  return work->slots + (round % LEAD * work->k + number) * width(work);
}

static wf_status enter(void *context, size_t worker, wf_error *err) {
  const validation *work = context;
  return wf_xgb_open(&work->workers[worker], work->fold_threads, err);
}

static void leave(void *context, size_t worker) {
  const validation *work = context;
  wf_xgb_close(work->workers[worker]);
}

static wf_status advance(void *context, size_t number, size_t round, size_t worker, wf_error *err) {
  const validation *work = context;
  const wf_xgb *xgb = work->workers[worker];
  fold *mine = &work->folds[number];
  if (round == 0) WF_TRY(load_fold(work, number, xgb, err));
  WF_TRY(wf_xgb_booster_update(xgb, mine->booster, round, mine->sets.matrices[TRAIN], err));
  mine->latest.count = 0;
  WF_TRY(wf_xgb_evaluate(&mine->latest, &mine->metrics, &work->plan, xgb, mine->booster, round,
                         &mine->sets, work->fold_threads, err));
  if (mine->latest.count != width(work)) {
    return wf_fail(err, WF_EXTERNAL, "XGBoost evaluated %zu metrics instead of %zu",
                   mine->metrics.n, work->plan.n);
  }
  if (width(work)) {
    memcpy(slot_of(work, round, number), mine->latest.items, width(work) * sizeof(double));
  }
  return WF_OK;
}

/* ---- all folds' rounds, on the caller's ---------------------------------------------------------
 */

/* Mean and population standard deviation over folds of one metric of one set. */
static void summarise(const validation *work, size_t round, size_t at, double *mean, double *std) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < work->k; i++) sum += slot_of(work, round, i)[at];
  *mean = sum / (double)work->k;
  for (size_t i = 0; i < work->k; i++) {
    double off = slot_of(work, round, i)[at] - *mean;
    squares += off * off;
  }
  *std = sqrt(squares / (double)work->k);
}

static wf_status add_summaries(validation *work, size_t round, wf_error *err) {
  for (size_t at = 0; at < width(work); at++) {
    size_t set = at / work->plan.n;
    double mean, std;
    summarise(work, round, at, &mean, &std);
    if (!wf_array_push(&work->mean[set], mean) || !wf_array_push(&work->std[set], std)) {
      return wf_fail_nomem(err);
    }
    work->latest[at] = mean;
  }
  return WF_OK;
}

/* The names are the same in all folds, and written in their first round. */
static const wf_xgb_metrics *metrics_of(const validation *work) { return &work->folds[0].metrics; }

static wf_status report(const validation *work, size_t round, wf_error *err) {
  static const char *const sets[] = {"train", "test"};
  const wf_xgboost_options *options = work->options;
  if (!options->on_round) return WF_OK;
  wf_xgboost_round message = {.round = round,
                              .n_rounds = options->rounds,
                              .n_sets = N_SETS,
                              .n_metrics = work->plan.n,
                              .sets = sets,
                              .metrics = (const char *const *)metrics_of(work)->names,
                              .values = work->latest};
  if (options->on_round(options->context, &message)) return WF_OK;
  return wf_fail(err, WF_CANCELED, "cross-validation was stopped after round %zu", round + 1);
}

static wf_status conclude(void *context, size_t round, bool *stop, wf_error *err) {
  validation *work = context;
  WF_TRY(add_summaries(work, round, err));
  work->n_rounds = round + 1;
  if (work->plan.n > 0) {
    work->stopper.maximise = wf_xgb_metric_maximised(metrics_of(work)->names[work->plan.n - 1]);
    *stop = wf_xgb_stopper_add(&work->stopper, round, work->latest[width(work) - 1]);
  }
  WF_TRY(report(work, round, err));
  if (*stop) work->n_rounds = work->stopper.best_round + 1;
  return WF_OK;
}

static wf_status run(validation *work, wf_error *err) {
  wf_lanes lanes = {.n_lanes = work->k,
                    .n_steps = work->options->rounds,
                    .n_workers = work->n_workers,
                    .lead = LEAD,
                    .settled = work->by_bins,
                    .context = work,
                    .enter = enter,
                    .leave = leave,
                    .step = advance,
                    .conclude = conclude};
  work->stopper.patience = work->options->early_stopping_rounds;
  return wf_lanes_run(&lanes, err);
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
  if (status == WF_OK) status = prepare(&work, err);
  if (status == WF_OK) status = run(&work, err);
  if (status == WF_OK) {
    *out = (wf_xgboost_cv_result){.n_rounds = work.n_rounds,
                                  .n_metrics = work.plan.n,
                                  .metrics = work.folds[0].metrics.names,
                                  .train_mean = take(&work.mean[TRAIN]),
                                  .train_std = take(&work.std[TRAIN]),
                                  .test_mean = take(&work.mean[TEST]),
                                  .test_std = take(&work.std[TEST])};
    work.folds[0].metrics = (wf_xgb_metrics){0};
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
