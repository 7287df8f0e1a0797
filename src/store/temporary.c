/* temporary.c — the life of a file that is not an object yet.
 *
 * A writer makes its file with O_EXCL and holds an flock on it until it is renamed or removed. The
 * kernel ends that lock with the process, however it ends: a sweeper that gets the lock knows that
 * nobody writes the file any more. Between making a file and locking it a sweeper may step in; the
 * writer then finds the lock taken or the name gone, and begins again with another name. Names hold
 * the process and a monotonic time, so a name is not used twice and a sweeper never removes a
 * successor by mistake. */
#include "store/temporary.h"

#include "base/clock.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ATTEMPTS = 1000, OBJECT_MODE = 0400 };

wf_status wf_temporary_open(wf_temporary *out, int directory, const char *path, wf_error *err) {
  wf_temporary made = {directory, -1, ""};
  for (int i = 0; i < ATTEMPTS; i++) {
    snprintf(made.name, sizeof made.name, "%ld-%" PRIx64, (long)getpid(),
             (uint64_t)wf_clock_monotonic_ns());
    made.fd = openat(directory, made.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                     OBJECT_MODE);
    if (made.fd < 0 && errno == EEXIST) continue;
    if (made.fd < 0) return wf_fail_errno(err, errno, "%s", path);
    if (wf_file_own(made.fd)) {
      *out = made;
      return WF_OK;
    }
    close(made.fd);
  }
  return wf_fail(err, WF_BUSY, "%s: no temporary file could be made", path);
}

int wf_temporary_publish(wf_temporary *temporary, int target, const char *name,
                         bool *fsync_failed) {
  int failed = 0;
  if (fsync(temporary->fd) != 0) {
    failed = errno;
    *fsync_failed = true;
  } else if (renameat(temporary->directory, temporary->name, target, name) != 0) {
    failed = errno;
  }
  if (failed) {
    wf_temporary_discard(temporary);
    return failed;
  }
  close(temporary->fd); /* nothing is buffered after fsync: its result says nothing more */
  temporary->fd = -1;
  return 0;
}

void wf_temporary_discard(wf_temporary *temporary) {
  unlinkat(temporary->directory, temporary->name, 0);
  close(temporary->fd);
  temporary->fd = -1;
}

void wf_temporary_sweep(int directory) {
  DIR *listing = fdopendir(directory);
  if (!listing) {
    close(directory);
    return;
  }
  for (struct dirent *item; (item = readdir(listing));) {
    int fd = openat(directory, item->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) continue;
    struct stat info;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && wf_file_own(fd))
      unlinkat(directory, item->d_name, 0);
    close(fd);
  }
  closedir(listing);
}
