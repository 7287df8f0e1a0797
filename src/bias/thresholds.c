/* thresholds.c — a threshold for each group, so that groups meet a constraint at the best
 * objective.
 *
 * Hardt, Price, Srebro, "Equality of opportunity in supervised learning", 2016, with Fairlearn's
 * ThresholdOptimizer as the model of every detail. Each group has a curve: for every threshold, the
 * constrained rate x and what is to be maximised y (for equalized odds: false and true positive
 * rate). Its upper hull is what mixing two thresholds at random can reach. Hulls are interpolated
 * on one grid of x; the best grid point gives each group two thresholds and how often to use which.
 *
 * Nothing here is random: a rule is a probability, and wf_bias_rule_decide makes a decision of it
 * with a number the caller supplies, or 1/2 to always use the likelier threshold. */
#include "wf/bias.h"

#include "base/alloc.h"
#include "base/error.h"
#include "bias/rows.h"

#include <math.h>
#include <stdlib.h>

enum { USUAL_GRID = 1000, MOST_GRID = 1000000 };

typedef struct scored {
  double score;
  uint8_t label;
} scored;

typedef struct point {
  double x, y, threshold;
  uint32_t order; /* of making, so that sorting is stable */
  bool below;     /* favourable is score < threshold */
} point;

/* A grid point on a hull: p of the left neighbour, 1 - p of the right. */
typedef struct mixture {
  double y, p;
  uint32_t left, right; /* hull points */
} mixture;

typedef struct curve {
  point *hull;
  size_t n_hull;
  mixture *at; /* one per grid point */
  double n, n_positive;
} curve;

typedef struct fit {
  wf_bias_threshold_options options;
  size_t n_groups, n_grid;
  double *grid;
  curve *curves;
  double n, n_positive;
} fit;

/* --- curves ---------------------------------------------------------------------------------- */

static int by_score(const void *a, const void *b) {
  double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
  return (x < y) - (x > y);
}

static int by_place(const void *a, const void *b) {
  const point *p = a, *q = b;
  if (p->x != q->x) return p->x < q->x ? -1 : 1;
  if (p->y != q->y) return p->y < q->y ? -1 : 1;
  return p->order < q->order ? -1 : 1;
}

static double constrained(wf_bias_constraint constraint, const wf_bias_confusion *c) {
  switch (constraint) {
  case WF_BIAS_SAME_SELECTION: return (c->tp + c->fp) / (c->tp + c->fp + c->fn + c->tn);
  case WF_BIAS_SAME_TRUE_POSITIVE: return c->tp / (c->tp + c->fn);
  case WF_BIAS_SAME_FALSE_NEGATIVE: return c->fn / (c->tp + c->fn);
  case WF_BIAS_SAME_TRUE_NEGATIVE: return c->tn / (c->tn + c->fp);
  case WF_BIAS_SAME_FALSE_POSITIVE:
  case WF_BIAS_SAME_ODDS:
  case WF_BIAS_SAME_ERROR: break;
  }
  return c->fp / (c->tn + c->fp);
}

static double objective_of(bool balanced, const wf_bias_confusion *c) {
  double positive = c->tp + c->fn, negative = c->tn + c->fp;
  if (balanced) return 0.5 * c->tp / positive + 0.5 * c->tn / negative;
  return (c->tp + c->tn) / (positive + negative);
}

static double maximised(const wf_bias_threshold_options *o, const wf_bias_confusion *c) {
  if (o->constraint == WF_BIAS_SAME_ODDS) return c->tp / (c->tp + c->fn);
  return objective_of(o->balanced, c);
}

static void add_point(point *points, size_t *n, const wf_bias_threshold_options *o,
                      double threshold, bool below, const wf_bias_confusion *c) {
  points[*n] =
      (point){constrained(o->constraint, c), maximised(o, c), threshold, (uint32_t)*n, below};
  ++*n;
}

/* One point (or two, when groups may be judged by low scores) between any two distinct scores and
 * at both ends; `rows` are sorted. */
