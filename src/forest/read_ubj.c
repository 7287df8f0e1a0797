/* read_ubj.c — Universal Binary JSON as XGBoost writes it, and the rest of draft 12 besides the
 * high-precision numbers. Lengths are checked against the bytes that are left before anything is
 * done with them; a typed array is a pointer into the input. */
#include "forest/document.h"

static wf_status fail(wf_doc_reader *reader, const char *what) {
  return wf_fail(reader->err, WF_PARSE, "the UBJSON model is damaged at byte %td: %s",
                 reader->at - reader->begin, what);
}

static size_t left(const wf_doc_reader *reader) { return (size_t)(reader->end - reader->at); }

static wf_status take_char(wf_doc_reader *reader, char *out) {
  if (reader->at == reader->end) return fail(reader, "it ends too early");
  *out = *reader->at++;
  return WF_OK;
}

/* Width in bytes and storage of a number's type marker; false for other markers. */
static bool number_type(char marker, size_t *width, wf_doc_element *element) {
  static const struct {
    char marker, width;
    wf_doc_element element;
  } types[] = {{'i', 1, WF_DOC_BIG_I8},  {'U', 1, WF_DOC_BIG_U8},  {'C', 1, WF_DOC_BIG_I8},
               {'I', 2, WF_DOC_BIG_I16}, {'l', 4, WF_DOC_BIG_I32}, {'L', 8, WF_DOC_BIG_I64},
               {'d', 4, WF_DOC_BIG_F32}, {'D', 8, WF_DOC_BIG_F64}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    if (types[i].marker != marker) continue;
    *width = (size_t)types[i].width;
    *element = types[i].element;
    return true;
  }
  return false;
}

static wf_status read_number(wf_doc_reader *reader, char marker, wf_doc_value *out) {
  size_t width = 0;
  wf_doc_element element = WF_DOC_BIG_I8;
  if (!number_type(marker, &width, &element)) return fail(reader, "a number was expected");
  if (left(reader) < width) return fail(reader, "it ends inside a number");
  wf_doc_value one = {.kind = WF_DOC_NUMBERS,
                      .element = (uint64_t)element & 0xff,
                      .count = 1,
                      .numbers = reader->at};
  reader->at += width;
  int64_t integer;
  if (wf_doc_integer_at(&one, 0, &integer)) {
    *out = (wf_doc_value){.kind = WF_DOC_INTEGER, .integer = integer};
  } else {
    *out = (wf_doc_value){.kind = WF_DOC_REAL, .real = wf_doc_real_at(&one, 0)};
  }
  return WF_OK;
}

/* A length: an integer with its own type marker. */
static wf_status read_length(wf_doc_reader *reader, size_t *out) {
  char marker = 0;
  WF_TRY(take_char(reader, &marker));
  wf_doc_value length;
  WF_TRY(read_number(reader, marker, &length));
  if (length.kind != WF_DOC_INTEGER || length.integer < 0) {
    return fail(reader, "a length is not a non-negative integer");
  }
  *out = (size_t)length.integer;
  return WF_OK;
}

static wf_status read_text(wf_doc_reader *reader, wf_view *out) {
  size_t size = 0;
  WF_TRY(read_length(reader, &size));
  if (size > left(reader)) return fail(reader, "a string is longer than the model");
  *out = (wf_view){reader->at, size};
  reader->at += size;
  return WF_OK;
}

static wf_status read_value(wf_doc_reader *reader, char marker, wf_doc_value *out);

/* "$" type "#" count payload: kept where it is. */
static wf_status read_typed_array(wf_doc_reader *reader, wf_doc_value *out) {
  char type = 0, hash = 0;
  size_t count = 0, width = 0;
  wf_doc_element element = WF_DOC_BIG_I8;
  WF_TRY(take_char(reader, &type));
  if (!number_type(type, &width, &element)) return fail(reader, "a typed array is not of numbers");
  WF_TRY(take_char(reader, &hash));
  if (hash != '#') return fail(reader, "a typed array has no length");
  WF_TRY(read_length(reader, &count));
  if (count > left(reader) / width) return fail(reader, "an array is longer than the model");
  *out = (wf_doc_value){.kind = WF_DOC_NUMBERS,
                        .element = (uint64_t)element & 0xff,
                        .count = count & 0xffffffffffff,
                        .numbers = reader->at};
  reader->at += count * width;
  return WF_OK;
}

