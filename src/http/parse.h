/* http/parse.h — bytes to request heads and chunked bodies: pure functions over the caller's
 * memory, strict RFC 9112.
 *
 * The server behind this parser is the only one that interprets a request, so it owes nobody
 * leniency: whatever two programs could read differently is refused. Views point into the bytes
 * that were parsed. */
#ifndef WF_HTTP_PARSE_H
#define WF_HTTP_PARSE_H

#include "base/bytes.h"

enum {
  WF_HTTP_MAX_TARGET = 8192,   /* longer: 414 */
  WF_HTTP_MAX_HEAD = 16384,    /* of all field lines together; longer: 431 */
  WF_HTTP_MAX_FIELDS = 64,     /* more: 431 */
  WF_HTTP_MAX_TRAILER = 4096,  /* after a chunked body; longer: 431 */
  WF_HTTP_MAX_EXTENSION = 1024 /* of all chunk extensions of a body together; longer: 400 */
};

typedef enum wf_http_progress {
  WF_HTTP_MORE,     /* right so far, not complete */
  WF_HTTP_COMPLETE, /* one whole head, or body, was there */
  WF_HTTP_BAD       /* the fault says which answer it deserves; the connection cannot go on */
} wf_http_progress;

typedef struct wf_http_fault {
  int status;         /* 400, 414, … */
  const char *reason; /* static text, one line */
} wf_http_fault;

typedef struct wf_http_field {
  wf_view name, value; /* the value without blanks around it */
} wf_http_field;

typedef struct wf_http_head {
  wf_view method;
  wf_view path, query; /* of the target, still percent-encoded; query without its '?' */
  wf_view host;        /* as in the Host field; empty for HTTP/1.0 without one */
  int minor_version;   /* 0 or 1 */
  bool keep_alive, expect_continue, chunked;
  uint64_t content_length; /* 0 when chunked or absent */
  size_t n_fields;
  wf_http_field fields[WF_HTTP_MAX_FIELDS];
} wf_http_head;

/* Reads one request head (with the empty line after it, and at most one empty line before it) from
 * the start of `bytes`. On WF_HTTP_COMPLETE `*consumed` is its size and `*out` is filled; on
 * WF_HTTP_BAD `*fault` is. `*out` may be clobbered in every case. */
wf_http_progress wf_http_parse_head(wf_http_head *out, size_t *consumed, wf_view bytes,
                                    wf_http_fault *fault);

/* The value of the first field of that name (in any case), or NULL. */
const wf_view *wf_http_find_field(const wf_http_head *head, const char *name);

/* True when `text` equals the lower-case `name` in any case. */
bool wf_http_equal_name(wf_view text, const char *name);

/* The host of a Host value without its port; brackets stay around an IPv6 address. */
wf_view wf_http_host_name(wf_view host);

/* ---- chunked bodies ---------------------------------------------------------------------------
 */

/* Where a chunked body stands; zero-initialise for each body. */
typedef struct wf_http_chunked {
  uint8_t state, n_digits, name_size;
  char name[20]; /* the start of a trailer field's name, in lower case */
  uint32_t left; /* bytes of the current chunk still to come */
  size_t trailer_size, extension_size;
} wf_http_chunked;

/* Decodes `from[0..size)`, writing content from `to` on, which may be `from` or lie before it in
 * the same buffer. Adds to `*written`, sets `*consumed`: all of it, unless the body ended before.
 * Trailer fields are checked and dropped. */
wf_http_progress wf_http_decode_chunked(wf_http_chunked *chunked, char *to, size_t *written,
                                        const char *from, size_t size, size_t *consumed,
                                        wf_http_fault *fault);

/* Character classes, for both halves. */
bool wf_http_is_token(char c);
bool wf_http_is_value(char c); /* visible, blank, tab, or above 127 */

#endif