static size_t make_points(point *points, const wf_bias_threshold_options *o, const scored *rows,
                          size_t n_rows, double n_positive) {
  size_t n = 0, i = 0;
  double negative = (double)n_rows - n_positive, threshold = (double)INFINITY;
  wf_bias_confusion c = {.fn = n_positive, .tn = negative};
  for (;;) {
    add_point(points, &n, o, threshold, false, &c);
    if (o->flip) {
      wf_bias_confusion other = {.tp = c.fn, .fp = c.tn, .fn = c.tp, .tn = c.fp};
      add_point(points, &n, o, threshold, true, &other);
    }
    if (i == n_rows) return n;
    double score = rows[i].score;
    for (; i < n_rows && rows[i].score == score; i++) {
      if (rows[i].label) {
        c.tp++, c.fn--;
      } else {
        c.fp++, c.tn--;
      }
    }
    threshold = i < n_rows ? (score + rows[i].score) / 2 : -(double)INFINITY;
  }
}

/* The upper hull of points sorted by place, in the front of the array. */
static size_t keep_hull(point *p, size_t n) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    while (kept >= 2) {
      const point *a = &p[kept - 2], *b = &p[kept - 1];
      if ((b->y - a->y) * (p[i].x - a->x) > (p[i].y - a->y) * (b->x - a->x)) break;
      kept--;
    }
    p[kept++] = p[i];
  }
  return kept;
}

static void interpolate(curve *c, const double *grid, size_t n_grid) {
  c->at[0] = (mixture){c->hull[0].y, 1, 0, c->n_hull > 1};
  uint32_t i = 0;
  for (size_t g = 1; g < n_grid; g++) {
    while (i + 2 < c->n_hull && grid[g] > c->hull[i + 1].x) i++;
    const point *a = &c->hull[i], *b = &c->hull[i + 1];
    double p = (b->x - grid[g]) / (b->x - a->x);
    c->at[g] = (mixture){p * a->y + (1 - p) * b->y, p, i, i + 1};
  }
}

static wf_status make_curve(curve *out, const fit *f, scored *rows, size_t n, size_t group,
                            wf_error *err) {
  size_t n_positive = 0;
  for (size_t i = 0; i < n; i++) n_positive += rows[i].label;
  if (n_positive == 0 || n_positive == n) {
    return wf_fail(err, WF_INVALID, "group %zu: all of its %zu labels are the same", group, n);
  }
  qsort(rows, n, sizeof *rows, by_score);
  out->hull = wf_alloc_array(n + 1, (f->options.flip ? 2 : 1) * sizeof *out->hull);
  out->at = wf_alloc_array(f->n_grid, sizeof *out->at);
  if (!out->hull || !out->at) return wf_fail_nomem(err);
  size_t n_points = make_points(out->hull, &f->options, rows, n, (double)n_positive);
  qsort(out->hull, n_points, sizeof *out->hull, by_place);
  out->n_hull = keep_hull(out->hull, n_points);
  out->n = (double)n;
  out->n_positive = (double)n_positive;
  interpolate(out, f->grid, f->n_grid);
  return WF_OK;
}

/* --- choosing -------------------------------------------------------------------------------- */

static wf_bias_rule rule_at(const curve *c, size_t at) {
  const mixture *m = &c->at[at];
  const point *left = &c->hull[m->left], *right = &c->hull[m->right];
  return (wf_bias_rule){.p = {m->p, 1 - m->p},
                        .threshold = {left->threshold, right->threshold},
                        .below = {left->below, right->below}};
}

static void choose_same_x(wf_bias_rule *rules, wf_bias_threshold_fit *summary, const fit *f) {
  size_t best = 0;
  double best_y = -1;
  for (size_t i = 0; i < f->n_grid; i++) {
    double y = 0;
    for (size_t g = 0; g < f->n_groups; g++) y += f->curves[g].n / f->n * f->curves[g].at[i].y;
    if (y > best_y) best_y = y, best = i;
  }
  for (size_t g = 0; g < f->n_groups; g++) rules[g] = rule_at(&f->curves[g], best);
  *summary = (wf_bias_threshold_fit){.x = f->grid[best], .y = best_y};
}

