/* test_journal.c — journalled steps: found before and after they are merged, whoever asks, whenever
 * their process ends, and wherever its last write was torn. */
#include "support.h"

#include "catalog/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- making and finding -----------------------------------------------------------------------
 */

static const char *folder(void) { return test_path("catalog.db.steps"); }

static wf_catalog *open_lax(const char *path) {
  wf_error err = WF_ERROR_INIT;
  wf_catalog *catalog = NULL;
  REQUIRE_OK(wf_catalog_open(&catalog, path, &err), err);
  wf_catalog_set_durable_steps(catalog, false);
  return catalog;
}

static int64_t begin_run(wf_catalog *catalog) {
  wf_error err = WF_ERROR_INIT;
  int64_t run = 0;
  REQUIRE_OK(wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err), err);
  return run;
}

/* 64 digits that end in the number. */
static const char *key_of(int number) {
  static char key[65];
  snprintf(key, sizeof key, "%064x", (unsigned)number);
  return key;
}

/* Step "S" with nth `number`, whose result has the number as its key and value. */
static wf_status add(wf_catalog *catalog, int64_t run, int number, wf_error *err) {
  char value[16];
  snprintf(value, sizeof value, "v%d", number);
  wf_result_record made = {.key = key_of(number),
                           .value = value,
                           .value_size = strlen(value),
                           .parts_json = "[1]",
                           .took_us = 5};
  wf_step_record record = {.run = run,
                           .name = "S",
                           .kind = "step",
                           .state = WF_STATE_SUCCEEDED,
                           .key = key_of(number),
                           .why = "first run",
                           .outcome_json = "{}",
                           .log_path = "s.log",
                           .nth = number};
  int64_t step;
  return wf_catalog_add_step(&step, catalog, &record, &made, err);
}

static void add_all(wf_catalog *catalog, int64_t run, int from, int to) {
  wf_error err = WF_ERROR_INIT;
  for (int i = from; i <= to; i++) REQUIRE_OK(add(catalog, run, i, &err), err);
}

static bool see_value(void *context, const wf_result_record *r) {
  snprintf(context, 16, "%.*s", (int)r->value_size, (const char *)r->value);
  return true;
}

static const char *value_of(wf_catalog *catalog, int number) {
  static char value[16];
  wf_error err = WF_ERROR_INIT;
  value[0] = '\0';
  REQUIRE_OK(wf_catalog_find_results(catalog, key_of(number), see_value, value, &err), err);
  return value;
}

typedef struct listed {
  int n;
  int64_t last_id, last_nth;
  bool ordered; /* ids and places ascend */
} listed;

static bool see_step(void *context, const wf_step_record *s) {
  listed *list = context;
  if (s->id <= list->last_id || s->nth <= list->last_nth) list->ordered = false;
  list->last_id = s->id;
  list->last_nth = s->nth;
  list->n++;
  return true;
}

static listed list_steps(wf_catalog *catalog, int64_t run) {
  wf_error err = WF_ERROR_INIT;
  listed list = {.ordered = true};
  REQUIRE_OK(wf_catalog_list_steps(catalog, run, see_step, &list, &err), err);
  return list;
}

static int count_rows(const char *table) {
  char sql[64], answer[32];
  snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
  REQUIRE(run_sql(test_path("catalog.db"), sql, answer, sizeof answer) == SQLITE_OK);
  return atoi(answer);
}

/* Files in the folder of journals; the name of the last one. */
static int count_journals(char name[WF_JOURNAL_NAME]) {
  DIR *listing = opendir(folder());
  int n = 0;
  if (!listing) return 0;
  for (struct dirent *item; (item = readdir(listing));) {
    if (item->d_name[0] == '.') continue;
    if (name) snprintf(name, WF_JOURNAL_NAME, "%.63s", item->d_name);
    n++;
  }
  closedir(listing);
  return n;
}

/* ---- one process ------------------------------------------------------------------------------
 */

