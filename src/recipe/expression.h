/* recipe/expression.h — numbers and texts computed from the columns of a row.
 *
 *   amount / income      log1p(age) * (`years insured` >= 2)      if(missing(a), 0, max(a, b))
 *   lower(city) == "kyoto" and not is_in(kind, "a", "b")          make .. " " .. model
 *
 * From loosest to tightest: or, and, comparisons (== ~= < <= > >=), .., + -, * / %, - and not, ^.
 * Columns are words or any text in backquotes; texts stand in " or ', which is doubled inside.
 * Functions of numbers: abs ceil cos exp floor log log1p round sign sin sqrt, min max (two and
 * more), and year … epoch of an instant; of texts: lower upper trim length contains starts_with
 * ends_with replace part sub number; of both: coalesce (two and more), if(condition, yes, no),
 * missing(x), is_in(x, value, …), text(x). Truth is 1 and 0, and anything but 0 is true. Text is
 * compared as bytes, its case is ASCII's. Every place holds numbers or texts, never now this now
 * that: wf_expression_check finds out which.
 *
 * A missing operand makes the result missing, but where the other one decides an `and` or `or`, in
 * missing and coalesce, and in the branch that `if` does not take. So does what is no finite
 * number: x / 0, log(-1). */
#ifndef WF_RECIPE_EXPRESSION_H
#define WF_RECIPE_EXPRESSION_H

#include "base/map.h"
#include "wf/recipe.h"

enum {
  WF_EXPRESSION_MAX_TEXT = 4096,
  WF_EXPRESSION_MAX_COLUMNS = 64,
  WF_EXPRESSION_MAX_DEPTH = 64,
  WF_EXPRESSION_ROOM = 4096 /* bytes of text that one evaluation may make */
};

typedef struct wf_expression wf_expression;

/* A mistake is WF_PARSE (WF_LIMIT for what is too long) with err->column the byte, from 1. */
wf_status wf_expression_parse(wf_expression **out, wf_view text, wf_error *err);
void wf_expression_free(wf_expression *expression);

wf_view wf_expression_text(const wf_expression *expression); /* as it was parsed */
/* The columns it names, in order of first appearance: 1 to WF_EXPRESSION_MAX_COLUMNS. */
const wf_map *wf_expression_columns(const wf_expression *expression);

/* Whether it makes texts, where column i holds texts if is_text[i]; WF_TYPE where a number stands
 * for a text or the other way round. To be asked once before evaluating. */
wf_status wf_expression_check(const wf_expression *expression, const bool *is_text,
                              bool *makes_text, wf_error *err);

typedef struct wf_expression_room { /* texts that are made; `used` is set by the evaluation */
  size_t used;
  char bytes[WF_EXPRESSION_ROOM];
} wf_expression_room;

/* Its value where values[i] is that of column i, of the kind that was checked or missing. Text
 * points into the values, the expression or the room. WF_LIMIT: texts that the room cannot hold. */
wf_status wf_expression_evaluate(wf_cell *out, const wf_expression *expression,
                                 const wf_cell *values, wf_expression_room *room, wf_error *err);

#endif
