/* read.c — from bytes to a frame: options, names, which fields become which columns, and which
 * reader takes the rows.
 *
 * libcsv's way is the reference. The parallel one is taken for text of some size when the options
 * ask for nothing special; it gives the same columns or declines. */
#include "wf/csv.h"

#include "base/alloc.h"
#include "base/suggest.h"
#include "csv/plan.h"
#include "csv/records.h"
#include "frame/utf8.h"

#include <stdio.h>
#include <string.h>

enum { WORTH_CUTTING = 1 << 16, BLOCK = 1 << 18 };

wf_csv_options wf_csv_options_default(void) {
  return (wf_csv_options){.delimiter = ',', .quote = '"', .header = true};
}

/* ---- options --------------------------------------------------------------------------------- */

static bool usable(char c) {
  return (unsigned char)c < 0x80 && c != '\0' && c != '\n' && c != '\r';
}

/* What cannot be told from the rest of a number. */
static bool odd_in_numbers(char c) {
  bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z', digit = c >= '0' && c <= '9';
  return c && (!usable(c) || letter || digit || c == '+' || c == '-');
}

static wf_status check_options(const wf_csv_options *options, wf_error *err) {
  if (!usable(options->delimiter)) {
    return wf_fail(err, WF_INVALID, "the delimiter must be one ASCII character, not a line end");
  }
  if (options->quote && !usable(options->quote)) {
    return wf_fail(err, WF_INVALID, "the quote must be one ASCII character, not a line end");
  }
  if (options->comment && !usable(options->comment)) {
    return wf_fail(err, WF_INVALID, "the comment mark must be one ASCII character, not a line end");
  }
  if (options->quote == options->delimiter) {
    return wf_fail(err, WF_INVALID, "delimiter and quote are both '%c'", options->quote);
  }
  if (options->comment &&
      (options->comment == options->delimiter || options->comment == options->quote)) {
    return wf_fail(err, WF_INVALID, "'%c' cannot mark comments: it is delimiter or quote",
                   options->comment);
  }
  if (odd_in_numbers(options->decimal) || odd_in_numbers(options->thousands) ||
      (options->thousands && options->thousands == (options->decimal ? options->decimal : '.'))) {
    return wf_fail(err, WF_INVALID,
                   "decimal point and separator of thousands must be two ASCII characters other "
                   "than digits, letters and signs");
  }
  return WF_OK;
}

/* ---- names ----------------------------------------------------------------------------------- */

static char *number_name(const char *stem, size_t number) {
  size_t size = strlen(stem) + 24;
  char *name = wf_alloc(size);
  if (name) snprintf(name, size, "%s_%zu", stem, number);
  return name;
}

/* Finds the first of "x_2", "x_3", … that is free. */
static wf_status rename_duplicate(wf_csv_plan *p, size_t index, wf_map *seen, wf_error *err) {
  for (size_t number = 2;; number++) {
    char *name = number_name(p->names[index], number);
    if (!name) return wf_fail_nomem(err);
    size_t at;
    bool added;
    wf_status status = wf_map_add(seen, wf_view_of(name), &at, &added, err);
    if (status == WF_OK && added) {
      wf_free(p->names[index]);
      p->names[index] = name;
      return WF_OK;
    }
    wf_free(name);
    if (status != WF_OK) return status;
  }
}

static wf_status check_names(wf_csv_plan *p, size_t offset, wf_map *seen, wf_error *err) {
  for (size_t i = 0; i < p->n_fields; i++) {
    size_t at, first = 0;
    bool added;
    WF_TRY(wf_map_add(seen, wf_view_of(p->names[i]), &at, &added, err));
    if (added) continue;
    if (p->options->rename_duplicates) {
      WF_TRY(rename_duplicate(p, i, seen, err));
      continue;
    }
    while (strcmp(p->names[first], p->names[i]) != 0) first++;
    return wf_csv_fail(err, WF_PARSE, p->text, offset, (int)i + 1,
                       "columns %zu and %zu are both named '%s' (rename_duplicates numbers them)",
                       first + 1, i + 1, p->names[i]);
  }
  return WF_OK;
}

