/* test_store.c — objects in, objects out, whoever dies or meddles meanwhile. */
#include "wf/store.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/random.h"
#include "check.h"
#include "store/parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static wf_store *open_store(void) {
  wf_error err = WF_ERROR_INIT;
  wf_store *store = NULL;
  if (wf_store_open(&store, test_path("objects"), &err) != WF_OK) {
    test_fail(__FILE__, __LINE__, "%s", err.message);
    test_leave();
  }
  return store;
}

static bool holds(wf_store *store, const char *digest, const char *expected) {
  char *data = NULL;
  size_t size;
  bool same = wf_store_get(&data, &size, store, digest, NULL) == WF_OK &&
              size == strlen(expected) && memcmp(data, expected, size + 1) == 0;
  wf_text_free(data);
  return same;
}

static char *object_path(wf_store *store, const char *digest) {
  char *path = NULL;
  return wf_store_path(&path, store, digest, NULL) == WF_OK ? path : NULL;
}

TEST(store_round_trip) {
  wf_store *store = open_store();
  wf_error err = WF_ERROR_INIT;
  char digest[65] = "";
  CHECK(!wf_store_has(store, ABC));
  REQUIRE_OK(wf_store_put(digest, store, "abc", 3, &err), err);
  CHECK_EQ_STR(digest, ABC);
  CHECK(wf_store_has(store, digest));
  CHECK(holds(store, digest, "abc"));
  REQUIRE_OK(wf_store_put(digest, store, "", 0, &err), err);
  CHECK(holds(store, digest, ""));
  wf_store_close(store);
  store = open_store();
  CHECK(holds(store, ABC, "abc"));
  wf_store_close(store);
}

/* Small and large objects, new ones and such as are there. */
TEST(store_puts_parts) {
  wf_store *store = open_store();
  wf_error err = WF_ERROR_INIT;
  enum { N = 3 << 20 };
  char *bytes = malloc(N + 1), digest[65], again[65], whole[65];
  for (size_t i = 0; i < N; i++) bytes[i] = (char)('a' + i % 26 + i / 1000 % 3);
  bytes[N] = '\0';
  wf_view small[] = {{"a", 1}, {"", 0}, {"bc", 2}};
  REQUIRE_OK(wf_store_put_parts(digest, store, small, 3, &err), err);
  CHECK_EQ_STR(digest, ABC);
  CHECK(holds(store, digest, "abc"));
  wf_view large[] = {{bytes, 5}, {bytes + 5, N - 1005}, {bytes + N - 1000, 1000}};
  REQUIRE_OK(wf_store_put_parts(digest, store, large, 3, &err), err);
  CHECK(holds(store, digest, bytes));
  REQUIRE_OK(wf_store_put_parts(again, store, large, 3, &err), err);
  REQUIRE_OK(wf_store_put(whole, store, bytes, N, &err), err);
  CHECK_EQ_STR(again, digest);
  CHECK_EQ_STR(whole, digest);
  char *path = object_path(store, digest); /* damaged, it is made again */
  CHECK(path && chmod(path, 0600) == 0 && truncate(path, 100) == 0);
  REQUIRE_OK(wf_store_put_parts(again, store, large, 3, &err), err);
  CHECK(holds(store, digest, bytes));
  wf_text_free(path);
  free(bytes);
  wf_store_close(store);
}

static bool put_large_and_close(const char *bytes, size_t size) {
  wf_store *store = NULL;
  char digest[65];
  bool ok = wf_store_open(&store, test_path("objects"), NULL) == WF_OK &&
            wf_store_put_parts(digest, store, (wf_view[]){{bytes, 9}, {bytes + 9, size - 9}}, 2,
                               NULL) == WF_OK;
  wf_store_close(store);
  return ok;
}

TEST(store_puts_parts_out_of_memory) {
  enum { N = 1 << 20 };
  char *bytes = calloc(N, 1);
  CHECK_OOM_SAFE(put_large_and_close(bytes, N));
  free(bytes);
}

