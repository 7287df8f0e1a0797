/* shap/tables_body.h — building tables and looking rows up in them, once per instruction set: a .c
 * file defines TABLE_KERNELS and includes this.
 *
 * Interventional values: a coalition's features are the row's, the others a background row's. A
 * leaf of value v is reached when each feature j of its path is satisfied by whichever it is taken
 * from: with x_j and z_j telling whether the row and the background row do,
 *     phi_i = v * integral over t in [0, 1] of (x_i - z_i) * product of (z_j (1-t) + x_j t), j !=
 * i, exact with half as many Gauss-Legendre points as there are features, rounded up. Let c_z be
 * the share of the background with pattern z, and E(x) = sum over z of c_z v * product of (z_j
 * (1-t) + x_j t). One pass a feature makes E out of c: what stands at patterns without and with the
 * bit, (c0, c1), becomes (c1 (1-t), c0 t + c1). The contributions can be read off E, for x' = x
 * without i: x_i = 0:  - integral of E(x) / (1-t) x_i = 1:  integral of (E(x) - E(x') / (1-t)) / t
 *             = Q(x) - P(x') - Q(x')     with P, Q the integrals of E / (1-t) and of E / t,
 * as 1 / (t (1-t)) = 1/t + 1/(1-t). A block's two leaves share the features above; its own feature
 * is written out: z (and x) may go left, go right, or, the feature having been split on above, get
 * to neither. The numbers of four points lie together, which makes every step a vector's. */
#include "shap/tables.h"

#include <string.h>

enum { POINTS = 4 }; /* in hand */

/* ---- patterns of rows ---- */

typedef struct walk {
  const wf_table_tree *table;
  const wf_table_panel *panel;
  const wf_shap_node *nodes;
  const wf_category_set *sets;
  const wf_table_block *next;
  uint32_t *levels; /* per depth: a mask and a pattern a row */
  double weight;    /* of counting; 0: rows are looked up */
  uint32_t slots[WF_TABLE_MAX_FEATURES];
} walk;

static void find_left(const walk *w, const wf_shap_node *node, uint32_t *restrict left) {
  const float *restrict x = w->panel->x + node->slot * w->panel->stride;
  float condition = (float)node->condition;
  size_t n = w->panel->n_rows;
  bool missing_left = (node->flags & WF_SHAP_DEFAULT_LEFT) != 0;
  if (node->flags & WF_SHAP_CATEGORICAL) {
    for (size_t i = 0; i < n; i++) {
      bool is = x[i] == x[i] ? !wf_category_set_has(&w->sets[node->set], x[i]) : missing_left;
      left[i] = is ? UINT32_MAX : 0;
    }
  } else if (missing_left) {
    for (size_t i = 0; i < n; i++) left[i] = x[i] >= condition ? 0 : UINT32_MAX;
  } else {
    for (size_t i = 0; i < n; i++) left[i] = x[i] < condition ? UINT32_MAX : 0;
  }
}

static void add_lines(const double *restrict lines, size_t width, const uint32_t *restrict patterns,
                      const uint32_t *restrict left, uint32_t bit, size_t n, double *restrict sums,
                      size_t stride) {
  for (size_t i = 0; i < n; i++, sums += stride) {
    const double *restrict line = lines + (patterns[i] | (left[i] & bit)) * width;
    for (size_t f = 0; f < width; f++) sums[f] += line[f];
  }
}

/* A block's turn: its split has sent the rows left or not. */
static void meet_block(walk *w, const uint32_t *restrict patterns, const uint32_t *restrict left) {
  const wf_table_block *block = w->next++;
  const double *lines = w->table->cells + w->table->n_counts + block->lines;
  size_t n = w->panel->n_rows, stride = w->table->width;
  uint32_t bit = 1u << block->n_above;
  if (w->weight > 0) {
    double *counts = w->table->cells + block->counts;
    for (size_t i = 0; i < n; i++) counts[patterns[i] | (left[i] & bit)] += w->weight;
    return;
  }
  switch (block->width) {
  case 4: add_lines(lines, 4, patterns, left, bit, n, w->panel->sums, stride); return;
  case 8: add_lines(lines, 8, patterns, left, bit, n, w->panel->sums, stride); return;
  default: add_lines(lines, 12, patterns, left, bit, n, w->panel->sums, stride); return;
  }
}

/* No block below looks at this place of the path again: what is in it goes to its feature. */
static void flush(const walk *w, uint32_t slot, size_t place) {
  double *restrict sums = w->panel->sums + place;
  double *restrict phi = w->panel->phi + slot * WF_TABLE_PANEL;
  size_t stride = w->table->width;
  for (size_t i = 0; i < w->panel->n_rows; i++) {
    phi[i] += sums[i * stride];
    sums[i * stride] = 0;
  }
}

