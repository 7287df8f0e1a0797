/* http/format.h — responses to bytes. */
#ifndef WF_HTTP_FORMAT_H
#define WF_HTTP_FORMAT_H

#include "base/bytes.h"

enum { WF_HTTP_DATE = 30 };

typedef struct wf_http_response_head {
  int status;
  const char *content_type; /* NULL: no body type is stated */
  const char *headers;      /* NULL, or complete lines, each ending in CR LF */
  const char *date;         /* as wf_http_format_date writes it */
  size_t content_length;
  bool close;           /* "Connection: close" */
  bool keep_alive_told; /* "Connection: keep-alive", for HTTP/1.0 clients */
} wf_http_response_head;

/* "Bad Request" for 400, …; "Unknown" for a status that the server never sends. */
const char *wf_http_reason(int status);
/* Appends the head with its empty line. */
void wf_http_format_head(wf_bytes *out, const wf_http_response_head *head);
/* IMF-fixdate of seconds since 1970: "Sun, 06 Nov 1994 08:49:37 GMT". */
void wf_http_format_date(char out[WF_HTTP_DATE], int64_t seconds);
/* Appends {"error":{"code":CODE,"message":MESSAGE}} and a line end. `code` NULL: the reason in
 * lower case with underscores. */
void wf_http_format_error(wf_bytes *out, int status, const char *code, const char *message);

#endif
