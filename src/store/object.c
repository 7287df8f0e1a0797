/* object.c — names of objects, and reading them. Nothing read here is believed: bytes count as an
 * object's only when they hash to its name. */
#include "store/object.h"

#include "base/alloc.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 18 };

void wf_object_name_of(wf_object_name *out, const wf_digest *digest) {
  out->digest = *digest;
  wf_digest_format(digest, out->text);
  memcpy(out->shard, out->text, 2);
  out->shard[2] = '\0';
  out->file = out->text + 2;
}

wf_status wf_object_name_parse(wf_object_name *out, const char *text, wf_error *err) {
  wf_digest digest;
  if (!wf_digest_parse(text, &digest))
    return wf_fail(err, WF_INVALID, "'%.80s' is not a digest (64 lower-case hexadecimal digits)",
                   text);
  wf_object_name_of(out, &digest);
  return WF_OK;
}

int wf_object_open(int root, const wf_object_name *name) {
  int shard = openat(root, name->shard, WF_OPEN_DIRECTORY);
  if (shard < 0) return -1;
  /* O_NONBLOCK: a FIFO in an object's place must not hang its reader. */
  int fd = openat(shard, name->file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  int failed = errno;
  struct stat info;
  if (fd >= 0 && (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))) {
    close(fd);
    fd = -1;
    failed = ELOOP;
  }
  close(shard);
  errno = failed;
  return fd;
}

static wf_status pass_chunks(const wf_object_stream *s, wf_hasher *hasher, char *chunk,
                             wf_error *err) {
  for (;;) {
    ssize_t n = read(s->fd, chunk, CHUNK);
    if (n == 0) return WF_OK;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return wf_fail_errno(err, errno, "%s", s->path);
    wf_hasher_add(hasher, chunk, (size_t)n);
    if (s->target >= 0 && !wf_write_all(s->target, chunk, (size_t)n))
      return wf_fail_errno(err, errno, "%s", s->target_path);
  }
}

wf_status wf_object_hash(wf_digest *out, const wf_object_stream *stream, wf_error *err) {
  char *chunk = wf_alloc(CHUNK);
  if (!chunk) return wf_fail_nomem(err);
  wf_hasher *hasher;
  wf_status status = wf_hasher_new(&hasher, err);
  if (status == WF_OK) {
    status = pass_chunks(stream, hasher, chunk, err);
    if (status == WF_OK)
      status = wf_hasher_finish(hasher, out, err);
    else
      wf_hasher_free(hasher);
  }
  wf_free(chunk);
  return status;
}

/* Reads until `data` is full or the file ends. */
static wf_status read_some(size_t *done, int fd, char *data, size_t size, wf_error *err) {
  *done = 0;
  while (*done < size) {
    ssize_t n = read(fd, data + *done, size - *done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return wf_fail_errno(err, errno, "read");
    if (n == 0) break;
    *done += (size_t)n;
  }
  return WF_OK;
}

static wf_status fill(char *data, size_t size, int fd, const wf_object_name *name, wf_error *err) {
  size_t done;
  WF_TRY(read_some(&done, fd, data, size, err));
  wf_digest digest;
  WF_TRY(wf_digest_bytes(&digest, data, done, err));
  if (done != size || !wf_digest_equal(&digest, &name->digest))
    return wf_fail(err, WF_CORRUPT, "the stored bytes are not what was stored");
  data[size] = '\0';
  return WF_OK;
}

wf_status wf_object_load(char **data, size_t *size, int fd, const wf_object_name *name,
                         const char *root_path, wf_error *err) {
  struct stat info;
  if (fstat(fd, &info) != 0)
    return wf_fail_errno(err, errno, "%s: object %s", root_path, name->text);
  size_t length = (size_t)info.st_size;
  char *bytes = wf_alloc_array(length + 1, 1);
  if (!bytes) return wf_fail_nomem(err);
  wf_status status = fill(bytes, length, fd, name, err);
  if (status != WF_OK) {
    wf_free(bytes);
    return wf_fail_within(err, status, "%s: object %s", root_path, name->text);
  }
  *data = bytes;
  *size = length;
  return WF_OK;
}
