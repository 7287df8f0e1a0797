/* packed.c — which format it is, zstd, and LZ4 frames.
 *
 * zstd and LZ4 are build options; gzip is always there. Nothing is believed about sizes that a file
 * states: output grows with what came out. What is written in equal parts is equal bytes; a part is
 * a run of blocks of one gzip member (gzip.c) or a zstd frame. */
#include "base/packed.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/gzip.h"
#include "base/unpack.h"

#include <string.h>

static bool is_gzip(const void *data, size_t size) {
  return size >= 2 && memcmp(data, "\x1f\x8b", 2) == 0;
}

static bool is_zstd(const void *data, size_t size) {
  return size >= 4 && memcmp(data, "\x28\xb5\x2f\xfd", 4) == 0;
}

bool wf_packed_is(const void *data, size_t size) {
  return is_gzip(data, size) || is_zstd(data, size);
}

/* ---- zstd -------------------------------------------------------------------------------------
 */

#ifdef WF_WITH_ZSTD

#include <zstd.h>
#include <zstd_errors.h>

static wf_status fail_zstd(size_t code, wf_error *err) {
  if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation) return wf_fail_nomem(err);
  return wf_fail(err, WF_CORRUPT, "damaged zstd data (%s)", ZSTD_getErrorName(code));
}

static wf_status fill_zstd(void *out, size_t size, const void *data, size_t data_size,
                           wf_error *err) {
  size_t written = ZSTD_decompress(out, size, data, data_size);
  if (ZSTD_isError(written)) return fail_zstd(written, err);
  return written == size ? WF_OK
                         : wf_fail(err, WF_CORRUPT, "zstd data of another size than stated");
}

static wf_status add_zstd(wf_bytes *out, const void *data, size_t size, wf_error *err) {
  enum { LEVEL = 1 }; /* of tables, as small as the usual 3 and twice as fast */
  size_t bound = ZSTD_compressBound(size);
  if (!wf_bytes_reserve(out, bound)) return wf_fail_nomem(err);
  size_t written = ZSTD_compress(out->data + out->size, bound, data, size, LEVEL);
  if (ZSTD_isError(written)) return fail_zstd(written, err);
  out->size += written;
  return WF_OK;
}

#else

static wf_status fill_zstd(void *out, size_t size, const void *data, size_t data_size,
                           wf_error *err) {
  (void)out, (void)size, (void)data, (void)data_size;
  return wf_fail(err, WF_UNSUPPORTED, "zstd data, which this build of wf cannot read");
}

static wf_status add_zstd(wf_bytes *out, const void *data, size_t size, wf_error *err) {
  (void)out, (void)data, (void)size;
  return wf_fail(err, WF_UNSUPPORTED, "this build of wf cannot write zstd data");
}

#endif

/* ---- LZ4 --------------------------------------------------------------------------------------
 */

#ifdef WF_WITH_LZ4

#include <lz4frame.h>

static wf_status fill_lz4(void *out, size_t size, const void *data, size_t data_size,
                          wf_error *err) {
  LZ4F_dctx *context = NULL;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) {
    return wf_fail_nomem(err);
  }
  size_t written = 0, read = 0, wanted = 1;
  while (wanted != 0 && !LZ4F_isError(wanted)) {
    size_t room = size - written, left = data_size - read;
    wanted = LZ4F_decompress(context, (char *)out + written, &room, (const char *)data + read,
                             &left, NULL);
    written += room;
    read += left;
    if (room == 0 && left == 0) break; /* it needs what there is not */
  }
  LZ4F_freeDecompressionContext(context);
  if (LZ4F_isError(wanted)) {
    return wf_fail(err, WF_CORRUPT, "damaged LZ4 data (%s)", LZ4F_getErrorName(wanted));
  }
  if (wanted == 0 && written == size) return WF_OK;
  return wf_fail(err, WF_CORRUPT, "LZ4 data of another size than stated");
}

#else

static wf_status fill_lz4(void *out, size_t size, const void *data, size_t data_size,
                          wf_error *err) {
  (void)out, (void)size, (void)data, (void)data_size;
  return wf_fail(err, WF_UNSUPPORTED, "LZ4 data, which this build of wf cannot read");
}

#endif

wf_status wf_packed_fill(void *out, size_t size, wf_codec codec, const void *data, size_t data_size,
                         wf_error *err) {
  return (codec == WF_CODEC_LZ4 ? fill_lz4 : fill_zstd)(out, size, data, data_size, err);
}

/* ---- either -----------------------------------------------------------------------------------
 */

static wf_status open_all(wf_bytes *out, wf_unpacker *unpacker, wf_error *err) {
  enum { FIRST = 1 << 16 };
  for (size_t n = 0, room = 0; n == room; out->size += n) {
    if (!wf_bytes_reserve(out, out->size > FIRST ? out->size / 2 : FIRST))
      return wf_fail_nomem(err);
    room = out->capacity - out->size - 1;
    WF_TRY(wf_unpacker_read(unpacker, out->data + out->size, room, &n, err));
  }
  return WF_OK;
}

wf_status wf_packed_open(char **out, size_t *out_size, const void *data, size_t size,
                         wf_error *err) {
  wf_unpacker *unpacker;
  wf_bytes bytes = {0};
  WF_TRY(wf_unpacker_of_bytes(&unpacker, data, size, err));
  wf_status status = open_all(&bytes, unpacker, err);
  wf_unpacker_free(unpacker);
  if (status == WF_OK) return wf_bytes_take(&bytes, out, out_size, err);
  wf_bytes_dispose(&bytes);
  return status;
}

wf_status wf_packed_read(const char *path, char **data, size_t *size, wf_error *err) {
  char *bytes, *opened = NULL;
  size_t n;
  WF_TRY(wf_file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, 0, &bytes, &n, err));
  if (wf_packed_is(bytes, n)) {
    wf_status status = wf_packed_open(&opened, &n, bytes, n, err);
    wf_free(bytes);
    if (status != WF_OK) return wf_fail_within(err, status, "%s", path);
    bytes = opened;
  }
  *data = bytes;
  *size = n;
  return WF_OK;
}

static bool ends_in(const char *path, const char *ending) {
  size_t n = strlen(path), m = strlen(ending);
  return n > m && strcmp(path + n - m, ending) == 0;
}

wf_packing wf_packing_of(const char *path) {
  if (ends_in(path, ".gz")) return WF_PACKING_GZIP;
  return ends_in(path, ".zst") ? WF_PACKING_ZSTD : WF_PACKING_NONE;
}

wf_status wf_pack_part(wf_bytes *out, wf_packing packing, bool first, wf_part *part,
                       const void *data, size_t size, wf_error *err) {
  *part = (wf_part){.size = size};
  if (packing == WF_PACKING_ZSTD) return add_zstd(out, data, size, err);
  part->check = wf_gzip_check(data, size);
  if (first) wf_gzip_begin(out);
  return wf_gzip_part(out, data, size, err);
}

void wf_pack_join(wf_part *all, wf_packing packing, const wf_part *next) {
  if (packing == WF_PACKING_GZIP) {
    all->check = wf_gzip_check_both(all->check, next->check, next->size);
  }
  all->size += next->size;
}

void wf_pack_end(wf_bytes *out, wf_packing packing, const wf_part *all) {
  if (packing == WF_PACKING_GZIP) wf_gzip_end(out, all->check, all->size);
}
