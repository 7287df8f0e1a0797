/* mod_http.c — wf.core.http: one request, one response. */
#include "bind.h"
#include "modules.h"

#include "wf/http.h"

#include "base/alloc.h"

#include <string.h>

static const char RESPONSE[] = "wf.http.response";

static void dispose(void *response) {
  wf_http_response_dispose(response);
  wf_free(response);
}

/* A header must stay one line. */
static const char *push_header(lua_State *L, const char *name, int value) {
  const char *text = luaL_tolstring(L, value, NULL);
  const char *line = lua_pushfstring(L, "%s: %s", name, text);
  lua_remove(L, -2);
  if (strpbrk(line, "\r\n"))
    wfl_fail(L, WF_INVALID, "http.send: the header '%s' holds a line end", name);
  return line;
}

/* headers = {Name = value, …}: pushes what owns the "Name: value" list, NULL-terminated. */
static const char *const *push_headers(lua_State *L) {
  if (lua_getfield(L, 1, "headers") == LUA_TNIL) return NULL;
  int table = lua_gettop(L);
  size_t n;
  const char **names = wfl_keys(L, table, "http.send: option 'headers'", &n);
  luaL_checkstack(L, (int)n + 8, "too many headers");
  const char **lines = wfl_scratch(L, n + 1, sizeof *lines);
  for (size_t i = 0; i < n; i++) {
    lua_getfield(L, table, names[i]);
    lines[i] = push_header(L, names[i], -1);
    lua_remove(L, -2);
  }
  lines[n] = NULL;
  return lines;
}

static int push_response(lua_State *L, wfl_box *box) {
  const wf_http_response *response = box->ptr;
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, response->status);
  lua_setfield(L, -2, "status");
  lua_pushlstring(L, response->body ? response->body : "", response->body_size);
  lua_setfield(L, -2, "body");
  lua_pushstring(L, response->content_type);
  lua_setfield(L, -2, "content_type");
  dispose(box->ptr);
  box->ptr = NULL;
  return 1;
}

/* send{method=, url=, headers=, body=, timeout_ms=, max_response=} → {status=, body=,
 * content_type=}
 */
static int http_send(lua_State *L) {
  static const char what[] = "http.send";
  static const char *const names[] = {"method",     "url",          "headers", "body",
                                      "timeout_ms", "max_response", NULL};
  lua_settop(L, 1);
  wfl_options(L, 1, what, names);
  wf_http_request request = {
      .method = wfl_option_string(L, 1, what, "method", "GET"),
      .url = wfl_option_string(L, 1, what, "url", NULL),
      .timeout_ms = (long)wfl_option_integer(L, 1, what, "timeout_ms", 0, 0, 86400000),
      .max_response = (size_t)wfl_option_integer(L, 1, what, "max_response", 0, 0, LUA_MAXINTEGER),
  };
  if (!request.url) return wfl_fail(L, WF_INVALID, "%s: option 'url' is missing", what);
  request.body = wfl_option_bytes(L, 1, what, "body", &request.body_size);
  request.headers = push_headers(L);
  wf_error err = WF_ERROR_INIT;
  wfl_class(L, RESPONSE, NULL, NULL, dispose);
  wfl_box *box = wfl_newbox(L, RESPONSE);
  wf_http_response *response = wf_alloc_zero(1, sizeof *response);
  if (!response) return luaL_error(L, "not enough memory");
  box->ptr = response;
  if (wf_http_send(response, &request, &err) != WF_OK) return wfl_raise(L, &err);
  return push_response(L, box);
}

int wfl_open_http(lua_State *L) {
  static const luaL_Reg functions[] = {{"send", http_send}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