/* The last highest grid point of begin..end. */
static size_t highest(const curve *c, size_t begin, size_t end) {
  size_t best = begin;
  for (size_t i = begin; i <= end; i++) {
    if (c->at[i].y >= c->at[best].y) best = i;
  }
  return best;
}

/* Each group takes its best point of a window no wider than the tolerance. Of equal sums, the
 * narrower, then the later. */
static void choose_near_x(wf_bias_rule *rules, wf_bias_threshold_fit *summary, const fit *f) {
  double best_y = -1, best_range = 2;
  size_t begin = 0;
  for (size_t end = 0; end < f->n_grid; end++) {
    while (f->grid[end] - f->grid[begin] > f->options.tolerance) begin++;
    double y = 0, low = 2, high = -1;
    for (size_t g = 0; g < f->n_groups; g++) {
      size_t at = highest(&f->curves[g], begin, end);
      y += f->curves[g].n / f->n * f->curves[g].at[at].y;
      low = fmin(low, f->grid[at]);
      high = fmax(high, f->grid[at]);
    }
    if (y < best_y || (y == best_y && high - low > best_range)) continue;
    best_y = y;
    best_range = high - low;
    for (size_t g = 0; g < f->n_groups; g++) {
      rules[g] = rule_at(&f->curves[g], highest(&f->curves[g], begin, end));
    }
  }
  *summary = (wf_bias_threshold_fit){.x = (double)NAN, .y = best_y};
}

static double lowest_y(const fit *f, size_t at) {
  double y = 2;
  for (size_t g = 0; g < f->n_groups; g++) y = fmin(y, f->curves[g].at[at].y);
  return y;
}

/* All groups go to one point (x, y) under every hull: a group above it decides by x alone, the same
 * for everybody, just often enough to come down to y. */
static void choose_same_odds(wf_bias_rule *rules, wf_bias_threshold_fit *summary, const fit *f) {
  double negative = f->n - f->n_positive, best_value = -1;
  size_t best = 0;
  for (size_t i = 0; i < f->n_grid; i++) {
    double tp = f->n_positive * lowest_y(f, i), fp = negative * f->grid[i];
    wf_bias_confusion c = {.tp = tp, .fp = fp, .fn = f->n_positive - tp, .tn = negative - fp};
    double value = round(objective_of(f->options.balanced, &c) * 1e15) / 1e15;
    if (value > best_value) best_value = value, best = i;
  }
  double x = f->grid[best], y = lowest_y(f, best);
  for (size_t g = 0; g < f->n_groups; g++) {
    double own = f->curves[g].at[best].y;
    rules[g] = rule_at(&f->curves[g], best);
    rules[g].constant = x;
    rules[g].p_ignore = own == x ? 0 : (own - y) / (own - x);
  }
  *summary = (wf_bias_threshold_fit){.x = x, .y = y};
}

/* --- fitting --------------------------------------------------------------------------------- */

static wf_status check(wf_bias_threshold_options *o, const uint8_t *labels, const double *scores,
                       const int32_t *groups, size_t n_groups, size_t n, wf_error *err) {
  WF_TRY(wf_bias_check_sizes(n, n_groups, err));
  if (n_groups == 0) return wf_fail(err, WF_INVALID, "there are no groups");
  if (o->n_grid == 0) o->n_grid = USUAL_GRID;
  if (o->n_grid > MOST_GRID) {
    return wf_fail(err, WF_LIMIT, "a grid of %zu; at most %d", o->n_grid, MOST_GRID);
  }
  if (!(o->tolerance >= 0 && o->tolerance <= 1)) {
    return wf_fail(err, WF_INVALID, "tolerance %g is not between 0 and 1", o->tolerance);
  }
  if (o->constraint == WF_BIAS_SAME_ERROR) {
    return wf_fail(err, WF_UNSUPPORTED, "no thresholds are fitted to equal error rates");
  }
  if (o->tolerance > 0 && o->constraint == WF_BIAS_SAME_ODDS) {
    return wf_fail(err, WF_INVALID, "equalized odds take no tolerance");
  }
  for (size_t i = 0; i < n; i++) {
    WF_TRY(wf_bias_check_byte(labels, i, "label", err));
    WF_TRY(wf_bias_check_number(groups, i, n_groups, "group", err));
    if (!isfinite(scores[i])) {
      return wf_fail(err, WF_INVALID, "row %zu: the score is not a finite number", i + 1);
    }
  }
  return WF_OK;
}

