/* map.c — open addressing over an arena of keys.
 *
 * slots[] holds index+1 (0 = empty), a power of two at most 3/4 full; keys[] holds offset and
 * length into one byte arena. Full 64-bit hashes are kept beside the keys, so growing never
 * touches key bytes and most mismatches are rejected without a memcmp. */
#include "base/map.h"

#include "base/alloc.h"

#include <string.h>

typedef struct key_entry {
  uint64_t hash;
  size_t offset, size;
} key_entry;

struct wf_map {
  wf_bytes arena;
  key_entry *keys;
  size_t count, capacity;
  uint32_t *slots;
  size_t n_slots;
};

static uint64_t mix(uint64_t a, uint64_t b) {
  unsigned __int128 product = (unsigned __int128)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load64(const unsigned char *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

/* Folded-multiply hashing (the wyhash construction): 16 bytes a step. */
uint64_t wf_hash_bytes(const void *data, size_t size, uint64_t seed) {
  static const uint64_t K0 = 0xa0761d6478bd642fu, K1 = 0xe7037ed1a0b428dbu,
                        K2 = 0x8ebc6af09c88c6e3u;
  const unsigned char *p = data;
  uint64_t h = seed ^ mix(size ^ K0, K1);
  size_t left = size;
  for (; left >= 16; left -= 16, p += 16) h = mix(load64(p) ^ K1, load64(p + 8) ^ h);
  unsigned char tail[16] = {0};
  if (left) memcpy(tail, p, left);
  return mix(mix(load64(tail) ^ K2, load64(tail + 8) ^ h), K0 ^ size);
}

wf_status wf_map_new(wf_map **out, wf_error *err) {
  wf_map *map = wf_alloc_zero(1, sizeof *map);
  if (!map) return wf_fail_nomem(err);
  *out = map;
  return WF_OK;
}

void wf_map_free(wf_map *map) {
  if (!map) return;
  wf_bytes_dispose(&map->arena);
  wf_free(map->keys);
  wf_free(map->slots);
  wf_free(map);
}

static bool key_matches(const wf_map *map, size_t index, uint64_t hash, wf_view key) {
  const key_entry *entry = &map->keys[index];
  return entry->hash == hash && entry->size == key.size &&
         (key.size == 0 || memcmp(map->arena.data + entry->offset, key.data, key.size) == 0);
}

static size_t find_slot(const wf_map *map, uint64_t hash, wf_view key) {
  size_t mask = map->n_slots - 1, slot = (size_t)hash & mask;
  while (map->slots[slot] && !key_matches(map, map->slots[slot] - 1, hash, key)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

static wf_status grow_slots(wf_map *map, wf_error *err) {
  size_t n_slots = map->n_slots ? map->n_slots * 2 : 16;
  if (n_slots > UINT32_MAX) return wf_fail(err, WF_LIMIT, "more than 2^31 distinct keys");
  uint32_t *slots = wf_alloc_zero(n_slots, sizeof *slots);
  if (!slots) return wf_fail_nomem(err);
  for (size_t i = 0; i < map->count; i++) {
    size_t slot = (size_t)map->keys[i].hash & (n_slots - 1);
    while (slots[slot]) slot = (slot + 1) & (n_slots - 1);
    slots[slot] = (uint32_t)i + 1;
  }
  wf_free(map->slots);
  map->slots = slots;
  map->n_slots = n_slots;
  return WF_OK;
}

static wf_status append_key(wf_map *map, uint64_t hash, wf_view key, wf_error *err) {
  if (map->count == map->capacity) {
    size_t capacity = map->capacity ? map->capacity * 2 : 16;
    key_entry *keys = wf_realloc_array(map->keys, capacity, sizeof *keys);
    if (!keys) return wf_fail_nomem(err);
    map->keys = keys;
    map->capacity = capacity;
  }
  size_t offset = map->arena.size;
  wf_bytes_add(&map->arena, key.data, key.size);
  if (map->arena.failed) {
    map->arena.failed = false; /* what was there before is intact */
    return wf_fail_nomem(err);
  }
  map->keys[map->count++] = (key_entry){hash, offset, key.size};
  return WF_OK;
}

wf_status wf_map_add(wf_map *map, wf_view key, size_t *index, bool *added, wf_error *err) {
  if ((map->count + 1) * 4 > map->n_slots * 3) WF_TRY(grow_slots(map, err));
  uint64_t hash = wf_hash_bytes(key.data, key.size, 0);
  size_t slot = find_slot(map, hash, key);
  bool is_new = map->slots[slot] == 0;
  if (is_new) {
    WF_TRY(append_key(map, hash, key, err));
    map->slots[slot] = (uint32_t)map->count;
  }
  *index = map->slots[slot] - 1;
  if (added) *added = is_new;
  return WF_OK;
}

ptrdiff_t wf_map_find(const wf_map *map, wf_view key) {
  if (map->n_slots == 0) return -1;
  size_t slot = find_slot(map, wf_hash_bytes(key.data, key.size, 0), key);
  return (ptrdiff_t)map->slots[slot] - 1;
}

size_t wf_map_count(const wf_map *map) { return map->count; }

wf_view wf_map_key(const wf_map *map, size_t index) {
  return (wf_view){map->arena.data + map->keys[index].offset, map->keys[index].size};
}
