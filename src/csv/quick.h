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

static inline bool wf_csv_quick_i64(const char *p, size_t size, int64_t *out) {
  bool negative = *p == '-';
  uint64_t value;
  p += negative;
  size -= negative;
  if (size - 1 >= WF_CSV_QUICK) return false; /* also 0 */
  if (!wf_csv_sixteen(wf_csv_align(p, size), &value)) return false;
  *out = negative ? -(int64_t)value : (int64_t)value;
  return true;
}

/* The lowest bit of every byte that is a point; bytes above the first one may be marked falsely. */
static inline uint64_t wf_csv_points(uint64_t word) {
  uint64_t x = word ^ 0x2e2e2e2e2e2e2e2eu;
  return (x - 0x0101010101010101u) & ~x & 0x8080808080808080u;
}

static inline bool wf_csv_quick_f64(const char *p, size_t size, double *out) {
  static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
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
  double number = (double)value / powers[fraction];
  *out = negative ? -number : number;
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

#endif
