/* frame_shape.c — methods of wf.frame that fill, reshape and look along the rows. */
#include "frame_verbs.h"

#include "base/error.h"
#include "wf/reshape.h"
#include "wf/transform.h"

static wf_frame *check(lua_State *L, int arg) { return wfl_check(L, arg, WFL_FRAME); }

static int finish(lua_State *L, wfl_box *box, wf_status status, wf_frame **frame,
                  const wf_error *err) {
  if (status != WF_OK) return wfl_raise(L, err);
  wfl_fill_frame(L, box, *frame);
  return 1;
}

static int finish_column(lua_State *L, wfl_box *box, wf_status status, wf_column **column,
                         const wf_error *err) {
  if (status != WF_OK) return wfl_raise(L, err);
  wfl_fill_column(L, box, *column);
  return 1;
}

/* fill_missing{ column = "median", other = 0, text = {"none"} } */
int wfl_frame_fill_missing(lua_State *L) {
  check(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  size_t n;
  const char **names = wfl_keys(L, 2, "frame:fill_missing", &n);
  lua_pushvalue(L, 1); /* the result so far */
  int result = lua_gettop(L);
  for (size_t i = 0; i < n; i++) {
    const wf_frame *frame = check(L, result);
    wf_error err = WF_ERROR_INIT;
    wf_column *column;
    wf_frame *next = NULL;
    if (wf_frame_get(&column, frame, names[i], &err) != WF_OK) return wfl_raise(L, &err);
    const char *what = lua_pushfstring(L, "frame:fill_missing: column '%s'", names[i]);
    lua_getfield(L, 2, names[i]);
    wfl_push_filled(L, column, lua_gettop(L), what);
    wf_column *filled = wfl_test(L, -1, WFL_COLUMN);
    wfl_box *box = wfl_newbox(L, WFL_FRAME);
    finish(L, box, wf_frame_with(&next, frame, names[i], filled, &err), &next, &err);
    lua_replace(L, result);
    lua_settop(L, result);
  }
  return 1;
}

/* one_hot(columns[, {drop_first=false}]) */
int wfl_frame_one_hot(lua_State *L) {
  static const char what[] = "frame:one_hot";
  const wf_frame *frame = check(L, 1);
  lua_settop(L, 3);
  wfl_options(L, 3, what, (const char *const[]){"drop_first", NULL});
  bool drop_first = wfl_option_boolean(L, 3, what, "drop_first", false);
  size_t n;
  const char **columns = wfl_strings(L, 2, "frame:one_hot: the columns", &n);
  wf_error err = WF_ERROR_INIT;
  wf_frame *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  wf_status status = wf_frame_one_hot(&result, frame, columns, n, drop_first, &err);
  return finish(L, box, status, &result, &err);
}

static const char *required(lua_State *L, const char *what, const char *name) {
  const char *text = wfl_option_string(L, 2, what, name, NULL);
  if (!text) wfl_fail(L, WF_INVALID, "%s: option '%s' is missing (a column name)", what, name);
  return text;
}

/* pivot{index=, names=, values=, how="first"} */
int wfl_frame_pivot(lua_State *L) {
  static const char what[] = "frame:pivot";
  const wf_frame *frame = check(L, 1);
  lua_settop(L, 2);
  wfl_options(L, 2, what, (const char *const[]){"index", "names", "values", "how", NULL});
  wf_pivot_options options = {.names = required(L, what, "names"),
                              .values = required(L, what, "values")};
  const char *how = wfl_option_string(L, 2, what, "how", "first");
  options.how = wfl_aggregate_of(L, what, how);
  options.index = wfl_option_strings(L, 2, what, "index", &options.n_index);
  if (!options.index)
    return wfl_fail(L, WF_INVALID, "%s: option 'index' is missing (column names)", what);
  wf_error err = WF_ERROR_INIT;
  wf_frame *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  return finish(L, box, wf_frame_pivot(&result, frame, &options, &err), &result, &err);
}

/* melt{keep=, columns=, name="name", value="value"} */
int wfl_frame_melt(lua_State *L) {
  static const char what[] = "frame:melt";
  const wf_frame *frame = check(L, 1);
  lua_settop(L, 2);
  wfl_options(L, 2, what, (const char *const[]){"keep", "columns", "name", "value", NULL});
  wf_melt_options options = {.name_column = wfl_option_string(L, 2, what, "name", NULL),
                             .value_column = wfl_option_string(L, 2, what, "value", NULL)};
  const char **keep = wfl_option_strings(L, 2, what, "keep", &options.n_keep);
  const char **columns = wfl_option_strings(L, 2, what, "columns", &options.n_columns);
  options.keep = keep;
  options.n_keep = keep ? options.n_keep : 0;
  options.columns = columns;
  options.n_columns = columns ? options.n_columns : 0;
  wf_error err = WF_ERROR_INIT;
  wf_frame *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  return finish(L, box, wf_frame_melt(&result, frame, &options, &err), &result, &err);
}

/* correlation{method="pearson" | "spearman"} */
int wfl_frame_correlation(lua_State *L) {
  static const char what[] = "frame:correlation";
  static const char *const methods[] = {"pearson", "spearman", NULL}; /* as in wf_correlation */
  const wf_frame *frame = check(L, 1);
  wfl_options(L, 2, what, (const char *const[]){"method", NULL});
  wf_correlation how = (wf_correlation)wfl_option_choice(L, 2, what, "method", methods, 0);
  wf_error err = WF_ERROR_INIT;
  wf_frame *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  return finish(L, box, wf_frame_correlation(&result, frame, how, &err), &result, &err);
}

/* drop_missing(columns…): rows without gaps there; in no column when none is named */
int wfl_frame_drop_missing(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  size_t n = 0;
  const char **names = NULL;
  if (lua_gettop(L) > 1) names = wfl_names_arg(L, 2, "frame:drop_missing: the columns", &n);
  wf_error err = WF_ERROR_INIT;
  wf_frame *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  return finish(L, box, wf_frame_drop_missing(&result, frame, names, n, &err), &result, &err);
}

/* lag(column[, n=1[, {by=}]]): a column */
int wfl_frame_lag(lua_State *L) {
  static const char what[] = "frame:lag";
  const wf_frame *frame = check(L, 1);
  const char *name = wfl_check_text(L, 2);
  lua_Integer distance = luaL_optinteger(L, 3, 1);
  lua_settop(L, 4);
  wfl_options(L, 4, what, (const char *const[]){"by", NULL});
  size_t n_by = 0;
  const char **by = wfl_option_strings(L, 4, what, "by", &n_by);
  wf_error err = WF_ERROR_INIT;
  wf_column *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  wf_status status =
      wf_frame_lag(&result, frame, name, (ptrdiff_t)distance, by, by ? n_by : 0, &err);
  return finish_column(L, box, status, &result, &err);
}

/* rolling(column, window, aggregate[, {by=, least=window}]): a column */
int wfl_frame_rolling(lua_State *L) {
  static const char what[] = "frame:rolling";
  const wf_frame *frame = check(L, 1);
  const char *name = wfl_check_text(L, 2);
  lua_Integer window = luaL_checkinteger(L, 3);
  luaL_argcheck(L, window >= 1, 3, "a window has at least one row");
  wf_aggregate how = wfl_aggregate_of(L, what, wfl_check_text(L, 4));
  lua_settop(L, 5);
  wfl_options(L, 5, what, (const char *const[]){"by", "least", NULL});
  size_t n_by = 0;
  lua_Integer least = wfl_option_integer(L, 5, what, "least", window, 1, window);
  const char **by = wfl_option_strings(L, 5, what, "by", &n_by);
  wf_error err = WF_ERROR_INIT;
  wf_column *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  wf_status status = wf_frame_rolling(&result, frame, name, (size_t)window, (size_t)least, how, by,
                                      by ? n_by : 0, &err);
  return finish_column(L, box, status, &result, &err);
}

/* cumulative(column, "sum" | "min" | "max" | "count"[, {by=}]): a column */
int wfl_frame_cumulative(lua_State *L) {
  static const char what[] = "frame:cumulative";
  const wf_frame *frame = check(L, 1);
  const char *name = wfl_check_text(L, 2);
  wf_aggregate how = wfl_aggregate_of(L, what, wfl_check_text(L, 3));
  lua_settop(L, 4);
  wfl_options(L, 4, what, (const char *const[]){"by", NULL});
  size_t n_by = 0;
  const char **by = wfl_option_strings(L, 4, what, "by", &n_by);
  wf_error err = WF_ERROR_INIT;
  wf_column *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  wf_status status = wf_frame_cumulative(&result, frame, name, how, by, by ? n_by : 0, &err);
  return finish_column(L, box, status, &result, &err);
}

/* rank(column[, {by=, ties="average", descending=}]): a column */
int wfl_frame_rank(lua_State *L) {
  static const char what[] = "frame:rank";
  static const char *const ties[] = {"average", "min", "max", "dense", "first", NULL};
  const wf_frame *frame = check(L, 1);
  const char *name = wfl_check_text(L, 2);
  lua_settop(L, 3);
  wfl_options(L, 3, what, (const char *const[]){"by", "ties", "descending", NULL});
  wf_rank how = (wf_rank)wfl_option_choice(L, 3, what, "ties", ties, WF_RANK_AVERAGE);
  bool descending = wfl_option_boolean(L, 3, what, "descending", false);
  size_t n_by = 0;
  const char **by = wfl_option_strings(L, 3, what, "by", &n_by);
  wf_error err = WF_ERROR_INIT;
  wf_column *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  wf_status status = wf_frame_rank(&result, frame, name, how, descending, by, by ? n_by : 0, &err);
  return finish_column(L, box, status, &result, &err);
}

/* map(function(row, i) … end): a column of what the function returns, nil for missing */
int wfl_frame_map(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  size_t n = wf_frame_row_count(frame), n_columns = wf_frame_column_count(frame);
  lua_createtable(L, n < INT32_MAX ? (int)n : 0, 1);
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, 3, "n");
  for (size_t i = 0; i < n; i++) {
    lua_pushvalue(L, 2);
    lua_createtable(L, 0, (int)n_columns);
    for (size_t c = 0; c < n_columns; c++) {
      wfl_push_cell(L, wf_frame_column_at(frame, c), i);
      lua_setfield(L, -2, wf_frame_name_at(frame, c));
    }
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_call(L, 2, 1);
    lua_rawseti(L, 3, (lua_Integer)i + 1);
  }
  wfl_push_column_of(L, 3, "frame:map");
  return 1;
}

/* A column as it is, a list as a column, any other value as one row. */
static wf_column *push_choice(lua_State *L, int arg, const char *what) {
  if (lua_istable(L, arg) || wfl_test(L, arg, WFL_COLUMN)) return wfl_push_column(L, arg, what);
  wfl_push_column_repeating(L, arg, 1, what);
  return wfl_test(L, -1, WFL_COLUMN);
}

/* frame.when(condition, yes, no): columns or values */
int wfl_frame_when(lua_State *L) {
  const wf_column *mask = wfl_check(L, 1, WFL_COLUMN);
  lua_settop(L, 3);
  const wf_column *yes = push_choice(L, 2, "frame.when"), *no = push_choice(L, 3, "frame.when");
  wf_error err = WF_ERROR_INIT;
  wf_column *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  return finish_column(L, box, wf_column_when(&result, mask, yes, no, &err), &result, &err);
}
