/* base/error.h — how the library fails: one call sets status and message together.
 * Numbers in messages are written as in the "C" locale, whatever the host's. */
#ifndef WF_BASE_ERROR_H
#define WF_BASE_ERROR_H

#include "wf/base.h"

/* Writes status and message into `err` (may be NULL), clears line and column, returns status. */
wf_status wf_fail(wf_error *err, wf_status status, const char *format, ...) WF_PRINTF(3, 4);

/* The same with a position in the input. */
wf_status wf_fail_at(wf_error *err, wf_status status, int line, int column, const char *format, ...)
    WF_PRINTF(5, 6);

/* WF_IO (or WF_NOMEM for ENOMEM, WF_NOTFOUND for ENOENT) with "<what>: <strerror(errnum)>". */
wf_status wf_fail_errno(wf_error *err, int errnum, const char *format, ...) WF_PRINTF(3, 4);

/* Out of memory; formats nothing. */
wf_status wf_fail_nomem(wf_error *err);

/* Puts "<context>: " before the message a lower level left; keeps status and position. */
wf_status wf_fail_within(wf_error *err, wf_status status, const char *format, ...) WF_PRINTF(3, 4);

/* Returns from the enclosing function when `expr` fails. Only where nothing needs cleaning up. */
#define WF_TRY(expr)                                    \
  do {                                                  \
    wf_status wf_try_status_ = (expr);                  \
    if (wf_try_status_ != WF_OK) return wf_try_status_; \
  } while (0)

#endif
