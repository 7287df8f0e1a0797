/* records.c — collecting what the scan reports.
 *
 * Fields go straight into their columns' arenas; a record that turns out to be ragged or broken is
 * taken back by cutting every arena to where it was. So no record is ever copied twice and there is
 * no allocation per field. */
#include "csv/records.h"

#include "frame/rejects.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
  wf_csv_records *records;
  const wf_csv_layout *layout;
  const wf_csv_text *text;
  const wf_csv_options *options;
  wf_csv_report *report;
} reader;

wf_csv_dialect wf_csv_dialect_of(const wf_csv_options *options) {
  return (wf_csv_dialect){options->delimiter, options->quote, options->comment, options->trim};
}

static wf_status add_field(wf_csv_fields *fields, const wf_csv_field *field, wf_error *err) {
  wf_bytes_add(&fields->bytes, field->data, field->size);
  uint64_t end = (uint64_t)fields->bytes.size << 1 | field->quoted;
  if (fields->bytes.failed || !wf_array_push(&fields->ends, end)) return wf_fail_nomem(err);
  return WF_OK;
}

static void cut_fields(wf_csv_fields *fields, size_t n) {
  if (fields->ends.count <= n) return;
  fields->ends.count = n;
  fields->bytes.size = n ? (size_t)(fields->ends.items[n - 1] >> 1) : 0;
}

static void dispose_fields(wf_csv_fields *fields) {
  wf_bytes_dispose(&fields->bytes);
  wf_free(fields->ends.items);
}

static wf_status on_field(void *context, size_t index, const wf_csv_field *field, wf_error *err) {
  reader *r = context;
  if (index >= r->layout->n_fields || r->layout->slots[index] == SIZE_MAX) return WF_OK;
  return add_field(&r->records->slots[r->layout->slots[index]], field, err);
}

static wf_status skip_record(reader *r, size_t begin, size_t end, const char *why, wf_error *err) {
  for (size_t i = 0; i < r->records->n_slots; i++) {
    cut_fields(&r->records->slots[i], r->records->n_rows);
  }
  return wf_csv_records_reject(r->records, begin, end, why, err);
}

/* A record with too few fields gets missing ones, as the markers say what missing is; fields that
 * were too many have not been kept. */
static wf_status fill_record(reader *r, wf_error *err) {
  const wf_csv_options *o = r->options;
  const char *marker = o->missing && o->n_missing ? o->missing[0] : "";
  wf_csv_field field = {marker, (uint32_t)strlen(marker), false};
  for (size_t i = 0; i < r->records->n_slots; i++) {
    if (r->records->slots[i].ends.count > r->records->n_rows) continue;
    WF_TRY(add_field(&r->records->slots[i], &field, err));
  }
  r->report->n_repaired++;
  return WF_OK;
}

static wf_status on_ragged(reader *r, const wf_csv_record *record, wf_error *err) {
  if (r->options->bad_row == WF_CSV_NULL) return fill_record(r, err);
  size_t wanted = r->layout->n_fields;
  size_t odd = record->n_fields < wanted ? record->n_fields : wanted;
  char why[96];
  snprintf(why, sizeof why, "%zu field%s where the %s has %zu", record->n_fields,
           record->n_fields == 1 ? "" : "s", r->options->header ? "header" : "first record",
           wanted);
  if (r->options->bad_row == WF_CSV_SKIP)
    return skip_record(r, record->begin, record->next, why, err);
  return wf_csv_fail(err, WF_PARSE, r->text, record->begin, (int)odd + 1, "%s", why);
}

static wf_status on_record(void *context, const wf_csv_record *record, bool *stop, wf_error *err) {
  reader *r = context;
  if (record->n_fields != r->layout->n_fields) {
    WF_TRY(on_ragged(r, record, err));
    if (r->options->bad_row != WF_CSV_NULL) return WF_OK;
  }
  if (!wf_array_push(&r->records->begins, record->begin)) return wf_fail_nomem(err);
  bool may_go = r->options->bad_row == WF_CSV_SKIP && (r->options->n_typed > 0 || r->options->like);
  if (may_go && !wf_array_push(&r->records->ends, record->next)) return wf_fail_nomem(err);
  r->records->n_rows++;
  *stop = r->options->max_rows > 0 && r->records->n_rows == r->options->max_rows;
  return WF_OK;
}

