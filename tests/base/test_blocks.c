#include "base/blocks.h"

#include "check.h"

#include "base/file.h"

#include <sched.h>
#include <sys/stat.h>

typedef struct making {
  size_t fails_from; /* the first item that cannot be made */
} making;

/* A header, then each item on a line; blocks take turns at being slow. */
static wf_status make_lines(void *context, wf_bytes *out, wf_bytes *scratch, size_t begin,
                            size_t end, wf_error *err) {
  const making *c = context;
  CHECK_EQ_INT(out->size, 0);
  if (begin == 0) wf_bytes_text(out, "items\n");
  for (size_t i = 0; i < begin % 7; i++) sched_yield();
  for (size_t i = begin; i < end; i++) {
    if (i >= c->fails_from) return wf_fail(err, WF_INVALID, "item %zu", i);
    wf_bytes_clear(scratch);
    wf_bytes_format(scratch, "%zu\n", i);
    wf_bytes_add(out, scratch->data, scratch->size);
  }
  return WF_OK;
}

static char *expected_lines(size_t n, size_t *size) {
  wf_bytes all = {0};
  char *text = NULL;
  wf_error err = WF_ERROR_INIT;
  wf_bytes_text(&all, "items\n");
  for (size_t i = 0; i < n; i++) wf_bytes_format(&all, "%zu\n", i);
  REQUIRE_OK(wf_bytes_take(&all, &text, size, &err), err);
  return text;
}

static void check_text(const char *path, size_t n, size_t block, size_t n_threads) {
  wf_error err = WF_ERROR_INIT;
  making c = {.fails_from = SIZE_MAX};
  wf_blocks blocks = {n, block, make_lines, &c, n_threads};
  size_t size, wanted_size;
  char *text, *wanted = expected_lines(n, &wanted_size);
  REQUIRE_OK(wf_blocks_format(&text, &size, &blocks, &err), err);
  CHECK_EQ_INT(size, wanted_size);
  CHECK(strcmp(text, wanted) == 0);
  wf_free(text);
  REQUIRE_OK(wf_blocks_write(path, &blocks, &err), err);
  REQUIRE_OK(wf_file_read(path, 0, &text, &size, &err), err);
  CHECK_EQ_INT(size, wanted_size);
  CHECK(strcmp(text, wanted) == 0);
  wf_free(text);
  wf_free(wanted);
}

TEST(blocks_come_in_order) {
  static const size_t threads[] = {1, 2, 3, 8, 64};
  const char *path = test_path("lines.txt");
  for (size_t t = 0; t < 5; t++) {
    for (size_t block = 1; block < 400; block = 3 * block + 1) {
      check_text(path, 0, block, threads[t]);
      check_text(path, 1, block, threads[t]);
      check_text(path, 1000, block, threads[t]);
    }
  }
}

/* Blocks below the one that fails come to their end: the error is the first, with any number of
 * threads, and there is no file. */
TEST(blocks_fail_at_the_first) {
  const char *path = test_path("none.txt");
  for (size_t n_threads = 1; n_threads <= 16; n_threads++) {
    for (size_t first = 0; first < 200; first += 23) {
      wf_error err = WF_ERROR_INIT;
      making c = {.fails_from = first};
      wf_blocks blocks = {200, 3, make_lines, &c, n_threads};
      char message[32], *text = NULL;
      snprintf(message, sizeof message, "item %zu", first);
      CHECK_FAILS(wf_blocks_format(&text, NULL, &blocks, &err), err, WF_INVALID, message);
      struct stat info;
      CHECK_FAILS(wf_blocks_write(path, &blocks, &err), err, WF_INVALID, message);
      CHECK(stat(path, &info) != 0);
    }
  }
}

TEST(blocks_that_cannot_be_written) {
  wf_error err = WF_ERROR_INIT;
  making c = {.fails_from = SIZE_MAX};
  wf_blocks blocks = {5000, 7, make_lines, &c, 4};
  CHECK_FAILS(wf_blocks_write("/no/such/folder/x", &blocks, &err), err, WF_NOTFOUND, "/no/such");
}

static bool write_some(const char *path) {
  making c = {.fails_from = SIZE_MAX};
  wf_blocks blocks = {40, 4, make_lines, &c, 2};
  char *text = NULL;
  bool ok = wf_blocks_format(&text, NULL, &blocks, NULL) == WF_OK &&
            wf_blocks_write(path, &blocks, NULL) == WF_OK;
  wf_free(text);
  return ok;
}

TEST(blocks_out_of_memory) { CHECK_OOM_SAFE(write_some(test_path("x.txt"))); }
