/* print_number.c — decimal text out: the shortest that reads back to the same bits and of these the
 * nearest (Giulietti, "The Schubfach way to render doubles", 2021), in the form of printf's %.15g
 * for doubles and %.6g for floats, with as many digits as there are.
 *
 * Whatever the number of digits, seventeen are laid out, the first by itself and two words of
 * eight; where they are cut apart by the point, the words are shifted, and how many of them count
 * is told by the zeros at their end. So hardly anything here is a branch that depends on digits. */
#include "base/digits.h"

#include "base/powers.h"

typedef unsigned __int128 wide;

static uint64_t high_half(wide x) { return (uint64_t)(x >> 64); }

/* ---- which digits --------------------------------------------------------------------------- */

/* digits * 10^exponent */
typedef struct shortest {
  uint64_t digits;
  int exponent;
} shortest;

static int floor_log10_pow2(int e) { return e * 1262611 >> 22; }
static int floor_log10_three_quarters_pow2(int e) { return (e * 1262611 - 524031) >> 22; }
static int floor_log2_pow10(int e) { return e * 1741647 >> 19; }

/* The leading bits of g cp, with the last one set when anything was cut off (odd rounding). */
static uint64_t product_f64(wf_power g, uint64_t cp) {
  wide y = (wide)g.high * cp + high_half((wide)g.low * cp);
  return high_half(y) | ((uint64_t)y > 1);
}

static uint64_t product_f32(wf_power g, uint64_t cp) {
  wide y = (wide)(g.high + (g.low != 0)) * cp;
  return high_half(y) | ((uint32_t)((uint64_t)y >> 32) > 1);
}

/* Which decimals of k or k + 1 lie within the interval that rounds to c 2^q, and the best of them,
 * as a multiple of 10^k. `regular`: the neighbours are equally far on both sides. Which of them it
 * is, is as good as random, and found too late for a branch: all are computed and one is chosen. */
static inline __attribute__((always_inline)) shortest search(uint64_t c, int q, bool regular,
                                                             bool is_double) {
  bool odd = c & 1;
  int k = regular ? floor_log10_pow2(q) : floor_log10_three_quarters_pow2(q);
  int h = q + floor_log2_pow10(-k) + 1;
  wf_power g = wf_powers[-k - WF_POWERS_FIRST];
  uint64_t cb = 4 * c, bounds[3] = {cb - 2 + !regular, cb, cb + 2};
  for (int i = 0; i < 3; i++) {
    bounds[i] = is_double ? product_f64(g, bounds[i] << h) : product_f32(g, bounds[i] << h);
  }
  uint64_t lower = bounds[0] + odd, value = bounds[1], upper = bounds[2] - odd, s = value / 4;
  uint64_t tens = s / 10;
  bool under_tens = lower <= 40 * tens, over_tens = 40 * tens + 40 <= upper;
  bool under = lower <= 4 * s, over = 4 * s + 4 <= upper;
  bool up = (value & 3) + (s & 1) > 2; /* past the middle, or there and s odd */
  uint64_t near = s + ((under != over) & over) + ((under == over) & up);
  uint64_t short_one = 0 - (uint64_t)((s >= 10) & (under_tens != over_tens));
  return (shortest){(10 * (tens + over_tens) & short_one) | (near & ~short_one), k};
}

/* ---- where they go ----------------------------------------------------------------------------
 */

enum { DIGITS = 17 }; /* the most that a double needs */

/* d[0].d[1]…d[16] * 10^exponent, as ASCII; the first `n` count, the others are zeros. */
typedef struct layout {
  char first;
  wide others;
  int n, exponent;
} layout;

static const uint64_t powers_of_ten[] = {1,
                                         10,
                                         100,
                                         1000,
                                         10000,
                                         100000,
                                         1000000,
                                         10000000,
                                         100000000,
                                         1000000000,
                                         10000000000,
                                         100000000000,
                                         1000000000000,
                                         10000000000000,
                                         100000000000000,
                                         1000000000000000,
                                         10000000000000000,
                                         100000000000000000};

/* Of a value from 1 to 10^17 - 1. */
static int count_digits(uint64_t value) {
  int guess = (64 - __builtin_clzll(value)) * 1233 >> 12; /* log10(2) is 1233 / 4096, nearly */
  return guess + (value >= powers_of_ten[guess]);
}

/* As seventeen digits. A double has that many or one less, unless it is subnormal. */
static shortest lengthened(shortest d) {
  bool less = d.digits < powers_of_ten[16];
  d.digits *= less ? 10 : 1;
  d.exponent -= less;
  if (d.digits >= powers_of_ten[16]) return d;
  int missing = DIGITS - count_digits(d.digits);
  return (shortest){d.digits * powers_of_ten[missing], d.exponent - missing};
}

