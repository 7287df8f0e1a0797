/* sink.c — the conversion kernels: one type a call, so that no field pays for a dispatch.
 *
 * A field is missing when it is bare and equals a marker; in columns that are not text also when it
 * is empty in any way, since no number can be. Markers are compared only after a value failed to
 * parse, unless one of them could parse itself.
 *
 * Inference is optimistic: a sink converts to the type guessed so far, and the first field that
 * does not fit turns the rest of its rows into a collection of kinds, from which the caller knows
 * the right type and converts once more. Text shorter than 17 bytes is looked up as (first eight
 * bytes, last eight bytes, size), which for such sizes is the text itself. */
#include "csv/sink.h"

#include "base/alloc.h"
#include "csv/quick.h"
#include "csv/quotes.h"

#include <assert.h>
#include <math.h>
#include <string.h>

size_t wf_csv_sink_width(const wf_csv_target *target) {
  if (!target->typed) return 0;
  if (target->type == WF_STRING) return sizeof(int64_t);
  return target->type == WF_BOOL ? 1 : wf_type_width(target->type);
}

wf_status wf_csv_codes_init(wf_csv_codes *codes, wf_error *err) {
  enum { FIRST_BITS = 5 };
  wf_csv_short *shorts = wf_alloc_zero(1 << FIRST_BITS, sizeof *shorts);
  if (!shorts) return wf_fail_nomem(err);
  wf_map *map = NULL;
  wf_status status = wf_map_new(&map, err);
  if (status == WF_OK)
    *codes = (wf_csv_codes){.dictionary = map, .shorts = shorts, .bits = FIRST_BITS};
  else
    wf_free(shorts);
  return status;
}

void wf_csv_codes_dispose(wf_csv_codes *codes) {
  wf_map_free(codes->dictionary);
  wf_free(codes->shorts);
  wf_free(codes->first);
  *codes = (wf_csv_codes){0};
}

wf_status wf_csv_sink_begin(wf_csv_sink *sink, size_t row, size_t capacity, void *values,
                            wf_error *err) {
  size_t n_bytes = wf_bitmap_size(capacity);
  if (n_bytes > sink->n_bytes) {
    wf_free(sink->missing);
    sink->n_bytes = 0;
    sink->missing = wf_alloc_zero(n_bytes, 1);
    if (!sink->missing) return wf_fail_nomem(err);
    sink->n_bytes = n_bytes;
  } else if (sink->some_missing) {
    memset(sink->missing, 0, sink->n_bytes);
  }
  sink->some_missing = false;
  sink->row = row;
  sink->n = 0;
  sink->capacity = capacity;
  sink->values = values;
  wf_bytes_clear(&sink->text);
  return WF_OK;
}

void wf_csv_sink_dispose(wf_csv_sink *sink) {
  wf_free(sink->missing);
  wf_bytes_dispose(&sink->text);
  *sink = (wf_csv_sink){0};
}

/* ---- missing values and misfits -------------------------------------------------------------- */

static void set_missing(wf_csv_sink *sink, size_t row) {
  sink->some_missing = true;
  wf_bit_set(sink->missing, row);
}

static inline bool is_marker(const wf_csv_sink *sink, const wf_csv_field *field) {
  return !field->quoted && wf_csv_markers_match(sink->target->markers, field->data, field->size);
}

/* Whether the field says nothing about the type; remembers empty ones that are text. */
static bool is_neutral(wf_csv_sink *sink, const wf_csv_field *field) {
  if (is_marker(sink, field)) return true;
  if (field->size > 0) return false;
  sink->blank_text = true;
  return true;
}

static void collect_kinds(wf_csv_sink *sink, const wf_csv_field *fields, size_t n) {
  for (size_t i = 0; i < n && !(sink->kinds & WF_CSV_WORD); i++) {
    if (is_neutral(sink, &fields[i])) continue;
    sink->kinds |= wf_csv_kind((wf_view){fields[i].data, fields[i].size}, !sink->target->finite,
                               sink->target->numerals);
  }
}

/* ---- kernels: each stores rows until one misfits; the result is how many it stored ------------
 */

typedef bool parse_fn(wf_csv_sink *sink, size_t row, wf_view text);

/* Before markers are looked at: none of them is a plain number. */
static bool put_quick_i64(wf_csv_sink *sink, size_t row, wf_view text) {
  return wf_csv_quick_i64(text.data, text.size, (int64_t *)sink->values + row);
}

static bool put_quick_f64(wf_csv_sink *sink, size_t row, wf_view text) {
  return wf_csv_quick_f64(text.data, text.size, (double *)sink->values + row);
}

