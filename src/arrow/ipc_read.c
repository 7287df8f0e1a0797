/* ipc_read.c — Arrow IPC files into frames, without trusting a byte of them.
 *
 * The footer is found from the end of the file and leads to every message. FlatBuffers are read
 * with every access checked (flat.c); bodies are ranges of the file checked against its size; what
 * the buffers hold is checked where they become columns (array.c). Several record batches become
 * one frame by concatenation. Columns of a single batch point into the mapping. */
#include "wf/arrow.h"

#include "arrow/array.h"
#include "arrow/flat.h"
#include "arrow/metadata.h"
#include "arrow/unpack.h"
#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_COLUMNS = 1 << 20, MAX_BATCHES = 1 << 20 };

typedef struct field {
  char *name;
  wf_arrow_kind kind; /* of the values */
  int64_t ticks_per_second;
  bool encoded; /* by a dictionary */
  int64_t dictionary_id;
  wf_arrow_kind code_kind;
  wf_column *dictionary;
} field;

typedef struct reader {
  wf_view file;
  wf_arrow_owner *owner;
  field *fields;
  size_t n_fields;
} reader;

/* ---- schema -------------------------------------------------------------------------------------
 */

static wf_status unsupported(wf_error *err, const field *f, const char *what) {
  return wf_fail(err, WF_UNSUPPORTED, "column '%s': %s", f->name, what);
}

static wf_status int_kind(wf_arrow_kind *out, wf_flat *flat, size_t type, const field *f,
                          wf_error *err) {
  bool is_signed = wf_flat_int(flat, type, 1, 1, 0) != 0;
  switch (wf_flat_int(flat, type, 0, 4, 0)) {
  case 8: *out = is_signed ? WF_ARROW_I8 : WF_ARROW_U8; return WF_OK;
  case 16: *out = is_signed ? WF_ARROW_I16 : WF_ARROW_U16; return WF_OK;
  case 32: *out = is_signed ? WF_ARROW_I32 : WF_ARROW_U32; return WF_OK;
  case 64: *out = is_signed ? WF_ARROW_I64 : WF_ARROW_U64; return WF_OK;
  default: return unsupported(err, f, "an integer of unknown width");
  }
}

static wf_status float_kind(wf_arrow_kind *out, wf_flat *flat, size_t type, const field *f,
                            wf_error *err) {
  int64_t precision = wf_flat_int(flat, type, 0, 2, 0);
  if (precision != PRECISION_SINGLE && precision != PRECISION_DOUBLE) {
    return unsupported(err, f, "half-precision floats are not supported");
  }
  *out = precision == PRECISION_SINGLE ? WF_ARROW_F32 : WF_ARROW_F64;
  return WF_OK;
}

static wf_status timestamp_kind(field *f, wf_flat *flat, size_t type, wf_error *err) {
  static const int64_t ticks[] = {1, 1000, 1000000, 1000000000};
  int64_t unit = wf_flat_int(flat, type, 0, 2, 0);
  if (unit < 0 || unit > 3) return unsupported(err, f, "a timestamp of unknown unit");
  f->kind = WF_ARROW_TIMESTAMP;
  f->ticks_per_second = ticks[unit];
  return WF_OK;
}

static wf_status read_type(field *f, wf_flat *flat, size_t table, wf_error *err) {
  size_t type = wf_flat_child(flat, table, FIELD_TYPE);
  switch (wf_flat_int(flat, table, FIELD_TYPE_TYPE, 1, 0)) {
  case TYPE_NULL: f->kind = WF_ARROW_NULL; return WF_OK;
  case TYPE_BOOL: f->kind = WF_ARROW_BOOL; return WF_OK;
  case TYPE_INT: return int_kind(&f->kind, flat, type, f, err);
  case TYPE_FLOATING_POINT: return float_kind(&f->kind, flat, type, f, err);
  case TYPE_UTF8: f->kind = WF_ARROW_UTF8; return WF_OK;
  case TYPE_LARGE_UTF8: f->kind = WF_ARROW_LARGE_UTF8; return WF_OK;
  case TYPE_UTF8_VIEW: f->kind = WF_ARROW_UTF8_VIEW; return WF_OK;
  case TYPE_TIMESTAMP: return timestamp_kind(f, flat, type, err);
  case TYPE_DATE:
    f->kind = WF_ARROW_DATE32;
    if (wf_flat_int(flat, type, 0, 2, 1) == DATE_DAY) return WF_OK;
    f->kind = WF_ARROW_TIMESTAMP; /* date64 counts milliseconds */
    f->ticks_per_second = 1000;
    return WF_OK;
  default: return unsupported(err, f, "a type that frames do not have");
  }
}

