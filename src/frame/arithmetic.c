/* arithmetic.c — element by element + - * / and % // ^.
 *
 * Two integer sides give integers as long as every element fits; the first that does not turns the
 * whole result into f64, computed from the operands as doubles; so does a zero behind % or //.
 * Division and powers are always f64, and by zero they give what IEEE 754 says. A number on one
 * side is an operand that repeats. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "frame/column.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 512 };

/* A column, or a number for every row. */
typedef struct operand {
  const wf_column *column;
  double number;
  int64_t integer; /* the number, when `whole` */
  bool whole;      /* all values are integers */
} operand;

static operand column_operand(const wf_column *column) {
  return (operand){.column = column, .whole = wf_type_is_integer(column->type)};
}

static operand number_operand(double value) {
  operand o = {.number = value};
  /* beyond 2^53 a number may stand for another integer than was meant */
  o.whole = fabs(value) <= 0x1p53 && value == trunc(value);
  if (o.whole) o.integer = (int64_t)value;
  return o;
}

static void load_f64(const operand *o, size_t begin, size_t n, double *out) {
  if (o->column) {
    wf_column_load_f64(o->column, begin, n, out);
    return;
  }
  for (size_t i = 0; i < n; i++) out[i] = o->number;
}

static void load_i64(const operand *o, size_t begin, size_t n, int64_t *out) {
  if (o->column) {
    wf_column_load_i64(o->column, begin, n, out);
    return;
  }
  for (size_t i = 0; i < n; i++) out[i] = o->integer;
}

/* With the sign of the divisor, as in Lua. */
static double modulo_f64(double a, double b) {
  double rest = fmod(a, b);
  return rest * b < 0 ? rest + b : rest;
}

static double apply_f64(wf_arithmetic op, double a, double b) {
  switch (op) {
  case WF_ADD: return a + b;
  case WF_SUB: return a - b;
  case WF_MUL: return a * b;
  case WF_DIV: return a / b;
  case WF_MOD: return modulo_f64(a, b);
  case WF_FLOOR_DIV: return floor(a / b);
  case WF_POW: return pow(a, b);
  }
  return (double)NAN;
}

static bool divide_i64(bool rest, int64_t a, int64_t b, int64_t *out) {
  if (b == 0 || (b == -1 && a == INT64_MIN)) return false;
  int64_t left = a % b;
  bool down = left != 0 && (left ^ b) < 0;
  *out = rest ? (down ? left + b : left) : a / b - down;
  return true;
}

static bool apply_i64(wf_arithmetic op, int64_t a, int64_t b, int64_t *out) {
  switch (op) {
  case WF_ADD: return !__builtin_add_overflow(a, b, out);
  case WF_SUB: return !__builtin_sub_overflow(a, b, out);
  case WF_MUL: return !__builtin_mul_overflow(a, b, out);
  case WF_MOD: return divide_i64(true, a, b, out);
  case WF_FLOOR_DIV: return divide_i64(false, a, b, out);
  case WF_DIV:
  case WF_POW: break;
  }
  return false;
}

static void zero_missing(wf_column *column) {
  uint64_t *words = wf_column_memory(column);
  for (size_t i = 0; column->validity && i < column->n_rows; i++) {
    if (!wf_bit_get(column->validity->data, i)) words[i] = 0;
  }
}

static void compute_f64(wf_column *to, const operand *a, wf_arithmetic op, const operand *b) {
  double left[BLOCK], right[BLOCK], *out = wf_column_memory(to);
  for (size_t begin = 0; begin < to->n_rows; begin += BLOCK) {
    size_t n = to->n_rows - begin < BLOCK ? to->n_rows - begin : BLOCK;
    load_f64(a, begin, n, left);
    load_f64(b, begin, n, right);
    for (size_t i = 0; i < n; i++) out[begin + i] = apply_f64(op, left[i], right[i]);
  }
}

/* false when some element does not fit; what missing rows hold does not matter. */
static bool compute_i64(wf_column *to, const operand *a, wf_arithmetic op, const operand *b) {
  int64_t left[BLOCK], right[BLOCK], *out = wf_column_memory(to);
  bool fits = true;
  for (size_t begin = 0; fits && begin < to->n_rows; begin += BLOCK) {
    size_t n = to->n_rows - begin < BLOCK ? to->n_rows - begin : BLOCK;
    load_i64(a, begin, n, left);
    load_i64(b, begin, n, right);
    for (size_t i = 0; i < n; i++) {
      fits &=
          apply_i64(op, left[i], right[i], &out[begin + i]) || !wf_column_present(to, begin + i);
    }
  }
  return fits;
}

static wf_status compute(wf_column **out, const operand *a, wf_arithmetic op, const operand *b,
                         wf_error *err) {
  const wf_column *first = a->column ? a->column : b->column;
  const wf_column *second = a->column && b->column ? b->column : NULL;
  wf_buffer *validity = NULL;
  wf_column *to = NULL;
  size_t n_missing;
  WF_TRY(wf_validity_both(&validity, &n_missing, first, second, err));
  WF_TRY(wf_column_blank(&to, WF_F64, first->n_rows, validity, n_missing, err));
  if (a->whole && b->whole && op != WF_DIV && op != WF_POW && compute_i64(to, a, op, b))
    to->type = WF_I64; /* of the same width */
  else
    compute_f64(to, a, op, b);
  zero_missing(to);
  *out = to;
  return WF_OK;
}

static wf_status check_number(const wf_column *column, wf_error *err) {
  if (!wf_type_is_text(column->type)) return WF_OK;
  return wf_fail(err, WF_TYPE, "cannot calculate with a %s column", wf_type_name(column->type));
}

wf_status wf_column_arithmetic(wf_column **out, const wf_column *a, wf_arithmetic op,
                               const wf_column *b, wf_error *err) {
  WF_TRY(check_number(a, err));
  WF_TRY(check_number(b, err));
  if (a->n_rows != b->n_rows) {
    return wf_fail(err, WF_INVALID, "cannot calculate with columns of %zu and %zu rows", a->n_rows,
                   b->n_rows);
  }
  operand left = column_operand(a), right = column_operand(b);
  return compute(out, &left, op, &right, err);
}

wf_status wf_column_arithmetic_number(wf_column **out, const wf_column *a, wf_arithmetic op,
                                      double value, bool reversed, wf_error *err) {
  WF_TRY(check_number(a, err));
  operand column = column_operand(a), number = number_operand(value);
  if (reversed) return compute(out, &number, op, &column, err);
  return compute(out, &column, op, &number, err);
}
