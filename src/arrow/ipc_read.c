/* ipc_read.c — Arrow IPC files into frames, without trusting a byte of them.
 *
 * The footer is found from the end of the file and leads to every message; a stream is the messages
 * alone, one after the other. FlatBuffers are read
 * with every access checked (flat.c); bodies are ranges of the file checked against its size; what
 * the buffers hold is checked where they become columns (array.c). Several record batches become
 * one frame by concatenation. Columns of a single batch point into the mapping. */
#include "wf/arrow.h"

#include "arrow/array.h"
#include "arrow/flat.h"
#include "arrow/metadata.h"
#include "arrow/schema.h"
#include "arrow/unpack.h"
#include "base/alloc.h"
#include "base/array.h"
#include "base/packed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_BATCHES = 1 << 20 };

typedef struct reader {
  wf_view file;
  wf_arrow_owner *owner;
  wf_arrow_fields fields;
  const char *const *columns; /* wanted; NULL: all */
  size_t n_columns;
} reader;

/* Where a message lies. */
typedef struct block {
  uint64_t offset, metadata_size, body_size;
} block;

static wf_status read_schema(reader *r, wf_flat *flat, size_t schema, wf_error *err) {
  WF_TRY(wf_arrow_fields_read(&r->fields, flat, schema, err));
  return wf_arrow_fields_choose(&r->fields, r->columns, r->n_columns, err);
}

/* ---- messages -----------------------------------------------------------------------------------
 */

typedef struct message {
  wf_flat flat; /* the metadata */
  size_t header;
  wf_view body;
} message;

