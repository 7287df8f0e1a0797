/* split.c — seeded shares of rows, plain and stratified, and cross-validation folds.
 *
 * All of it is a permutation of the rows from the seed (or the natural order) and a rule that deals
 * them out, so the same seed gives the same rows on every machine and for any number of threads.
 * With strata, each stratum is dealt out by itself; what rounding left over or gave too much is
 * carried to the next one, so that both each stratum and the whole keep the shares as nearly as
 * whole rows can. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "base/random.h"
#include "frame/column.h"
#include "frame/gather.h"
#include "frame/keys.h"
#include "frame/order.h"

#include <math.h>

/* Rows in dealing order, and their strata. */
typedef struct deck {
  size_t *rows;
  size_t *strata; /* by row; NULL: all one */
  size_t n, n_strata;
} deck;

static void dispose_deck(deck *d) {
  wf_free(d->rows);
  wf_free(d->strata);
}

static wf_status number_strata(deck *d, const wf_frame *frame, const char *stratify,
                               wf_error *err) {
  wf_column *column = NULL;
  WF_TRY(wf_frame_get(&column, frame, stratify, err));
  d->strata = wf_alloc_array(d->n, sizeof *d->strata);
  if (!d->strata) return wf_fail_nomem(err);
  return wf_keys_number(d->strata, &d->n_strata, &(const wf_column *){column}, 1, err);
}

/* Sorts the deck by a column, missing values last. */
static wf_status sort_deck(deck *d, const wf_frame *frame, const char *by, wf_error *err) {
  wf_column *column = NULL;
  WF_TRY(wf_frame_get(&column, frame, by, err));
  uint64_t *orders = wf_alloc_array(d->n, sizeof *orders);
  if (!orders) return wf_fail_nomem(err);
  wf_status status = wf_column_order(orders, column, err);
  for (size_t i = 0; status == WF_OK && i < d->n; i++) {
    if (!wf_column_present(column, i)) orders[i] = UINT64_MAX;
  }
  if (status == WF_OK) status = wf_sort_rows(d->rows, d->n, orders, err);
  wf_free(orders);
  return status;
}

static wf_status make_deck(deck *d, const wf_frame *frame, uint64_t seed, bool shuffle,
                           const char *stratify, wf_error *err) {
  *d = (deck){.n = wf_frame_row_count(frame), .n_strata = 1};
  d->rows = wf_alloc_filled(d->n, sizeof *d->rows);
  if (!d->rows) return wf_fail_nomem(err);
  for (size_t i = 0; i < d->n; i++) d->rows[i] = i;
  if (shuffle) {
    wf_random random;
    wf_random_seed(&random, seed, 0);
    wf_random_shuffle(&random, d->rows, d->n);
  }
  return stratify ? number_strata(d, frame, stratify, err) : WF_OK;
}

static size_t stratum_of(const deck *d, size_t row) { return d->strata ? d->strata[row] : 0; }

/* ---- parts ----------------------------------------------------------------------------------- */

enum { MAX_PARTS = 64 };

#define SLACK 1e-9 /* fractions such as 0.8 + 0.1 + 0.1 sum to 1 only nearly */

/* Deals `n` rows to the parts: whole shares first, what is left over to the largest remainders.
 * carry[] is what each part is owed from before, and after. */
static void share_out(size_t *sizes, double *carry, const wf_split_options *options, size_t n) {
  double sum = 0, owed = 0, wanted[MAX_PARTS] = {0};
  size_t dealt = 0;
  for (size_t p = 0; p < options->n_parts; p++) {
    sum += options->fractions[p];
    wanted[p] = options->fractions[p] * (double)n + carry[p];
    owed += wanted[p];
    sizes[p] = wanted[p] > 0 ? (size_t)floor(wanted[p] + SLACK) : 0;
    if (sizes[p] > n - dealt) sizes[p] = n - dealt;
    dealt += sizes[p];
  }
  size_t total = sum >= 1 - SLACK ? n : (size_t)floor(fmax(owed, 0) + SLACK);
  if (total > n) total = n;
  for (; dealt < total; dealt++) {
    size_t most = 0;
    for (size_t p = 1; p < options->n_parts; p++) {
      if (wanted[p] - (double)sizes[p] > wanted[most] - (double)sizes[most] + SLACK) most = p;
    }
    sizes[most]++;
  }
  for (size_t p = 0; p < options->n_parts; p++) carry[p] = wanted[p] - (double)sizes[p];
}

