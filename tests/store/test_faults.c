/* test_faults.c — the system refuses, at every call in turn.
 *
 * The linker sends the store's system calls through the functions below (--wrap), which count them,
 * remember their order, and fail the n-th of a kind or all from the n-th on. */
#include "wf/store.h"

#include "base/error.h"
#include "check.h"
#include "faults.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

int __real_fsync(int fd);
int __real_renameat(int from, const char *a, int to, const char *b);
int __real_mkdirat(int directory, const char *path, mode_t mode);
int __real_openat(int directory, const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __real_read(int fd, void *data, size_t size);

static struct {
  bool watching;    /* from begin to end, in one thread */
  long fail_at;     /* -1: never */
  const char *only; /* NULL, or the letters of the calls that count */
  bool for_ever, halve_writes;
  int errnum;
  long count;
  char trace[64]; /* one letter a call */
  size_t traced;
} fault;

static bool refuse(char letter) {
  if (!fault.watching) return false;
  if (fault.traced + 1 < sizeof fault.trace) fault.trace[fault.traced++] = letter;
  if (fault.only && !strchr(fault.only, letter)) return false;
  long number = fault.count++;
  bool now =
      fault.fail_at >= 0 && (fault.for_ever ? number >= fault.fail_at : number == fault.fail_at);
  if (now) errno = fault.errnum;
  return now;
}

static void begin(long fail_at, bool for_ever, int errnum) {
  memset(&fault, 0, sizeof fault);
  fault.watching = true;
  fault.fail_at = fail_at;
  fault.for_ever = for_ever;
  fault.errnum = errnum;
}

static void end(void) { fault.watching = false; }

static bool pretending;

void faults_pretend_to_sync(bool pretend) { pretending = pretend; }

int __wrap_fsync(int fd) {
  if (pretending) return 0;
  struct stat info;
  bool folder = fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
  return refuse(folder ? 'D' : 'F') ? -1 : __real_fsync(fd);
}

int __wrap_renameat(int from, const char *a, int to, const char *b) {
  return refuse('R') ? -1 : __real_renameat(from, a, to, b);
}

int __wrap_mkdirat(int directory, const char *path, mode_t mode) {
  return refuse('m') ? -1 : __real_mkdirat(directory, path, mode);
}

int __wrap_openat(int directory, const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
  va_end(args);
  return refuse('o') ? -1 : __real_openat(directory, path, flags, mode);
}

ssize_t __wrap_write(int fd, const void *data, size_t size) {
  if (refuse('w')) return -1;
  return __real_write(fd, data, fault.halve_writes && size > 1 ? size / 2 : size);
}

ssize_t __wrap_read(int fd, void *data, size_t size) {
  return refuse('r') ? -1 : __real_read(fd, data, size);
}

/* Only what changes files, in order. */
static const char *changes(void) {
  static char text[64];
  size_t n = 0;
  for (size_t i = 0; i < fault.traced; i++) {
    if (strchr("FDRw", fault.trace[i])) text[n++] = fault.trace[i];
  }
  text[n] = '\0';
  return text;
}

static wf_store *open_store(void) {
  wf_store *store = NULL;
  REQUIRE(wf_store_open(&store, test_path("objects"), NULL) == WF_OK);
  return store;
}

static int count_temporaries(void) {
  int n = 0;
  DIR *listing = opendir(test_path("objects/tmp"));
  for (struct dirent *item; listing && (item = readdir(listing));) n += item->d_name[0] != '.';
  if (listing) closedir(listing);
  return n;
}

/* The order is the promise: bytes, their sync, the name, the sync of its folder and, the first time
 * a handle meets the folder, of the store. */
TEST(fault_order_of_a_put) {
  wf_store *store = open_store();
  char digest[65];
  begin(-1, false, 0);
  REQUIRE(wf_store_put(digest, store, "abc", 3, NULL) == WF_OK);
  CHECK_EQ_STR(changes(), "wFRDD");
  begin(-1, false, 0);
  REQUIRE(wf_store_put(digest, store, "abc", 3, NULL) == WF_OK);
  CHECK_EQ_STR(changes(), "D"); /* nothing is written, but its name must be durable */
  wf_store_close(store);
}

TEST(fault_short_writes) {
  wf_store *store = open_store();
  char digest[65], *data;
  size_t size;
  begin(-1, false, 0);
  fault.halve_writes = true;
  REQUIRE(wf_store_put(digest, store, "abcdefgh", 8, NULL) == WF_OK);
  end();
  REQUIRE(wf_store_get(&data, &size, store, digest, NULL) == WF_OK);
  CHECK_EQ_STR(data, "abcdefgh");
  wf_text_free(data);
  wf_store_close(store);
}

/* Puts bytes and a file into a new store, and takes both out again. */
static wf_status whole_story(const char *directory, const char *file, wf_error *err) {
  wf_store *store = NULL;
  char a[65], b[65], *data = NULL;
  size_t size;
  WF_TRY(wf_store_open(&store, directory, err));
  wf_status status = wf_store_put(a, store, "abc", 3, err);
  if (status == WF_OK) status = wf_store_put_file(b, store, file, err);
  if (status == WF_OK) status = wf_store_get(&data, &size, store, a, err);
  wf_text_free(data);
  wf_store_close(store);
  return status;
}

static void remove_object(const char *directory, const char *shard, const char *name) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s/%s", directory, shard, name);
  unlink(path);
}

