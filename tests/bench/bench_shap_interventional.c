/* bench_shap_interventional.c — values against a background of 100 rows, 100 trees, and the shap
 * package's when its library (shap_peer.cc says how to build it) is given.
 *   bench_shap_interventional [shap_peer.so] */
#include "bench.h"

#include "shap_peer.h"

#include "forest/forest.h"
#include "wf/shap.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 4096, BACKGROUND = 100, WIDTH = BENCH_COLUMNS + 1 };

typedef struct task {
  const bench_model *model;
  const float *rows, *background;
  size_t n_rows, n_background;
  double *out;
  shap_peer_fn *peer;
  shap_peer_trees trees;
  double *wide_rows, *wide_background;
  bool *missing;
} task;

static void explain(void *context) {
  task *t = context;
  wf_features view = wf_features_rows(t->rows, t->n_rows, BENCH_COLUMNS);
  wf_features background = wf_features_rows(t->background, t->n_background, BENCH_COLUMNS);
  wf_shap_options options = {.n_threads = 1};
  wf_error err = WF_ERROR_INIT;
  bench_require(
      wf_shap_interventional(t->model->forest, &view, &background, &options, t->out, &err) == WF_OK,
      err.message);
}

static void peer_explain(void *context) {
  task *t = context;
  for (size_t i = 0; i < t->n_rows * WIDTH; i++) t->out[i] = 0;
  t->peer(&t->trees, t->wide_rows, t->missing, t->n_rows, t->wide_background, t->n_background,
          BENCH_COLUMNS, t->out);
}

static void *table(size_t n, size_t size) {
  void *memory = calloc(n, size);
  bench_require(memory != NULL, "out of memory");
  return memory;
}

static double *widen(const float *from, size_t n) {
  double *to = table(n, sizeof *to);
  for (size_t i = 0; i < n; i++) to[i] = (double)from[i];
  return to;
}

static void fill_tree(shap_peer_trees *to, const wf_forest *forest, size_t t) {
  const wf_tree *tree = &forest->trees[t];
  const wf_node *nodes = wf_tree_nodes(forest, tree);
  for (size_t i = 0; i < to->max_nodes; i++) {
    size_t at = t * to->max_nodes + i;
    to->left[at] = to->right[at] = to->default_child[at] = to->features[at] = -1;
    if (i >= tree->n_nodes) continue;
    to->values[at] = (double)nodes[i].value;
    to->weights[at] = (double)forest->covers[tree->first + i];
    if (!nodes[i].left) continue;
    bool left = (nodes[i].feature & WF_NODE_DEFAULT_LEFT) != 0;
    to->left[at] = (int)nodes[i].left;
    to->right[at] = (int)nodes[i].left + 1;
    to->default_child[at] = left ? to->left[at] : to->right[at];
    to->features[at] = (int)(nodes[i].feature & ~WF_NODE_DEFAULT_LEFT);
    to->thresholds[at] = (double)nextafterf(nodes[i].value, -INFINITY);
    to->values[at] = 0;
  }
}

static void fill_trees(shap_peer_trees *to, const wf_forest *forest) {
  *to = (shap_peer_trees){.n_trees = (unsigned)forest->n_trees};
  for (size_t t = 0; t < forest->n_trees; t++) {
    const wf_tree *tree = &forest->trees[t];
    if (tree->n_nodes > to->max_nodes) to->max_nodes = tree->n_nodes;
    if (tree->depth > to->depth) to->depth = tree->depth;
  }
  size_t n = forest->n_trees * to->max_nodes;
  int **ints[] = {&to->left, &to->right, &to->default_child, &to->features, &to->kinds};
  double **doubles[] = {&to->thresholds, &to->values, &to->weights};
  for (size_t i = 0; i < 5; i++) *ints[i] = table(n, sizeof(int));
  for (size_t i = 0; i < 3; i++) *doubles[i] = table(n, sizeof(double));
  for (size_t t = 0; t < forest->n_trees; t++) fill_tree(to, forest, t);
}

static void free_trees(shap_peer_trees *trees) {
  free(trees->left), free(trees->right), free(trees->default_child), free(trees->features);
  free(trees->kinds), free(trees->thresholds), free(trees->values), free(trees->weights);
}

static double largest_difference(const double *a, const double *b, size_t n_rows) {
  double largest = 0;
  for (size_t i = 0; i < n_rows * WIDTH; i++) {
    if (i % WIDTH != BENCH_COLUMNS) largest = fmax(largest, fabs(a[i] - b[i]));
  }
  return largest;
}

static void run(int depth, shap_peer_fn *peer) {
  bench_model model;
  bench_train(&model, depth, 100);
  float *rows = bench_rows(ROWS, 7), *background = bench_rows(BACKGROUND, 8);
  double *ours = table(ROWS * WIDTH, sizeof *ours), *theirs = table(ROWS * WIDTH, sizeof *theirs);
  task many = {.model = &model,
               .rows = rows,
               .background = background,
               .n_rows = ROWS,
               .n_background = BACKGROUND,
               .out = ours};
  task one = many;
  one.n_rows = 1;
  double per_one = bench_median(explain, &one), per_row = bench_median(explain, &many) / ROWS;
  printf("%5d %10.2f %10.1f", depth, per_row * 1e6, per_one * 1e6);
  if (peer) {
    task other = many;
    other.peer = peer, other.n_rows = depth <= 6 ? 20 : 10, other.out = theirs;
    other.wide_rows = widen(rows, other.n_rows * BENCH_COLUMNS);
    other.wide_background = widen(background, BACKGROUND * BENCH_COLUMNS);
    other.missing = table(BACKGROUND * BENCH_COLUMNS, sizeof *other.missing);
    fill_trees(&other.trees, model.forest);
    double per_peer = bench_median_of(5, peer_explain, &other) / (double)other.n_rows;
    printf(" %12.1f %8.0fx %8.0fx %10.1e", per_peer * 1e6, per_peer / per_row, per_peer / per_one,
           largest_difference(ours, theirs, other.n_rows));
    free_trees(&other.trees);
    free(other.wide_rows), free(other.wide_background), free(other.missing);
  }
  printf("\n");
  fflush(stdout);
  free(rows), free(background), free(ours), free(theirs);
  bench_model_free(&model);
}

int main(int argc, char **argv) {
  shap_peer_fn *peer = NULL;
  if (argc > 1) {
    void *library = dlopen(argv[1], RTLD_NOW);
    bench_require(library != NULL, "the library does not open");
    *(void **)&peer = dlsym(library, "shap_peer_explain");
    bench_require(peer != NULL, "the library has no shap_peer_explain");
  }
  printf("us/row, CPU time of one thread, tables included; %d rows, and a row alone\n", ROWS);
  printf("%5s %10s %10s %12s %9s %9s %10s\n", "depth", "wf", "wf 1 row", "shap", "ratio", "1 row",
         "difference");
  for (int depth = 4; depth <= 8; depth += 2) run(depth, peer);
  return 0;
}
