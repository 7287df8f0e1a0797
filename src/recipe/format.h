/* recipe/format.h — what the two sides of the JSON document share. */
#ifndef WF_RECIPE_FORMAT_H
#define WF_RECIPE_FORMAT_H

#include "recipe/recipe.h"

enum {
  WF_RECIPE_FORMAT = 1,              /* the document's version */
  WF_RECIPE_MAX_DOCUMENT = 64 << 20, /* bytes */
  WF_RECIPE_MAX_STEPS = 1 << 16      /* of one column, or declared */
};

const char *wf_input_type_name(wf_input_type type);

#endif
