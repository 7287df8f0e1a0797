/* game_forest.c — what coalitions are worth to a forest, without making the rows they stand for.
 *
 * For a row and a background row the trees are collapsed to the splits at which the two part
 * (collapse.h), and what is left is evaluated for WF_LANES coalitions at once, choosing lane by
 * lane between two arrays. So a tree costs a few vector operations a coalition instead of a walk,
 * and nothing depends on how many features there are.
 *
 * Each coalition ends in one leaf of each tree, and leaves are added in tree order in float32, so
 * that every worth is made of the very predictions wf_forest_predict gives for the rows a coalition
 * stands for. A linear model has no trees; its rows are made and predicted. */
#include "shap/game.h"

#include "base/alloc.h"
#include "shap/collapse.h"

#include <string.h>

enum { CHUNK = 8 * WF_LANES }; /* lanes that share a collapsed forest and their masks */

typedef struct forest_game {
  wf_game game; /* first: a wf_game * is one of these */
  const wf_forest *forest;
  wf_predict_kind kind;
  const wf_features *rows, *background;
  const size_t *players;
  /* One bit a node: whether the background row goes left there; and whether any does, any not. */
  size_t n_words;
  uint64_t *lefts, *any_left, *any_right;
} forest_game;

static size_t player_of(const forest_game *g, size_t feature) {
  return g->players ? g->players[feature] : feature;
}

static float feature_at(const wf_features *features, size_t row, size_t feature) {
  return features->data[row * features->row_stride + feature * features->column_stride];
}

static bool bit_at(const uint64_t *bits, size_t i) { return bits[i / 64] >> (i % 64) & 1; }

static size_t feature_of(const wf_node *node) { return node->feature & ~WF_NODE_DEFAULT_LEFT; }

/* Which way a row goes at every split. */
static void fill_lefts(const forest_game *g, const wf_features *features, size_t row,
                       uint64_t *lefts) {
  const wf_forest *forest = g->forest;
  memset(lefts, 0, g->n_words * sizeof *lefts);
  for (size_t i = 0; i < forest->n_nodes; i++) {
    const wf_node *node = &forest->nodes[i];
    if (node->left == 0) continue;
    bool left = wf_node_goes_left(forest, node, feature_at(features, row, feature_of(node)));
    lefts[i / 64] |= (uint64_t)left << i % 64;
  }
}

/* ---- which players matter ----------------------------------------------------------------------
 */

/* Those at some split of which the row and a background row part. */
static void find_parting(const wf_game *game, size_t row, uint8_t *varying) {
  const forest_game *g = (const forest_game *)game;
  const wf_forest *forest = g->forest;
  memset(varying, 0, game->n_players);
  for (size_t i = 0; i < forest->n_nodes; i++) {
    const wf_node *node = &forest->nodes[i];
    if (node->left == 0 || varying[player_of(g, feature_of(node))]) continue;
    bool left = wf_node_goes_left(forest, node, feature_at(g->rows, row, feature_of(node)));
    varying[player_of(g, feature_of(node))] = bit_at(left ? g->any_right : g->any_left, i);
  }
}

/* Those with a feature that is not the same number, or missing, in all background rows. */
static void find_different(const wf_game *game, size_t row, uint8_t *varying) {
  const forest_game *g = (const forest_game *)game;
  memset(varying, 0, game->n_players);
  for (size_t f = 0; f < g->rows->n_columns; f++) {
    float x = feature_at(g->rows, row, f);
    for (size_t i = 0; i < g->background->n_rows && !varying[player_of(g, f)]; i++) {
      float z = feature_at(g->background, i, f);
      varying[player_of(g, f)] = x != z && !(x != x && z != z);
    }
  }
}

/* ---- lanes ------------------------------------------------------------------------------------
 */

/* What evaluating one row needs. Lane l of the chunk in hand is coalition first_lane + l. */
typedef struct walk {
  const forest_game *g;
  const wf_coalitions *coalitions;
  const wf_lane_kernels *kernels;
  size_t row, first_lane, n_lanes;
  wf_collapse collapse;
  uint64_t *lefts; /* of the row */
  uint32_t *slots; /* per player: its number in the coalitions, or UINT32_MAX */
  uint8_t *sides;
  int32_t *masks; /* per slot CHUNK: -1 in the coalition, 0 not */
  float *levels;  /* WF_LANES for each player that varies, and one more */
  float *margins; /* per group WF_LANES */
  float *outputs; /* WF_LANES rows of groups; the margins themselves when there is one group */
} walk;

static void fill_masks(const walk *w) {
  const wf_coalitions *c = w->coalitions;
  for (size_t lane = 0; lane < CHUNK; lane++) {
    size_t l = w->first_lane + lane;
    const uint64_t *set = c->sets + (lane < w->n_lanes ? l / 2 : 0) * c->n_words;
    for (size_t k = 0; k < c->n_players; k++) {
      w->masks[k * CHUNK + lane] = wf_coalition_has(set, k) != (l % 2) ? -1 : 0;
    }
  }
}

