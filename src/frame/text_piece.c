/* text_piece.c — pieces of one text: found, cut, counted. Nothing is copied. */
#include "frame/text_piece.h"

#include "frame/utf8.h"

#include <string.h>

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

wf_view wf_text_trim(wf_view text) {
  while (text.size && is_blank(text.data[0])) text.data++, text.size--;
  while (text.size && is_blank(text.data[text.size - 1])) text.size--;
  return text;
}

size_t wf_text_length(wf_view text) {
  size_t n = 0;
  for (size_t i = 0; i < text.size; i++) n += ((unsigned char)text.data[i] & 0xc0) != 0x80;
  return n;
}

/* Where `part` begins in text from `from` on; text.size when it does not occur. */
size_t wf_text_find(wf_view text, size_t from, wf_view part) {
  if (part.size > text.size - from) return text.size;
  if (part.size == 0) return from;
  const char *at = memmem(text.data + from, text.size - from, part.data, part.size);
  return at ? (size_t)(at - text.data) : text.size;
}

bool wf_text_begins(wf_view text, size_t at, wf_view part) {
  return part.size <= text.size - at && memcmp(text.data + at, part.data, part.size) == 0;
}

static size_t count_parts(wf_view text, wf_view between) {
  size_t n = 1;
  for (size_t at = 0; (at = wf_text_find(text, at, between)) < text.size; at += between.size) n++;
  return n;
}

bool wf_text_part(wf_view *out, wf_view text, wf_view between, ptrdiff_t number) {
  if (number < 0) number += (ptrdiff_t)count_parts(text, between) + 1;
  size_t at = 0;
  for (ptrdiff_t i = 1; number >= 1; i++) {
    size_t next = wf_text_find(text, at, between);
    if (i == number) return *out = (wf_view){text.data + at, next - at}, true;
    if (next == text.size) return false;
    at = next + between.size;
  }
  return false;
}

static size_t offset_of(wf_view text, size_t point) {
  size_t at = 0;
  for (; point > 0 && at < text.size; point--) wf_utf8_next(text, &at);
  return at;
}

wf_view wf_text_slice(wf_view text, ptrdiff_t first, ptrdiff_t last) {
  ptrdiff_t n = (ptrdiff_t)wf_text_length(text);
  if (first < 0) first = first + n < 0 ? 1 : first + n + 1;
  if (last < 0) last += n + 1;
  if (first < 1) first = 1;
  if (last > n) last = n;
  if (first > last) return WF_VIEW("");
  size_t begin = offset_of(text, (size_t)first - 1), end = offset_of(text, (size_t)last);
  return (wf_view){text.data + begin, end - begin};
}