static wf_status check_count(const wf_csv_plan *p, const wf_csv_header *header, wf_error *err) {
  const wf_csv_options *o = p->options;
  if (!o->names || o->n_names == header->n_fields) return WF_OK;
  return wf_csv_fail(err, WF_INVALID, p->text, header->begin, 0,
                     "%zu names are given and the first record has %zu field%s", o->n_names,
                     header->n_fields, header->n_fields == 1 ? "" : "s");
}

/* The field's name: given, or the first record's, or its number. */
static char *make_name(const wf_csv_options *o, const wf_csv_header *header, size_t i) {
  wf_view field = wf_csv_header_field(header, i);
  if (o->names) return wf_strdup(o->names[i]);
  if (o->header && field.size > 0) return wf_strndup(field.data, field.size);
  return number_name("column", i + 1);
}

static wf_status make_names(wf_csv_plan *p, const wf_csv_header *header, wf_error *err) {
  WF_TRY(check_count(p, header, err));
  p->names = wf_alloc_zero(header->n_fields, sizeof *p->names);
  if (!p->names) return wf_fail_nomem(err);
  p->n_fields = header->n_fields;
  for (size_t i = 0; i < p->n_fields; i++) {
    p->names[i] = make_name(p->options, header, i);
    if (!p->names[i]) return wf_fail_nomem(err);
  }
  wf_map *seen;
  WF_TRY(wf_map_new(&seen, err));
  wf_status status = check_names(p, header->begin, seen, err);
  wf_map_free(seen);
  return status;
}

static wf_status find_name(size_t *out, const wf_csv_plan *p, const char *name, wf_error *err) {
  for (size_t i = 0; i < p->n_fields; i++) {
    if (strcmp(p->names[i], name) != 0) continue;
    *out = i;
    return WF_OK;
  }
  const char *nearest = wf_suggest(name, p->names, p->n_fields, sizeof *p->names);
  if (nearest)
    wf_fail(err, WF_NOTFOUND, "there is no column '%s'; did you mean '%s'?", name, nearest);
  else
    wf_fail(err, WF_NOTFOUND, "there is no column '%s'", name);
  return p->text->path ? wf_fail_within(err, WF_NOTFOUND, "%s", p->text->path) : WF_NOTFOUND;
}

/* The field of the i-th column asked for. */
static wf_status find_wanted(size_t *out, const wf_csv_plan *p, size_t i, wf_error *err) {
  const wf_csv_options *o = p->options;
  if (o->columns[i]) return find_name(out, p, o->columns[i], err);
  size_t number = o->positions[i];
  if (number < 1 || number > p->n_fields) {
    wf_fail(err, WF_NOTFOUND, "there is no column %zu: there are %zu", number, p->n_fields);
    return p->text->path ? wf_fail_within(err, WF_NOTFOUND, "%s", p->text->path) : WF_NOTFOUND;
  }
  *out = number - 1;
  return WF_OK;
}

/* ---- columns --------------------------------------------------------------------------------- */

static wf_status choose_columns(wf_csv_plan *p, wf_error *err) {
  const wf_csv_options *options = p->options;
  p->n_columns = options->columns ? options->n_columns : p->n_fields;
  p->slots = wf_alloc_array(p->n_fields, sizeof *p->slots);
  p->sources = wf_alloc_array(p->n_columns, sizeof *p->sources);
  p->targets = wf_alloc_zero(p->n_columns, sizeof *p->targets);
  if (!p->slots || !p->sources || !p->targets) return wf_fail_nomem(err);
  for (size_t i = 0; i < p->n_fields; i++) p->slots[i] = SIZE_MAX;
  for (size_t i = 0; i < p->n_columns; i++) {
    size_t field = i;
    if (options->columns) WF_TRY(find_wanted(&field, p, i, err));
    if (p->slots[field] != SIZE_MAX) {
      return wf_fail(err, WF_INVALID, "column '%s' is asked for twice", p->names[field]);
    }
    p->slots[field] = i;
    p->sources[i] = field;
    p->targets[i].markers = &p->markers;
    p->targets[i].finite = options->finite_only;
    if (p->numerals.decimal != '.' || p->numerals.thousands) p->targets[i].numerals = &p->numerals;
  }
  return WF_OK;
}

