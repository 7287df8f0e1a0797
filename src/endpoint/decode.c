/* decode.c — CSV bodies to rows.
 *
 * The dialect is that of wf/csv.h (libcsv, strict, blanks kept), scanned here without libcsv
 * because a request must not allocate; tests hold the two together on one corpus. Each record is
 * split into fields that point into the body (or, where a doubled quote had to become one, into the
 * worker's scratch text) and encoded at once: nothing of a row outlives it.
 *
 * Missing markers, blanks around numbers and the spelling of numbers are csv/infer.h's own rules.
 */
#include "endpoint/decode.h"

#include "csv/infer.h"
#include "frame/utf8.h"

#include <math.h>
#include <string.h>

typedef struct reader {
  wf_block *block;
  const char *at, *end;
  wf_csv_markers markers;
  wf_csv_cell *fields;
  size_t capacity, n_fields; /* n_fields may exceed the capacity: the rest is only counted */
} reader;

/* ---- records ----------------------------------------------------------------------------------
 */

static bool is_line_end(char c) { return c == '\n' || c == '\r'; }

/* A field of two quotes for each one is copied with single ones; room was made for the whole body.
 */
static wf_view without_doubles(wf_bytes *text, const char *begin, const char *end) {
  char *start = text->data + text->size, *to = start;
  for (const char *p = begin; p < end; p++) {
    *to++ = *p;
    if (*p == '"') p++;
  }
  text->size = (size_t)(to - text->data);
  return (wf_view){start, (size_t)(to - start)};
}

static wf_status read_quoted(reader *r, wf_view *out, wf_error *err) {
  const char *begin = ++r->at;
  bool doubled = false;
  for (;;) {
    const char *quote = memchr(r->at, '"', (size_t)(r->end - r->at));
    if (!quote) {
      return wf_block_fail(r->block, err, WF_PARSE, r->n_fields + 1,
                           "a quote opens here and never closes");
    }
    r->at = quote + 1;
    if (r->at == r->end || *r->at != '"') break;
    doubled = true;
    r->at++;
  }
  const char *end = r->at - 1;
  if (r->at < r->end && *r->at != ',' && !is_line_end(*r->at)) {
    return wf_block_fail(r->block, err, WF_PARSE, r->n_fields + 1, "text after the closing quote");
  }
  *out = doubled ? without_doubles(&r->block->scratch->text, begin, end)
                 : (wf_view){begin, (size_t)(end - begin)};
  return WF_OK;
}

static wf_status read_plain(reader *r, wf_view *out, wf_error *err) {
  const char *begin = r->at, *p = begin;
  while (p < r->end && *p != ',' && !is_line_end(*p) && *p != '"') p++;
  r->at = p;
  if (p < r->end && *p == '"') {
    return wf_block_fail(r->block, err, WF_PARSE, r->n_fields + 1,
                         "a quote inside a field that does not begin with one");
  }
  *out = (wf_view){begin, (size_t)(p - begin)};
  return WF_OK;
}

/* Reads the record at `at`, which is not at a line end. */
static wf_status read_record(reader *r, wf_error *err) {
  r->n_fields = 0;
  r->block->scratch->text.size = 0;
  for (;;) {
    wf_csv_cell field = {.quoted = r->at < r->end && *r->at == '"'};
    WF_TRY(field.quoted ? read_quoted(r, &field.text, err) : read_plain(r, &field.text, err));
    if (r->n_fields < r->capacity) r->fields[r->n_fields] = field;
    r->n_fields++;
    if (r->at == r->end || is_line_end(*r->at)) return WF_OK;
    r->at++; /* the comma: one more field follows, even at the end of the body */
  }
}

static bool skip_line_ends(reader *r) {
  while (r->at < r->end && is_line_end(*r->at)) r->at++;
  return r->at < r->end;
}

/* ---- headers ----------------------------------------------------------------------------------
 */

static bool is_missing(const reader *r, const wf_csv_cell *field) {
  return !field->quoted && wf_csv_markers_match(&r->markers, field->text.data, field->text.size);
}

typedef struct header_look {
  size_t n_known, n_inputs, n_features; /* fields that name such a thing */
  size_t unknown;                       /* the last field that names nothing */
} header_look;

/* The place a field names. Numbers and missing markers are data, even where a column is called so.
 */
static const wf_place *name_of(const reader *r, const wf_csv_cell *field) {
  double number;
  if (is_missing(r, field) || wf_csv_parse_f64(field->text, true, &number)) return NULL;
  return wf_served_find(r->block->served, field->text);
}

/* What the fields would be as names; their places go to the scratch layout. */
static header_look look_up(const reader *r) {
  wf_block *block = r->block;
  header_look look = {0};
  for (size_t i = 0; i < r->n_fields; i++) {
    const wf_place *place = name_of(r, &r->fields[i]);
    block->scratch->layout[i] = place ? *place : (wf_place){-1, -1};
    if (!place) look.unknown = i;
    look.n_known += place != NULL;
    look.n_inputs += place && place->input >= 0;
    look.n_features += place && place->feature >= 0;
  }
  return look;
}

static wf_status check_unique(const reader *r, wf_error *err) {
  for (size_t i = 1; i < r->n_fields; i++) {
    for (size_t j = 0; j < i; j++) {
      if (!wf_view_equal(r->fields[i].text, r->fields[j].text)) continue;
      return wf_block_fail(r->block, err, WF_INVALID, i + 1, "column '%.*s' is named twice",
                           (int)r->fields[i].text.size, r->fields[i].text.data);
    }
  }
  return WF_OK;
}

