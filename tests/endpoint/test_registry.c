#include "endpoint/registry.h"

#include "check.h"

#include <pthread.h>
#include <stdatomic.h>

static wf_snapshot *make(const char *const *names, size_t n, int64_t generation) {
  wf_error err = WF_ERROR_INIT;
  wf_snapshot *snapshot;
  REQUIRE_OK(wf_snapshot_new(&snapshot, n, &err), err);
  for (size_t i = 0; i < n; i++) {
    wf_entry entry = {.name = wf_strdup(names[i]), .generation = generation};
    REQUIRE(entry.name && wf_stats_new(&entry.stats, 1, &err) == WF_OK);
    wf_snapshot_add(snapshot, &entry);
  }
  return snapshot;
}

TEST(registry_finds_by_name) {
  static const char *const names[] = {"a", "aa", "ab", "b", "b-1"};
  wf_snapshot *snapshot = make(names, 5, 1);
  for (size_t i = 0; i < 5; i++) {
    const wf_entry *entry = wf_snapshot_find(snapshot, wf_view_of(names[i]));
    CHECK(entry == &snapshot->entries[i]);
  }
  static const char *const absent[] = {"", "A", "aaa", "b-", "c", "b-10"};
  for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
    CHECK(wf_snapshot_find(snapshot, wf_view_of(absent[i])) == NULL);
  }
  wf_snapshot_free(snapshot);
}

typedef struct reading {
  wf_registry *registry;
  size_t reader, n_reads, n_wrong;
  atomic_bool *stop;
} reading;

/* Uses what it reads for a while: freed memory would be seen by the sanitizers, and as a wrong
 * generation. */
static void *read_on(void *context) {
  reading *mine = context;
  while (!atomic_load(mine->stop)) {
    const wf_snapshot *snapshot = wf_registry_enter(mine->registry, mine->reader);
    int64_t first = snapshot->n_entries ? snapshot->entries[0].generation : 0;
    for (int i = 0; i < 50; i++) {
      for (size_t j = 0; j < snapshot->n_entries; j++) {
        mine->n_wrong += snapshot->entries[j].generation != first;
        mine->n_wrong += snapshot->entries[j].name[0] != 'a';
      }
    }
    wf_registry_leave(mine->registry, mine->reader);
    mine->n_reads++;
  }
  return NULL;
}

TEST(registry_swaps_under_readers) {
  static const char *const names[] = {"a1", "a2", "a3"};
  wf_error err = WF_ERROR_INIT;
  wf_registry *registry;
  atomic_bool stop = false;
  pthread_t threads[3];
  reading readers[3];
  REQUIRE_OK(wf_registry_new(&registry, 3, &err), err);
  for (size_t i = 0; i < 3; i++) {
    readers[i] = (reading){.registry = registry, .reader = i, .stop = &stop};
    REQUIRE(pthread_create(&threads[i], NULL, read_on, &readers[i]) == 0);
  }
  for (int i = 1; i <= 300; i++) wf_registry_publish(registry, make(names, 3, i));
  atomic_store(&stop, true);
  for (size_t i = 0; i < 3; i++) {
    pthread_join(threads[i], NULL);
    CHECK_EQ_INT(readers[i].n_wrong, 0);
  }
  CHECK_EQ_INT(wf_registry_current(registry)->entries[0].generation, 300);
  wf_registry_free(registry);
}

static bool make_registry(void) {
  wf_error err = WF_ERROR_INIT;
  wf_registry *registry = NULL;
  wf_status status = wf_registry_new(&registry, 2, &err);
  wf_registry_free(registry);
  return status == WF_OK;
}

TEST(registry_survives_allocation_failures) { CHECK_OOM_SAFE(make_registry()); }
