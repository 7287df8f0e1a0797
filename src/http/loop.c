/* loop.c — one thread's epoll loop: timers, new connections, mail from other threads.
 *
 * Whichever loop wakes first accepts, and gives the connection to the loop that has the fewest, so
 * one busy thread neither delays accepting nor collects all clients. Descriptors and kept promises
 * travel through a pipe in messages small enough to be atomic: no lock, no allocation.
 *
 * An event batch may close connections that have a later event in the same batch; closed objects
 * are therefore set aside until the batch is over. Descriptors running out does not make the loop
 * spin: an idle connection is closed in favour of the new one, else a reserve descriptor is given
 * up for long enough to accept and refuse, else listening pauses.
 *
 * Stopping: the stop descriptor stays readable for all loops. Each accepts what the kernel has
 * already queued, lets requests in flight finish, and ends when no loop has connections left that
 * it could still be given, or when the drain time is over. */
#include "http/loop.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  BATCH = 256,
  ACCEPTS = 64,       /* per wake-up, so that clients already here get their turn */
  REFUSALS = 64,      /* connections beyond the limit that are told so */
  KEPT_OBJECTS = 512, /* closed connections whose memory waits for the next ones */
  PAUSE_MS = 100,     /* without listening, when accepting is impossible */
  DRAIN_POLL_MS = 10, /* to see whether other loops are done accepting */
  DRAIN_LINGER_MS = 250
};

/* ---- timers -----------------------------------------------------------------------------------
 */

static void unlink_timer(wf_http_loop *loop, wf_connection *c) {
  wf_connection_list *list = &loop->timers[c->timer];
  if (c->previous) {
    c->previous->next = c->next;
  } else {
    list->first = c->next;
  }
  if (c->next) {
    c->next->previous = c->previous;
  } else {
    list->last = c->previous;
  }
  c->previous = c->next = NULL;
}

/* WF_TIMER_COUNT takes the connection out of all lists. A connection is in the list that its timer
 * names, or has WF_TIMER_COUNT. */
void wf_loop_arm(wf_http_loop *loop, wf_connection *c, wf_http_timer timer) {
  if (c->timer != WF_TIMER_COUNT) unlink_timer(loop, c);
  c->timer = timer;
  c->moved = 0;
  if (timer == WF_TIMER_COUNT) return;
  wf_connection_list *list = &loop->timers[timer];
  c->deadline_ms = timer == WF_TIMER_NEVER ? INT64_MAX : loop->now_ms + loop->durations[timer];
  c->previous = list->last;
  if (list->last) {
    list->last->next = c;
  } else {
    list->first = c;
  }
  list->last = c;
}

static void expire(wf_http_loop *loop) {
  for (int timer = 0; timer < WF_TIMER_NEVER; timer++) {
    wf_connection *c;
    while ((c = loop->timers[timer].first) && c->deadline_ms <= loop->now_ms) {
      wf_connection_on_timer(c); /* closes it or arms another deadline */
    }
  }
}

static int wait_ms(const wf_http_loop *loop) {
  int64_t until = INT64_MAX;
  for (int timer = 0; timer < WF_TIMER_NEVER; timer++) {
    const wf_connection *c = loop->timers[timer].first;
    if (c && c->deadline_ms < until) until = c->deadline_ms;
  }
  if (loop->listen_again_ms && loop->listen_again_ms < until) until = loop->listen_again_ms;
  if (loop->draining && loop->now_ms + DRAIN_POLL_MS < until) until = loop->now_ms + DRAIN_POLL_MS;
  if (until == INT64_MAX) return -1;
  int64_t wait = until - loop->now_ms;
  return wait < 0 ? 0 : wait > 60000 ? 60000 : (int)wait;
}

static void tick(wf_http_loop *loop) { loop->now_ms = wf_clock_monotonic_ns() / 1000000; }

const char *wf_loop_date(wf_http_loop *loop) {
  int64_t second = wf_clock_wall_us() / 1000000;
  if (second != loop->date_second) wf_http_format_date(loop->date, second);
  loop->date_second = second;
  return loop->date;
}

/* ---- accepting --------------------------------------------------------------------------------
 */

static void listen_on(wf_http_loop *loop) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE,
                              .data.ptr = &loop->server->listen_fd};
  loop->listen_again_ms = 0;
  if (loop->listening || loop->draining) return;
  loop->listening = epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->server->listen_fd, &event) == 0;
  if (!loop->listening) loop->listen_again_ms = loop->now_ms + PAUSE_MS;
}

static void listen_off(wf_http_loop *loop) {
  if (loop->listening) epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, loop->server->listen_fd, NULL);
  loop->listening = false;
}

static wf_http_loop *quietest_loop(wf_http_loop *own) {
  wf_http_server *server = own->server;
  wf_http_loop *best = own;
  size_t fewest = atomic_load(&own->n_connections), n = atomic_load(&server->n_running);
  for (size_t i = 0; i < n; i++) {
    size_t count = atomic_load(&server->loops[i].n_connections);
    if (count < fewest) best = &server->loops[i], fewest = count;
  }
  return best;
}

