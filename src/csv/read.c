/* read.c — from bytes to a frame: options, names, which fields become which columns, conversion.
 *
 * Every column is converted on its own (several at a time), guessing its type and starting again
 * with the right one when a field does not fit. What a column becomes depends on the set of its
 * values only, never on their order, on other columns or on the number of threads. */
#include "wf/csv.h"

#include "base/alloc.h"
#include "base/number.h"
#include "base/pool.h"
#include "csv/records.h"
#include "csv/sink.h"
#include "frame/value.h"

#include <stdio.h>
#include <string.h>

enum { BATCH = 1024, WORTH_A_THREAD = 1 << 15 };

typedef struct plan {
  const wf_csv_text *text;
  const wf_csv_options *options;
  wf_csv_markers markers;
  char **names; /* of all fields */
  size_t n_fields;
  size_t *slots;   /* by field: its column, SIZE_MAX for none */
  size_t *sources; /* by column: its field */
  wf_csv_target *targets;
  size_t n_columns;
} plan;

wf_csv_options wf_csv_options_default(void) {
  return (wf_csv_options){.delimiter = ',', .quote = '"', .header = true};
}

/* ---- options --------------------------------------------------------------------------------- */

static bool usable(char c) {
  return (unsigned char)c < 0x80 && c != '\0' && c != '\n' && c != '\r';
}

