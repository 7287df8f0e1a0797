/* predict.c — the driver of prediction: blocks of rows, threads, kernels, the objective's
 * transform.
 *
 * A margin is the base margin and then, in tree order, each leaf of its group added in float32:
 * that order is what makes it libxgboost's to the bit, so every kernel keeps it. Rows are
 * independent; blocks and threads change nothing. */
#include "wf/forest.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "forest/forest.h"

#include <string.h>

enum { BLOCK_ROWS = 512, SCRATCH_FLOATS = 2048 };

typedef struct job {
  const wf_forest *forest;
  const wf_features *features;
  wf_predict_kind kind;
  size_t tree_begin, tree_end;
  float *out;
} job;

static float feature_at(const wf_features *features, size_t row, uint32_t feature) {
  return features->data[row * features->row_stride + feature * features->column_stride];
}

static size_t find_leaf(const job *work, const wf_tree *tree, size_t row) {
  const wf_node *nodes = wf_tree_nodes(work->forest, tree);
  size_t at = 0;
  while (nodes[at].left) {
    float value = feature_at(work->features, row, nodes[at].feature & ~WF_NODE_DEFAULT_LEFT);
    at = nodes[at].left + !wf_node_goes_left(work->forest, &nodes[at], value);
  }
  return at;
}

static void add_margins(const job *work, size_t begin, size_t end, float *out) {
  const wf_forest *forest = work->forest;
  for (size_t row = begin; row < end; row++, out += forest->n_groups) {
    memcpy(out, forest->base_margins, forest->n_groups * sizeof *out);
    for (size_t t = work->tree_begin; t < work->tree_end; t++) {
      const wf_tree *tree = &forest->trees[t];
      out[tree->group] += wf_tree_nodes(forest, tree)[find_leaf(work, tree, row)].value;
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
      float value = feature_at(work->features, row, (uint32_t)f);
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
  float few[SCRATCH_FLOATS], *margins = few;
  size_t step = SCRATCH_FLOATS / n_groups;
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
  job work = {.forest = forest, .features = features, .kind = options->kind, .out = out};
  WF_TRY(find_trees(&work, options, err));
  return wf_parallel_for(features->n_rows, BLOCK_ROWS, options->n_threads, predict_block, &work,
                         err);
}
