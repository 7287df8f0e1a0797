/* mod_matrix.c — the class wf.matrix: dense float32 features, as models see them. */
#include "convert.h"
#include "modules.h"

#include "wf/matrix.h"

#include "base/digest.h"
#include "frame/column.h"

#include <math.h>
#include <string.h>

static wf_matrix *check(lua_State *L) { return wfl_check(L, 1, WFL_MATRIX); }

static int matrix_rows(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)wf_matrix_row_count(check(L)));
  return 1;
}

static int matrix_columns(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)wf_matrix_column_count(check(L)));
  return 1;
}

static int matrix_names(lua_State *L) {
  const wf_matrix *matrix = check(L);
  size_t n = wf_matrix_column_count(matrix);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushstring(L, wf_matrix_name_at(matrix, i));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* The 0-based number of the column that argument 2 names or counts from 1. */
static size_t column_arg(lua_State *L, const wf_matrix *matrix) {
  size_t n = wf_matrix_column_count(matrix);
  if (lua_type(L, 2) == LUA_TNUMBER) {
    lua_Integer i = luaL_checkinteger(L, 2);
    if (i < 1 || (size_t)i > n)
      wfl_fail(L, WF_INVALID, "there is no column %I; the matrix has %I", i, (lua_Integer)n);
    return (size_t)i - 1;
  }
  const char *name = wfl_check_text(L, 2);
  for (size_t i = 0; i < n; i++)
    if (strcmp(wf_matrix_name_at(matrix, i), name) == 0) return i;
  return (size_t)wfl_fail(L, WF_NOTFOUND, "there is no column '%s' in the matrix", name);
}

/* column(name | i): f32, with missing values where the matrix has NaN */
static int matrix_column(lua_State *L) {
  wf_matrix *matrix = check(L);
  size_t n = wf_matrix_row_count(matrix);
  const float *data = wf_matrix_column_at(matrix, column_arg(L, matrix));
  double *values = wfl_scratch(L, n, sizeof *values);
  uint8_t *present = wfl_scratch(L, n, 1);
  for (size_t i = 0; i < n; i++) {
    present[i] = (uint8_t)!isnan(data[i]);
    values[i] = present[i] ? (double)data[i] : 0;
  }
  wfl_push_f32(L, values, present, n);
  return 1;
}

/* frame(): its columns, by name */
static int matrix_frame(lua_State *L) {
  const wf_matrix *matrix = check(L);
  size_t n = wf_matrix_column_count(matrix);
  luaL_checkstack(L, 3 * (int)n + 20, "too many columns");
  wfl_frame_maker maker;
  wfl_maker_begin(&maker, L);
  for (size_t i = 0; i < n; i++) {
    lua_pushcfunction(L, matrix_column);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_call(L, 2, 1);
    wfl_maker_add(&maker, wf_matrix_name_at(matrix, i));
  }
  wfl_maker_end(&maker);
  return 1;
}

/* matrix.new(frame): its numeric columns as features, NaN where a value is missing */
static int matrix_new(lua_State *L) {
  const wf_frame *frame = wfl_check(L, 1, WFL_FRAME);
  size_t n = wf_frame_column_count(frame), n_rows = wf_frame_row_count(frame);
  const char **names = wfl_scratch(L, n, sizeof *names);
  for (size_t i = 0; i < n; i++) {
    names[i] = wf_frame_name_at(frame, i);
    if (wf_type_is_text(wf_column_type(wf_frame_column_at(frame, i))))
      return wfl_fail(L, WF_TYPE, "matrix.new: column '%s' is text, not numbers", names[i]);
  }
  wf_error err = WF_ERROR_INIT;
  wf_matrix *matrix;
  wfl_box *box = wfl_newbox(L, WFL_MATRIX);
  if (wf_matrix_new(&matrix, n_rows, n, names, &err) != WF_OK) return wfl_raise(L, &err);
  box->ptr = matrix;
  for (size_t i = 0; i < n; i++) {
    const wf_column *column = wf_frame_column_at(frame, i);
    float *to = wf_matrix_column_at(matrix, i);
    for (size_t row = 0; row < n_rows; row++) to[row] = (float)wf_column_number_at(column, row);
  }
  wfl_pressure(L, n * n_rows * sizeof(float));
  return 1;
}

static int matrix_digest(lua_State *L) {
  wf_matrix *matrix = check(L);
  size_t n = wf_matrix_row_count(matrix);
  wf_error err = WF_ERROR_INIT;
  wf_hasher *hasher;
  wf_digest digest;
  if (wf_hasher_new(&hasher, &err) != WF_OK) return wfl_raise(L, &err);
  for (size_t i = 0; i < wf_matrix_column_count(matrix); i++) {
    const char *name = wf_matrix_name_at(matrix, i);
    wf_hasher_add_field(hasher, name, strlen(name));
    wf_hasher_add_field(hasher, wf_matrix_column_at(matrix, i), n * sizeof(float));
  }
  if (wf_hasher_finish(hasher, &digest, &err) != WF_OK) return wfl_raise(L, &err);
  char hex[WF_DIGEST_TEXT];
  wf_digest_format(&digest, hex);
  lua_pushstring(L, hex);
  return 1;
}

static int matrix_tostring(lua_State *L) {
  const wf_matrix *matrix = check(L);
  lua_pushfstring(L, "matrix: %I rows of %I features", (lua_Integer)wf_matrix_row_count(matrix),
                  (lua_Integer)wf_matrix_column_count(matrix));
  return 1;
}

static void release(void *matrix) { wf_matrix_release(matrix); }

void wfl_matrix_class(lua_State *L) {
  static const luaL_Reg meta[] = {{"__len", matrix_rows},
                                  {"__tostring", matrix_tostring},
                                  {"__digest", matrix_digest},
                                  {NULL, NULL}};
  static const luaL_Reg methods[] = {{"column", matrix_column},
                                     {"columns", matrix_columns},
                                     {"digest", matrix_digest},
                                     {"frame", matrix_frame},
                                     {"names", matrix_names},
                                     {"rows", matrix_rows},
                                     {NULL, NULL}};
  wfl_class(L, WFL_MATRIX, meta, methods, release);
}

int wfl_open_matrix(lua_State *L) {
  static const luaL_Reg functions[] = {{"new", matrix_new}, {NULL, NULL}};
  wfl_frame_classes(L);
  wfl_matrix_class(L);
  luaL_newlib(L, functions);
  return 1;
}
