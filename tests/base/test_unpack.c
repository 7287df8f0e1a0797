/* Compressed bytes in pieces of any size, from memory and from files: the same as all at once. */
#include "check.h"

#include "base/bytes.h"
#include "base/random.h"
#include "base/unpack.h"
#include "packed_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Hard to compress in parts, so that what is compressed is larger than a buffer. */
static wf_bytes make_text(void) {
  wf_random random;
  wf_random_seed(&random, 21, 0);
  wf_bytes text = {0};
  for (int i = 0; i < 30000; i++) {
    wf_bytes_format(&text, "%llx,the same again and again\n",
                    (unsigned long long)wf_random_u64(&random));
  }
  return text;
}

/* Several members or frames, one after the other; false: the build cannot. */
static bool make_packed(wf_bytes *out, const wf_bytes *text, const char *name, int n) {
  const char *path = test_path(name);
  if (test_write_packed(path, text->data, text->size, text->size, 1, NULL) != WF_OK) return false;
  char data[1 << 16];
  for (int i = 0; i < n; i++) {
    FILE *file = fopen(path, "rb");
    for (size_t got; (got = fread(data, 1, sizeof data, file)) > 0;) wf_bytes_add(out, data, got);
    fclose(file);
  }
  return true;
}

/* Reads to the end in pieces; what came out must be the text `n` times. */
static void check_pieces(wf_unpacker *u, const wf_bytes *text, int n, uint64_t seed) {
  wf_error err = WF_ERROR_INIT;
  wf_random random;
  wf_random_seed(&random, seed, 0);
  wf_bytes all = {0};
  static char piece[1 << 17];
  for (size_t size = 0, got = 0; got == size;) {
    size = 1 + (size_t)wf_random_below(&random, seed % 2 ? 100 : sizeof piece);
    REQUIRE_OK(wf_unpacker_read(u, piece, size, &got, &err), err);
    wf_bytes_add(&all, piece, got);
  }
  CHECK_EQ_INT(all.size, text->size * (size_t)n);
  for (int i = 0; i < n && all.size == text->size * (size_t)n; i++)
    CHECK(memcmp(all.data + text->size * (size_t)i, text->data, text->size) == 0);
  wf_bytes_dispose(&all);
}

static void check_format(const char *name, bool padded) {
  wf_error err = WF_ERROR_INIT;
  wf_bytes text = make_text(), packed = {0};
  if (!make_packed(&packed, &text, name, 3)) SKIP("no %s", name);
  size_t size = packed.size;
  REQUIRE(size > 1 << 19);
  for (int i = 0; padded && i < 300000; i++) wf_bytes_char(&packed, '\0');
  const char *path = test_write("pieces", packed.data, packed.size);
  for (uint64_t seed = 1; seed <= 4; seed++) {
    wf_unpacker *u;
    REQUIRE_OK(wf_unpacker_of_bytes(&u, packed.data, packed.size, &err), err);
    check_pieces(u, &text, 3, seed);
    wf_unpacker_free(u);
    int fd = open(path, O_RDONLY);
    REQUIRE_OK(wf_unpacker_of_file(&u, fd, &err), err);
    check_pieces(u, &text, 3, seed);
    CHECK_EQ_INT(wf_unpacker_used(u), packed.size);
    wf_unpacker_free(u);
    close(fd);
  }
  wf_bytes_dispose(&packed);
  wf_bytes_dispose(&text);
}

TEST(unpack_gzip_in_pieces) { check_format("u.gz", false); }
TEST(unpack_gzip_with_zeros_behind) { check_format("u.gz", true); }
TEST(unpack_zstd_in_pieces) { check_format("u.zst", false); }

/* The status of reading all of it from a file. */
static wf_status read_all(const char *data, size_t size) {
  int fd = open(test_write("damaged", data, size), O_RDONLY);
  wf_unpacker *u = NULL;
  static char piece[1 << 16];
  wf_status status = wf_unpacker_of_file(&u, fd, NULL);
  for (size_t n = sizeof piece; status == WF_OK && n == sizeof piece;)
    status = wf_unpacker_read(u, piece, sizeof piece, &n, NULL);
  wf_unpacker_free(u);
  close(fd);
  return status;
}

static void check_damage(const char *name) {
  wf_bytes text = make_text(), packed = {0};
  if (!make_packed(&packed, &text, name, 2)) SKIP("no %s", name);
  wf_random random;
  wf_random_seed(&random, 5, 0);
  CHECK_EQ_INT(read_all(packed.data, packed.size), WF_OK);
  for (int i = 0; i < 40; i++) {
    size_t cut = 1 + (size_t)wf_random_below(&random, packed.size - 1);
    if (cut != packed.size / 2) CHECK_EQ_INT(read_all(packed.data, cut), WF_CORRUPT);
  }
  wf_bytes_text(&packed, "junk");
  CHECK_EQ_INT(read_all(packed.data, packed.size), WF_CORRUPT);
  if (strstr(name, "gz")) { /* zstd frames need not have one */
    packed.data[packed.size - 4 - 6] ^= 1;
    CHECK_EQ_INT(read_all(packed.data, packed.size - 4), WF_CORRUPT);
  }
  wf_bytes_dispose(&packed);
  wf_bytes_dispose(&text);
}

TEST(unpack_damaged_gzip) { check_damage("d.gz"); }
TEST(unpack_damaged_zstd) { check_damage("d.zst"); }

static bool unpack_small(const char *path) {
  char out[100];
  size_t n;
  int fd = open(path, O_RDONLY);
  wf_unpacker *u = NULL;
  bool ok = wf_unpacker_of_file(&u, fd, NULL) == WF_OK;
  ok = ok && wf_unpacker_read(u, out, sizeof out, &n, NULL) == WF_OK && n == 5;
  wf_unpacker_free(u);
  close(fd);
  return ok;
}

TEST(unpack_out_of_memory) {
  const char *path = test_path("o.gz");
  REQUIRE(test_write_packed(path, "hello", 5, 5, 1, NULL) == WF_OK);
  CHECK_OOM_SAFE(unpack_small(path));
}