TEST(store_layout_and_modes) {
  wf_store *store = open_store();
  wf_error err = WF_ERROR_INIT;
  char digest[65];
  REQUIRE_OK(wf_store_put(digest, store, "abc", 3, &err), err);
  struct stat info;
  REQUIRE(stat(test_path("objects"), &info) == 0);
  CHECK_EQ_INT(info.st_mode & 07777, 0700);
  REQUIRE(stat(test_path("objects/ba"), &info) == 0);
  CHECK_EQ_INT(info.st_mode & 07777, 0700);
  char *path = object_path(store, ABC);
  REQUIRE(path);
  CHECK_HAS(path, "/objects/ba/7816bf8f");
  REQUIRE(stat(path, &info) == 0);
  CHECK_EQ_INT(info.st_mode & 07777, 0400);
  wf_text_free(path);
  wf_store_close(store);
}

TEST(store_makes_its_parents) {
  wf_error err = WF_ERROR_INIT;
  wf_store *store;
  REQUIRE_OK(wf_store_open(&store, test_path("a/b/c/"), &err), err);
  char digest[65];
  REQUIRE_OK(wf_store_put(digest, store, "abc", 3, &err), err);
  CHECK(holds(store, ABC, "abc"));
  wf_store_close(store);
}

TEST(store_relative_directory) {
  int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(here >= 0 && chdir(test_dir()) == 0);
  wf_error err = WF_ERROR_INIT;
  wf_store *store = NULL;
  wf_status status = wf_store_open(&store, "x/objects", &err);
  CHECK(fchdir(here) == 0);
  close(here);
  REQUIRE_OK(status, err);
  char digest[65];
  REQUIRE_OK(wf_store_put(digest, store, "abc", 3, &err), err); /* the handle does not follow cwd */
  CHECK(access(test_path("x/objects/ba"), F_OK) == 0);
  wf_store_close(store);
}

TEST(store_open_refuses) {
  wf_error err = WF_ERROR_INIT;
  wf_store *store = NULL;
  CHECK_FAILS(wf_store_open(&store, "", &err), err, WF_INVALID, "empty");
  const char *file = test_write("file", "x", 1);
  CHECK_FAILS(wf_store_open(&store, file, &err), err, WF_IO, file);
  CHECK_FAILS(wf_store_open(&store, test_path("file/below"), &err), err, WF_IO, "file/below");
  CHECK(store == NULL);
}

TEST(store_get_absent) {
  wf_store *store = open_store();
  wf_error err = WF_ERROR_INIT;
  char *data = NULL;
  size_t size = 9;
  CHECK_FAILS(wf_store_get(&data, &size, store, ABC, &err), err, WF_NOTFOUND, ABC);
  CHECK_HAS(err.message, test_path("objects"));
  CHECK_FAILS(wf_store_get(&data, &size, store, "../x", &err), err, WF_INVALID, "../x");
  CHECK(!wf_store_has(store, "../x"));
  CHECK_FAILS(wf_store_path(&data, store, "../x", &err), err, WF_INVALID, "../x");
  CHECK(data == NULL && size == 9);
  wf_store_close(store);
}

TEST(store_put_file) {
  wf_store *store = open_store();
  wf_error err = WF_ERROR_INIT;
  size_t size = 3 * (1 << 18) + 17; /* several chunks and a rest */
  char *bytes = malloc(size), from_file[65], from_memory[65];
  for (size_t i = 0; i < size; i++) bytes[i] = (char)(i * 31 + i / 256);
  REQUIRE_OK(wf_store_put_file(from_file, store, test_write("big", bytes, size), &err), err);
  REQUIRE_OK(wf_store_put(from_memory, store, bytes, size, &err), err);
  CHECK_EQ_STR(from_file, from_memory);
  char *data = NULL;
  size_t got = 0;
  CHECK(wf_store_get(&data, &got, store, from_file, &err) == WF_OK);
  CHECK(data && got == size && memcmp(data, bytes, size) == 0);
  wf_text_free(data);
  free(bytes);
  REQUIRE_OK(wf_store_put_file(from_file, store, test_write("empty", "", 0), &err), err);
  CHECK(holds(store, from_file, ""));
  wf_store_close(store);
}

