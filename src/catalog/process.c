/* process.c — a process number alone names nobody: numbers are used again.
 *
 * The identity of a process is "boot/namespace/start": the kernel's boot id, the process namespace
 * (containers number their processes apart) and the start time in clock ticks since boot. A number
 * that is in use by a process with another start time belongs to somebody else, and so does every
 * number from before a reboot. Of a process in another namespace nothing can be said from here: it
 * counts as running until the machine starts anew. */
#include "catalog/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* The first `size` - 1 bytes of a file of /proc, without a final line feed. */
static bool read_small(const char *path, char *out, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t n = read(fd, out, size - 1);
  close(fd);
  if (n <= 0) return false;
  if (out[n - 1] == '\n') n--;
  out[n] = '\0';
  return true;
}

/* Field 22 of /proc/PID/stat. The second field, the program's name, may hold blanks and brackets:
 * fields are counted from its last bracket. `state` is the third. */
static bool read_start(int64_t pid, char start[32], char *state) {
  char path[48], text[1024];
  snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
  if (!read_small(path, text, sizeof text)) return false;
  char *field = strrchr(text, ')');
  if (!field || field[1] != ' ') return false;
  *state = field[2];
  for (int number = 2; number < 22; number++) {
    field = strchr(field + 1, ' ');
    if (!field) return false;
  }
  size_t length = strspn(field + 1, "0123456789");
  if (length == 0 || length >= 32) return false;
  memcpy(start, field + 1, length);
  start[length] = '\0';
  return true;
}

/* "boot/namespace" of this process: what must be equal before process numbers mean the same. */
static bool read_place(char out[96]) {
  char boot[48], space[40];
  if (!read_small("/proc/sys/kernel/random/boot_id", boot, sizeof boot)) return false;
  ssize_t n = readlink("/proc/self/ns/pid", space, sizeof space - 1);
  if (n <= 0) return false;
  space[n] = '\0'; /* "pid:[4026531836]" */
  snprintf(out, 96, "%s/%s", boot, space);
  return true;
}

void wf_process_identify(char out[WF_PROCESS_TEXT], int64_t pid) {
  char place[96], start[32], state;
  out[0] = '\0';
  if (read_place(place) && read_start(pid, start, &state))
    snprintf(out, WF_PROCESS_TEXT, "%s/%s", place, start);
}

static bool same_part(const char *a, const char *b, char end) {
  const char *a_end = strchr(a, end), *b_end = strchr(b, end);
  return a_end && b_end && a_end - a == b_end - b && memcmp(a, b, (size_t)(a_end - a)) == 0;
}

bool wf_process_may_run(int64_t pid, const char *identity) {
  char place[96], start[32], state = 'Z';
  bool known = identity && *identity && read_place(place);
  if (known) {
    if (!same_part(identity, strcat(place, "/"), '/')) return false; /* before a reboot */
    size_t length = strlen(place);
    if (strncmp(identity, place, length) != 0) return true; /* in another namespace */
    identity += length;
  }
  if (pid <= 0 || (kill((pid_t)pid, 0) != 0 && errno == ESRCH)) return false;
  if (!read_start(pid, start, &state)) return true; /* it is there, but hidden from us */
  return state != 'Z' && (!known || strcmp(start, identity) == 0);
}
