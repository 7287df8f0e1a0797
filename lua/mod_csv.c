/* mod_csv.c — wf.csv: delimited text ↔ frames. */
#include "convert.h"
#include "field.h"
#include "modules.h"
#include "remote.h"
#include "trace.h"

#include "base/alloc.h"
#include "base/error.h"
#include "wf/csv.h"
#include "wf/model.h"
#include "wf/recipe.h"

#include <string.h>
#include <unistd.h>

static const char REPORT[] = "wf.csv.report";

static char character(lua_State *L, int arg, const char *what, const char *name, char otherwise) {
  const char *text = wfl_option_string(L, arg, what, name, NULL);
  if (!text) return otherwise;
  if (*text == '\0' && strcmp(name, "quote") == 0) return '\0'; /* none */
  if (strlen(text) != 1)
    wfl_fail(L, WF_INVALID, "%s: option '%s' must be one character, not '%s'", what, name, text);
  return *text;
}

/* What reading and writing share. The pushed values own what the options point to. */
static wf_csv_options common_options(lua_State *L, int arg, const char *what) {
  wf_csv_options options = wf_csv_options_default();
  options.delimiter = character(L, arg, what, "delimiter", options.delimiter);
  options.quote = character(L, arg, what, "quote", options.quote);
  options.header = wfl_option_boolean(L, arg, what, "header", options.header);
  const char **missing = wfl_option_strings(L, arg, what, "missing", &options.n_missing);
  if (missing) options.missing = missing;
  return options;
}

/* A frame without rows that has the text inputs of a fitted recipe. */
static wf_status make_inputs(wf_frame **out, const wf_recipe *recipe, const char **names,
                             wf_error *err) {
  size_t n = 0, n_inputs = wf_recipe_input_count(recipe);
  wf_column *empty = NULL;
  WF_TRY(wf_column_from_strings(&empty, NULL, 0, err));
  wf_column **columns = wf_alloc_array(n_inputs, sizeof *columns);
  for (size_t i = 0; columns && i < n_inputs; i++) {
    if (!wf_recipe_input_is_text(recipe, i)) continue;
    names[n] = wf_recipe_input_name(recipe, i);
    columns[n++] = empty;
  }
  wf_status status = columns ? wf_frame_new(out, names, columns, n, err) : wf_fail_nomem(err);
  wf_free(columns);
  wf_column_release(empty);
  return status;
}

static const wf_frame *inputs_of(lua_State *L, const wf_recipe *recipe) {
  const char **names = wfl_scratch(L, wf_recipe_input_count(recipe), sizeof *names);
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame;
  if (make_inputs(&frame, recipe, names, &err) != WF_OK) wfl_raise(L, &err);
  return box->ptr = frame;
}

/* "like": a frame, or a model or fitted recipe whose text inputs are text. */
static const wf_frame *frame_to_imitate(lua_State *L, int arg, const char *what) {
  if (lua_getfield(L, arg, "like") == LUA_TNIL) {
    lua_pop(L, 1);
    return NULL;
  }
  int at = lua_gettop(L);
  const wf_frame *frame = wfl_test(L, at, WFL_FRAME);
  if (frame) return frame;
  const wf_model *model = wfl_test(L, at, WFL_MODEL);
  const wf_recipe *recipe = model ? wf_model_recipe(model) : wfl_test(L, at, WFL_RECIPE);
  if (!recipe && !model) wfl_option_fail(L, what, "like", "a frame, a model or a fitted recipe");
  if (!recipe) wfl_fail(L, WF_INVALID, "%s: option 'like': the model has no recipe", what);
  return inputs_of(L, recipe);
}

/* "columns": names and numbers of fields. */
static void choose_columns(lua_State *L, int arg, const char *what, wf_csv_options *options) {
  if (lua_getfield(L, arg, "columns") != LUA_TTABLE) {
    lua_pop(L, 1);
    options->columns = wfl_option_strings(L, arg, what, "columns", &options->n_columns);
    return;
  }
  int list = lua_gettop(L);
  size_t n = lua_rawlen(L, list);
  const char **columns = wfl_scratch(L, n, sizeof *columns);
  size_t *positions = wfl_scratch(L, n, sizeof *positions);
  for (size_t i = 0; i < n; i++) {
    int type = lua_rawgeti(L, list, (lua_Integer)i + 1);
    columns[i] = type == LUA_TSTRING ? wfl_top_text(L, what) : NULL;
    lua_Integer number = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
    if (!columns[i] && number < 1)
      wfl_fail(L, WF_TYPE, "%s: option 'columns': item %d must be a name or a number from 1", what,
               (int)i + 1);
    positions[i] = (size_t)number;
    lua_pop(L, 1);
  }
  options->columns = columns;
  options->positions = positions;
  options->n_columns = n;
}

