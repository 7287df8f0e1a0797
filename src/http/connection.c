/* connection.c — one connection: bytes in, requests answered, bytes out.
 *
 * Input is one buffer: [in_start, size) holds the request being read (head, then body, decoded in
 * place when chunked) and whatever follows it. A head is parsed into its loop's one head struct; if
 * the body arrives later, other connections have used that struct meanwhile or the buffer has
 * moved, and the head is simply parsed again: heads are small and known to be good.
 *
 * Every event ends in settle(), the only place that chooses the timer, the epoll interest and
 * whether to close. Output beyond HIGH_WATER stops reading and answering: a client that pipelines
 * without reading holds its own requests up, nothing else.
 *
 * After a refusal the connection cannot go on, because where the next request begins is not known,
 * or not worth reading up to. We then end our side and read on for a while: closing at once would
 * reset the connection, and the reset could overtake the answer. */
#include "http/loop.h"

#include "base/alloc.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  READ_SIZE = 4096,         /* room made for a read, at least */
  HIGH_WATER = 65536,       /* output waiting that stops further answers */
  KEPT_BUFFER = 65536,      /* larger ones are not kept between requests */
  KEPT_REPLY = 1048576,     /* the same for the loop's reply */
  MINIMUM_PROGRESS = 1024,  /* bytes per timeout of body or response */
  PARTIAL_HEAD = 8192 + 64, /* longer incomplete heads are looked at again on each read */
  DISCARD_READS = 16
};

static size_t pending(const wf_connection *c) { return c->out.size - c->out_sent; }

static size_t unanswered(const wf_connection *c) { return c->in.size - c->in_start; }

static bool is_reading(const wf_connection *c) {
  return c->state == WF_READING_HEAD || c->state == WF_READING_BODY;
}

/* ---- opening and closing ----------------------------------------------------------------------
 */

void wf_connection_free(wf_connection *c) {
  wf_bytes_dispose(&c->in);
  wf_bytes_dispose(&c->out);
  wf_free(c);
}

static void trim(wf_bytes *bytes, size_t most) {
  if (bytes->capacity > most) wf_bytes_dispose(bytes);
  wf_bytes_clear(bytes);
}

static void count_out(wf_http_loop *loop) {
  atomic_fetch_sub(&loop->n_connections, 1);
  atomic_fetch_sub(&loop->server->n_connections, 1);
}

void wf_connection_close(wf_connection *c) {
  wf_http_loop *loop = c->loop;
  if (c->fd < 0) return;
  wf_loop_arm(loop, c, WF_TIMER_COUNT);
  close(c->fd);
  c->fd = -1;
  if (loop->head_owner == c) loop->head_owner = NULL;
  trim(&c->in, KEPT_BUFFER);
  trim(&c->out, KEPT_BUFFER);
  c->next = loop->dead_connections;
  loop->dead_connections = c;
  count_out(loop);
}

static wf_connection *take_object(wf_http_loop *loop) {
  wf_connection *c = loop->free_connections;
  if (c) {
    loop->free_connections = c->next;
    loop->n_free--;
    *c = (wf_connection){
        .serial = c->serial + 1, .n_promises = c->n_promises, .in = c->in, .out = c->out};
  } else {
    c = wf_alloc_zero(1, sizeof *c);
  }
  return c;
}

static bool set_interest(wf_connection *c, uint32_t events, int operation) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  c->events = events;
  return epoll_ctl(c->loop->epoll_fd, operation, c->fd, &event) == 0;
}

static void respond_fault(wf_connection *c, wf_http_fault fault, const char *headers);
static void settle(wf_connection *c);

