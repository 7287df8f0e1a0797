/* expression.c — text to a list of operations for a stack (operation.h), which expression_run.c
 * runs. Parsing keeps account of the stack, so that running needs no checks. */
#include "recipe/expression.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/number.h"
#include "base/suggest.h"
#include "recipe/operation.h"
#include "wf/transform.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void wf_expression_free(wf_expression *expression) {
  if (!expression) return;
  wf_free(expression->text);
  wf_map_free(expression->columns);
  wf_map_free(expression->literals);
  wf_free(expression->operations.items);
  wf_free(expression);
}

wf_view wf_expression_text(const wf_expression *expression) { return wf_view_of(expression->text); }

const wf_map *wf_expression_columns(const wf_expression *expression) { return expression->columns; }

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

static wf_status emit(parser *p, wf_operation op) {
  p->depth = p->depth - op.n + 1;
  if (p->depth > WF_EXPRESSION_MAX_DEPTH) {
    return wf_fail(p->err, WF_LIMIT, "the expression is nested too deeply");
  }
  return wf_array_push(&p->out->operations, op) ? WF_OK : wf_fail_nomem(p->err);
}

static wf_status parse_or(parser *p);

static wf_status parse_number(parser *p) {
  size_t begin = p->at, end = begin;
  while (is_digit(p->text[end]) || (p->text[end] == '.' && p->text[end + 1] != '.')) end++;
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
  return emit(p, (wf_operation){.what = WF_OP_NUMBER, .at = begin, .number = number});
}

