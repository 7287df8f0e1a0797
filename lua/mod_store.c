/* mod_store.c — wf.core.store: content-addressed objects. */
#include "bind.h"
#include "convert.h"
#include "modules.h"

#include "wf/arrow.h"

#include <string.h>

static const char STORE[] = "wf.store";

static wf_store *check(lua_State *L) { return wfl_check(L, 1, STORE); }

static void close_store(void *store) { wf_store_close(store); }

/* A digest names an object: 64 lower-case hexadecimal digits. */
static const char *digest_arg(lua_State *L) {
  size_t size;
  const char *digest = luaL_checklstring(L, 2, &size);
  luaL_argcheck(L, size == 64 && strspn(digest, "0123456789abcdef") == 64, 2,
                "a digest has 64 hexadecimal digits");
  return digest;
}

static int store_put(lua_State *L) {
  wf_store *store = check(L);
  size_t size;
  const char *data = luaL_checklstring(L, 2, &size);
  char digest[65];
  wf_error err = WF_ERROR_INIT;
  if (wf_store_put(digest, store, data, size, &err) != WF_OK) return wfl_raise(L, &err);
  lua_pushstring(L, digest);
  return 1;
}

/* store:put_frame(frame) → digest of what arrow.format makes of it, without making it */
static int store_put_frame(lua_State *L) {
  wf_store *store = check(L);
  const wf_frame *frame = wfl_check(L, 2, WFL_FRAME);
  char digest[65];
  wf_error err = WF_ERROR_INIT;
  if (wf_arrow_store(digest, store, frame, &err) != WF_OK) return wfl_raise(L, &err);
  lua_pushstring(L, digest);
  return 1;
}

static int store_put_file(lua_State *L) {
  wf_store *store = check(L);
  const char *path = wfl_check_text(L, 2);
  char digest[65];
  wf_error err = WF_ERROR_INIT;
  if (wf_store_put_file(digest, store, path, &err) != WF_OK) return wfl_raise_path(L, &err, path);
  lua_pushstring(L, digest);
  return 1;
}

static int store_get(lua_State *L) {
  wf_store *store = check(L);
  const char *digest = digest_arg(L);
  wf_error err = WF_ERROR_INIT;
  char *data;
  size_t size;
  wfl_box *box = wfl_newtext(L);
  if (wf_store_get(&data, &size, store, digest, &err) != WF_OK) return wfl_raise(L, &err);
  box->ptr = data;
  wfl_push_text(L, box, size);
  return 1;
}

/* restore(digest, path, executable) */
static int store_restore(lua_State *L) {
  wf_store *store = check(L);
  const char *digest = digest_arg(L), *path = wfl_check_text(L, 3);
  unsigned mode = lua_toboolean(L, 4) ? 0755 : 0644;
  wf_error err = WF_ERROR_INIT;
  if (wf_store_restore(store, digest, path, mode, &err) != WF_OK)
    return wfl_raise_path(L, &err, path);
  return 0;
}

static int store_has(lua_State *L) {
  wf_store *store = check(L);
  lua_pushboolean(L, wf_store_has(store, digest_arg(L)));
  return 1;
}

static int store_path(lua_State *L) {
  wf_store *store = check(L);
  const char *digest = digest_arg(L);
  wf_error err = WF_ERROR_INIT;
  char *path;
  wfl_box *box = wfl_newtext(L);
  if (wf_store_path(&path, store, digest, &err) != WF_OK) return wfl_raise(L, &err);
  box->ptr = path;
  wfl_push_text(L, box, strlen(path));
  return 1;
}

/* open(directory) */
static int store_open(lua_State *L) {
  const char *directory = wfl_check_text(L, 1);
  wf_error err = WF_ERROR_INIT;
  wf_store *store;
  wfl_box *box = wfl_newbox(L, STORE);
  if (wf_store_open(&store, directory, &err) != WF_OK) return wfl_raise_path(L, &err, directory);
  box->ptr = store;
  return 1;
}

int wfl_open_store(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"close", wfl_close},         {"get", store_get},         {"has", store_has},
      {"path", store_path},         {"put", store_put},         {"put_frame", store_put_frame},
      {"put_file", store_put_file}, {"restore", store_restore}, {NULL, NULL},
  };
  static const luaL_Reg functions[] = {{"open", store_open}, {NULL, NULL}};
  wfl_class(L, STORE, NULL, methods, close_store);
  luaL_newlib(L, functions);
  return 1;
}