void wf_connection_start(wf_http_loop *loop, int fd, bool refuse) {
  int yes = 1;
  wf_connection *c = take_object(loop);
  if (!c) {
    close(fd);
    count_out(loop);
    return;
  }
  c->loop = loop;
  c->fd = fd;
  c->timer = WF_TIMER_COUNT;
  wf_loop_arm(loop, c, WF_TIMER_HEAD); /* a new connection is expected to ask at once */
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (!set_interest(c, EPOLLIN, EPOLL_CTL_ADD)) {
    wf_connection_close(c);
  } else if (refuse) {
    respond_fault(c, (wf_http_fault){503, "too many connections"}, "Retry-After: 1\r\n");
    settle(c);
  } else if (loop->draining) {
    wf_connection_drain(c);
  }
}

/* ---- responding -------------------------------------------------------------------------------
 */

/* The request is answered: what follows it in the buffer comes next. */
static void next_request(wf_connection *c) {
  c->in_start += c->head_size + c->body_size;
  c->head_size = c->body_size = c->scanned = 0;
  c->head_known = c->early_done = c->is_head = false;
  c->timer_stale = true;
  c->state = WF_READING_HEAD;
  if (c->in_start < c->in.size) return;
  c->in_start = 0;
  trim(&c->in, KEPT_BUFFER);
}

static void respond(wf_connection *c, int status, const char *type, const char *headers,
                    const wf_bytes *reply) {
  static const char no_memory[] = "{\"error\":{\"code\":\"out_of_memory\",\"message\":"
                                  "\"out of memory\"}}\n";
  wf_view body = {reply->data, reply->size};
  if (reply->failed) {
    body = WF_VIEW(no_memory);
    status = 503;
    type = "application/json";
    headers = NULL;
  }
  bool close = !c->keep_alive || c->loop->draining;
  wf_http_format_head(&c->out, &(wf_http_response_head){.status = status,
                                                        .content_type = body.size ? type : NULL,
                                                        .headers = headers,
                                                        .date = wf_loop_date(c->loop),
                                                        .content_length = body.size,
                                                        .close = close,
                                                        .keep_alive_told = c->http_1_0});
  if (!c->is_head && body.size) wf_bytes_add(&c->out, body.data, body.size);
  if (c->out.failed) { /* not even the answer fits: half of one would be worse than none */
    wf_bytes_clear(&c->out);
    c->out_sent = 0;
    close = c->asked_close = true;
  }
  next_request(c);
  if (close) c->state = WF_CLOSING;
}

/* An answer after which nothing more is read from this client. */
static void respond_fault(wf_connection *c, wf_http_fault fault, const char *headers) {
  wf_bytes *reply = &c->loop->reply;
  wf_bytes_clear(reply);
  wf_http_format_error(reply, fault.status, NULL, fault.reason);
  c->keep_alive = c->asked_close = false;
  respond(c, fault.status, "application/json", headers, reply);
}

/* ---- the request ------------------------------------------------------------------------------
 */

/* A head is worth parsing when a line has ended since the last look, or it grows too long. */
static bool is_worth_parsing(wf_connection *c) {
  size_t size = unanswered(c), seen = c->scanned;
  c->scanned = size;
  if (seen == 0 || size > PARTIAL_HEAD) return size > 0;
  return memchr(c->in.data + c->in_start + seen, '\n', size - seen) != NULL;
}

static wf_http_progress parse(wf_connection *c, size_t *consumed, wf_http_fault *fault) {
  wf_http_loop *loop = c->loop;
  wf_view bytes = {c->in.data + c->in_start, unanswered(c)};
  loop->head_owner = NULL;
  wf_http_progress progress = wf_http_parse_head(&loop->head, consumed, bytes, fault);
  if (progress != WF_HTTP_COMPLETE) return progress;
  loop->head_owner = c;
  loop->head_base = bytes.data;
  return progress;
}

/* The head of this connection's request, parsed again where it has been overwritten or has moved.
 */
static const wf_http_head *head_of(wf_connection *c) {
  wf_http_loop *loop = c->loop;
  if (loop->head_owner != c || loop->head_base != c->in.data + c->in_start) {
    size_t consumed = 0;
    wf_http_fault fault;
    wf_http_progress progress = parse(c, &consumed, &fault);
    assert(progress == WF_HTTP_COMPLETE && consumed == c->head_size);
    (void)progress;
  }
  return &loop->head;
}

