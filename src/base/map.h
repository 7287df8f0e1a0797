/* base/map.h — bytes → index. Keys are copied; indices count up from 0 in order of first insertion,
 * so a map is also an ordered set: dictionaries, name lookups, group keys. */
#ifndef WF_BASE_MAP_H
#define WF_BASE_MAP_H

#include "base/bytes.h"

typedef struct wf_map wf_map;

wf_status wf_map_new(wf_map **out, wf_error *err);
void wf_map_free(wf_map *map);

/* The key's index, adding it when new (`added` may be NULL). */
wf_status wf_map_add(wf_map *map, wf_view key, size_t *index, bool *added, wf_error *err);
/* The key's index, or -1. */
ptrdiff_t wf_map_find(const wf_map *map, wf_view key);
size_t wf_map_count(const wf_map *map);
/* Borrowed until the next add. */
wf_view wf_map_key(const wf_map *map, size_t index);

/* The 64-bit hash the map uses (fast, seedless, not for adversarial input beyond its own probe
 * limit): also for hashing row keys elsewhere. */
uint64_t wf_hash_bytes(const void *data, size_t size, uint64_t seed);

#endif