TEST(store_put_file_refuses) {
  wf_store *store = open_store();
  wf_error err = WF_ERROR_INIT;
  char digest[65] = "untouched";
  CHECK_FAILS(wf_store_put_file(digest, store, test_path("none"), &err), err, WF_NOTFOUND, "none");
  CHECK_FAILS(wf_store_put_file(digest, store, test_dir(), &err), err, WF_IO, "regular file");
  REQUIRE(mkfifo(test_path("fifo"), 0600) == 0);
  CHECK_FAILS(wf_store_put_file(digest, store, test_path("fifo"), &err), err, WF_IO,
              "regular file");
  CHECK_EQ_STR(digest, "untouched");
  wf_store_close(store);
}

static ino_t inode_of(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 ? info.st_ino : 0;
}

TEST(store_put_again_writes_nothing) {
  wf_store *store = open_store();
  wf_error err = WF_ERROR_INIT;
  char digest[65];
  REQUIRE_OK(wf_store_put(digest, store, "abc", 3, &err), err);
  char *path = object_path(store, ABC);
  ino_t before = inode_of(path);
  REQUIRE_OK(wf_store_put(digest, store, "abc", 3, &err), err);
  REQUIRE_OK(wf_store_put_file(digest, store, test_write("abc", "abc", 3), &err), err);
  CHECK(before != 0 && inode_of(path) == before);
  wf_text_free(path);
  wf_store_close(store);
}

static void damage(const char *path, const char *bytes) {
  chmod(path, 0600);
  int fd = open(path, O_WRONLY | O_TRUNC);
  if (fd < 0 || !wf_write_all(fd, bytes, strlen(bytes))) abort();
  close(fd);
}

TEST(store_damage_is_found_and_healed) {
  wf_store *store = open_store();
  wf_error err = WF_ERROR_INIT;
  char digest[65];
  REQUIRE_OK(wf_store_put(digest, store, "abc", 3, &err), err);
  char *path = object_path(store, ABC), *data = NULL;
  size_t size;
  const char *const wrong[] = {"abd", "", "abcabc"};
  for (int i = 0; i < 3; i++) {
    damage(path, wrong[i]);
    CHECK_FAILS(wf_store_get(&data, &size, store, ABC, &err), err, WF_CORRUPT, ABC);
    REQUIRE_OK(wf_store_put(digest, store, "abc", 3, &err), err);
    CHECK(holds(store, ABC, "abc"));
  }
  damage(path, "abd");
  REQUIRE_OK(wf_store_put_file(digest, store, test_write("abc", "abc", 3), &err), err);
  CHECK(holds(store, ABC, "abc"));
  wf_text_free(path);
  wf_store_close(store);
}

static wf_status restore_once(void *store, wf_error *err) {
  return wf_store_restore(store, ABC, test_path("restored"), 0640, err);
}

static bool file_holds(const char *path, const char *text) {
  char *data = NULL;
  size_t size = 0;
  bool same = wf_file_read(path, 0, &data, &size, NULL) == WF_OK && size == strlen(text) &&
              memcmp(data, text, size) == 0;
  wf_free(data);
  return same;
}

TEST(store_restores_files) {
  wf_store *store = open_store();
  wf_error err = WF_ERROR_INIT;
  char digest[65];
  REQUIRE_OK(wf_store_put(digest, store, "abc", 3, &err), err);
  const char *path = test_path("restored");
  REQUIRE_OK(restore_once(store, &err), err);
  CHECK(file_holds(path, "abc"));
  struct stat info;
  CHECK(stat(path, &info) == 0 && (info.st_mode & 0777) == 0640);
  test_write("restored", "mine", 4);
  REQUIRE_OK(restore_once(store, &err), err);
  CHECK(file_holds(path, "abc"));
  /* What cannot be restored leaves the file alone. */
  test_write("restored", "mine", 4);
  char *object = object_path(store, ABC);
  damage(object, "abd");
  CHECK_FAILS(restore_once(store, &err), err, WF_CORRUPT, ABC);
  chmod(object, 0600);
  unlink(object);
  CHECK_FAILS(restore_once(store, &err), err, WF_NOTFOUND, ABC);
  CHECK_FAILS(wf_store_restore(store, "abc", path, 0600, &err), err, WF_INVALID, "abc");
  CHECK(file_holds(path, "mine"));
  REQUIRE_OK(wf_store_put(digest, store, "abc", 3, &err), err);
  CHECK_FAILS(wf_store_restore(store, ABC, test_path("no/such/folder"), 0600, &err), err,
              WF_NOTFOUND, "no/such");
  CHECK_OOM_SAFE(restore_once(store, NULL) == WF_OK);
  wf_text_free(object);
  wf_store_close(store);
}

