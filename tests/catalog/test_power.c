/* test_power.c — the power fails: what was committed is on the disk, and the database is sound.
 *
 * The control commits without syncs and must lose some, or the test would prove nothing. */
#include "catalog/catalog.h"

#include "../store/power_disk.h"
#include "support.h"

#include <unistd.h>

static wf_status open_on(wf_catalog **out, const char *mount) {
  char path[400];
  snprintf(path, sizeof path, "%s/catalog.db", mount);
  return wf_catalog_open(out, path, NULL);
}

/* Starts runs until the disk is gone; tells the number of each that was acknowledged. */
static void start_runs(const char *mount, int pipe_end, const char *pragma) {
  wf_catalog *catalog;
  if (open_on(&catalog, mount) != WF_OK ||
      sqlite3_exec(catalog->db, pragma, NULL, NULL, NULL) != SQLITE_OK)
    return;
  for (;;) {
    int64_t run;
    if (wf_catalog_start_run(&run, catalog, "r", NULL, NULL, NULL) != WF_OK) return;
    if (write(pipe_end, &run, sizeof run) != sizeof run) return;
  }
}

static void work(const char *mount, int pipe_end) { start_runs(mount, pipe_end, "SELECT 1"); }

static void work_without_syncs(const char *mount, int pipe_end) {
  start_runs(mount, pipe_end, "PRAGMA synchronous = OFF");
}

static bool found(void *context, const wf_run_record *run) {
  (void)context;
  return run->id > 0;
}

static int count_lost(const char *mount, int pipe_end, int *n_acknowledged) {
  wf_catalog *catalog = NULL;
  int lost = 0;
  int64_t run;
  bool sound = open_on(&catalog, mount) == WF_OK && wf_catalog_verify(catalog, NULL) == WF_OK;
  while (read(pipe_end, &run, sizeof run) == sizeof run) {
    ++*n_acknowledged;
    if (!sound || wf_catalog_get_run(catalog, run, found, NULL, NULL) != WF_OK) lost++;
  }
  wf_catalog_close(catalog);
  return lost;
}

TEST(power_loss_loses_no_commit) {
  static const char *const names[] = {"a", "b", "c"};
  for (int i = 0; i < 3; i++) {
    int code = power_loss(test_path(names[i]), 300000, work, count_lost);
    if (code == POWER_CANNOT) SKIP("cannot mount an ext4 file system of our own");
    CHECK_EQ_INT(code, 0);
  }
}

/* The kernel may write on its own just before the cut: one of several tries has to lose. */
TEST(power_loss_without_syncs_loses_some) {
  static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
  int code = 0;
  for (int i = 0; i < 6 && code == 0; i++)
    code = power_loss(test_path(names[i]), 100000 + 50000 * (unsigned)i, work_without_syncs,
                      count_lost);
  if (code == POWER_CANNOT) SKIP("cannot mount an ext4 file system of our own");
  CHECK_EQ_INT(code, 1);
}
