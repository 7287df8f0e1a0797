/* forest/load.h — from a document to a validated forest. */
#ifndef WF_FOREST_LOAD_H
#define WF_FOREST_LOAD_H

#include "forest/document.h"
#include "forest/forest.h"

/* Members of `object`, checked for kind; `where` begins the message. The first requires the member,
 * the second gives NULL when there is none. An empty array counts as an array of numbers. */
wf_status wf_load_get(const wf_doc_value **out, const wf_doc_value *object, const char *key,
                      wf_doc_kind kind, const char *where, wf_error *err);
wf_status wf_load_find(const wf_doc_value **out, const wf_doc_value *object, const char *key,
                       wf_doc_kind kind, const char *where, wf_error *err);
/* A number written as a string ("45"), as XGBoost writes parameters, or plainly. A missing one is
 * `missing` unless that is negative. */
wf_status wf_load_count(size_t *out, const wf_doc_value *object, const char *key, int64_t missing,
                        const char *where, wf_error *err);

/* The trees of a gbtree model object, validated, into a forest whose n_features and n_groups are
 * set. `weights` (dart) may be NULL. */
wf_status wf_load_trees(wf_forest *forest, const wf_doc_value *model, const wf_doc_value *weights,
                        wf_error *err);

#endif