static layout layout_of(shortest d) {
  d = lengthened(d);
  uint64_t first = d.digits / powers_of_ten[16], digits = d.digits - first * powers_of_ten[16];
  uint64_t high = wf_eight_bytes((uint32_t)(digits / WF_EIGHT_DIGITS));
  uint64_t low = wf_eight_bytes((uint32_t)(digits % WF_EIGHT_DIGITS));
  int n = low ? 9 + wf_digits_used(low) : 1 + (high ? wf_digits_used(high) : 0);
  wide others = (wide)(low | WF_EIGHT_ZEROS) << 64 | (high | WF_EIGHT_ZEROS);
  return (layout){(char)('0' + first), others, n, d.exponent + DIGITS - 1};
}

static void store_wide(char *to, wide bytes) { memcpy(to, &bytes, sizeof bytes); }

/* d.ddde-07: one digit, the point, the others, and the exponent. */
static char *put_scientific(char *to, layout l) {
  *to++ = l.first;
  *to = '.';
  store_wide(to + 1, l.others);
  to += l.n > 1 ? l.n : 0;
  int e = l.exponent < 0 ? -l.exponent : l.exponent;
  *to++ = 'e';
  *to++ = l.exponent < 0 ? '-' : '+';
  *to = '0';
  return wf_put_few(to + (e < 10), (uint32_t)e);
}

static char *put_fraction(char *to, layout l) {
  memcpy(to, "0.0000", 6);
  to += 1 - l.exponent;
  *to = l.first;
  store_wide(to + 1, l.others);
  return to + l.n;
}

static char *put_plain(char *to, layout l, bool point) {
  int whole = l.exponent + 1; /* digits before the point */
  *to = l.first;
  store_wide(to + 1, l.others);
  to += whole;
  if (whole >= l.n) {
    memcpy(to, ".0", 2);
    return to + (point ? 2 : 0);
  }
  *to = '.';
  store_wide(to + 1, l.others >> (8 * (whole - 1)));
  return to + 1 + l.n - whole;
}

/* As printf's %g: `precision` is the least number of digits from which an exponent is written. */
static char *put_shortest(char *to, shortest d, int precision, bool point) {
  layout l = layout_of(d);
  if (precision < l.n) precision = l.n;
  if (l.exponent < -4 || l.exponent >= precision) return put_scientific(to, l);
  return l.exponent < 0 ? put_fraction(to, l) : put_plain(to, l, point);
}

static char *put_word(char *to, const char *text) {
  size_t length = strlen(text);
  memcpy(to, text, length);
  return to + length;
}

/* ---- one number -------------------------------------------------------------------------------
 */

/* Zero, and what is not finite. */
static char *put_special(char *to, double value, bool point) {
  if (isnan(value)) return put_word(to, "nan");
  if (value == 0)
    return put_word(to, signbit(value) ? (point ? "-0.0" : "-0") : point ? "0.0" : "0");
  return put_word(to, value > 0 ? "inf" : "-inf");
}

char *wf_put_any_f64(char *to, double value, bool point) {
  enum { BIAS = 1075 };
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
  int exponent = (int)(bits >> 52 & 0x7ff);
  if (!isfinite(value) || value == 0) return put_special(to, value, point);
  if (fabs(value) < 1e15 && value == (double)(int64_t)value) {
    to = wf_put_i64(to, (int64_t)value);
    memcpy(to, ".0", 2);
    return to + (point ? 2 : 0);
  }
  uint64_t c = exponent ? fraction | UINT64_C(1) << 52 : fraction;
  int q = exponent ? exponent - BIAS : 1 - BIAS;
  *to = '-';
  to += bits >> 63;
  return put_shortest(to, search(c, q, fraction != 0 || exponent <= 1, true), 15, point);
}

char *wf_put_f32(char *to, float value, bool point) {
  enum { BIAS = 150 };
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint32_t fraction = bits & ((UINT32_C(1) << 23) - 1);
  int exponent = (int)(bits >> 23 & 0xff);
  if (!isfinite(value) || value == 0) return put_special(to, (double)value, point);
  uint64_t c = exponent ? fraction | UINT32_C(1) << 23 : fraction;
  int q = exponent ? exponent - BIAS : 1 - BIAS;
  *to = '-';
  to += bits >> 31;
  return put_shortest(to, search(c, q, fraction != 0 || exponent <= 1, false), 6, point);
}

static size_t terminated(char *out, char *end) {
  *end = '\0';
  return (size_t)(end - out);
}

size_t wf_format_f64(char *out, double value) {
  return terminated(out, wf_put_f64(out, value, false));
}
size_t wf_format_f32(char *out, float value) {
  return terminated(out, wf_put_f32(out, value, false));
}
size_t wf_format_i64(char *out, int64_t value) { return terminated(out, wf_put_i64(out, value)); }
