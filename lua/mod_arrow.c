/* mod_arrow.c — wf.arrow: Arrow IPC files ↔ frames. */
#include "convert.h"
#include "modules.h"
#include "remote.h"
#include "trace.h"

#include "base/error.h"
#include "wf/arrow.h"

static int read_remote(lua_State *L, const char *url) {
  size_t size;
  const char *bytes = wfl_fetch(L, url, 2, "arrow.read", &size);
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  wf_status status = wf_arrow_parse(&frame, bytes, size, &err);
  if (status != WF_OK) wf_fail_within(&err, status, "%s", url);
  if (status != WF_OK) return wfl_raise_path(L, &err, url);
  wfl_fill_frame(L, box, frame);
  return 1;
}

/* arrow.read(path | url[, options]) → frame, mapped when it is a file */
static int arrow_read(lua_State *L) {
  static const char *const names[] = {"max_bytes", "timeout", NULL};
  const char *path = wfl_check_text(L, 1);
  wfl_options(L, 2, "arrow.read", names);
  if (wfl_is_remote(path)) return read_remote(L, path);
  wfl_trace_file(L, path);
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  if (wf_arrow_read(&frame, path, &err) != WF_OK) return wfl_raise_path(L, &err, path);
  wfl_fill_frame(L, box, frame);
  return 1;
}

/* arrow.parse(bytes) → frame */
static int arrow_parse(lua_State *L) {
  size_t size;
  const char *bytes = luaL_checklstring(L, 1, &size);
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  if (wf_arrow_parse(&frame, bytes, size, &err) != WF_OK) return wfl_raise(L, &err);
  wfl_fill_frame(L, box, frame);
  return 1;
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
