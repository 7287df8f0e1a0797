/* scan.c — libcsv, set up once and for all, with its traps settled.
 *
 *  - CSV_STRICT | CSV_STRICT_FINI: a quote inside a bare field, text after a closing quote and a
 *    quote that never closes are errors. Without it `"a"b,c` swallows the rest of the file.
 *  - Blanks are data unless `trim`: libcsv's own space function would drop them.
 *  - Blank lines vanish; LF, CR and CRLF end a record.
 *  - libcsv reports where a field ends only by calling back, and quotes not at all. The cursor
 *    therefore re-walks the bytes of each field it reports: over its content when bare, to its
 *    closing quote when not. In strict mode the two cannot disagree.
 *  - libcsv cannot be stopped from a callback, so text is fed in pieces and what it still reports
 *    after a stop is ignored.
 *  - libcsv knows no comments: a piece ends before what may be one, and it is one, to be fed past,
 *    when no record is open there. */
#include "csv/scan.h"

#include "base/alloc.h"

#include <csv.h>
#include <string.h>

enum { PIECE = 1 << 16 };

typedef struct scan {
  const wf_csv_text *text;
  const wf_csv_dialect *dialect;
  const wf_csv_visitor *visitor;
  wf_error *err;
  size_t origin;   /* where the scan began */
  size_t cursor;   /* where the next field, or the blanks before it, begins */
  size_t begin;    /* of the current record */
  size_t n_fields; /* seen of it */
  bool stop;
  wf_status status;
} scan;

static int no_space(unsigned char c) {
  (void)c;
  return 0;
}

static void *grow(void *block, size_t size) { return wf_realloc_array(block, size, 1); }

static bool is_blank(const scan *s, char c) {
  return (c == ' ' || c == '\t') && c != s->dialect->delimiter;
}

static bool is_line_end(char c) { return c == '\n' || c == '\r'; }

static void skip_blanks(scan *s) {
  if (!s->dialect->trim) return;
  while (s->cursor < s->text->size && is_blank(s, s->text->data[s->cursor])) s->cursor++;
}

static void begin_record(scan *s) {
  const wf_csv_text *text = s->text;
  while (s->cursor < text->size && (is_line_end(text->data[s->cursor]) ||
                                    (s->dialect->trim && is_blank(s, text->data[s->cursor])))) {
    s->cursor++;
  }
  s->begin = s->cursor;
}

/* From the opening quote past the closing one. */
static void skip_quoted(scan *s) {
  const char *data = s->text->data, *end = data + s->text->size;
  const char *p = data + s->cursor + 1;
  while (p < end && (p = memchr(p, s->dialect->quote, (size_t)(end - p)))) {
    if (p + 1 == end || p[1] != s->dialect->quote) break;
    p += 2;
  }
  s->cursor = p && p < end ? (size_t)(p - data) + 1 : s->text->size;
}

static void on_field(void *content, size_t size, void *context) {
  scan *s = context;
  if (s->stop) return;
  if (s->n_fields == 0) begin_record(s);
  skip_blanks(s);
  bool quoted = s->cursor < s->text->size && s->text->data[s->cursor] == s->dialect->quote;
  if (quoted)
    skip_quoted(s);
  else
    s->cursor += size;
  skip_blanks(s);
  s->cursor++; /* the delimiter or the line end */
  wf_csv_field field = {content ? content : "", (uint32_t)size, quoted};
  s->status = size > UINT32_MAX
                  ? wf_fail(s->err, WF_LIMIT, "a field is larger than 4 GiB")
                  : s->visitor->field(s->visitor->context, s->n_fields++, &field, s->err);
  if (s->status != WF_OK) s->stop = true;
}

static void on_record(int terminator, void *context) {
  scan *s = context;
  (void)terminator;
  if (s->stop) return;
  size_t next = s->cursor < s->text->size ? s->cursor : s->text->size;
  wf_csv_record record = {s->begin, next, s->n_fields};
  s->n_fields = 0;
  s->status = s->visitor->record(s->visitor->context, &record, &s->stop, s->err);
  if (s->status != WF_OK) s->stop = true;
}

