/* fill.c — missing values made present, and one of two columns chosen row by row.
 *
 * Filling and choosing are both a take from columns put one below the other: concat finds the type
 * that holds all the values, so there is one rule for which types go together. Means and medians of
 * numbers need no such detour. */
#include "wf/transform.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/pool.h"
#include "frame/column.h"
#include "frame/keys.h"
#include "frame/summary.h"

#include <math.h>
#include <string.h>

static const char *const fill_names[] = {
#define FILL_NAME(name, text) text,
    WF_FILL_MAP(FILL_NAME)
#undef FILL_NAME
};

bool wf_fill_find(const char *name, wf_fill *out) {
  for (size_t i = 0; i < sizeof fill_names / sizeof *fill_names; i++) {
    if (strcmp(name, fill_names[i]) != 0) continue;
    *out = (wf_fill)i;
    return true;
  }
  return false;
}

/* Two columns one below the other. */
static wf_status stack(wf_column **out, const wf_column *a, const wf_column *b, wf_error *err) {
  static const char *const name[] = {"value"};
  wf_frame *parts[2] = {0}, *whole = NULL;
  wf_status status = wf_frame_new(&parts[0], name, &(wf_column *){(wf_column *)a}, 1, err);
  if (status == WF_OK) {
    status = wf_frame_new(&parts[1], name, &(wf_column *){(wf_column *)b}, 1, err);
  }
  if (status == WF_OK) {
    wf_error apart = WF_ERROR_INIT;
    status = wf_frame_concat(&whole, parts, 2, &apart);
    if (status == WF_TYPE)
      status = wf_fail(err, status, "a %s value does not go with a %s column",
                       wf_type_name(b->type), wf_type_name(a->type));
    else if (status != WF_OK)
      status = wf_fail(err, status, "%s", apart.message);
  }
  if (status == WF_OK) *out = wf_column_retain(wf_frame_column_at(whole, 0));
  wf_frame_release(parts[0]);
  wf_frame_release(parts[1]);
  wf_frame_release(whole);
  return status;
}

/* Gaps get the value of row `row` of `source`. */
static wf_status fill_from(wf_column **out, const wf_column *column, const wf_column *source,
                           size_t row, wf_error *err) {
  wf_column *all = NULL;
  size_t n = column->n_rows;
  size_t *rows = wf_alloc_filled(n, sizeof *rows);
  if (!rows) return wf_fail_nomem(err);
  wf_status status = stack(&all, column, source, err);
  for (size_t i = 0; i < n; i++) rows[i] = wf_column_present(column, i) ? i : n + row;
  if (status == WF_OK) status = wf_column_take(out, all, rows, n, err);
  wf_column_release(all);
  wf_free(rows);
  return status;
}

static wf_status fill_constant(wf_column **out, const wf_column *column, const wf_column *constant,
                               wf_error *err) {
  if (!constant || constant->n_rows != 1 || constant->n_missing) {
    return wf_fail(err, WF_INVALID, "there must be one value to fill with");
  }
  return fill_from(out, column, constant, 0, err);
}

typedef struct fill_job {
  const wf_column *column;
  double *values;
  double number; /* in place of the missing ones */
  bool gaps;
} fill_job;

/* `begin` is a multiple of 8; missing values are few. */
static wf_status fill_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                            wf_error *err) {
  fill_job *job = context;
  (void)index, (void)worker, (void)err;
  wf_column_load_f64(job->column, begin, end - begin, job->values + begin);
  for (size_t i = begin; job->gaps && i < end; i += 8) {
    for (unsigned gaps = wf_column_gaps(job->column, i, end); gaps; gaps &= gaps - 1) {
      job->values[i + (unsigned)__builtin_ctz(gaps)] = job->number;
    }
  }
  return WF_OK;
}

static wf_status fill_number(wf_column **out, const wf_column *column, wf_fill how, wf_error *err) {
  if (wf_type_is_text(column->type) || column->type == WF_TIMESTAMP) {
    return wf_fail(err, WF_TYPE, "there is no %s of a %s column", fill_names[how],
                   wf_type_name(column->type));
  }
  double number = NAN;
  if (column->n_missing < column->n_rows) {
    if (how == WF_FILL_MEDIAN) {
      WF_TRY(wf_column_quantile(&number, column, 0.5, err));
    } else {
      number = wf_column_mean(column);
    }
  }
  bool known = column->n_missing < column->n_rows;
  wf_column *filled;
  wf_buffer *validity = known ? NULL : wf_buffer_retain(column->validity);
  WF_TRY(wf_column_blank(&filled, WF_F64, column->n_rows, validity, known ? 0 : column->n_missing,
                         err));
  double *values = wf_column_memory(filled);
  fill_job job = {column, values, number, known && column->validity};
  enum { BLOCK = 1 << 18 };
  wf_status status = wf_parallel_for(column->n_rows, BLOCK, 0, fill_block, &job, err);
  if (status != WF_OK) {
    wf_column_release(filled);
    return status;
  }
  *out = filled;
  return WF_OK;
}