static bool is_number(const wf_doc_value *value) {
  return value->kind == WF_DOC_INTEGER || value->kind == WF_DOC_REAL || value->kind == WF_DOC_BOOL;
}

/* True when the container goes on; consumes the closing bracket of an uncounted one. */
static wf_status container_goes_on(wf_doc_reader *reader, bool counted, size_t count, size_t done,
                                   char close, bool *out) {
  if (counted) {
    *out = done < count;
    return WF_OK;
  }
  if (reader->at == reader->end) return fail(reader, "it ends inside an array or object");
  *out = *reader->at != close;
  if (!*out) reader->at++;
  return WF_OK;
}

static wf_status read_count(wf_doc_reader *reader, bool *counted, size_t *count) {
  *counted = reader->at < reader->end && *reader->at == '#';
  *count = 0;
  if (!*counted) return WF_OK;
  reader->at++;
  return read_length(reader, count);
}

static wf_status read_array(wf_doc_reader *reader, wf_doc_value *out) {
  if (reader->at < reader->end && *reader->at == '$') {
    reader->at++;
    return read_typed_array(reader, out);
  }
  WF_TRY(wf_doc_enter(reader));
  bool counted = false, more = false, numbers = false;
  size_t count = 0, done = 0, from = reader->stack_used;
  WF_TRY(read_count(reader, &counted, &count));
  wf_doc_packer packer = {.from = from};
  for (;; done++) {
    WF_TRY(container_goes_on(reader, counted, count, done, ']', &more));
    if (!more) break;
    char marker = 0;
    wf_doc_value item;
    WF_TRY(take_char(reader, &marker));
    WF_TRY(read_value(reader, marker, &item));
    if (done == 0) numbers = is_number(&item);
    if (is_number(&item) != numbers) return fail(reader, "an array mixes numbers and other values");
    WF_TRY(numbers ? wf_doc_pack(reader, &packer, &item) : wf_doc_push(reader, &item, sizeof item));
  }
  reader->depth--;
  if (numbers) return wf_doc_pack_close(reader, &packer, out);
  const void *items;
  WF_TRY(wf_doc_close(reader, from, &items));
  *out = (wf_doc_value){.kind = WF_DOC_ARRAY, .count = done & 0xffffffffffff, .items = items};
  return WF_OK;
}

static wf_status read_object(wf_doc_reader *reader, wf_doc_value *out) {
  WF_TRY(wf_doc_enter(reader));
  bool counted = false, more = false;
  size_t count = 0, done = 0, from = reader->stack_used;
  WF_TRY(read_count(reader, &counted, &count));
  for (;; done++) {
    WF_TRY(container_goes_on(reader, counted, count, done, '}', &more));
    if (!more) break;
    char marker = 0;
    wf_doc_member member;
    WF_TRY(read_text(reader, &member.key));
    WF_TRY(take_char(reader, &marker));
    WF_TRY(read_value(reader, marker, &member.value));
    WF_TRY(wf_doc_push(reader, &member, sizeof member));
  }
  reader->depth--;
  const void *members;
  WF_TRY(wf_doc_close(reader, from, &members));
  *out = (wf_doc_value){.kind = WF_DOC_OBJECT, .count = done & 0xffffffffffff, .members = members};
  return WF_OK;
}

static wf_status read_value(wf_doc_reader *reader, char marker, wf_doc_value *out) {
  wf_view text;
  switch (marker) {
  case '{': return read_object(reader, out);
  case '[': return read_array(reader, out);
  case 'S':
    WF_TRY(read_text(reader, &text));
    *out = (wf_doc_value){
        .kind = WF_DOC_STRING, .count = text.size & 0xffffffffffff, .text = text.data};
    return WF_OK;
  case 'Z': *out = (wf_doc_value){.kind = WF_DOC_NULL}; return WF_OK;
  case 'T':
  case 'F': *out = (wf_doc_value){.kind = WF_DOC_BOOL, .integer = marker == 'T'}; return WF_OK;
  default: return read_number(reader, marker, out);
  }
}

wf_status wf_doc_read_ubj(wf_doc_reader *reader, wf_doc_value *out) {
  char marker = 0;
  WF_TRY(take_char(reader, &marker));
  WF_TRY(read_value(reader, marker, out));
  if (reader->at != reader->end) return fail(reader, "bytes follow the document");
  return WF_OK;
}