/* f of the block of lanes from `lane` on against the background row that is collapsed. */
static void predict_lanes(const walk *w, size_t lane, size_t n) {
  const wf_forest *forest = w->g->forest;
  for (size_t i = 0; i < forest->n_groups * WF_LANES; i++) {
    w->margins[i] = forest->base_margins[i / WF_LANES];
  }
  wf_lane_ops_run(w->kernels, w->collapse.ops, w->collapse.n_ops, w->masks + lane, CHUNK, w->levels,
                  w->margins);
  for (size_t i = 0; w->outputs != w->margins && i < n; i++) {
    for (size_t k = 0; k < forest->n_groups; k++) {
      w->outputs[i * forest->n_groups + k] = w->margins[k * WF_LANES + i];
    }
  }
  if (w->g->kind == WF_PREDICT_VALUE) {
    wf_objective_transform(forest->objective, w->outputs, n, forest->n_groups);
  }
}

/* The same of a model without trees, from the rows themselves, feature after feature. */
static wf_status predict_linear(const walk *w, size_t background, size_t lane, size_t n,
                                wf_error *err) {
  const forest_game *g = w->g;
  size_t n_features = g->rows->n_columns;
  for (size_t f = 0; f < n_features; f++) {
    float x = feature_at(g->rows, w->row, f), z = feature_at(g->background, background, f);
    uint32_t slot = w->slots[player_of(g, f)];
    for (size_t i = 0; i < n; i++) {
      bool in = slot == UINT32_MAX || w->masks[slot * CHUNK + lane + i];
      w->levels[f * WF_LANES + i] = in ? x : z;
    }
  }
  wf_features made = {w->levels, n, n_features, 1, WF_LANES};
  wf_predict_options options = {.kind = g->kind, .n_threads = 1};
  return wf_forest_predict(g->forest, &made, &options, w->outputs, err);
}

/* ---- one row ----------------------------------------------------------------------------------
 */

/* Adds f of the chunk's lanes against one background row to their worths. */
static wf_status add_background(walk *w, size_t background, double *out, wf_error *err) {
  const forest_game *g = w->g;
  size_t n_outputs = g->game.n_outputs;
  double weight = g->game.weights[background];
  if (!g->forest->weights) {
    w->collapse.apart_lefts = g->lefts + background * g->n_words;
    wf_collapse_run(&w->collapse);
  }
  for (size_t lane = 0; lane < w->n_lanes; lane += WF_LANES) {
    size_t n = w->n_lanes - lane < WF_LANES ? w->n_lanes - lane : WF_LANES;
    if (g->forest->weights) {
      WF_TRY(predict_linear(w, background, lane, n, err));
    } else {
      predict_lanes(w, lane, n);
    }
    double *worths = out + lane * n_outputs;
    for (size_t i = 0; i < n * n_outputs; i++) worths[i] += weight * (double)w->outputs[i];
  }
  return WF_OK;
}

static wf_status evaluate_lanes(walk *w, double *out, wf_error *err) {
  const wf_game *game = &w->g->game;
  size_t n = 2 * w->coalitions->n_pairs;
  for (size_t lane = 0; lane < n; lane += CHUNK) {
    w->first_lane = lane;
    w->n_lanes = n - lane < CHUNK ? n - lane : CHUNK;
    fill_masks(w);
    for (size_t z = 0; z < game->n_background; z++) {
      WF_TRY(add_background(w, z, out + lane * game->n_outputs, err));
    }
  }
  return WF_OK;
}

static bool walk_reserve(walk *w) {
  const wf_forest *forest = w->g->forest;
  size_t n_players = w->g->game.n_players, v = w->coalitions->n_players;
  size_t n_levels = forest->weights ? forest->n_features : v + 1;
  w->lefts = wf_alloc_array(w->g->n_words + 1, sizeof *w->lefts);
  w->slots = wf_alloc_array(n_players, sizeof *w->slots);
  w->sides = wf_alloc_zero(n_players, sizeof *w->sides);
  w->masks = wf_alloc_array(v, CHUNK * sizeof *w->masks);
  w->levels = wf_alloc_array(n_levels + 1, WF_LANES * sizeof *w->levels);
  w->margins = wf_alloc_array(2 * forest->n_groups, WF_LANES * sizeof *w->margins);
  w->collapse.ops = wf_alloc_array(wf_collapse_most(forest) + 1, sizeof *w->collapse.ops);
  return w->lefts && w->slots && w->sides && w->masks && w->levels && w->margins && w->collapse.ops;
}