static wf_status fill_mode(wf_column **out, const wf_column *column, wf_error *err) {
  size_t n = column->n_rows, n_keys = 0, best = WF_NO_ROW;
  size_t *ids = wf_alloc_array(n, sizeof *ids), *counts = NULL;
  wf_status status = ids ? wf_keys_number(ids, &n_keys, &column, 1, err) : wf_fail_nomem(err);
  if (status == WF_OK && !(counts = wf_alloc_zero(n_keys, sizeof *counts))) {
    status = wf_fail_nomem(err);
  }
  for (size_t i = 0; status == WF_OK && i < n; i++) counts[ids[i]] += wf_column_present(column, i);
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    if (!wf_column_present(column, i)) continue;
    if (best == WF_NO_ROW || counts[ids[i]] > counts[ids[best]]) best = i;
  }
  wf_free(ids);
  wf_free(counts);
  if (status != WF_OK) return status;
  if (best == WF_NO_ROW) {
    *out = wf_column_retain((wf_column *)column);
    return WF_OK;
  }
  return fill_from(out, column, column, best, err);
}

static wf_status fill_neighbour(wf_column **out, const wf_column *column, bool forward,
                                wf_error *err) {
  size_t n = column->n_rows, last = WF_NO_ROW;
  size_t *rows = wf_alloc_array(n, sizeof *rows);
  if (!rows) return wf_fail_nomem(err);
  for (size_t k = 0; k < n; k++) {
    size_t i = forward ? k : n - 1 - k;
    if (wf_column_present(column, i)) last = i;
    rows[i] = last;
  }
  wf_status status = wf_column_take(out, column, rows, n, err);
  wf_free(rows);
  return status;
}

wf_status wf_column_fill(wf_column **out, const wf_column *column, wf_fill how,
                         const wf_column *constant, wf_error *err) {
  if (column->n_missing == 0 && how != WF_FILL_MEAN && how != WF_FILL_MEDIAN) {
    *out = wf_column_retain((wf_column *)column);
    return WF_OK;
  }
  switch (how) {
  case WF_FILL_CONSTANT: return fill_constant(out, column, constant, err);
  case WF_FILL_MEAN:
  case WF_FILL_MEDIAN: return fill_number(out, column, how, err);
  case WF_FILL_MODE: return fill_mode(out, column, err);
  case WF_FILL_FORWARD: return fill_neighbour(out, column, true, err);
  case WF_FILL_BACKWARD: return fill_neighbour(out, column, false, err);
  }
  return wf_fail(err, WF_INVALID, "unknown way to fill");
}

/* ---- choosing -------------------------------------------------------------------------------- */

wf_status wf_column_when(wf_column **out, const wf_column *mask, const wf_column *yes,
                         const wf_column *no, wf_error *err) {
  size_t n = mask->n_rows;
  if (mask->type != WF_BOOL) {
    return wf_fail(err, WF_TYPE, "when: the condition must be a bool column, not %s",
                   wf_type_name(mask->type));
  }
  if ((yes->n_rows != n && yes->n_rows != 1) || (no->n_rows != n && no->n_rows != 1)) {
    return wf_fail(err, WF_INVALID, "when: %zu and %zu rows to choose from for %zu conditions",
                   yes->n_rows, no->n_rows, n);
  }
  wf_column *all = NULL;
  size_t *rows = wf_alloc_array(n, sizeof *rows);
  if (!rows) return wf_fail_nomem(err);
  wf_status status = stack(&all, yes, no, err);
  for (size_t i = 0; i < n; i++) {
    if (!wf_column_present(mask, i))
      rows[i] = WF_NO_ROW;
    else if (wf_bit_get(mask->data->data, i))
      rows[i] = yes->n_rows == 1 ? 0 : i;
    else
      rows[i] = yes->n_rows + (no->n_rows == 1 ? 0 : i);
  }
  if (status == WF_OK) status = wf_column_take(out, all, rows, n, err);
  wf_column_release(all);
  wf_free(rows);
  return status;
}
