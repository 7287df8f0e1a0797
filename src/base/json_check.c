/* json_check.c — is it JSON? Looking costs a fraction of parsing, and allocates nothing. */
#include "base/json.h"

#include <string.h>

enum { MAX_LEVELS = 512 };

typedef struct scanner {
  const unsigned char *at, *end;
} scanner;

static void skip_blanks(scanner *s) {
  while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
    s->at++;
}

static bool take(scanner *s, unsigned char c) {
  if (s->at == s->end || *s->at != c) return false;
  s->at++;
  return true;
}

static bool take_word(scanner *s, const char *word, size_t size) {
  if ((size_t)(s->end - s->at) < size || memcmp(s->at, word, size) != 0) return false;
  s->at += size;
  return true;
}

static bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }

static bool is_hex(unsigned char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool take_digits(scanner *s) {
  const unsigned char *begin = s->at;
  while (s->at < s->end && is_digit(*s->at)) s->at++;
  return s->at > begin;
}

static bool take_number(scanner *s) {
  take(s, '-');
  if (!take(s, '0') && !take_digits(s)) return false;
  if (take(s, '.') && !take_digits(s)) return false;
  if (!take(s, 'e') && !take(s, 'E')) return true;
  if (!take(s, '+')) take(s, '-');
  return take_digits(s);
}

static bool take_escape(scanner *s) {
  if (s->at == s->end) return false;
  unsigned char c = *s->at++;
  if (c != 'u') return c && strchr("\"\\/bfnrt", c);
  for (int i = 0; i < 4; i++)
    if (s->at == s->end || !is_hex(*s->at++)) return false;
  return true;
}

/* Behind the opening quote. */
static bool take_string(scanner *s) {
  while (s->at < s->end) {
    unsigned char c = *s->at++;
    if (c == '"') return true;
    if (c < 0x20 || (c == '\\' && !take_escape(s))) return false;
  }
  return false;
}

static bool take_value(scanner *s, int level);

static bool take_array(scanner *s, int level) {
  skip_blanks(s);
  if (take(s, ']')) return true;
  do {
    if (!take_value(s, level)) return false;
  } while (take(s, ','));
  return take(s, ']');
}

static bool take_object(scanner *s, int level) {
  skip_blanks(s);
  if (take(s, '}')) return true;
  do {
    skip_blanks(s);
    if (!take(s, '"') || !take_string(s)) return false;
    skip_blanks(s);
    if (!take(s, ':') || !take_value(s, level)) return false;
  } while (take(s, ','));
  return take(s, '}');
}

/* With the blanks around it. */
static bool take_value(scanner *s, int level) {
  if (level > MAX_LEVELS) return false;
  skip_blanks(s);
  if (s->at == s->end) return false;
  bool valid;
  switch (*s->at) {
  case '{': s->at++, valid = take_object(s, level + 1); break;
  case '[': s->at++, valid = take_array(s, level + 1); break;
  case '"': s->at++, valid = take_string(s); break;
  case 't': valid = take_word(s, "true", 4); break;
  case 'f': valid = take_word(s, "false", 5); break;
  case 'n': valid = take_word(s, "null", 4); break;
  default: valid = take_number(s);
  }
  skip_blanks(s);
  return valid;
}

bool wf_json_is_valid(wf_view text) {
  scanner s = {(const unsigned char *)text.data, (const unsigned char *)text.data + text.size};
  return take_value(&s, 0) && s.at == s.end;
}
