/* text.c — from a path or bytes to checked UTF-8 in memory.
 *
 * The file is read, not mapped: a file truncated while mapped kills the process. Checking the whole
 * text first (UTF-8, no NUL) means that nothing behind it need think about encodings, and it costs
 * a small part of what parsing does. A large file is not even read as a whole: the parallel reader
 * takes parts of it into small buffers and checks them itself, and only when it declines is the
 * file loaded. */
#include "csv/text.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/packed.h"
#include "frame/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char BYTE_ORDER_MARK[] = "\xef\xbb\xbf";

static void skip_mark(wf_csv_text *text) {
  if (text->size < 3 || memcmp(text->data, BYTE_ORDER_MARK, 3) != 0) return;
  text->data += 3;
  text->size -= 3;
}

/* What Windows calls Unicode: a mark, or every other byte of the beginning zero. */
static bool is_utf16(const wf_csv_text *text) {
  const char *p = text->data;
  if (text->size < 4) return false;
  if (memcmp(p, "\xff\xfe", 2) == 0 || memcmp(p, "\xfe\xff", 2) == 0) return true;
  return (!p[0] && p[1] && !p[2] && p[3]) || (p[0] && !p[1] && p[2] && !p[3]);
}

static wf_status check(const wf_csv_text *text, wf_error *err) {
  if (is_utf16(text)) {
    return wf_csv_fail(err, WF_PARSE, text, 0, 1,
                       "this is UTF-16; convert it, as with iconv -f UTF-16 -t UTF-8");
  }
  size_t good = wf_utf8_check((wf_view){text->data, text->size});
  if (good < text->size) {
    int byte = wf_csv_text_place(text, good).byte;
    return wf_csv_fail(
        err, WF_PARSE, text, good, byte,
        "byte %d (0x%02x) is not UTF-8; convert the text, as with iconv -f LATIN1 -t UTF-8", byte,
        (unsigned char)text->data[good]);
  }
  const char *nul = text->size ? memchr(text->data, '\0', text->size) : NULL;
  if (nul) {
    size_t offset = (size_t)(nul - text->data);
    int byte = wf_csv_text_place(text, offset).byte;
    return wf_csv_fail(err, WF_PARSE, text, offset, byte, "byte %d is NUL; this is binary data",
                       byte);
  }
  return WF_OK;
}

/* Takes over `owned`, also when it fails. */
static wf_status finish(wf_csv_text *out, const char *path, const char *data, size_t size,
                        void *owned, wf_error *err) {
  wf_csv_text text = {.path = path, .data = data, .size = size, .owned = owned};
  if (wf_packed_is(data, size)) {
    char *inflated;
    size_t inflated_size;
    wf_status status = wf_packed_open(&inflated, &inflated_size, data, size, err);
    wf_free(owned);
    if (status != WF_OK) return path ? wf_fail_within(err, status, "%s", path) : status;
    text = (wf_csv_text){.path = path, .data = inflated, .size = inflated_size, .owned = inflated};
  }
  skip_mark(&text);
  wf_status status = check(&text, err);
  if (status == WF_OK)
    *out = text;
  else
    wf_csv_text_dispose(&text);
  return status;
}

/* Fills the block from the file; false when the file is not just as long as it was. */
static bool fill_block(int fd, char *data, size_t size) {
  for (size_t used = 0; used <= size;) {
    char past_end;
    ssize_t n = used < size ? read(fd, data + used, size - used) : read(fd, &past_end, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n == 0 && used == size;
    used += (size_t)n;
  }
  return false;
}

enum { LARGE = 4 << 20 };

/* Reads a large regular file into memory of huge pages, which is touched several times faster than
 * what malloc gives; false leaves everything, and every error, to the ordinary way. */
static bool read_large(const char *path, char **data, size_t *size) {
  struct stat info;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char *block = NULL;
  bool large = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size >= LARGE;
  if (large) block = wf_alloc_aligned((size_t)info.st_size);
  bool done = block && fill_block(fd, block, (size_t)info.st_size);
  close(fd);
  if (done) {
    *data = block;
    *size = (size_t)info.st_size;
  } else {
    wf_free(block);
  }
  return done;
}

/* Standard input is a stream: read as it comes until it ends. */
static wf_status read_stdin(wf_csv_text *out, wf_error *err) {
  wf_bytes bytes = {0};
  for (;;) {
    if (!wf_bytes_reserve(&bytes, bytes.size / 2 + (1 << 16))) {
      wf_bytes_dispose(&bytes);
      return wf_fail_nomem(err);
    }
    ssize_t n = read(STDIN_FILENO, bytes.data + bytes.size, bytes.capacity - bytes.size - 1);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      int number = errno;
      wf_bytes_dispose(&bytes);
      return wf_fail_errno(err, number, "standard input");
    }
    if (n == 0) return finish(out, "-", bytes.data, bytes.size, bytes.data, err);
    bytes.size += (size_t)n;
  }
}

