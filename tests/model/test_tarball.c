/* test_tarball.c — equal members give equal bytes, and nothing but such bytes is taken. */
#include "model/tarball.h"

#include "base/random.h"
#include "check.h"
#include "tar_bytes.h"

#include <stdlib.h>

enum { N = 2 };

static wf_status unpack(wf_member members[N], const wf_bytes *packed, wf_error *err) {
  members[0] = (wf_member){"a", NULL, 0};
  members[1] = (wf_member){"b", NULL, 0};
  return wf_tarball_unpack(members, N, packed->data, packed->size, err);
}

static void release(wf_member members[N]) {
  for (int i = 0; i < N; i++) wf_free(members[i].data);
}

static wf_bytes pack(char *a, size_t a_size, char *b, size_t b_size) {
  wf_member members[N] = {{"a", a, a_size}, {"b", b, b_size}};
  wf_bytes packed = {0};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_tarball_pack(&packed.data, &packed.size, members, N, &err), err);
  return packed;
}

TEST(tarball_round_trip) {
  char a[] = "first", b[100000];
  for (size_t i = 0; i < sizeof b; i++) b[i] = (char)(i % 251);
  wf_bytes one = pack(a, 5, b, sizeof b), two = pack(a, 5, b, sizeof b);
  CHECK(one.size == two.size && memcmp(one.data, two.data, one.size) == 0);
  static const char gzip_header[] = {0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0}; /* no name, no time */
  CHECK(memcmp(one.data, gzip_header, sizeof gzip_header) == 0);
  wf_member members[N];
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(unpack(members, &one, &err), err);
  CHECK_EQ_STR(members[0].data, "first");
  CHECK(members[1].size == sizeof b && memcmp(members[1].data, b, sizeof b) == 0);
  release(members);
  wf_bytes_dispose(&one);
  wf_bytes_dispose(&two);
}

TEST(tarball_of_empty_members) {
  char nothing[] = "";
  wf_bytes packed = pack(nothing, 0, nothing, 0);
  wf_member members[N];
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(unpack(members, &packed, &err), err);
  CHECK(members[0].data && members[0].size == 0);
  release(members);
  wf_bytes_dispose(&packed);
}

/* What compresses like a bomb is still a tarball that can be unpacked. */
TEST(tarball_of_what_compresses_too_well) {
  size_t size = (size_t)24 << 20;
  char *zeros = calloc(1, size), b[] = "b";
  wf_bytes packed = pack(zeros, size, b, 1);
  wf_member members[N];
  wf_error err = WF_ERROR_INIT;
  CHECK(unpack(members, &packed, &err) == WF_OK);
  CHECK_EQ_STR(err.message, "");
  CHECK(members[0].size == size && memcmp(members[0].data, zeros, size) == 0);
  release(members);
  wf_bytes_dispose(&packed);
  free(zeros);
}

TEST(tarball_too_large_to_pack) {
  char byte = 0, *out = NULL;
  size_t size;
  wf_error err = WF_ERROR_INIT;
  wf_member members[N] = {{"a", &byte, WF_TARBALL_MAX_SIZE}, {"b", &byte, 1}};
  CHECK_FAILS(wf_tarball_pack(&out, &size, members, N, &err), err, WF_LIMIT, "limit");
  members[0].size = SIZE_MAX;
  CHECK_FAILS(wf_tarball_pack(&out, &size, members, N, &err), err, WF_LIMIT, "limit");
  CHECK(out == NULL);
}

static bool pack_and_unpack(void) {
  char a[] = "first", b[] = "second", *out = NULL;
  size_t size = 0;
  wf_member members[N] = {{"a", a, 5}, {"b", b, 6}}, read[N] = {{"a", NULL, 0}, {"b", NULL, 0}};
  bool done = wf_tarball_pack(&out, &size, members, N, NULL) == WF_OK &&
              wf_tarball_unpack(read, N, out, size, NULL) == WF_OK;
  wf_text_free(out);
  release(read);
  return done;
}

TEST(tarball_out_of_memory) { CHECK_OOM_SAFE(pack_and_unpack()); }

/* ---- evil ones ---------------------------------------------------------------------------------
 */

/* Unpacks, expecting that failure and untouched members; disposes of the bytes. */
static void refuse(int line, wf_bytes packed, wf_status expected, const char *part) {
  wf_member members[N];
  wf_error err = WF_ERROR_INIT;
  wf_status status = unpack(members, &packed, &err);
  if (status != expected || !strstr(err.message, part))
    test_fail(__FILE__, line, "%s (%s), expected %s (%s)", wf_status_name(status), err.message,
              wf_status_name(expected), part);
  for (int i = 0; i < N && status != WF_OK; i++) CHECK(!members[i].data && !members[i].size);
  if (status == WF_OK) release(members);
  wf_bytes_dispose(&packed);
}

/* The two members and, between them, what `add` adds. */
#define EVIL(add, status, part)                    \
  do {                                             \
    wf_bytes tar = {0};                            \
    tar_add(&tar, "a", '0', NULL, "aaa", 3);       \
    add;                                           \
    tar_add(&tar, "b", '0', NULL, "bbb", 3);       \
    tar_end(&tar);                                 \
    refuse(__LINE__, gzip_of(&tar), status, part); \
  } while (0)

