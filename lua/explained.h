/* lua/explained.h — what explaining rows gives, as mod_shap.c and mod_shap_interactions.c share it:
 * all values of one call, and the model, which names the features. */
#ifndef WFL_EXPLAINED_H
#define WFL_EXPLAINED_H

#include "convert.h"

#include "wf/model.h"
#include "wf/shap.h"

#define WFL_SHAP "wf.shap"
#define WFL_INTERACTIONS "wf.shap_interactions"

typedef struct wfl_explained {
  wf_model *model;
  double *values; /* n_rows x n_groups x n_cells */
  size_t n_rows, n_groups, n_features;
  size_t n_cells; /* n_features + 1, the base value last; of interactions, its square */
} wfl_explained;

/* The object of either class at argument 1. */
wfl_explained *wfl_explained_check(lua_State *L);
/* The output that argument `arg` counts from 1 (default 1); several outputs are the classes. */
size_t wfl_explained_group(lua_State *L, const wfl_explained *e, int arg);
const char *wfl_explained_name(const wfl_explained *e, size_t feature);
static inline const double *wfl_explained_at(const wfl_explained *e, size_t row, size_t group) {
  return e->values + (row * e->n_groups + group) * e->n_cells;
}

/* Methods of both classes. */
int wfl_explained_outputs(lua_State *L);
int wfl_explained_base(lua_State *L);
void wfl_explained_dispose(void *object);

void wfl_interactions_class(lua_State *L);

#endif