TEST(store_every_flipped_bit_is_found) {
  wf_store *store = open_store();
  wf_error err = WF_ERROR_INIT;
  char bytes[257], digest[65];
  for (int i = 0; i < 256; i++) bytes[i] = (char)(1 + i % 255);
  bytes[256] = '\0';
  REQUIRE_OK(wf_store_put(digest, store, bytes, 256, &err), err);
  char *path = object_path(store, digest);
  chmod(path, 0600);
  int fd = open(path, O_WRONLY), found = 0;
  for (int bit = 0; bit < 256 * 8; bit++) {
    char flipped = (char)(bytes[bit / 8] ^ (1 << (bit % 8)));
    REQUIRE(pwrite(fd, &flipped, 1, bit / 8) == 1);
    char *data;
    size_t size;
    found += wf_store_get(&data, &size, store, digest, NULL) == WF_CORRUPT;
    REQUIRE(pwrite(fd, &bytes[bit / 8], 1, bit / 8) == 1);
  }
  CHECK_EQ_INT(found, 256 * 8);
  CHECK(holds(store, digest, bytes));
  close(fd);
  wf_text_free(path);
  wf_store_close(store);
}

TEST(store_planted_links_are_not_followed) {
  wf_store *store = open_store();
  wf_error err = WF_ERROR_INIT;
  char digest[65];
  const char *victim = test_write("victim", "precious", 8);
  REQUIRE_OK(wf_store_put(digest, store, "other", 5, &err), err); /* makes tmp */
  REQUIRE(mkdir(test_path("objects/ba"), 0700) == 0);
  char *path = object_path(store, ABC), *data = NULL;
  size_t size;
  REQUIRE(symlink(victim, path) == 0);
  CHECK_FAILS(wf_store_get(&data, &size, store, ABC, &err), err, WF_CORRUPT, "is not a file");
  REQUIRE_OK(wf_store_put(digest, store, "abc", 3, &err), err); /* replaces the link itself */
  CHECK(holds(store, ABC, "abc"));
  struct stat info;
  CHECK(lstat(path, &info) == 0 && S_ISREG(info.st_mode));
  CHECK(stat(victim, &info) == 0 && info.st_size == 8);
  wf_text_free(path);
  wf_store_close(store);
}

TEST(store_planted_folder_link_is_refused) {
  wf_store *store = open_store();
  wf_error err = WF_ERROR_INIT;
  char digest[65];
  REQUIRE(mkdir(test_path("outside"), 0700) == 0);
  REQUIRE(symlink("../outside", test_path("objects/ba")) == 0);
  CHECK_FAILS(wf_store_put(digest, store, "abc", 3, &err), err, WF_IO, "objects/ba");
  DIR *listing = opendir(test_path("outside"));
  for (struct dirent *item; (item = readdir(listing));) CHECK(item->d_name[0] == '.');
  closedir(listing);
  wf_store_close(store);
}

static bool whole_story(const char *directory, const char *file) {
  wf_store *store = NULL;
  char *data = NULL, *path = NULL, digest[65];
  size_t size;
  bool ok = wf_store_open(&store, directory, NULL) == WF_OK &&
            wf_store_put(digest, store, "abc", 3, NULL) == WF_OK &&
            wf_store_put_file(digest, store, file, NULL) == WF_OK &&
            wf_store_get(&data, &size, store, digest, NULL) == WF_OK &&
            wf_store_path(&path, store, digest, NULL) == WF_OK;
  wf_text_free(data);
  wf_text_free(path);
  wf_store_close(store);
  return ok;
}