static wf_status open_message(message *out, const reader *r, const block *b, int expected,
                              wf_error *err) {
  uint64_t offset = b->offset, metadata_size = b->metadata_size, body_size = b->body_size;
  uint64_t size = r->file.size;
  if (offset > size || metadata_size > size - offset || metadata_size < 8 ||
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
static wf_status read_column(wf_column **out, const reader *r, cursor *c, const wf_arrow_field *f,
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
                          .scale = f->scale,
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

static wf_status next_column(wf_column **out, const reader *r, cursor *c, const wf_arrow_field *f,
                             wf_arrow_kind kind, wf_column *dictionary, wf_error *err) {
  if (!c->packed) return read_column(out, r, c, f, kind, dictionary, r->owner, err);
  WF_TRY(wf_arrow_blocks_new(&c->blocks, err));
  wf_arrow_owner *owner = &c->blocks->owner;
  wf_status status = read_column(out, r, c, f, kind, dictionary, owner, err);
  wf_arrow_owner_release(owner);
  c->blocks = NULL;
  return status;
}

/* Passes over a column that is not wanted. */
static wf_status skip_column(cursor *c, const wf_arrow_field *f, wf_error *err) {
  size_t n_buffers = f->n_buffers;
  for (size_t i = 0; i < f->n_views && i < c->n_variadic; i++) {
    int64_t count = wf_flat_load(&c->m->flat, c->variadic + 8 * i, 8);
    if (count < 0 || (uint64_t)count > c->n_buffers) count = (int64_t)c->n_buffers + 1;
    n_buffers += (size_t)count;
  }
  if (f->n_nodes > c->n_nodes || n_buffers > c->n_buffers || f->n_views > c->n_variadic)
    return wf_fail(err, WF_CORRUPT, "column '%s': a batch has too little of it", f->name);
  c->node += NODE_SIZE * f->n_nodes;
  c->n_nodes -= f->n_nodes;
  c->buffer += BUFFER_SIZE * n_buffers;
  c->n_buffers -= n_buffers;
  c->variadic += 8 * f->n_views;
  c->n_variadic -= f->n_views;
  return WF_OK;
}

/* In a stream a dictionary may take the place of an earlier one, for the batches that follow. */
static wf_status read_dictionary(reader *r, const block *b, bool in_stream, wf_error *err) {
  message m;
  WF_TRY(open_message(&m, r, b, HEADER_DICTIONARY_BATCH, err));
  int64_t id = wf_flat_int(&m.flat, m.header, DICTIONARY_BATCH_ID, 8, 0);
  bool delta = wf_flat_int(&m.flat, m.header, DICTIONARY_BATCH_DELTA, 1, 0) != 0;
  size_t batch = wf_flat_child(&m.flat, m.header, DICTIONARY_BATCH_DATA);
  for (size_t i = 0; i < r->fields.n; i++) {
    wf_arrow_field *f = &r->fields.items[i];
    if (!f->encoded || f->dictionary_id != id || f->place == SIZE_MAX) continue;
    if (delta) return wf_fail(err, WF_UNSUPPORTED, "column '%s': a delta dictionary", f->name);
    if (f->dictionary && !in_stream)
      return wf_fail(err, WF_CORRUPT, "column '%s': two dictionaries", f->name);
    cursor c;
    wf_column *dictionary = NULL;
    WF_TRY(open_batch(&c, &m, batch, err));
    WF_TRY(next_column(&dictionary, r, &c, f, f->kind, NULL, err));
    wf_column_release(f->dictionary);
    f->dictionary = dictionary;
  }
  return WF_OK;
}

static wf_status read_columns(wf_column **columns, const char **names, const reader *r, cursor *c,
                              wf_error *err) {
  for (size_t i = 0; i < r->fields.n; i++) {
    const wf_arrow_field *f = &r->fields.items[i];
    if (f->place == SIZE_MAX) {
      WF_TRY(skip_column(c, f, err));
      continue;
    }
    names[f->place] = f->name;
    if (f->encoded && !f->dictionary)
      return wf_fail(err, WF_CORRUPT, "column '%s': its dictionary is missing", f->name);
    WF_TRY(next_column(&columns[f->place], r, c, f, f->encoded ? f->code_kind : f->kind,
                       f->dictionary, err));
  }
  return WF_OK;
}

/* A column without rows. One that is encoded may lack its dictionary then: it is read as plain text
 * and given an empty one. */
static wf_status empty_column(wf_column **out, const reader *r, const wf_arrow_field *f,
                              wf_error *err) {
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

static wf_status empty_columns(wf_column **columns, const char **names, const reader *r, cursor *c,
                               wf_error *err) {
  (void)c;
  for (size_t i = 0; i < r->fields.n; i++) {
    const wf_arrow_field *f = &r->fields.items[i];
    if (f->place == SIZE_MAX) continue;
    names[f->place] = f->name;
    WF_TRY(empty_column(&columns[f->place], r, f, err));
  }
  return WF_OK;
}

/* The columns of a batch, or, without a cursor, without rows. */
static wf_status make_frame(wf_frame **out, const reader *r, cursor *c, wf_error *err) {
  size_t n = r->fields.n_wanted;
  wf_column **columns = wf_alloc_zero(n, sizeof *columns);
  const char **names = wf_alloc_array(n, sizeof *names);
  wf_status status = columns && names ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) status = (c ? read_columns : empty_columns)(columns, names, r, c, err);
  if (status == WF_OK) status = wf_frame_new(out, names, columns, n, err);
  for (size_t i = 0; columns && i < n; i++) wf_column_release(columns[i]);
  wf_free(columns);
  wf_free(names);
  return status;
}

static wf_status read_batch(wf_frame **out, const reader *r, const block *b, wf_error *err) {
  message m;
  cursor c;
  WF_TRY(open_message(&m, r, b, HEADER_RECORD_BATCH, err));
  WF_TRY(open_batch(&c, &m, m.header, err));
  return make_frame(out, r, &c, err);
}

/* ---- batches together ---------------------------------------------------------------------------
 */

typedef struct batches {
  WF_ARRAY(wf_frame *) frames;
} batches;

static wf_status add_batch(batches *to, const reader *r, const block *b, wf_error *err) {
  wf_frame *frame;
  if (to->frames.count >= MAX_BATCHES)
    return wf_fail(err, WF_LIMIT, "more than %d record batches", MAX_BATCHES);
  WF_TRY(read_batch(&frame, r, b, err));
  if (wf_array_push(&to->frames, frame)) return WF_OK;
  wf_frame_release(frame);
  return wf_fail_nomem(err);
}

/* Joins them, and disposes of them in any case. */
static wf_status join_batches(wf_frame **out, batches *from, const reader *r, wf_status status,
                              wf_error *err) {
  size_t n = from->frames.count;
  if (status == WF_OK && n == 0) status = make_frame(out, r, NULL, err);
  if (status == WF_OK && n == 1) *out = wf_frame_retain(from->frames.items[0]);
  if (status == WF_OK && n > 1) status = wf_frame_concat(out, from->frames.items, n, err);
  for (size_t i = 0; i < n; i++) wf_frame_release(from->frames.items[i]);
  wf_free(from->frames.items);
  return status;
}

/* ---- files --------------------------------------------------------------------------------------
 */

static wf_status find_footer(wf_flat *out, wf_view file, wf_error *err) {
  enum { TAIL = 4 + ARROW_MAGIC_SIZE, HEAD = 8 };
  const char *tail = file.data + file.size - TAIL;
  if (file.size < HEAD + TAIL || memcmp(tail + 4, ARROW_MAGIC, ARROW_MAGIC_SIZE) != 0) {
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

static block block_of(wf_flat *footer, size_t at) {
  return (block){.offset = (uint64_t)wf_flat_load(footer, at, 8),
                 .metadata_size = (uint32_t)wf_flat_load(footer, at + 8, 4),
                 .body_size = (uint64_t)wf_flat_load(footer, at + 16, 8)};
}

static wf_status read_file(batches *out, reader *r, wf_error *err) {
  wf_flat footer;
  WF_TRY(find_footer(&footer, r->file, err));
  size_t root = wf_flat_root(&footer), n_dictionaries, n_batches;
  WF_TRY(read_schema(r, &footer, wf_flat_child(&footer, root, FOOTER_SCHEMA), err));
  size_t dictionaries =
      wf_flat_vector(&footer, root, FOOTER_DICTIONARIES, BLOCK_SIZE, &n_dictionaries);
  size_t first = wf_flat_vector(&footer, root, FOOTER_BATCHES, BLOCK_SIZE, &n_batches);
  if (footer.broken) return wf_fail(err, WF_CORRUPT, "damaged footer");
  for (size_t i = 0; i < n_dictionaries; i++) {
    block b = block_of(&footer, dictionaries + BLOCK_SIZE * i);
    WF_TRY(read_dictionary(r, &b, false, err));
  }
  for (size_t i = 0; i < n_batches; i++) {
    block b = block_of(&footer, first + BLOCK_SIZE * i);
    WF_TRY(add_batch(out, r, &b, err));
  }
  return WF_OK;
}

/* ---- streams ------------------------------------------------------------------------------------
 */

/* The message at *at, behind which *at moves; *type 0: the stream ends. */
static wf_status next_block(block *out, int64_t *type, const reader *r, size_t *at, wf_error *err) {
  enum { PREFIX = 8 };
  size_t left = r->file.size - *at;
  int32_t words[2];
  *type = 0;
  if (left == 0) return WF_OK;
  if (left < PREFIX) return wf_fail(err, WF_CORRUPT, "an Arrow stream that is cut short");
  memcpy(words, r->file.data + *at, PREFIX);
  if (words[0] != -1) return wf_fail(err, WF_CORRUPT, "no message where the next one should begin");
  if (words[1] == 0) return WF_OK;
  if (words[1] < 0 || (size_t)words[1] > left - PREFIX)
    return wf_fail(err, WF_CORRUPT, "an Arrow stream that is cut short");
  wf_flat flat = {.bytes = {r->file.data + *at + PREFIX, (size_t)words[1]}};
  size_t root = wf_flat_root(&flat);
  *type = wf_flat_int(&flat, root, MESSAGE_HEADER_TYPE, 1, 0);
  int64_t body = wf_flat_int(&flat, root, MESSAGE_BODY_LENGTH, 8, 0);
  *out = (block){*at, PREFIX + (uint64_t)words[1], (uint64_t)body};
  if (flat.broken || *type == 0) return wf_fail(err, WF_CORRUPT, "damaged message metadata");
  if (body < 0 || (uint64_t)body > r->file.size - *at - out->metadata_size)
    return wf_fail(err, WF_CORRUPT, "an Arrow stream that is cut short");
  *at += (size_t)(out->metadata_size + out->body_size);
  return WF_OK;
}

static wf_status read_stream(batches *out, reader *r, wf_error *err) {
  size_t at = 0;
  block b = {0};
  int64_t type;
  message m;
  WF_TRY(next_block(&b, &type, r, &at, err));
  WF_TRY(open_message(&m, r, &b, HEADER_SCHEMA, err));
  WF_TRY(read_schema(r, &m.flat, m.header, err));
  for (;;) {
    WF_TRY(next_block(&b, &type, r, &at, err));
    if (type == 0) return WF_OK;
    WF_TRY(type == HEADER_DICTIONARY_BATCH ? read_dictionary(r, &b, true, err)
                                           : add_batch(out, r, &b, err));
  }
}

/* ---- either -------------------------------------------------------------------------------------
 */

static bool begins_with(wf_view file, const char *text, size_t size) {
  return file.size >= size && memcmp(file.data, text, size) == 0;
}

static wf_status fail_other(wf_view file, wf_error *err) {
  if (begins_with(file, "PAR1", 4))
    return wf_fail(err, WF_UNSUPPORTED, "this is Parquet; write it anew as an Arrow file");
  if (begins_with(file, "FEA1", 4))
    return wf_fail(err, WF_UNSUPPORTED, "this is Feather version 1; write it anew as version 2");
  return wf_fail(err, WF_PARSE, "not an Arrow IPC file");
}

static wf_status read_owned(wf_frame **out, wf_view file, const char *const *columns, size_t n,
                            wf_arrow_owner *owner, wf_error *err) {
  reader r = {.file = file, .owner = owner, .columns = columns, .n_columns = n};
  batches found = {0};
  wf_status status;
  if (begins_with(file, ARROW_MAGIC, ARROW_MAGIC_SIZE))
    status = read_file(&found, &r, err);
  else if (begins_with(file, "\xff\xff\xff\xff", 4))
    status = read_stream(&found, &r, err);
  else
    status = fail_other(file, err);
  status = join_batches(out, &found, &r, status, err);
  wf_arrow_fields_dispose(&r.fields);
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

wf_status wf_arrow_parse_columns(wf_frame **out, const void *bytes, size_t size,
                                 const char *const *columns, size_t n, wf_error *err) {
  region *copy = wf_alloc(sizeof *copy);
  void *data = copy ? wf_alloc_aligned(size) : NULL;
  if (!data) {
    wf_free(copy);
    return wf_fail_nomem(err);
  }
  if (size) memcpy(data, bytes, size);
  *copy = (region){.owner = {.refs = 1, .dispose = free_copy}, .data = data, .size = size};
  wf_status status = read_owned(out, (wf_view){data, size}, columns, n, &copy->owner, err);
  wf_arrow_owner_release(&copy->owner);
  return status;
}

/* What cannot be mapped: a pipe, or a file that is compressed as a whole. */
static wf_status read_unmapped(wf_frame **out, const char *path, const char *const *columns,
                               size_t n, wf_error *err) {
  char *bytes;
  size_t size;
  WF_TRY(wf_packed_read(path, &bytes, &size, err));
  wf_status status = wf_arrow_parse_columns(out, bytes, size, columns, n, err);
  wf_free(bytes);
  return status == WF_OK ? WF_OK : wf_fail_within(err, status, "%s", path);
}

static bool is_pipe(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

wf_status wf_arrow_read_columns(wf_frame **out, const char *path, const char *const *columns,
                                size_t n, wf_error *err) {
  region *mapped = NULL;
  if (strcmp(path, "-") == 0 || is_pipe(path)) return read_unmapped(out, path, columns, n, err);
  WF_TRY(map_file(&mapped, path, err));
  wf_view file = {mapped->data, mapped->size};
  bool packed = wf_packed_is(file.data, file.size);
  wf_status status = WF_OK;
  if (!packed) status = read_owned(out, file, columns, n, &mapped->owner, err);
  wf_arrow_owner_release(&mapped->owner);
  if (packed) return read_unmapped(out, path, columns, n, err);
  return status == WF_OK ? WF_OK : wf_fail_within(err, status, "%s", path);
}

wf_status wf_arrow_read(wf_frame **out, const char *path, wf_error *err) {
  return wf_arrow_read_columns(out, path, NULL, 0, err);
}

wf_status wf_arrow_parse(wf_frame **out, const void *bytes, size_t size, wf_error *err) {
  return wf_arrow_parse_columns(out, bytes, size, NULL, 0, err);
}
