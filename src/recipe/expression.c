/* expression.c — text to a list of operations for a stack, and running it.
 *
 * Missing is NaN throughout, and whatever is not finite becomes NaN where it arises, so arithmetic
 * passes it on by itself; only comparisons and logic look for it. Parsing keeps account of the
 * stack, so that running needs no checks and no memory. */
#include "recipe/expression.h"

#include "base/alloc.h"
#include "base/array.h"
#include "base/number.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef enum opcode {
  OP_NUMBER,
  OP_COLUMN,
  OP_NEGATE,
  OP_NOT,
  OP_ADD,
  OP_SUBTRACT,
  OP_MULTIPLY,
  OP_DIVIDE,
  OP_MODULO,
  OP_POWER,
  OP_EQUAL,
  OP_UNEQUAL,
  OP_LESS,
  OP_LESS_EQUAL,
  OP_GREATER,
  OP_GREATER_EQUAL,
  OP_AND,
  OP_OR,
  OP_ABS,
  OP_CEIL,
  OP_EXP,
  OP_FLOOR,
  OP_LOG,
  OP_LOG1P,
  OP_SQRT,
  OP_MISSING,
  OP_MIN,
  OP_MAX,
  OP_COALESCE,
  OP_IF
} opcode;

typedef struct operation {
  opcode what;
  union {
    double number;
    size_t column;
  };
} operation;

struct wf_expression {
  char *text;
  wf_map *columns;
  WF_ARRAY(operation) operations;
};

void wf_expression_free(wf_expression *expression) {
  if (!expression) return;
  wf_free(expression->text);
  wf_map_free(expression->columns);
  wf_free(expression->operations.items);
  wf_free(expression);
}

wf_view wf_expression_text(const wf_expression *expression) { return wf_view_of(expression->text); }

const wf_map *wf_expression_columns(const wf_expression *expression) { return expression->columns; }

/* ---- running ----------------------------------------------------------------------------------
 */

static double finite_or_missing(double x) { return isfinite(x) ? x : (double)NAN; }

static double truth(bool known, bool value) { return known ? (double)value : (double)NAN; }

/* With the sign of the divisor, as in Lua. */
static double modulo(double a, double b) {
  double rest = fmod(a, b);
  return rest * b < 0 ? rest + b : rest;
}

static double run_one(opcode what, double x) {
  switch (what) {
  case OP_NEGATE: return -x;
  case OP_NOT: return truth(!isnan(x), x == 0);
  case OP_ABS: return fabs(x);
  case OP_CEIL: return ceil(x);
  case OP_EXP: return exp(x);
  case OP_FLOOR: return floor(x);
  case OP_LOG: return log(x);
  case OP_LOG1P: return log1p(x);
  case OP_SQRT: return sqrt(x);
  default: return isnan(x); /* OP_MISSING */
  }
}

static double run_two(opcode what, double a, double b) {
  bool known = !isnan(a) && !isnan(b);
  switch (what) {
  case OP_ADD: return a + b;
  case OP_SUBTRACT: return a - b;
  case OP_MULTIPLY: return a * b;
  case OP_DIVIDE: return a / b;
  case OP_MODULO: return modulo(a, b);
  case OP_POWER: return known ? pow(a, b) : (double)NAN; /* pow(1, NaN) is 1 */
  case OP_EQUAL: return truth(known, a == b);
  case OP_UNEQUAL: return truth(known, a != b);
  case OP_LESS: return truth(known, a < b);
  case OP_LESS_EQUAL: return truth(known, a <= b);
  case OP_GREATER: return truth(known, a > b);
  case OP_GREATER_EQUAL: return truth(known, a >= b);
  case OP_AND: return a == 0 || b == 0 ? 0 : truth(known, true);
  case OP_OR: return (!isnan(a) && a != 0) || (!isnan(b) && b != 0) ? 1 : truth(known, false);
  case OP_MIN: return known ? (b < a ? b : a) : (double)NAN;
  case OP_MAX: return known ? (b > a ? b : a) : (double)NAN;
  default: return isnan(a) ? b : a; /* OP_COALESCE */
  }
}

