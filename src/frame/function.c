/* function.c — functions of one number, element by element.
 *
 * Outside its domain a function gives what IEEE 754 says (NaN, infinity): that is a value, not a
 * missing one. What keeps whole numbers whole (abs, ceil, floor, round, sign) gives integers of
 * integers, unless one does not fit: then the whole result is f64, as in arithmetic. */
#include "wf/transform.h"

#include "base/arithmetic.h"
#include "base/error.h"
#include "frame/column.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {
#define FUNCTION_NAME(name, text) text,
    WF_FUNCTION_MAP(FUNCTION_NAME)
#undef FUNCTION_NAME
};

bool wf_function_find(const char *name, wf_function *out) {
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(name, names[i]) != 0) continue;
    *out = (wf_function)i;
    return true;
  }
  return false;
}

static double apply(wf_function function, double x, double scale) {
  switch (function) {
  case WF_FUNCTION_ABS: return fabs(x);
  case WF_FUNCTION_CEIL: return ceil(x);
  case WF_FUNCTION_COS: return cos(x);
  case WF_FUNCTION_EXP: return exp(x);
  case WF_FUNCTION_FLOOR: return floor(x);
  case WF_FUNCTION_LOG: return log(x);
  case WF_FUNCTION_LOG1P: return log1p(x);
  case WF_FUNCTION_ROUND: return wf_round_scaled(x, scale);
  case WF_FUNCTION_SIGN: return isnan(x) ? x : (double)((x > 0) - (x < 0));
  case WF_FUNCTION_SIN: return sin(x);
  case WF_FUNCTION_SQRT: return sqrt(x);
  }
  return (double)NAN;
}

/* false where the result is no 64-bit integer. */
static bool apply_whole(wf_function function, int64_t x, int64_t *out) {
  *out = x;
  if (function == WF_FUNCTION_SIGN) *out = (x > 0) - (x < 0);
  if (function == WF_FUNCTION_ABS && x < 0) return !__builtin_sub_overflow(0, x, out);
  return true;
}

static bool keeps_whole(wf_function function, int digits) {
  switch (function) {
  case WF_FUNCTION_ABS:
  case WF_FUNCTION_CEIL:
  case WF_FUNCTION_FLOOR:
  case WF_FUNCTION_SIGN: return true;
  case WF_FUNCTION_ROUND: return digits >= 0;
  default: return false;
  }
}

/* Integers into the words of `to`; false when one does not fit. */
static bool compute_whole(wf_column *to, const wf_column *column, wf_function function) {
  int64_t *out = wf_column_memory(to);
  wf_column_load_i64(column, 0, column->n_rows, out);
  for (size_t i = 0; i < column->n_rows; i++) {
    if (!apply_whole(function, out[i], &out[i])) return false;
  }
  return true;
}

static void compute(wf_column *to, const wf_column *column, wf_function function, double scale) {
  double *out = wf_column_memory(to);
  wf_column_load_f64(column, 0, column->n_rows, out);
  for (size_t i = 0; i < column->n_rows; i++) {
    out[i] = wf_column_present(column, i) ? apply(function, out[i], scale) : 0;
  }
}

wf_status wf_column_function(wf_column **out, const wf_column *column, wf_function function,
                             int digits, wf_error *err) {
  if (wf_type_is_text(column->type) || column->type == WF_TIMESTAMP) {
    return wf_fail(err, WF_TYPE, "there is no %s of a %s column", names[function],
                   wf_type_name(column->type));
  }
  if (digits < -300 || digits > 300) {
    return wf_fail(err, WF_INVALID, "round: %d digits; there are -300 to 300", digits);
  }
  wf_column *to;
  WF_TRY(wf_column_blank(&to, WF_F64, column->n_rows, wf_buffer_retain(column->validity),
                         column->n_missing, err));
  if (wf_type_is_integer(column->type) && keeps_whole(function, digits) &&
      compute_whole(to, column, function))
    to->type = WF_I64; /* of the same width */
  else
    compute(to, column, function, pow(10, digits));
  *out = to;
  return WF_OK;
}
