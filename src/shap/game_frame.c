/* game_frame.c — what coalitions are worth to a function on frames.
 *
 * Background and rows become one frame (the pool), so that a made row is nothing but, for each
 * column, the number of a pool row. Values are compared once, as numbers per player: a player whose
 * values are the same in row and background row does not tell coalitions apart, so rows are made
 * for the different sets of players that do, and background rows that are equal altogether count as
 * one with their weights added. What is left is predicted a block of background rows at a time. */
#include "shap/game.h"

#include "base/alloc.h"
#include "base/map.h"
#include "frame/frame.h"
#include "frame/keys.h"

#include <string.h>

enum { BLOCK_ROWS = 1 << 16 };

typedef struct frame_game {
  wf_game game; /* first: a wf_game * is one of these */
  const wf_explain_function *function;
  wf_frame *pool; /* the background, then the rows */
  const size_t *players;
  size_t *ids; /* n_players x pool rows: equal numbers, equal values */
  size_t n_pool;
} frame_game;

static size_t player_of(const frame_game *g, size_t column) {
  return g->players ? g->players[column] : column;
}

static bool differ(const frame_game *g, size_t player, size_t a, size_t b) {
  const size_t *ids = g->ids + player * g->n_pool;
  return ids[a] != ids[b];
}

static void find_different(const wf_game *game, size_t row, uint8_t *varying) {
  const frame_game *g = (const frame_game *)game;
  for (size_t k = 0; k < game->n_players; k++) {
    varying[k] = 0;
    for (size_t z = 0; z < game->n_background && !varying[k]; z++) {
      varying[k] = game->weights[z] > 0 && differ(g, k, game->n_background + row, z);
    }
  }
}

/* ---- made rows ---------------------------------------------------------------------------------
 */

/* The rows made for a block of background rows [begin, end), each once. */
typedef struct made {
  const frame_game *g;
  const wf_coalitions *coalitions;
  const size_t *players;
  size_t row, begin, end;
  wf_map *seen;        /* background row and the players that tell, → number of the made row */
  size_t *numbers;     /* (end - begin) x lanes */
  uint64_t *key;       /* of words + 1 */
  size_t *rows;        /* scratch: of the pool, for one column */
  const size_t *slots; /* per player: its number in the coalitions, or SIZE_MAX */
  double *predictions;
} made;

/* The varying players that tell row from background row. */
static void fill_apart(const made *m, size_t z, uint64_t *apart) {
  const wf_coalitions *c = m->coalitions;
  memset(apart, 0, c->n_words * sizeof *apart);
  for (size_t k = 0; k < c->n_players; k++) {
    uint64_t tells = differ(m->g, m->players[k], m->g->game.n_background + m->row, z);
    apart[k / 64] |= tells << k % 64;
  }
}

static wf_status number_rows(made *m, uint64_t *apart, wf_error *err) {
  const wf_coalitions *c = m->coalitions;
  size_t *number = m->numbers;
  for (size_t z = m->begin; z < m->end; z++) {
    if (!(m->g->game.weights[z] > 0)) continue;
    fill_apart(m, z, apart);
    m->key[0] = z;
    for (size_t lane = 0; lane < 2 * c->n_pairs; lane++) {
      const uint64_t *set = c->sets + lane / 2 * c->n_words, flip = lane % 2 ? UINT64_MAX : 0;
      for (size_t w = 0; w < c->n_words; w++) m->key[w + 1] = (set[w] ^ flip) & apart[w];
      wf_view key = {(const char *)m->key, (c->n_words + 1) * sizeof *m->key};
      WF_TRY(wf_map_add(m->seen, key, number++, NULL, err));
    }
  }
  return WF_OK;
}

/* The pool row each made row takes this column from. */
static void fill_sources(const made *m, size_t column) {
  size_t slot = m->slots[player_of(m->g, column)];
  for (size_t i = 0; i < wf_map_count(m->seen); i++) {
    uint64_t key[2];
    const char *bytes = wf_map_key(m->seen, i).data;
    memcpy(&key[0], bytes, sizeof *key);
    m->rows[i] = (size_t)key[0];
    if (slot == SIZE_MAX) continue;
    memcpy(&key[1], bytes + (1 + slot / 64) * sizeof *key, sizeof *key);
    if (key[1] >> (slot % 64) & 1) m->rows[i] = m->g->game.n_background + m->row;
  }
}

