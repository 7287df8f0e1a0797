/* model/model.h — what a model is made of. */
#ifndef WF_MODEL_MODEL_H
#define WF_MODEL_MODEL_H

#include "model/tarball.h"
#include "model/schema.h"
#include "wf/model.h"

#include <stdatomic.h>

/* In the order of the archive: what is small and says what the rest is comes first. */
enum { WF_MEMBER_MANIFEST, WF_MEMBER_SCHEMA, WF_MEMBER_RECIPE, WF_MEMBER_BOOSTER, WF_MEMBER_COUNT };

struct wf_model {
  atomic_size_t refs;
  wf_forest *forest;
  wf_recipe *recipe;
  wf_schema schema;
  char *provenance;
  wf_member members[WF_MEMBER_COUNT]; /* the package's bytes, as made or as read */
};

/* A model with one reference and named, empty members. */
wf_status wf_model_make(wf_model **out, wf_error *err);

#endif
