/* lua/mod_recipe.h — what other bindings need of mod_recipe.c. */
#ifndef WFL_MOD_RECIPE_H
#define WFL_MOD_RECIPE_H

#include "convert.h"

#include "wf/recipe.h"

/* Pushes the list of the features that a fitted recipe makes, and returns 1. */
int wfl_push_feature_names(lua_State *L, const wf_recipe *recipe);

#endif
