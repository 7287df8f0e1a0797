/* number.c — decimal text in, exact, without the C library's locale in the way.
 *
 * Up to 19 significant digits are gathered in an integer. When it and the power of ten are
 * small enough to be exact doubles, one operation gives the nearest double (Clinger, "How to read
 * floating point numbers accurately", 1990). Else the product with 128 bits of the power of ten
 * decides (Lemire, "Number parsing at a gigabyte per second", 2021; that this needs no fallback:
 * Mushtak and Lemire, "Fast number parsing without fallback", 2023). Digits past the 19th only
 * matter when they could change the result: then, and only then, the C library reads the text,
 * under the "C" locale. */
#include "base/number.h"

#include "base/host_locale.h"
#include "base/powers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 wide;

static uint64_t high_half(wide x) { return (uint64_t)(x >> 64); }

/* ---- the C library, for what is rare -----------------------------------------------------------
 */

static double read_slowly(wf_view text) {
  char small[512], *copy = small;
  if (text.size >= sizeof small && !(copy = malloc(text.size + 1))) return (double)NAN;
  memcpy(copy, text.data, text.size);
  copy[text.size] = '\0';
  double value = strtod_l(copy, NULL, wf_locale_plain());
  if (copy != small) free(copy);
  return value;
}

/* ---- reading -----------------------------------------------------------------------------------
 */

/* In any case; strncasecmp would not find the i of a Turkish "INF". */
static bool is_word(const char *text, size_t size, const char *word) {
  if (size != strlen(word)) return false;
  for (size_t i = 0; i < size; i++) {
    if ((text[i] | 0x20) != word[i]) return false;
  }
  return true;
}

static bool parse_special(wf_view text, double *out) {
  const char *p = text.data;
  size_t n = text.size;
  bool negative = n > 0 && *p == '-';
  if (n > 0 && (*p == '-' || *p == '+')) p++, n--;
  if (is_word(p, n, "nan")) return *out = (double)NAN, true;
  if (is_word(p, n, "inf") || is_word(p, n, "infinity")) {
    return *out = (double)(negative ? -INFINITY : INFINITY), true;
  }
  return false;
}

typedef struct decimal {
  uint64_t digits;  /* the first 19 significant ones */
  int64_t exponent; /* of ten */
  bool negative, exact;
} decimal;

/* Eight ASCII digits as their value: pairs, then fours, then all. */
static bool eight_digits(const char *p, uint64_t *out) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  uint64_t low = v - 0x3030303030303030u, high = v + 0x4646464646464646u;
  if ((low | high) & 0x8080808080808080u) return false;
  v = low * 10 + (low >> 8);
  v = ((v & 0x000000ff000000ffu) * 0x000f424000000064u +
       ((v >> 16) & 0x000000ff000000ffu) * 0x0000271000000001u) >>
      32;
  *out = v;
  return true;
}

/* Reads digits into d->digits, from then on only counting them; returns where they end. */
static const char *scan_digits(const char *p, const char *end, decimal *d, int *n_significant,
                               bool fraction) {
  const char *first = p;
  uint64_t eight;
  while (end - p >= 8 && *n_significant > 0 && *n_significant <= 11 && eight_digits(p, &eight)) {
    d->digits = d->digits * 100000000 + eight;
    *n_significant += 8;
    p += 8;
  }
  int dropped = 0;
  for (; p < end; p++) {
    unsigned digit = (unsigned)(*p - '0');
    if (digit > 9) break;
    if (*n_significant < 19) {
      d->digits = d->digits * 10 + digit;
      *n_significant += d->digits != 0;
    } else {
      d->exact &= digit == 0;
      dropped++;
    }
  }
  d->exponent += dropped - (fraction ? p - first : 0);
  return p;
}

static bool scan_exponent(const char *p, const char *end, decimal *d) {
  bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) p++;
  if (p == end) return false;
  int64_t exponent = 0;
  for (; p < end; p++) {
    unsigned digit = (unsigned)(*p - '0');
    if (digit > 9) return false;
    if (exponent < 100000000) exponent = exponent * 10 + digit;
  }
  d->exponent += negative ? -exponent : exponent;
  return true;
}

/* Reads the grammar; false when `text` is not a decimal number. */
static bool scan_decimal(wf_view text, decimal *d) {
  const char *p = text.data, *end = p + text.size;
  *d = (decimal){.exact = true};
  if (p < end && (*p == '-' || *p == '+')) d->negative = *p++ == '-';
  int n_significant = 0;
  const char *first = p;
  p = scan_digits(p, end, d, &n_significant, false);
  ptrdiff_t n_digits = p - first;
  if (p < end && *p == '.') {
    first = ++p;
    p = scan_digits(p, end, d, &n_significant, true);
    n_digits += p - first;
  }
  if (n_digits == 0) return false;
  if (p == end) return true;
  return (*p == 'e' || *p == 'E') && scan_exponent(p + 1, end, d);
}