#define ABC_REST "7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
/* SHA-256 of "def" is cb8379ac… */
#define DEF_REST "8379ac2098aa165029e3938a51da0bcecfc008fd6795f401178647f96c5b34"

TEST(fault_interrupted_calls_are_repeated) {
  const char *directory = test_path("objects"), *file = test_write("file", "def", 3);
  int calls = 0;
  for (long n = 0;; n++, calls++) {
    remove_object(directory, "ba", ABC_REST);
    remove_object(directory, "cb", DEF_REST);
    wf_error err = WF_ERROR_INIT;
    begin(n, false, EINTR);
    fault.only = "rw";
    wf_status status = whole_story(directory, file, &err);
    bool reached = fault.count > n;
    end();
    if (status != WF_OK) test_fail(__FILE__, __LINE__, "call %ld: %s", n, err.message);
    if (!reached) break;
  }
  CHECK(calls > 5);
}

/* Every call in turn, once and from then on: an error that names the store, nothing half-made,
 * and a store that works when the fault is over. */
static void fail_everywhere(bool for_ever, int errnum) {
  const char *directory = test_path("objects"), *file = test_write("file", "def", 3);
  int failures = 0;
  for (long n = 0;; n++) {
    remove_object(directory, "ba", ABC_REST);
    remove_object(directory, "cb", DEF_REST);
    wf_error err = WF_ERROR_INIT;
    begin(n, for_ever, errnum);
    wf_status status = whole_story(directory, file, &err);
    bool reached = fault.count > n;
    char letter = fault.traced > (size_t)n ? fault.trace[n] : '?';
    end();
    if (status != WF_OK) {
      failures++;
      if (!strstr(err.message, test_dir()))
        test_fail(__FILE__, __LINE__, "call %ld (%c): \"%s\" names no path", n, letter,
                  err.message);
    }
    REQUIRE_OK(whole_story(directory, file, &err), err);
    if (!reached) break;
  }
  CHECK_EQ_INT(count_temporaries(), 0);
  CHECK(failures > 10);
}

TEST(fault_io_error_once) { fail_everywhere(false, EIO); }
TEST(fault_io_error_for_ever) { fail_everywhere(true, EIO); }
TEST(fault_no_space_once) { fail_everywhere(false, ENOSPC); }
TEST(fault_no_descriptors) { fail_everywhere(true, EMFILE); }

/* A sync that failed is not asked again: the handle writes no more, but reads. */
TEST(fault_sync_is_final) {
  static const struct {
    const char *only;
    const char *part;
  } cases[] = {{"F", "syncing"}, {"D", "syncing"}};
  for (int i = 0; i < 2; i++) {
    wf_store *store = open_store();
    wf_error err = WF_ERROR_INIT;
    char digest[65] = "untouched", *data;
    size_t size;
    REQUIRE_OK(wf_store_put(digest, store, "before", 6, &err), err);
    begin(0, false, EIO);
    fault.only = cases[i].only;
    CHECK_FAILS(wf_store_put(digest, store, i ? "b" : "a", 1, &err), err, WF_IO, cases[i].part);
    end();
    CHECK_FAILS(wf_store_put(digest, store, "c", 1, &err), err, WF_IO, "earlier sync failed");
    CHECK_FAILS(wf_store_put_file(digest, store, "none", &err), err, WF_IO, "earlier sync failed");
    CHECK(wf_store_get(&data, &size, store, digest, &err) == WF_OK);
    wf_text_free(data);
    wf_store_close(store);
    store = open_store();
    REQUIRE_OK(wf_store_put(digest, store, i ? "b" : "a", 1, &err), err);
    wf_store_close(store);
  }
}