static wf_status make_frame(wf_frame **out, const made *m, wf_error *err) {
  size_t n = wf_frame_column_count(m->g->pool);
  wf_column **columns = wf_alloc_zero(n + 1, sizeof *columns);
  if (!columns) return wf_fail_nomem(err);
  wf_status status = WF_OK;
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    fill_sources(m, i);
    status = wf_column_take(&columns[i], wf_frame_column_at(m->g->pool, i), m->rows,
                            wf_map_count(m->seen), err);
  }
  if (status == WF_OK) status = wf_frame_new(out, wf_frame_names(m->g->pool), columns, n, err);
  for (size_t i = 0; i < n; i++) wf_column_release(columns[i]);
  wf_free(columns);
  return status;
}

static wf_status predict_made(made *m, wf_error *err) {
  const wf_explain_function *f = m->g->function;
  size_t n = wf_map_count(m->seen);
  wf_frame *frame = NULL;
  m->rows = wf_alloc_array(n + 1, sizeof *m->rows);
  m->predictions = wf_alloc_array(n + 1, f->n_outputs * sizeof *m->predictions);
  if (!m->rows || !m->predictions) return wf_fail_nomem(err);
  WF_TRY(make_frame(&frame, m, err));
  wf_status status = f->fn(f->context, frame, m->predictions, err);
  wf_frame_release(frame);
  return status;
}

static void add_predictions(const made *m, double *out) {
  size_t n_outputs = m->g->game.n_outputs, n_lanes = 2 * m->coalitions->n_pairs;
  const size_t *number = m->numbers;
  for (size_t z = m->begin; z < m->end; z++) {
    double weight = m->g->game.weights[z];
    if (!(weight > 0)) continue;
    for (size_t lane = 0; lane < n_lanes; lane++, number++) {
      for (size_t o = 0; o < n_outputs; o++) {
        out[lane * n_outputs + o] += weight * m->predictions[*number * n_outputs + o];
      }
    }
  }
}

static wf_status evaluate_block(made *m, double *out, wf_error *err) {
  size_t n_words = m->coalitions->n_words;
  uint64_t *apart = wf_alloc_array(n_words, sizeof *apart);
  m->key = wf_alloc_array(n_words + 1, sizeof *m->key);
  m->numbers = wf_alloc_array(m->end - m->begin, 2 * m->coalitions->n_pairs * sizeof *m->numbers);
  wf_status status = apart && m->key && m->numbers ? wf_map_new(&m->seen, err) : wf_fail_nomem(err);
  if (status == WF_OK) status = number_rows(m, apart, err);
  if (status == WF_OK && wf_map_count(m->seen) > 0) {
    status = predict_made(m, err);
    if (status == WF_OK) add_predictions(m, out);
  }
  wf_map_free(m->seen);
  wf_free(apart);
  wf_free(m->key);
  wf_free(m->numbers);
  wf_free(m->rows);
  wf_free(m->predictions);
  return status;
}

static wf_status evaluate_frame(const wf_game *game, size_t row, const wf_coalitions *coalitions,
                                const size_t *players, double *out, wf_error *err) {
  const frame_game *g = (const frame_game *)game;
  size_t *slots = wf_alloc_array(game->n_players, sizeof *slots);
  size_t step = BLOCK_ROWS / (2 * coalitions->n_pairs);
  if (!slots) return wf_fail_nomem(err);
  for (size_t k = 0; k < game->n_players; k++) slots[k] = SIZE_MAX;
  for (size_t k = 0; k < coalitions->n_players; k++) slots[players[k]] = k;
  wf_status status = WF_OK;
  if (step == 0) step = 1;
  for (size_t z = 0; status == WF_OK && z < game->n_background; z += step) {
    made m = {.g = g, .coalitions = coalitions, .players = players, .row = row, .slots = slots};
    m.begin = z;
    m.end = game->n_background - z < step ? game->n_background : z + step;
    status = evaluate_block(&m, out, err);
  }
  wf_free(slots);
  return status;
}

/* ---- the game ---------------------------------------------------------------------------------
 */

/* Numbers of one player's values over the pool. */
static wf_status number_player(frame_game *g, size_t player, const wf_column **columns,
                               wf_error *err) {
  size_t n = 0, *ids = g->ids + player * g->n_pool;
  for (size_t i = 0; i < wf_frame_column_count(g->pool); i++) {
    if (player_of(g, i) == player) columns[n++] = wf_frame_column_at(g->pool, i);
  }
  if (n > 0) return wf_keys_number(ids, NULL, columns, n, err);
  memset(ids, 0, g->n_pool * sizeof *ids);
  return WF_OK;
}

