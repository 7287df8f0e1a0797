#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

int wire_connect(int port) {
  struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  struct timeval patience = {30, 0};
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(fd, (struct sockaddr *)&where, sizeof where) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

bool wire_send(int fd, const char *bytes, size_t size) {
  while (size) {
    ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    size -= (size_t)n;
  }
  return true;
}

bool wire_text(int fd, const char *text) { return wire_send(fd, text, strlen(text)); }

static bool read_exactly(int fd, char *to, size_t size) {
  while (size) {
    ssize_t n = recv(fd, to, size, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    to += n;
    size -= (size_t)n;
  }
  return true;
}

/* Looks before it reads, so that nothing of what follows the head is taken. */
static bool read_head(int fd, char *head, size_t capacity) {
  size_t n = 0;
  while (n + 1 < capacity) {
    ssize_t seen = recv(fd, head + n, capacity - n - 1, MSG_PEEK);
    if (seen < 0 && errno == EINTR) continue;
    if (seen <= 0) return false;
    head[n + (size_t)seen] = '\0';
    const char *end = strstr(head, "\r\n\r\n");
    size_t size = end ? (size_t)(end + 4 - head) : n + (size_t)seen;
    if (!read_exactly(fd, head + n, size - n)) return false;
    head[n = size] = '\0';
    if (end) return true;
  }
  return false;
}

bool wire_read(int fd, wire_answer *answer, bool head_only) {
  *answer = (wire_answer){0};
  if (!read_head(fd, answer->head, sizeof answer->head)) return false;
  answer->status = atoi(answer->head + strlen("HTTP/1.1 "));
  answer->close = strcasestr(answer->head, "\r\nConnection: close\r\n") != NULL;
  const char *length = strcasestr(answer->head, "\r\nContent-Length: ");
  if (length) answer->body_size = strtoul(length + strlen("\r\nContent-Length: "), NULL, 10);
  answer->body = calloc(1, answer->body_size + 1);
  if (head_only || !answer->body) return answer->body != NULL;
  if (read_exactly(fd, answer->body, answer->body_size)) return true;
  wire_free(answer);
  answer->status = 0;
  return false;
}

void wire_free(wire_answer *answer) {
  free(answer->body);
  answer->body = NULL;
}

bool wire_ended(int fd, int timeout_ms) {
  char byte;
  struct pollfd ready = {fd, POLLIN, 0};
  if (poll(&ready, 1, timeout_ms) != 1) return false;
  ssize_t n = recv(fd, &byte, 1, 0);
  return n == 0 || (n < 0 && errno == ECONNRESET);
}

int wire_status(int port, const char *text) {
  wire_answer answer = {0};
  int fd = wire_connect(port);
  if (fd < 0) return 0;
  if (wire_text(fd, text) && wire_read(fd, &answer, false)) wire_free(&answer);
  close(fd);
  return answer.status;
}
