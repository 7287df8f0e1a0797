/* mod_sys.c — wf.core.sys: what the Lua library needs of the operating system. */
#include "bind.h"
#include "interrupt.h"
#include "modules.h"
#include "launch_server.h"
#include "state.h"

#include "base/suggest.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- the state directory ------------------------------------------------------------------------
 */

static bool is_directory(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Shortens `path` to its parent; false at the root. */
static bool to_parent(char *path) {
  char *slash = strrchr(path, '/');
  if (!slash || path[1] == '\0') return false;
  slash[slash == path ? 1 : 0] = '\0';
  return true;
}

/* The nearest .wf at or above the working directory, else the one to make in it. */
static wf_status find_upward(char **out, wf_error *err) {
  char here[PATH_MAX], at[PATH_MAX];
  if (!getcwd(here, sizeof here)) return wf_fail_errno(err, errno, "the working directory");
  memcpy(at, here, sizeof at);
  do {
    char *candidate = wf_path_join(at, ".wf");
    if (!candidate) return wf_fail_nomem(err);
    if (is_directory(candidate)) {
      *out = candidate;
      return WF_OK;
    }
    wf_free(candidate);
  } while (to_parent(at));
  *out = wf_path_join(here, ".wf");
  return *out ? WF_OK : wf_fail_nomem(err);
}

static wf_status make_absolute(char **out, char *path, wf_error *err) {
  wf_status status = wf_make_directories(path, 0700, err);
  char *real = status == WF_OK ? realpath(path, NULL) : NULL;
  if (status == WF_OK && !real) status = wf_fail_errno(err, errno, "%s", path);
  if (status == WF_OK) {
    *out = wf_strdup(real);
    if (!*out) status = wf_fail_nomem(err);
  }
  free(real);
  wf_free(path);
  return status;
}

static wf_status find_state_dir(char **out, const char *given, wf_error *err) {
  char *path = NULL;
  const char *home = given ? given : getenv("WF_HOME");
  if (home && *home) {
    path = wf_strdup(home);
    if (!path) return wf_fail_nomem(err);
  } else {
    wf_status status = find_upward(&path, err);
    if (status != WF_OK) return status;
  }
  return make_absolute(out, path, err);
}

static int sys_state_dir(lua_State *L) {
  wf_error err = WF_ERROR_INIT;
  char *path;
  wfl_box *box = wfl_newtext(L);
  if (find_state_dir(&path, wfl_context_of(L)->state_dir, &err) != WF_OK) return wfl_raise(L, &err);
  box->ptr = path;
  wfl_push_text(L, box, strlen(path));
  return 1;
}

/* ---- processes ----------------------------------------------------------------------------------
 */

static const char *executable_of(lua_State *L) {
  const char *executable = wfl_context_of(L)->executable;
  return executable ? executable : "wf";
}

static int sys_executable(lua_State *L) {
  lua_pushstring(L, executable_of(L));
  return 1;
}

static bool stop_waiting(void *state) { return wfl_canceled(state); }

/* spawn_server{state_dir=, port=, timeout_ms=} → {pid=, port=} */
static int sys_spawn_server(lua_State *L) {
  static const char what[] = "sys.spawn_server";
  wfl_options(L, 1, what, (const char *const[]){"state_dir", "port", "timeout_ms", NULL});
  wfl_launch options = {
      .executable = executable_of(L),
      .state_dir = wfl_option_string(L, 1, what, "state_dir", NULL),
      .port = (int)wfl_option_integer(L, 1, what, "port", 0, 0, 65535),
      .timeout_ms = (int)wfl_option_integer(L, 1, what, "timeout_ms", 10000, 1, INT_MAX),
      .stop = stop_waiting,
      .context = L,
  };
  if (!options.state_dir) wfl_fail(L, WF_INVALID, "%s: option 'state_dir' is missing", what);
  int pid, port;
  wf_error err = WF_ERROR_INIT;
  if (wfl_launch_server(&options, &pid, &port, &err) != WF_OK) return wfl_raise(L, &err);
  lua_createtable(L, 0, 2);
  lua_pushinteger(L, pid);
  lua_setfield(L, -2, "pid");
  lua_pushinteger(L, port);
  lua_setfield(L, -2, "port");
  return 1;
}

/* An ended child that nobody waited for still has its number; waiting for it tells them apart. */
static int sys_process_alive(lua_State *L) {
  lua_Integer pid = luaL_checkinteger(L, 1);
  luaL_argcheck(L, pid > 0 && pid <= INT_MAX, 1, "not a process id");
  bool ended = waitpid((pid_t)pid, NULL, WNOHANG) == (pid_t)pid;
  lua_pushboolean(L, !ended && (kill((pid_t)pid, 0) == 0 || errno == EPERM));
  return 1;
}

static int sys_env(lua_State *L) {
  lua_pushstring(L, getenv(wfl_check_text(L, 1)));
  return 1;
}

static int sys_version(lua_State *L) {
  lua_pushstring(L, wf_version());
  return 1;
}

/* ---- time and terminal --------------------------------------------------------------------------
 */

static int sys_monotonic(lua_State *L) {
  lua_pushnumber(L, (double)wf_clock_monotonic_ns() / 1e9);
  return 1;
}

static int sys_now_us(lua_State *L) {
  lua_pushinteger(L, wf_clock_wall_us());
  return 1;
}

static int sys_sleep(lua_State *L) {
  double seconds = luaL_checknumber(L, 1);
  luaL_argcheck(L, seconds >= 0 && seconds <= 1e9, 1, "not a duration in seconds");
  int64_t end = wf_clock_monotonic_ns() + (int64_t)(seconds * 1e9);
  for (;;) {
    if (wfl_canceled(L)) return wfl_raise_canceled(L);
    int64_t left = end - wf_clock_monotonic_ns();
    if (left <= 0) return 0;
    struct timespec pause = {0, (long)(left < 50000000 ? left : 50000000)};
    nanosleep(&pause, NULL);
  }
}

static int sys_interrupted(lua_State *L) {
  lua_pushboolean(L, wfl_canceled(L));
  return 1;
}

static int sys_is_terminal(lua_State *L) {
  lua_Integer fd = luaL_checkinteger(L, 1);
  lua_pushboolean(L, fd >= 0 && fd <= INT_MAX && isatty((int)fd));
  return 1;
}

static int sys_terminal_width(lua_State *L) {
  struct winsize size;
  int width = 80;
  for (int fd = 2; fd >= 0; fd--) {
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
      width = size.ws_col;
      break;
    }
  }
  lua_pushinteger(L, width);
  return 1;
}

