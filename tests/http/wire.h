/* wire.h — a client that sends exactly the bytes it is told to. */
#ifndef WF_TESTS_WIRE_H
#define WF_TESTS_WIRE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct wire_answer {
  int status;      /* 0: the server closed or stayed silent instead */
  bool close;      /* "Connection: close" */
  char head[4096]; /* with its lines */
  char *body;      /* terminated; free() it with wire_free */
  size_t body_size;
} wire_answer;

int wire_connect(int port); /* -1: refused */
bool wire_send(int fd, const char *bytes, size_t size);
bool wire_text(int fd, const char *text);
/* Reads one response; false when there is none within thirty seconds. `head_only`: of HEAD. */
bool wire_read(int fd, wire_answer *answer, bool head_only);
void wire_free(wire_answer *answer);
/* True when the server ends the stream, without another byte, within `timeout_ms`. */
bool wire_ended(int fd, int timeout_ms);
/* connect, send, read, close: the status, or 0. */
int wire_status(int port, const char *text);

#endif
