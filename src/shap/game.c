/* game.c — Kernel SHAP once it is known what coalitions are worth.
 *
 * Rows in which the same players vary share their coalitions and the factored normal matrix (a
 * plan). Plans are made in waves, several at a time, so that memory stays bounded however many
 * different ones there are; rows of a wave's plans are then solved in parallel. A row's numbers
 * come from its plan alone, in one order, whatever thread does it. */
#include "shap/game.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/pool.h"
#include "frame/keys.h"

#include <math.h>
#include <string.h>

enum { WAVE = 16, SAMPLES_ANYWAY = 2048 };

typedef struct plan {
  size_t n_varying;
  size_t *players; /* which vary, ascending */
  wf_coalitions coalitions;
  wf_shapley_solver solver;
} plan;

typedef struct solving {
  const wf_game *game;
  const wf_kernel_options *options;
  wf_map *patterns; /* bytes of `varying` → number of the plan */
  size_t *row_plan; /* per row */
  wf_row_groups by_plan;
  plan plans[WAVE];
  size_t first_plan, first_place; /* of the wave */
  double *values, *errors;
} solving;

/* ---- plans ------------------------------------------------------------------------------------
 */

static size_t sample_count(const wf_kernel_options *options, size_t n_varying) {
  return options->n_samples ? options->n_samples : SAMPLES_ANYWAY + 2 * n_varying;
}

static wf_status make_plan(plan *p, const solving *work, size_t number, wf_error *err) {
  wf_view pattern = wf_map_key(work->patterns, number);
  p->players = wf_alloc_array(pattern.size + 1, sizeof *p->players);
  if (!p->players) return wf_fail_nomem(err);
  for (size_t k = 0; k < pattern.size; k++) {
    if (pattern.data[k]) p->players[p->n_varying++] = k;
  }
  if (p->n_varying < 2) return WF_OK;
  WF_TRY(wf_coalitions_new(&p->coalitions, p->n_varying, sample_count(work->options, p->n_varying),
                           work->options->seed, err));
  return wf_shapley_solver_new(&p->solver, &p->coalitions, err);
}

static void dispose_plans(solving *work) {
  for (size_t i = 0; i < WAVE; i++) {
    wf_free(work->plans[i].players);
    wf_coalitions_dispose(&work->plans[i].coalitions);
    wf_shapley_solver_dispose(&work->plans[i].solver);
    work->plans[i] = (plan){0};
  }
}

static wf_status make_plan_block(void *context, size_t index, size_t begin, size_t end,
                                 size_t worker, wf_error *err) {
  (void)end, (void)worker, (void)begin;
  solving *work = context;
  return make_plan(&work->plans[index], work, work->first_plan + index, err);
}

/* ---- one row ----------------------------------------------------------------------------------
 */

static wf_status link_of(double *out, const solving *work, double value, wf_error *err) {
  const double edge = 0x1p-25;
  if (!isfinite(value)) return wf_fail(err, WF_INVALID, "a prediction is not finite");
  if (work->options->link == WF_EXPLAIN_LOGIT) {
    if (!(value >= -1e-12 && value <= 1 + 1e-12)) {
      return wf_fail(err, WF_INVALID, "the logit of %g: not a probability", value);
    }
    value = fmin(fmax(value, edge), 1 - edge);
    value = log(value / (1 - value));
  }
  *out = value;
  return WF_OK;
}

/* Scatters the plan's values over all players. */
static void scatter(const plan *p, const double *from, double *to, size_t n_players) {
  memset(to, 0, n_players * sizeof *to);
  for (size_t k = 0; k < p->n_varying; k++) to[p->players[k]] = from[k];
}

static wf_status pair_differences(const solving *work, const plan *p, const double *worths,
                                  size_t output, double *differences, wf_error *err) {
  size_t n_outputs = work->game->n_outputs;
  for (size_t i = 0; i < p->coalitions.n_pairs; i++) {
    double with, without;
    WF_TRY(link_of(&with, work, worths[2 * i * n_outputs + output], err));
    WF_TRY(link_of(&without, work, worths[(2 * i + 1) * n_outputs + output], err));
    differences[i] = with - without;
  }
  return WF_OK;
}

/* `scratch`: the worths, n_pairs differences, then 3 numbers a player. */
static wf_status solve_outputs(const solving *work, const plan *p, size_t row, double *scratch,
                               wf_error *err) {
  const wf_game *game = work->game;
  size_t n = game->n_players, v = p->n_varying, n_pairs = p->coalitions.n_pairs;
  double *differences = scratch + 2 * n_pairs * game->n_outputs, *phi = differences + n_pairs;
  for (size_t o = 0; o < game->n_outputs; o++) {
    double base, full, *values = work->values + (row * game->n_outputs + o) * (n + 1);
    double *errors = work->errors ? work->errors + (row * game->n_outputs + o) * n : NULL;
    WF_TRY(link_of(&base, work, game->empty[o], err));
    WF_TRY(link_of(&full, work, game->full[row * game->n_outputs + o], err));
    phi[0] = full - base;
    phi[v] = 0;
    if (v > 1) {
      WF_TRY(pair_differences(work, p, scratch, o, differences, err));
      wf_shapley_solve(&p->solver, &p->coalitions, differences, full - base, phi,
                       errors ? phi + v : NULL);
    }
    scatter(p, phi, values, n);
    values[n] = base;
    if (errors) scatter(p, phi + v, errors, n);
  }
  return WF_OK;
}

