/* logic.c — three-valued logic on whole bytes of rows.
 *
 * A bool column's bits are 0 where it is missing, so with p for "present": true is v, false is p
 * and not v, and what is neither is missing. AND is false as soon as one side is, OR true as soon
 * as one side is, whatever the other may be. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "frame/column.h"

typedef struct truths {
  uint8_t yes, no; /* bits of rows known to be true, to be false */
} truths;

static wf_status check_bool(const wf_column *column, const char *what, wf_error *err) {
  if (column->type == WF_BOOL) return WF_OK;
  return wf_fail(err, WF_TYPE, "'%s' needs bool columns, not %s", what, wf_type_name(column->type));
}

/* Bits past the last row are cleared. */
static truths truths_at(const wf_column *column, size_t i) {
  size_t left = column->n_rows - i * 8;
  uint8_t inside = (uint8_t)(left >= 8 ? 0xff : (1 << left) - 1);
  uint8_t present = column->validity ? column->validity->data[i] : inside;
  uint8_t yes = column->data->data[i];
  return (truths){yes, (uint8_t)(present & ~yes)};
}

typedef truths combine_fn(truths a, truths b);

static truths both(truths a, truths b) { return (truths){a.yes & b.yes, a.no | b.no}; }

static truths either(truths a, truths b) { return (truths){a.yes | b.yes, a.no & b.no}; }

static truths opposite(truths a, truths b) {
  (void)b;
  return (truths){a.no, a.yes};
}

static wf_status combine(wf_column **out, const wf_column *a, const wf_column *b,
                         combine_fn *operation, wf_error *err) {
  size_t n = a->n_rows, size = wf_bitmap_size(n);
  wf_buffer *values = NULL, *validity = NULL;
  wf_status status = wf_buffer_new(&values, size, err);
  if (status == WF_OK) status = wf_buffer_new(&validity, size, err);
  if (status != WF_OK) {
    wf_buffer_release(values);
    return status;
  }
  for (size_t i = 0; i < size; i++) {
    truths result = operation(truths_at(a, i), truths_at(b, i));
    values->data[i] = result.yes;
    validity->data[i] = result.yes | result.no;
  }
  size_t n_missing = n - wf_bitmap_count(validity->data, n);
  return wf_column_make(out, WF_BOOL, n, n_missing, validity, values, NULL, NULL, err);
}

static wf_status combine_two(wf_column **out, const wf_column *a, const wf_column *b,
                             combine_fn *operation, const char *what, wf_error *err) {
  WF_TRY(check_bool(a, what, err));
  WF_TRY(check_bool(b, what, err));
  if (a->n_rows != b->n_rows) {
    return wf_fail(err, WF_INVALID, "'%s' of columns of %zu and %zu rows", what, a->n_rows,
                   b->n_rows);
  }
  return combine(out, a, b, operation, err);
}

wf_status wf_column_and(wf_column **out, const wf_column *a, const wf_column *b, wf_error *err) {
  return combine_two(out, a, b, both, "and", err);
}

wf_status wf_column_or(wf_column **out, const wf_column *a, const wf_column *b, wf_error *err) {
  return combine_two(out, a, b, either, "or", err);
}

wf_status wf_column_not(wf_column **out, const wf_column *a, wf_error *err) {
  WF_TRY(check_bool(a, "not", err));
  return combine(out, a, a, opposite, err);
}

wf_status wf_column_missing(wf_column **out, const wf_column *a, wf_error *err) {
  wf_column *mask = NULL;
  WF_TRY(wf_column_blank(&mask, WF_BOOL, a->n_rows, NULL, 0, err));
  for (size_t i = 0; a->validity && i < a->n_rows; i++) {
    if (!wf_bit_get(a->validity->data, i)) wf_bit_set(mask->data->data, i);
  }
  *out = mask;
  return WF_OK;
}
