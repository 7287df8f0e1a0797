/* base/bytes.h — a growable byte buffer and a view of bytes. */
#ifndef WF_BASE_BYTES_H
#define WF_BASE_BYTES_H

#include "base/error.h"

typedef struct wf_view { /* borrowed bytes, not terminated */
  const char *data;
  size_t size;
} wf_view;

#define WF_VIEW(literal) ((wf_view){(literal), sizeof(literal) - 1})
wf_view wf_view_of(const char *text); /* of a terminated string */
bool wf_view_equal(wf_view a, wf_view b);

/* Appending never reports failure itself: a failed buffer drops what is added, and whoever takes
 * the result checks `failed` (wf_bytes_take does). Zero-initialise, end with wf_bytes_dispose. */
typedef struct wf_bytes {
  char *data; /* data[size] is always '\0' once anything was added */
  size_t size, capacity;
  bool failed;
} wf_bytes;

bool wf_bytes_reserve(wf_bytes *bytes, size_t extra);
void wf_bytes_add(wf_bytes *bytes, const void *data, size_t size);
void wf_bytes_text(wf_bytes *bytes, const char *text);
void wf_bytes_char(wf_bytes *bytes, char c);
void wf_bytes_format(wf_bytes *bytes, const char *format, ...) WF_PRINTF(2, 3);
void wf_bytes_clear(wf_bytes *bytes); /* keeps the memory */
void wf_bytes_dispose(wf_bytes *bytes);

/* Hands the terminated bytes over (wf_free them) and empties the buffer; WF_NOMEM if any add
 * failed. `size` may be NULL. */
wf_status wf_bytes_take(wf_bytes *bytes, char **data, size_t *size, wf_error *err);

#endif