static void enter(const uint32_t *restrict patterns, const uint32_t *restrict left, uint32_t flip,
                  uint32_t bit, bool again, size_t n, uint32_t *restrict child) {
  if (again) {
    for (size_t i = 0; i < n; i++) child[i] = patterns[i] & ((left[i] ^ flip) | ~bit);
  } else {
    for (size_t i = 0; i < n; i++) child[i] = patterns[i] | ((left[i] ^ flip) & bit);
  }
}

static void visit(walk *w, const wf_shap_node *node, const uint32_t *patterns, size_t depth,
                  size_t n_above) {
  uint32_t *left = w->levels + 2 * depth * WF_TABLE_PANEL, *child = left + WF_TABLE_PANEL;
  bool again = (node->flags & WF_SHAP_REPEATED) != 0;
  size_t place = 0, n = w->panel->n_rows;
  if (again) {
    while (w->slots[place] != node->slot) place++;
  } else {
    place = n_above;
    w->slots[place] = node->slot;
  }
  size_t n_below = n_above + !again;
  uint32_t bit = 1u << place;
  find_left(w, node, left);
  if (node->flags & (WF_SHAP_LEFT_LEAF | WF_SHAP_RIGHT_LEAF)) meet_block(w, patterns, left);
  if (!(node->flags & WF_SHAP_LEFT_LEAF)) {
    enter(patterns, left, 0, bit, again, n, child);
    visit(w, node + 1, child, depth + 1, n_below);
  }
  if (!(node->flags & WF_SHAP_RIGHT_LEAF)) {
    enter(patterns, left, UINT32_MAX, bit, again, n, child);
    visit(w, w->nodes + node->right, child, depth + 1, n_below);
  }
  if (!again && !(w->weight > 0)) flush(w, node->slot, place);
}

static void walk_panel(const wf_table_tree *tree, const wf_table_panel *panel, double weight) {
  walk w = {.table = tree,
            .panel = panel,
            .nodes = tree->plan->nodes + tree->tree->first,
            .sets = tree->plan->forest->sets,
            .next = tree->blocks,
            .levels = panel->scratch + WF_TABLE_PANEL,
            .weight = weight};
  memset(panel->scratch, 0, WF_TABLE_PANEL * sizeof *panel->scratch);
  visit(&w, w.nodes, panel->scratch, 0, 0);
}

static void count(const wf_table_tree *tree, const wf_table_panel *panel, double weight) {
  walk_panel(tree, panel, weight);
}

static void add(const wf_table_tree *tree, const wf_table_panel *panel) {
  walk_panel(tree, panel, 0);
}

/* ---- lines ---- */

/* What is integrated, a number an index of the block's lines each. */
typedef struct integrals {
  double *p, *q, *own;
} integrals;

typedef struct point_set { /* four points of the rule, those beyond the last of weight 0 */
  double t[POINTS], rest[POINTS], weight[POINTS];
} point_set;

static point_set take_points(const wf_shap_rule *rule, size_t first, size_t n_points) {
  point_set set;
  for (size_t k = 0; k < POINTS; k++) {
    bool is = first + k < n_points;
    set.t[k] = is ? rule->points[first + k] : 0.5;
    set.rest[k] = 1 - set.t[k];
    set.weight[k] = is ? rule->weights[first + k] : 0;
  }
  return set;
}

/* One pass over each bit but `skip`, of the sums of both ways. */
static void spread(double *restrict e, size_t n_bits, size_t skip, const point_set *points) {
  size_t n = (size_t)2 << n_bits;
  for (size_t b = 0; b < n_bits; b++) {
    if (b == skip) continue;
    size_t step = (size_t)1 << b;
    for (size_t i = 0; i < n; i += 2 * step) {
      for (size_t j = i; j < i + step; j++) {
        double *restrict without = e + j * POINTS, *restrict with = e + (j + step) * POINTS;
        for (size_t k = 0; k < POINTS; k++) {
          double c0 = without[k], c1 = with[k];
          without[k] = c1 * points->rest[k];
          with[k] = c0 * points->t[k] + c1;
        }
      }
    }
  }
}

static double total(const double v[POINTS]) { return (v[0] + v[1]) + (v[2] + v[3]); }

/* Adds four points of E and of the own feature's contribution to the integrals at `index`. */
static void integrate(const integrals *to, size_t index, const double e[POINTS],
                      const double own[POINTS], const point_set *points) {
  double p[POINTS], q[POINTS], o[POINTS];
  for (size_t k = 0; k < POINTS; k++) {
    double weighted = points->weight[k] * e[k];
    p[k] = weighted / points->rest[k];
    q[k] = weighted / points->t[k];
    o[k] = points->weight[k] * own[k];
  }
  to->p[index] += total(p);
  to->q[index] += total(q);
  to->own[index] += total(o);
}

