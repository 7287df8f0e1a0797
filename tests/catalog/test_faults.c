/* test_faults.c — the disk fails under SQLite, at every call in turn.
 *
 * A VFS that passes everything on to the system's, but can make writes, syncs, truncations, opens
 * and deletions fail, becomes SQLite's default for these tests. After each failure the catalog must
 * be sound, hold everything that was acknowledged, and go on. */
#include "support.h"

static struct {
  sqlite3_vfs vfs, *real;
  const sqlite3_io_methods *real_methods;
  sqlite3_io_methods methods[2]; /* of other files, which take no locks, and of the database */
  long fail_at, count;
  bool for_ever;
  int code;
} fault = {.fail_at = -1};

static int refuse(int code) {
  long number = fault.count++;
  if (fault.fail_at < 0) return SQLITE_OK;
  bool now = fault.for_ever ? number >= fault.fail_at : number == fault.fail_at;
  return !now ? SQLITE_OK : fault.code == SQLITE_FULL ? SQLITE_FULL : code;
}

static int fault_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset) {
  int code = refuse(SQLITE_IOERR_WRITE);
  if (code != SQLITE_OK) /* half of it arrives */
    (void)fault.real_methods->xWrite(file, data, size / 2, offset);
  return code != SQLITE_OK ? code : fault.real_methods->xWrite(file, data, size, offset);
}

/* Nothing here survives or loses its power: a sync that works need not take its time. */
static int fault_sync(sqlite3_file *file, int flags) {
  (void)file;
  (void)flags;
  return refuse(SQLITE_IOERR_FSYNC);
}

static int fault_truncate(sqlite3_file *file, sqlite3_int64 size) {
  int code = refuse(SQLITE_IOERR_TRUNCATE);
  return code != SQLITE_OK ? code : fault.real_methods->xTruncate(file, size);
}

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
  (void)vfs;
  file->pMethods = NULL;
  int code = refuse(SQLITE_CANTOPEN);
  if (code != SQLITE_OK) return code;
  code = fault.real->xOpen(fault.real, name, file, flags, out);
  if (file->pMethods) { /* the system's file, with our methods in front */
    sqlite3_io_methods *ours = &fault.methods[(flags & SQLITE_OPEN_MAIN_DB) != 0];
    fault.real_methods = file->pMethods;
    *ours = *file->pMethods;
    ours->xWrite = fault_write;
    ours->xSync = fault_sync;
    ours->xTruncate = fault_truncate;
    file->pMethods = ours;
  }
  return code;
}

static int fault_delete(sqlite3_vfs *vfs, const char *name, int sync_directory) {
  (void)vfs;
  (void)sync_directory;
  int code = refuse(SQLITE_IOERR_DELETE);
  return code != SQLITE_OK ? code : fault.real->xDelete(fault.real, name, 0);
}

void end_faults(void) {
  fault.fail_at = -1;
  if (!fault.real) return;
  sqlite3_vfs_unregister(&fault.vfs);
}

void begin_faults(void) {
  end_faults(); /* of a test that was left early */
  fault.real = sqlite3_vfs_find(NULL);
  fault.vfs = *fault.real;
  fault.vfs.zName = "fault";
  fault.vfs.pNext = NULL;
  fault.vfs.xOpen = fault_open;
  fault.vfs.xDelete = fault_delete;
  fault.fail_at = -1;
  REQUIRE(sqlite3_vfs_register(&fault.vfs, 1) == SQLITE_OK);
}

/* What was acknowledged, to be found again. */
typedef struct acknowledged {
  int64_t run, version, generation;
  bool ended;
} acknowledged;

static wf_status story(const char *path, acknowledged *a, wf_error *err) {
  wf_catalog *catalog;
  wf_status status = wf_catalog_open(&catalog, path, err);
  if (status != WF_OK) return status;
  wf_version_record record = {.group = "g", .digest = DIGEST_A};
  status = wf_catalog_start_run(&a->run, catalog, "r", NULL, "{}", err);
  if (status == WF_OK) status = wf_catalog_register(&a->version, catalog, &record, "me", "", err);
  if (status == WF_OK)
    status = wf_catalog_deploy(&a->generation, catalog, "e", "g", a->version, DIGEST_A, err);
  if (status == WF_OK)
    status = wf_catalog_end_run(catalog, a->run, WF_STATE_SUCCEEDED, NULL, NULL, err);
  if (status == WF_OK) a->ended = true;
  wf_catalog_close(catalog);
  return status;
}

static bool see_run(void *context, const wf_run_record *run) {
  *(bool *)context = run->state == WF_STATE_SUCCEEDED;
  return true;
}
static bool see_version(void *context, const wf_version_record *v) {
  return *(bool *)context = v->version > 0;
}
static bool see_endpoint(void *context, const wf_endpoint_record *e) {
  *(int64_t *)context = e->generation;
  return true;
}

static void check_kept(const char *path, const acknowledged *a) {
  wf_catalog *catalog;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_catalog_open(&catalog, path, &err), err);
  REQUIRE_OK(wf_catalog_verify(catalog, &err), err);
  bool ended = false, found = false;
  int64_t generation = 0;
  if (a->run) REQUIRE_OK(wf_catalog_get_run(catalog, a->run, see_run, &ended, &err), err);
  if (a->ended) CHECK(ended);
  if (a->version)
    REQUIRE_OK(wf_catalog_get_version(catalog, "g", a->version, false, see_version, &found, &err),
               err);
  if (a->generation)
    REQUIRE_OK(wf_catalog_get_endpoint(catalog, "e", see_endpoint, &generation, &err), err);
  CHECK(generation >= a->generation);
  wf_catalog_close(catalog);
}

static void remove_catalog(const char *path) {
  static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
  for (int i = 0; i < 4; i++) {
    char file[512];
    snprintf(file, sizeof file, "%s%s", path, endings[i]);
    unlink(file);
  }
}

static void fail_everywhere(bool for_ever, int code) {
  const char *path = test_path("catalog.db");
  int failures = 0;
  begin_faults();
  for (long n = 0;; n++) {
    acknowledged a = {0};
    wf_error err = WF_ERROR_INIT;
    remove_catalog(path);
    fault.count = 0;
    fault.for_ever = for_ever;
    fault.code = code;
    fault.fail_at = n;
    wf_status status = story(path, &a, &err);
    bool reached = fault.count > n;
    fault.fail_at = -1;
    if (status != WF_OK) {
      failures++;
      if (status != WF_IO || !strstr(err.message, path))
        test_fail(__FILE__, __LINE__, "call %ld: %s: %s", n, wf_status_name(status), err.message);
    }
    check_kept(path, &a);
    acknowledged again = {0};
    REQUIRE_OK(story(path, &again, &err), err);
    CHECK(again.version >= a.version + (a.version > 0));
    if (!reached) break;
  }
  end_faults();
  printf("  %d failures\n", failures);
  CHECK(failures > 20);
}

TEST(fault_io_error_once) { fail_everywhere(false, SQLITE_IOERR); }
TEST(fault_io_error_for_ever) { fail_everywhere(true, SQLITE_IOERR); }
TEST(fault_full_disk_once) { fail_everywhere(false, SQLITE_FULL); }
TEST(fault_full_disk_for_ever) { fail_everywhere(true, SQLITE_FULL); }
