/* test_temporary.c — files that are being written, and those whose writer died. */
#include "store/temporary.h"

#include "base/file.h"
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int directory(const char *name) {
  const char *path = test_path(name);
  mkdir(path, 0700);
  return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int count_files(const char *name) {
  int n = 0;
  DIR *listing = opendir(test_path(name));
  for (struct dirent *item; listing && (item = readdir(listing));) n += item->d_name[0] != '.';
  if (listing) closedir(listing);
  return n;
}

TEST(temporary_publish) {
  int tmp = directory("tmp"), target = directory("target");
  wf_error err = WF_ERROR_INIT;
  wf_temporary temporary;
  REQUIRE_OK(wf_temporary_open(&temporary, tmp, "tmp", &err), err);
  CHECK(wf_write_all(temporary.fd, "abc", 3));
  bool fsync_failed = false;
  CHECK_EQ_INT(wf_temporary_publish(&temporary, target, "name", &fsync_failed), 0);
  CHECK(!fsync_failed);
  CHECK_EQ_INT(count_files("tmp"), 0);
  struct stat info;
  REQUIRE(stat(test_path("target/name"), &info) == 0);
  CHECK_EQ_INT(info.st_size, 3);
  CHECK_EQ_INT(info.st_mode & 07777, 0400);
  close(tmp);
  close(target);
}

TEST(temporary_publish_fails_without_a_trace) {
  int tmp = directory("tmp"), target = directory("target");
  REQUIRE(mkdir(test_path("target/name"), 0700) == 0);
  wf_error err = WF_ERROR_INIT;
  wf_temporary temporary;
  REQUIRE_OK(wf_temporary_open(&temporary, tmp, "tmp", &err), err);
  bool fsync_failed = false;
  CHECK_EQ_INT(wf_temporary_publish(&temporary, target, "name", &fsync_failed), EISDIR);
  CHECK(!fsync_failed);
  CHECK_EQ_INT(count_files("tmp"), 0);
  close(tmp);
  close(target);
}

TEST(temporary_discard) {
  int tmp = directory("tmp");
  wf_error err = WF_ERROR_INIT;
  wf_temporary a, b;
  REQUIRE_OK(wf_temporary_open(&a, tmp, "tmp", &err), err);
  REQUIRE_OK(wf_temporary_open(&b, tmp, "tmp", &err), err);
  CHECK(strcmp(a.name, b.name) != 0);
  CHECK_EQ_INT(count_files("tmp"), 2);
  wf_temporary_discard(&a);
  wf_temporary_discard(&b);
  CHECK_EQ_INT(count_files("tmp"), 0);
  close(tmp);
}

TEST(temporary_sweep_spares_the_living) {
  int tmp = directory("tmp");
  test_write("tmp/left-behind", "x", 1);
  wf_error err = WF_ERROR_INIT;
  wf_temporary living;
  REQUIRE_OK(wf_temporary_open(&living, tmp, "tmp", &err), err);
  wf_temporary_sweep(directory("tmp"));
  CHECK_EQ_INT(count_files("tmp"), 1);
  CHECK(access(test_path("tmp/left-behind"), F_OK) != 0);
  wf_temporary_discard(&living);
  close(tmp);
}

TEST(temporary_of_a_killed_process_is_swept) {
  int tmp = directory("tmp");
  pid_t child = fork();
  if (child == 0) {
    wf_temporary mine;
    if (wf_temporary_open(&mine, tmp, "tmp", NULL) != WF_OK) _exit(1);
    raise(9);
  }
  int status;
  REQUIRE(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
  CHECK_EQ_INT(count_files("tmp"), 1);
  wf_temporary_sweep(directory("tmp"));
  CHECK_EQ_INT(count_files("tmp"), 0);
  close(tmp);
}

TEST(temporary_sweep_leaves_links_and_folders) {
  test_write("precious", "x", 1);
  int tmp = directory("tmp");
  REQUIRE(symlink("../precious", test_path("tmp/link")) == 0);
  REQUIRE(mkdir(test_path("tmp/folder"), 0700) == 0);
  REQUIRE(mkfifo(test_path("tmp/fifo"), 0600) == 0);
  wf_temporary_sweep(directory("tmp"));
  CHECK_EQ_INT(count_files("tmp"), 3);
  CHECK(access(test_path("precious"), F_OK) == 0);
  close(tmp);
}
