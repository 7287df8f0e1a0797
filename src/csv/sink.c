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
#include "frame/builder.h"

#include <assert.h>
#include <math.h>
#include <string.h>

size_t wf_csv_sink_width(const wf_csv_target *target) {
  if (!target->typed) return 0;
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
  wf_free(codes->common);
  *codes = (wf_csv_codes){0};
}

wf_status wf_csv_sink_init(wf_csv_sink *sink, const wf_csv_target *target, size_t capacity,
                           void *values, wf_csv_codes *codes, wf_error *err) {
  *sink = (wf_csv_sink){
      .target = target, .capacity = capacity, .values = values, .misfit = SIZE_MAX, .codes = codes};
  if (target->typed && target->type == WF_STRING) {
    sink->ends = wf_alloc_array(capacity, sizeof *sink->ends);
    if (!sink->ends) return wf_fail_nomem(err);
  }
  return WF_OK;
}

void wf_csv_sink_dispose(wf_csv_sink *sink) {
  wf_free(sink->present);
  wf_free(sink->ends);
  wf_bytes_dispose(&sink->text);
  *sink = (wf_csv_sink){0};
}

/* ---- missing values and misfits -------------------------------------------------------------- */

static wf_status set_missing(wf_csv_sink *sink, size_t row, wf_error *err) {
  if (!sink->present) {
    sink->present = wf_alloc(wf_bitmap_size(sink->capacity));
    if (!sink->present) return wf_fail_nomem(err);
    memset(sink->present, 0xff, wf_bitmap_size(sink->capacity));
  }
  sink->present[row >> 3] &= (uint8_t) ~(1 << (row & 7));
  sink->n_missing++;
  return WF_OK;
}

