/* mod_libsvm.c — wf.libsvm: sparse text ↔ frames. */
#include "convert.h"
#include "modules.h"
#include "remote.h"
#include "trace.h"

#include "base/error.h"
#include "wf/libsvm.h"

#include <string.h>

/* The strings belong to the table at `arg`. */
static wf_libsvm_options options_at(lua_State *L, int arg, const char *what) {
  static const char *const names[] = {"base", "n_features", "label",   "weight",
                                      "qid",  "max_bytes",  "timeout", NULL};
  wfl_options(L, arg, what, names);
  return (wf_libsvm_options){
      .base = (size_t)wfl_option_integer(L, arg, what, "base", 0, 0, 1),
      .n_features = (size_t)wfl_option_integer(L, arg, what, "n_features", 0, 0,
                                               (lua_Integer)WF_LIBSVM_MAX_FEATURES),
      .label = wfl_option_string(L, arg, what, "label", NULL),
      .weight = wfl_option_string(L, arg, what, "weight", NULL),
      .qid = wfl_option_string(L, arg, what, "qid", NULL),
  };
}

/* Reads a path or address, or the text when `path` is NULL. */
static int read_lines(lua_State *L, const char *path, const char *text, size_t size,
                      const char *what) {
  wf_libsvm_options options = options_at(L, 2, what);
  if (path && wfl_is_remote(path))
    text = wfl_fetch(L, path, 2, what, &size);
  else if (path && strcmp(path, "-") != 0)
    wfl_trace_file(L, path);
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame;
  wfl_box *box = wfl_newbox(L, WFL_FRAME);
  wf_status status = text ? wf_libsvm_parse(&frame, text, size, &options, &err)
                          : wf_libsvm_read(&frame, path, &options, &err);
  if (status != WF_OK && text && path) wf_fail_within(&err, status, "%s", path);
  if (status != WF_OK) return wfl_raise_path(L, &err, path);
  wfl_fill_frame(L, box, frame);
  return 1;
}

/* read(path | url[, options]) → frame */
static int libsvm_read(lua_State *L) {
  return read_lines(L, wfl_check_text(L, 1), NULL, 0, "libsvm.read");
}

/* parse(text[, options]) → frame */
static int libsvm_parse(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  return read_lines(L, NULL, text, size, "libsvm.parse");
}

/* write(frame, path[, options]) */
static int libsvm_write(lua_State *L) {
  const wf_frame *frame = wfl_check(L, 1, WFL_FRAME);
  const char *path = wfl_check_text(L, 2);
  wf_libsvm_options options = options_at(L, 3, "libsvm.write");
  wf_error err = WF_ERROR_INIT;
  if (wf_libsvm_write(frame, path, &options, &err) != WF_OK) return wfl_raise_path(L, &err, path);
  return 0;
}

/* format(frame[, options]) → text */
static int libsvm_format(lua_State *L) {
  const wf_frame *frame = wfl_check(L, 1, WFL_FRAME);
  wf_libsvm_options options = options_at(L, 2, "libsvm.format");
  wf_error err = WF_ERROR_INIT;
  char *text;
  size_t size;
  wfl_box *box = wfl_newtext(L);
  if (wf_libsvm_format(&text, &size, frame, &options, &err) != WF_OK) return wfl_raise(L, &err);
  box->ptr = text;
  wfl_push_text(L, box, size);
  return 1;
}

int wfl_open_libsvm(lua_State *L) {
  static const luaL_Reg functions[] = {{"format", libsvm_format},
                                       {"parse", libsvm_parse},
                                       {"read", libsvm_read},
                                       {"write", libsvm_write},
                                       {NULL, NULL}};
  wfl_frame_classes(L);
  luaL_newlib(L, functions);
  return 1;
}
