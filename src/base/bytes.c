/* bytes.c — growable bytes with a sticky failure flag, so that formatting code is straight-line. */
#include "base/bytes.h"

#include "base/alloc.h"
#include "base/host_locale.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

wf_view wf_view_of(const char *text) { return (wf_view){text, strlen(text)}; }

bool wf_view_equal(wf_view a, wf_view b) {
  return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool wf_bytes_reserve(wf_bytes *bytes, size_t extra) {
  if (bytes->failed) return false;
  size_t needed;
  if (__builtin_add_overflow(bytes->size, extra, &needed) || needed == SIZE_MAX) goto fail;
  if (needed < bytes->capacity) return true;
  size_t capacity = bytes->capacity ? bytes->capacity : 64;
  while (capacity <= needed) {
    if (__builtin_mul_overflow(capacity, (size_t)2, &capacity)) goto fail;
  }
  char *data = wf_realloc_array(bytes->data, capacity, 1);
  if (!data) goto fail;
  bytes->data = data;
  bytes->capacity = capacity;
  return true;
fail:
  bytes->failed = true;
  return false;
}

void wf_bytes_add(wf_bytes *bytes, const void *data, size_t size) {
  if (!wf_bytes_reserve(bytes, size)) return;
  if (size) memcpy(bytes->data + bytes->size, data, size);
  bytes->size += size;
  bytes->data[bytes->size] = '\0';
}

void wf_text_free(char *text) { wf_free(text); }

void wf_bytes_text(wf_bytes *bytes, const char *text) { wf_bytes_add(bytes, text, strlen(text)); }

void wf_bytes_char(wf_bytes *bytes, char c) { wf_bytes_add(bytes, &c, 1); }

void wf_bytes_format(wf_bytes *bytes, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  locale_t before = wf_locale_enter();
  int length = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (length < 0) {
    bytes->failed = true;
  } else if (wf_bytes_reserve(bytes, (size_t)length)) {
    vsnprintf(bytes->data + bytes->size, (size_t)length + 1, format, again);
    bytes->size += (size_t)length;
  }
  wf_locale_leave(before);
  va_end(again);
}

void wf_bytes_clear(wf_bytes *bytes) {
  bytes->size = 0;
  bytes->failed = false;
  if (bytes->data) bytes->data[0] = '\0';
}

void wf_bytes_dispose(wf_bytes *bytes) {
  wf_free(bytes->data);
  *bytes = (wf_bytes){0};
}

wf_status wf_bytes_take(wf_bytes *bytes, char **data, size_t *size, wf_error *err) {
  if (!bytes->data) wf_bytes_add(bytes, "", 0);
  if (bytes->failed) {
    wf_bytes_dispose(bytes);
    return wf_fail_nomem(err);
  }
  bytes->data[bytes->size] = '\0'; /* whoever writes into reserved room need not */
  *data = bytes->data;
  if (size) *size = bytes->size;
  *bytes = (wf_bytes){0};
  return WF_OK;
}
