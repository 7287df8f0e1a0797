/* tests/bias/support.h — reference documents, and columns of plain CSV files as bytes and numbers.
 */
#ifndef WF_TESTS_BIAS_SUPPORT_H
#define WF_TESTS_BIAS_SUPPORT_H

#include "check.h"
#include "wf/bias.h"

#include <jansson.h>

/* A file of the reference folder "bias/oracle"; skips the test when it is absent. json_decref. */
json_t *reference(const char *name);

/* Each step of a path of object members; array items by "#0", "#1", …; fails the test when absent.
 */
json_t *member(const json_t *value, const char *path, ...);

/* {"error": text} or {"value": null, "error": text} against a failing call; "Infinity" as text;
 * a number within 1e-12 (relative). */
void check_result(const char *what, const json_t *expected, wf_status status, double value,
                  const wf_error *err);

/* TP, FP, FN, TN */
void set_side(wf_bias_cells *cells, int facet, const json_t *counts);

/* A CSV file without quotes. */
typedef struct sheet {
  char *text;
  char **fields; /* row after row, the header first */
  size_t n_columns, n_rows;
} sheet;
sheet read_sheet(const char *path);
void free_sheet(sheet *table);
size_t sheet_column(const sheet *table, const char *name);
const char *sheet_at(const sheet *table, size_t row, size_t column);
/* 1 where the field is one of the `values` (a JSON array of texts and integers); wf_free it. */
uint8_t *sheet_is(const sheet *table, const char *name, const json_t *values);
/* Distinct texts numbered in order of appearance; wf_free it. */
int32_t *sheet_groups(const sheet *table, const char *name, size_t *n_groups);

#endif
