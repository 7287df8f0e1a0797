/* document.c — what the JSON and the UBJSON reader share: memory, packing, lookup.
 *
 * Values live in chunks that are freed together. Items of an open array or object wait on one stack
 * (their number is unknown until the closing bracket) and move into a chunk, exactly sized, when it
 * closes; since only ancestors are open at any time, the stack never holds an item twice. */
#include "forest/document.h"

#include "base/alloc.h"

#include <string.h>

typedef struct chunk {
  struct chunk *next;
  size_t used, size;
} chunk;

struct wf_doc {
  chunk *chunks;
  wf_doc_value root;
};

enum { CHUNK_SIZE = 32 * 1024 };

void *wf_doc_reserve(wf_doc_reader *reader, size_t size) {
  wf_doc *doc = reader->doc;
  size = (size + 7) & ~(size_t)7;
  chunk *head = doc->chunks;
  if (!head || head->size - head->used < size) {
    size_t room = size > CHUNK_SIZE / 4 ? size : CHUNK_SIZE;
    chunk *fresh = wf_alloc(sizeof *fresh + room);
    if (!fresh) return NULL;
    *fresh = (chunk){NULL, 0, room};
    if (head && room == size) { /* full at once: keep filling the one in front */
      fresh->next = head->next;
      head->next = fresh;
    } else {
      fresh->next = head;
      doc->chunks = fresh;
    }
    head = fresh;
  }
  void *block = (char *)(head + 1) + head->used;
  head->used += size;
  return block;
}

wf_status wf_doc_enter(wf_doc_reader *reader) {
  if (++reader->depth <= WF_DOC_MAX_DEPTH) return WF_OK;
  return wf_fail(reader->err, WF_LIMIT, "the document nests deeper than %d levels",
                 WF_DOC_MAX_DEPTH);
}

wf_status wf_doc_push(wf_doc_reader *reader, const void *item, size_t size) {
  if (reader->stack_size - reader->stack_used < size) {
    size_t bigger = reader->stack_size ? reader->stack_size / 2 * 3 : 4096;
    void *stack = wf_realloc_array(reader->stack, bigger, 1);
    if (!stack) return wf_fail_nomem(reader->err);
    reader->stack = stack;
    reader->stack_size = bigger;
  }
  memcpy((char *)reader->stack + reader->stack_used, item, size);
  reader->stack_used += size;
  return WF_OK;
}

wf_status wf_doc_close(wf_doc_reader *reader, size_t from, const void **out) {
  size_t size = reader->stack_used - from;
  void *block = wf_doc_reserve(reader, size);
  if (!block) return wf_fail_nomem(reader->err);
  if (size) memcpy(block, (const char *)reader->stack + from, size);
  reader->stack_used = from;
  *out = block;
  return WF_OK;
}

static void reals_from_integers(wf_doc_reader *reader, const wf_doc_packer *packer) {
  if (packer->count == 0) return; /* there may be no stack yet */
  char *at = (char *)reader->stack + packer->from;
  for (size_t i = 0; i < packer->count; i++) {
    int64_t integer;
    memcpy(&integer, at + i * sizeof integer, sizeof integer);
    float real = (float)integer;
    memcpy(at + i * sizeof integer, &real, sizeof real);
  }
}

/* Eight bytes a number on the stack, a float in the first four of them. */
wf_status wf_doc_pack(wf_doc_reader *reader, wf_doc_packer *packer, const wf_doc_value *number) {
  if (number->kind == WF_DOC_REAL && !packer->real) {
    reals_from_integers(reader, packer);
    packer->real = true;
  }
  int64_t slot = number->integer;
  if (packer->real) {
    float real = number->kind == WF_DOC_REAL ? number->real : (float)number->integer;
    slot = 0;
    memcpy(&slot, &real, sizeof real);
  } else if (slot > INT32_MAX || slot < INT32_MIN) {
    packer->wide = true;
  }
  WF_TRY(wf_doc_push(reader, &slot, sizeof slot));
  packer->count++;
  return WF_OK;
}

wf_status wf_doc_pack_close(wf_doc_reader *reader, const wf_doc_packer *packer, wf_doc_value *out) {
  wf_doc_element element = packer->real   ? WF_DOC_NATIVE_F32
                           : packer->wide ? WF_DOC_NATIVE_I64
                                          : WF_DOC_NATIVE_I32;
  size_t width = element == WF_DOC_NATIVE_I64 ? 8 : 4;
  char *block = wf_doc_reserve(reader, packer->count * width);
  if (!block) return wf_fail_nomem(reader->err);
  const char *from = (const char *)reader->stack + packer->from;
  for (size_t i = 0; i < packer->count; i++) {
    int64_t slot;
    memcpy(&slot, from + i * sizeof slot, sizeof slot);
    if (element == WF_DOC_NATIVE_I32) {
      int32_t narrow = (int32_t)slot;
      memcpy(block + i * width, &narrow, width);
    } else {
      memcpy(block + i * width, &slot, width); /* a float is in the first bytes of its slot */
    }
  }
  reader->stack_used = packer->from;
  *out = (wf_doc_value){.kind = WF_DOC_NUMBERS,
                        .element = (uint64_t)element & 0xff,
                        .count = packer->count & 0xffffffffffff,
                        .numbers = block};
  return WF_OK;
}

