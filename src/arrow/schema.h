/* arrow/schema.h — the schema of an IPC source: what its columns are, and how to pass over those
 * that are not wanted. */
#ifndef WF_ARROW_SCHEMA_H
#define WF_ARROW_SCHEMA_H

#include "arrow/array.h"
#include "arrow/flat.h"

typedef struct wf_arrow_field {
  char *name;
  const char *foreign; /* NULL, or the name of a type that frames do not have */
  wf_arrow_kind kind;  /* of the values */
  int64_t ticks_per_second;
  int scale;    /* decimals */
  bool encoded; /* by a dictionary */
  int64_t dictionary_id;
  wf_arrow_kind code_kind;
  wf_column *dictionary;
  size_t n_nodes, n_buffers, n_views; /* in a batch, with those of its children */
  size_t place;                       /* among the columns that are wanted; SIZE_MAX: it is not */
} wf_arrow_field;

typedef struct wf_arrow_fields {
  wf_arrow_field *items;
  size_t n, n_wanted;
} wf_arrow_fields;

/* Dispose of it also when this failed. */
wf_status wf_arrow_fields_read(wf_arrow_fields *out, wf_flat *flat, size_t schema, wf_error *err);
void wf_arrow_fields_dispose(wf_arrow_fields *fields);

/* Says which columns are wanted, in which order; `columns` NULL: all. A wanted one of a foreign
 * type is WF_UNSUPPORTED. */
wf_status wf_arrow_fields_choose(wf_arrow_fields *fields, const char *const *columns, size_t n,
                                 wf_error *err);

#endif
