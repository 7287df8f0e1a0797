/* scan.c — RFC 8259, byte by byte where it must be.
 *
 * Strings are looked through sixteen bytes at a time for what ends or breaks them; integers and
 * plain decimals become values while they are scanned (a significand below 2^53 divided by an exact
 * power of ten is correctly rounded), other numbers go to base/number.h. Nested values are checked
 * with a bit for each level instead of a stack of calls. Escapes are checked here, so that
 * resolving them cannot fail. */
#include "jsonl/scan.h"

#include "base/number.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { MAX_LEVELS = 512, SAFE_DIGITS = 18 };

const char *wf_jsonl_fail(wf_jsonl_fault *fault, wf_status status, const char *at,
                          const char *format, ...) {
  fault->status = status;
  fault->at = at;
  va_list args;
  va_start(args, format);
  vsnprintf(fault->why, sizeof fault->why, format, args);
  va_end(args);
  return NULL;
}

/* "expected X, not 'c'" about the byte at `p`. */
static const char *fail_expected(wf_jsonl_fault *fault, const char *p, const char *wanted) {
  unsigned char c = (unsigned char)*p;
  if (c == '\n')
    return wf_jsonl_fail(fault, WF_PARSE, p, "the line ends where %s is expected", wanted);
  if (c < 0x20 || c >= 0x7f) {
    return wf_jsonl_fail(fault, WF_PARSE, p, "byte 0x%02x where %s is expected", c, wanted);
  }
  return wf_jsonl_fail(fault, WF_PARSE, p, "'%c' where %s is expected", c, wanted);
}

/* ---- strings ----------------------------------------------------------------------------------
 */

static const char *skip_plain(const char *p, const char *limit) {
#ifdef __SSE2__
  const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), low = _mm_set1_epi8(0x1f);
  while (limit - p >= 16) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, low), bytes);
    __m128i stop = _mm_or_si128(
        control, _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, slash)));
    unsigned mask = (unsigned)_mm_movemask_epi8(stop);
    if (mask) return p + __builtin_ctz(mask);
    p += 16;
  }
#else
  (void)limit;
#endif
  while ((unsigned char)*p >= 0x20 && *p != '"' && *p != '\\') p++;
  return p;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* The unit of the four digits at `p`, -1 when they are none. */
static int32_t read_unit(const char *p) {
  int32_t unit = 0;
  for (int i = 0; i < 4; i++) {
    int digit = hex_digit(p[i]);
    if (digit < 0) return -1;
    unit = unit << 4 | digit;
  }
  return unit;
}

