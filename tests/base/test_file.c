#include "base/file.h"

#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

TEST(files_are_read_whole) {
  static char bytes[10000];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i * 7);
  static const size_t sizes[] = {0, 1, 4094, 4095, 4096, 4097, 8192, 10000};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    char *data;
    size_t size;
    wf_error err = WF_ERROR_INIT;
    REQUIRE_OK(wf_file_read(test_write("f", bytes, sizes[s]), 0, &data, &size, &err), err);
    CHECK_EQ_INT(size, sizes[s]);
    CHECK(memcmp(data, bytes, size) == 0 && data[size] == '\0');
    wf_free(data);
  }
}

TEST(a_limit_on_size_is_kept) {
  char *data = NULL;
  size_t size = 77;
  wf_error err = WF_ERROR_INIT;
  const char *path = test_write("f", "12345", 5);
  CHECK_FAILS(wf_file_read(path, 4, &data, &size, &err), err, WF_LIMIT, "limit of 4 bytes");
  CHECK_HAS(err.message, path);
  CHECK(data == NULL && size == 77);
  REQUIRE_OK(wf_file_read(path, 5, &data, &size, &err), err);
  CHECK_EQ_INT(size, 5);
  wf_free(data);
}

/* /proc files state size 0 and have contents; a huge sparse file must not be believed. */
TEST(stated_sizes_are_not_trusted) {
  char *data;
  size_t size;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_file_read("/proc/self/status", 0, &data, &size, &err), err);
  CHECK(size > 100);
  CHECK_HAS(data, "Name:");
  wf_free(data);
  const char *path = test_write("sparse", "x", 1);
  REQUIRE(truncate(path, (off_t)1 << 42) == 0);
  CHECK_FAILS(wf_file_read(path, 1000, &data, &size, &err), err, WF_LIMIT, "sparse");
}

TEST(what_cannot_be_read_is_named) {
  char *data = NULL;
  size_t size;
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_file_read(test_path("absent"), 0, &data, &size, &err), err, WF_NOTFOUND, "absent");
  CHECK_FAILS(wf_file_read(test_dir(), 0, &data, &size, &err), err, WF_IO, "is a directory");
  CHECK_FAILS(wf_file_read("", 0, &data, &size, &err), err, WF_NOTFOUND, "No such file");
  const char *in_file = test_write("f", "", 0);
  char below[400];
  snprintf(below, sizeof below, "%s/x", in_file);
  CHECK_FAILS(wf_file_read(below, 0, &data, &size, &err), err, WF_IO, "Not a directory");
  CHECK(data == NULL);
}

static int count_entries(const char *path) {
  int n = 0;
  DIR *listing = opendir(path);
  while (listing && readdir(listing)) n++;
  if (listing) closedir(listing);
  return n - 2; /* . and .. */
}

TEST(writing_replaces) {
  const char *path = test_path("f");
  char *data;
  size_t size;
  wf_error err = WF_ERROR_INIT;
  struct stat info;
  REQUIRE_OK(wf_file_write(path, "first, longer", 13, 0600, &err), err);
  REQUIRE_OK(wf_file_write(path, "second", 6, 0640, &err), err);
  REQUIRE_OK(wf_file_read(path, 0, &data, &size, &err), err);
  CHECK_EQ_STR(data, "second");
  wf_free(data);
  CHECK(stat(path, &info) == 0 && (info.st_mode & 0777) == 0640);
  CHECK_EQ_INT(count_entries(test_dir()), 1);
}

TEST(a_write_that_fails_leaves_nothing) {
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_file_write(test_path("no/such/f"), "x", 1, 0600, &err), err, WF_NOTFOUND,
              "no/such/f");
  REQUIRE(mkdir(test_path("taken"), 0700) == 0);
  CHECK_FAILS(wf_file_write(test_path("taken"), "x", 1, 0600, &err), err, WF_IO, "taken");
  CHECK_EQ_INT(count_entries(test_dir()), 1);
  CHECK_EQ_INT(count_entries(test_path("taken")), 0);
}

