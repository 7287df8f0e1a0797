/* summary.c — what a column looks like: counts, moments, quantiles, frequent values.
 *
 * Sums are compensated (Neumaier 1974), so a mean is right to the last bits however long the column
 * and whatever the order of its values. Quantiles are quantile.c's. A NaN is a value: it makes mean
 * and deviation NaN and counts as the largest of all. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "frame/builder.h"
#include "frame/column.h"
#include "frame/distinct.h"
#include "frame/keys.h"
#include "frame/order.h"
#include "frame/quantile.h"
#include "frame/summary.h"

#include <math.h>

#define NONE ((double)NAN)

enum { BLOCK = 512 };

/* The present ones of rows [begin, begin + n), n <= BLOCK, as numbers; how many. */
static size_t load_present(double out[BLOCK], const wf_column *column, size_t begin, size_t n) {
  wf_column_load_f64(column, begin, n, out);
  if (!column->validity) return n;
  size_t k = 0;
  for (size_t i = 0; i < n; i++) {
    out[k] = out[i];
    k += wf_column_present(column, begin + i);
  }
  return k;
}

static double sum_of(const wf_column *column) {
  double values[BLOCK], sum = 0, lost = 0;
  for (size_t begin = 0; begin < column->n_rows; begin += BLOCK) {
    size_t n = load_present(values, column, begin, wf_column_rows_from(column, begin, BLOCK));
    for (size_t i = 0; i < n; i++) {
      double next = sum + values[i];
      lost += fabs(sum) >= fabs(values[i]) ? (sum - next) + values[i] : (values[i] - next) + sum;
      sum = next;
    }
  }
  return isfinite(lost) ? sum + lost : sum;
}

double wf_column_mean(const wf_column *column) {
  size_t n = column->n_rows - column->n_missing;
  return n ? sum_of(column) / (double)n : NONE;
}

static double squares_of(const wf_column *column, double mean) {
  double values[BLOCK], sum = 0;
  for (size_t begin = 0; begin < column->n_rows; begin += BLOCK) {
    size_t n = load_present(values, column, begin, wf_column_rows_from(column, begin, BLOCK));
    for (size_t i = 0; i < n; i++) sum += (values[i] - mean) * (values[i] - mean);
  }
  return sum;
}

wf_status wf_column_quantile(double *out, const wf_column *column, double q, wf_error *err) {
  if (wf_type_is_text(column->type)) {
    return wf_fail(err, WF_TYPE, "a %s column has no quantiles", wf_type_name(column->type));
  }
  if (!(q >= 0 && q <= 1)) return wf_fail(err, WF_INVALID, "quantile %g is not within 0 to 1", q);
  if (column->n_missing == column->n_rows) {
    return wf_fail(err, WF_INVALID, "no values to take a quantile of");
  }
  double value = 0;
  WF_TRY(wf_column_quantiles(&value, column, &q, 1, err));
  *out = value;
  return WF_OK;
}

/* ---- summary --------------------------------------------------------------------------------- */

static wf_status summarise_values(wf_summary *summary, const wf_column *column, wf_error *err) {
  static const double shares[] = {0, 0.25, 0.5, 0.75, 1};
  double quantiles[5] = {0};
  WF_TRY(wf_column_quantiles(quantiles, column, shares, 5, err));
  summary->min = quantiles[0];
  summary->q25 = quantiles[1];
  summary->median = quantiles[2];
  summary->q75 = quantiles[3];
  summary->max = quantiles[4];
  summary->mean = wf_column_mean(column);
  if (summary->count > 1) {
    summary->std = sqrt(squares_of(column, summary->mean) / (double)(summary->count - 1));
  }
  return WF_OK;
}

wf_status wf_column_summarise(wf_summary *out, const wf_column *column, wf_error *err) {
  wf_summary summary = {.count = column->n_rows - column->n_missing,
                        .missing = column->n_missing,
                        .mean = NONE,
                        .std = NONE,
                        .min = NONE,
                        .max = NONE,
                        .q25 = NONE,
                        .median = NONE,
                        .q75 = NONE};
  WF_TRY(wf_column_distinct(&summary.distinct, column, err));
  if (!wf_type_is_text(column->type) && summary.count > 0) {
    WF_TRY(summarise_values(&summary, column, err));
  }
  *out = summary;
  return WF_OK;
}

