/* direct.c — interventional contributions by walking a row together with all background rows.
 *
 * At a split the row goes one way and each background row one way. A coalition takes each feature
 * from the row or from the background row, so both children are reached, unless they agree: the
 * child the row goes to, by coalitions with the feature; the one the background row goes to, by
 * those without. A child that neither goes to is reached by none. So every background row comes
 * down with two sets, the features it takes from the row and those it must keep, a and b of them,
 * and at a leaf of value v each of the former is given v (a-1)! b! / (a+b)!, each of the latter
 * -v a! (b-1)! / (a+b)!. (Lundberg et al., 2020, algorithm 3, all background rows at once.) */
#include "shap/direct.h"

#include <string.h>

typedef struct walk {
  const wf_direct *direct;
  const wf_shap_node *nodes;
  const float *x;
  size_t stride;
  double *phi;
  size_t phi_stride;
  uint32_t slots[2 * WF_SHAP_MAX_POINTS]; /* of the path's features */
} walk;

void wf_direct_weights_init(wf_direct_weights *weights) {
  memset(weights, 0, sizeof *weights);
  for (size_t a = 1; a <= 2 * WF_SHAP_MAX_POINTS; a++) {
    (*weights)[a][0] = 1 / (double)a;
    for (size_t b = 1; b <= 2 * WF_SHAP_MAX_POINTS; b++) {
      (*weights)[a][b] = (*weights)[a][b - 1] * (double)b / (double)(a + b);
    }
  }
}

size_t wf_direct_scratch(const wf_shap_plan *plan, size_t n_background) {
  size_t n;
  return __builtin_mul_overflow(plan->max_depth + 2, n_background, &n) ? SIZE_MAX : n;
}

static void give(const walk *w, uint64_t features, double value) {
  for (; features; features &= features - 1) {
    w->phi[w->slots[__builtin_ctzll(features)] * w->phi_stride] += value;
  }
}

static void reach_leaf(const walk *w, const wf_direct_rival *rivals, size_t n, double value) {
  for (size_t i = 0; i < n; i++) {
    int a = __builtin_popcountll(rivals[i].mine), b = __builtin_popcountll(rivals[i].theirs);
    give(w, rivals[i].mine, value * (*w->direct->weights)[a][b]);
    give(w, rivals[i].theirs, -value * (*w->direct->weights)[b][a]);
  }
}

/* Those that reach a child, which the row goes to or not, and which is left or not. */
static size_t pass(const walk *w, const wf_shap_node *node, uint64_t bit, bool goes, bool left,
                   const wf_direct_rival *from, size_t n, wf_direct_rival *to) {
  const float *background = w->direct->background + node->slot * w->direct->n;
  size_t count = 0;
  for (size_t i = 0; i < n; i++) {
    wf_direct_rival rival = from[i];
    bool mine = goes && !(rival.theirs & bit);
    bool theirs = wf_shap_goes_left(w->direct->plan, node, background[rival.row]) == left &&
                  !(rival.mine & bit);
    if (mine && !theirs) rival.mine |= bit;
    if (theirs && !mine) rival.theirs |= bit;
    to[count] = rival;
    count += mine || theirs;
  }
  return count;
}

static void visit(walk *w, const wf_shap_node *node, wf_direct_rival *rivals, size_t n,
                  size_t n_above) {
  bool again = (node->flags & WF_SHAP_REPEATED) != 0;
  size_t place = again ? 0 : n_above;
  if (again) {
    while (w->slots[place] != node->slot) place++;
  }
  w->slots[place] = node->slot;
  bool row_left = wf_shap_goes_left(w->direct->plan, node, w->x[node->slot * w->stride]);
  wf_direct_rival *below = rivals + n;
  for (int left = 1; left >= 0; left--) {
    size_t passed =
        pass(w, node, (uint64_t)1 << place, row_left == left, left != 0, rivals, n, below);
    if (passed == 0) continue;
    if (node->flags & (left ? WF_SHAP_LEFT_LEAF : WF_SHAP_RIGHT_LEAF)) {
      double value = left ? node->left_value : node->right_value;
      reach_leaf(w, below, passed, value / (double)w->direct->n);
    } else {
      visit(w, left ? node + 1 : w->nodes + node->right, below, passed, n_above + !again);
    }
  }
}

void wf_direct_add(const wf_direct *direct, const wf_shap_tree *tree, const float *x, size_t stride,
                   wf_direct_rival *scratch, double *phi, size_t phi_stride) {
  if (tree->n_nodes == 0) return;
  walk w = {.direct = direct,
            .nodes = direct->plan->nodes + tree->first,
            .x = x,
            .stride = stride,
            .phi = phi,
            .phi_stride = phi_stride};
  for (size_t i = 0; i < direct->n; i++) scratch[i] = (wf_direct_rival){.row = (uint32_t)i};
  visit(&w, w.nodes, scratch, direct->n, 0);
}
