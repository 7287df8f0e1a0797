/* registry.c — hazard pointers.
 *
 * A reader writes down the snapshot it is about to use and then checks that it still is the current
 * one; from that moment the writer, which looks at all slots after the swap, cannot miss it. So a
 * request costs three uncontended atomic accesses, an update never waits for, delays or fails a
 * request that has begun, and the old model goes when its last request has ended. All accesses are
 * sequentially consistent: the store to the slot must not pass the second load. */
#include "endpoint/registry.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

typedef struct slot {
  _Alignas(64) _Atomic(const wf_snapshot *) in_use;
} slot;

struct wf_registry {
  _Atomic(wf_snapshot *) current;
  size_t n_readers;
  slot *slots;
};

/* ---- snapshots --------------------------------------------------------------------------------
 */

wf_status wf_snapshot_new(wf_snapshot **out, size_t capacity, wf_error *err) {
  wf_snapshot *snapshot = wf_alloc_zero(1, sizeof *snapshot);
  if (!snapshot || !(snapshot->entries = wf_alloc_zero(capacity, sizeof *snapshot->entries))) {
    wf_free(snapshot);
    return wf_fail_nomem(err);
  }
  snapshot->capacity = capacity;
  *out = snapshot;
  return WF_OK;
}

void wf_snapshot_add(wf_snapshot *snapshot, const wf_entry *entry) {
  assert(snapshot->n_entries < snapshot->capacity);
  snapshot->entries[snapshot->n_entries++] = *entry;
}

void wf_entry_dispose(wf_entry *entry) {
  wf_free(entry->name);
  wf_free(entry->message);
  wf_free(entry->group);
  wf_served_release(entry->live);
  wf_stats_release(entry->stats);
  *entry = (wf_entry){0};
}

void wf_snapshot_free(wf_snapshot *snapshot) {
  if (!snapshot) return;
  for (size_t i = 0; i < snapshot->n_entries; i++) wf_entry_dispose(&snapshot->entries[i]);
  wf_free(snapshot->entries);
  wf_free(snapshot);
}

static int compare(wf_view a, const char *b) {
  size_t size = strlen(b);
  int order = memcmp(a.data, b, a.size < size ? a.size : size);
  return order ? order : a.size < size ? -1 : a.size > size;
}

const wf_entry *wf_snapshot_find(const wf_snapshot *snapshot, wf_view name) {
  size_t low = 0, high = snapshot->n_entries;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = compare(name, snapshot->entries[middle].name);
    if (order == 0) return &snapshot->entries[middle];
    if (order < 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return NULL;
}

/* ---- the registry -----------------------------------------------------------------------------
 */

wf_status wf_registry_new(wf_registry **out, size_t n_readers, wf_error *err) {
  wf_snapshot *empty;
  size_t size;
  WF_TRY(wf_snapshot_new(&empty, 0, err));
  wf_registry *registry = wf_alloc_zero(1, sizeof *registry);
  if (!registry || __builtin_mul_overflow(n_readers, sizeof(slot), &size) ||
      !(registry->slots = wf_alloc_aligned(size))) {
    wf_free(registry);
    wf_snapshot_free(empty);
    return wf_fail_nomem(err);
  }
  for (size_t i = 0; i < n_readers; i++) atomic_init(&registry->slots[i].in_use, NULL);
  registry->n_readers = n_readers;
  atomic_init(&registry->current, empty);
  *out = registry;
  return WF_OK;
}

void wf_registry_free(wf_registry *registry) {
  if (!registry) return;
  wf_snapshot_free(atomic_load(&registry->current));
  wf_free(registry->slots);
  wf_free(registry);
}

const wf_snapshot *wf_registry_enter(wf_registry *registry, size_t reader) {
  slot *mine = &registry->slots[reader];
  const wf_snapshot *snapshot = atomic_load(&registry->current);
  for (;;) {
    atomic_store(&mine->in_use, snapshot);
    const wf_snapshot *again = atomic_load(&registry->current);
    if (again == snapshot) return snapshot;
    snapshot = again;
  }
}

void wf_registry_leave(wf_registry *registry, size_t reader) {
  atomic_store(&registry->slots[reader].in_use, NULL);
}

const wf_snapshot *wf_registry_current(const wf_registry *registry) {
  return atomic_load(&registry->current);
}

static bool is_used(const wf_registry *registry, const wf_snapshot *snapshot) {
  for (size_t i = 0; i < registry->n_readers; i++) {
    if (atomic_load(&registry->slots[i].in_use) == snapshot) return true;
  }
  return false;
}

void wf_registry_publish(wf_registry *registry, wf_snapshot *snapshot) {
  wf_snapshot *old = atomic_exchange(&registry->current, snapshot);
  const struct timespec pause = {.tv_nsec = 100000};
  while (is_used(registry, old)) nanosleep(&pause, NULL);
  wf_snapshot_free(old);
}