static bool post(const wf_http_loop *loop, const wf_loop_message *message) {
  return write(loop->mail_write, message, sizeof *message) == (ssize_t)sizeof *message;
}

/* The connection that has been idle for longest makes room. */
static bool evict_idle(wf_http_loop *loop) {
  wf_connection *c = loop->timers[WF_TIMER_IDLE].first;
  if (c) wf_connection_close(c);
  return c != NULL;
}

static void place(wf_http_loop *loop, int fd) {
  wf_http_server *server = loop->server;
  size_t total = atomic_load(&server->n_connections), max = server->options.max_connections;
  bool full = total >= max && !evict_idle(loop);
  if (full && total >= max + REFUSALS) {
    close(fd);
    return;
  }
  wf_http_loop *target = full ? loop : quietest_loop(loop);
  atomic_fetch_add(&server->n_connections, 1);
  atomic_fetch_add(&target->n_connections, 1);
  if (target != loop) {
    if (post(target, &(wf_loop_message){.fd = fd})) return;
    atomic_fetch_sub(&target->n_connections, 1);
    atomic_fetch_add(&loop->n_connections, 1);
  }
  wf_connection_start(loop, fd, full);
}

/* Accepts with the reserve descriptor, only to say no. 0, or why that failed. */
static int refuse_one(wf_http_loop *loop) {
  static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                               "Retry-After: 1\r\nConnection: close\r\n\r\n";
  if (loop->reserve_fd >= 0) close(loop->reserve_fd);
  int fd = accept4(loop->server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  int error = fd < 0 ? errno : 0;
  if (fd >= 0) {
    ssize_t sent = send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
    (void)sent; /* said as well as it could be */
    close(fd);
  }
  loop->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  return error;
}

/* What to do when accept failed; false: not now. */
static bool go_on_after(wf_http_loop *loop, int error) {
  switch (error) {
  case EINTR:
  case ECONNABORTED:
  case EPROTO:
  case ENETDOWN:
  case EHOSTUNREACH:
  case ENETUNREACH: return true; /* that client's trouble */
  case EAGAIN: return false;
  case EINVAL: /* shut down: another loop has begun to drain */ listen_off(loop); return false;
  case EMFILE:
    if (evict_idle(loop)) return true;
    error = refuse_one(loop);
    if (error == 0 || error == EAGAIN) return error == 0;
    break;
  default: break;
  }
  listen_off(loop);
  loop->listen_again_ms = loop->now_ms + PAUSE_MS;
  return false;
}

static void accept_some(wf_http_loop *loop, int most) {
  for (int i = 0; i < most; i++) {
    int fd = accept4(loop->server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      place(loop, fd);
    } else if (!go_on_after(loop, errno)) {
      return;
    }
  }
}

/* ---- mail -------------------------------------------------------------------------------------
 */

static void free_promise(wf_http_promise *promise) {
  wf_bytes_dispose(&promise->reply);
  wf_free(promise);
}

static void read_mail(wf_http_loop *loop) {
  wf_loop_message message;
  while (read(loop->mail_read, &message, sizeof message) == (ssize_t)sizeof message) {
    if (!message.promise) {
      wf_connection_start(loop, message.fd, false);
      continue;
    }
    wf_connection *c = message.promise->connection;
    c->n_promises--;
    if (c->fd >= 0 && c->serial == message.promise->serial) {
      wf_connection_on_promise(c, message.promise);
    }
    free_promise(message.promise);
  }
}

wf_http_promise *wf_http_defer(wf_http_exchange *exchange) {
  wf_connection *c = exchange->connection;
  wf_http_promise *promise = wf_alloc_zero(1, sizeof *promise);
  if (!promise) return NULL;
  promise->loop = c->loop;
  promise->connection = c;
  promise->serial = c->serial;
  c->n_promises++;
  c->state = WF_WAITING;
  return promise;
}

wf_bytes *wf_http_promise_reply(wf_http_promise *promise) { return &promise->reply; }

void wf_http_keep(wf_http_promise *promise, int status, const char *content_type) {
  promise->status = status;
  promise->content_type = content_type;
  while (!post(promise->loop, &(wf_loop_message){.promise = promise, .fd = -1})) {
    struct pollfd space = {promise->loop->mail_write, POLLOUT, 0};
    poll(&space, 1, 100); /* a full pipe empties as soon as the loop turns */
  }
}

/* ---- draining ---------------------------------------------------------------------------------
 */

static void begin_drain(wf_http_loop *loop) {
  wf_http_server *server = loop->server;
  if (loop->draining) return;
  epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, server->stop_fd, NULL);
  if (!atomic_load(&server->stopped_listening)) {
    accept_some(loop, (int)server->options.max_connections);
    if (!atomic_exchange(&server->stopped_listening, true)) shutdown(server->listen_fd, SHUT_RD);
  }
  listen_off(loop);
  loop->listen_again_ms = 0;
  loop->draining = true;
  loop->durations[WF_TIMER_LINGER] = DRAIN_LINGER_MS;
  loop->drain_deadline_ms = loop->now_ms + server->options.drain_timeout_ms;
  atomic_fetch_add(&server->n_draining, 1);
  for (int timer = 0; timer < WF_TIMER_COUNT; timer++) {
    wf_connection *last = loop->timers[timer].last, *c = loop->timers[timer].first;
    while (c) {
      wf_connection *next = c == last ? NULL : c->next;
      wf_connection_drain(c);
      c = next;
    }
  }
}

