/* test_object.c — names, and reading with proof. */
#include "store/object.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* SHA-256 of "abc": FIPS 180-2, appendix B.1 */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

TEST(object_name) {
  wf_object_name name;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_object_name_parse(&name, ABC, &err), err);
  CHECK_EQ_STR(name.shard, "ba");
  CHECK_EQ_STR(name.file, &ABC[2]);
  CHECK_EQ_STR(name.text, ABC);
}

TEST(object_name_refused) {
  static const char *const bad[] = {
      "",
      "ba",
      "../../../../etc/passwd",
      "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
      ABC "0",
      "/a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "..7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a\n",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    wf_object_name name;
    wf_error err = WF_ERROR_INIT;
    CHECK_FAILS(wf_object_name_parse(&name, bad[i], &err), err, WF_INVALID, "is not a digest");
  }
}

static int abc_directory(const char *bytes, size_t size) {
  mkdir(test_path("ba"), 0700);
  test_write("ba/"
             "7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
             bytes, size);
  return open(test_dir(), WF_OPEN_DIRECTORY);
}

static wf_status load_abc(int root, char **data, size_t *size, wf_error *err) {
  wf_object_name name;
  if (wf_object_name_parse(&name, ABC, err) != WF_OK) return WF_INVALID;
  int fd = wf_object_open(root, &name);
  if (fd < 0) return wf_fail_errno(err, errno, "open");
  wf_status status = wf_object_load(data, size, fd, &name, "store", err);
  close(fd);
  return status;
}

TEST(object_load) {
  int root = abc_directory("abc", 3);
  wf_error err = WF_ERROR_INIT;
  char *data = NULL;
  size_t size = 0;
  CHECK(load_abc(root, &data, &size, &err) == WF_OK);
  CHECK_EQ_INT(size, 3);
  if (data) CHECK_EQ_STR(data, "abc");
  wf_text_free(data);
  close(root);
}

TEST(object_load_damaged) {
  static const char *const damaged[] = {"abd", "ab", "abcd", ""};
  for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
    int root = abc_directory(damaged[i], strlen(damaged[i]));
    wf_error err = WF_ERROR_INIT;
    char *data = NULL;
    size_t size = 7;
    CHECK_FAILS(load_abc(root, &data, &size, &err), err, WF_CORRUPT, ABC);
    CHECK(data == NULL && size == 7);
    close(root);
  }
}

TEST(object_open_refuses_what_is_no_file) {
  const char *file = test_path("ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const char *abc = test_write("elsewhere", "abc", 3);
  wf_object_name name;
  REQUIRE(wf_object_name_parse(&name, ABC, NULL) == WF_OK);
  mkdir(test_path("ba"), 0700);
  int root = open(test_dir(), WF_OPEN_DIRECTORY);
  CHECK(wf_object_open(root, &name) == -1 && errno == ENOENT);
  REQUIRE(symlink(abc, file) == 0);
  CHECK(wf_object_open(root, &name) == -1 && errno == ELOOP);
  unlink(file);
  REQUIRE(mkfifo(file, 0600) == 0);
  CHECK(wf_object_open(root, &name) == -1 && errno == ELOOP);
  unlink(file);
  REQUIRE(mkdir(file, 0700) == 0);
  CHECK(wf_object_open(root, &name) == -1 && errno == ELOOP);
  close(root);
}

TEST(object_shard_may_not_be_a_link) {
  REQUIRE(mkdir(test_path("real"), 0700) == 0);
  test_write("real/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abc", 3);
  REQUIRE(symlink("real", test_path("ba")) == 0);
  wf_object_name name;
  REQUIRE(wf_object_name_parse(&name, ABC, NULL) == WF_OK);
  int root = open(test_dir(), WF_OPEN_DIRECTORY);
  CHECK(wf_object_open(root, &name) == -1);
  close(root);
}

TEST(object_hash_copies) {
  wf_error err = WF_ERROR_INIT;
  int from = open(test_write("from", "abc", 3), O_RDONLY);
  int to = open(test_path("to"), O_RDWR | O_CREAT, 0600);
  wf_digest digest;
  wf_object_stream stream = {from, to, "from", "to"};
  REQUIRE_OK(wf_object_hash(&digest, &stream, &err), err);
  char text[WF_DIGEST_TEXT], copy[4] = "";
  wf_digest_format(&digest, text);
  CHECK_EQ_STR(text, ABC);
  CHECK(pread(to, copy, 4, 0) == 3);
  CHECK_EQ_STR(copy, "abc");
  close(from);
  close(to);
}

TEST(object_hash_names_the_target_that_is_full) {
  int full = open("/dev/full", O_WRONLY);
  if (full < 0) SKIP("no /dev/full");
  int from = open(test_write("from", "abc", 3), O_RDONLY);
  wf_error err = WF_ERROR_INIT;
  wf_digest digest;
  wf_object_stream stream = {from, full, "from", "the/target"};
  CHECK_FAILS(wf_object_hash(&digest, &stream, &err), err, WF_IO, "the/target");
  close(from);
  close(full);
}
