/* Compressed files: gzip by content and ending, zstd where the build has it. */
#include "check.h"

#include "base/file.h"
#include "base/gzip.h"
#include "base/packed.h"
#include "base/random.h"
#include "packed_file.h"

#include <stdlib.h>
#include <zlib.h>

/* One member in memory. */
static wf_status gzip(char **out, size_t *out_size, const char *data, size_t size, wf_error *err) {
  wf_bytes packed = {0};
  wf_gzip_begin(&packed);
  wf_status status = wf_gzip_part(&packed, data, size, err);
  wf_gzip_end(&packed, wf_gzip_check(data, size), size);
  if (status == WF_OK) return wf_bytes_take(&packed, out, out_size, err);
  wf_bytes_dispose(&packed);
  return status;
}

/* ---- gzip ------------------------------------------------------------------------------------ */

TEST(gzip_round_trip_and_members) {
  wf_error err = WF_ERROR_INIT;
  char *big = malloc(300000), *packed, *again, *two;
  size_t packed_size, size;
  for (int i = 0; i < 300000; i++) big[i] = (char)('a' + i % 1000 * (i % 1000) % 23);
  REQUIRE_OK(gzip(&packed, &packed_size, big, 300000, &err), err);
  REQUIRE_OK(wf_packed_open(&again, &size, packed, packed_size, &err), err);
  CHECK_EQ_INT(size, 300000);
  CHECK(memcmp(again, big, 300000) == 0);
  wf_free(again);
  two = malloc(2 * packed_size); /* one member after the other is one file */
  memcpy(two, packed, packed_size);
  memcpy(two + packed_size, packed, packed_size);
  REQUIRE_OK(wf_packed_open(&again, &size, two, 2 * packed_size, &err), err);
  CHECK_EQ_INT(size, 600000);
  wf_free(again);
  wf_free(packed);
  free(two);
  free(big);
}

/* Zeros behind the last member fill up a tape's block; anything else is damage, and said to be. */
TEST(gzip_bytes_behind) {
  wf_error err = WF_ERROR_INIT;
  char *packed, *again = NULL, behind[512] = {0};
  size_t size, n;
  REQUIRE_OK(gzip(&packed, &size, "abc", 3, &err), err);
  REQUIRE(size + 8 < sizeof behind);
  memcpy(behind, packed, size);
  REQUIRE_OK(wf_packed_open(&again, &n, behind, sizeof behind, &err), err);
  CHECK(n == 3 && memcmp(again, "abc", 3) == 0);
  wf_free(again);
  memcpy(behind + size, "garbage", 7);
  CHECK_FAILS(wf_packed_open(&again, &n, behind, size + 7, &err), err, WF_CORRUPT,
              "behind the gzip data");
  memcpy(behind + size, "\x1f\x8b", 2);
  CHECK_FAILS(wf_packed_open(&again, &n, behind, size + 1, &err), err, WF_CORRUPT, "too early");
  wf_free(packed);
}

TEST(gzip_damage) {
  wf_error err = WF_ERROR_INIT;
  char *packed, *again = NULL;
  size_t packed_size, size;
  const char *text = "a,b\n1,2\n1,2\n1,2\n1,2\n";
  REQUIRE_OK(gzip(&packed, &packed_size, text, strlen(text), &err), err);
  for (size_t cut = 0; cut < packed_size; cut++) {
    wf_status status = wf_packed_open(&again, &size, packed, cut, &err);
    if (status != WF_CORRUPT) test_fail(__FILE__, __LINE__, "cut at %zu: %d", cut, status);
  }
  for (size_t i = 10; i < packed_size; i++) { /* behind the header, whose flags may change freely */
    packed[i] ^= 0x10;
    wf_status status = wf_packed_open(&again, &size, packed, packed_size, &err);
    if (status == WF_OK) { /* bits that fill up a byte mean nothing */
      CHECK_EQ_STR(again, text);
      wf_free(again);
    } else {
      CHECK_EQ_INT(status, WF_CORRUPT);
    }
    packed[i] ^= 0x10;
  }
  wf_free(packed);
}

static bool inflate_and_free(const char *packed, size_t size) {
  char *text = NULL;
  size_t n;
  bool ok = wf_packed_open(&text, &n, packed, size, NULL) == WF_OK;
  wf_free(text);
  return ok;
}

TEST(gzip_out_of_memory) {
  wf_error err = WF_ERROR_INIT;
  char *packed;
  size_t size;
  REQUIRE_OK(gzip(&packed, &size, "hello", 5, &err), err);
  CHECK_OOM_SAFE(inflate_and_free(packed, size));
  wf_free(packed);
}

/* ---- files by their ending and content ---------------------------------------------------------
 */

static void check_file(const char *name, const char *begins) {
  wf_error err = WF_ERROR_INIT;
  char text[5000], *data;
  size_t size;
  for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + i * i % 7);
  const char *path = test_path(name);
  wf_status status = test_write_packed(path, text, sizeof text, 300, 2, &err);
  if (status == WF_UNSUPPORTED) SKIP("%s", err.message);
  REQUIRE_OK(status, err);
  REQUIRE_OK(wf_packed_read(path, &data, &size, &err), err);
  CHECK_EQ_INT(size, sizeof text);
  CHECK(memcmp(data, text, sizeof text) == 0);
  wf_free(data);
  FILE *file = fopen(path, "rb");
  char head[4] = "";
  CHECK(fread(head, 1, 4, file) == 4);
  fclose(file);
  CHECK(memcmp(head, begins, strlen(begins)) == 0);
}