/* ---- value counts ---------------------------------------------------------------------------- */

typedef struct tally {
  size_t n, n_rows;
  size_t *firsts; /* the first row of each value */
  size_t *counts;
  size_t *ranking; /* values, the most frequent first */
} tally;

static void dispose_tally(tally *t) {
  wf_free(t->firsts);
  wf_free(t->counts);
  wf_free(t->ranking);
}

static wf_status count_values(tally *t, const wf_column *column, wf_error *err) {
  size_t *ids = wf_alloc_filled(column->n_rows, sizeof *ids);
  if (!ids) return wf_fail_nomem(err);
  t->n_rows = column->n_rows;
  wf_status status = wf_keys_number(ids, &t->n, &column, 1, err);
  t->firsts = wf_alloc_zero(t->n, sizeof *t->firsts);
  t->counts = wf_alloc_zero(t->n, sizeof *t->counts);
  t->ranking = wf_alloc_array(t->n, sizeof *t->ranking);
  if (status == WF_OK && (!t->firsts || !t->counts || !t->ranking)) status = wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < t->n_rows; i++) {
    if (t->counts[ids[i]]++ == 0) t->firsts[ids[i]] = i;
  }
  wf_free(ids);
  return status;
}

static wf_status rank_values(tally *t, wf_error *err) {
  uint64_t *orders = wf_alloc_array(t->n, sizeof *orders);
  if (!orders) return wf_fail_nomem(err);
  for (size_t k = 0; k < t->n; k++) {
    t->ranking[k] = k;
    orders[k] = ~(uint64_t)t->counts[k];
  }
  wf_status status = wf_sort_rows(t->ranking, t->n, orders, err);
  wf_free(orders);
  return status;
}

static wf_status tally_columns(wf_column *columns[3], const tally *t, const wf_column *column,
                               wf_error *err) {
  size_t *rows = wf_alloc_array(t->n, sizeof *rows);
  if (!rows) return wf_fail_nomem(err);
  for (size_t k = 0; k < t->n; k++) rows[k] = t->firsts[t->ranking[k]];
  wf_status status = wf_column_take(&columns[0], column, rows, t->n, err);
  wf_free(rows);
  WF_TRY(status);
  WF_TRY(wf_column_blank(&columns[1], WF_I64, t->n, NULL, 0, err));
  WF_TRY(wf_column_blank(&columns[2], WF_F64, t->n, NULL, 0, err));
  int64_t *counts = wf_column_memory(columns[1]);
  double *shares = wf_column_memory(columns[2]);
  for (size_t k = 0; k < t->n; k++) {
    size_t count = t->counts[t->ranking[k]];
    counts[k] = (int64_t)count;
    shares[k] = (double)count / (double)t->n_rows;
  }
  return WF_OK;
}

wf_status wf_column_value_counts(wf_frame **out, const wf_column *column, wf_error *err) {
  static const char *const names[] = {"value", "count", "share"};
  tally t = {0};
  wf_column *columns[3] = {0};
  wf_status status = count_values(&t, column, err);
  if (status == WF_OK) status = rank_values(&t, err);
  if (status == WF_OK) status = tally_columns(columns, &t, column, err);
  if (status == WF_OK) status = wf_frame_new(out, names, columns, 3, err);
  for (size_t i = 0; i < 3; i++) wf_column_release(columns[i]);
  dispose_tally(&t);
  return status;
}

/* ---- describe -------------------------------------------------------------------------------- */

typedef struct describe_job {
  const wf_frame *frame;
  wf_summary *summaries;
} describe_job;

static wf_status summarise_block(void *context, size_t index, size_t begin, size_t end,
                                 size_t worker, wf_error *err) {
  describe_job *job = context;
  (void)index, (void)worker;
  for (size_t i = begin; i < end; i++) {
    WF_TRY(wf_column_summarise(&job->summaries[i], wf_frame_column_at(job->frame, i), err));
  }
  return WF_OK;
}

