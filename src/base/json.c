/* json.c — jansson with wf's error structs and wf's number text. */
#include "base/json.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { MAX_LEVELS = 512 };

static bool within_levels(const json_t *value, int level) {
  if (level > MAX_LEVELS) return false;
  if (json_is_object(value)) {
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)value, key, member) {
      if (!within_levels(member, level + 1)) return false;
    }
  } else if (json_is_array(value)) {
    size_t index;
    json_t *item;
    json_array_foreach(value, index, item) {
      if (!within_levels(item, level + 1)) return false;
    }
  }
  return true;
}

wf_status wf_json_parse(json_t **out, wf_view text, const char *what, wf_error *err) {
  json_error_t error;
  json_t *value =
      json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
  if (!value) {
    if (json_error_code(&error) == json_error_out_of_memory) return wf_fail_nomem(err);
    return wf_fail_at(err, WF_PARSE, error.line, error.column, "%s: line %d, column %d: %s", what,
                      error.line, error.column, error.text);
  }
  if (!within_levels(value, 0)) {
    json_decref(value);
    return wf_fail(err, WF_LIMIT, "%s: nested deeper than %d levels", what, MAX_LEVELS);
  }
  *out = value;
  return WF_OK;
}

/* ---- strings ----------------------------------------------------------------------------------
 *
 * Sixteen bytes are copied at a time and then looked at: up to the first that needs an escape they
 * were right. */

enum { STEP = WF_JSON_SLACK, MOST = 6 /* bytes for one */, PIECE = 4096 };

/* Bit i: byte i is a quote, a backslash or a control character. */
static unsigned escaped_mask(const char *p) {
#ifdef __SSE2__
  __m128i text = _mm_loadu_si128((const __m128i *)(const void *)p);
  __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(0x1f)), text);
  __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('"')),
                               _mm_cmpeq_epi8(text, _mm_set1_epi8('\\')));
  return (unsigned)_mm_movemask_epi8(_mm_or_si128(control, marks));
#else
  unsigned mask = 0;
  for (int i = 0; i < STEP; i++) {
    unsigned char c = (unsigned char)p[i];
    mask |= (unsigned)(c < 0x20 || c == '"' || c == '\\') << i;
  }
  return mask;
#endif
}

static char *put_escape(char *to, unsigned char c) {
  static const char hex[] = "0123456789abcdef", named[] = "\"\\\n\r\t", names[] = "\"\\nrt";
  const char *found = c ? strchr(named, c) : NULL;
  *to++ = '\\';
  if (found) {
    *to++ = names[found - named];
    return to;
  }
  memcpy(to, "u00", 3);
  to[3] = hex[c >> 4];
  to[4] = hex[c & 15];
  return to + 5;
}

static char *put_characters(char *to, wf_view text, const char *limit) {
  char copy[STEP] = {0};
  for (size_t i = 0; i < text.size;) {
    size_t left = text.size - i, n = left < STEP ? left : STEP;
    const char *from = text.data + i;
    if (limit - from < STEP) from = memcpy(copy, from, n);
    unsigned mask = escaped_mask(from) & ((1u << n) - 1);
    memcpy(to, from, STEP);
    if (mask) n = (size_t)__builtin_ctz(mask);
    to += n;
    i += n;
    if (mask) to = put_escape(to, (unsigned char)text.data[i++]);
  }
  return to;
}

char *wf_json_put_string(char *to, wf_view text, const char *limit) {
  *to++ = '"';
  to = put_characters(to, text, limit);
  *to++ = '"';
  return to;
}

void wf_json_add_string(wf_bytes *out, wf_view text) {
  wf_bytes_char(out, '"');
  for (size_t at = 0; at < text.size; at += PIECE) {
    wf_view piece = {text.data + at, text.size - at < PIECE ? text.size - at : PIECE};
    if (!wf_bytes_reserve(out, MOST * piece.size + STEP)) return;
    char *end = put_characters(out->data + out->size, piece, text.data + text.size);
    out->size = (size_t)(end - out->data);
  }
  wf_bytes_char(out, '"');
}

/* ---- documents --------------------------------------------------------------------------------
 */

static void new_line(wf_bytes *out, int indent, int level) {
  if (indent == 0) return;
  wf_bytes_char(out, '\n');
  for (int i = 0; i < indent * level; i++) wf_bytes_char(out, ' ');
}

static wf_status add_real(wf_bytes *out, double value, wf_error *err) {
  if (!isfinite(value)) return wf_fail(err, WF_INVALID, "JSON has no text for a non-finite number");
  char text[WF_NUMBER_TEXT];
  wf_format_f64(text, value);
  wf_bytes_text(out, text);
  if (!strpbrk(text, ".e")) wf_bytes_text(out, ".0");
  return WF_OK;
}

static wf_status add_value(wf_bytes *out, const json_t *value, int indent, int level,
                           wf_error *err);

