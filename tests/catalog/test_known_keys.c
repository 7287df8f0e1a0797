/* test_known_keys.c — what is there is found, whoever wrote it a moment ago: the handle that
 * answers from memory notices every commit. */
#include "support.h"

#include "base/random.h"
#include "catalog/catalog.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { KEYS = 4000 };

static const char *key_of(int number) {
  static char key[65];
  snprintf(key, sizeof key, "%064x", (unsigned)number);
  return key;
}

static bool count_one(void *context, const wf_result_record *result) {
  (void)result;
  ++*(int *)context;
  return true;
}

static int count_results(wf_catalog *catalog, int number) {
  int n = 0;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_catalog_find_results(catalog, key_of(number), count_one, &n, &err), err);
  return n;
}

static int64_t begin_run(wf_catalog *catalog, bool durable) {
  int64_t run = 0;
  wf_error err = WF_ERROR_INIT;
  wf_catalog_set_durable_steps(catalog, durable);
  REQUIRE_OK(wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err), err);
  return run;
}

static wf_status add_result(wf_catalog *catalog, int64_t run, int number, wf_error *err) {
  int64_t step;
  wf_result_record made = {.key = key_of(number), .value = "v", .value_size = 1};
  wf_step_record record = {
      .run = run, .name = "S", .kind = "step", .state = WF_STATE_SUCCEEDED, .key = key_of(number)};
  return wf_catalog_add_step(&step, catalog, &record, &made, err);
}

TEST(a_handle_that_asks_often_answers_from_memory) {
  begin_faults();
  wf_catalog *catalog = open_catalog(), *other = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run = begin_run(catalog, true), others = begin_run(other, true);
  for (int i = 0; i < 200; i++) REQUIRE_OK(add_result(other, others, i, &err), err);
  for (int i = 0; i < 20; i++) CHECK_EQ_INT(count_results(catalog, 1000 + i), 0);
  CHECK(catalog->keys.loaded);
  CHECK_EQ_INT(catalog->keys.count, 200);
  size_t before = catalog->keys.questions;
  for (int i = 0; i < 200; i++) CHECK_EQ_INT(count_results(catalog, i), 1);
  for (int i = 0; i < 200; i++) CHECK_EQ_INT(count_results(catalog, 1000 + i), 0);
  CHECK_EQ_INT(catalog->keys.questions, before);

  /* its own commits do not cost the set */
  REQUIRE_OK(add_result(catalog, run, 300, &err), err);
  CHECK_EQ_INT(count_results(catalog, 300), 1);
  CHECK_EQ_INT(count_results(catalog, 301), 0);
  CHECK_EQ_INT(catalog->keys.questions, before);

  /* others' do, until reading it again is worth while */
  REQUIRE_OK(add_result(other, others, 301, &err), err);
  CHECK_EQ_INT(count_results(catalog, 301), 1);
  CHECK(catalog->keys.questions > before);
  for (int i = 0; i < 20; i++) CHECK_EQ_INT(count_results(catalog, 1000 + i), 0);
  CHECK_EQ_INT(catalog->keys.count, 202);
  wf_catalog_close(other);
  wf_catalog_close(catalog);
  end_faults();
}

/* Handles of one file in random turns, durable and journalled, against a list of what was added. */
TEST(no_handle_overlooks_what_another_added) {
  begin_faults();
  wf_random random;
  wf_random_seed(&random, 11, 0);
  wf_catalog *handles[3];
  int64_t runs[3];
  bool there[KEYS] = {false};
  wf_error err = WF_ERROR_INIT;
  for (int i = 0; i < 3; i++) {
    handles[i] = open_catalog();
    runs[i] = begin_run(handles[i], i == 0);
  }
  for (int round = 0; round < 3000; round++) {
    int who = (int)wf_random_below(&random, 3), number = (int)wf_random_below(&random, KEYS);
    CHECK_EQ_INT(count_results(handles[who], number), there[number]);
    if (there[number] || wf_random_below(&random, round % 500 < 250 ? 4 : 40)) continue;
    REQUIRE_OK(add_result(handles[who], runs[who], number, &err), err);
    there[number] = true;
    CHECK_EQ_INT(count_results(handles[(who + 1) % 3], number), 1);
  }
  for (int i = 0; i < 3; i++) wf_catalog_close(handles[i]);
  end_faults();
}

/* Adds keys one by one, odd or even ones, and says which are there by now. */
static void write_keys(wf_catalog *catalog, _Atomic int *done, int first) {
  wf_error err = WF_ERROR_INIT;
  int64_t run = begin_run(catalog, true);
  for (int i = first; i < 600; i += 2) {
    if (add_result(catalog, run, i, &err) != WF_OK) _exit(2);
    atomic_store(done, i);
  }
}

/* What another process says to have committed is found at once, while both commit. */
TEST(commits_of_another_process_are_seen_at_once) {
  _Atomic int *done =
      mmap(NULL, sizeof *done, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(done != MAP_FAILED);
  atomic_store(done, -1);
  const char *path = test_path("catalog.db");
  pid_t child = fork();
  if (child == 0) {
    wf_error err = WF_ERROR_INIT;
    wf_catalog *catalog;
    if (wf_catalog_open(&catalog, path, &err) != WF_OK) _exit(1);
    write_keys(catalog, done, 0);
    wf_catalog_close(catalog);
    _exit(0);
  }
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run = begin_run(catalog, false);
  for (int latest = -1, round = 0; latest < 598; round++) {
    latest = atomic_load(done);
    if (latest >= 0) REQUIRE(count_results(catalog, latest) == 1);
    CHECK_EQ_INT(count_results(catalog, 5000 + round), 0);
    if (round % 50 == 0) REQUIRE_OK(add_result(catalog, run, 100001 + 2 * round, &err), err);
    int status;
    if (waitpid(child, &status, WNOHANG) == child) {
      CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
      CHECK_EQ_INT(atomic_load(done), 598);
      child = 0;
      break;
    }
  }
  if (child) waitpid(child, NULL, 0);
  wf_catalog_close(catalog);
  munmap(done, sizeof *done);
}

static bool ask(const char *path) {
  wf_error err = WF_ERROR_INIT;
  wf_catalog *catalog = NULL;
  int n = 0;
  wf_status status = wf_catalog_open(&catalog, path, &err);
  for (int i = 0; status == WF_OK && i < 40; i++)
    status = wf_catalog_find_results(catalog, key_of(i), count_one, &n, &err);
  wf_catalog_close(catalog);
  if (status == WF_OK) CHECK_EQ_INT(n, 1);
  return status == WF_OK;
}

TEST(known_keys_without_memory) {
  begin_faults();
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(add_result(catalog, begin_run(catalog, true), 7, &err), err);
  wf_catalog_close(catalog);
  const char *path = test_path("catalog.db");
  CHECK_OOM_SAFE(ask(path));
  end_faults();
}
