/* test_catalog.c — opening, sharing, dying, damage. */
#include "wf/catalog.h"

#include "base/file.h"
#include "base/random.h"
#include "support.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

TEST(catalog_files_are_private) {
  wf_catalog *catalog = open_catalog();
  static const char *const names[] = {"catalog.db", "catalog.db-wal", "catalog.db-shm"};
  for (int i = 0; i < 3; i++) {
    struct stat info;
    REQUIRE(stat(test_path(names[i]), &info) == 0);
    CHECK_EQ_INT(info.st_mode & 07777, 0600);
  }
  wf_catalog_close(catalog);
}

TEST(catalog_open_refuses) {
  wf_error err = WF_ERROR_INIT;
  wf_catalog *catalog = NULL;
  CHECK_FAILS(wf_catalog_open(&catalog, "", &err), err, WF_INVALID, "empty");
  const char *path = test_path("none/catalog.db");
  CHECK_FAILS(wf_catalog_open(&catalog, path, &err), err, WF_NOTFOUND, path);
  CHECK_FAILS(wf_catalog_open(&catalog, test_dir(), &err), err, WF_IO, "not a regular file");
  path = test_path("link.db");
  REQUIRE(symlink(test_write("target", "", 0), path) == 0);
  CHECK_FAILS(wf_catalog_open(&catalog, path, &err), err, WF_IO, "not a regular file");
  path = test_write("text.db",
                    "this is not a database, but long enough to be looked at ........."
                    "....................................................",
                    115);
  CHECK_FAILS(wf_catalog_open(&catalog, path, &err), err, WF_CORRUPT, path);
  CHECK(catalog == NULL);
}

static bool nothing(void *context, const wf_run_record *run) {
  (void)context;
  (void)run;
  return true;
}

TEST(catalog_after_a_fork_is_refused) {
  wf_catalog *catalog = open_catalog();
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    int64_t run;
    bool refused = wf_catalog_start_run(&run, catalog, "r", NULL, NULL, NULL) == WF_INVALID &&
                   wf_catalog_list_runs(catalog, 0, nothing, NULL, NULL) == WF_INVALID;
    wf_catalog_close(catalog);
    _exit(refused ? 0 : 1);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  int64_t run;
  CHECK(wf_catalog_start_run(&run, catalog, "r", NULL, NULL, NULL) == WF_OK);
  wf_catalog_close(catalog);
}

typedef struct nest {
  wf_catalog *catalog;
  wf_status reading, writing;
  int depth;
} nest;

static bool read_and_write(void *context, const wf_run_record *run) {
  nest *n = context;
  int64_t id;
  if (n->depth++ == 0) n->reading = wf_catalog_list_runs(n->catalog, 0, read_and_write, n, NULL);
  n->writing = wf_catalog_start_run(&id, n->catalog, "x", NULL, NULL, NULL);
  return run->id > 0;
}

TEST(catalog_callbacks_may_read_but_not_write) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run;
  REQUIRE_OK(wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err), err);
  nest n = {catalog, WF_IO, WF_IO, 0};
  REQUIRE_OK(wf_catalog_list_runs(catalog, 0, read_and_write, &n, &err), err);
  CHECK_EQ_INT(n.reading, WF_OK);
  CHECK_EQ_INT(n.writing, WF_INVALID);
  CHECK_EQ_INT(n.depth, 2);
  REQUIRE_OK(wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err), err);
  CHECK_EQ_INT(run, 2);
  wf_catalog_close(catalog);
}

/* ---- memory ------------------------------------------------------------------------------------
 */

static bool no_version(void *context, const wf_version_record *v) {
  (void)context;
  (void)v;
  return true;
}
static bool no_endpoint(void *context, const wf_endpoint_record *e) {
  (void)context;
  (void)e;
  return true;
}
static bool no_event(void *context, const wf_event_record *e) {
  (void)context;
  (void)e;
  return true;
}
static bool no_step(void *context, const wf_step_record *s) {
  (void)context;
  (void)s;
  return true;
}

