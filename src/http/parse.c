/* parse.c — request heads.
 *
 * A head is a sequence of complete lines, each ending in CR LF; nothing is looked at before its
 * line is complete, so the only state between calls is the bytes themselves. What is refused, and
 * why it could be read in two ways:
 *
 *   - a bare CR or LF, an obs-fold, blanks before a colon: field boundaries differ between readers;
 *   - two Content-Length or Transfer-Encoding fields, both together, anything but plain digits and
 *     exactly "chunked": body boundaries differ;
 *   - controls, blanks and non-ASCII in the request line; a Host that is not one plain host and
 *     port, or repeats: routing differs.
 *
 * Limits apply to incomplete lines too: a client that never ends a line gets 414 or 431, not
 * memory. */
#include "http/parse.h"

#include <string.h>

enum { TOKEN = 1, TARGET = 2, HOST = 4, HEX = 8 };

/* RFC 9110 5.6.2 (tchar), RFC 3986 (unreserved, sub-delims, ":@/?%"), host names as they are used.
 */
static const unsigned char classes[256] = {
    ['!'] = TOKEN | TARGET,
    ['#'] = TOKEN,
    ['$'] = TOKEN | TARGET,
    ['%'] = TOKEN | TARGET,
    ['&'] = TOKEN | TARGET,
    ['\''] = TOKEN | TARGET,
    ['('] = TARGET,
    [')'] = TARGET,
    ['*'] = TOKEN | TARGET,
    ['+'] = TOKEN | TARGET,
    [','] = TARGET,
    ['-'] = TOKEN | TARGET | HOST,
    ['.'] = TOKEN | TARGET | HOST,
    ['/'] = TARGET,
    ['0' ... '9'] = TOKEN | TARGET | HOST | HEX,
    [':'] = TARGET,
    [';'] = TARGET,
    ['='] = TARGET,
    ['?'] = TARGET,
    ['@'] = TARGET,
    ['A' ... 'F'] = TOKEN | TARGET | HOST | HEX,
    ['G' ... 'Z'] = TOKEN | TARGET | HOST,
    ['^'] = TOKEN,
    ['_'] = TOKEN | TARGET | HOST,
    ['`'] = TOKEN,
    ['a' ... 'f'] = TOKEN | TARGET | HOST | HEX,
    ['g' ... 'z'] = TOKEN | TARGET | HOST,
    ['|'] = TOKEN,
    ['~'] = TOKEN | TARGET,
};

static bool is(char c, int class) { return (classes[(unsigned char)c] & class) != 0; }

bool wf_http_is_token(char c) { return is(c, TOKEN); }

bool wf_http_is_value(char c) {
  unsigned char u = (unsigned char)c;
  return (u >= 0x20 && u != 0x7f) || u == '\t';
}