static wf_status read_encoding(field *f, wf_flat *flat, size_t table, wf_error *err) {
  size_t encoding = wf_flat_child(flat, table, FIELD_DICTIONARY);
  f->encoded = encoding != 0;
  if (!f->encoded) return WF_OK;
  f->dictionary_id = wf_flat_int(flat, encoding, DICTIONARY_ID, 8, 0);
  size_t index = wf_flat_child(flat, encoding, DICTIONARY_INDEX_TYPE);
  f->code_kind = WF_ARROW_I32;
  if (index) WF_TRY(int_kind(&f->code_kind, flat, index, f, err));
  if (!wf_arrow_kind_is_text(f->kind)) {
    return unsupported(err, f, "a dictionary of values that are not text");
  }
  return WF_OK;
}

static wf_status read_field(field *f, wf_flat *flat, size_t table, wf_error *err) {
  wf_view name = wf_flat_string(flat, table, FIELD_NAME);
  f->name = wf_strndup(name.data, name.size);
  if (!f->name) return wf_fail_nomem(err);
  WF_TRY(read_type(f, flat, table, err));
  return read_encoding(f, flat, table, err);
}

static wf_status read_schema(reader *r, wf_flat *flat, size_t schema, wf_error *err) {
  if (schema == 0) return wf_fail(err, WF_CORRUPT, "no schema");
  if (wf_flat_int(flat, schema, SCHEMA_ENDIANNESS, 2, 0) != 0) {
    return wf_fail(err, WF_UNSUPPORTED, "big-endian data");
  }
  size_t n, first = wf_flat_vector(flat, schema, SCHEMA_FIELDS, 4, &n);
  if (n > MAX_COLUMNS) return wf_fail(err, WF_LIMIT, "%zu columns", n);
  r->fields = wf_alloc_zero(n, sizeof *r->fields);
  if (!r->fields) return wf_fail_nomem(err);
  r->n_fields = n;
  for (size_t i = 0; i < n; i++) {
    WF_TRY(read_field(&r->fields[i], flat, wf_flat_element(flat, first, i), err));
  }
  return WF_OK;
}

/* ---- messages -----------------------------------------------------------------------------------
 */

typedef struct message {
  wf_flat flat; /* the metadata */
  size_t header;
  wf_view body;
} message;

/* Opens the message a footer block points to. */
static wf_status open_message(message *out, const reader *r, wf_flat *footer, size_t block,
                              int expected, wf_error *err) {
  uint64_t offset = (uint64_t)wf_flat_load(footer, block, 8);
  uint64_t metadata_size = (uint32_t)wf_flat_load(footer, block + 8, 4);
  uint64_t body_size = (uint64_t)wf_flat_load(footer, block + 16, 8);
  uint64_t size = r->file.size;
  if (footer->broken || offset > size || metadata_size > size - offset || metadata_size < 8 ||
      body_size > size - offset - metadata_size) {
    return wf_fail(err, WF_CORRUPT, "a message lies outside the file");
  }
  const char *begin = r->file.data + offset;
  int32_t first;
  memcpy(&first, begin, 4);
  size_t prefix = first == -1 ? 8 : 4; /* before format version 5 there was no marker */
  *out = (message){.flat = {.bytes = {begin + prefix, metadata_size - prefix}},
                   .body = {begin + metadata_size, body_size}};
  size_t root = wf_flat_root(&out->flat);
  out->header = wf_flat_child(&out->flat, root, MESSAGE_HEADER);
  int64_t version = wf_flat_int(&out->flat, root, MESSAGE_VERSION, 2, 0);
  int64_t type = wf_flat_int(&out->flat, root, MESSAGE_HEADER_TYPE, 1, 0);
  if (out->flat.broken || out->header == 0 || type != expected) {
    return wf_fail(err, WF_CORRUPT, "damaged message metadata");
  }
  if (version < ARROW_VERSION_V4) return wf_fail(err, WF_UNSUPPORTED, "a format before version 4");
  return WF_OK;
}

