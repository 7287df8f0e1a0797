/* model/schema.h — schema.json: what a model expects and gives, for whoever has only the package.
 */
#ifndef WF_MODEL_SCHEMA_H
#define WF_MODEL_SCHEMA_H

#include "base/bytes.h"
#include "wf/forest.h"
#include "wf/recipe.h"

typedef struct wf_schema {
  char *label;
  char **classes; /* n_classes texts; NULL when there are none */
  size_t n_classes;
} wf_schema;

void wf_schema_dispose(wf_schema *schema);
wf_status wf_schema_copy(wf_schema *out, const char *label, const char *const *classes,
                         size_t n_classes, wf_error *err);

/* Whether forest, recipe and schema can be one model; WF_INVALID says why not. */
wf_status wf_schema_check(const wf_schema *schema, const wf_recipe *recipe, const wf_forest *forest,
                          wf_error *err);

/* wf_free the text. */
wf_status wf_schema_format(char **out, size_t *size, const wf_schema *schema,
                           const wf_recipe *recipe, const wf_forest *forest, wf_error *err);
/* Also compares everything that the recipe and the forest say too; WF_CORRUPT when they differ. */
wf_status wf_schema_parse(wf_schema *out, wf_view text, const wf_recipe *recipe,
                          const wf_forest *forest, wf_error *err);

#endif
