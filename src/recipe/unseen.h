/* recipe/unseen.h — small pieces of JSON that steps share. */
#ifndef WF_RECIPE_UNSEEN_H
#define WF_RECIPE_UNSEEN_H

#include "base/json.h"
#include "wf/recipe.h"

/* `, "unseen": "missing"` */
void wf_unseen_format(wf_unseen unseen, wf_bytes *json);
wf_status wf_unseen_parse(wf_unseen *out, const json_t *object, const char *what, wf_error *err);

/* WF_PARSE when the object has a key besides "kind", "column" and `keys` (NULL-terminated). */
wf_status wf_step_check_keys(const json_t *object, const char *const *keys, const char *what,
                             wf_error *err);

#endif
