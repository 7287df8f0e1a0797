/* unpack.c — pieces of what was compressed, from pieces of what it was compressed to.
 *
 * Input is memory that is there, or a buffer that is filled from a file whenever it is used up.
 * Between two gzip members at least two bytes are looked at, when there are so many: they tell
 * another member from zeros, with which tapes and disks fill up blocks, and from anything else.
 * Nothing is believed about sizes that a file states. */
#include "base/unpack.h"

#include "base/alloc.h"
#include "base/inflate.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#ifdef WF_WITH_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
typedef ZSTD_DStream zstd_stream;
#else
typedef void zstd_stream;
#endif

enum { BUFFER = 1 << 17 };

struct wf_unpacker {
  wf_inflater *gzip; /* one of the two */
  zstd_stream *zstd;
  const uint8_t *in; /* not used yet … */
  size_t n_in;       /* … of `n_taken` in all */
  size_t n_taken;
  uint8_t *buffer; /* of a file */
  int fd;
  bool drained; /* there is no input but that */
  bool between; /* a member or frame is whole, and no other has begun */
  bool ended;
};

/* ---- input ------------------------------------------------------------------------------------
 */

/* Makes as much input available as the buffer holds. */
static wf_status refill(wf_unpacker *u, wf_error *err) {
  if (u->n_in) memmove(u->buffer, u->in, u->n_in);
  u->in = u->buffer;
  while (u->n_in < BUFFER && !u->drained) {
    ssize_t n = pread(u->fd, u->buffer + u->n_in, BUFFER - u->n_in, (off_t)u->n_taken);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return wf_fail_errno(err, errno, "the compressed file");
    u->drained = n == 0;
    u->n_in += (size_t)n;
    u->n_taken += (size_t)n;
  }
  return WF_OK;
}

/* At least `n` bytes of input, unless it ends before. */
static wf_status want(wf_unpacker *u, size_t n, wf_error *err) {
  return u->n_in >= n || u->drained ? WF_OK : refill(u, err);
}

/* ---- gzip ------------------------------------------------------------------------------------ */

/* Whether nothing is left but zeros. */
static wf_status skip_padding(wf_unpacker *u, bool *all, wf_error *err) {
  *all = true;
  for (;;) {
    WF_TRY(want(u, 1, err));
    if (u->n_in == 0) return WF_OK;
    for (; u->n_in && *u->in == 0; u->in++) u->n_in--;
    *all = u->n_in == 0;
    if (!*all) return WF_OK;
  }
}

/* A member is whole: is there another? */
static wf_status begin_member(wf_unpacker *u, wf_error *err) {
  WF_TRY(want(u, 2, err));
  bool member = u->n_in && u->in[0] == 0x1f && (u->n_in == 1 || u->in[1] == 0x8b);
  if (!member) WF_TRY(skip_padding(u, &u->ended, err));
  if (!member && !u->ended)
    return wf_fail(err, WF_CORRUPT, "there is something behind the gzip data that is no gzip");
  u->between = false;
  return WF_OK;
}

static wf_status step_gzip(wf_unpacker *u, uint8_t *out, size_t size, size_t *n, wf_error *err) {
  *n = 0;
  if (u->between) WF_TRY(begin_member(u, err));
  if (u->ended) return WF_OK;
  WF_TRY(want(u, 1, err));
  wf_flow flow = {u->in, u->n_in, out, size};
  WF_TRY(wf_inflater_step(u->gzip, &flow, &u->between, err));
  *n = size - flow.n_out;
  if (!u->between && *n == 0 && flow.n_in == u->n_in)
    return wf_fail(err, WF_CORRUPT, "the gzip data ends too early");
  u->in = flow.in;
  u->n_in = flow.n_in;
  return WF_OK;
}

/* ---- zstd ------------------------------------------------------------------------------------ */

#ifdef WF_WITH_ZSTD

static wf_status start_zstd(wf_unpacker *u, wf_error *err) {
  u->zstd = ZSTD_createDStream();
  return u->zstd ? WF_OK : wf_fail_nomem(err);
}