/* As libxgboost tells them apart: what follows the opening brace. */
static wf_status read_any(wf_doc_reader *reader, wf_doc_value *out) {
  size_t size = (size_t)(reader->end - reader->begin);
  if (size >= 4 && (memcmp(reader->begin, "binf", 4) == 0 || !memcmp(reader->begin, "bs64", 4))) {
    return wf_fail(reader->err, WF_UNSUPPORTED,
                   "the model is in XGBoost's old binary format; save it as .json or .ubj");
  }
  if (size < 2 || reader->begin[0] != '{') {
    return wf_fail(reader->err, WF_PARSE,
                   size == 0 ? "the model is empty"
                             : "the model is neither JSON nor UBJSON: it does not start with an "
                               "object (XGBoost's old binary format is not read)");
  }
  size_t i = 1;
  while (i < size && strchr(" \t\r\n", reader->begin[i]) && reader->begin[i] != '\0') i++;
  bool json = i == size || reader->begin[i] == '"' || (i > 1 && reader->begin[i] == '}');
  return json ? wf_doc_read_json(reader, out) : wf_doc_read_ubj(reader, out);
}

wf_status wf_doc_parse(wf_doc **out, const void *bytes, size_t size, wf_error *err) {
  wf_doc *doc = wf_alloc(sizeof *doc);
  if (!doc) return wf_fail_nomem(err);
  doc->chunks = NULL;
  wf_doc_reader reader = {
      .begin = bytes, .at = bytes, .end = (const char *)bytes + size, .doc = doc, .err = err};
  wf_status status = read_any(&reader, &doc->root);
  wf_free(reader.stack);
  if (status != WF_OK) {
    wf_doc_free(doc);
    return status;
  }
  *out = doc;
  return WF_OK;
}

void wf_doc_free(wf_doc *doc) {
  if (!doc) return;
  while (doc->chunks) {
    chunk *next = doc->chunks->next;
    wf_free(doc->chunks);
    doc->chunks = next;
  }
  wf_free(doc);
}

const wf_doc_value *wf_doc_root(const wf_doc *doc) { return &doc->root; }

wf_status wf_doc_find(const wf_doc_value **out, const wf_doc_value *object, const char *key,
                      wf_error *err) {
  wf_view wanted = wf_view_of(key);
  const wf_doc_value *found = NULL;
  for (size_t i = 0; i < object->count; i++) {
    const wf_doc_member *member = &object->members[i];
    if (!wf_view_equal(member->key, wanted)) continue;
    if (found) return wf_fail(err, WF_PARSE, "the key \"%s\" occurs twice", key);
    found = &member->value;
  }
  *out = found;
  return WF_OK;
}

static uint64_t big_endian(const unsigned char *bytes, size_t width) {
  uint64_t value = 0;
  for (size_t i = 0; i < width; i++) value = value << 8 | bytes[i];
  return value;
}

static float float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static double double_of_bits(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

bool wf_doc_integer_at(const wf_doc_value *array, size_t index, int64_t *out) {
  const unsigned char *bytes = array->numbers;
  switch ((wf_doc_element)array->element) {
  case WF_DOC_NATIVE_I32: *out = ((const int32_t *)array->numbers)[index]; return true;
  case WF_DOC_NATIVE_I64: *out = ((const int64_t *)array->numbers)[index]; return true;
  case WF_DOC_BIG_I8: *out = (int8_t)bytes[index]; return true;
  case WF_DOC_BIG_U8: *out = bytes[index]; return true;
  case WF_DOC_BIG_I16: *out = (int16_t)big_endian(bytes + index * 2, 2); return true;
  case WF_DOC_BIG_I32: *out = (int32_t)big_endian(bytes + index * 4, 4); return true;
  case WF_DOC_BIG_I64: *out = (int64_t)big_endian(bytes + index * 8, 8); return true;
  case WF_DOC_NATIVE_F32:
  case WF_DOC_BIG_F32:
  case WF_DOC_BIG_F64: break;
  }
  return false;
}

float wf_doc_real_at(const wf_doc_value *array, size_t index) {
  const unsigned char *bytes = array->numbers;
  int64_t integer = 0;
  if (wf_doc_integer_at(array, index, &integer)) return (float)integer;
  if (array->element == WF_DOC_NATIVE_F32) return ((const float *)array->numbers)[index];
  if (array->element == WF_DOC_BIG_F32) {
    return float_of_bits((uint32_t)big_endian(bytes + index * 4, 4));
  }
  return (float)double_of_bits(big_endian(bytes + index * 8, 8));
}