TEST(journal_is_read_before_it_is_merged) {
  wf_catalog *catalog = open_lax(test_path("catalog.db"));
  wf_error err = WF_ERROR_INIT;
  int64_t run = begin_run(catalog);
  add_all(catalog, run, 1, 10);
  CHECK_EQ_INT(count_rows("step"), 0);
  CHECK_EQ_INT(count_journals(NULL), 1);
  CHECK_EQ_STR(value_of(catalog, 7), "v7");
  char value[16] = "";
  REQUIRE_OK(wf_catalog_find_latest_result(catalog, "r", "S", 3, see_value, value, &err), err);
  CHECK_EQ_STR(value, "v3");
  value[0] = '\0';
  REQUIRE_OK(wf_catalog_find_latest_result(catalog, "other", "S", 3, see_value, value, &err), err);
  CHECK_EQ_STR(value, "");
  CHECK_EQ_INT(count_rows("step"), 0);
  CHECK_EQ_INT(list_steps(catalog, run).n, 10);
  CHECK_EQ_INT(count_rows("step"), 10);
  CHECK_EQ_STR(value_of(catalog, 7), "v7");
  add_all(catalog, run, 11, 12);
  REQUIRE_OK(wf_catalog_end_run(catalog, run, WF_STATE_SUCCEEDED, NULL, NULL, &err), err);
  CHECK_EQ_INT(count_rows("result"), 12);
  CHECK_EQ_INT(count_journals(NULL), 0);
  CHECK_FAILS(add(catalog, run, 13, &err), err, WF_INVALID, "ended already");
  wf_catalog_close(catalog);
}

/* A journalled step goes before whatever the handle commits after it. */
TEST(journal_is_merged_with_the_next_transaction) {
  wf_catalog *catalog = open_lax(test_path("catalog.db"));
  wf_error err = WF_ERROR_INIT;
  int64_t run = begin_run(catalog), step;
  add_all(catalog, run, 1, 3);
  REQUIRE_OK(wf_catalog_start_step(&step, catalog, run, "A", "action", NULL, &err), err);
  CHECK_EQ_INT(count_rows("step"), 4);
  wf_step_ending end = {.state = WF_STATE_SUCCEEDED, .nth = 4};
  REQUIRE_OK(wf_catalog_finish_step(catalog, step, &end, &err), err);
  add_all(catalog, run, 5, 6);
  listed list = list_steps(catalog, run);
  CHECK_EQ_INT(list.n, 6);
  CHECK(list.ordered);
  wf_catalog_close(catalog);
  CHECK_EQ_INT(count_journals(NULL), 0);
}

TEST(journal_of_many_steps_is_merged_in_batches) {
  begin_faults();
  wf_catalog *catalog = open_lax(test_path("catalog.db"));
  int64_t run = begin_run(catalog);
  add_all(catalog, run, 1, 10000);
  CHECK(count_rows("step") > 8000);
  CHECK_EQ_STR(value_of(catalog, 1), "v1");
  CHECK_EQ_STR(value_of(catalog, 10000), "v10000");
  listed list = list_steps(catalog, run);
  CHECK_EQ_INT(list.n, 10000);
  CHECK(list.ordered);
  wf_catalog_close(catalog);
  end_faults();
}

TEST(journal_keeps_large_values_and_absent_texts) {
  wf_catalog *catalog = open_lax(test_path("catalog.db"));
  wf_error err = WF_ERROR_INIT;
  int64_t run = begin_run(catalog), step;
  static char large[100000];
  memset(large, 'x', sizeof large);
  wf_result_record made = {.key = DIGEST_A, .value = large, .value_size = sizeof large};
  wf_step_record record = {.run = run, .name = "L", .kind = "step", .state = WF_STATE_SUCCEEDED};
  for (int i = 0; i < 60; i++) /* more than one batch by size */
    REQUIRE_OK(wf_catalog_add_step(&step, catalog, &record, &made, &err), err);
  char answer[64];
  CHECK_EQ_INT(list_steps(catalog, run).n, 60);
  run_sql(test_path("catalog.db"), "SELECT sum(length(value)) || count(parts) FROM result", answer,
          sizeof answer);
  CHECK_EQ_STR(answer, "60000000");
  wf_catalog_close(catalog);
}

TEST(journal_takes_no_step_of_an_absent_run) {
  wf_catalog *catalog = open_lax(test_path("catalog.db"));
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(add(catalog, 99, 1, &err), err, WF_NOTFOUND, "run 99");
  CHECK_EQ_INT(count_journals(NULL), 0);
  wf_catalog_close(catalog);
}

