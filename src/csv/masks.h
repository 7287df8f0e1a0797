/* csv/masks.h — sixty-four bytes of text as bit masks: AVX2 with carry-less multiplication where
 * the processor has them, SSE2 as the baseline of x86-64, plain C elsewhere. All give the same
 * bits. */
#ifndef WF_CSV_MASKS_H
#define WF_CSV_MASKS_H

#include "csv/scan.h"

#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#define WF_CSV_AVX2 __attribute__((target("avx2,pclmul,bmi,bmi2,popcnt,lzcnt")))
#endif

enum { WF_CSV_WIDTH = 64 };

typedef struct wf_csv_masks {
  uint64_t delimiter, quote, line_end;
  uint64_t odd; /* not 0: there are bytes past ASCII or NULs */
} wf_csv_masks;

#ifdef __x86_64__

static inline uint64_t wf_csv_equal_sse2(const __m128i part[4], char c) {
  __m128i wanted = _mm_set1_epi8(c);
  uint64_t mask = 0;
  for (int i = 0; i < 4; i++) {
    unsigned bits = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(part[i], wanted));
    mask |= (uint64_t)bits << (16 * i);
  }
  return mask;
}

static inline wf_csv_masks wf_csv_masks_plain(const char *p, const wf_csv_dialect *dialect) {
  __m128i part[4];
  for (int i = 0; i < 4; i++)
    part[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
  __m128i all = _mm_or_si128(_mm_or_si128(part[0], part[1]), _mm_or_si128(part[2], part[3]));
  return (wf_csv_masks){wf_csv_equal_sse2(part, dialect->delimiter),
                        wf_csv_equal_sse2(part, dialect->quote),
                        wf_csv_equal_sse2(part, '\n') | wf_csv_equal_sse2(part, '\r'),
                        wf_csv_equal_sse2(part, '\0') | (unsigned)_mm_movemask_epi8(all)};
}

/* Which of sixty-four bytes are `c`. */
static inline uint64_t wf_csv_equal_plain(const char *p, char c) {
  __m128i part[4];
  for (int i = 0; i < 4; i++)
    part[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
  return wf_csv_equal_sse2(part, c);
}

WF_CSV_AVX2 static inline uint64_t wf_csv_bits_avx2(__m256i low, __m256i high) {
  return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

WF_CSV_AVX2 static inline uint64_t wf_csv_equal_avx2(const char *p, char c) {
  __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p);
  __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
  __m256i wanted = _mm256_set1_epi8(c);
  return wf_csv_bits_avx2(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
}

WF_CSV_AVX2 static inline wf_csv_masks wf_csv_masks_avx2(const char *p,
                                                         const wf_csv_dialect *dialect) {
  __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p);
  __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
  __m256i lf = _mm256_set1_epi8('\n'), cr = _mm256_set1_epi8('\r');
  __m256i low_end = _mm256_or_si256(_mm256_cmpeq_epi8(low, lf), _mm256_cmpeq_epi8(low, cr));
  __m256i high_end = _mm256_or_si256(_mm256_cmpeq_epi8(high, lf), _mm256_cmpeq_epi8(high, cr));
  __m256i even = _mm256_cmpgt_epi8(_mm256_min_epi8(low, high), _mm256_setzero_si256());
  return (wf_csv_masks){wf_csv_equal_avx2(p, dialect->delimiter),
                        wf_csv_equal_avx2(p, dialect->quote), wf_csv_bits_avx2(low_end, high_end),
                        (uint32_t)~_mm256_movemask_epi8(even)};
}

WF_CSV_AVX2 static inline uint64_t wf_csv_parity_avx2(uint64_t x) {
  __m128i ones = _mm_set1_epi8((char)0xff);
  return (uint64_t)_mm_cvtsi128_si64(
      _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)x), ones, 0));
}

WF_CSV_AVX2 static inline uint32_t wf_csv_first_bit_avx2(uint64_t bits) {
  return (uint32_t)_tzcnt_u64(bits);
}

static inline bool wf_csv_has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

#else