static void walk_begin(walk *w, const size_t *players) {
  const forest_game *g = w->g;
  memset(w->slots, 0xff, g->game.n_players * sizeof *w->slots);
  for (size_t k = 0; k < w->coalitions->n_players; k++) w->slots[players[k]] = (uint32_t)k;
  w->outputs = g->forest->n_groups == 1 ? w->margins : w->margins + g->forest->n_groups * WF_LANES;
  if (!g->forest->weights) fill_lefts(g, g->rows, w->row, w->lefts);
  w->collapse.forest = g->forest;
  w->collapse.players = g->players;
  w->collapse.row_lefts = w->lefts;
  w->collapse.slots = w->slots;
  w->collapse.sides = w->sides;
}

static wf_status evaluate_forest(const wf_game *game, size_t row, const wf_coalitions *coalitions,
                                 const size_t *players, double *out, wf_error *err) {
  walk w = {.g = (const forest_game *)game,
            .coalitions = coalitions,
            .kernels = wf_lane_kernels_choose(),
            .row = row};
  wf_status status = walk_reserve(&w) ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) {
    walk_begin(&w, players);
    status = evaluate_lanes(&w, out, err);
  }
  wf_free(w.lefts);
  wf_free(w.slots);
  wf_free(w.sides);
  wf_free(w.masks);
  wf_free(w.levels);
  wf_free(w.margins);
  wf_free(w.collapse.ops);
  return status;
}

/* ---- the game ---------------------------------------------------------------------------------
 */

static wf_status fill_background_lefts(forest_game *g, wf_error *err) {
  size_t n = g->background->n_rows;
  g->n_words = (g->forest->n_nodes + 63) / 64;
  g->lefts = wf_alloc_array(n + 2, (g->n_words + 1) * sizeof *g->lefts);
  if (!g->lefts) return wf_fail_nomem(err);
  g->any_left = g->lefts + n * g->n_words;
  g->any_right = g->any_left + g->n_words;
  memset(g->any_left, 0, 2 * g->n_words * sizeof *g->any_left);
  for (size_t i = 0; i < n; i++) {
    uint64_t *lefts = g->lefts + i * g->n_words;
    fill_lefts(g, g->background, i, lefts);
    for (size_t k = 0; k < g->n_words; k++) {
      g->any_left[k] |= lefts[k];
      g->any_right[k] |= ~lefts[k];
    }
  }
  return WF_OK;
}

/* f of the rows, as doubles; wf_free them. */
static wf_status predict(double **out, const forest_game *g, const wf_features *features,
                         size_t n_threads, wf_error *err) {
  wf_predict_options options = {.kind = g->kind, .n_threads = n_threads};
  size_t n = features->n_rows, width = g->game.n_outputs;
  float *floats = wf_alloc_array(n + 1, width * sizeof *floats);
  double *doubles = wf_alloc_array(n + 1, width * sizeof *doubles);
  wf_status status = floats && doubles
                         ? wf_forest_predict(g->forest, features, &options, floats, err)
                         : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n * width; i++) doubles[i] = (double)floats[i];
  wf_free(floats);
  if (status == WF_OK) {
    *out = doubles;
  } else {
    wf_free(doubles);
  }
  return status;
}

static wf_status solve_forest(forest_game *g, const wf_kernel_options *options, double *values,
                              double *errors, wf_error *err) {
  double *weights = NULL, *full = NULL, *empty = NULL;
  wf_status status = wf_game_weights(&weights, options, g->background->n_rows, err);
  if (status == WF_OK) status = predict(&full, g, g->rows, options->n_threads, err);
  if (status == WF_OK) status = predict(&empty, g, g->background, options->n_threads, err);
  if (status == WF_OK && !g->forest->weights) status = fill_background_lefts(g, err);
  if (status == WF_OK) {
    wf_game_average(empty, weights, g->game.n_background, g->game.n_outputs);
    g->game.weights = weights;
    g->game.full = full;
    g->game.empty = empty;
    status = wf_game_solve(&g->game, options, values, errors, err);
  }
  wf_free(weights);
  wf_free(full);
  wf_free(empty);
  wf_free(g->lefts);
  return status;
}

wf_status wf_kernel_forest(const wf_forest *forest, wf_predict_kind kind, const wf_features *rows,
                           const wf_features *background, const size_t *players, size_t n_players,
                           const wf_kernel_options *options, double *values, double *errors,
                           wf_error *err) {
  static const wf_kernel_options defaults = {0};
  if (kind == WF_PREDICT_LEAF) return wf_fail(err, WF_INVALID, "leaf numbers have no explanation");
  WF_TRY(wf_game_check_players(players, rows->n_columns, n_players, "feature", err));
  forest_game g = {
      .forest = forest, .kind = kind, .rows = rows, .background = background, .players = players};
  g.game = (wf_game){.n_rows = rows->n_rows,
                     .n_players = n_players,
                     .n_outputs = wf_forest_output_count(forest, kind),
                     .n_background = background->n_rows,
                     .threads = true,
                     .find_varying = forest->weights ? find_different : find_parting,
                     .evaluate = evaluate_forest};
  return solve_forest(&g, options ? options : &defaults, values, errors, err);
}
