/* mod_jsonl.c — wf.jsonl: JSON lines ↔ frames. */
#include "convert.h"
#include "modules.h"
#include "remote.h"
#include "trace.h"

#include "base/alloc.h"
#include "base/error.h"
#include "wf/jsonl.h"

#include <string.h>

static const char REPORT[] = "wf.jsonl.report";

static void free_report(void *report) {
  wf_jsonl_report_dispose(report);
  wf_free(report);
}

/* The pushed values own what the options point to. */
static wf_jsonl_options read_options(lua_State *L, int arg, const char *what) {
  static const char *const names[] = {"absent", "columns",   "types",   "on_error",
                                      "nested", "max_bytes", "timeout", NULL};
  static const char *const policies[] = {"raise", "skip", NULL}; /* as in the enum */
  static const char *const absent[] = {"error", "missing", NULL};
  static const char *const nested[] = {"text", "error", NULL}; /* as in the enum */
  wfl_options(L, arg, what, names);
  wf_jsonl_options options = {0};
  const char **columns = wfl_option_strings(L, arg, what, "columns", &options.n_columns);
  if (columns) options.columns = columns;
  options.n_typed = wfl_option_types(L, arg, what, &options.typed, &options.types);
  options.absent_missing = wfl_option_choice(L, arg, what, "absent", absent, 0) == 1;
  options.bad_row = (wf_jsonl_bad_row)wfl_option_choice(L, arg, what, "on_error", policies, 0);
  options.nested = (wf_jsonl_nested)wfl_option_choice(L, arg, what, "nested", nested, 0);
  return options;
}

static bool write_options(lua_State *L, int arg, const char *what) {
  static const char *const names[] = {"non_finite", NULL};
  static const char *const choices[] = {"raise", "null", NULL};
  wfl_options(L, arg, what, names);
  return wfl_option_choice(L, arg, what, "non_finite", choices, 0) == 1;
}

/* Pushes the report in the box at `index`. */
static void push_report(lua_State *L, int index) {
  wfl_box *box = lua_touserdata(L, index);
  wf_jsonl_report *report = box->ptr;
  lua_createtable(L, 0, 4);
  lua_pushinteger(L, (lua_Integer)report->n_rows);
  lua_setfield(L, -2, "rows");
  lua_pushinteger(L, (lua_Integer)report->n_skipped);
  lua_setfield(L, -2, "skipped");
  if (report->n_skipped == 0) return;
  lua_pushinteger(L, (lua_Integer)report->first_skipped_line);
  lua_setfield(L, -2, "first_skipped_line");
  wfl_box *rejected = wfl_newbox(L, WFL_FRAME);
  wfl_fill_frame(L, rejected, report->rejected);
  report->rejected = NULL;
  lua_setfield(L, -2, "rejected");
}

/* Reads a path or address, or the text when `path` is NULL: pushes frame and report. */
static int read_lines(lua_State *L, const char *path, const char *text, size_t size,
                      const char *what) {
  wf_jsonl_options options = read_options(L, 2, what);
  if (path && wfl_is_remote(path))
    text = wfl_fetch(L, path, 2, what, &size);
  else if (path && strcmp(path, "-") != 0)
    wfl_trace_file(L, path);
  wf_error err = WF_ERROR_INIT;
  wfl_class(L, REPORT, NULL, NULL, free_report);
  wfl_box *report = wfl_newbox(L, REPORT);
  int at = lua_gettop(L);
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  wf_frame *frame;
  report->ptr = wf_alloc_zero(1, sizeof(wf_jsonl_report));
  if (!report->ptr) return luaL_error(L, "not enough memory");
  wf_status status = text ? wf_jsonl_parse(&frame, text, size, &options, report->ptr, &err)
                          : wf_jsonl_read(&frame, path, &options, report->ptr, &err);
  if (status != WF_OK && text && path) wf_fail_within(&err, status, "%s", path);
  if (status != WF_OK) return wfl_raise_path(L, &err, path);
  wfl_fill_frame(L, box, frame);
  push_report(L, at);
  return 2;
}

/* read(path[, options]) → frame, report */
static int jsonl_read(lua_State *L) {
  const char *path = wfl_check_text(L, 1);
  return read_lines(L, path, NULL, 0, "jsonl.read");
}

/* parse(text[, options]) → frame, report */
static int jsonl_parse(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  return read_lines(L, NULL, text, size, "jsonl.parse");
}

/* write(frame, path[, options]) */
static int jsonl_write(lua_State *L) {
  const wf_frame *frame = wfl_check(L, 1, WFL_FRAME);
  const char *path = wfl_check_text(L, 2);
  bool non_finite_null = write_options(L, 3, "jsonl.write");
  wf_error err = WF_ERROR_INIT;
  if (wf_jsonl_write(frame, path, non_finite_null, &err) != WF_OK)
    return wfl_raise_path(L, &err, path);
  return 0;
}

/* format(frame[, options]) → text */
static int jsonl_format(lua_State *L) {
  const wf_frame *frame = wfl_check(L, 1, WFL_FRAME);
  bool non_finite_null = write_options(L, 2, "jsonl.format");
  wf_error err = WF_ERROR_INIT;
  char *text;
  size_t size;
  wfl_box *box = wfl_newtext(L);
  if (wf_jsonl_format(&text, &size, frame, non_finite_null, &err) != WF_OK)
    return wfl_raise(L, &err);
  box->ptr = text;
  wfl_push_text(L, box, size);
  return 1;
}

int wfl_open_jsonl(lua_State *L) {
  static const luaL_Reg functions[] = {{"format", jsonl_format},
                                       {"parse", jsonl_parse},
                                       {"read", jsonl_read},
                                       {"write", jsonl_write},
                                       {NULL, NULL}};
  wfl_frame_classes(L);
  luaL_newlib(L, functions);
  return 1;
}