/* ---- several processes ------------------------------------------------------------------------
 */

TEST(journal_of_another_handle_is_seen) {
  wf_catalog *writer = open_lax(test_path("catalog.db")), *reader = open_catalog();
  int64_t run = begin_run(writer);
  CHECK_EQ_STR(value_of(reader, 1), "");
  add_all(writer, run, 1, 3);
  CHECK_EQ_STR(value_of(reader, 2), "v2");
  CHECK_EQ_INT(list_steps(reader, run).n, 3);
  add_all(writer, run, 4, 5);
  CHECK_EQ_STR(value_of(reader, 5), "v5");
  CHECK_EQ_INT(count_journals(NULL), 1); /* its writer lives */
  CHECK_EQ_INT(list_steps(writer, run).n, 5);
  wf_catalog_close(writer);
  CHECK_EQ_INT(list_steps(reader, run).n, 5);
  CHECK_EQ_INT(count_journals(NULL), 0);
  wf_catalog_close(reader);
}

/* A child that journals so many steps and is killed. */
static void journal_and_die(int n) {
  const char *path = test_path("catalog.db"); /* of this process, not of the child */
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    wf_catalog *catalog = open_lax(path);
    int64_t run = begin_run(catalog);
    add_all(catalog, run, 1, n);
    raise(SIGKILL);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

TEST(journal_survives_kill) {
  journal_and_die(5);
  CHECK_EQ_INT(count_journals(NULL), 1);
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_catalog_reap_runs(catalog, &err), err);
  CHECK_EQ_INT(count_rows("step"), 5);
  CHECK_EQ_INT(count_journals(NULL), 0);
  CHECK_EQ_STR(value_of(catalog, 5), "v5");
  CHECK_EQ_INT(count_events(catalog, "journal.cut"), 0);
  REQUIRE_OK(wf_catalog_verify(catalog, &err), err);
  wf_catalog_close(catalog);
}

/* What a child of a fork closes stays its parent's. */
TEST(journal_is_left_alone_by_a_forked_child) {
  wf_catalog *catalog = open_lax(test_path("catalog.db"));
  int64_t run = begin_run(catalog);
  add_all(catalog, run, 1, 2);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    wf_error err = WF_ERROR_INIT;
    bool refused = add(catalog, run, 3, &err) == WF_INVALID;
    wf_catalog_close(catalog);
    _exit(!refused);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK_EQ_INT(count_journals(NULL), 1);
  add_all(catalog, run, 3, 4);
  CHECK_EQ_INT(list_steps(catalog, run).n, 4);
  wf_catalog_close(catalog);
}

TEST(journals_of_writers_and_readers_at_once) {
  enum { WRITERS = 3, STEPS = 1500 };
  wf_catalog_close(open_catalog());
  pid_t children[WRITERS];
  fflush(stdout);
  for (int i = 0; i < WRITERS; i++) {
    children[i] = fork();
    if (children[i] != 0) continue;
    wf_catalog *catalog = open_lax(test_path("catalog.db"));
    int64_t run = begin_run(catalog);
    add_all(catalog, run, 1, STEPS);
    if (i > 0) raise(SIGKILL);
    wf_catalog_close(catalog);
    _exit(0);
  }
  wf_catalog *reader = open_catalog();
  for (int left = WRITERS; left;) {
    for (int64_t run = 1; run <= WRITERS; run++) CHECK(list_steps(reader, run).ordered);
    while (waitpid(-1, NULL, WNOHANG) > 0) left--;
  }
  for (int64_t run = 1; run <= WRITERS; run++) {
    listed list = list_steps(reader, run);
    CHECK_EQ_INT(list.n, STEPS);
    CHECK(list.ordered);
  }
  wf_catalog_close(reader);
  wf_catalog_close(open_catalog());
  CHECK_EQ_INT(count_rows("step"), WRITERS * STEPS);
  CHECK_EQ_INT(count_rows("result"), WRITERS * STEPS);
}

/* ---- damage -----------------------------------------------------------------------------------
 */

