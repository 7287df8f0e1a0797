/* recipe/values.h — the list of categories of an ordinal or one-hot step: distinct texts with their
 * positions, kept in a wf_map. */
#ifndef WF_RECIPE_VALUES_H
#define WF_RECIPE_VALUES_H

#include "base/json.h"
#include "base/map.h"

enum { WF_VALUES_MAX = 1 << 20 }; /* categories of one step */

/* Valid UTF-8 without NUL: what a name or category must be so that JSON can carry it. */
bool wf_text_is_plain(wf_view text);

/* From an array; duplicates and bad text are WF_INVALID, prefixed by `what` ("ordinal \"x\""). */
wf_status wf_values_new(wf_map **out, const char *const *values, size_t n, const char *what,
                        wf_error *err);
/* In byte order; of a set of texts. */
wf_status wf_values_sort(wf_map **out, const wf_map *texts, wf_error *err);

int wf_values_order(wf_view a, wf_view b); /* as bytes: below, at or above 0 */
/* Those of the training data, in byte order; WF_INVALID, naming step and column, when there are
 * none or one cannot stand in JSON. */
wf_status wf_values_learn(wf_map **out, const wf_map *texts, const char *step, const char *column,
                          wf_error *err);

void wf_values_format(const wf_map *values, wf_bytes *json); /* ["a", "b"] */
wf_status wf_values_parse(wf_map **out, const json_t *array, const char *what, wf_error *err);

/* WF_INVALID: the value is not one of `values`, of which the message shows a few. */
wf_status wf_values_fail_unknown(wf_error *err, const wf_map *values, wf_view value);
/* WF_INVALID unless at least one of the training texts is among `values`: a list that matches
 * nothing is a mistake. */
wf_status wf_values_check_used(const wf_map *values, const wf_map *texts, const char *column,
                               wf_error *err);

#endif