static wf_status check_options(const wf_csv_options *options, wf_error *err) {
  if (!usable(options->delimiter)) {
    return wf_fail(err, WF_INVALID, "the delimiter must be one ASCII character, not a line end");
  }
  if (!usable(options->quote)) {
    return wf_fail(err, WF_INVALID, "the quote must be one ASCII character, not a line end");
  }
  if (options->quote == options->delimiter) {
    return wf_fail(err, WF_INVALID, "delimiter and quote are both '%c'", options->quote);
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
static wf_status rename_duplicate(plan *p, size_t index, wf_map *seen, wf_error *err) {
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

static wf_status check_names(plan *p, size_t offset, wf_map *seen, wf_error *err) {
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

static wf_status make_names(plan *p, const wf_csv_header *header, wf_error *err) {
  p->names = wf_alloc_zero(header->n_fields, sizeof *p->names);
  if (!p->names) return wf_fail_nomem(err);
  p->n_fields = header->n_fields;
  for (size_t i = 0; i < p->n_fields; i++) {
    wf_view field = wf_csv_header_field(header, i);
    bool named = p->options->header && field.size > 0;
    p->names[i] = named ? wf_strndup(field.data, field.size) : number_name("column", i + 1);
    if (!p->names[i]) return wf_fail_nomem(err);
  }
  wf_map *seen;
  WF_TRY(wf_map_new(&seen, err));
  wf_status status = check_names(p, header->begin, seen, err);
  wf_map_free(seen);
  return status;
}

static wf_status find_name(size_t *out, const plan *p, const char *name, wf_error *err) {
  for (size_t i = 0; i < p->n_fields; i++) {
    if (strcmp(p->names[i], name) != 0) continue;
    *out = i;
    return WF_OK;
  }
  if (p->text->path) {
    return wf_fail(err, WF_NOTFOUND, "%s: there is no column '%s'", p->text->path, name);
  }
  return wf_fail(err, WF_NOTFOUND, "there is no column '%s'", name);
}

/* ---- columns --------------------------------------------------------------------------------- */

static wf_status choose_columns(plan *p, wf_error *err) {
  const wf_csv_options *options = p->options;
  p->n_columns = options->columns ? options->n_columns : p->n_fields;
  p->slots = wf_alloc_array(p->n_fields, sizeof *p->slots);
  p->sources = wf_alloc_array(p->n_columns, sizeof *p->sources);
  p->targets = wf_alloc_zero(p->n_columns, sizeof *p->targets);
  if (!p->slots || !p->sources || !p->targets) return wf_fail_nomem(err);
  for (size_t i = 0; i < p->n_fields; i++) p->slots[i] = SIZE_MAX;
  for (size_t i = 0; i < p->n_columns; i++) {
    size_t field = i;
    if (options->columns) WF_TRY(find_name(&field, p, options->columns[i], err));
    if (p->slots[field] != SIZE_MAX) {
      return wf_fail(err, WF_INVALID, "column '%s' is asked for twice", p->names[field]);
    }
    p->slots[field] = i;
    p->sources[i] = field;
    p->targets[i].markers = &p->markers;
  }
  return WF_OK;
}

/* A type for a column that is not read is no error: one list of types serves many files. */
static wf_status give_types(plan *p, wf_error *err) {
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

static void dispose_plan(plan *p) {
  for (size_t i = 0; p->names && i < p->n_fields; i++) wf_free(p->names[i]);
  wf_free(p->names);
  wf_free(p->slots);
  wf_free(p->sources);
  wf_free(p->targets);
}

/* ---- conversion ------------------------------------------------------------------------------ */

typedef struct conversion {
  const plan *plan;
  const wf_csv_records *records;
  wf_column **columns;
} conversion;

static wf_status fill_sink(wf_csv_sink *sink, const wf_csv_records *records, size_t slot,
                           wf_error *err) {
  wf_csv_field fields[BATCH];
  for (size_t row = 0; row < records->n_rows; row += BATCH) {
    size_t n = records->n_rows - row < BATCH ? records->n_rows - row : BATCH;
    wf_csv_records_fields(records, slot, row, n, fields);
    WF_TRY(wf_csv_sink_add(sink, fields, n, err));
    if (sink->target->given && sink->misfit != SIZE_MAX) return WF_OK;
  }
  return WF_OK;
}

static wf_status fail_misfit(const conversion *c, size_t slot, size_t row, wf_error *err) {
  const plan *p = c->plan;
  wf_csv_field field;
  wf_csv_records_fields(c->records, slot, row, 1, &field);
  char complaint[WF_VALUE_COMPLAINT];
  wf_value_complain(complaint, (wf_view){field.data, field.size}, p->targets[slot].type);
  size_t source = p->sources[slot];
  return wf_csv_fail(err, WF_TYPE, p->text, c->records->begins.items[row], (int)source + 1,
                     "column '%s': %s", p->names[source], complaint);
}

/* The type to try next; false when the sink holds the column. */
static bool next_target(wf_csv_target *target, const wf_csv_sink *sink) {
  if (sink->misfit == SIZE_MAX && target->typed) return false;
  if (sink->misfit != SIZE_MAX)
    wf_csv_type_of(sink->kinds, &target->type);
  else
    target->type = sink->blank_text || sink->n == 0 ? WF_STRING : WF_F64;
  target->typed = true;
  return true;
}

/* A category must be worth its dictionary. */
static wf_status settle_text(wf_column **column, const wf_csv_target *target, wf_error *err) {
  if (target->given || (*column)->type != WF_CATEGORY) return WF_OK;
  size_t distinct = (*column)->dictionary->n_rows;
  size_t n_present = (*column)->n_rows - (*column)->n_missing;
  if (distinct <= WF_CSV_MAX_CATEGORIES && distinct * 2 <= n_present) return WF_OK;
  wf_column *string;
  WF_TRY(wf_column_cast(&string, *column, WF_STRING, err));
  wf_column_release(*column);
  *column = string;
  return WF_OK;
}

/* One attempt with the target's type: a column, or *again with a better target. */
static wf_status attempt(const conversion *c, size_t slot, wf_csv_target *target, bool *again,
                         wf_column **out, wf_error *err) {
  wf_buffer *values;
  wf_csv_sink sink;
  size_t n_rows = c->records->n_rows;
  WF_TRY(wf_buffer_new(&values, n_rows * wf_csv_sink_width(target), err));
  wf_status status = wf_csv_sink_init(&sink, target, n_rows, values->data, err);
  if (status != WF_OK) {
    wf_buffer_release(values);
    return status;
  }
  status = fill_sink(&sink, c->records, slot, err);
  if (status == WF_OK && target->given && sink.misfit != SIZE_MAX) {
    status = fail_misfit(c, slot, sink.misfit, err);
  }
  *again = status == WF_OK && next_target(target, &sink);
  if (status == WF_OK && !*again)
    status = wf_csv_sinks_finish(out, &sink, 1, target, values, err);
  else
    wf_buffer_release(values);
  wf_csv_sink_dispose(&sink);
  return status;
}

static wf_status convert_columns(void *context, size_t index, size_t begin, size_t end,
                                 size_t worker, wf_error *err) {
  conversion *c = context;
  (void)index, (void)worker;
  for (size_t slot = begin; slot < end; slot++) {
    wf_csv_target target = c->plan->targets[slot];
    for (bool again = true; again;) {
      WF_TRY(attempt(c, slot, &target, &again, &c->columns[slot], err));
    }
    WF_TRY(settle_text(&c->columns[slot], &target, err));
  }
  return WF_OK;
}

static wf_status make_frame(wf_frame **out, const plan *p, wf_column **columns, wf_error *err) {
  const char **names = wf_alloc_array(p->n_columns, sizeof *names);
  if (!names) return wf_fail_nomem(err);
  for (size_t i = 0; i < p->n_columns; i++) names[i] = p->names[p->sources[i]];
  wf_status status = wf_frame_new(out, names, columns, p->n_columns, err);
  wf_free(names);
  return status;
}

static wf_status read_records(wf_frame **out, const plan *p, size_t begin, wf_csv_report *report,
                              wf_error *err) {
  wf_csv_layout layout = {p->n_fields, p->n_columns, p->slots};
  wf_csv_records records;
  WF_TRY(wf_csv_records_read(&records, p->text, begin, &layout, p->options, report, err));
  report->n_rows = records.n_rows;
  wf_column **columns = wf_alloc_zero(p->n_columns, sizeof *columns);
  wf_status status = columns ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) {
    conversion c = {p, &records, columns};
    size_t n_threads = records.n_rows * p->n_columns < WORTH_A_THREAD ? 1 : 0;
    status = wf_parallel_for(p->n_columns, 1, n_threads, convert_columns, &c, err);
  }
  if (status == WF_OK) status = make_frame(out, p, columns, err);
  for (size_t i = 0; columns && i < p->n_columns; i++) wf_column_release(columns[i]);
  wf_free(columns);
  wf_csv_records_dispose(&records);
  return status;
}

static wf_status fail_empty(const wf_csv_text *text, wf_error *err) {
  const char *what = text->size == 0 ? "is empty" : "holds no record";
  if (text->path) return wf_fail(err, WF_PARSE, "%s: the file %s", text->path, what);
  return wf_fail(err, WF_PARSE, "the CSV text %s", what);
}

static wf_status read_text(wf_frame **out, const wf_csv_text *text, const wf_csv_options *options,
                           wf_csv_report *report, wf_error *err) {
  wf_csv_header header;
  WF_TRY(wf_csv_header_read(&header, text, options, err));
  plan p = {.text = text, .options = options};
  wf_csv_markers_init(&p.markers, options->missing, options->n_missing);
  wf_csv_report met = {0};
  wf_status status = header.n_fields > 0 ? WF_OK : fail_empty(text, err);
  if (status == WF_OK) status = make_names(&p, &header, err);
  if (status == WF_OK) status = choose_columns(&p, err);
  if (status == WF_OK) status = give_types(&p, err);
  if (status == WF_OK) {
    status = read_records(out, &p, options->header ? header.next : 0, &met, err);
  }
  if (status == WF_OK && report) *report = met;
  dispose_plan(&p);
  wf_csv_header_dispose(&header);
  return status;
}

wf_status wf_csv_read(wf_frame **out, const char *path, const wf_csv_options *options,
                      wf_csv_report *report, wf_error *err) {
  wf_csv_options defaults = wf_csv_options_default();
  if (!options) options = &defaults;
  WF_TRY(check_options(options, err));
  wf_csv_text text;
  WF_TRY(wf_csv_text_read(&text, path, err));
  wf_status status = read_text(out, &text, options, report, err);
  wf_csv_text_dispose(&text);
  return status;
}

wf_status wf_csv_parse(wf_frame **out, const char *bytes, size_t size,
                       const wf_csv_options *options, wf_csv_report *report, wf_error *err) {
  wf_csv_options defaults = wf_csv_options_default();
  if (!options) options = &defaults;
  WF_TRY(check_options(options, err));
  wf_csv_text text;
  WF_TRY(wf_csv_text_of(&text, bytes, size, err));
  wf_status status = read_text(out, &text, options, report, err);
  wf_csv_text_dispose(&text);
  return status;
}
