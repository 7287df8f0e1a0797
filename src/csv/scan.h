/* csv/scan.h — the dialect: text to fields and records, by libcsv in strict mode.
 *
 * libcsv says what the fields are; beside it a cursor walks the text, so that every field's place
 * and whether it was quoted are known too. */
#ifndef WF_CSV_SCAN_H
#define WF_CSV_SCAN_H

#include "csv/text.h"

enum { WF_CSV_FRONT = 16 }; /* bytes that may be read before a field, where that is promised */

typedef struct wf_csv_dialect {
  char delimiter, quote; /* quote '\0': there are none, since text holds no NUL */
  char comment;          /* a line outside of quotes that begins with it is no record; '\0': none */
  bool trim; /* blanks (space, tab) around fields are dropped, as libcsv does on its own */
} wf_csv_dialect;

/* One field: bytes that live until the callback returns, and whether it was quoted. */
typedef struct wf_csv_field {
  const char *data;
  uint32_t size;
  bool quoted;
} wf_csv_field;

/* A record ends: it began at byte `begin`, the next starts at or after `next`. */
typedef struct wf_csv_record {
  size_t begin, next, n_fields;
} wf_csv_record;

typedef struct wf_csv_visitor {
  /* A failure stops the scan and is its result. */
  wf_status (*field)(void *context, size_t index, const wf_csv_field *field, wf_error *err);
  /* Setting *stop ends the scan well. */
  wf_status (*record)(void *context, const wf_csv_record *record, bool *stop, wf_error *err);
  /* The record that began at `begin` breaks the dialect at byte `at`: fields of it may have been
   * seen. WF_OK goes on with the line after the one it began on. */
  wf_status (*broken)(void *context, size_t begin, size_t at, const char *why, wf_error *err);
  void *context;
} wf_csv_visitor;

wf_status wf_csv_scan(const wf_csv_text *text, size_t begin, const wf_csv_dialect *dialect,
                      const wf_csv_visitor *visitor, wf_error *err);

#endif
