/* shap/kernel_body.h — the kernels themselves, once per instruction set: a .c file defines
 * VECTOR_BYTES, KERNEL_NAME and KERNEL_PAIRS, 1 for interactions as well, and includes this.
 *
 * For a leaf of value v and the different features j of its path, with q_j the share of the cover
 * that follows the path at j's splits and s_j whether the row does, the Shapley value of i is
 *     phi_i = v * integral over t in [0, 1] of (s_i - q_i) * product of (q_j (1-t) + s_j t), j != i
 * (Wettenstein et al., "Quadrature-TreeSHAP", 2026; the integral over coalition sizes is Owen's).
 * The integrand is a polynomial, so that n_points Gauss-Legendre points integrate it exactly. One
 * walk over the tree does all its leaves: down go weights c_k, the product of the factors above a
 * node; up come values H_k, the sum over leaves below of v times the factors below. At a split,
 *     a_k = q (1-t_k) + (goes left ? t_k : 0),   c_left = c a,   c_right = c - c_left,
 *     H = H_right + a (H_left - H_right),
 *     phi += ((goes left) - q) * sum of c_k (H_left - H_right)_k.
 * A feature seen before, with product q' and satisfied mask s, has the factor o = q'(1-t) + t
 * already, so a_k is what o turns into divided by o (s = 1) or just q (s = 0), and its contribution
 * is [s] (...) * sum of c_k (...)_k q' / o_k²; plan.c has these quotients ready. Nothing divides
 * here, and no branch depends on the data.
 *
 * Rows are lanes; ROWS vectors of them go through a node together, which hides latencies and
 * branches. The vectors are exactly as wide as registers: gcc makes wider ones four times slower.
 *
 * Interactions: with G_g,k = (s_g - q_g) / (q_g (1-t_k) + t_k) for each other feature g of the path
 * down to a split, that split adds
 *     ((goes left) - q) * sum of c_k (H_left - H_right)_k G_g,k   (scaled as above when seen
 * before) to the pair of its feature and g: the leaves' sums of G_f G_g times their products, told
 * apart by the split at which they change. G is one number a point where g is satisfied, and
 * -1/(1-t_k) where it is not, whichever feature: so the second sum is taken once for the whole
 * path.
 */
#include "shap/kernel.h"

#define LANES (VECTOR_BYTES / 8)
typedef double vec __attribute__((vector_size(VECTOR_BYTES)));
typedef int64_t mask __attribute__((vector_size(VECTOR_BYTES)));
#define INLINE static inline __attribute__((always_inline))

enum { PAIRS = KERNEL_PAIRS, MAX_ROWS = 8 };

/* The features of the path to the node in hand, each as the last split on it left it. */
typedef struct trail_step {
  uint32_t slot;
  double share;          /* product of the shares of cover taken */
  const mask *satisfied; /* by the rows in hand */
  const vec *gains;      /* G of rows that satisfy it, a point each */
} trail_step;

typedef struct trail {
  size_t n;
  trail_step steps[2 * WF_SHAP_MAX_POINTS];
} trail;

typedef struct walk {
  const wf_shap_tree *tree;
  const wf_shap_node *nodes;
  const double *constants;
  const double *points;
  const wf_category_set *sets;
  const double *x; /* of the rows in hand */
  double *phi;
  size_t stride;
  vec *levels; /* scratch: per depth the masks, then c and H of points x rows */
  double *pairs;
  trail *trail; /* of PAIRS */
} walk;

typedef void visit_fn(const walk *w, const wf_shap_node *node, size_t depth, const vec *c, vec *h);

INLINE vec broadcast(double v) {
#if VECTOR_BYTES == 32
  return (vec){v, v, v, v};
#else
  return (vec){v, v};
#endif
}
INLINE vec select(mask m, vec value) { return (vec)(m & (mask)value); }

/* Per level: goes-left masks, satisfied masks, weights for a child, values of the left child, and
 * the gains of PAIRS; of each row vector its points lie together. */
INLINE size_t level_size(size_t n_points, size_t rows) {
  return 2 * rows + 2 * n_points * rows + (PAIRS ? n_points : 0);
}

static __attribute__((noinline)) void categorical_masks(const walk *w, const wf_shap_node *node,
                                                        mask *m, size_t rows) {
  const double *x = w->x + node->slot * w->stride;
  for (size_t j = 0; j < rows; j++) {
    for (size_t lane = 0; lane < LANES; lane++) {
      double value = x[j * LANES + lane];
      bool left = value == value ? !wf_category_set_has(&w->sets[node->set], (float)value)
                                 : (node->flags & WF_SHAP_DEFAULT_LEFT) != 0;
      m[j][lane] = left ? -1 : 0;
    }
  }
}

