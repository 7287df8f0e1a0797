/* infer.c — the rules by which text becomes typed.
 *
 * A column's type is the smallest that holds all its values: integers i64; any mix of integers and
 * other numbers (an integer that overflows i64 is one) f64; only true and false bool; only ISO 8601
 * dates and instants timestamp; everything else text. The order of rows never matters, since the
 * set of kinds seen decides. */
#include "csv/infer.h"

#include "base/number.h"
#include "frame/timestamp.h"
#include "frame/value.h"

#include <string.h>

static const char *const default_markers[] = {"", "NA", "N/A", "NaN", "nan", "null", "NULL"};

void wf_csv_markers_init(wf_csv_markers *out, const char *const *texts, size_t n) {
  if (!texts) {
    texts = default_markers;
    n = sizeof default_markers / sizeof *default_markers;
  }
  *out = (wf_csv_markers){.texts = texts, .n = n};
  for (size_t i = 0; i < n; i++) {
    size_t size = strlen(texts[i]);
    unsigned char first = (unsigned char)texts[i][0];
    out->sizes |= UINT64_C(1) << (size < 63 ? size : 63);
    out->firsts[first >> 6] |= UINT64_C(1) << (first & 63);
    if (size == 0) out->empty = true;
    if (size && strchr("0123456789-.", texts[i][0])) out->numeric = true;
  }
}

bool wf_csv_markers_compare(const wf_csv_markers *markers, const char *data, size_t size) {
  for (size_t i = 0; i < markers->n; i++) {
    const char *text = markers->texts[i];
    if (strlen(text) == size && memcmp(text, data, size) == 0) return true;
  }
  return false;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

wf_view wf_csv_trim(wf_view text) {
  while (text.size && is_blank(text.data[0])) text.data++, text.size--;
  while (text.size && is_blank(text.data[text.size - 1])) text.size--;
  return text;
}

static bool has_blanks(wf_view text) {
  return text.size && (is_blank(text.data[0]) || is_blank(text.data[text.size - 1]));
}

bool wf_csv_parse_i64(wf_view text, int64_t *out) {
  if (wf_parse_i64(text, out)) return true;
  return has_blanks(text) && wf_parse_i64(wf_csv_trim(text), out);
}

bool wf_csv_parse_f64(wf_view text, bool special, double *out) {
  if (wf_parse_f64(text, special, out)) return true;
  return has_blanks(text) && wf_parse_f64(wf_csv_trim(text), special, out);
}

bool wf_csv_parse_bool(wf_view text, bool digits, bool *out) {
  return wf_value_parse_bool(has_blanks(text) ? wf_csv_trim(text) : text, digits, out);
}

static bool has_nanoseconds(wf_view text) {
  const char *p = memchr(text.data, '.', text.size), *end = text.data + text.size;
  size_t n = 0;
  for (p = p ? p + 1 : end; p < end && *p >= '0' && *p <= '9'; p++) n++;
  return n > 6;
}

bool wf_csv_parse_time(wf_view text, bool cut, int64_t *out) {
  text = wf_csv_trim(text);
  return wf_timestamp_parse(text, out) && (cut || !has_nanoseconds(text));
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Copies the digits of the whole part without what separates them; false when a group is not of
 * three digits. */
static bool copy_whole(const char **from, const char *end, char **to, char thousands) {
  size_t group = 0, n_groups = 0;
  for (; *from < end && (is_digit(**from) || (thousands && **from == thousands)); (*from)++) {
    if (is_digit(**from)) {
      *(*to)++ = **from;
      group++;
      continue;
    }
    if (n_groups == 0 ? group < 1 || group > 3 : group != 3) return false;
    n_groups++;
    group = 0;
  }
  return n_groups == 0 || group == 3;
}

bool wf_csv_plain_number(wf_view *text, char room[WF_CSV_NUMERAL],
                         const wf_csv_numerals *numerals) {
  if (!numerals) return true;
  wf_view bare = wf_csv_trim(*text);
  const char *from = bare.data, *end = bare.data + bare.size;
  char *to = room;
  if (bare.size == 0 || bare.size > WF_CSV_NUMERAL) return false;
  if (*from == '-' || *from == '+') *to++ = *from++;
  if (!copy_whole(&from, end, &to, numerals->thousands)) return false;
  if (from < end && *from == numerals->decimal) {
    *to++ = '.';
    from++;
  }
  for (; from < end; from++) {
    if (*from == '.' || *from == numerals->decimal) return false;
    *to++ = *from;
  }
  *text = (wf_view){room, (size_t)(to - room)};
  return true;
}

unsigned wf_csv_kind(wf_view text, bool special, const wf_csv_numerals *numerals) {
  int64_t integer;
  double number;
  bool truth;
  char room[WF_CSV_NUMERAL];
  wf_view plain = text;
  if (wf_csv_plain_number(&plain, room, numerals)) {
    if (wf_csv_parse_i64(plain, &integer)) return WF_CSV_INTEGER;
    if (wf_csv_parse_f64(plain, special, &number)) return WF_CSV_NUMBER;
  }
  if (wf_csv_parse_bool(text, false, &truth)) return WF_CSV_TRUTH;
  return wf_csv_parse_time(text, false, &integer) ? WF_CSV_TIME : WF_CSV_WORD;
}

bool wf_csv_type_of(unsigned kinds, wf_type *out) {
  if (kinds == 0) return false;
  if (kinds & WF_CSV_MANY)
    *out = WF_STRING;
  else if (kinds == WF_CSV_INTEGER)
    *out = WF_I64;
  else if ((kinds & ~(unsigned)(WF_CSV_INTEGER | WF_CSV_NUMBER)) == 0)
    *out = WF_F64;
  else if (kinds == WF_CSV_TRUTH)
    *out = WF_BOOL;
  else
    *out = kinds == WF_CSV_TIME ? WF_TIMESTAMP : WF_CATEGORY;
  return true;
}

unsigned wf_csv_kinds_of(wf_type type) {
  switch (type) {
  case WF_I64:
  case WF_I32: return WF_CSV_INTEGER;
  case WF_TIMESTAMP: return WF_CSV_TIME;
  case WF_F64:
  case WF_F32: return WF_CSV_INTEGER | WF_CSV_NUMBER;
  case WF_BOOL: return WF_CSV_TRUTH;
  case WF_CATEGORY: return WF_CSV_WORD;
  case WF_STRING: return WF_CSV_WORD | WF_CSV_MANY;
  }
  return 0;
}
