/* crash_shim.c — preloaded into wf by the crash tests: ends the process at its n-th change of a
 * file below one directory, or pretends that the power went.
 *
 * Counted are the calls that change files or wait for the disk: write, pwrite, fsync, fdatasync,
 * rename, unlink, ftruncate, mkdir, and open with O_CREAT. Environment:
 *
 *   WF_CRASH_DIR     the directory; nothing outside of it counts
 *   WF_CRASH_AT      n: the process is killed before its n-th call takes effect; 0: never
 *   WF_CRASH_HALF    with 1 only writes count, and the last one does half of its work
 *   WF_CRASH_COUNT   a file that gets the number of calls at the end
 *   WF_CRASH_SHADOW  a directory to keep what a power cut would leave: then the kill also puts back
 *                    WF_CRASH_DIR to that: files as they were when they were last synced, names as
 * they were when their directory was WF_CRASH_BREAK   what a broken program would do, for tests
 * that must fail: "sync" keeps nothing of what is synced below …/objects, "order" does renames only
 * after the catalog's next commit
 *
 * Only the first process that has these counts and is killed, but what its children sync is kept
 * too. What libc writes by itself (stdio) does not pass here. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
  char dir[PATH_MAX], shadow[PATH_MAX];
  size_t dir_length;
  long at, count;
  bool half, first, break_sync, break_order;
  char late_from[PATH_MAX], late_to[PATH_MAX];
} crash;

static _Thread_local bool busy; /* what the shim itself does passes through */

#define REAL(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

/* ---- what a power cut leaves --------------------------------------------------------------------
 */

static void shadow_path(char out[PATH_MAX], const char *kind, unsigned long inode) {
  if (snprintf(out, PATH_MAX, "%s/%s-%lu", crash.shadow, kind, inode) >= PATH_MAX) abort();
}

static void copy_file(const char *from, const char *to) {
  char data[65536];
  int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ssize_t n;
  while (in >= 0 && out >= 0 && (n = read(in, data, sizeof data)) > 0)
    if (write(out, data, (size_t)n) != n) abort();
  if (in >= 0) close(in);
  if (out >= 0) close(out);
}

/* Names, inodes and types of a directory as they are now. */
static void keep_directory(const char *path) {
  char to[PATH_MAX], name[PATH_MAX];
  struct stat info;
  DIR *listing = opendir(path);
  if (!listing || stat(path, &info) != 0) return;
  shadow_path(to, "names", info.st_ino);
  FILE *out = fopen(to, "w");
  for (struct dirent *item; out && (item = readdir(listing));) {
    if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0) continue;
    if (snprintf(name, sizeof name, "%s/%s", path, item->d_name) >= PATH_MAX) abort();
    if (lstat(name, &info) == 0)
      fprintf(out, "%d %lu %s\n", S_ISDIR(info.st_mode), (unsigned long)info.st_ino, item->d_name);
  }
  if (out) fclose(out);
  closedir(listing);
}

static void keep(const char *path) {
  struct stat info;
  char to[PATH_MAX];
  if (stat(path, &info) != 0) return;
  if (S_ISDIR(info.st_mode)) {
    keep_directory(path);
  } else if (S_ISREG(info.st_mode)) {
    shadow_path(to, "bytes", info.st_ino);
    copy_file(path, to);
  }
}

/* All that is there when the first process begins has survived. */
static void keep_all(const char *path) {
  char name[PATH_MAX];
  struct stat info;
  keep(path);
  DIR *listing = opendir(path);
  if (!listing) return;
  for (struct dirent *item; (item = readdir(listing));) {
    if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0) continue;
    if (snprintf(name, sizeof name, "%s/%s", path, item->d_name) >= PATH_MAX) abort();
    if (lstat(name, &info) == 0 && S_ISDIR(info.st_mode))
      keep_all(name);
    else
      keep(name);
  }
  closedir(listing);
}

