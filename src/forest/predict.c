/* predict.c — the driver of prediction: blocks of rows, threads, kernels, the objective's
 * transform.
 *
 * A margin is the base margin and then, in tree order, each leaf of its group added in float32:
 * that order is what makes it libxgboost's to the bit, so every kernel keeps it. Rows are
 * independent; blocks and threads change nothing. */
#include "wf/forest.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "forest/layout.h"

#include <math.h>
#include <string.h>

enum {
  BLOCK_ROWS = 512,       /* of a thread's share */
  MAX_PASS_ROWS = 128,    /* gathered at a time; the model passes through the cache once for them */
  MIN_PANEL_ROWS = 6,     /* fewer go one by one, eight trees together */
  SCRATCH_FLOATS = 12288, /* 48 KiB of stack */
  CLASS_FLOATS = 2048
};

typedef struct job {
  const wf_forest *forest;
  const wf_features *features;
  const uint8_t *const *validity; /* per feature; NULL: NaN alone is missing */
  wf_predict_kind kind;
  size_t tree_begin, tree_end;
  const wf_panel_kernels *kernels;
  float *out;
} job;

static bool is_there(const uint8_t *bits, size_t row) { return bits[row / 8] >> (row % 8) & 1; }

static float feature_at(const job *work, size_t row, uint32_t feature) {
  const wf_features *features = work->features;
  const uint8_t *bits = work->validity ? work->validity[feature] : NULL;
  if (bits && !is_there(bits, row)) return NAN;
  return features->data[row * features->row_stride + feature * features->column_stride];
}

static size_t find_leaf(const job *work, const wf_tree *tree, size_t row) {
  const wf_node *nodes = wf_tree_nodes(work->forest, tree);
  size_t at = 0;
  while (nodes[at].left) {
    float value = feature_at(work, row, nodes[at].feature & ~WF_NODE_DEFAULT_LEFT);
    at = nodes[at].left + !wf_node_goes_left(work->forest, &nodes[at], value);
  }
  return at;
}

/* One row after the other, node by node: for models and batches the kernels do not cover. */
static void add_margins_walking(const job *work, size_t begin, size_t end, float *out) {
  const wf_forest *forest = work->forest;
  for (size_t row = begin; row < end; row++, out += forest->n_groups) {
    memcpy(out, forest->base_margins, forest->n_groups * sizeof *out);
    for (size_t t = work->tree_begin; t < work->tree_end; t++) {
      const wf_tree *tree = &forest->trees[t];
      out[tree->group] += wf_tree_nodes(forest, tree)[find_leaf(work, tree, row)].value;
    }
  }
}

/* The trees of a batch that are asked for: [*first, *end), numbered within the batch. */
static bool trees_of_batch(const job *work, const wf_batch *batch, size_t *first, size_t *end) {
  size_t begin = work->tree_begin, stop = work->tree_end;
  if (begin >= batch->first_tree + batch->n_trees || stop <= batch->first_tree) return false;
  *first = begin > batch->first_tree ? begin - batch->first_tree : 0;
  *end = stop - batch->first_tree < batch->n_trees ? stop - batch->first_tree : batch->n_trees;
  return true;
}

static void add_row(const job *work, size_t row, const float *values, float *out) {
  const wf_forest *forest = work->forest;
  float leaves[WF_BATCH_TREES];
  memcpy(out, forest->base_margins, forest->n_groups * sizeof *out);
  for (size_t b = 0; b < forest->layout->n_batches; b++) {
    const wf_batch *batch = &forest->layout->batches[b];
    const wf_tree *trees = &forest->trees[batch->first_tree];
    size_t first, end;
    if (!trees_of_batch(work, batch, &first, &end)) continue;
    if (batch->heap) wf_heap_walk_row(batch, values, leaves);
    for (size_t i = first; i < end; i++) {
      if (!batch->heap) {
        leaves[i] = wf_tree_nodes(forest, &trees[i])[find_leaf(work, &trees[i], row)].value;
      }
      out[trees[i].group] += leaves[i];
    }
  }
}

