/* collapse.c — what a coalition can still change about a tree.
 *
 * A split either sends row and background row the same way, and then does not matter whatever the
 * coalition, or apart: then a coalition takes the row's side when the split's player is in it and
 * the background row's otherwise. Below, that player is decided. What remains is small: as many
 * splits as the two rows part at on the paths they open. It is written down once, from the leaves
 * up, and carried out for many coalitions. */
#include "shap/collapse.h"

enum { FREE = 0, FROM_ROW = 1, FROM_BACKGROUND = 2 };

typedef struct walk {
  wf_collapse *c;
  const wf_node *nodes; /* of the tree in hand */
  size_t first;         /* its first node's number */
} walk;

static size_t player_of(const wf_collapse *c, const wf_node *node) {
  size_t feature = node->feature & ~WF_NODE_DEFAULT_LEFT;
  return c->players ? c->players[feature] : feature;
}

static bool bit_at(const uint64_t *bits, size_t i) { return bits[i / 64] >> (i % 64) & 1; }

/* Follows the tree from `at` while the coalition does not matter: to a leaf, or to a split that
 * sends row and background row apart by a player the path has not decided yet. */
static size_t settle(const walk *w, size_t at) {
  const wf_collapse *c = w->c;
  while (w->nodes[at].left) {
    bool x = bit_at(c->row_lefts, w->first + at), z = bit_at(c->apart_lefts, w->first + at);
    if (x != z) {
      uint8_t side = c->sides[player_of(c, &w->nodes[at])];
      if (side == FREE) return at;
      if (side == FROM_BACKGROUND) x = z;
    }
    at = w->nodes[at].left + !x;
  }
  return at;
}

static wf_lane_op *push(wf_collapse *c, wf_lane_action action, uint32_t level, uint32_t slot) {
  wf_lane_op *op = &c->ops[c->n_ops++];
  *op = (wf_lane_op){.action = action, .level = level, .slot = slot};
  return op;
}

/* Writes what leaves the values below a split where coalitions part in `level`. `root` is not NULL
 * at a tree's first split: of two leaves there an operation that adds them at once is written, and
 * *root set. */
static void write_split(const walk *w, size_t at, uint32_t level, bool *root) {
  wf_collapse *c = w->c;
  const wf_node *nodes = w->nodes;
  size_t player = player_of(c, &nodes[at]), right = nodes[at].left + 1;
  bool left = bit_at(c->row_lefts, w->first + at);
  c->sides[player] = FROM_ROW;
  size_t in = settle(w, right - left);
  bool in_leaf = nodes[in].left == 0;
  if (!in_leaf) write_split(w, in, level, NULL);
  c->sides[player] = FROM_BACKGROUND;
  size_t other = settle(w, right - !left);
  bool other_leaf = nodes[other].left == 0;
  if (!other_leaf) write_split(w, other, in_leaf ? level : level + 1, NULL);
  c->sides[player] = FREE;
  wf_lane_action action = in_leaf && other_leaf ? (root ? WF_LANE_ADD_BOTH : WF_LANE_CHOOSE_BOTH)
                          : in_leaf             ? WF_LANE_CHOOSE_IN
                          : other_leaf          ? WF_LANE_CHOOSE_OTHER
                                                : WF_LANE_CHOOSE;
  if (root) *root = action == WF_LANE_ADD_BOTH;
  wf_lane_op *op = push(c, action, level, c->slots[player]);
  op->in = nodes[in].value;
  op->other = nodes[other].value;
}

static void write_tree(walk *w, const wf_tree *tree) {
  bool added = false;
  w->nodes = w->c->forest->nodes + tree->first;
  w->first = tree->first;
  size_t at = settle(w, 0);
  if (w->nodes[at].left == 0) {
    push(w->c, WF_LANE_ADD_IN, tree->group, 0)->in = w->nodes[at].value;
    return;
  }
  write_split(w, at, 0, &added);
  if (added) {
    w->c->ops[w->c->n_ops - 1].level = tree->group;
  } else {
    push(w->c, WF_LANE_ADD, tree->group, 0);
  }
}

size_t wf_collapse_most(const wf_forest *forest) {
  size_t n = 0;
  for (size_t t = 0; t < forest->n_trees; t++) n += forest->trees[t].n_leaves + (size_t)1;
  return n;
}

void wf_collapse_run(wf_collapse *collapse) {
  walk w = {.c = collapse};
  collapse->n_ops = 0;
  for (size_t t = 0; t < collapse->forest->n_trees; t++) {
    write_tree(&w, &collapse->forest->trees[t]);
  }
}

void wf_lane_ops_run(const wf_lane_kernels *kernels, const wf_lane_op *ops, size_t n_ops,
                     const int32_t *masks, size_t stride, float *levels, float *margins) {
  for (size_t i = 0; i < n_ops; i++) {
    const wf_lane_op *op = &ops[i];
    const int32_t *mask = masks + op->slot * stride;
    float *level = levels + op->level * (size_t)WF_LANES,
          *group = margins + op->level * (size_t)WF_LANES;
    switch (op->action) {
    case WF_LANE_CHOOSE: kernels->choose(mask, level, level + WF_LANES); break;
    case WF_LANE_CHOOSE_IN: kernels->choose_in(mask, level, op->in); break;
    case WF_LANE_CHOOSE_OTHER: kernels->choose_other(mask, level, op->other); break;
    case WF_LANE_CHOOSE_BOTH: kernels->choose_both(mask, level, op->in, op->other); break;
    case WF_LANE_ADD: kernels->add(group, levels); break;
    case WF_LANE_ADD_IN: kernels->add_in(group, op->in); break;
    case WF_LANE_ADD_BOTH: kernels->add_both(mask, group, op->in, op->other); break;
    }
  }
}
