/* import.c — frames taken over through the C data interface.
 *
 * The array struct is moved into a counted owner that columns keep alive; the last of them calls
 * its release callback. Buffer sizes are not part of the interface, so counts are trusted as the
 * specification asks, but offsets, codes and text are checked all the same. */
#include "wf/arrow.h"

#include "arrow/array.h"
#include "base/alloc.h"
#include "base/number.h"

#include <string.h>

typedef struct taken {
  wf_arrow_owner owner;
  struct ArrowArray array;
} taken;

static void release_taken(wf_arrow_owner *owner) {
  taken *own = (taken *)(void *)owner;
  if (own->array.release) own->array.release(&own->array);
  wf_free(own);
}

typedef struct format_entry {
  const char *format;
  wf_arrow_kind kind;
  int64_t ticks_per_second;
} format_entry;

/* A format that ends in ':' is followed by a time zone, or by a decimal's precision and scale. */
static const format_entry formats[] = {
    {"n", WF_ARROW_NULL, 0},
    {"b", WF_ARROW_BOOL, 0},
    {"c", WF_ARROW_I8, 0},
    {"C", WF_ARROW_U8, 0},
    {"s", WF_ARROW_I16, 0},
    {"S", WF_ARROW_U16, 0},
    {"i", WF_ARROW_I32, 0},
    {"I", WF_ARROW_U32, 0},
    {"l", WF_ARROW_I64, 0},
    {"L", WF_ARROW_U64, 0},
    {"e", WF_ARROW_F16, 0},
    {"f", WF_ARROW_F32, 0},
    {"g", WF_ARROW_F64, 0},
    {"u", WF_ARROW_UTF8, 0},
    {"U", WF_ARROW_LARGE_UTF8, 0},
    {"vu", WF_ARROW_UTF8_VIEW, 0},
    {"d:", WF_ARROW_DECIMAL128, 0},
    {"tdD", WF_ARROW_DATE32, 0},
    {"tdm", WF_ARROW_TIMESTAMP, 1000},
    {"tss:", WF_ARROW_TIMESTAMP, 1},
    {"tsm:", WF_ARROW_TIMESTAMP, 1000},
    {"tsu:", WF_ARROW_TIMESTAMP, 1000000},
    {"tsn:", WF_ARROW_TIMESTAMP, 1000000000},
};

static wf_status find_format(const format_entry **out, const struct ArrowSchema *schema,
                             const char *name, wf_error *err) {
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    size_t length = strlen(formats[i].format);
    bool prefix = formats[i].format[length - 1] == ':';
    if (prefix ? strncmp(schema->format, formats[i].format, length) == 0
               : strcmp(schema->format, formats[i].format) == 0) {
      *out = &formats[i];
      return WF_OK;
    }
  }
  return wf_fail(err, WF_UNSUPPORTED, "column '%s': Arrow format \"%s\"", name, schema->format);
}

/* The scale of "d:PRECISION,SCALE"; false for other widths than 128 bits. */
static bool find_scale(int *out, const char *format) {
  const char *comma = strchr(format, ',');
  int64_t scale;
  if (!comma || !wf_parse_i64(wf_view_of(comma + 1), &scale)) return false;
  *out = (int)scale;
  return scale >= -WF_ARROW_MAX_SCALE && scale <= WF_ARROW_MAX_SCALE;
}

static wf_arrow_bytes buffer_at(const struct ArrowArray *array, int64_t index) {
  const void *data = index < array->n_buffers ? array->buffers[index] : NULL;
  return (wf_arrow_bytes){data, data ? WF_ARROW_UNKNOWN_SIZE : 0};
}

/* A column of views has its chunks after the first two buffers, and their sizes in the last one. */
static wf_status import_views(wf_column **out, wf_arrow_array *a, const struct ArrowArray *array,
                              const char *name, wf_error *err) {
  int64_t n = array->n_buffers - 3;
  const int64_t *sizes = n >= 0 ? array->buffers[array->n_buffers - 1] : NULL;
  if (n < 0 || (n > 0 && !sizes))
    return wf_fail(err, WF_CORRUPT, "column '%s': no buffer sizes", name);
  wf_arrow_bytes *chunks = wf_alloc_array((size_t)n, sizeof *chunks);
  if (!chunks) return wf_fail_nomem(err);
  for (int64_t i = 0; i < n; i++) {
    chunks[i] = (wf_arrow_bytes){array->buffers[2 + i], sizes[i] > 0 ? (size_t)sizes[i] : 0};
  }
  a->chunks = chunks;
  a->n_chunks = (size_t)n;
  wf_status status = wf_arrow_to_column(out, a, name, err);
  wf_free(chunks);
  return status;
}

static void set_buffers(wf_arrow_array *a, const struct ArrowArray *array) {
  if (a->kind == WF_ARROW_NULL) return;
  a->validity = buffer_at(array, 0);
  a->has_validity = a->validity.data != NULL && array->null_count != 0;
  bool offsets = a->kind == WF_ARROW_UTF8 || a->kind == WF_ARROW_LARGE_UTF8;
  if (offsets) a->offsets = buffer_at(array, 1);
  a->values = buffer_at(array, offsets ? 2 : 1);
}

