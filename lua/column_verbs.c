/* column_verbs.c — methods of wf.column that make another column: filling, text, numbers, dates,
 * outliers, Lua functions. */
#include "frame_verbs.h"

#include "base/error.h"
#include "wf/transform.h"

static wf_column *check(lua_State *L, int arg) { return wfl_check(L, arg, WFL_COLUMN); }

static int finish(lua_State *L, wfl_box *box, wf_status status, wf_column **column,
                  const wf_error *err) {
  if (status != WF_OK) return wfl_raise(L, err);
  wfl_fill_column(L, box, *column);
  return 1;
}

/* ---- missing values -----------------------------------------------------------------------------
 */

/* A text names a way to fill; a number, a boolean or {value} is what to fill with. */
void wfl_push_filled(lua_State *L, const wf_column *column, int how, const char *what) {
  static const char *const ways[] = {"mean", "median", "mode", "forward", "backward", NULL};
  wf_fill fill = WF_FILL_CONSTANT;
  const wf_column *constant = NULL;
  int type = lua_type(L, how);
  if (type == LUA_TSTRING) {
    const char *name = lua_tostring(L, how), *nearest = wfl_nearest(name, ways);
    if (!wf_fill_find(name, &fill) || fill == WF_FILL_CONSTANT) {
      wfl_fail(L, WF_INVALID, "%s: there is no way to fill '%s'; did you mean %s%s%s?", what, name,
               nearest ? "'" : "{\"", nearest ? nearest : name, nearest ? "'" : "\"}");
    }
  } else if (type == LUA_TNUMBER || type == LUA_TBOOLEAN) {
    wfl_push_column_repeating(L, how, 1, what);
    constant = wfl_test(L, -1, WFL_COLUMN);
  } else if (type == LUA_TTABLE) {
    constant = wfl_push_column(L, how, what);
  } else {
    wfl_fail(L, WF_TYPE, "%s: a way to fill, a value or {value} was expected, not %s", what,
             wfl_kind(L, how));
  }
  wf_error err = WF_ERROR_INIT;
  wf_column *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (wf_column_fill(&result, column, fill, constant, &err) != WF_OK) {
    wf_fail_within(&err, err.status, "%s", what);
    wfl_raise(L, &err);
  }
  wfl_fill_column(L, box, result);
}

static int column_fill_missing(lua_State *L) {
  const wf_column *column = check(L, 1);
  luaL_checkany(L, 2);
  wfl_push_filled(L, column, 2, "column:fill_missing");
  return 1;
}

/* ---- text ---------------------------------------------------------------------------------------
 */

static int call_text(lua_State *L, const wf_text_call *call) {
  const wf_column *column = check(L, 1);
  wf_error err = WF_ERROR_INIT;
  wf_column *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  return finish(L, box, wf_column_text_call(&result, column, call, &err), &result, &err);
}

static int call_plain(lua_State *L, wf_text_function function) {
  return call_text(L, &(wf_text_call){.function = function});
}

static int call_with(lua_State *L, wf_text_function function) {
  return call_text(L, &(wf_text_call){.function = function, .argument = wfl_check_text(L, 2)});
}

static int column_lower(lua_State *L) { return call_plain(L, WF_TEXT_LOWER); }
static int column_upper(lua_State *L) { return call_plain(L, WF_TEXT_UPPER); }
static int column_trim(lua_State *L) { return call_plain(L, WF_TEXT_TRIM); }
static int column_length(lua_State *L) { return call_plain(L, WF_TEXT_LENGTH); }
static int column_contains(lua_State *L) { return call_with(L, WF_TEXT_CONTAINS); }
static int column_starts_with(lua_State *L) { return call_with(L, WF_TEXT_STARTS); }
static int column_ends_with(lua_State *L) { return call_with(L, WF_TEXT_ENDS); }

/* replace(what, by) */
static int column_replace(lua_State *L) {
  return call_text(L, &(wf_text_call){.function = WF_TEXT_REPLACE,
                                      .argument = wfl_check_text(L, 2),
                                      .other = wfl_check_text(L, 3)});
}

/* part(between, number) */
static int column_part(lua_State *L) {
  return call_text(L, &(wf_text_call){.function = WF_TEXT_PART,
                                      .argument = wfl_check_text(L, 2),
                                      .number = (ptrdiff_t)luaL_checkinteger(L, 3)});
}

/* sub(first[, last=-1]), in code points */
static int column_sub(lua_State *L) {
  return call_text(L, &(wf_text_call){.function = WF_TEXT_SLICE,
                                      .number = (ptrdiff_t)luaL_checkinteger(L, 2),
                                      .last = (ptrdiff_t)luaL_optinteger(L, 3, -1)});
}

/* column .. column, or a text, number or boolean on one side */
int wfl_column_text_join(lua_State *L) {
  lua_settop(L, 2);
  for (int i = 1; i <= 2; i++) {
    if (wfl_test(L, i, WFL_COLUMN)) continue;
    wfl_push_column_repeating(L, i, 1, "..");
    lua_replace(L, i);
  }
  const wf_column *a = check(L, 1), *b = check(L, 2);
  wf_error err = WF_ERROR_INIT;
  wf_column *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  return finish(L, box, wf_column_text_join(&result, a, b, &err), &result, &err);
}

/* ---- numbers ------------------------------------------------------------------------------------
 */