/* 128 bits of 10^q as Lemire's proof has them: truncated, except where 5^-q fits 64 bits. */
static wf_power truncated_power(int q) {
  wf_power power = wf_powers[q - WF_POWERS_FIRST];
  if (q > 55 || q < -27) {
    power.high -= power.low == 0;
    power.low--;
  }
  return power;
}

double wf_nearest_f64(uint64_t w, int64_t q) {
  enum { MANTISSA = 52, LEAST = -1023, INFINITE = 0x7ff };
  if (w == 0 || q < WF_POWERS_FIRST) return 0;
  if (q > 308) return (double)INFINITY;
  int zeros = __builtin_clzll(w);
  w <<= zeros;
  wf_power power = truncated_power((int)q);
  wide first = (wide)w * power.high;
  if ((high_half(first) & 0x1ff) == 0x1ff) first += high_half((wide)w * power.low);
  uint64_t high = high_half(first), low = (uint64_t)first;
  int upper = (int)(high >> 63), shift = upper + 64 - MANTISSA - 3;
  uint64_t mantissa = high >> shift;
  int exponent = (int)(((152170 + 65536) * q >> 16) + 63) + upper - zeros - LEAST;
  if (exponent <= 0) { /* subnormal, or the smallest normal number after rounding */
    if (exponent <= -63) return 0;
    mantissa >>= 1 - exponent;
    mantissa = (mantissa + (mantissa & 1)) >> 1;
    exponent = mantissa >> MANTISSA ? 1 : 0;
  } else {
    /* halfway between two doubles: only possible for small powers */
    if (low <= 1 && q >= -4 && q <= 23 && (mantissa & 3) == 1 && mantissa << shift == high) {
      mantissa &= ~UINT64_C(1);
    }
    mantissa = (mantissa + (mantissa & 1)) >> 1;
    if (mantissa >> (MANTISSA + 1)) {
      mantissa >>= 1;
      exponent++;
    }
    if (exponent >= INFINITE) return (double)INFINITY;
  }
  uint64_t bits = (mantissa & ((UINT64_C(1) << MANTISSA) - 1)) | (uint64_t)exponent << MANTISSA;
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static double magnitude(const decimal *d, wf_view text) {
  static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (d->digits <= UINT64_C(1) << 53 && d->exact && d->exponent >= -22 && d->exponent <= 22) {
    double value = (double)d->digits;
    return d->exponent < 0 ? value / powers[-d->exponent] : value * powers[d->exponent];
  }
  double value = wf_nearest_f64(d->digits, d->exponent);
  if (d->exact || value == wf_nearest_f64(d->digits + 1, d->exponent)) return value;
  return fabs(read_slowly(text));
}

bool wf_parse_f64(wf_view text, bool special, double *out) {
  decimal d;
  if (!scan_decimal(text, &d)) return special && parse_special(text, out);
  double value = magnitude(&d, text);
  *out = d.negative ? -value : value;
  return true;
}

/* More than 19 digits: zeros in front, or too large. */
static bool parse_long(const char *p, const char *end, uint64_t *out) {
  uint64_t value = 0;
  for (; p < end; p++) {
    unsigned digit = (unsigned)(*p - '0');
    if (digit > 9 || __builtin_mul_overflow(value, UINT64_C(10), &value) ||
        __builtin_add_overflow(value, (uint64_t)digit, &value)) {
      return false;
    }
  }
  *out = value;
  return true;
}

bool wf_parse_i64(wf_view text, int64_t *out) {
  const char *p = text.data, *end = p + text.size;
  if (p == end) return false;
  bool negative = *p == '-';
  if (*p == '-' || *p == '+') p++;
  if (p == end) return false;
  uint64_t value = 0, eight;
  if (end - p > 19) {
    if (!parse_long(p, end, &value)) return false;
    p = end;
  }
  for (; end - p >= 8 && eight_digits(p, &eight); p += 8) value = value * 100000000 + eight;
  for (; p < end; p++) {
    unsigned digit = (unsigned)(*p - '0');
    if (digit > 9) return false;
    value = value * 10 + digit;
  }
  if (value > (uint64_t)INT64_MAX + negative) return false;
  *out = (int64_t)(negative ? 0 - value : value);
  return true;
}
