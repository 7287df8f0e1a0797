/* mod_frame.c — wf.frame: the class and what looks at or picks from one frame. What combines,
 * splits or summarises is in frame_verbs.c.
 *
 * `#f` is the number of rows, `f.name` a column (methods win; f:column(name) always works). Rows
 * count from 1. */
#include "frame_verbs.h"

#include "modules.h"

#include "wf/frame.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static wf_frame *check(lua_State *L, int arg) { return wfl_check(L, arg, WFL_FRAME); }

const char **wfl_names_arg(lua_State *L, int arg, const char *what, size_t *n) {
  if (lua_type(L, arg) != LUA_TSTRING || lua_gettop(L) == arg) return wfl_strings(L, arg, what, n);
  int top = lua_gettop(L);
  const char **names = wfl_scratch(L, (size_t)(top - arg + 1), sizeof *names);
  for (int i = arg; i <= top; i++) names[i - arg] = wfl_check_text(L, i);
  *n = (size_t)(top - arg + 1);
  return names;
}

/* ---- new ----------------------------------------------------------------------------------------
 */

/* Names and lists from new{ {name, {values}}, … }. Pushes name, list pairs; gives their number. */
static size_t push_pairs(lua_State *L) {
  size_t n = lua_rawlen(L, 1);
  luaL_checkstack(L, 2 * (int)n + 8, "too many columns");
  for (size_t i = 1; i <= n; i++) {
    if (lua_rawgeti(L, 1, (lua_Integer)i) != LUA_TTABLE)
      wfl_fail(L, WF_TYPE, "frame.new: item %d must be {name, {values}}, not %s", (int)i,
               wfl_kind(L, -1));
    if (lua_rawgeti(L, -1, 1) != LUA_TSTRING)
      wfl_fail(L, WF_TYPE, "frame.new: item %d must begin with a name", (int)i);
    lua_rawgeti(L, -2, 2);
    lua_remove(L, -3);
  }
  return n;
}

/* The same from new{ names = {…}, columns = { {…}, … } }. */
static size_t push_named_columns(lua_State *L) {
  static const char *const keys[] = {"names", "columns", NULL};
  wfl_options(L, 1, "frame.new", keys);
  lua_getfield(L, 1, "names");
  lua_getfield(L, 1, "columns");
  if (!lua_istable(L, 2) || !lua_istable(L, 3))
    wfl_fail(L, WF_TYPE, "frame.new: 'names' and 'columns' must both be lists");
  size_t n = lua_rawlen(L, 2);
  if (n != lua_rawlen(L, 3))
    wfl_fail(L, WF_INVALID, "frame.new: %d names for %d columns", (int)n, (int)lua_rawlen(L, 3));
  luaL_checkstack(L, 2 * (int)n + 8, "too many columns");
  for (size_t i = 1; i <= n; i++) {
    if (lua_rawgeti(L, 2, (lua_Integer)i) != LUA_TSTRING)
      wfl_fail(L, WF_TYPE, "frame.new: name %d is a %s", (int)i, wfl_kind(L, -1));
    lua_rawgeti(L, 3, (lua_Integer)i);
  }
  lua_remove(L, 2);
  lua_remove(L, 2);
  return n;
}