static int emit(lua_State *L, wfl_channel channel) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  wfl_emit(L, channel, text, size);
  return 0;
}

static int sys_print_line(lua_State *L) { return emit(L, WFL_PROGRESS); }

static int sys_status_line(lua_State *L) { return emit(L, WFL_STATUS); }

/* ---- files --------------------------------------------------------------------------------------
 */

static int sys_read_file(lua_State *L) {
  const char *path = wfl_check_text(L, 1);
  lua_Integer limit = luaL_optinteger(L, 2, 0);
  luaL_argcheck(L, limit >= 0, 2, "negative");
  wf_error err = WF_ERROR_INIT;
  char *data;
  size_t size;
  wfl_box *box = wfl_newtext(L);
  if (wf_file_read(path, (size_t)limit, &data, &size, &err) != WF_OK)
    return wfl_raise_path(L, &err, path);
  box->ptr = data;
  wfl_push_text(L, box, size);
  return 1;
}

static int sys_write_file(lua_State *L) {
  const char *path = wfl_check_text(L, 1);
  size_t size;
  const char *data = luaL_checklstring(L, 2, &size);
  lua_Integer mode = luaL_optinteger(L, 3, 0644);
  luaL_argcheck(L, mode >= 0 && mode <= 0777, 3, "not a file mode");
  wf_error err = WF_ERROR_INIT;
  if (wf_file_write(path, data, size, (unsigned)mode, &err) != WF_OK)
    return wfl_raise_path(L, &err, path);
  return 0;
}

/* make_directories(path[, mode]) */
static int sys_make_directories(lua_State *L) {
  const char *path = wfl_check_text(L, 1);
  lua_Integer mode = luaL_optinteger(L, 2, 0700);
  luaL_argcheck(L, mode >= 0 && mode <= 0777, 2, "not a file mode");
  luaL_argcheck(L, *path, 1, "empty");
  wf_error err = WF_ERROR_INIT;
  if (wf_make_directories(path, (unsigned)mode, &err) != WF_OK)
    return wfl_raise_path(L, &err, path);
  return 0;
}