INLINE mask goes_left(const wf_shap_node *node, vec x) {
  vec condition = broadcast(node->condition);
  return node->flags & WF_SHAP_DEFAULT_LEFT ? ~(x >= condition) : x < condition;
}

INLINE void numeric_masks(const walk *w, const wf_shap_node *node, mask *restrict m, size_t rows) {
  const vec *restrict x = (const vec *)(w->x + node->slot * w->stride);
  vec condition = broadcast(node->condition);
  if (node->flags & WF_SHAP_DEFAULT_LEFT) {
    for (size_t j = 0; j < rows; j++) m[j] = ~(x[j] >= condition); /* NaN compares false */
  } else {
    for (size_t j = 0; j < rows; j++) m[j] = x[j] < condition;
  }
}

/* A number per quadrature point that depends on where the row goes, held in registers while its
 * rows pass: offset + (left ? step : 0), or for a feature seen before, all in bits, what offset and
 * change make of left and right, and `otherwise` when the feature is not satisfied. */
typedef struct choice {
  vec offset[WF_SHAP_MAX_POINTS], step[WF_SHAP_MAX_POINTS], otherwise;
} choice;

/* The factors a_k, or low + a_k * between: a leaf pair's values. */
INLINE void load_choice(choice *a, const walk *w, const wf_shap_node *node, size_t n_points,
                        bool repeated, double low, double between) {
  const double *with = w->constants + node->constants;
  a->otherwise = broadcast(low + node->share * between);
  for (size_t k = 0; k < n_points; k++) {
    if (repeated) {
      a->offset[k] = broadcast(low + with[n_points + k] * between);
      a->step[k] = (vec)((mask)a->offset[k] ^ (mask)broadcast(low + with[k] * between));
    } else {
      double t = w->points[k];
      a->offset[k] = broadcast(low + node->share * (1 - t) * between);
      a->step[k] = broadcast(t * between);
    }
  }
}

INLINE vec chosen(const choice *a, size_t k, mask m, mask satisfied, bool repeated) {
  if (!repeated) return a->offset[k] + select(m, a->step[k]);
  mask side = (mask)a->offset[k] ^ (m & (mask)a->step[k]), other = (mask)a->otherwise;
  return (vec)(other ^ (satisfied & (side ^ other)));
}

/* Adds what a split gives to the pairs of its feature: `u` are its c_k (H_left - H_right)_k, and
 * `gain` what they are multiplied with. */
INLINE void add_pairs(const walk *w, const wf_shap_node *node, const vec *restrict u,
                      const vec *restrict gain, size_t n_points, size_t rows) {
  vec without[MAX_ROWS];
  for (size_t j = 0; j < rows; j++) {
    vec sum = {0};
    for (size_t k = 0; k < n_points; k++) {
      sum = sum + u[j * n_points + k] * broadcast(1 / (1 - w->points[k]));
    }
    without[j] = -sum;
  }
  for (size_t i = 0; i < w->trail->n; i++) {
    const trail_step *step = &w->trail->steps[i];
    if (step->slot == node->slot) continue;
    const mask *restrict satisfied = step->satisfied;
    const vec *restrict gains = step->gains;
    vec *restrict to = (vec *)(w->pairs + wf_shap_pair(step->slot, node->slot) * w->stride);
    for (size_t j = 0; j < rows; j++) {
      vec sum = {0};
      for (size_t k = 0; k < n_points; k++) sum = sum + u[j * n_points + k] * gains[k];
      mask other = (mask)without[j];
      to[j] = to[j] + gain[j] * (vec)(other ^ (satisfied[j] & ((mask)sum ^ other)));
    }
  }
}

/* The place of the split's feature on the trail: where it stands already, or the next one. */
INLINE trail_step *place_on(trail *path, uint32_t slot, bool repeated) {
  trail_step *step = path->steps;
  if (!repeated) return step + path->n;
  while (step->slot != slot) step++;
  return step;
}

INLINE void put_gains(vec *gains, const walk *w, double share, size_t n_points) {
  for (size_t k = 0; k < n_points; k++) {
    double t = w->points[k];
    gains[k] = broadcast((1 - share) / (share * (1 - t) + t));
  }
}

/* Both children are leaves, as below half of all splits: their difference is one number, and no
 * weights go down. */
