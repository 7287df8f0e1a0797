/* csv/quick.h — short plain numbers in a few operations; whatever else there is, is left to
 * base/number.h, with which these agree bit for bit.
 *
 * At most 16 characters are put into two words, right-aligned behind '0's, the point is cut out by
 * shifting what precedes it, and eight digits at a time become a value. A significand of at most 53
 * bits divided by an exact power of ten is correctly rounded (Clinger, "How to read floating point
 * numbers accurately", 1990). */
#ifndef WF_CSV_QUICK_H
#define WF_CSV_QUICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "csv/masks.h"
#include "frame/timestamp.h"

enum { WF_CSV_QUICK = 16 };

typedef unsigned __int128 wf_csv_wide;

static inline uint64_t wf_csv_load64(const char *p) {
  uint64_t word;
  memcpy(&word, p, sizeof word);
  return word;
}

static inline uint32_t wf_csv_load32(const char *p) {
  uint32_t word;
  memcpy(&word, p, sizeof word);
  return word;
}

/* The characters, the first in the lowest byte that is not a '0' of filling. 1 <= size <= 16; no
 * byte outside of them is read. */
static inline wf_csv_wide wf_csv_align(const char *p, size_t size) {
  const uint64_t zeros = 0x3030303030303030u;
  uint64_t low, high;
  if (size > 8) {
    high = wf_csv_load64(p + size - 8);
    low = wf_csv_load64(p) << (8 * (16 - size));
    if (size < 16) low |= zeros >> (8 * (size - 8));
    return (wf_csv_wide)high << 64 | low;
  }
  if (size >= 4) {
    high = wf_csv_load32(p) | (uint64_t)wf_csv_load32(p + size - 4) << (8 * (size - 4));
  } else {
    high = (uint64_t)(unsigned char)p[0] |
           (uint64_t)(unsigned char)p[size / 2] << (8 * (size / 2)) |
           (uint64_t)(unsigned char)p[size - 1] << (8 * (size - 1));
  }
  if (size < 8) high = high << (8 * (8 - size)) | zeros >> (8 * size);
  return (wf_csv_wide)high << 64 | zeros;
}

static inline bool wf_csv_eight(uint64_t v, uint64_t *out) {
  uint64_t low = v - 0x3030303030303030u, high = v + 0x4646464646464646u;
  if ((low | high) & 0x8080808080808080u) return false;
  v = low * 10 + (low >> 8);
  *out = ((v & 0x000000ff000000ffu) * 0x000f424000000064u +
          ((v >> 16) & 0x000000ff000000ffu) * 0x0000271000000001u) >>
         32;
  return true;
}

static inline bool wf_csv_sixteen(wf_csv_wide text, uint64_t *out) {
  uint64_t first, second;
  if (!wf_csv_eight((uint64_t)(text >> 64), &second)) return false;
  if (!wf_csv_eight((uint64_t)text, &first)) return false;
  *out = first * 100000000 + second;
  return true;
}

/* Without a branch: signs are hard to foresee. */
static inline int64_t wf_csv_signed(uint64_t value, bool negative) {
  return (int64_t)((value ^ (0 - (uint64_t)negative)) + negative);
}