/* The types of another frame's columns, as far as both have them. */
static void take_types(wf_csv_plan *p, const wf_frame *like) {
  for (size_t i = 0; i < p->n_columns; i++) {
    ptrdiff_t at = wf_frame_find(like, p->names[p->sources[i]]);
    const wf_column *column = at < 0 ? NULL : wf_frame_column_at(like, (size_t)at);
    if (!column || (column->n_rows > 0 && column->n_missing == column->n_rows)) continue;
    p->targets[i].type = column->type;
    p->targets[i].typed = p->targets[i].given = true;
  }
}

/* A type for a column that is not read is no error: one list of types serves many files. */
static wf_status give_types(wf_csv_plan *p, wf_error *err) {
  if (p->options->like) take_types(p, p->options->like);
  for (size_t i = 0; i < p->options->n_typed; i++) {
    size_t field = 0;
    WF_TRY(find_name(&field, p, p->options->typed[i], err));
    if (p->slots[field] == SIZE_MAX) continue;
    wf_csv_target *target = &p->targets[p->slots[field]];
    target->type = p->options->types[i];
    target->typed = target->given = true;
  }
  return WF_OK;
}

static void dispose_plan(wf_csv_plan *p) {
  for (size_t i = 0; p->names && i < p->n_fields; i++) wf_free(p->names[i]);
  wf_free(p->names);
  wf_free(p->slots);
  wf_free(p->sources);
  wf_free(p->targets);
}

/* ---- rows -------------------------------------------------------------------------------------
 */

static wf_status make_frame(wf_frame **out, const wf_csv_plan *p, wf_column **columns,
                            wf_error *err) {
  const char **names = wf_alloc_array(p->n_columns, sizeof *names);
  if (!names) return wf_fail_nomem(err);
  for (size_t i = 0; i < p->n_columns; i++) names[i] = p->names[p->sources[i]];
  wf_status status = wf_frame_new(out, names, columns, p->n_columns, err);
  wf_free(names);
  return status;
}

/* How to read, apart from the options. */
typedef struct manner {
  wf_csv_reader reader;
  size_t block; /* 0: as is usual */
} manner;

static bool can_cut(const wf_csv_options *options) {
  return !options->trim && options->max_rows == 0; /* regular text has no bad record */
}

/* The first `size` bytes of a text in its file, up to a line end; *good false: they cannot be had,
 * or are no text. Dispose of it. */
static wf_status load_head(wf_csv_text *out, bool *good, const wf_csv_text *text, size_t size,
                           wf_error *err) {
  char *data = wf_alloc(size);
  if (!data) return wf_fail_nomem(err);
  *out = (wf_csv_text){.path = text->path, .data = data, .owned = data};
  wf_status status = wf_csv_text_head(text, data, size, &out->size, err);
  if (status != WF_OK) {
    wf_csv_text_dispose(out);
    return status;
  }
  *good = true;
  while (*good && out->size && data[out->size - 1] != '\n') out->size--;
  *good = *good && wf_utf8_valid((wf_view){data, out->size}) && !memchr(data, '\0', out->size);
  return WF_OK;
}

/* The first rows of a large file from its first bytes. *done false: they are not enough, or hold an
 * error, and the whole text has the answer. */
