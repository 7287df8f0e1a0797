/* read_json.c — JSON as XGBoost (and Python) write models: RFC 8259 plus NaN, Infinity, -Infinity.
 *
 * A real is rounded once, from decimal to float32, as libxgboost does: through a correctly rounded
 * double when that double is not itself halfway between two floats (then both roundings agree),
 * else by strtof under the "C" locale. Strings are not checked to be UTF-8 here; whoever keeps one
 * checks it. */
#include "forest/document.h"

#include "base/host_locale.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static wf_status fail(wf_doc_reader *reader, const char *what) {
  int line = 1, column = 1;
  for (const char *p = reader->begin; p < reader->at; p++) {
    column = *p == '\n' ? 1 : column + 1;
    line += *p == '\n';
  }
  return wf_fail_at(reader->err, WF_PARSE, line, column,
                    "the JSON model is damaged at line %d, column %d: %s", line, column, what);
}

static void skip_blanks(wf_doc_reader *reader) {
  while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
                                      *reader->at == '\r' || *reader->at == '\t')) {
    reader->at++;
  }
}

/* Skips blanks; true, and past it, when `c` comes next. */
static bool accept(wf_doc_reader *reader, char c) {
  skip_blanks(reader);
  if (reader->at == reader->end || *reader->at != c) return false;
  reader->at++;
  return true;
}

static bool accept_word(wf_doc_reader *reader, const char *word) {
  size_t size = strlen(word);
  if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, word, size) != 0) {
    return false;
  }
  reader->at += size;
  return true;
}

typedef struct digits {
  uint64_t value;      /* of the first 19 significant digits */
  int exponent, count; /* of ten; significant digits in all */
  bool negative, real;
} digits;

static bool is_digit(const wf_doc_reader *reader) {
  return reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
}

/* A run of digits, at least one. */
static bool scan_digits(wf_doc_reader *reader, digits *d, bool fraction) {
  if (!is_digit(reader)) return false;
  for (; is_digit(reader); reader->at++) {
    unsigned digit = (unsigned)(*reader->at - '0');
    bool kept = d->count < 19;
    if (d->count || digit) d->count++;
    if (kept) d->value = d->value * 10 + digit;
    d->exponent += fraction ? -kept : !kept;
  }
  return true;
}

static bool scan_exponent(wf_doc_reader *reader, digits *d) {
  bool negative = false;
  if (reader->at < reader->end && (*reader->at == '-' || *reader->at == '+')) {
    negative = *reader->at++ == '-';
  }
  if (!is_digit(reader)) return false;
  int exponent = 0;
  for (; is_digit(reader); reader->at++) {
    if (exponent < 100000) exponent = exponent * 10 + (*reader->at - '0');
  }
  d->exponent += negative ? -exponent : exponent;
  return true;
}

/* Long numbers, and those on the edge between two floats. */
static wf_status read_slow(wf_doc_reader *reader, const char *from, wf_doc_value *out) {
  char text[512];
  size_t size = (size_t)(reader->at - from);
  if (size >= sizeof text) return fail(reader, "a number has more than 500 characters");
  memcpy(text, from, size);
  text[size] = '\0';
  *out = (wf_doc_value){.kind = WF_DOC_REAL, .real = strtof_l(text, NULL, wf_locale_plain())};
  return WF_OK;
}

/* False when rounding `value` to float32 might round a second time. */
static bool rounds_once(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  double size = fabs(value);
  return value == 0 || (size >= (double)FLT_MIN && (bits & 0x1fffffff) != 0x10000000);
}

static wf_status read_real(wf_doc_reader *reader, const char *from, const digits *d,
                           wf_doc_value *out) {
  static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (d->value >> 53 || d->exponent < -22 || d->exponent > 22) {
    return read_slow(reader, from, out);
  }
  double value = (double)d->value;
  value = d->exponent < 0 ? value / powers[-d->exponent] : value * powers[d->exponent];
  if (!rounds_once(value)) return read_slow(reader, from, out);
  *out = (wf_doc_value){.kind = WF_DOC_REAL, .real = (float)(d->negative ? -value : value)};
  return WF_OK;
}

