/* plan.c — from a forest to what the kernels walk.
 *
 * Covers: the share of a split's cover that goes left is h_l / (h_l + h_r). XGBoost divides by the
 * node's own sum, which is the same up to rounding in every model it writes; taking the children's
 * keeps shares a distribution for foreign models too. A split nothing was ever seen at gives both
 * sides half.
 *
 * The number of quadrature points of a tree is half the largest number of different features on one
 * of its paths, rounded up: that integrates the polynomials of that tree exactly. */
#include "shap/plan.h"

#include "base/alloc.h"

#include <math.h>

typedef struct last_split { /* of a feature, on the path being walked */
  uint32_t node;            /* plan node + 1; 0: none */
  uint16_t depth;
  double share; /* product of the shares taken on the path */
} last_split;

typedef struct builder {
  wf_shap_plan *plan;
  const wf_forest *forest;
  const wf_tree *tree;
  wf_shap_tree *out;
  const uint32_t *slots;  /* per forest node: which used feature it splits on */
  last_split *last;       /* per slot */
  size_t used, constants; /* so far, of the plan's arrays */
  size_t unique, most;    /* different features on this path, on any path of the tree */
} builder;

static double left_share(const wf_forest *forest, size_t left) {
  double l = (double)forest->covers[left], r = (double)forest->covers[left + 1];
  return l + r > 0 ? l / (l + r) : 0.5;
}

static wf_shap_node plain_node(const builder *b, size_t at) {
  const wf_node *nodes = wf_tree_nodes(b->forest, b->tree), *node = &nodes[at];
  const wf_node *left = &nodes[node->left], *right = left + 1;
  unsigned flags = 0;
  if (node->feature & WF_NODE_DEFAULT_LEFT) flags |= WF_SHAP_DEFAULT_LEFT;
  if (node->set) flags |= WF_SHAP_CATEGORICAL;
  if (left->left == 0) flags |= WF_SHAP_LEFT_LEAF;
  if (right->left == 0) flags |= WF_SHAP_RIGHT_LEAF;
  return (wf_shap_node){.condition = (double)node->value,
                        .share = left_share(b->forest, b->tree->first + node->left),
                        .left_value = (double)left->value,
                        .right_value = (double)right->value,
                        .slot = b->slots[b->tree->first + at],
                        .set = node->set ? node->set - 1 : 0,
                        .flags = (uint16_t)flags};
}

static bool has_two_pairs(const wf_shap_node *nodes, const wf_shap_node *node) {
  enum { PAIR = WF_SHAP_LEFT_LEAF | WF_SHAP_RIGHT_LEAF };
  if (node->flags & (PAIR | WF_SHAP_CATEGORICAL)) return false;
  return (node[1].flags & (PAIR | WF_SHAP_CATEGORICAL)) == PAIR &&
         (nodes[node->right].flags & (PAIR | WF_SHAP_CATEGORICAL)) == PAIR;
}

/* Lays out the subtree of the split `at` and returns its expected value. Recursion is bounded by
 * WF_FOREST_MAX_DEPTH. */
static double lay_out(builder *b, size_t at, uint16_t depth) {
  const wf_node *nodes = wf_tree_nodes(b->forest, b->tree);
  if (nodes[at].left == 0) return (double)nodes[at].value;
  wf_shap_node *tree_nodes = b->plan->nodes + b->out->first;
  uint32_t number = b->out->n_nodes++;
  wf_shap_node *node = &tree_nodes[number];
  *node = plain_node(b, at);
  last_split *last = &b->last[node->slot], before = *last;
  if (before.node) {
    node->flags |= WF_SHAP_REPEATED;
    node->previous = before.depth;
    tree_nodes[before.node - 1].flags |= WF_SHAP_AGAIN;
    node->constants = (uint32_t)b->constants++; /* numbered; placed when n_points is known */
  } else if (++b->unique > b->most) {
    b->most = b->unique;
  }
  if (depth + 1u > b->out->depth) b->out->depth = depth + 1u;
  double product = before.node ? before.share : 1;
  *last = (last_split){number + 1, depth, product * node->share};
  double left = lay_out(b, nodes[at].left, (uint16_t)(depth + 1));
  node->right = b->out->n_nodes;
  last->share = product * (1 - node->share);
  double right = lay_out(b, nodes[at].left + 1, (uint16_t)(depth + 1));
  *last = before;
  if (!before.node) b->unique--;
  if (has_two_pairs(tree_nodes, node)) node->flags |= WF_SHAP_TWO_PAIRS;
  return node->share * left + (1 - node->share) * right;
}

