/* forest/layout.h — the trees once more, as the fast prediction kernels want them.
 *
 * Trees come in batches of eight, in tree order, each padded to a perfect tree of the batch's depth
 * in heap order (children of i are 2i+1 and 2i+2): a shallower leaf is repeated below splits that
 * do not matter. Walking one needs no test for leaves, and its shape is known beforehand. A batch
 * with a categorical split, or one that padding would blow up, has no heap and is walked node by
 * node.
 *
 * Kernels see a row as 2 x n_used floats: number 2s of used feature s has missing replaced by
 * +infinity, number 2s+1 by -infinity. Split conditions are finite, so that `value < condition`
 * sends a missing value right or left, whichever of the two a split looks at. Rows come in panels
 * of 32: value v of row r is at panel[32 v + r]. */
#ifndef WF_FOREST_LAYOUT_H
#define WF_FOREST_LAYOUT_H

#include "forest/forest.h"

enum { WF_BATCH_TREES = 8, WF_HEAP_MAX_DEPTH = 12, WF_PANEL_ROWS = 32 };

typedef struct wf_heap_node {
  float condition;
  uint32_t offset; /* in a panel: 32 times 2s or 2s+1 */
} wf_heap_node;

typedef struct wf_batch {
  size_t first_tree, n_trees;
  bool heap;
  unsigned depth;
  wf_heap_node *nodes; /* per tree 2^depth - 1, tree after tree */
  float *leaves;       /* per tree 2^depth */
} wf_batch;

struct wf_layout {
  size_t n_batches;
  wf_batch *batches;
  wf_heap_node *nodes;
  float *leaves;
};

wf_status wf_layout_new(wf_layout **out, const wf_forest *forest, wf_error *err);
void wf_layout_free(wf_layout *layout);

/* The leaf values the row reaches in the batch's trees. `row` has 2 x n_used values. */
void wf_heap_walk_row(const wf_batch *batch, const float *row, float leaves[WF_BATCH_TREES]);

/* What is compiled for several instruction sets, all with the same results. Panels and sums are
 * WF_ALIGNMENT-aligned. */
typedef struct wf_panel_kernels {
  /* Writes the forest's used features of rows [begin, begin + n), n <= WF_PANEL_ROWS, as a panel;
   * rows beyond n are zero. */
  void (*gather)(const wf_forest *forest, const wf_features *features, size_t begin, size_t n,
                 float *panel);
  /* Adds the leaf values that the first n rows of a panel reach in one tree of the batch to
   * sums[WF_PANEL_ROWS], and may add anything to the rest. */
  void (*add)(const wf_batch *batch, size_t tree, const float *panel, size_t n, float *sums);
} wf_panel_kernels;

extern const wf_panel_kernels wf_panel_kernels_base; /* SSE2, NEON, … : 16-byte vectors */
#ifdef __x86_64__
extern const wf_panel_kernels wf_panel_kernels_avx2;
#endif
/* The best ones this processor has. */
const wf_panel_kernels *wf_panel_kernels_choose(void);

/* A value as the two a kernel may look at; minps and maxps, for NaN, give their second operand. */
static inline void wf_panel_put(float value, float *right, float *left) {
  *right = value < __builtin_inff() ? value : __builtin_inff();
  *left = value > -__builtin_inff() ? value : -__builtin_inff();
}

#endif
