/* bias_codes.c — groups of rows: combinations of values as numbers.
 *
 * A category is its codes and an integer column of a narrow range its distance from the smallest;
 * any other column becomes a category first. What occurs is numbered in order of first appearance.
 */
#include "bias_input.h"

#include "frame/column.h"

#include <string.h>

enum { NEAR = 4096, MOST_COMBINATIONS = 1 << 24, WIDEST_RANGE = 1 << 16, MOST_COLUMNS = 16 };

/* One column of a group: every value has a code below n_codes, missing ones have -1. */
typedef struct part {
  const wf_column *column;
  const int32_t *codes;
  size_t n_codes;
} part;

/* Missing ones are 0, and count as that. */
static void find_extremes(const wf_column *column, int64_t *low, int64_t *high) {
  int64_t room[BIAS_CHUNK], least = INT64_MAX, most = INT64_MIN;
  for (size_t begin = 0; begin < column->n_rows; begin += BIAS_CHUNK) {
    size_t n = bias_chunk_at(column, begin);
    const int64_t *values = bias_integers_at(column, begin, n, room);
    for (size_t i = 0; i < n; i++) {
      least = values[i] < least ? values[i] : least;
      most = values[i] > most ? values[i] : most;
    }
  }
  *low = least;
  *high = most;
}

/* Integers of a narrow range are their own codes. They are put into `room` where that is given,
 * else into memory that is pushed (then this pushes nil). */
static bool push_narrow(lua_State *L, part *p, int32_t *room) {
  const wf_column *column = p->column;
  int64_t low, high, room_of_chunk[BIAS_CHUNK];
  if (!wf_type_is_integer(column->type) || column->n_rows == 0) return false;
  find_extremes(column, &low, &high);
  if ((uint64_t)high - (uint64_t)low >= WIDEST_RANGE) return false;
  int32_t *codes = room ? room : wfl_scratch(L, column->n_rows, sizeof *codes);
  if (room) lua_pushnil(L);
  for (size_t begin = 0; begin < column->n_rows; begin += BIAS_CHUNK) {
    size_t n = bias_chunk_at(column, begin);
    const int64_t *values = bias_integers_at(column, begin, n, room_of_chunk);
    for (size_t i = 0; i < n; i++) codes[begin + i] = (int32_t)(values[i] - low);
  }
  for (size_t i = 0; column->n_missing && i < column->n_rows; i++) {
    if (!wf_column_present(column, i)) codes[i] = -1;
  }
  p->codes = codes;
  p->n_codes = (size_t)(high - low) + 1;
  return true;
}

/* The codes of the column's texts. Pushes one value. */
static void push_texts(lua_State *L, part *p) {
  wf_error err = WF_ERROR_INIT;
  wf_column *categories;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (wf_column_cast(&categories, p->column, WF_CATEGORY, &err) != WF_OK) wfl_raise(L, &err);
  box->ptr = categories;
  p->n_codes = categories->dictionary->n_rows;
  p->codes = wf_column_i32(categories);
  if (categories->n_missing == 0) return;
  int32_t *codes = wfl_scratch(L, categories->n_rows, sizeof *codes);
  for (size_t i = 0; i < categories->n_rows; i++) codes[i] = wf_column_code_at(categories, i);
  lua_remove(L, -2);
  p->codes = codes;
}

/* The columns of the list at index 1; pushes what owns their codes, the first one's may be in
 * `room`.
 */
static part *push_parts(lua_State *L, size_t *n_parts, int32_t *room) {
  luaL_checktype(L, 1, LUA_TTABLE);
  *n_parts = (size_t)luaL_len(L, 1);
  if (*n_parts == 0 || *n_parts > MOST_COLUMNS)
    wfl_fail(L, WF_INVALID, "bias: groups are made of 1 to %d columns", MOST_COLUMNS);
  luaL_checkstack(L, 2 * MOST_COLUMNS + 16, NULL);
  part *parts = wfl_scratch(L, *n_parts, sizeof *parts);
  for (size_t k = 0; k < *n_parts; k++) {
    lua_rawgeti(L, 1, (lua_Integer)k + 1);
    parts[k].column = wfl_check(L, lua_gettop(L), WFL_COLUMN);
    if (parts[k].column->n_rows != parts[0].column->n_rows)
      wfl_fail(L, WF_INVALID, "bias: the columns of a group differ in length");
    if (!push_narrow(L, &parts[k], k == 0 ? room : NULL)) push_texts(L, &parts[k]);
  }
  return parts;
}

static size_t count_combinations(lua_State *L, const part *parts, size_t n_parts) {
  size_t combinations = 1;
  for (size_t k = 0; k < n_parts; k++) {
    size_t n_codes = parts[k].n_codes ? parts[k].n_codes : 1;
    if (combinations > MOST_COMBINATIONS / n_codes)
      wfl_fail(L, WF_LIMIT, "bias: more than %d combinations of values", MOST_COMBINATIONS);
    combinations *= n_codes;
  }
  return combinations;
}

/* The row's combination as one number, -1 where a value is missing. */
static inline int32_t combination_at(const part *parts, size_t n_parts, size_t row) {
  int32_t number = 0;
  for (size_t k = 0; k < n_parts; k++) {
    int32_t code = parts[k].codes[row];
    if (code < 0) return -1;
    number = number * (int32_t)parts[k].n_codes + code;
  }
  return number;
}

