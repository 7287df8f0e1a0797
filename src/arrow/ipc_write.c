/* ipc_write.c — a frame as an Arrow IPC file.
 *
 *   "ARROW1\0\0"  schema message  dictionary messages  one record batch message  end marker
 *   footer (where the messages are, and the schema again)  its size  "ARROW1"
 *
 * A message is 0xffffffff, the size of its metadata (padded to 8), the metadata, and its body, in
 * which each buffer begins on a 64-byte boundary: mapped back, columns are aligned as in memory.
 * Nothing depends on anything but the frame, so the same frame gives the same bytes. */
#include "wf/arrow.h"

#include "arrow/flat.h"
#include "arrow/metadata.h"
#include "base/alloc.h"
#include "base/array.h"
#include "base/file.h"
#include "frame/column.h"
#include "store/parts.h"

#include <errno.h>
#include <string.h>

enum { BODY_ALIGNMENT = 64 };

typedef struct block {
  int64_t offset;
  int32_t metadata_size;
  int32_t padding;
  int64_t body_size;
} block;

/* Column memory that belongs behind the first `at` bytes of the rest. */
typedef struct insert {
  size_t at;
  wf_view data;
} insert;

typedef struct writer {
  wf_bytes out; /* the file without column memory */
  WF_ARRAY(insert) inserts;
  size_t inserted;   /* bytes of them */
  wf_bytes metadata; /* of the message being made */
  WF_ARRAY(block) dictionaries;
  block batch;
} writer;

/* ---- schema -------------------------------------------------------------------------------------
 */

static size_t add_int_type(wf_bytes *m, int bits) {
  wf_flat_field fields[] = {WF_FLAT_INT(4, bits), WF_FLAT_INT(1, 1)};
  return wf_flat_add_table(m, fields, 2);
}

static size_t add_float_type(wf_bytes *m, int precision) {
  wf_flat_field fields[] = {WF_FLAT_INT(2, precision)};
  return wf_flat_add_table(m, fields, 1);
}

static size_t add_timestamp_type(wf_bytes *m) {
  wf_flat_field fields[] = {WF_FLAT_INT(2, UNIT_MICROSECOND), WF_FLAT_OFFSET};
  size_t table = wf_flat_add_table(m, fields, 2);
  wf_flat_link(m, fields[1].at, wf_flat_add_string(m, WF_VIEW("UTC")));
  return table;
}

static int type_number(wf_type type) {
  switch (type) {
  case WF_F64:
  case WF_F32: return TYPE_FLOATING_POINT;
  case WF_I64:
  case WF_I32: return TYPE_INT;
  case WF_BOOL: return TYPE_BOOL;
  case WF_STRING:
  case WF_CATEGORY: return TYPE_LARGE_UTF8;
  case WF_TIMESTAMP: return TYPE_TIMESTAMP;
  }
  return TYPE_NULL;
}

static size_t add_type(wf_bytes *m, wf_type type) {
  switch (type) {
  case WF_F64: return add_float_type(m, PRECISION_DOUBLE);
  case WF_F32: return add_float_type(m, PRECISION_SINGLE);
  case WF_I64: return add_int_type(m, 64);
  case WF_I32: return add_int_type(m, 32);
  case WF_TIMESTAMP: return add_timestamp_type(m);
  case WF_BOOL:
  case WF_STRING:
  case WF_CATEGORY: break;
  }
  return wf_flat_add_table(m, NULL, 0);
}

static size_t add_dictionary_encoding(wf_bytes *m, int64_t id) {
  wf_flat_field fields[] = {WF_FLAT_INT(8, id), WF_FLAT_OFFSET};
  size_t table = wf_flat_add_table(m, fields, 2);
  wf_flat_link(m, fields[DICTIONARY_INDEX_TYPE].at, add_int_type(m, 32));
  return table;
}