wf_status wf_csv_text_read(wf_csv_text *out, const char *path, wf_error *err) {
  if (strcmp(path, "-") == 0) return read_stdin(out, err);
  char *data;
  size_t size;
  if (!read_large(path, &data, &size)) WF_TRY(wf_file_read(path, 0, &data, &size, err));
  return finish(out, path, data, size, data, err);
}

/* ---- parts of a file ------------------------------------------------------------------------- */

/* false when the file ends before or cannot be read. */
static bool read_at(int fd, char *data, size_t size, size_t offset) {
  while (size > 0) {
    ssize_t n = pread(fd, data, size, (off_t)offset);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data += n;
    size -= (size_t)n;
    offset += (size_t)n;
  }
  return true;
}

/* So many compressed bytes are worth a state of their own. */
enum { WORTH_UNPACKING = 1 << 20 };

/* Whether the file is one to be read in parts; fills in all but the path. */
static bool open_parts(wf_csv_text *out, int fd, bool always) {
  struct stat info;
  char first[4] = "";
  if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return false;
  size_t size = (size_t)info.st_size;
  if (size < sizeof first || !read_at(fd, first, sizeof first, 0)) return false;
  bool packed = wf_packed_is(first, sizeof first);
  if (!always && size < (packed ? WORTH_UNPACKING : LARGE)) return false;
  *out = (wf_csv_text){.size = size, .in_file = true, .packed = packed, .fd = fd};
  return true;
}

/* Passes over a byte-order mark. */
static wf_status find_begin(wf_csv_text *text, wf_error *err) {
  char first[3];
  size_t n;
  WF_TRY(wf_csv_text_head(text, first, sizeof first, &n, err));
  if (n < 3 || memcmp(first, BYTE_ORDER_MARK, 3) != 0) return WF_OK;
  text->begin = 3;
  text->size -= 3;
  return WF_OK;
}

wf_status wf_csv_text_open(wf_csv_text *out, const char *path, bool always, wf_error *err) {
  if (strcmp(path, "-") == 0) return read_stdin(out, err);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  wf_csv_text text;
  if (!open_parts(&text, fd, always)) {
    if (fd >= 0) close(fd);
    return wf_csv_text_read(out, path, err);
  }
  text.path = path;
  wf_status status = find_begin(&text, err);
  if (status == WF_OK)
    *out = text;
  else
    close(fd);
  return status;
}

wf_status wf_csv_text_load(wf_csv_text *text, wf_error *err) {
  if (!text->in_file) return WF_OK;
  wf_csv_text loaded;
  WF_TRY(wf_csv_text_read(&loaded, text->path, err));
  wf_csv_text_dispose(text);
  *text = loaded;
  return WF_OK;
}

/* Errors of decompression know no path. */
static wf_status unpack(wf_csv_pieces *pieces, char *out, size_t size, size_t *n, wf_error *err) {
  wf_status status = wf_unpacker_read(pieces->unpacker, out, size, n, err);
  if (status != WF_OK) return wf_fail_within(err, status, "%s", pieces->text->path);
  return WF_OK;
}

static wf_status skip_packed(wf_csv_pieces *pieces, size_t n, wf_error *err) {
  char dropped[1 << 12];
  while (n > 0) {
    size_t step = n < sizeof dropped ? n : sizeof dropped, got;
    WF_TRY(unpack(pieces, dropped, step, &got, err));
    if (got < step) return WF_OK;
    n -= got;
  }
  return WF_OK;
}

