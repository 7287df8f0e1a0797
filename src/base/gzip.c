/* gzip.c — compressing text in parts: by isa-l where it was found at build time, else by zlib.
 *
 * A part is a run of deflate blocks that ends at a whole byte (a "sync flush") and refers to
 * nothing before it, so that parts made by different threads, one after the other, are one stream.
 * The level is the fast one: of tables it makes a tenth more than the usual one, in a tenth of its
 * time.
 *
 * Both libraries count in 32-bit ints, so input and output are handed over in pieces of at most
 * 1 GiB. */
#include "base/gzip.h"

#include "base/alloc.h"
#include "base/zlib_memory.h"

#include <zlib.h>

enum { PIECE = 1 << 30, FIRST_ROOM = 1 << 16, LEVEL = 1 };

void *wf_zlib_alloc(void *unused, unsigned n, unsigned size) {
  (void)unused;
  return wf_alloc_array(n, size);
}

void wf_zlib_free(void *unused, void *block) {
  (void)unused;
  wf_free(block);
}

/* ---- around the parts -------------------------------------------------------------------------
 */

static void add_number(wf_bytes *out, uint32_t value) {
  uint8_t bytes[4];
  for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> (8 * i));
  wf_bytes_add(out, bytes, sizeof bytes);
}

void wf_gzip_begin(wf_bytes *out) {
  static const uint8_t head[10] = {0x1f, 0x8b, 8 /* deflate */, [9] = 3 /* unix */};
  wf_bytes_add(out, head, sizeof head);
}

void wf_gzip_end(wf_bytes *out, uint32_t check, size_t size) {
  static const uint8_t last[2] = {3, 0}; /* a block that holds nothing and says that it is last */
  wf_bytes_add(out, last, sizeof last);
  add_number(out, check);
  add_number(out, (uint32_t)size);
}

uint32_t wf_gzip_check_both(uint32_t first, uint32_t second, size_t second_size) {
  return (uint32_t)crc32_combine(first, second, (z_off_t)second_size);
}

/* ---- a part -----------------------------------------------------------------------------------
 */

/* Input not yet handed over, and where the output goes. */
typedef struct flow {
  const char *data;
  size_t left;
  wf_bytes *out;
} flow;

static uint32_t next_piece(flow *f, const char **piece) {
  uint32_t n = f->left < PIECE ? (uint32_t)f->left : PIECE;
  *piece = f->data;
  f->data += n;
  f->left -= n;
  return n;
}

/* Room behind the output; 0 when memory is out. */
static uint32_t make_room(flow *f) {
  size_t wanted = f->out->size > FIRST_ROOM ? f->out->size / 2 : FIRST_ROOM;
  if (!wf_bytes_reserve(f->out, wanted)) return 0;
  size_t n = f->out->capacity - f->out->size - 1;
  return (uint32_t)(n < PIECE ? n : PIECE);
}

#ifdef WF_WITH_ISAL

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

typedef struct isal_zstream packer;

static bool step(packer *stream) { return isal_deflate(stream) == COMP_OK; }

uint32_t wf_gzip_check(const void *data, size_t size) { return crc32_gzip_refl(0, data, size); }

#else

typedef z_stream packer;

static bool step(packer *stream) {
  int code = deflate(stream, Z_SYNC_FLUSH);
  return code == Z_OK || code == Z_BUF_ERROR;
}

uint32_t wf_gzip_check(const void *data, size_t size) { return (uint32_t)crc32_z(0, data, size); }

#endif

/* The two have fields of the same names. */
static wf_status deflate_all(flow *f, packer *stream, wf_error *err) {
  const char *piece;
  do {
    if (stream->avail_in == 0) {
      stream->avail_in = next_piece(f, &piece);
      stream->next_in = (uint8_t *)(uintptr_t)piece;
    }
    uint32_t room = make_room(f);
    if (room == 0) return wf_fail_nomem(err);
    stream->next_out = (uint8_t *)f->out->data + f->out->size;
    stream->avail_out = room;
    if (!step(stream)) return wf_fail(err, WF_EXTERNAL, "gzip data could not be made");
    f->out->size += room - stream->avail_out;
  } while (stream->avail_out == 0 || stream->avail_in > 0 || f->left > 0);
  return WF_OK;
}

#ifdef WF_WITH_ISAL

wf_status wf_gzip_part(wf_bytes *out, const void *data, size_t size, wf_error *err) {
  flow f = {data, size, out};
  packer *stream = wf_alloc(sizeof *stream);
  uint8_t *room = wf_alloc(ISAL_DEF_LVL1_DEFAULT);
  wf_status status = stream && room ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) {
    isal_deflate_init(stream);
    stream->avail_in = 0; /* which that leaves as it was */
    stream->level = LEVEL;
    stream->level_buf = room;
    stream->level_buf_size = ISAL_DEF_LVL1_DEFAULT;
    stream->flush = SYNC_FLUSH;
    status = deflate_all(&f, stream, err);
  }
  wf_free(room);
  wf_free(stream);
  return status;
}

#else

wf_status wf_gzip_part(wf_bytes *out, const void *data, size_t size, wf_error *err) {
  enum { WINDOW_BITS = 15, MEMORY = 8 };
  flow f = {data, size, out};
  packer stream = {.zalloc = wf_zlib_alloc, .zfree = wf_zlib_free};
  if (deflateInit2(&stream, LEVEL, Z_DEFLATED, -WINDOW_BITS, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
    return wf_fail_nomem(err);
  }
  wf_status status = deflate_all(&f, &stream, err);
  deflateEnd(&stream);
  return status;
}

#endif
