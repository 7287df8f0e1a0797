/* bench_compiled.c — margins against the model compiled to C, and their equality.
 *   bench_compiled [rounds …]   (default 100)
 *
 * Every tree becomes a function of nested ifs, all of them one shared object by the system's C
 * compiler with -O2: what ahead-of-time compilers of tree ensembles do. A missing value costs those
 * functions no extra comparison.
 *
 * Small calls go through 65536 different rows: with the same rows again and again the processor
 * learns all branches of the ifs by heart, which no client will do it the favour of. */
#include "bench.h"

#include "forest/forest.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 1000000, POOL = 65536 };

typedef void predict_fn(const float *rows, size_t n_rows, float *out);

typedef struct compiled {
  char directory[64], source[96], object[96];
  void *library;
  predict_fn *predict;
} compiled;

/* A missing value makes every comparison false. */
static void write_node(FILE *to, const wf_node *nodes, size_t at, int indent) {
  const wf_node *node = &nodes[at];
  if (node->left == 0) {
    fprintf(to, "%*sreturn %af;\n", indent, "", (double)node->value);
    return;
  }
  unsigned feature = node->feature & ~WF_NODE_DEFAULT_LEFT;
  bool left = (node->feature & WF_NODE_DEFAULT_LEFT) != 0;
  fprintf(to, left ? "%*sif (!(x[%u] >= %af)) {\n" : "%*sif (x[%u] < %af) {\n", indent, "", feature,
          (double)node->value);
  write_node(to, nodes, node->left, indent + 1);
  fprintf(to, "%*s} else {\n", indent, "");
  write_node(to, nodes, node->left + 1, indent + 1);
  fprintf(to, "%*s}\n", indent, "");
}

static void write_source(const wf_forest *forest, const char *path) {
  FILE *to = fopen(path, "w");
  bench_require(to != NULL, path);
  fprintf(to, "#include <stddef.h>\n");
  for (size_t t = 0; t < forest->n_trees; t++) {
    fprintf(to, "static inline float tree%zu(const float *x) {\n", t);
    write_node(to, wf_tree_nodes(forest, &forest->trees[t]), 0, 1);
    fprintf(to, "}\n");
  }
  fprintf(to,
          "void predict(const float *x, size_t n, float *out) {\n"
          " for (size_t i = 0; i < n; i++, x += %zu) {\n  float sum = %af;\n",
          forest->n_features, (double)forest->base_margins[0]);
  for (size_t t = 0; t < forest->n_trees; t++) fprintf(to, "  sum += tree%zu(x);\n", t);
  fprintf(to, "  out[i] = sum;\n }\n}\n");
  bench_require(fclose(to) == 0, path);
}

static void compile(compiled *out, const wf_forest *forest) {
  char command[300];
  snprintf(out->directory, sizeof out->directory, "/tmp/bench_compiled_XXXXXX");
  bench_require(mkdtemp(out->directory) != NULL, "mkdtemp");
  snprintf(out->source, sizeof out->source, "%s/model.c", out->directory);
  snprintf(out->object, sizeof out->object, "%s/model.so", out->directory);
  write_source(forest, out->source);
  snprintf(command, sizeof command, "cc -O2 -ffp-contract=off -shared -fPIC -o %s %s", out->object,
           out->source);
  bench_require(system(command) == 0, command);
  out->library = dlopen(out->object, RTLD_NOW);
  bench_require(out->library != NULL, out->object);
  void *symbol = dlsym(out->library, "predict");
  memcpy(&out->predict, &symbol, sizeof symbol);
  bench_require(symbol != NULL, "predict");
}

static void compiled_free(compiled *c) {
  dlclose(c->library);
  unlink(c->source);
  unlink(c->object);
  rmdir(c->directory);
}

typedef struct work {
  const wf_forest *forest;
  const compiled *peer;
  const float *rows;
  size_t n_rows, n_calls; /* rows a call; calls on rows that follow each other */
  float *out;
} work;

static void run_ours(void *context) {
  const work *w = context;
  wf_predict_options options = {.kind = WF_PREDICT_MARGIN, .n_threads = 1};
  wf_error err = WF_ERROR_INIT;
  for (size_t i = 0; i < w->n_calls; i++) {
    const float *rows = w->rows + i * w->n_rows * BENCH_COLUMNS;
    wf_features view = wf_features_rows(rows, w->n_rows, BENCH_COLUMNS);
    float *out = w->out + i * w->n_rows;
    bench_require(wf_forest_predict(w->forest, &view, &options, out, &err) == WF_OK, err.message);
  }
}

static void run_peer(void *context) {
  const work *w = context;
  for (size_t i = 0; i < w->n_calls; i++) {
    w->peer->predict(w->rows + i * w->n_rows * BENCH_COLUMNS, w->n_rows, w->out + i * w->n_rows);
  }
}

static void compare(const wf_forest *forest, const compiled *peer, const float *rows, size_t n_rows,
                    int depth, int rounds) {
  size_t n_calls = n_rows < POOL ? POOL / n_rows : 1, n = n_calls * n_rows;
  float *theirs = malloc(n * sizeof *theirs), *ours = malloc(n * sizeof *ours);
  bench_require(theirs && ours, "out of memory");
  work a = {forest, peer, rows, n_rows, n_calls, theirs};
  work b = {forest, peer, rows, n_rows, n_calls, ours};
  run_peer(&a), run_ours(&b);
  double peer_seconds = bench_median_of(5, run_peer, &a);
  double our_seconds = bench_median_of(5, run_ours, &b);
  bench_line(depth, rounds, n_rows, peer_seconds, our_seconds, theirs, ours, n);
  free(theirs), free(ours);
}

static void compare_counts(const bench_model *model, int depth, int rounds, const float *rows) {
  static const size_t counts[] = {1, 8, 64, ROWS};
  compiled peer;
  compile(&peer, model->forest);
  for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
    compare(model->forest, &peer, rows, counts[k], depth, rounds);
  compiled_free(&peer);
}

int main(int argc, char **argv) {
  float *rows = bench_rows(ROWS, 7);
  bench_head("compiled C");
  bench_each_model(argc, argv, rows, compare_counts);
  free(rows);
  return 0;
}