/* ---- batches ------------------------------------------------------------------------------------
 */

/* Walks nodes and buffers of one RecordBatch in step with its columns. */
typedef struct cursor {
  message *m;
  size_t n_rows, node, n_nodes, buffer, n_buffers, variadic, n_variadic;
  bool packed;
  wf_codec codec;
  wf_arrow_blocks *blocks; /* of the column that is being read, when packed */
} cursor;

static wf_status open_batch(cursor *out, message *m, size_t batch, wf_error *err) {
  if (batch == 0) return wf_fail(err, WF_CORRUPT, "an empty batch message");
  int64_t n_rows = wf_flat_int(&m->flat, batch, BATCH_LENGTH, 8, 0);
  *out = (cursor){.m = m, .n_rows = (size_t)n_rows};
  size_t compression = wf_flat_child(&m->flat, batch, BATCH_COMPRESSION);
  if (compression) {
    int64_t codec = wf_flat_int(&m->flat, compression, COMPRESSION_CODEC, 1, 0);
    int64_t method = wf_flat_int(&m->flat, compression, COMPRESSION_METHOD, 1, 0);
    if (method != 0 || (codec != WF_CODEC_LZ4 && codec != WF_CODEC_ZSTD)) {
      return wf_fail(err, WF_UNSUPPORTED, "bodies compressed by codec %lld", (long long)codec);
    }
    out->packed = true;
    out->codec = (wf_codec)codec; /* numbered alike */
  }
  out->node = wf_flat_vector(&m->flat, batch, BATCH_NODES, NODE_SIZE, &out->n_nodes);
  out->buffer = wf_flat_vector(&m->flat, batch, BATCH_BUFFERS, BUFFER_SIZE, &out->n_buffers);
  out->variadic = wf_flat_vector(&m->flat, batch, BATCH_VARIADIC_COUNTS, 8, &out->n_variadic);
  if (m->flat.broken || n_rows < 0) return wf_fail(err, WF_CORRUPT, "damaged batch metadata");
  return WF_OK;
}

static wf_status next_buffer(wf_arrow_bytes *out, cursor *c, wf_error *err) {
  if (c->n_buffers == 0) return wf_fail(err, WF_CORRUPT, "a batch has too few buffers");
  uint64_t offset = (uint64_t)wf_flat_load(&c->m->flat, c->buffer, 8);
  uint64_t size = (uint64_t)wf_flat_load(&c->m->flat, c->buffer + 8, 8);
  if (offset > c->m->body.size || size > c->m->body.size - offset) {
    return wf_fail(err, WF_CORRUPT, "a buffer lies outside its message");
  }
  *out = (wf_arrow_bytes){(const uint8_t *)c->m->body.data + offset, size};
  c->buffer += BUFFER_SIZE;
  c->n_buffers--;
  return c->packed ? wf_arrow_unpack(out, c->blocks, c->codec, err) : WF_OK;
}

/* The chunks of a column of views; wf_free them. */
static wf_status next_chunks(wf_arrow_bytes **out, size_t *n, cursor *c, wf_error *err) {
  int64_t count = c->n_variadic ? wf_flat_load(&c->m->flat, c->variadic, 8) : -1;
  if (count < 0 || (uint64_t)count > c->n_buffers) {
    return wf_fail(err, WF_CORRUPT, "impossible number of view buffers");
  }
  c->variadic += 8;
  c->n_variadic--;
  wf_arrow_bytes *chunks = wf_alloc_array((size_t)count, sizeof *chunks);
  wf_status status = chunks ? WF_OK : wf_fail_nomem(err);
  for (int64_t i = 0; i < count && status == WF_OK; i++) status = next_buffer(&chunks[i], c, err);
  if (status != WF_OK) {
    wf_free(chunks);
    return status;
  }
  *out = chunks;
  *n = (size_t)count;
  return WF_OK;
}

/* The next column of the batch as `kind`; `dictionary` as in wf_arrow_array. Its bytes belong to
 * `owner`. */
