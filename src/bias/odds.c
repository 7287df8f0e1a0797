/* odds.c — decisions and scores mixed with chance until groups err alike.
 *
 * Equalized odds (Hardt, Price, Srebro, "Equality of opportunity in supervised learning", 2016): of
 * each side, favourable and unfavourable predictions stay or turn with probabilities that give both
 * sides the same true and false positive rates at the least cost. That is a linear program of four
 * variables between 0 and 1 and two equations: its optimum lies where at least two of them are at a
 * bound, so the few such points are tried.
 *
 * Calibrated odds (Pleiss et al., "On fairness and calibration", 2017): scores of the side that
 * errs less are replaced by its base rate for a share of its rows, so that its cost rises to the
 * other's while its scores stay calibrated. */
#include "wf/bias.h"

#include "bias/formula.h"
#include "bias/rows.h"

#include <math.h>
#include <string.h>

/* --- equalized odds -------------------------------------------------------------------------- */

enum { KEEP_A, TURN_A, KEEP_D, TURN_D, N_VARIABLES };

/* Minimise cost . x so that equal[0] . x = 0, equal[1] . x = 0 and 0 <= x <= 1. */
typedef struct program {
  double cost[N_VARIABLES], equal[2][N_VARIABLES];
} program;

/* True positive rates of the mixed decisions are equal, and false positive rates. */
static void add_side(program *p, const wf_bias_side *s, int first, double sign) {
  double tpr = s->tp / s->pos, fpr = s->fp / s->neg;
  p->cost[first] = fpr - tpr;
  p->cost[first + 1] = (1 - fpr) - (1 - tpr);
  p->equal[0][first] = sign * tpr;
  p->equal[0][first + 1] = sign * (1 - tpr);
  p->equal[1][first] = sign * fpr;
  p->equal[1][first + 1] = sign * (1 - fpr);
}

static double cost_of(const program *p, const double *x) {
  double cost = 0;
  for (int i = 0; i < N_VARIABLES; i++) cost += p->cost[i] * x[i];
  return cost;
}

/* Solves for variables i and j, the others being given; false when they have no solution in bounds.
 */
static bool solve_pair(const program *p, double *x, int i, int j) {
  double rest[2] = {0, 0};
  for (int k = 0; k < N_VARIABLES; k++) {
    if (k == i || k == j) continue;
    rest[0] += p->equal[0][k] * x[k];
    rest[1] += p->equal[1][k] * x[k];
  }
  double determinant = p->equal[0][i] * p->equal[1][j] - p->equal[0][j] * p->equal[1][i];
  if (fabs(determinant) < 1e-14) return false;
  x[i] = (rest[1] * p->equal[0][j] - rest[0] * p->equal[1][j]) / determinant;
  x[j] = (rest[0] * p->equal[1][i] - rest[1] * p->equal[0][i]) / determinant;
  const double slack = 1e-12; /* of rounding */
  if (x[i] < -slack || x[i] > 1 + slack || x[j] < -slack || x[j] > 1 + slack) return false;
  x[i] = fmin(fmax(x[i], 0), 1);
  x[j] = fmin(fmax(x[j], 0), 1);
  return true;
}

/* Deciding nothing favourably is always allowed, and so is deciding everything so: both cost the
 * difference of nothing. */
static double solve(const program *p, double *best) {
  double least = 0;
  memset(best, 0, N_VARIABLES * sizeof *best);
  for (int i = 0; i < N_VARIABLES; i++) {
    for (int j = i + 1; j < N_VARIABLES; j++) {
      for (unsigned bounds = 0; bounds < 4; bounds++) {
        double x[N_VARIABLES];
        for (int k = 0, n = 0; k < N_VARIABLES; k++) {
          if (k != i && k != j) x[k] = bounds >> n++ & 1;
        }
        if (!solve_pair(p, x, i, j) || cost_of(p, x) >= least - 1e-12) continue;
        least = cost_of(p, x);
        memcpy(best, x, sizeof x);
      }
    }
  }
  return least;
}

static wf_status check_side(const wf_bias_side *s, const char *who, wf_error *err) {
  if (s->pos > 0 && s->neg > 0) return WF_OK;
  return wf_fail(err, WF_INVALID, "%s has %g favourable and %g other labels; both are needed", who,
                 s->pos, s->neg);
}

wf_status wf_bias_fit_odds(wf_bias_odds *out, const wf_bias_cells *cells, wf_error *err) {
  wf_bias_sides sides = wf_bias_sides_of(cells);
  program p;
  double x[N_VARIABLES];
  WF_TRY(check_side(&sides.a, "the rest", err));
  WF_TRY(check_side(&sides.d, "the facet", err));
  add_side(&p, &sides.a, KEEP_A, 1);
  add_side(&p, &sides.d, KEEP_D, -1);
  double cost = solve(&p, x);
  *out = (wf_bias_odds){.keep = {x[KEEP_A], x[KEEP_D]}, .turn = {x[TURN_A], x[TURN_D]}, cost};
  return WF_OK;
}

/* --- calibrated odds ------------------------------------------------------------------------- */

/* Sums over one side's rows. */
typedef struct scored {
  double n[2], score[2]; /* by label */
} scored;

static double base_rate(const scored *s) { return s->n[1] / (s->n[0] + s->n[1]); }

/* Of scores whose mean is `other` among the rows labelled unfavourable and `favoured` among those
 * labelled favourable. */
static double cost_at(wf_bias_cost kind, double rate, double other, double favoured) {
  if (kind == WF_BIAS_COST_FALSE_POSITIVE) return other;
  if (kind == WF_BIAS_COST_FALSE_NEGATIVE) return 1 - favoured;
  return (other * (1 - rate) + (1 - favoured) * rate) / 2;
}

static wf_status sum_scores(scored sides[2], const uint8_t *labels, const double *scores,
                            const uint8_t *facet, size_t n, wf_error *err) {
  memset(sides, 0, 2 * sizeof *sides);
  for (size_t i = 0; i < n; i++) {
    WF_TRY(wf_bias_check_byte(labels, i, "label", err));
    WF_TRY(wf_bias_check_byte(facet, i, "facet", err));
    WF_TRY(wf_bias_check_score(scores, i, err));
    sides[facet[i]].n[labels[i]]++;
    sides[facet[i]].score[labels[i]] += scores[i];
  }
  for (int s = 0; s < 2; s++) {
    wf_bias_side side = {.pos = sides[s].n[1], .neg = sides[s].n[0]};
    WF_TRY(check_side(&side, s ? "the facet" : "the rest", err));
  }
  return WF_OK;
}

wf_status wf_bias_fit_calibrated(wf_bias_calibrated *out, const uint8_t *labels,
                                 const double *scores, const uint8_t *facet, size_t n,
                                 wf_bias_cost kind, wf_error *err) {
  scored sides[2];
  double cost[2], trivial[2];
  wf_bias_calibrated fit = {.mix = {0, 0}};
  WF_TRY(sum_scores(sides, labels, scores, facet, n, err));
  for (int s = 0; s < 2; s++) {
    double rate = base_rate(&sides[s]);
    fit.base_rate[s] = rate;
    cost[s] =
        cost_at(kind, rate, sides[s].score[0] / sides[s].n[0], sides[s].score[1] / sides[s].n[1]);
    trivial[s] = cost_at(kind, rate, rate, rate);
  }
  int better = cost[1] < cost[0];
  double gap = cost[!better] - cost[better], room = trivial[better] - cost[better];
  if (gap > 0) fit.mix[better] = room > 0 ? gap / room : (double)INFINITY;
  *out = fit;
  return WF_OK;
}
