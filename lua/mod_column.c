/* mod_column.c — the class wf.column: one immutable typed column.
 *
 * Comparisons and arithmetic take a number, a text (comparisons) or another column. `#c` is its
 * length, `c[i]` the value of row i (nil when missing or outside), `c.type` its type's name. */
#include "frame_verbs.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

static wf_column *check(lua_State *L, int arg) { return wfl_check(L, arg, WFL_COLUMN); }

/* ---- looking ------------------------------------------------------------------------------------
 */

static int column_count(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)wf_column_count(check(L, 1)));
  return 1;
}

/* Upvalue 1: the methods. */
static int column_index(lua_State *L) {
  const wf_column *column = check(L, 1);
  if (lua_type(L, 2) == LUA_TNUMBER) {
    int is_integer;
    lua_Integer row = lua_tointegerx(L, 2, &is_integer);
    if (is_integer && row >= 1 && (size_t)row <= wf_column_count(column))
      wfl_push_cell(L, column, (size_t)row - 1);
    else
      lua_pushnil(L);
    return 1;
  }
  const char *name = wfl_check_text(L, 2);
  if (strcmp(name, "type") == 0) {
    lua_pushstring(L, wf_type_name(wf_column_type(column)));
    return 1;
  }
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
  const char *nearest = wfl_nearest_key(L, lua_upvalueindex(1), name);
  if (!nearest) return wfl_fail(L, WF_NOTFOUND, "a column has no method '%s'", name);
  return wfl_fail(L, WF_NOTFOUND, "a column has no method '%s'; did you mean '%s'?", name, nearest);
}

/* Pushes the value of one row as text; numbers as short as their type allows. */
static void push_shown(lua_State *L, const wf_column *column, size_t row) {
  char text[WF_NUMBER_TEXT];
  wf_type type = wf_column_type(column);
  if (type == WF_F32 || type == WF_F64) {
    double value = wf_column_number_at(column, row);
    type == WF_F32 ? wf_format_f32(text, (float)value) : wf_format_f64(text, value);
    lua_pushstring(L, text);
    return;
  }
  wfl_push_cell(L, column, row);
  luaL_tolstring(L, -1, NULL);
  lua_remove(L, -2);
}

static int column_tostring(lua_State *L) {
  enum { SHOWN = 10 };
  const wf_column *column = check(L, 1);
  size_t n = wf_column_count(column);
  luaL_Buffer text;
  lua_pushfstring(L, "%s[%I] { ", wf_type_name(wf_column_type(column)), (lua_Integer)n);
  luaL_buffinit(L, &text);
  lua_pushvalue(L, 2);
  luaL_addvalue(&text);
  for (size_t i = 0; i < n && i < SHOWN; i++) {
    if (i) luaL_addstring(&text, ", ");
    if (wf_column_is_missing(column, i)) {
      luaL_addstring(&text, "missing");
      continue;
    }
    push_shown(L, column, i);
    luaL_addvalue(&text);
  }
  luaL_addstring(&text, n > SHOWN ? ", … }" : n ? " }" : "}");
  luaL_pushresult(&text);
  return 1;
}

/* to_table([placeholder]): a list; missing values are the placeholder, else left out. */
static int column_to_table(lua_State *L) {
  const wf_column *column = check(L, 1);
  lua_settop(L, 2);
  wfl_push_cells(L, column, 2);
  return 1;
}

static int column_missing_count(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)wf_column_missing_count(check(L, 1)));
  return 1;
}

/* ---- summaries: nil where nothing is present ----------------------------------------------------
 */

static void summarise(lua_State *L, wf_summary *out, const char *name) {
  wf_column *column = check(L, 1);
  wf_type type = wf_column_type(column);
  if (type == WF_STRING || type == WF_CATEGORY)
    wfl_fail(L, WF_TYPE, "column:%s: the column is a %s", name, wf_type_name(type));
  wf_error err = WF_ERROR_INIT;
  if (wf_column_summarise(out, column, &err) != WF_OK) wfl_raise(L, &err);
}

static int push_number(lua_State *L, double value) {
  if (isnan(value))
    lua_pushnil(L);
  else
    lua_pushnumber(L, value);
  return 1;
}

static bool is_whole(const wf_column *column) {
  wf_type type = wf_column_type(column);
  return type == WF_I64 || type == WF_I32 || type == WF_TIMESTAMP;
}

/* The extreme of an integer column is the integer, whatever float64 can hold. */
static int push_extreme(lua_State *L, bool largest) {
  const wf_column *column = check(L, 1);
  wf_summary summary;
  summarise(L, &summary, largest ? "max" : "min");
  if (!is_whole(column)) return push_number(L, largest ? summary.max : summary.min);
  bool found = false;
  int64_t best = 0;
  for (size_t i = 0; i < wf_column_count(column); i++) {
    if (wf_column_is_missing(column, i)) continue;
    int64_t value = wf_column_integer_at(column, i);
    if (!found || (largest ? value > best : value < best)) best = value;
    found = true;
  }
  if (found)
    lua_pushinteger(L, best);
  else
    lua_pushnil(L);
  return 1;
}

