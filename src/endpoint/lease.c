/* lease.c — serve.lock, serve.json, serve.port.
 *
 * The lock is of the open file (OFD), so it neither leaks to children nor is dropped when some
 * other code in this process closes the same file. serve.lock itself is never removed: a server
 * that waited for it would then hold a lock on a file that nobody else finds. serve.json is written
 * after the port is bound and the models are live, so whoever can read it can connect. */
#include "endpoint/lease.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/number.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

struct wf_lease {
  int lock_fd;
  char *info_path, *port_path;
  char token[WF_TOKEN_TEXT];
};

static wf_status make_token(char out[WF_TOKEN_TEXT], wf_error *err) {
  static const char hex[] = "0123456789abcdef";
  unsigned char random[(WF_TOKEN_TEXT - 1) / 2];
  ssize_t n;
  do n = getrandom(random, sizeof random, 0);
  while (n < 0 && errno == EINTR);
  if (n != (ssize_t)sizeof random) return wf_fail_errno(err, errno, "reading random bytes");
  for (size_t i = 0; i < sizeof random; i++) {
    out[2 * i] = hex[random[i] >> 4];
    out[2 * i + 1] = hex[random[i] & 15];
  }
  out[WF_TOKEN_TEXT - 1] = '\0';
  return WF_OK;
}

static int64_t read_number(int fd) {
  char text[WF_NUMBER_TEXT];
  int64_t number = 0;
  ssize_t n = pread(fd, text, sizeof text, 0);
  while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' ')) n--;
  if (n <= 0 || !wf_parse_i64((wf_view){text, (size_t)n}, &number)) return 0;
  return number;
}

static wf_status lock(wf_lease *lease, const char *path, wf_error *err) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  lease->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lease->lock_fd < 0) return wf_fail_errno(err, errno, "%s", path);
  if (fcntl(lease->lock_fd, F_OFD_SETLK, &whole) != 0) {
    if (errno != EAGAIN && errno != EACCES) return wf_fail_errno(err, errno, "%s", path);
    return wf_fail(err, WF_BUSY, "%s: process %lld serves this state directory already", path,
                   (long long)read_number(lease->lock_fd));
  }
  char pid[WF_NUMBER_TEXT];
  size_t size = wf_format_i64(pid, getpid());
  if (ftruncate(lease->lock_fd, 0) != 0 || pwrite(lease->lock_fd, pid, size, 0) != (ssize_t)size) {
    return wf_fail_errno(err, errno, "%s", path);
  }
  return WF_OK;
}

wf_status wf_lease_open(wf_lease **out, const char *state_dir, wf_error *err) {
  wf_lease *lease = wf_alloc_zero(1, sizeof *lease);
  char *lock_path = wf_path_join(state_dir, "serve.lock");
  wf_status status = WF_NOMEM;
  if (lease) lease->lock_fd = -1;
  if (!lease || !lock_path) {
    status = wf_fail_nomem(err);
    goto done;
  }
  lease->info_path = wf_path_join(state_dir, "serve.json");
  lease->port_path = wf_path_join(state_dir, "serve.port");
  status = lease->info_path && lease->port_path ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) status = make_token(lease->token, err);
  if (status == WF_OK) status = lock(lease, lock_path, err);
  if (status == WF_OK) {
    unlink(lease->info_path); /* of a server that was killed */
    *out = lease;
    lease = NULL;
  }
done:
  if (lease) {
    if (lease->lock_fd >= 0) close(lease->lock_fd);
    wf_free(lease->info_path);
    wf_free(lease->port_path);
  }
  wf_free(lease);
  wf_free(lock_path);
  return status;
}

bool wf_lease_is_held(const char *state_dir) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  char *path = wf_path_join(state_dir, "serve.lock");
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
  bool held = fd >= 0 && fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
  if (fd >= 0) close(fd);
  wf_free(path);
  return held;
}

const char *wf_lease_token(const wf_lease *lease) { return lease->token; }

int wf_lease_last_port(const wf_lease *lease) {
  int fd = open(lease->port_path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  int64_t port = read_number(fd);
  close(fd);
  return port > 0 && port < 65536 ? (int)port : 0;
}

wf_status wf_lease_announce(wf_lease *lease, int port, wf_error *err) {
  wf_bytes text = {0};
  char number[WF_NUMBER_TEXT];
  size_t size = wf_format_i64(number, port);
  wf_bytes_format(&text, "{\"pid\":%lld,\"port\":%d,\"token\":\"%s\",\"version\":\"%s\"}\n",
                  (long long)getpid(), port, lease->token, wf_version());
  wf_status status = text.failed ? wf_fail_nomem(err) : WF_OK;
  if (status == WF_OK && wf_lease_last_port(lease) != port) {
    status = wf_file_write(lease->port_path, number, size, 0600, err);
  }
  if (status == WF_OK) status = wf_file_write(lease->info_path, text.data, text.size, 0600, err);
  wf_bytes_dispose(&text);
  return status;
}

void wf_lease_close(wf_lease *lease) {
  if (!lease) return;
  unlink(lease->info_path);
  close(lease->lock_fd);
  wf_free(lease->info_path);
  wf_free(lease->port_path);
  wf_free(lease);
}
