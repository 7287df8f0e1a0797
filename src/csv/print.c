/* print.c — cells as text that reads back as the same values.
 *
 * A field is quoted when it must be: when it holds the delimiter, the quote, CR or LF; when bare it
 * would read back as missing; when it is the only field of its record and empty, since a blank line
 * is no record; and when blanks at its ends would be trimmed. Quoting itself is libcsv's
 * csv_write2.
 *
 * Room for a whole row is made before its first field, so that fields are written without looking.
 * A dictionary is quoted once, entry by entry, before any row. Text of numbers is looked at only
 * where it could need quotes: when delimiter or quote is a character of numbers, when a marker
 * could be one, and when the number is not finite. */
#include "csv/print.h"

#include "base/alloc.h"
#include "base/number.h"
#include "csv/masks.h"
#include "frame/value.h"

#include <csv.h>
#include <math.h>
#include <string.h>

/* Bytes that may be read and written past a text that is copied. */
enum { SLACK = 16 };

/* ---- one text -------------------------------------------------------------------------------- */

/* What a missing value is written as: something that these options read as missing, and never a
 * blank line. */
static wf_view missing_text(const wf_csv_markers *markers, bool lonely) {
  if (markers->empty && !lonely) return WF_VIEW("");
  for (size_t i = 0; i < markers->n; i++) {
    if (markers->texts[i][0] != '\0') return wf_view_of(markers->texts[i]);
  }
  return lonely ? WF_VIEW("\"\"") : WF_VIEW("");
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Whether the text must be quoted whatever it stands for. */
static bool has_special(const wf_csv_printer *p, wf_view text) {
  if (text.size == 0) return false;
  if (is_blank(text.data[0]) || is_blank(text.data[text.size - 1])) return true;
  size_t i = 0;
  for (; i + WF_CSV_NARROW <= text.size; i += WF_CSV_NARROW) {
    if (wf_csv_any_special(text.data + i, p->delimiter, p->quote)) return true;
  }
  for (; i < text.size; i++) {
    char c = text.data[i];
    if (c == p->delimiter || c == p->quote || c == '\n' || c == '\r') return true;
  }
  return false;
}

static bool needs_quotes(const wf_csv_printer *p, wf_view text) {
  return text.size == 0 || has_special(p, text) ||
         wf_csv_markers_match(&p->markers, text.data, text.size);
}

/* The most that a text of that size can become. */
static size_t quoted_size(size_t size) { return 2 * size + 2; }

static char *put_quoted(const wf_csv_printer *p, char *to, wf_view text) {
  const char *data = text.size ? text.data : "";
  return to + csv_write2(to, quoted_size(text.size), data, text.size, (unsigned char)p->quote);
}

static char *put_text(const wf_csv_printer *p, char *to, wf_view text) {
  if (needs_quotes(p, text)) return put_quoted(p, to, text);
  memcpy(to, text.data, text.size);
  return to + text.size;
}

/* ---- making ---------------------------------------------------------------------------------- */

static wf_status render_dictionary(const wf_csv_printer *p, wf_csv_style *style, size_t *longest,
                                   wf_error *err) {
  const wf_column *dictionary = style->column->dictionary;
  size_t n = dictionary->n_rows;
  style->ends = wf_alloc_array(n + 1, sizeof *style->ends);
  if (!style->ends) return wf_fail_nomem(err);
  style->ends[0] = 0;
  for (size_t i = 0; i < n; i++) {
    wf_view text = wf_column_view(dictionary, i);
    if (!wf_bytes_reserve(&style->texts, quoted_size(text.size) + SLACK)) return wf_fail_nomem(err);
    char *at = style->texts.data + style->texts.size;
    size_t size = (size_t)(put_text(p, at, text) - at);
    style->texts.size += size;
    style->ends[i + 1] = style->texts.size;
    if (size > *longest) *longest = size;
  }
  return WF_OK;
}

static wf_status init_style(wf_csv_printer *p, wf_csv_style *style, const wf_column *column,
                            bool checked, wf_error *err) {
  size_t longest = quoted_size(WF_VALUE_TEXT);
  style->column = column;
  style->checked = checked;
  if (column->type == WF_CATEGORY) WF_TRY(render_dictionary(p, style, &longest, err));
  if (column->type == WF_STRING) longest = 0;
  if (longest < p->missing.size) longest = p->missing.size;
  p->room += longest + 1;
  return WF_OK;
}

wf_status wf_csv_printer_init(wf_csv_printer *out, const wf_frame *frame,
                              const wf_csv_options *options, wf_error *err) {
  static const char in_numbers[] = "0123456789+-.:eTZafilnrstuy";
  size_t n = wf_frame_column_count(frame);
  *out = (wf_csv_printer){
      .frame = frame, .delimiter = options->delimiter, .quote = options->quote, .room = SLACK};
  wf_csv_markers_init(&out->markers, options->missing, options->n_missing);
  out->missing = missing_text(&out->markers, n == 1);
  out->styles = wf_alloc_zero(n, sizeof *out->styles);
  if (!out->styles) return wf_fail_nomem(err);
  out->n_columns = n;
  bool odd = strchr(in_numbers, options->delimiter) || strchr(in_numbers, options->quote);
  for (size_t i = 0; i < n; i++) {
    const wf_column *column = wf_frame_column_at(frame, i);
    bool checked = odd || out->markers.numeric || column->type == WF_BOOL;
    WF_TRY(init_style(out, &out->styles[i], column, checked, err));
  }
  return WF_OK;
}

void wf_csv_printer_dispose(wf_csv_printer *printer) {
  for (size_t i = 0; i < printer->n_columns; i++) {
    wf_bytes_dispose(&printer->styles[i].texts);
    wf_free(printer->styles[i].ends);
  }
  wf_free(printer->styles);
  *printer = (wf_csv_printer){0};
}

/* ---- printing -------------------------------------------------------------------------------- */

static char *put_rendered(const wf_csv_style *style, char *to, size_t row) {
  size_t code = (size_t)wf_column_i32(style->column)[row], begin = style->ends[code];
  size_t size = style->ends[code + 1] - begin;
  const char *from = style->texts.data + begin;
  if (size <= SLACK)
    memcpy(to, from, SLACK); /* of a fixed size: no call */
  else
    memcpy(to, from, size);
  return to + size;
}

/* A number, or what else has a type that is not text. */
static char *put_value(const wf_csv_printer *p, const wf_csv_style *style, char *to, size_t row) {
  const wf_column *column = style->column;
  if (style->checked || (column->type == WF_F64 && !isfinite(wf_column_f64(column)[row])) ||
      (column->type == WF_F32 && !isfinite(wf_column_f32(column)[row]))) {
    char scratch[WF_VALUE_TEXT];
    return put_text(p, to, wf_value_text(column, row, scratch));
  }
  return to + wf_value_text(column, row, to).size;
}

static char *put_cell(const wf_csv_printer *p, const wf_csv_style *style, char *to, size_t row) {
  if (!wf_column_present(style->column, row)) {
    memcpy(to, p->missing.data, p->missing.size);
    return to + p->missing.size;
  }
  if (style->column->type == WF_CATEGORY) return put_rendered(style, to, row);
  if (style->column->type == WF_STRING) return put_text(p, to, wf_column_view(style->column, row));
  return put_value(p, style, to, row);
}

static size_t room_for(const wf_csv_printer *p, size_t row) {
  size_t room = p->room;
  for (size_t i = 0; i < p->n_columns; i++) {
    const wf_column *column = p->styles[i].column;
    if (column->type == WF_STRING) room += quoted_size(wf_column_view(column, row).size);
  }
  return room;
}

/* There are more columns than the processor follows by itself. */
static void fetch_ahead(const wf_csv_printer *p, size_t row) {
  enum { LINES = 4 };
  for (size_t i = 0; i < p->n_columns; i++) {
    const wf_column *column = p->styles[i].column;
    size_t width = column->type == WF_STRING ? sizeof(int64_t) : wf_type_width(column->type);
    const wf_buffer *values = column->type == WF_STRING ? column->offsets : column->data;
    size_t at = row * width + LINES * 64;
    if (at < values->size) __builtin_prefetch(values->data + at);
  }
}

void wf_csv_print_rows(const wf_csv_printer *p, wf_bytes *out, size_t begin, size_t end) {
  for (size_t row = begin; row < end; row++) {
    if (!wf_bytes_reserve(out, room_for(p, row))) return;
    char *first = out->data + out->size, *to = first;
    if (row % 8 == 0) fetch_ahead(p, row);
    for (size_t i = 0; i < p->n_columns; i++) {
      if (i) *to++ = p->delimiter;
      to = put_cell(p, &p->styles[i], to, row);
    }
    *to++ = '\n';
    out->size += (size_t)(to - first);
  }
}

/* A name is no value: only what would break the record needs quotes. */
void wf_csv_print_header(const wf_csv_printer *p, wf_bytes *out) {
  for (size_t i = 0; i < p->n_columns; i++) {
    wf_view name = wf_view_of(wf_frame_name_at(p->frame, i));
    if (i) wf_bytes_char(out, p->delimiter);
    if (!has_special(p, name)) {
      wf_bytes_add(out, name.data, name.size);
    } else if (wf_bytes_reserve(out, quoted_size(name.size))) {
      out->size = (size_t)(put_quoted(p, out->data + out->size, name) - out->data);
    }
  }
  wf_bytes_char(out, '\n');
}
