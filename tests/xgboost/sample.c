#include "sample.h"

#include <stdlib.h>

static uint64_t next(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return *state >> 33;
}

static float label_of(double s, const char *kind) {
  if (strcmp(kind, "binary") == 0) return s > 0 ? 1 : 0;
  if (strcmp(kind, "count") == 0) return (float)floor(fabs(s) / 40);
  if (strcmp(kind, "class") == 0) return s < -60 ? 0 : s < 60 ? 1 : 2;
  return (float)s;
}

sample sample_new(size_t n_rows, size_t n_columns, uint64_t seed, const char *kind) {
  wf_error err = WF_ERROR_INIT;
  sample s = {.labels = malloc(n_rows * sizeof(float)), .weights = malloc(n_rows * sizeof(float))};
  REQUIRE_OK(wf_matrix_new(&s.matrix, n_rows, n_columns, NULL, &err), err);
  uint64_t state = seed;
  for (size_t i = 0; i < n_rows; i++) {
    static const double factors[] = {1, 0.5, -0.25};
    double sum = 0;
    for (size_t j = 0; j < n_columns; j++) {
      double value = (double)(next(&state) % 2000) / 8 - 125;
      bool missing = next(&state) % 10 == 0;
      wf_matrix_column_at(s.matrix, j)[i] = missing ? NAN : (float)value;
      if (j < 3 && !missing) sum += factors[j] * value;
    }
    sum += (double)(next(&state) % 200) - 100;
    s.labels[i] = label_of(sum, kind);
    s.weights[i] = (float)(1 + next(&state) % 4) / 2;
  }
  return s;
}

void sample_free(sample *s) {
  wf_matrix_release(s->matrix);
  free(s->labels);
  free(s->weights);
}

wf_xgboost_data sample_data(const sample *s, const char *name, bool weighted) {
  return (wf_xgboost_data){name, s->matrix, s->labels, weighted ? s->weights : NULL};
}

void need_xgboost(void) {
  wf_error err = WF_ERROR_INIT;
  int major, minor, patch;
  wf_status status = wf_xgboost_version(&major, &minor, &patch, &err);
  if (status == WF_NOTFOUND) SKIP("%s", err.message);
  REQUIRE_OK(status, err);
}
