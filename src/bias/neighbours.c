/* neighbours.c — a k-d tree.
 *
 * Nodes split their points at the median of the column with the widest spread: features are not
 * scaled, so a few columns of large numbers usually decide, and the tree cuts those. The distance
 * from a query to a node's box is kept up to date by one column at a time (Arya and Mount,
 * "Algorithms for fast vector quantization", 1993).
 *
 * Points are stored in the tree's order, their columns by descending spread, and distances are
 * added up in that order: most candidates are rejected after a column or two (partial sums only
 * grow), and what is left has its distance. So the answer is a function of the data alone. The
 * bound of a box is rounded differently; a margin far above rounding keeps it from rejecting what
 * belongs to the answer.
 *
 * A vote takes two walks: one finds the k nearest by (distance, row), the other counts the points
 * clearly nearer than the k-th and those as far as it, from which every legal vote follows. */
#include "bias/neighbours.h"

#include "base/alloc.h"
#include "base/random.h"

#include <math.h>
#include <string.h>

enum { LEAF = 16, MOST_NODES_PER_LEAF = 2 };

#define MARGIN (1 + 1e-9)    /* of a box's bound against distances */
#define ROUNDING (1 + 1e-13) /* distances closer than this may be equal */

typedef struct node {
  uint32_t begin, end;  /* points */
  uint32_t left, right; /* children; 0 in a leaf */
  uint32_t column;      /* in the order of spread */
  double below, above;  /* the largest value on the left, the smallest on the right */
} node;

struct wf_neighbours {
  const double *const *columns;
  size_t n_columns, n;
  const uint8_t *marks;
  uint32_t *order; /* columns by descending spread */
  uint32_t *rows;  /* of the points, in the tree's order */
  double *points;  /* n x n_columns, columns in `order` */
  node *nodes;
  size_t n_nodes;
  wf_random random;
};

/* --- building -------------------------------------------------------------------------------- */

typedef struct range {
  double low, high;
} range;

static range range_of(const double *column, const uint32_t *rows, size_t n) {
  range r = {column[rows[0]], column[rows[0]]};
  for (size_t i = 1; i < n; i++) {
    double value = column[rows[i]];
    r.low = value < r.low ? value : r.low;
    r.high = value > r.high ? value : r.high;
  }
  return r;
}

/* Insertion sort: features are few. Equal spreads keep their order. */
static void order_columns(wf_neighbours *index, double *spreads) {
  for (size_t c = 0; c < index->n_columns; c++) {
    range r = range_of(index->columns[c], index->rows, index->n);
    double spread = r.high - r.low;
    size_t at = c;
    for (; at > 0 && spreads[at - 1] < spread; at--) {
      spreads[at] = spreads[at - 1];
      index->order[at] = index->order[at - 1];
    }
    spreads[at] = spread;
    index->order[at] = (uint32_t)c;
  }
}

/* Hoare's selection: rows[k] is what it would be in sorted order, smaller values before it. Pivots
 * come from a seeded stream, which no order of rows can be prepared against by accident. */
static void select_median(const double *column, uint32_t *rows, size_t n, size_t k,
                          wf_random *random) {
  size_t low = 0, high = n - 1;
  while (low < high) {
    double pivot = column[rows[low + wf_random_below(random, high - low)]];
    size_t i = low, j = high;
    for (;;) {
      while (column[rows[i]] < pivot) i++;
      while (column[rows[j]] > pivot) j--;
      if (i >= j) break;
      uint32_t row = rows[i];
      rows[i++] = rows[j];
      rows[j--] = row;
    }
    if (k <= j) {
      high = j;
    } else {
      low = j + 1;
    }
  }
}

/* The column (in the order of spread) in which the node's points lie widest. Columns whose spread
 * over all points is smaller than what was found need no look. */