#ifdef WF_CSV_AVX2
WF_CSV_AVX2 static bool put_vector_i64(wf_csv_sink *sink, size_t row, wf_view text) {
  return wf_csv_vector_i64(text.data, text.size, (int64_t *)sink->values + row);
}

WF_CSV_AVX2 static bool put_vector_f64(wf_csv_sink *sink, size_t row, wf_view text) {
  return wf_csv_vector_f64(text.data, text.size, (double *)sink->values + row);
}
#endif

static bool put_quick_date(wf_csv_sink *sink, size_t row, wf_view text) {
  return wf_csv_quick_date(text.data, text.size, (int64_t *)sink->values + row);
}

static bool put_slowly(wf_csv_sink *sink, size_t row, wf_view text) {
  (void)sink, (void)row, (void)text;
  return false;
}

static bool is_integer(const wf_csv_sink *sink, wf_view text, int64_t *out) {
  char room[WF_CSV_NUMERAL];
  return wf_csv_plain_number(&text, room, sink->target->numerals) && wf_csv_parse_i64(text, out);
}

static bool is_number(const wf_csv_sink *sink, wf_view text, double *out) {
  char room[WF_CSV_NUMERAL];
  return wf_csv_plain_number(&text, room, sink->target->numerals) &&
         wf_csv_parse_f64(text, !sink->target->finite, out);
}

static bool put_i64(wf_csv_sink *sink, size_t row, wf_view text) {
  return is_integer(sink, text, (int64_t *)sink->values + row);
}

static bool put_f64(wf_csv_sink *sink, size_t row, wf_view text) {
  return is_number(sink, text, (double *)sink->values + row);
}

static bool put_i32(wf_csv_sink *sink, size_t row, wf_view text) {
  int64_t value;
  if (!is_integer(sink, text, &value) || value != (int32_t)value) return false;
  ((int32_t *)sink->values)[row] = (int32_t)value;
  return true;
}

static bool put_f32(wf_csv_sink *sink, size_t row, wf_view text) {
  double value;
  if (!is_number(sink, text, &value)) return false;
  float narrow = (float)value;
  ((float *)sink->values)[row] = narrow;
  return !isinf(narrow) || isinf(value);
}

static bool put_bool(wf_csv_sink *sink, size_t row, wf_view text) {
  bool value;
  if (!wf_csv_parse_bool(text, sink->target->given, &value)) return false;
  ((uint8_t *)sink->values)[row] = value;
  return true;
}

static bool put_timestamp(wf_csv_sink *sink, size_t row, wf_view text) {
  return wf_csv_parse_time(text, sink->target->given, (int64_t *)sink->values + row);
}

static bool put_nothing(wf_csv_sink *sink, size_t row, wf_view text) {
  (void)sink, (void)row, (void)text;
  return false;
}

/* Inlined into one loop per type. */
static inline __attribute__((always_inline)) size_t add_parsed(wf_csv_sink *sink,
                                                               const wf_csv_field *fields, size_t n,
                                                               parse_fn *quick, parse_fn *parse,
                                                               size_t width) {
  size_t i = 0;
  bool hurry = !sink->target->markers->numeric && !sink->target->numerals;
  for (; i < n; i++) {
    const wf_csv_field *field = &fields[i];
    size_t row = sink->n + i;
    if (hurry && field->size && quick(sink, row, (wf_view){field->data, field->size})) continue;
    if (field->size == 0 || is_marker(sink, field)) {
      (void)is_neutral(sink, field);
      if (width) memset((char *)sink->values + row * width, 0, width);
      set_missing(sink, row);
    } else if (!parse(sink, row, (wf_view){field->data, field->size})) {
      if (!sink->target->lenient) break;
      memset((char *)sink->values + row * width, 0, width);
      set_missing(sink, row);
      sink->n_repaired++;
    }
  }
  return i;
}

/* Text of at most 16 bytes as two words, filled up with zeros: with the size they are the text.
 * `in_text`: bytes behind it may be read. */
static inline void text_words(const char *p, size_t size, bool in_text, uint64_t *head,
                              uint64_t *tail) {
  char copy[16] = {0};
  if (!in_text) p = memcpy(copy, p, size);
  size_t n_tail = size > 8 ? size - 8 : 0, n_head = size - n_tail;
  uint64_t first = wf_csv_load64(p), second = wf_csv_load64(p + 8);
  *head = n_head ? first & UINT64_MAX >> (64 - 8 * n_head) : 0;
  *tail = n_tail ? second & UINT64_MAX >> (64 - 8 * n_tail) : 0;
}

