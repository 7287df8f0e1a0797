/* error.c — filling wf_error structs. Nothing here allocates: an error must be reportable when
 * memory is gone, and a Lua binding may longjmp away from the struct at any time. */
#include "base/error.h"

#include "base/host_locale.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *wf_status_name(wf_status status) {
  static const char *const names[] = {
#define WF_STATUS_NAME(name, text) text,
      WF_STATUS_MAP(WF_STATUS_NAME)
#undef WF_STATUS_NAME
  };
  size_t index = (size_t)status;
  return index < sizeof names / sizeof *names ? names[index] : "unknown";
}

const char *wf_version(void) { return WF_VERSION; }

/* A message cut off by its size must not end within a UTF-8 sequence. */
static void end_at_character(char *message) {
  size_t end = strlen(message);
  if (end + 1 < WF_ERROR_MESSAGE) return;
  size_t start = end;
  while (start > 0 && end - start < 3 && ((unsigned char)message[start - 1] & 0xc0) == 0x80)
    start--;
  if (start == 0) return;
  unsigned char lead = (unsigned char)message[start - 1];
  size_t needed = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  if (needed > end - start + 1) message[start - 1] = '\0';
}

static void write_plain(char *out, size_t size, const char *format, va_list args) {
  locale_t before = wf_locale_enter();
  vsnprintf(out, size, format, args);
  wf_locale_leave(before);
}

static void fill(wf_error *err, wf_status status, int line, int column, const char *format,
                 va_list args) {
  err->status = status;
  err->line = line;
  err->column = column;
  write_plain(err->message, sizeof err->message, format, args);
  end_at_character(err->message);
}

wf_status wf_fail(wf_error *err, wf_status status, const char *format, ...) {
  if (err) {
    va_list args;
    va_start(args, format);
    fill(err, status, 0, 0, format, args);
    va_end(args);
  }
  return status;
}

wf_status wf_fail_at(wf_error *err, wf_status status, int line, int column, const char *format,
                     ...) {
  if (err) {
    va_list args;
    va_start(args, format);
    fill(err, status, line, column, format, args);
    va_end(args);
  }
  return status;
}

static wf_status status_of_errno(int errnum) {
  switch (errnum) {
  case ENOMEM: return WF_NOMEM;
  case ENOENT: return WF_NOTFOUND;
  case EEXIST: return WF_EXISTS;
  default: return WF_IO;
  }
}

wf_status wf_fail_errno(wf_error *err, int errnum, const char *format, ...) {
  wf_status status = status_of_errno(errnum);
  if (err) {
    va_list args;
    va_start(args, format);
    fill(err, status, 0, 0, format, args);
    va_end(args);
    char reason[128];
    size_t used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, ": %s",
             strerror_r(errnum, reason, sizeof reason));
    end_at_character(err->message);
  }
  return status;
}

wf_status wf_fail_nomem(wf_error *err) { return wf_fail(err, WF_NOMEM, "out of memory"); }

wf_status wf_fail_within(wf_error *err, wf_status status, const char *format, ...) {
  if (err) {
    char lower[WF_ERROR_MESSAGE];
    memcpy(lower, err->message, sizeof lower);
    va_list args;
    va_start(args, format);
    write_plain(err->message, sizeof err->message, format, args);
    va_end(args);
    size_t used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, ": %s", lower);
    end_at_character(err->message);
    err->status = status;
  }
  return status;
}
