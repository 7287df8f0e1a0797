/* lua/convert.h — Lua values ↔ columns, and the classes that several modules make objects of.
 *
 * A missing value is nil, frame.missing or json.null on the way in, nil on the way out. */
#ifndef WFL_CONVERT_H
#define WFL_CONVERT_H

#include "bind.h"

#include "wf/frame.h"

#define WFL_FRAME "wf.frame"
#define WFL_COLUMN "wf.column"
#define WFL_MATRIX "wf.matrix"
#define WFL_RECIPE "wf.recipe"
#define WFL_MODEL "wf.model"

/* Register the metatables; done already is fine. Whoever makes such objects calls these first. */
void wfl_frame_classes(lua_State *L); /* wf.frame, wf.column */
void wfl_matrix_class(lua_State *L);
void wfl_recipe_class(lua_State *L);
void wfl_model_class(lua_State *L);

/* Push the one value that stands for a missing one inside lists, and JSON's null. */
void wfl_push_missing(lua_State *L);
void wfl_push_null(lua_State *L);
bool wfl_is_missing(lua_State *L, int index);

/* Pushes the value of one row. */
void wfl_push_cell(lua_State *L, const wf_column *column, size_t row);
/* Pushes the list of all; the value at `missing` stands for those that are missing. */
void wfl_push_cells(lua_State *L, const wf_column *column, int missing);

/* Pushes a column made of the list at `index`. Its type follows its values: all integers i64,
 * numbers f64, booleans bool, strings string, nothing but missing f64; others, or mixed ones, raise
 * an error that names `what` and the item. The length is the largest index that holds something, or
 * the field `n`. */
void wfl_push_column_of(lua_State *L, int index, const char *what);
/* The same of `n` times the value at `index`. */
void wfl_push_column_repeating(lua_State *L, int index, size_t n, const char *what);
/* The column at `index`, or one made of the list there, which is pushed to own it; else an error
 * naming `what`. Pushes exactly one value. */
wf_column *wfl_push_column(lua_State *L, int index, const char *what);

/* Pushes a column without missing values whose memory is to be written to at once; bits are clear.
 */
wf_column *wfl_push_blank(lua_State *L, wf_type type, size_t n);

/* Pushes an f32 column of values that float32 holds exactly; `present` as in wf_column_from_f64. */
void wfl_push_f32(lua_State *L, const double *values, const uint8_t *present, size_t n);

/* The values of a numeric or bool column as an array that the pushed value owns. Text and missing
 * values raise an error naming `what` and the row. */
double *wfl_push_doubles(lua_State *L, const wf_column *column, const char *what);
float *wfl_push_floats(lua_State *L, const wf_column *column, const char *what);
/* The same for bool columns (and numeric ones of 0 and 1): one byte a row. */
uint8_t *wfl_push_flags(lua_State *L, const wf_column *column, const char *what);

/* A frame of f64, i64 or string columns that a binding computed: begin with the row count, add
 * columns, end with the frame on the stack. Every step leaves one more value on the stack. */
typedef struct wfl_frame_maker {
  lua_State *L;
  int base;
  size_t n;
} wfl_frame_maker;
void wfl_maker_begin(wfl_frame_maker *maker, lua_State *L);
void wfl_maker_add_f64(wfl_frame_maker *maker, const char *name, const double *values, size_t n);
void wfl_maker_add_strings(wfl_frame_maker *maker, const char *name, const char *const *values,
                           size_t n);
/* Takes the column on the top of the stack. */
void wfl_maker_add(wfl_frame_maker *maker, const char *name);
void wfl_maker_end(wfl_frame_maker *maker);

/* Pushes a frame (feature, importance), the most important first, ties in the order given. */
void wfl_push_ranking(lua_State *L, const char *const *names, const double *values, size_t n);

/* The option types = {column = "f64", …}: the number of columns, whose names and types belong to
 * what this pushes (0, and NULLs, when the option is absent). */
size_t wfl_option_types(lua_State *L, int arg, const char *what, const char *const **names,
                        const wf_type **types);

/* Raises "frame:cast: there is no type 'int'; types are f64, f32, …" with the nearest one. */
int wfl_fail_type_name(lua_State *L, const char *what, const char *name);

/* Bytes a column or frame holds, for wfl_pressure: an estimate. */
size_t wfl_column_bytes(const wf_column *column);
size_t wfl_frame_bytes(const wf_frame *frame);

/* Hands a frame over to the closed box made before: stores it and reports its size. */
void wfl_fill_frame(lua_State *L, wfl_box *box, wf_frame *frame);
void wfl_fill_column(lua_State *L, wfl_box *box, wf_column *column);

#endif
