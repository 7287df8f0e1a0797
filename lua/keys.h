/* lua/keys.h — what is typed, as keys. */
#ifndef WFL_KEYS_H
#define WFL_KEYS_H

#include <stdbool.h>
#include <stddef.h>

/* Where lines come from and are shown. Keeps what was typed ahead of the next read; zero-initialise
 * but for the descriptors. */
typedef struct wfl_line {
  int in, out;
  size_t at, size; /* of the input not used yet */
  char input[4096];
} wfl_line;

/* Bytes of characters and control characters are themselves; the rest is one of these. */
enum {
  KEY_NONE = -100, /* nothing we know */
  KEY_END_OF_INPUT,
  KEY_UP,
  KEY_DOWN,
  KEY_LEFT,
  KEY_RIGHT,
  KEY_HOME,
  KEY_END,
  KEY_DELETE,
  KEY_WORD_LEFT,
  KEY_WORD_RIGHT,
  KEY_KILL_WORD,      /* alt-D */
  KEY_KILL_BACK_WORD, /* alt-backspace */
  KEY_NEW_LINE,       /* alt-Enter */
  KEY_PASTE
};

#define CONTROL(letter) ((letter)-64)
enum { ENTER = 13, LINE_FEED = 10, TAB = 9, ESCAPE = 27, BACKSPACE = 127 };

/* The next key, and the next byte (-1 at the end of the input). */
int wfl_key_read(wfl_line *line);
int wfl_key_byte(wfl_line *line);
/* Whether there is more to read without waiting. */
bool wfl_key_waits(const wfl_line *line);

#endif
