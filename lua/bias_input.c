/* bias_input.c — columns as flags and weights; sets of values as bool columns.
 *
 * A million rows pass through here for each millisecond that counting them takes, so columns are
 * read where they lie: bits of bool columns, codes of categories by a table over the dictionary,
 * numbers in their own type. */
#include "bias_input.h"

#include "base/bytes.h"
#include "frame/column.h"

#include <math.h>
#include <string.h>

/* ---- columns of the option table ----------------------------------------------------------------
 */

static const char *full_name(bias_rows *rows, const char *name) {
  return lua_pushfstring(rows->L, "%s: %s", rows->what, name);
}

static void check_length(bias_rows *rows, const wf_column *column, const char *name) {
  size_t n = wf_column_count(column);
  if (rows->n == SIZE_MAX) rows->n = n;
  if (n != rows->n)
    wfl_fail(rows->L, WF_INVALID, "%s: %s: %I values for %I rows", rows->what, name, (lua_Integer)n,
             (lua_Integer)rows->n);
}

#define EVERY_BYTE UINT64_C(0x0101010101010101)

/* Bit k becomes byte k: bit k is kept of byte k, and whatever is kept is carried into bit 7. */
static void unpack_bits(uint8_t *out, const uint8_t *bits, size_t n) {
  size_t whole = n / 8;
  for (size_t i = 0; i < whole; i++) {
    uint64_t kept = bits[i] * EVERY_BYTE & UINT64_C(0x8040201008040201);
    uint64_t bytes = (kept + UINT64_C(0x7f7f7f7f7f7f7f7f)) >> 7 & EVERY_BYTE;
    memcpy(out + 8 * i, &bytes, 8);
  }
  for (size_t i = 8 * whole; i < n; i++) out[i] = wf_bit_get(bits, i);
}

/* Byte k of eight, 0 or 1, becomes bit k. */
static uint8_t pack_eight(uint64_t bytes) {
  return (uint8_t)(bytes * UINT64_C(0x0102040810204080) >> 56);
}

/* Adds the rows of one chunk to the bits of a column. */
static void add_bits(uint8_t *bits, const wf_column *column, size_t begin, const uint8_t *flags,
                     size_t n) {
  const uint8_t *valid = column->validity ? column->validity->data + begin / 8 : NULL;
  uint8_t *out = bits + begin / 8, packed[BIAS_CHUNK / 8];
  size_t whole = n / 8;
  uint64_t bytes;
  for (size_t i = 0; i < whole; i++) {
    memcpy(&bytes, flags + 8 * i, 8);
    packed[i] = pack_eight(bytes);
  }
  if (n % 8) {
    bytes = 0;
    memcpy(&bytes, flags + 8 * whole, n % 8);
    packed[whole++] = pack_eight(bytes);
  }
  for (size_t i = 0; i < whole; i++) out[i] |= valid ? packed[i] & valid[i] : packed[i];
}

const int64_t *bias_integers_at(const wf_column *column, size_t begin, size_t n, int64_t *room) {
  if (column->type == WF_I64 || column->type == WF_TIMESTAMP) return wf_column_i64(column) + begin;
  wf_column_load_i64(column, begin, n, room);
  return room;
}

bias_flags bias_to_packed(bias_rows *rows, const char *name) {
  lua_State *L = rows->L;
  const wf_column *column = wfl_check(L, lua_gettop(L), WFL_COLUMN);
  check_length(rows, column, name);
  if (column->type == WF_BOOL && column->n_missing == 0)
    return (bias_flags){.bits = column->data->data};
  bias_flags flags = {.bytes = wfl_push_flags(L, column, full_name(rows, name))};
  lua_replace(L, -3);
  lua_pop(L, 1);
  return flags;
}

bias_flags bias_push_packed(bias_rows *rows, const char *name, bool required) {
  lua_State *L = rows->L;
  if (!wfl_option_object(L, 1, rows->what, name, WFL_COLUMN, required)) {
    lua_pushnil(L);
    return (bias_flags){NULL, NULL};
  }
  lua_getfield(L, 1, name);
  return bias_to_packed(rows, name);
}

const uint8_t *bias_flags_at(const bias_flags *flags, size_t begin, size_t n, uint8_t *room) {
  if (flags->bytes) return flags->bytes + begin;
  if (!flags->bits) return NULL;
  unpack_bits(room, flags->bits + begin / 8, n);
  return room;
}

