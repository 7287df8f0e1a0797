/* convert.c — lists to columns and back.
 *
 * A list is read twice: once to find its kind and length, once to fill plain arrays in scratch
 * memory, from which the frame library copies. Nothing but Lua values is held while Lua may raise.
 */
#include "convert.h"

#include "frame/column.h"

#include <stdlib.h>
#include <string.h>

/* ---- stand-ins for missing values ---------------------------------------------------------------
 */

static int sentinel_tostring(lua_State *L) {
  lua_getiuservalue(L, 1, 1);
  return 1;
}

/* Pushes the value registered under `name`, made at the first call. Its __digest makes it usable in
 * content keys. */
static void push_sentinel(lua_State *L, const char *name, const char *text) {
  if (lua_getfield(L, LUA_REGISTRYINDEX, name) != LUA_TNIL) return;
  lua_pop(L, 1);
  lua_newuserdatauv(L, 1, 1);
  lua_pushstring(L, text);
  lua_setiuservalue(L, -2, 1);
  lua_createtable(L, 0, 3);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushcfunction(L, sentinel_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushcfunction(L, sentinel_tostring);
  lua_setfield(L, -2, "__digest");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, name);
}

void wfl_push_missing(lua_State *L) { push_sentinel(L, "wf.missing", "missing"); }

void wfl_push_null(lua_State *L) { push_sentinel(L, "wf.null", "null"); }

bool wfl_is_missing(lua_State *L, int index) {
  if (lua_isnoneornil(L, index)) return true;
  if (!lua_isuserdata(L, index)) return false;
  index = lua_absindex(L, index);
  wfl_push_missing(L);
  wfl_push_null(L);
  bool missing = lua_rawequal(L, index, -1) || lua_rawequal(L, index, -2);
  lua_pop(L, 2);
  return missing;
}

/* ---- cells --------------------------------------------------------------------------------------
 */

void wfl_push_cell(lua_State *L, const wf_column *column, size_t row) {
  if (wf_column_is_missing(column, row)) {
    lua_pushnil(L);
    return;
  }
  switch (wf_column_type(column)) {
  case WF_F64:
  case WF_F32: lua_pushnumber(L, wf_column_number_at(column, row)); break;
  case WF_I64:
  case WF_I32:
  case WF_TIMESTAMP: lua_pushinteger(L, wf_column_integer_at(column, row)); break;
  case WF_BOOL: lua_pushboolean(L, wf_column_integer_at(column, row) != 0); break;
  case WF_STRING:
  case WF_CATEGORY: {
    size_t size;
    const char *text = wf_column_text_at(column, row, &size);
    lua_pushlstring(L, text, size);
  }
  }
}