static wf_status read_column(wf_column **out, const reader *r, cursor *c, const field *f,
                             wf_arrow_kind kind, wf_column *dictionary, wf_arrow_owner *owner,
                             wf_error *err) {
  if (c->n_nodes == 0) return wf_fail(err, WF_CORRUPT, "a batch has too few columns");
  int64_t n_rows = wf_flat_load(&c->m->flat, c->node, 8);
  int64_t n_missing = wf_flat_load(&c->m->flat, c->node + 8, 8);
  c->node += NODE_SIZE;
  c->n_nodes--;
  if (n_rows < 0 || (size_t)n_rows != c->n_rows) {
    return wf_fail(err, WF_CORRUPT, "column '%s': its length is not the batch's", f->name);
  }
  wf_arrow_array array = {.kind = kind,
                          .ticks_per_second = f->ticks_per_second,
                          .n_rows = c->n_rows,
                          .dictionary = dictionary,
                          .owner = owner};
  if (kind == WF_ARROW_NULL) {
    if (c->n_rows > r->file.size * 8) return wf_fail(err, WF_CORRUPT, "impossible row count");
    return wf_arrow_to_column(out, &array, f->name, err); /* has no buffers */
  }
  WF_TRY(next_buffer(&array.validity, c, err));
  array.has_validity = n_missing != 0 && array.validity.size > 0;
  if (kind == WF_ARROW_UTF8 || kind == WF_ARROW_LARGE_UTF8) {
    WF_TRY(next_buffer(&array.offsets, c, err));
  }
  WF_TRY(next_buffer(&array.values, c, err));
  wf_arrow_bytes *chunks = NULL;
  if (kind == WF_ARROW_UTF8_VIEW) WF_TRY(next_chunks(&chunks, &array.n_chunks, c, err));
  array.chunks = chunks;
  wf_status status = wf_arrow_to_column(out, &array, f->name, err);
  wf_free(chunks);
  return status;
}

static wf_status next_column(wf_column **out, const reader *r, cursor *c, const field *f,
                             wf_arrow_kind kind, wf_column *dictionary, wf_error *err) {
  if (!c->packed) return read_column(out, r, c, f, kind, dictionary, r->owner, err);
  WF_TRY(wf_arrow_blocks_new(&c->blocks, err));
  wf_arrow_owner *owner = &c->blocks->owner;
  wf_status status = read_column(out, r, c, f, kind, dictionary, owner, err);
  wf_arrow_owner_release(owner);
  c->blocks = NULL;
  return status;
}

static wf_status read_dictionary(reader *r, wf_flat *footer, size_t block, wf_error *err) {
  message m;
  WF_TRY(open_message(&m, r, footer, block, HEADER_DICTIONARY_BATCH, err));
  int64_t id = wf_flat_int(&m.flat, m.header, DICTIONARY_BATCH_ID, 8, 0);
  if (wf_flat_int(&m.flat, m.header, DICTIONARY_BATCH_DELTA, 1, 0)) {
    return wf_fail(err, WF_UNSUPPORTED, "delta dictionaries");
  }
  size_t batch = wf_flat_child(&m.flat, m.header, DICTIONARY_BATCH_DATA);
  for (size_t i = 0; i < r->n_fields; i++) {
    field *f = &r->fields[i];
    if (!f->encoded || f->dictionary_id != id) continue;
    if (f->dictionary) return wf_fail(err, WF_CORRUPT, "column '%s': two dictionaries", f->name);
    cursor c;
    WF_TRY(open_batch(&c, &m, batch, err));
    WF_TRY(next_column(&f->dictionary, r, &c, f, f->kind, NULL, err));
  }
  return WF_OK;
}

static wf_status read_columns(wf_column **columns, const char **names, const reader *r, cursor *c,
                              wf_error *err) {
  for (size_t i = 0; i < r->n_fields; i++) {
    const field *f = &r->fields[i];
    names[i] = f->name;
    if (f->encoded && !f->dictionary) {
      return wf_fail(err, WF_CORRUPT, "column '%s': its dictionary is missing", f->name);
    }
    WF_TRY(
        next_column(&columns[i], r, c, f, f->encoded ? f->code_kind : f->kind, f->dictionary, err));
  }
  return WF_OK;
}

