/* csv/records.h — all fields of a text, column by column, as libcsv reports them. */
#ifndef WF_CSV_RECORDS_H
#define WF_CSV_RECORDS_H

#include "base/array.h"
#include "csv/scan.h"
#include "wf/csv.h"

/* The fields of one column: their bytes one after the other and where each ends. */
typedef struct wf_csv_fields {
  wf_bytes bytes;
  WF_ARRAY(uint64_t) ends; /* end << 1 | quoted */
} wf_csv_fields;

/* A record that is left out. */
typedef struct wf_csv_reject {
  size_t begin, end; /* in the text */
  char *why;
} wf_csv_reject;

typedef struct wf_csv_records {
  size_t n_rows, n_slots;
  wf_csv_fields *slots;
  WF_ARRAY(size_t) begins; /* where each record begins in the text … */
  WF_ARRAY(size_t) ends;   /* … and ends; only kept when rows may be left out for their values */
  WF_ARRAY(wf_csv_reject) rejects;
} wf_csv_records;

/* How the fields of a record are kept: field i goes to slots[i], SIZE_MAX drops it. */
typedef struct wf_csv_layout {
  size_t n_fields, n_slots;
  const size_t *slots;
} wf_csv_layout;

/* Reads from byte `begin` on. Records of another number of fields, and broken ones, fail or are
 * counted in the report, as the options say. */
wf_status wf_csv_records_read(wf_csv_records *out, const wf_csv_text *text, size_t begin,
                              const wf_csv_layout *layout, const wf_csv_options *options,
                              wf_csv_report *report, wf_error *err);
void wf_csv_records_dispose(wf_csv_records *records);

/* Notes a record that is left out; takes a copy of `why`. */
wf_status wf_csv_records_reject(wf_csv_records *records, size_t begin, size_t end, const char *why,
                                wf_error *err);
/* Takes out the rows whose bit is set. */
void wf_csv_records_drop(wf_csv_records *records, const uint8_t *rows);
/* Counts what was left out, and makes a frame of it. */
wf_status wf_csv_records_report(wf_csv_report *report, wf_csv_records *records,
                                const wf_csv_text *text, wf_error *err);

/* Fields [begin, begin + n) of a slot. */
void wf_csv_records_fields(const wf_csv_records *records, size_t slot, size_t begin, size_t n,
                           wf_csv_field *out);

/* The first record at or after byte `begin`: its fields as names or just their number, where it
 * begins and where the second starts. */
typedef struct wf_csv_header {
  wf_csv_fields fields;
  size_t n_fields, begin, next;
} wf_csv_header;
wf_status wf_csv_header_read(wf_csv_header *out, const wf_csv_text *text, size_t begin,
                             const wf_csv_options *options, wf_error *err);
void wf_csv_header_dispose(wf_csv_header *header);
wf_view wf_csv_header_field(const wf_csv_header *header, size_t index);

wf_csv_dialect wf_csv_dialect_of(const wf_csv_options *options);

#endif
