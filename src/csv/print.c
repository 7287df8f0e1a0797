/* print.c — cells as text that reads back as the same values.
 *
 * A field is quoted when it must be: when it holds the delimiter, the quote, CR or LF; when bare it
 * would read back as missing; when it is the only field of its record and empty, since a blank line
 * is no record; when blanks at its ends would be trimmed; and, asked for, whenever it is not
 * missing. The result is that of libcsv's csv_write2.
 *
 * Text of numbers is looked at only where it could need quotes: when delimiter or quote is a
 * character of numbers, and when a marker could be one. */
#include "csv/print.h"

#include "csv/masks.h"

#include <string.h>

enum { STEP = WF_CSV_NARROW };

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

/* Whether the text must be quoted because of its size, its ends or what it stands for. */
static bool reads_otherwise(const wf_csv_printer *p, wf_view text) {
  return p->quote_all || text.size == 0 || is_blank(text.data[0]) ||
         is_blank(text.data[text.size - 1]) ||
         wf_csv_markers_match(&p->markers, text.data, text.size);
}

/* The next sixteen bytes of a text, those behind it being anything. */
static inline const char *next_step(const char *at, size_t left, const char *limit,
                                    char copy[STEP]) {
  if (limit - at >= STEP) return at;
  return memcpy(copy, at, left < STEP ? left : STEP);
}

/* Bare; NULL when there is something special in it. */
static char *put_bare(const wf_csv_printer *p, char *to, wf_view text, const char *limit) {
  char copy[STEP] = {0};
  for (size_t i = 0; i < text.size; i += STEP) {
    size_t left = text.size - i;
    const char *from = next_step(text.data + i, left, limit, copy);
    unsigned special = wf_csv_specials(from, p->delimiter, p->quote);
    if (left < STEP) special &= (1u << left) - 1;
    if (special) return NULL;
    memcpy(to + i, from, STEP);
  }
  return to + text.size;
}

static char *put_quoted(const wf_csv_printer *p, char *to, wf_view text, const char *limit) {
  char copy[STEP] = {0};
  *to++ = p->quote;
  for (size_t i = 0; i < text.size;) {
    size_t left = text.size - i, n = left < STEP ? left : STEP;
    const char *from = next_step(text.data + i, left, limit, copy);
    unsigned quotes = wf_csv_bytes_equal(from, p->quote) & ((1u << n) - 1);
    memcpy(to, from, STEP);
    if (quotes) {
      n = (size_t)__builtin_ctz(quotes) + 1;
      to[n] = p->quote;
      to++;
    }
    to += n;
    i += n;
  }
  *to++ = p->quote;
  return to;
}

static char *put_text(const void *context, char *to, wf_view text, const char *limit) {
  const wf_csv_printer *p = context;
  char *end = reads_otherwise(p, text) ? NULL : put_bare(p, to, text, limit);
  return end ? end : put_quoted(p, to, text, limit);
}

/* ---- making ---------------------------------------------------------------------------------- */

static wf_print_rules rules_of(wf_csv_printer *p) {
  static const char *const words[] = {"false", "true", "nan", "inf", "-inf"};
  wf_print_rules rules = {.context = p, .put_text = put_text, .growth = 2, .row_end = "\n"};
  for (size_t i = 0; i < WF_PRINT_WORDS; i++) {
    wf_view word = wf_view_of(words[i]);
    char scratch[sizeof p->words[i] + WF_PRINT_SLACK];
    char *end = put_text(p, scratch, word, word.data + word.size);
    memcpy(p->words[i], scratch, (size_t)(end - scratch));
    rules.words[i] = p->words[i];
  }
  return rules;
}

static wf_status add_columns(wf_csv_printer *p, bool checked, wf_error *err) {
  size_t n = wf_frame_column_count(p->frame);
  wf_view missing = missing_text(&p->markers, n == 1);
  wf_bytes text = {0};
  wf_status status = WF_OK;
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    wf_view before = {&p->delimiter, i > 0};
    wf_bytes_clear(&text);
    wf_bytes_add(&text, before.data, before.size);
    wf_bytes_add(&text, missing.data, missing.size);
    status = text.failed ? wf_fail_nomem(err)
                         : wf_printer_add(&p->rows, wf_frame_column_at(p->frame, i), before,
                                          (wf_view){text.data, text.size}, checked, err);
  }
  wf_bytes_dispose(&text);
  return status;
}

wf_status wf_csv_printer_init(wf_csv_printer *out, const wf_frame *frame,
                              const wf_csv_options *options, wf_error *err) {
  static const char in_numbers[] = "0123456789+-.:eTZafilnrstuy";
  *out = (wf_csv_printer){.frame = frame,
                          .delimiter = options->delimiter,
                          .quote = options->quote,
                          .quote_all = options->quote_all};
  wf_csv_markers_init(&out->markers, options->missing, options->n_missing);
  wf_print_rules rules = rules_of(out);
  WF_TRY(wf_printer_init(&out->rows, wf_frame_column_count(frame), &rules, err));
  bool odd = strchr(in_numbers, options->delimiter) || strchr(in_numbers, options->quote);
  return add_columns(out, odd || out->quote_all || out->markers.numeric, err);
}

void wf_csv_printer_dispose(wf_csv_printer *printer) {
  wf_printer_dispose(&printer->rows);
  *printer = (wf_csv_printer){0};
}

/* A name is no value: only what would break the record needs quotes. */
static bool name_needs_quotes(const wf_csv_printer *p, wf_view name) {
  if (p->quote_all) return true;
  if (name.size == 0) return false;
  const char special[] = {p->delimiter, p->quote, '\n', '\r', '\0'};
  return is_blank(name.data[0]) || is_blank(name.data[name.size - 1]) ||
         strpbrk(name.data, special);
}

void wf_csv_print_header(const wf_csv_printer *p, wf_bytes *out) {
  for (size_t i = 0, n = wf_frame_column_count(p->frame); i < n; i++) {
    wf_view name = wf_view_of(wf_frame_name_at(p->frame, i));
    if (i) wf_bytes_char(out, p->delimiter);
    if (!name_needs_quotes(p, name)) {
      wf_bytes_add(out, name.data, name.size);
    } else if (wf_bytes_reserve(out, 2 * name.size + 2 + WF_PRINT_SLACK)) {
      char *end = put_quoted(p, out->data + out->size, name, name.data + name.size);
      out->size = (size_t)(end - out->data);
    }
  }
  wf_bytes_char(out, '\n');
}
