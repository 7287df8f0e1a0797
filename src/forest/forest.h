/* forest/forest.h — how a forest looks in memory; for this folder and for explanations.
 *
 * All trees' nodes lie in one array; a tree's nodes keep the numbers they have in the document, so
 * that leaf numbers are XGBoost's, and a right child always follows its left sibling. What the
 * loader has accepted holds everywhere: children inside the tree, no cycle, depth at most
 * WF_FOREST_MAX_DEPTH, features below n_features, groups below n_groups, finite numbers. */
#ifndef WF_FOREST_FOREST_H
#define WF_FOREST_FOREST_H

#include "wf/forest.h"

#include "forest/objective.h"

#include <stdatomic.h>

enum {
  WF_FOREST_MAX_DEPTH = 1024,
  WF_FOREST_MAX_GROUPS = 65536,
  WF_FOREST_MAX_CATEGORY = 1 << 24 /* categories are floats and must be exact */
};

#define WF_NODE_DEFAULT_LEFT 0x80000000u

typedef struct wf_node {
  float value;      /* split condition, or a leaf's weight (times its tree's, for dart) */
  uint32_t feature; /* WF_NODE_DEFAULT_LEFT set when a missing value goes left */
  uint32_t left;    /* left child, right is left + 1; 0 in a leaf */
  uint32_t set;     /* 0: numeric split; else 1 + index of the categories that go right */
} wf_node;

/* Categories as a bit field, or as a sorted list where that would be mostly zeros. */
typedef struct wf_category_set {
  const uint32_t *words;
  uint32_t n_words;
  bool listed;
} wf_category_set;

typedef struct wf_tree {
  size_t first; /* of its nodes in wf_forest.nodes */
  uint32_t n_nodes, n_leaves, group;
  uint16_t depth;
  bool categorical;
} wf_tree;

typedef struct wf_layout wf_layout;

/* What an upper floor derives from a forest and keeps with it. */
typedef struct wf_attachment {
  void (*free)(struct wf_attachment *attachment);
} wf_attachment;

struct wf_forest {
  atomic_size_t references;
  size_t n_features, n_groups, n_trees, n_rounds, n_nodes, n_sets;
  const wf_objective *objective;
  float *base_margins; /* per group */
  char **names;        /* per feature, or NULL */
  wf_tree *trees;
  wf_node *nodes;
  float *covers, *gains; /* per node: sum of hessians, loss change */
  size_t *round_trees;   /* n_rounds + 1 tree numbers */
  wf_category_set *sets;
  uint32_t *set_words;
  float *weights; /* gblinear: (n_features + 1) x n_groups, the biases last; else NULL */
  int64_t best_round;
  uint32_t *used, *used_counts; /* features that trees split on, ascending; and how often */
  size_t n_used;
  wf_layout *layout; /* the same trees as the fast kernels want them */

  _Atomic(wf_attachment *) attachment;
};

static inline const wf_node *wf_tree_nodes(const wf_forest *forest, const wf_tree *tree) {
  return forest->nodes + tree->first;
}

/* The category a feature value stands for is in the set. Out-of-range values are in none. */
bool wf_category_set_has(const wf_category_set *set, float value);

/* Where a row that has `value` for node's feature goes. */
static inline bool wf_node_goes_left(const wf_forest *forest, const wf_node *node, float value) {
  if (value != value) return (node->feature & WF_NODE_DEFAULT_LEFT) != 0;
  if (node->set) return !wf_category_set_has(&forest->sets[node->set - 1], value);
  return value < node->value;
}

/* Where a feature that trees split on stands in `used`. */
uint32_t wf_forest_used_slot(const wf_forest *forest, uint32_t feature);

/* The attachment, or NULL. */
wf_attachment *wf_forest_attached(const wf_forest *forest);
/* Keeps `attachment` until the forest goes, and returns it; when another thread was faster, frees
 * it and returns the other one. Does not change what the forest means, hence const. */
wf_attachment *wf_forest_attach(const wf_forest *forest, wf_attachment *attachment);

#endif
