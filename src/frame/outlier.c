/* outlier.c — values far from the others: two fences, and whether each value is inside. */
#include "wf/transform.h"

#include "base/error.h"
#include "frame/column.h"

#include <math.h>

static wf_status find_fences(double *low, double *high, const wf_column *column, wf_outlier how,
                             double k, wf_error *err) {
  wf_summary s;
  WF_TRY(wf_column_summarise(&s, column, err));
  if (how == WF_OUTLIER_IQR) {
    *low = s.q25 - k * (s.q75 - s.q25);
    *high = s.q75 + k * (s.q75 - s.q25);
  } else {
    *low = s.mean - k * s.std;
    *high = s.mean + k * s.std;
  }
  return WF_OK;
}

wf_status wf_column_outliers(wf_column **out, const wf_column *column, wf_outlier how, double k,
                             wf_error *err) {
  if (wf_type_is_text(column->type)) {
    return wf_fail(err, WF_TYPE, "outliers: the column is %s, not a number",
                   wf_type_name(column->type));
  }
  if (!(k >= 0) || isinf(k)) {
    return wf_fail(err, WF_INVALID, "outliers: the factor is %g; it must not be below 0", k);
  }
  double low = 0, high = 0;
  WF_TRY(find_fences(&low, &high, column, how, k, err));
  wf_column *mask;
  WF_TRY(wf_column_blank(&mask, WF_BOOL, column->n_rows, wf_buffer_retain(column->validity),
                         column->n_missing, err));
  uint8_t *bits = wf_column_memory(mask);
  for (size_t i = 0; i < column->n_rows; i++) {
    double value;
    wf_column_load_f64(column, i, 1, &value);
    /* where there are no fences (one value, or NaN among them) nothing is outside */
    if (wf_column_present(column, i) && (value < low || value > high)) wf_bit_set(bits, i);
  }
  *out = mask;
  return WF_OK;
}
