/* jsonl/scan.h — the values of one line of JSON.
 *
 * Every function here reads from a line whose bytes are followed by '\n': no token of JSON holds
 * one, so nothing else marks the end. Bytes up to `limit` may be read ahead. */
#ifndef WF_JSONL_SCAN_H
#define WF_JSONL_SCAN_H

#include "base/bytes.h"

typedef enum wf_jsonl_kind {
  WF_JSONL_NULL,
  WF_JSONL_TRUTH,
  WF_JSONL_INTEGER, /* fits into 64 bits; -0 is a number */
  WF_JSONL_NUMBER,
  WF_JSONL_STRING,
  WF_JSONL_NESTED /* array or object */
} wf_jsonl_kind;

typedef struct wf_jsonl_value {
  wf_jsonl_kind kind;
  bool escaped;    /* the string's text still holds escapes */
  wf_view text;    /* as it stands in the line; a string's without its quotes */
  int64_t integer; /* INTEGER, TRUTH */
  double number;   /* NUMBER */
} wf_jsonl_value;

/* What is wrong and where. */
typedef struct wf_jsonl_fault {
  wf_status status;
  const char *at;
  char why[200];
} wf_jsonl_fault;
const char *wf_jsonl_fail(wf_jsonl_fault *fault, wf_status status, const char *at,
                          const char *format, ...) WF_PRINTF(4, 5); /* NULL */

/* Space, tab and CR. */
static inline const char *wf_jsonl_skip_blanks(const char *p) {
  while (*p == ' ' || *p == '\t' || *p == '\r') p++;
  return p;
}

/* The value that begins at `p`: returns what is behind it, NULL with a fault. */
const char *wf_jsonl_scan_value(wf_jsonl_value *out, const char *p, const char *limit,
                                wf_jsonl_fault *fault);
/* The same of the string that should begin at `p`; `wanted` names what it is in the message. */
const char *wf_jsonl_scan_string(wf_jsonl_value *out, const char *p, const char *limit,
                                 const char *wanted, wf_jsonl_fault *fault);
/* Appends the text of a scanned string with its escapes resolved. */
void wf_jsonl_unescape(wf_bytes *out, wf_view text);

#endif