/* false: nothing to answer yet, or answered with a refusal. */
static bool take_head(wf_connection *c) {
  wf_http_fault fault;
  size_t consumed;
  if (!is_worth_parsing(c)) return false;
  wf_http_progress progress = parse(c, &consumed, &fault);
  if (progress == WF_HTTP_BAD) respond_fault(c, fault, NULL);
  if (progress != WF_HTTP_COMPLETE) return false;
  const wf_http_head *head = &c->loop->head;
  c->head_size = consumed;
  c->content_length = head->content_length;
  c->chunked = head->chunked;
  c->decoder = (wf_http_chunked){0};
  c->keep_alive = head->keep_alive;
  c->asked_close = !head->keep_alive;
  c->http_1_0 = head->minor_version == 0;
  c->is_head = wf_view_equal(head->method, WF_VIEW("HEAD"));
  c->head_known = true;
  c->state = WF_READING_BODY;
  c->timer_stale = true;
  return true;
}

/* Finds the route, unless the policy or its absence says no. */
static const wf_http_route *admit(wf_connection *c, wf_view *name, char allow[WF_HTTP_ALLOW],
                                  wf_http_fault *fault) {
  const wf_http_server_options *options = &c->loop->server->options;
  const wf_http_head *head = head_of(c);
  const wf_http_route *route =
      wf_http_find_route(name, allow, options->routes, options->n_routes, head->method, head->path);
  if (!wf_http_allows(&options->policy, route, head, fault)) {
    allow[0] = '\0';
    return NULL;
  }
  if (!route && allow[0]) {
    *fault = (wf_http_fault){405, "this path does not take that method"};
  } else if (!route) {
    *fault = (wf_http_fault){404, "no such path"};
  }
  return route;
}

static const char *fault_headers(const wf_http_fault *fault, const char *allow) {
  if (fault->status == 401) return "WWW-Authenticate: Bearer\r\n";
  return allow[0] ? allow : NULL;
}

/* The body is not here yet: a request that will be refused anyway is refused now, and a client that
 * waits for permission gets it. */
