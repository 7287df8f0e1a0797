/* known_keys.c — a set of the hashes of all keys, and when it may be believed.
 *
 * SQLite keeps an index of its write-ahead log in memory that all processes share; its header, in
 * two copies, is written anew at every commit (count of changes, frames, checksums, salts). While
 * the header is what it was, nobody has committed: looking at it costs nothing. It is only ever
 * compared. A copy that was read while it was being written equals no other one, and the set is
 * then not believed.
 *
 * The set belongs to a stamp: it was read while the stamp stayed the same. A commit of this handle
 * gives it the next stamp when SQLite says that nobody else has committed in between; anything else
 * makes it worthless. It may hold too much (results are removed, hashes fall together), never too
 * little. Reading it again waits until the questions that it could not answer have cost as much. */
#include "catalog/known_keys.h"

#include "base/alloc.h"
#include "base/map.h"
#include "catalog/catalog.h"

#include <stdatomic.h>
#include <string.h>

/* Reading so many keys costs about as much as one query; more keys than that are not read. */
enum { KEYS_PER_QUERY = 64, MOST_KEYS = 1 << 22, REGION = 32768 };

/* ---- stamps -----------------------------------------------------------------------------------
 */

/* Asks SQLite's own file for the index, which it has in memory once the database was read. */
static const volatile void *find_index(sqlite3 *db) {
  sqlite3_file *file = NULL;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file ||
      !file->pMethods || file->pMethods->iVersion < 2 || !file->pMethods->xShmMap)
    return NULL;
  volatile void *region = NULL;
  return file->pMethods->xShmMap(file, 0, REGION, 0, &region) == SQLITE_OK ? region : NULL;
}

static void read_stamp(const wf_known_keys *keys, char out[WF_KNOWN_KEYS_STAMP]) {
  atomic_thread_fence(memory_order_seq_cst);
  memcpy(out, (const void *)(uintptr_t)keys->index, WF_KNOWN_KEYS_STAMP);
  atomic_thread_fence(memory_order_seq_cst);
}

static bool is_current(const wf_known_keys *keys) {
  char now[WF_KNOWN_KEYS_STAMP];
  if (!keys->loaded) return false;
  read_stamp(keys, now);
  return memcmp(now, keys->stamp, WF_KNOWN_KEYS_STAMP) == 0;
}

static bool read_version(int64_t *out, wf_catalog *catalog) {
  return wf_statement_get_integer(out, catalog, "PRAGMA data_version", WF_BIND_NOTHING, 0, NULL) ==
         WF_OK;
}

/* ---- the set ----------------------------------------------------------------------------------
 */

static uint64_t hash_of(const char *key) {
  uint64_t hash = wf_hash_bytes(key, strlen(key), 0);
  return hash ? hash : 1;
}

static size_t place_of(const wf_known_keys *keys, uint64_t hash) {
  size_t place = hash & (keys->capacity - 1);
  while (keys->slots[place] && keys->slots[place] != hash)
    place = (place + 1) & (keys->capacity - 1);
  return place;
}

static bool grow(wf_known_keys *keys) {
  wf_known_keys larger = {.capacity = keys->capacity ? 2 * keys->capacity : 1024};
  larger.slots = wf_alloc_zero(larger.capacity, sizeof *larger.slots);
  if (!larger.slots) return false;
  for (size_t i = 0; i < keys->capacity; i++)
    if (keys->slots[i]) larger.slots[place_of(&larger, keys->slots[i])] = keys->slots[i];
  wf_free(keys->slots);
  keys->slots = larger.slots;
  keys->capacity = larger.capacity;
  return true;
}

static bool add(wf_known_keys *keys, const char *key) {
  if (keys->count >= keys->capacity / 2 && !grow(keys)) return false;
  uint64_t hash = hash_of(key);
  size_t place = place_of(keys, hash);
  keys->count += keys->slots[place] == 0;
  keys->slots[place] = hash;
  return keys->count <= MOST_KEYS;
}

static void forget(wf_known_keys *keys) {
  wf_free(keys->slots);
  keys->slots = NULL;
  keys->count = keys->capacity = 0;
  keys->loaded = keys->sealed = false;
}

void wf_known_keys_dispose(wf_known_keys *keys) { forget(keys); }

/* ---- loading ----------------------------------------------------------------------------------
 */

static wf_status add_row(void *context, wf_statement *row, bool *more, wf_error *err) {
  const char *key = wf_statement_text(row, 0);
  WF_TRY(wf_statement_check(row, err));
  *more = true;
  return !key || add(context, key) ? WF_OK : wf_fail_nomem(err);
}

static bool load(wf_catalog *catalog) {
  wf_known_keys *keys = &catalog->keys;
  forget(keys);
  keys->index = keys->index ? keys->index : find_index(catalog->db);
  if (!keys->index || !grow(keys) || !read_version(&keys->version, catalog)) return false;
  read_stamp(keys, keys->stamp);
  if (wf_statement_each(catalog, "SELECT key FROM result", WF_BIND_NOTHING, add_row, keys, NULL) !=
      WF_OK)
    return false;
  int64_t version;
  keys->loaded = read_version(&version, catalog) && version == keys->version;
  return is_current(keys);
}

/* Whether reading all keys is worth while by now. */
static bool is_time(wf_catalog *catalog) {
  int64_t most = 0;
  wf_known_keys *keys = &catalog->keys;
  size_t worth = ++keys->questions * KEYS_PER_QUERY;
  if (keys->questions & (keys->questions - 1)) return false; /* looks at 1, 2, 4, 8, … */
  return wf_statement_get_integer(&most, catalog, "SELECT max(id) FROM result", WF_BIND_NOTHING, 0,
                                  NULL) == WF_OK &&
         most >= 0 && (uint64_t)most <= worth && most <= MOST_KEYS;
}

bool wf_known_keys_exclude(wf_catalog *catalog, const char *key) {
  wf_known_keys *keys = &catalog->keys;
  if (!is_current(keys)) {
    if (catalog->visiting || !is_time(catalog)) return false;
    keys->questions = 0;
    if (!load(catalog)) return false;
  }
  return keys->slots[place_of(keys, hash_of(key))] == 0;
}

/* ---- what this handle writes ------------------------------------------------------------------
 */

void wf_known_keys_begin(wf_catalog *catalog) { catalog->keys.sealed = is_current(&catalog->keys); }

void wf_known_keys_add(wf_catalog *catalog, const char *key) {
  wf_known_keys *keys = &catalog->keys;
  if (keys->sealed && !add(keys, key)) forget(keys);
}

void wf_known_keys_finish(wf_catalog *catalog, bool committed) {
  wf_known_keys *keys = &catalog->keys;
  bool sealed = keys->sealed;
  keys->sealed = false;
  if (!keys->loaded || !committed) return;
  int64_t version;
  if (sealed) read_stamp(keys, keys->stamp);
  if (!sealed || !read_version(&version, catalog) || version != keys->version) forget(keys);
}
