/* convert.c — from libcsv's records to columns, each on its own and several at a time.
 *
 * A column is tried with the type guessed so far and once more with the right one when a field did
 * not fit. What it becomes depends on the set of its values only, never on their order, on other
 * columns or on the number of threads. */
#include "csv/plan.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "csv/gather.h"
#include "csv/records.h"
#include "csv/reject.h"
#include "frame/value.h"

#include <stdatomic.h>

enum { BATCH = 1024, WORTH_A_THREAD = 1 << 15 };

typedef struct conversion {
  const wf_csv_plan *plan;
  const wf_csv_records *records;
  wf_column **columns;
  atomic_size_t n_repaired;
} conversion;

bool wf_csv_next_target(wf_csv_target *target, unsigned kinds, bool blank_text, size_t n_rows) {
  if (kinds == 0 && target->typed) return false;
  if (!wf_csv_type_of(kinds, &target->type)) {
    target->type = blank_text || n_rows == 0 ? WF_STRING : WF_F64;
  }
  target->typed = true;
  return true;
}

static bool worth_a_dictionary(size_t n_distinct, size_t n_present) {
  return n_distinct <= WF_CSV_MAX_CATEGORIES && n_distinct * 2 <= n_present;
}

/* Whether some first rows already have more distinct texts than a dictionary may: texts that set as
 * many bits of a bitmap by their hashes are at least as many. */
static bool surely_varies(const wf_column *column) {
  enum { LOG_BITS = 19 };
  static const size_t n_bytes = (size_t)1 << (LOG_BITS - 3);
  size_t n_rows = column->n_rows, n_set = 0;
  size_t enough = (n_rows - column->n_missing) / 2;
  if (enough > WF_CSV_MAX_CATEGORIES) enough = WF_CSV_MAX_CATEGORIES;
  uint8_t *bits = wf_alloc_zero(n_bytes, 1);
  if (!bits) return false; /* not known: nothing is lost but time */
  for (size_t i = 0; i < n_rows && n_set <= enough; i++) {
    wf_view text = wf_column_view(column, i);
    size_t bit = (size_t)(wf_hash_bytes(text.data, text.size, 0) >> (64 - LOG_BITS));
    if (!wf_column_present(column, i)) continue;
    n_set += !wf_bit_get(bits, bit);
    wf_bit_set(bits, bit);
  }
  wf_free(bits);
  return n_set > enough;
}

/* Whether a string column has few enough distinct values; looks no further than it must. */
static wf_status repeats_itself(bool *out, const wf_column *column, wf_error *err) {
  size_t n_present = column->n_rows - column->n_missing;
  wf_map *seen = NULL;
  *out = false;
  if (surely_varies(column)) return WF_OK;
  WF_TRY(wf_map_new(&seen, err));
  wf_status status = WF_OK;
  for (size_t i = 0; i < column->n_rows && status == WF_OK; i++) {
    if (!worth_a_dictionary(wf_map_count(seen), n_present)) break;
    size_t index;
    if (wf_column_present(column, i)) {
      status = wf_map_add(seen, wf_column_view(column, i), &index, NULL, err);
    }
  }
  *out = worth_a_dictionary(wf_map_count(seen), n_present);
  wf_map_free(seen);
  return status;
}

wf_status wf_csv_settle_text(wf_column **column, const wf_csv_target *target, wf_error *err) {
  wf_type type = (*column)->type;
  bool repeats = false;
  if (target->given || (type != WF_CATEGORY && !target->doubtful)) return WF_OK;
  if (type == WF_CATEGORY) {
    repeats =
        worth_a_dictionary((*column)->dictionary->n_rows, (*column)->n_rows - (*column)->n_missing);
  } else {
    WF_TRY(repeats_itself(&repeats, *column, err));
  }
  wf_type better = repeats ? WF_CATEGORY : WF_STRING;
  if (better == type) return WF_OK;
  wf_column *settled = NULL;
  WF_TRY(wf_column_cast(&settled, *column, better, err));
  wf_column_release(*column);
  *column = settled;
  return WF_OK;
}

static wf_status fill_sink(wf_csv_sink *sink, const wf_csv_records *records, size_t slot,
                           wf_error *err) {
  wf_csv_field fields[BATCH];
  for (size_t row = 0; row < records->n_rows; row += BATCH) {
    size_t n = records->n_rows - row < BATCH ? records->n_rows - row : BATCH;
    wf_csv_records_fields(records, slot, row, n, fields);
    WF_TRY(wf_csv_sink_add(sink, fields, n, err));
    if (sink->target->given && sink->misfit) return WF_OK;
  }
  return WF_OK;
}

