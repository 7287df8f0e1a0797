/* recipe/expression.h — arithmetic over the number columns of a row.
 *
 *   amount / income      log1p(age) * (`years insured` >= 2)      if(missing(a), 0, max(a, b))
 *
 * From loosest to tightest: or, and, comparisons (== ~= < <= > >=), + -, * / %, - and not, ^.
 * Columns are words or any text in backquotes. Functions: abs ceil exp floor log log1p sqrt, min
 * max coalesce (two and more arguments), if(condition, yes, no), missing(x). Truth is 1 and 0, and
 * anything but 0 is true.
 *
 * A missing operand makes the result missing, but where the other one decides an `and` or `or`, in
 * missing and coalesce, and in the branch that `if` does not take. So does what is no finite
 * number: x / 0, log(-1). */
#ifndef WF_RECIPE_EXPRESSION_H
#define WF_RECIPE_EXPRESSION_H

#include "base/map.h"

enum {
  WF_EXPRESSION_MAX_TEXT = 4096,
  WF_EXPRESSION_MAX_COLUMNS = 64,
  WF_EXPRESSION_MAX_DEPTH = 64
};

typedef struct wf_expression wf_expression;

/* A mistake is WF_PARSE (WF_LIMIT for what is too long) with err->column the byte, from 1. */
wf_status wf_expression_parse(wf_expression **out, wf_view text, wf_error *err);
void wf_expression_free(wf_expression *expression);

wf_view wf_expression_text(const wf_expression *expression); /* as it was parsed */
/* The columns it names, in order of first appearance: 1 to WF_EXPRESSION_MAX_COLUMNS. */
const wf_map *wf_expression_columns(const wf_expression *expression);

/* Its value where values[i] is that of column i. Missing is NaN, in and out. */
double wf_expression_evaluate(const wf_expression *expression, const double *values);

#endif
