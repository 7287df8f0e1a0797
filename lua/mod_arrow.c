/* mod_arrow.c — wf.arrow: Arrow IPC files ↔ frames. */
#include "convert.h"
#include "modules.h"
#include "remote.h"
#include "trace.h"

#include "base/error.h"
#include "wf/arrow.h"

#include <string.h>

/* Reads a path or address, or the bytes when `path` is NULL. */
static int read_frame(lua_State *L, const char *path, const char *bytes, size_t size,
                      const char *what) {
  static const char *const names[] = {"columns", "max_bytes", "timeout", NULL};
  size_t n = 0;
  wfl_options(L, 2, what, names);
  const char **columns = wfl_option_strings(L, 2, what, "columns", &n);
  if (path && wfl_is_remote(path))
    bytes = wfl_fetch(L, path, 2, what, &size);
  else if (path && strcmp(path, "-") != 0)
    wfl_trace_file(L, path);
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  wf_status status = bytes ? wf_arrow_parse_columns(&frame, bytes, size, columns, n, &err)
                           : wf_arrow_read_columns(&frame, path, columns, n, &err);
  if (status != WF_OK && bytes && path) wf_fail_within(&err, status, "%s", path);
  if (status != WF_OK) return wfl_raise_path(L, &err, path);
  wfl_fill_frame(L, box, frame);
  return 1;
}

/* arrow.read(path | url | "-"[, options]) → frame, mapped when it is a file */
static int arrow_read(lua_State *L) {
  return read_frame(L, wfl_check_text(L, 1), NULL, 0, "arrow.read");
}

/* arrow.parse(bytes[, options]) → frame */
static int arrow_parse(lua_State *L) {
  size_t size;
  const char *bytes = luaL_checklstring(L, 1, &size);
  return read_frame(L, NULL, bytes, size, "arrow.parse");
}

/* arrow.write(frame, path) */
static int arrow_write(lua_State *L) {
  const wf_frame *frame = wfl_check(L, 1, WFL_FRAME);
  const char *path = luaL_checkstring(L, 2);
  wf_error err = WF_ERROR_INIT;
  if (wf_arrow_write(frame, path, &err) != WF_OK) return wfl_raise_path(L, &err, path);
  return 0;
}

/* arrow.format(frame) → bytes */
static int arrow_format(lua_State *L) {
  const wf_frame *frame = wfl_check(L, 1, WFL_FRAME);
  wf_error err = WF_ERROR_INIT;
  char *bytes;
  size_t size;
  wfl_box *box = wfl_newtext(L);
  if (wf_arrow_format(&bytes, &size, frame, &err) != WF_OK) return wfl_raise(L, &err);
  box->ptr = bytes;
  wfl_push_text(L, box, size);
  return 1;
}

int wfl_open_arrow(lua_State *L) {
  static const luaL_Reg functions[] = {{"format", arrow_format},
                                       {"parse", arrow_parse},
                                       {"read", arrow_read},
                                       {"write", arrow_write},
                                       {NULL, NULL}};
  wfl_frame_classes(L);
  luaL_newlib(L, functions);
  return 1;
}
