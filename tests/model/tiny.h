/* tiny.h — the two small models of tests/oracle/model_tiny.py, their rows and predictions. */
#ifndef WF_TESTS_MODEL_TINY_H
#define WF_TESTS_MODEL_TINY_H

#include "wf/model.h"

#include "check.h"

enum { TINY_ROWS = 12 };

/* The raw columns size, colour, weight (and the label "bad"). */
wf_frame *tiny_frame(void);
/* The same rows as the recipe encodes them. */
wf_frame *tiny_encoded(void);
wf_recipe *tiny_recipe(void);
/* "tiny" or "three": XGBoost's document, wf_free it. */
char *tiny_booster(const char *name, size_t *size);
/* xgboost's predictions, `n` floats a row. */
void tiny_expected(const char *name, size_t n, float *out);
/* The whole model, with provenance. */
wf_model *tiny_model(const char *name);

#endif