static wf_status read_number(wf_doc_reader *reader, wf_doc_value *out) {
  const char *from = reader->at;
  digits d = {.negative = reader->at < reader->end && *reader->at == '-'};
  if (d.negative) reader->at++;
  if (accept_word(reader, "Infinity") || accept_word(reader, "NaN")) {
    float special = reader->at[-1] == 'N' ? NAN : d.negative ? -INFINITY : INFINITY;
    *out = (wf_doc_value){.kind = WF_DOC_REAL, .real = special};
    return WF_OK;
  }
  if (!scan_digits(reader, &d, false)) return fail(reader, "a value was expected");
  if (reader->at < reader->end && *reader->at == '.') {
    reader->at++;
    d.real = true;
    if (!scan_digits(reader, &d, true)) return fail(reader, "digits must follow the point");
  }
  if (reader->at < reader->end && (*reader->at | 0x20) == 'e') {
    reader->at++;
    d.real = true;
    if (!scan_exponent(reader, &d)) return fail(reader, "an exponent was expected");
  }
  if (d.real || d.count > 18) return read_real(reader, from, &d, out);
  int64_t integer = (int64_t)d.value;
  *out = (wf_doc_value){.kind = WF_DOC_INTEGER, .integer = d.negative ? -integer : integer};
  return WF_OK;
}

static int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of \uXXXX. */
static bool read_unit(wf_doc_reader *reader, unsigned *out) {
  if (reader->end - reader->at < 4) return false;
  unsigned unit = 0;
  for (int i = 0; i < 4; i++) {
    int digit = hexadecimal(*reader->at++);
    if (digit < 0) return false;
    unit = unit << 4 | (unsigned)digit;
  }
  *out = unit;
  return true;
}