void wfl_push_cells(lua_State *L, const wf_column *column, int missing) {
  size_t n = wf_column_count(column);
  missing = lua_absindex(L, missing);
  lua_createtable(L, n < INT32_MAX ? (int)n : 0, 0);
  for (size_t i = 0; i < n; i++) {
    if (wf_column_is_missing(column, i))
      lua_pushvalue(L, missing);
    else
      wfl_push_cell(L, column, i);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

size_t wfl_column_bytes(const wf_column *column) { return wf_column_count(column) * 8; }

size_t wfl_frame_bytes(const wf_frame *frame) {
  return wf_frame_row_count(frame) * wf_frame_column_count(frame) * 8;
}

void wfl_fill_frame(lua_State *L, wfl_box *box, wf_frame *frame) {
  box->ptr = frame;
  wfl_pressure(L, wfl_frame_bytes(frame));
}

void wfl_fill_column(lua_State *L, wfl_box *box, wf_column *column) {
  box->ptr = column;
  wfl_pressure(L, wfl_column_bytes(column));
}

int wfl_fail_type_name(lua_State *L, const char *what, const char *name) {
  static const char *const names[] = {
#define TYPE_NAME(name, text) text,
      WF_TYPE_MAP(TYPE_NAME)
#undef TYPE_NAME
          NULL};
  static const char *const elsewhere[][2] = {
      {"int64", "i64"},   {"int", "i64"},      {"integer", "i64"},         {"int32", "i32"},
      {"float64", "f64"}, {"float", "f64"},    {"double", "f64"},          {"number", "f64"},
      {"float32", "f32"}, {"boolean", "bool"}, {"datetime", "timestamp"},  {"date", "timestamp"},
      {"str", "string"},  {"text", "string"},  {"categorical", "category"}};
  const char *nearest = wfl_nearest(name, names);
  for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
    if (strcmp(name, elsewhere[i][0]) == 0) nearest = elsewhere[i][1];
  }
  if (nearest)
    return wfl_fail(L, WF_INVALID, "%s: there is no type '%s'; did you mean '%s'?", what, name,
                    nearest);
  return wfl_fail(L, WF_INVALID,
                  "%s: there is no type '%s'; there are f64, f32, i64, i32, bool, string, category "
                  "and timestamp",
                  what, name);
}

/* ---- lists to columns ---------------------------------------------------------------------------
 */

typedef enum kind { NOTHING, INTEGERS, NUMBERS, BOOLEANS, TEXTS, MIXED, FOREIGN } kind;

static kind kind_of(lua_State *L, int index) {
  switch (lua_type(L, index)) {
  case LUA_TNUMBER: return lua_isinteger(L, index) ? INTEGERS : NUMBERS;
  case LUA_TBOOLEAN: return BOOLEANS;
  case LUA_TSTRING: return TEXTS;
  default: return wfl_is_missing(L, index) ? NOTHING : FOREIGN;
  }
}

static kind merge(kind a, kind b) {
  if (a == NOTHING || a == b) return b;
  if (b == NOTHING) return a;
  if ((a == INTEGERS && b == NUMBERS) || (a == NUMBERS && b == INTEGERS)) return NUMBERS;
  return MIXED;
}

/* The largest positive integer key; keys that are no positive integer are an error (but `n`). */
static size_t list_length(lua_State *L, int index, const char *what) {
  lua_Integer length = 0;
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), "n") == 0 &&
        lua_isinteger(L, -1)) {
      if (lua_tointeger(L, -1) > length) length = lua_tointeger(L, -1);
      continue;
    }
    if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) < 1)
      wfl_fail(L, WF_TYPE, "%s: not a list: it has the key %s", what, luaL_tolstring(L, -2, NULL));
    if (lua_tointeger(L, -2) > length) length = lua_tointeger(L, -2);
  }
  if (length > 1 << 30) wfl_fail(L, WF_LIMIT, "%s: longer than %d items", what, 1 << 30);
  return (size_t)length;
}

static kind list_kind(lua_State *L, int index, size_t n, const char *what) {
  kind so_far = NOTHING;
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, index, (lua_Integer)i + 1);
    kind now = kind_of(L, -1), both = merge(so_far, now);
    if (now == FOREIGN)
      wfl_fail(L, WF_TYPE, "%s: item %d is a %s, which no column can hold", what, (int)i + 1,
               wfl_kind(L, -1));
    if (both == MIXED)
      wfl_fail(L, WF_TYPE, "%s: item %d is a %s, unlike those before it", what, (int)i + 1,
               wfl_kind(L, -1));
    so_far = both;
    lua_pop(L, 1);
  }
  return so_far;
}

/* Values of a list in plain arrays; each kind uses the member of its type. */
typedef struct cells {
  uint8_t *present;
  double *numbers;
  int64_t *integers;
  uint8_t *booleans;
  const char **texts;
} cells;

static void allocate_cells(lua_State *L, cells *c, kind what, size_t n) {
  c->present = wfl_scratch(L, n, 1);
  switch (what) {
  case INTEGERS: c->integers = wfl_scratch(L, n, sizeof *c->integers); break;
  case BOOLEANS: c->booleans = wfl_scratch(L, n, 1); break;
  case TEXTS: c->texts = wfl_scratch(L, n, sizeof *c->texts); break;
  default: c->numbers = wfl_scratch(L, n, sizeof *c->numbers);
  }
}

/* The value on the top as cell `i`. */
static void set_cell(lua_State *L, cells *c, size_t i, const char *what) {
  bool present = !wfl_is_missing(L, -1);
  c->present[i] = present;
  if (c->integers) {
    c->integers[i] = present ? lua_tointeger(L, -1) : 0;
  } else if (c->booleans) {
    c->booleans[i] = present && lua_toboolean(L, -1);
  } else if (c->texts) {
    size_t size = 0;
    c->texts[i] = present ? lua_tolstring(L, -1, &size) : NULL;
    if (present && strlen(c->texts[i]) != size)
      wfl_fail(L, WF_INVALID, "%s: item %d holds a zero byte", what, (int)i + 1);
  } else {
    c->numbers[i] = present ? lua_tonumber(L, -1) : 0;
  }
}

static void make_column(lua_State *L, const cells *c, size_t n, const char *what) {
  wf_error err = WF_ERROR_INIT;
  wf_column *column;
  wf_status status;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (c->integers)
    status = wf_column_from_i64(&column, c->integers, c->present, n, &err);
  else if (c->booleans)
    status = wf_column_from_bool(&column, c->booleans, c->present, n, &err);
  else if (c->texts)
    status = wf_column_from_strings(&column, c->texts, n, &err);
  else
    status = wf_column_from_f64(&column, c->numbers, c->present, n, &err);
  if (status != WF_OK) wfl_fail(L, status, "%s: %s", what, err.message);
  wfl_fill_column(L, box, column);
}

