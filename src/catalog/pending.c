/* pending.c — the handle's own journal.
 *
 * Ids are given when a step is journalled, from blocks that a transaction has reserved in
 * sqlite_sequence. Merging inserts explicit ids and passes over those that are there, so it may be
 * repeated: a journal that was merged and not removed, or was merged by a reader meanwhile, does no
 * harm. While a block lasts the handle's other steps take their ids from it as well: ids order the
 * steps of a run whichever way they were recorded.
 *
 * Records are written with pwrite at the offset behind the last whole one. A write that failed
 * half-way leaves bytes that do not hash; the next record overwrites them. */
#include "catalog/pending.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/map.h"
#include "catalog/catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 4096, MOST_BYTES = 4 << 20, MOST_FILE = 64 << 20, FOLDER_MODE = 0700 };

void wf_pending_init(wf_pending *pending) { *pending = (wf_pending){.folder = -1, .fd = -1}; }

/* ---- ids --------------------------------------------------------------------------------------
 */

int64_t wf_pending_take_id(wf_id_block *block) {
  return block->next < block->end ? block->next++ : 0;
}

/* SQLite's own counter of the table, which INSERT without an id goes on from. */
static wf_status reserve(wf_id_block *block, wf_catalog *catalog, const char *table, int64_t count,
                         wf_error *err) {
  int64_t last;
  WF_TRY(wf_statement_get_integer(&last, catalog, "SELECT seq FROM sqlite_sequence WHERE name = ?1",
                                  WF_BIND(wf_text(table)), -1, err));
  if (last < 0)
    WF_TRY(wf_statement_run(catalog, "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, 0)",
                            WF_BIND(wf_text(table)), err));
  if (last < 0) last = 0;
  WF_TRY(wf_statement_run(catalog, "UPDATE sqlite_sequence SET seq = ?2 WHERE name = ?1",
                          WF_BIND(wf_text(table), wf_integer(last + count)), err));
  *block = (wf_id_block){last + 1, last + count + 1};
  return WF_OK;
}

wf_status wf_pending_reserve(wf_catalog *catalog, int64_t count, wf_error *err) {
  wf_pending *p = &catalog->pending;
  if (p->step_ids.next == p->step_ids.end)
    WF_TRY(reserve(&p->step_ids, catalog, "step", count, err));
  if (p->result_ids.next == p->result_ids.end)
    WF_TRY(reserve(&p->result_ids, catalog, "result", count, err));
  return WF_OK;
}

/* ---- the file ---------------------------------------------------------------------------------
 */

static wf_status name_folder(wf_pending *p, const char *catalog_path, wf_error *err) {
  if (p->path) return WF_OK;
  wf_bytes text = {0};
  wf_bytes_format(&text, "%s.steps", catalog_path);
  return wf_bytes_take(&text, &p->path, NULL, err);
}