/* new{ {name, {values}}, … } or new{ names=, columns= }; a list may also be a column. */
static int frame_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  size_t n = lua_getfield(L, 1, "columns") == LUA_TNIL && lua_getfield(L, 1, "names") == LUA_TNIL
                 ? (lua_settop(L, 1), push_pairs(L))
                 : (lua_settop(L, 1), push_named_columns(L));
  const char **names = wfl_scratch(L, n, sizeof *names);
  wf_column **columns = wfl_scratch(L, n, sizeof *columns);
  for (size_t i = 0; i < n; i++) {
    int name = 2 + 2 * (int)i;
    lua_pushvalue(L, name);
    names[i] = wfl_top_text(L, "frame.new: a name");
    lua_pop(L, 1);
    const char *what = lua_pushfstring(L, "frame.new: column '%s'", names[i]);
    columns[i] = wfl_push_column(L, name + 1, what);
    lua_replace(L, name + 1);
    lua_pop(L, 1);
  }
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  if (wf_frame_new(&frame, names, columns, n, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_fill_frame(L, box, frame);
  return 1;
}

/* ---- columns ------------------------------------------------------------------------------------
 */

static int push_column_named(lua_State *L, const wf_frame *frame, const char *name) {
  wf_error err = WF_ERROR_INIT;
  wf_column *column;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (wf_frame_get(&column, frame, name, &err) != WF_OK) return wfl_raise(L, &err);
  box->ptr = wf_column_retain(column);
  return 1;
}

static int frame_column(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  return push_column_named(L, frame, wfl_check_text(L, 2));
}

/* Upvalue 1: the methods. */
static int frame_index(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  if (lua_type(L, 2) != LUA_TSTRING)
    return wfl_fail(L, WF_TYPE, "a frame is indexed by column names, not by a %s; see f:row(i)",
                    luaL_typename(L, 2));
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
  wf_error err = WF_ERROR_INIT;
  wf_column *column;
  const char *name = wfl_check_text(L, 2);
  if (wf_frame_get(&column, frame, name, &err) == WF_OK) return push_column_named(L, frame, name);
  const char *method = wfl_nearest_key(L, lua_upvalueindex(1), name);
  if (!method) return wfl_raise(L, &err);
  return wfl_fail(L, WF_NOTFOUND, "there is no column or method '%s'; did you mean '%s'?", name,
                  method);
}

static int frame_columns(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  size_t n = wf_frame_column_count(frame);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushstring(L, wf_frame_name_at(frame, i));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int frame_has(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  lua_pushboolean(L, wf_frame_find(frame, wfl_check_text(L, 2)) >= 0);
  return 1;
}

/* ---- rows ---------------------------------------------------------------------------------------
 */

static int frame_count(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)wf_frame_row_count(check(L, 1)));
  return 1;
}

static void push_row(lua_State *L, const wf_frame *frame, size_t row) {
  size_t n = wf_frame_column_count(frame);
  lua_createtable(L, 0, (int)n);
  for (size_t i = 0; i < n; i++) {
    wfl_push_cell(L, wf_frame_column_at(frame, i), row);
    lua_setfield(L, -2, wf_frame_name_at(frame, i));
  }
}

static int frame_row(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  lua_Integer row = luaL_checkinteger(L, 2);
  size_t n = wf_frame_row_count(frame);
  if (row < 1 || (size_t)row > n)
    return wfl_fail(L, WF_INVALID, "there is no row %I; the frame has %I rows", row,
                    (lua_Integer)n);
  push_row(L, frame, (size_t)row - 1);
  return 1;
}

/* Upvalues: the frame and the rows given so far. */
static int next_row(lua_State *L) {
  const wf_frame *frame = check(L, lua_upvalueindex(1));
  lua_Integer row = lua_tointeger(L, lua_upvalueindex(2));
  if ((size_t)row >= wf_frame_row_count(frame)) return 0;
  lua_pushinteger(L, row + 1);
  lua_replace(L, lua_upvalueindex(2));
  push_row(L, frame, (size_t)row);
  lua_pushinteger(L, row + 1);
  return 2;
}

/* for row, i in f:rows() do … end */
static int frame_rows(lua_State *L) {
  check(L, 1);
  lua_settop(L, 1);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, next_row, 2);
  return 1;
}

/* { names = {…}, columns = { {…}, … } }, which frame.new takes back. */
static int frame_to_table(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  lua_settop(L, 1);
  wfl_push_missing(L);
  lua_createtable(L, 0, 2);
  frame_columns(L);
  lua_setfield(L, 3, "names");
  lua_createtable(L, (int)wf_frame_column_count(frame), 0);
  for (size_t c = 0; c < wf_frame_column_count(frame); c++) {
    wfl_push_cells(L, wf_frame_column_at(frame, c), 2);
    lua_rawseti(L, -2, (lua_Integer)c + 1);
  }
  lua_setfield(L, 3, "columns");
  return 1;
}

/* ---- picking ------------------------------------------------------------------------------------
 */

