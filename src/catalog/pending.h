/* catalog/pending.h — steps that a handle has journalled and not merged into the database yet.
 *
 * A step that need not survive a power cut is written to the handle's journal, one write() and no
 * transaction, and kept in memory. The next transaction of the handle takes all of them along, so
 * that the database never holds a later one without the earlier ones. Until then the handle finds
 * them here; other handles read the file (gather.c). */
#ifndef WF_CATALOG_PENDING_H
#define WF_CATALOG_PENDING_H

#include "base/array.h"
#include "catalog/journal.h"

/* Where a record begins in the image, and what it may be found by. */
typedef struct wf_pending_entry {
  size_t start;
  uint64_t key, place; /* hashes of the key of the result it made, and of the step's name and
                          nth */
  int64_t result;      /* made; 0: none */
  uint32_t next_key, next_place; /* the one before of the same bucket, counted from 1; 0: none */
} wf_pending_entry;

/* The latest entry of each bucket, counted from 1. */
enum { WF_PENDING_BUCKETS = 1024 };
typedef struct wf_pending_buckets {
  uint32_t key[WF_PENDING_BUCKETS], place[WF_PENDING_BUCKETS];
} wf_pending_buckets;

/* Ids that no one else gives: [next, end). */
typedef struct wf_id_block {
  int64_t next, end;
} wf_id_block;

/* Another handle's journal: what of it is in the database. */
typedef struct wf_pending_other {
  char name[WF_JOURNAL_NAME];
  size_t merged;
  int64_t checked_ns; /* time of change of the file whose rest was no whole record */
  bool seen;
} wf_pending_other;

typedef struct wf_pending {
  char *path; /* the folder "<catalog>.steps"; NULL until needed */
  int folder, fd;
  char name[WF_JOURNAL_NAME];
  size_t base;    /* offset in the file of the image's first byte */
  wf_bytes image; /* the unmerged records, as they are in the file */
  WF_ARRAY(wf_pending_entry) entries;
  wf_pending_buckets *buckets; /* NULL until needed */
  wf_id_block step_ids, result_ids;
  int64_t open_run;   /* the latest run that this handle started; 0: it ended */
  int64_t merged_run; /* a run that this transaction has found to be there; 0: none */
  WF_ARRAY(wf_pending_other) others;
  int64_t listed_ns, looked_ns; /* the folder's time of change when it was listed; when that was */
} wf_pending;

void wf_pending_init(wf_pending *pending);
/* Merges what is left, removes the journal, frees all. */
void wf_pending_close(wf_catalog *catalog);

/* Journals a step that is over; its id, and the id of the result it made, are given here. */
wf_status wf_pending_add(int64_t *step, wf_catalog *catalog, const wf_step_record *record,
                         const wf_result_record *result, wf_error *err);

/* Within a transaction: puts all of them into the database. */
wf_status wf_pending_merge(wf_catalog *catalog, wf_error *err);
/* The transaction is over. */
void wf_pending_finish(wf_catalog *catalog, bool committed);
/* The journal is not needed any more: a run has ended. Nothing may be unmerged. */
void wf_pending_retire(wf_catalog *catalog);
/* Within a transaction: has ids at hand for `count` steps and results. */
wf_status wf_pending_reserve(wf_catalog *catalog, int64_t count, wf_error *err);
/* An id from the block; 0 when the database is to give the next one. */
int64_t wf_pending_take_id(wf_id_block *block);

/* Calls visit for the results of that key, or that id, newest first, until `most` or the visitor
 * says stop; how many there were. */
size_t wf_pending_find_results(wf_catalog *catalog, const char *key, size_t most, bool *more,
                               wf_result_visit *visit, void *context);
bool wf_pending_find_result(wf_catalog *catalog, int64_t result, wf_result_visit *visit,
                            void *context);

/* The steps of that name and place, newest first: `at` begins as SIZE_MAX and is for this function
 * alone. False when there is none left. */
bool wf_pending_next_step(wf_catalog *catalog, size_t *at, const char *name, int64_t nth,
                          wf_journal_record *out);

/* ---- other handles' journals (gather.c) --------------------------------------------------------
 */

/* Opens the folder; `make` also makes it. WF_OK with folder < 0 when it is not there. */
wf_status wf_pending_open_folder(wf_catalog *catalog, bool make, wf_error *err);
/* Merges what other handles have journalled. Nothing within a callback. */
wf_status wf_gather_others(wf_catalog *catalog, wf_error *err);
/* The same and what this handle has: the database then has all. */
wf_status wf_gather_all(wf_catalog *catalog, wf_error *err);

#endif
