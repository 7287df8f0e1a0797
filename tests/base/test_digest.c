#include "base/digest.h"

#include "check.h"

#include <stdlib.h>

static const char *digest_text(const void *data, size_t size) {
  static char text[WF_DIGEST_TEXT];
  wf_digest digest;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_digest_bytes(&digest, data, size, &err), err);
  wf_digest_format(&digest, text);
  return text;
}

/* FIPS 180-2, appendix B, and the empty message. */
TEST(published_digests) {
  CHECK_EQ_STR(digest_text("", 0),
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK_EQ_STR(digest_text("abc", 3),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  CHECK_EQ_STR(digest_text(two_blocks, sizeof two_blocks - 1),
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(a_million_letters_in_pieces) {
  wf_hasher *hasher;
  wf_digest digest;
  char text[WF_DIGEST_TEXT], letters[1000];
  wf_error err = WF_ERROR_INIT;
  memset(letters, 'a', sizeof letters);
  REQUIRE_OK(wf_hasher_new(&hasher, &err), err);
  for (int i = 0; i < 1000; i++) wf_hasher_add(hasher, letters, sizeof letters);
  REQUIRE_OK(wf_hasher_finish(hasher, &digest, &err), err);
  wf_digest_format(&digest, text);
  CHECK_EQ_STR(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static wf_digest digest_of_fields(const char *a, const char *b) {
  wf_hasher *hasher;
  wf_digest digest;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_hasher_new(&hasher, &err), err);
  wf_hasher_add_field(hasher, a, strlen(a));
  wf_hasher_add_field(hasher, b, strlen(b));
  REQUIRE_OK(wf_hasher_finish(hasher, &digest, &err), err);
  return digest;
}

TEST(fields_do_not_run_into_each_other) {
  wf_digest ab_c = digest_of_fields("ab", "c"), a_bc = digest_of_fields("a", "bc"), plain;
  wf_error err = WF_ERROR_INIT;
  CHECK(!wf_digest_equal(&ab_c, &a_bc));
  static const char bytes[] = "\2\0\0\0\0\0\0\0ab\1\0\0\0\0\0\0\0c";
  REQUIRE_OK(wf_digest_bytes(&plain, bytes, sizeof bytes - 1, &err), err);
  CHECK(wf_digest_equal(&ab_c, &plain));
}

/* Sizes around the chunk in which files are read. */
TEST(a_file_has_the_digest_of_its_bytes) {
  static char bytes[(1 << 18) + 1];
  wf_error err = WF_ERROR_INIT;
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i * 31 >> 3);
  for (size_t size = sizeof bytes - 2; size <= sizeof bytes; size++) {
    wf_digest of_file, of_bytes;
    REQUIRE_OK(wf_digest_file(&of_file, test_write("file", bytes, size), &err), err);
    REQUIRE_OK(wf_digest_bytes(&of_bytes, bytes, size, &err), err);
    CHECK(wf_digest_equal(&of_file, &of_bytes));
  }
  wf_digest untouched = {{7}};
  CHECK_FAILS(wf_digest_file(&untouched, test_path("absent"), &err), err, WF_NOTFOUND, "absent");
  CHECK_FAILS(wf_digest_file(&untouched, test_dir(), &err), err, WF_IO, "directory");
  CHECK_EQ_INT(untouched.bytes[0], 7);
}

TEST(digest_text_goes_both_ways) {
  char text[WF_DIGEST_TEXT];
  wf_digest digest, back = {{0}};
  for (int i = 0; i < WF_DIGEST_SIZE; i++) digest.bytes[i] = (uint8_t)(i * 37 + 5);
  wf_digest_format(&digest, text);
  CHECK_EQ_INT(strlen(text), 64);
  CHECK(wf_digest_parse(text, &back) && wf_digest_equal(&digest, &back));
  back.bytes[31] ^= 1;
  CHECK(!wf_digest_equal(&digest, &back));
  char bad[70];
  snprintf(bad, sizeof bad, "%s0", text);
  CHECK(!wf_digest_parse(bad, &back));
  bad[63] = '\0';
  CHECK(!wf_digest_parse(bad, &back));
  CHECK(!wf_digest_parse("", &back));
  for (const char *c = "AGg/: \x80"; *c; c++) { /* upper case and what surrounds the digits */
    snprintf(bad, sizeof bad, "%s", text);
    bad[40] = *c;
    CHECK(!wf_digest_parse(bad, &back));
  }
}

static bool hash_twice(const char *path) {
  wf_digest digest;
  wf_error err;
  return wf_digest_bytes(&digest, "x", 1, &err) == WF_OK &&
         wf_digest_file(&digest, path, &err) == WF_OK;
}

TEST(digests_survive_missing_memory) {
  const char *path = test_write("file", "abc", 3);
  CHECK_OOM_SAFE(hash_twice(path));
  wf_hasher *hasher;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_hasher_new(&hasher, &err), err);
  wf_hasher_free(hasher); /* abandoned */
  wf_hasher_free(NULL);
}