wf_status wf_csv_pieces_open(wf_csv_pieces *out, const wf_csv_text *text, size_t begin,
                             wf_error *err) {
  wf_csv_pieces pieces = {.text = text, .at = begin};
  if (text->packed) {
    wf_status status = wf_unpacker_of_file(&pieces.unpacker, text->fd, err);
    if (status != WF_OK) return wf_fail_within(err, status, "%s", text->path);
    status = skip_packed(&pieces, text->begin + begin, err);
    if (status != WF_OK) {
      wf_csv_pieces_close(&pieces);
      return status;
    }
  }
  *out = pieces;
  return WF_OK;
}

wf_status wf_csv_pieces_next(wf_csv_pieces *pieces, char *out, size_t size, size_t *n,
                             wf_error *err) {
  const wf_csv_text *text = pieces->text;
  if (text->packed) {
    WF_TRY(unpack(pieces, out, size, n, err));
    pieces->at += *n;
    return WF_OK;
  }
  size_t left = text->size - pieces->at, own = left < size ? left : size;
  if (!text->in_file)
    memcpy(out, text->data + pieces->at, own);
  else if (!read_at(text->fd, out, own, text->begin + pieces->at))
    return wf_fail(err, WF_IO, "%s: the file changes while it is read", text->path);
  pieces->at += own;
  *n = own;
  return WF_OK;
}

size_t wf_csv_pieces_guess(const wf_csv_pieces *pieces) {
  const wf_csv_text *text = pieces->text;
  if (!text->packed) return text->size;
  size_t used = wf_unpacker_used(pieces->unpacker);
  double ratio = used ? (double)(pieces->at + text->begin) / (double)used : 1;
  return (size_t)(ratio * (double)(text->size + text->begin));
}

void wf_csv_pieces_close(wf_csv_pieces *pieces) {
  wf_unpacker_free(pieces->unpacker);
  *pieces = (wf_csv_pieces){0};
}

wf_status wf_csv_text_head(const wf_csv_text *text, char *out, size_t size, size_t *n,
                           wf_error *err) {
  wf_csv_pieces pieces;
  WF_TRY(wf_csv_pieces_open(&pieces, text, 0, err));
  wf_status status = wf_csv_pieces_next(&pieces, out, size, n, err);
  wf_csv_pieces_close(&pieces);
  return status;
}

wf_status wf_csv_text_of(wf_csv_text *out, const char *data, size_t size, wf_error *err) {
  return finish(out, NULL, size ? data : "", size, NULL, err);
}

void wf_csv_text_dispose(wf_csv_text *text) {
  if (text->in_file) close(text->fd);
  wf_free(text->owned);
  *text = (wf_csv_text){0};
}

/* Whether a line ends with byte `i`. */
static bool ends_line(const wf_csv_text *text, size_t i) {
  char c = text->data[i];
  return c == '\n' || (c == '\r' && (i + 1 == text->size || text->data[i + 1] != '\n'));
}

size_t wf_csv_text_line_end(const wf_csv_text *text, size_t offset) {
  while (offset < text->size && text->data[offset] != '\n' && text->data[offset] != '\r') offset++;
  return offset;
}

size_t wf_csv_text_lines(const wf_csv_text *text, size_t begin, size_t end) {
  size_t n = 0;
  for (size_t i = begin; i < end; i++) n += ends_line(text, i);
  return n;
}

size_t wf_csv_text_skip(const wf_csv_text *text, size_t n) {
  size_t i = 0;
  for (; n > 0 && i < text->size; i++) n -= ends_line(text, i);
  return i;
}

wf_csv_place wf_csv_text_place(const wf_csv_text *text, size_t offset) {
  size_t line = 1, begin = 0;
  for (size_t i = 0; text->data && i < offset && i < text->size; i++) {
    if (!ends_line(text, i)) continue;
    line++;
    begin = i + 1;
  }
  size_t byte = offset - begin + 1;
  return (wf_csv_place){line > INT_MAX ? INT_MAX : (int)line, byte > INT_MAX ? INT_MAX : (int)byte};
}

wf_status wf_csv_fail(wf_error *err, wf_status status, const wf_csv_text *text, size_t offset,
                      int column, const char *format, ...) {
  if (!err) return status;
  int line = wf_csv_text_place(text, offset).line;
  char message[WF_ERROR_MESSAGE];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  if (text->path)
    return wf_fail_at(err, status, line, column, "%s:%d: %s", text->path, line, message);
  return wf_fail_at(err, status, line, column, "line %d: %s", line, message);
}