static int column_min(lua_State *L) { return push_extreme(L, false); }
static int column_max(lua_State *L) { return push_extreme(L, true); }

static int column_mean(lua_State *L) {
  wf_summary summary;
  summarise(L, &summary, "mean");
  return push_number(L, summary.mean);
}

static int column_std(lua_State *L) {
  wf_summary summary;
  summarise(L, &summary, "std");
  return push_number(L, summary.std);
}

static int column_var(lua_State *L) {
  wf_summary summary;
  summarise(L, &summary, "var");
  return push_number(L, summary.std * summary.std);
}

static int column_median(lua_State *L) {
  wf_summary summary;
  summarise(L, &summary, "median");
  return push_number(L, summary.median);
}

/* An integer for integer and bool columns while it fits, else a number; 0 for an empty column. */
static int column_sum(lua_State *L) {
  const wf_column *column = check(L, 1);
  wf_type type = wf_column_type(column);
  if (type == WF_STRING || type == WF_CATEGORY || type == WF_TIMESTAMP)
    return wfl_fail(L, WF_TYPE, "column:sum: the column is a %s", wf_type_name(type));
  bool whole = type != WF_F64 && type != WF_F32;
  int64_t integer = 0;
  double sum = 0, lost = 0; /* Neumaier's compensation */
  for (size_t i = 0; i < wf_column_count(column); i++) {
    if (wf_column_is_missing(column, i)) continue;
    whole = whole && !__builtin_add_overflow(integer, wf_column_integer_at(column, i), &integer);
    double value = wf_column_number_at(column, i), next = sum + value;
    lost += fabs(sum) >= fabs(value) ? (sum - next) + value : (value - next) + sum;
    sum = next;
  }
  if (whole)
    lua_pushinteger(L, integer);
  else
    lua_pushnumber(L, isfinite(sum) ? sum + lost : sum);
  return 1;
}

static int column_quantile(lua_State *L) {
  const wf_column *column = check(L, 1);
  double q = luaL_checknumber(L, 2), value;
  luaL_argcheck(L, q >= 0 && q <= 1, 2, "a quantile is from 0 to 1");
  wf_error err = WF_ERROR_INIT;
  if (wf_column_quantile(&value, column, q, &err) != WF_OK) return wfl_raise(L, &err);
  lua_pushnumber(L, value);
  return 1;
}

