/* mod_claim.c — wf.core.claim: which process computes a key.
 *
 * A key is claimed by locking bytes of one file whose places are taken from the key's digits; the
 * file itself stays empty. The kernel drops a process's locks when it ends, however it ends, so
 * that a claim never outlives its holder and nothing is left to tidy up. The locks belong to the
 * open file description (F_OFD_SETLK): two states of one process are two owners, and a child
 * process inherits nothing.
 *
 * A key has two bytes: one is locked by who computes it; the other is shared by those who hold it
 * and wait for another key meanwhile. That tells a nested step whether waiting could be for ever
 * (stdlib/wf/once.lua). Two keys share their bytes once in 2^59: then one process waits for
 * nothing, and no result is wrong. */
#include "bind.h"
#include "modules.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const char CLAIMS[] = "wf.claims";

enum { DIGITS = 15, COMPUTES = 0, WAITS = 1 };

typedef struct claims {
  int fd;
} claims;

static void dispose(void *object) {
  claims *c = object;
  if (c->fd >= 0) close(c->fd);
  wf_free(c);
}

static int value_of(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* The first digits of the key at argument 2 as the place of its bytes. */
static off_t place_of(lua_State *L) {
  size_t size;
  const char *key = luaL_checklstring(L, 2, &size);
  luaL_argcheck(L, size >= DIGITS, 2, "a key has 64 hexadecimal digits");
  off_t place = 0;
  for (int i = 0; i < DIGITS; i++) {
    int digit = value_of(key[i]);
    luaL_argcheck(L, digit >= 0, 2, "a key has 64 hexadecimal digits");
    place = place * 16 + digit;
  }
  return place * 2;
}

static struct flock byte_lock(short type, off_t place) {
  return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = place, .l_len = 1};
}

/* False when the lock is another's. */
static bool set_lock(lua_State *L, short type, int byte) {
  const claims *c = wfl_check(L, 1, CLAIMS);
  struct flock lock = byte_lock(type, place_of(L) + byte);
  if (fcntl(c->fd, F_OFD_SETLK, &lock) == 0) return true;
  wf_error err = WF_ERROR_INIT;
  if (errno != EAGAIN && errno != EACCES) {
    (void)wf_fail_errno(&err, errno, "locking the key of a step");
    wfl_raise(L, &err);
  }
  return false;
}

/* take(key) → whether it is this process's now */
static int claims_take(lua_State *L) {
  lua_pushboolean(L, set_lock(L, F_WRLCK, COMPUTES));
  return 1;
}

static int claims_release(lua_State *L) {
  set_lock(L, F_UNLCK, COMPUTES);
  return 0;
}

/* mark(key): who holds it waits for another key */
static int claims_mark(lua_State *L) {
  lua_pushboolean(L, set_lock(L, F_RDLCK, WAITS));
  return 1;
}

static int claims_unmark(lua_State *L) {
  set_lock(L, F_UNLCK, WAITS);
  return 0;
}

/* is_marked(key): whether another process has marked it */
static int claims_is_marked(lua_State *L) {
  const claims *c = wfl_check(L, 1, CLAIMS);
  struct flock lock = byte_lock(F_WRLCK, place_of(L) + WAITS);
  lua_pushboolean(L, fcntl(c->fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK);
  return 1;
}

/* open(path) */
static int claims_open(lua_State *L) {
  const char *path = wfl_check_text(L, 1);
  wfl_box *box = wfl_newbox(L, CLAIMS);
  claims *c = wf_alloc_zero(1, sizeof *c);
  if (!c) return luaL_error(L, "not enough memory");
  box->ptr = c;
  c->fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (c->fd >= 0) return 1;
  wf_error err = WF_ERROR_INIT;
  (void)wf_fail_errno(&err, errno, "%s", path);
  return wfl_raise_path(L, &err, path);
}

int wfl_open_claim(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"close", wfl_close},  {"is_marked", claims_is_marked},
      {"mark", claims_mark}, {"release", claims_release},
      {"take", claims_take}, {"unmark", claims_unmark},
      {NULL, NULL},
  };
  static const luaL_Reg functions[] = {{"open", claims_open}, {NULL, NULL}};
  wfl_class(L, CLAIMS, NULL, methods, dispose);
  luaL_newlib(L, functions);
  return 1;
}
