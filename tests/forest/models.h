/* tests/forest/models.h — models of tests/forest/models with libxgboost's own answers, and the
 * oracle's, read for tests. */
#ifndef WF_TESTS_FOREST_MODELS_H
#define WF_TESTS_FOREST_MODELS_H

#include "wf/forest.h"

#include "check.h"

typedef struct reference {
  size_t n_rows, n_columns, n_outputs, n_values, n_trees;
  float *rows, *margins, *values, *leaves, *contribs;
  float *transposed; /* the rows column after column */
} reference;

/* "logistic" → tests/forest/models/logistic.txt; release with reference_free. */
void reference_read(reference *out, const char *name);
/* "fraud" → <oracle>/shap/fraud; skips the test when there is none. */
void reference_read_oracle(reference *out, const char *name);
void reference_free(reference *r);
/* The views of its rows in either order. */
wf_features reference_by_row(const reference *r);
wf_features reference_by_column(const reference *r);

/* The path of tests/forest/models/<name>. */
const char *model_path(const char *name);
wf_forest *model_read(const char *name);
extern const char *const model_names[]; /* NULL-terminated */

/* A file's bytes, wf_free them. */
char *bytes_of_file(const char *path, size_t *size);

#endif
