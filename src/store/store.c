/* store.c — content-addressed objects in a local directory.
 *
 * Invariants:
 * - A name is made by rename only, of a file whose bytes were hashed on their way in and synced
 *   before. So a name that exists had, at that moment, exactly the bytes it stands for.
 * - put returns after the directories that hold the name are synced, also when the object was there
 *   already: its writer may be another process that has not come that far.
 * - Bytes are hashed again whenever they are read. An object that put finds damaged is replaced:
 *   after a successful put, get works.
 * - Everything below the store's own directory is reached relative to its descriptor, one component
 *   at a time and without following links: nobody who swaps a path can redirect a write.
 * - A failed fsync is final: the kernel may have dropped the pages, and asking again would report
 *   success. The handle then refuses to write until the store is opened anew.
 *
 * A handle holds no state but its descriptor and flags that are only ever set, so any number of
 * threads may use one. */
#include "wf/store.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/pool.h"
#include "store/object.h"
#include "store/parts.h"
#include "store/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIRECTORY_MODE = 0700 };

struct wf_store {
  int directory;
  char *path;
  atomic_bool broken;            /* an fsync failed */
  atomic_bool shard_synced[256]; /* the entry "ab" itself is known to be durable */
};

/* ---- opening -----------------------------------------------------------------------------------
 */

/* Cuts the last component off; false when none is left before it. */
static bool cut(char *path) {
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') length--;
  while (length > 0 && path[length - 1] != '/') length--;
  while (length > 1 && path[length - 1] == '/') length--;
  path[length] = '\0';
  return length > 0;
}

static bool exists(const char *path) {
  struct stat info;
  return stat(path, &info) == 0;
}

/* mkdir -p whose new entries are durable: what is stored below must not vanish with a folder that
 * only the page cache knew. */
static wf_status make_directory(const char *path, wf_error *err) {
  if (exists(path)) return WF_OK;
  char *parent = wf_strdup(path);
  if (!parent) return wf_fail_nomem(err);
  while (cut(parent) && !exists(parent)) continue;
  size_t existing = strlen(parent); /* the part of the path that was there */
  wf_status status = wf_make_directories(path, DIRECTORY_MODE, err);
  strcpy(parent, path);
  while (status == WF_OK && strlen(parent) > existing) {
    status = wf_sync_directory(cut(parent) ? parent : ".", err);
  }
  wf_free(parent);
  return status;
}

static wf_status open_root(wf_store *store, const char *path, wf_error *err) {
  store->path = wf_strdup(path);
  if (!store->path) return wf_fail_nomem(err);
  store->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (store->directory < 0) return wf_fail_errno(err, errno, "%s", path);
  int temporaries = openat(store->directory, "tmp", WF_OPEN_DIRECTORY);
  if (temporaries >= 0) wf_temporary_sweep(temporaries);
  return WF_OK;
}

wf_status wf_store_open(wf_store **out, const char *directory, wf_error *err) {
  if (!*directory) return wf_fail(err, WF_INVALID, "the store's directory has an empty name");
  WF_TRY(make_directory(directory, err));
  wf_store *store = wf_alloc_zero(1, sizeof *store);
  if (!store) return wf_fail_nomem(err);
  store->directory = -1;
  wf_status status = open_root(store, directory, err);
  if (status != WF_OK)
    wf_store_close(store);
  else
    *out = store;
  return status;
}

void wf_store_close(wf_store *store) {
  if (!store) return;
  if (store->directory >= 0) close(store->directory);
  wf_free(store->path);
  wf_free(store);
}

/* ---- looking and reading -----------------------------------------------------------------------
 */

static wf_status fail_object(wf_error *err, int errnum, const wf_store *store,
                             const wf_object_name *name) {
  return wf_fail_errno(err, errnum, "%s: object %s", store->path, name->text);
}