/* Every function once; stops at the first failure and tells its status. */
static wf_status whole_story(wf_catalog *catalog) {
  int64_t run, step, version, generation;
  wf_version_record record = {.group = "g", .digest = DIGEST_A, .metrics_json = "{}"};
  WF_TRY(wf_catalog_reap_runs(catalog, NULL));
  WF_TRY(wf_catalog_start_run(&run, catalog, "r", "s", "{}", NULL));
  WF_TRY(wf_catalog_start_step(&step, catalog, run, "s", "step", "log", NULL));
  WF_TRY(wf_catalog_end_step(catalog, step, WF_STATE_SUCCEEDED, "m", "{}", NULL));
  record.run = run;
  WF_TRY(wf_catalog_register(&version, catalog, &record, "me", "why", NULL));
  WF_TRY(wf_catalog_set_approval(catalog, "g", version, WF_APPROVAL_APPROVED, "me", "so", NULL));
  WF_TRY(wf_catalog_deploy(&generation, catalog, "e", "g", version, DIGEST_A, NULL));
  WF_TRY(wf_catalog_report_endpoint(catalog, "e", generation, WF_ENDPOINT_IN_SERVICE, NULL, NULL));
  WF_TRY(wf_catalog_server_stopped(catalog, NULL));
  WF_TRY(wf_catalog_get_version(catalog, "g", 0, true, no_version, NULL, NULL));
  WF_TRY(wf_catalog_list_versions(catalog, NULL, no_version, NULL, NULL));
  WF_TRY(wf_catalog_list_endpoints(catalog, no_endpoint, NULL, NULL));
  WF_TRY(wf_catalog_get_endpoint(catalog, "e", no_endpoint, NULL, NULL));
  WF_TRY(wf_catalog_delete_endpoint(catalog, "e", NULL));
  WF_TRY(wf_catalog_end_run(catalog, run, WF_STATE_SUCCEEDED, "m", "{}", NULL));
  WF_TRY(wf_catalog_list_runs(catalog, 0, nothing, NULL, NULL));
  WF_TRY(wf_catalog_list_steps(catalog, run, no_step, NULL, NULL));
  return wf_catalog_list_events(catalog, NULL, no_event, NULL, NULL);
}

static wf_status open_and_tell(const char *path) {
  wf_catalog *catalog = NULL;
  WF_TRY(wf_catalog_open(&catalog, path, NULL));
  wf_status status = whole_story(catalog);
  wf_catalog_close(catalog);
  return status;
}

TEST(catalog_out_of_memory) {
  begin_faults();
  const char *path = test_path("catalog.db");
  CHECK_OOM_SAFE(open_and_tell(path) == WF_OK);
  end_faults();
}

/* Memory fails at some allocation, later it works again: the same handle must go on. */
TEST(catalog_goes_on_after_out_of_memory) {
  begin_faults();
  for (long n = 0;; n++) {
    char name[32];
    snprintf(name, sizeof name, "%ld.db", n);
    char path[300];
    snprintf(path, sizeof path, "%s/%s", test_dir(), name);
    wf_catalog *catalog = NULL;
    REQUIRE(wf_catalog_open(&catalog, path, NULL) == WF_OK);
    wf_alloc_fail_after(n);
    wf_status status = whole_story(catalog);
    wf_alloc_fail_after(-1);
    CHECK(status == WF_OK || status == WF_NOMEM);
    int64_t run = 0;
    CHECK(wf_catalog_start_run(&run, catalog, "after", NULL, NULL, NULL) == WF_OK && run > 0);
    wf_catalog_close(catalog);
    unlink(path);
    if (status == WF_OK) break;
  }
  end_faults();
}

/* The same for SQLite's own allocations, by its hard limit. */
TEST(catalog_when_sqlite_is_out_of_memory) {
  begin_faults();
  const char *path = test_path("catalog.db");
  REQUIRE(open_and_tell(path) == WF_OK);
  int failures = 0;
  wf_status status = WF_NOMEM;
  for (sqlite3_int64 limit = 20000; status != WF_OK && limit < 4000000; limit += 4000) {
    sqlite3_hard_heap_limit64(limit);
    status = open_and_tell(path);
    sqlite3_hard_heap_limit64(0);
    if (status != WF_OK) failures++;
    if (status != WF_OK && status != WF_NOMEM)
      test_fail(__FILE__, __LINE__, "limit %lld: %s", (long long)limit, wf_status_name(status));
  }
  CHECK_EQ_INT(status, WF_OK);
  CHECK(failures > 5);
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_catalog_verify(catalog, &err), err);
  wf_catalog_close(catalog);
  end_faults();
}

