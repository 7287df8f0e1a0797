/* test_power.c — the power fails: what was acknowledged is on the disk.
 *
 * The control does the same with an fsync that only pretends (test_faults.c) and must lose some, or
 * the test would prove nothing. */
#include "wf/store.h"

#include "check.h"
#include "faults.h"
#include "power_disk.h"

#include <unistd.h>

enum { MOST = 15000 }; /* so many digests fit into the pipe */

static wf_status open_on(wf_store **out, const char *mount) {
  char directory[400];
  snprintf(directory, sizeof directory, "%s/objects", mount);
  return wf_store_open(out, directory, NULL);
}

/* Puts small objects until the disk is gone; tells the digest of each that was acknowledged. */
static void put_until_dark(const char *mount, int pipe_end) {
  wf_store *store;
  if (open_on(&store, mount) != WF_OK) return;
  for (int i = 0; i < MOST; i++) {
    char text[64], digest[65];
    snprintf(text, sizeof text, "object %d of a store without power", i);
    if (wf_store_put(digest, store, text, strlen(text), NULL) != WF_OK) return;
    if (write(pipe_end, digest, sizeof digest) != sizeof digest) return;
  }
  for (;;) pause();
}

static void pretend_until_dark(const char *mount, int pipe_end) {
  faults_pretend_to_sync(true);
  put_until_dark(mount, pipe_end);
}

static int count_lost(const char *mount, int pipe_end, int *n_acknowledged) {
  char digest[65];
  int lost = 0;
  wf_store *store = NULL;
  bool opened = open_on(&store, mount) == WF_OK;
  while (read(pipe_end, digest, sizeof digest) == sizeof digest) {
    char *data = NULL;
    size_t size;
    ++*n_acknowledged;
    if (!opened || wf_store_get(&data, &size, store, digest, NULL) != WF_OK) lost++;
    wf_text_free(data);
  }
  wf_store_close(store);
  return lost;
}

TEST(power_loss_loses_no_acknowledged_object) {
  static const char *const names[] = {"a", "b", "c"};
  for (int i = 0; i < 3; i++) {
    int code = power_loss(test_path(names[i]), 300000, put_until_dark, count_lost);
    if (code == POWER_CANNOT) SKIP("cannot mount an ext4 file system of our own");
    CHECK_EQ_INT(code, 0);
  }
}

TEST(power_loss_without_syncs_loses_some) {
  int code = power_loss(test_path("control"), 300000, pretend_until_dark, count_lost);
  if (code == POWER_CANNOT) SKIP("cannot mount an ext4 file system of our own");
  CHECK_EQ_INT(code, 1);
}