TEST(store_out_of_memory) {
  const char *directory = test_path("new/objects"), *file = test_write("file", "def", 3);
  CHECK_OOM_SAFE(whole_story(directory, file));
  CHECK_OOM_SAFE(whole_story(directory, file)); /* and where everything is there already */
}

/* ---- faults of the machine ---------------------------------------------------------------------
 */

static int read_only_body(const char *directory) {
  if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) return 77;
  wf_error err = WF_ERROR_INIT;
  wf_store *store;
  char digest[65];
  if (wf_store_open(&store, directory, &err) != WF_OK) return 1;
  if (wf_store_put(digest, store, "new", 3, &err) != WF_IO) return 2;
  if (!strstr(err.message, directory) || !strstr(err.message, "Permission denied")) return 3;
  if (!holds(store, ABC, "abc")) return 4;
  if (wf_store_put(digest, store, "abc", 3, &err) != WF_OK) return 5;
  wf_store_close(store);
  return 0;
}

TEST(store_read_only_directory) {
  wf_store *store = open_store();
  char digest[65], *path = object_path(store, ABC);
  CHECK(wf_store_put(digest, store, "abc", 3, NULL) == WF_OK);
  wf_store_close(store);
  chmod(path, 0444);
  wf_text_free(path);
  chmod(test_dir(), 0755);
  chmod(test_path("objects/ba"), 0555);
  chmod(test_path("objects/tmp"), 0555);
  chmod(test_path("objects"), 0555);
  int code = test_in_child(read_only_body, test_path("objects"));
  chmod(test_path("objects"), 0755);
  chmod(test_path("objects/ba"), 0755);
  chmod(test_path("objects/tmp"), 0755);
  if (code == 77) SKIP("cannot give up root's rights");
  CHECK_EQ_INT(code, 0);
}

/* A file system of 256 KiB: puts until it is full, then looks at what is there. */
static int full_disk_body(const char *directory) {
  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mkdir(directory, 0700) != 0 || mount("tmpfs", directory, "tmpfs", 0, "size=256k") != 0)
    return 77;
  wf_error err = WF_ERROR_INIT;
  wf_store *store;
  if (wf_store_open(&store, directory, &err) != WF_OK) return 1;
  char bytes[10001], digests[64][65];
  int stored = 0;
  wf_status status = WF_OK;
  for (; stored < 64; stored++) {
    memset(bytes, 'a' + stored % 26, 10000);
    snprintf(bytes, 20, "%d", stored);
    status = wf_store_put(digests[stored], store, bytes, 10000, &err);
    if (status != WF_OK) break;
  }
  if (status != WF_IO || stored < 5) return 2;
  if (!strstr(err.message, directory) || !strstr(err.message, "No space left")) return 3;
  for (int i = 0; i < stored; i++) {
    char *data;
    size_t size;
    if (wf_store_get(&data, &size, store, digests[i], NULL) != WF_OK || size != 10000) return 4;
    wf_text_free(data);
  }
  char *path = object_path(store, digests[0]), digest[65];
  if (!path || unlink(path) != 0) return 5;
  if (wf_store_put(digest, store, bytes, 10000, NULL) != WF_OK) return 6; /* space came back */
  return 0;
}

TEST(store_full_disk) {
  int code = test_in_child(full_disk_body, test_path("disk"));
  if (code == 77) SKIP("cannot mount a small file system");
  CHECK_EQ_INT(code, 0);
}

/* ---- several at once ---------------------------------------------------------------------------
 */

static void *put_many(void *argument) {
  wf_store *store = argument;
  for (int i = 0; i < 40; i++) {
    char text[32], digest[65];
    snprintf(text, sizeof text, "object %d", i);
    if (wf_store_put(digest, store, text, strlen(text), NULL) != WF_OK) return store;
  }
  return NULL;
}

TEST(store_threads_share_a_handle) {
  wf_store *store = open_store();
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) REQUIRE(pthread_create(&threads[i], NULL, put_many, store) == 0);
  for (int i = 0; i < 4; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    CHECK(failed == NULL);
  }
  CHECK(put_many(store) == NULL);
  wf_store_close(store);
}