/* Makes at `to` what survives of the directory with that inode. */
static void restore(unsigned long inode, const char *to) {
  char from[PATH_MAX], line[PATH_MAX], name[PATH_MAX];
  mkdir(to, 0700);
  shadow_path(from, "names", inode);
  FILE *names = fopen(from, "r");
  while (names && fgets(line, sizeof line, names)) {
    int directory, offset;
    unsigned long child;
    line[strcspn(line, "\n")] = '\0';
    if (sscanf(line, "%d %lu %n", &directory, &child, &offset) != 2) abort();
    if (snprintf(name, sizeof name, "%s/%s", to, line + offset) >= PATH_MAX) abort();
    if (directory) {
      restore(child, name);
      continue;
    }
    shadow_path(from, "bytes", child);
    copy_file(from, name); /* never synced: empty */
  }
  if (names) fclose(names);
}

static void cut_power(void) {
  char left[PATH_MAX], lost[PATH_MAX];
  struct stat info;
  if (stat(crash.dir, &info) != 0) return;
  if (snprintf(left, sizeof left, "%s.left", crash.dir) >= PATH_MAX ||
      snprintf(lost, sizeof lost, "%s.lost", crash.dir) >= PATH_MAX)
    abort();
  restore(info.st_ino, left);
  REAL(int, "rename", const char *, const char *)(crash.dir, lost);
  REAL(int, "rename", const char *, const char *)(left, crash.dir);
}

/* ---- counting ----------------------------------------------------------------------------------
 */

__attribute__((constructor)) static void begin(void) {
  const char *dir = getenv("WF_CRASH_DIR"), *at = getenv("WF_CRASH_AT");
  const char *half = getenv("WF_CRASH_HALF"), *shadow = getenv("WF_CRASH_SHADOW");
  const char *broken = getenv("WF_CRASH_BREAK");
  if (!dir) return;
  snprintf(crash.dir, sizeof crash.dir, "%s", dir);
  crash.dir_length = strlen(crash.dir);
  crash.at = at ? atol(at) : 0;
  crash.half = half && *half == '1';
  crash.break_sync = broken && strcmp(broken, "sync") == 0;
  crash.break_order = broken && strcmp(broken, "order") == 0;
  crash.first = !getenv("WF_CRASH_CHILD");
  setenv("WF_CRASH_CHILD", "1", 1);
  if (!shadow) return;
  snprintf(crash.shadow, sizeof crash.shadow, "%s", shadow);
  busy = true;
  if (crash.first) keep_all(crash.dir);
  busy = false;
}

__attribute__((destructor)) static void end(void) {
  const char *path = getenv("WF_CRASH_COUNT");
  busy = true;
  FILE *out = path && crash.first ? fopen(path, "w") : NULL;
  if (out) {
    fprintf(out, "%ld\n", crash.count);
    fclose(out);
  }
}

static void die(void) {
  busy = true;
  if (crash.shadow[0]) cut_power();
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static bool is_watched(const char *path) {
  return crash.dir_length && strncmp(path, crash.dir, crash.dir_length) == 0 &&
         (path[crash.dir_length] == '/' || path[crash.dir_length] == '\0');
}

static bool path_of(char out[PATH_MAX], int fd) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, out, PATH_MAX - 1);
  out[n > 0 ? n : 0] = '\0';
  return n > 0;
}

/* Empty when it is too long to be one of ours. */
static void name_at(char out[PATH_MAX], int fd, const char *name) {
  char base[PATH_MAX] = "";
  if (name[0] != '/' && fd == AT_FDCWD && !getcwd(base, sizeof base)) return;
  if (name[0] != '/' && fd != AT_FDCWD && !path_of(base, fd)) return;
  int length = snprintf(out, PATH_MAX, "%s%s%s", base, *base ? "/" : "", name);
  if (length < 0 || length >= PATH_MAX) out[0] = '\0';
}

/* One more call on that path; true when it is the last one of this process. */
static bool is_last(const char *path) {
  if (busy || !crash.first || !is_watched(path)) return false;
  return ++crash.count == crash.at;
}

static bool is_last_of(int fd) {
  char path[PATH_MAX];
  return !busy && crash.dir_length && path_of(path, fd) && is_last(path);
}

/* The same of a call that is no write. */
static bool is_last_other(int fd) { return !crash.half && is_last_of(fd); }

static bool is_last_at(int fd, const char *name) {
  char path[PATH_MAX] = "";
  if (busy || crash.half || !crash.dir_length) return false;
  name_at(path, fd, name);
  return is_last(path);
}

/* ---- the calls ---------------------------------------------------------------------------------
 */