static size_t add_field(wf_bytes *m, const char *name, wf_type type, int64_t id) {
  wf_flat_field fields[] = {WF_FLAT_OFFSET,
                            WF_FLAT_INT(1, 1),
                            WF_FLAT_INT(1, type_number(type)),
                            WF_FLAT_OFFSET,
                            type == WF_CATEGORY ? WF_FLAT_OFFSET : WF_FLAT_ABSENT,
                            WF_FLAT_OFFSET};
  size_t table = wf_flat_add_table(m, fields, 6);
  wf_flat_link(m, fields[FIELD_NAME].at, wf_flat_add_string(m, wf_view_of(name)));
  wf_flat_link(m, fields[FIELD_TYPE].at, add_type(m, type));
  if (type == WF_CATEGORY) {
    wf_flat_link(m, fields[FIELD_DICTIONARY].at, add_dictionary_encoding(m, id));
  }
  wf_flat_link(m, fields[FIELD_CHILDREN].at, wf_flat_add_vector(m, 4, 4, 0));
  return table;
}

static size_t add_schema(wf_bytes *m, const wf_frame *frame) {
  size_t n = wf_frame_column_count(frame);
  wf_flat_field fields[] = {WF_FLAT_INT(2, 0), WF_FLAT_OFFSET};
  size_t table = wf_flat_add_table(m, fields, 2);
  size_t vector = wf_flat_add_vector(m, 4, 4, n);
  wf_flat_link(m, fields[SCHEMA_FIELDS].at, vector);
  for (size_t i = 0; i < n; i++) {
    wf_type type = wf_column_type(wf_frame_column_at(frame, i));
    wf_flat_link(m, vector + 4 + 4 * i, add_field(m, wf_frame_name_at(frame, i), type, (int64_t)i));
  }
  return table;
}

/* ---- batches ------------------------------------------------------------------------------------
 */

/* The buffers of a column in Arrow's order; an absent validity bitmap has size 0. */
static size_t column_buffers(const wf_column *c, wf_view buffers[3]) {
  size_t n = 0;
  size_t bits = wf_bitmap_size(c->n_rows);
  buffers[n++] =
      c->validity ? (wf_view){(const char *)c->validity->data, bits} : (wf_view){NULL, 0};
  switch (c->type) {
  case WF_STRING: {
    size_t size = c->n_rows ? (size_t)wf_column_offsets(c)[c->n_rows] : 0;
    buffers[n++] = (wf_view){(const char *)c->offsets->data, 8 * (c->n_rows + 1)};
    buffers[n++] = (wf_view){(const char *)c->data->data, size};
    break;
  }
  case WF_BOOL: buffers[n++] = (wf_view){(const char *)c->data->data, bits}; break;
  case WF_F32:
  case WF_I32:
  case WF_CATEGORY: buffers[n++] = (wf_view){(const char *)c->data->data, 4 * c->n_rows}; break;
  case WF_F64:
  case WF_I64:
  case WF_TIMESTAMP: buffers[n++] = (wf_view){(const char *)c->data->data, 8 * c->n_rows}; break;
  }
  return n;
}

static int64_t padded(size_t size) {
  return (int64_t)((size + BODY_ALIGNMENT - 1) / BODY_ALIGNMENT * BODY_ALIGNMENT);
}

static size_t count_buffers(const wf_column *const *columns, size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++) count += columns[i]->type == WF_STRING ? 3 : 2;
  return count;
}

