/* reconcile.c — catalog ↔ live set.
 *
 * A reconciliation builds a new snapshot beside the live one, publishes it, and only then reports:
 * an endpoint is InService in the catalog when requests already get the new model. Models that did
 * not change are shared between snapshots. A model that cannot be loaded leaves its endpoint with
 * what it had, or, after a restart, with what the catalog says was live before.
 *
 * Requests to reconcile are gathered: one run serves everybody who asked before it began. */
#include "endpoint/reconcile.h"

#include "base/alloc.h"
#include "base/array.h"
#include "base/file.h"
#include "endpoint/report.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef WF_ARRAY(wf_http_promise *) promise_list;

struct wf_reconciler {
  wf_reconciler_options options;
  wf_catalog *catalog; /* used by one thread at a time: the opener, then ours, then the closer */
  wf_store *store;
  pthread_t thread;
  bool started;
  pthread_mutex_t lock; /* guards the two below */
  pthread_cond_t wake;
  promise_list asked;
  bool stopping;
};

/* What the catalog wants of one endpoint. */
typedef struct wanted {
  wf_entry entry; /* live and stats still empty */
  char live_digest[65];
  wf_endpoint_state known_state; /* what the catalog believes now */
} wanted;

typedef struct wanted_list {
  WF_ARRAY(wanted) array;
  bool failed;
} wanted_list;

static void say(const wf_reconciler *r, const char *format, ...) WF_PRINTF(2, 3);

static void say(const wf_reconciler *r, const char *format, ...) {
  char line[WF_ERROR_MESSAGE + 256];
  if (!r->options.log) return;
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  r->options.log(r->options.log_context, line);
}

/* ---- what is wanted ---------------------------------------------------------------------------
 */

static void copy_digest(char out[65], const char *digest) {
  out[0] = '\0';
  if (digest && strlen(digest) == 64) memcpy(out, digest, 65);
}

static bool add_wanted(void *context, const wf_endpoint_record *record) {
  wanted_list *list = context;
  if (record->state == WF_ENDPOINT_DELETING) return true;
  wanted item = {.entry = {.version = record->version, .generation = record->generation},
                 .known_state = record->state};
  item.entry.name = wf_strdup(record->name);
  item.entry.group = record->group ? wf_strdup(record->group) : NULL;
  copy_digest(item.entry.digest, record->digest);
  copy_digest(item.live_digest, record->live_digest);
  list->failed = !item.entry.name || (record->group && !item.entry.group) ||
                 !wf_array_push(&list->array, item);
  if (list->failed) wf_entry_dispose(&item.entry);
  return !list->failed;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const wanted *)a)->entry.name, ((const wanted *)b)->entry.name);
}

static void dispose_wanted(wanted_list *list) {
  for (size_t i = 0; i < list->array.count; i++) wf_entry_dispose(&list->array.items[i].entry);
  wf_free(list->array.items);
}

static wf_status list_wanted(wanted_list *list, wf_reconciler *r, wf_error *err) {
  WF_TRY(wf_catalog_list_endpoints(r->catalog, add_wanted, list, err));
  if (list->failed) return wf_fail_nomem(err);
  if (list->array.count) {
    qsort(list->array.items, list->array.count, sizeof *list->array.items, by_name);
  }
  return WF_OK;
}

/* ---- loading ----------------------------------------------------------------------------------
 */

static wf_status load(wf_served **out, wf_reconciler *r, const char *digest, wf_error *err) {
  char *package;
  size_t size;
  if (!digest[0]) return wf_fail(err, WF_INVALID, "no model package is named");
  WF_TRY(wf_store_get(&package, &size, r->store, digest, err));
  wf_status status = wf_served_load(out, package, size, digest, err);
  wf_text_free(package);
  return status;
}

/* Names become part of a path. */
static bool is_servable(const char *name) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  size_t size = strlen(name);
  return size > 0 && size <= 128 && name[0] != '.' && strspn(name, allowed) == size;
}