static wf_status read_head(wf_column **columns, bool *done, const wf_csv_plan *p,
                           wf_csv_report *report, wf_error *err) {
  enum { FIRST = 1 << 20, TIMES = 8 };
  for (size_t size = FIRST; !*done && size < p->text->size / 2; size *= TIMES) {
    wf_csv_text head;
    wf_csv_plan q = *p;
    wf_csv_report met = {0};
    bool good = false;
    WF_TRY(load_head(&head, &good, p->text, size, err));
    q.text = &head;
    wf_status status = good ? wf_csv_read_records(columns, &q, &met, NULL) : WF_PARSE;
    *done = status == WF_OK && met.n_rows == p->options->max_rows;
    if (*done)
      *report = met;
    else
      wf_csv_report_dispose(&met);
    for (size_t i = 0; !*done && i < p->n_columns; i++) {
      wf_column_release(columns[i]);
      columns[i] = NULL;
    }
    wf_csv_text_dispose(&head);
    if (status == WF_NOMEM) return wf_fail_nomem(err);
  }
  return WF_OK;
}

static wf_status read_columns(wf_column **columns, const wf_csv_plan *p, const manner *how,
                              wf_csv_report *report, wf_error *err) {
  bool done = false;
  bool cut = how->reader == WF_CSV_BY_MASKS ||
             (how->reader == WF_CSV_AUTO && p->text->size >= WORTH_CUTTING);
  if (cut && can_cut(p->options)) {
    WF_TRY(wf_csv_read_blocks(columns, &done, p, how->block ? how->block : BLOCK, report, err));
  }
  if (p->text->in_file && p->options->max_rows > 0)
    WF_TRY(read_head(columns, &done, p, report, err));
  if (done) return WF_OK;
  if (how->reader == WF_CSV_BY_MASKS) return wf_fail(err, WF_UNSUPPORTED, "left to libcsv");
  WF_TRY(wf_csv_text_load(p->text, err));
  return wf_csv_read_records(columns, p, report, err);
}

static wf_status read_frame(wf_frame **out, const wf_csv_plan *p, const manner *how,
                            wf_csv_report *report, wf_error *err) {
  wf_column **columns = wf_alloc_zero(p->n_columns, sizeof *columns);
  if (!columns) return wf_fail_nomem(err);
  wf_status status = read_columns(columns, p, how, report, err);
  if (status == WF_OK) status = make_frame(out, p, columns, err);
  for (size_t i = 0; i < p->n_columns; i++) wf_column_release(columns[i]);
  wf_free(columns);
  return status;
}

static wf_status fail_empty(const wf_csv_text *text, wf_error *err) {
  const char *what = text->size == 0 ? "is empty" : "holds no record";
  if (text->path) return wf_fail(err, WF_PARSE, "%s: the file %s", text->path, what);
  return wf_fail(err, WF_PARSE, "the CSV text %s", what);
}

/* The first record of these first bytes of a text; *found false when they do not hold all of it, or
 * anything is odd. */
static wf_status find_header(wf_csv_header *out, bool *found, const wf_csv_text *head,
                             const wf_csv_options *options, wf_error *err) {
  wf_csv_header header;
  *found = false;
  size_t begin = wf_csv_text_skip(head, options->skip_lines);
  wf_status status = wf_csv_header_read(&header, head, begin, options, NULL);
  if (status == WF_NOMEM) return wf_fail_nomem(err);
  if (status != WF_OK) return WF_OK;
  *found = header.n_fields > 0 && header.next < head->size &&
           wf_utf8_valid((wf_view){head->data, header.next}) &&
           !memchr(head->data, '\0', header.next);
  if (*found)
    *out = header;
  else
    wf_csv_header_dispose(&header);
  return WF_OK;
}

/* The same of a text that is not in memory: when it is not found, the whole text has the answer. */
static wf_status peek_header(wf_csv_header *out, bool *found, const wf_csv_text *text,
                             const wf_csv_options *options, wf_error *err) {
  enum { ENOUGH = 1 << 16 };
  char *data = wf_alloc(ENOUGH);
  if (!data) return wf_fail_nomem(err);
  wf_csv_text head = {.data = data};
  wf_status status = wf_csv_text_head(text, data, ENOUGH, &head.size, err);
  if (status == WF_OK) status = find_header(out, found, &head, options, err);
  wf_free(data);
  return status;
}

