/* history.c — one entry a line, "\\" and "\n" standing for a backslash and a line end.
 *
 * Several sessions may append to one file: each entry is one write. A file that has grown to twice
 * what is kept is rewritten with its newest entries when it is opened. */
#include "history.h"

#include "base/bytes.h"
#include "base/file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { KEPT = 2000, LARGEST_FILE = 16 << 20 };

static void escape(wf_bytes *out, const char *text) {
  for (; *text; text++) {
    if (*text == '\n')
      wf_bytes_text(out, "\\n");
    else if (*text == '\\')
      wf_bytes_text(out, "\\\\");
    else
      wf_bytes_char(out, *text);
  }
  wf_bytes_char(out, '\n');
}

/* Undoes it in place. */
static void unescape(char *line) {
  char *to = line;
  for (const char *from = line; *from; from++) {
    if (*from == '\\' && from[1]) {
      from++;
      *to++ = *from == 'n' ? '\n' : *from;
    } else {
      *to++ = *from;
    }
  }
  *to = '\0';
}

static wf_status remember(wfl_history *history, const char *text, wf_error *err) {
  char *copy = wf_strdup(text);
  if (!copy || !wf_array_push(&history->entries, copy)) {
    wf_free(copy);
    return wf_fail_nomem(err);
  }
  return WF_OK;
}

static wf_status read_lines(wfl_history *history, char *text, wf_error *err) {
  for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
    *end = '\0';
    unescape(line);
    if (*line) WF_TRY(remember(history, line, err));
  }
  return WF_OK;
}

/* Rewrites the file with the newest entries; if it cannot be, it stays as it is. */
static void shorten(wfl_history *history) {
  size_t extra = history->entries.count - KEPT;
  for (size_t i = 0; i < extra; i++) wf_free(history->entries.items[i]);
  memmove(history->entries.items, history->entries.items + extra,
          KEPT * sizeof *history->entries.items);
  history->entries.count = KEPT;
  wf_bytes text = {0};
  for (size_t i = 0; i < KEPT; i++) escape(&text, history->entries.items[i]);
  wf_error err;
  wf_status status =
      text.failed ? WF_NOMEM : wf_file_write(history->path, text.data, text.size, 0600, &err);
  (void)status;
  wf_bytes_dispose(&text);
}

wf_status wfl_history_open(wfl_history *history, const char *path, wf_error *err) {
  *history = (wfl_history){.path = NULL};
  if (!path) return WF_OK;
  history->path = wf_strdup(path);
  if (!history->path) return wf_fail_nomem(err);
  char *text;
  size_t size;
  wf_error unread;
  if (wf_file_read(path, LARGEST_FILE, &text, &size, &unread) != WF_OK) return WF_OK;
  wf_status status = read_lines(history, text, err);
  wf_free(text);
  if (status != WF_OK) wfl_history_close(history);
  if (history->entries.count > 2 * KEPT) shorten(history);
  return status;
}

static void append(const wfl_history *history, const char *text) {
  wf_bytes line = {0};
  escape(&line, text);
  int fd = open(history->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0 && !line.failed) wf_write_all(fd, line.data, line.size);
  if (fd >= 0) close(fd);
  wf_bytes_dispose(&line);
}

wf_status wfl_history_add(wfl_history *history, const char *text, wf_error *err) {
  size_t n = history->entries.count;
  if (text[strspn(text, " \t\n")] == '\0') return WF_OK;
  if (n > 0 && strcmp(history->entries.items[n - 1], text) == 0) return WF_OK;
  WF_TRY(remember(history, text, err));
  if (history->path) append(history, text);
  return WF_OK;
}

void wfl_history_close(wfl_history *history) {
  for (size_t i = 0; i < history->entries.count; i++) wf_free(history->entries.items[i]);
  wf_free(history->entries.items);
  wf_free(history->path);
  *history = (wfl_history){.path = NULL};
}

ptrdiff_t wfl_history_find(const wfl_history *history, size_t before, const char *part) {
  for (size_t i = before; i-- > 0;)
    if (strstr(history->entries.items[i], part)) return (ptrdiff_t)i;
  return -1;
}
