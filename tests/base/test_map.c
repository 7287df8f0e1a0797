#include "base/map.h"

#include "base/random.h"
#include "check.h"

static size_t add(wf_map *map, const char *key, bool *added) {
  size_t index = SIZE_MAX;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_map_add(map, wf_view_of(key), &index, added, &err), err);
  return index;
}

TEST(keys_are_numbered_in_order) {
  wf_map *map;
  bool added = false;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_map_new(&map, &err), err);
  CHECK_EQ_INT(wf_map_find(map, WF_VIEW("x")), -1);
  CHECK_EQ_INT(wf_map_count(map), 0);
  CHECK_EQ_INT(add(map, "red", &added), 0);
  CHECK(added);
  CHECK_EQ_INT(add(map, "green", &added), 1);
  CHECK_EQ_INT(add(map, "red", &added), 0);
  CHECK(!added);
  CHECK_EQ_INT(add(map, "", NULL), 2);
  CHECK_EQ_INT(add(map, "", NULL), 2);
  CHECK_EQ_INT(wf_map_count(map), 3);
  CHECK_EQ_INT(wf_map_find(map, WF_VIEW("green")), 1);
  CHECK_EQ_INT(wf_map_find(map, WF_VIEW("gree")), -1);
  CHECK_EQ_INT(wf_map_find(map, (wf_view){NULL, 0}), 2);
  CHECK(wf_view_equal(wf_map_key(map, 1), WF_VIEW("green")));
  wf_map_free(map);
  wf_map_free(NULL);
}

TEST(keys_are_bytes) {
  wf_map *map;
  size_t index;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_map_new(&map, &err), err);
  for (size_t size = 0; size <= 40;
       size++) { /* zero bytes only: the length alone tells them apart */
    static const char zeros[40];
    REQUIRE_OK(wf_map_add(map, (wf_view){zeros, size}, &index, NULL, &err), err);
    CHECK_EQ_INT(index, size);
  }
  REQUIRE_OK(wf_map_add(map, WF_VIEW("a\0b"), &index, NULL, &err), err);
  CHECK_EQ_INT(wf_map_find(map, WF_VIEW("a\0c")), -1);
  CHECK_EQ_INT(wf_map_find(map, WF_VIEW("a\0b")), 41);
  wf_map_free(map);
}

TEST(many_keys_are_all_found) {
  enum { N = 50000 };
  wf_map *map;
  char key[40];
  bool added;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_map_new(&map, &err), err);
  for (size_t i = 0; i < N; i++) {
    snprintf(key, sizeof key, "key-%zu-%zu", i * 7919 % N, i % 3);
    REQUIRE(add(map, key, &added) == i && added);
  }
  for (size_t i = 0; i < N; i++) {
    snprintf(key, sizeof key, "key-%zu-%zu", i * 7919 % N, i % 3);
    REQUIRE(wf_map_find(map, wf_view_of(key)) == (ptrdiff_t)i);
    REQUIRE(wf_view_equal(wf_map_key(map, i), wf_view_of(key)));
  }
  CHECK_EQ_INT(wf_map_count(map), N);
  CHECK_EQ_INT(wf_map_find(map, WF_VIEW("key-")), -1);
  wf_map_free(map);
}

/* Each of 64 bits flips about half of the time when one input bit changes. */
TEST(hashing_spreads) {
  wf_random random;
  wf_random_seed(&random, 1, 0);
  size_t flips = 0, trials = 0;
  for (int round = 0; round < 500; round++) {
    unsigned char bytes[48];
    size_t size = 1 + (size_t)wf_random_below(&random, sizeof bytes);
    for (size_t i = 0; i < size; i++) bytes[i] = (unsigned char)wf_random_below(&random, 256);
    uint64_t before = wf_hash_bytes(bytes, size, 0);
    CHECK(before == wf_hash_bytes(bytes, size, 0));
    CHECK(before != wf_hash_bytes(bytes, size, 1));
    bytes[wf_random_below(&random, size)] ^= (unsigned char)(1 << wf_random_below(&random, 8));
    flips += (size_t)__builtin_popcountll(before ^ wf_hash_bytes(bytes, size, 0));
    trials += 64;
  }
  CHECK_NEAR((double)flips / (double)trials, 0.5, 0.01);
}

static bool build(void) {
  wf_map *map = NULL;
  wf_error err;
  bool ok = wf_map_new(&map, &err) == WF_OK;
  for (int i = 0; ok && i < 100; i++) {
    char key[20];
    size_t index = SIZE_MAX, count = wf_map_count(map);
    snprintf(key, sizeof key, "k%d", i);
    ok = wf_map_add(map, wf_view_of(key), &index, NULL, &err) == WF_OK;
    if (ok) {
      CHECK_EQ_INT(index, i);
      continue;
    }
    wf_alloc_fail_after(-1); /* a refused key leaves the map as it was, and usable */
    CHECK_EQ_INT(wf_map_count(map), count);
    CHECK_EQ_INT(wf_map_find(map, wf_view_of(key)), -1);
    CHECK_EQ_INT(add(map, key, NULL), i);
    CHECK_EQ_INT(wf_map_find(map, WF_VIEW("k0")), 0);
  }
  wf_map_free(map);
  return ok;
}

TEST(maps_survive_missing_memory) { CHECK_OOM_SAFE(build()); }