static int put_many_body(const char *directory) {
  for (int round = 0; round < 10; round++) { /* opening sweeps: it must spare the others' files */
    wf_store *store;
    if (wf_store_open(&store, directory, NULL) != WF_OK) return 1;
    if (put_many(store) != NULL) return 2;
    wf_store_close(store);
  }
  return 0;
}

TEST(store_processes_share_a_directory) {
  const char *directory = test_path("objects");
  pid_t children[4];
  fflush(stdout);
  for (int i = 0; i < 4; i++) {
    children[i] = fork();
    if (children[i] == 0) _exit(put_many_body(directory));
  }
  for (int i = 0; i < 4; i++) {
    int status;
    REQUIRE(waitpid(children[i], &status, 0) == children[i]);
    CHECK_EQ_INT(status, 0);
  }
  CHECK_EQ_INT(put_many_body(directory), 0);
}

static void make_object(char text[5000], int number) {
  memset(text, 'x', 5000);
  snprintf(text, 5000, "object %d", number);
}

/* Puts objects for ever and writes the number of each to the pipe when put has returned. */
static void put_until_killed(const char *directory, int first, int pipe_end) {
  wf_store *store;
  if (wf_store_open(&store, directory, NULL) != WF_OK) _exit(1);
  for (int i = first;; i++) {
    char text[5000], digest[65];
    make_object(text, i);
    if (wf_store_put(digest, store, text, sizeof text, NULL) != WF_OK) _exit(2);
    if (write(pipe_end, &i, sizeof i) != sizeof i) _exit(3);
  }
}

/* `after` microseconds from now, or from the first acknowledgement on. */
static int kill_once(const char *directory, int first, useconds_t after, bool acknowledged) {
  int ends[2], last = first - 1, number, status;
  if (pipe(ends) != 0) return -1;
  fflush(stdout);
  pid_t child = fork();
  if (child < 0) return -1;
  if (child == 0) {
    close(ends[0]);
    put_until_killed(directory, first, ends[1]);
  }
  close(ends[1]);
  if (acknowledged) poll(&(struct pollfd){ends[0], POLLIN, 0}, 1, 10000);
  usleep(after);
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  while (read(ends[0], &number, sizeof number) == sizeof number) last = number;
  close(ends[0]);
  return last;
}

static int count_entries(const char *path) {
  int n = 0;
  DIR *listing = opendir(path);
  for (struct dirent *item; listing && (item = readdir(listing));) n += item->d_name[0] != '.';
  if (listing) closedir(listing);
  return n;
}

TEST(store_survives_kills) {
  enum { ROUNDS = 60, FIRST_STEP = 100000 };
  const char *directory = test_path("objects");
  wf_random random;
  wf_random_seed(&random, 20261122, 0);
  int last[ROUNDS], total = 0, lost = 0;
  for (int i = 0; i < ROUNDS; i++)
    last[i] = kill_once(directory, i * FIRST_STEP, (useconds_t)wf_random_below(&random, 20000),
                        i % 2 == 1);
  wf_store *store = open_store(); /* sweeps what the dead left */
  CHECK_EQ_INT(count_entries(test_path("objects/tmp")), 0);
  for (int i = 0; i < ROUNDS; i++) {
    for (int k = i * FIRST_STEP; k <= last[i]; k++, total++) {
      char text[5000], digest[65], *data = NULL;
      size_t size;
      make_object(text, k);
      wf_digest hash;
      REQUIRE(wf_digest_bytes(&hash, text, sizeof text, NULL) == WF_OK);
      wf_digest_format(&hash, digest);
      if (wf_store_get(&data, &size, store, digest, NULL) != WF_OK) lost++;
      wf_text_free(data);
    }
  }
  printf("  %d kills, %d acknowledged objects, %d lost\n", ROUNDS, total, lost);
  CHECK_EQ_INT(lost, 0);
  CHECK(total >= ROUNDS / 2);
  wf_store_close(store);
}
