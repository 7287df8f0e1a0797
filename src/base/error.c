/* error.c — filling wf_error structs. Nothing here allocates: an error must be reportable when
 * memory is gone, and a Lua binding may longjmp away from the struct at any time. */
#include "base/error.h"

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

static void fill(wf_error *err, wf_status status, int line, int column, const char *format,
                 va_list args) {
  err->status = status;
  err->line = line;
  err->column = column;
  vsnprintf(err->message, sizeof err->message, format, args);
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
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    size_t used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, ": %s", lower);
    err->status = status;
  }
  return status;
}