const uint8_t *bias_push_flags(bias_rows *rows, const char *name, bool required) {
  bias_flags flags = bias_push_packed(rows, name, required);
  if (!flags.bits) return flags.bytes;
  uint8_t *room = wfl_scratch(rows->L, rows->n, 1);
  lua_remove(rows->L, -2);
  return bias_flags_at(&flags, 0, rows->n, room);
}

const double *bias_push_numbers(bias_rows *rows, const char *name, bool required) {
  lua_State *L = rows->L;
  const wf_column *column = wfl_option_object(L, 1, rows->what, name, WFL_COLUMN, required);
  if (!column) {
    lua_pushnil(L);
    return NULL;
  }
  check_length(rows, column, name);
  const double *numbers = wfl_push_doubles(L, column, full_name(rows, name));
  lua_remove(L, -2);
  return numbers;
}

const int32_t *bias_push_groups(bias_rows *rows, size_t *n_groups, bool required) {
  lua_State *L = rows->L;
  *n_groups = 0;
  const wf_column *column = wfl_option_object(L, 1, rows->what, "groups", WFL_COLUMN, required);
  if (!column) {
    lua_pushnil(L);
    return NULL;
  }
  check_length(rows, column, "groups");
  if (column->type != WF_I32)
    wfl_fail(L, WF_TYPE, "%s: groups: codes were expected, not a %s column", rows->what,
             wf_type_name(column->type));
  *n_groups = (size_t)wfl_option_integer(L, 1, rows->what, "n_groups", 0, 0, INT32_MAX);
  lua_getfield(L, 1, "groups"); /* whose memory this is */
  return wf_column_i32(column);
}

void bias_push_doubles(lua_State *L, const double *values, size_t n) {
  wf_error err = WF_ERROR_INIT;
  wf_column *column;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (wf_column_from_f64(&column, values, NULL, n, &err) != WF_OK) wfl_raise(L, &err);
  wfl_fill_column(L, box, column);
}

/* ---- sets of values -----------------------------------------------------------------------------
 */

/* Bounds as the script gave them: of each pair at most one is there. */
typedef struct range {
  double low, high;
  bool above, below; /* the bound itself is outside */
} range;

static double bound(lua_State *L, const char *exclusive, const char *inclusive, double otherwise,
                    bool *outside) {
  *outside = lua_getfield(L, 2, exclusive) != LUA_TNIL;
  lua_pop(L, 1);
  const char *name = *outside ? exclusive : inclusive;
  double value = wfl_option_number(L, 2, "bias: set", name, otherwise);
  if (isnan(value)) wfl_fail(L, WF_INVALID, "bias: the bound '%s' is not a number", name);
  return value;
}

static range read_range(lua_State *L) {
  range r;
  r.low = bound(L, "above", "min", -HUGE_VAL, &r.above);
  r.high = bound(L, "below", "max", HUGE_VAL, &r.below);
  return r;
}

static void mark_double_range(uint8_t *bits, const wf_column *column, const range *r) {
  double values[BIAS_CHUNK], low = r->low, high = r->high;
  uint8_t in[BIAS_CHUNK];
  for (size_t begin = 0; begin < column->n_rows; begin += BIAS_CHUNK) {
    size_t n = bias_chunk_at(column, begin);
    wf_column_load_f64(column, begin, n, values);
    for (size_t i = 0; i < n; i++) in[i] = (values[i] >= low) & (values[i] <= high);
    for (size_t i = 0; r->above && i < n; i++) in[i] &= values[i] > low;
    for (size_t i = 0; r->below && i < n; i++) in[i] &= values[i] < high;
    add_bits(bits, column, begin, in, n);
  }
}

/* Marks low <= x <= high, low at most high: one unsigned comparison a row. */
static void mark_integer_range(uint8_t *bits, const wf_column *column, int64_t low, int64_t high) {
  int64_t room[BIAS_CHUNK];
  uint64_t least = (uint64_t)low, span = (uint64_t)high - least;
  uint8_t in[BIAS_CHUNK];
  for (size_t begin = 0; begin < column->n_rows; begin += BIAS_CHUNK) {
    size_t n = bias_chunk_at(column, begin);
    const int64_t *values = bias_integers_at(column, begin, n, room);
    for (size_t i = 0; i < n; i++) in[i] = (uint64_t)values[i] - least <= span;
    add_bits(bits, column, begin, in, n);
  }
}

/* The smallest integer of the range; false when all are below it. */
static bool first_integer(const range *r, int64_t *out) {
  double least = ceil(r->low);
  if (least >= 0x1p63) return false;
  int64_t first = least < -0x1p63 ? INT64_MIN : (int64_t)least;
  bool next = r->above && least == r->low && least >= -0x1p63;
  if (next && first == INT64_MAX) return false;
  *out = first + next;
  return true;
}

