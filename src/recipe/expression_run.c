/* expression_run.c — which places of an expression hold texts, and running it.
 *
 * Parsing has kept account of the stack and the check of what lies on it, so that running needs
 * neither; nor does it need memory, as texts that are made go to the caller's room. Missing is a
 * cell of that kind; whatever is no finite number becomes missing where it arises. */
#include "base/arithmetic.h"
#include "base/number.h"
#include "frame/text_piece.h"
#include "recipe/operation.h"
#include "wf/transform.h"

#include <math.h>
#include <string.h>

/* ---- checking ---------------------------------------------------------------------------------
 */

static const struct signature {
  const char *name, *takes;
  char gives;
} signatures[] = {
#define SIGNATURE(name, text, takes, gives) {text, takes, gives},
    WF_OPERATION_MAP(SIGNATURE)
#undef SIGNATURE
};

static wf_status fail_kind(const wf_operation *op, char got, bool apart, wf_error *err) {
  const char *name = signatures[op->what].name;
  if (apart) {
    return wf_fail(err, WF_TYPE, "column %zu: '%s' is given a number and a text", op->at + 1, name);
  }
  return wf_fail(err, WF_TYPE, "column %zu: '%s' is given a %s, not a %s", op->at + 1, name,
                 got == 't' ? "text" : "number", got == 't' ? "number" : "text");
}

/* What the operation gives for these arguments. */
static wf_status check_one(char *out, const wf_operation *op, const char *arguments,
                           wf_error *err) {
  const struct signature *signature = &signatures[op->what];
  size_t last = strlen(signature->takes) - 1;
  char same = 0;
  for (size_t k = 0; k < op->n; k++) {
    char wanted = signature->takes[k < last ? k : last], got = arguments[k];
    if (wanted == 'x') continue;
    if (wanted == 's' && same && got != same) return fail_kind(op, got, true, err);
    if (wanted == 's') same = got;
    if (wanted != 's' && got != wanted) return fail_kind(op, got, false, err);
  }
  *out = signature->gives == 's' ? same : signature->gives;
  return WF_OK;
}

wf_status wf_expression_check(const wf_expression *expression, const bool *is_text,
                              bool *makes_text, wf_error *err) {
  char stack[WF_EXPRESSION_MAX_DEPTH] = {0};
  size_t n = 0;
  for (size_t i = 0; i < expression->operations.count; i++) {
    const wf_operation *op = &expression->operations.items[i];
    char gives = op->what == WF_OP_NUMBER ? 'n' : 't';
    if (op->what == WF_OP_COLUMN) gives = is_text[op->index] ? 't' : 'n';
    if (op->n > 0) WF_TRY(check_one(&gives, op, stack + n - op->n, err));
    n -= op->n;
    stack[n++] = gives;
  }
  *makes_text = stack[0] == 't';
  return WF_OK;
}

/* ---- numbers ----------------------------------------------------------------------------------
 */

static wf_cell missing_cell(void) { return (wf_cell){.kind = WF_CELL_MISSING}; }

static wf_cell number_cell(double x) {
  if (!isfinite(x)) return missing_cell();
  return (wf_cell){.kind = WF_CELL_NUMBER, .number = x};
}

static wf_cell text_cell(wf_view text) {
  return (wf_cell){.kind = WF_CELL_TEXT, .text = text.data, .size = text.size};
}

static wf_view view_of(const wf_cell *cell) { return (wf_view){cell->text, cell->size}; }

/* To so many digits, halves to the even one, as columns round. */
static double rounded(double x, double digits) {
  return wf_round_scaled(x, pow(10, fmax(-300, fmin(300, trunc(digits)))));
}

static double date_part(double instant, wf_date_part part) {
  if (!(instant > -0x1p62 && instant < 0x1p62)) return (double)NAN;
  return wf_date_part_of((int64_t)instant, part);
}

static double run_one(const wf_operation *op, double x) {
  switch (op->what) {
  case WF_OP_NEGATE: return -x;
  case WF_OP_NOT: return x == 0;
  case WF_OP_ABS: return fabs(x);
  case WF_OP_CEIL: return ceil(x);
  case WF_OP_COS: return cos(x);
  case WF_OP_EXP: return exp(x);
  case WF_OP_FLOOR: return floor(x);
  case WF_OP_LOG: return log(x);
  case WF_OP_LOG1P: return log1p(x);
  case WF_OP_ROUND: return rounded(x, 0);
  case WF_OP_SIGN: return (x > 0) - (x < 0);
  case WF_OP_SIN: return sin(x);
  case WF_OP_SQRT: return sqrt(x);
  default: return date_part(x, op->part);
  }
}