/* The bytes of a journal of three steps whose process was killed, and where its records end. */
typedef struct sample {
  char *bytes;
  size_t size, ends[4];
  const char *catalog, *folder;
  int met; /* journals so far: each has another name */
} sample;

static sample make_sample(void) {
  char name[WF_JOURNAL_NAME] = "", path[600];
  sample s = {0};
  journal_and_die(3);
  REQUIRE(count_journals(name) == 1);
  snprintf(path, sizeof path, "%s/%s", folder(), name);
  int fd = open(path, O_RDONLY);
  struct stat info;
  REQUIRE(fd >= 0 && fstat(fd, &info) == 0);
  s.bytes = malloc((size_t)info.st_size);
  s.size = (size_t)info.st_size;
  REQUIRE(s.bytes && read(fd, s.bytes, s.size) == (ssize_t)s.size);
  close(fd);
  unlink(path);
  wf_journal_cursor cursor = {{s.bytes + WF_JOURNAL_HEADER, s.size - WF_JOURNAL_HEADER},
                              WF_JOURNAL_HEADER};
  wf_journal_record record;
  s.ends[0] = WF_JOURNAL_HEADER;
  s.catalog = test_path("catalog.db");
  s.folder = folder();
  for (int i = 1; i <= 3; i++) {
    REQUIRE(wf_journal_next(&cursor, &record));
    CHECK_EQ_INT(record.step.nth, i);
    s.ends[i] = cursor.offset;
  }
  CHECK_EQ_INT(cursor.offset, s.size);
  return s;
}

/* How many steps a catalog has after it met a journal of these bytes. */
static int merge_bytes(wf_catalog *catalog, sample *s, size_t size) {
  char path[600];
  snprintf(path, sizeof path, "%s/1-%d", s->folder, s->met++);
  REQUIRE(run_sql(s->catalog, "DELETE FROM step; DELETE FROM result", NULL, 0) == SQLITE_OK);
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  REQUIRE(fd >= 0 && write(fd, s->bytes, size) == (ssize_t)size);
  close(fd);
  listed list = list_steps(catalog, 1);
  CHECK(list.ordered);
  unlink(path); /* one that is no journal stays */
  return list.n;
}

TEST(journal_torn_at_every_byte) {
  begin_faults();
  sample s = make_sample();
  wf_catalog *catalog = open_catalog();
  for (size_t size = 0; size <= s.size; size++) {
    int whole = 0;
    while (whole < 3 && s.ends[whole + 1] <= size) whole++;
    int n = merge_bytes(catalog, &s, size);
    if (n != whole) test_fail(__FILE__, __LINE__, "cut at %zu: %d steps, not %d", size, n, whole);
    for (int i = 1; i <= whole; i++) CHECK(value_of(catalog, i)[0] == 'v');
  }
  CHECK(count_events(catalog, "journal.cut") > 100);
  wf_catalog_close(catalog);
  free(s.bytes);
  end_faults();
}

TEST(journal_damaged_at_every_byte) {
  begin_faults();
  sample s = make_sample();
  wf_catalog *catalog = open_catalog();
  for (size_t at = 0; at < s.size; at++) {
    int whole = 0; /* records before the damaged one */
    while (whole < 3 && s.ends[whole + 1] <= at) whole++;
    s.bytes[at] = (char)(s.bytes[at] ^ (1 << at % 8));
    int n = merge_bytes(catalog, &s, s.size);
    s.bytes[at] = (char)(s.bytes[at] ^ (1 << at % 8));
    /* Its first 8 bytes make it a journal, the rest of the header is a hint; the 4 behind a
     * record's size are not used. */
    bool unused = at >= 8 && at < WF_JOURNAL_HEADER;
    for (int i = 0; i < 3; i++) unused |= at >= s.ends[i] + 4 && at < s.ends[i] + 8;
    int expected = unused ? 3 : at < 8 ? 0 : whole;
    if (n != expected) test_fail(__FILE__, __LINE__, "flip at %zu: %d steps", at, n);
  }
  wf_catalog_close(catalog);
  free(s.bytes);
  end_faults();
}

