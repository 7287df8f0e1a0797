/* chunked.c — the chunked transfer coding (RFC 9112 7.1) as a byte state machine.
 *
 * Every byte moves the machine once, so a body may arrive in any pieces; only chunk data is copied
 * in runs. Sizes are 1 to 8 plain hexadecimal digits directly followed by CR LF or by an extension
 * that follows the grammar without optional blanks. Trailer fields that would change how the
 * message is framed or routed are refused, the others are dropped. */
#include "http/parse.h"

#include <string.h>

enum {
  SIZE, /* must be 0: where a zero-initialised machine starts */
  EXTENSION_NAME,
  EXTENSION_NAME_MORE,
  EXTENSION_VALUE,
  EXTENSION_TOKEN,
  EXTENSION_QUOTED,
  EXTENSION_ESCAPED,
  EXTENSION_END,
  SIZE_LF,
  DATA,
  DATA_CR,
  DATA_LF,
  TRAILER,
  TRAILER_NAME,
  TRAILER_VALUE,
  TRAILER_LF,
  LAST_LF,
  DONE
};

enum { REFUSED = -1, TOO_LARGE = -2 };

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static int on_size(wf_http_chunked *k, char c) {
  int digit = hex_value(c);
  if (digit >= 0) {
    if (k->n_digits == 8) return REFUSED;
    k->n_digits++;
    k->left = k->left << 4 | (uint32_t)digit;
    return SIZE;
  }
  if (k->n_digits == 0) return REFUSED;
  return c == '\r' ? SIZE_LF : c == ';' ? EXTENSION_NAME : REFUSED;
}

/* After a complete extension name or value. */
static int after_extension(char c) {
  return c == '\r' ? SIZE_LF : c == ';' ? EXTENSION_NAME : REFUSED;
}

static int on_extension(wf_http_chunked *k, char c) {
  if (k->extension_size++ == WF_HTTP_MAX_EXTENSION) return REFUSED;
  bool token = wf_http_is_token(c);
  switch (k->state) {
  case EXTENSION_NAME: return token ? EXTENSION_NAME_MORE : REFUSED;
  case EXTENSION_NAME_MORE:
    return token ? EXTENSION_NAME_MORE : c == '=' ? EXTENSION_VALUE : after_extension(c);
  case EXTENSION_VALUE: return token ? EXTENSION_TOKEN : c == '"' ? EXTENSION_QUOTED : REFUSED;
  case EXTENSION_TOKEN: return token ? EXTENSION_TOKEN : after_extension(c);
  case EXTENSION_QUOTED:
    if (c == '"') return EXTENSION_END;
    if (c == '\\') return EXTENSION_ESCAPED;
    return wf_http_is_value(c) ? EXTENSION_QUOTED : REFUSED;
  case EXTENSION_ESCAPED: return wf_http_is_value(c) ? EXTENSION_QUOTED : REFUSED;
  default: return after_extension(c);
  }
}

static bool allowed_trailer(const wf_http_chunked *k) {
  static const char *const refused[] = {"content-length", "transfer-encoding", "host",
                                        "authorization", "connection"};
  wf_view name = {k->name, k->name_size};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    if (wf_http_equal_name(name, refused[i])) return false;
  }
  return true;
}

static int on_trailer(wf_http_chunked *k, char c) {
  if (k->trailer_size++ == WF_HTTP_MAX_TRAILER) return TOO_LARGE;
  switch (k->state) {
  case TRAILER:
    if (c == '\r') return LAST_LF;
    k->name_size = 0;
    /* fall through */
  case TRAILER_NAME:
    if (c == ':' && k->state == TRAILER_NAME) return allowed_trailer(k) ? TRAILER_VALUE : REFUSED;
    if (!wf_http_is_token(c)) return REFUSED;
    if (k->name_size < sizeof k->name) k->name[k->name_size++] = c;
    return TRAILER_NAME;
  case TRAILER_VALUE: return c == '\r' ? TRAILER_LF : wf_http_is_value(c) ? TRAILER_VALUE : REFUSED;
  default: return c == '\n' ? TRAILER : REFUSED;
  }
}

static int on_line_feed(wf_http_chunked *k, char c) {
  if (c != '\n') return REFUSED;
  if (k->state == LAST_LF) return DONE;
  if (k->state == SIZE_LF) return k->left ? DATA : TRAILER;
  k->n_digits = 0; /* after a chunk's data */
  return SIZE;
}

static int step(wf_http_chunked *k, char c) {
  switch (k->state) {
  case SIZE: return on_size(k, c);
  case DATA_CR: return c == '\r' ? DATA_LF : REFUSED;
  case SIZE_LF:
  case DATA_LF:
  case LAST_LF: return on_line_feed(k, c);
  case TRAILER:
  case TRAILER_NAME:
  case TRAILER_VALUE:
  case TRAILER_LF: return on_trailer(k, c);
  default: return on_extension(k, c);
  }
}

static wf_http_progress refuse(int why, wf_http_fault *fault) {
  *fault = why == TOO_LARGE ? (wf_http_fault){431, "the trailer is too large"}
                            : (wf_http_fault){400, "the chunked body is malformed"};
  return WF_HTTP_BAD;
}

wf_http_progress wf_http_decode_chunked(wf_http_chunked *k, char *to, size_t *written,
                                        const char *from, size_t size, size_t *consumed,
                                        wf_http_fault *fault) {
  size_t i = 0, n = 0;
  while (i < size && k->state != DONE) {
    if (k->state == DATA) {
      size_t run = size - i < k->left ? size - i : k->left;
      memmove(to + n, from + i, run);
      i += run, n += run;
      k->left -= (uint32_t)run;
      if (k->left == 0) k->state = DATA_CR;
      continue;
    }
    int next = step(k, from[i++]);
    if (next < 0) return refuse(next, fault);
    k->state = (uint8_t)next;
  }
  *written += n;
  *consumed = i;
  return k->state == DONE ? WF_HTTP_COMPLETE : WF_HTTP_MORE;
}