/* Tells a header from a first row of data: all its fields are names, or all the names a row needs
 * are among them (what else there is, is ignored, as it is in a frame). A record of names with a
 * slip among them is an error at that name, since no row of data looks so. */
static wf_status look_for_header(reader *r, bool *header, wf_error *err) {
  const wf_served *s = r->block->served;
  *header = false;
  if (r->n_fields > r->capacity) return WF_OK;
  header_look look = look_up(r);
  *header = look.n_known == r->n_fields || look.n_inputs >= s->n_inputs ||
            look.n_features >= s->n_features;
  if (*header) return check_unique(r, err);
  if (look.n_known < 2 || look.n_known * 2 < r->n_fields) return WF_OK;
  wf_view name = r->fields[look.unknown].text;
  return wf_block_fail(r->block, err, WF_NOTFOUND, look.unknown + 1,
                       "the header names '%.*s', which the model does not know",
                       (int)(name.size < 60 ? name.size : 60), name.data);
}

/* ---- rows -------------------------------------------------------------------------------------
 */

static wf_cell cell_of(const reader *r, const wf_csv_cell *field, bool is_text) {
  wf_cell cell = {.kind = WF_CELL_TEXT, .text = field->text.data, .size = field->text.size};
  if (is_missing(r, field)) {
    cell.kind = WF_CELL_MISSING;
  } else if (!is_text) {
    wf_view text = wf_csv_trim(field->text);
    cell.text = text.data;
    cell.size = text.size;
    /* What is no number goes on as text: a bool column takes "true". */
    if (wf_csv_parse_f64(text, true, &cell.number)) cell.kind = WF_CELL_NUMBER;
  }
  return cell;
}

static wf_status encode_raw(const reader *r, const size_t *field_of_input, wf_error *err) {
  const wf_served *s = r->block->served;
  for (size_t i = 0; i < s->n_inputs; i++) {
    const wf_csv_cell *field = &r->fields[field_of_input ? field_of_input[i] : i];
    r->block->scratch->cells[i] = cell_of(r, field, s->input_is_text[i]);
  }
  return wf_block_encode(r->block, field_of_input, err);
}

static wf_status encode_features(const reader *r, const size_t *field_of_feature, wf_error *err) {
  const wf_served *s = r->block->served;
  float *features = wf_block_features(r->block);
  for (size_t i = 0; i < s->n_features; i++) {
    size_t index = field_of_feature ? field_of_feature[i] : i;
    const wf_csv_cell *field = &r->fields[index];
    double number;
    if (is_missing(r, field)) {
      number = (double)NAN;
    } else if (!wf_csv_parse_f64(field->text, true, &number)) {
      return wf_block_fail(r->block, err, WF_TYPE, index + 1,
                           "feature '%s': '%.*s' is not a number",
                           wf_recipe_output_name(s->recipe, i),
                           (int)(field->text.size < 60 ? field->text.size : 60), field->text.data);
    }
    features[i] = number == number ? (float)number : NAN;
  }
  return WF_OK;
}

static wf_status read_rows(reader *r, bool header, wf_row_kind kind, const size_t *field_of,
                           wf_error *err) {
  size_t n = r->n_fields;
  if (header) {
    if (!skip_line_ends(r)) return WF_OK;
    WF_TRY(read_record(r, err));
  }
  for (;;) {
    if (r->n_fields != n) {
      return wf_block_fail(r->block, err, WF_INVALID, 0, "%zu fields; the rows before have %zu",
                           r->n_fields, n);
    }
    WF_TRY(kind == WF_ROW_RAW ? encode_raw(r, field_of, err) : encode_features(r, field_of, err));
    WF_TRY(wf_block_end_row(r->block, err));
    if (!skip_line_ends(r)) return WF_OK;
    WF_TRY(read_record(r, err));
  }
}

static wf_status read_with_header(reader *r, wf_error *err) {
  wf_row_kind kind;
  WF_TRY(wf_decode_arrange(&kind, r->block, r->n_fields, err));
  return read_rows(r, true, kind, r->block->scratch->fields_of, err);
}

static wf_status check_text(const wf_block *block, wf_view body, wf_error *err) {
  const char *nul = memchr(body.data, '\0', body.size);
  size_t bad = wf_utf8_check(body);
  if (nul && (size_t)(nul - body.data) < bad) bad = (size_t)(nul - body.data);
  if (bad == body.size) return WF_OK;
  return wf_block_fail(block, err, WF_PARSE, 0, "byte %zu of the body is %s", bad + 1,
                       body.data[bad] ? "not UTF-8" : "zero");
}

wf_status wf_decode_csv(wf_block *block, wf_view body, wf_error *err) {
  wf_scratch *scratch = block->scratch;
  if (body.size >= 3 && memcmp(body.data, "\xef\xbb\xbf", 3) == 0) body.data += 3, body.size -= 3;
  if (body.size == 0) return WF_OK;
  WF_TRY(check_text(block, body, err));
  wf_bytes_clear(&scratch->text);
  if (memchr(body.data, '"', body.size) && !wf_bytes_reserve(&scratch->text, body.size)) {
    return wf_fail_nomem(err);
  }
  reader r = {.block = block,
              .at = body.data,
              .end = body.data + body.size,
              .fields = scratch->fields,
              .capacity = scratch->n_fields};
  wf_csv_markers_init(&r.markers, NULL, 0);
  if (!skip_line_ends(&r)) return WF_OK;
  WF_TRY(read_record(&r, err));
  bool header;
  WF_TRY(look_for_header(&r, &header, err));
  if (header) return read_with_header(&r, err);
  wf_row_kind kind;
  WF_TRY(wf_decode_kind_of_count(&kind, block, r.n_fields, err));
  return read_rows(&r, false, kind, NULL, err);
}