/* ---- others at work ----------------------------------------------------------------------------
 */

TEST(catalog_opened_by_many_at_once) {
  const char *path = test_path("catalog.db");
  pid_t children[6];
  fflush(stdout);
  for (int i = 0; i < 6; i++) {
    children[i] = fork();
    if (children[i] != 0) continue;
    wf_catalog *catalog;
    wf_error err = WF_ERROR_INIT;
    int64_t run;
    if (wf_catalog_open(&catalog, path, &err) != WF_OK ||
        wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err) != WF_OK) {
      printf("  %s\n", err.message);
      fflush(stdout);
      _exit(1);
    }
    wf_catalog_close(catalog);
    _exit(0);
  }
  for (int i = 0; i < 6; i++) {
    int status = -1;
    CHECK(waitpid(children[i], &status, 0) == children[i] && status == 0);
  }
  char answer[32];
  run_sql(path, "SELECT count(*) FROM run", answer, sizeof answer);
  CHECK_EQ_STR(answer, "6");
}

TEST(catalog_waits_for_another_writer) {
  wf_catalog *catalog = open_catalog();
  const char *path = test_path("catalog.db");
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) { /* holds the lock for a third of a second */
    sqlite3 *db;
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
        write(ends[1], "x", 1) != 1)
      _exit(1);
    usleep(300000);
    sqlite3_close(db);
    _exit(0);
  }
  char byte;
  REQUIRE(read(ends[0], &byte, 1) == 1);
  close(ends[0]);
  close(ends[1]);
  wf_error err = WF_ERROR_INIT;
  int64_t run;
  wf_status listed =
      wf_catalog_list_runs(catalog, 0, nothing, NULL, &err); /* readers do not wait */
  wf_status started = wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err);
  waitpid(child, NULL, 0);
  CHECK_EQ_INT(listed, WF_OK);
  REQUIRE_OK(started, err);
  wf_catalog_close(catalog);
}

/* One run from start to end. */
static wf_status complete_run(wf_catalog *catalog, int64_t *run) {
  int64_t step;
  WF_TRY(wf_catalog_start_run(run, catalog, "r", NULL, "{}", NULL));
  WF_TRY(wf_catalog_start_step(&step, catalog, *run, "s", "step", NULL, NULL));
  WF_TRY(wf_catalog_end_step(catalog, step, WF_STATE_SUCCEEDED, NULL, NULL, NULL));
  return wf_catalog_end_run(catalog, *run, WF_STATE_SUCCEEDED, NULL, NULL, NULL);
}

/* Completes runs for ever; tells each number when it was acknowledged. On a machine that is busy
 * enough a writer may wait its ten seconds in vain, which is no loss: it tries again. */
static void run_until_killed(const char *path, int pipe_end) {
  wf_catalog *catalog;
  wf_status status;
  do status = wf_catalog_open(&catalog, path, NULL);
  while (status == WF_BUSY);
  while (status == WF_OK || status == WF_BUSY) {
    int64_t run;
    status = complete_run(catalog, &run);
    if (status == WF_OK && write(pipe_end, &run, sizeof run) != sizeof run) status = WF_IO;
  }
  _exit((int)status);
}

typedef struct tally {
  char *acknowledged;
  int64_t size;
  int total, lost;
} tally;

static bool is_succeeded(void *context, const wf_run_record *run) {
  return *(bool *)context = run->state == WF_STATE_SUCCEEDED;
}

/* `after` microseconds from now, or from the first acknowledgement on. */
static void kill_two(const char *path, useconds_t after, bool acknowledged, tally *t) {
  int ends[2];
  if (pipe(ends) != 0) return;
  pid_t children[2];
  fflush(stdout);
  for (int i = 0; i < 2; i++) {
    children[i] = fork();
    if (children[i] == 0) run_until_killed(path, ends[1]);
  }
  close(ends[1]);
  if (acknowledged) poll(&(struct pollfd){ends[0], POLLIN, 0}, 1, 10000);
  usleep(after);
  for (int i = 0; i < 2; i++) {
    int status = 0;
    if (children[i] <= 0) continue;
    kill(children[i], SIGKILL);
    waitpid(children[i], &status, 0);
    if (!WIFSIGNALED(status))
      CHECK_EQ_STR(wf_status_name((wf_status)WEXITSTATUS(status)), "killed");
    usleep(2000); /* the other one goes on over what the first left */
  }
  int64_t run;
  while (read(ends[0], &run, sizeof run) == sizeof run) {
    if (run < t->size) t->acknowledged[run] = 1;
  }
  close(ends[0]);
}