static wf_status add_column(parser *p, wf_view name, size_t begin) {
  size_t index;
  if (name.size == 0) return fail(p, begin, "a column's name is empty");
  WF_TRY(wf_map_add(p->out->columns, name, &index, NULL, p->err));
  if (index >= WF_EXPRESSION_MAX_COLUMNS) {
    return wf_fail(p->err, WF_LIMIT, "more than %d columns in one expression",
                   WF_EXPRESSION_MAX_COLUMNS);
  }
  return emit(p, (wf_operation){.what = WF_OP_COLUMN, .at = begin, .index = index});
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

/* "it""s": from the quote at the place; a doubled one stands for itself. */
static wf_status parse_literal(parser *p) {
  size_t begin = p->at, index;
  char quote = p->text[begin];
  wf_bytes literal = {0};
  bool closed = false;
  for (p->at = begin + 1; p->text[p->at] && !closed; p->at++) {
    closed = p->text[p->at] == quote && p->text[p->at + 1] != quote;
    if (closed) continue;
    if (p->text[p->at] == quote) p->at++;
    wf_bytes_char(&literal, p->text[p->at]);
  }
  if (!closed) {
    wf_bytes_dispose(&literal);
    return fail(p, begin, "a text that does not end");
  }
  wf_status status = literal.failed ? wf_fail_nomem(p->err) : WF_OK;
  wf_view view = {literal.data ? literal.data : "", literal.size};
  if (status == WF_OK) status = wf_map_add(p->out->literals, view, &index, NULL, p->err);
  wf_bytes_dispose(&literal);
  if (status != WF_OK) return status;
  skip_blanks(p);
  return emit(p, (wf_operation){.what = WF_OP_TEXT, .at = begin, .index = index});
}

typedef struct function {
  const char *name;
  wf_opcode what;
  size_t least, most; /* arguments */
  bool pairs;         /* more than two are taken two at a time */
} function;

static const function functions[] = {
    {"abs", WF_OP_ABS, 1, 1, false},
    {"ceil", WF_OP_CEIL, 1, 1, false},
    {"coalesce", WF_OP_COALESCE, 2, SIZE_MAX, true},
    {"contains", WF_OP_CONTAINS, 2, 2, false},
    {"cos", WF_OP_COS, 1, 1, false},
    {"ends_with", WF_OP_ENDS_WITH, 2, 2, false},
    {"exp", WF_OP_EXP, 1, 1, false},
    {"floor", WF_OP_FLOOR, 1, 1, false},
    {"if", WF_OP_IF, 3, 3, false},
    {"is_in", WF_OP_IS_IN, 2, SIZE_MAX, false},
    {"length", WF_OP_LENGTH, 1, 1, false},
    {"log", WF_OP_LOG, 1, 1, false},
    {"log1p", WF_OP_LOG1P, 1, 1, false},
    {"lower", WF_OP_LOWER, 1, 1, false},
    {"max", WF_OP_MAX, 2, SIZE_MAX, true},
    {"min", WF_OP_MIN, 2, SIZE_MAX, true},
    {"missing", WF_OP_MISSING, 1, 1, false},
    {"number", WF_OP_TO_NUMBER, 1, 1, false},
    {"part", WF_OP_PART, 3, 3, false},
    {"replace", WF_OP_REPLACE, 3, 3, false},
    {"round", WF_OP_ROUND, 1, 2, false},
    {"sign", WF_OP_SIGN, 1, 1, false},
    {"sin", WF_OP_SIN, 1, 1, false},
    {"sqrt", WF_OP_SQRT, 1, 1, false},
    {"starts_with", WF_OP_STARTS_WITH, 2, 2, false},
    {"sub", WF_OP_SUB, 2, 3, false},
    {"text", WF_OP_TO_TEXT, 1, 1, false},
    {"trim", WF_OP_TRIM, 1, 1, false},
    {"upper", WF_OP_UPPER, 1, 1, false},
};
enum { N_FUNCTIONS = sizeof functions / sizeof *functions };

/* A function of the table, or a part of a date. */
static bool find_function(wf_view name, function *out, wf_date_part *part) {
  char text[40] = "";
  for (size_t i = 0; i < N_FUNCTIONS; i++) {
    if (!wf_view_equal(name, wf_view_of(functions[i].name))) continue;
    *out = functions[i];
    return true;
  }
  if (name.size >= sizeof text) return false;
  memcpy(text, name.data, name.size);
  *out = (function){"date", WF_OP_DATE, 1, 1, false};
  return wf_date_part_find(text, part);
}

static wf_status fail_function(parser *p, wf_view name, size_t begin) {
  char text[40] = "";
  memcpy(text, name.data, name.size < sizeof text ? name.size : sizeof text - 1);
  const char *nearest = wf_suggest(text, functions, N_FUNCTIONS, sizeof *functions);
  return fail(p, begin, "there is no function '%s'%s%s%s", text, nearest ? "; did you mean '" : "",
              nearest ? nearest : "", nearest ? "'?" : "");
}

/* Behind the opening parenthesis. */
static wf_status parse_call(parser *p, wf_view name, size_t begin) {
  function f = {0};
  wf_operation op = {.at = begin};
  if (!find_function(name, &f, &op.part)) return fail_function(p, name, begin);
  op.what = f.what;
  size_t n = 0;
  do {
    WF_TRY(parse_or(p));
    op.n = 2;
    if (++n > 1 && f.pairs) WF_TRY(emit(p, op));
  } while (n < f.most && take(p, ","));
  if (n < f.least) return fail_expected(p, "','");
  if (!take(p, ")")) return fail_expected(p, f.most == SIZE_MAX ? "',' or ')'" : "')'");
  op.n = n;
  return f.pairs ? WF_OK : emit(p, op);
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
  if (is_digit(c) || (c == '.' && p->text[p->at + 1] != '.')) return parse_number(p);
  if (c == '`') return parse_quoted(p);
  if (c == '"' || c == '\'') return parse_literal(p);
  if (is_word_char(c) && !is_keyword(p->text + p->at)) return parse_word(p);
  if (!take(p, "(")) return fail_expected(p, "a value");
  WF_TRY(parse_or(p));
  return take(p, ")") ? WF_OK : fail_expected(p, "')'");
}

static wf_status parse_unary(parser *p);

static wf_status parse_power(parser *p) {
  WF_TRY(parse_operand(p));
  size_t at = p->at;
  if (!take(p, "^")) return WF_OK;
  WF_TRY(parse_unary(p)); /* 2 ^ -x, and from the right */
  return emit(p, (wf_operation){.what = WF_OP_POWER, .n = 2, .at = at});
}

static wf_status parse_unary(parser *p) {
  size_t at = p->at;
  wf_opcode what = take(p, "-") ? WF_OP_NEGATE : take(p, "not") ? WF_OP_NOT : WF_OP_NUMBER;
  if (what == WF_OP_NUMBER) return parse_power(p);
  if (++p->nesting > WF_EXPRESSION_MAX_DEPTH) {
    return wf_fail(p->err, WF_LIMIT, "the expression is nested too deeply");
  }
  WF_TRY(parse_unary(p));
  p->nesting--;
  return emit(p, (wf_operation){.what = what, .n = 1, .at = at});
}

typedef struct sign {
  const char *text;
  wf_opcode what;
} sign;

typedef wf_status parse_fn(parser *p);

/* Operands of one level, combined from the left. */
static wf_status parse_level(parser *p, const sign *signs, size_t n, parse_fn *operand) {
  WF_TRY(operand(p));
  for (;;) {
    size_t i = 0, at = p->at;
    while (i < n && !take(p, signs[i].text)) i++;
    if (i == n) return WF_OK;
    WF_TRY(operand(p));
    WF_TRY(emit(p, (wf_operation){.what = signs[i].what, .n = 2, .at = at}));
  }
}

static wf_status parse_product(parser *p) {
  static const sign signs[] = {{"*", WF_OP_MULTIPLY}, {"/", WF_OP_DIVIDE}, {"%", WF_OP_MODULO}};
  return parse_level(p, signs, 3, parse_unary);
}

static wf_status parse_sum(parser *p) {
  static const sign signs[] = {{"+", WF_OP_ADD}, {"-", WF_OP_SUBTRACT}};
  return parse_level(p, signs, 2, parse_product);
}

static wf_status parse_join(parser *p) {
  static const sign signs[] = {{"..", WF_OP_JOIN}};
  return parse_level(p, signs, 1, parse_sum);
}

static wf_status parse_comparison(parser *p) {
  static const sign signs[] = {{"==", WF_OP_EQUAL},      {"~=", WF_OP_UNEQUAL},
                               {"<=", WF_OP_LESS_EQUAL}, {">=", WF_OP_GREATER_EQUAL},
                               {"<", WF_OP_LESS},        {">", WF_OP_GREATER}};
  return parse_level(p, signs, 6, parse_join);
}

static wf_status parse_and(parser *p) {
  static const sign signs[] = {{"and", WF_OP_AND}};
  return parse_level(p, signs, 1, parse_comparison);
}

static wf_status parse_or(parser *p) {
  static const sign signs[] = {{"or", WF_OP_OR}};
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
  WF_TRY(wf_map_new(&expression->literals, err));
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