/* With the feature satisfied so far and product q before, q s after a split to the left: the factor
 * of its path changes from o = q(1-t) + t to q s (1-t) + t when the row goes left, else to
 * q s (1-t); and its contribution is scaled by q / o². */
static void place_constants(double *to, const wf_shap_rule *rule, size_t n_points, double product,
                            double share) {
  for (size_t k = 0; k < n_points; k++) {
    double t = rule->points[k], rest = product * (1 - t), whole = rest + t;
    to[k] = (rest * share + t) / whole;
    to[n_points + k] = rest * share / whole;
    to[2 * n_points + k] = product / (whole * whole);
  }
}

/* A second walk over the laid-out tree, now that its number of points is known. */
static void fill_constants(builder *b, uint32_t number, uint16_t depth) {
  wf_shap_node *tree_nodes = b->plan->nodes + b->out->first, *node = &tree_nodes[number];
  last_split *last = &b->last[node->slot], before = *last;
  size_t n_points = b->out->n_points;
  double product = before.node ? before.share : 1;
  if (before.node) {
    place_constants(b->plan->constants + b->out->constants + node->constants,
                    &b->plan->rules[n_points], n_points, product, node->share);
  }
  *last = (last_split){number + 1, depth, product * node->share};
  if (!(node->flags & WF_SHAP_LEFT_LEAF)) fill_constants(b, number + 1, (uint16_t)(depth + 1));
  last->share = product * (1 - node->share);
  if (!(node->flags & WF_SHAP_RIGHT_LEAF)) fill_constants(b, node->right, (uint16_t)(depth + 1));
  *last = before;
}

static wf_status measure_tree(builder *b, size_t number, wf_error *err) {
  wf_shap_plan *plan = b->plan;
  const wf_node *root = wf_tree_nodes(b->forest, b->tree);
  *b->out = (wf_shap_tree){.first = b->used, .group = b->tree->group};
  b->unique = b->most = b->constants = 0;
  b->out->expected = lay_out(b, 0, 0);
  b->out->single = root->left ? 0 : (double)root->value;
  size_t n_points = (b->most + 1) / 2;
  if (n_points > WF_SHAP_MAX_POINTS) {
    return wf_fail(err, WF_LIMIT,
                   "tree %zu: a path splits on %zu features; at most %d can be explained", number,
                   b->most, 2 * WF_SHAP_MAX_POINTS);
  }
  if (b->constants > UINT32_MAX / (3 * WF_SHAP_MAX_POINTS)) {
    return wf_fail(err, WF_LIMIT, "tree %zu is too large to explain", number);
  }
  b->out->n_points = (uint32_t)n_points;
  b->out->constants = plan->n_constants;
  for (uint32_t i = 0; i < b->out->n_nodes; i++) {
    plan->nodes[b->used + i].constants *= 3 * (uint32_t)n_points;
  }
  plan->n_constants += b->constants * 3 * n_points;
  b->used += b->out->n_nodes;
  size_t levels = n_points * (b->out->depth + 1);
  if (n_points > plan->max_points) plan->max_points = n_points;
  if (levels > plan->max_level_size) plan->max_level_size = levels;
  if (b->out->depth > plan->max_depth) plan->max_depth = b->out->depth;
  return WF_OK;
}

static double largest_leaf(const wf_forest *forest, const wf_tree *tree) {
  double largest = 0;
  for (uint32_t i = 0; i < tree->n_nodes; i++) {
    const wf_node *node = wf_tree_nodes(forest, tree) + i;
    if (node->left == 0) largest = fmax(largest, fabs((double)node->value));
  }
  return largest;
}

/* n float additions whose partial sums stay below S are off by at most n S 2^-24. */
static void sum_up(wf_shap_plan *plan) {
  const wf_forest *forest = plan->forest;
  for (size_t g = 0; g < forest->n_groups; g++) {
    plan->bases[g] = (double)forest->base_margins[g];
    plan->tolerances[g] = fabs(plan->bases[g]);
  }
  for (size_t t = 0; t < plan->n_trees; t++) {
    plan->bases[plan->trees[t].group] += plan->trees[t].expected;
    plan->tolerances[plan->trees[t].group] += largest_leaf(forest, &forest->trees[t]);
  }
  for (size_t g = 0; g < forest->n_groups; g++) {
    plan->tolerances[g] *= (double)(plan->n_trees + 2) * 0x1p-24;
  }
}