TEST(tarball_hand_made_is_taken) {
  wf_bytes tar = {0};
  tar_add(&tar, "b", '0', NULL, "bbb", 3);  /* in any order */
  tar_add(&tar, "a", '\0', NULL, "aaa", 3); /* as old tools mark a file */
  tar_end(&tar);
  wf_bytes packed = gzip_of(&tar);
  wf_member members[N];
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(unpack(members, &packed, &err), err);
  CHECK_EQ_STR(members[0].data, "aaa");
  CHECK_EQ_STR(members[1].data, "bbb");
  release(members);
  wf_bytes_dispose(&packed);
}

TEST(tarball_evil_types) {
  EVIL(tar_add(&tar, "x", '2', "/etc/passwd", "", 0), WF_PARSE, "link");
  EVIL(tar_add(&tar, "x", '2', "a", "", 0), WF_PARSE, "link");
  EVIL(tar_add(&tar, "x", '1', "/etc/passwd", "", 0), WF_PARSE, "link");
  EVIL(tar_add(&tar, "x", '1', "a", "", 0), WF_PARSE, "link");
  EVIL(tar_add(&tar, "x", '3', NULL, "", 0), WF_PARSE, "regular");
  EVIL(tar_add(&tar, "x", '4', NULL, "", 0), WF_PARSE, "regular");
  EVIL(tar_add(&tar, "x/", '5', NULL, "", 0), WF_PARSE, "regular");
  EVIL(tar_add(&tar, ".", '5', NULL, "", 0), WF_PARSE, "regular");
  EVIL(tar_add(&tar, "x", '6', NULL, "", 0), WF_PARSE, "regular");
}