static double choose(double condition, double yes, double no) {
  return isnan(condition) ? (double)NAN : condition != 0 ? yes : no;
}

double wf_expression_evaluate(const wf_expression *expression, const double *values) {
  double stack[WF_EXPRESSION_MAX_DEPTH] = {0};
  size_t n = 0;
  for (size_t i = 0; i < expression->operations.count; i++) {
    const operation *op = &expression->operations.items[i];
    if (op->what == OP_NUMBER) {
      stack[n++] = op->number;
    } else if (op->what == OP_COLUMN) {
      stack[n++] = finite_or_missing(values[op->column]);
    } else if (op->what == OP_IF) {
      n -= 2;
      stack[n - 1] = choose(stack[n - 1], stack[n], stack[n + 1]);
    } else if (op->what == OP_NEGATE || op->what == OP_NOT ||
               (op->what >= OP_ABS && op->what <= OP_MISSING)) {
      stack[n - 1] = finite_or_missing(run_one(op->what, stack[n - 1]));
    } else {
      n--;
      stack[n - 1] = finite_or_missing(run_two(op->what, stack[n - 1], stack[n]));
    }
  }
  return stack[0];
}

/* ---- parsing ----------------------------------------------------------------------------------
 */

typedef struct parser {
  wf_expression *out;
  const char *text; /* terminated */
  size_t at;        /* of the next word, blanks skipped */
  size_t depth;     /* of the stack */
  size_t nesting;
  wf_error *err;
} parser;

static wf_status fail(parser *p, size_t at, const char *format, ...) WF_PRINTF(3, 4);
static wf_status fail(parser *p, size_t at, const char *format, ...) {
  char message[200];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  return wf_fail_at(p->err, WF_PARSE, 0, (int)at + 1, "column %zu: %s", at + 1, message);
}

static wf_status fail_expected(parser *p, const char *wanted) {
  const char *rest = p->text + p->at;
  if (!*rest) return fail(p, p->at, "the expression ends where %s is expected", wanted);
  size_t n = 1;
  while (((unsigned char)rest[n] & 0xc0) == 0x80) n++; /* the whole of a character */
  return fail(p, p->at, "'%.*s' where %s is expected", (int)n, rest, wanted);
}

