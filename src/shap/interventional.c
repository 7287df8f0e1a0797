/* interventional.c — contributions against a background: which trees get tables, the two passes of
 * each batch of trees (building tables, looking rows up), and the layout of the result.
 *
 * Building tables costs what their size says, and then a row costs a lookup a block, however large
 * the background. Without them every row meets every background row. A tree gets tables when that
 * is cheaper for so many rows; one with too many features on a path never does. The choice depends
 * on the data's sizes alone, and each row's sums on the order of the trees alone, so that threads
 * change nothing. Batches of trees bound the memory of the tables. */
#include "wf/shap.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "shap/direct.h"
#include "shap/rows.h"
#include "shap/tables.h"

#include <math.h>
#include <string.h>

enum { BATCH_CELLS = 2 << 20 }; /* of tables: 16 MiB, which stay in the last-level cache */

typedef struct job {
  const wf_forest *forest;
  const wf_shap_plan *plan;
  const wf_features *features;
  const wf_table_kernels *kernels;
  wf_direct direct;
  wf_table_tree *trees;
  double *bases;               /* per tree, then per group: mean over the background */
  size_t batch_begin, n_batch; /* trees in hand */
  size_t n_rivals;             /* scratch of those without tables */
  size_t n_threads;
  double *out;
} job;

/* ---- linear models ---- */

static void explain_linear_row(const wf_forest *forest, const double *mean, double *out) {
  for (size_t f = 0; f < forest->n_features; f++) out[f] -= mean[f];
  double base = 0;
  for (size_t f = 0; f <= forest->n_features; f++) base += mean[f];
  out[forest->n_features] = base;
}

/* A linear model's contributions are its terms beyond the background's mean terms. */
static wf_status explain_linear(const wf_forest *forest, const wf_features *features,
                                const wf_features *background, double *out, wf_error *err) {
  size_t width = forest->n_features + 1;
  double *mean = wf_alloc_array(width, 2 * sizeof *mean);
  if (!mean) return wf_fail_nomem(err);
  double *terms = mean + width;
  for (size_t g = 0; g < forest->n_groups; g++) {
    memset(mean, 0, width * sizeof *mean);
    for (size_t row = 0; row < background->n_rows; row++) {
      wf_shap_linear_terms(forest, background, row, g, terms);
      for (size_t f = 0; f < width; f++) mean[f] += terms[f];
    }
    for (size_t f = 0; f < width; f++) mean[f] /= (double)background->n_rows;
    for (size_t row = 0; row < features->n_rows; row++) {
      double *values = out + (row * forest->n_groups + g) * width;
      wf_shap_linear_terms(forest, features, row, g, values);
      explain_linear_row(forest, mean, values);
    }
  }
  wf_free(mean);
  return WF_OK;
}

/* ---- which trees get tables ---- */

/* Nanoseconds, roughly; measured on trees of depth 4 to 10. */
static double cost_of_tables(const wf_table_tree *tree, double n_rows, double n_background) {
  double build = 0;
  for (size_t i = 0; i < tree->n_blocks; i++) {
    build += (double)(2 << tree->blocks[i].n_above) * (tree->blocks[i].n_above + 5);
  }
  return build + (n_rows * 8 + n_background * 4) * (double)tree->n_blocks;
}

/* At a split about half the background rows disagree with the row and go both ways. */
static double cost_of_meeting(const wf_shap_tree *tree, double n_rows, double n_background) {
  return n_rows * n_background * 15 * pow(1.5, fmin(tree->depth, log2(tree->n_nodes + 1.0)));
}

static wf_status choose_trees(job *work, wf_error *err) {
  double n_rows = (double)work->features->n_rows, n_background = (double)work->direct.n;
  work->trees = wf_alloc_zero(work->plan->n_trees, sizeof *work->trees);
  if (!work->trees) return wf_fail_nomem(err);
  for (size_t t = 0; t < work->plan->n_trees; t++) {
    const wf_shap_tree *source = &work->plan->trees[t];
    wf_table_tree *tree = &work->trees[t];
    WF_TRY(wf_table_tree_init(tree, work->plan, t, err));
    if (cost_of_tables(tree, n_rows, n_background) > cost_of_meeting(source, n_rows, n_background))
      wf_table_tree_dispose(tree);
    if (!tree->blocks && source->n_nodes)
      work->n_rivals = wf_direct_scratch(work->plan, work->direct.n);
  }
  return WF_OK;
}

/* ---- scratch of a panel of rows ---- */

typedef struct panel {
  wf_table_panel rows;
  wf_direct_rival *rivals;
  float *x, *margins;
  double *scratch; /* of building */
  void *memory;
} panel;

static size_t take(size_t *total, size_t n, size_t size) {
  size_t at = *total, bytes;
  if (__builtin_mul_overflow(n, size, &bytes) ||
      __builtin_add_overflow(bytes, WF_ALIGNMENT - 1, &bytes) ||
      __builtin_add_overflow(at, bytes / WF_ALIGNMENT * WF_ALIGNMENT, total))
    *total = SIZE_MAX;
  return at;
}