/* The disk is full in the middle of a record: it is refused, the next one is whole. */
TEST(journal_write_that_fails_half_way) {
  wf_catalog *catalog = open_lax(test_path("catalog.db"));
  wf_error err = WF_ERROR_INIT;
  int64_t run = begin_run(catalog);
  add_all(catalog, run, 1, 2);
  char name[WF_JOURNAL_NAME], path[600];
  REQUIRE(count_journals(name) == 1);
  snprintf(path, sizeof path, "%s/%s", folder(), name);
  struct stat info;
  struct rlimit before, limit;
  REQUIRE(stat(path, &info) == 0 && getrlimit(RLIMIT_FSIZE, &before) == 0);
  limit = before;
  limit.rlim_cur = (rlim_t)info.st_size + 100;
  signal(SIGXFSZ, SIG_IGN);
  REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  wf_status status = add(catalog, run, 3, &err);
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  signal(SIGXFSZ, SIG_DFL);
  CHECK(status == WF_IO && strstr(err.message, "catalog.db.steps"));
  wf_catalog *reader = open_catalog();
  CHECK_EQ_INT(list_steps(reader, run).n, 2);
  CHECK_EQ_STR(value_of(reader, 3), "");
  add_all(catalog, run, 3, 4);
  CHECK_EQ_INT(list_steps(reader, run).n, 4);
  CHECK_EQ_STR(value_of(reader, 4), "v4");
  wf_catalog_close(reader);
  wf_catalog_close(catalog);
}

TEST(journal_folder_with_other_things) {
  begin_faults();
  wf_catalog *catalog = open_catalog();
  char path[600];
  REQUIRE(mkdir(folder(), 0700) == 0);
  snprintf(path, sizeof path, "%s/notes.txt", folder());
  int fd = open(path, O_WRONLY | O_CREAT, 0600);
  REQUIRE(fd >= 0 && write(fd, "these are notes, not a journal", 30) == 30);
  close(fd);
  snprintf(path, sizeof path, "%s/fifo", folder());
  REQUIRE(mkfifo(path, 0600) == 0);
  snprintf(path, sizeof path, "%s/folder", folder());
  REQUIRE(mkdir(path, 0700) == 0);
  snprintf(path, sizeof path, "%s/link", folder());
  REQUIRE(symlink("notes.txt", path) == 0);
  for (int i = 0; i < 3; i++) CHECK_EQ_STR(value_of(catalog, 1), "");
  CHECK_EQ_INT(count_journals(NULL), 4);
  wf_catalog_close(catalog);
  end_faults();
}

/* ---- no memory --------------------------------------------------------------------------------
 */

/* Adds, finds and merges; true when all of it worked. */
static bool use_journal(const char *path) {
  wf_error err = WF_ERROR_INIT;
  wf_catalog *writer = NULL, *reader = NULL;
  int64_t run = 0;
  char value[16] = "";
  listed list = {0};
  wf_status status = wf_catalog_open(&writer, path, &err);
  if (status == WF_OK) status = wf_catalog_open(&reader, path, &err);
  if (status == WF_OK) wf_catalog_set_durable_steps(writer, false);
  if (status == WF_OK) status = wf_catalog_start_run(&run, writer, "r", NULL, NULL, &err);
  for (int i = 1; status == WF_OK && i <= 40; i++) status = add(writer, run, i, &err);
  if (status == WF_OK) status = wf_catalog_find_results(writer, key_of(40), see_value, value, &err);
  if (status == WF_OK) status = wf_catalog_list_steps(reader, run, see_step, &list, &err);
  wf_catalog_close(reader);
  wf_catalog_close(writer);
  if (status != WF_OK && status != WF_NOMEM)
    test_fail(__FILE__, __LINE__, "%s: %s", wf_status_name(status), err.message);
  if (status == WF_OK) CHECK(list.n == 40 && strcmp(value, "v40") == 0);
  return status == WF_OK;
}

TEST(journal_without_memory) {
  begin_faults();
  const char *path = test_path("catalog.db");
  wf_catalog_close(open_catalog());
  CHECK_OOM_SAFE(use_journal(path));
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_catalog_verify(catalog, &err), err);
  CHECK_EQ_INT(count_journals(NULL), 0);
  wf_catalog_close(catalog);
  end_faults();
}