TEST(packed_gzip_file) { check_file("x.gz", "\x1f\x8b"); }
TEST(packed_zstd_file) { check_file("x.zst", "\x28\xb5\x2f\xfd"); }
TEST(packed_plain_file) { check_file("x.txt", "abec"); }

TEST(packed_zstd_damage) {
  wf_error err = WF_ERROR_INIT;
  const char *path = test_path("x.zst");
  wf_status status = test_write_packed(path, "hello hello hello", 17, 17, 1, &err);
  if (status == WF_UNSUPPORTED) SKIP("%s", err.message);
  REQUIRE_OK(status, err);
  char packed[100], *data = NULL;
  FILE *file = fopen(path, "rb");
  size_t size = fread(packed, 1, sizeof packed, file);
  fclose(file);
  for (size_t cut = 4; cut < size; cut++) {
    CHECK_FAILS(wf_packed_open(&data, &cut, packed, cut, &err), err, WF_CORRUPT, "zstd");
  }
  memcpy(packed + size, packed, size); /* one frame after the other is one file */
  size_t n = 0;
  REQUIRE_OK(wf_packed_open(&data, &n, packed, 2 * size, &err), err);
  CHECK_EQ_INT(n, 34);
  wf_free(data);
  CHECK_FAILS(wf_packed_open(&data, &n, packed, size + 2, &err), err, WF_CORRUPT, "zstd");
  memcpy(packed + size, "junk", 4);
  CHECK_FAILS(wf_packed_open(&data, &n, packed, size + 4, &err), err, WF_CORRUPT, "zstd");
}

static bool write_and_read(const char *path) {
  char *data = NULL;
  size_t size;
  bool ok = test_write_packed(path, "hello", 5, 1, 1, NULL) == WF_OK &&
            wf_packed_read(path, &data, &size, NULL) == WF_OK;
  wf_free(data);
  return ok;
}

TEST(packed_out_of_memory) {
  CHECK_OOM_SAFE(write_and_read(test_path("x.gz")));
  wf_status status = test_write_packed(test_path("x.zst"), "a", 1, 1, 1, NULL);
  if (status == WF_OK) CHECK_OOM_SAFE(write_and_read(test_path("x.zst")));
}

/* Parts of any size, with any number of threads: the same file, which holds the bytes. */
static void check_parts(const char *path, size_t size, size_t part) {
  wf_error err = WF_ERROR_INIT;
  char *text = wf_alloc(size), *first = NULL, *again = NULL, *data = NULL;
  size_t first_size = 0, again_size = 0, n = 0;
  wf_random random;
  wf_random_seed(&random, size + part, 0);
  for (size_t i = 0; i < size; i++) {
    bool repeated = i > 100 && wf_random_below(&random, 30) != 0;
    text[i] = repeated ? text[i - 37] : (char)wf_random_below(&random, 256);
  }
  wf_status status = test_write_packed(path, text, size, part, 1, &err);
  if (status == WF_UNSUPPORTED) SKIP("%s", err.message);
  REQUIRE_OK(status, err);
  REQUIRE_OK(wf_file_read(path, 0, &first, &first_size, &err), err);
  REQUIRE_OK(test_write_packed(path, text, size, part, 8, &err), err);
  REQUIRE_OK(wf_file_read(path, 0, &again, &again_size, &err), err);
  CHECK(first_size == again_size && memcmp(first, again, first_size) == 0);
  REQUIRE_OK(wf_packed_read(path, &data, &n, &err), err);
  CHECK(n == size && (size == 0 || memcmp(data, text, size) == 0));
  wf_free(text);
  wf_free(first);
  wf_free(again);
  wf_free(data);
}

static void check_all_parts(const char *path) {
  static const size_t sizes[] = {0, 1, 7, 4000, 70000, 1000000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    check_parts(path, sizes[i], 1 + sizes[i] / 50);
    check_parts(path, sizes[i], 1 + sizes[i]);
  }
}

TEST(packed_gzip_parts) { check_all_parts(test_path("x.gz")); }
TEST(packed_zstd_parts) { check_all_parts(test_path("x.zst")); }

/* A member as the gzip program reads it: zlib checks its end. */
TEST(packed_gzip_is_one_member) {
  enum { N = 200000 };
  wf_error err = WF_ERROR_INIT;
  const char *path = test_path("x.gz");
  char *text = wf_alloc(N), *back = wf_alloc(N + 1);
  for (int i = 0; i < N; i++) text[i] = (char)('a' + i % 1000 * (i / 7 % 1000) % 11);
  REQUIRE_OK(test_write_packed(path, text, N, 1000, 3, &err), err);
  gzFile file = gzopen(path, "rb");
  REQUIRE(file);
  CHECK_EQ_INT(gzread(file, back, N + 1), N);
  CHECK(memcmp(text, back, N) == 0);
  CHECK_EQ_INT(gzclose(file), Z_OK);
  wf_free(text);
  wf_free(back);
}