static wf_status panel_new(panel *out, const job *work, wf_error *err) {
  size_t n_used = work->forest->n_used, size = 0;
  size_t sums = take(&size, WF_TABLE_PANEL * WF_TABLE_MAX_FEATURES, sizeof(double));
  size_t phi = take(&size, n_used * WF_TABLE_PANEL, sizeof(double));
  size_t x = take(&size, n_used * WF_TABLE_PANEL, sizeof(float));
  size_t levels = take(&size, wf_table_scratch(work->plan), sizeof(uint32_t));
  size_t margins = take(&size, work->forest->n_groups * WF_TABLE_PANEL, sizeof(float));
  size_t build = take(&size, WF_TABLE_BUILD_DOUBLES, sizeof(double));
  size_t rivals = take(&size, work->n_rivals, sizeof(wf_direct_rival));
  char *memory = size > SIZE_MAX / 2 ? NULL : wf_alloc_aligned(size);
  if (!memory) return wf_fail_nomem(err);
  memset(memory + sums, 0, WF_TABLE_PANEL * WF_TABLE_MAX_FEATURES * sizeof(double));
  *out = (panel){.rivals = (wf_direct_rival *)(memory + rivals),
                 .x = (float *)(memory + x),
                 .margins = (float *)(memory + margins),
                 .scratch = (double *)(memory + build),
                 .memory = memory};
  out->rows = (wf_table_panel){.stride = WF_TABLE_PANEL,
                               .x = out->x,
                               .scratch = (uint32_t *)(memory + levels),
                               .sums = (double *)(memory + sums),
                               .phi = (double *)(memory + phi)};
  return WF_OK;
}

/* ---- a batch of trees: their tables ---- */

static void count_background(const job *work, const wf_table_tree *tree, wf_table_panel *rows) {
  size_t n = work->direct.n;
  rows->stride = n;
  memset(tree->cells, 0, tree->n_counts * sizeof *tree->cells);
  for (size_t begin = 0; begin < n; begin += WF_TABLE_PANEL) {
    rows->n_rows = n - begin < WF_TABLE_PANEL ? n - begin : WF_TABLE_PANEL;
    rows->x = work->direct.background + begin;
    work->kernels->count(tree, rows, 1 / (double)n);
  }
}

static wf_status build_tables(void *context, size_t index, size_t begin, size_t end, size_t worker,
                              wf_error *err) {
  (void)index, (void)worker;
  const job *work = context;
  panel p = {0};
  WF_TRY(panel_new(&p, work, err));
  for (size_t i = begin; i < end; i++) {
    const wf_table_tree *tree = &work->trees[work->batch_begin + i];
    if (!tree->blocks) continue;
    count_background(work, tree, &p.rows);
    work->kernels->build(tree, p.scratch);
  }
  wf_free(p.memory);
  return WF_OK;
}

/* Takes trees until their tables are as large as a batch may be, and makes room for them. */
static wf_status begin_batch(job *work, wf_error *err) {
  size_t cells = 0;
  work->n_batch = 0;
  for (size_t t = work->batch_begin; t < work->plan->n_trees; t++, work->n_batch++) {
    wf_table_tree *tree = &work->trees[t];
    if (!tree->blocks) continue;
    size_t size = tree->n_counts + tree->n_lines;
    if (cells && cells + size > BATCH_CELLS) break;
    tree->cells = wf_alloc_aligned(size * sizeof *tree->cells);
    if (!tree->cells) return wf_fail_nomem(err);
    cells += size;
  }
  return WF_OK;
}

static void end_batch(job *work) {
  for (size_t i = 0; i < work->n_batch; i++) {
    wf_table_tree *tree = &work->trees[work->batch_begin + i];
    wf_free(tree->cells);
    tree->cells = NULL;
  }
  work->batch_begin += work->n_batch;
}

/* ---- a batch of trees: the rows ---- */

static void explain_group(const job *work, const panel *p, size_t group, double *out) {
  const wf_forest *forest = work->forest;
  size_t n = p->rows.n_rows, width = forest->n_features + 1;
  memset(p->rows.phi, 0, forest->n_used * WF_TABLE_PANEL * sizeof(double));
  for (size_t i = 0; i < work->n_batch; i++) {
    const wf_table_tree *tree = &work->trees[work->batch_begin + i];
    if (tree->tree->group != group) continue;
    if (tree->blocks) {
      work->kernels->add(tree, &p->rows);
      continue;
    }
    for (size_t row = 0; row < n; row++) {
      wf_direct_add(&work->direct, tree->tree, p->x + row, WF_TABLE_PANEL, p->rivals,
                    p->rows.phi + row, WF_TABLE_PANEL);
    }
  }
  for (size_t slot = 0; slot < forest->n_used; slot++) {
    const double *phi = p->rows.phi + slot * WF_TABLE_PANEL;
    double *to = out + group * width + forest->used[slot];
    for (size_t row = 0; row < n; row++) to[row * forest->n_groups * width] += phi[row];
  }
}