static uint32_t widest(const wf_neighbours *index, const double *spreads, const node *at,
                       double *width) {
  uint32_t best = 0;
  *width = -1;
  for (uint32_t c = 0; c < index->n_columns && spreads[c] > *width; c++) {
    range r =
        range_of(index->columns[index->order[c]], index->rows + at->begin, at->end - at->begin);
    if (r.high - r.low <= *width) continue;
    *width = r.high - r.low;
    best = c;
  }
  return best;
}

/* Splits nodes[at] and what comes of it; nodes were allocated for the worst case. */
static void split(wf_neighbours *index, const double *spreads, uint32_t at) {
  node *this = &index->nodes[at];
  double width;
  if (this->end - this->begin <= LEAF) return;
  this->column = widest(index, spreads, this, &width);
  if (!(width > 0)) return; /* all points are one */
  const double *column = index->columns[index->order[this->column]];
  uint32_t *rows = index->rows + this->begin;
  size_t n = this->end - this->begin, half = n / 2;
  select_median(column, rows, n, half, &index->random);
  this->below = range_of(column, rows, half).high;
  this->above = column[rows[half]];
  this->left = (uint32_t)index->n_nodes;
  this->right = this->left + 1;
  uint32_t middle = this->begin + (uint32_t)half;
  index->nodes[index->n_nodes++] = (node){.begin = this->begin, .end = middle};
  index->nodes[index->n_nodes++] = (node){.begin = middle, .end = this->end};
  split(index, spreads, this->left);
  split(index, spreads, this->right);
}

static void copy_points(wf_neighbours *index) {
  for (size_t c = 0; c < index->n_columns; c++) {
    const double *column = index->columns[index->order[c]];
    for (size_t i = 0; i < index->n; i++) {
      index->points[i * index->n_columns + c] = column[index->rows[i]];
    }
  }
}

static wf_status build(wf_neighbours *index, const uint32_t *rows, wf_error *err) {
  size_t n = index->n, width = index->n_columns, cells;
  if (__builtin_mul_overflow(n, width, &cells)) return wf_fail_nomem(err);
  index->rows = wf_alloc_array(n, sizeof *index->rows);
  index->order = wf_alloc_array(width, sizeof *index->order);
  index->points = wf_alloc_array(cells, sizeof *index->points);
  /* halves of more than LEAF points hold at least LEAF / 2 */
  index->nodes = wf_alloc_array(MOST_NODES_PER_LEAF * (n / (LEAF / 2) + 1), sizeof *index->nodes);
  double *spreads = wf_alloc_array(width, sizeof *spreads);
  bool ok = index->rows && index->order && index->points && index->nodes && spreads;
  if (ok) {
    memcpy(index->rows, rows, n * sizeof *rows);
    order_columns(index, spreads);
    index->nodes[0] = (node){.end = (uint32_t)n};
    index->n_nodes = 1;
    wf_random_seed(&index->random, 0, 0);
    split(index, spreads, 0);
    copy_points(index);
  }
  wf_free(spreads);
  return ok ? WF_OK : wf_fail_nomem(err);
}

wf_status wf_neighbours_new(wf_neighbours **out, const double *const *columns, size_t n_columns,
                            const uint8_t *marks, const uint32_t *rows, size_t n, wf_error *err) {
  wf_neighbours *index = wf_alloc_zero(1, sizeof *index);
  if (!index) return wf_fail_nomem(err);
  index->columns = columns;
  index->n_columns = n_columns;
  index->n = n;
  index->marks = marks;
  wf_status status = build(index, rows, err);
  if (status == WF_OK) {
    *out = index;
  } else {
    wf_neighbours_free(index);
  }
  return status;
}

void wf_neighbours_free(wf_neighbours *index) {
  if (!index) return;
  wf_free(index->rows);
  wf_free(index->order);
  wf_free(index->points);
  wf_free(index->nodes);
  wf_free(index);
}

/* --- searching ------------------------------------------------------------------------------- */

typedef struct found {
  double distance;
  uint32_t row;
} found;