/* The RecordBatch table; `body_size` receives the length of its body. */
static size_t add_record_batch(wf_bytes *m, const wf_column *const *columns, size_t n,
                               size_t n_rows, int64_t *body_size) {
  wf_flat_field fields[] = {WF_FLAT_INT(8, (int64_t)n_rows), WF_FLAT_OFFSET, WF_FLAT_OFFSET};
  size_t table = wf_flat_add_table(m, fields, 3);
  size_t nodes = wf_flat_add_vector(m, NODE_SIZE, 8, n);
  wf_flat_link(m, fields[BATCH_NODES].at, nodes);
  size_t places = wf_flat_add_vector(m, BUFFER_SIZE, 8, count_buffers(columns, n));
  wf_flat_link(m, fields[BATCH_BUFFERS].at, places);
  size_t at = places + 4;
  int64_t offset = 0;
  for (size_t i = 0; i < n; i++) {
    int64_t node[2] = {(int64_t)columns[i]->n_rows, (int64_t)columns[i]->n_missing};
    wf_flat_put(m, nodes + 4 + NODE_SIZE * i, node, sizeof node);
    wf_view buffers[3];
    size_t n_buffers = column_buffers(columns[i], buffers);
    for (size_t b = 0; b < n_buffers; b++, at += BUFFER_SIZE) {
      int64_t place[2] = {offset, (int64_t)buffers[b].size};
      wf_flat_put(m, at, place, sizeof place);
      offset += padded(buffers[b].size);
    }
  }
  *body_size = offset;
  return table;
}

static void add_body(writer *w, const wf_column *const *columns, size_t n) {
  static const char zeros[BODY_ALIGNMENT];
  for (size_t i = 0; i < n; i++) {
    wf_view buffers[3];
    size_t n_buffers = column_buffers(columns[i], buffers);
    for (size_t b = 0; b < n_buffers; b++) {
      size_t size = buffers[b].size;
      insert what = {w->out.size, buffers[b]};
      if (size && !wf_array_push(&w->inserts, what)) w->out.failed = true;
      w->inserted += size;
      wf_bytes_add(&w->out, zeros, (size_t)padded(size) - size);
    }
  }
}

/* ---- messages -----------------------------------------------------------------------------------
 */

/* Begins the message's metadata: the offset of the root, and the Message table. */
static void begin_message(wf_bytes *m, int header_type, wf_flat_field fields[4]) {
  wf_bytes_clear(m);
  wf_bytes_add(m, "\0\0\0\0\0\0\0\0", 8);
  fields[MESSAGE_VERSION] = WF_FLAT_INT(2, ARROW_VERSION_V5);
  fields[MESSAGE_HEADER_TYPE] = WF_FLAT_INT(1, header_type);
  fields[MESSAGE_HEADER] = WF_FLAT_OFFSET;
  fields[MESSAGE_BODY_LENGTH] = WF_FLAT_INT(8, 0);
  wf_flat_link(m, 0, wf_flat_add_table(m, fields, 4));
}

/* Writes prefix and metadata so that the body begins on a 64-byte boundary of the file. */
static void write_metadata(writer *w, int64_t body_size, block *where) {
  size_t begin = w->out.size + w->inserted;
  wf_flat_pad(&w->metadata, 8);
  while ((begin + 8 + w->metadata.size) % BODY_ALIGNMENT && !w->metadata.failed) {
    wf_flat_pad(&w->metadata, 8);
    wf_bytes_add(&w->metadata, "\0\0\0\0\0\0\0\0", 8);
  }
  int32_t prefix[2] = {-1, (int32_t)w->metadata.size};
  wf_bytes_add(&w->out, prefix, sizeof prefix);
  wf_bytes_add(&w->out, w->metadata.data, w->metadata.size);
  if (w->metadata.failed) w->out.failed = true;
  *where = (block){(int64_t)begin, (int32_t)(w->metadata.size + 8), 0, body_size};
}

static void write_schema(writer *w, const wf_frame *frame) {
  wf_flat_field fields[4];
  block ignored;
  begin_message(&w->metadata, HEADER_SCHEMA, fields);
  wf_flat_link(&w->metadata, fields[MESSAGE_HEADER].at, add_schema(&w->metadata, frame));
  write_metadata(w, 0, &ignored);
}

