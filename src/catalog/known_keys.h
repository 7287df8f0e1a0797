/* catalog/known_keys.h — which keys the database certainly has no results of.
 *
 * A script that is executed for the first time asks for the result of every step and finds none: a
 * query, and locks, for nothing. A handle that has asked often enough reads all keys once and
 * answers from memory as long as nobody else writes. */
#ifndef WF_CATALOG_KNOWN_KEYS_H
#define WF_CATALOG_KNOWN_KEYS_H

#include "wf/catalog.h"

/* What of the log's index tells one commit from another: two copies of its header. */
enum { WF_KNOWN_KEYS_STAMP = 96 };

typedef struct wf_known_keys {
  const volatile void *index;      /* the log's index in memory; NULL: not to be had */
  char stamp[WF_KNOWN_KEYS_STAMP]; /* of the commit that the set stands for */
  bool loaded, sealed; /* there is a set; this handle's transaction began at its stamp */
  int64_t version;     /* SQLite's own count of what others have committed */
  uint64_t *slots;     /* hashes; 0: free */
  size_t count, capacity;
  size_t questions; /* that the set could not answer since it was loaded */
} wf_known_keys;

void wf_known_keys_dispose(wf_known_keys *keys);

/* True when there is certainly no result of that key in the database. May read all keys: never
 * fails, as not knowing is an answer. Nothing within a transaction. The handle is its process's. */
bool wf_known_keys_exclude(wf_catalog *catalog, const char *key);

/* This handle's transaction has begun (it has the lock); has put a result of that key into the
 * database; is over. */
void wf_known_keys_begin(wf_catalog *catalog);
void wf_known_keys_add(wf_catalog *catalog, const char *key);
void wf_known_keys_finish(wf_catalog *catalog, bool committed);

#endif