/* Sets item `number` of the list at index `names` to the row's values as text. */
static void add_name(lua_State *L, int names, int32_t number, const part *parts, size_t n_parts,
                     size_t row) {
  lua_createtable(L, (int)n_parts, 0);
  for (size_t k = 0; k < n_parts; k++) {
    wfl_push_cell(L, parts[k].column, row);
    luaL_tolstring(L, -1, NULL);
    lua_rawseti(L, -3, (lua_Integer)k + 1);
    lua_pop(L, 1);
  }
  lua_rawseti(L, names, number);
}

/* Fills `codes` with group numbers; the list at index `names` gets their names. */
static int32_t number_groups(lua_State *L, int32_t *codes, int names, const part *parts,
                             size_t n_parts) {
  size_t combinations = count_combinations(L, parts, n_parts), n = parts[0].column->n_rows;
  int32_t *number_of = wfl_scratch(L, combinations, sizeof *number_of), count = 0;
  memset(number_of, -1, combinations * sizeof *number_of);
  for (size_t i = 0; i < n; i++) {
    int32_t at = n_parts == 1 ? parts->codes[i] : combination_at(parts, n_parts, i);
    if (at >= 0 && number_of[at] < 0) {
      number_of[at] = count++;
      add_name(L, names, count, parts, n_parts, i);
    }
    codes[i] = at >= 0 ? number_of[at] : -1;
  }
  return count;
}

/* Groups of integers near the first one, as categories are: they need no look for their range. */
typedef struct near_groups {
  uint64_t base;
  int32_t number_of[NEAR]; /* of value base + i; -1: not met yet */
  int32_t count;
} near_groups;

/* Codes of all n rows, when all are met already: that is most chunks, and is found out without a
 * branch a row. */
static bool code_all(int32_t *restrict codes, const int64_t *restrict values, size_t n,
                     const near_groups *restrict near) {
  uint64_t far = 0, base = near->base;
  int32_t unmet = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t at = (uint64_t)values[i] - base;
    int32_t number = near->number_of[at % NEAR];
    far |= at;
    unmet |= number;
    codes[i] = number;
  }
  return far < NEAR && unmet >= 0;
}

/* Codes of rows that are met already; returns the first row that is not, or n. */
static size_t code_known(int32_t *restrict codes, const int64_t *values, size_t n,
                         const near_groups *restrict near) {
  for (size_t i = 0; i < n; i++) {
    uint64_t at = (uint64_t)values[i] - near->base;
    if (at >= NEAR || near->number_of[at] < 0) return i;
    codes[i] = near->number_of[at];
  }
  return n;
}

/* Rows begin … begin + n of the column; false when one is too far away. */
static bool code_chunk(lua_State *L, int32_t *codes, int names, const wf_column *column,
                       size_t begin, size_t n, near_groups *near) {
  int64_t room[BIAS_CHUNK];
  part self = {.column = column};
  const int64_t *values = bias_integers_at(column, begin, n, room);
  if (code_all(codes, values, n, near)) return true;
  for (size_t i = 0; (i += code_known(codes + i, values + i, n - i, near)) < n;) {
    uint64_t at = (uint64_t)values[i] - near->base;
    if (at >= NEAR) return false;
    near->number_of[at] = near->count++;
    add_name(L, names, near->count, &self, 1, begin + i);
  }
  return true;
}

/* The groups of one column of integers near each other and none missing; -1 when it is not so. */
static int32_t number_near(lua_State *L, int32_t *codes, int names, const wf_column *column) {
  near_groups near = {.count = 0};
  int64_t first;
  if (!wf_type_is_integer(column->type) || column->n_rows == 0 || column->n_missing) return -1;
  memset(near.number_of, -1, sizeof near.number_of);
  wf_column_load_i64(column, 0, 1, &first);
  near.base = (uint64_t)first - NEAR / 2;
  for (size_t begin = 0; begin < column->n_rows; begin += BIAS_CHUNK) {
    size_t n = bias_chunk_at(column, begin);
    if (!code_chunk(L, codes + begin, names, column, begin, n, &near)) return -1;
  }
  return near.count;
}

/* Groups of the columns listed at index 1: of any values, of several columns. */
static int32_t number_any(lua_State *L, int32_t *codes, int names) {
  size_t n_parts;
  lua_newtable(L); /* names again: some of number_near's may be there */
  lua_replace(L, names);
  const part *parts = push_parts(L, &n_parts, codes);
  return number_groups(L, codes, names, parts, n_parts);
}

/* A column for as many codes as the first column of the list at index 1 has rows. */
static wf_column *push_room(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_rawgeti(L, 1, 1);
  const wf_column *first = wfl_check(L, lua_gettop(L), WFL_COLUMN);
  wf_error err = WF_ERROR_INIT;
  wf_column *column;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (wf_column_blank(&column, WF_I32, first->n_rows, NULL, 0, &err) != WF_OK) wfl_raise(L, &err);
  wfl_fill_column(L, box, column);
  lua_remove(L, -2);
  return column;
}

/* Codes of the columns become numbers of groups in place: a row is read before it is written. */
int bias_groups(lua_State *L) {
  lua_settop(L, 1);
  int32_t *codes = wf_column_memory(push_room(L)), count = -1;
  lua_newtable(L);
  int names = lua_gettop(L);
  if (luaL_len(L, 1) == 1) {
    lua_rawgeti(L, 1, 1);
    count = number_near(L, codes, names, wfl_check(L, lua_gettop(L), WFL_COLUMN));
  }
  if (count < 0) count = number_any(L, codes, names);
  lua_createtable(L, 0, 3);
  lua_pushvalue(L, 2);
  lua_setfield(L, -2, "codes");
  lua_pushinteger(L, count);
  lua_setfield(L, -2, "n");
  lua_pushvalue(L, names);
  lua_setfield(L, -2, "names");
  return 1;
}