/* Where the text is, or would be put. */
static inline wf_csv_short *find_short(const wf_csv_codes *codes, const wf_csv_short *text) {
  uint64_t hash = (text->head ^ (text->tail << 7 | text->tail >> 57) ^ text->size);
  size_t mask = ((size_t)1 << codes->bits) - 1;
  size_t at = (size_t)(hash * 0x9e3779b97f4a7c15u >> (64 - codes->bits));
  for (;; at = (at + 1) & mask) {
    wf_csv_short *slot = &codes->shorts[at];
    if (slot->size == 0) return slot;
    if (slot->size == text->size && slot->head == text->head && slot->tail == text->tail)
      return slot;
  }
}

static wf_status grow_shorts(wf_csv_codes *codes, wf_error *err) {
  size_t n = (size_t)1 << codes->bits;
  wf_csv_codes grown = {.bits = codes->bits + 2};
  grown.shorts = wf_alloc_zero((size_t)1 << grown.bits, sizeof *grown.shorts);
  if (!grown.shorts) return wf_fail_nomem(err);
  for (size_t i = 0; i < n; i++) {
    if (codes->shorts[i].size) *find_short(&grown, &codes->shorts[i]) = codes->shorts[i];
  }
  wf_free(codes->shorts);
  codes->shorts = grown.shorts;
  codes->bits = grown.bits;
  return WF_OK;
}

/* A text that may be new. */
static wf_status add_text(wf_csv_codes *codes, wf_view text, size_t row, int32_t *code,
                          wf_error *err) {
  size_t index;
  bool added;
  WF_TRY(wf_map_add(codes->dictionary, text, &index, &added, err));
  if (added && index >= codes->n_first) {
    size_t n = codes->n_first ? 2 * codes->n_first : 16;
    size_t *first = wf_realloc_array(codes->first, n, sizeof *first);
    if (!first) return wf_fail_nomem(err);
    codes->first = first;
    codes->n_first = n;
  }
  if (added) codes->first[index] = row;
  *code = (int32_t)index;
  return WF_OK;
}

/* A short text seen for the first time. */
static wf_status add_short(wf_csv_codes *codes, wf_csv_short text, wf_view view, size_t row,
                           int32_t *code, wf_error *err) {
  if (++codes->n_shorts > (size_t)1 << (codes->bits - 1)) WF_TRY(grow_shorts(codes, err));
  WF_TRY(add_text(codes, view, row, code, err));
  text.code = *code;
  *find_short(codes, &text) = text;
  return WF_OK;
}

/* The text's code, adding it when new. */
static inline wf_status encode(wf_csv_codes *codes, const wf_csv_field *field, bool in_text,
                               size_t row, int32_t *code, wf_error *err) {
  wf_view view = {field->data, field->size};
  if (field->size > 16) return add_text(codes, view, row, code, err);
  wf_csv_short text = {.size = field->size + 1};
  text_words(field->data, field->size, in_text, &text.head, &text.tail);
  const wf_csv_short *slot = find_short(codes, &text);
  if (slot->size == 0) return add_short(codes, text, view, row, code, err);
  *code = slot->code;
  return WF_OK;
}

/* Inlined for each way fields lie. */
static inline __attribute__((always_inline)) wf_status
encode_fields(wf_csv_sink *sink, const wf_csv_field *fields, size_t n, bool in_text, size_t *stored,
              wf_error *err) {
  int32_t *codes = (int32_t *)sink->values + sink->n;
  size_t row = sink->row + sink->n;
  *stored = n;
  for (size_t i = 0; i < n; i++) {
    if (is_marker(sink, &fields[i])) {
      codes[i] = 0;
      set_missing(sink, sink->n + i);
      continue;
    }
    WF_TRY(encode(sink->codes, &fields[i], in_text, row + i, &codes[i], err));
    if (codes[i] >= WF_CSV_MAX_CATEGORIES && !sink->target->given) {
      *stored = i;
      return WF_OK;
    }
  }
  return WF_OK;
}

static wf_status add_categories(wf_csv_sink *sink, const wf_csv_field *fields, size_t n,
                                size_t *stored, wf_error *err) {
  return sink->in_text ? encode_fields(sink, fields, n, true, stored, err)
                       : encode_fields(sink, fields, n, false, stored, err);
}

