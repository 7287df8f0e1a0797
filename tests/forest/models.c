#include "models.h"

#include "base/file.h"

#include <stdlib.h>

const char *const model_names[] = {
    "logistic",     "reg_logistic", "logitraw", "hinge",    "squared",  "squaredlog", "pseudohuber",
    "absolute",     "poisson",      "gamma",    "tweedie",  "softprob", "softmax",    "pairwise",
    "ndcg",         "map",          "cox",      "aft",      "dart",     "dart_multi", "linear",
    "linear_multi", "categorical",  "onehot",   "parallel", "pruned",   "lossguide",  "stumps",
    "empty",        "early",        "targets",  NULL};

char *bytes_of_file(const char *path, size_t *size) {
  wf_error err = WF_ERROR_INIT;
  char *bytes;
  REQUIRE_OK(wf_file_read(path, 0, &bytes, size, &err), err);
  return bytes;
}

const char *model_path(const char *name) {
  static char path[300];
  snprintf(path, sizeof path, "tests/forest/models/%s", name);
  return test_source(path);
}

wf_forest *model_read(const char *name) {
  char file[100];
  snprintf(file, sizeof file, "%s.json", name);
  wf_error err = WF_ERROR_INIT;
  wf_forest *forest;
  REQUIRE_OK(wf_forest_read(&forest, model_path(file), &err), err);
  return forest;
}

static float *read_block(char **at, const char *title, size_t n) {
  *at += strspn(*at, " \n");
  REQUIRE(strncmp(*at, title, strlen(title)) == 0);
  *at += strlen(title);
  float *block = wf_alloc_array(n, sizeof *block);
  REQUIRE(block);
  for (size_t i = 0; i < n; i++) block[i] = strtof(*at, at);
  return block;
}

static void transpose(reference *r) {
  r->transposed = wf_alloc_array(r->n_rows * r->n_columns, sizeof(float));
  REQUIRE(r->transposed);
  for (size_t i = 0; i < r->n_rows; i++) {
    for (size_t j = 0; j < r->n_columns; j++) {
      r->transposed[j * r->n_rows + i] = r->rows[i * r->n_columns + j];
    }
  }
}

void reference_read(reference *out, const char *name) {
  char file[100];
  snprintf(file, sizeof file, "%s.txt", name);
  size_t size;
  char *text = bytes_of_file(model_path(file), &size), *at = text;
  reference r;
  r.n_rows = strtoul(at, &at, 10);
  r.n_columns = strtoul(at, &at, 10);
  r.n_outputs = strtoul(at, &at, 10);
  r.n_values = strtoul(at, &at, 10);
  r.n_trees = strtoul(at, &at, 10);
  r.rows = read_block(&at, "rows", r.n_rows * r.n_columns);
  r.margins = read_block(&at, "margins", r.n_rows * r.n_outputs);
  r.values = read_block(&at, "values", r.n_rows * r.n_values);
  r.leaves = read_block(&at, "leaves", r.n_rows * r.n_trees);
  r.contribs = read_block(&at, "contribs", r.n_rows * r.n_outputs * (r.n_columns + 1));
  wf_free(text);
  transpose(&r);
  *out = r;
}

static float *read_floats(const char *folder, const char *name, size_t n) {
  char path[100];
  snprintf(path, sizeof path, "shap/%s/%s.f32", folder, name);
  size_t size;
  char *bytes = bytes_of_file(test_oracle(path), &size);
  REQUIRE(size == n * sizeof(float));
  return (float *)(void *)bytes;
}

void reference_read_oracle(reference *out, const char *name) {
  static const struct {
    const char *name;
    size_t n_rows, n_columns, n_trees;
  } known[] = {{"fraud", 200, 45, 5}, {"reg8", 100, 12, 100}, {"small8", 50, 8, 20}};
  size_t i = 0;
  while (i < 2 && strcmp(known[i].name, name) != 0) i++;
  char path[100];
  snprintf(path, sizeof path, "shap/%s/model.json", name);
  test_oracle(path); /* skips here, before anything is held */
  reference r = {.n_rows = known[i].n_rows,
                 .n_columns = known[i].n_columns,
                 .n_outputs = 1,
                 .n_values = 1,
                 .n_trees = known[i].n_trees};
  r.rows = read_floats(name, "input", r.n_rows * r.n_columns);
  r.margins = read_floats(name, "margin", r.n_rows);
  r.values = read_floats(name, "pred", r.n_rows);
  r.leaves = read_floats(name, "leaf", r.n_rows * r.n_trees);
  r.contribs = read_floats(name, "contribs", r.n_rows * (r.n_columns + 1));
  transpose(&r);
  *out = r;
}

void reference_free(reference *r) {
  wf_free(r->rows);
  wf_free(r->margins);
  wf_free(r->values);
  wf_free(r->leaves);
  wf_free(r->contribs);
  wf_free(r->transposed);
}

wf_features reference_by_row(const reference *r) {
  return wf_features_rows(r->rows, r->n_rows, r->n_columns);
}

wf_features reference_by_column(const reference *r) {
  return (wf_features){r->transposed, r->n_rows, r->n_columns, 1, r->n_rows};
}