/* Like numpy's linspace: steps of one quotient, the end exact. */
static void fill_grid(double *grid, size_t n_grid) {
  double step = 1 / (double)(n_grid - 1);
  for (size_t i = 0; i < n_grid; i++) grid[i] = (double)i * step;
  grid[n_grid - 1] = 1;
}

/* Rows one group behind the other. Slot 0 of `ends` is for rows in no group; ends[g] is left behind
 * slot g. */
static void sort_by_group(scored *rows, size_t *ends, const uint8_t *labels, const double *scores,
                          const int32_t *groups, size_t n_groups, size_t n) {
  size_t first = 0;
  for (size_t i = 0; i < n; i++) ends[groups[i] + 1]++;
  for (size_t g = 0; g <= n_groups; g++) {
    size_t count = ends[g];
    ends[g] = first;
    first += count;
  }
  for (size_t i = 0; i < n; i++) {
    rows[ends[groups[i] + 1]++] = (scored){scores[i], labels[i]};
  }
}

static wf_status make_curves(fit *f, const uint8_t *labels, const double *scores,
                             const int32_t *groups, size_t n, wf_error *err) {
  scored *rows = wf_alloc_array(n, sizeof *rows);
  size_t *ends = wf_alloc_zero(f->n_groups + 1, sizeof *ends);
  wf_status status = rows && ends ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) sort_by_group(rows, ends, labels, scores, groups, f->n_groups, n);
  for (size_t g = 0; g < f->n_groups && status == WF_OK; g++) {
    status = make_curve(&f->curves[g], f, rows + ends[g], ends[g + 1] - ends[g], g, err);
    f->n += f->curves[g].n;
    f->n_positive += f->curves[g].n_positive;
  }
  wf_free(rows);
  wf_free(ends);
  return status;
}

static void free_fit(fit *f) {
  for (size_t g = 0; f->curves && g < f->n_groups; g++) {
    wf_free(f->curves[g].hull);
    wf_free(f->curves[g].at);
  }
  wf_free(f->curves);
  wf_free(f->grid);
}

wf_status wf_bias_fit_thresholds(wf_bias_rule *rules, wf_bias_threshold_fit *summary,
                                 const uint8_t *labels, const double *scores, const int32_t *groups,
                                 size_t n_groups, size_t n,
                                 const wf_bias_threshold_options *options, wf_error *err) {
  fit f = {.options = *options, .n_groups = n_groups};
  WF_TRY(check(&f.options, labels, scores, groups, n_groups, n, err));
  f.n_grid = f.options.n_grid + 1;
  f.grid = wf_alloc_array(f.n_grid, sizeof *f.grid);
  f.curves = wf_alloc_zero(n_groups, sizeof *f.curves);
  wf_status status = f.grid && f.curves ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) {
    fill_grid(f.grid, f.n_grid);
    status = make_curves(&f, labels, scores, groups, n, err);
  }
  if (status == WF_OK && f.options.constraint == WF_BIAS_SAME_ODDS) {
    choose_same_odds(rules, summary, &f);
  } else if (status == WF_OK && f.options.tolerance > 0) {
    choose_near_x(rules, summary, &f);
  } else if (status == WF_OK) {
    choose_same_x(rules, summary, &f);
  }
  free_fit(&f);
  return status;
}

/* --- using a rule ---------------------------------------------------------------------------- */

static bool holds(const wf_bias_rule *rule, int which, double score) {
  return rule->below[which] ? score < rule->threshold[which] : score > rule->threshold[which];
}

double wf_bias_rule_probability(const wf_bias_rule *rule, double score) {
  double mixed = rule->p[0] * holds(rule, 0, score) + rule->p[1] * holds(rule, 1, score);
  return rule->p_ignore * rule->constant + (1 - rule->p_ignore) * mixed;
}

bool wf_bias_rule_decide(const wf_bias_rule *rule, double score, double chance) {
  return wf_bias_rule_probability(rule, score) > chance;
}