static wf_status read_header(wf_csv_header *out, wf_csv_text *text, const wf_csv_options *options,
                             wf_error *err) {
  if (text->in_file) {
    bool found = false;
    WF_TRY(peek_header(out, &found, text, options, err));
    if (found) return WF_OK;
    WF_TRY(wf_csv_text_load(text, err));
  }
  size_t begin = wf_csv_text_skip(text, options->skip_lines);
  return wf_csv_header_read(out, text, begin, options, err);
}

static wf_status read_text(wf_frame **out, wf_csv_text *text, const wf_csv_options *options,
                           const manner *how, wf_csv_report *report, wf_error *err) {
  wf_csv_header header;
  WF_TRY(read_header(&header, text, options, err));
  wf_csv_plan p = {
      .text = text, .options = options, .begin = options->header ? header.next : header.begin};
  wf_csv_markers_init(&p.markers, options->missing, options->n_missing);
  p.numerals = (wf_csv_numerals){options->decimal ? options->decimal : '.', options->thousands};
  wf_csv_report met = {0};
  wf_status status = header.n_fields > 0 ? WF_OK : fail_empty(text, err);
  if (status == WF_OK) status = make_names(&p, &header, err);
  if (status == WF_OK) status = choose_columns(&p, err);
  if (status == WF_OK) status = give_types(&p, err);
  if (status == WF_OK) status = read_frame(out, &p, how, &met, err);
  if (status == WF_OK && report)
    *report = met;
  else
    wf_csv_report_dispose(&met);
  dispose_plan(&p);
  wf_csv_header_dispose(&header);
  return status;
}

void wf_csv_report_dispose(wf_csv_report *report) {
  wf_frame_release(report->rejected);
  *report = (wf_csv_report){0};
}

static wf_status read_path(wf_frame **out, const char *path, const wf_csv_options *options,
                           const manner *how, wf_csv_report *report, wf_error *err) {
  wf_csv_options defaults = wf_csv_options_default();
  if (!options) options = &defaults;
  WF_TRY(check_options(options, err));
  wf_csv_text text;
  WF_TRY(wf_csv_text_open(&text, path, how->reader == WF_CSV_BY_MASKS, err));
  wf_status status = read_text(out, &text, options, how, report, err);
  wf_csv_text_dispose(&text);
  return status;
}

wf_status wf_csv_read(wf_frame **out, const char *path, const wf_csv_options *options,
                      wf_csv_report *report, wf_error *err) {
  return read_path(out, path, options, &(manner){WF_CSV_AUTO, 0}, report, err);
}

wf_status wf_csv_read_by(wf_frame **out, const char *path, const wf_csv_options *options,
                         wf_csv_reader reader, size_t block, wf_error *err) {
  return read_path(out, path, options, &(manner){reader, block}, NULL, err);
}

static wf_status parse(wf_frame **out, wf_view bytes, const wf_csv_options *options,
                       const manner *how, wf_csv_report *report, wf_error *err) {
  wf_csv_options defaults = wf_csv_options_default();
  if (!options) options = &defaults;
  WF_TRY(check_options(options, err));
  wf_csv_text text;
  WF_TRY(wf_csv_text_of(&text, bytes.data, bytes.size, err));
  wf_status status = read_text(out, &text, options, how, report, err);
  wf_csv_text_dispose(&text);
  return status;
}

wf_status wf_csv_parse(wf_frame **out, const char *text, size_t size, const wf_csv_options *options,
                       wf_csv_report *report, wf_error *err) {
  return parse(out, (wf_view){text, size}, options, &(manner){WF_CSV_AUTO, 0}, report, err);
}

wf_status wf_csv_parse_by(wf_frame **out, wf_view text, const wf_csv_options *options,
                          wf_csv_reader reader, size_t block, wf_error *err) {
  return parse(out, text, options, &(manner){reader, block}, NULL, err);
}
