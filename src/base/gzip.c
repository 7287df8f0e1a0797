/* gzip.c — compressing whole buffers with zlib.
 *
 * zlib counts in 32-bit ints, so input and output are handed over in pieces of at most 1 GiB.
 * Output grows by doubling; nothing is believed about sizes that a file states. */
#include "base/gzip.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/zlib_memory.h"

#include <string.h>
#include <zlib.h>

enum { PIECE = 1 << 30, FIRST_ROOM = 1 << 16, WINDOW_BITS = 15, GZIP = 16 };

void *wf_zlib_alloc(void *unused, unsigned n, unsigned size) {
  (void)unused;
  return wf_alloc_array(n, size);
}

void wf_zlib_free(void *unused, void *block) {
  (void)unused;
  wf_free(block);
}

/* Offers the stream more input and room for output; false when memory is out. */
static bool feed(z_stream *stream, const char **data, size_t *left, wf_bytes *out) {
  if (stream->avail_in == 0 && *left > 0) {
    size_t n = *left < PIECE ? *left : PIECE;
    stream->next_in = (Bytef *)(uintptr_t)*data;
    stream->avail_in = (uInt)n;
    *data += n;
    *left -= n;
  }
  if (!wf_bytes_reserve(out, out->size > FIRST_ROOM ? out->size / 2 : FIRST_ROOM)) return false;
  size_t room = out->capacity - out->size - 1;
  stream->next_out = (Bytef *)out->data + out->size;
  stream->avail_out = (uInt)(room < PIECE ? room : PIECE);
  return true;
}

static wf_status deflate_all(z_stream *stream, const char *data, size_t left, wf_bytes *out,
                             wf_error *err) {
  for (;;) {
    if (!feed(stream, &data, &left, out)) return wf_fail_nomem(err);
    unsigned before = stream->avail_out;
    int code = deflate(stream, left == 0 ? Z_FINISH : Z_NO_FLUSH);
    out->size += before - stream->avail_out;
    if (code == Z_STREAM_END) return WF_OK;
    if (code != Z_OK && code != Z_BUF_ERROR) return wf_fail(err, WF_EXTERNAL, "zlib failed");
  }
}

wf_status wf_gzip_deflate(char **out, size_t *out_size, const void *data, size_t size,
                          wf_error *err) {
  z_stream stream = {.zalloc = wf_zlib_alloc, .zfree = wf_zlib_free};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_BITS + GZIP, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return wf_fail_nomem(err);
  }
  wf_bytes bytes = {0};
  wf_status status = deflate_all(&stream, data, size, &bytes, err);
  deflateEnd(&stream);
  if (status == WF_OK) return wf_bytes_take(&bytes, out, out_size, err);
  wf_bytes_dispose(&bytes);
  return status;
}
