/* inflate.c — decompression that a bomb cannot use.
 *
 * A few bytes of gzip can stand for a thousand times as many. The limits hold for everything that
 * comes out, whatever it turns out to be: headers, padding, members. Memory is one piece. Exactly
 * one gzip stream is accepted, with its checksum right and nothing behind it. */
#include "model/inflate.h"

#include "base/alloc.h"
#include "base/zlib_memory.h"
#include "model/tarball.h"

#include <limits.h>
#include <zlib.h>

enum { PIECE = 1 << 16, GZIP_ONLY = 16 };

struct wf_inflate {
  z_stream stream;
  size_t left;     /* compressed bytes not yet given to the stream */
  size_t consumed; /* compressed bytes given to the stream */
  size_t produced;
  bool ended;
  unsigned char piece[PIECE];
};

wf_status wf_inflate_open(wf_inflate **out, const void *bytes, size_t size, wf_error *err) {
  const unsigned char *magic = bytes;
  if (size < 2 || magic[0] != 0x1f || magic[1] != 0x8b)
    return wf_fail(err, WF_PARSE, "is not compressed with gzip");
  wf_inflate *source = wf_alloc_zero(1, sizeof *source);
  if (!source) return wf_fail_nomem(err);
  source->stream.zalloc = wf_zlib_alloc;
  source->stream.zfree = wf_zlib_free;
  source->stream.next_in = (z_const Bytef *)bytes;
  source->left = size;
  if (inflateInit2(&source->stream, GZIP_ONLY + MAX_WBITS) != Z_OK) {
    wf_free(source);
    return wf_fail_nomem(err);
  }
  *out = source;
  return WF_OK;
}

void wf_inflate_close(wf_inflate *source) {
  if (!source) return;
  inflateEnd(&source->stream);
  wf_free(source);
}

/* zlib counts in 32 bits. */
static void feed(wf_inflate *source) {
  if (source->stream.avail_in > 0) return;
  size_t n = source->left < UINT_MAX ? source->left : UINT_MAX;
  source->stream.avail_in = (unsigned)n;
  source->left -= n;
  source->consumed += n;
}

static wf_status check_limits(const wf_inflate *source, wf_error *err) {
  size_t read = source->consumed - source->stream.avail_in;
  if (source->produced > WF_TARBALL_MAX_SIZE)
    return wf_fail(err, WF_LIMIT, "unpacks to more than %zu bytes", WF_TARBALL_MAX_SIZE);
  if (source->produced > WF_TARBALL_FREE_SIZE &&
      (source->produced - WF_TARBALL_FREE_SIZE) / WF_TARBALL_MAX_RATIO > read)
    return wf_fail(err, WF_LIMIT, "unpacks to more than %d times its size", WF_TARBALL_MAX_RATIO);
  return WF_OK;
}

static wf_status check_code(const wf_inflate *source, int code, wf_error *err) {
  switch (code) {
  case Z_OK:
  case Z_STREAM_END: return WF_OK;
  case Z_MEM_ERROR: return wf_fail_nomem(err);
  case Z_BUF_ERROR: return wf_fail(err, WF_CORRUPT, "the compressed bytes end too early");
  default:
    return wf_fail(err, WF_CORRUPT, "the compressed bytes are damaged: %s",
                   source->stream.msg ? source->stream.msg : "no reason given");
  }
}

wf_status wf_inflate_next(wf_inflate *source, const void **piece, size_t *size, wf_error *err) {
  z_stream *stream = &source->stream;
  stream->next_out = source->piece;
  stream->avail_out = PIECE;
  while (!source->ended && stream->avail_out > 0) {
    feed(source);
    int code = inflate(stream, Z_NO_FLUSH);
    WF_TRY(check_code(source, code, err));
    source->ended = code == Z_STREAM_END;
  }
  if (source->ended && source->left + stream->avail_in > 0)
    return wf_fail(err, WF_CORRUPT, "%zu bytes follow the end of the compressed ones",
                   source->left + stream->avail_in);
  size_t n = PIECE - stream->avail_out;
  source->produced += n;
  WF_TRY(check_limits(source, err));
  *piece = source->piece;
  *size = n;
  return WF_OK;
}
