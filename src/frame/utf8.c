/* utf8.c — validation, decoding and terminal width.
 *
 * Validation looks at eight bytes at a time while they are ASCII, which nearly all data is. The
 * width table holds the ranges of Unicode's EastAsianWidth (W and F) and of the emoji that
 * terminals draw two columns wide, merged where nothing between them is assigned; it is independent
 * of the host's locale, unlike wcwidth. */
#include "frame/utf8.h"

#include <string.h>

/* Length of the well-formed sequence at p, 0 when there is none. */
static size_t sequence_length(const unsigned char *p, size_t left) {
  unsigned char a = p[0];
  if (a < 0x80) return 1;
  size_t n = a >= 0xf0 ? 4 : a >= 0xe0 ? 3 : 2;
  if (a < 0xc2 || a > 0xf4 || left < n) return 0;
  for (size_t i = 1; i < n; i++) {
    if ((p[i] & 0xc0) != 0x80) return 0;
  }
  if ((a == 0xe0 && p[1] < 0xa0) || (a == 0xed && p[1] > 0x9f) || (a == 0xf0 && p[1] < 0x90) ||
      (a == 0xf4 && p[1] > 0x8f)) {
    return 0;
  }
  return n;
}

size_t wf_utf8_check(wf_view text) {
  const unsigned char *p = (const unsigned char *)text.data;
  size_t i = 0;
  while (i < text.size) {
    uint64_t word;
    if (text.size - i >= sizeof word) {
      memcpy(&word, p + i, sizeof word);
      if ((word & 0x8080808080808080u) == 0) {
        i += sizeof word;
        continue;
      }
    }
    size_t n = sequence_length(p + i, text.size - i);
    if (n == 0) return i;
    i += n;
  }
  return i;
}

uint32_t wf_utf8_next(wf_view text, size_t *at) {
  const unsigned char *p = (const unsigned char *)text.data + *at;
  uint32_t a = p[0];
  if (a < 0x80) return (*at)++, a;
  if (a < 0xe0) return *at += 2, (a & 31) << 6 | (p[1] & 63u);
  if (a < 0xf0) return *at += 3, (a & 15) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u);
  *at += 4;
  return (a & 7) << 18 | (p[1] & 63u) << 12 | (p[2] & 63u) << 6 | (p[3] & 63u);
}

typedef struct range {
  uint32_t first, last;
} range;

static const range zero_width[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x0e31, 0x0e31}, {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
    {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x2064}, {0x20d0, 0x20f0}, {0x302a, 0x302d},
    {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef}};

static const range double_width[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
    {0x25fd, 0x25fe},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26aa, 0x26ab},
    {0x26bd, 0x26be},   {0x26c4, 0x26c5},   {0x2705, 0x2705},   {0x270a, 0x270b},
    {0x2728, 0x2728},   {0x274c, 0x274c},   {0x2753, 0x2755},   {0x2795, 0x2797},
    {0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2e80, 0x303e},   {0x3041, 0x33ff},
    {0x3400, 0x4dbf},   {0x4e00, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
    {0xffe0, 0xffe6},   {0x16fe0, 0x18aff}, {0x1b000, 0x1b2ff}, {0x1f18e, 0x1f19a},
    {0x1f200, 0x1f320}, {0x1f32d, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f7e0, 0x1f7eb},
    {0x1f900, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd}};

static bool in_ranges(const range *ranges, size_t n, uint32_t c) {
  size_t low = 0;
  while (n > 0) {
    size_t half = n / 2;
    if (c > ranges[low + half].last) {
      low += half + 1;
      n -= half + 1;
    } else if (c >= ranges[low + half].first) {
      return true;
    } else {
      n = half;
    }
  }
  return false;
}

int wf_utf8_width(uint32_t c) {
  if (c < 0x300) return 1;
  if (in_ranges(zero_width, sizeof zero_width / sizeof *zero_width, c)) return 0;
  return in_ranges(double_width, sizeof double_width / sizeof *double_width, c) ? 2 : 1;
}

size_t wf_utf8_text_width(wf_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size;) width += (size_t)wf_utf8_width(wf_utf8_next(text, &at));
  return width;
}
