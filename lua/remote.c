/* remote.c — fetching what a reader asked for by its address. */
#include "remote.h"

#include "bind.h"
#include "trace.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/packed.h"
#include "wf/http.h"

#include <stdlib.h>
#include <string.h>

static const char FETCHED[] = "wf.remote.fetched";

static void free_response(void *response) {
  wf_http_response_dispose(response);
  wf_free(response);
}

static bool is_s3(const char *path) { return strncmp(path, "s3://", 5) == 0; }

bool wfl_is_remote(const char *path) {
  return strncmp(path, "http://", 7) == 0 || strncmp(path, "https://", 8) == 0 || is_s3(path);
}

/* The variable, or the other one, or NULL; empty ones do not count. */
static const char *variable(const char *name, const char *other) {
  const char *value = getenv(name);
  if (value && *value) return value;
  return other ? variable(other, NULL) : NULL;
}

static wf_s3_store store_of_environment(lua_State *L) {
  wf_s3_store store = {
      .endpoint = variable("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
      .region = variable("AWS_REGION", "AWS_DEFAULT_REGION"),
      .key_id = variable("AWS_ACCESS_KEY_ID", NULL),
      .secret = variable("AWS_SECRET_ACCESS_KEY", NULL),
      .token = variable("AWS_SESSION_TOKEN", NULL),
  };
  if (store.key_id && !store.secret)
    wfl_fail(L, WF_INVALID, "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not");
  return store;
}

/* "s3://bucket/key" by the limits of the request. */
static wf_status send_s3(lua_State *L, wf_http_response *out, const wf_http_request *request,
                         wf_error *err) {
  const char *bucket = request->url + 5, *slash = strchr(bucket, '/');
  if (!slash || slash == bucket || !slash[1])
    wfl_fail(L, WF_INVALID, "%s: an address is s3://bucket/key", request->url);
  wf_s3_store store = store_of_environment(L);
  lua_pushlstring(L, bucket, (size_t)(slash - bucket));
  return wf_s3_get(out, &store, lua_tostring(L, -1), slash + 1, request, err);
}

static void push_digest(lua_State *L, const char *body, size_t size) {
  wf_digest digest;
  char text[WF_DIGEST_TEXT];
  wf_error err = WF_ERROR_INIT;
  if (wf_digest_bytes(&digest, body, size, &err) != WF_OK) wfl_raise(L, &err);
  wf_digest_format(&digest, text);
  lua_pushstring(L, text);
}

/* A body is hashed only for somebody who listens. */
static void trace_body(lua_State *L, const char *url, const wf_http_response *response) {
  if (!wfl_trace_is_observed(L)) return;
  push_digest(L, response->body, response->body_size);
  wfl_trace_remote(L, url, lua_tostring(L, -1));
  lua_pop(L, 1);
}

/* Pushes a box that holds the response. */
static wf_http_response *fetch(lua_State *L, const char *url, int arg, const char *what) {
  double timeout = wfl_option_number(L, arg, what, "timeout", 60);
  if (!(timeout > 0 && timeout <= 86400))
    wfl_fail(L, WF_INVALID, "%s: option 'timeout' must be from 0 to 86400 seconds", what);
  wf_http_request request = {
      .method = "GET",
      .url = url,
      .timeout_ms = (long)(timeout * 1000) + 1,
      .max_response =
          (size_t)wfl_option_integer(L, arg, what, "max_bytes", 256 << 20, 1, LUA_MAXINTEGER),
      .max_redirects = 10,
  };
  wf_error err = WF_ERROR_INIT;
  wfl_class(L, FETCHED, NULL, NULL, free_response);
  wfl_box *box = wfl_newbox(L, FETCHED);
  wf_http_response *response = box->ptr = wf_alloc_zero(1, sizeof *response);
  if (!response) luaL_error(L, "not enough memory");
  int top = lua_gettop(L);
  wf_status sent =
      is_s3(url) ? send_s3(L, response, &request, &err) : wf_http_send(response, &request, &err);
  if (sent == WF_LIMIT) wf_fail_within(&err, WF_LIMIT, "option 'max_bytes'");
  if (sent != WF_OK) wfl_raise_path(L, &err, url);
  lua_settop(L, top);
  if (response->status != 200) {
    bool refused = response->status == 403 && is_s3(url) && !variable("AWS_ACCESS_KEY_ID", NULL);
    wfl_fail(L, response->status == 404 ? WF_NOTFOUND : WF_EXTERNAL,
             "%s: the server answers with status %d%s", url, (int)response->status,
             refused ? " (the request was not signed: AWS_ACCESS_KEY_ID is not set)" : "");
  }
  trace_body(L, url, response);
  return response;
}

const char *wfl_fetch(lua_State *L, const char *url, int arg, const char *what, size_t *size) {
  wf_http_response *response = fetch(L, url, arg, what);
  if (wf_packed_is(response->body, response->body_size)) {
    char *opened;
    wf_error err = WF_ERROR_INIT;
    wf_status status =
        wf_packed_open(&opened, &response->body_size, response->body, response->body_size, &err);
    if (status != WF_OK) wf_fail_within(&err, status, "%s", url);
    if (status != WF_OK) wfl_raise_path(L, &err, url);
    wf_free(response->body);
    response->body = opened;
  }
  *size = response->body_size;
  return response->body;
}

int wfl_remote_digest(lua_State *L) {
  const char *url = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  lua_createtable(L, 0, 1);
  lua_pushinteger(L, LUA_MAXINTEGER); /* its reader has set the limit */
  lua_setfield(L, 2, "max_bytes");
  const wf_http_response *response = fetch(L, url, 2, "address");
  push_digest(L, response->body, response->body_size);
  return 1;
}