static wf_status load_wanted(wf_entry *entry, wf_reconciler *r, wf_error *err) {
  if (!is_servable(entry->name)) {
    return wf_fail(err, WF_INVALID,
                   "an endpoint's name has 1 to 128 letters, digits, '.', '_' "
                   "or '-' and does not begin with '.'");
  }
  return load(&entry->live, r, entry->digest, err);
}

/* What an endpoint answers with when its new model cannot be loaded. */
static void keep_old(wanted *item, wf_reconciler *r, const wf_entry *old) {
  wf_error ignored;
  if (old && old->live) {
    item->entry.live = wf_served_retain(old->live);
  } else if (item->live_digest[0] && strcmp(item->live_digest, item->entry.digest) != 0) {
    if (load(&item->entry.live, r, item->live_digest, &ignored) != WF_OK) item->entry.live = NULL;
  }
}

/* Fills in model, state and message; fails only where memory is out. */
static wf_status settle(wanted *item, wf_reconciler *r, const wf_entry *old, wf_error *err) {
  wf_entry *entry = &item->entry;
  wf_error why = WF_ERROR_INIT;
  if (old) {
    entry->stats = wf_stats_retain(old->stats);
  } else {
    WF_TRY(wf_stats_new(&entry->stats, r->options.n_lanes, err));
  }
  entry->state = WF_ENDPOINT_IN_SERVICE;
  if (old && old->live && strcmp(old->live->digest, entry->digest) == 0) {
    entry->live = wf_served_retain(old->live);
    return WF_OK;
  }
  wf_status status = load_wanted(entry, r, &why);
  if (status == WF_OK) return WF_OK;
  if (status == WF_NOMEM) return wf_fail_nomem(err);
  entry->state = WF_ENDPOINT_FAILED;
  entry->message = wf_strdup(why.message);
  if (!entry->message) return wf_fail_nomem(err);
  keep_old(item, r, old);
  return WF_OK;
}

/* ---- publishing -------------------------------------------------------------------------------
 */

static bool is_known(const wanted *item, const wf_entry *entry) {
  if (item->known_state != entry->state) return false;
  return entry->state == WF_ENDPOINT_FAILED || strcmp(item->live_digest, entry->digest) == 0;
}

/* Tells the catalog, where it does not know; a failure is for the log, since the endpoint is as it
 * is, and the next reconciliation reports again. */
static void report(wf_reconciler *r, const wanted *item, const wf_entry *entry) {
  wf_error err = WF_ERROR_INIT;
  if (is_known(item, entry)) return;
  say(r, "endpoint %s: %s%s%s (generation %lld, model %.12s)", entry->name,
      wf_endpoint_state_name(entry->state), entry->message ? ": " : "",
      entry->message ? entry->message : "", (long long)entry->generation, entry->digest);
  if (wf_catalog_report_endpoint(r->catalog, entry->name, entry->generation, entry->state,
                                 entry->message, &err) != WF_OK) {
    say(r, "endpoint %s: cannot report to the catalog: %s", entry->name, err.message);
  }
}

static wf_status publish(wanted_list *list, wf_reconciler *r, wf_error *err) {
  const wf_snapshot *old = wf_registry_current(r->options.registry);
  wf_snapshot *snapshot;
  for (size_t i = 0; i < list->array.count; i++) {
    wanted *item = &list->array.items[i];
    WF_TRY(settle(item, r, wf_snapshot_find(old, wf_view_of(item->entry.name)), err));
  }
  WF_TRY(wf_snapshot_new(&snapshot, list->array.count, err));
  for (size_t i = 0; i < list->array.count; i++) {
    wf_snapshot_add(snapshot, &list->array.items[i].entry);
    list->array.items[i].entry = (wf_entry){0}; /* now the snapshot's */
  }
  wf_registry_publish(r->options.registry, snapshot);
  for (size_t i = 0; i < snapshot->n_entries; i++) {
    report(r, &list->array.items[i], &snapshot->entries[i]);
  }
  return WF_OK;
}

wf_status wf_reconcile(wf_reconciler *r, wf_error *err) {
  wanted_list list = {0};
  wf_status status = list_wanted(&list, r, err);
  if (status == WF_OK) status = publish(&list, r, err);
  dispose_wanted(&list);
  return status;
}