/* Inlined with each way to copy; room was made. */
WF_CSV_TWICE void append_strings(wf_csv_sink *sink, const wf_csv_field *fields, size_t n,
                                 bool in_text, bool fast) {
  int64_t *ends = (int64_t *)sink->values + sink->n;
  char *text = sink->text.data;
  size_t size = sink->text.size;
  for (size_t i = 0; i < n; i++) {
    const wf_csv_field *field = &fields[i];
    if (is_marker(sink, field)) {
      set_missing(sink, sink->n + i);
    } else if (in_text) {
      size += wf_csv_copy_content(text + size, field->data, field->size, sink->quote, fast);
    } else {
      memcpy(text + size, field->data, field->size);
      size += field->size;
    }
    ends[i] = (int64_t)size;
  }
  sink->text.size = size;
}

#ifdef WF_CSV_AVX2
WF_CSV_AVX2 static void append_strings_avx2(wf_csv_sink *sink, const wf_csv_field *fields,
                                            size_t n) {
  append_strings(sink, fields, n, true, true);
}
#endif

static wf_status add_strings(wf_csv_sink *sink, const wf_csv_field *fields, size_t n,
                             wf_error *err) {
  size_t room = WF_CSV_BEHIND;
  for (size_t i = 0; i < n; i++) room += fields[i].size;
  if (!wf_bytes_reserve(&sink->text, room)) return wf_fail_nomem(err);
#ifdef WF_CSV_AVX2
  if (sink->in_text && sink->vectors) {
    append_strings_avx2(sink, fields, n);
    return WF_OK;
  }
#endif
  append_strings(sink, fields, n, sink->in_text, false);
  return WF_OK;
}

#ifdef WF_CSV_AVX2
WF_CSV_AVX2 static size_t add_f64_by_vectors(wf_csv_sink *sink, const wf_csv_field *fields,
                                             size_t n) {
  return add_parsed(sink, fields, n, put_vector_f64, put_f64, 8);
}

WF_CSV_AVX2 static size_t add_i64_by_vectors(wf_csv_sink *sink, const wf_csv_field *fields,
                                             size_t n) {
  return add_parsed(sink, fields, n, put_vector_i64, put_i64, 8);
}
#endif

static size_t add_f64(wf_csv_sink *sink, const wf_csv_field *fields, size_t n) {
#ifdef WF_CSV_AVX2
  if (sink->vectors) return add_f64_by_vectors(sink, fields, n);
#endif
  return add_parsed(sink, fields, n, put_quick_f64, put_f64, 8);
}

static size_t add_i64(wf_csv_sink *sink, const wf_csv_field *fields, size_t n) {
#ifdef WF_CSV_AVX2
  if (sink->vectors) return add_i64_by_vectors(sink, fields, n);
#endif
  return add_parsed(sink, fields, n, put_quick_i64, put_i64, 8);
}

static wf_status store(wf_csv_sink *sink, const wf_csv_field *fields, size_t n, size_t *stored,
                       wf_error *err) {
  *stored = n;
  if (!sink->target->typed) {
    *stored = add_parsed(sink, fields, n, put_slowly, put_nothing, 0);
    return WF_OK;
  }
  switch (sink->target->type) {
  case WF_F64: *stored = add_f64(sink, fields, n); break;
  case WF_F32: *stored = add_parsed(sink, fields, n, put_slowly, put_f32, 4); break;
  case WF_I64: *stored = add_i64(sink, fields, n); break;
  case WF_I32: *stored = add_parsed(sink, fields, n, put_slowly, put_i32, 4); break;
  case WF_BOOL: *stored = add_parsed(sink, fields, n, put_slowly, put_bool, 1); break;
  case WF_TIMESTAMP: *stored = add_parsed(sink, fields, n, put_quick_date, put_timestamp, 8); break;
  case WF_CATEGORY: return add_categories(sink, fields, n, stored, err);
  case WF_STRING: return add_strings(sink, fields, n, err);
  }
  return WF_OK;
}

static void note_misfit(wf_csv_sink *sink, size_t row) {
  const wf_csv_target *target = sink->target;
  sink->misfit = true;
  sink->misfit_row = row;
  if (target->typed && target->type == WF_CATEGORY)
    sink->kinds = WF_CSV_WORD | WF_CSV_MANY;
  else if (target->typed)
    sink->kinds = wf_csv_kinds_of(target->type);
}

wf_status wf_csv_sink_add(wf_csv_sink *sink, const wf_csv_field *fields, size_t n, wf_error *err) {
  assert(n <= sink->capacity - sink->n);
  size_t stored = 0;
  if (!sink->misfit) WF_TRY(store(sink, fields, n, &stored, err));
  if (stored < n) {
    if (!sink->misfit) note_misfit(sink, sink->row + sink->n + stored);
    if (!sink->target->given) collect_kinds(sink, fields + stored, n - stored);
  }
  sink->n += n;
  return WF_OK;
}
