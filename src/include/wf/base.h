/* wf/base.h — what every other header needs: export macro, status codes, the error struct.
 *
 * Errors. Every function that can fail returns a wf_status and takes a nullable `wf_error *err`
 * as its last argument. The struct lives on the caller's stack and owns nothing, so there is
 * nothing to free after a failure. On failure all out-parameters are untouched; on success `err`
 * is untouched.
 *
 * Ownership. An object returned through an out-parameter is yours: end it with the matching
 * *_free, *_close or *_release. A pointer returned as the function's value is borrowed and lives
 * as long as the object it came from. *_free(NULL) and *_release(NULL) do nothing.
 *
 * Threads. Objects documented as immutable may be read from any number of threads at once; all
 * others belong to one thread at a time. */
#ifndef WF_BASE_H
#define WF_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define WF_API __attribute__((visibility("default")))
#define WF_NODISCARD __attribute__((warn_unused_result))
#define WF_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define WF_API
#define WF_NODISCARD
#define WF_PRINTF(fmt, args)
#endif

#define WF_VERSION_MAJOR 0
#define WF_VERSION_MINOR 1
#define WF_VERSION_PATCH 0

/* One table of codes; wf_status_name gives the text that Lua sees as `err.code`. */
#define WF_STATUS_MAP(X)                                                                    \
  X(OK, "ok")                                                                               \
  X(NOMEM, "out_of_memory")                                                                 \
  X(INVALID, "invalid")         /* an argument or option has a value that cannot be used */ \
  X(TYPE, "type")               /* a value has the wrong type */                            \
  X(IO, "io")                   /* the operating system refused a read, write, open, … */ \
  X(PARSE, "parse")             /* bytes do not follow their format; see line and column */ \
  X(NOTFOUND, "not_found")      /* a thing that is named does not exist */                  \
  X(EXISTS, "exists")           /* a thing that must be new is there already */             \
  X(CORRUPT, "corrupt")         /* stored bytes are not what was stored */                  \
  X(BUSY, "busy")               /* somebody else holds it; try again */                     \
  X(CANCELED, "canceled")       /* a callback or another thread asked to stop */            \
  X(UNSUPPORTED, "unsupported") /* valid, but not something this version can do */          \
  X(LIMIT, "limit")             /* larger than a stated limit */                            \
  X(EXTERNAL, "external")       /* another library or a remote service failed */

typedef enum wf_status {
#define WF_STATUS_ENUM(name, text) WF_##name,
  WF_STATUS_MAP(WF_STATUS_ENUM)
#undef WF_STATUS_ENUM
} wf_status;

#define WF_ERROR_MESSAGE 480

typedef struct wf_error {
  wf_status status;
  int line;   /* 1-based line in the named input, 0 where there is none */
  int column; /* 1-based column (byte or field, the message says which), 0 where there is none */
  char message[WF_ERROR_MESSAGE]; /* one line, no trailing period, always terminated */
} wf_error;

#define WF_ERROR_INIT \
  { WF_OK, 0, 0, "" }

/* The code's stable lower-case name ("out_of_memory"); never NULL. */
WF_API const char *wf_status_name(wf_status status);

/* The library's version, e.g. "0.1.0". */
WF_API const char *wf_version(void);

/* Ends text or bytes that a function of any module handed out through a char ** out-parameter. */
WF_API void wf_text_free(char *text);

#ifdef __cplusplus
}
#endif
#endif
