/* base/digits.h — numbers as text into memory that has the room: what wf_format_i64 and
 * wf_format_f64 write, without a terminator, inline for loops over columns.
 *
 * Each function may write WF_NUMBER_TEXT bytes at `to`, whatever is behind the number, and returns
 * where the number ends.
 *
 * A double with at most 15 significant digits, 8 of them behind the point, is found without a
 * search. n is the double times 10^8, rounded. If n / 10^8 gives the double back, then, n and 10^8
 * being exact and the division correctly rounded, the decimal n / 10^8 reads as the double. As n
 * has at most 15 digits, no other decimal of 15 digits or fewer does: without the zeros at its end
 * it is the shortest. Nothing is missed either: both roundings on the way from such a decimal to n
 * move it by less than a quarter. */
#ifndef WF_BASE_DIGITS_H
#define WF_BASE_DIGITS_H

#include "base/number.h"

#include <math.h>
#include <string.h>

#define WF_EIGHT_ZEROS 0x3030303030303030u
#define WF_EIGHT_DIGITS 100000000

/* Eight digits of a value below 10^8, each in a byte, the first in the lowest: the value is cut
 * into fours, pairs and single digits, all parts of one word at a time. The factors are 2^20 / 100
 * and 2^10 / 10 rounded up, exact for parts of four and of two digits. */
static inline uint64_t wf_eight_bytes(uint32_t value) {
  uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
  uint64_t high = (fours * 10486 >> 20) & 0x0000007f0000007fu;
  uint64_t pairs = high | (fours - 100 * high) << 16;
  uint64_t tens = (pairs * 103 >> 10) & 0x000f000f000f000fu;
  return tens | (pairs - 10 * tens) << 8;
}

/* Of eight digits that are not all zeros, how many there are before the zeros at the end. */
static inline int wf_digits_used(uint64_t bytes) {
  return 8 - __builtin_ctzll(__builtin_bswap64(bytes)) / 8; /* a bsr would cost eight of these */
}

static inline void wf_store_word(char *to, uint64_t word) { memcpy(to, &word, sizeof word); }

/* Without zeros in front. */
static inline char *wf_put_few(char *to, uint32_t value) {
  uint64_t bytes = wf_eight_bytes(value);
  unsigned zeros = (unsigned)__builtin_ctzll(bytes | UINT64_C(1) << 56) / 8;
  wf_store_word(to, (bytes | WF_EIGHT_ZEROS) >> (8 * zeros));
  return to + 8 - zeros;
}

/* With zeros in front. */
static inline char *wf_put_eight(char *to, uint32_t value) {
  wf_store_word(to, wf_eight_bytes(value) | WF_EIGHT_ZEROS);
  return to + 8;
}

static inline char *wf_put_u64(char *to, uint64_t value) {
  if (value < WF_EIGHT_DIGITS) return wf_put_few(to, (uint32_t)value);
  uint64_t high = value / WF_EIGHT_DIGITS;
  if (high < WF_EIGHT_DIGITS) {
    to = wf_put_few(to, (uint32_t)high);
  } else {
    to = wf_put_few(to, (uint32_t)(high / WF_EIGHT_DIGITS));
    to = wf_put_eight(to, (uint32_t)(high % WF_EIGHT_DIGITS));
  }
  return wf_put_eight(to, (uint32_t)(value % WF_EIGHT_DIGITS));
}

static inline char *wf_put_i64(char *to, int64_t value) {
  *to = '-';
  to += value < 0;
  return wf_put_u64(to, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* `point`: integral values end in ".0". The words of what is not finite are nan, inf and -inf. */
char *wf_put_any_f64(char *to, double value, bool point);
char *wf_put_f32(char *to, float value, bool point);

static inline char *wf_put_f64(char *to, double value, bool point) {
  double size = fabs(value);
  if (!(size < 1e7)) return wf_put_any_f64(to, value, point);
  uint64_t n = (uint64_t)(int64_t)(size * 1e8 + 0.5);
  /* from 0.0001 on there is no exponent; 0 wraps round and is none either */
  if ((double)(int64_t)n / 1e8 != size || n - 1 < 9999) return wf_put_any_f64(to, value, point);
  uint64_t whole = n / WF_EIGHT_DIGITS;
  uint64_t part = wf_eight_bytes((uint32_t)(n - whole * WF_EIGHT_DIGITS));
  *to = '-';
  to = wf_put_few(to + (signbit(value) != 0), (uint32_t)whole);
  *to = '.';
  wf_store_word(to + 1, part | WF_EIGHT_ZEROS);
  return to + (part ? 1 + wf_digits_used(part) : point ? 2 : 0);
}

#endif
