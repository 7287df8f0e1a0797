/* tables.c — which blocks a tree has, where their numbers stand, and what building them costs. */
#include "shap/tables.h"

#include "base/alloc.h"

enum { MAX_CELLS = 8 << 20 }; /* of a tree: 64 MiB */

typedef struct finder {
  wf_table_tree *out;
  const wf_shap_node *nodes;
  uint32_t slots[WF_TABLE_MAX_FEATURES];
  bool fits;
} finder;

static void add_block(finder *f, const wf_shap_node *node, size_t n_above, size_t place) {
  wf_table_tree *out = f->out;
  size_t n_features = n_above + (place == n_above), width = (n_features + 3) / 4 * 4;
  size_t n = (size_t)2 << n_above;
  out->blocks[out->n_blocks++] = (wf_table_block){.counts = out->n_counts,
                                                  .lines = out->n_lines,
                                                  .node = (uint32_t)(node - f->nodes),
                                                  .n_above = (uint8_t)n_above,
                                                  .place = (uint8_t)place,
                                                  .width = (uint8_t)width};
  out->n_counts += n;
  out->n_lines += n * width;
  if (width > out->width) out->width = width;
  if (out->n_counts + out->n_lines > MAX_CELLS) f->fits = false;
}

static void visit(finder *f, const wf_shap_node *node, size_t n_above) {
  bool again = (node->flags & WF_SHAP_REPEATED) != 0;
  size_t place = 0;
  if (!again && n_above == WF_TABLE_MAX_FEATURES) f->fits = false;
  if (!f->fits) return;
  if (again) {
    while (f->slots[place] != node->slot) place++;
  } else {
    f->slots[place = n_above] = node->slot;
  }
  if (node->flags & (WF_SHAP_LEFT_LEAF | WF_SHAP_RIGHT_LEAF)) add_block(f, node, n_above, place);
  if (!(node->flags & WF_SHAP_LEFT_LEAF)) visit(f, node + 1, n_above + !again);
  if (!(node->flags & WF_SHAP_RIGHT_LEAF)) visit(f, f->nodes + node->right, n_above + !again);
}

wf_status wf_table_tree_init(wf_table_tree *out, const wf_shap_plan *plan, size_t number,
                             wf_error *err) {
  const wf_shap_tree *tree = &plan->trees[number];
  *out = (wf_table_tree){.plan = plan, .tree = tree};
  if (tree->n_nodes == 0) return WF_OK;
  out->blocks = wf_alloc_array(tree->n_nodes, sizeof *out->blocks);
  if (!out->blocks) return wf_fail_nomem(err);
  finder f = {.out = out, .nodes = plan->nodes + tree->first, .fits = true};
  visit(&f, f.nodes, 0);
  if (!f.fits) wf_table_tree_dispose(out);
  return WF_OK;
}

void wf_table_tree_dispose(wf_table_tree *tree) {
  wf_free(tree->blocks);
  wf_free(tree->cells);
  *tree = (wf_table_tree){.plan = tree->plan, .tree = tree->tree};
}

size_t wf_table_scratch(const wf_shap_plan *plan) {
  return WF_TABLE_PANEL * (1 + 2 * (plan->max_depth + 1));
}

const wf_table_kernels *wf_table_kernels_choose(void) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) return &wf_table_kernels_avx2;
#endif
  return &wf_table_kernels_base;
}