typedef struct search {
  const wf_neighbours *index;
  size_t row, k;
  double *query;  /* the row's values in the order of spread */
  double *beside; /* how far the query is outside the current box, by column */
  found *best;    /* the nearest so far, ascending by (distance, row) */
  size_t n_best;
  double reach; /* squared: points beyond it are of no interest */
  double near;  /* second walk: below is clearly nearer than the k-th */
  size_t nearer[2], tied[2];
} search;

/* The squared distance, or something beyond reach. */
static inline double distance_to(const search *s, size_t point) {
  const double *p = s->index->points + point * s->index->n_columns, *q = s->query;
  double sum = 0;
  for (size_t c = 0; c < s->index->n_columns && sum <= s->reach; c++) {
    double away = p[c] - q[c];
    sum += away * away;
  }
  return sum;
}

static bool is_nearer(found a, found b) {
  return a.distance < b.distance || (a.distance == b.distance && a.row < b.row);
}

static void keep(search *s, found candidate) {
  if (s->n_best == s->k) {
    if (!is_nearer(candidate, s->best[s->k - 1])) return;
  } else {
    s->n_best++;
  }
  size_t at = s->n_best - 1;
  for (; at > 0 && is_nearer(candidate, s->best[at - 1]); at--) s->best[at] = s->best[at - 1];
  s->best[at] = candidate;
  if (s->n_best == s->k) s->reach = s->best[s->k - 1].distance;
}

static void tally(search *s, found candidate) {
  size_t mark = s->index->marks[candidate.row];
  (candidate.distance < s->near ? s->nearer : s->tied)[mark]++;
}

typedef void visit_fn(search *s, found candidate);

static inline __attribute__((always_inline)) void visit_leaf(search *s, const node *at,
                                                             visit_fn *visit) {
  for (size_t i = at->begin; i < at->end; i++) {
    double distance = distance_to(s, i);
    if (distance <= s->reach) visit(s, (found){distance, s->index->rows[i]});
  }
}

static void walk(search *s, uint32_t at, double bound, visit_fn *visit) {
  const node *this = &s->index->nodes[at];
  if (!this->left) {
    visit_leaf(s, this, visit);
    return;
  }
  double q = s->query[this->column], before = s->beside[this->column];
  bool on_left = q - this->below < this->above - q;
  double gap = on_left ? this->above - q : q - this->below;
  walk(s, on_left ? this->left : this->right, bound, visit);
  if (gap <= 0) gap = 0; /* the query is on the border */
  double beyond = gap > before ? bound - before * before + gap * gap : bound;
  if (beyond > s->reach * MARGIN) return;
  if (gap > before) s->beside[this->column] = gap;
  walk(s, on_left ? this->right : this->left, beyond, visit);
  s->beside[this->column] = before;
}

size_t wf_neighbours_scratch(const wf_neighbours *index, size_t k) {
  return 2 * index->n_columns + k * ((sizeof(found) + sizeof(double) - 1) / sizeof(double));
}

wf_vote wf_neighbours_vote(const wf_neighbours *index, size_t row, size_t k, double *scratch) {
  search s = {.index = index,
              .row = row,
              .k = k,
              .query = scratch,
              .beside = scratch + index->n_columns,
              .best = (found *)(void *)(scratch + 2 * index->n_columns),
              .reach = (double)INFINITY};
  for (size_t c = 0; c < index->n_columns; c++) {
    s.query[c] = index->columns[index->order[c]][row];
    s.beside[c] = 0;
  }
  walk(&s, 0, 0, keep);
  wf_vote vote = {0};
  for (size_t i = 0; i < k; i++) vote.marked += index->marks[s.best[i].row];
  double last = s.best[k - 1].distance;
  s.reach = last * ROUNDING;
  s.near = last / ROUNDING;
  walk(&s, 0, 0, tally);
  size_t open = k - s.nearer[0] - s.nearer[1]; /* places that go to some of the tied */
  vote.least = s.nearer[1] + (open > s.tied[0] ? open - s.tied[0] : 0);
  vote.most = s.nearer[1] + (open < s.tied[1] ? open : s.tied[1]);
  return vote;
}