static wf_status check_options(const wf_split_options *options, wf_error *err) {
  double sum = 0;
  if (options->n_parts == 0 || options->n_parts > MAX_PARTS) {
    return wf_fail(err, WF_INVALID, "a split has 1 to %d parts, not %zu", (int)MAX_PARTS,
                   options->n_parts);
  }
  for (size_t p = 0; p < options->n_parts; p++) {
    if (!(options->fractions[p] > 0) || isinf(options->fractions[p])) {
      return wf_fail(err, WF_INVALID, "fraction %zu of the split is %g; it must be above 0", p + 1,
                     options->fractions[p]);
    }
    sum += options->fractions[p];
  }
  if (sum <= 1 + SLACK) return WF_OK;
  return wf_fail(err, WF_INVALID, "the fractions of the split sum to %g, which is more than 1",
                 sum);
}

/* sizes[stratum * n_parts + part] */
static wf_status plan_parts(size_t **out, const deck *d, const wf_split_options *options,
                            wf_error *err) {
  size_t n_parts = options->n_parts, n_cells;
  if (__builtin_mul_overflow(d->n_strata, n_parts, &n_cells)) return wf_fail_nomem(err);
  size_t *sizes = wf_alloc_zero(n_cells, sizeof *sizes);
  size_t *counts = wf_alloc_zero(d->n_strata, sizeof *counts);
  if (!sizes || !counts) {
    wf_free(sizes);
    wf_free(counts);
    return wf_fail_nomem(err);
  }
  for (size_t i = 0; i < d->n; i++) counts[stratum_of(d, i)]++;
  double carry[MAX_PARTS] = {0};
  for (size_t s = 0; s < d->n_strata; s++)
    share_out(sizes + s * n_parts, carry, options, counts[s]);
  wf_free(counts);
  *out = sizes;
  return WF_OK;
}

/* The part that takes the next row of the stratum, n_parts when its rows are used up. */
static size_t next_part(size_t *sizes, size_t n_parts) {
  for (size_t p = 0; p < n_parts; p++) {
    if (sizes[p] == 0) continue;
    sizes[p]--;
    return p;
  }
  return n_parts;
}

/* Rows by part: those of part p are rows[starts[p]] to rows[starts[p + 1] - 1]. Uses sizes up. */
static wf_status deal(wf_row_groups *out, const deck *d, size_t *sizes, size_t n_parts,
                      wf_error *err) {
  size_t *parts = wf_alloc_filled(d->n, sizeof *parts);
  if (!parts) return wf_fail_nomem(err);
  for (size_t i = 0; i < d->n; i++) {
    size_t part = next_part(sizes + stratum_of(d, d->rows[i]) * n_parts, n_parts);
    parts[i] = part < n_parts ? part : WF_NO_ROW;
  }
  wf_status status = wf_row_groups_new(out, parts, d->n, n_parts, err);
  wf_free(parts);
  if (status != WF_OK) return status;
  for (size_t i = 0; i < out->starts[n_parts]; i++) out->rows[i] = d->rows[out->rows[i]];
  return WF_OK;
}

static wf_status take_parts(wf_frame **out, const wf_frame *frame, const wf_row_groups *parts,
                            size_t n_parts, wf_error *err) {
  if (wf_gather_pays(frame, parts->rows, parts->starts[n_parts])) {
    return wf_gather(out, frame, parts->rows, parts->starts, n_parts, err);
  }
  wf_frame *taken[MAX_PARTS] = {0};
  wf_status status = WF_OK;
  for (size_t p = 0; status == WF_OK && p < n_parts; p++) {
    size_t begin = parts->starts[p], end = parts->starts[p + 1];
    status = wf_frame_take(&taken[p], frame, parts->rows + begin, end - begin, err);
  }
  for (size_t p = 0; p < n_parts; p++) {
    if (status == WF_OK)
      out[p] = taken[p];
    else
      wf_frame_release(taken[p]);
  }
  return status;
}