static wf_status read_batch(wf_frame **out, const reader *r, wf_flat *footer, size_t block,
                            wf_error *err) {
  message m;
  cursor c;
  WF_TRY(open_message(&m, r, footer, block, HEADER_RECORD_BATCH, err));
  WF_TRY(open_batch(&c, &m, m.header, err));
  wf_column **columns = wf_alloc_zero(r->n_fields, sizeof *columns);
  const char **names = wf_alloc_array(r->n_fields, sizeof *names);
  wf_status status =
      columns && names ? read_columns(columns, names, r, &c, err) : wf_fail_nomem(err);
  if (status == WF_OK) status = wf_frame_new(out, names, columns, r->n_fields, err);
  for (size_t i = 0; columns && i < r->n_fields; i++) wf_column_release(columns[i]);
  wf_free(columns);
  wf_free(names);
  return status;
}

/* A column without rows. One that is encoded may lack its dictionary then: it is read as plain text
 * and given an empty one. */
static wf_status empty_column(wf_column **out, const reader *r, const field *f, wf_error *err) {
  bool coded = f->encoded && f->dictionary;
  wf_arrow_array array = {.kind = coded ? f->code_kind : f->kind,
                          .ticks_per_second = f->ticks_per_second,
                          .dictionary = f->dictionary,
                          .owner = r->owner};
  if (coded || !f->encoded) return wf_arrow_to_column(out, &array, f->name, err);
  wf_column *text = NULL;
  WF_TRY(wf_arrow_to_column(&text, &array, f->name, err));
  wf_status status = wf_column_cast(out, text, WF_CATEGORY, err);
  wf_column_release(text);
  return status;
}

/* A frame without rows, for a file without batches. */
static wf_status read_nothing(wf_frame **out, reader *r, wf_error *err) {
  wf_column **columns = wf_alloc_zero(r->n_fields, sizeof *columns);
  const char **names = wf_alloc_array(r->n_fields, sizeof *names);
  wf_status status = columns && names ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; i < r->n_fields && status == WF_OK; i++) {
    names[i] = r->fields[i].name;
    status = empty_column(&columns[i], r, &r->fields[i], err);
  }
  if (status == WF_OK) status = wf_frame_new(out, names, columns, r->n_fields, err);
  for (size_t i = 0; columns && i < r->n_fields; i++) wf_column_release(columns[i]);
  wf_free(columns);
  wf_free(names);
  return status;
}

static wf_status read_batches(wf_frame **out, reader *r, wf_flat *footer, size_t first, size_t n,
                              wf_error *err) {
  if (n == 0) return read_nothing(out, r, err);
  if (n == 1) return read_batch(out, r, footer, first, err);
  if (n > MAX_BATCHES) return wf_fail(err, WF_LIMIT, "%zu record batches", n);
  wf_frame **frames = wf_alloc_zero(n, sizeof *frames);
  if (!frames) return wf_fail_nomem(err);
  wf_status status = WF_OK;
  for (size_t i = 0; i < n && status == WF_OK; i++) {
    status = read_batch(&frames[i], r, footer, first + BLOCK_SIZE * i, err);
  }
  if (status == WF_OK) status = wf_frame_concat(out, frames, n, err);
  for (size_t i = 0; i < n; i++) wf_frame_release(frames[i]);
  wf_free(frames);
  return status;
}

/* ---- the file -----------------------------------------------------------------------------------
 */

static wf_status find_footer(wf_flat *out, wf_view file, wf_error *err) {
  enum { TAIL = 4 + ARROW_MAGIC_SIZE, HEAD = 8 };
  if (file.size < HEAD + TAIL || memcmp(file.data, ARROW_MAGIC, ARROW_MAGIC_SIZE) != 0) {
    return wf_fail(err, WF_PARSE, "not an Arrow IPC file");
  }
  const char *tail = file.data + file.size - TAIL;
  if (memcmp(tail + 4, ARROW_MAGIC, ARROW_MAGIC_SIZE) != 0) {
    return wf_fail(err, WF_CORRUPT, "an Arrow IPC file that is cut short");
  }
  int32_t size;
  memcpy(&size, tail, 4);
  if (size <= 0 || (size_t)size > file.size - HEAD - TAIL) {
    return wf_fail(err, WF_CORRUPT, "impossible footer size");
  }
  *out = (wf_flat){.bytes = {tail - size, (size_t)size}};
  return WF_OK;
}