static char *put_utf8(char *to, unsigned code) {
  if (code < 0x80) {
    *to++ = (char)code;
  } else if (code < 0x800) {
    *to++ = (char)(0xc0 | code >> 6);
    *to++ = (char)(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    *to++ = (char)(0xe0 | code >> 12);
    *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    *to++ = (char)(0x80 | (code & 0x3f));
  } else {
    *to++ = (char)(0xf0 | code >> 18);
    *to++ = (char)(0x80 | (code >> 12 & 0x3f));
    *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    *to++ = (char)(0x80 | (code & 0x3f));
  }
  return to;
}

/* Past the backslash; NULL for an escape JSON does not have, or half a surrogate pair. */
static char *read_escape(wf_doc_reader *reader, char *to) {
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  char c = *reader->at++;
  const char *known = c ? strchr(names, c) : NULL;
  if (known) {
    *to++ = values[known - names];
    return to;
  }
  unsigned unit, low;
  if (c != 'u' || !read_unit(reader, &unit)) return NULL;
  if (unit >= 0xdc00 && unit < 0xe000) return NULL;
  if (unit >= 0xd800 && unit < 0xdc00) {
    if (!accept_word(reader, "\\u") || !read_unit(reader, &low)) return NULL;
    if (low < 0xdc00 || low >= 0xe000) return NULL;
    unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
  }
  return put_utf8(to, unit);
}

/* Past the opening quote. Without escapes the text is the input itself. */
static wf_status read_text(wf_doc_reader *reader, wf_view *out) {
  const char *from = reader->at;
  bool escapes = false;
  for (const char *p = from;; p++) {
    if (p == reader->end) return fail(reader, "a string does not end");
    if ((unsigned char)*p < 0x20) return fail(reader, "a string holds a control character");
    if (*p == '"') {
      *out = (wf_view){from, (size_t)(p - from)};
      reader->at = p + 1;
      break;
    }
    if (*p != '\\') continue;
    escapes = true;
    if (++p == reader->end) return fail(reader, "a string does not end");
  }
  if (!escapes) return WF_OK;
  const char *end = reader->at;
  char *text = wf_doc_reserve(reader, out->size); /* an escape is never longer decoded */
  if (!text) return wf_fail_nomem(reader->err);
  char *to = text;
  reader->at = from;
  while (reader->at < end - 1) {
    if (*reader->at != '\\') {
      *to++ = *reader->at++;
      continue;
    }
    reader->at++;
    if (!(to = read_escape(reader, to))) return fail(reader, "a string holds a wrong escape");
  }
  reader->at = end;
  *out = (wf_view){text, (size_t)(to - text)};
  return WF_OK;
}

static wf_status read_value(wf_doc_reader *reader, wf_doc_value *out);

static bool is_number(const wf_doc_value *value) {
  return value->kind == WF_DOC_INTEGER || value->kind == WF_DOC_REAL || value->kind == WF_DOC_BOOL;
}

static wf_status read_array(wf_doc_reader *reader, wf_doc_value *out) {
  WF_TRY(wf_doc_enter(reader));
  size_t from = reader->stack_used, count = 0;
  wf_doc_packer packer = {.from = from};
  bool numbers = false;
  if (!accept(reader, ']')) {
    do {
      wf_doc_value item;
      WF_TRY(read_value(reader, &item));
      if (count == 0) numbers = is_number(&item);
      if (is_number(&item) != numbers) {
        return fail(reader, "an array mixes numbers and other values");
      }
      WF_TRY(numbers ? wf_doc_pack(reader, &packer, &item)
                     : wf_doc_push(reader, &item, sizeof item));
      count++;
    } while (accept(reader, ','));
    if (!accept(reader, ']')) return fail(reader, "',' or ']' was expected");
  }
  reader->depth--;
  if (numbers) return wf_doc_pack_close(reader, &packer, out);
  const void *items;
  WF_TRY(wf_doc_close(reader, from, &items));
  *out = (wf_doc_value){.kind = WF_DOC_ARRAY, .count = count & 0xffffffffffff, .items = items};
  return WF_OK;
}

static wf_status read_object(wf_doc_reader *reader, wf_doc_value *out) {
  WF_TRY(wf_doc_enter(reader));
  size_t from = reader->stack_used, count = 0;
  if (!accept(reader, '}')) {
    do {
      wf_doc_member member;
      if (!accept(reader, '"')) return fail(reader, "a key in quotes was expected");
      WF_TRY(read_text(reader, &member.key));
      if (!accept(reader, ':')) return fail(reader, "':' was expected");
      WF_TRY(read_value(reader, &member.value));
      WF_TRY(wf_doc_push(reader, &member, sizeof member));
      count++;
    } while (accept(reader, ','));
    if (!accept(reader, '}')) return fail(reader, "',' or '}' was expected");
  }
  reader->depth--;
  const void *members;
  WF_TRY(wf_doc_close(reader, from, &members));
  *out = (wf_doc_value){.kind = WF_DOC_OBJECT, .count = count & 0xffffffffffff, .members = members};
  return WF_OK;
}

static wf_status read_value(wf_doc_reader *reader, wf_doc_value *out) {
  if (accept(reader, '{')) return read_object(reader, out);
  if (accept(reader, '[')) return read_array(reader, out);
  if (accept(reader, '"')) {
    wf_view text;
    WF_TRY(read_text(reader, &text));
    *out = (wf_doc_value){
        .kind = WF_DOC_STRING, .count = text.size & 0xffffffffffff, .text = text.data};
    return WF_OK;
  }
  if (accept_word(reader, "true")) {
    *out = (wf_doc_value){.kind = WF_DOC_BOOL, .integer = 1};
  } else if (accept_word(reader, "false")) {
    *out = (wf_doc_value){.kind = WF_DOC_BOOL, .integer = 0};
  } else if (accept_word(reader, "null")) {
    *out = (wf_doc_value){.kind = WF_DOC_NULL};
  } else {
    return read_number(reader, out);
  }
  return WF_OK;
}

wf_status wf_doc_read_json(wf_doc_reader *reader, wf_doc_value *out) {
  WF_TRY(read_value(reader, out));
  skip_blanks(reader);
  if (reader->at != reader->end) return fail(reader, "text follows the document");
  return WF_OK;
}