static void write_batch(writer *w, const wf_column *const *columns, size_t n, size_t n_rows) {
  wf_flat_field fields[4];
  int64_t body_size;
  begin_message(&w->metadata, HEADER_RECORD_BATCH, fields);
  size_t batch = add_record_batch(&w->metadata, columns, n, n_rows, &body_size);
  wf_flat_link(&w->metadata, fields[MESSAGE_HEADER].at, batch);
  wf_flat_put(&w->metadata, fields[MESSAGE_BODY_LENGTH].at, &body_size, sizeof body_size);
  write_metadata(w, body_size, &w->batch);
  add_body(w, columns, n);
}

static void write_dictionary(writer *w, const wf_column *dictionary, int64_t id) {
  wf_flat_field fields[4];
  int64_t body_size;
  begin_message(&w->metadata, HEADER_DICTIONARY_BATCH, fields);
  wf_flat_field own[] = {WF_FLAT_INT(8, id), WF_FLAT_OFFSET};
  wf_flat_link(&w->metadata, fields[MESSAGE_HEADER].at, wf_flat_add_table(&w->metadata, own, 2));
  size_t batch = add_record_batch(&w->metadata, &dictionary, 1, dictionary->n_rows, &body_size);
  wf_flat_link(&w->metadata, own[DICTIONARY_BATCH_DATA].at, batch);
  wf_flat_put(&w->metadata, fields[MESSAGE_BODY_LENGTH].at, &body_size, sizeof body_size);
  block where;
  write_metadata(w, body_size, &where);
  add_body(w, &dictionary, 1);
  if (!wf_array_push(&w->dictionaries, where)) w->out.failed = true;
}

static size_t add_blocks(wf_bytes *m, const block *blocks, size_t n) {
  size_t vector = wf_flat_add_vector(m, BLOCK_SIZE, 8, n);
  for (size_t i = 0; i < n; i++) {
    wf_flat_put(m, vector + 4 + BLOCK_SIZE * i, &blocks[i], BLOCK_SIZE);
  }
  return vector;
}

static void write_footer(writer *w, const wf_frame *frame) {
  wf_bytes *m = &w->metadata;
  wf_bytes_clear(m);
  wf_bytes_add(m, "\0\0\0\0\0\0\0\0", 8);
  wf_flat_field fields[] = {WF_FLAT_INT(2, ARROW_VERSION_V5), WF_FLAT_OFFSET, WF_FLAT_OFFSET,
                            WF_FLAT_OFFSET};
  wf_flat_link(m, 0, wf_flat_add_table(m, fields, 4));
  wf_flat_link(m, fields[FOOTER_SCHEMA].at, add_schema(m, frame));
  wf_flat_link(m, fields[FOOTER_DICTIONARIES].at,
               add_blocks(m, w->dictionaries.items, w->dictionaries.count));
  wf_flat_link(m, fields[FOOTER_BATCHES].at, add_blocks(m, &w->batch, 1));
  wf_flat_pad(m, 8);
  int32_t end[2] = {-1, 0}, size = (int32_t)m->size;
  wf_bytes_add(&w->out, end, sizeof end);
  wf_bytes_add(&w->out, m->data, m->size);
  wf_bytes_add(&w->out, &size, sizeof size);
  wf_bytes_add(&w->out, ARROW_MAGIC, ARROW_MAGIC_SIZE);
  if (m->failed) w->out.failed = true;
}

/* ---- all ----------------------------------------------------------------------------------------
 */

static void write_all(writer *w, const wf_frame *frame, const wf_column *const *columns, size_t n) {
  wf_bytes_add(&w->out, ARROW_MAGIC "\0", ARROW_MAGIC_SIZE + 2);
  write_schema(w, frame);
  for (size_t i = 0; i < n; i++) {
    if (columns[i]->type == WF_CATEGORY) write_dictionary(w, columns[i]->dictionary, (int64_t)i);
  }
  write_batch(w, columns, n, wf_frame_row_count(frame));
  write_footer(w, frame);
}