/* One batch for the rows of some panels, trees outside so that each stays in the cache. */
static void add_batch(const job *work, const wf_batch *batch, size_t begin, size_t n,
                      const float *panels, float *sums) {
  const wf_forest *forest = work->forest;
  size_t first, end, panel_size = 2 * forest->n_used * WF_PANEL_ROWS;
  if (!trees_of_batch(work, batch, &first, &end)) return;
  for (size_t i = first; i < end; i++) {
    const wf_tree *tree = &forest->trees[batch->first_tree + i];
    float *sum = sums + tree->group * WF_PANEL_ROWS;
    for (size_t r = 0; r < n; r += WF_PANEL_ROWS, sum += forest->n_groups * WF_PANEL_ROWS) {
      size_t here = n - r < WF_PANEL_ROWS ? n - r : WF_PANEL_ROWS;
      if (batch->heap) {
        work->kernels->add(batch, i, panels + r / WF_PANEL_ROWS * panel_size, here, sum);
        continue;
      }
      const wf_node *nodes = wf_tree_nodes(forest, tree);
      for (size_t p = 0; p < here; p++) {
        sum[p] += nodes[find_leaf(work, tree, begin + r + p)].value;
      }
    }
  }
}

/* The kernels know of NaN only: what the bitmaps say is put into the panel afterwards. */
static void blank_missing(const job *work, size_t begin, size_t n, float *panel) {
  for (size_t slot = 0; slot < work->forest->n_used; slot++) {
    const uint8_t *bits = work->validity[work->forest->used[slot]];
    float *right = panel + 2 * slot * WF_PANEL_ROWS, *left = right + WF_PANEL_ROWS;
    for (size_t i = 0; bits && i < n; i++) {
      if (!is_there(bits, begin + i)) wf_panel_put(NAN, &right[i], &left[i]);
    }
  }
}

static void gather_panels(const job *work, size_t begin, size_t n, float *panels) {
  for (size_t r = 0; r < n; r += WF_PANEL_ROWS) {
    size_t here = n - r < WF_PANEL_ROWS ? n - r : WF_PANEL_ROWS;
    work->kernels->gather(work->forest, work->features, begin + r, here, panels);
    if (work->validity) blank_missing(work, begin + r, here, panels);
    panels += 2 * work->forest->n_used * WF_PANEL_ROWS;
  }
}

/* Panels of n rows; sums are [panel][group][row]. */
static void add_panels(const job *work, size_t begin, size_t n, float *panels, float *sums,
                       float *out) {
  const wf_forest *forest = work->forest;
  size_t n_groups = forest->n_groups, n_panels = (n + WF_PANEL_ROWS - 1) / WF_PANEL_ROWS;
  gather_panels(work, begin, n, panels);
  for (size_t i = 0; i < n_panels * n_groups * WF_PANEL_ROWS; i++) {
    sums[i] = forest->base_margins[i / WF_PANEL_ROWS % n_groups];
  }
  for (size_t b = 0; b < forest->layout->n_batches; b++) {
    add_batch(work, &forest->layout->batches[b], begin, n, panels, sums);
  }
  for (size_t i = 0; i < n; i++) {
    const float *sum = sums + i / WF_PANEL_ROWS * n_groups * WF_PANEL_ROWS + i % WF_PANEL_ROWS;
    for (size_t g = 0; g < n_groups; g++) out[i * n_groups + g] = sum[g * WF_PANEL_ROWS];
  }
}

/* Few rows one by one, many in panels, as many at a time as the scratch on the stack holds; a model
 * that looks at more features than fit there is walked. */
static void add_margins(const job *work, size_t begin, size_t end, float *out) {
  const wf_forest *forest = work->forest;
  _Alignas(WF_ALIGNMENT) float scratch[SCRATCH_FLOATS];
  size_t row_size = 2 * forest->n_used + forest->n_groups;
  size_t n_panels = SCRATCH_FLOATS / (row_size * WF_PANEL_ROWS);
  if (n_panels > MAX_PASS_ROWS / WF_PANEL_ROWS) n_panels = MAX_PASS_ROWS / WF_PANEL_ROWS;
  if (row_size > SCRATCH_FLOATS) {
    add_margins_walking(work, begin, end, out);
    return;
  }
  bool single = n_panels == 0 || end - begin < MIN_PANEL_ROWS;
  size_t step = single ? 1 : n_panels * WF_PANEL_ROWS;
  for (size_t row = begin; row < end; row += step, out += step * forest->n_groups) {
    size_t n = end - row < step ? end - row : step;
    if (single) {
      for (size_t slot = 0; slot < forest->n_used; slot++) {
        float value = feature_at(work, row, forest->used[slot]);
        wf_panel_put(value, &scratch[2 * slot], &scratch[2 * slot + 1]);
      }
      add_row(work, row, scratch, out);
    } else {
      float *sums = scratch + 2 * forest->n_used * n_panels * WF_PANEL_ROWS;
      add_panels(work, row, n, scratch, sums, out);
    }
  }
}