static wf_status on_broken(void *context, size_t begin, size_t at, const char *why, wf_error *err) {
  reader *r = context;
  if (r->options->bad_row != WF_CSV_RAISE)
    return skip_record(r, begin, wf_csv_text_line_end(r->text, begin), why, err);
  wf_csv_place place = wf_csv_text_place(r->text, at);
  return wf_csv_fail(err, WF_PARSE, r->text, at, place.byte, "byte %d: %s", place.byte, why);
}

wf_status wf_csv_records_read(wf_csv_records *out, const wf_csv_text *text, size_t begin,
                              const wf_csv_layout *layout, const wf_csv_options *options,
                              wf_csv_report *report, wf_error *err) {
  wf_csv_records records = {.n_slots = layout->n_slots};
  records.slots = wf_alloc_zero(layout->n_slots, sizeof *records.slots);
  if (!records.slots) return wf_fail_nomem(err);
  reader r = {&records, layout, text, options, report};
  wf_csv_dialect dialect = wf_csv_dialect_of(options);
  wf_csv_visitor visitor = {on_field, on_record, on_broken, &r};
  wf_status status = wf_csv_scan(text, begin, &dialect, &visitor, err);
  if (status == WF_OK)
    *out = records;
  else
    wf_csv_records_dispose(&records);
  return status;
}

void wf_csv_records_dispose(wf_csv_records *records) {
  for (size_t i = 0; i < records->n_slots; i++) dispose_fields(&records->slots[i]);
  wf_free(records->slots);
  wf_free(records->begins.items);
  wf_free(records->ends.items);
  for (size_t i = 0; i < records->rejects.count; i++) wf_free(records->rejects.items[i].why);
  wf_free(records->rejects.items);
  *records = (wf_csv_records){0};
}

void wf_csv_records_fields(const wf_csv_records *records, size_t slot, size_t begin, size_t n,
                           wf_csv_field *out) {
  const wf_csv_fields *fields = &records->slots[slot];
  assert(begin + n <= fields->ends.count);
  const char *data = fields->bytes.data;
  size_t at = begin ? (size_t)(fields->ends.items[begin - 1] >> 1) : 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t packed = fields->ends.items[begin + i];
    size_t end = (size_t)(packed >> 1);
    out[i] = (wf_csv_field){data + at, (uint32_t)(end - at), packed & 1};
    at = end;
  }
}

/* ---- records left out -------------------------------------------------------------------------
 */

wf_status wf_csv_records_reject(wf_csv_records *records, size_t begin, size_t end, const char *why,
                                wf_error *err) {
  wf_csv_reject reject = {begin, end, wf_strdup(why)};
  if (reject.why && wf_array_push(&records->rejects, reject)) return WF_OK;
  wf_free(reject.why);
  return wf_fail_nomem(err);
}

static void drop_fields(wf_csv_fields *fields, size_t n, const uint8_t *rows) {
  size_t kept = 0, to = 0, from = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t packed = fields->ends.items[i];
    size_t end = (size_t)(packed >> 1), size = end - from;
    if (!wf_bit_get(rows, i)) {
      if (size) memmove(fields->bytes.data + to, fields->bytes.data + from, size);
      to += size;
      fields->ends.items[kept++] = (uint64_t)to << 1 | (packed & 1);
    }
    from = end;
  }
  fields->ends.count = kept;
  fields->bytes.size = to;
}

void wf_csv_records_drop(wf_csv_records *records, const uint8_t *rows) {
  size_t kept = 0;
  for (size_t i = 0; i < records->n_slots; i++)
    drop_fields(&records->slots[i], records->n_rows, rows);
  for (size_t i = 0; i < records->n_rows; i++) {
    if (!wf_bit_get(rows, i)) records->begins.items[kept++] = records->begins.items[i];
  }
  records->begins.count = records->n_rows = kept;
  records->ends.count = 0; /* nothing more is left out */
}