static bool all_of(wf_view text, int class) {
  for (size_t i = 0; i < text.size; i++) {
    if (!is(text.data[i], class)) return false;
  }
  return text.size > 0;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

bool wf_http_equal_name(wf_view text, const char *name) {
  for (size_t i = 0; i < text.size; i++) {
    if (name[i] == '\0' || lower(text.data[i]) != name[i]) return false;
  }
  return name[text.size] == '\0';
}

static bool equal_views(wf_view a, wf_view b) {
  if (a.size != b.size) return false;
  for (size_t i = 0; i < a.size; i++) {
    if (lower(a.data[i]) != lower(b.data[i])) return false;
  }
  return true;
}

static wf_view part(wf_view text, size_t begin, size_t end) {
  return (wf_view){text.data + begin, end - begin};
}

static wf_view trimmed(wf_view text) {
  size_t begin = 0, end = text.size;
  while (begin < end && (text.data[begin] == ' ' || text.data[begin] == '\t')) begin++;
  while (end > begin && (text.data[end - 1] == ' ' || text.data[end - 1] == '\t')) end--;
  return part(text, begin, end);
}

static wf_http_progress bad(wf_http_fault *fault, int status, const char *reason) {
  *fault = (wf_http_fault){status, reason};
  return WF_HTTP_BAD;
}

/* ---- lines ------------------------------------------------------------------------------------
 */

typedef struct cursor {
  const char *at, *end;
} cursor;

/* The next line without its CR LF; WF_HTTP_MORE leaves the cursor before the incomplete line. */
static wf_http_progress next_line(wf_view *line, cursor *c, wf_http_fault *fault) {
  size_t size = (size_t)(c->end - c->at);
  const char *lf = size ? memchr(c->at, '\n', size) : NULL;
  const char *limit = lf ? lf : c->end;
  const char *cr = size ? memchr(c->at, '\r', (size_t)(limit - c->at)) : NULL;
  if (cr && cr + 1 != limit) return bad(fault, 400, "a carriage return without a line feed");
  if (!lf) return WF_HTTP_MORE;
  if (!cr) return bad(fault, 400, "a line feed without a carriage return");
  *line = (wf_view){c->at, (size_t)(cr - c->at)};
  c->at = lf + 1;
  return WF_HTTP_COMPLETE;
}

/* ---- request line -----------------------------------------------------------------------------
 */

/* Percent signs lead two hexadecimal digits, and never spell a NUL. */
static bool well_escaped(wf_view text) {
  for (size_t i = 0; i < text.size; i++) {
    if (text.data[i] != '%') continue;
    if (text.size - i < 3 || !is(text.data[i + 1], HEX) || !is(text.data[i + 2], HEX)) return false;
    if (text.data[i + 1] == '0' && text.data[i + 2] == '0') return false;
  }
  return true;
}

static bool valid_port(wf_view port) {
  unsigned value = 0;
  if (port.size == 0 || port.size > 5) return false;
  for (size_t i = 0; i < port.size; i++) {
    if (!is_digit(port.data[i])) return false;
    value = value * 10 + (unsigned)(port.data[i] - '0');
  }
  return value <= 65535;
}

static bool valid_address_6(wf_view text) {
  bool colon = false;
  for (size_t i = 0; i < text.size; i++) {
    if (text.data[i] == ':') {
      colon = true;
    } else if (!is(text.data[i], HEX) && text.data[i] != '.') {
      return false;
    }
  }
  return colon;
}

wf_view wf_http_host_name(wf_view host) {
  size_t end = 0;
  if (host.size && host.data[0] == '[') {
    while (end < host.size && host.data[end] != ']') end++;
    if (end < host.size) end++;
  } else {
    while (end < host.size && host.data[end] != ':') end++;
  }
  return part(host, 0, end);
}

/* One host name or address with an optional port, nothing else: no user, no list, no path. */
static bool valid_host(wf_view host) {
  wf_view name = wf_http_host_name(host);
  wf_view rest = part(host, name.size, host.size);
  if (name.size == 0 || host.size > 255) return false;
  if (rest.size && (rest.data[0] != ':' || !valid_port(part(rest, 1, rest.size)))) return false;
  if (name.data[0] != '[') return all_of(name, HOST);
  return name.size > 2 && name.data[name.size - 1] == ']' &&
         valid_address_6(part(name, 1, name.size - 1));
}

static wf_http_progress parse_version(wf_http_head *head, wf_view text, wf_http_fault *fault) {
  if (text.size != 8 || memcmp(text.data, "HTTP/", 5) != 0 || !is_digit(text.data[5]) ||
      text.data[6] != '.' || !is_digit(text.data[7])) {
    return bad(fault, 400, "the request line does not end in HTTP/1.1");
  }
  if (text.data[5] != '1') return bad(fault, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  head->minor_version = text.data[7] == '0' ? 0 : 1; /* a later 1.x is answered as 1.1 */
  return WF_HTTP_COMPLETE;
}

static void split_query(wf_http_head *head, wf_view target) {
  const char *mark = target.size ? memchr(target.data, '?', target.size) : NULL;
  size_t end = mark ? (size_t)(mark - target.data) : target.size;
  head->path = part(target, 0, end);
  head->query = part(target, mark ? end + 1 : end, target.size);
}

/* Origin form, "*" of OPTIONS, or absolute form whose authority is kept in `head->host` until the
 * Host field can be compared with it. */
static wf_http_progress parse_target(wf_http_head *head, wf_view target, wf_http_fault *fault) {
  if (target.size > WF_HTTP_MAX_TARGET) return bad(fault, 414, "the request target is too long");
  if (wf_view_equal(head->method, WF_VIEW("CONNECT"))) {
    return bad(fault, 501, "CONNECT is not served here");
  }
  if (!all_of(target, TARGET) || !well_escaped(target)) {
    return bad(fault, 400, "the request target holds characters that must be percent-encoded");
  }
  head->host = (wf_view){target.data, 0};
  if (target.data[0] != '/') {
    static const char scheme[] = "http://";
    bool options = wf_view_equal(head->method, WF_VIEW("OPTIONS"));
    if (options && wf_view_equal(target, WF_VIEW("*")))
      return split_query(head, target), WF_HTTP_COMPLETE;
    if (target.size <= 7 || !equal_views(part(target, 0, 7), (wf_view){scheme, 7})) {
      return bad(fault, 400, "the request target is not a path");
    }
    size_t end = 7;
    while (end < target.size && target.data[end] != '/' && target.data[end] != '?') end++;
    head->host = part(target, 7, end);
    target = part(target, end, target.size);
    if (head->host.size == 0 || target.size == 0 || target.data[0] == '?') {
      return bad(fault, 400, "the request target has no host or no path");
    }
  }
  split_query(head, target);
  return WF_HTTP_COMPLETE;
}

static wf_http_progress parse_request_line(wf_http_head *head, wf_view line, wf_http_fault *fault) {
  const char *first = line.size ? memchr(line.data, ' ', line.size) : NULL;
  if (!first) return bad(fault, 400, "the request line is not \"METHOD target HTTP/1.1\"");
  size_t method = (size_t)(first - line.data), version = line.size;
  while (line.data[version - 1] != ' ') version--; /* stops at `first` at the latest */
  if (version - 1 == method) return bad(fault, 400, "the request line has no HTTP version");
  head->method = part(line, 0, method);
  if (!all_of(head->method, TOKEN) || method > 32) return bad(fault, 400, "not a method name");
  if (parse_version(head, part(line, version, line.size), fault) == WF_HTTP_BAD) return WF_HTTP_BAD;
  return parse_target(head, part(line, method + 1, version - 1), fault);
}

/* ---- fields -----------------------------------------------------------------------------------
 */

static wf_http_progress parse_field(wf_http_field *field, wf_view line, wf_http_fault *fault) {
  if (line.data[0] == ' ' || line.data[0] == '\t') {
    return bad(fault, 400, "a header line starts with a blank");
  }
  const char *colon = memchr(line.data, ':', line.size);
  if (!colon) return bad(fault, 400, "a header line has no colon");
  size_t end = (size_t)(colon - line.data);
  field->name = part(line, 0, end);
  if (!all_of(field->name, TOKEN)) return bad(fault, 400, "a header name is not a token");
  for (size_t i = end + 1; i < line.size; i++) {
    if (!wf_http_is_value(line.data[i])) {
      return bad(fault, 400, "a header value holds a control character");
    }
  }
  field->value = trimmed(part(line, end + 1, line.size));
  return WF_HTTP_COMPLETE;
}

static wf_http_progress set_length(wf_http_head *head, wf_view value, wf_http_fault *fault) {
  if (value.size == 0 || value.size > 18 || (value.size > 1 && value.data[0] == '0')) {
    return bad(fault, 400, "Content-Length is not one plain decimal number");
  }
  uint64_t length = 0;
  for (size_t i = 0; i < value.size; i++) {
    if (!is_digit(value.data[i])) {
      return bad(fault, 400, "Content-Length is not one plain decimal number");
    }
    length = length * 10 + (uint64_t)(value.data[i] - '0');
  }
  head->content_length = length;
  return WF_HTTP_COMPLETE;
}

static wf_http_progress set_connection(wf_http_head *head, wf_view value, wf_http_fault *fault) {
  for (size_t begin = 0; begin <= value.size;) {
    const char *comma =
        begin < value.size ? memchr(value.data + begin, ',', value.size - begin) : NULL;
    size_t end = comma ? (size_t)(comma - value.data) : value.size;
    wf_view option = trimmed(part(value, begin, end));
    if (option.size && !all_of(option, TOKEN)) {
      return bad(fault, 400, "Connection is not a list of tokens");
    }
    if (wf_http_equal_name(option, "close")) head->keep_alive = false;
    begin = end + 1;
  }
  return WF_HTTP_COMPLETE;
}

static bool lists_keep_alive(const wf_http_head *head) {
  const wf_view *value = wf_http_find_field(head, "connection");
  return value && wf_http_equal_name(*value, "keep-alive");
}

/* Fields that steer the server must not be there twice, whatever their values. */
static const char *const singles[] = {"host",         "content-length",  "transfer-encoding",
                                      "content-type", "authorization",   "expect",
                                      "origin",       "content-encoding"};
enum { HOST_FIELD, LENGTH_FIELD, TRANSFER_FIELD, EXPECT_FIELD = 5 };

static int find_single(wf_view name) {
  for (size_t i = 0; i < sizeof singles / sizeof *singles; i++) {
    if (wf_http_equal_name(name, singles[i])) return (int)i;
  }
  return -1;
}

static wf_http_progress set_host(wf_http_head *head, wf_view value, wf_http_fault *fault) {
  if (!valid_host(value)) return bad(fault, 400, "Host is not one host name with an optional port");
  if (head->host.size && !equal_views(head->host, value)) {
    return bad(fault, 400, "Host and the request target name different hosts");
  }
  head->host = value;
  return WF_HTTP_COMPLETE;
}

static wf_http_progress set_single(wf_http_head *head, int which, wf_view value,
                                   wf_http_fault *fault) {
  switch (which) {
  case HOST_FIELD: return set_host(head, value, fault);
  case LENGTH_FIELD: return set_length(head, value, fault);
  case TRANSFER_FIELD:
    if (head->minor_version == 0) return bad(fault, 400, "Transfer-Encoding in HTTP/1.0");
    if (!wf_http_equal_name(value, "chunked")) {
      return bad(fault, 400, "Transfer-Encoding is not exactly \"chunked\"");
    }
    head->chunked = true;
    return WF_HTTP_COMPLETE;
  case EXPECT_FIELD:
    if (!wf_http_equal_name(value, "100-continue")) {
      return bad(fault, 417, "Expect is not \"100-continue\"");
    }
    head->expect_continue = head->minor_version > 0;
    return WF_HTTP_COMPLETE;
  default: return WF_HTTP_COMPLETE;
  }
}

/* What the fields mean together. */
static wf_http_progress interpret(wf_http_head *head, wf_http_fault *fault) {
  unsigned seen = 0;
  head->keep_alive = head->minor_version > 0 || lists_keep_alive(head);
  head->expect_continue = head->chunked = false;
  head->content_length = 0;
  for (size_t i = 0; i < head->n_fields; i++) {
    wf_http_field *field = &head->fields[i];
    int which = find_single(field->name);
    if (which >= 0) {
      if (seen & 1u << which) return bad(fault, 400, "a header that must be single is repeated");
      seen |= 1u << which;
      if (set_single(head, which, field->value, fault) == WF_HTTP_BAD) return WF_HTTP_BAD;
    } else if (wf_http_equal_name(field->name, "connection")) {
      if (set_connection(head, field->value, fault) == WF_HTTP_BAD) return WF_HTTP_BAD;
    }
  }
  if ((seen & 1u << LENGTH_FIELD) && (seen & 1u << TRANSFER_FIELD)) {
    return bad(fault, 400, "both Content-Length and Transfer-Encoding");
  }
  if (!(seen & 1u << HOST_FIELD) && (head->minor_version > 0 || head->host.size)) {
    return bad(fault, 400, "no Host header");
  }
  return WF_HTTP_COMPLETE;
}

static wf_http_progress parse_fields(wf_http_head *head, cursor *c, wf_http_fault *fault) {
  const char *begin = c->at;
  head->n_fields = 0;
  for (;;) {
    wf_view line;
    wf_http_progress progress = next_line(&line, c, fault);
    if (progress == WF_HTTP_BAD) return progress;
    const char *seen = progress == WF_HTTP_MORE ? c->end : c->at;
    if (seen - begin > WF_HTTP_MAX_HEAD) return bad(fault, 431, "the headers are too large");
    if (progress == WF_HTTP_MORE) return progress;
    if (line.size == 0) return interpret(head, fault);
    if (head->n_fields == WF_HTTP_MAX_FIELDS) return bad(fault, 431, "too many headers");
    progress = parse_field(&head->fields[head->n_fields++], line, fault);
    if (progress == WF_HTTP_BAD) return progress;
  }
}

wf_http_progress wf_http_parse_head(wf_http_head *out, size_t *consumed, wf_view bytes,
                                    wf_http_fault *fault) {
  enum { MAX_LINE = WF_HTTP_MAX_TARGET + 64 };
  cursor c = {bytes.data, bytes.data + bytes.size};
  /* RFC 9112 2.2: one empty line before a request is left over from the one before it. */
  if (bytes.size >= 2 && bytes.data[0] == '\r' && bytes.data[1] == '\n') c.at += 2;
  wf_view line;
  const char *begin = c.at;
  wf_http_progress progress = next_line(&line, &c, fault);
  if (progress == WF_HTTP_MORE && c.end - begin > MAX_LINE) {
    return bad(fault, 414, "the request line is too long");
  }
  if (begin < c.end && *begin != '\r' && !is(*begin, TOKEN)) {
    return bad(fault, 400, "not an HTTP request"); /* TLS to a plain port, for one */
  }
  if (progress != WF_HTTP_COMPLETE) return progress;
  progress = parse_request_line(out, line, fault);
  if (progress == WF_HTTP_COMPLETE) progress = parse_fields(out, &c, fault);
  if (progress == WF_HTTP_COMPLETE) *consumed = (size_t)(c.at - bytes.data);
  return progress;
}

const wf_view *wf_http_find_field(const wf_http_head *head, const char *name) {
  for (size_t i = 0; i < head->n_fields; i++) {
    if (wf_http_equal_name(head->fields[i].name, name)) return &head->fields[i].value;
  }
  return NULL;
}
