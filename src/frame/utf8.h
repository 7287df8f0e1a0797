/* frame/utf8.h — what text columns need of UTF-8. */
#ifndef WF_FRAME_UTF8_H
#define WF_FRAME_UTF8_H

#include "base/bytes.h"

/* The offset of the first byte that does not belong to well-formed UTF-8 (RFC 3629: no overlong
 * forms, no surrogates, nothing above U+10FFFF), or text.size. */
size_t wf_utf8_check(wf_view text);
static inline bool wf_utf8_valid(wf_view text) { return wf_utf8_check(text) == text.size; }

/* Reads the code point at `*at` of valid text and moves past it. */
uint32_t wf_utf8_next(wf_view text, size_t *at);

/* Terminal columns a code point takes: 0 for combining marks and zero-width characters, 2 for East
 * Asian wide and fullwidth ones and emoji, else 1. */
int wf_utf8_width(uint32_t code_point);
size_t wf_utf8_text_width(wf_view text);

#endif
