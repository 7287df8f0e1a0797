/* inflate.c — gzip files to bytes: by isa-l where it was found at build time, else by zlib.
 *
 * Both check what gzip lets them check (CRC and size of each member) and take members one after the
 * other until the input ends. isa-l counts in 32-bit ints as zlib does, so input and output are
 * handed over in pieces; output grows with what came out, whatever sizes the file states. */
#include "base/gzip.h"

#include "base/alloc.h"
#include "base/bytes.h"

#include <string.h>

enum { PIECE = 1 << 30, FIRST_ROOM = 1 << 16 };

/* Input not yet handed over, and the output so far. */
typedef struct flow {
  const uint8_t *data;
  size_t left;
  wf_bytes out;
} flow;

static uint32_t next_piece(flow *f, const uint8_t **piece) {
  size_t n = f->left < PIECE ? f->left : PIECE;
  *piece = f->data;
  f->data += n;
  f->left -= n;
  return (uint32_t)n;
}

/* Whether nothing is left but zeros, with which tapes and disks fill up blocks. */
static bool is_padding(const uint8_t *piece, size_t n, const flow *f) {
  for (size_t i = 0; i < n; i++) {
    if (piece[i]) return false;
  }
  for (size_t i = 0; i < f->left; i++) {
    if (f->data[i]) return false;
  }
  return true;
}

/* Whether another member seems to begin. */
static bool is_member(const uint8_t *piece, size_t n, const flow *f) {
  uint8_t second = n > 1 ? piece[1] : f->left ? f->data[0] : 0x8b;
  return n == 0 || (piece[0] == 0x1f && second == 0x8b);
}

static wf_status fail_rest(wf_error *err) {
  return wf_fail(err, WF_CORRUPT, "there is something behind the gzip data that is no gzip");
}

/* Room behind the output; 0 when memory is out. */
static uint32_t make_room(flow *f, uint8_t **room) {
  size_t wanted = f->out.size > FIRST_ROOM ? f->out.size / 2 : FIRST_ROOM;
  if (!wf_bytes_reserve(&f->out, wanted)) return 0;
  size_t n = f->out.capacity - f->out.size - 1;
  *room = (uint8_t *)f->out.data + f->out.size;
  return (uint32_t)(n < PIECE ? n : PIECE);
}

#ifdef WF_WITH_ISAL

#include <isa-l/igzip_lib.h>

static const char *explain(int code) {
  switch (code) {
  case ISAL_INVALID_BLOCK: return "invalid block";
  case ISAL_INVALID_SYMBOL: return "invalid symbol";
  case ISAL_INVALID_LOOKBACK: return "invalid distance";
  case ISAL_INVALID_WRAPPER: return "invalid header";
  case ISAL_UNSUPPORTED_METHOD: return "unknown method";
  case ISAL_INCORRECT_CHECKSUM: return "wrong checksum";
  default: return "invalid stream";
  }
}

static wf_status inflate_members(flow *f, struct inflate_state *state, wf_error *err) {
  const uint8_t *piece;
  isal_inflate_init(state);
  state->crc_flag = ISAL_GZIP;
  for (;;) {
    if (state->avail_in == 0 && f->left > 0) {
      state->avail_in = next_piece(f, &piece);
      state->next_in = (uint8_t *)(uintptr_t)piece;
    }
    state->avail_out = make_room(f, &state->next_out);
    if (state->avail_out == 0) return wf_fail_nomem(err);
    uint32_t before_in = state->avail_in, before_out = state->avail_out;
    int code = isal_inflate(state);
    f->out.size += before_out - state->avail_out;
    if (code != ISAL_DECOMP_OK)
      return wf_fail(err, WF_CORRUPT, "damaged gzip data (%s)", explain(code));
    if (state->block_state == ISAL_BLOCK_FINISH) {
      if (is_padding(state->next_in, state->avail_in, f)) return WF_OK;
      if (!is_member(state->next_in, state->avail_in, f)) return fail_rest(err);
      isal_inflate_reset(state);
      state->crc_flag = ISAL_GZIP;
    } else if (state->avail_in == 0 && f->left == 0 && before_in == state->avail_in &&
               before_out == state->avail_out) {
      return wf_fail(err, WF_CORRUPT, "the gzip data ends too early");
    }
  }
}

static wf_status inflate_all(flow *f, wf_error *err) {
  struct inflate_state *state = wf_alloc(sizeof *state);
  if (!state) return wf_fail_nomem(err);
  wf_status status = inflate_members(f, state, err);
  wf_free(state);
  return status;
}

#else

#include "base/zlib_memory.h"

#include <zlib.h>

static wf_status inflate_members(flow *f, z_stream *stream, wf_error *err) {
  const uint8_t *piece;
  for (;;) {
    if (stream->avail_in == 0 && f->left > 0) {
      stream->avail_in = next_piece(f, &piece);
      stream->next_in = (Bytef *)(uintptr_t)piece;
    }
    stream->avail_out = make_room(f, &stream->next_out);
    if (stream->avail_out == 0) return wf_fail_nomem(err);
    uint32_t before_in = stream->avail_in, before_out = stream->avail_out;
    int code = inflate(stream, Z_NO_FLUSH);
    f->out.size += before_out - stream->avail_out;
    if (code == Z_STREAM_END) {
      if (is_padding(stream->next_in, stream->avail_in, f)) return WF_OK;
      if (!is_member(stream->next_in, stream->avail_in, f)) return fail_rest(err);
      if (inflateReset(stream) != Z_OK) return wf_fail(err, WF_EXTERNAL, "zlib cannot go on");
    } else if (code == Z_MEM_ERROR) {
      return wf_fail_nomem(err);
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return wf_fail(err, WF_CORRUPT, "damaged gzip data (%s)", stream->msg ? stream->msg : "?");
    } else if (stream->avail_in == 0 && f->left == 0 && before_in == 0 && stream->avail_out > 0) {
      return wf_fail(err, WF_CORRUPT, "the gzip data ends too early");
    }
  }
}

static wf_status inflate_all(flow *f, wf_error *err) {
  enum { WINDOW_BITS = 15, GZIP = 16 };
  z_stream stream = {.zalloc = wf_zlib_alloc, .zfree = wf_zlib_free};
  if (inflateInit2(&stream, WINDOW_BITS + GZIP) != Z_OK) return wf_fail_nomem(err);
  wf_status status = inflate_members(f, &stream, err);
  inflateEnd(&stream);
  return status;
}

#endif

wf_status wf_gzip_inflate(char **out, size_t *out_size, const void *data, size_t size,
                          wf_error *err) {
  flow f = {.data = data, .left = size};
  wf_status status = inflate_all(&f, err);
  if (status == WF_OK) return wf_bytes_take(&f.out, out, out_size, err);
  wf_bytes_dispose(&f.out);
  return status;
}