static wf_status solve_row(const solving *work, const plan *p, size_t row, wf_error *err) {
  const wf_game *game = work->game;
  size_t n_worths = 2 * p->coalitions.n_pairs * game->n_outputs;
  double *scratch =
      wf_alloc_zero(n_worths + p->coalitions.n_pairs + 3 * p->n_varying + 2, sizeof *scratch);
  if (!scratch) return wf_fail_nomem(err);
  wf_status status = WF_OK;
  if (p->n_varying > 1)
    status = game->evaluate(game, row, &p->coalitions, p->players, scratch, err);
  if (status == WF_OK) {
    status = solve_outputs(work, p, row, scratch, err);
    if (status != WF_OK) wf_fail_within(err, status, "row %zu", row + 1);
  }
  wf_free(scratch);
  return status;
}

static wf_status solve_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                             wf_error *err) {
  (void)index, (void)worker;
  const solving *work = context;
  const wf_kernel_options *options = work->options;
  for (size_t i = begin; i < end; i++) {
    if (options->stop && options->stop(options->context)) {
      return wf_fail(err, WF_CANCELED, "stopped");
    }
    size_t row = work->by_plan.rows[work->first_place + i];
    WF_TRY(solve_row(work, &work->plans[work->row_plan[row] - work->first_plan], row, err));
  }
  return WF_OK;
}

/* ---- all rows ---------------------------------------------------------------------------------
 */

static wf_status find_patterns(solving *work, uint8_t *varying, wf_error *err) {
  const wf_game *game = work->game;
  for (size_t row = 0; row < game->n_rows; row++) {
    game->find_varying(game, row, varying);
    wf_view key = {(const char *)varying, game->n_players};
    WF_TRY(wf_map_add(work->patterns, key, &work->row_plan[row], NULL, err));
  }
  return WF_OK;
}

static wf_status solve_wave(solving *work, size_t n_plans, wf_error *err) {
  size_t threads = work->options->n_threads;
  work->first_place = work->by_plan.starts[work->first_plan];
  size_t n = work->by_plan.starts[work->first_plan + n_plans] - work->first_place;
  WF_TRY(wf_parallel_for(n_plans, 1, threads, make_plan_block, work, err));
  return wf_parallel_for(n, 1, work->game->threads ? threads : 1, solve_block, work, err);
}

static wf_status solve_all(solving *work, wf_error *err) {
  const wf_game *game = work->game;
  uint8_t *varying = wf_alloc(game->n_players + 1);
  work->row_plan = wf_alloc_array(game->n_rows, sizeof *work->row_plan);
  wf_status status =
      varying && work->row_plan ? wf_map_new(&work->patterns, err) : wf_fail_nomem(err);
  if (status == WF_OK) status = find_patterns(work, varying, err);
  wf_free(varying);
  size_t n_plans = status == WF_OK ? wf_map_count(work->patterns) : 0;
  if (status == WF_OK) {
    status = wf_row_groups_new(&work->by_plan, work->row_plan, game->n_rows, n_plans, err);
  }
  for (size_t i = 0; status == WF_OK && i < n_plans; i += WAVE) {
    work->first_plan = i;
    status = solve_wave(work, n_plans - i < WAVE ? n_plans - i : WAVE, err);
    dispose_plans(work);
  }
  return status;
}

wf_status wf_game_solve(const wf_game *game, const wf_kernel_options *options, double *values,
                        double *errors, wf_error *err) {
  solving work = {.game = game, .options = options, .values = values, .errors = errors};
  wf_status status = solve_all(&work, err);
  wf_map_free(work.patterns);
  wf_free(work.row_plan);
  wf_row_groups_dispose(&work.by_plan);
  return status;
}

/* ---- what every game checks -------------------------------------------------------------------
 */

wf_status wf_game_weights(double **out, const wf_kernel_options *options, size_t n_background,
                          wf_error *err) {
  const double *given = options->weights;
  if (n_background == 0) return wf_fail(err, WF_INVALID, "the background has no rows");
  double *weights = wf_alloc_array(n_background, sizeof *weights), sum = 0;
  if (!weights) return wf_fail_nomem(err);
  for (size_t i = 0; i < n_background; i++) {
    double weight = given ? given[i] : 1;
    if (!(weight >= 0 && isfinite(weight))) {
      wf_free(weights);
      return wf_fail(err, WF_INVALID, "weight %g of background row %zu is not a number from 0 on",
                     weight, i + 1);
    }
    sum += weights[i] = weight;
  }
  for (size_t i = 0; i < n_background; i++) weights[i] /= sum;
  if (sum > 0 && isfinite(sum)) {
    *out = weights;
    return WF_OK;
  }
  wf_free(weights);
  return wf_fail(err, WF_INVALID, "the background's weights sum to %g", sum);
}

void wf_game_average(double *values, const double *weights, size_t n_rows, size_t n_outputs) {
  for (size_t o = 0; o < n_outputs; o++) {
    double sum = 0;
    for (size_t i = 0; i < n_rows; i++) sum += weights[i] * values[i * n_outputs + o];
    values[o] = sum;
  }
}

wf_status wf_game_check_players(const size_t *players, size_t n, size_t n_players, const char *what,
                                wf_error *err) {
  if (!players && n != n_players) {
    return wf_fail(err, WF_INVALID, "%zu players for %zu %ss", n_players, n, what);
  }
  for (size_t i = 0; players && i < n; i++) {
    if (players[i] < n_players) continue;
    return wf_fail(err, WF_INVALID, "%s %zu belongs to player %zu, but there are %zu players", what,
                   i + 1, players[i], n_players);
  }
  return WF_OK;
}
