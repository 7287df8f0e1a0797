#include "literal.h"

#include <stdlib.h>

static double expected_value(const wf_forest *forest, const wf_tree *tree, size_t at,
                             const float *row, unsigned known) {
  const wf_node *node = wf_tree_nodes(forest, tree) + at;
  if (node->left == 0) return (double)node->value;
  uint32_t feature = node->feature & ~WF_NODE_DEFAULT_LEFT;
  if (known >> feature & 1) {
    bool left = wf_node_goes_left(forest, node, row[feature]);
    return expected_value(forest, tree, node->left + !left, row, known);
  }
  const float *covers = forest->covers + tree->first;
  double l = (double)covers[node->left], r = (double)covers[node->left + 1];
  return (l * expected_value(forest, tree, node->left, row, known) +
          r * expected_value(forest, tree, node->left + 1, row, known)) /
         (l + r);
}

static double mixed_value(const wf_forest *forest, const wf_tree *tree, const float *row,
                          const float *background, unsigned known) {
  const wf_node *nodes = wf_tree_nodes(forest, tree);
  size_t at = 0;
  while (nodes[at].left) {
    uint32_t feature = nodes[at].feature & ~WF_NODE_DEFAULT_LEFT;
    float value = known >> feature & 1 ? row[feature] : background[feature];
    at = nodes[at].left + !wf_node_goes_left(forest, &nodes[at], value);
  }
  return (double)nodes[at].value;
}

static void fill(double *value, const wf_forest *forest, size_t group, const float *row,
                 const float *background) {
  for (unsigned set = 0; set < 1u << forest->n_features; set++) {
    value[set] = wf_forest_base_margin_at(forest, group);
    for (size_t t = 0; t < forest->n_trees; t++) {
      const wf_tree *tree = &forest->trees[t];
      if (tree->group != group) continue;
      value[set] += background ? mixed_value(forest, tree, row, background, set)
                               : expected_value(forest, tree, 0, row, set);
    }
  }
}

void literal_expected(double *value, const wf_forest *forest, size_t group, const float *row) {
  fill(value, forest, group, row, NULL);
}

void literal_mixed(double *value, const wf_forest *forest, size_t group, const float *row,
                   const float *background) {
  fill(value, forest, group, row, background);
}

static double factorial(unsigned n) { return n < 2 ? 1 : (double)n * factorial(n - 1); }

double literal_shapley(const double *value, unsigned n, unsigned feature) {
  double sum = 0;
  for (unsigned set = 0; set < 1u << n; set++) {
    if (set >> feature & 1) continue;
    unsigned size = (unsigned)__builtin_popcount(set);
    sum += factorial(size) * factorial(n - size - 1) / factorial(n) *
           (value[set | 1u << feature] - value[set]);
  }
  return sum;
}

double literal_interaction(const double *value, unsigned n, unsigned a, unsigned b) {
  unsigned bit_a = 1u << a, bit_b = 1u << b;
  double sum = 0;
  for (unsigned set = 0; set < 1u << n; set++) {
    if (set & (bit_a | bit_b)) continue;
    unsigned size = (unsigned)__builtin_popcount(set);
    double together = value[set | bit_a | bit_b] - value[set | bit_a] - value[set | bit_b];
    sum += factorial(size) * factorial(n - size - 2) / (2 * factorial(n - 1)) *
           (together + value[set]);
  }
  return sum;
}

void for_each_tree_model(void (*fn)(const char *name, const wf_forest *forest,
                                    const reference *r)) {
  for (size_t i = 0; model_names[i]; i++) {
    if (strstr(model_names[i], "linear")) continue;
    reference r;
    reference_read(&r, model_names[i]);
    wf_forest *forest = model_read(model_names[i]);
    fn(model_names[i], forest, &r);
    wf_forest_release(forest);
    reference_free(&r);
  }
}

void with_oracle_model(const char *name,
                       void (*fn)(const char *name, const wf_forest *forest, const reference *r)) {
  reference r;
  reference_read_oracle(&r, name);
  char path[100];
  snprintf(path, sizeof path, "shap/%s/model.ubj", name);
  wf_error err = WF_ERROR_INIT;
  wf_forest *forest;
  REQUIRE_OK(wf_forest_read(&forest, test_oracle(path), &err), err);
  fn(name, forest, &r);
  wf_forest_release(forest);
  reference_free(&r);
}

typedef bool explain_fn(const wf_forest *forest, const reference *r, double *out);

static bool explain_fresh(const char *bytes, size_t size, explain_fn *fn, const reference *r,
                          double *out) {
  wf_forest *forest = NULL;
  if (wf_forest_parse(&forest, bytes, size, NULL) != WF_OK) return false;
  bool done = fn(forest, r, out);
  wf_forest_release(forest);
  return done;
}

void check_failing_allocations(const char *name, size_t n_cells, explain_fn *fn) {
  reference r;
  reference_read(&r, name);
  char file[50];
  snprintf(file, sizeof file, "%s.json", name);
  size_t size;
  char *bytes = bytes_of_file(model_path(file), &size);
  double *out = wf_alloc_array(n_cells, sizeof *out);
  CHECK_OOM_SAFE(explain_fresh(bytes, size, fn, &r, out));
  wf_free(out);
  wf_free(bytes);
  reference_free(&r);
}

double *oracle_numbers(const char *model, const char *file, size_t skip, size_t *n) {
  char path[150];
  snprintf(path, sizeof path, "shap/%s/%s", model, file);
  size_t size;
  char *text = bytes_of_file(test_oracle(path), &size), *at = text;
  for (; skip; skip--) at = strchr(at, '\n') + 1;
  size_t room = size / 2 + 1;
  double *out = wf_alloc_array(room, sizeof *out);
  REQUIRE(out);
  for (*n = 0; *n < room; (*n)++) {
    while (*at == ',' || *at == '\n' || *at == '\r') at++;
    if (at >= text + size) break;
    out[*n] = strtod(at, &at);
  }
  wf_free(text);
  return out;
}

double *explained(shap_fn *way, const wf_forest *forest, const wf_features *rows, size_t n_cells,
                  size_t n_threads) {
  double *out = wf_alloc_array(rows->n_rows * wf_forest_group_count(forest) * n_cells, sizeof *out);
  wf_error err = WF_ERROR_INIT;
  wf_shap_options options = {.n_threads = n_threads};
  REQUIRE_OK(way(forest, rows, &options, out, &err), err);
  return out;
}

double *explained_against(shap_against_fn *way, const wf_forest *forest, const wf_features *rows,
                          const wf_features *background, size_t n_threads) {
  size_t n = rows->n_rows * wf_forest_group_count(forest) * (rows->n_columns + 1);
  double *out = wf_alloc_array(n, sizeof *out);
  wf_error err = WF_ERROR_INIT;
  wf_shap_options options = {.n_threads = n_threads};
  REQUIRE_OK(way(forest, rows, background, &options, out, &err), err);
  return out;
}
