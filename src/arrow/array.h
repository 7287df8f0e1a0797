/* arrow/array.h — one array of somebody else's bytes, and how it becomes a column.
 *
 * Both readers (IPC files and the C data interface) describe what they find as a wf_arrow_array;
 * the checks and conversions exist once. Bytes are kept alive by a counted owner, so that columns
 * can point into a mapping or into another program's buffers. */
#ifndef WF_ARROW_ARRAY_H
#define WF_ARROW_ARRAY_H

#include "frame/column.h"

#include <stdatomic.h>

typedef enum wf_arrow_kind {
  WF_ARROW_NULL,
  WF_ARROW_BOOL,
  WF_ARROW_I8,
  WF_ARROW_U8,
  WF_ARROW_I16,
  WF_ARROW_U16,
  WF_ARROW_I32,
  WF_ARROW_U32,
  WF_ARROW_I64,
  WF_ARROW_U64,
  WF_ARROW_F16,
  WF_ARROW_F32,
  WF_ARROW_F64,
  WF_ARROW_DECIMAL128,
  WF_ARROW_UTF8,
  WF_ARROW_LARGE_UTF8,
  WF_ARROW_UTF8_VIEW,
  WF_ARROW_DATE32,
  WF_ARROW_TIMESTAMP
} wf_arrow_kind;

/* What keeps borrowed bytes alive; `dispose` runs when the last reference goes. */
typedef struct wf_arrow_owner {
  atomic_size_t refs;
  void (*dispose)(struct wf_arrow_owner *owner);
} wf_arrow_owner;

wf_arrow_owner *wf_arrow_owner_retain(wf_arrow_owner *owner);
void wf_arrow_owner_release(wf_arrow_owner *owner);

enum { WF_ARROW_MAX_SCALE = 1000 };

#define WF_ARROW_UNKNOWN_SIZE SIZE_MAX /* the C data interface does not tell: trust the counts */

typedef struct wf_arrow_bytes {
  const uint8_t *data; /* may be NULL when no bytes are needed */
  size_t size;
} wf_arrow_bytes;

typedef struct wf_arrow_array {
  wf_arrow_kind kind;       /* of the values, or of the codes when there is a dictionary */
  int64_t ticks_per_second; /* timestamps */
  int scale;                /* decimals: digits behind the point */
  size_t n_rows, offset;    /* `offset` rows are skipped */
  bool has_validity;
  wf_arrow_bytes validity, values, offsets; /* offsets: utf8 and large_utf8 only */
  const wf_arrow_bytes *chunks; /* utf8_view: what its views (in `values`) point into; borrowed */
  size_t n_chunks;
  wf_column *dictionary; /* borrowed; NULL for plain arrays */
  wf_arrow_owner *owner; /* borrowed */
} wf_arrow_array;

static inline bool wf_arrow_kind_is_text(wf_arrow_kind kind) {
  return kind == WF_ARROW_UTF8 || kind == WF_ARROW_LARGE_UTF8 || kind == WF_ARROW_UTF8_VIEW;
}

/* Bytes one value of the kind takes; 0 for null, bool and text. */
size_t wf_arrow_kind_width(wf_arrow_kind kind);
wf_status wf_arrow_to_column(wf_column **out, const wf_arrow_array *array, const char *name,
                             wf_error *err);

#endif