static double run_two(wf_opcode what, double a, double b) {
  switch (what) {
  case WF_OP_ADD: return a + b;
  case WF_OP_SUBTRACT: return a - b;
  case WF_OP_MULTIPLY: return a * b;
  case WF_OP_DIVIDE: return a / b;
  case WF_OP_MODULO: return wf_modulo(a, b);
  case WF_OP_POWER: return pow(a, b);
  case WF_OP_ROUND: return rounded(a, b);
  case WF_OP_MIN: return b < a ? b : a;
  default: return b > a ? b : a; /* MAX */
  }
}

/* ---- both kinds -------------------------------------------------------------------------------
 */

static int order_texts(wf_view a, wf_view b) {
  size_t n = a.size < b.size ? a.size : b.size;
  int order = n ? memcmp(a.data, b.data, n) : 0;
  return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int order_of(const wf_cell *a, const wf_cell *b) {
  if (a->kind == WF_CELL_TEXT) return order_texts(view_of(a), view_of(b));
  return (a->number > b->number) - (a->number < b->number);
}

static bool compares(wf_opcode what, int order) {
  switch (what) {
  case WF_OP_EQUAL: return order == 0;
  case WF_OP_UNEQUAL: return order != 0;
  case WF_OP_LESS: return order < 0;
  case WF_OP_LESS_EQUAL: return order <= 0;
  case WF_OP_GREATER: return order > 0;
  default: return order >= 0;
  }
}

static bool is_missing(const wf_cell *cell) { return cell->kind == WF_CELL_MISSING; }

/* Three-valued, as in SQL. */
static wf_cell both_or_either(bool both, const wf_cell *a, const wf_cell *b) {
  for (int k = 0; k < 2; k++) {
    const wf_cell *cell = k ? b : a;
    if (!is_missing(cell) && (cell->number != 0) != both) return number_cell(!both);
  }
  return is_missing(a) || is_missing(b) ? missing_cell() : number_cell(both);
}

/* Whether the first is one of the others; a missing one among those equals nothing. */
static wf_cell is_in(const wf_cell *cells, size_t n) {
  if (is_missing(&cells[0])) return missing_cell();
  for (size_t k = 1; k < n; k++) {
    if (!is_missing(&cells[k]) && order_of(&cells[0], &cells[k]) == 0) return number_cell(1);
  }
  return number_cell(0);
}

/* ---- texts ------------------------------------------------------------------------------------
 */

/* Appends to the room; once it is full nothing more goes in, and `used` says so. */
static void put(wf_expression_room *room, wf_view text) {
  if (room->used > sizeof room->bytes || text.size > sizeof room->bytes - room->used) {
    room->used = SIZE_MAX;
    return;
  }
  if (text.size) memcpy(room->bytes + room->used, text.data, text.size);
  room->used += text.size;
}

/* What was put since `begin`. */
static wf_cell made(const wf_expression_room *room, size_t begin) {
  if (room->used == SIZE_MAX) return missing_cell(); /* reported at the end */
  return text_cell((wf_view){room->bytes + begin, room->used - begin});
}

static void put_cell(wf_expression_room *room, const wf_cell *cell) {
  char number[WF_NUMBER_TEXT];
  if (cell->kind == WF_CELL_TEXT)
    put(room, view_of(cell));
  else
    put(room, (wf_view){number, wf_format_f64(number, cell->number)});
}

static wf_cell change_case(wf_expression_room *room, wf_view text, char first, char last) {
  size_t begin = room->used;
  put(room, text);
  for (size_t i = 0; room->used != SIZE_MAX && i < text.size; i++) {
    char *c = &room->bytes[begin + i];
    if (*c >= first && *c <= last) *c = (char)(*c ^ 0x20);
  }
  return made(room, begin);
}

static wf_cell replace(wf_expression_room *room, wf_view text, wf_view part, wf_view by) {
  size_t begin = room->used;
  if (part.size == 0) return text_cell(text);
  for (size_t at = 0;;) {
    size_t next = wf_text_find(text, at, part);
    put(room, (wf_view){text.data + at, next - at});
    if (next == text.size) return made(room, begin);
    put(room, by);
    at = next + part.size;
  }
}

static ptrdiff_t position_of(const wf_cell *cell) {
  return (ptrdiff_t)fmax(-0x1p31, fmin(0x1p31, cell->number));
}

static wf_cell part_of(const wf_cell *cells) {
  wf_view piece;
  if (cells[1].size == 0) return missing_cell();
  if (!wf_text_part(&piece, view_of(&cells[0]), view_of(&cells[1]), position_of(&cells[2])))
    return missing_cell();
  return text_cell(piece);
}

static wf_cell parsed(wf_view text) {
  double number;
  return wf_parse_f64(text, false, &number) ? number_cell(number) : missing_cell();
}

static wf_cell run_text(const wf_operation *op, const wf_cell *cells, wf_expression_room *room) {
  wf_view text = view_of(&cells[0]), other = view_of(&cells[op->n > 1]);
  size_t begin = room->used;
  switch (op->what) {
  case WF_OP_LOWER: return change_case(room, text, 'A', 'Z');
  case WF_OP_UPPER: return change_case(room, text, 'a', 'z');
  case WF_OP_TRIM: return text_cell(wf_text_trim(text));
  case WF_OP_LENGTH: return number_cell((double)wf_text_length(text));
  case WF_OP_CONTAINS:
    return number_cell(other.size == 0 || wf_text_find(text, 0, other) < text.size);
  case WF_OP_STARTS_WITH: return number_cell(wf_text_begins(text, 0, other));
  case WF_OP_ENDS_WITH:
    return number_cell(other.size <= text.size &&
                       wf_text_begins(text, text.size - other.size, other));
  case WF_OP_REPLACE: return replace(room, text, other, view_of(&cells[2]));
  case WF_OP_PART: return part_of(cells);
  case WF_OP_SUB:
    return text_cell(
        wf_text_slice(text, position_of(&cells[1]), op->n > 2 ? position_of(&cells[2]) : -1));
  case WF_OP_TO_NUMBER: return parsed(text);
  default: /* JOIN, TO_TEXT */
    for (size_t k = 0; k < op->n; k++) put_cell(room, &cells[k]);
    return made(room, begin);
  }
}

/* ---- running ----------------------------------------------------------------------------------
 */

static wf_cell run_known(const wf_operation *op, const wf_cell *cells, wf_expression_room *room) {
  if (op->what >= WF_OP_JOIN) return run_text(op, cells, room);
  if (op->what == WF_OP_IS_IN) return is_in(cells, op->n);
  if (op->what >= WF_OP_EQUAL)
    return number_cell(compares(op->what, order_of(&cells[0], &cells[1])));
  if (op->n == 1) return number_cell(run_one(op, cells[0].number));
  return number_cell(run_two(op->what, cells[0].number, cells[1].number));
}

/* A missing argument makes the result missing, but for those operations that look at it. */
static wf_cell run(const wf_operation *op, const wf_cell *cells, wf_expression_room *room) {
  switch (op->what) {
  case WF_OP_AND:
  case WF_OP_OR: return both_or_either(op->what == WF_OP_AND, &cells[0], &cells[1]);
  case WF_OP_COALESCE: return cells[is_missing(&cells[0])];
  case WF_OP_IF: return is_missing(&cells[0]) ? cells[0] : cells[cells[0].number != 0 ? 1 : 2];
  case WF_OP_IS_IN: return is_in(cells, op->n);
  case WF_OP_MISSING: return number_cell(is_missing(&cells[0]));
  default: break;
  }
  for (size_t k = 0; k < op->n; k++) {
    if (is_missing(&cells[k])) return missing_cell();
  }
  return run_known(op, cells, room);
}

wf_status wf_expression_evaluate(wf_cell *out, const wf_expression *expression,
                                 const wf_cell *values, wf_expression_room *room, wf_error *err) {
  wf_cell stack[WF_EXPRESSION_MAX_DEPTH];
  size_t n = 0;
  stack[0] = missing_cell();
  room->used = 0;
  for (size_t i = 0; i < expression->operations.count; i++) {
    const wf_operation *op = &expression->operations.items[i];
    if (op->what == WF_OP_NUMBER) {
      stack[n++] = number_cell(op->number);
    } else if (op->what == WF_OP_TEXT) {
      stack[n++] = text_cell(wf_map_key(expression->literals, op->index));
    } else if (op->what == WF_OP_COLUMN) {
      const wf_cell *value = &values[op->index];
      stack[n++] = value->kind == WF_CELL_NUMBER ? number_cell(value->number) : *value;
    } else {
      n -= op->n;
      stack[n] = run(op, stack + n, room);
      n++;
    }
  }
  if (room->used == SIZE_MAX) {
    return wf_fail(err, WF_LIMIT, "the expression makes texts of more than %d bytes",
                   WF_EXPRESSION_ROOM);
  }
  *out = stack[0];
  return WF_OK;
}