static wf_status import_column(wf_column **out, const struct ArrowSchema *schema,
                               const struct ArrowArray *array, const char *name, size_t offset,
                               size_t n_rows, wf_arrow_owner *owner, wf_error *err);

static wf_status import_encoded(wf_column **out, wf_arrow_array *a,
                                const struct ArrowSchema *schema, const struct ArrowArray *array,
                                const char *name, wf_error *err) {
  if (!array->dictionary || array->dictionary->length < 0) {
    return wf_fail(err, WF_CORRUPT, "column '%s': no dictionary", name);
  }
  wf_column *dictionary;
  WF_TRY(import_column(&dictionary, schema->dictionary, array->dictionary, name, 0,
                       (size_t)array->dictionary->length, a->owner, err));
  a->dictionary = dictionary;
  wf_status status = dictionary->type == WF_STRING
                         ? wf_arrow_to_column(out, a, name, err)
                         : wf_fail(err, WF_UNSUPPORTED,
                                   "column '%s': a dictionary of values that are not text", name);
  wf_column_release(dictionary);
  return status;
}

static wf_status import_column(wf_column **out, const struct ArrowSchema *schema,
                               const struct ArrowArray *array, const char *name, size_t offset,
                               size_t n_rows, wf_arrow_owner *owner, wf_error *err) {
  const format_entry *format = NULL;
  WF_TRY(find_format(&format, schema, name, err));
  if (array->length < 0 || array->offset < 0 || (size_t)array->length < offset + n_rows) {
    return wf_fail(err, WF_CORRUPT, "column '%s': impossible length", name);
  }
  wf_arrow_array a = {.kind = format->kind,
                      .ticks_per_second = format->ticks_per_second,
                      .n_rows = n_rows,
                      .offset = (size_t)array->offset + offset,
                      .owner = owner};
  if (a.kind == WF_ARROW_DECIMAL128 && !find_scale(&a.scale, schema->format))
    return wf_fail(err, WF_UNSUPPORTED, "column '%s': Arrow format \"%s\"", name, schema->format);
  set_buffers(&a, array);
  if (schema->dictionary) return import_encoded(out, &a, schema, array, name, err);
  if (a.kind == WF_ARROW_UTF8_VIEW) return import_views(out, &a, array, name, err);
  return wf_arrow_to_column(out, &a, name, err);
}

static wf_status check_struct(const struct ArrowSchema *schema, const struct ArrowArray *array,
                              wf_error *err) {
  if (!schema->release || !array->release) {
    return wf_fail(err, WF_INVALID, "an Arrow struct that was already released");
  }
  if (strcmp(schema->format, "+s") != 0) {
    return wf_fail(err, WF_UNSUPPORTED, "Arrow format \"%s\": a struct array (\"+s\") is a frame",
                   schema->format);
  }
  if (array->null_count > 0)
    return wf_fail(err, WF_UNSUPPORTED, "a struct array with missing rows");
  if (schema->n_children != array->n_children || array->n_children < 0 || array->length < 0 ||
      array->offset < 0) {
    return wf_fail(err, WF_CORRUPT, "schema and array do not fit each other");
  }
  return WF_OK;
}

static wf_status import_columns(wf_column **columns, const char **names,
                                const struct ArrowSchema *schema, taken *own, wf_error *err) {
  for (int64_t i = 0; i < schema->n_children; i++) {
    names[i] = schema->children[i]->name ? schema->children[i]->name : "";
    WF_TRY(import_column(&columns[i], schema->children[i], own->array.children[i], names[i],
                         (size_t)own->array.offset, (size_t)own->array.length, &own->owner, err));
  }
  return WF_OK;
}

static wf_status import_frame(wf_frame **out, const struct ArrowSchema *schema, taken *own,
                              wf_error *err) {
  size_t n = (size_t)schema->n_children;
  wf_column **columns = wf_alloc_zero(n, sizeof *columns);
  const char **names = wf_alloc_array(n, sizeof *names);
  wf_status status = columns && names ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) status = import_columns(columns, names, schema, own, err);
  if (status == WF_OK) status = wf_frame_new(out, names, columns, n, err);
  for (size_t i = 0; columns && i < n; i++) wf_column_release(columns[i]);
  wf_free(columns);
  wf_free(names);
  return status;
}

wf_status wf_arrow_import(wf_frame **out, struct ArrowSchema *schema, struct ArrowArray *array,
                          wf_error *err) {
  WF_TRY(check_struct(schema, array, err));
  taken *own = wf_alloc(sizeof *own);
  if (!own) return wf_fail_nomem(err);
  *own = (taken){.owner = {.refs = 1, .dispose = release_taken}, .array = *array};
  wf_status status = import_frame(out, schema, own, err);
  if (status == WF_OK) {
    array->release = NULL;
    schema->release(schema);
  } else {
    own->array.release = NULL; /* still the caller's */
  }
  wf_arrow_owner_release(&own->owner);
  return status;
}