TEST(catalog_survives_kills) {
  enum { ROUNDS = 40 };
  const char *path = test_path("catalog.db");
  tally t = {calloc(200000, 1), 200000, 0, 0};
  wf_random random;
  wf_random_seed(&random, 20261122, 1);
  for (int i = 0; i < ROUNDS; i++)
    kill_two(path, (useconds_t)wf_random_below(&random, 40000), i % 2 == 1, &t);
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_catalog_verify(catalog, &err), err);
  for (int64_t run = 1; run < t.size; run++) {
    if (!t.acknowledged[run]) continue;
    bool succeeded = false;
    t.total++;
    if (wf_catalog_get_run(catalog, run, is_succeeded, &succeeded, NULL) != WF_OK || !succeeded)
      t.lost++;
  }
  printf("  %d kills, %d acknowledged runs, %d lost\n", 2 * ROUNDS, t.total, t.lost);
  CHECK_EQ_INT(t.lost, 0);
  CHECK(t.total >= ROUNDS / 2);
  REQUIRE_OK(wf_catalog_reap_runs(catalog, &err), err);
  char answer[32];
  run_sql(path, "SELECT count(*) FROM run WHERE state = 'Executing'", answer, sizeof answer);
  CHECK_EQ_STR(answer, "0");
  run_sql(path,
          "SELECT count(*) FROM run r WHERE NOT EXISTS"
          " (SELECT 1 FROM event WHERE subject = 'run ' || r.id AND kind = 'run.started')",
          answer, sizeof answer);
  CHECK_EQ_STR(answer, "0"); /* no change without its event */
  wf_catalog_close(catalog);
  free(t.acknowledged);
}

/* ---- damage -----------------------------------------------------------------------------------
 */

static void write_plainly(const char *path, const char *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  if (!file || (size && fwrite(bytes, size, 1, file) != 1) || fclose(file) != 0) abort();
}

/* Random damage to a database with some content: an answer or an error, never a crash. */
TEST(catalog_damaged) {
  begin_faults();
  const char *path = test_path("catalog.db");
  const char *wal = test_path("catalog.db-wal"), *shm = test_path("catalog.db-shm");
  REQUIRE(open_and_tell(path) == WF_OK);
  char *original;
  size_t size;
  REQUIRE(wf_file_read(path, 0, &original, &size, NULL) == WF_OK);
  char *bytes = malloc(size);
  wf_random random;
  wf_random_seed(&random, 20261122, 2);
  int noticed = 0;
  for (int round = 0; round < 300; round++) {
    memcpy(bytes, original, size);
    for (int i = 0; i < 20; i++)
      bytes[wf_random_below(&random, size)] = (char)wf_random_below(&random, 256);
    size_t length = round % 10 == 0 ? wf_random_below(&random, size) : size;
    wf_error err = WF_ERROR_INIT;
    wf_catalog *catalog = NULL;
    write_plainly(path, bytes, length);
    wf_status status = wf_catalog_open(&catalog, path, &err);
    if (status == WF_OK) {
      (void)!wf_catalog_list_runs(catalog, 0, nothing, NULL, NULL);
      (void)!wf_catalog_list_events(catalog, NULL, no_event, NULL, NULL);
      (void)!wf_catalog_list_endpoints(catalog, no_endpoint, NULL, NULL);
      (void)!wf_catalog_list_versions(catalog, NULL, no_version, NULL, NULL);
      (void)!whole_story(catalog);
      status = wf_catalog_verify(catalog, &err);
    }
    if (status == WF_CORRUPT) CHECK_HAS(err.message, path);
    noticed += status != WF_OK;
    wf_catalog_close(catalog);
    unlink(wal);
    unlink(shm);
  }
  printf("  %d of 300 damaged databases noticed\n", noticed);
  CHECK(noticed > 150);
  free(bytes);
  wf_free(original);
  end_faults();
}