static wf_csv_options read_options(lua_State *L, int arg, const char *what) {
  static const char *const names[] = {"delimiter", "quote",    "comment",           "skip",
                                      "header",    "names",    "missing",           "columns",
                                      "types",     "on_error", "max_rows",          "trim",
                                      "max_bytes", "timeout",  "rename_duplicates", "finite_only",
                                      "like",      "decimal",  "thousands",         NULL};
  static const char *const policies[] = {"raise", "skip", "null", NULL}; /* as in the enum */
  wfl_options(L, arg, what, names);
  wf_csv_options options = common_options(L, arg, what);
  options.decimal = character(L, arg, what, "decimal", '.');
  options.thousands = character(L, arg, what, "thousands", '\0');
  options.comment = character(L, arg, what, "comment", '\0');
  options.skip_lines = (size_t)wfl_option_integer(L, arg, what, "skip", 0, 0, LUA_MAXINTEGER);
  const char **given = wfl_option_strings(L, arg, what, "names", &options.n_names);
  if (given) { /* then all records are data, unless one is said to be a header */
    options.names = given;
    options.header = wfl_option_boolean(L, arg, what, "header", false);
  }
  choose_columns(L, arg, what, &options);
  options.n_typed = wfl_option_types(L, arg, what, &options.typed, &options.types);
  options.like = frame_to_imitate(L, arg, what);
  int policy = wfl_option_choice(L, arg, what, "on_error", policies, 0);
  options.bad_row = (wf_csv_bad_row)policy;
  options.max_rows = (size_t)wfl_option_integer(L, arg, what, "max_rows", 0, 0, LUA_MAXINTEGER);
  options.trim = wfl_option_boolean(L, arg, what, "trim", false);
  options.rename_duplicates = wfl_option_boolean(L, arg, what, "rename_duplicates", false);
  options.finite_only = wfl_option_boolean(L, arg, what, "finite_only", false);
  return options;
}

static wf_csv_options write_options(lua_State *L, int arg, const char *what) {
  static const char *const names[] = {"delimiter", "quote", "quoting", "header", "missing", NULL};
  static const char *const quotings[] = {"minimal", "all", NULL};
  wfl_options(L, arg, what, names);
  wf_csv_options options = common_options(L, arg, what);
  options.quote_all = wfl_option_choice(L, arg, what, "quoting", quotings, 0) == 1;
  return options;
}

static void free_report(void *report) {
  wf_csv_report_dispose(report);
  wf_free(report);
}

/* A report on the stack that is disposed of whatever happens. */
static wf_csv_report *new_report(lua_State *L) {
  wfl_class(L, REPORT, NULL, NULL, free_report);
  wfl_box *box = wfl_newbox(L, REPORT);
  box->ptr = wf_alloc_zero(1, sizeof(wf_csv_report));
  if (!box->ptr) luaL_error(L, "not enough memory");
  return box->ptr;
}

/* Pushes the frame's report after the frame. */
static int push_report(lua_State *L, wfl_box *box, wf_frame *frame, wf_csv_report *report) {
  wfl_fill_frame(L, box, frame);
  lua_createtable(L, 0, 5);
  wfl_set_count(L, "rows", report->n_rows);
  wfl_set_count(L, "skipped", report->n_skipped);
  wfl_set_count(L, "repaired", report->n_repaired);
  if (report->first_skipped_line)
    wfl_set_count(L, "first_skipped_line", report->first_skipped_line);
  if (report->rejected) {
    wfl_box *rejected = wfl_newbox(L, WFL_FRAME);
    wfl_fill_frame(L, rejected, report->rejected);
    report->rejected = NULL;
    lua_setfield(L, -2, "rejected");
  }
  return 2;
}

/* The files of the list at 1, one below the other. */
static int read_files(lua_State *L) {
  wf_csv_options options = read_options(L, 2, "csv.read");
  size_t n;
  const char **paths = wfl_strings(L, 1, "csv.read: the paths", &n);
  for (size_t i = 0; i < n; i++) wfl_trace_file(L, paths[i]);
  wf_csv_report *report = new_report(L);
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  if (wf_csv_read_files(&frame, paths, n, &options, report, &err) != WF_OK)
    return wfl_raise(L, &err);
  return push_report(L, box, frame, report);
}

