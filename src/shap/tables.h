/* shap/tables.h — one tree against a background, as tables that rows are looked up in.
 *
 * A split with a leaf child is a block: what its leaves give to the features of its path depends on
 * the row only by which of those features it satisfies and, if it gets there, which way it goes. So
 * a block has a table with a line for each pattern of satisfied features. Lines are indexed by the
 * pattern (bit f: the f-th different feature of the path above is satisfied) and above it the bit
 * that tells whether the split sends the row left. A line holds a number for each feature, the
 * split's own at its place or, if new, last. Built from how many background rows have each pattern;
 * how large the background is does not matter afterwards. */
#ifndef WF_SHAP_TABLES_H
#define WF_SHAP_TABLES_H

#include "shap/plan.h"

enum {
  WF_TABLE_MAX_FEATURES = 12, /* of a path; a line for each of their subsets */
  WF_TABLE_PANEL = 512        /* rows taken at a time */
};

typedef struct wf_table_block {
  size_t counts, lines; /* where its counts and lines begin among its tree's */
  uint32_t node;
  uint8_t n_above; /* different features of the path above */
  uint8_t place;   /* of the split's own among them; n_above: it is new */
  uint8_t width;   /* numbers a line: a multiple of 4 */
} wf_table_block;

typedef struct wf_table_tree {
  const wf_shap_plan *plan;
  const wf_shap_tree *tree;
  wf_table_block *blocks; /* in the order of their nodes */
  size_t n_blocks, n_counts, n_lines;
  size_t width;  /* of the widest lines */
  double *cells; /* n_counts and then n_lines doubles, 64-byte aligned */
} wf_table_tree;

/* Finds the blocks of a tree. The result has no blocks when a path has too many features, or the
 * tables would take too much memory; and no cells yet. */
wf_status wf_table_tree_init(wf_table_tree *out, const wf_shap_plan *plan, size_t number,
                             wf_error *err);
void wf_table_tree_dispose(wf_table_tree *tree);

typedef struct wf_table_panel { /* of up to WF_TABLE_PANEL rows */
  size_t n_rows, stride;
  const float *x;    /* [slot * stride + row] */
  uint32_t *scratch; /* wf_table_scratch of it */
  double *sums;      /* WF_TABLE_PANEL x WF_TABLE_MAX_FEATURES, 64-byte aligned, all zero */
  double *phi;       /* [slot * WF_TABLE_PANEL + row], added to */
} wf_table_panel;

size_t wf_table_scratch(const wf_shap_plan *plan);

/* Compiled for several instruction sets, all with the same bits. */
typedef struct wf_table_kernels {
  /* Adds `weight` for every row of a panel of the background to the counts. */
  void (*count)(const wf_table_tree *tree, const wf_table_panel *panel, double weight);
  /* Makes the lines out of the counts; `scratch` has WF_TABLE_BUILD_DOUBLES. */
  void (*build)(const wf_table_tree *tree, double *scratch);
  /* Adds the lines of a panel's rows to phi. */
  void (*add)(const wf_table_tree *tree, const wf_table_panel *panel);
} wf_table_kernels;

/* For each line, four points' numbers and three sums. */
enum { WF_TABLE_BUILD_DOUBLES = 7 * 2 << WF_TABLE_MAX_FEATURES };

extern const wf_table_kernels wf_table_kernels_base;
#ifdef __x86_64__
extern const wf_table_kernels wf_table_kernels_avx2;
#endif
const wf_table_kernels *wf_table_kernels_choose(void);

#endif
