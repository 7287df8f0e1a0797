/* probability.c — exact Shapley values of probabilities: from trees to products, row by row.
 *
 * What a coalition is worth is the probability of its margins. Path-dependent: the margins expected
 * over the training cover, given the coalition's features; each leaf is worth its value times a
 * factor for each feature of its path, 1 or 0 when the feature is known, else the share of cover
 * that takes the path's turns. Interventional: the features come from the row, the others from a
 * background row, the factors are 1 and 0, and what is explained is what the forest predicts for
 * such rows, to the bit, in the mean over the background.
 * Either way a leaf is a product for enumerate.c. A feature whose factors are the same in and out
 * of every coalition cannot change anything: it is no player and gets 0. */
#include "wf/shap.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "shap/enumerate.h"
#include "shap/plan.h"
#include "shap/rows.h"

#include <math.h>
#include <string.h>

typedef struct job {
  const wf_forest *forest;
  const wf_shap_plan *plan;
  const wf_features *features, *background; /* NULL: path-dependent */
  const wf_objective *objective;            /* of the probabilities */
  size_t n_products, n_factors;             /* at most */
  double *out;
} job;

typedef struct scratch {
  wf_enumeration products;
  float *row, *other; /* [slot] */
  double *values, *empty;
  float *margins;
  uint32_t *slots;   /* of the players */
  uint32_t *players; /* of the slots; UINT32_MAX: none */
  void *memory;
} scratch;

typedef struct place { /* a feature of the path in hand */
  uint32_t slot;
  bool satisfied; /* by the row */
  double share;   /* of the cover, or whether the background row satisfies it */
} place;

typedef struct walk {
  const job *work;
  scratch *to;
  const wf_shap_node *nodes;
  uint32_t group, tree;
  place path[2 * WF_SHAP_MAX_POINTS];
} walk;

/* ---- from leaves to products ---- */

static void put_leaf(walk *w, double value, size_t n_path) {
  wf_enumeration *to = &w->to->products;
  wf_product product = {.value = value, .first = to->n_factors, .group = w->group, .tree = w->tree};
  for (size_t i = 0; i < n_path; i++) {
    const place *at = &w->path[i];
    double change = (at->satisfied ? 1 : 0) - at->share;
    if (change == 0) {
      product.value *= at->share;
      continue;
    }
    w->to->players[at->slot] = 0;
    to->factors[to->n_factors++] = (wf_factor){at->slot, at->share, change};
    product.n_factors++;
  }
  to->products[to->n_products++] = product;
}

static void visit(walk *w, const wf_shap_node *node, size_t n_above) {
  bool again = (node->flags & WF_SHAP_REPEATED) != 0;
  size_t at = again ? 0 : n_above;
  if (again) {
    while (w->path[at].slot != node->slot) at++;
  }
  place before = again ? w->path[at] : (place){node->slot, true, 1};
  const wf_shap_plan *plan = w->work->plan;
  bool row_left = wf_shap_goes_left(plan, node, w->to->row[node->slot]);
  double share = node->share;
  if (w->work->background) {
    share = wf_shap_goes_left(plan, node, w->to->other[node->slot]) ? 1 : 0;
  }
  for (int left = 1; left >= 0; left--) {
    w->path[at] = (place){node->slot, before.satisfied && row_left == left,
                          before.share * (left ? share : 1 - share)};
    if (!w->path[at].satisfied && w->path[at].share == 0) continue;
    if (node->flags & (left ? WF_SHAP_LEFT_LEAF : WF_SHAP_RIGHT_LEAF)) {
      put_leaf(w, left ? node->left_value : node->right_value, n_above + !again);
    } else {
      visit(w, left ? node + 1 : w->nodes + node->right, n_above + !again);
    }
  }
  w->path[at] = before;
}

/* Numbers the slots that play, those that most splits look at first: products without the last
 * players are cheaper. Returns how many there are. */
static size_t number_players(const job *work, scratch *s) {
  const uint32_t *counts = work->forest->used_counts;
  size_t n = 0;
  for (uint32_t slot = 0; slot < work->forest->n_used; slot++) {
    if (s->players[slot] == UINT32_MAX) continue;
    size_t at = n++;
    for (; at > 0 && counts[s->slots[at - 1]] < counts[slot]; at--) s->slots[at] = s->slots[at - 1];
    s->slots[at] = slot;
  }
  for (uint32_t i = 0; i < n; i++) s->players[s->slots[i]] = i;
  for (size_t i = 0; i < s->products.n_factors; i++) {
    s->products.factors[i].player = s->players[s->products.factors[i].player];
  }
  return n;
}