static bool is_marker(const wf_csv_sink *sink, const wf_csv_field *field) {
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
    sink->kinds |= wf_csv_kind((wf_view){fields[i].data, fields[i].size}, !sink->target->finite);
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

static bool put_quick_date(wf_csv_sink *sink, size_t row, wf_view text) {
  return wf_csv_quick_date(text.data, text.size, (int64_t *)sink->values + row);
}

static bool put_slowly(wf_csv_sink *sink, size_t row, wf_view text) {
  (void)sink, (void)row, (void)text;
  return false;
}

static bool put_i64(wf_csv_sink *sink, size_t row, wf_view text) {
  return wf_csv_parse_i64(text, (int64_t *)sink->values + row);
}

static bool put_f64(wf_csv_sink *sink, size_t row, wf_view text) {
  return wf_csv_parse_f64(text, !sink->target->finite, (double *)sink->values + row);
}

static bool put_i32(wf_csv_sink *sink, size_t row, wf_view text) {
  int64_t value;
  if (!wf_csv_parse_i64(text, &value) || value != (int32_t)value) return false;
  ((int32_t *)sink->values)[row] = (int32_t)value;
  return true;
}

static bool put_f32(wf_csv_sink *sink, size_t row, wf_view text) {
  double value;
  if (!wf_csv_parse_f64(text, !sink->target->finite, &value)) return false;
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
static inline __attribute__((always_inline)) wf_status
add_parsed(wf_csv_sink *sink, const wf_csv_field *fields, size_t n, parse_fn *quick,
           parse_fn *parse, size_t width, size_t *stored, wf_error *err) {
  size_t i = 0;
  bool hurry = !sink->target->markers->numeric;
  for (; i < n; i++) {
    const wf_csv_field *field = &fields[i];
    size_t row = sink->n + i;
    if (hurry && field->size && quick(sink, row, (wf_view){field->data, field->size})) continue;
    if (field->size == 0 || is_marker(sink, field)) {
      (void)is_neutral(sink, field);
      if (width) memset((char *)sink->values + row * width, 0, width);
      WF_TRY(set_missing(sink, row, err));
    } else if (!parse(sink, row, (wf_view){field->data, field->size})) {
      if (!sink->target->lenient) break;
      memset((char *)sink->values + row * width, 0, width);
      WF_TRY(set_missing(sink, row, err));
      sink->n_repaired++;
    }
  }
  *stored = i;
  return WF_OK;
}

/* Text of at most 16 bytes as two words; with the size they are the text. */
static void text_words(const char *p, size_t size, uint64_t *head, uint64_t *tail) {
  if (size >= 8) {
    *head = wf_csv_load64(p);
    *tail = wf_csv_load64(p + size - 8);
  } else if (size >= 4) {
    *head = wf_csv_load32(p);
    *tail = wf_csv_load32(p + size - 4);
  } else {
    *head = size ? (uint64_t)(unsigned char)p[0] | (uint64_t)(unsigned char)p[size / 2] << 8 : 0;
    *tail = size ? (unsigned char)p[size - 1] : 0;
  }
}

/* Where the text is, or would be put. */
static wf_csv_short *find_short(const wf_csv_codes *codes, const wf_csv_short *text) {
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

/* A short text seen for the first time. */
static wf_status add_short(wf_csv_codes *codes, wf_csv_short text, wf_view view, int32_t *code,
                           wf_error *err) {
  size_t index;
  if (++codes->n_shorts > (size_t)1 << (codes->bits - 1)) WF_TRY(grow_shorts(codes, err));
  WF_TRY(wf_map_add(codes->dictionary, view, &index, NULL, err));
  *code = text.code = (int32_t)index;
  *find_short(codes, &text) = text;
  return WF_OK;
}

/* The text's code, adding it when new. */
static wf_status encode(wf_csv_codes *codes, const wf_csv_field *field, int32_t *code,
                        wf_error *err) {
  wf_view view = {field->data, field->size};
  size_t index;
  if (field->size <= 16) {
    wf_csv_short text = {.size = field->size + 1};
    text_words(field->data, field->size, &text.head, &text.tail);
    const wf_csv_short *slot = find_short(codes, &text);
    if (slot->size == 0) return add_short(codes, text, view, code, err);
    *code = slot->code;
    return WF_OK;
  }
  WF_TRY(wf_map_add(codes->dictionary, view, &index, NULL, err));
  *code = (int32_t)index;
  return WF_OK;
}

static wf_status add_categories(wf_csv_sink *sink, const wf_csv_field *fields, size_t n,
                                size_t *stored, wf_error *err) {
  int32_t *codes = (int32_t *)sink->values + sink->n;
  *stored = n;
  for (size_t i = 0; i < n; i++) {
    if (is_marker(sink, &fields[i])) {
      codes[i] = 0;
      WF_TRY(set_missing(sink, sink->n + i, err));
      continue;
    }
    WF_TRY(encode(sink->codes, &fields[i], &codes[i], err));
    if (codes[i] >= WF_CSV_MAX_CATEGORIES && !sink->target->given) {
      *stored = i;
      return WF_OK;
    }
  }
  return WF_OK;
}

static wf_status add_strings(wf_csv_sink *sink, const wf_csv_field *fields, size_t n,
                             wf_error *err) {
  for (size_t i = 0; i < n; i++) {
    size_t row = sink->n + i;
    if (is_marker(sink, &fields[i]))
      WF_TRY(set_missing(sink, row, err));
    else
      wf_bytes_add(&sink->text, fields[i].data, fields[i].size);
    sink->ends[row] = (int64_t)sink->text.size;
  }
  return sink->text.failed ? wf_fail_nomem(err) : WF_OK;
}

static wf_status store(wf_csv_sink *sink, const wf_csv_field *fields, size_t n, size_t *stored,
                       wf_error *err) {
  if (!sink->target->typed)
    return add_parsed(sink, fields, n, put_slowly, put_nothing, 0, stored, err);
  switch (sink->target->type) {
  case WF_F64: return add_parsed(sink, fields, n, put_quick_f64, put_f64, 8, stored, err);
  case WF_F32: return add_parsed(sink, fields, n, put_slowly, put_f32, 4, stored, err);
  case WF_I64: return add_parsed(sink, fields, n, put_quick_i64, put_i64, 8, stored, err);
  case WF_I32: return add_parsed(sink, fields, n, put_slowly, put_i32, 4, stored, err);
  case WF_BOOL: return add_parsed(sink, fields, n, put_slowly, put_bool, 1, stored, err);
  case WF_TIMESTAMP:
    return add_parsed(sink, fields, n, put_quick_date, put_timestamp, 8, stored, err);
  case WF_CATEGORY: return add_categories(sink, fields, n, stored, err);
  case WF_STRING: *stored = n; return add_strings(sink, fields, n, err);
  }
  return WF_OK;
}

wf_status wf_csv_sink_add(wf_csv_sink *sink, const wf_csv_field *fields, size_t n, wf_error *err) {
  assert(n <= sink->capacity - sink->n);
  size_t stored = 0;
  if (sink->misfit == SIZE_MAX) WF_TRY(store(sink, fields, n, &stored, err));
  if (stored < n) {
    const wf_csv_target *target = sink->target;
    if (sink->misfit == SIZE_MAX) {
      sink->misfit = sink->n + stored;
      if (target->typed && target->type == WF_CATEGORY)
        sink->kinds = WF_CSV_WORD | WF_CSV_MANY;
      else if (target->typed)
        sink->kinds = wf_csv_kinds_of(target->type);
    }
    if (!target->given) collect_kinds(sink, fields + stored, n - stored);
  }
  sink->n += n;
  return WF_OK;
}

/* ---- putting the chunks together ------------------------------------------------------------- */

static size_t count_rows(const wf_csv_sink *sinks, size_t n_sinks, size_t *n_missing) {
  size_t n = 0;
  *n_missing = 0;
  for (size_t i = 0; i < n_sinks; i++) {
    n += sinks[i].n;
    *n_missing += sinks[i].n_missing;
  }
  return n;
}

/* Writes `n` bits (NULL: all set) behind the first `at` ones; what follows them is 0. */
static void append_bits(uint8_t *out, size_t at, const uint8_t *bits, size_t n) {
  unsigned shift = at & 7;
  out += at >> 3;
  for (size_t i = 0; i < n; i += 8, out++) {
    unsigned left = n - i < 8 ? (unsigned)(n - i) : 8;
    unsigned eight = (bits ? bits[i >> 3] : 0xffu) & ((1u << left) - 1);
    out[0] |= (uint8_t)(eight << shift);
    if (shift + left > 8) out[1] = (uint8_t)(eight >> (8 - shift));
  }
}

static wf_status finish_validity(wf_buffer **out, const wf_csv_sink *sinks, size_t n_sinks,
                                 size_t n_rows, size_t n_missing, wf_error *err) {
  *out = NULL;
  if (n_missing == 0) return WF_OK;
  wf_buffer *bits = NULL;
  WF_TRY(wf_buffer_new_zero(&bits, wf_bitmap_size(n_rows), err));
  size_t row = 0;
  for (size_t i = 0; i < n_sinks; row += sinks[i++].n) {
    append_bits(bits->data, row, sinks[i].present, sinks[i].n);
  }
  *out = bits;
  return WF_OK;
}

static wf_status finish_bits(wf_buffer **values, size_t n_rows, wf_error *err) {
  wf_buffer *bits = NULL;
  WF_TRY(wf_buffer_new_zero(&bits, wf_bitmap_size(n_rows), err));
  const uint8_t *bytes = (*values)->data;
  size_t i = 0;
  for (; i + 8 <= n_rows; i += 8) { /* the multiplication gathers eight lowest bits in one byte */
    bits->data[i >> 3] =
        (uint8_t)(wf_csv_load64((const char *)bytes + i) * 0x0102040810204080u >> 56);
  }
  for (; i < n_rows; i++) bits->data[i >> 3] |= (uint8_t)(bytes[i] << (i & 7));
  wf_buffer_release(*values);
  *values = bits;
  return WF_OK;
}

static wf_status finish_strings(wf_buffer **data, wf_buffer **offsets, wf_csv_sink *sinks,
                                size_t n_sinks, size_t n_rows, wf_error *err) {
  size_t size = 0;
  for (size_t i = 0; i < n_sinks; i++) size += sinks[i].text.size;
  WF_TRY(wf_buffer_new(data, size, err));
  WF_TRY(wf_buffer_new(offsets, (n_rows + 1) * sizeof(int64_t), err));
  int64_t *ends = (int64_t *)(void *)(*offsets)->data, base = 0;
  *ends++ = 0;
  for (size_t i = 0; i < n_sinks; i++) {
    wf_csv_sink *sink = &sinks[i];
    if (sink->text.size) memcpy((*data)->data + base, sink->text.data, sink->text.size);
    for (size_t k = 0; k < sink->n; k++) *ends++ = base + sink->ends[k];
    base += (int64_t)sink->text.size;
    wf_bytes_dispose(&sink->text); /* now, so that the peak is one copy and a chunk */
  }
  return WF_OK;
}

/* Replaces one sink's codes by those of the common dictionary, adding what appears first here. */
static wf_status recode(wf_map *common, const wf_csv_sink *sink, wf_error *err) {
  wf_csv_codes *codes = sink->codes;
  if (!codes->common) {
    size_t n = wf_map_count(codes->dictionary);
    codes->common = wf_alloc_array(n, sizeof *codes->common);
    if (!codes->common) return wf_fail_nomem(err);
    memset(codes->common, 0xff, n * sizeof *codes->common);
  }
  int32_t *values = sink->values;
  for (size_t k = 0; k < sink->n; k++) {
    if (sink->present && !wf_bit_get(sink->present, k)) continue;
    int32_t *code = &codes->common[values[k]];
    if (*code < 0) {
      size_t index = 0;
      wf_view key = wf_map_key(codes->dictionary, (size_t)values[k]);
      WF_TRY(wf_map_add(common, key, &index, NULL, err));
      *code = (int32_t)index;
    }
    values[k] = *code;
  }
  return WF_OK;
}

/* Codes of one thread's sinks count by first appearance when it filled them all, in order. Else all
 * rows are walked in order: what appears first must not depend on which thread saw it. */
static wf_status finish_dictionary(wf_column **out, const wf_csv_sink *sinks, size_t n_sinks,
                                   wf_error *err) {
  bool alone = true;
  for (size_t i = 1; i < n_sinks; i++) alone = alone && sinks[i].codes == sinks[0].codes;
  if (alone) return wf_column_from_map(out, sinks[0].codes->dictionary, err);
  wf_map *common = NULL;
  WF_TRY(wf_map_new(&common, err));
  wf_status status = WF_OK;
  for (size_t i = 0; status == WF_OK && i < n_sinks; i++) status = recode(common, &sinks[i], err);
  if (status == WF_OK) status = wf_column_from_map(out, common, err);
  wf_map_free(common);
  return status;
}

wf_status wf_csv_sinks_finish(wf_column **out, wf_csv_sink *sinks, size_t n_sinks,
                              const wf_csv_target *target, wf_buffer *values, wf_error *err) {
  size_t n_missing, n_rows = count_rows(sinks, n_sinks, &n_missing);
  wf_buffer *validity = NULL, *offsets = NULL;
  wf_column *dictionary = NULL;
  wf_status status = finish_validity(&validity, sinks, n_sinks, n_rows, n_missing, err);
  if (status == WF_OK && target->type == WF_BOOL) status = finish_bits(&values, n_rows, err);
  if (status == WF_OK && target->type == WF_STRING) {
    wf_buffer_release(values);
    values = NULL;
    status = finish_strings(&values, &offsets, sinks, n_sinks, n_rows, err);
  }
  if (status == WF_OK && target->type == WF_CATEGORY) {
    status = finish_dictionary(&dictionary, sinks, n_sinks, err);
  }
  if (status == WF_OK) {
    return wf_column_make(out, target->type, n_rows, n_missing, validity, values, offsets,
                          dictionary, err);
  }
  wf_buffer_release(validity);
  wf_buffer_release(values);
  wf_buffer_release(offsets);
  return status;
}
