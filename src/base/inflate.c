/* inflate.c — gzip members by isa-l where it was found at build time, else by zlib.
 *
 * Both check what gzip lets them check, CRC and size of each member. Both count in 32-bit ints, so
 * that a step takes and gives at most 1 GiB. */
#include "base/inflate.h"

#include "base/alloc.h"

enum { PIECE = 1 << 30 };

static uint32_t at_most(size_t n) { return (uint32_t)(n < PIECE ? n : PIECE); }

static void use(wf_flow *flow, size_t n_in, size_t n_out) {
  flow->in += n_in;
  flow->n_in -= n_in;
  flow->out += n_out;
  flow->n_out -= n_out;
}

#ifdef WF_WITH_ISAL

#include <isa-l/igzip_lib.h>

struct wf_inflater {
  struct inflate_state state;
};

wf_status wf_inflater_new(wf_inflater **out, wf_error *err) {
  wf_inflater *inflater = wf_alloc(sizeof *inflater);
  if (!inflater) return wf_fail_nomem(err);
  isal_inflate_init(&inflater->state);
  inflater->state.crc_flag = ISAL_GZIP;
  *out = inflater;
  return WF_OK;
}

void wf_inflater_free(wf_inflater *inflater) { wf_free(inflater); }

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

wf_status wf_inflater_step(wf_inflater *inflater, wf_flow *flow, bool *whole, wf_error *err) {
  struct inflate_state *state = &inflater->state;
  uint32_t n_in = at_most(flow->n_in), n_out = at_most(flow->n_out);
  state->next_in = (uint8_t *)(uintptr_t)flow->in;
  state->avail_in = n_in;
  state->next_out = flow->out;
  state->avail_out = n_out;
  int code = isal_inflate(state);
  if (code != ISAL_DECOMP_OK)
    return wf_fail(err, WF_CORRUPT, "damaged gzip data (%s)", explain(code));
  use(flow, n_in - state->avail_in, n_out - state->avail_out);
  *whole = state->block_state == ISAL_BLOCK_FINISH;
  if (*whole) {
    isal_inflate_reset(state);
    state->crc_flag = ISAL_GZIP;
  }
  return WF_OK;
}

#else

#include "base/zlib_memory.h"

#include <zlib.h>

struct wf_inflater {
  z_stream stream;
};

wf_status wf_inflater_new(wf_inflater **out, wf_error *err) {
  enum { WINDOW_BITS = 15, GZIP = 16 };
  wf_inflater *inflater = wf_alloc(sizeof *inflater);
  if (!inflater) return wf_fail_nomem(err);
  inflater->stream = (z_stream){.zalloc = wf_zlib_alloc, .zfree = wf_zlib_free};
  if (inflateInit2(&inflater->stream, WINDOW_BITS + GZIP) != Z_OK) {
    wf_free(inflater);
    return wf_fail_nomem(err);
  }
  *out = inflater;
  return WF_OK;
}

void wf_inflater_free(wf_inflater *inflater) {
  if (!inflater) return;
  inflateEnd(&inflater->stream);
  wf_free(inflater);
}

wf_status wf_inflater_step(wf_inflater *inflater, wf_flow *flow, bool *whole, wf_error *err) {
  z_stream *stream = &inflater->stream;
  uint32_t n_in = at_most(flow->n_in), n_out = at_most(flow->n_out);
  stream->next_in = (Bytef *)(uintptr_t)flow->in;
  stream->avail_in = n_in;
  stream->next_out = flow->out;
  stream->avail_out = n_out;
  int code = inflate(stream, Z_NO_FLUSH);
  if (code == Z_MEM_ERROR) return wf_fail_nomem(err);
  if (code != Z_OK && code != Z_BUF_ERROR && code != Z_STREAM_END)
    return wf_fail(err, WF_CORRUPT, "damaged gzip data (%s)", stream->msg ? stream->msg : "?");
  use(flow, n_in - stream->avail_in, n_out - stream->avail_out);
  *whole = code == Z_STREAM_END;
  if (*whole && inflateReset(stream) != Z_OK) return wf_fail(err, WF_EXTERNAL, "zlib cannot go on");
  return WF_OK;
}

#endif
