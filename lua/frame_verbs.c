/* frame_verbs.c — join, concat, sort, group, split, sample and summaries of frames.
 *
 * Where a table of names gives an order, the order is the list's, or the sorted names': never that
 * of the table. Random choices come from a seed, 0 when none is given. */
#include "frame_verbs.h"

#include "base/error.h"
#include "wf/transform.h"

#include <stdlib.h>
#include <string.h>

static const char GROUPING[] = "wf.grouping";

static wf_frame *check(lua_State *L, int arg) { return wfl_check(L, arg, WFL_FRAME); }

/* Stores a computed frame, or raises. By address: the call that fills it is an argument too, and C
 * does not say which is evaluated first. */
static int finish(lua_State *L, wfl_box *box, wf_status status, wf_frame **frame,
                  const wf_error *err) {
  if (status != WF_OK) return wfl_raise(L, err);
  wfl_fill_frame(L, box, *frame);
  return 1;
}

/* ---- combining ----------------------------------------------------------------------------------
 */

/* on = { left = "right", … }: the right frame, its keys renamed as on the left, is put in place of
 * argument 2; pushes what owns the names. */
static const char **push_key_pairs(lua_State *L, const char *what, size_t *n) {
  int on = lua_gettop(L);
  const char **left = wfl_keys(L, on, "frame:join: option 'on'", n);
  const char **from = wfl_scratch(L, *n, sizeof *from);
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  for (size_t i = 0; i < *n; i++) {
    if (lua_getfield(L, on, left[i]) != LUA_TSTRING)
      wfl_fail(L, WF_TYPE, "%s: option 'on': the right column of '%s' is a %s", what, left[i],
               luaL_typename(L, -1));
    from[i] = wfl_top_text(L, "frame:join: option 'on'");
    lua_pop(L, 1);
  }
  wf_error err = WF_ERROR_INIT;
  wf_frame *renamed = NULL;
  if (wf_frame_rename(&renamed, check(L, 2), from, left, *n, &err) != WF_OK) {
    wf_fail_within(&err, err.status, "the right frame");
    wfl_raise(L, &err);
  }
  wfl_fill_frame(L, box, renamed);
  lua_replace(L, 2);
  return left;
}

/* The option `on`: one name, a list of them, or { left = "right", … }. */
static const char **push_keys(lua_State *L, const char *what, size_t *n) {
  if (lua_getfield(L, 3, "on") == LUA_TTABLE && lua_rawlen(L, -1) == 0 &&
      (lua_pushnil(L), lua_next(L, -2))) {
    lua_pop(L, 2);
    return push_key_pairs(L, what, n);
  }
  return wfl_option_strings(L, 3, what, "on", n);
}

/* join(other, {on=, how="inner", suffix="_right", validate=}) */
int wfl_frame_join(lua_State *L) {
  static const char what[] = "frame:join";
  static const char *const kinds[] = {"inner", "left", "right", "outer",
                                      "semi",  "anti", "cross", NULL}; /* as in wf_join */
  static const char *const checks[] = {"many_to_many", "one_to_many", "many_to_one", "one_to_one",
                                       NULL};
  const wf_frame *left = check(L, 1);
  check(L, 2);
  lua_settop(L, 3);
  wfl_options(L, 3, what, (const char *const[]){"on", "how", "suffix", "validate", NULL});
  wf_join_options options = {
      .how = (wf_join)wfl_option_choice(L, 3, what, "how", kinds, WF_JOIN_INNER),
      .check = (wf_join_check)wfl_option_choice(L, 3, what, "validate", checks, 0),
      .suffix = wfl_option_string(L, 3, what, "suffix", NULL),
  };
  options.on = push_keys(L, what, &options.n_on);
  const wf_frame *right = check(L, 2);
  if (!options.on && options.how != WF_JOIN_CROSS)
    return wfl_fail(L, WF_INVALID, "%s: option 'on' is missing (column names)", what);
  wf_error err = WF_ERROR_INIT;
  wf_frame *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  return finish(L, box, wf_frame_join_with(&result, left, right, &options, &err), &result, &err);
}