/* Leaves only the value on the top above `top`. */
static void keep_top(lua_State *L, int top) {
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
}

void wfl_push_column_of(lua_State *L, int index, const char *what) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 10, NULL);
  int top = lua_gettop(L);
  if (!lua_istable(L, index))
    wfl_fail(L, WF_TYPE, "%s: a list was expected, not %s", what, wfl_kind(L, index));
  size_t n = list_length(L, index, what);
  cells c = {0};
  allocate_cells(L, &c, list_kind(L, index, n, what), n);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, index, (lua_Integer)i + 1);
    set_cell(L, &c, i, what);
    lua_pop(L, 1);
  }
  make_column(L, &c, n, what);
  keep_top(L, top);
}

void wfl_push_column_repeating(lua_State *L, int index, size_t n, const char *what) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 10, NULL);
  int top = lua_gettop(L);
  kind of = kind_of(L, index);
  if (of == FOREIGN) wfl_fail(L, WF_TYPE, "%s: no column can hold a %s", what, wfl_kind(L, index));
  cells c = {0};
  allocate_cells(L, &c, of, n);
  lua_pushvalue(L, index);
  for (size_t i = 0; i < n; i++) set_cell(L, &c, i, what);
  make_column(L, &c, n, what);
  keep_top(L, top);
}

wf_column *wfl_push_column(lua_State *L, int index, const char *what) {
  wf_column *column = wfl_test(L, index, WFL_COLUMN);
  if (column) {
    lua_pushvalue(L, index);
    return column;
  }
  if (!lua_istable(L, index))
    wfl_fail(L, WF_TYPE, "%s: a column was expected, not %s", what, wfl_kind(L, index));
  wfl_push_column_of(L, index, what);
  return wfl_test(L, -1, WFL_COLUMN);
}

wf_column *wfl_push_blank(lua_State *L, wf_type type, size_t n) {
  wf_error err = WF_ERROR_INIT;
  wf_column *column;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  if (wf_column_blank(&column, type, n, NULL, 0, &err) != WF_OK) wfl_raise(L, &err);
  wfl_fill_column(L, box, column);
  return column;
}

void wfl_push_f32(lua_State *L, const double *values, const uint8_t *present, size_t n) {
  wf_error err = WF_ERROR_INIT;
  wf_column *wide, *column;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  wfl_box *held = wfl_newbox(L, WFL_COLUMN);
  if (wf_column_from_f64(&wide, values, present, n, &err) != WF_OK) wfl_raise(L, &err);
  held->ptr = wide;
  if (wf_column_cast(&column, wide, WF_F32, &err) != WF_OK) wfl_raise(L, &err);
  wfl_fill_column(L, box, column);
  held->ptr = NULL;
  wf_column_release(wide);
  lua_pop(L, 1);
}

/* ---- columns to arrays --------------------------------------------------------------------------
 */

static void check_numeric(lua_State *L, const wf_column *column, const char *what) {
  wf_type type = wf_column_type(column);
  if (type == WF_STRING || type == WF_CATEGORY)
    wfl_fail(L, WF_TYPE, "%s: numbers were expected, the column is a %s", what, wf_type_name(type));
  if (wf_column_missing_count(column) == 0) return;
  size_t row = 0;
  while (!wf_column_is_missing(column, row)) row++;
  wfl_fail(L, WF_INVALID, "%s: row %I is missing", what, (lua_Integer)row + 1);
}

enum { BLOCK = 512 }; /* values that are converted at once */

double *wfl_push_doubles(lua_State *L, const wf_column *column, const char *what) {
  check_numeric(L, column, what);
  size_t n = wf_column_count(column);
  double *values = wfl_scratch(L, n, sizeof *values);
  wf_column_load_f64(column, 0, n, values);
  return values;
}

float *wfl_push_floats(lua_State *L, const wf_column *column, const char *what) {
  check_numeric(L, column, what);
  size_t n = wf_column_count(column);
  float *values = wfl_scratch(L, n, sizeof *values);
  double block[BLOCK];
  for (size_t begin = 0; begin < n; begin += BLOCK) {
    size_t count = n - begin < BLOCK ? n - begin : BLOCK;
    wf_column_load_f64(column, begin, count, block);
    for (size_t i = 0; i < count; i++) values[begin + i] = (float)block[i];
  }
  return values;
}

