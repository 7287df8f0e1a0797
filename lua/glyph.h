/* lua/glyph.h — UTF-8 text as a terminal shows it. */
#ifndef WFL_GLYPH_H
#define WFL_GLYPH_H

#include <stddef.h>
#include <stdint.h>

/* The character at text[at], its length in bytes; a byte that begins none counts as itself, U+FFFD.
 */
uint32_t wfl_glyph_decode(const char *text, size_t size, size_t at, size_t *length);
/* Columns a character takes: 0 for combining marks, 2 for wide ones, else 1. */
int wfl_glyph_width(uint32_t character);
/* Where the glyph (a character and the marks on it) after or before `at` begins. */
size_t wfl_glyph_next(const char *text, size_t size, size_t at);
size_t wfl_glyph_previous(const char *text, size_t size, size_t at);

#endif
