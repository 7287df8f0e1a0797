/* schema.c — fields of a schema, checked as they are read.
 *
 * A type that frames do not have is no error as long as nobody wants the column: its buffers are
 * counted, so that a reader can pass over them. */
#include "arrow/schema.h"

#include "arrow/metadata.h"
#include "base/alloc.h"
#include "base/suggest.h"

#include <string.h>

enum { MAX_COLUMNS = 1 << 20, MAX_NODES = 1 << 16, MAX_DEPTH = 64 };

static const char *const type_names[] = {"none",
                                         "null",
                                         "int",
                                         "float",
                                         "binary",
                                         "utf8",
                                         "bool",
                                         "decimal",
                                         "date",
                                         "time",
                                         "timestamp",
                                         "interval",
                                         "list",
                                         "struct",
                                         "union",
                                         "fixed-size binary",
                                         "fixed-size list",
                                         "map",
                                         "duration",
                                         "large binary",
                                         "large utf8",
                                         "large list",
                                         "run-end encoded",
                                         "binary view",
                                         "utf8 view",
                                         "list view",
                                         "large list view"};

/* ---- layout ------------------------------------------------------------------------------------
 */

/* Buffers of one array of the type, without its children's. */
static size_t buffers_of(int64_t type) {
  switch (type) {
  case TYPE_NULL:
  case TYPE_RUN_END_ENCODED: return 0;
  case TYPE_STRUCT:
  case TYPE_FIXED_SIZE_LIST: return 1;
  case TYPE_BINARY:
  case TYPE_UTF8:
  case TYPE_LARGE_BINARY:
  case TYPE_LARGE_UTF8:
  case TYPE_LIST_VIEW:
  case TYPE_LARGE_LIST_VIEW: return 3;
  default: return 2;
  }
}

/* Adds what a field and its children have in a batch; false when that is too much to believe. */
static bool add_layout(wf_arrow_field *f, wf_flat *flat, size_t table, int depth) {
  if (table == 0 || depth > MAX_DEPTH || ++f->n_nodes > MAX_NODES) return false;
  int64_t type = wf_flat_int(flat, table, FIELD_TYPE_TYPE, 1, 0);
  f->n_buffers += buffers_of(type);
  if (type == TYPE_UTF8_VIEW || type == TYPE_BINARY_VIEW) f->n_views++;
  if (type == TYPE_UNION) { /* sparse ones have no offsets */
    size_t mode = wf_flat_child(flat, table, FIELD_TYPE);
    if (wf_flat_int(flat, mode, 0, 2, 0) == 0) f->n_buffers--;
  }
  size_t n, first = wf_flat_vector(flat, table, FIELD_CHILDREN, 4, &n);
  for (size_t i = 0; i < n; i++) {
    if (!add_layout(f, flat, wf_flat_element(flat, first, i), depth + 1)) return false;
  }
  return !flat->broken;
}

/* ---- types -------------------------------------------------------------------------------------
 */

static void read_int(wf_arrow_kind *out, wf_arrow_field *f, wf_flat *flat, size_t type) {
  bool is_signed = wf_flat_int(flat, type, 1, 1, 0) != 0;
  switch (wf_flat_int(flat, type, 0, 4, 0)) {
  case 8: *out = is_signed ? WF_ARROW_I8 : WF_ARROW_U8; break;
  case 16: *out = is_signed ? WF_ARROW_I16 : WF_ARROW_U16; break;
  case 32: *out = is_signed ? WF_ARROW_I32 : WF_ARROW_U32; break;
  case 64: *out = is_signed ? WF_ARROW_I64 : WF_ARROW_U64; break;
  default: f->foreign = "an integer of unknown width";
  }
}

static void read_float(wf_arrow_field *f, wf_flat *flat, size_t type) {
  switch (wf_flat_int(flat, type, 0, 2, 0)) {
  case PRECISION_HALF: f->kind = WF_ARROW_F16; break;
  case PRECISION_SINGLE: f->kind = WF_ARROW_F32; break;
  case PRECISION_DOUBLE: f->kind = WF_ARROW_F64; break;
  default: f->foreign = "a float of unknown precision";
  }
}

static void read_decimal(wf_arrow_field *f, wf_flat *flat, size_t type) {
  int64_t scale = wf_flat_int(flat, type, 1, 4, 0), width = wf_flat_int(flat, type, 2, 4, 128);
  f->kind = WF_ARROW_DECIMAL128;
  f->scale = (int)scale;
  if (width != 128) f->foreign = "decimal of other than 128 bits";
  if (scale < -WF_ARROW_MAX_SCALE || scale > WF_ARROW_MAX_SCALE)
    f->foreign = "decimal of absurd scale";
}

static void read_timestamp(wf_arrow_field *f, wf_flat *flat, size_t type) {
  static const int64_t ticks[] = {1, 1000, 1000000, 1000000000};
  int64_t unit = wf_flat_int(flat, type, 0, 2, 0);
  f->kind = WF_ARROW_TIMESTAMP;
  if (unit < 0 || unit > 3)
    f->foreign = "a timestamp of unknown unit";
  else
    f->ticks_per_second = ticks[unit];
}

static void read_date(wf_arrow_field *f, wf_flat *flat, size_t type) {
  bool days = wf_flat_int(flat, type, 0, 2, 1) == DATE_DAY;
  f->kind = days ? WF_ARROW_DATE32 : WF_ARROW_TIMESTAMP;
  f->ticks_per_second = 1000; /* date64 counts milliseconds */
}

