/* sample.c — drawing rows by chance.
 *
 * Weights are the leaves of a tree of sums: a draw walks down from the root, and a row that is not
 * put back gets weight 0, its parents being added up anew. Sums are never subtracted from, so a
 * weight of 0 is exact and such a row is never drawn; the additions have one order, so the same
 * seed draws the same rows on every machine. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/random.h"
#include "frame/column.h"

#include <math.h>

/* sums[1] is the root, sums[n_leaves + i] row i's weight. */
typedef struct lottery {
  double *sums;
  size_t n_leaves;
} lottery;

static wf_status fill_leaves(lottery *l, const wf_column *weights, size_t *n_weighted,
                             wf_error *err) {
  double *leaves = l->sums + l->n_leaves;
  wf_column_load_f64(weights, 0, weights->n_rows, leaves);
  *n_weighted = 0;
  for (size_t i = 0; i < weights->n_rows; i++) {
    if (!(leaves[i] >= 0) || isinf(leaves[i])) {
      return wf_fail(err, WF_INVALID, "the weight of row %zu is %g; it must not be below 0", i + 1,
                     leaves[i]);
    }
    *n_weighted += leaves[i] > 0;
  }
  for (size_t i = l->n_leaves; i-- > 1;) l->sums[i] = l->sums[2 * i] + l->sums[2 * i + 1];
  return WF_OK;
}

static wf_status lottery_new(lottery *l, const wf_column *weights, size_t *n_weighted,
                             wf_error *err) {
  if (wf_type_is_text(weights->type)) return wf_fail(err, WF_TYPE, "weights must be numbers");
  l->n_leaves = 1;
  while (l->n_leaves < weights->n_rows) l->n_leaves *= 2;
  l->sums = wf_alloc_zero(2 * l->n_leaves, sizeof *l->sums);
  if (!l->sums) return wf_fail_nomem(err);
  wf_status status = fill_leaves(l, weights, n_weighted, err);
  if (status != WF_OK) wf_free(l->sums);
  return status;
}

static size_t draw(const lottery *l, wf_random *random) {
  double at = wf_random_unit(random) * l->sums[1];
  size_t node = 1;
  while (node < l->n_leaves) {
    double left = l->sums[2 * node];
    bool right = at >= left && l->sums[2 * node + 1] > 0;
    if (right) at -= left;
    node = 2 * node + right;
  }
  return node - l->n_leaves;
}

static void remove_row(lottery *l, size_t row) {
  size_t node = l->n_leaves + row;
  l->sums[node] = 0;
  while (node /= 2) l->sums[node] = l->sums[2 * node] + l->sums[2 * node + 1];
}

static wf_status draw_weighted(size_t *rows, size_t n, const wf_column *weights, bool replace,
                               wf_random *random, wf_error *err) {
  lottery l = {0};
  size_t n_weighted = 0;
  WF_TRY(lottery_new(&l, weights, &n_weighted, err));
  wf_status status = WF_OK;
  if (n > 0 && (replace ? n_weighted == 0 : n > n_weighted)) {
    status = wf_fail(err, WF_INVALID, "%zu rows cannot be drawn: %zu have a weight above 0", n,
                     n_weighted);
  } else if (!isfinite(l.sums[1])) {
    status = wf_fail(err, WF_INVALID, "the weights sum to more than a double holds");
  }
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    rows[i] = draw(&l, random);
    if (!replace) remove_row(&l, rows[i]);
  }
  wf_free(l.sums);
  return status;
}

/* The first rows of a permutation, or independent draws. */
static wf_status draw_equal(size_t *rows, size_t n, size_t n_rows, bool replace, wf_random *random,
                            wf_error *err) {
  if (n > 0 && (replace ? n_rows == 0 : n > n_rows)) {
    return wf_fail(err, WF_INVALID, "%zu rows of %zu cannot be drawn", n, n_rows);
  }
  if (replace) {
    for (size_t i = 0; i < n; i++) rows[i] = (size_t)wf_random_below(random, n_rows);
    return WF_OK;
  }
  for (size_t i = 0; i < n_rows; i++) rows[i] = i;
  wf_random_shuffle(random, rows, n_rows);
  return WF_OK;
}

wf_status wf_frame_sample(wf_frame **out, const wf_frame *frame, size_t n, const char *weights,
                          bool replace, uint64_t seed, wf_error *err) {
  size_t n_rows = wf_frame_row_count(frame);
  wf_column *column = NULL;
  if (weights) WF_TRY(wf_frame_get(&column, frame, weights, err));
  size_t *rows = wf_alloc_array(n > n_rows ? n : n_rows, sizeof *rows);
  if (!rows) return wf_fail_nomem(err);
  wf_random random;
  wf_random_seed(&random, seed, 0);
  wf_status status = column ? draw_weighted(rows, n, column, replace, &random, err)
                            : draw_equal(rows, n, n_rows, replace, &random, err);
  if (status == WF_OK) status = wf_frame_take(out, frame, rows, n, err);
  wf_free(rows);
  return status;
}