/* The own feature's factor written out, for one pattern of the others. `gone`, `right` and `left`
 * are the sums of background rows that get to neither leaf because of it, or to that leaf. */
static void close_block(const integrals *to, const wf_shap_node *node, const double *gone,
                        const double *right, const double *left, size_t index, size_t other,
                        size_t none, size_t way, const point_set *points) {
  double high = node->flags & WF_SHAP_LEFT_LEAF ? node->left_value : 0;
  double low = node->flags & WF_SHAP_RIGHT_LEAF ? node->right_value : 0;
  double e[POINTS], own[POINTS];
  for (size_t k = 0; k < POINTS; k++) {
    double g = gone ? gone[k] : 0;
    e[k] = high * (points->t[k] * (g + right[k]) + left[k]) + low * points->rest[k] * right[k];
    own[k] = high * (g + right[k]) - low * right[k];
  }
  integrate(to, index, e, own, points);
  for (size_t k = 0; k < POINTS; k++) {
    double g = gone ? gone[k] : 0;
    e[k] = low * (points->t[k] * (g + left[k]) + right[k]) + high * points->rest[k] * left[k];
    own[k] = low * (g + left[k]) - high * left[k];
  }
  integrate(to, other, e, own, points);
  if (!gone) return;
  for (size_t k = 0; k < POINTS; k++) {
    own[k] = -(high * left[k] + low * right[k]);
    e[k] = -points->rest[k] * own[k];
  }
  integrate(to, none, e, own, points);
  to->p[none + way] = to->p[none];
  to->q[none + way] = to->q[none];
  to->own[none + way] = to->own[none];
}

static void close_all(const integrals *to, const wf_shap_node *node, const wf_table_block *block,
                      const double *e, const point_set *points) {
  size_t way = (size_t)1 << block->n_above, bit = (size_t)1 << block->place;
  bool repeated = block->place < block->n_above;
  for (size_t i = 0; i < way; i++) {
    if (repeated && !(i & bit)) continue;
    size_t none = repeated ? i ^ bit : 0;
    double gone[POINTS];
    for (size_t k = 0; repeated && k < POINTS; k++) {
      gone[k] = e[none * POINTS + k] + e[(none + way) * POINTS + k];
    }
    close_block(to, node, repeated ? gone : NULL, e + i * POINTS, e + (i + way) * POINTS, i + way,
                i, none, way, points);
  }
}

static void write_lines(const wf_table_block *block, const integrals *from, double *lines) {
  size_t n = (size_t)2 << block->n_above, width = block->width;
  memset(lines, 0, n * width * sizeof *lines);
  for (size_t f = 0; f < block->n_above; f++) {
    size_t bit = (size_t)1 << f;
    for (size_t i = 0; i < n; i++) {
      double *cell = lines + i * width + f;
      if (f == block->place) continue;
      *cell = i & bit ? from->q[i] - from->p[i ^ bit] - from->q[i ^ bit] : -from->p[i];
    }
  }
  for (size_t i = 0; i < n; i++) lines[i * width + block->place] = from->own[i];
}

static void build_block(const wf_table_tree *tree, const wf_table_block *block, double *scratch) {
  const wf_shap_node *node = tree->plan->nodes + tree->tree->first + block->node;
  const double *counts = tree->cells + block->counts;
  size_t n = (size_t)2 << block->n_above;
  bool repeated = block->place < block->n_above;
  size_t n_features = (size_t)block->n_above + !repeated, n_points = (n_features + 1) / 2;
  double *e = scratch;
  integrals sums = {e + n * POINTS, e + n * (POINTS + 1), e + n * (POINTS + 2)};
  memset(sums.p, 0, 3 * n * sizeof *e);
  for (size_t first = 0; first < n_points; first += POINTS) {
    point_set points = take_points(&tree->plan->rules[n_points], first, n_points);
    for (size_t i = 0; i < n; i++) {
      for (size_t k = 0; k < POINTS; k++) e[i * POINTS + k] = counts[i];
    }
    spread(e, block->n_above, block->place, &points);
    close_all(&sums, node, block, e, &points);
  }
  write_lines(block, &sums, tree->cells + tree->n_counts + block->lines);
}

static void build(const wf_table_tree *tree, double *scratch) {
  for (size_t i = 0; i < tree->n_blocks; i++) build_block(tree, &tree->blocks[i], scratch);
}

const wf_table_kernels TABLE_KERNELS = {.count = count, .build = build, .add = add};