static void read_type(wf_arrow_field *f, wf_flat *flat, size_t table) {
  size_t type = wf_flat_child(flat, table, FIELD_TYPE);
  int64_t which = wf_flat_int(flat, table, FIELD_TYPE_TYPE, 1, 0);
  switch (which) {
  case TYPE_NULL: f->kind = WF_ARROW_NULL; break;
  case TYPE_BOOL: f->kind = WF_ARROW_BOOL; break;
  case TYPE_INT: read_int(&f->kind, f, flat, type); break;
  case TYPE_FLOATING_POINT: read_float(f, flat, type); break;
  case TYPE_DECIMAL: read_decimal(f, flat, type); break;
  case TYPE_UTF8: f->kind = WF_ARROW_UTF8; break;
  case TYPE_LARGE_UTF8: f->kind = WF_ARROW_LARGE_UTF8; break;
  case TYPE_UTF8_VIEW: f->kind = WF_ARROW_UTF8_VIEW; break;
  case TYPE_TIMESTAMP: read_timestamp(f, flat, type); break;
  case TYPE_DATE: read_date(f, flat, type); break;
  default:
    f->foreign = which > 0 && (size_t)which < sizeof type_names / sizeof *type_names
                     ? type_names[which]
                     : "unknown";
  }
}

static void read_encoding(wf_arrow_field *f, wf_flat *flat, size_t table) {
  size_t encoding = wf_flat_child(flat, table, FIELD_DICTIONARY);
  f->encoded = encoding != 0;
  if (!f->encoded) return;
  f->dictionary_id = wf_flat_int(flat, encoding, DICTIONARY_ID, 8, 0);
  size_t index = wf_flat_child(flat, encoding, DICTIONARY_INDEX_TYPE);
  f->code_kind = WF_ARROW_I32;
  if (index) read_int(&f->code_kind, f, flat, index);
  if (!f->foreign && !wf_arrow_kind_is_text(f->kind))
    f->foreign = "a dictionary of values that are not text";
  f->n_nodes = 1;
  f->n_buffers = 2;
  f->n_views = 0;
}

static wf_status read_field(wf_arrow_field *f, wf_flat *flat, size_t table, wf_error *err) {
  wf_view name = wf_flat_string(flat, table, FIELD_NAME);
  f->name = wf_strndup(name.data, name.size);
  if (!f->name) return wf_fail_nomem(err);
  read_type(f, flat, table);
  if (!add_layout(f, flat, table, 0))
    return wf_fail(err, WF_CORRUPT, "column '%s': its type is nested too deeply, or damaged",
                   f->name);
  read_encoding(f, flat, table);
  return WF_OK;
}

wf_status wf_arrow_fields_read(wf_arrow_fields *out, wf_flat *flat, size_t schema, wf_error *err) {
  if (schema == 0) return wf_fail(err, WF_CORRUPT, "no schema");
  if (wf_flat_int(flat, schema, SCHEMA_ENDIANNESS, 2, 0) != 0)
    return wf_fail(err, WF_UNSUPPORTED, "big-endian data");
  size_t n, first = wf_flat_vector(flat, schema, SCHEMA_FIELDS, 4, &n);
  if (n > MAX_COLUMNS) return wf_fail(err, WF_LIMIT, "%zu columns", n);
  out->items = wf_alloc_zero(n, sizeof *out->items);
  if (!out->items) return wf_fail_nomem(err);
  out->n = n;
  for (size_t i = 0; i < n; i++)
    WF_TRY(read_field(&out->items[i], flat, wf_flat_element(flat, first, i), err));
  return WF_OK;
}

void wf_arrow_fields_dispose(wf_arrow_fields *fields) {
  for (size_t i = 0; i < fields->n; i++) {
    wf_free(fields->items[i].name);
    wf_column_release(fields->items[i].dictionary);
  }
  wf_free(fields->items);
  *fields = (wf_arrow_fields){0};
}

/* ---- choosing ----------------------------------------------------------------------------------
 */

static wf_status want(wf_arrow_field *f, size_t place, wf_error *err) {
  if (f->place != SIZE_MAX)
    return wf_fail(err, WF_INVALID, "column '%s' is asked for twice", f->name);
  f->place = place;
  if (!f->foreign) return WF_OK;
  return wf_fail(err, WF_UNSUPPORTED,
                 "column '%s': a type that frames do not have (%s); `columns` reads the others",
                 f->name, f->foreign);
}

static wf_status want_named(wf_arrow_fields *fields, const char *name, size_t place,
                            wf_error *err) {
  for (size_t i = 0; i < fields->n; i++) {
    if (strcmp(fields->items[i].name, name) == 0) return want(&fields->items[i], place, err);
  }
  const char *nearest = wf_suggest(name, &fields->items->name, fields->n, sizeof *fields->items);
  if (!nearest) return wf_fail(err, WF_NOTFOUND, "there is no column '%s'", name);
  return wf_fail(err, WF_NOTFOUND, "there is no column '%s'; did you mean '%s'?", name, nearest);
}

wf_status wf_arrow_fields_choose(wf_arrow_fields *fields, const char *const *columns, size_t n,
                                 wf_error *err) {
  for (size_t i = 0; i < fields->n; i++) fields->items[i].place = SIZE_MAX;
  fields->n_wanted = columns ? n : fields->n;
  for (size_t i = 0; i < fields->n_wanted; i++) {
    WF_TRY(columns ? want_named(fields, columns[i], i, err) : want(&fields->items[i], i, err));
  }
  return WF_OK;
}
