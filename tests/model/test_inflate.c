/* test_inflate.c — gzip within limits. */
#include "model/inflate.h"

#include "check.h"
#include "model/tarball.h"
#include "tar_bytes.h"

#include <stdlib.h>

/* Everything that comes out, or the failure. */
static wf_status inflate_all(wf_bytes *out, const void *bytes, size_t size, wf_error *err) {
  wf_inflate *inflate;
  WF_TRY(wf_inflate_open(&inflate, bytes, size, err));
  const void *piece;
  size_t n;
  wf_status status;
  while ((status = wf_inflate_next(inflate, &piece, &n, err)) == WF_OK && n > 0)
    wf_bytes_add(out, piece, n);
  if (status == WF_OK) {
    status = wf_inflate_next(inflate, &piece, &n, err);
    CHECK(status == WF_OK && n == 0); /* the end stays the end */
  }
  wf_inflate_close(inflate);
  return status;
}

TEST(inflate_round_trip) {
  size_t size = 300001;
  char *data = malloc(size);
  for (size_t i = 0; i < size; i++) data[i] = (char)(i * i >> 7);
  wf_bytes packed = {0}, out = {0};
  gzip_add(&packed, data, size);
  wf_error err = WF_ERROR_INIT;
  CHECK(inflate_all(&out, packed.data, packed.size, &err) == WF_OK);
  CHECK(out.size == size && memcmp(out.data, data, size) == 0);
  free(data);
  wf_bytes_dispose(&packed);
  wf_bytes_dispose(&out);
}

TEST(inflate_refuses) {
  wf_error err = WF_ERROR_INIT;
  wf_bytes packed = {0}, out = {0};
  CHECK_FAILS(inflate_all(&out, "", 0, &err), err, WF_PARSE, "gzip");
  CHECK_FAILS(inflate_all(&out, "\x1f", 1, &err), err, WF_PARSE, "gzip");
  CHECK_FAILS(inflate_all(&out, "PK\3\4", 4, &err), err, WF_PARSE, "gzip");
  CHECK_FAILS(inflate_all(&out, "\x1f\x8b\x07\0\0\0\0\0\0\0", 10, &err), err, WF_CORRUPT,
              "damaged");
  gzip_add(&packed, "abcdefgh", 8);
  for (size_t cut = 2; cut < packed.size; cut++)
    CHECK_FAILS(inflate_all(&out, packed.data, cut, &err), err, WF_CORRUPT, "too early");
  packed.data[packed.size - 5] ^= 1; /* the checksum */
  CHECK_FAILS(inflate_all(&out, packed.data, packed.size, &err), err, WF_CORRUPT, "damaged");
  packed.data[packed.size - 5] ^= 1;
  wf_bytes_char(&packed, 'x');
  CHECK_FAILS(inflate_all(&out, packed.data, packed.size, &err), err, WF_CORRUPT, "1 bytes follow");
  wf_bytes_dispose(&packed);
  wf_bytes_dispose(&out);
}

TEST(inflate_limits) {
  wf_error err = WF_ERROR_INIT;
  wf_bytes packed = gzip_of_zeros(WF_TARBALL_FREE_SIZE), out = {0};
  CHECK(inflate_all(&out, packed.data, packed.size, &err) == WF_OK);
  CHECK_EQ_INT(out.size, WF_TARBALL_FREE_SIZE);
  wf_bytes_dispose(&out);
  wf_bytes_dispose(&packed);
  packed = gzip_of_zeros((size_t)64 << 20);
  CHECK_FAILS(inflate_all(&out, packed.data, packed.size, &err), err, WF_LIMIT, "200 times");
  CHECK(out.size < (size_t)32 << 20); /* long before the end */
  wf_bytes_dispose(&packed);
  wf_bytes_dispose(&out);
}

/* What does not compress is stopped by the other limit. */
TEST(inflate_total_limit) {
  size_t size = (size_t)4 << 20, total = 0;
  uint32_t *noise = malloc(size), x = 1;
  for (size_t i = 0; i < size / 4; i++) noise[i] = (x = x * 1664525 + 1013904223) & 0x0fff0fff;
  wf_bytes tar = {0};
  for (int i = 0; i < 65; i++) wf_bytes_add(&tar, noise, size);
  free(noise);
  wf_bytes packed = {0};
  /* stored blocks: fast to make */
  gzip_add_stored(&packed, tar.data, tar.size);
  wf_bytes_dispose(&tar);
  wf_error err = WF_ERROR_INIT;
  wf_inflate *inflate;
  REQUIRE_OK(wf_inflate_open(&inflate, packed.data, packed.size, &err), err);
  const void *piece;
  size_t n = 1;
  wf_status status = WF_OK;
  while (status == WF_OK && n > 0) {
    status = wf_inflate_next(inflate, &piece, &n, &err);
    if (status == WF_OK) total += n;
  }
  CHECK_EQ_INT(status, WF_LIMIT);
  CHECK_HAS(err.message, "268435456");
  CHECK(total <= WF_TARBALL_MAX_SIZE);
  wf_inflate_close(inflate);
  wf_bytes_dispose(&packed);
}