static inline wf_csv_masks wf_csv_masks_plain(const char *p, const wf_csv_dialect *dialect) {
  wf_csv_masks m = {0};
  for (int i = 0; i < WF_CSV_WIDTH; i++) {
    m.delimiter |= (uint64_t)(p[i] == dialect->delimiter) << i;
    m.quote |= (uint64_t)(p[i] == dialect->quote) << i;
    m.line_end |= (uint64_t)(p[i] == '\n' || p[i] == '\r') << i;
    m.odd |= (uint64_t)(p[i] == '\0' || (p[i] & 0x80)) << i;
  }
  return m;
}

static inline uint64_t wf_csv_equal_plain(const char *p, char c) {
  uint64_t mask = 0;
  for (int i = 0; i < WF_CSV_WIDTH; i++) mask |= (uint64_t)(p[i] == c) << i;
  return mask;
}

static inline bool wf_csv_has_avx2(void) { return false; }

#endif

enum { WF_CSV_NARROW = 16 };

/* Of sixteen bytes: bit i is set where byte i is `c`; where it is the delimiter, the quote or a
 * line end. */
#ifdef __x86_64__

static inline unsigned wf_csv_bytes_equal(const char *p, char c) {
  __m128i text = _mm_loadu_si128((const __m128i *)(const void *)p);
  return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8(c)));
}

static inline unsigned wf_csv_specials(const char *p, char delimiter, char quote) {
  __m128i text = _mm_loadu_si128((const __m128i *)(const void *)p);
  __m128i first = _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8(delimiter)),
                               _mm_cmpeq_epi8(text, _mm_set1_epi8(quote)));
  __m128i second = _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('\n')),
                                _mm_cmpeq_epi8(text, _mm_set1_epi8('\r')));
  return (unsigned)_mm_movemask_epi8(_mm_or_si128(first, second));
}

#else

static inline unsigned wf_csv_bytes_equal(const char *p, char c) {
  unsigned mask = 0;
  for (int i = 0; i < WF_CSV_NARROW; i++) mask |= (unsigned)(p[i] == c) << i;
  return mask;
}

static inline unsigned wf_csv_specials(const char *p, char delimiter, char quote) {
  return wf_csv_bytes_equal(p, delimiter) | wf_csv_bytes_equal(p, quote) |
         wf_csv_bytes_equal(p, '\n') | wf_csv_bytes_equal(p, '\r');
}

#endif

/* Bit i of the result is the parity of bits 0 to i. */
static inline uint64_t wf_csv_parity_plain(uint64_t x) {
  x ^= x << 1;
  x ^= x << 2;
  x ^= x << 4;
  x ^= x << 8;
  x ^= x << 16;
  return x ^ x << 32;
}

/* ---- either, for functions that are compiled twice, `fast` being a constant in each -----------
 */

#define WF_CSV_TWICE static inline __attribute__((always_inline))

WF_CSV_TWICE wf_csv_masks wf_csv_masks_at(const char *p, const wf_csv_dialect *dialect, bool fast) {
#ifdef WF_CSV_AVX2
  if (fast) return wf_csv_masks_avx2(p, dialect);
#endif
  return wf_csv_masks_plain(p, dialect);
}

WF_CSV_TWICE uint64_t wf_csv_equal(const char *p, char c, bool fast) {
#ifdef WF_CSV_AVX2
  if (fast) return wf_csv_equal_avx2(p, c);
#endif
  return wf_csv_equal_plain(p, c);
}

WF_CSV_TWICE uint64_t wf_csv_parity(uint64_t x, bool fast) {
#ifdef WF_CSV_AVX2
  if (fast) return wf_csv_parity_avx2(x);
#endif
  return wf_csv_parity_plain(x);
}

/* Of the lowest set bit; anything when there is none. */
WF_CSV_TWICE uint32_t wf_csv_first_bit(uint64_t bits, bool fast) {
#ifdef WF_CSV_AVX2
  if (fast) return wf_csv_first_bit_avx2(bits);
#endif
  return (uint32_t)__builtin_ctzll(bits | UINT64_C(1) << 63);
}

#endif
