/* use_model.c — parse; if accepted, predict all kinds and explain.
 *
 * The bytes are parsed from a block of exactly their size, so that a sanitizer sees any read beyond
 * them. Models with so many features or outputs that the rows and results, which are the caller's,
 * would be the larger part of the work are only loaded. */
#include "use_model.h"

#include "wf/shap.h"

#include "base/alloc.h"
#include "base/error.h"

#include <math.h>
#include <string.h>

enum { ROWS = 9, FEW_ROWS = 2, MAX_CELLS = 100000 };

typedef struct bench {
  float *rows, *out;
  double *values;
} bench;

static bool bench_new(bench *b, size_t columns, size_t groups, size_t outputs) {
  b->rows = wf_alloc_array(ROWS * columns, sizeof *b->rows);
  b->out = wf_alloc_array(ROWS * outputs, sizeof *b->out);
  b->values = wf_alloc_array(ROWS * groups * (columns + 1), sizeof *b->values);
  if (!b->rows || !b->out || !b->values) return false;
  for (size_t i = 0; i < ROWS * columns; i++) b->rows[i] = i % 5 == 2 ? NAN : (float)(i % 7) - 3;
  return true;
}

static void bench_free(bench *b) {
  wf_free(b->rows);
  wf_free(b->out);
  wf_free(b->values);
}

/* A model without leaves to number is the only one that may refuse a kind. */
static bool predict(const wf_forest *forest, const bench *b) {
  wf_features rows = wf_features_rows(b->rows, ROWS, wf_forest_feature_count(forest));
  for (int kind = WF_PREDICT_VALUE; kind <= WF_PREDICT_LEAF; kind++) {
    wf_predict_options options = {.kind = (wf_predict_kind)kind, .n_threads = 1};
    wf_status status = wf_forest_predict(forest, &rows, &options, b->out, NULL);
    if (status != WF_OK && status != WF_UNSUPPORTED) return false;
  }
  return true;
}

/* Of two rows, for models of few features: the cells are their number squared. */
static wf_status explain_pairs(const wf_forest *forest, const bench *b) {
  size_t width = wf_forest_feature_count(forest) + 1;
  size_t row = wf_forest_group_count(forest) * width * width;
  if (row > MAX_CELLS) return WF_OK;
  double *cells = wf_alloc_array(FEW_ROWS * row, sizeof *cells);
  if (!cells) return wf_fail_nomem(NULL);
  wf_features rows = wf_features_rows(b->rows, FEW_ROWS, width - 1);
  wf_shap_options options = {.n_threads = 1};
  wf_status status = wf_shap_interactions(forest, &rows, &options, cells, NULL);
  wf_free(cells);
  return status;
}

/* Contributions that do not add up are WF_CORRUPT: of a model that was accepted, a fault of ours.
 */
static use_outcome explain(const wf_forest *forest, const bench *b) {
  wf_features rows = wf_features_rows(b->rows, ROWS, wf_forest_feature_count(forest));
  wf_shap_options options = {.n_threads = 1};
  wf_status status = wf_shap_values(forest, &rows, &options, b->values, NULL);
  if (status == WF_OK) status = explain_pairs(forest, b);
  if (status == WF_OK) return USE_EXPLAINED;
  return status == WF_LIMIT ? USE_ACCEPTED : USE_BROKEN;
}

static use_outcome use(const wf_forest *forest) {
  size_t columns = wf_forest_feature_count(forest), groups = wf_forest_group_count(forest);
  size_t outputs = groups + wf_forest_tree_count(forest);
  if (columns > MAX_CELLS || groups * (columns + 1) > MAX_CELLS || outputs > MAX_CELLS) {
    return USE_ACCEPTED;
  }
  bench b = {0};
  use_outcome outcome = USE_BROKEN;
  if (bench_new(&b, columns, groups, outputs) && predict(forest, &b)) outcome = explain(forest, &b);
  bench_free(&b);
  return outcome;
}

use_outcome use_model(const void *bytes, size_t size) {
  char *exact = wf_alloc(size);
  if (!exact) return USE_REFUSED;
  if (size) memcpy(exact, bytes, size);
  wf_forest *forest;
  wf_status status = wf_forest_parse(&forest, exact, size, NULL);
  wf_free(exact);
  if (status != WF_OK) return USE_REFUSED;
  use_outcome outcome = use(forest);
  wf_forest_release(forest);
  return outcome;
}