/* concat(other, …) */
int wfl_frame_concat(lua_State *L) {
  int n = lua_gettop(L);
  wf_frame **frames = wfl_scratch(L, (size_t)n, sizeof *frames);
  for (int i = 0; i < n; i++) frames[i] = check(L, i + 1);
  wf_error err = WF_ERROR_INIT;
  wf_frame *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  return finish(L, box, wf_frame_concat(&result, frames, (size_t)n, &err), &result, &err);
}

/* The option `descending`: one boolean for all keys, or a list of them. Pushes what owns it. */
static bool *push_directions(lua_State *L, int arg, const char *what, size_t n) {
  bool *descending = wfl_scratch(L, n, sizeof *descending);
  int type = lua_getfield(L, arg, "descending");
  if (type != LUA_TNIL && type != LUA_TBOOLEAN && type != LUA_TTABLE)
    wfl_option_fail(L, what, "descending", "a boolean or a list of booleans");
  if (type == LUA_TTABLE && lua_rawlen(L, -1) != n)
    wfl_fail(L, WF_INVALID, "%s: %d directions for %d columns", what, (int)lua_rawlen(L, -1),
             (int)n);
  for (size_t i = 0; i < n; i++) {
    if (type == LUA_TTABLE) lua_rawgeti(L, -1, (lua_Integer)i + 1);
    descending[i] = type != LUA_TNIL && lua_toboolean(L, -1);
    if (type == LUA_TTABLE) lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return descending;
}

/* sort(by | {by, …}, {descending=, missing="last" | "first"}) */
int wfl_frame_sort(lua_State *L) {
  static const char what[] = "frame:sort";
  const wf_frame *frame = check(L, 1);
  static const char *const places[] = {"last", "first", NULL};
  wfl_options(L, 3, what, (const char *const[]){"descending", "missing", NULL});
  size_t n;
  const char **by = wfl_strings(L, 2, "frame:sort: the columns", &n);
  const bool *descending = push_directions(L, 3, what, n);
  const wf_sort_options options = {by, descending, n,
                                   wfl_option_choice(L, 3, what, "missing", places, 0) == 1};
  wf_error err = WF_ERROR_INIT;
  wf_frame *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  return finish(L, box, wf_frame_sort_with(&result, frame, &options, &err), &result, &err);
}

/* cast{column = "type"} */
int wfl_frame_cast(lua_State *L) {
  check(L, 1);
  size_t n;
  const char **names = wfl_keys(L, 2, "frame:cast", &n);
  lua_pushvalue(L, 1); /* the result so far */
  for (size_t i = 0; i < n; i++) {
    const wf_frame *frame = check(L, -1);
    wf_type type;
    lua_getfield(L, 2, names[i]);
    const char *to = lua_tostring(L, -1);
    if (!to || !wf_type_find(to, &type))
      return wfl_fail_type_name(L, "frame:cast", luaL_tolstring(L, -1, NULL));
    wf_error err = WF_ERROR_INIT;
    wf_column *column, *cast;
    wf_frame *result = NULL;
    wfl_box *held = wfl_newbox(L, WFL_COLUMN);
    wfl_box *box = wfl_newbox(L, WFL_FRAME);
    if (wf_frame_get(&column, frame, names[i], &err) != WF_OK) return wfl_raise(L, &err);
    if (wf_column_cast(&cast, column, type, &err) != WF_OK) {
      wf_fail_within(&err, err.status, "column '%s'", names[i]);
      return wfl_raise(L, &err);
    }
    held->ptr = cast;
    finish(L, box, wf_frame_with(&result, frame, names[i], cast, &err), &result, &err);
    lua_replace(L, -4);
    lua_pop(L, 2);
  }
  return 1;
}

/* ---- grouping -----------------------------------------------------------------------------------
 */

static const char *const aggregates[] = {
    "count", "sum",   "mean", "min",      "max",     "std", "median", "distinct",
    "var",   "first", "last", "quantile", "nunique", NULL}; /* as in wf_aggregate; nunique: distinct
                                                             */

wf_aggregate wfl_aggregate_of(lua_State *L, const char *output, const char *name) {
  for (int i = 0; aggregates[i]; i++)
    if (strcmp(name, aggregates[i]) == 0)
      return i > WF_AGG_QUANTILE ? WF_AGG_DISTINCT : (wf_aggregate)i;
  const char *nearest = wfl_nearest(name, aggregates);
  if (nearest)
    wfl_fail(L, WF_INVALID, "%s: there is no aggregate '%s'; did you mean '%s'?", output, name,
             nearest);
  return (wf_aggregate)wfl_fail(L, WF_INVALID, "%s: there is no aggregate '%s'", output, name);
}

/* The specification on the top, from item `first` on: {"column", "mean"} or {"count"}; or one text,
 * an aggregate of all rows. Strings stay alive in their table. */
static void read_aggregation(lua_State *L, wf_aggregation *out, const char *output, int first) {
  const char *column = NULL, *how = NULL;
  if (lua_type(L, -1) == LUA_TSTRING && first == 1) {
    how = lua_tostring(L, -1);
  } else if (lua_istable(L, -1)) {
    lua_rawgeti(L, -1, first);
    lua_rawgeti(L, -2, first + 1);
    bool two = lua_type(L, -1) == LUA_TSTRING;
    column = two && lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
    if (two)
      how = lua_tostring(L, -1);
    else if (lua_type(L, -2) == LUA_TSTRING)
      how = lua_tostring(L, -2);
    lua_pop(L, 2);
  }
  if (!how) wfl_fail(L, WF_TYPE, "agg '%s': {\"column\", \"mean\"} was expected", output);
  *out = (wf_aggregation){output, column,
                          wfl_aggregate_of(L, lua_pushfstring(L, "agg '%s'", output), how), 0.5};
  lua_pop(L, 1);
  if (out->how == WF_AGG_QUANTILE) {
    if (lua_rawgeti(L, -1, first + 2) != LUA_TNUMBER)
      wfl_fail(L, WF_TYPE, "agg '%s': {\"column\", \"quantile\", 0.9} was expected", output);
    out->q = lua_tonumber(L, -1);
    lua_pop(L, 1);
  }
  if (!column && out->how != WF_AGG_COUNT)
    wfl_fail(L, WF_INVALID, "agg '%s': '%s' needs a column", output, how);
}

/* agg{ {"out", "column", "mean"}, … } */
static wf_aggregation *push_listed(lua_State *L, size_t *n) {
  *n = lua_rawlen(L, 2);
  wf_aggregation *list = wfl_scratch(L, *n, sizeof *list);
  for (size_t i = 0; i < *n; i++) {
    if (lua_rawgeti(L, 2, (lua_Integer)i + 1) != LUA_TTABLE || lua_rawgeti(L, -1, 1) != LUA_TSTRING)
      wfl_fail(L, WF_TYPE, "agg: item %d must be {\"name\", \"column\", \"aggregate\"}",
               (int)i + 1);
    const char *output = wfl_top_text(L, "agg: a name");
    lua_pop(L, 1);
    read_aggregation(L, &list[i], output, 2);
    lua_pop(L, 1);
  }
  return list;
}

/* agg{ out = {"column", "mean"}, … }: in the order of the names */
static wf_aggregation *push_named(lua_State *L, size_t *n) {
  const char **names = wfl_keys(L, 2, "agg", n);
  wf_aggregation *list = wfl_scratch(L, *n, sizeof *list);
  for (size_t i = 0; i < *n; i++) {
    lua_getfield(L, 2, names[i]);
    read_aggregation(L, &list[i], names[i], 1);
    lua_pop(L, 1);
  }
  return list;
}

typedef wf_status group_fn(wf_frame **out, const wf_frame *frame, const char *const *by,
                           size_t n_by, const wf_aggregation *list, size_t n, wf_error *err);

static int push_grouped(lua_State *L, group_fn *group) {
  const wf_frame *frame = wfl_check(L, 1, GROUPING);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_getiuservalue(L, 1, 1);
  size_t n_by, n;
  const char **by = wfl_strings(L, 3, "group_by: the columns", &n_by);
  const wf_aggregation *list = lua_rawlen(L, 2) > 0 ? push_listed(L, &n) : push_named(L, &n);
  wf_error err = WF_ERROR_INIT;
  wf_frame *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  return finish(L, box, group(&result, frame, by, n_by, list, n, &err), &result, &err);
}

/* agg{…}: a row for each group */
static int grouping_agg(lua_State *L) { return push_grouped(L, wf_frame_group); }
/* with{…}: all rows, each with what its group has in common */
static int grouping_with(lua_State *L) { return push_grouped(L, wf_frame_group_with); }

static void release(void *frame) { wf_frame_release(frame); }

/* group_by("a", "b") or group_by{"a", "b"} */
int wfl_frame_group_by(lua_State *L) {
  static const luaL_Reg methods[] = {{"agg", grouping_agg}, {"with", grouping_with}, {NULL, NULL}};
  wf_frame *frame = check(L, 1);
  size_t n;
  const char **by = wfl_names_arg(L, 2, "frame:group_by: the columns", &n);
  wfl_class(L, GROUPING, NULL, methods, release);
  wfl_box *box = wfl_newbox(L, GROUPING);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushstring(L, by[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setiuservalue(L, -2, 1);
  box->ptr = wf_frame_retain(frame);
  return 1;
}

/* ---- random choices -----------------------------------------------------------------------------
 */

static uint64_t seed_option(lua_State *L, int arg, const char *what) {
  return (uint64_t)wfl_option_integer(L, arg, what, "seed", 0, LUA_MININTEGER, LUA_MAXINTEGER);
}

static int push_sample(lua_State *L, const wf_frame *frame, size_t n, const char *weights,
                       bool replace, uint64_t seed) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  wf_status status = wf_frame_sample(&result, frame, n, weights, replace, seed, &err);
  return finish(L, box, status, &result, &err);
}

/* sample(n, {seed=, weights=column, replace=false}) */
int wfl_frame_sample(lua_State *L) {
  static const char what[] = "frame:sample";
  const wf_frame *frame = check(L, 1);
  lua_Integer n = luaL_checkinteger(L, 2), count = (lua_Integer)wf_frame_row_count(frame);
  wfl_options(L, 3, what, (const char *const[]){"seed", "weights", "replace", NULL});
  const char *weights = wfl_option_string(L, 3, what, "weights", NULL);
  bool replace = wfl_option_boolean(L, 3, what, "replace", false);
  if (n < 0 || (n > count && !replace))
    return wfl_fail(L, WF_INVALID, "frame:sample: %I rows of %I cannot be chosen", n, count);
  return push_sample(L, frame, (size_t)n, weights, replace, seed_option(L, 3, what));
}

/* shuffle{seed=} */
int wfl_frame_shuffle(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  wfl_options(L, 2, "frame:shuffle", (const char *const[]){"seed", NULL});
  uint64_t seed = seed_option(L, 2, "frame:shuffle");
  return push_sample(L, frame, wf_frame_row_count(frame), NULL, false, seed);
}

/* ---- splitting ----------------------------------------------------------------------------------
 */

static const char *const split_options[] = {"seed", "stratify", "shuffle", "group", "order", NULL};

typedef struct part {
  const char *name;
  double fraction;
} part;

/* Largest first, then by name. */
static int by_fraction(const void *a, const void *b) {
  const part *x = a, *y = b;
  if (x->fraction != y->fraction) return x->fraction > y->fraction ? -1 : 1;
  return strcmp(x->name, y->name);
}

static bool is_split_option(const char *name) {
  for (size_t i = 0; split_options[i]; i++)
    if (strcmp(name, split_options[i]) == 0) return true;
  return false;
}

/* The value on the top as the fraction of part `name`; pops it. */
static part read_part(lua_State *L, const char *name) {
  const char *nearest = wfl_nearest(name, split_options);
  if (lua_type(L, -1) != LUA_TNUMBER)
    wfl_fail(L, WF_TYPE, "frame:split: the fraction of '%s' is a %s", name, luaL_typename(L, -1));
  double fraction = lua_tonumber(L, -1);
  if (!(fraction > 0 && fraction <= 1) && nearest)
    wfl_fail(L, WF_INVALID,
             "frame:split: the fraction of '%s' is %f, not from 0 to 1; did you mean the option "
             "'%s'?",
             name, fraction, nearest);
  if (!(fraction > 0 && fraction <= 1))
    wfl_fail(L, WF_INVALID, "frame:split: the fraction of '%s' is %f, not from 0 to 1", name,
             fraction);
  lua_pop(L, 1);
  return (part){name, fraction};
}

/* split{ {"train", 0.8}, …, seed=… }: keys besides the list are options */
static part *push_listed_parts(lua_State *L, size_t *n) {
  *n = lua_rawlen(L, 2);
  part *parts = wfl_scratch(L, *n, sizeof *parts);
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING && !is_split_option(lua_tostring(L, -2)))
      wfl_fail(L, WF_INVALID, "frame:split: unknown option '%s'", lua_tostring(L, -2));
  }
  for (size_t i = 0; i < *n; i++) {
    if (lua_rawgeti(L, 2, (lua_Integer)i + 1) != LUA_TTABLE || lua_rawgeti(L, -1, 1) != LUA_TSTRING)
      wfl_fail(L, WF_TYPE, "frame:split: item %d must be {\"name\", fraction}", (int)i + 1);
    const char *name = wfl_top_text(L, "frame:split: a name");
    lua_rawgeti(L, -2, 2);
    parts[i] = read_part(L, name);
    lua_pop(L, 2);
  }
  return parts;
}

