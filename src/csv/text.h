/* csv/text.h — the bytes of a source, ready to be scanned, and places in them. */
#ifndef WF_CSV_TEXT_H
#define WF_CSV_TEXT_H

#include "base/bytes.h"
#include "base/unpack.h"

typedef struct wf_csv_text {
  const char *path; /* for messages; NULL when the bytes came from the caller */
  const char *data; /* valid UTF-8 without byte-order mark and NUL; NULL while in the file */
  size_t size;
  void *owned;  /* wf_free it; NULL when the bytes are the caller's */
  bool in_file; /* the bytes are those of `fd` from `begin` on, not looked at yet … */
  bool packed;  /* … when it has been decompressed; `size` is a guess then */
  int fd;
  size_t begin;
} wf_csv_text;

/* Reads and, when it is compressed, opens the file. */
wf_status wf_csv_text_read(wf_csv_text *out, const char *path, wf_error *err);
/* The same, but a regular file of some size is only opened: wf_csv_pieces_next reads parts of it,
 * and wf_csv_text_load the whole. `always`: of any size. */
wf_status wf_csv_text_open(wf_csv_text *out, const char *path, bool always, wf_error *err);
wf_status wf_csv_text_load(wf_csv_text *text, wf_error *err);

/* The bytes of a text from one place on, unchecked, in pieces one after the other. */
typedef struct wf_csv_pieces {
  const wf_csv_text *text;
  wf_unpacker *unpacker; /* of a packed one */
  size_t at;             /* of the next byte */
} wf_csv_pieces;
wf_status wf_csv_pieces_open(wf_csv_pieces *out, const wf_csv_text *text, size_t begin,
                             wf_error *err);
/* The next `size` bytes; *n < size at the end of the text and nowhere else. Errors name the path.
 */
wf_status wf_csv_pieces_next(wf_csv_pieces *pieces, char *out, size_t size, size_t *n,
                             wf_error *err);
/* About how many bytes the text has, from those so far. */
size_t wf_csv_pieces_guess(const wf_csv_pieces *pieces);
void wf_csv_pieces_close(wf_csv_pieces *pieces);
/* The first bytes, so many or as many as there are. */
wf_status wf_csv_text_head(const wf_csv_text *text, char *out, size_t size, size_t *n,
                           wf_error *err);

/* Borrows the bytes, unless they are gzip. */
wf_status wf_csv_text_of(wf_csv_text *out, const char *data, size_t size, wf_error *err);
void wf_csv_text_dispose(wf_csv_text *text);

/* Where the line of byte `offset` ends: at its line end. */
size_t wf_csv_text_line_end(const wf_csv_text *text, size_t offset);
/* How many lines end in bytes [begin, end), CRLF being one where both are there. */
size_t wf_csv_text_lines(const wf_csv_text *text, size_t begin, size_t end);
/* Where the line after the first `n` begins, or the end of the text, of which the bytes are there.
 */
size_t wf_csv_text_skip(const wf_csv_text *text, size_t n);

/* The 1-based line that holds byte `offset`, and the 1-based byte within it. LF, CR and CRLF end a
 * line. */
typedef struct wf_csv_place {
  int line, byte;
} wf_csv_place;
wf_csv_place wf_csv_text_place(const wf_csv_text *text, size_t offset);

/* Fails at `offset` with "<path>:<line>: <message>" ("line <line>: <message>" without a path);
 * `column` is what the message means by it. */
wf_status wf_csv_fail(wf_error *err, wf_status status, const wf_csv_text *text, size_t offset,
                      int column, const char *format, ...) WF_PRINTF(6, 7);

#endif
