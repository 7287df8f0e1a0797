/* csv/quotes.h — content of quoted fields, in which a quote is written as a pair. */
#ifndef WF_CSV_QUOTES_H
#define WF_CSV_QUOTES_H

#include "csv/list.h"
#include "csv/masks.h"

/* Copies `n` bytes, at most 64, but for those of the set bits. Up to 64 bytes more are read and
 * written. */
WF_CSV_TWICE char *wf_csv_copy_without(char *to, const char *from, size_t n, uint64_t drop,
                                       bool fast) {
  enum { STEP = 32 };
  size_t at = 0;
  for (; drop; drop &= drop - 1) {
    size_t end = wf_csv_first_bit(drop, fast);
    memcpy(to, from + at, STEP);
    if (end - at > STEP) memcpy(to + STEP, from + at + STEP, STEP);
    to += end - at;
    at = end + 1;
  }
  memcpy(to, from + at, WF_CSV_WIDTH);
  return to + (n - at);
}

/* Copies content, of each pair of quotes one, and gives its size. WF_CSV_BEHIND bytes behind the
 * content are read, and as many written behind what it gives. Sixty-four bytes at a time: the
 * prefix xor of their quotes is set at the first of each pair, not at the second. */
WF_CSV_TWICE size_t wf_csv_copy_content(char *out, const char *data, size_t size, char quote,
                                        bool fast) {
  char *to = out;
  uint64_t within = 0; /* all bits: the first quote of a pair was the last byte */
  for (size_t i = 0; i < size; i += WF_CSV_WIDTH) {
    size_t n = size - i < WF_CSV_WIDTH ? size - i : WF_CSV_WIDTH;
    uint64_t quotes = wf_csv_equal(data + i, quote, fast) & UINT64_MAX >> (WF_CSV_WIDTH - n);
    if ((quotes | within) == 0) {
      memcpy(to, data + i, WF_CSV_WIDTH);
      to += n;
      continue;
    }
    uint64_t first = wf_csv_parity(quotes, fast) ^ within;
    within = (uint64_t)((int64_t)first >> 63);
    to = wf_csv_copy_without(to, data + i, n, quotes & ~first, fast);
  }
  return (size_t)(to - out);
}

#endif