wf_status wf_pending_open_folder(wf_catalog *catalog, bool make, wf_error *err) {
  wf_pending *p = &catalog->pending;
  if (p->folder >= 0) return WF_OK;
  WF_TRY(name_folder(p, catalog->path, err));
  if (make && mkdir(p->path, FOLDER_MODE) != 0 && errno != EEXIST)
    return wf_fail_errno(err, errno, "%s", p->path);
  p->folder = open(p->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (p->folder >= 0 || (!make && errno == ENOENT)) return WF_OK;
  return wf_fail_errno(err, errno, "%s", p->path);
}

static wf_status open_file(wf_catalog *catalog, wf_error *err) {
  wf_pending *p = &catalog->pending;
  if (p->fd >= 0) return WF_OK;
  WF_TRY(wf_pending_open_folder(catalog, true, err));
  WF_TRY(wf_journal_create(&p->fd, p->name, p->folder, p->path, err));
  p->base = WF_JOURNAL_HEADER;
  return WF_OK;
}

void wf_pending_retire(wf_catalog *catalog) {
  wf_pending *p = &catalog->pending;
  if (p->fd < 0 || p->entries.count) return;
  unlinkat(p->folder, p->name, 0);
  close(p->fd);
  p->fd = -1;
}

void wf_pending_close(wf_catalog *catalog) {
  wf_pending *p = &catalog->pending;
  if (catalog->owner == getpid()) { /* a child of a fork leaves its parent's file alone */
    if (p->entries.count && wf_catalog_begin_lax(catalog, NULL) == WF_OK)
      (void)!wf_catalog_finish(catalog, WF_OK, NULL);
    wf_pending_retire(catalog); /* what could not be merged stays for the next process */
  }
  if (p->fd >= 0) close(p->fd);
  if (p->folder >= 0) close(p->folder);
  wf_bytes_dispose(&p->image);
  wf_free(p->entries.items);
  wf_free(p->buckets);
  wf_free(p->others.items);
  wf_free(p->path);
  wf_pending_init(p);
}

/* ---- adding -----------------------------------------------------------------------------------
 */

static uint64_t hash_key(const char *key) { return wf_hash_bytes(key, strlen(key), 0); }

static uint64_t hash_place(const char *name, int64_t nth) {
  return wf_hash_bytes(name, strlen(name), (uint64_t)nth);
}

static uint32_t *bucket(uint32_t buckets[WF_PENDING_BUCKETS], uint64_t hash) {
  return &buckets[hash & (WF_PENDING_BUCKETS - 1)];
}

/* Room for one more entry. */
static bool reserve_entry(wf_pending *p) {
  if (!p->buckets) p->buckets = wf_alloc_zero(1, sizeof *p->buckets);
  return p->buckets && wf_array_reserve(&p->entries, 1);
}

static void push_entry(wf_pending *p, wf_pending_entry entry) {
  uint32_t *key = bucket(p->buckets->key, entry.key),
           *place = bucket(p->buckets->place, entry.place);
  entry.next_key = *key;
  entry.next_place = *place;
  p->entries.items[p->entries.count++] = entry;
  *place = (uint32_t)p->entries.count;
  if (entry.result) *key = (uint32_t)p->entries.count;
}

static wf_status write_record(wf_pending *p, size_t start, wf_error *err) {
  const char *data = p->image.data + start;
  size_t left = p->image.size - start, offset = p->base + start;
  while (left) {
    ssize_t n = pwrite(p->fd, data, left, (off_t)offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return wf_fail_errno(err, errno, "%s/%s", p->path, p->name);
    data += n;
    offset += (size_t)n;
    left -= (size_t)n;
  }
  return WF_OK;
}

/* Adds the record to file and memory, or to neither. */
static wf_status append(wf_pending *p, const wf_journal_record *record, wf_error *err) {
  size_t start = p->image.size;
  wf_pending_entry entry = {.start = start,
                            .place = hash_place(record->step.name, record->step.nth)};
  if (record->made) {
    entry.result = record->result.id;
    entry.key = hash_key(record->result.key);
  }
  if (!reserve_entry(p)) return wf_fail_nomem(err);
  wf_journal_encode(&p->image, p->base + start, record);
  wf_status status = p->image.failed ? wf_fail_nomem(err) : write_record(p, start, err);
  if (status == WF_OK)
    push_entry(p, entry);
  else
    p->image.size = start;
  p->image.failed = false;
  return status;
}

/* A transaction for nothing but the journal: merges what there is and reserves the next ids. */
static wf_status make_room(wf_catalog *catalog, wf_error *err) {
  wf_pending *p = &catalog->pending;
  bool ids = p->step_ids.next < p->step_ids.end && p->result_ids.next < p->result_ids.end;
  if (ids && p->image.size < MOST_BYTES) return WF_OK;
  WF_TRY(wf_catalog_begin_lax(catalog, err));
  return wf_catalog_finish(catalog, wf_pending_reserve(catalog, BLOCK, err), err);
}

wf_status wf_pending_add(int64_t *step, wf_catalog *catalog, const wf_step_record *record,
                         const wf_result_record *result, wf_error *err) {
  wf_pending *p = &catalog->pending;
  WF_TRY(make_room(catalog, err));
  WF_TRY(open_file(catalog, err));
  int64_t now = wf_clock_wall_us();
  wf_journal_record r = {.step = *record};
  r.step.id = p->step_ids.next;
  r.step.ended_us = now;
  if (!r.step.started_us) r.step.started_us = now;
  if (r.step.nth <= 0) r.step.nth = 1;
  if (result) {
    r.made = true;
    r.result = *result;
    r.result.created_us = now;
    r.step.result = r.result.id = p->result_ids.next;
  }
  WF_TRY(append(p, &r, err));
  p->step_ids.next++;
  p->result_ids.next += r.made;
  *step = r.step.id;
  return WF_OK;
}

/* ---- merging ----------------------------------------------------------------------------------
 */

wf_status wf_pending_merge(wf_catalog *catalog, wf_error *err) {
  wf_pending *p = &catalog->pending;
  wf_journal_cursor cursor = {{p->image.data, p->image.size}, p->base};
  wf_journal_record record;
  p->merged_run = 0;
  for (size_t i = 0; i < p->entries.count && wf_journal_next(&cursor, &record); i++)
    WF_TRY(wf_step_merge(catalog, &record, err));
  return WF_OK;
}

void wf_pending_finish(wf_catalog *catalog, bool committed) {
  wf_pending *p = &catalog->pending;
  if (!committed) { /* what it reserved may be somebody else's */
    p->step_ids = p->result_ids = (wf_id_block){0, 0};
    return;
  }
  if (p->entries.count == 0) return;
  p->base += p->image.size;
  p->entries.count = 0;
  memset(p->buckets, 0, sizeof *p->buckets);
  wf_bytes_clear(&p->image);
  char header[WF_JOURNAL_HEADER];
  wf_journal_format_header(header, p->base);
  if (p->base > MOST_FILE)
    wf_pending_retire(catalog);
  else /* only saves readers some work */
    (void)!pwrite(p->fd, header, sizeof header, 0);
}

/* ---- finding ----------------------------------------------------------------------------------
 */

static bool read_entry(const wf_pending *p, const wf_pending_entry *entry, wf_journal_record *out) {
  wf_journal_cursor cursor = {{p->image.data + entry->start, p->image.size - entry->start},
                              p->base + entry->start};
  return wf_journal_next(&cursor, out);
}

static bool show(wf_catalog *catalog, const wf_result_record *result, wf_result_visit *visit,
                 void *context) {
  catalog->visiting++;
  bool more = visit(context, result);
  catalog->visiting--;
  return more;
}

size_t wf_pending_find_results(wf_catalog *catalog, const char *key, size_t most, bool *more,
                               wf_result_visit *visit, void *context) {
  const wf_pending *p = &catalog->pending;
  if (p->entries.count == 0) return 0;
  wf_journal_record record;
  uint64_t hash = hash_key(key);
  size_t n = 0;
  for (uint32_t at = *bucket(p->buckets->key, hash); at && *more && n < most;) {
    const wf_pending_entry *entry = &p->entries.items[at - 1];
    at = entry->next_key;
    if (entry->key != hash || !read_entry(p, entry, &record)) continue;
    if (strcmp(record.result.key, key) != 0) continue;
    *more = show(catalog, &record.result, visit, context);
    n++;
  }
  return n;
}

bool wf_pending_find_result(wf_catalog *catalog, int64_t result, wf_result_visit *visit,
                            void *context) {
  const wf_pending *p = &catalog->pending;
  wf_journal_record record;
  for (size_t i = p->entries.count; i-- > 0;) {
    if (p->entries.items[i].result != result || !read_entry(p, &p->entries.items[i], &record))
      continue;
    show(catalog, &record.result, visit, context);
    return true;
  }
  return false;
}

bool wf_pending_next_step(wf_catalog *catalog, size_t *at, const char *name, int64_t nth,
                          wf_journal_record *out) {
  const wf_pending *p = &catalog->pending;
  if (p->entries.count == 0 || *at == 0) return false;
  uint64_t place = hash_place(name, nth);
  if (*at == SIZE_MAX) *at = *bucket(p->buckets->place, place);
  while (*at) {
    const wf_pending_entry *entry = &p->entries.items[*at - 1];
    *at = entry->next_place;
    if (entry->place == place && read_entry(p, entry, out) && out->step.nth == nth &&
        strcmp(out->step.name, name) == 0)
      return true;
  }
  return false;
}