static void add_leaves(const job *work, size_t begin, size_t end, float *out) {
  const wf_forest *forest = work->forest;
  for (size_t row = begin; row < end; row++, out += forest->n_trees) {
    memset(out, 0, forest->n_trees * sizeof *out);
    for (size_t t = work->tree_begin; t < work->tree_end; t++) {
      out[t] = (float)find_leaf(work, &forest->trees[t], row);
    }
  }
}

/* gblinear: bias plus base margin, then one product a feature that is there. */
static void add_linear(const job *work, size_t begin, size_t end, float *out) {
  const wf_forest *forest = work->forest;
  size_t n_groups = forest->n_groups;
  const float *biases = forest->weights + forest->n_features * n_groups;
  for (size_t row = begin; row < end; row++, out += n_groups) {
    for (size_t g = 0; g < n_groups; g++) out[g] = biases[g] + forest->base_margins[g];
    for (size_t f = 0; f < forest->n_features; f++) {
      float value = feature_at(work, row, (uint32_t)f);
      if (value != value) continue;
      for (size_t g = 0; g < n_groups; g++) out[g] += value * forest->weights[f * n_groups + g];
    }
  }
}

static void predict_margins(const job *work, size_t begin, size_t end, float *out) {
  const wf_forest *forest = work->forest;
  if (forest->weights) {
    add_linear(work, begin, end, out);
  } else {
    add_margins(work, begin, end, out);
  }
  if (work->kind == WF_PREDICT_VALUE) {
    wf_objective_transform(forest->objective, out, end - begin, forest->n_groups);
  }
}

/* multi:softmax gives one number a row, out of margins that need room elsewhere. */
static wf_status predict_classes(const job *work, size_t begin, size_t end, wf_error *err) {
  size_t n_groups = work->forest->n_groups;
  float few[CLASS_FLOATS], *margins = few;
  size_t step = CLASS_FLOATS / n_groups;
  if (step == 0) {
    step = 1;
    margins = wf_alloc_array(n_groups, sizeof *margins);
    if (!margins) return wf_fail_nomem(err);
  }
  for (size_t row = begin; row < end; row += step) {
    size_t n = end - row < step ? end - row : step;
    predict_margins(work, row, row + n, margins);
    memcpy(work->out + row, margins, n * sizeof *margins);
  }
  if (margins != few) wf_free(margins);
  return WF_OK;
}

static wf_status predict_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                               wf_error *err) {
  (void)index, (void)worker, (void)err;
  const job *work = context;
  const wf_forest *forest = work->forest;
  size_t n_outputs = wf_forest_output_count(forest, work->kind);
  if (work->kind == WF_PREDICT_LEAF) {
    add_leaves(work, begin, end, work->out + begin * n_outputs);
    return WF_OK;
  }
  if (n_outputs != forest->n_groups) return predict_classes(work, begin, end, err);
  predict_margins(work, begin, end, work->out + begin * n_outputs);
  return WF_OK;
}

static wf_status find_trees(job *work, const wf_predict_options *options, wf_error *err) {
  const wf_forest *forest = work->forest;
  size_t end = options->round_end ? options->round_end : forest->n_rounds;
  if (forest->weights) {
    if (options->round_begin == 0 && options->round_end == 0) return WF_OK;
    return wf_fail(err, WF_UNSUPPORTED, "a gblinear model has no rounds to choose from");
  }
  if (end > forest->n_rounds || options->round_begin > end) {
    return wf_fail(err, WF_INVALID, "rounds %zu to %zu are not within the model's %zu",
                   options->round_begin, end, forest->n_rounds);
  }
  work->tree_begin = forest->round_trees[options->round_begin];
  work->tree_end = forest->round_trees[end];
  return WF_OK;
}

wf_status wf_forest_predict(const wf_forest *forest, const wf_features *features,
                            const wf_predict_options *options, float *out, wf_error *err) {
  static const wf_predict_options defaults = {.kind = WF_PREDICT_VALUE};
  if (!options) options = &defaults;
  if (features->n_columns != forest->n_features) {
    return wf_fail(err, WF_INVALID, "the data has %zu features, the model %zu", features->n_columns,
                   forest->n_features);
  }
  if (options->kind == WF_PREDICT_LEAF && forest->weights) {
    return wf_fail(err, WF_UNSUPPORTED, "a gblinear model has no leaves");
  }
  job work = {.forest = forest,
              .features = features,
              .validity = options->validity,
              .kind = options->kind,
              .kernels = wf_panel_kernels_choose(),
              .out = out};
  WF_TRY(find_trees(&work, options, err));
  return wf_parallel_for(features->n_rows, BLOCK_ROWS, options->n_threads, predict_block, &work,
                         err);
}
