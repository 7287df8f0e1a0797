/* arithmetic.c — element by element + - * / and % // ^.
 *
 * Two integer sides give integers as long as every element fits; the first that does not turns the
 * whole result into f64, computed from the operands as doubles; so does a zero behind % or //.
 * Division and powers are always f64, and by zero they give what IEEE 754 says. A number on one
 * side is an operand that repeats. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "base/arithmetic.h"
#include "base/pool.h"
#include "frame/column.h"

#include <math.h>
#include <stdatomic.h>
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

/* Values of rows [begin, begin + n): the column's own where it has them as doubles, else in `room`,
 * which holds a number already. */
static const double *load_f64(const operand *o, size_t begin, size_t n, double room[BLOCK]) {
  if (!o->column) return room;
  if (o->column->type == WF_F64) return wf_column_f64(o->column) + begin;
  wf_column_load_f64(o->column, begin, n, room);
  return room;
}

static void load_i64(const operand *o, size_t begin, size_t n, int64_t *out) {
  if (o->column) {
    wf_column_load_i64(o->column, begin, n, out);
    return;
  }
  for (size_t i = 0; i < n; i++) out[i] = o->integer;
}

static void apply_f64(double *out, const double *a, wf_arithmetic op, const double *b, size_t n) {
  switch (op) {
  case WF_ADD:
    for (size_t i = 0; i < n; i++) out[i] = a[i] + b[i];
    return;
  case WF_SUB:
    for (size_t i = 0; i < n; i++) out[i] = a[i] - b[i];
    return;
  case WF_MUL:
    for (size_t i = 0; i < n; i++) out[i] = a[i] * b[i];
    return;
  case WF_DIV:
    for (size_t i = 0; i < n; i++) out[i] = a[i] / b[i];
    return;
  case WF_MOD:
    for (size_t i = 0; i < n; i++) out[i] = wf_modulo(a[i], b[i]);
    return;
  case WF_FLOOR_DIV:
    for (size_t i = 0; i < n; i++) out[i] = floor(a[i] / b[i]);
    return;
  case WF_POW:
    for (size_t i = 0; i < n; i++) out[i] = pow(a[i], b[i]);
    return;
  }
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

/* ---- blocks of rows -------------------------------------------------------------------------- */

typedef struct job {
  wf_column *to;
  operand a, b;
  wf_arithmetic op;
  atomic_bool overflow; /* some integer did not fit */
} job;

/* Rows [begin, end), `begin` a multiple of 8. */
static void zero_missing(wf_column *column, size_t begin, size_t end) {
  uint64_t *words = wf_column_memory(column);
  for (size_t i = begin; i < end; i += 8) {
    for (unsigned gaps = wf_column_gaps(column, i, end); gaps; gaps &= gaps - 1) {
      words[i + (unsigned)__builtin_ctz(gaps)] = 0;
    }
  }
}

static wf_status compute_f64(void *context, size_t index, size_t begin, size_t end, size_t worker,
                             wf_error *err) {
  job *work = context;
  double left[BLOCK], right[BLOCK], *out = wf_column_memory(work->to);
  (void)index, (void)worker, (void)err;
  for (size_t i = 0; i < BLOCK; i++) {
    left[i] = work->a.number;
    right[i] = work->b.number;
  }
  for (size_t at = begin; at < end; at += BLOCK) {
    size_t n = end - at < BLOCK ? end - at : BLOCK;
    const double *a = load_f64(&work->a, at, n, left), *b = load_f64(&work->b, at, n, right);
    apply_f64(out + at, a, work->op, b, n);
  }
  zero_missing(work->to, begin, end);
  return WF_OK;
}

/* What missing rows hold does not matter. */
static wf_status compute_i64(void *context, size_t index, size_t begin, size_t end, size_t worker,
                             wf_error *err) {
  job *work = context;
  int64_t left[BLOCK], right[BLOCK], *out = wf_column_memory(work->to);
  (void)index, (void)worker, (void)err;
  bool fits = true;
  for (size_t at = begin; fits && at < end; at += BLOCK) {
    size_t n = end - at < BLOCK ? end - at : BLOCK;
    load_i64(&work->a, at, n, left);
    load_i64(&work->b, at, n, right);
    for (size_t i = 0; i < n; i++) {
      fits &= apply_i64(work->op, left[i], right[i], &out[at + i]) ||
              !wf_column_present(work->to, at + i);
    }
  }
  if (!fits) atomic_store_explicit(&work->overflow, true, memory_order_relaxed);
  zero_missing(work->to, begin, end);
  return WF_OK;
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
  enum { ROWS = 1 << 16 };
  job work = {.to = to, .a = *a, .b = *b, .op = op};
  bool whole = a->whole && b->whole && op != WF_DIV && op != WF_POW;
  wf_status status = WF_OK;
  if (whole) status = wf_parallel_for(to->n_rows, ROWS, 0, compute_i64, &work, err);
  if (status == WF_OK && whole && !work.overflow)
    to->type = WF_I64; /* of the same width */
  else if (status == WF_OK)
    status = wf_parallel_for(to->n_rows, ROWS, 0, compute_f64, &work, err);
  if (status == WF_OK)
    *out = to;
  else
    wf_column_release(to);
  return status;
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
