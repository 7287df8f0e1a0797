/* recipe/operation.h — the inside of an expression: operations for a stack. */
#ifndef WF_RECIPE_OPERATION_H
#define WF_RECIPE_OPERATION_H

#include "base/array.h"
#include "recipe/expression.h"
#include "wf/transform.h"

/* Name, what stands for it in messages, what it takes and what it gives: n a number, t a text, x
 * either, s either but all s the same. The last letter of what it takes counts for all further
 * arguments. */
#define WF_OPERATION_MAP(X)               \
  X(NUMBER, "a number", "", 'n')          \
  X(TEXT, "a text", "", 't')              \
  X(COLUMN, "a column", "", 'x')          \
  X(NEGATE, "-", "n", 'n')                \
  X(NOT, "not", "n", 'n')                 \
  X(ABS, "abs", "n", 'n')                 \
  X(CEIL, "ceil", "n", 'n')               \
  X(COS, "cos", "n", 'n')                 \
  X(EXP, "exp", "n", 'n')                 \
  X(FLOOR, "floor", "n", 'n')             \
  X(LOG, "log", "n", 'n')                 \
  X(LOG1P, "log1p", "n", 'n')             \
  X(SIGN, "sign", "n", 'n')               \
  X(SIN, "sin", "n", 'n')                 \
  X(SQRT, "sqrt", "n", 'n')               \
  X(DATE, "a date's part", "n", 'n')      \
  X(ADD, "+", "n", 'n')                   \
  X(SUBTRACT, "-", "n", 'n')              \
  X(MULTIPLY, "*", "n", 'n')              \
  X(DIVIDE, "/", "n", 'n')                \
  X(MODULO, "%", "n", 'n')                \
  X(POWER, "^", "n", 'n')                 \
  X(ROUND, "round", "n", 'n')             \
  X(MIN, "min", "n", 'n')                 \
  X(MAX, "max", "n", 'n')                 \
  X(AND, "and", "n", 'n')                 \
  X(OR, "or", "n", 'n')                   \
  X(EQUAL, "==", "s", 'n')                \
  X(UNEQUAL, "~=", "s", 'n')              \
  X(LESS, "<", "s", 'n')                  \
  X(LESS_EQUAL, "<=", "s", 'n')           \
  X(GREATER, ">", "s", 'n')               \
  X(GREATER_EQUAL, ">=", "s", 'n')        \
  X(COALESCE, "coalesce", "s", 's')       \
  X(IF, "if", "ns", 's')                  \
  X(IS_IN, "is_in", "s", 'n')             \
  X(MISSING, "missing", "x", 'n')         \
  X(JOIN, "..", "x", 't')                 \
  X(TO_TEXT, "text", "x", 't')            \
  X(TO_NUMBER, "number", "t", 'n')        \
  X(LENGTH, "length", "t", 'n')           \
  X(CONTAINS, "contains", "t", 'n')       \
  X(STARTS_WITH, "starts_with", "t", 'n') \
  X(ENDS_WITH, "ends_with", "t", 'n')     \
  X(LOWER, "lower", "t", 't')             \
  X(UPPER, "upper", "t", 't')             \
  X(TRIM, "trim", "t", 't')               \
  X(REPLACE, "replace", "t", 't')         \
  X(PART, "part", "ttn", 't')             \
  X(SUB, "sub", "tn", 't')

typedef enum wf_opcode {
#define WF_OPERATION_ENUM(name, text, takes, gives) WF_OP_##name,
  WF_OPERATION_MAP(WF_OPERATION_ENUM)
#undef WF_OPERATION_ENUM
} wf_opcode;

typedef struct wf_operation {
  wf_opcode what;
  size_t n;  /* arguments it takes from the stack */
  size_t at; /* the byte of the text it was read at */
  union {
    double number;     /* NUMBER */
    size_t index;      /* COLUMN, TEXT: of the column, of the literal */
    wf_date_part part; /* DATE */
  };
} wf_operation;

struct wf_expression {
  char *text;
  wf_map *columns;
  wf_map *literals;
  WF_ARRAY(wf_operation) operations;
};

#endif
