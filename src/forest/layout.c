/* layout.c — padding trees to perfect ones, and walking those.
 *
 * A walk is one chain of dependent loads; walking eight trees at once keeps the processor busy
 * while each waits. */
#include "forest/layout.h"

#include "base/alloc.h"

/* Padding may at most quadruple a batch, which tiny trees are exempt from. */
enum { MAX_PADDING = 4, FREE_NODES = 64 * WF_BATCH_TREES };

static wf_batch measure_batch(const wf_forest *forest, size_t first) {
  wf_batch batch = {.first_tree = first, .heap = true};
  size_t n_nodes = 0;
  for (size_t t = first; t < forest->n_trees && t < first + WF_BATCH_TREES; t++) {
    const wf_tree *tree = &forest->trees[t];
    batch.n_trees++;
    n_nodes += tree->n_nodes;
    if (tree->categorical) batch.heap = false;
    if (tree->depth > batch.depth) batch.depth = tree->depth;
  }
  if (batch.depth > WF_HEAP_MAX_DEPTH) return batch.heap = false, batch;
  size_t padded = ((size_t)2 << batch.depth) * batch.n_trees;
  if (padded > FREE_NODES && padded > MAX_PADDING * n_nodes) batch.heap = false;
  return batch;
}

/* Copies the subtree of `at` below heap place `place`, `levels` levels of splits. */
static void pad(const wf_forest *forest, const wf_node *nodes, size_t at, size_t place,
                unsigned levels, size_t n_splits, wf_heap_node *heap, float *leaves) {
  const wf_node *node = &nodes[at];
  if (levels == 0) {
    leaves[place - n_splits] = node->value;
    return;
  }
  size_t left = at, right = at;
  if (node->left) {
    left = node->left, right = left + 1;
    uint32_t slot = wf_forest_used_slot(forest, node->feature & ~WF_NODE_DEFAULT_LEFT);
    heap[place] = (wf_heap_node){node->value, (2 * slot + (node->feature >> 31)) * WF_PANEL_ROWS};
  } else {
    heap[place] = (wf_heap_node){0, 0}; /* both sides end in this leaf */
  }
  pad(forest, nodes, left, 2 * place + 1, levels - 1, n_splits, heap, leaves);
  pad(forest, nodes, right, 2 * place + 2, levels - 1, n_splits, heap, leaves);
}

static void fill_batch(const wf_forest *forest, wf_batch *batch) {
  size_t n_splits = ((size_t)1 << batch->depth) - 1;
  for (size_t i = 0; i < batch->n_trees; i++) {
    const wf_tree *tree = &forest->trees[batch->first_tree + i];
    pad(forest, wf_tree_nodes(forest, tree), 0, 0, batch->depth, n_splits,
        batch->nodes + i * n_splits, batch->leaves + i * (n_splits + 1));
  }
}

static wf_status fill(wf_layout *layout, const wf_forest *forest, wf_error *err) {
  size_t n_nodes = 0, n_leaves = 0;
  for (size_t i = 0; i < layout->n_batches; i++) {
    wf_batch *batch = &layout->batches[i];
    *batch = measure_batch(forest, i * WF_BATCH_TREES);
    if (!batch->heap) continue;
    n_leaves += batch->n_trees << batch->depth;
    n_nodes += (batch->n_trees << batch->depth) - batch->n_trees;
  }
  layout->nodes = wf_alloc_aligned(n_nodes * sizeof *layout->nodes);
  layout->leaves = wf_alloc_aligned(n_leaves * sizeof *layout->leaves);
  if (!layout->nodes || !layout->leaves) return wf_fail_nomem(err);
  wf_heap_node *nodes = layout->nodes;
  float *leaves = layout->leaves;
  for (size_t i = 0; i < layout->n_batches; i++) {
    wf_batch *batch = &layout->batches[i];
    if (!batch->heap) continue;
    batch->nodes = nodes;
    batch->leaves = leaves;
    fill_batch(forest, batch);
    leaves += batch->n_trees << batch->depth;
    nodes += (batch->n_trees << batch->depth) - batch->n_trees;
  }
  return WF_OK;
}

wf_status wf_layout_new(wf_layout **out, const wf_forest *forest, wf_error *err) {
  wf_layout *layout = wf_alloc_zero(1, sizeof *layout);
  if (!layout) return wf_fail_nomem(err);
  layout->n_batches = (forest->n_trees + WF_BATCH_TREES - 1) / WF_BATCH_TREES;
  layout->batches = wf_alloc_zero(layout->n_batches, sizeof *layout->batches);
  wf_status status = layout->batches ? fill(layout, forest, err) : wf_fail_nomem(err);
  if (status != WF_OK) {
    wf_layout_free(layout);
    return status;
  }
  *out = layout;
  return WF_OK;
}

void wf_layout_free(wf_layout *layout) {
  if (!layout) return;
  wf_free(layout->batches);
  wf_free(layout->nodes);
  wf_free(layout->leaves);
  wf_free(layout);
}

static void walk_eight(const wf_batch *batch, const float *row, float leaves[WF_BATCH_TREES]) {
  size_t n_splits = ((size_t)1 << batch->depth) - 1;
  const wf_heap_node *heaps[WF_BATCH_TREES];
  uint32_t at[WF_BATCH_TREES] = {0};
  for (size_t i = 0; i < WF_BATCH_TREES; i++) heaps[i] = batch->nodes + i * n_splits;
  for (unsigned level = 0; level < batch->depth; level++) {
    for (size_t i = 0; i < WF_BATCH_TREES; i++) {
      wf_heap_node node = heaps[i][at[i]];
      at[i] = 2 * at[i] + 1 + !(row[node.offset / WF_PANEL_ROWS] < node.condition);
    }
  }
  for (size_t i = 0; i < WF_BATCH_TREES; i++) {
    leaves[i] = batch->leaves[i * (n_splits + 1) + at[i] - n_splits];
  }
}

void wf_heap_walk_row(const wf_batch *batch, const float *row, float leaves[WF_BATCH_TREES]) {
  if (batch->n_trees == WF_BATCH_TREES) {
    walk_eight(batch, row, leaves);
    return;
  }
  size_t n_splits = ((size_t)1 << batch->depth) - 1;
  for (size_t i = 0; i < batch->n_trees; i++) {
    const wf_heap_node *heap = batch->nodes + i * n_splits;
    size_t at = 0;
    for (unsigned level = 0; level < batch->depth; level++) {
      at = 2 * at + 1 + !(row[heap[at].offset / WF_PANEL_ROWS] < heap[at].condition);
    }
    leaves[i] = batch->leaves[i * (n_splits + 1) + at - n_splits];
  }
}