/* The file as the pieces it consists of, so that columns need not be copied. */
typedef struct file_parts {
  WF_ARRAY(wf_view) items; /* one after the other they are the file */
  wf_bytes small;          /* what is not column memory */
} file_parts;

static void dispose_parts(file_parts *parts) {
  wf_free(parts->items.items);
  wf_bytes_dispose(&parts->small);
  *parts = (file_parts){0};
}

/* Cuts the rest where column memory belongs. */
static wf_status make_parts(file_parts *out, writer *w, wf_error *err) {
  file_parts parts = {.small = w->out};
  size_t at = 0;
  w->out = (wf_bytes){0};
  bool good = !parts.small.failed && wf_array_reserve(&parts.items, 2 * w->inserts.count + 1);
  for (size_t i = 0; good && i < w->inserts.count; i++) {
    const insert *next = &w->inserts.items[i];
    wf_view before = {parts.small.data + at, next->at - at};
    if (before.size) parts.items.items[parts.items.count++] = before;
    parts.items.items[parts.items.count++] = next->data;
    at = next->at;
  }
  if (!good) {
    dispose_parts(&parts);
    return wf_fail_nomem(err);
  }
  parts.items.items[parts.items.count++] = (wf_view){parts.small.data + at, parts.small.size - at};
  *out = parts;
  return WF_OK;
}

static wf_status split_file(file_parts *out, const wf_frame *frame, wf_error *err) {
  size_t n = wf_frame_column_count(frame);
  const wf_column **columns = wf_alloc_array(n, sizeof *columns);
  if (!columns) return wf_fail_nomem(err);
  for (size_t i = 0; i < n; i++) columns[i] = wf_frame_column_at(frame, i);
  writer w = {0};
  write_all(&w, frame, columns, n);
  wf_status status = make_parts(out, &w, err);
  wf_bytes_dispose(&w.out);
  wf_bytes_dispose(&w.metadata);
  wf_free(w.inserts.items);
  wf_free(w.dictionaries.items);
  wf_free(columns);
  return status;
}

wf_status wf_arrow_format(char **out, size_t *size, const wf_frame *frame, wf_error *err) {
  file_parts parts;
  WF_TRY(split_file(&parts, frame, err));
  size_t total = 0;
  for (size_t i = 0; i < parts.items.count; i++) total += parts.items.items[i].size;
  wf_bytes bytes = {0};
  wf_bytes_reserve(&bytes, total);
  for (size_t i = 0; i < parts.items.count; i++) {
    wf_bytes_add(&bytes, parts.items.items[i].data, parts.items.items[i].size);
  }
  dispose_parts(&parts);
  wf_status status = wf_bytes_take(&bytes, out, size, err);
  wf_bytes_dispose(&bytes);
  return status;
}

static bool write_parts(int fd, const file_parts *parts) {
  for (size_t i = 0; i < parts->items.count; i++) {
    wf_view part = parts->items.items[i];
    if (!wf_write_all(fd, part.data, part.size)) return false;
  }
  return true;
}

wf_status wf_arrow_write(const wf_frame *frame, const char *path, wf_error *err) {
  file_parts parts;
  wf_replacement file;
  WF_TRY(split_file(&parts, frame, err));
  wf_status status = wf_replacement_open(&file, path, 0644, err);
  if (status == WF_OK && write_parts(file.fd, &parts)) {
    status = wf_replacement_commit(&file, err);
  } else if (status == WF_OK) {
    status = wf_fail_errno(err, errno, "%s", path);
    wf_replacement_discard(&file);
  }
  dispose_parts(&parts);
  return status;
}

wf_status wf_arrow_store(char digest[65], wf_store *store, const wf_frame *frame, wf_error *err) {
  file_parts parts;
  WF_TRY(split_file(&parts, frame, err));
  wf_status status = wf_store_put_parts(digest, store, parts.items.items, parts.items.count, err);
  dispose_parts(&parts);
  return status;
}