static bool is_drained(const wf_http_loop *loop) {
  if (!loop->draining) return false;
  if (loop->now_ms >= loop->drain_deadline_ms) return true;
  /* A loop that still accepts may hand over one more connection. */
  const wf_http_server *server = loop->server;
  return atomic_load(&server->n_draining) >= atomic_load(&server->n_running) &&
         atomic_load(&loop->n_connections) == 0;
}

/* ---- the loop ---------------------------------------------------------------------------------
 */

static void recycle(wf_http_loop *loop) {
  while (loop->dead_connections) {
    wf_connection *c = loop->dead_connections;
    loop->dead_connections = c->next;
    if (loop->n_free >= KEPT_OBJECTS && c->n_promises == 0) {
      wf_connection_free(c);
      continue;
    }
    c->next = loop->free_connections;
    loop->free_connections = c;
    loop->n_free++;
  }
}

static void handle(wf_http_loop *loop, const struct epoll_event *event) {
  void *source = event->data.ptr;
  if (source == &loop->server->listen_fd) {
    accept_some(loop, ACCEPTS);
  } else if (source == &loop->server->stop_fd) {
    begin_drain(loop);
  } else if (source == &loop->mail_read) {
    read_mail(loop);
  } else {
    wf_connection_on_event(source, event->events);
  }
}

void wf_loop_run(wf_http_loop *loop) {
  struct epoll_event events[BATCH];
  tick(loop);
  listen_on(loop);
  while (!is_drained(loop)) {
    int n = epoll_wait(loop->epoll_fd, events, BATCH, wait_ms(loop));
    tick(loop);
    for (int i = 0; i < n; i++) handle(loop, &events[i]);
    if (loop->listen_again_ms && loop->listen_again_ms <= loop->now_ms) listen_on(loop);
    expire(loop);
    recycle(loop);
  }
  for (int timer = 0; timer < WF_TIMER_COUNT; timer++) {
    while (loop->timers[timer].first) wf_connection_close(loop->timers[timer].first);
  }
  recycle(loop);
}

static bool watch(const wf_http_loop *loop, int fd, void *source) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
  return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

wf_status wf_loop_open(wf_http_loop *loop, wf_http_server *server, size_t index, wf_error *err) {
  const wf_http_server_options *o = &server->options;
  int mail[2] = {-1, -1};
  *loop = (wf_http_loop){.server = server, .index = index, .date_second = INT64_MIN};
  loop->durations[WF_TIMER_HEAD] = o->header_timeout_ms;
  loop->durations[WF_TIMER_BODY] = o->body_timeout_ms;
  loop->durations[WF_TIMER_WRITE] = o->write_timeout_ms;
  loop->durations[WF_TIMER_IDLE] = o->idle_timeout_ms;
  loop->durations[WF_TIMER_LINGER] = o->linger_timeout_ms;
  loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  int piped = pipe2(mail, O_NONBLOCK | O_CLOEXEC);
  loop->mail_read = mail[0];
  loop->mail_write = mail[1];
  loop->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (loop->epoll_fd < 0 || piped != 0 || loop->reserve_fd < 0 ||
      !watch(loop, loop->mail_read, &loop->mail_read) ||
      !watch(loop, server->stop_fd, &server->stop_fd)) {
    wf_status status = wf_fail_errno(err, errno, "starting the server's event loop");
    wf_loop_close(loop);
    return status;
  }
  return WF_OK;
}

void wf_loop_close(wf_http_loop *loop) {
  wf_loop_message message;
  while (loop->mail_read >= 0 &&
         read(loop->mail_read, &message, sizeof message) == (ssize_t)sizeof message) {
    if (message.promise) {
      free_promise(message.promise);
    } else {
      close(message.fd);
    }
  }
  while (loop->free_connections) {
    wf_connection *c = loop->free_connections;
    loop->free_connections = c->next;
    wf_connection_free(c);
  }
  wf_bytes_dispose(&loop->reply);
  if (loop->epoll_fd >= 0) close(loop->epoll_fd);
  if (loop->mail_read >= 0) close(loop->mail_read);
  if (loop->mail_write >= 0) close(loop->mail_write);
  if (loop->reserve_fd >= 0) close(loop->reserve_fd);
}