/* ---- whole groups ---------------------------------------------------------------------------- */

/* Groups in the deck's order of first appearance, and how many rows each has; strata are groups. */
static wf_status list_groups(size_t **order, size_t **sizes, const deck *d, wf_error *err) {
  *order = wf_alloc_array(d->n_strata, sizeof **order);
  *sizes = wf_alloc_zero(d->n_strata, sizeof **sizes);
  if (!*order || !*sizes) return wf_fail_nomem(err);
  size_t n = 0;
  for (size_t i = 0; i < d->n; i++) {
    size_t group = stratum_of(d, d->rows[i]);
    if ((*sizes)[group]++ == 0) (*order)[n++] = group;
  }
  return WF_OK;
}

/* The part that lacks most rows of its share; n_parts when all have theirs. */
static size_t neediest(const double *owed, size_t n_parts, bool all) {
  size_t most = 0;
  for (size_t p = 1; p < n_parts; p++) {
    if (owed[p] > owed[most] + SLACK) most = p;
  }
  return all || owed[most] > 0 ? most : n_parts;
}

/* As `deal`, group by group. */
static wf_status deal_groups(wf_row_groups *out, const deck *d, const wf_split_options *options,
                             wf_error *err) {
  size_t *order = NULL, *sizes = NULL, n_parts = options->n_parts;
  size_t *part_of = wf_alloc_array(d->n_strata, sizeof *part_of);
  size_t *parts = wf_alloc_array(d->n, sizeof *parts);
  double owed[MAX_PARTS] = {0}, sum = 0;
  wf_status status = part_of && parts ? list_groups(&order, &sizes, d, err) : wf_fail_nomem(err);
  for (size_t p = 0; p < n_parts; p++) {
    sum += options->fractions[p];
    owed[p] = options->fractions[p] * (double)d->n;
  }
  for (size_t k = 0; status == WF_OK && k < d->n_strata; k++) {
    size_t part = neediest(owed, n_parts, sum >= 1 - SLACK);
    part_of[order[k]] = part;
    if (part < n_parts) owed[part] -= (double)sizes[order[k]];
  }
  for (size_t i = 0; status == WF_OK && i < d->n; i++) {
    size_t part = part_of[stratum_of(d, d->rows[i])];
    parts[i] = part < n_parts ? part : WF_NO_ROW;
  }
  if (status == WF_OK) status = wf_row_groups_new(out, parts, d->n, n_parts, err);
  for (size_t i = 0; status == WF_OK && i < out->starts[n_parts]; i++) {
    out->rows[i] = d->rows[out->rows[i]];
  }
  wf_free(order);
  wf_free(sizes);
  wf_free(part_of);
  wf_free(parts);
  return status;
}

/* ---- the split ------------------------------------------------------------------------------- */

wf_status wf_frame_split(wf_frame **out, const wf_frame *frame, const wf_split_options *options,
                         wf_error *err) {
  WF_TRY(check_options(options, err));
  if (!!options->stratify + !!options->group + !!options->order > 1) {
    return wf_fail(err, WF_INVALID, "a split is by strata, by groups or by order: one of them");
  }
  deck d;
  size_t *sizes = NULL;
  wf_row_groups parts = {0};
  bool shuffle = options->shuffle && !options->order;
  const char *strata = options->group ? options->group : options->stratify;
  wf_status status = make_deck(&d, frame, options->seed, shuffle, strata, err);
  if (status == WF_OK && options->order) status = sort_deck(&d, frame, options->order, err);
  if (status == WF_OK && options->group) {
    status = deal_groups(&parts, &d, options, err);
  } else if (status == WF_OK) {
    status = plan_parts(&sizes, &d, options, err);
    if (status == WF_OK) status = deal(&parts, &d, sizes, options->n_parts, err);
  }
  if (status == WF_OK) status = take_parts(out, frame, &parts, options->n_parts, err);
  wf_row_groups_dispose(&parts);
  wf_free(sizes);
  dispose_deck(&d);
  return status;
}

