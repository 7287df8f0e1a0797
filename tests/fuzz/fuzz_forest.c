/* fuzz_forest.c — model documents: parse, and if one is accepted, predict with it and explain it.
 */
#include "wf/shap.h"

#include "base/alloc.h"

#include <math.h>

enum { ROWS = 9, MAX_CELLS = 100000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const wf_forest *forest, const float *rows, float *out, double *values) {
  wf_features view = wf_features_rows(rows, ROWS, wf_forest_feature_count(forest));
  for (int kind = WF_PREDICT_VALUE; kind <= WF_PREDICT_LEAF; kind++) {
    wf_predict_options options = {.kind = (wf_predict_kind)kind, .n_threads = 1};
    if (wf_forest_predict(forest, &view, &options, out, NULL) != WF_OK) break;
  }
  wf_shap_options options = {.n_threads = 1};
  if (wf_shap_values(forest, &view, &options, values, NULL) != WF_OK) return;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  wf_forest *forest;
  if (wf_forest_parse(&forest, data, size, NULL) != WF_OK) return 0;
  size_t columns = wf_forest_feature_count(forest), groups = wf_forest_group_count(forest);
  size_t outputs = groups + wf_forest_tree_count(forest);
  if (columns < MAX_CELLS && groups * (columns + 1) < MAX_CELLS && outputs < MAX_CELLS) {
    float *rows = wf_alloc_array(ROWS * columns, sizeof *rows);
    float *out = wf_alloc_array(ROWS * outputs, sizeof *out);
    double *values = wf_alloc_array(ROWS * groups * (columns + 1), sizeof *values);
    for (size_t i = 0; rows && i < ROWS * columns; i++) {
      rows[i] = i % 5 == 2 ? NAN : (float)(i % 7) - 3;
    }
    if (rows && out && values) use(forest, rows, out, values);
    wf_free(rows);
    wf_free(out);
    wf_free(values);
  }
  wf_forest_release(forest);
  return 0;
}
