/* format.c — response heads and the JSON body of errors.
 *
 * Every response carries its length, so a connection can always go on to the next request, and
 * "nosniff", so that no browser takes a prediction for a page. Dates are formatted by hand because
 * strftime follows the host's locale. */
#include "http/format.h"

#include "base/json.h"
#include "base/number.h"

#include <string.h>
#include <time.h>

const char *wf_http_reason(int status) {
  switch (status) {
  case 200: return "OK";
  case 400: return "Bad Request";
  case 401: return "Unauthorized";
  case 403: return "Forbidden";
  case 404: return "Not Found";
  case 405: return "Method Not Allowed";
  case 406: return "Not Acceptable";
  case 408: return "Request Timeout";
  case 413: return "Content Too Large";
  case 414: return "URI Too Long";
  case 415: return "Unsupported Media Type";
  case 417: return "Expectation Failed";
  case 431: return "Request Header Fields Too Large";
  case 500: return "Internal Server Error";
  case 501: return "Not Implemented";
  case 503: return "Service Unavailable";
  case 505: return "HTTP Version Not Supported";
  default: return "Unknown";
  }
}

static void add_number(wf_bytes *out, size_t number) {
  char text[WF_NUMBER_TEXT];
  wf_bytes_add(out, text, wf_format_i64(text, (int64_t)number));
}

void wf_http_format_head(wf_bytes *out, const wf_http_response_head *head) {
  wf_bytes_text(out, "HTTP/1.1 ");
  add_number(out, (size_t)head->status);
  wf_bytes_char(out, ' ');
  wf_bytes_text(out, wf_http_reason(head->status));
  wf_bytes_text(out, "\r\nDate: ");
  wf_bytes_text(out, head->date);
  if (head->content_type) {
    wf_bytes_text(out, "\r\nContent-Type: ");
    wf_bytes_text(out, head->content_type);
  }
  wf_bytes_text(out, "\r\nContent-Length: ");
  add_number(out, head->content_length);
  wf_bytes_text(out, "\r\nX-Content-Type-Options: nosniff\r\n");
  if (head->close) wf_bytes_text(out, "Connection: close\r\n");
  if (head->keep_alive_told && !head->close) wf_bytes_text(out, "Connection: keep-alive\r\n");
  if (head->headers) wf_bytes_text(out, head->headers);
  wf_bytes_text(out, "\r\n");
}

static char *put_two(char *at, int value) {
  at[0] = (char)('0' + value / 10 % 10);
  at[1] = (char)('0' + value % 10);
  return at + 2;
}

void wf_http_format_date(char out[WF_HTTP_DATE], int64_t seconds) {
  static const char days[] = "SunMonTueWedThuFriSat",
                    months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  struct tm utc;
  time_t when = (time_t)seconds;
  if (!gmtime_r(&when, &utc)) utc = (struct tm){.tm_mday = 1, .tm_year = 70, .tm_wday = 4};
  memcpy(out, "Day, 00 Mon 0000 00:00:00 GMT", WF_HTTP_DATE);
  memcpy(out, days + 3 * utc.tm_wday, 3);
  put_two(out + 5, utc.tm_mday);
  memcpy(out + 8, months + 3 * utc.tm_mon, 3);
  put_two(put_two(out + 12, (utc.tm_year + 1900) / 100), (utc.tm_year + 1900) % 100);
  put_two(out + 17, utc.tm_hour);
  put_two(out + 20, utc.tm_min);
  put_two(out + 23, utc.tm_sec);
}

static void add_code(wf_bytes *out, const char *reason) {
  wf_bytes_char(out, '"');
  for (; *reason; reason++) {
    char c = *reason >= 'A' && *reason <= 'Z' ? (char)(*reason + 32) : *reason;
    wf_bytes_char(out, c == ' ' ? '_' : c);
  }
  wf_bytes_char(out, '"');
}

void wf_http_format_error(wf_bytes *out, int status, const char *code, const char *message) {
  wf_bytes_text(out, "{\"error\":{\"code\":");
  if (code) {
    wf_json_add_string(out, wf_view_of(code));
  } else {
    add_code(out, wf_http_reason(status));
  }
  wf_bytes_text(out, ",\"message\":");
  wf_json_add_string(out, wf_view_of(message));
  wf_bytes_text(out, "}}\n");
}