static int sys_working_directory(lua_State *L) {
  char path[PATH_MAX];
  wf_error err = WF_ERROR_INIT;
  if (getcwd(path, sizeof path)) {
    lua_pushstring(L, path);
    return 1;
  }
  (void)wf_fail_errno(&err, errno, "the working directory");
  return wfl_raise(L, &err);
}

static int sys_exists(lua_State *L) {
  struct stat info;
  lua_pushboolean(L, stat(wfl_check_text(L, 1), &info) == 0);
  return 1;
}

/* file_kind(path) → "file" | "directory" | "link" | "other" | nil, size, whether it is executable
 */
static int sys_file_kind(lua_State *L) {
  struct stat info;
  if (lstat(wfl_check_text(L, 1), &info) != 0) return 0;
  mode_t mode = info.st_mode;
  lua_pushstring(L, S_ISREG(mode)   ? "file"
                    : S_ISDIR(mode) ? "directory"
                    : S_ISLNK(mode) ? "link"
                                    : "other");
  lua_pushinteger(L, (lua_Integer)info.st_size);
  lua_pushboolean(L, (mode & S_IXUSR) != 0);
  return 3;
}

static void close_listing(void *listing) { closedir(listing); }

/* The names in a directory, sorted, without "." and "..". */
static int sys_list_directory(lua_State *L) {
  const char *path = wfl_check_text(L, 1);
  wfl_class(L, "wf.listing", NULL, NULL, close_listing);
  lua_newtable(L);
  wfl_box *box = wfl_newbox(L, "wf.listing");
  box->ptr = opendir(path);
  if (!box->ptr) {
    wf_error err = WF_ERROR_INIT;
    wf_fail_errno(&err, errno, "%s", path);
    return wfl_raise_path(L, &err, path);
  }
  for (struct dirent *item; (item = readdir(box->ptr));) {
    if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0) continue;
    lua_pushboolean(L, true);
    lua_setfield(L, -3, item->d_name);
  }
  closedir(box->ptr);
  box->ptr = NULL;
  size_t n;
  const char **names = wfl_keys(L, -2, path, &n);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushstring(L, names[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* load_script(path[, text]): the script as a function: text only, its directory in package.path;
 * nil: standard input. `text` is taken for the file's contents. */
static int sys_load_script(lua_State *L) {
  const char *path = wfl_opt_text(L, 1, NULL);
  size_t size;
  const char *text = luaL_optlstring(L, 2, NULL, &size);
  bool loaded = path && text ? wfl_load_script_text(L, path, text, size) : wfl_load_script(L, path);
  return loaded ? 1 : lua_error(L);
}

/* nearest(name, names) → the one of names that was probably meant, or nil */
static int sys_nearest(lua_State *L) {
  const char *word = luaL_checkstring(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  size_t n;
  const char **names = wfl_strings(L, 2, "sys.nearest: names", &n);
  lua_pushstring(L, wf_suggest(word, names, n, sizeof *names));
  return 1;
}

int wfl_open_sys(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"env", sys_env},
      {"executable", sys_executable},
      {"exists", sys_exists},
      {"file_kind", sys_file_kind},
      {"interrupted", sys_interrupted},
      {"is_terminal", sys_is_terminal},
      {"list_directory", sys_list_directory},
      {"load_script", sys_load_script},
      {"make_directories", sys_make_directories},
      {"monotonic", sys_monotonic},
      {"nearest", sys_nearest},
      {"now_us", sys_now_us},
      {"print_line", sys_print_line},
      {"process_alive", sys_process_alive},
      {"read_file", sys_read_file},
      {"sleep", sys_sleep},
      {"spawn_server", sys_spawn_server},
      {"state_dir", sys_state_dir},
      {"status_line", sys_status_line},
      {"terminal_width", sys_terminal_width},
      {"version", sys_version},
      {"working_directory", sys_working_directory},
      {"write_file", sys_write_file},
      {NULL, NULL},
  };
  luaL_newlib(L, functions);
  return 1;
}