/* split{ train = 0.8, test = 0.2, seed=… } */
static part *push_named_parts(lua_State *L, size_t *n) {
  size_t n_keys;
  const char **keys = wfl_keys(L, 2, "frame:split", &n_keys);
  part *parts = wfl_scratch(L, n_keys, sizeof *parts);
  *n = 0;
  for (size_t i = 0; i < n_keys; i++) {
    if (is_split_option(keys[i])) continue;
    lua_getfield(L, 2, keys[i]);
    parts[(*n)++] = read_part(L, keys[i]);
  }
  qsort(parts, *n, sizeof *parts, by_fraction);
  return parts;
}

static void check_names(lua_State *L, const part *parts, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++)
      if (strcmp(parts[i].name, parts[j].name) == 0)
        wfl_fail(L, WF_INVALID, "frame:split: there are two parts '%s'", parts[i].name);
}

/* Fractions beyond the whole, where one is named much like an option: that is what was meant. */
static void check_sum(lua_State *L, const part *parts, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += parts[i].fraction;
  for (size_t i = 0; i < n && sum > 1 + 1e-9; i++) {
    const char *nearest = wfl_nearest(parts[i].name, split_options);
    if (nearest)
      wfl_fail(L, WF_INVALID,
               "frame:split: with '%s' the fractions sum to %f; did you mean the option '%s'?",
               parts[i].name, sum, nearest);
  }
}