static inline double wf_csv_signed_f64(double value, bool negative) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  bits ^= (uint64_t)negative << 63;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static const double wf_csv_tens[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

static inline bool wf_csv_quick_i64(const char *p, size_t size, int64_t *out) {
  bool negative = *p == '-';
  uint64_t value;
  p += negative;
  size -= negative;
  if (size - 1 >= WF_CSV_QUICK) return false; /* also 0 */
  if (!wf_csv_sixteen(wf_csv_align(p, size), &value)) return false;
  *out = wf_csv_signed(value, negative);
  return true;
}

/* The lowest bit of every byte that is a point; bytes above the first one may be marked falsely. */
static inline uint64_t wf_csv_points(uint64_t word) {
  uint64_t x = word ^ 0x2e2e2e2e2e2e2e2eu;
  return (x - 0x0101010101010101u) & ~x & 0x8080808080808080u;
}

static inline bool wf_csv_quick_f64(const char *p, size_t size, double *out) {
  bool negative = *p == '-';
  p += negative;
  size -= negative;
  if (size - 1 >= WF_CSV_QUICK) return false;
  wf_csv_wide text = wf_csv_align(p, size);
  uint64_t low = wf_csv_points((uint64_t)text), high = wf_csv_points((uint64_t)(text >> 64)), value;
  unsigned fraction = 0;
  if (low | high) {
    if (size == 1) return false; /* no digit */
    unsigned at =
        low ? (unsigned)__builtin_ctzll(low) / 8 : 8 + (unsigned)__builtin_ctzll(high) / 8;
    wf_csv_wide before = ((wf_csv_wide)1 << (8 * at)) - 1;
    text = (text & ~(before << 8 | 0xff)) | (text & before) << 8 | '0';
    fraction = 15 - at;
  }
  if (!wf_csv_sixteen(text, &value) || value > UINT64_C(1) << 53) return false;
  *out = wf_csv_signed_f64((double)value / wf_csv_tens[fraction], negative);
  return true;
}

/* "YYYY-MM-DD" as midnight UTC in microseconds. */
static inline bool wf_csv_quick_date(const char *p, size_t size, int64_t *out) {
  if (size != 10) return false;
  uint64_t first = wf_csv_load64(p) ^ 0x2d30302d30303030u; /* "0000-00-" */
  unsigned tens = (unsigned char)p[8] - '0', ones = (unsigned char)p[9] - '0';
  /* a byte with its highest bit set here is no digit, or not the '-' it should be */
  if (((first + 0x7f76767f76767676u) | first) & 0x8080808080808080u) return false;
  if (tens > 9 || ones > 9) return false;
  unsigned digits[7];
  for (int i = 0; i < 7; i++) digits[i] = first >> (8 * i) & 0xff;
  unsigned year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3];
  return wf_timestamp_of_date((int)year, (int)(digits[5] * 10 + digits[6]), (int)(tens * 10 + ones),
                              out);
}

/* ---- the same by vectors ----------------------------------------------------------------------
 *
 * Sixteen bytes that end where the field does are loaded, wherever it begins: there must be as many
 * readable bytes in front of it. Longer numbers, and those with an exponent, are put together from
 * such parts. */
#ifdef WF_CSV_AVX2

#include "base/number.h"

/* The last `size` of sixteen bytes set. */
WF_CSV_AVX2 static inline __m128i wf_csv_last(size_t size) {
  static const uint8_t bytes[32] = {[16] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                    0xff,        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  return _mm_loadu_si128((const __m128i *)(const void *)(bytes + size));
}

WF_CSV_AVX2 static inline __m128i wf_csv_load_before(const char *end) {
  return _mm_loadu_si128((const __m128i *)(const void *)(end - 16));
}

/* Sixteen bytes as digits, pairs, fours, eights; false when one is none. */
WF_CSV_AVX2 static inline bool wf_csv_value_of(__m128i digits, uint64_t *out) {
  const __m128i nine = _mm_set1_epi8(9);
  if (_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(digits, nine), nine)) != 0xffff) return false;
  __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010a));
  __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00010064));
  __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(0x00012710));
  uint64_t both = (uint64_t)_mm_cvtsi128_si64(eights);
  *out = (both & UINT32_MAX) * 100000000 + (both >> 32);
  return true;
}

/* Up to sixteen digits that end at `end`. */
WF_CSV_AVX2 static inline bool wf_csv_digits_before(const char *end, size_t size, uint64_t *out) {
  __m128i digits = _mm_sub_epi8(wf_csv_load_before(end), _mm_set1_epi8('0'));
  return wf_csv_value_of(_mm_and_si128(digits, wf_csv_last(size)), out);
}

WF_CSV_AVX2 static inline bool wf_csv_vector_i64(const char *p, size_t size, int64_t *out) {
  bool negative = *p == '-';
  uint64_t value;
  const char *end = p + size;
  size -= negative;
  if (size - 1 >= WF_CSV_QUICK || !wf_csv_digits_before(end, size, &value)) return false;
  *out = wf_csv_signed(value, negative);
  return true;
}

