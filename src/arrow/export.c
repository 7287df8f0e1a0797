/* export.c — frames handed out through the C data interface.
 *
 * The whole frame is one struct array; each child's private data holds a reference to its column,
 * so that a receiver may move children out and release them alone, as the specification allows.
 * Nothing is copied. */
#include "wf/arrow.h"

#include "base/alloc.h"
#include "frame/column.h"

#include <string.h>

/* ---- schemas ------------------------------------------------------------------------------------
 */

static void release_schema(struct ArrowSchema *schema) {
  for (int64_t i = 0; i < schema->n_children; i++) {
    struct ArrowSchema *child = schema->children[i];
    if (child && child->release) child->release(child);
    wf_free(child);
  }
  if (schema->dictionary) {
    if (schema->dictionary->release) schema->dictionary->release(schema->dictionary);
    wf_free(schema->dictionary);
  }
  wf_free(schema->children);
  wf_free(schema->private_data); /* the name */
  schema->release = NULL;
}

static const char *format_of(wf_type type) {
  switch (type) {
  case WF_F64: return "g";
  case WF_F32: return "f";
  case WF_I64: return "l";
  case WF_I32:
  case WF_CATEGORY: return "i"; /* the codes */
  case WF_BOOL: return "b";
  case WF_STRING: return "U";
  case WF_TIMESTAMP: return "tsu:UTC";
  }
  return "n";
}

static wf_status make_schema(struct ArrowSchema *out, const char *format, const char *name,
                             wf_error *err) {
  char *copy = wf_strdup(name);
  if (!copy) return wf_fail_nomem(err);
  *out = (struct ArrowSchema){.format = format,
                              .name = copy,
                              .flags = ARROW_FLAG_NULLABLE,
                              .release = release_schema,
                              .private_data = copy};
  return WF_OK;
}

static wf_status column_schema(struct ArrowSchema *out, const wf_column *column, const char *name,
                               wf_error *err) {
  WF_TRY(make_schema(out, format_of(column->type), name, err));
  if (column->type != WF_CATEGORY) return WF_OK;
  out->dictionary = wf_alloc_zero(1, sizeof *out->dictionary);
  wf_status status =
      out->dictionary ? make_schema(out->dictionary, "U", "", err) : wf_fail_nomem(err);
  if (status != WF_OK) release_schema(out);
  return status;
}

static wf_status frame_schema(struct ArrowSchema *out, const wf_frame *frame, wf_error *err) {
  size_t n = wf_frame_column_count(frame);
  WF_TRY(make_schema(out, "+s", "", err));
  out->flags = 0;
  out->children = wf_alloc_zero(n, sizeof *out->children);
  wf_status status = out->children ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; i < n && status == WF_OK; i++) {
    struct ArrowSchema *child = wf_alloc_zero(1, sizeof *child);
    status =
        child ? column_schema(child, wf_frame_column_at(frame, i), wf_frame_name_at(frame, i), err)
              : wf_fail_nomem(err);
    if (status == WF_OK)
      out->children[out->n_children++] = child;
    else
      wf_free(child);
  }
  if (status != WF_OK) release_schema(out);
  return status;
}

/* ---- arrays -------------------------------------------------------------------------------------
 */

typedef struct held {
  wf_column *column; /* NULL for the struct array itself */
  const void *buffers[3];
} held;

static void release_array(struct ArrowArray *array) {
  for (int64_t i = 0; i < array->n_children; i++) {
    struct ArrowArray *child = array->children[i];
    if (child && child->release) child->release(child);
    wf_free(child);
  }
  if (array->dictionary) {
    if (array->dictionary->release) array->dictionary->release(array->dictionary);
    wf_free(array->dictionary);
  }
  wf_free(array->children);
  held *own = array->private_data;
  wf_column_release(own->column);
  wf_free(own);
  array->release = NULL;
}

static wf_status make_array(struct ArrowArray *out, wf_column *column, size_t n_rows,
                            wf_error *err) {
  held *own = wf_alloc_zero(1, sizeof *own);
  if (!own) return wf_fail_nomem(err);
  *out = (struct ArrowArray){.length = (int64_t)n_rows,
                             .n_buffers = 1,
                             .buffers = own->buffers,
                             .release = release_array,
                             .private_data = own};
  if (!column) return WF_OK;
  own->column = wf_column_retain(column);
  own->buffers[0] = column->validity ? column->validity->data : NULL;
  out->null_count = (int64_t)column->n_missing;
  if (column->offsets) {
    own->buffers[1] = column->offsets->data;
    own->buffers[2] = column->data->data;
    out->n_buffers = 3;
  } else {
    own->buffers[1] = column->data->data;
    out->n_buffers = 2;
  }
  return WF_OK;
}

static wf_status column_array(struct ArrowArray *out, wf_column *column, wf_error *err) {
  WF_TRY(make_array(out, column, column->n_rows, err));
  if (!column->dictionary) return WF_OK;
  out->dictionary = wf_alloc_zero(1, sizeof *out->dictionary);
  wf_status status = out->dictionary ? make_array(out->dictionary, column->dictionary,
                                                  column->dictionary->n_rows, err)
                                     : wf_fail_nomem(err);
  if (status != WF_OK) release_array(out);
  return status;
}

static wf_status frame_array(struct ArrowArray *out, const wf_frame *frame, wf_error *err) {
  size_t n = wf_frame_column_count(frame);
  WF_TRY(make_array(out, NULL, wf_frame_row_count(frame), err));
  out->children = wf_alloc_zero(n, sizeof *out->children);
  wf_status status = out->children ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; i < n && status == WF_OK; i++) {
    struct ArrowArray *child = wf_alloc_zero(1, sizeof *child);
    status = child ? column_array(child, wf_frame_column_at(frame, i), err) : wf_fail_nomem(err);
    if (status == WF_OK)
      out->children[out->n_children++] = child;
    else
      wf_free(child);
  }
  if (status != WF_OK) release_array(out);
  return status;
}

wf_status wf_arrow_export(const wf_frame *frame, struct ArrowSchema *schema,
                          struct ArrowArray *array, wf_error *err) {
  struct ArrowSchema own_schema;
  struct ArrowArray own_array;
  WF_TRY(frame_schema(&own_schema, frame, err));
  wf_status status = frame_array(&own_array, frame, err);
  if (status != WF_OK) {
    release_schema(&own_schema);
    return status;
  }
  *schema = own_schema;
  *array = own_array;
  return WF_OK;
}