static int call_function(lua_State *L, wf_function function, lua_Integer digits) {
  const wf_column *column = check(L, 1);
  if (digits < -1000 || digits > 1000) digits = 1000; /* refused */
  wf_error err = WF_ERROR_INIT;
  wf_column *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  wf_status status = wf_column_function(&result, column, function, (int)digits, &err);
  return finish(L, box, status, &result, &err);
}

static int column_abs(lua_State *L) { return call_function(L, WF_FUNCTION_ABS, 0); }
static int column_ceil(lua_State *L) { return call_function(L, WF_FUNCTION_CEIL, 0); }
static int column_cos(lua_State *L) { return call_function(L, WF_FUNCTION_COS, 0); }
static int column_exp(lua_State *L) { return call_function(L, WF_FUNCTION_EXP, 0); }
static int column_floor(lua_State *L) { return call_function(L, WF_FUNCTION_FLOOR, 0); }
static int column_log(lua_State *L) { return call_function(L, WF_FUNCTION_LOG, 0); }
static int column_log1p(lua_State *L) { return call_function(L, WF_FUNCTION_LOG1P, 0); }
static int column_sign(lua_State *L) { return call_function(L, WF_FUNCTION_SIGN, 0); }
static int column_sin(lua_State *L) { return call_function(L, WF_FUNCTION_SIN, 0); }
static int column_sqrt(lua_State *L) { return call_function(L, WF_FUNCTION_SQRT, 0); }
/* round([digits=0]) */
static int column_round(lua_State *L) {
  return call_function(L, WF_FUNCTION_ROUND, luaL_optinteger(L, 2, 0));
}

/* is_nan(): NaN is what differs from itself */
static int column_is_nan(lua_State *L) {
  const wf_column *column = check(L, 1);
  wf_error err = WF_ERROR_INIT;
  wf_column *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  return finish(L, box, wf_column_compare(&result, column, WF_NE, column, &err), &result, &err);
}

/* is_in{values} or is_in(column): a bool column */
static int column_is_in(lua_State *L) {
  const wf_column *column = check(L, 1);
  lua_settop(L, 2);
  wf_column *values = wfl_push_column(L, 2, "column:is_in");
  wf_error err = WF_ERROR_INIT;
  wf_column *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  return finish(L, box, wf_column_is_in(&result, column, values, &err), &result, &err);
}

/* ---- dates and outliers -------------------------------------------------------------------------
 */

/* date("year") */
static int column_date(lua_State *L) {
  static const char *const names[] = {
#define DATE_NAME(name, text) text,
      WF_DATE_MAP(DATE_NAME)
#undef DATE_NAME
          NULL};
  const wf_column *column = check(L, 1);
  const char *name = wfl_check_text(L, 2), *nearest = wfl_nearest(name, names);
  wf_date_part part;
  if (!wf_date_part_find(name, &part))
    return wfl_fail(L, WF_INVALID, "column:date: there is no part '%s'%s%s%s", name,
                    nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
  wf_error err = WF_ERROR_INIT;
  wf_column *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  return finish(L, box, wf_column_date_part(&result, column, part, &err), &result, &err);
}

/* outliers{method="iqr"|"z", k=1.5|3}: a bool column */
static int column_outliers(lua_State *L) {
  static const char what[] = "column:outliers";
  static const char *const methods[] = {"iqr", "z", NULL};
  const wf_column *column = check(L, 1);
  wfl_options(L, 2, what, (const char *const[]){"method", "k", NULL});
  wf_outlier how = (wf_outlier)wfl_option_choice(L, 2, what, "method", methods, WF_OUTLIER_IQR);
  double k = wfl_option_number(L, 2, what, "k", how == WF_OUTLIER_IQR ? 1.5 : 3);
  wf_error err = WF_ERROR_INIT;
  wf_column *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  return finish(L, box, wf_column_outliers(&result, column, how, k, &err), &result, &err);
}

/* ---- Lua functions ------------------------------------------------------------------------------
 */

/* map(function(value, i) … end): missing values stay missing, nil makes one. */
static int column_map(lua_State *L) {
  const wf_column *column = check(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  size_t n = wf_column_count(column);
  lua_createtable(L, n < INT32_MAX ? (int)n : 0, 1);
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, 3, "n");
  for (size_t i = 0; i < n; i++) {
    if (wf_column_is_missing(column, i)) continue;
    lua_pushvalue(L, 2);
    wfl_push_cell(L, column, i);
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_call(L, 2, 1);
    lua_rawseti(L, 3, (lua_Integer)i + 1);
  }
  wfl_push_column_of(L, 3, "column:map");
  return 1;
}

const luaL_Reg wfl_column_verbs[] = {
    {"abs", column_abs},           {"ceil", column_ceil},
    {"contains", column_contains}, {"cos", column_cos},
    {"date", column_date},         {"ends_with", column_ends_with},
    {"exp", column_exp},           {"fill_missing", column_fill_missing},
    {"floor", column_floor},       {"is_in", column_is_in},
    {"is_nan", column_is_nan},     {"length", column_length},
    {"log", column_log},           {"log1p", column_log1p},
    {"lower", column_lower},       {"map", column_map},
    {"outliers", column_outliers}, {"part", column_part},
    {"replace", column_replace},   {"round", column_round},
    {"sign", column_sign},         {"sin", column_sin},
    {"sqrt", column_sqrt},         {"starts_with", column_starts_with},
    {"sub", column_sub},           {"trim", column_trim},
    {"upper", column_upper},       {NULL, NULL},
};