TEST(tarball_member_of_another_type) {
  static const struct {
    char type;
    const char *part;
  } cases[] = {{'1', "link"}, {'2', "link"}, {'3', "regular"}, {'5', "regular"}, {'6', "regular"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    wf_bytes tar = {0};
    tar_add(&tar, "a", '0', NULL, "aaa", 3);
    tar_add(&tar, "b", cases[i].type, "a", "", 0);
    tar_end(&tar);
    refuse(__LINE__, gzip_of(&tar), WF_PARSE, cases[i].part);
  }
}

TEST(tarball_evil_names) {
  static const char *const names[] = {
      "c",   "/a", "./a", "../a",      "x/../a", "a/",  "a/b",      "A",    "a ",   " a",
      "a\n", "..", "/",   "/etc/cron", "..\\a",  "a\\", "\xc3\xa1", "\xff", "a%00",
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    EVIL(tar_add(&tar, names[i], '0', NULL, "xxx", 3), WF_PARSE, "member");
}

TEST(tarball_twice_and_missing) {
  EVIL(tar_add(&tar, "a", '0', NULL, "aaa", 3), WF_PARSE, "twice");
  EVIL(tar_add(&tar, "a", '0', NULL, "", 0), WF_PARSE, "twice");
  wf_bytes tar = {0};
  tar_add(&tar, "b", '0', NULL, "bbb", 3);
  tar_end(&tar);
  refuse(__LINE__, gzip_of(&tar), WF_PARSE, "'a' is missing");
  tar_end(&tar);
  refuse(__LINE__, gzip_of(&tar), WF_PARSE, "'a' is missing");
}

TEST(tarball_evil_pax_headers) {
  EVIL((tar_add_pax(&tar, "path", "../../x"), tar_add(&tar, "x", '0', NULL, "x", 1)), WF_PARSE,
       "member '../../x'");
  EVIL((tar_add_pax(&tar, "path", "a"), tar_add(&tar, "x", '0', NULL, "x", 1)), WF_PARSE, "twice");
  EVIL((tar_add_pax(&tar, "linkpath", "/etc/passwd"), tar_add(&tar, "x", '2', NULL, "", 0)),
       WF_PARSE, "member");
  EVIL((tar_add_pax(&tar, "GNU.sparse.major", "1"), tar_add_pax(&tar, "GNU.sparse.minor", "0"),
        tar_add(&tar, "x", '0', NULL, "x", 1)),
       WF_CORRUPT, "tar");
  EVIL((tar_add_pax(&tar, "size", "99999999999999999999"), tar_add(&tar, "x", '0', NULL, "x", 1)),
       WF_CORRUPT, "tar");
  EVIL((tar_add(&tar, "long", 'L', NULL, "/etc/passwd", 12), tar_add(&tar, "x", '0', NULL, "x", 1)),
       WF_PARSE, "/etc/passwd");
}

TEST(tarball_sparse_member) {
  wf_bytes tar = {0};
  tar_add(&tar, "a", '0', NULL, "aaa", 3);
  tar_add_pax(&tar, "GNU.sparse.size", "1000000000000");
  tar_add(&tar, "b", '0', NULL, "bbb", 3);
  tar_end(&tar);
  wf_bytes packed = gzip_of(&tar);
  wf_member members[N];
  wf_error err = WF_ERROR_INIT;
  CHECK(unpack(members, &packed, &err) != WF_OK);
  wf_bytes_dispose(&packed);
}

TEST(tarball_claims_another_size) {
  static const unsigned long long claims[] = {
      4, 512, 100000, 1ull << 28, (1ull << 28) + 1, 8589934591ull};
  for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
    wf_bytes tar = {0};
    tar_add(&tar, "a", '0', NULL, "aaa", 3);
    tar_add_claiming(&tar, "b", "bbb", 3, claims[i]);
    wf_bytes packed = gzip_of(&tar);
    wf_member members[N];
    wf_error err = WF_ERROR_INIT;
    wf_status status = unpack(members, &packed, &err);
    if (claims[i] <= 512)
      CHECK_EQ_INT(status, WF_OK); /* padding is there to be claimed; digests are checked above */
    else
      CHECK(status == WF_CORRUPT || status == WF_LIMIT);
    if (status == WF_OK) release(members);
    wf_bytes_dispose(&packed);
  }
}

TEST(tarball_that_is_none) {
  static const char text[] = "not a tar archive";
  wf_bytes tar = {0};
  wf_bytes_text(&tar, text);
  refuse(__LINE__, gzip_of(&tar), WF_CORRUPT, "tar");
  refuse(__LINE__, gzip_of(&tar), WF_CORRUPT, "tar"); /* gzip of nothing */
  tar_add(&tar, "a", '0', NULL, "aaa", 3);
  tar_add(&tar, "b", '0', NULL, "bbb", 3);
  tar_end(&tar);
  refuse(__LINE__, tar, WF_PARSE, "gzip"); /* not compressed */
}

TEST(tarball_within_two_layers_of_gzip) {
  wf_bytes tar = {0};
  tar_add(&tar, "a", '0', NULL, "aaa", 3);
  tar_add(&tar, "b", '0', NULL, "bbb", 3);
  tar_end(&tar);
  wf_bytes once = gzip_of(&tar);
  refuse(__LINE__, gzip_of(&once), WF_CORRUPT, "tar");
}

TEST(tarball_followed_by_something) {
  wf_bytes tar = {0};
  tar_add(&tar, "a", '0', NULL, "aaa", 3);
  tar_add(&tar, "b", '0', NULL, "bbb", 3);
  tar_end(&tar);
  tar_add(&tar, "c", '0', NULL, "ccc", 3); /* behind the end, where other readers may look */
  tar_end(&tar);
  refuse(__LINE__, gzip_of(&tar), WF_CORRUPT, "follows the end");
}

TEST(tarball_bomb) { refuse(__LINE__, gzip_of_zeros((size_t)1 << 28), WF_LIMIT, "200 times"); }

TEST(tarball_cut_anywhere) {
  char a[] = "first", b[3000];
  memset(b, 'b', sizeof b);
  wf_bytes packed = pack(a, 5, b, sizeof b);
  for (size_t size = 0; size < packed.size; size++) {
    wf_member members[N];
    wf_bytes part = {packed.data, size, 0, false};
    if (unpack(members, &part, NULL) == WF_OK) {
      test_fail(__FILE__, __LINE__, "cut to %zu of %zu bytes", size, packed.size);
      release(members);
    }
  }
  wf_bytes_dispose(&packed);
}

/* Every bit of a tarball: the flip is noticed, or makes no difference (bits that gzip ignores, and
 * runs of zeros that are copied from another place). */
TEST(tarball_with_one_bit_flipped) {
  char a[] = "first", b[] = "second";
  wf_bytes packed = pack(a, 5, b, 6);
  int unnoticed = 0;
  for (size_t bit = 0; bit < packed.size * 8; bit++) {
    packed.data[bit / 8] ^= (char)(1 << (bit % 8));
    wf_member members[N];
    if (unpack(members, &packed, NULL) == WF_OK) {
      unnoticed++;
      CHECK_EQ_STR(members[0].data, "first");
      CHECK_EQ_STR(members[1].data, "second");
      release(members);
    }
    packed.data[bit / 8] ^= (char)(1 << (bit % 8));
  }
  CHECK(unnoticed < (int)packed.size * 2); /* of 8 bits a byte */
  wf_bytes_dispose(&packed);
}

/* Damage inside the tar, behind a right checksum. */
TEST(tarball_with_damaged_headers) {
  wf_bytes good = {0};
  tar_add(&good, "a", '0', NULL, "aaa", 3);
  tar_add(&good, "b", '0', NULL, "bbb", 3);
  tar_end(&good);
  wf_random random;
  wf_random_seed(&random, 20261122, 3);
  for (int round = 0; round < 3000; round++) {
    wf_bytes tar = {0};
    wf_bytes_add(&tar, good.data, good.size);
    for (uint64_t i = 1 + wf_random_below(&random, 3); i; i--)
      tar.data[wf_random_below(&random, 2048)] = (char)wf_random_below(&random, 256);
    wf_bytes packed = gzip_of(&tar);
    wf_member members[N];
    if (unpack(members, &packed, NULL) == WF_OK) release(members);
    wf_bytes_dispose(&packed);
  }
  wf_bytes_dispose(&good);
}