/* A table of frames by part name. */
int wfl_frame_split(lua_State *L) {
  static const char what[] = "frame:split";
  const wf_frame *frame = check(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  size_t n;
  const part *parts = lua_rawlen(L, 2) > 0 ? push_listed_parts(L, &n) : push_named_parts(L, &n);
  check_names(L, parts, n);
  check_sum(L, parts, n);
  double *fractions = wfl_scratch(L, n, sizeof *fractions);
  wf_frame **frames = wfl_scratch(L, n, sizeof *frames);
  wfl_box **boxes = wfl_scratch(L, n, sizeof *boxes);
  wf_split_options options = {
      .fractions = fractions,
      .n_parts = n,
      .seed = seed_option(L, 2, what),
      .shuffle = wfl_option_boolean(L, 2, what, "shuffle", true),
      .stratify = wfl_option_string(L, 2, what, "stratify", NULL),
      .group = wfl_option_string(L, 2, what, "group", NULL),
      .order = wfl_option_string(L, 2, what, "order", NULL),
  };
  lua_createtable(L, 0, (int)n);
  for (size_t i = 0; i < n; i++) {
    fractions[i] = parts[i].fraction;
    boxes[i] = wfl_newbox(L, WFL_FRAME);
    lua_setfield(L, -2, parts[i].name);
  }
  wf_error err = WF_ERROR_INIT;
  if (wf_frame_split(frames, frame, &options, &err) != WF_OK) return wfl_raise(L, &err);
  size_t bytes = 0;
  for (size_t i = 0; i < n; i++) {
    boxes[i]->ptr = frames[i];
    bytes += wfl_frame_bytes(frames[i]);
  }
  wfl_pressure(L, bytes);
  return 1;
}

/* folds(k, {seed=, stratify=, group=}): a column of fold numbers, 0 to k - 1 */
int wfl_frame_folds(lua_State *L) {
  static const char what[] = "frame:folds";
  const wf_frame *frame = check(L, 1);
  lua_Integer k = luaL_checkinteger(L, 2);
  luaL_argcheck(L, k >= 2, 2, "at least 2 folds");
  wfl_options(L, 3, what, (const char *const[]){"seed", "stratify", "group", NULL});
  uint64_t seed = seed_option(L, 3, what);
  const char *stratify = wfl_option_string(L, 3, what, "stratify", NULL);
  const char *group = wfl_option_string(L, 3, what, "group", NULL);
  if (stratify && group)
    return wfl_fail(L, WF_INVALID, "%s: folds are by strata or by groups, not both", what);
  wf_error err = WF_ERROR_INIT;
  wf_column *column = NULL;
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  wf_status status = group ? wf_frame_folds_grouped(&column, frame, (size_t)k, seed, group, &err)
                           : wf_frame_folds(&column, frame, (size_t)k, seed, stratify, &err);
  if (status != WF_OK) return wfl_raise(L, &err);
  wfl_fill_column(L, box, column);
  return 1;
}

/* ---- summaries ----------------------------------------------------------------------------------
 */

int wfl_frame_describe(lua_State *L) {
  const wf_frame *frame = check(L, 1);
  wf_error err = WF_ERROR_INIT;
  wf_frame *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  return finish(L, box, wf_frame_describe(&result, frame, &err), &result, &err);
}

static wf_column *column_arg(lua_State *L, const wf_frame *frame, int arg) {
  wf_error err = WF_ERROR_INIT;
  wf_column *column;
  if (wf_frame_get(&column, frame, wfl_check_text(L, arg), &err) != WF_OK) wfl_raise(L, &err);
  return column;
}

int wfl_frame_value_counts(lua_State *L) {
  const wf_column *column = column_arg(L, check(L, 1), 2);
  wf_error err = WF_ERROR_INIT;
  wf_frame *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  return finish(L, box, wf_column_value_counts(&result, column, &err), &result, &err);
}

/* unique(name): a column of the distinct values in order of first appearance */
static int push_unique_values(lua_State *L, const wf_frame *frame) {
  const char *name = wfl_check_text(L, 2);
  wf_error err = WF_ERROR_INIT;
  wf_frame *result = NULL;
  wfl_box *groups = wfl_newbox(L, WFL_FRAME);
  wfl_box *box = wfl_newbox(L, WFL_COLUMN);
  finish(L, groups, wf_frame_group(&result, frame, &name, 1, NULL, 0, &err), &result, &err);
  wfl_fill_column(L, box, wf_column_retain(wf_frame_column_at(result, 0)));
  return 1;
}

/* unique() or unique{columns}[, {keep="first" | "last" | "none"}]: distinct rows */
int wfl_frame_unique(lua_State *L) {
  static const char what[] = "frame:unique";
  static const char *const kept[] = {"first", "last", "none", NULL}; /* as in wf_keep */
  const wf_frame *frame = check(L, 1);
  if (lua_type(L, 2) == LUA_TSTRING && lua_gettop(L) == 2) return push_unique_values(L, frame);
  lua_settop(L, 3);
  wfl_options(L, 3, what, (const char *const[]){"keep", NULL});
  wf_keep which = (wf_keep)wfl_option_choice(L, 3, what, "keep", kept, WF_KEEP_FIRST);
  size_t n = 0;
  const char **names = NULL;
  if (!lua_isnil(L, 2)) names = wfl_strings(L, 2, "frame:unique: the columns", &n);
  wf_error err = WF_ERROR_INIT;
  wf_frame *result = NULL;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  return finish(L, box, wf_frame_unique(&result, frame, names, n, which, &err), &result, &err);
}
