/* endpoint/served.h — one loaded model package, ready to answer: immutable once made. */
#ifndef WF_ENDPOINT_SERVED_H
#define WF_ENDPOINT_SERVED_H

#include "base/map.h"
#include "wf/model.h"

/* What a field name of a request means to the model. */
typedef struct wf_place {
  ptrdiff_t input, feature; /* -1: it is none */
} wf_place;

typedef struct wf_served {
  size_t n_holders; /* of the pointer; counted by the one thread that builds snapshots */
  wf_model *model;
  const wf_recipe *recipe;
  const wf_forest *forest;
  size_t n_inputs, n_features, n_outputs; /* outputs: scores per row */
  bool has_classes;                       /* several outputs are the classes */
  bool *input_is_text;
  wf_map *names; /* raw columns, features, and the label: index into places */
  wf_place *places;
  size_t n_places;
  char digest[65];
} wf_served;

/* Unpacks, validates and tries out a package; `digest` is its name in the store. */
wf_status wf_served_load(wf_served **out, const void *package, size_t size, const char *digest,
                         wf_error *err);
/* From a model at hand; takes its own reference. */
wf_status wf_served_new(wf_served **out, wf_model *model, const char *digest, wf_error *err);
wf_served *wf_served_retain(wf_served *served);
void wf_served_release(wf_served *served);

/* NULL when the model knows no such name. */
const wf_place *wf_served_find(const wf_served *served, wf_view name);

#endif