static bool is_high(int32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
static bool is_low(int32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

/* What is behind the escape at `p`, NULL with a fault. */
static const char *check_escape(const char *p, wf_jsonl_fault *fault) {
  if (p[1] != '\n' && p[1] != '\0' && strchr("\"\\/bfnrt", p[1])) return p + 2;
  if (p[1] != 'u') return wf_jsonl_fail(fault, WF_PARSE, p, "an escape that JSON does not have");
  int32_t unit = read_unit(p + 2);
  if (unit < 0) return wf_jsonl_fail(fault, WF_PARSE, p, "\\u without four hexadecimal digits");
  if (!is_high(unit) && !is_low(unit)) return p + 6;
  if (is_high(unit) && p[6] == '\\' && p[7] == 'u' && is_low(read_unit(p + 8))) return p + 12;
  return wf_jsonl_fail(fault, WF_PARSE, p, "half a surrogate pair");
}

const char *wf_jsonl_scan_string(wf_jsonl_value *out, const char *p, const char *limit,
                                 const char *wanted, wf_jsonl_fault *fault) {
  if (*p != '"') return fail_expected(fault, p, wanted);
  const char *begin = p + 1;
  bool escaped = false;
  for (p = begin;;) {
    p = skip_plain(p, limit);
    if (*p == '"') break;
    if (*p == '\n') return wf_jsonl_fail(fault, WF_PARSE, begin - 1, "a string that does not end");
    if (*p != '\\') {
      return wf_jsonl_fail(fault, WF_PARSE, p, "a string holds the control character 0x%02x",
                           (unsigned char)*p);
    }
    escaped = true;
    if (!(p = check_escape(p, fault))) return NULL;
  }
  out->kind = WF_JSONL_STRING;
  out->escaped = escaped;
  out->text = (wf_view){begin, (size_t)(p - begin)};
  return p + 1;
}

static void add_code_point(wf_bytes *out, uint32_t c) {
  char utf8[4];
  size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (size_t i = n - 1; i > 0; i--, c >>= 6) utf8[i] = (char)(0x80 | (c & 0x3f));
  utf8[0] = (char)(first[n] | c);
  wf_bytes_add(out, utf8, n);
}

void wf_jsonl_unescape(wf_bytes *out, wf_view text) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  const char *p = text.data, *end = text.data + text.size;
  while (p < end) {
    const char *slash = memchr(p, '\\', (size_t)(end - p));
    wf_bytes_add(out, p, (size_t)((slash ? slash : end) - p));
    if (!slash) return;
    if (slash[1] != 'u') {
      wf_bytes_char(out, to[strchr(from, slash[1]) - from]);
      p = slash + 2;
      continue;
    }
    int32_t unit = read_unit(slash + 2);
    p = slash + 6;
    if (is_high(unit)) {
      unit = 0x10000 + ((unit - 0xd800) << 10) + (read_unit(p + 2) - 0xdc00);
      p += 6;
    }
    add_code_point(out, (uint32_t)unit);
  }
}

/* ---- numbers ----------------------------------------------------------------------------------
 */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static const char *skip_digits(const char *p, uint64_t *value) {
  for (; is_digit(*p); p++) *value = *value * 10 + (uint64_t)(*p - '0');
  return p;
}

/* Exponents, and more digits than a word holds. */
static const char *scan_odd_number(wf_jsonl_value *out, const char *begin, const char *end,
                                   wf_jsonl_fault *fault) {
  out->text = (wf_view){begin, (size_t)(end - begin)};
  out->kind = WF_JSONL_NUMBER;
  if (!wf_parse_f64(out->text, false, &out->number) || isinf(out->number)) {
    return wf_jsonl_fail(fault, WF_PARSE, begin, "%.*s is further from 0 than any number may be",
                         (int)(out->text.size < 40 ? out->text.size : 40), begin);
  }
  return end;
}

static const char *scan_fraction(wf_jsonl_value *out, const char *begin, const char *point,
                                 uint64_t value, wf_jsonl_fault *fault) {
  static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                  1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
  const char *p = point;
  if (*p == '.') {
    if (!is_digit(*++p)) return fail_expected(fault, p, "a digit");
    p = skip_digits(p, &value);
    bool exact = p - begin <= SAFE_DIGITS && value < UINT64_C(1) << 53;
    if (exact && *p != 'e' && *p != 'E') {
      double number = (double)value / powers[p - point - 1];
      *out = (wf_jsonl_value){.kind = WF_JSONL_NUMBER,
                              .text = {begin, (size_t)(p - begin)},
                              .number = *begin == '-' ? -number : number};
      return p;
    }
  }
  if (*p == 'e' || *p == 'E') {
    p++;
    if (*p == '+' || *p == '-') p++;
    if (!is_digit(*p)) return fail_expected(fault, p, "a digit");
    while (is_digit(*p)) p++;
  }
  return scan_odd_number(out, begin, p, fault);
}

static const char *scan_number(wf_jsonl_value *out, const char *p, wf_jsonl_fault *fault) {
  const char *begin = p;
  bool negative = *p == '-';
  uint64_t value = 0;
  p += negative;
  if (!is_digit(*p)) return fail_expected(fault, p, negative ? "a digit" : "a value");
  const char *digits = p;
  p = skip_digits(p, &value);
  if (*digits == '0' && p - digits > 1) {
    return wf_jsonl_fail(fault, WF_PARSE, digits, "a number may not begin with 0%c", digits[1]);
  }
  if (*p == '.' || *p == 'e' || *p == 'E') return scan_fraction(out, begin, p, value, fault);
  out->kind = WF_JSONL_INTEGER;
  out->text = (wf_view){begin, (size_t)(p - begin)};
  if (p - digits <= SAFE_DIGITS && (value || !negative)) {
    out->integer = negative ? -(int64_t)value : (int64_t)value;
    return p;
  }
  if (value && wf_parse_i64(out->text, &out->integer)) return p;
  return scan_odd_number(out, begin, p, fault);
}

/* ---- values -----------------------------------------------------------------------------------
 */

static const char *scan_word(wf_jsonl_value *out, const char *p, const char *word,
                             wf_jsonl_kind kind, int64_t value, wf_jsonl_fault *fault) {
  size_t n = strlen(word);
  if (strncmp(p, word, n) != 0) return fail_expected(fault, p, "a value");
  *out = (wf_jsonl_value){.kind = kind, .text = {p, n}, .integer = value};
  return p + n;
}

static inline const char *scan_scalar(wf_jsonl_value *out, const char *p, const char *limit,
                                      wf_jsonl_fault *fault) {
  switch (*p) {
  case '"': return wf_jsonl_scan_string(out, p, limit, "a string", fault);
  case 't': return scan_word(out, p, "true", WF_JSONL_TRUTH, 1, fault);
  case 'f': return scan_word(out, p, "false", WF_JSONL_TRUTH, 0, fault);
  case 'n': return scan_word(out, p, "null", WF_JSONL_NULL, 0, fault);
  default: return scan_number(out, p, fault);
  }
}

/* The key and colon at `p` of a nested object: what is behind them. */
static const char *skip_key(const char *p, const char *limit, wf_jsonl_fault *fault) {
  wf_jsonl_value key;
  if (!(p = wf_jsonl_scan_string(&key, p, limit, "a key", fault))) return NULL;
  p = wf_jsonl_skip_blanks(p);
  if (*p != ':') return fail_expected(fault, p, "':'");
  return wf_jsonl_skip_blanks(p + 1);
}

typedef struct levels {
  uint64_t objects[MAX_LEVELS / 64]; /* a bit: this level is an object */
  int depth;
} levels;

static bool in_object(const levels *l) {
  int top = l->depth - 1;
  return l->objects[top / 64] >> (top % 64) & 1;
}

/* Behind a value within a nested one: closes what ends here. *more: another value follows at the
 * result. */
static const char *close_levels(levels *l, const char *p, const char *limit, bool *more,
                                wf_jsonl_fault *fault) {
  *more = false;
  while (l->depth > 0) {
    p = wf_jsonl_skip_blanks(p);
    bool object = in_object(l);
    if (*p == ',') {
      *more = true;
      p = wf_jsonl_skip_blanks(p + 1);
      return object ? skip_key(p, limit, fault) : p;
    }
    if (*p != (object ? '}' : ']'))
      return fail_expected(fault, p, object ? "',' or '}'" : "',' or ']'");
    p++;
    l->depth--;
  }
  return p;
}

static const char *scan_nested(wf_jsonl_value *out, const char *p, const char *limit,
                               wf_jsonl_fault *fault) {
  const char *begin = p;
  levels l = {{0}, 0};
  for (bool more = true; more;) {
    if (*p == '{' || *p == '[') {
      bool object = *p == '{';
      if (l.depth == MAX_LEVELS) {
        return wf_jsonl_fail(fault, WF_LIMIT, p, "nested deeper than %d levels", MAX_LEVELS);
      }
      uint64_t bit = UINT64_C(1) << (l.depth % 64), *word = &l.objects[l.depth / 64];
      *word = object ? *word | bit : *word & ~bit;
      l.depth++;
      p = wf_jsonl_skip_blanks(p + 1);
      if (*p != (object ? '}' : ']')) {
        if (object && !(p = skip_key(p, limit, fault))) return NULL;
        continue;
      }
    } else {
      wf_jsonl_value inner;
      if (!(p = scan_scalar(&inner, p, limit, fault))) return NULL;
    }
    if (!(p = close_levels(&l, p, limit, &more, fault))) return NULL;
  }
  *out = (wf_jsonl_value){.kind = WF_JSONL_NESTED, .text = {begin, (size_t)(p - begin)}};
  return p;
}

const char *wf_jsonl_scan_value(wf_jsonl_value *out, const char *p, const char *limit,
                                wf_jsonl_fault *fault) {
  if (*p == '{' || *p == '[') return scan_nested(out, p, limit, fault);
  return scan_scalar(out, p, limit, fault);
}