INLINE void split_leaves(const walk *w, const wf_shap_node *node, const mask *restrict m,
                         const mask *restrict satisfied, const vec *restrict c, vec *restrict h,
                         vec *restrict u, size_t n_points, size_t rows, bool repeated) {
  double between = node->left_value - node->right_value;
  choice value;
  load_choice(&value, w, node, n_points, repeated, node->right_value, between);
  vec *restrict phi = (vec *)(w->phi + node->slot * w->stride);
  vec whole = broadcast(between), part = broadcast(node->share * between);
  const double *scale = w->constants + node->constants + 2 * n_points;
  vec gains[MAX_ROWS];
  for (size_t j = 0; j < rows; j++) {
    vec sum = {0};
    for (size_t k = 0; k < n_points; k++) {
      size_t i = j * n_points + k;
      vec weight = repeated ? c[i] * broadcast(scale[k]) : c[i];
      sum = sum + weight;
      h[i] = chosen(&value, k, m[j], satisfied[j], repeated);
      if (PAIRS) u[i] = weight;
    }
    vec gain = select(m[j], whole) - part;
    if (repeated) gain = select(satisfied[j], gain);
    phi[j] = phi[j] + gain * sum;
    if (PAIRS) gains[j] = gain;
  }
  if (PAIRS) add_pairs(w, node, u, gains, n_points, rows);
}

/* A split whose children are leaf pairs, the lowest three splits of a full tree, in one go: neither
 * weights nor values pass through memory. For splits on features not seen before. */
INLINE void split_pairs(const walk *w, const wf_shap_node *node, const vec *restrict c,
                        vec *restrict h, size_t n_points, size_t rows) {
  const wf_shap_node *kids[2] = {node + 1, w->nodes + node->right};
  const wf_shap_node *all[3] = {node, kids[0], kids[1]};
  vec whole[3], part[3];
  const vec *x[3];
  vec *phi[3];
  choice a[3];
  for (int s = 0; s < 3; s++) {
    const wf_shap_node *n = all[s];
    double low = s ? n->right_value : 0, between = s ? n->left_value - low : 1;
    load_choice(&a[s], w, n, n_points, false, low, between);
    whole[s] = broadcast(between), part[s] = broadcast(n->share * between);
    x[s] = (const vec *)(w->x + n->slot * w->stride);
    phi[s] = (vec *)(w->phi + n->slot * w->stride);
  }
  for (size_t j = 0; j < rows; j++) {
    mask m[3];
    for (int s = 0; s < 3; s++) m[s] = goes_left(all[s], x[s][j]);
    vec sums[3] = {{0}, {0}, {0}};
    for (size_t k = 0; k < n_points; k++) {
      size_t i = j * n_points + k;
      vec factor = chosen(&a[0], k, m[0], m[0], false), left = c[i] * factor;
      vec high = chosen(&a[1], k, m[1], m[1], false);
      vec low = chosen(&a[2], k, m[2], m[2], false), between = high - low;
      sums[0] = sums[0] + c[i] * between;
      sums[1] = sums[1] + left;
      sums[2] = sums[2] + (c[i] - left);
      h[i] = low + factor * between;
    }
    for (int s = 0; s < 3; s++) {
      phi[s][j] = phi[s][j] + (select(m[s], whole[s]) - part[s]) * sums[s];
    }
  }
}

/* What comes up from below a split: its values, and what they give to its feature. `left` and h
 * hold the children's values, unless they are leaves; `u` is room for PAIRS. */
INLINE void join(const walk *w, const wf_shap_node *node, const mask *restrict m,
                 const mask *restrict satisfied, const choice *a, const vec *restrict c,
                 vec *restrict h, const vec *restrict left, vec *restrict u, size_t n_points,
                 size_t rows, bool repeated, bool left_leaf, bool right_leaf) {
  vec *restrict phi = (vec *)(w->phi + node->slot * w->stride);
  vec one = broadcast(1), share = broadcast(node->share), high_leaf = broadcast(node->left_value),
      low_leaf = broadcast(node->right_value);
  const double *scale = w->constants + node->constants + 2 * n_points;
  vec side[MAX_ROWS];
  for (size_t j = 0; j < rows; j++) {
    vec sum = {0};
    for (size_t k = 0; k < n_points; k++) {
      size_t i = j * n_points + k;
      vec low = right_leaf ? low_leaf : h[i];
      vec difference = (left_leaf ? high_leaf : left[i]) - low;
      vec weight = repeated ? c[i] * broadcast(scale[k]) : c[i];
      vec weighted = weight * difference;
      sum = sum + weighted;
      h[i] = low + chosen(a, k, m[j], satisfied[j], repeated) * difference;
      if (PAIRS) u[i] = weighted;
    }
    vec gain = select(m[j], one) - share;
    if (repeated) gain = select(satisfied[j], gain);
    phi[j] = phi[j] + gain * sum;
    if (PAIRS) side[j] = gain;
  }
  if (PAIRS) add_pairs(w, node, u, side, n_points, rows);
}

