/* server.c — the listening socket and the threads around the loops.
 *
 * The address is bound without SO_REUSEPORT: with it, a second server of the same user would
 * quietly get half of the connections instead of an error. Threads start with all signals blocked,
 * so that a host program's handlers run where they ran before. */
#include "http/loop.h"

#include "base/alloc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096, MAX_THREADS = 64 };

wf_http_server_options wf_http_server_options_default(void) {
  return (wf_http_server_options){.host = "127.0.0.1",
                                  .n_threads = 1,
                                  .max_body = 6291456,
                                  .max_connections = 16384,
                                  .header_timeout_ms = 10000,
                                  .body_timeout_ms = 10000,
                                  .write_timeout_ms = 10000,
                                  .idle_timeout_ms = 60000,
                                  .linger_timeout_ms = 2000,
                                  .drain_timeout_ms = 10000};
}

/* ---- addresses --------------------------------------------------------------------------------
 */

typedef union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} address;

static bool parse_address(address *out, socklen_t *size, const char *host, int port) {
  memset(out, 0, sizeof *out);
  if (strcmp(host, "localhost") == 0) host = "127.0.0.1";
  if (inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) {
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons((uint16_t)port);
    *size = sizeof out->v4;
    return true;
  }
  if (inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1) {
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons((uint16_t)port);
    *size = sizeof out->v6;
    return true;
  }
  return false;
}

bool wf_http_is_loopback(const char *host) {
  address where;
  socklen_t size;
  if (!parse_address(&where, &size, host, 0)) return false;
  if (where.any.sa_family == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&where.v6.sin6_addr) != 0;
  return ntohl(where.v4.sin_addr.s_addr) >> 24 == 127;
}

static int bound_port(int fd) {
  address where;
  socklen_t size = sizeof where;
  if (getsockname(fd, &where.any, &size) != 0) return 0;
  return ntohs(where.any.sa_family == AF_INET6 ? where.v6.sin6_port : where.v4.sin_port);
}

static wf_status start_listening(wf_http_server *server, wf_error *err) {
  const wf_http_server_options *o = &server->options;
  address where;
  socklen_t size;
  int yes = 1;
  if (o->port < 0 || o->port > 65535) {
    return wf_fail(err, WF_INVALID, "port %d is not between 0 and 65535", o->port);
  }
  if (!parse_address(&where, &size, o->host, o->port)) {
    return wf_fail(err, WF_INVALID, "host '%s' is neither a numeric address nor localhost",
                   o->host);
  }
  int fd = socket(where.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return wf_fail_errno(err, errno, "opening a socket");
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      bind(fd, &where.any, size) != 0 || listen(fd, BACKLOG) != 0) {
    wf_status status = wf_fail_errno(err, errno, "cannot listen on %s port %d", o->host, o->port);
    close(fd);
    return status;
  }
  server->listen_fd = fd;
  server->port = bound_port(fd);
  return WF_OK;
}

/* ---- life -------------------------------------------------------------------------------------
 */

static wf_status start(wf_http_server *server, size_t n_loops, wf_error *err) {
  WF_TRY(start_listening(server, err));
  server->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (server->stop_fd < 0) return wf_fail_errno(err, errno, "opening an event descriptor");
  server->loops = wf_alloc_zero(n_loops, sizeof *server->loops);
  if (!server->loops) return wf_fail_nomem(err);
  for (size_t i = 0; i < n_loops; i++) {
    WF_TRY(wf_loop_open(&server->loops[i], server, i, err));
    server->n_loops = i + 1;
  }
  return WF_OK;
}

wf_status wf_http_server_open(wf_http_server **out, const wf_http_server_options *options,
                              wf_error *err) {
  wf_http_server *server = wf_alloc_zero(1, sizeof *server);
  if (!server) return wf_fail_nomem(err);
  server->options = *options;
  server->listen_fd = server->stop_fd = -1;
  size_t n = options->n_threads ? options->n_threads : 1;
  wf_status status = start(server, n > MAX_THREADS ? MAX_THREADS : n, err);
  if (status != WF_OK) {
    wf_http_server_close(server);
    return status;
  }
  server->options.host = NULL; /* was needed for binding only, and may go away */
  *out = server;
  return WF_OK;
}

void wf_http_server_close(wf_http_server *server) {
  if (!server) return;
  for (size_t i = 0; i < server->n_loops; i++) wf_loop_close(&server->loops[i]);
  wf_free(server->loops);
  if (server->listen_fd >= 0) close(server->listen_fd);
  if (server->stop_fd >= 0) close(server->stop_fd);
  wf_free(server);
}

int wf_http_server_port(const wf_http_server *server) { return server->port; }

size_t wf_http_server_connection_count(const wf_http_server *server) {
  return atomic_load(&server->n_connections);
}

void wf_http_server_stop(wf_http_server *server) {
  uint64_t one = 1;
  int before = errno; /* we may be in a signal handler */
  ssize_t written = write(server->stop_fd, &one, sizeof one);
  (void)written; /* a full counter is readable as well */
  errno = before;
}

static void *run_loop(void *loop) {
  wf_loop_run(loop);
  return NULL;
}

/* How many threads could be started; fewer than wanted is slower, not wrong. */
static size_t start_threads(wf_http_server *server, pthread_t *threads) {
  sigset_t all, before;
  size_t n = 0;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (n + 1 < server->n_loops) {
    atomic_store(&server->n_running, n + 2);
    if (pthread_create(&threads[n], NULL, run_loop, &server->loops[n + 1]) != 0) {
      atomic_store(&server->n_running, n + 1);
      break;
    }
    n++;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return n;
}

wf_status wf_http_server_run(wf_http_server *server, wf_error *err) {
  pthread_t threads[MAX_THREADS];
  if (atomic_load(&server->n_running)) {
    return wf_fail(err, WF_INVALID, "the server has been run before");
  }
  atomic_store(&server->n_running, 1);
  size_t n = start_threads(server, threads);
  wf_loop_run(&server->loops[0]);
  for (size_t i = 0; i < n; i++) pthread_join(threads[i], NULL);
  return WF_OK;
}