static wf_status allocate_tables(wf_shap_plan *plan, wf_error *err) {
  const wf_forest *forest = plan->forest;
  plan->n_trees = forest->n_trees;
  for (size_t i = 0; i < forest->n_nodes; i++) plan->n_nodes += forest->nodes[i].left != 0;
  plan->trees = wf_alloc_array(plan->n_trees, sizeof *plan->trees);
  plan->nodes = wf_alloc_array(plan->n_nodes, sizeof *plan->nodes);
  plan->bases = wf_alloc_array(forest->n_groups, sizeof *plan->bases);
  plan->tolerances = wf_alloc_array(forest->n_groups, sizeof *plan->tolerances);
  if (!plan->trees || !plan->nodes || !plan->bases || !plan->tolerances) return wf_fail_nomem(err);
  return WF_OK;
}

static wf_status place_all(builder *b, wf_error *err) {
  wf_shap_plan *plan = b->plan;
  plan->constants = wf_alloc_array(plan->n_constants, sizeof *plan->constants);
  plan->rules = wf_alloc_array(plan->max_points + 1, sizeof *plan->rules);
  if (!plan->constants || !plan->rules) return wf_fail_nomem(err);
  for (size_t n = 1; n <= plan->max_points; n++) wf_shap_rule_init(&plan->rules[n], n);
  for (size_t t = 0; t < plan->n_trees; t++) {
    b->out = &plan->trees[t];
    if (b->out->n_nodes) fill_constants(b, 0, 0);
  }
  return WF_OK;
}

static wf_status build(wf_shap_plan *plan, uint32_t *slots, wf_error *err) {
  const wf_forest *forest = plan->forest;
  for (size_t i = 0; i < forest->n_nodes; i++) {
    slots[i] = wf_forest_used_slot(forest, forest->nodes[i].feature & ~WF_NODE_DEFAULT_LEFT);
  }
  builder b = {.plan = plan, .forest = forest, .slots = slots};
  b.last = wf_alloc_zero(forest->n_used, sizeof *b.last);
  if (!b.last) return wf_fail_nomem(err);
  wf_status status = allocate_tables(plan, err);
  for (size_t t = 0; status == WF_OK && t < plan->n_trees; t++) {
    b.tree = &forest->trees[t];
    b.out = &plan->trees[t];
    status = measure_tree(&b, t, err);
  }
  if (status == WF_OK) status = place_all(&b, err);
  if (status == WF_OK) sum_up(plan);
  wf_free(b.last);
  return status;
}

static void free_plan(wf_attachment *attachment) {
  wf_shap_plan *plan = (wf_shap_plan *)attachment;
  wf_free(plan->trees);
  wf_free(plan->nodes);
  wf_free(plan->constants);
  wf_free(plan->rules);
  wf_free(plan->bases);
  wf_free(plan->tolerances);
  wf_free(plan);
}

wf_status wf_shap_plan_get(const wf_shap_plan **out, const wf_forest *forest, wf_error *err) {
  wf_attachment *known = wf_forest_attached(forest);
  if (!known) {
    wf_shap_plan *plan = wf_alloc_zero(1, sizeof *plan);
    uint32_t *slots = wf_alloc_array(forest->n_nodes, sizeof *slots);
    wf_status status = wf_fail_nomem(NULL);
    if (plan && slots) {
      plan->attachment.free = free_plan;
      plan->forest = forest;
      status = build(plan, slots, err);
    } else {
      wf_fail_nomem(err);
    }
    wf_free(slots);
    if (status != WF_OK) {
      if (plan) free_plan(&plan->attachment);
      return status;
    }
    known = wf_forest_attach(forest, &plan->attachment);
  }
  *out = (const wf_shap_plan *)known;
  return WF_OK;
}

double wf_shap_leaf(const wf_shap_plan *plan, const wf_shap_tree *tree, const float *x,
                    size_t stride) {
  if (tree->n_nodes == 0) return tree->single;
  const wf_shap_node *nodes = plan->nodes + tree->first, *node = nodes;
  for (;;) {
    bool left = wf_shap_goes_left(plan, node, x[node->slot * stride]);
    if (node->flags & (left ? WF_SHAP_LEFT_LEAF : WF_SHAP_RIGHT_LEAF))
      return left ? node->left_value : node->right_value;
    node = left ? node + 1 : nodes + node->right;
  }
}
