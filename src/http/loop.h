/* http/loop.h — what loop.c, connection.c and server.c share; nobody else includes it. */
#ifndef WF_HTTP_LOOP_H
#define WF_HTTP_LOOP_H

#include "http/format.h"
#include "http/server.h"

#include <stdatomic.h>

/* Each kind of timer has one duration for all connections of a loop, so a list in order of arming
 * is a list in order of deadlines. A connection is in exactly one list at any time. */
typedef enum wf_http_timer {
  WF_TIMER_HEAD,
  WF_TIMER_BODY,
  WF_TIMER_WRITE,
  WF_TIMER_IDLE,
  WF_TIMER_LINGER,
  WF_TIMER_NEVER, /* waiting for a promise */
  WF_TIMER_COUNT
} wf_http_timer;

typedef enum wf_connection_state {
  WF_READING_HEAD, /* also: idle between requests */
  WF_READING_BODY,
  WF_WAITING,  /* for a promise */
  WF_CLOSING,  /* nothing more is read; what is left of `out` goes out */
  WF_LINGERING /* everything is sent; wait for the client's end of the stream */
} wf_connection_state;

typedef struct wf_http_loop wf_http_loop;
typedef struct wf_connection wf_connection;

struct wf_connection {
  wf_http_loop *loop;
  wf_connection *previous, *next; /* in the list of its timer, or of free connections */
  int64_t deadline_ms;
  int fd; /* -1: closed */
  uint32_t events, serial;
  uint32_t n_promises; /* that refer to this object, of earlier connections too: it must stay */
  wf_http_timer timer;
  wf_connection_state state;

  wf_bytes in; /* [in_start, size) is not yet answered: head, body, and what follows */
  size_t in_start, head_size, body_size;
  uint64_t content_length;
  wf_http_chunked decoder;
  size_t scanned; /* how much of an incomplete head was there at the last look */
  bool chunked, head_known, keep_alive, http_1_0, is_head;
  bool early_done;  /* looked at the head while the body was on its way */
  bool timer_stale; /* a new request, or phase, began: its time starts anew */
  bool asked_close; /* the client closes: no need to linger */
  bool at_end;      /* the client has ended its stream */

  wf_bytes out;
  size_t out_sent;
  size_t moved; /* bytes since the timer was armed, for the minimum rates */
};

typedef struct wf_connection_list {
  wf_connection *first, *last;
} wf_connection_list;

struct wf_http_promise {
  wf_http_loop *loop;
  wf_connection *connection;
  uint32_t serial; /* the connection's when it deferred: objects are reused */
  int status;
  const char *content_type;
  wf_bytes reply;
};

/* What is handed to another loop through its pipe: small enough to be written atomically. */
typedef struct wf_loop_message {
  wf_http_promise *promise; /* kept; or NULL: */
  int fd;                   /* a new connection */
} wf_loop_message;

struct wf_http_loop {
  wf_http_server *server;
  size_t index;
  int epoll_fd, mail_read, mail_write, reserve_fd;
  bool listening, draining;
  int64_t now_ms, drain_deadline_ms, listen_again_ms;
  atomic_size_t n_connections;
  wf_connection_list timers[WF_TIMER_COUNT];
  int64_t durations[WF_TIMER_COUNT];
  wf_connection *free_connections, *dead_connections;
  size_t n_free;

  wf_http_head head; /* the last one parsed, of … */
  const wf_connection *head_owner;
  const char *head_base;

  wf_bytes reply; /* the body under construction */
  char date[WF_HTTP_DATE];
  int64_t date_second;
};

struct wf_http_server {
  wf_http_server_options options;
  int listen_fd, stop_fd, port;
  atomic_size_t n_running; /* loops whose thread has started */
  atomic_size_t n_connections;
  atomic_size_t n_draining; /* loops that accept no more */
  atomic_bool stopped_listening;
  size_t n_loops;
  wf_http_loop *loops;
};

/* ---- loop.c -----------------------------------------------------------------------------------
 */
wf_status wf_loop_open(wf_http_loop *loop, wf_http_server *server, size_t index, wf_error *err);
void wf_loop_run(wf_http_loop *loop);
void wf_loop_close(wf_http_loop *loop);
void wf_loop_arm(wf_http_loop *loop, wf_connection *connection, wf_http_timer timer);
const char *wf_loop_date(wf_http_loop *loop);

/* ---- connection.c -----------------------------------------------------------------------------
 */
/* Takes the descriptor over in any case. `refuse`: answer 503 and close. */
void wf_connection_start(wf_http_loop *loop, int fd, bool refuse);
void wf_connection_on_event(wf_connection *connection, uint32_t events);
void wf_connection_on_timer(wf_connection *connection);
void wf_connection_on_promise(wf_connection *connection, wf_http_promise *promise);
void wf_connection_drain(wf_connection *connection);
void wf_connection_close(wf_connection *connection);
void wf_connection_free(wf_connection *connection);

#endif