static wf_status fail_misfit(const conversion *c, size_t slot, size_t row, wf_error *err) {
  const wf_csv_plan *p = c->plan;
  wf_csv_field field;
  wf_csv_records_fields(c->records, slot, row, 1, &field);
  char complaint[WF_VALUE_COMPLAINT];
  wf_value_complain(complaint, (wf_view){field.data, field.size}, p->targets[slot].type);
  size_t source = p->sources[slot];
  return wf_csv_fail(err, WF_TYPE, p->text, c->records->begins.items[row], (int)source + 1,
                     "column '%s': %s", p->names[source], complaint);
}

static wf_status finish(wf_column **out, wf_csv_gather *gather, const wf_csv_sink *sink,
                        wf_error *err) {
  wf_csv_gather_missing(gather, sink);
  if (sink->target->type == WF_STRING) {
    WF_TRY(wf_csv_gather_text(gather, &sink->text, 0, sink->n, err));
  }
  return wf_csv_gather_finish(out, gather, sink->target, sink->n, sink->codes, 1, 1,
                              &(wf_csv_owner){0}, 1, err);
}

/* One attempt with the target's type: a column, or *again with a better target. */
static wf_status try_target(conversion *c, size_t slot, wf_csv_target *target, wf_csv_sink *sink,
                            wf_csv_gather *gather, bool *again, wf_column **out, wf_error *err) {
  size_t n_rows = c->records->n_rows;
  if (target->typed && target->type == WF_CATEGORY) WF_TRY(wf_csv_codes_init(sink->codes, err));
  void *values = wf_csv_gather_place(gather, target, 0);
  WF_TRY(wf_csv_sink_begin(sink, 0, n_rows, values, err));
  WF_TRY(fill_sink(sink, c->records, slot, err));
  if (target->given && sink->misfit) return fail_misfit(c, slot, sink->misfit_row, err);
  *again = wf_csv_next_target(target, sink->kinds, sink->blank_text, n_rows);
  return *again ? WF_OK : finish(out, gather, sink, err);
}

static wf_status attempt(conversion *c, size_t slot, wf_csv_target *target, bool *again,
                         wf_column **out, wf_error *err) {
  wf_csv_gather gather;
  wf_csv_codes codes = {0};
  wf_csv_sink sink = {.target = target, .codes = &codes};
  size_t hint = c->records->slots[slot].bytes.size;
  size_t n_rows = c->records->n_rows;
  WF_TRY(wf_csv_gather_init(&gather, target, n_rows, n_rows, hint, err));
  wf_status status = try_target(c, slot, target, &sink, &gather, again, out, err);
  atomic_fetch_add(&c->n_repaired, sink.n_repaired);
  wf_csv_gather_dispose(&gather);
  wf_csv_sink_dispose(&sink);
  wf_csv_codes_dispose(&codes);
  return status;
}

static wf_status convert_columns(void *context, size_t index, size_t begin, size_t end,
                                 size_t worker, wf_error *err) {
  conversion *c = context;
  (void)index, (void)worker;
  for (size_t slot = begin; slot < end; slot++) {
    wf_csv_target target = c->plan->targets[slot];
    target.lenient = target.given && c->plan->options->bad_row == WF_CSV_NULL;
    for (bool again = true; again;) {
      WF_TRY(attempt(c, slot, &target, &again, &c->columns[slot], err));
    }
    WF_TRY(wf_csv_settle_text(&c->columns[slot], &target, err));
  }
  return WF_OK;
}

wf_status wf_csv_read_records(wf_column **columns, const wf_csv_plan *plan, wf_csv_report *report,
                              wf_error *err) {
  wf_csv_layout layout = {plan->n_fields, plan->n_columns, plan->slots};
  wf_csv_records records;
  WF_TRY(
      wf_csv_records_read(&records, plan->text, plan->begin, &layout, plan->options, report, err));
  wf_status status = wf_csv_reject_misfits(&records, plan, err);
  if (status == WF_OK) status = wf_csv_records_report(report, &records, plan->text, err);
  report->n_rows = records.n_rows;
  conversion c = {.plan = plan, .records = &records, .columns = columns};
  atomic_init(&c.n_repaired, 0);
  size_t n_threads = records.n_rows * plan->n_columns < WORTH_A_THREAD ? 1 : 0;
  if (status == WF_OK)
    status = wf_parallel_for(plan->n_columns, 1, n_threads, convert_columns, &c, err);
  report->n_repaired += atomic_load(&c.n_repaired);
  for (size_t i = 0; status != WF_OK && i < plan->n_columns; i++) {
    wf_column_release(columns[i]);
    columns[i] = NULL;
  }
  wf_csv_records_dispose(&records);
  return status;
}