static wf_status add_object(wf_bytes *out, const json_t *value, int indent, int level,
                            wf_error *err) {
  bool first = true;
  const char *key;
  json_t *member;
  wf_bytes_char(out, '{');
  json_object_foreach((json_t *)value, key, member) {
    if (!first) wf_bytes_char(out, ',');
    first = false;
    new_line(out, indent, level + 1);
    wf_json_add_string(out, wf_view_of(key));
    wf_bytes_text(out, indent ? ": " : ":");
    WF_TRY(add_value(out, member, indent, level + 1, err));
  }
  if (!first) new_line(out, indent, level);
  wf_bytes_char(out, '}');
  return WF_OK;
}

static wf_status add_array(wf_bytes *out, const json_t *value, int indent, int level,
                           wf_error *err) {
  size_t index;
  json_t *item;
  wf_bytes_char(out, '[');
  json_array_foreach(value, index, item) {
    if (index) wf_bytes_char(out, ',');
    new_line(out, indent, level + 1);
    WF_TRY(add_value(out, item, indent, level + 1, err));
  }
  if (json_array_size(value)) new_line(out, indent, level);
  wf_bytes_char(out, ']');
  return WF_OK;
}

static wf_status add_value(wf_bytes *out, const json_t *value, int indent, int level,
                           wf_error *err) {
  if (level > MAX_LEVELS) return wf_fail(err, WF_LIMIT, "JSON nested deeper than %d", MAX_LEVELS);
  switch (json_typeof(value)) {
  case JSON_OBJECT: return add_object(out, value, indent, level, err);
  case JSON_ARRAY: return add_array(out, value, indent, level, err);
  case JSON_STRING:
    wf_json_add_string(out, (wf_view){json_string_value(value), json_string_length(value)});
    return WF_OK;
  case JSON_INTEGER: {
    char text[WF_NUMBER_TEXT];
    wf_format_i64(text, json_integer_value(value));
    wf_bytes_text(out, text);
    return WF_OK;
  }
  case JSON_REAL: return add_real(out, json_real_value(value), err);
  case JSON_TRUE: wf_bytes_text(out, "true"); return WF_OK;
  case JSON_FALSE: wf_bytes_text(out, "false"); return WF_OK;
  case JSON_NULL: wf_bytes_text(out, "null"); return WF_OK;
  }
  return WF_OK;
}

wf_status wf_json_format(wf_bytes *out, const json_t *value, int indent, wf_error *err) {
  size_t before = out->size;
  wf_status status = add_value(out, value, indent, 0, err);
  if (status == WF_OK) return out->failed ? wf_fail_nomem(err) : WF_OK;
  out->size = before; /* nothing half-written stays */
  if (out->data) out->data[before] = '\0';
  return status;
}

static wf_status get(json_t **out, const json_t *object, const char *key,
                     bool (*is)(const json_t *), const char *kind, const char *what,
                     wf_error *err) {
  json_t *member = json_object_get(object, key);
  if (!member) return wf_fail(err, WF_PARSE, "%s: \"%s\" is missing", what, key);
  if (!is(member)) return wf_fail(err, WF_PARSE, "%s: \"%s\" is not %s", what, key, kind);
  *out = member;
  return WF_OK;
}

static bool is_object(const json_t *v) { return json_is_object(v); }
static bool is_array(const json_t *v) { return json_is_array(v); }
static bool is_string(const json_t *v) { return json_is_string(v); }
static bool is_integer(const json_t *v) { return json_is_integer(v); }
static bool is_number(const json_t *v) { return json_is_number(v); }

wf_status wf_json_get_object(json_t **out, const json_t *object, const char *key, const char *what,
                             wf_error *err) {
  return get(out, object, key, is_object, "an object", what, err);
}

wf_status wf_json_get_array(json_t **out, const json_t *object, const char *key, const char *what,
                            wf_error *err) {
  return get(out, object, key, is_array, "an array", what, err);
}

wf_status wf_json_get_string(const char **out, const json_t *object, const char *key,
                             const char *what, wf_error *err) {
  json_t *member = NULL;
  WF_TRY(get(&member, object, key, is_string, "a string", what, err));
  *out = json_string_value(member);
  return WF_OK;
}

wf_status wf_json_get_integer(int64_t *out, const json_t *object, const char *key, const char *what,
                              wf_error *err) {
  json_t *member = NULL;
  WF_TRY(get(&member, object, key, is_integer, "an integer", what, err));
  *out = json_integer_value(member);
  return WF_OK;
}

wf_status wf_json_get_number(double *out, const json_t *object, const char *key, const char *what,
                             wf_error *err) {
  json_t *member = NULL;
  WF_TRY(get(&member, object, key, is_number, "a number", what, err));
  *out = json_number_value(member);
  return WF_OK;
}