/* One split. The flags are compile-time constants here, and so are n_points and rows in all but the
 * kernel for very deep trees. */
INLINE void split(const walk *w, const wf_shap_node *node, size_t depth, const vec *restrict c,
                  vec *restrict h, size_t n_points, size_t rows, visit_fn *visit, bool repeated,
                  bool left_leaf, bool right_leaf) {
  size_t size = level_size(n_points, rows);
  vec *level = w->levels + depth * size;
  mask *restrict m = (mask *)level, *restrict now = (mask *)(level + rows);
  vec *restrict below = level + 2 * rows, *restrict left = below + n_points * rows;
  const mask *restrict satisfied = m;
  if (repeated) satisfied = (const mask *)(w->levels + node->previous * size + rows);
  bool again = PAIRS || (node->flags & WF_SHAP_AGAIN) != 0;
  if (node->flags & WF_SHAP_CATEGORICAL) {
    categorical_masks(w, node, m, rows);
  } else {
    numeric_masks(w, node, m, rows);
  }
  if (left_leaf && right_leaf) {
    split_leaves(w, node, m, satisfied, c, h, below, n_points, rows, repeated);
    return;
  }
  vec *restrict gains = left + n_points * rows;
  trail_step *step = NULL, before = {0};
  if (PAIRS) {
    step = place_on(w->trail, node->slot, repeated);
    before = *step;
    w->trail->n += !repeated;
    *step = (trail_step){.slot = node->slot, .satisfied = now, .gains = gains};
  }
  double product = repeated ? before.share : 1;
  choice a;
  load_choice(&a, w, node, n_points, repeated, 0, 1);
  if (!left_leaf) {
    for (size_t j = 0; again && j < rows; j++) now[j] = repeated ? m[j] & satisfied[j] : m[j];
    if (PAIRS) put_gains(gains, w, step->share = product * node->share, n_points);
    for (size_t j = 0; j < rows; j++) {
      for (size_t k = 0; k < n_points; k++) {
        size_t i = j * n_points + k;
        below[i] = c[i] * chosen(&a, k, m[j], satisfied[j], repeated);
      }
    }
    visit(w, node + 1, depth + 1, below, left);
  }
  if (!right_leaf) {
    for (size_t j = 0; again && j < rows; j++) now[j] = repeated ? ~m[j] & satisfied[j] : ~m[j];
    if (PAIRS) put_gains(gains, w, step->share = product * (1 - node->share), n_points);
    for (size_t j = 0; j < rows; j++) {
      for (size_t k = 0; k < n_points; k++) {
        size_t i = j * n_points + k;
        vec down = left_leaf ? c[i] * chosen(&a, k, m[j], satisfied[j], repeated) : below[i];
        below[i] = c[i] - down;
      }
    }
    visit(w, w->nodes + node->right, depth + 1, below, h);
  }
  if (PAIRS) *step = before, w->trail->n -= !repeated;
  join(w, node, m, satisfied, &a, c, h, left, below, n_points, rows, repeated, left_leaf,
       right_leaf);
}

INLINE void visit_node(const walk *w, const wf_shap_node *node, size_t depth, const vec *c, vec *h,
                       size_t n_points, size_t rows, visit_fn *visit) {
  switch (node->flags & (WF_SHAP_LEFT_LEAF | WF_SHAP_RIGHT_LEAF | WF_SHAP_REPEATED)) {
  case 0:
    if (!PAIRS && (node->flags & WF_SHAP_TWO_PAIRS) &&
        !((node[1].flags | w->nodes[node->right].flags) & WF_SHAP_REPEATED)) {
      split_pairs(w, node, c, h, n_points, rows);
      return;
    }
    split(w, node, depth, c, h, n_points, rows, visit, false, false, false);
    return;
  case WF_SHAP_LEFT_LEAF:
    split(w, node, depth, c, h, n_points, rows, visit, false, true, false);
    return;
  case WF_SHAP_RIGHT_LEAF:
    split(w, node, depth, c, h, n_points, rows, visit, false, false, true);
    return;
  case WF_SHAP_LEFT_LEAF | WF_SHAP_RIGHT_LEAF:
    split(w, node, depth, c, h, n_points, rows, visit, false, true, true);
    return;
  case WF_SHAP_REPEATED:
    split(w, node, depth, c, h, n_points, rows, visit, true, false, false);
    return;
  case WF_SHAP_REPEATED | WF_SHAP_LEFT_LEAF:
    split(w, node, depth, c, h, n_points, rows, visit, true, true, false);
    return;
  case WF_SHAP_REPEATED | WF_SHAP_RIGHT_LEAF:
    split(w, node, depth, c, h, n_points, rows, visit, true, false, true);
    return;
  default: split(w, node, depth, c, h, n_points, rows, visit, true, true, true); return;
  }
}

