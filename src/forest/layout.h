/* forest/layout.h — the trees once more, as the fast prediction kernels want them.
 *
 * Trees come in batches of eight, in tree order, each padded to a perfect tree of the batch's depth
 * in heap order (children of i are 2i+1 and 2i+2): a shallower leaf is repeated below splits that
 * do not matter. Walking one needs no test for leaves, and its shape is known beforehand. A batch
 * with a categorical split, or one that padding would blow up, has no heap and is walked node by
 * node.
 *
 * Kernels see a row as 2 x n_used floats: value 2s of used feature s has missing replaced by
 * +infinity, value 2s+1 by -infinity. Split conditions are finite, so that `value < condition`
 * sends a missing value right or left, whichever of the two a split looks at. */
#ifndef WF_FOREST_LAYOUT_H
#define WF_FOREST_LAYOUT_H

#include "forest/forest.h"

enum {
  WF_BATCH_TREES = 8,
  WF_HEAP_MAX_DEPTH = 12,
  WF_BLEND_MAX_DEPTH = 6, /* deeper ones are cheaper to walk than to evaluate whole */
  WF_LANE_ROWS = 32       /* rows that row kernels take together */
};

typedef struct wf_heap_node {
  float condition;
  uint32_t value; /* 2s or 2s+1 */
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

/* Which leaf value (0 … 2^depth - 1) of each of the batch's trees the row reaches. */
void wf_heap_walk_row(const wf_batch *batch, const float *row, float leaves[WF_BATCH_TREES]);

/* Adds the leaf values that WF_LANE_ROWS rows reach in one tree of the batch to sums. Value v of
 * row r is at values[v * stride + r]. */
typedef void wf_heap_add(const wf_batch *batch, size_t tree, const float *values, size_t stride,
                         float *sums);
wf_heap_add wf_heap_walk_rows; /* walks, any depth */

/* Evaluates every node, depth 1 … WF_BLEND_MAX_DEPTH; needs 32-byte aligned values and sums. */
wf_heap_add wf_heap_blend_base;
#ifdef __x86_64__
wf_heap_add wf_heap_blend_avx2;
#endif
wf_heap_add *wf_heap_blend_choose(void);

#endif
