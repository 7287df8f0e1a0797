/* lua/bias_input.h — columns as the bias library wants them: flags, group numbers, weights. */
#ifndef WFL_BIAS_INPUT_H
#define WFL_BIAS_INPUT_H

#include "convert.h"

/* The rows of one call: every column of its option table (argument 1) has as many. */
typedef struct bias_rows {
  lua_State *L;
  const char *what; /* for messages: "bias.report" */
  size_t n;         /* SIZE_MAX until the first column */
} bias_rows;

/* Every function pushes one value, which owns what it returns. */

/* A bool column without missing values, one byte a row; NULL when the option is absent. */
const uint8_t *bias_push_flags(bias_rows *rows, const char *name, bool required);

/* The same flags as they lie in the column, for those who work on some rows at a time. */
typedef struct bias_flags {
  const uint8_t *bytes, *bits; /* one of them, or neither when the option is absent */
} bias_flags;
bias_flags bias_push_packed(bias_rows *rows, const char *name, bool required);
/* The same of the column on the top of the stack, which it replaces. */
bias_flags bias_to_packed(bias_rows *rows, const char *name);
/* Rows begin (a multiple of 8) … begin + n, one byte each; unpacked into room[n] where need be. */
const uint8_t *bias_flags_at(const bias_flags *flags, size_t begin, size_t n, uint8_t *room);

/* Finite numbers; NULL when absent. */
const double *bias_push_numbers(bias_rows *rows, const char *name, bool required);
/* The options `groups` (what bias_groups made) and `n_groups`; NULL when absent. */
const int32_t *bias_push_groups(bias_rows *rows, size_t *n_groups, bool required);

enum { BIAS_CHUNK = 1024 }; /* rows that are worked on at once; whole bytes of bits */

static inline size_t bias_chunk_at(const wf_column *column, size_t begin) {
  size_t left = wf_column_count(column) - begin;
  return left < BIAS_CHUNK ? left : BIAS_CHUNK;
}
/* Integers begin … begin + n of a column, at most BIAS_CHUNK: where they lie, or in `room`. */
const int64_t *bias_integers_at(const wf_column *column, size_t begin, size_t n, int64_t *room);

/* Pushes a column of n numbers. */
void bias_push_doubles(lua_State *L, const double *values, size_t n);

/* member(column, set) → a bool column: is the row in the set? A set is { values = {…} } or any of
 * { above = (more than), min = (at least), max = (at most), below = (less than) }. Missing rows are
 * in none. */
int bias_member(lua_State *L);
/* extremes(column) → the smallest and the largest value; nothing where nothing is present. */
int bias_extremes(lua_State *L);
/* groups { column, … } → { codes = column, n =, names = { {text, …}, … } }: the combinations of
 * values that occur, numbered in order of first appearance; rows with a missing value are in none.
 */
int bias_groups(lua_State *L);

#endif