/* Adds the row's values against one background row, or against the cover, times `weight`. */
static void explain_once(const job *work, scratch *s, double weight, double *out) {
  const wf_forest *forest = work->forest;
  size_t width = forest->n_features + 1;
  walk w = {.work = work, .to = s};
  s->products.n_products = s->products.n_factors = 0;
  for (size_t slot = 0; slot < forest->n_used; slot++) s->players[slot] = UINT32_MAX;
  for (size_t t = 0; t < work->plan->n_trees; t++) {
    const wf_shap_tree *tree = &work->plan->trees[t];
    w.nodes = work->plan->nodes + tree->first;
    w.group = tree->group;
    w.tree = (uint32_t)t;
    if (tree->n_nodes) {
      visit(&w, w.nodes, 0);
    } else {
      put_leaf(&w, tree->single, 0);
    }
  }
  size_t n = number_players(work, s);
  wf_enumeration_solve(&s->products, n, forest->base_margins, s->values, s->empty);
  for (size_t g = 0; g < forest->n_groups; g++, out += width) {
    for (size_t i = 0; i < n; i++) {
      out[forest->used[s->slots[i]]] += weight * s->values[g * n + i];
    }
    out[forest->n_features] += weight * s->empty[g];
  }
}

/* ---- rows ---- */

static wf_status scratch_new(scratch *out, const job *work, wf_error *err) {
  const wf_forest *forest = work->forest;
  size_t n_used = forest->n_used, n_groups = forest->n_groups;
  size_t n_players = n_used < WF_ENUMERATE_MAX_PLAYERS ? n_used : WF_ENUMERATE_MAX_PLAYERS;
  scratch s = {0};
  WF_TRY(wf_enumeration_new(&s.products, work->objective, work->background != NULL, n_players,
                            n_groups, work->n_products, work->n_factors, err));
  double *memory = wf_alloc_array(n_groups * (n_used + 2) + 2 * n_used + 1, sizeof *memory);
  if (!memory) {
    wf_enumeration_dispose(&s.products);
    return wf_fail_nomem(err);
  }
  s.memory = memory;
  s.values = memory;
  s.empty = s.values + n_groups * n_used;
  s.margins = (float *)(s.empty + n_groups);
  s.row = s.margins + n_groups;
  s.other = s.row + n_used;
  s.slots = (uint32_t *)(s.other + n_used);
  s.players = s.slots + n_used;
  *out = s;
  return WF_OK;
}

/* Values and base sum to what the forest predicts; of expected margins, as far as its float32 sums
 * and its float32 probability may be off: a probability changes at most half as much as all margins
 * together. */
static wf_status check_row(const job *work, const scratch *s, size_t row, const double *values,
                           wf_error *err) {
  const wf_forest *forest = work->forest;
  double tolerance = work->background ? 1e-9 : 1e-6;
  for (size_t g = 0; !work->background && g < forest->n_groups; g++) {
    tolerance += work->plan->tolerances[g] / 2;
  }
  for (size_t g = 0; g < forest->n_groups; g++, values += forest->n_features + 1) {
    double sum = 0;
    for (size_t f = 0; f <= forest->n_features; f++) sum += values[f];
    if (fabs(sum - (double)s->margins[g]) <= tolerance) continue;
    return wf_fail(err, WF_CORRUPT,
                   "row %zu, output %zu: the values sum to %.9g, but the probability is %.9g", row,
                   g, sum, (double)s->margins[g]);
  }
  return WF_OK;
}

static wf_status explain_row(const job *work, scratch *s, size_t row, wf_error *err) {
  const wf_forest *forest = work->forest;
  size_t n_cells = forest->n_groups * (forest->n_features + 1);
  double *out = work->out + row * n_cells;
  memset(out, 0, n_cells * sizeof *out);
  wf_shap_gather_floats(forest, work->features, row, 1, 1, s->row);
  if (!work->background) {
    explain_once(work, s, 1, out);
  } else {
    size_t n = work->background->n_rows;
    for (size_t i = 0; i < n; i++) {
      wf_shap_gather_floats(forest, work->background, i, 1, 1, s->other);
      explain_once(work, s, 1 / (double)n, out);
    }
  }
  wf_features one = *work->features;
  one.data += row * one.row_stride;
  one.n_rows = 1;
  wf_predict_options options = {.kind = WF_PREDICT_MARGIN, .n_threads = 1};
  WF_TRY(wf_forest_predict(forest, &one, &options, s->margins, err));
  wf_objective_transform(work->objective, s->margins, 1, forest->n_groups);
  return check_row(work, s, row, out, err);
}