static wf_status read_file(wf_frame **out, reader *r, wf_error *err) {
  wf_flat footer;
  WF_TRY(find_footer(&footer, r->file, err));
  size_t root = wf_flat_root(&footer), n_dictionaries, n_batches;
  WF_TRY(read_schema(r, &footer, wf_flat_child(&footer, root, FOOTER_SCHEMA), err));
  size_t dictionaries =
      wf_flat_vector(&footer, root, FOOTER_DICTIONARIES, BLOCK_SIZE, &n_dictionaries);
  size_t batches = wf_flat_vector(&footer, root, FOOTER_BATCHES, BLOCK_SIZE, &n_batches);
  if (footer.broken) return wf_fail(err, WF_CORRUPT, "damaged footer");
  for (size_t i = 0; i < n_dictionaries; i++) {
    WF_TRY(read_dictionary(r, &footer, dictionaries + BLOCK_SIZE * i, err));
  }
  return read_batches(out, r, &footer, batches, n_batches, err);
}

static wf_status read_owned(wf_frame **out, wf_view file, wf_arrow_owner *owner, wf_error *err) {
  reader r = {.file = file, .owner = owner};
  wf_status status = read_file(out, &r, err);
  for (size_t i = 0; i < r.n_fields; i++) {
    wf_free(r.fields[i].name);
    wf_column_release(r.fields[i].dictionary);
  }
  wf_free(r.fields);
  return status;
}

typedef struct region {
  wf_arrow_owner owner;
  void *data;
  size_t size;
} region;

static void unmap(wf_arrow_owner *owner) {
  region *mapped = (region *)(void *)owner;
  munmap(mapped->data, mapped->size);
  wf_free(mapped);
}

static void free_copy(wf_arrow_owner *owner) {
  region *copy = (region *)(void *)owner;
  wf_free(copy->data);
  wf_free(copy);
}

static wf_status map_file(region **out, const char *path, wf_error *err) {
  region *mapped = wf_alloc(sizeof *mapped);
  if (!mapped) return wf_fail_nomem(err);
  int fd = open(path, O_RDONLY | O_CLOEXEC), failed = 0;
  struct stat info = {0};
  if (fd < 0 || fstat(fd, &info) != 0)
    failed = errno;
  else if (S_ISDIR(info.st_mode))
    failed = EISDIR;
  void *data = NULL;
  if (!failed && info.st_size > 0) {
    data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) failed = errno;
  }
  if (fd >= 0) close(fd);
  if (failed || info.st_size <= 0) {
    wf_free(mapped);
    return failed ? wf_fail_errno(err, failed, "%s", path)
                  : wf_fail(err, WF_PARSE, "%s: empty, not an Arrow IPC file", path);
  }
  *mapped =
      (region){.owner = {.refs = 1, .dispose = unmap}, .data = data, .size = (size_t)info.st_size};
  *out = mapped;
  return WF_OK;
}

/* A file that is compressed as a whole. */
static wf_status read_packed(wf_frame **out, wf_view packed, wf_error *err) {
  char *bytes;
  size_t size;
  WF_TRY(wf_packed_open(&bytes, &size, packed.data, packed.size, err));
  wf_status status = wf_arrow_parse(out, bytes, size, err);
  wf_free(bytes);
  return status;
}

wf_status wf_arrow_read(wf_frame **out, const char *path, wf_error *err) {
  region *mapped = NULL;
  WF_TRY(map_file(&mapped, path, err));
  wf_view file = {mapped->data, mapped->size};
  wf_status status = wf_packed_is(file.data, file.size)
                         ? read_packed(out, file, err)
                         : read_owned(out, file, &mapped->owner, err);
  wf_arrow_owner_release(&mapped->owner);
  return status == WF_OK ? WF_OK : wf_fail_within(err, status, "%s", path);
}

wf_status wf_arrow_parse(wf_frame **out, const void *bytes, size_t size, wf_error *err) {
  region *copy = wf_alloc(sizeof *copy);
  void *data = copy ? wf_alloc_aligned(size) : NULL;
  if (!data) {
    wf_free(copy);
    return wf_fail_nomem(err);
  }
  if (size) memcpy(data, bytes, size);
  *copy = (region){.owner = {.refs = 1, .dispose = free_copy}, .data = data, .size = size};
  wf_status status = read_owned(out, (wf_view){data, size}, &copy->owner, err);
  wf_arrow_owner_release(&copy->owner);
  return status;
}