static bool last_integer(const range *r, int64_t *out) {
  double most = floor(r->high);
  if (most < -0x1p63) return false;
  int64_t last = most >= 0x1p63 ? INT64_MAX : (int64_t)most;
  bool before = r->below && most == r->high && most < 0x1p63;
  if (before && last == INT64_MIN) return false;
  *out = last - before;
  return true;
}

static void mark_range(lua_State *L, uint8_t *bits, const wf_column *column) {
  range r = read_range(L);
  int64_t low, high;
  if (!wf_type_is_integer(column->type)) {
    mark_double_range(bits, column, &r);
  } else if (first_integer(&r, &low) && last_integer(&r, &high) && low <= high) {
    mark_integer_range(bits, column, low, high);
  }
}

/* The value on the top of the stack as a number; booleans count as 0 and 1. */
static double number_on_top(lua_State *L, const wf_column *column) {
  if (lua_type(L, -1) == LUA_TBOOLEAN) return lua_toboolean(L, -1);
  if (lua_type(L, -1) == LUA_TNUMBER) return lua_tonumber(L, -1);
  wfl_fail(L, WF_TYPE, "bias: the column is %s, the value '%s' is %s", wf_type_name(column->type),
           luaL_tolstring(L, -1, NULL), lua_type(L, -2) == LUA_TSTRING ? "text" : "none");
  return 0;
}

static void mark_number(uint8_t *bits, const wf_column *column, double wanted) {
  double values[BIAS_CHUNK];
  uint8_t in[BIAS_CHUNK];
  for (size_t begin = 0; begin < column->n_rows; begin += BIAS_CHUNK) {
    size_t n = bias_chunk_at(column, begin);
    wf_column_load_f64(column, begin, n, values);
    for (size_t i = 0; i < n; i++) in[i] = values[i] == wanted;
    add_bits(bits, column, begin, in, n);
  }
}

static bool view_is(wf_view view, const char *text, size_t size) {
  return view.size == size && memcmp(view.data, text, size) == 0;
}

/* The code of a text in the dictionary, -1 when it has none. */
static int32_t code_of(const wf_column *dictionary, const char *text, size_t size) {
  for (size_t k = 0; k < dictionary->n_rows; k++) {
    if (view_is(wf_column_view(dictionary, k), text, size)) return (int32_t)k;
  }
  return -1;
}

/* A whole chunk has a number of rows that the compiler knows, and makes vectors of. */
static void compare_codes(uint8_t *restrict in, const int32_t *restrict codes, size_t n,
                          int32_t code) {
  if (n == BIAS_CHUNK) {
    for (size_t i = 0; i < BIAS_CHUNK; i++) in[i] = codes[i] == code;
  } else {
    for (size_t i = 0; i < n; i++) in[i] = codes[i] == code;
  }
}

static void mark_code(uint8_t *bits, const wf_column *column, int32_t code) {
  const int32_t *codes = wf_column_i32(column);
  uint8_t in[BIAS_CHUNK];
  for (size_t begin = 0; begin < column->n_rows; begin += BIAS_CHUNK) {
    size_t n = bias_chunk_at(column, begin);
    compare_codes(in, codes + begin, n, code);
    add_bits(bits, column, begin, in, n);
  }
}

/* The text on the top of the stack. */
static void mark_text(lua_State *L, uint8_t *bits, const wf_column *column) {
  size_t size;
  if (lua_type(L, -1) != LUA_TSTRING)
    wfl_fail(L, WF_TYPE, "bias: the column is text, the value %s is not",
             luaL_tolstring(L, -1, NULL));
  const char *text = lua_tolstring(L, -1, &size);
  if (column->type == WF_CATEGORY) {
    int32_t code = code_of(column->dictionary, text, size);
    if (code >= 0) mark_code(bits, column, code);
    return;
  }
  for (size_t i = 0; i < column->n_rows; i++) {
    if (wf_column_present(column, i) && view_is(wf_column_view(column, i), text, size))
      wf_bit_set(bits, i);
  }
}

/* The value on the top of the stack. */
static void mark_value(lua_State *L, uint8_t *bits, const wf_column *column) {
  if (wf_type_is_text(column->type)) {
    mark_text(L, bits, column);
  } else if (wf_type_is_integer(column->type) && lua_isinteger(L, -1)) {
    lua_Integer wanted = lua_tointeger(L, -1); /* beyond 2^53 too */
    mark_integer_range(bits, column, wanted, wanted);
  } else {
    mark_number(bits, column, number_on_top(L, column));
  }
}