uint8_t *wfl_push_flags(lua_State *L, const wf_column *column, const char *what) {
  check_numeric(L, column, what);
  size_t n = wf_column_count(column);
  uint8_t *flags = wfl_scratch(L, n, 1);
  double block[BLOCK];
  for (size_t i = 0; i < n; i++) {
    if (i % BLOCK == 0) wf_column_load_f64(column, i, n - i < BLOCK ? n - i : BLOCK, block);
    double value = block[i % BLOCK];
    if (value != 0 && value != 1)
      wfl_fail(L, WF_INVALID, "%s: row %I is %f; a bool column was expected", what,
               (lua_Integer)i + 1, value);
    flags[i] = value != 0;
  }
  return flags;
}

/* ---- frames a binding computed ------------------------------------------------------------------
 */

void wfl_maker_begin(wfl_frame_maker *maker, lua_State *L) {
  *maker = (wfl_frame_maker){.L = L, .base = lua_gettop(L)};
}

/* On the stack: name, column, name, column, … */
void wfl_maker_add(wfl_frame_maker *maker, const char *name) {
  luaL_checkstack(maker->L, 6, NULL);
  lua_pushstring(maker->L, name);
  lua_insert(maker->L, -2);
  maker->n++;
}

void wfl_maker_add_f64(wfl_frame_maker *maker, const char *name, const double *values, size_t n) {
  make_column(maker->L, &(cells){.numbers = (double *)(uintptr_t)values}, n, name);
  wfl_maker_add(maker, name);
}

void wfl_maker_add_strings(wfl_frame_maker *maker, const char *name, const char *const *values,
                           size_t n) {
  make_column(maker->L, &(cells){.texts = (const char **)(uintptr_t)values}, n, name);
  wfl_maker_add(maker, name);
}

void wfl_maker_end(wfl_frame_maker *maker) {
  lua_State *L = maker->L;
  const char **names = wfl_scratch(L, maker->n, sizeof *names);
  wf_column **columns = wfl_scratch(L, maker->n, sizeof *columns);
  for (size_t i = 0; i < maker->n; i++) {
    names[i] = lua_tostring(L, maker->base + 1 + 2 * (int)i);
    columns[i] = wfl_test(L, maker->base + 2 + 2 * (int)i, WFL_COLUMN);
  }
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  if (wf_frame_new(&frame, names, columns, maker->n, &err) != WF_OK) wfl_raise(L, &err);
  wfl_fill_frame(L, box, frame);
  keep_top(L, maker->base);
}

typedef struct ranked {
  double value;
  size_t index;
} ranked;

static int by_value(const void *a, const void *b) {
  const ranked *x = a, *y = b;
  if (x->value != y->value) return x->value > y->value ? -1 : 1;
  return x->index < y->index ? -1 : x->index > y->index;
}

void wfl_push_ranking(lua_State *L, const char *const *names, const double *values, size_t n) {
  int top = lua_gettop(L);
  ranked *order = wfl_scratch(L, n, sizeof *order);
  const char **sorted_names = wfl_scratch(L, n, sizeof *sorted_names);
  double *sorted_values = wfl_scratch(L, n, sizeof *sorted_values);
  for (size_t i = 0; i < n; i++) order[i] = (ranked){values[i], i};
  qsort(order, n, sizeof *order, by_value);
  for (size_t i = 0; i < n; i++) {
    sorted_names[i] = names[order[i].index];
    sorted_values[i] = order[i].value;
  }
  wfl_frame_maker maker;
  wfl_maker_begin(&maker, L);
  wfl_maker_add_strings(&maker, "feature", sorted_names, n);
  wfl_maker_add_f64(&maker, "importance", sorted_values, n);
  wfl_maker_end(&maker);
  keep_top(L, top);
}

size_t wfl_option_types(lua_State *L, int arg, const char *what, const char *const **names,
                        const wf_type **types) {
  *names = NULL;
  *types = NULL;
  if (lua_getfield(L, arg, "types") == LUA_TNIL) return 0;
  int table = lua_gettop(L);
  const char *label = lua_pushfstring(L, "%s: option 'types'", what);
  size_t n;
  const char **columns = wfl_keys(L, table, label, &n);
  wf_type *found = wfl_scratch(L, n, sizeof *found);
  for (size_t i = 0; i < n; i++) {
    lua_getfield(L, table, columns[i]);
    const char *name = luaL_tolstring(L, -1, NULL);
    if (!wf_type_find(name, &found[i]))
      wfl_fail_type_name(L, lua_pushfstring(L, "%s: option 'types': column '%s'", what, columns[i]),
                         name);
    lua_pop(L, 2);
  }
  *names = columns;
  *types = found;
  return n;
}