#define DEFINE_VISIT(points, rows)                                                           \
  static void visit_##points##_##rows(const walk *w, const wf_shap_node *node, size_t depth, \
                                      const vec *c, vec *h) {                                \
    visit_node(w, node, depth, c, h, points, rows, visit_##points##_##rows);                 \
  }

/* Wide blocks of vectors for full chunks, few for what is left; trees with more points than
 * the unrolled kernels have take the last one. */
DEFINE_VISIT(1, 8)
DEFINE_VISIT(1, 1)
DEFINE_VISIT(2, 8)
DEFINE_VISIT(2, 1)
DEFINE_VISIT(3, 8)
DEFINE_VISIT(3, 1)
DEFINE_VISIT(4, 8)
DEFINE_VISIT(4, 1)
DEFINE_VISIT(5, 4)
DEFINE_VISIT(5, 1)
DEFINE_VISIT(6, 4)
DEFINE_VISIT(6, 1)

static void visit_any(const walk *w, const wf_shap_node *node, size_t depth, const vec *c, vec *h) {
  visit_node(w, node, depth, c, h, w->tree->n_points, 1, visit_any);
}

typedef struct variant {
  visit_fn *wide, *narrow;
  size_t wide_rows;
} variant;

static variant choose(uint32_t n_points) {
  switch (n_points) {
  case 1: return (variant){visit_1_8, visit_1_1, 8};
  case 2: return (variant){visit_2_8, visit_2_1, 8};
  case 3: return (variant){visit_3_8, visit_3_1, 8};
  case 4: return (variant){visit_4_8, visit_4_1, 8};
  case 5: return (variant){visit_5_4, visit_5_1, 4};
  case 6: return (variant){visit_6_4, visit_6_1, 4};
  default: return (variant){visit_any, visit_any, 1};
  }
}

/* Walks one tree with `rows` vectors of rows. The root's weights and values are the first level. */
static void walk_tree(walk *w, const wf_shap_rule *rule, visit_fn *visit, size_t rows) {
  size_t n_points = w->tree->n_points;
  vec *scratch = w->levels, *c = scratch, *h = c + n_points * rows;
  w->levels = h + n_points * rows;
  for (size_t k = 0; k < n_points; k++) {
    for (size_t j = 0; j < rows; j++) c[j * n_points + k] = broadcast(rule->weights[k]);
  }
  visit(w, w->nodes, 0, c, h);
  w->levels = scratch;
}

void KERNEL_NAME(const wf_shap_plan *plan, uint32_t group, const wf_shap_block *block) {
  trail path = {.n = 0};
  for (size_t t = 0; t < plan->n_trees; t++) {
    const wf_shap_tree *tree = &plan->trees[t];
    if (tree->group != group || tree->n_nodes == 0) continue;
    const wf_shap_rule *rule = &plan->rules[tree->n_points];
    variant kind = choose(tree->n_points);
    walk w = {.tree = tree,
              .nodes = plan->nodes + tree->first,
              .constants = plan->constants + tree->constants,
              .points = rule->points,
              .sets = plan->forest->sets,
              .stride = block->stride,
              .levels = (vec *)block->scratch,
              .trail = &path};
    size_t row = 0;
    while (row < block->n_rows) {
      bool wide = block->n_rows - row >= kind.wide_rows * LANES;
      w.x = block->x + row;
      w.phi = block->phi + row;
      if (PAIRS) w.pairs = block->pairs + row;
      walk_tree(&w, rule, wide ? kind.wide : kind.narrow, wide ? kind.wide_rows : 1);
      row += (wide ? kind.wide_rows : 1) * LANES;
    }
  }
}
