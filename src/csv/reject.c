/* reject.c — which rows hold values that do not fit.
 *
 * Columns of given types are converted for nothing, a batch at a time, and the rows where that
 * fails are taken out before any column is made: types of the other columns are inferred as if
 * those rows were not there. */
#include "csv/reject.h"

#include "base/alloc.h"
#include "frame/value.h"

#include <stdio.h>

enum { BATCH = 1024 };

typedef struct search {
  wf_csv_records *records;
  const wf_csv_plan *plan;
  uint8_t *rows; /* bits of those found */
  size_t n;
} search;

static wf_status note(search *s, size_t slot, size_t row, wf_error *err) {
  if (wf_bit_get(s->rows, row)) return WF_OK;
  wf_bit_set(s->rows, row);
  s->n++;
  wf_csv_field field;
  wf_csv_records_fields(s->records, slot, row, 1, &field);
  char complaint[WF_VALUE_COMPLAINT], why[WF_VALUE_COMPLAINT + 128];
  wf_value_complain(complaint, (wf_view){field.data, field.size}, s->plan->targets[slot].type);
  snprintf(why, sizeof why, "column '%.100s': %s", s->plan->names[s->plan->sources[slot]],
           complaint);
  return wf_csv_records_reject(s->records, s->records->begins.items[row],
                               s->records->ends.items[row], why, err);
}

/* Rows [begin, begin + n): after a misfit the rest is tried anew. */
static wf_status search_batch(search *s, size_t slot, wf_csv_sink *sink, size_t begin, size_t n,
                              wf_error *err) {
  int64_t values[BATCH];
  wf_csv_field fields[BATCH];
  wf_csv_records_fields(s->records, slot, begin, n, fields);
  for (size_t i = 0; i < n;) {
    sink->misfit = false;
    WF_TRY(wf_csv_sink_begin(sink, begin + i, n - i, values, err));
    WF_TRY(wf_csv_sink_add(sink, fields + i, n - i, err));
    if (!sink->misfit) return WF_OK;
    WF_TRY(note(s, slot, sink->misfit_row, err));
    i = sink->misfit_row - begin + 1;
  }
  return WF_OK;
}

static wf_status search_column(search *s, size_t slot, wf_error *err) {
  wf_csv_sink sink = {.target = &s->plan->targets[slot]};
  size_t n_rows = s->records->n_rows;
  wf_status status = WF_OK;
  for (size_t row = 0; row < n_rows && status == WF_OK; row += BATCH) {
    size_t n = n_rows - row < BATCH ? n_rows - row : BATCH;
    status = search_batch(s, slot, &sink, row, n, err);
  }
  wf_csv_sink_dispose(&sink);
  return status;
}

wf_status wf_csv_reject_misfits(wf_csv_records *records, const wf_csv_plan *plan, wf_error *err) {
  if (plan->options->bad_row != WF_CSV_SKIP) return WF_OK;
  search s = {.records = records, .plan = plan};
  s.rows = wf_alloc_zero(wf_bitmap_size(records->n_rows), 1);
  wf_status status = s.rows ? WF_OK : wf_fail_nomem(err);
  for (size_t slot = 0; slot < plan->n_columns && status == WF_OK; slot++) {
    const wf_csv_target *target = &plan->targets[slot];
    if (target->given && !wf_type_is_text(target->type)) status = search_column(&s, slot, err);
  }
  if (status == WF_OK && s.n > 0) wf_csv_records_drop(records, s.rows);
  wf_free(s.rows);
  return status;
}
