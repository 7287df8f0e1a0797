/* remote.c — fetching what a reader asked for by its address. */
#include "remote.h"

#include "bind.h"
#include "trace.h"

#include "base/alloc.h"
#include "wf/http.h"

#include <string.h>

static const char FETCHED[] = "wf.remote.fetched";

static void free_response(void *response) {
  wf_http_response_dispose(response);
  wf_free(response);
}

bool wfl_is_remote(const char *path) {
  return strncmp(path, "http://", 7) == 0 || strncmp(path, "https://", 8) == 0;
}

const char *wfl_fetch(lua_State *L, const char *url, int arg, const char *what, size_t *size) {
  double timeout = wfl_option_number(L, arg, what, "timeout", 60);
  if (!(timeout > 0 && timeout <= 86400))
    wfl_fail(L, WF_INVALID, "%s: option 'timeout' must be from 0 to 86400 seconds", what);
  wf_http_request request = {
      .method = "GET",
      .url = url,
      .timeout_ms = (long)(timeout * 1000) + 1,
      .max_response =
          (size_t)wfl_option_integer(L, arg, what, "max_bytes", 256 << 20, 1, LUA_MAXINTEGER),
  };
  wfl_trace_file(L, url);
  wf_error err = WF_ERROR_INIT;
  wfl_class(L, FETCHED, NULL, NULL, free_response);
  wfl_box *box = wfl_newbox(L, FETCHED);
  wf_http_response *response = box->ptr = wf_alloc_zero(1, sizeof *response);
  if (!response) luaL_error(L, "not enough memory");
  if (wf_http_send(response, &request, &err) != WF_OK) wfl_raise_path(L, &err, url);
  if (response->status != 200) {
    const char *moved = response->status / 100 == 3 ? " (redirects are not followed)" : "";
    wfl_fail(L, response->status == 404 ? WF_NOTFOUND : WF_EXTERNAL,
             "%s: the server answers with status %d%s", url, (int)response->status, moved);
  }
  *size = response->body_size;
  return response->body;
}