/* A file name without a directory part is written beside the process. */
TEST(a_bare_name_is_in_the_working_directory) {
  char before[4096];
  wf_error err = WF_ERROR_INIT;
  REQUIRE(getcwd(before, sizeof before) && chdir(test_dir()) == 0);
  wf_status status = wf_file_write("bare", "x", 1, 0600, &err);
  int found = access("bare", R_OK);
  REQUIRE(chdir(before) == 0);
  CHECK_EQ_INT(status, WF_OK);
  CHECK_EQ_INT(found, 0);
}

TEST(directories_are_made_along_the_path) {
  wf_error err = WF_ERROR_INIT;
  struct stat info;
  REQUIRE_OK(wf_make_directories(test_path("a/b//c/"), 0700, &err), err);
  CHECK(stat(test_path("a/b/c"), &info) == 0 && S_ISDIR(info.st_mode));
  CHECK_EQ_INT(info.st_mode & 0777, 0700);
  REQUIRE_OK(wf_make_directories(test_path("a/b/c"), 0700, &err), err);
  REQUIRE_OK(wf_make_directories("/", 0700, &err), err);
  test_write("f", "", 0);
  CHECK_FAILS(wf_make_directories(test_path("f"), 0700, &err), err, WF_IO, "not a directory");
  CHECK_FAILS(wf_make_directories(test_path("f/g"), 0700, &err), err, WF_IO, "f/g");
  CHECK_FAILS(wf_make_directories("", 0700, &err), err, WF_INVALID, "empty");
  REQUIRE_OK(wf_sync_directory(test_dir(), &err), err);
  CHECK_FAILS(wf_sync_directory(test_path("absent"), &err), err, WF_NOTFOUND, "absent");
}

TEST(paths_join) {
  static const char *const cases[][3] = {
      {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"/", "b", "/b"}, {"a", "", "a/"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *path = wf_path_join(cases[i][0], cases[i][1]);
    CHECK_EQ_STR(path, cases[i][2]);
    wf_free(path);
  }
}

static void *drain(void *argument) {
  int fd = *(int *)argument;
  size_t total = 0;
  char buffer[4096];
  for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;) total += (size_t)n;
  return (void *)total;
}

TEST(write_all_outlasts_a_small_pipe) {
  static char bytes[1 << 20];
  int ends[2];
  pthread_t reader;
  void *total = NULL;
  REQUIRE(pipe(ends) == 0);
  REQUIRE(pthread_create(&reader, NULL, drain, &ends[0]) == 0);
  CHECK(wf_write_all(ends[1], bytes, sizeof bytes));
  close(ends[1]);
  pthread_join(reader, &total);
  close(ends[0]);
  CHECK_EQ_INT((size_t)total, sizeof bytes);
  CHECK(!wf_write_all(-1, "x", 1) && errno == EBADF);
  CHECK(wf_write_all(-1, "", 0));
}

static bool write_and_read(const char *path, const char *directory) {
  char *data = NULL;
  size_t size;
  wf_error err;
  bool ok = wf_make_directories(directory, 0700, &err) == WF_OK &&
            wf_file_write(path, "abc", 3, 0600, &err) == WF_OK &&
            wf_file_read(path, 0, &data, &size, &err) == WF_OK;
  char *joined = ok ? wf_path_join("a", "b") : NULL;
  ok = ok && joined;
  wf_free(joined);
  wf_free(data);
  return ok;
}

TEST(files_survive_missing_memory) {
  const char *path = test_path("d/f"), *directory = test_path("d");
  CHECK_OOM_SAFE(write_and_read(path, directory));
}

TEST(file_has_one_owner) {
  const char *path = test_write("owned", "x", 1);
  int first = open(path, O_RDONLY | O_CLOEXEC), second = open(path, O_RDONLY | O_CLOEXEC);
  REQUIRE(first >= 0 && second >= 0);
  CHECK(wf_file_own(first));
  CHECK(wf_file_own(first));
  CHECK(!wf_file_own(second));
  close(first);
  CHECK(wf_file_own(second));
  unlink(path);
  CHECK(!wf_file_own(second)); /* it has no name any more */
  close(second);
}
