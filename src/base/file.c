/* file.c — files read whole and replaced atomically.
 *
 * A failed fsync is final: the kernel may have dropped the dirty pages, so a second fsync on the
 * same descriptor would report success for data that is gone. The write is abandoned instead. */
#include "base/file.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static wf_status read_all(int fd, const char *path, size_t max_size, char **data, size_t *size,
                          wf_error *err) {
  struct stat info;
  if (fstat(fd, &info) != 0) return wf_fail_errno(err, errno, "%s", path);
  if (S_ISDIR(info.st_mode)) return wf_fail(err, WF_IO, "%s: is a directory", path);
  size_t stated = info.st_size > 0 ? (size_t)info.st_size : 4096, used = 0;
  if (max_size && stated > max_size) stated = max_size;
  size_t capacity = stated + 2; /* the end of a file of the stated size is seen without growing */
  char *buffer = wf_alloc(capacity);
  if (!buffer) return wf_fail_nomem(err);
  for (;;) {
    if (used + 1 >= capacity) {
      char *grown = wf_realloc_array(buffer, capacity, 2);
      if (!grown) {
        wf_free(buffer);
        return wf_fail_nomem(err);
      }
      buffer = grown;
      capacity *= 2;
    }
    ssize_t n = read(fd, buffer + used, capacity - used - 1);
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      wf_status status = wf_fail_errno(err, errno, "%s", path);
      wf_free(buffer);
      return status;
    }
    used += (size_t)n;
    if (max_size && used > max_size) {
      wf_free(buffer);
      return wf_fail(err, WF_LIMIT, "%s: larger than the limit of %zu bytes", path, max_size);
    }
  }
  buffer[used] = '\0';
  *data = buffer;
  *size = used;
  return WF_OK;
}

wf_status wf_file_read(const char *path, size_t max_size, char **data, size_t *size,
                       wf_error *err) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return wf_fail_errno(err, errno, "%s", path);
  wf_status status = read_all(fd, path, max_size, data, size, err);
  close(fd);
  return status;
}

bool wf_file_own(int fd) {
  struct stat info;
  return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &info) == 0 && info.st_nlink > 0;
}

bool wf_write_all(int fd, const void *data, size_t size) {
  const char *p = data;
  while (size) {
    ssize_t n = write(fd, p, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    p += n;
    size -= (size_t)n;
  }
  return true;
}

bool wf_write_all_at(int fd, const void *data, size_t size, size_t offset) {
  const char *p = data;
  while (size) {
    ssize_t n = pwrite(fd, p, size, (off_t)offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    p += n;
    size -= (size_t)n;
    offset += (size_t)n;
  }
  return true;
}

void wf_start_writeback(int fd, size_t begin, size_t end) {
#ifdef SYNC_FILE_RANGE_WRITE
  enum { PART = 8 << 20 };
  size_t first = begin / PART * PART, size = end / PART * PART - first;
  int unimportant = 0;
  if (size) unimportant = sync_file_range(fd, (off_t)first, (off_t)size, SYNC_FILE_RANGE_WRITE);
  (void)unimportant;
#else
  (void)fd, (void)begin, (void)end;
#endif
}

char *wf_path_join(const char *directory, const char *name) {
  size_t a = strlen(directory), b = strlen(name);
  bool slash = a > 0 && directory[a - 1] != '/';
  char *path = wf_alloc_array(a + b + 2, 1);
  if (!path) return NULL;
  memcpy(path, directory, a);
  if (slash) path[a++] = '/';
  memcpy(path + a, name, b + 1);
  return path;
}

wf_status wf_sync_directory(const char *path, wf_error *err) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return wf_fail_errno(err, errno, "%s", path);
  int failed = fsync(fd) != 0 ? errno : 0;
  close(fd);
  return failed ? wf_fail_errno(err, failed, "%s: fsync", path) : WF_OK;
}

/* The directory part of `path`; "." where there is none. */
static char *parent_of(const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash) return wf_strdup(".");
  return wf_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

wf_status wf_replacement_open(wf_replacement *out, const char *path, unsigned mode, wf_error *err) {
  static const char ending[] = ".tmp-XXXXXX";
  size_t length = strlen(path);
  char *temporary = wf_alloc_array(length + sizeof ending, 1);
  if (!temporary) return wf_fail_nomem(err);
  memcpy(temporary, path, length);
  memcpy(temporary + length, ending, sizeof ending);
  int fd = mkostemp(temporary, O_CLOEXEC), failed = fd < 0 ? errno : 0;
  wf_replacement opened = {path, temporary, fd};
  if (fd >= 0 && fchmod(fd, mode) != 0) {
    failed = errno;
    wf_replacement_discard(&opened);
  } else if (failed) {
    wf_free(temporary);
  }
  if (failed) return wf_fail_errno(err, failed, "%s", path);
  *out = opened;
  return WF_OK;
}

void wf_replacement_discard(wf_replacement *replacement) {
  if (replacement->fd >= 0) close(replacement->fd);
  unlink(replacement->temporary);
  wf_free(replacement->temporary);
  *replacement = (wf_replacement){.fd = -1};
}

wf_status wf_replacement_commit(wf_replacement *r, wf_error *err) {
  const char *path = r->path;
  char *directory = parent_of(path);
  int failed = directory ? 0 : ENOMEM;
  if (!failed && fsync(r->fd) != 0) failed = errno;
  if (close(r->fd) != 0 && !failed) failed = errno;
  r->fd = -1;
  if (!failed && rename(r->temporary, path) != 0) failed = errno;
  wf_status status = WF_OK;
  if (failed) {
    wf_replacement_discard(r);
    status = directory ? wf_fail_errno(err, failed, "%s", path) : wf_fail_nomem(err);
  } else {
    status = wf_sync_directory(directory, err);
  }
  wf_free(r->temporary);
  wf_free(directory);
  *r = (wf_replacement){.fd = -1};
  return status;
}

wf_status wf_file_write(const char *path, const void *data, size_t size, unsigned mode,
                        wf_error *err) {
  wf_replacement replacement;
  WF_TRY(wf_replacement_open(&replacement, path, mode, err));
  if (wf_write_all(replacement.fd, data, size)) return wf_replacement_commit(&replacement, err);
  wf_status status = wf_fail_errno(err, errno, "%s", path);
  wf_replacement_discard(&replacement);
  return status;
}

wf_status wf_make_directories(const char *path, unsigned mode, wf_error *err) {
  if (path[0] == '\0') return wf_fail(err, WF_INVALID, "a directory's path is empty");
  char *copy = wf_strdup(path);
  if (!copy) return wf_fail_nomem(err);
  int failed = 0;
  for (char *p = copy + 1; !failed; p++) {
    if (*p != '/' && *p != '\0') continue;
    char saved = *p;
    *p = '\0';
    if (mkdir(copy, mode) != 0 && errno != EEXIST) failed = errno;
    *p = saved;
    if (saved == '\0') break;
  }
  wf_free(copy);
  if (failed) return wf_fail_errno(err, failed, "%s", path);
  struct stat info;
  if (stat(path, &info) != 0) return wf_fail_errno(err, errno, "%s", path);
  if (!S_ISDIR(info.st_mode)) return wf_fail(err, WF_IO, "%s: not a directory", path);
  return WF_OK;
}
