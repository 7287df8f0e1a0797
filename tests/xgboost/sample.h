/* The small data sets of tests/oracle/xgboost_train.py. */
#ifndef WF_TESTS_XGBOOST_SAMPLE_H
#define WF_TESTS_XGBOOST_SAMPLE_H

#include "check.h"
#include "wf/xgboost.h"

typedef struct sample {
  wf_matrix *matrix;
  float *labels, *weights;
} sample;

/* `kind`: binary, real, count or class. End it with sample_free. */
sample sample_new(size_t n_rows, size_t n_columns, uint64_t seed, const char *kind);
void sample_free(sample *s);
wf_xgboost_data sample_data(const sample *s, const char *name, bool weighted);

/* Leaves the test with a reason when libxgboost is not installed. */
void need_xgboost(void);

#define PARAMS(...)                                  \
  .params = (const wf_xgboost_param[]){__VA_ARGS__}, \
  .n_params = sizeof((const wf_xgboost_param[]){__VA_ARGS__}) / sizeof(wf_xgboost_param)

#endif