static int frame_select(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  size_t n;
  const char **names = wfl_names_arg(L, 2, "frame:select: the columns", &n);
  wf_error err = WF_ERROR_INIT;
  wf_frame *result;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  if (wf_frame_select(&result, frame, names, n, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_fill_frame(L, box, result);
  return 1;
}

static int frame_drop(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  size_t n;
  const char **names = wfl_names_arg(L, 2, "frame:drop: the columns", &n);
  wf_error err = WF_ERROR_INIT;
  wf_frame *result;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  if (wf_frame_drop(&result, frame, names, n, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_fill_frame(L, box, result);
  return 1;
}

/* rename{old = "new"} */
static int frame_rename(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  size_t n;
  const char **from = wfl_keys(L, 2, "frame:rename", &n);
  const char **to = wfl_scratch(L, n, sizeof *to);
  for (size_t i = 0; i < n; i++) {
    if (lua_getfield(L, 2, from[i]) != LUA_TSTRING)
      return wfl_fail(L, WF_TYPE, "frame:rename: the new name of '%s' is a %s", from[i],
                      wfl_kind(L, -1));
    to[i] = wfl_top_text(L, "frame:rename");
    lua_pop(L, 1);
  }
  wf_error err = WF_ERROR_INIT;
  wf_frame *result;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  if (wf_frame_rename(&result, frame, from, to, n, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_fill_frame(L, box, result);
  return 1;
}

/* with(name, column | list | value | function(row, i)): added, or replaced in its place. */
static int frame_with(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  const char *name = wfl_check_text(L, 2);
  luaL_checkany(L, 3);
  lua_settop(L, 3);
  if (lua_isfunction(L, 3)) {
    lua_pushcfunction(L, wfl_frame_map);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 3);
    lua_call(L, 2, 1);
    lua_replace(L, 3);
  }
  const char *what = lua_pushfstring(L, "frame:with '%s'", name);
  wf_column *column;
  if (lua_istable(L, 3) || wfl_test(L, 3, WFL_COLUMN)) {
    column = wfl_push_column(L, 3, what);
  } else {
    wfl_push_column_repeating(L, 3, wf_frame_row_count(frame), what);
    column = wfl_test(L, -1, WFL_COLUMN);
  }
  wf_error err = WF_ERROR_INIT;
  wf_frame *result;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  if (wf_frame_with(&result, frame, name, column, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_fill_frame(L, box, result);
  return 1;
}

/* filter(mask) or filter(function(row, i) … end) */
static int frame_filter(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  lua_settop(L, 2);
  if (lua_isfunction(L, 2)) {
    wfl_frame_map(L);
    lua_replace(L, 2);
    lua_settop(L, 2);
  }
  if (!wfl_test(L, 2, WFL_COLUMN))
    return wfl_fail(L, WF_TYPE, "frame:filter: a bool column or a function was expected, got %s%s",
                    luaL_typename(L, 2),
                    lua_isboolean(L, 2) ? " (columns are compared with column:eq and the like)"
                                        : "");
  const wf_column *mask = wfl_check(L, 2, WFL_COLUMN);
  wf_error err = WF_ERROR_INIT;
  wf_frame *result;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  if (wf_frame_filter(&result, frame, mask, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_fill_frame(L, box, result);
  return 1;
}

static int push_slice(lua_State *L, const wf_frame *frame, size_t begin, size_t n) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *result;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  if (wf_frame_slice(&result, frame, begin, n, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_fill_frame(L, box, result);
  return 1;
}

static int frame_head(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  lua_Integer n = luaL_optinteger(L, 2, 5);
  luaL_argcheck(L, n >= 0, 2, "negative");
  return push_slice(L, frame, 0, (size_t)n);
}

static int frame_tail(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  lua_Integer n = luaL_optinteger(L, 2, 5);
  luaL_argcheck(L, n >= 0, 2, "negative");
  size_t count = wf_frame_row_count(frame), wanted = (size_t)n < count ? (size_t)n : count;
  return push_slice(L, frame, count - wanted, wanted);
}

/* slice(first[, last]): both inclusive, clipped. */
static int frame_slice(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  size_t count = wf_frame_row_count(frame);
  lua_Integer first = luaL_checkinteger(L, 2), last = luaL_optinteger(L, 3, (lua_Integer)count);
  luaL_argcheck(L, first >= 1, 2, "rows count from 1");
  if (last > (lua_Integer)count) last = (lua_Integer)count;
  size_t n = last < first ? 0 : (size_t)(last - first + 1);
  return push_slice(L, frame, n ? (size_t)first - 1 : 0, n);
}

/* ---- showing ------------------------------------------------------------------------------------
 */

static int push_formatted(lua_State *L, const wf_frame *frame, size_t rows, size_t width) {
  wf_error err = WF_ERROR_INIT;
  char *text;
  wfl_box *box = wfl_newtext(L);
  if (wf_frame_format(&text, frame, rows, width, &err) != WF_OK) return wfl_raise(L, &err);
  box->ptr = text;
  size_t size = strlen(text);
  while (size > 0 && text[size - 1] == '\n') size--;
  wfl_push_text(L, box, size);
  return 1;
}

/* format{rows=, width=}: 0 is no limit. */
static int frame_format(lua_State *L) {
  static const char what[] = "frame:format";
  const wf_frame *frame = check(L, 1);
  wfl_options(L, 2, what, (const char *const[]){"rows", "width", NULL});
  lua_Integer rows = wfl_option_integer(L, 2, what, "rows", 20, 0, LUA_MAXINTEGER);
  lua_Integer width = wfl_option_integer(L, 2, what, "width", 0, 0, LUA_MAXINTEGER);
  return push_formatted(L, frame, (size_t)rows, (size_t)width);
}

/* As wide as the terminal, or 100 columns elsewhere. */
static int frame_tostring(lua_State *L) {
  struct winsize size;
  bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20;
  return push_formatted(L, check(L, 1), 20, known ? size.ws_col : 100);
}

static int frame_digest(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  wf_error err = WF_ERROR_INIT;
  char digest[65];
  if (wf_frame_digest(digest, frame, &err) != WF_OK) return wfl_raise(L, &err);
  lua_pushstring(L, digest);
  return 1;
}

static void release(void *frame) { wf_frame_release(frame); }

void wfl_frame_classes(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__index", frame_index},   {"__len", frame_count}, {"__tostring", frame_tostring},
      {"__digest", frame_digest}, {NULL, NULL},
  };
  static const luaL_Reg methods[] = {
      {"cast", wfl_frame_cast},
      {"column", frame_column},
      {"columns", frame_columns},
      {"concat", wfl_frame_concat},
      {"correlation", wfl_frame_correlation},
      {"cumulative", wfl_frame_cumulative},
      {"describe", wfl_frame_describe},
      {"digest", frame_digest},
      {"drop", frame_drop},
      {"drop_missing", wfl_frame_drop_missing},
      {"fill_missing", wfl_frame_fill_missing},
      {"filter", frame_filter},
      {"folds", wfl_frame_folds},
      {"format", frame_format},
      {"group_by", wfl_frame_group_by},
      {"has", frame_has},
      {"head", frame_head},
      {"join", wfl_frame_join},
      {"lag", wfl_frame_lag},
      {"map", wfl_frame_map},
      {"melt", wfl_frame_melt},
      {"one_hot", wfl_frame_one_hot},
      {"pivot", wfl_frame_pivot},
      {"rank", wfl_frame_rank},
      {"rename", frame_rename},
      {"rolling", wfl_frame_rolling},
      {"row", frame_row},
      {"rows", frame_rows},
      {"sample", wfl_frame_sample},
      {"select", frame_select},
      {"shuffle", wfl_frame_shuffle},
      {"slice", frame_slice},
      {"sort", wfl_frame_sort},
      {"split", wfl_frame_split},
      {"tail", frame_tail},
      {"to_table", frame_to_table},
      {"unique", wfl_frame_unique},
      {"value_counts", wfl_frame_value_counts},
      {"with", frame_with},
      {NULL, NULL},
  };
  wfl_class(L, WFL_FRAME, meta, methods, release);
  wfl_column_class(L);
}

int wfl_open_frame(lua_State *L) {
  static const luaL_Reg functions[] = {{"new", frame_new}, {"when", wfl_frame_when}, {NULL, NULL}};
  wfl_frame_classes(L);
  luaL_newlib(L, functions);
  wfl_push_missing(L);
  lua_setfield(L, -2, "missing");
  return 1;
}
