/* tests/metrics/reference.h — reading tests/metrics/reference.json, made by
 * tests/oracle/metrics.py. */
#ifndef WF_TESTS_METRICS_REFERENCE_H
#define WF_TESTS_METRICS_REFERENCE_H

#include "check.h"

#include <jansson.h>

/* The cases under `kind`, which CHECK_CASES walks; json_decref the document. */
json_t *reference_document(void);

typedef struct reference_array {
  double *values; /* NULL for JSON null */
  size_t n;
} reference_array;
/* Ends with wf_free(array.values). */
reference_array reference_numbers(const json_t *object, const char *key);

/* null is NaN */
double reference_number(const json_t *object, const char *key);

/* |actual - expect[key]| within 1e-12, naming case and key when not. */
void reference_check(const json_t *test_case, const char *key, double actual);

#endif
