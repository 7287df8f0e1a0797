/* endpoint/registry.h — which endpoints are live, as immutable snapshots that are swapped whole. */
#ifndef WF_ENDPOINT_REGISTRY_H
#define WF_ENDPOINT_REGISTRY_H

#include "base/bytes.h"
#include "endpoint/served.h"
#include "endpoint/stats.h"
#include "wf/catalog.h"

typedef struct wf_entry {
  char *name;
  wf_endpoint_state state;
  char *message, *group; /* NULL where there is none */
  char digest[65];       /* wanted */
  int64_t version, generation;
  wf_served *live; /* NULL: nothing to answer with */
  wf_stats *stats; /* of the name, whatever was live */
} wf_entry;

typedef struct wf_snapshot {
  size_t n_entries, capacity;
  wf_entry *entries; /* sorted by name */
} wf_snapshot;

wf_status wf_snapshot_new(wf_snapshot **out, size_t capacity, wf_error *err);
/* Takes over everything in `entry`. Entries come in byte order of their names. */
void wf_snapshot_add(wf_snapshot *snapshot, const wf_entry *entry);
void wf_snapshot_free(wf_snapshot *snapshot);
const wf_entry *wf_snapshot_find(const wf_snapshot *snapshot, wf_view name);
void wf_entry_dispose(wf_entry *entry);

typedef struct wf_registry wf_registry;

wf_status wf_registry_new(wf_registry **out, size_t n_readers, wf_error *err);
void wf_registry_free(wf_registry *registry);

/* The current snapshot stays valid for this reader until it leaves. Readers are numbered and each
 * number belongs to one thread. Neither call blocks. */
const wf_snapshot *wf_registry_enter(wf_registry *registry, size_t reader);
void wf_registry_leave(wf_registry *registry, size_t reader);

/* For the writer, of which there is one at a time. Publishing takes the snapshot over; it returns
 * when no reader sees the old one any more, and frees it. */
const wf_snapshot *wf_registry_current(const wf_registry *registry);
void wf_registry_publish(wf_registry *registry, wf_snapshot *snapshot);

#endif