static int column_value_counts(lua_State *L) {
  const wf_column *column = check(L, 1);
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  if (wf_column_value_counts(&frame, column, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_fill_frame(L, box, frame);
  return 1;
}

static int column_digest(lua_State *L) {
  wf_column *column = check(L, 1);
  wf_error err = WF_ERROR_INIT;
  char digest[65];
  wf_frame *frame;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  if (wf_frame_new(&frame, (const char *const[]){"column"}, &column, 1, &err) != WF_OK)
    return wfl_raise(L, &err);
  box->ptr = frame;
  if (wf_frame_digest(digest, frame, &err) != WF_OK) return wfl_raise(L, &err);
  lua_pushstring(L, digest);
  return 1;
}

/* ---- making other columns -----------------------------------------------------------------------
 */

static int column_cast(lua_State *L) {
  const wf_column *column = check(L, 1);
  const char *name = wfl_check_text(L, 2);
  wf_type type;
  if (!wf_type_find(name, &type)) return wfl_fail_type_name(L, "column:cast", name);
  wf_error err = WF_ERROR_INIT;
  wf_column *result;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (wf_column_cast(&result, column, type, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_fill_column(L, box, result);
  return 1;
}

static int column_is_missing(lua_State *L) {
  const wf_column *column = check(L, 1);
  wf_error err = WF_ERROR_INIT;
  wf_column *result;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (wf_column_missing(&result, column, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_fill_column(L, box, result);
  return 1;
}

static int compare(lua_State *L, wf_compare op) {
  const wf_column *column = check(L, 1), *other = wfl_test(L, 2, WFL_COLUMN);
  int type = lua_type(L, 2);
  if (!other && type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TBOOLEAN)
    return luaL_typeerror(L, 2, "number, string, boolean or wf.column");
  const char *text = type == LUA_TSTRING ? wfl_check_text(L, 2) : NULL;
  double number = type == LUA_TBOOLEAN ? lua_toboolean(L, 2) : lua_tonumber(L, 2);
  wf_error err = WF_ERROR_INIT;
  wf_column *result;
  wf_status status;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (other)
    status = wf_column_compare(&result, column, op, other, &err);
  else if (text)
    status = wf_column_compare_text(&result, column, op, text, &err);
  else
    status = wf_column_compare_number(&result, column, op, number, &err);
  if (status != WF_OK) return wfl_raise(L, &err);
  wfl_fill_column(L, box, result);
  return 1;
}

static int column_eq(lua_State *L) { return compare(L, WF_EQ); }
static int column_ne(lua_State *L) { return compare(L, WF_NE); }
static int column_lt(lua_State *L) { return compare(L, WF_LT); }
static int column_le(lua_State *L) { return compare(L, WF_LE); }
static int column_gt(lua_State *L) { return compare(L, WF_GT); }
static int column_ge(lua_State *L) { return compare(L, WF_GE); }

static int column_and(lua_State *L) {
  const wf_column *a = check(L, 1), *b = check(L, 2);
  wf_error err = WF_ERROR_INIT;
  wf_column *result;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (wf_column_and(&result, a, b, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_fill_column(L, box, result);
  return 1;
}

static int column_or(lua_State *L) {
  const wf_column *a = check(L, 1), *b = check(L, 2);
  wf_error err = WF_ERROR_INIT;
  wf_column *result;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (wf_column_or(&result, a, b, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_fill_column(L, box, result);
  return 1;
}

static int column_not(lua_State *L) {
  const wf_column *a = check(L, 1);
  wf_error err = WF_ERROR_INIT;
  wf_column *result;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (wf_column_not(&result, a, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_fill_column(L, box, result);
  return 1;
}

/* One operand is a column; the other may be a number. */
static int arithmetic(lua_State *L, wf_arithmetic op) {
  const wf_column *a = wfl_test(L, 1, WFL_COLUMN), *b = wfl_test(L, 2, WFL_COLUMN);
  double number = a && b ? 0 : luaL_checknumber(L, a ? 2 : 1);
  wf_error err = WF_ERROR_INIT;
  wf_column *result;
  wf_status status;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (a && b)
    status = wf_column_arithmetic(&result, a, op, b, &err);
  else
    status = wf_column_arithmetic_number(&result, a ? a : b, op, number, !a, &err);
  if (status != WF_OK) return wfl_raise(L, &err);
  wfl_fill_column(L, box, result);
  return 1;
}

static int column_add(lua_State *L) { return arithmetic(L, WF_ADD); }
static int column_sub(lua_State *L) { return arithmetic(L, WF_SUB); }
static int column_mul(lua_State *L) { return arithmetic(L, WF_MUL); }
static int column_div(lua_State *L) { return arithmetic(L, WF_DIV); }
static int column_mod(lua_State *L) { return arithmetic(L, WF_MOD); }
static int column_idiv(lua_State *L) { return arithmetic(L, WF_FLOOR_DIV); }
static int column_pow(lua_State *L) { return arithmetic(L, WF_POW); }

/* Lua makes one boolean of every comparison by sign, so it cannot be a column. */
static int column_order(lua_State *L) {
  return wfl_fail(L, WF_TYPE,
                  "columns are compared with column:lt, le, gt, ge, eq and ne, not with signs");
}

static int column_unm(lua_State *L) {
  lua_settop(L, 1);
  lua_pushinteger(L, 0);
  lua_insert(L, 1);
  return arithmetic(L, WF_SUB);
}

static void release(void *column) { wf_column_release(column); }

void wfl_column_class(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__index", column_index},
      {"__len", column_count},
      {"__tostring", column_tostring},
      {"__digest", column_digest},
      {"__band", column_and},
      {"__bor", column_or},
      {"__bnot", column_not},
      {"__add", column_add},
      {"__sub", column_sub},
      {"__mul", column_mul},
      {"__div", column_div},
      {"__mod", column_mod},
      {"__idiv", column_idiv},
      {"__pow", column_pow},
      {"__concat", wfl_column_text_join},
      {"__lt", column_order},
      {"__le", column_order},
      {"__unm", column_unm},
      {NULL, NULL},
  };
  static const luaL_Reg methods[] = {
      {"cast", column_cast},
      {"digest", column_digest},
      {"eq", column_eq},
      {"ge", column_ge},
      {"gt", column_gt},
      {"is_missing", column_is_missing},
      {"le", column_le},
      {"lt", column_lt},
      {"max", column_max},
      {"mean", column_mean},
      {"median", column_median},
      {"min", column_min},
      {"missing_count", column_missing_count},
      {"ne", column_ne},
      {"quantile", column_quantile},
      {"std", column_std},
      {"sum", column_sum},
      {"var", column_var},
      {"to_table", column_to_table},
      {"value_counts", column_value_counts},
      {NULL, NULL},
  };
  wfl_class(L, WFL_COLUMN, meta, methods, release);
  luaL_getmetatable(L, WFL_COLUMN);
  lua_getfield(L, -1, "methods");
  luaL_setfuncs(L, wfl_column_verbs, 0);
  lua_pop(L, 2);
}