static wf_status number_values(frame_game *g, wf_error *err) {
  const wf_column **columns = wf_alloc_array(wf_frame_column_count(g->pool) + 1, sizeof *columns);
  g->ids = wf_alloc_array(g->game.n_players + 1, g->n_pool * sizeof *g->ids);
  wf_status status = columns && g->ids ? WF_OK : wf_fail_nomem(err);
  for (size_t k = 0; status == WF_OK && k < g->game.n_players; k++) {
    status = number_player(g, k, columns, err);
  }
  wf_free(columns);
  return status;
}

/* Gives the weight of background rows equal to an earlier one to that one. */
static wf_status merge_background(const frame_game *g, double *weights, wf_error *err) {
  wf_map *seen = NULL;
  size_t n = g->game.n_players, *key = wf_alloc_array(n + 1, sizeof *key);
  size_t *first = wf_alloc_array(g->game.n_background, sizeof *first);
  wf_status status = key && first ? wf_map_new(&seen, err) : wf_fail_nomem(err);
  for (size_t z = 0; status == WF_OK && z < g->game.n_background; z++) {
    size_t index;
    bool added;
    for (size_t k = 0; k < n; k++) key[k] = g->ids[k * g->n_pool + z];
    status = wf_map_add(seen, (wf_view){(const char *)key, n * sizeof *key}, &index, &added, err);
    if (status != WF_OK) break;
    if (added) {
      first[index] = z;
    } else {
      weights[first[index]] += weights[z];
      weights[z] = 0;
    }
  }
  wf_map_free(seen);
  wf_free(first);
  wf_free(key);
  return status;
}

/* f of the pool: the background's mean goes to `empty`, the rows' are the rest. */
static wf_status predict_pool(double **out, const frame_game *g, wf_error *err) {
  const wf_explain_function *f = g->function;
  double *all = wf_alloc_array(g->n_pool + 1, f->n_outputs * sizeof *all);
  if (!all) return wf_fail_nomem(err);
  wf_status status = f->fn(f->context, g->pool, all, err);
  if (status == WF_OK) {
    *out = all;
  } else {
    wf_free(all);
  }
  return status;
}

static wf_status solve_frame(frame_game *g, const wf_kernel_options *options, double *values,
                             double *errors, wf_error *err) {
  double *weights = NULL, *all = NULL;
  wf_status status = wf_game_weights(&weights, options, g->game.n_background, err);
  if (status == WF_OK) status = number_values(g, err);
  if (status == WF_OK) status = predict_pool(&all, g, err);
  if (status == WF_OK) {
    wf_game_average(all, weights, g->game.n_background, g->game.n_outputs);
    status = merge_background(g, weights, err);
  }
  if (status == WF_OK) {
    g->game.weights = weights;
    g->game.empty = all;
    g->game.full = all + g->game.n_background * g->game.n_outputs;
    status = wf_game_solve(&g->game, options, values, errors, err);
  }
  wf_free(weights);
  wf_free(all);
  wf_free(g->ids);
  return status;
}

wf_status wf_kernel_frame(const wf_explain_function *function, const wf_frame *rows,
                          const wf_frame *background, const size_t *players, size_t n_players,
                          const wf_kernel_options *options, double *values, double *errors,
                          wf_error *err) {
  static const wf_kernel_options defaults = {0};
  WF_TRY(
      wf_game_check_players(players, wf_frame_column_count(background), n_players, "column", err));
  frame_game g = {.function = function, .players = players};
  wf_frame *both[] = {(wf_frame *)(uintptr_t)background, (wf_frame *)(uintptr_t)rows};
  WF_TRY(wf_frame_concat(&g.pool, both, 2, err));
  g.n_pool = wf_frame_row_count(g.pool);
  g.game = (wf_game){.n_rows = wf_frame_row_count(rows),
                     .n_players = n_players,
                     .n_outputs = function->n_outputs,
                     .n_background = wf_frame_row_count(background),
                     .find_varying = find_different,
                     .evaluate = evaluate_frame};
  wf_status status = solve_frame(&g, options ? options : &defaults, values, errors, err);
  wf_frame_release(g.pool);
  return status;
}