/* The set { values = { true } } of a bool column without missing values is the column. */
static bool is_true_itself(lua_State *L, const wf_column *column) {
  bool so = false;
  if (column->type != WF_BOOL || column->n_missing) return false;
  if (lua_getfield(L, 2, "values") == LUA_TTABLE && luaL_len(L, -1) == 1) {
    lua_rawgeti(L, -1, 1);
    so = lua_isboolean(L, -1) && lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return so;
}

int bias_member(lua_State *L) {
  const wf_column *column = wfl_check(L, 1, WFL_COLUMN);
  wfl_options(L, 2, "bias: set",
              (const char *const[]){"values", "above", "below", "min", "max", NULL});
  lua_settop(L, 2);
  if (is_true_itself(L, column)) {
    lua_pushvalue(L, 1);
    return 1;
  }
  lua_getfield(L, 2, "values");
  uint8_t *bits = wf_column_memory(wfl_push_blank(L, WF_BOOL, column->n_rows));
  if (lua_istable(L, 3)) {
    lua_Integer n = luaL_len(L, 3);
    for (lua_Integer i = 1; i <= n; i++) {
      lua_rawgeti(L, 3, i);
      mark_value(L, bits, column);
      lua_pop(L, 1);
    }
  } else if (wf_type_is_text(column->type)) {
    wfl_fail(L, WF_TYPE, "bias: the column is text, which has no range");
  } else {
    mark_range(L, bits, column);
  }
  lua_settop(L, 4);
  return 1;
}

/* The extremes of four sequences, so that no row waits for the one before. */
typedef struct extremes {
  int64_t low[4], high[4];
} extremes;

static void widen(extremes *e, size_t k, int64_t value) {
  e->low[k] = value < e->low[k] ? value : e->low[k];
  e->high[k] = value > e->high[k] ? value : e->high[k];
}

static void widen_all(extremes *e, const int64_t *values, size_t n) {
  extremes own = *e; /* in registers */
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    widen(&own, 0, values[i]);
    widen(&own, 1, values[i + 1]);
    widen(&own, 2, values[i + 2]);
    widen(&own, 3, values[i + 3]);
  }
  for (; i < n; i++) widen(&own, 0, values[i]);
  *e = own;
}

static void push_integers(lua_State *L, const wf_column *column) {
  extremes e = {{INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX},
                {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN}};
  int64_t room[BIAS_CHUNK];
  for (size_t begin = 0; begin < column->n_rows; begin += BIAS_CHUNK) {
    size_t n = bias_chunk_at(column, begin);
    const int64_t *values = bias_integers_at(column, begin, n, room);
    if (column->n_missing == 0) widen_all(&e, values, n);
    for (size_t i = 0; column->n_missing && i < n; i++) {
      if (wf_column_present(column, begin + i)) widen(&e, 0, values[i]);
    }
  }
  for (size_t k = 1; k < 4; k++) {
    e.low[0] = e.low[k] < e.low[0] ? e.low[k] : e.low[0];
    e.high[0] = e.high[k] > e.high[0] ? e.high[k] : e.high[0];
  }
  lua_pushinteger(L, e.low[0]);
  lua_pushinteger(L, e.high[0]);
}

static void push_numbers(lua_State *L, const wf_column *column) {
  double low = HUGE_VAL, high = -HUGE_VAL, values[BIAS_CHUNK];
  for (size_t begin = 0; begin < column->n_rows; begin += BIAS_CHUNK) {
    size_t n = bias_chunk_at(column, begin);
    wf_column_load_f64(column, begin, n, values);
    for (size_t i = 0; i < n; i++) {
      if (column->n_missing && !wf_column_present(column, begin + i)) continue;
      low = values[i] < low ? values[i] : low;
      high = values[i] > high ? values[i] : high;
    }
  }
  lua_pushnumber(L, low);
  lua_pushnumber(L, high);
}

int bias_extremes(lua_State *L) {
  const wf_column *column = wfl_check(L, 1, WFL_COLUMN);
  if (wf_type_is_text(column->type)) return wfl_fail(L, WF_TYPE, "bias: text has no extremes");
  if (column->n_missing == column->n_rows) return 0;
  if (wf_type_is_integer(column->type))
    push_integers(L, column);
  else
    push_numbers(L, column);
  return 2;
}
