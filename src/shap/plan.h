/* shap/plan.h — a forest prepared for explanation: its trees in walking order with the constants of
 * the quadrature, and how much scratch memory a walk needs. Built once per forest and kept with it;
 * immutable. */
#ifndef WF_SHAP_PLAN_H
#define WF_SHAP_PLAN_H

#include "forest/forest.h"

enum {
  WF_SHAP_MAX_POINTS = 32 /* exact for up to 64 different features on one path */
};

enum {
  WF_SHAP_DEFAULT_LEFT = 1,
  WF_SHAP_CATEGORICAL = 2,
  WF_SHAP_LEFT_LEAF = 4,
  WF_SHAP_RIGHT_LEAF = 8,
  WF_SHAP_REPEATED = 16, /* an ancestor splits on the same feature */
  WF_SHAP_AGAIN = 32,    /* a descendant does */
  WF_SHAP_TWO_PAIRS = 64 /* both children split into two leaves, and nothing is categorical */
};

typedef struct wf_shap_node { /* of splits only; the left child, unless a leaf, is the next node */
  double condition;
  double share;                   /* of the cover that goes left */
  double left_value, right_value; /* of children that are leaves */
  uint32_t slot;                  /* which of the forest's used features */
  uint32_t right;                 /* node number in the tree of a right child that is no leaf */
  uint32_t constants;             /* REPEATED: where its 3 x n_points constants begin */
  uint32_t set;
  uint16_t flags;
  uint16_t previous; /* REPEATED: depth of the nearest such ancestor */
} wf_shap_node;

typedef struct wf_shap_tree {
  size_t first, constants; /* of its nodes and constants in the plan's arrays */
  uint32_t n_nodes, n_points, depth, group;
  double expected, single; /* mean over the cover; the value of a tree without splits */
} wf_shap_tree;

typedef struct wf_shap_rule { /* Gauss-Legendre on [0, 1] */
  double points[WF_SHAP_MAX_POINTS], weights[WF_SHAP_MAX_POINTS];
} wf_shap_rule;

typedef struct wf_shap_plan {
  wf_attachment attachment;
  const wf_forest *forest; /* which outlives the plan */
  size_t n_trees, n_nodes, n_constants;
  wf_shap_tree *trees;
  wf_shap_node *nodes;
  double *constants;
  wf_shap_rule *rules;   /* by number of points; [0] is unused */
  size_t max_points;     /* of any tree */
  size_t max_level_size; /* points x (depth + 1) of the tree where that is largest */
  size_t max_depth;
  double *bases;      /* per group: expected margin */
  double *tolerances; /* per group: how far float32 sums may be from exact ones */
} wf_shap_plan;

/* The forest's plan, made on first use. WF_LIMIT when a path has too many different features. */
wf_status wf_shap_plan_get(const wf_shap_plan **out, const wf_forest *forest, wf_error *err);

static inline bool wf_shap_goes_left(const wf_shap_plan *plan, const wf_shap_node *node, float x) {
  if (x != x) return (node->flags & WF_SHAP_DEFAULT_LEFT) != 0;
  if (node->flags & WF_SHAP_CATEGORICAL)
    return !wf_category_set_has(&plan->forest->sets[node->set], x);
  return (double)x < node->condition;
}

/* The leaf that a row x[slot * stride] reaches: its value. */
double wf_shap_leaf(const wf_shap_plan *plan, const wf_shap_tree *tree, const float *x,
                    size_t stride);

void wf_shap_rule_init(wf_shap_rule *rule, size_t n_points);

#endif
