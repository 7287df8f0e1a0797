/* main.c — runs the registered tests one after the other in this process. */
#include "check.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_TESTS = 2000, MAX_PATHS = 64 };

typedef struct entry {
  const char *name;
  test_fn *fn;
  const char *file;
} entry;

static entry tests[MAX_TESTS];
static int n_tests, n_failures, skipped;
static char directory[256];
static char *paths[MAX_PATHS];
static int n_paths;
static jmp_buf leave;

void test_register(const char *name, test_fn *fn, const char *file) {
  if (n_tests < MAX_TESTS) tests[n_tests++] = (entry){name, fn, file};
}

void test_fail(const char *file, int line, const char *format, ...) {
  va_list args;
  va_start(args, format);
  printf("  %s:%d: ", file, line);
  vprintf(format, args);
  printf("\n");
  va_end(args);
  n_failures++;
}

void test_leave(void) { longjmp(leave, 1); }

void test_skip(const char *format, ...) {
  va_list args;
  va_start(args, format);
  printf("  skipped: ");
  vprintf(format, args);
  printf("\n");
  va_end(args);
  skipped = 1;
  longjmp(leave, 1);
}

static const char *keep(const char *first, const char *second) {
  if (n_paths == MAX_PATHS) abort();
  char *path = malloc(strlen(first) + strlen(second) + 2);
  if (!path) abort();
  sprintf(path, "%s/%s", first, second);
  paths[n_paths++] = path;
  return path;
}

static void remove_tree(const char *path) {
  DIR *listing = opendir(path);
  if (listing) {
    for (struct dirent *item; (item = readdir(listing));) {
      if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0) continue;
      char child[4096];
      snprintf(child, sizeof child, "%s/%s", path, item->d_name);
      remove_tree(child);
    }
    closedir(listing);
  }
  remove(path);
}

const char *test_dir(void) {
  if (!directory[0]) {
    const char *root = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/wf-test-XXXXXX", root ? root : "/tmp");
    if (!mkdtemp(directory)) abort();
  }
  return directory;
}

const char *test_path(const char *name) { return keep(test_dir(), name); }

const char *test_source(const char *name) { return keep(WF_SOURCE_ROOT, name); }

static const char *existing(const char *path) {
  if (access(path, R_OK) != 0) test_skip("%s is not there (set WF_TEST_DATA)", path);
  return path;
}

static const char *data_root(void) {
  const char *root = getenv("WF_TEST_DATA");
  return root ? root : WF_SOURCE_ROOT "/../shared/data";
}

const char *test_data(const char *name) { return existing(keep(data_root(), name)); }

const char *test_oracle(const char *name) {
  return existing(keep(keep(data_root(), "../oracle"), name));
}

const char *test_write(const char *name, const void *bytes, size_t size) {
  const char *path = test_path(name);
  FILE *file = fopen(path, "wb");
  if (!file || (size && fwrite(bytes, size, 1, file) != 1) || fclose(file) != 0) abort();
  return path;
}

int test_in_child(int (*body)(const char *), const char *argument) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) _exit(body(argument));
  int status;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

__attribute__((noinline)) static int open_descriptors(void) {
  int count = 0;
  DIR *listing = opendir("/proc/self/fd");
  if (!listing) return 0;
  while (readdir(listing)) count++;
  closedir(listing);
  return count;
}

/* 1 passed, 0 failed, -1 skipped */
static int run(const entry *test) {
  long blocks = wf_alloc_live();
  int descriptors = open_descriptors();
  n_failures = skipped = 0;
  printf("%s\n", test->name);
  fflush(stdout);
  if (setjmp(leave) == 0) test->fn();
  wf_alloc_fail_after(-1);
  if (!skipped && n_failures == 0) {
    if (wf_alloc_live() != blocks) {
      test_fail(test->file, 0, "%ld blocks left allocated", wf_alloc_live() - blocks);
    }
    if (open_descriptors() != descriptors) {
      test_fail(test->file, 0, "%d descriptors left open", open_descriptors() - descriptors);
    }
  }
  if (directory[0]) remove_tree(directory);
  directory[0] = '\0';
  while (n_paths) free(paths[--n_paths]);
  if (n_failures) printf("FAILED %s\n", test->name);
  return n_failures ? 0 : skipped ? -1 : 1;
}

int main(int argc, char **argv) {
  const char *only = argc == 3 && strcmp(argv[1], "-s") == 0 ? argv[2] : "";
  bool list = argc == 2 && strcmp(argv[1], "-l") == 0;
  int passed = 0, failed = 0, left_out = 0;
  for (int i = 0; i < n_tests; i++) {
    if (!strstr(tests[i].name, only)) continue;
    if (list) {
      printf("%s\n", tests[i].name);
      continue;
    }
    int outcome = run(&tests[i]);
    if (outcome > 0)
      passed++;
    else if (outcome == 0)
      failed++;
    else
      left_out++;
  }
  if (list) return 0;
  printf("%d passed, %d failed, %d skipped\n", passed, failed, left_out);
  return failed || (passed == 0 && left_out == 0) ? 1 : 0;
}