bool wf_store_has(wf_store *store, const char *digest) {
  wf_object_name name;
  if (wf_object_name_parse(&name, digest, NULL) != WF_OK) return false;
  int fd = wf_object_open(store->directory, &name);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

wf_status wf_store_path(char **out, wf_store *store, const char *digest, wf_error *err) {
  wf_object_name name;
  WF_TRY(wf_object_name_parse(&name, digest, err));
  wf_bytes text = {0};
  wf_bytes_format(&text, "%s/%s/%s", store->path, name.shard, name.file);
  return wf_bytes_take(&text, out, NULL, err);
}

static wf_status open_object(int *fd, const wf_store *store, const wf_object_name *name,
                             wf_error *err) {
  *fd = wf_object_open(store->directory, name);
  if (*fd >= 0) return WF_OK;
  if (errno == ENOENT)
    return wf_fail(err, WF_NOTFOUND, "%s: there is no object %s", store->path, name->text);
  if (errno == ELOOP || errno == ENOTDIR)
    return wf_fail(err, WF_CORRUPT, "%s: object %s: is not a file", store->path, name->text);
  return fail_object(err, errno, store, name);
}

/* Copies and proves in one pass, into a file that takes its place afterwards only. */
wf_status wf_store_restore(wf_store *store, const char *digest, const char *path, unsigned mode,
                           wf_error *err) {
  int fd;
  wf_object_name name;
  wf_replacement target;
  WF_TRY(wf_object_name_parse(&name, digest, err));
  WF_TRY(open_object(&fd, store, &name, err));
  wf_status status = wf_replacement_open(&target, path, mode, err);
  if (status == WF_OK) {
    wf_digest found;
    status = wf_object_hash(&found, &(wf_object_stream){fd, target.fd, store->path, path}, err);
    if (status == WF_OK && !wf_digest_equal(&found, &name.digest))
      status = wf_fail(err, WF_CORRUPT, "%s: object %s is damaged", store->path, name.text);
    if (status == WF_OK)
      status = wf_replacement_commit(&target, err);
    else
      wf_replacement_discard(&target);
  }
  close(fd);
  return status;
}

wf_status wf_store_get(char **data, size_t *size, wf_store *store, const char *digest,
                       wf_error *err) {
  int fd;
  wf_object_name name;
  WF_TRY(wf_object_name_parse(&name, digest, err));
  WF_TRY(open_object(&fd, store, &name, err));
  wf_status status = wf_object_load(data, size, fd, &name, store->path, err);
  close(fd);
  return status;
}

/* Whether the object is there and whole. */
static wf_status is_whole(bool *out, wf_store *store, const wf_object_name *name, wf_error *err) {
  *out = false;
  int fd = wf_object_open(store->directory, name);
  if (fd < 0) return WF_OK; /* whatever the reason, writing it will tell */
  wf_digest digest;
  wf_object_stream stream = {fd, -1, store->path, NULL};
  wf_status status = wf_object_hash(&digest, &stream, err);
  close(fd);
  if (status == WF_OK) *out = wf_digest_equal(&digest, &name->digest);
  return status;
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static wf_status fail_sync(wf_store *store, int errnum, const char *what, wf_error *err) {
  atomic_store(&store->broken, true);
  return wf_fail_errno(err, errnum, "%s: syncing %s", store->path, what);
}

static wf_status check_writable(wf_store *store, wf_error *err) {
  if (!atomic_load(&store->broken)) return WF_OK;
  return wf_fail(err, WF_IO, "%s: an earlier sync failed; open the store again to write",
                 store->path);
}

/* Opens a folder of the store, making it first where it is absent. */
static wf_status open_folder(int *out, wf_store *store, const char *name, wf_error *err) {
  int fd = openat(store->directory, name, WF_OPEN_DIRECTORY);
  if (fd < 0 && errno == ENOENT) {
    if (mkdirat(store->directory, name, DIRECTORY_MODE) != 0 && errno != EEXIST)
      return wf_fail_errno(err, errno, "%s/%s", store->path, name);
    fd = openat(store->directory, name, WF_OPEN_DIRECTORY);
  }
  if (fd < 0) return wf_fail_errno(err, errno, "%s/%s", store->path, name);
  *out = fd;
  return WF_OK;
}

/* Makes the name durable: its entry in the shard, and the shard's entry in the store. */
static wf_status sync_name(wf_store *store, int shard, const wf_object_name *name, wf_error *err) {
  if (fsync(shard) != 0) return fail_sync(store, errno, name->shard, err);
  atomic_bool *synced = &store->shard_synced[name->digest.bytes[0]];
  if (atomic_load(synced)) return WF_OK;
  if (fsync(store->directory) != 0) return fail_sync(store, errno, "the directory", err);
  atomic_store(synced, true);
  return WF_OK;
}

/* Ends the temporary in every case: as the object, or not at all. */
static wf_status publish(wf_store *store, wf_temporary *temporary, const wf_object_name *name,
                         wf_error *err) {
  int shard;
  wf_status status = open_folder(&shard, store, name->shard, err);
  if (status != WF_OK) {
    wf_temporary_discard(temporary);
    return status;
  }
  bool fsync_failed = false;
  int failed = wf_temporary_publish(temporary, shard, name->file, &fsync_failed);
  if (failed && fsync_failed)
    status = fail_sync(store, failed, name->text, err);
  else if (failed)
    status = fail_object(err, failed, store, name);
  else
    status = sync_name(store, shard, name, err);
  close(shard);
  return status;
}

/* The object is there: only its name may not be durable yet. */
static wf_status confirm(wf_store *store, const wf_object_name *name, wf_error *err) {
  int shard;
  WF_TRY(open_folder(&shard, store, name->shard, err));
  wf_status status = sync_name(store, shard, name, err);
  close(shard);
  return status;
}

static wf_status open_temporary(wf_temporary *out, int *folder, wf_store *store, wf_error *err) {
  WF_TRY(open_folder(folder, store, "tmp", err));
  wf_status status = wf_temporary_open(out, *folder, store->path, err);
  if (status != WF_OK) close(*folder);
  return status;
}

typedef struct put {
  wf_store *store;
  const wf_view *parts;
  size_t n;
  wf_digest hash;
  wf_temporary *temporary;
} put;

static wf_status hash_parts(put *p, wf_error *err) {
  wf_hasher *hasher;
  if (p->n == 1) return wf_digest_bytes(&p->hash, p->parts[0].data, p->parts[0].size, err);
  WF_TRY(wf_hasher_new(&hasher, err));
  for (size_t i = 0; i < p->n; i++) wf_hasher_add(hasher, p->parts[i].data, p->parts[i].size);
  return wf_hasher_finish(hasher, &p->hash, err);
}

static wf_status write_parts(const put *p, wf_error *err) {
  size_t offset = 0;
  for (size_t i = 0; i < p->n; i++) {
    wf_view part = p->parts[i];
    if (!wf_write_all(p->temporary->fd, part.data, part.size))
      return wf_fail_errno(err, errno, "%s: writing an object", p->store->path);
    wf_start_writeback(p->temporary->fd, offset, offset + part.size);
    offset += part.size;
  }
  return WF_OK;
}

static wf_status hash_or_write(void *context, size_t index, size_t begin, size_t end, size_t worker,
                               wf_error *err) {
  (void)begin, (void)end, (void)worker;
  return index == 0 ? hash_parts(context, err) : write_parts(context, err);
}

/* The object exists, so that its temporary is not needed, or it becomes that object. */
static wf_status publish_or_confirm(put *p, const wf_object_name *name, wf_error *err) {
  bool whole = false;
  wf_status status = is_whole(&whole, p->store, name, err);
  if (status == WF_OK && !whole) return publish(p->store, p->temporary, name, err);
  wf_temporary_discard(p->temporary);
  return status == WF_OK ? confirm(p->store, name, err) : status;
}

/* Both at once, as writing takes as long as hashing: for what is most likely new. */
static wf_status put_large(put *p, wf_object_name *name, wf_error *err) {
  int folder;
  wf_temporary temporary;
  WF_TRY(open_temporary(&temporary, &folder, p->store, err));
  p->temporary = &temporary;
  wf_status status = wf_parallel_for(2, 1, 2, hash_or_write, p, err);
  if (status == WF_OK) {
    wf_object_name_of(name, &p->hash);
    status = publish_or_confirm(p, name, err);
  } else {
    wf_temporary_discard(&temporary);
  }
  close(folder);
  return status;
}

static wf_status put_small(put *p, wf_object_name *name, wf_error *err) {
  int folder;
  bool whole;
  wf_temporary temporary;
  WF_TRY(hash_parts(p, err));
  wf_object_name_of(name, &p->hash);
  WF_TRY(is_whole(&whole, p->store, name, err));
  if (whole) return confirm(p->store, name, err);
  WF_TRY(open_temporary(&temporary, &folder, p->store, err));
  p->temporary = &temporary;
  wf_status status = write_parts(p, err);
  if (status == WF_OK)
    status = publish(p->store, &temporary, name, err);
  else
    wf_temporary_discard(&temporary);
  close(folder);
  return status;
}

wf_status wf_store_put_parts(char digest[65], wf_store *store, const wf_view *parts, size_t n,
                             wf_error *err) {
  enum { LARGE = 1 << 20 };
  put p = {.store = store, .parts = parts, .n = n};
  wf_object_name name;
  size_t size = 0;
  for (size_t i = 0; i < n; i++) size += parts[i].size;
  WF_TRY(check_writable(store, err));
  WF_TRY((size < LARGE ? put_small : put_large)(&p, &name, err));
  memcpy(digest, name.text, sizeof name.text);
  return WF_OK;
}

wf_status wf_store_put(char digest[65], wf_store *store, const void *data, size_t size,
                       wf_error *err) {
  return wf_store_put_parts(digest, store, &(wf_view){data, size}, 1, err);
}

/* Copies and hashes in one pass: what is stored under the name is what was read, even when the
 * file changes meanwhile. */
static wf_status copy_new(wf_object_name *name, wf_store *store, int fd, const char *path,
                          wf_error *err) {
  int folder;
  wf_temporary temporary;
  WF_TRY(open_temporary(&temporary, &folder, store, err));
  wf_digest hash;
  wf_object_stream stream = {fd, temporary.fd, path, store->path};
  wf_status status = wf_object_hash(&hash, &stream, err);
  if (status == WF_OK) {
    wf_object_name_of(name, &hash);
    status = publish(store, &temporary, name, err);
  } else {
    wf_temporary_discard(&temporary);
  }
  close(folder);
  return status;
}

/* Hashes first: a file that is stored already, the usual case of a repeated run, is only read. */
static wf_status put_open_file(wf_object_name *name, wf_store *store, int fd, const char *path,
                               wf_error *err) {
  struct stat info;
  if (fstat(fd, &info) != 0) return wf_fail_errno(err, errno, "%s", path);
  if (!S_ISREG(info.st_mode)) return wf_fail(err, WF_IO, "%s: is not a regular file", path);
  wf_digest hash;
  bool whole;
  wf_object_stream stream = {fd, -1, path, NULL};
  WF_TRY(wf_object_hash(&hash, &stream, err));
  wf_object_name_of(name, &hash);
  WF_TRY(is_whole(&whole, store, name, err));
  if (whole) return confirm(store, name, err);
  if (lseek(fd, 0, SEEK_SET) != 0) return wf_fail_errno(err, errno, "%s", path);
  return copy_new(name, store, fd, path, err);
}

wf_status wf_store_put_file(char digest[65], wf_store *store, const char *path, wf_error *err) {
  WF_TRY(check_writable(store, err));
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return wf_fail_errno(err, errno, "%s", path);
  wf_object_name name;
  wf_status status = put_open_file(&name, store, fd, path, err);
  close(fd);
  if (status == WF_OK) memcpy(digest, name.text, sizeof name.text);
  return status;
}