static wf_status step_zstd(wf_unpacker *u, uint8_t *out, size_t size, size_t *n, wf_error *err) {
  *n = 0;
  WF_TRY(want(u, 1, err));
  u->ended = u->between && u->n_in == 0;
  if (u->ended) return WF_OK;
  ZSTD_inBuffer in = {u->in, u->n_in, 0};
  ZSTD_outBuffer room = {out, size, 0};
  size_t wanted = ZSTD_decompressStream(u->zstd, &room, &in);
  if (ZSTD_getErrorCode(wanted) == ZSTD_error_memory_allocation) return wf_fail_nomem(err);
  if (ZSTD_isError(wanted))
    return wf_fail(err, WF_CORRUPT, "damaged zstd data (%s)", ZSTD_getErrorName(wanted));
  u->between = wanted == 0;
  *n = room.pos;
  if (!u->between && *n == 0 && in.pos == 0)
    return wf_fail(err, WF_CORRUPT, "the zstd data ends too early");
  u->in += in.pos;
  u->n_in -= in.pos;
  return WF_OK;
}

static void free_zstd(wf_unpacker *u) { ZSTD_freeDStream(u->zstd); }

#else

static wf_status start_zstd(wf_unpacker *u, wf_error *err) {
  (void)u;
  return wf_fail(err, WF_UNSUPPORTED, "zstd data, which this build of wf cannot read");
}

static wf_status step_zstd(wf_unpacker *u, uint8_t *out, size_t size, size_t *n, wf_error *err) {
  (void)u, (void)out, (void)size, (void)n;
  return wf_fail(err, WF_UNSUPPORTED, "zstd data, which this build of wf cannot read");
}

static void free_zstd(wf_unpacker *u) { (void)u; }

#endif

/* ---- either ---------------------------------------------------------------------------------- */

static wf_status start(wf_unpacker *u, wf_error *err) {
  if (u->buffer) WF_TRY(refill(u, err));
  if (u->n_in >= 4 && memcmp(u->in, "\x28\xb5\x2f\xfd", 4) == 0) return start_zstd(u, err);
  return wf_inflater_new(&u->gzip, err);
}

static wf_status finish_new(wf_unpacker **out, wf_unpacker *u, wf_error *err) {
  wf_status status = start(u, err);
  if (status == WF_OK)
    *out = u;
  else
    wf_unpacker_free(u);
  return status;
}

wf_status wf_unpacker_of_bytes(wf_unpacker **out, const void *data, size_t size, wf_error *err) {
  wf_unpacker *u = wf_alloc_zero(1, sizeof *u);
  if (!u) return wf_fail_nomem(err);
  u->in = data;
  u->n_in = u->n_taken = size;
  u->drained = true;
  return finish_new(out, u, err);
}

wf_status wf_unpacker_of_file(wf_unpacker **out, int fd, wf_error *err) {
  wf_unpacker *u = wf_alloc_zero(1, sizeof *u);
  if (!u) return wf_fail_nomem(err);
  u->buffer = wf_alloc(BUFFER);
  u->fd = fd;
  if (u->buffer) return finish_new(out, u, err);
  wf_unpacker_free(u);
  return wf_fail_nomem(err);
}

void wf_unpacker_free(wf_unpacker *unpacker) {
  if (!unpacker) return;
  wf_inflater_free(unpacker->gzip);
  free_zstd(unpacker);
  wf_free(unpacker->buffer);
  wf_free(unpacker);
}

wf_status wf_unpacker_read(wf_unpacker *unpacker, void *out, size_t size, size_t *n,
                           wf_error *err) {
  size_t done = 0;
  while (done < size && !unpacker->ended) {
    size_t step;
    WF_TRY((unpacker->gzip ? step_gzip : step_zstd)(unpacker, (uint8_t *)out + done, size - done,
                                                    &step, err));
    done += step;
  }
  *n = done;
  return WF_OK;
}

size_t wf_unpacker_used(const wf_unpacker *unpacker) { return unpacker->n_taken - unpacker->n_in; }