static wf_status texts_column(wf_column **out, const wf_frame *frame, bool types, wf_error *err) {
  size_t n = wf_frame_column_count(frame);
  const char **texts = wf_alloc_array(n, sizeof *texts);
  if (!texts) return wf_fail_nomem(err);
  for (size_t i = 0; i < n; i++) {
    texts[i] =
        types ? wf_type_name(wf_frame_column_at(frame, i)->type) : wf_frame_name_at(frame, i);
  }
  wf_status status = wf_column_from_strings(out, texts, n, err);
  wf_free(texts);
  return status;
}

/* One field of all summaries. */
static wf_status counts_column(wf_column **out, const wf_summary *summaries, size_t n,
                               size_t offset, wf_error *err) {
  WF_TRY(wf_column_blank(out, WF_I64, n, NULL, 0, err));
  int64_t *values = wf_column_memory(*out);
  for (size_t i = 0; i < n; i++) {
    values[i] = (int64_t) * (const size_t *)(const void *)((const char *)&summaries[i] + offset);
  }
  return WF_OK;
}

/* Missing where the column is text or empty. */
static wf_status numbers_column(wf_column **out, const wf_frame *frame, const wf_summary *summaries,
                                size_t offset, wf_error *err) {
  wf_builder *builder = NULL;
  WF_TRY(wf_builder_new(&builder, WF_F64, err));
  wf_status status = WF_OK;
  bool deviation = offset == offsetof(wf_summary, std);
  for (size_t i = 0; status == WF_OK && i < wf_frame_column_count(frame); i++) {
    bool none = wf_type_is_text(wf_frame_column_at(frame, i)->type) ||
                summaries[i].count < (deviation ? 2 : 1);
    double value = *(const double *)(const void *)((const char *)&summaries[i] + offset);
    status = none ? wf_builder_add_missing(builder, err) : wf_builder_add_f64(builder, value, err);
  }
  if (status == WF_OK) return wf_builder_finish(builder, out, err);
  wf_builder_free(builder);
  return status;
}

wf_status wf_frame_describe(wf_frame **out, const wf_frame *frame, wf_error *err) {
  static const char *const names[] = {"column", "type", "count", "missing", "distinct", "mean",
                                      "std",    "min",  "q25",   "median",  "q75",      "max"};
  static const size_t offsets[] = {
      0,
      0,
      offsetof(wf_summary, count),
      offsetof(wf_summary, missing),
      offsetof(wf_summary, distinct),
      offsetof(wf_summary, mean),
      offsetof(wf_summary, std),
      offsetof(wf_summary, min),
      offsetof(wf_summary, q25),
      offsetof(wf_summary, median),
      offsetof(wf_summary, q75),
      offsetof(wf_summary, max),
  };
  enum { N = sizeof names / sizeof *names, FIRST_COUNT = 2, FIRST_NUMBER = 5 };
  size_t n = wf_frame_column_count(frame);
  wf_summary *summaries = wf_alloc_zero(n, sizeof *summaries);
  if (!summaries) return wf_fail_nomem(err);
  describe_job job = {frame, summaries};
  size_t n_threads = wf_frame_row_count(frame) * n < (1 << 16) ? 1 : 0;
  wf_status status = wf_parallel_for(n, 1, n_threads, summarise_block, &job, err);
  wf_column *columns[N] = {0};
  for (size_t i = 0; status == WF_OK && i < N; i++) {
    if (i < FIRST_COUNT)
      status = texts_column(&columns[i], frame, i == 1, err);
    else if (i < FIRST_NUMBER)
      status = counts_column(&columns[i], summaries, n, offsets[i], err);
    else
      status = numbers_column(&columns[i], frame, summaries, offsets[i], err);
  }
  if (status == WF_OK) status = wf_frame_new(out, names, columns, N, err);
  for (size_t i = 0; i < N; i++) wf_column_release(columns[i]);
  wf_free(summaries);
  return status;
}