static void look_early(wf_connection *c) {
  char allow[WF_HTTP_ALLOW];
  wf_http_fault fault;
  wf_view name;
  if (c->early_done) return;
  c->early_done = true;
  if (!admit(c, &name, allow, &fault)) {
    respond_fault(c, fault, fault_headers(&fault, allow));
  } else if (head_of(c)->expect_continue && unanswered(c) == c->head_size) {
    wf_bytes_text(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
  }
}

static bool refuse_size(wf_connection *c) {
  respond_fault(c, (wf_http_fault){413, "the body is larger than this server accepts"}, NULL);
  return false;
}

/* Decodes what has come; what follows the body is moved up behind it. */
static bool take_chunked(wf_connection *c) {
  wf_http_fault fault;
  size_t max = c->loop->server->options.max_body, consumed = 0;
  char *body_end = c->in.data + c->in_start + c->head_size + c->body_size;
  size_t size = (size_t)(c->in.data + c->in.size - body_end), written = 0;
  wf_http_progress progress =
      wf_http_decode_chunked(&c->decoder, body_end, &written, body_end, size, &consumed, &fault);
  if (progress == WF_HTTP_BAD) {
    respond_fault(c, fault, NULL);
    return false;
  }
  memmove(body_end + written, body_end + consumed, size - consumed);
  c->in.size -= consumed - written;
  c->body_size += written;
  if (c->body_size > max || c->decoder.left > max - c->body_size) return refuse_size(c);
  if (progress == WF_HTTP_MORE) look_early(c);
  return progress == WF_HTTP_COMPLETE;
}

static bool take_body(wf_connection *c) {
  if (c->chunked) return take_chunked(c);
  if (c->content_length > c->loop->server->options.max_body) return refuse_size(c);
  if (unanswered(c) - c->head_size < c->content_length) {
    look_early(c);
    return false;
  }
  c->body_size = (size_t)c->content_length;
  return true;
}

static void answer(wf_connection *c) {
  wf_http_loop *loop = c->loop;
  char allow[WF_HTTP_ALLOW];
  wf_http_fault fault = {0, NULL};
  wf_http_exchange x = {.context = loop->server->options.context,
                        .body = {c->in.data + c->in_start + c->head_size, c->body_size},
                        .worker = loop->index,
                        .status = 200,
                        .content_type = "application/json",
                        .reply = &loop->reply,
                        .connection = c};
  wf_bytes_clear(&loop->reply);
  const wf_http_route *route = admit(c, &x.name, allow, &fault);
  x.head = &loop->head;
  if (route) {
    route->handler(&x);
  } else {
    x.status = fault.status;
    x.headers = fault_headers(&fault, allow);
    wf_http_format_error(&loop->reply, fault.status, NULL, fault.reason);
  }
  if (c->state == WF_WAITING) return;
  respond(c, x.status, x.content_type, x.headers, &loop->reply);
  trim(&loop->reply, KEPT_REPLY);
}

/* Answers what is complete. true: stopped only because enough output waits. */
static bool serve(wf_connection *c) {
  while (is_reading(c)) {
    if (pending(c) >= HIGH_WATER) return true;
    if (!c->head_known && !take_head(c)) return false;
    if (!take_body(c)) return false;
    answer(c);
  }
  return false;
}

/* ---- bytes ------------------------------------------------------------------------------------
 */

/* Room for a read: at least READ_SIZE, and for a long body as much again as is there already. */
static bool make_room(wf_connection *c) {
  size_t have = unanswered(c), room = READ_SIZE;
  if (c->head_known && !c->chunked && c->content_length > have - c->head_size) {
    uint64_t left = c->content_length - (have - c->head_size);
    if (left > room) room = left < have ? (size_t)left : have > room ? have : room;
  }
  if (c->in.capacity - c->in.size > room) return true;
  if (c->in_start) {
    memmove(c->in.data, c->in.data + c->in_start, have);
    c->in.size = have;
    c->in_start = 0;
    if (c->loop->head_owner == c) c->loop->head_owner = NULL;
  }
  const char *before = c->in.data;
  bool fits = wf_bytes_reserve(&c->in, room);
  if (c->in.data != before && c->loop->head_owner == c) c->loop->head_owner = NULL;
  return fits;
}

/* false: the connection is gone. */
static bool receive(wf_connection *c) {
  if (!make_room(c)) {
    c->in.failed = false;
    respond_fault(c, (wf_http_fault){503, "out of memory"}, NULL);
    return true;
  }
  ssize_t n = recv(c->fd, c->in.data + c->in.size, c->in.capacity - c->in.size, 0);
  if (n > 0) {
    c->in.size += (size_t)n;
    c->moved += (size_t)n;
  } else if (n == 0) {
    c->at_end = true;
  } else if (errno != EAGAIN && errno != EINTR) {
    wf_connection_close(c);
    return false;
  }
  return true;
}

static bool flush(wf_connection *c) {
  while (pending(c)) {
    ssize_t n = send(c->fd, c->out.data + c->out_sent, pending(c), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return true;
    if (n < 0) {
      wf_connection_close(c);
      return false;
    }
    c->out_sent += (size_t)n;
    c->moved += (size_t)n;
  }
  c->out_sent = 0;
  trim(&c->out, KEPT_BUFFER);
  return true;
}

static void discard(wf_connection *c) {
  char nowhere[READ_SIZE];
  for (int i = 0; i < DISCARD_READS; i++) {
    ssize_t n = recv(c->fd, nowhere, sizeof nowhere, 0);
    if (n > 0) continue;
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) wf_connection_close(c);
    return;
  }
}

/* ---- events -----------------------------------------------------------------------------------
 */

static void advance(wf_connection *c) {
  bool more;
  do {
    more = serve(c);
    if (!flush(c)) return;
  } while (more && pending(c) == 0);
  settle(c);
}

static wf_http_timer wanted_timer(const wf_connection *c) {
  if (c->state == WF_LINGERING) return WF_TIMER_LINGER;
  if (pending(c)) return WF_TIMER_WRITE;
  if (c->state == WF_WAITING) return WF_TIMER_NEVER;
  if (c->state == WF_READING_BODY) return WF_TIMER_BODY;
  if (unanswered(c) || (c->timer == WF_TIMER_HEAD && !c->timer_stale)) return WF_TIMER_HEAD;
  return WF_TIMER_IDLE;
}

static uint32_t wanted_events(const wf_connection *c) {
  uint32_t events = pending(c) ? EPOLLOUT : 0;
  if (c->state == WF_LINGERING) return EPOLLIN;
  if (is_reading(c) && !c->at_end && pending(c) < HIGH_WATER) events |= EPOLLIN;
  return events;
}

/* All is sent and nothing more will be: close, or wait for the client to do so. */
static void finish(wf_connection *c) {
  if (c->at_end || (c->asked_close && unanswered(c) == 0) || shutdown(c->fd, SHUT_WR) != 0) {
    wf_connection_close(c);
    return;
  }
  c->state = WF_LINGERING;
  c->in_start = 0;
  trim(&c->in, KEPT_BUFFER);
}

static void settle(wf_connection *c) {
  if (c->state == WF_CLOSING && pending(c) && !flush(c)) return;
  if (!pending(c)) {
    if (c->state == WF_CLOSING) finish(c);
    if (c->fd >= 0 && is_reading(c) && c->at_end) wf_connection_close(c);
    if (c->fd < 0) return;
  }
  wf_http_timer timer = wanted_timer(c);
  if (timer != c->timer || c->timer_stale) wf_loop_arm(c->loop, c, timer);
  c->timer_stale = false;
  uint32_t events = wanted_events(c);
  if (events != c->events && !set_interest(c, events, EPOLL_CTL_MOD)) wf_connection_close(c);
}

void wf_connection_on_event(wf_connection *c, uint32_t events) {
  if (c->fd < 0) return; /* closed earlier in this batch */
  if (events & (EPOLLERR | EPOLLHUP)) {
    wf_connection_close(c); /* both directions are gone: nobody would hear an answer */
  } else if (c->state == WF_LINGERING) {
    discard(c);
  } else if (!(events & EPOLLIN) || receive(c)) {
    advance(c);
  }
}

void wf_connection_on_timer(wf_connection *c) {
  bool progress = c->moved >= MINIMUM_PROGRESS;
  if ((c->timer == WF_TIMER_BODY || c->timer == WF_TIMER_WRITE) && progress) {
    wf_loop_arm(c->loop, c, c->timer);
  } else if ((c->timer == WF_TIMER_HEAD && unanswered(c)) || c->timer == WF_TIMER_BODY) {
    respond_fault(c, (wf_http_fault){408, "the request did not arrive in time"}, NULL);
    settle(c);
  } else {
    wf_connection_close(c);
  }
}

void wf_connection_on_promise(wf_connection *c, wf_http_promise *promise) {
  respond(c, promise->status, promise->content_type, NULL, &promise->reply);
  advance(c);
}

void wf_connection_drain(wf_connection *c) {
  if (c->state == WF_LINGERING) {
    wf_loop_arm(c->loop, c, WF_TIMER_LINGER); /* for the shorter time */
    return;
  }
  if (c->state != WF_READING_HEAD || unanswered(c) || pending(c)) return;
  /* Idle, as far as we know: a request may have arrived that no event has told of yet. */
  if (!receive(c)) return;
  if (unanswered(c)) {
    advance(c);
  } else {
    wf_connection_close(c);
  }
}