/* Digits with at most one point, sixteen bytes at most, without a sign: value 10^-fraction. */
WF_CSV_AVX2 static inline bool wf_csv_decimal_before(const char *end, size_t size, uint64_t *value,
                                                     unsigned *fraction) {
  const __m128i places = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  __m128i text = wf_csv_load_before(end), used = wf_csv_last(size);
  __m128i is_point = _mm_and_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('.')), used);
  unsigned points = (unsigned)_mm_movemask_epi8(is_point);
  bool any = points != 0;
  if (size - any - 1 >= WF_CSV_QUICK) return false; /* no digit, or too many */
  unsigned at = (unsigned)__builtin_ctz(points | 1u << 16);
  *fraction = any ? 15 - at : 0;
  /* what stands before the first point moves over it; a second one is no digit */
  unsigned moved = any ? at + 1 : 0;
  __m128i digits = _mm_and_si128(_mm_sub_epi8(text, _mm_set1_epi8('0')), used);
  __m128i from = _mm_add_epi8(places, _mm_cmpgt_epi8(_mm_set1_epi8((char)moved), places));
  return wf_csv_value_of(_mm_shuffle_epi8(digits, from), value);
}

/* More than sixteen bytes: a point among the first eight of them, nineteen digits at most, but for
 * zeros in front. */
WF_CSV_AVX2 static inline bool wf_csv_long_f64(const char *p, size_t size, double *out) {
  uint64_t points = wf_csv_points(wf_csv_load64(p)), whole = 0, front = 0, last;
  if (!points) return false;
  size_t at = (size_t)__builtin_ctzll(points) / 8, n = size - at - 1, n_last = n < 16 ? n : 16;
  if (n > 19 || (at > 0 && !wf_csv_digits_before(p + at, at, &whole))) return false;
  if ((whole > 0 ? at : 0) + n > 19) return false;
  if (n > 16 && !wf_csv_digits_before(p + size - 16, n - 16, &front)) return false;
  if (!wf_csv_digits_before(p + size, n_last, &last)) return false;
  uint64_t high = whole * (uint64_t)wf_csv_tens[n - n_last] + front;
  uint64_t scale = n_last == 16 ? UINT64_C(10000000000000000) : (uint64_t)wf_csv_tens[n_last];
  *out = wf_nearest_f64(high * scale + last, -(int64_t)n);
  return true;
}

/* "1.5e+08": the exponent has a sign and two digits. */
WF_CSV_AVX2 static inline bool wf_csv_exponent_f64(const char *p, size_t size, double *out) {
  uint64_t value;
  unsigned fraction;
  const char *e = p + size - 4;
  unsigned tens = (unsigned char)e[2] - '0', ones = (unsigned char)e[3] - '0';
  if ((e[1] != '+' && e[1] != '-') || tens > 9 || ones > 9) return false;
  if (!wf_csv_decimal_before(e, size - 4, &value, &fraction)) return false;
  int exponent = (int)(tens * 10 + ones);
  *out = wf_nearest_f64(value, (e[1] == '-' ? -exponent : exponent) - (int)fraction);
  return true;
}

WF_CSV_AVX2 static inline bool wf_csv_vector_f64(const char *p, size_t size, double *out) {
  bool negative = *p == '-';
  uint64_t value;
  unsigned fraction;
  double number;
  p += negative;
  size -= negative;
  if (size > WF_CSV_QUICK + 4) {
    if (!wf_csv_long_f64(p, size, &number)) return false;
  } else if (size > 4 && p[size - 4] == 'e') {
    if (!wf_csv_exponent_f64(p, size, &number)) return false;
  } else if (size > WF_CSV_QUICK) {
    if (!wf_csv_long_f64(p, size, &number)) return false;
  } else {
    if (size == 0 || !wf_csv_decimal_before(p + size, size, &value, &fraction)) return false;
    if (value > UINT64_C(1) << 53) return false;
    number = (double)value / wf_csv_tens[fraction];
  }
  *out = wf_csv_signed_f64(number, negative);
  return true;
}

#endif

#endif