static void skip_blanks(parser *p) {
  while (p->text[p->at] && strchr(" \t\r\n", p->text[p->at])) p->at++;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_word_char(char c) {
  return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

/* The sign at the place, when it stands there and is no part of a longer one. */
static bool take(parser *p, const char *sign) {
  size_t n = strlen(sign);
  if (strncmp(p->text + p->at, sign, n) != 0) return false;
  if (is_word_char(sign[0]) && is_word_char(p->text[p->at + n])) return false;
  if (strchr("<>", sign[0]) && n == 1 && p->text[p->at + 1] == '=') return false;
  p->at += n;
  skip_blanks(p);
  return true;
}

static wf_status emit(parser *p, operation op, size_t taken) {
  p->depth = p->depth - taken + 1;
  if (p->depth > WF_EXPRESSION_MAX_DEPTH) {
    return wf_fail(p->err, WF_LIMIT, "the expression is nested too deeply");
  }
  return wf_array_push(&p->out->operations, op) ? WF_OK : wf_fail_nomem(p->err);
}

static wf_status parse_or(parser *p);

static wf_status parse_number(parser *p) {
  size_t begin = p->at, end = begin;
  while (is_digit(p->text[end]) || p->text[end] == '.') end++;
  if (p->text[end] == 'e' || p->text[end] == 'E') {
    end++;
    if (p->text[end] == '+' || p->text[end] == '-') end++;
    while (is_digit(p->text[end])) end++;
  }
  double number;
  wf_view text = {p->text + begin, end - begin};
  if (is_word_char(p->text[end]) || !wf_parse_f64(text, false, &number) || !isfinite(number)) {
    return fail(p, begin, "'%.*s' is not a number", (int)(text.size < 40 ? text.size : 40),
                text.data);
  }
  p->at = end;
  skip_blanks(p);
  return emit(p, (operation){OP_NUMBER, {.number = number}}, 0);
}

static wf_status add_column(parser *p, wf_view name, size_t begin) {
  size_t index;
  if (name.size == 0) return fail(p, begin, "a column's name is empty");
  WF_TRY(wf_map_add(p->out->columns, name, &index, NULL, p->err));
  if (index >= WF_EXPRESSION_MAX_COLUMNS) {
    return wf_fail(p->err, WF_LIMIT, "more than %d columns in one expression",
                   WF_EXPRESSION_MAX_COLUMNS);
  }
  return emit(p, (operation){OP_COLUMN, {.column = index}}, 0);
}

static wf_status parse_quoted(parser *p) {
  size_t begin = p->at;
  const char *end = strchr(p->text + begin + 1, '`');
  if (!end) return fail(p, begin, "a column's name that does not end");
  wf_view name = {p->text + begin + 1, (size_t)(end - p->text) - begin - 1};
  p->at = begin + name.size + 2;
  skip_blanks(p);
  return add_column(p, name, begin);
}

typedef struct function {
  const char *name;
  opcode what;
  size_t least, most; /* arguments */
} function;

static const function *find_function(wf_view name) {
  static const function functions[] = {
      {"abs", OP_ABS, 1, 1},
      {"ceil", OP_CEIL, 1, 1},
      {"exp", OP_EXP, 1, 1},
      {"floor", OP_FLOOR, 1, 1},
      {"log", OP_LOG, 1, 1},
      {"log1p", OP_LOG1P, 1, 1},
      {"sqrt", OP_SQRT, 1, 1},
      {"missing", OP_MISSING, 1, 1},
      {"min", OP_MIN, 2, SIZE_MAX},
      {"max", OP_MAX, 2, SIZE_MAX},
      {"coalesce", OP_COALESCE, 2, SIZE_MAX},
      {"if", OP_IF, 3, 3},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    if (wf_view_equal(name, wf_view_of(functions[i].name))) return &functions[i];
  }
  return NULL;
}

/* Behind the opening parenthesis. More than two arguments are taken two at a time. */
static wf_status parse_call(parser *p, wf_view name, size_t begin) {
  const function *f = find_function(name);
  if (!f) {
    return fail(p, begin, "there is no function '%.*s'", (int)(name.size < 40 ? name.size : 40),
                name.data);
  }
  size_t n = 0;
  do {
    WF_TRY(parse_or(p));
    if (++n > 1 && f->least == 2) WF_TRY(emit(p, (operation){f->what, {0}}, 2));
  } while (n < f->most && take(p, ","));
  if (n < f->least) return fail_expected(p, "','");
  if (!take(p, ")")) return fail_expected(p, f->most == SIZE_MAX ? "',' or ')'" : "')'");
  return f->least == 2 ? WF_OK : emit(p, (operation){f->what, {0}}, n);
}

static wf_status parse_word(parser *p) {
  size_t begin = p->at;
  wf_view word = {p->text + begin, 0};
  while (is_word_char(p->text[p->at])) p->at++;
  word.size = p->at - begin;
  skip_blanks(p);
  if (take(p, "(")) return parse_call(p, word, begin);
  return add_column(p, word, begin);
}

static bool is_keyword(const char *text) {
  static const char *const words[] = {"and", "or", "not"};
  for (size_t i = 0; i < 3; i++) {
    size_t n = strlen(words[i]);
    if (strncmp(text, words[i], n) == 0 && !is_word_char(text[n])) return true;
  }
  return false;
}

static wf_status parse_operand(parser *p) {
  char c = p->text[p->at];
  if (is_digit(c) || c == '.') return parse_number(p);
  if (c == '`') return parse_quoted(p);
  if (is_word_char(c) && !is_keyword(p->text + p->at)) return parse_word(p);
  if (!take(p, "(")) return fail_expected(p, "a value");
  WF_TRY(parse_or(p));
  return take(p, ")") ? WF_OK : fail_expected(p, "')'");
}

static wf_status parse_unary(parser *p);

static wf_status parse_power(parser *p) {
  WF_TRY(parse_operand(p));
  if (!take(p, "^")) return WF_OK;
  WF_TRY(parse_unary(p)); /* 2 ^ -x, and from the right */
  return emit(p, (operation){OP_POWER, {0}}, 2);
}

static wf_status parse_unary(parser *p) {
  opcode what = take(p, "-") ? OP_NEGATE : take(p, "not") ? OP_NOT : OP_NUMBER;
  if (what == OP_NUMBER) return parse_power(p);
  if (++p->nesting > WF_EXPRESSION_MAX_DEPTH) {
    return wf_fail(p->err, WF_LIMIT, "the expression is nested too deeply");
  }
  WF_TRY(parse_unary(p));
  p->nesting--;
  return emit(p, (operation){what, {0}}, 1);
}

typedef struct sign {
  const char *text;
  opcode what;
} sign;

typedef wf_status parse_fn(parser *p);

/* Operands of one level, combined from the left. */
static wf_status parse_level(parser *p, const sign *signs, size_t n, parse_fn *operand) {
  WF_TRY(operand(p));
  for (;;) {
    size_t i = 0;
    while (i < n && !take(p, signs[i].text)) i++;
    if (i == n) return WF_OK;
    WF_TRY(operand(p));
    WF_TRY(emit(p, (operation){signs[i].what, {0}}, 2));
  }
}

static wf_status parse_product(parser *p) {
  static const sign signs[] = {{"*", OP_MULTIPLY}, {"/", OP_DIVIDE}, {"%", OP_MODULO}};
  return parse_level(p, signs, 3, parse_unary);
}

static wf_status parse_sum(parser *p) {
  static const sign signs[] = {{"+", OP_ADD}, {"-", OP_SUBTRACT}};
  return parse_level(p, signs, 2, parse_product);
}

static wf_status parse_comparison(parser *p) {
  static const sign signs[] = {{"==", OP_EQUAL},         {"~=", OP_UNEQUAL}, {"<=", OP_LESS_EQUAL},
                               {">=", OP_GREATER_EQUAL}, {"<", OP_LESS},     {">", OP_GREATER}};
  return parse_level(p, signs, 6, parse_sum);
}

static wf_status parse_and(parser *p) {
  static const sign signs[] = {{"and", OP_AND}};
  return parse_level(p, signs, 1, parse_comparison);
}

static wf_status parse_or(parser *p) {
  static const sign signs[] = {{"or", OP_OR}};
  if (++p->nesting > WF_EXPRESSION_MAX_DEPTH) {
    return wf_fail(p->err, WF_LIMIT, "the expression is nested too deeply");
  }
  WF_TRY(parse_level(p, signs, 1, parse_and));
  p->nesting--;
  return WF_OK;
}

static wf_status parse_all(wf_expression *expression, wf_view text, wf_error *err) {
  if (!(expression->text = wf_strndup(text.data, text.size))) return wf_fail_nomem(err);
  WF_TRY(wf_map_new(&expression->columns, err));
  parser p = {.out = expression, .text = expression->text, .err = err};
  if (strlen(p.text) < text.size) return fail(&p, strlen(p.text), "a NUL");
  skip_blanks(&p);
  WF_TRY(parse_or(&p));
  if (p.text[p.at]) return fail_expected(&p, "the end or an operator");
  if (wf_map_count(expression->columns) > 0) return WF_OK;
  return fail(&p, 0, "the expression names no column");
}

wf_status wf_expression_parse(wf_expression **out, wf_view text, wf_error *err) {
  if (text.size > WF_EXPRESSION_MAX_TEXT) {
    return wf_fail(err, WF_LIMIT, "the expression has more than %d bytes", WF_EXPRESSION_MAX_TEXT);
  }
  wf_expression *expression = wf_alloc_zero(1, sizeof *expression);
  if (!expression) return wf_fail_nomem(err);
  wf_status status = parse_all(expression, text, err);
  if (status == WF_OK)
    *out = expression;
  else
    wf_expression_free(expression);
  return status;
}