static wf_status explain_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                               wf_error *err) {
  (void)index, (void)worker;
  const job *work = context;
  scratch s = {0};
  WF_TRY(scratch_new(&s, work, err));
  wf_status status = WF_OK;
  for (size_t row = begin; status == WF_OK && row < end; row++) {
    status = explain_row(work, &s, row, err);
  }
  wf_free(s.memory);
  wf_enumeration_dispose(&s.products);
  return status;
}

/* ---- the whole ---- */

static wf_status check_features(const wf_forest *forest, wf_error *err) {
  if (forest->n_used <= WF_ENUMERATE_MAX_PLAYERS) return WF_OK;
  return wf_fail(err, WF_LIMIT,
                 "explaining probabilities enumerates all sets of features: the model splits on "
                 "%zu features, at most %d are possible",
                 forest->n_used, WF_ENUMERATE_MAX_PLAYERS);
}

/* Features the model splits on that are not the same in the two rows, missing ones being the same.
 */
static size_t count_differing(const job *work, size_t row, size_t other) {
  size_t n = 0;
  for (size_t slot = 0; slot < work->forest->n_used; slot++) {
    float a = wf_features_at(work->features, row, work->forest->used[slot]);
    float b = wf_features_at(work->background, other, work->forest->used[slot]);
    n += a != b && !(a != a && b != b);
  }
  return n;
}

/* All of them before the first is explained, which may take long. */
static wf_status check_pairs(const job *work, wf_error *err) {
  if (work->forest->n_used <= WF_ENUMERATE_MAX_PLAYERS) return WF_OK;
  for (size_t row = 0; row < work->features->n_rows; row++) {
    for (size_t other = 0; other < work->background->n_rows; other++) {
      size_t n = count_differing(work, row, other);
      if (n <= WF_ENUMERATE_MAX_PLAYERS) continue;
      return wf_fail(err, WF_LIMIT,
                     "explaining probabilities enumerates all sets of features: row %zu and "
                     "background row %zu differ in %zu features that the model splits on, at most "
                     "%d are possible",
                     row, other, n, WF_ENUMERATE_MAX_PLAYERS);
    }
  }
  return WF_OK;
}

static wf_status find_what(job *work, wf_error *err) {
  const wf_forest *forest = work->forest;
  work->objective = wf_enumeration_objective(forest->objective);
  if (!work->objective)
    return wf_fail(err, WF_UNSUPPORTED, "a model of %s gives no probabilities to explain",
                   forest->objective->name);
  if (forest->weights)
    return wf_fail(err, WF_UNSUPPORTED,
                   "probabilities of a gblinear model cannot be explained exactly");
  WF_TRY(work->background ? check_pairs(work, err) : check_features(forest, err));
  WF_TRY(wf_shap_plan_get(&work->plan, forest, err));
  for (size_t t = 0; t < forest->n_trees; t++) {
    size_t depth =
        forest->trees[t].depth < forest->n_used ? forest->trees[t].depth : forest->n_used;
    work->n_products += forest->trees[t].n_leaves;
    work->n_factors += forest->trees[t].n_leaves * depth;
  }
  return WF_OK;
}

wf_status wf_shap_probability(const wf_forest *forest, const wf_features *features,
                              const wf_features *background, const wf_shap_options *options,
                              double *out, wf_error *err) {
  WF_TRY(wf_shap_check_columns(forest, features, "data", err));
  if (background) {
    WF_TRY(wf_shap_check_columns(forest, background, "background", err));
    if (background->n_rows == 0) return wf_fail(err, WF_INVALID, "the background has no rows");
  }
  job work = {.forest = forest, .features = features, .background = background, .out = out};
  WF_TRY(find_what(&work, err));
  size_t block = forest->n_used > 12 ? 1 : 16; /* rows: a row alone takes long enough */
  return wf_parallel_for(features->n_rows, block, options ? options->n_threads : 0, explain_block,
                         &work, err);
}
