/* keys.c — bytes to keys: control characters, UTF-8 as its bytes, and the escape sequences that
 * terminals since the VT100 send for cursor keys, with or without a modifier. A sequence that is
 * not known is one KEY_NONE, so that nothing of it is taken for text. */
#include "keys.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

bool wfl_key_waits(const wfl_line *line) {
  struct pollfd wait = {.fd = line->in, .events = POLLIN};
  return line->at < line->size || poll(&wait, 1, 0) > 0;
}

/* Reads when nothing is left; false at the end, or when a signal came (errno EINTR). */
static bool fill(wfl_line *line) {
  if (line->at < line->size) return true;
  errno = 0;
  ssize_t n = read(line->in, line->input, sizeof line->input);
  line->at = 0;
  line->size = n > 0 ? (size_t)n : 0;
  return n > 0;
}

/* The next byte, or -1 at the end. */
int wfl_key_byte(wfl_line *line) {
  while (!fill(line))
    if (errno != EINTR) return -1;
  return (unsigned char)line->input[line->at++];
}

static int key_of_number(int number) {
  switch (number) {
  case 1:
  case 7: return KEY_HOME;
  case 3: return KEY_DELETE;
  case 4:
  case 8: return KEY_END;
  case 200: return KEY_PASTE;
  default: return KEY_NONE;
  }
}

static int key_of_letter(int letter, bool modified) {
  switch (letter) {
  case 'A': return KEY_UP;
  case 'B': return KEY_DOWN;
  case 'C': return modified ? KEY_WORD_RIGHT : KEY_RIGHT;
  case 'D': return modified ? KEY_WORD_LEFT : KEY_LEFT;
  case 'F': return KEY_END;
  case 'H': return KEY_HOME;
  default: return KEY_NONE;
  }
}

/* What follows ESC [ : numbers separated by semicolons, then a letter or ~. */
static int read_sequence(wfl_line *line) {
  int number = 0, first = 0, n_numbers = 1, c;
  while ((c = wfl_key_byte(line)) >= 0) {
    if (c >= '0' && c <= '9') {
      if (number < 1000) number = number * 10 + (c - '0');
    } else if (c == ';') {
      if (n_numbers++ == 1) first = number;
      number = 0;
    } else if (c >= 0x40 && c <= 0x7e) {
      if (n_numbers == 1) first = number;
      return c == '~' ? key_of_number(first) : key_of_letter(c, n_numbers > 1);
    }
  }
  return KEY_END_OF_INPUT;
}

static int read_escape(wfl_line *line) {
  int c = wfl_key_byte(line);
  switch (c) {
  case '[': return read_sequence(line);
  case 'O': return key_of_letter(wfl_key_byte(line), false);
  case 'b': return KEY_WORD_LEFT;
  case 'f': return KEY_WORD_RIGHT;
  case 'd': return KEY_KILL_WORD;
  case 8:
  case BACKSPACE: return KEY_KILL_BACK_WORD;
  case ENTER: return KEY_NEW_LINE;
  case -1: return KEY_END_OF_INPUT;
  default: return KEY_NONE;
  }
}

int wfl_key_read(wfl_line *line) {
  int c = wfl_key_byte(line);
  if (c < 0) return KEY_END_OF_INPUT;
  return c == ESCAPE ? read_escape(line) : c;
}
