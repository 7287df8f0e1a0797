/* forest/document.h — a compact reader for the two documents XGBoost writes, JSON and UBJSON.
 *
 * Both become the same tree of values. Arrays of numbers, nearly all of a model, are kept packed
 * (JSON) or are read in place, big-endian, from the bytes (UBJSON), and strings without escapes
 * point into the input, so the caller's bytes must outlive the document. Memory stays below 50
 * times the input for any input at all, and below twice for a real model. */
#ifndef WF_FOREST_DOCUMENT_H
#define WF_FOREST_DOCUMENT_H

#include "base/bytes.h"

typedef enum wf_doc_kind {
  WF_DOC_NULL,
  WF_DOC_BOOL,
  WF_DOC_INTEGER,
  WF_DOC_REAL,
  WF_DOC_STRING,
  WF_DOC_ARRAY,   /* of anything but numbers; an empty array is one of these */
  WF_DOC_NUMBERS, /* of numbers and booleans only */
  WF_DOC_OBJECT
} wf_doc_kind;

typedef enum wf_doc_element { /* how a WF_DOC_NUMBERS array is stored */
                              WF_DOC_NATIVE_I32,
                              WF_DOC_NATIVE_I64,
                              WF_DOC_NATIVE_F32,
                              WF_DOC_BIG_I8,
                              WF_DOC_BIG_U8,
                              WF_DOC_BIG_I16,
                              WF_DOC_BIG_I32,
                              WF_DOC_BIG_I64,
                              WF_DOC_BIG_F32,
                              WF_DOC_BIG_F64
} wf_doc_element;

typedef struct wf_doc_member wf_doc_member;

typedef struct wf_doc_value { /* 16 bytes: there may be one for each byte of the input */
  uint64_t kind : 8, element : 8, count : 48;
  union {
    int64_t integer; /* also WF_DOC_BOOL */
    float real;
    const char *text;
    const struct wf_doc_value *items;
    const wf_doc_member *members;
    const void *numbers;
  };
} wf_doc_value;

struct wf_doc_member {
  wf_view key;
  wf_doc_value value;
};

typedef struct wf_doc wf_doc;

/* Recognises the format by content. WF_PARSE with line and column (JSON) or byte offset (UBJSON),
 * WF_UNSUPPORTED for XGBoost's old binary format, WF_LIMIT for nesting deeper than 64. */
wf_status wf_doc_parse(wf_doc **out, const void *bytes, size_t size, wf_error *err);
void wf_doc_free(wf_doc *doc);
const wf_doc_value *wf_doc_root(const wf_doc *doc);

/* The member called `key`, or NULL. A key that occurs twice is ambiguous (readers differ in which
 * one they take): WF_PARSE. */
wf_status wf_doc_find(const wf_doc_value **out, const wf_doc_value *object, const char *key,
                      wf_error *err);
static inline wf_view wf_doc_text(const wf_doc_value *string) {
  return (wf_view){string->text, string->count};
}
/* Elements of a WF_DOC_NUMBERS array. A real read as an integer gives false. */
bool wf_doc_integer_at(const wf_doc_value *array, size_t index, int64_t *out);
float wf_doc_real_at(const wf_doc_value *array, size_t index);

/* For the two readers. */
enum { WF_DOC_MAX_DEPTH = 64 };

typedef struct wf_doc_reader wf_doc_reader;
struct wf_doc_reader {
  const char *begin, *at, *end;
  wf_doc *doc;
  int depth;
  void *stack; /* values and members of the arrays and objects still open */
  size_t stack_used, stack_size;
  wf_error *err;
};

wf_status wf_doc_read_json(wf_doc_reader *reader, wf_doc_value *out);
wf_status wf_doc_read_ubj(wf_doc_reader *reader, wf_doc_value *out);

wf_status wf_doc_enter(wf_doc_reader *reader); /* one level deeper; WF_LIMIT */
wf_status wf_doc_push(wf_doc_reader *reader, const void *item, size_t size);
/* Moves what was pushed since `from` (a former stack_used) into the document. */
wf_status wf_doc_close(wf_doc_reader *reader, size_t from, const void **out);
void *wf_doc_reserve(wf_doc_reader *reader, size_t size); /* memory that lives with the document */

/* An array of numbers under construction: integers until the first real turns all into reals. */
typedef struct wf_doc_packer {
  size_t from, count;
  bool real, wide;
} wf_doc_packer;

wf_status wf_doc_pack(wf_doc_reader *reader, wf_doc_packer *packer, const wf_doc_value *number);
wf_status wf_doc_pack_close(wf_doc_reader *reader, const wf_doc_packer *packer, wf_doc_value *out);

#endif