ssize_t write(int fd, const void *data, size_t size) {
  ssize_t (*real)(int, const void *, size_t) = REAL(ssize_t, "write", int, const void *, size_t);
  if (is_last_of(fd)) {
    if (crash.half) (void)!real(fd, data, size / 2);
    die();
  }
  return real(fd, data, size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
  ssize_t (*real)(int, const void *, size_t, off64_t) =
      REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
  if (is_last_of(fd)) {
    if (crash.half) (void)!real(fd, data, size / 2, offset);
    die();
  }
  return real(fd, data, size, offset);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
  return pwrite64(fd, data, size, offset);
}

static void do_late_rename(const char *synced) {
  if (!crash.late_from[0] || !strstr(synced, "-wal")) return;
  REAL(int, "rename", const char *, const char *)(crash.late_from, crash.late_to);
  crash.late_from[0] = '\0';
}

static int sync_as(const char *name, int fd) {
  char path[PATH_MAX] = "";
  if (is_last_other(fd)) die();
  int result = REAL(int, name, int)(fd);
  if (busy || !crash.dir_length || !path_of(path, fd) || !is_watched(path)) return result;
  bool dropped = crash.break_sync && strstr(path, "/objects/");
  busy = true;
  if (crash.shadow[0] && !dropped) keep(path);
  busy = false;
  if (crash.break_order && strstr(path, "-wal") && is_last_other(fd)) die(); /* between */
  do_late_rename(path);
  return result;
}

int fsync(int fd) { return sync_as("fsync", fd); }
int fdatasync(int fd) { return sync_as("fdatasync", fd); }

int renameat(int from_fd, const char *from, int to_fd, const char *to) {
  if (is_last_at(to_fd, to)) die();
  char old[PATH_MAX] = "", new[PATH_MAX] = "";
  if (crash.break_order && !busy) {
    name_at(old, from_fd, from);
    name_at(new, to_fd, to);
    if (is_watched(new) && strstr(new, "/objects/") && !crash.late_from[0]) {
      strcpy(crash.late_from, old);
      strcpy(crash.late_to, new);
      return 0;
    }
  }
  return REAL(int, "renameat", int, const char *, int, const char *)(from_fd, from, to_fd, to);
}

int rename(const char *from, const char *to) {
  if (is_last_at(AT_FDCWD, to)) die();
  return REAL(int, "rename", const char *, const char *)(from, to);
}

int unlinkat(int fd, const char *name, int flags) {
  if (is_last_at(fd, name)) die();
  return REAL(int, "unlinkat", int, const char *, int)(fd, name, flags);
}

int unlink(const char *name) {
  if (is_last_at(AT_FDCWD, name)) die();
  return REAL(int, "unlink", const char *)(name);
}

int ftruncate64(int fd, off64_t size) {
  if (is_last_other(fd)) die();
  return REAL(int, "ftruncate64", int, off64_t)(fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int mkdir(const char *name, mode_t mode) {
  if (is_last_at(AT_FDCWD, name)) die();
  return REAL(int, "mkdir", const char *, mode_t)(name, mode);
}

int mkdirat(int fd, const char *name, mode_t mode) {
  if (is_last_at(fd, name)) die();
  return REAL(int, "mkdirat", int, const char *, mode_t)(fd, name, mode);
}

static int open_as(const char *real, int fd, const char *name, int flags, mode_t mode) {
  if ((flags & O_CREAT) && is_last_at(fd, name)) die();
  return REAL(int, real, int, const char *, int, mode_t)(fd, name, flags, mode);
}

static mode_t mode_of(int flags, va_list more) {
  return flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;
}

#define OPEN_AT(function)                                  \
  int function(int fd, const char *name, int flags, ...) { \
    va_list more;                                          \
    va_start(more, flags);                                 \
    mode_t mode = mode_of(flags, more);                    \
    va_end(more);                                          \
    return open_as("openat64", fd, name, flags, mode);     \
  }
#define OPEN(function)                                       \
  int function(const char *name, int flags, ...) {           \
    va_list more;                                            \
    va_start(more, flags);                                   \
    mode_t mode = mode_of(flags, more);                      \
    va_end(more);                                            \
    return open_as("openat64", AT_FDCWD, name, flags, mode); \
  }
OPEN_AT(openat)
OPEN_AT(openat64)
OPEN(open)
OPEN(open64)