/* The first batch finds nothing in the result, the last completes it. */
static wf_status explain_panel(void *context, size_t index, size_t begin, size_t end, size_t worker,
                               wf_error *err) {
  (void)index, (void)worker;
  const job *work = context;
  const wf_forest *forest = work->forest;
  size_t n = end - begin, width = forest->n_features + 1, n_lines = n * forest->n_groups;
  double *out = work->out + begin * forest->n_groups * width;
  panel p = {0};
  WF_TRY(panel_new(&p, work, err));
  p.rows.n_rows = n;
  wf_shap_gather_floats(forest, work->features, begin, n, WF_TABLE_PANEL, p.x);
  if (work->batch_begin == 0) memset(out, 0, n_lines * width * sizeof *out);
  for (size_t g = 0; g < forest->n_groups; g++) explain_group(work, &p, g, out);
  wf_status status = WF_OK;
  if (work->batch_begin + work->n_batch == work->plan->n_trees) {
    for (size_t i = 0; i < n_lines; i++) {
      out[i * width + width - 1] = work->bases[i % forest->n_groups];
    }
    status = wf_shap_check_sums(forest, work->features, begin, n, out, work->plan->tolerances,
                                p.margins, err);
  }
  wf_free(p.memory);
  return status;
}

/* ---- the whole ---- */

static wf_status mean_leaves(void *context, size_t index, size_t begin, size_t end, size_t worker,
                             wf_error *err) {
  (void)index, (void)worker, (void)err;
  const job *work = context;
  double *means = work->bases + work->forest->n_groups;
  for (size_t t = begin; t < end; t++) {
    double sum = 0;
    for (size_t row = 0; row < work->direct.n; row++) {
      sum += wf_shap_leaf(work->plan, &work->plan->trees[t], work->direct.background + row,
                          work->direct.n);
    }
    means[t] = sum / (double)work->direct.n;
  }
  return WF_OK;
}

static wf_status find_bases(job *work, wf_error *err) {
  const wf_forest *forest = work->forest;
  for (size_t g = 0; g < forest->n_groups; g++) work->bases[g] = (double)forest->base_margins[g];
  WF_TRY(wf_parallel_for(work->plan->n_trees, 1, work->n_threads, mean_leaves, work, err));
  for (size_t t = 0; t < work->plan->n_trees; t++) {
    work->bases[work->plan->trees[t].group] += work->bases[forest->n_groups + t];
  }
  return WF_OK;
}

static wf_status explain(job *work, wf_error *err) {
  WF_TRY(find_bases(work, err));
  WF_TRY(choose_trees(work, err));
  do {
    wf_status status = begin_batch(work, err);
    if (status == WF_OK)
      status = wf_parallel_for(work->n_batch, 1, work->n_threads, build_tables, work, err);
    if (status == WF_OK)
      status = wf_parallel_for(work->features->n_rows, WF_TABLE_PANEL, work->n_threads,
                               explain_panel, work, err);
    end_batch(work);
    WF_TRY(status);
  } while (work->batch_begin < work->plan->n_trees);
  return WF_OK;
}

static wf_status explain_trees(job *work, const wf_features *background, wf_error *err) {
  const wf_forest *forest = work->forest;
  size_t n_cells;
  if (__builtin_mul_overflow(background->n_rows, forest->n_used, &n_cells))
    return wf_fail_nomem(err);
  float *x = wf_alloc_array(n_cells, sizeof *x);
  wf_direct_weights *weights = wf_alloc(sizeof *weights);
  work->bases = wf_alloc_array(forest->n_groups + forest->n_trees, sizeof *work->bases);
  wf_status status = WF_OK;
  if (x && weights && work->bases) {
    wf_direct_weights_init(weights);
    wf_shap_gather_floats(forest, background, 0, background->n_rows, background->n_rows, x);
    work->direct = (wf_direct){work->plan, weights, x, background->n_rows};
    status = explain(work, err);
  } else {
    status = wf_fail_nomem(err);
  }
  for (size_t t = 0; work->trees && t < forest->n_trees; t++) {
    wf_table_tree_dispose(&work->trees[t]);
  }
  wf_free(work->trees);
  wf_free(work->bases);
  wf_free(weights);
  wf_free(x);
  return status;
}

wf_status wf_shap_interventional(const wf_forest *forest, const wf_features *features,
                                 const wf_features *background, const wf_shap_options *options,
                                 double *out, wf_error *err) {
  WF_TRY(wf_shap_check_columns(forest, features, "data", err));
  WF_TRY(wf_shap_check_columns(forest, background, "background", err));
  if (background->n_rows == 0) return wf_fail(err, WF_INVALID, "the background has no rows");
  if (background->n_rows > UINT32_MAX)
    return wf_fail(err, WF_LIMIT, "a background of %zu rows is too large", background->n_rows);
  if (forest->weights) return explain_linear(forest, features, background, out, err);
  job work = {.forest = forest,
              .features = features,
              .kernels = wf_table_kernels_choose(),
              .n_threads = options ? options->n_threads : 0,
              .out = out};
  WF_TRY(wf_shap_plan_get(&work.plan, forest, err));
  return explain_trees(&work, background, err);
}
