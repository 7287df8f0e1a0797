/* endpoint/schema.h — one loaded model package, ready to answer: immutable once made. */
#ifndef WF_ENDPOINT_SCHEMA_H
#define WF_ENDPOINT_SCHEMA_H

#include "base/map.h"
#include "wf/model.h"

/* What a field name of a request means to the model. */
typedef struct wf_place {
  ptrdiff_t input, feature; /* -1: it is none */
} wf_place;

typedef struct wf_schema {
  size_t n_holders; /* of the pointer; counted by the one thread that builds snapshots */
  wf_model *model;
  const wf_recipe *recipe;
  const wf_forest *forest;
  size_t n_inputs, n_features, n_outputs;
  bool class_scores; /* several outputs, one score each per class */
  bool *input_is_text;
  wf_map *names; /* raw columns, features, and the label: index into places */
  wf_place *places;
  size_t n_places;
  char digest[65];
} wf_schema;

/* Unpacks, validates and tries out a package; `digest` is its name in the store. */
wf_status wf_schema_load(wf_schema **out, const void *package, size_t size, const char *digest,
                         wf_error *err);
/* From a model at hand; takes its own reference. */
wf_status wf_schema_new(wf_schema **out, wf_model *model, const char *digest, wf_error *err);
wf_schema *wf_schema_retain(wf_schema *schema);
void wf_schema_release(wf_schema *schema);

/* NULL when the model knows no such name. */
const wf_place *wf_schema_find(const wf_schema *schema, wf_view name);

#endif