/* ---- folds ----------------------------------------------------------------------------------- */

/* Rows are dealt out one to each fold in turn, stratum after stratum without starting over. */
static wf_status deal_folds(int64_t *folds, const deck *d, size_t k, wf_error *err) {
  size_t *next = wf_alloc_zero(d->n_strata + 1, sizeof *next);
  if (!next) return wf_fail_nomem(err);
  for (size_t i = 0; i < d->n; i++) next[stratum_of(d, i) + 1]++;
  for (size_t s = 1; s <= d->n_strata; s++) next[s] += next[s - 1];
  for (size_t i = 0; i < d->n; i++) {
    size_t row = d->rows[i];
    folds[row] = (int64_t)(next[stratum_of(d, row)]++ % k);
  }
  wf_free(next);
  return WF_OK;
}

/* Largest group first, each to the fold with the fewest rows so far. Sorting is stable, so groups
 * of one size stay in shuffled order. */
static wf_status deal_group_folds(int64_t *folds, const deck *d, size_t k, wf_error *err) {
  size_t *order = NULL, *sizes = NULL;
  uint64_t *keys = wf_alloc_array(d->n_strata, sizeof *keys);
  size_t *filled = wf_alloc_zero(k, sizeof *filled);
  wf_status status = keys && filled ? list_groups(&order, &sizes, d, err) : wf_fail_nomem(err);
  for (size_t g = 0; status == WF_OK && g < d->n_strata; g++) keys[g] = UINT64_MAX - sizes[g];
  if (status == WF_OK) status = wf_sort_rows(order, d->n_strata, keys, err);
  for (size_t g = 0; status == WF_OK && g < d->n_strata; g++) {
    size_t least = 0;
    for (size_t f = 1; f < k; f++) {
      if (filled[f] < filled[least]) least = f;
    }
    filled[least] += sizes[order[g]];
    keys[order[g]] = least;
  }
  for (size_t i = 0; status == WF_OK && i < d->n; i++) {
    folds[i] = (int64_t)keys[stratum_of(d, i)];
  }
  wf_free(order);
  wf_free(sizes);
  wf_free(keys);
  wf_free(filled);
  return status;
}

wf_status wf_frame_folds_grouped(wf_column **out, const wf_frame *frame, size_t k, uint64_t seed,
                                 const char *group, wf_error *err) {
  deck d;
  wf_column *folds = NULL;
  wf_status status = make_deck(&d, frame, seed, true, group, err);
  if (status == WF_OK && (k < 2 || k > d.n_strata)) {
    status = wf_fail(err, WF_INVALID, "%zu folds of %zu groups; there must be 2 to as many", k,
                     d.n_strata);
  }
  if (status == WF_OK) status = wf_column_blank(&folds, WF_I64, d.n, NULL, 0, err);
  if (status == WF_OK) status = deal_group_folds(wf_column_memory(folds), &d, k, err);
  dispose_deck(&d);
  if (status == WF_OK)
    *out = folds;
  else
    wf_column_release(folds);
  return status;
}

wf_status wf_frame_folds(wf_column **out, const wf_frame *frame, size_t k, uint64_t seed,
                         const char *stratify, wf_error *err) {
  size_t n_rows = wf_frame_row_count(frame);
  if (k < 2 || k > n_rows) {
    return wf_fail(err, WF_INVALID, "%zu folds of %zu rows; there must be 2 to as many as rows", k,
                   n_rows);
  }
  deck d;
  wf_column *folds = NULL;
  wf_status status = make_deck(&d, frame, seed, true, stratify, err);
  if (status == WF_OK) status = wf_column_blank(&folds, WF_I64, n_rows, NULL, 0, err);
  if (status == WF_OK) status = deal_folds(wf_column_memory(folds), &d, k, err);
  dispose_deck(&d);
  if (status == WF_OK)
    *out = folds;
  else
    wf_column_release(folds);
  return status;
}