static wf_status start_parser(struct csv_parser *parser, const wf_csv_dialect *dialect,
                              wf_error *err) {
  if (csv_init(parser, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL) != 0) {
    return wf_fail_nomem(err);
  }
  csv_set_realloc_func(parser, grow);
  csv_set_free_func(parser, wf_free);
  csv_set_blk_size(parser, PIECE); /* libcsv grows by addition: small steps would be quadratic */
  csv_set_delim(parser, (unsigned char)dialect->delimiter);
  csv_set_quote(parser, (unsigned char)dialect->quote);
  if (!dialect->trim) csv_set_space_func(parser, no_space);
  return WF_OK;
}

/* Whether the line that begins at `at` is a comment: all before it has been fed. */
static bool is_comment(const scan *s, size_t at) {
  const char *data = s->text->data;
  if (!s->dialect->comment || data[at] != s->dialect->comment || s->n_fields > 0) return false;
  size_t i = s->cursor;
  while (i < at && (is_line_end(data[i]) || (s->dialect->trim && is_blank(s, data[i])))) i++;
  return i == at && (at == 0 || at == s->origin || is_line_end(data[at - 1]));
}

/* Where the piece that begins at `from` ends: before the next line that may be a comment. */
static size_t piece_end(const scan *s, size_t from) {
  const char *data = s->text->data;
  size_t end = s->text->size - from < PIECE ? s->text->size : from + PIECE;
  for (size_t i = from + 1; s->dialect->comment && i < end; i++) {
    const char *mark = memchr(data + i, s->dialect->comment, end - i);
    if (!mark) break;
    i = (size_t)(mark - data);
    if (is_line_end(data[i - 1])) return i;
  }
  return end;
}

/* Feeds the text from `from` on; *at is where libcsv stopped when it is not the end. */
static int run_parser(struct csv_parser *parser, scan *s, size_t from, size_t *at) {
  for (size_t i = from, end; i < s->text->size && !s->stop; i = end) {
    if (is_comment(s, i)) {
      s->cursor = end = wf_csv_text_line_end(s->text, i);
      continue;
    }
    end = piece_end(s, i);
    size_t done = csv_parse(parser, s->text->data + i, end - i, on_field, on_record, s);
    if (done == end - i) continue;
    *at = i + done;
    return csv_error(parser);
  }
  *at = s->text->size;
  if (s->stop) return CSV_SUCCESS;
  return csv_fini(parser, on_field, on_record, s) == 0 ? CSV_SUCCESS : csv_error(parser);
}

/* What is wrong at byte `at`, and where the message should point. */
static const char *diagnose(const scan *s, size_t *at) {
  if (*at >= s->text->size) {
    *at = s->cursor;
    return "a quote opens here and never closes";
  }
  if (s->text->data[*at] == s->dialect->quote && s->text->data[s->cursor] != s->dialect->quote) {
    return "a quote inside a field that does not begin with one";
  }
  return "text after the closing quote";
}

/* The parser stopped within a record whose unfinished field begins at the cursor. */
static wf_status on_broken(scan *s, size_t at, wf_error *err) {
  if (s->n_fields == 0) begin_record(s);
  skip_blanks(s);
  const char *why = diagnose(s, &at);
  return s->visitor->broken(s->visitor->context, s->begin, at, why, err);
}

wf_status wf_csv_scan(const wf_csv_text *text, size_t begin, const wf_csv_dialect *dialect,
                      const wf_csv_visitor *visitor, wf_error *err) {
  scan s = {.text = text,
            .dialect = dialect,
            .visitor = visitor,
            .err = err,
            .origin = begin,
            .cursor = begin};
  for (;;) {
    struct csv_parser parser;
    size_t at;
    WF_TRY(start_parser(&parser, dialect, err));
    int code = run_parser(&parser, &s, s.cursor, &at);
    csv_free(&parser);
    if (code == CSV_SUCCESS || s.stop) return s.status;
    if (code != CSV_EPARSE) return wf_fail_nomem(err);
    WF_TRY(on_broken(&s, at, err));
    s.cursor = wf_csv_text_line_end(text, s.begin);
    s.n_fields = 0;
  }
}