static int by_place(const void *a, const void *b) {
  const wf_csv_reject *x = a, *y = b;
  return (x->begin > y->begin) - (x->begin < y->begin);
}

static wf_status add_reject(wf_rejects *to, const wf_csv_reject *reject, const wf_csv_text *text,
                            size_t line, wf_error *err) {
  wf_view record = {text->data + reject->begin, reject->end - reject->begin};
  while (record.size && strchr("\r\n", record.data[record.size - 1])) record.size--;
  return wf_rejects_add(to, line, reject->why, record, err);
}

static wf_status add_rejects(wf_rejects *to, wf_csv_report *report, const wf_csv_records *records,
                             const wf_csv_text *text, wf_error *err) {
  size_t line = 1, counted = 0;
  for (size_t i = 0; i < records->rejects.count; i++) {
    const wf_csv_reject *reject = &records->rejects.items[i];
    line += wf_csv_text_lines(text, counted, reject->begin);
    counted = reject->begin;
    if (i == 0) report->first_skipped_line = line;
    WF_TRY(add_reject(to, reject, text, line, err));
  }
  return WF_OK;
}

wf_status wf_csv_records_report(wf_csv_report *report, wf_csv_records *records,
                                const wf_csv_text *text, wf_error *err) {
  size_t n = records->rejects.count;
  report->n_skipped = n;
  if (n == 0) return WF_OK;
  qsort(records->rejects.items, n, sizeof *records->rejects.items, by_place);
  wf_rejects to;
  wf_status status = wf_rejects_init(&to, false, err);
  if (status == WF_OK) status = add_rejects(&to, report, records, text, err);
  if (status == WF_OK) status = wf_rejects_finish(&report->rejected, &to, err);
  wf_rejects_dispose(&to);
  return status;
}

/* ---- the first record ------------------------------------------------------------------------ */

typedef struct header_reader {
  wf_csv_header *header;
  const wf_csv_text *text;
} header_reader;

static wf_status on_name(void *context, size_t index, const wf_csv_field *field, wf_error *err) {
  header_reader *r = context;
  (void)index;
  return add_field(&r->header->fields, field, err);
}

static wf_status on_first(void *context, const wf_csv_record *record, bool *stop, wf_error *err) {
  header_reader *r = context;
  (void)err;
  r->header->begin = record->begin;
  r->header->next = record->next;
  r->header->n_fields = record->n_fields;
  *stop = true;
  return WF_OK;
}

static wf_status on_broken_first(void *context, size_t begin, size_t at, const char *why,
                                 wf_error *err) {
  header_reader *r = context;
  (void)begin;
  wf_csv_place place = wf_csv_text_place(r->text, at);
  return wf_csv_fail(err, WF_PARSE, r->text, at, place.byte, "byte %d: %s", place.byte, why);
}

wf_status wf_csv_header_read(wf_csv_header *out, const wf_csv_text *text, size_t begin,
                             const wf_csv_options *options, wf_error *err) {
  wf_csv_header header = {0};
  header_reader r = {&header, text};
  wf_csv_dialect dialect = wf_csv_dialect_of(options);
  wf_csv_visitor visitor = {on_name, on_first, on_broken_first, &r};
  wf_status status = wf_csv_scan(text, begin, &dialect, &visitor, err);
  if (status == WF_OK)
    *out = header;
  else
    dispose_fields(&header.fields);
  return status;
}

void wf_csv_header_dispose(wf_csv_header *header) { dispose_fields(&header->fields); }

wf_view wf_csv_header_field(const wf_csv_header *header, size_t index) {
  const uint64_t *ends = header->fields.ends.items;
  size_t begin = index ? (size_t)(ends[index - 1] >> 1) : 0;
  return (wf_view){header->fields.bytes.data + begin, (size_t)(ends[index] >> 1) - begin};
}