typedef struct path_list {
  char **items;
  size_t n;
} path_list;

static void free_paths(void *list) {
  path_list *paths = list;
  wf_csv_paths_free(paths->items, paths->n);
  wf_free(paths);
}

/* Replaces the pattern at 1 by the list of what it matches, held in a box meanwhile. */
static int read_pattern(lua_State *L, const char *pattern) {
  static const char PATHS[] = "wf.csv.paths";
  wfl_class(L, PATHS, NULL, NULL, free_paths);
  wfl_box *held = wfl_newbox(L, PATHS);
  path_list *paths = wf_alloc_zero(1, sizeof *paths);
  wf_error err = WF_ERROR_INIT;
  if (!paths) wf_fail_nomem(&err);
  held->ptr = paths;
  if (!paths || wf_csv_paths_find(&paths->items, &paths->n, pattern, &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_createtable(L, (int)paths->n, 0);
  for (size_t i = 0; i < paths->n; i++) {
    lua_pushstring(L, paths->items[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_replace(L, 1);
  lua_pop(L, 1); /* the box: the strings are Lua's own now */
  return read_files(L);
}

/* Text from memory: a page's when `url` is not NULL. */
static int parse_text(lua_State *L, const char *url, const char *text, size_t size,
                      const wf_csv_options *options) {
  wf_csv_report *report = new_report(L);
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  wf_status status = wf_csv_parse(&frame, text, size, options, report, &err);
  if (status != WF_OK && url) wf_fail_within(&err, status, "%s", url);
  if (status != WF_OK) return wfl_raise_path(L, &err, url);
  return push_report(L, box, frame, report);
}

static int read_remote(lua_State *L, const char *url) {
  wf_csv_options options = read_options(L, 2, "csv.read");
  size_t size;
  const char *text = wfl_fetch(L, url, 2, "csv.read", &size);
  return parse_text(L, url, text, size, &options);
}

/* read(path | url | pattern | "-" | {paths}[, options]) → frame, report */
static int csv_read(lua_State *L) {
  if (lua_istable(L, 1)) return read_files(L);
  const char *path = wfl_check_text(L, 1);
  if (wfl_is_remote(path)) return read_remote(L, path);
  if (strpbrk(path, "*?[") && access(path, F_OK) != 0) return read_pattern(L, path);
  if (strcmp(path, "-") != 0) wfl_trace_file(L, path);
  wf_csv_options options = read_options(L, 2, "csv.read");
  wf_csv_report *report = new_report(L);
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  if (wf_csv_read(&frame, path, &options, report, &err) != WF_OK)
    return wfl_raise_path(L, &err, path);
  return push_report(L, box, frame, report);
}

/* parse(text[, options]) → frame, report */
static int csv_parse(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  wf_csv_options options = read_options(L, 2, "csv.parse");
  return parse_text(L, NULL, text, size, &options);
}

/* write(frame, path[, options]) */
static int csv_write(lua_State *L) {
  const wf_frame *frame = wfl_check(L, 1, WFL_FRAME);
  const char *path = wfl_check_text(L, 2);
  wf_csv_options options = write_options(L, 3, "csv.write");
  wf_error err = WF_ERROR_INIT;
  if (wf_csv_write(frame, path, &options, &err) != WF_OK) return wfl_raise_path(L, &err, path);
  return 0;
}

/* format(frame[, options]) → text */
static int csv_format(lua_State *L) {
  const wf_frame *frame = wfl_check(L, 1, WFL_FRAME);
  wf_csv_options options = write_options(L, 2, "csv.format");
  wf_error err = WF_ERROR_INIT;
  char *text;
  size_t size;
  wfl_box *box = wfl_newtext(L);
  if (wf_csv_format(&text, &size, frame, &options, &err) != WF_OK) return wfl_raise(L, &err);
  box->ptr = text;
  wfl_push_text(L, box, size);
  return 1;
}

int wfl_open_csv(lua_State *L) {
  static const luaL_Reg functions[] = {{"format", csv_format},
                                       {"parse", csv_parse},
                                       {"read", csv_read},
                                       {"write", csv_write},
                                       {NULL, NULL}};
  wfl_frame_classes(L);
  luaL_newlib(L, functions);
  return 1;
}