/* ---- the thread -------------------------------------------------------------------------------
 */

static void answer(wf_reconciler *r, wf_http_promise *promise, wf_status status,
                   const wf_error *why) {
  wf_bytes *reply = wf_http_promise_reply(promise);
  if (status == WF_OK) {
    wf_report_endpoints(reply, wf_registry_current(r->options.registry));
  } else {
    wf_report_error(reply, why, false);
  }
  wf_http_keep(promise, status == WF_OK ? 200 : 503, "application/json");
}

static void serve(wf_reconciler *r, promise_list *asked) {
  wf_error why = WF_ERROR_INIT;
  wf_status status = wf_reconcile(r, &why);
  if (status != WF_OK) say(r, "reconciling with the catalog failed: %s", why.message);
  for (size_t i = 0; i < asked->count; i++) answer(r, asked->items[i], status, &why);
  asked->count = 0;
}

static void *run(void *context) {
  wf_reconciler *r = context;
  promise_list asked = {0};
  pthread_mutex_lock(&r->lock);
  while (!r->stopping || r->asked.count) {
    if (!r->asked.count) {
      pthread_cond_wait(&r->wake, &r->lock);
      continue;
    }
    promise_list swap = asked;
    asked = r->asked;
    r->asked = swap;
    pthread_mutex_unlock(&r->lock);
    serve(r, &asked);
    pthread_mutex_lock(&r->lock);
  }
  pthread_mutex_unlock(&r->lock);
  wf_free(asked.items);
  return NULL;
}

wf_status wf_reconciler_start(wf_reconciler *r, wf_error *err) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&r->thread, NULL, run, r);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failed) return wf_fail_errno(err, failed, "starting the reconciler's thread");
  r->started = true;
  return WF_OK;
}

void wf_reconciler_ask(wf_reconciler *r, wf_http_promise *promise) {
  wf_error why = WF_ERROR_INIT;
  pthread_mutex_lock(&r->lock);
  bool taken = r->started && !r->stopping && wf_array_push(&r->asked, promise);
  pthread_cond_signal(&r->wake);
  pthread_mutex_unlock(&r->lock);
  if (taken) return;
  wf_fail(&why, WF_BUSY, "the server cannot take this now");
  answer(r, promise, WF_BUSY, &why);
}

wf_status wf_reconciler_open(wf_reconciler **out, const wf_reconciler_options *options,
                             wf_error *err) {
  char *objects = wf_path_join(options->state_dir, "objects");
  char *database = wf_path_join(options->state_dir, "catalog.db");
  wf_reconciler *r = wf_alloc_zero(1, sizeof *r);
  wf_status status = WF_NOMEM;
  if (!objects || !database || !r) {
    status = wf_fail_nomem(err);
    goto done;
  }
  r->options = *options;
  r->options.state_dir = NULL; /* needed here only */
  pthread_mutex_init(&r->lock, NULL);
  pthread_cond_init(&r->wake, NULL);
  status = wf_store_open(&r->store, objects, err);
  if (status == WF_OK) status = wf_catalog_open(&r->catalog, database, err);
  if (status != WF_OK) {
    wf_reconciler_close(r);
    r = NULL;
  }
done:
  wf_free(objects);
  wf_free(database);
  if (status == WF_OK) {
    *out = r;
  } else {
    wf_free(r);
  }
  return status;
}

void wf_reconciler_close(wf_reconciler *r) {
  wf_error err = WF_ERROR_INIT;
  if (!r) return;
  pthread_mutex_lock(&r->lock);
  r->stopping = true;
  pthread_cond_signal(&r->wake);
  pthread_mutex_unlock(&r->lock);
  if (r->started) pthread_join(r->thread, NULL);
  if (r->catalog && wf_catalog_server_stopped(r->catalog, &err) != WF_OK) {
    say(r, "cannot tell the catalog that the server stopped: %s", err.message);
  }
  wf_catalog_close(r->catalog);
  wf_store_close(r->store);
  pthread_mutex_destroy(&r->lock);
  pthread_cond_destroy(&r->wake);
  wf_free(r->asked.items);
  wf_free(r);
}