TEST(catalog_verify_finds_a_broken_reference) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run, step;
  REQUIRE_OK(wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err), err);
  REQUIRE_OK(wf_catalog_start_step(&step, catalog, run, "s", "step", NULL, &err), err);
  REQUIRE_OK(wf_catalog_verify(catalog, &err), err);
  REQUIRE(run_sql(test_path("catalog.db"), "DELETE FROM run", NULL, 0) == SQLITE_OK);
  CHECK_FAILS(wf_catalog_verify(catalog, &err), err, WF_CORRUPT, "refers to");
  wf_catalog_close(catalog);
}

/* ---- the machine's faults ----------------------------------------------------------------------
 */

static int read_only_body(const char *directory) {
  if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) return 77;
  char path[400];
  wf_error err = WF_ERROR_INIT;
  wf_catalog *catalog = NULL;
  snprintf(path, sizeof path, "%s/new.db", directory);
  if (wf_catalog_open(&catalog, path, &err) != WF_IO) return 1;
  if (!strstr(err.message, path) || !strstr(err.message, "Permission denied")) return 2;
  snprintf(path, sizeof path, "%s/old.db", directory);
  err.message[0] = '\0';
  wf_status status = wf_catalog_open(&catalog, path, &err);
  if (status == WF_OK) {
    int64_t run;
    status = wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err);
  }
  printf("  %s: %s\n", wf_status_name(status), err.message);
  fflush(stdout);
  return status == WF_IO && strstr(err.message, path) ? 0 : 3;
}

TEST(catalog_in_a_read_only_directory) {
  REQUIRE(mkdir(test_path("ro"), 0755) == 0);
  wf_catalog *catalog;
  REQUIRE(wf_catalog_open(&catalog, test_path("ro/old.db"), NULL) == WF_OK);
  wf_catalog_close(catalog);
  chmod(test_path("ro/old.db"), 0444);
  chmod(test_path("ro"), 0555);
  chmod(test_dir(), 0755);
  int code = test_in_child(read_only_body, test_path("ro"));
  chmod(test_path("ro"), 0755);
  if (code == 77) SKIP("cannot give up root's rights");
  CHECK_EQ_INT(code, 0);
}

/* A small file system is filled; what was acknowledged stays, and writing goes on when space is
 * made. */
static int full_disk_body(const char *directory) {
  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mkdir(directory, 0700) != 0 || mount("tmpfs", directory, "tmpfs", 0, "size=1024k") != 0)
    return 77;
  char path[400], ballast[400], *filler = calloc(1, 200000);
  snprintf(path, sizeof path, "%s/catalog.db", directory);
  snprintf(ballast, sizeof ballast, "%s/ballast", directory);
  if (wf_file_write(ballast, filler, 200000, 0600, NULL) != WF_OK) return 8;
  wf_error err = WF_ERROR_INIT;
  wf_catalog *catalog = NULL;
  if (wf_catalog_open(&catalog, path, &err) != WF_OK) return 1;
  memset(filler, 'x', 1999);
  filler[1999] = '\0';
  int64_t run = 0, last = 0;
  wf_status status = WF_OK;
  for (int i = 0; i < 2000 && status == WF_OK; i++) {
    status = wf_catalog_start_run(&run, catalog, filler, NULL, NULL, &err);
    if (status == WF_OK) last = run;
  }
  if (status != WF_IO || last < 5) return 2;
  if (!strstr(err.message, path) || !strstr(err.message, "disk is full")) return 3;
  bool executing = false;
  if (wf_catalog_get_run(catalog, last, is_succeeded, &executing, &err) != WF_OK) return 4;
  if (wf_catalog_verify(catalog, &err) != WF_OK) return 5;
  if (unlink(ballast) != 0) return 6;
  if (wf_catalog_start_run(&run, catalog, "again", NULL, NULL, &err) != WF_OK) return 7;
  wf_catalog_close(catalog);
  free(filler);
  return 0;
}

TEST(catalog_on_a_full_disk) {
  int code = test_in_child(full_disk_body, test_path("disk"));
  if (code == 77) SKIP("cannot mount a small file system");
  CHECK_EQ_INT(code, 0);
}
