/* wf/catalog.h — what happened and what exists: runs, steps, model versions, endpoints, events.
 *
 * One SQLite database per state directory (WAL, synchronous=FULL: what a function reports as done
 * survives a crash and power loss). Several processes may share it; a writer waits up to 10 seconds
 * for another and then fails with WF_BUSY. A handle belongs to one thread at a time and does not
 * survive a fork. Fields that end in _json hold a JSON document as text (WF_INVALID when they do
 * not). Times are microseconds since 1970 UTC and for display only; order is that of the ids.
 * A damaged database is WF_CORRUPT with its path, an absent record WF_NOTFOUND. */
#ifndef WF_CATALOG_H
#define WF_CATALOG_H

#include "wf/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wf_catalog wf_catalog;

/* Opens or creates the database and brings an older schema up to date in one transaction; a newer
 * one is refused with WF_UNSUPPORTED. */
WF_API WF_NODISCARD wf_status wf_catalog_open(wf_catalog **out, const char *path, wf_error *err);
WF_API void wf_catalog_close(wf_catalog *catalog);
/* Reads the whole database; WF_CORRUPT with the first thing that is wrong with it. */
WF_API WF_NODISCARD wf_status wf_catalog_verify(wf_catalog *catalog, wf_error *err);

#define WF_STATE_MAP(X)                                                  \
  X(STARTING, "Starting")                                                \
  X(EXECUTING, "Executing")                                              \
  X(SUCCEEDED, "Succeeded")                                              \
  X(FAILED, "Failed")                                                    \
  X(STOPPED, "Stopped")                                                  \
  X(REJECTED, "Rejected") /* a gate said no: an outcome, not an error */ \
  X(CACHED, "Cached")                                                    \
  X(SKIPPED, "Skipped")                                                  \
  X(AWAITING, "AwaitingApproval") /* of a run that ended until somebody has decided */

typedef enum wf_state {
#define WF_STATE_ENUM(name, text) WF_STATE_##name,
  WF_STATE_MAP(WF_STATE_ENUM)
#undef WF_STATE_ENUM
} wf_state;

WF_API const char *wf_state_name(wf_state state);
WF_API bool wf_state_find(const char *name, wf_state *out);

/* Strings in records are borrowed: valid only during the callback that receives the record. NULL
 * where there is none. Return false from a callback to end the listing. A callback may call
 * functions that read, but none that write (WF_INVALID). */

/* ---- runs and steps ---------------------------------------------------------------------------
 */

typedef struct wf_run_record {
  int64_t id;
  const char *name, *script, *params_json;
  wf_state state;
  const char *message;          /* why it failed or was rejected */
  const char *outcome_json;     /* what the run reported at its end */
  int64_t pid;                  /* of the process that runs it */
  int64_t started_us, ended_us; /* ended_us 0: not ended */
} wf_run_record;

struct wf_result_record;

typedef struct wf_step_record {
  int64_t id, run;
  const char *name, *kind; /* "step", "action", "async" */
  wf_state state;
  const char *message, *outcome_json, *log_path;
  const char *key; /* digest of all it depends on; NULL: it has none */
  const char *why; /* why it was executed; NULL: it was not, or nobody knows */
  int64_t result;  /* that it made or used; 0: none */
  int64_t nth;     /* of its name in the run, from 1 */
  int64_t started_us, ended_us;
} wf_step_record;

/* A run belongs to the calling process. It ends once, as Succeeded, Failed, Stopped, Rejected or
 * AwaitingApproval, and ends its open steps as Stopped; a step starts in an open run and ends once.
 * Anything else is WF_INVALID. */
WF_API WF_NODISCARD wf_status wf_catalog_start_run(int64_t *run, wf_catalog *catalog,
                                                   const char *name, const char *script,
                                                   const char *params_json, wf_error *err);
WF_API WF_NODISCARD wf_status wf_catalog_end_run(wf_catalog *catalog, int64_t run, wf_state state,
                                                 const char *message, const char *outcome_json,
                                                 wf_error *err);
WF_API WF_NODISCARD wf_status wf_catalog_start_step(int64_t *step, wf_catalog *catalog, int64_t run,
                                                    const char *name, const char *kind,
                                                    const char *log_path, wf_error *err);
WF_API WF_NODISCARD wf_status wf_catalog_end_step(wf_catalog *catalog, int64_t step, wf_state state,
                                                  const char *message, const char *outcome_json,
                                                  wf_error *err);
/* Adds a step that is over: one that used a kept result (`result` NULL; not synced to disk, for
 * nothing would be lost), or an executed one with the result it made. What need not be synced is
 * written to a journal beside the database, from where it is merged later: it survives the process
 * and is seen by every handle at once. Of the record are read run, name, kind, state, message,
 * outcome_json, log_path, key, why, nth, started_us (0: now) and, without a result, result. Such a
 * step has no events: its record says all that they could. */
WF_API WF_NODISCARD wf_status wf_catalog_add_step(int64_t *step, wf_catalog *catalog,
                                                  const wf_step_record *record,
                                                  const struct wf_result_record *result,
                                                  wf_error *err);
/* Runs still Executing whose process is gone become Stopped, and their open steps with them. A
 * process that took over the number of an ended one is told from it by its start time. */
WF_API WF_NODISCARD wf_status wf_catalog_reap_runs(wf_catalog *catalog, wf_error *err);

typedef bool wf_run_visit(void *context, const wf_run_record *run);
typedef bool wf_step_visit(void *context, const wf_step_record *step);
/* Newest first; `limit` 0: all. */
WF_API WF_NODISCARD wf_status wf_catalog_list_runs(wf_catalog *catalog, size_t limit,
                                                   wf_run_visit *visit, void *context,
                                                   wf_error *err);
WF_API WF_NODISCARD wf_status wf_catalog_get_run(wf_catalog *catalog, int64_t run,
                                                 wf_run_visit *visit, void *context, wf_error *err);
/* Whether any other run of that name was ever started. */
WF_API WF_NODISCARD wf_status wf_catalog_has_other_run(bool *out, wf_catalog *catalog, int64_t run,
                                                       const char *name, wf_error *err);
/* In order of start. */
WF_API WF_NODISCARD wf_status wf_catalog_list_steps(wf_catalog *catalog, int64_t run,
                                                    wf_step_visit *visit, void *context,
                                                    wf_error *err);

/* Which steps of a run: those of that name (NULL: any), only those that are neither Succeeded,
 * Cached nor Skipped, those that began later than the step `after` (0: all), without the first
 * `skip`, at most `limit` (0: all), the last ones first. */
typedef struct wf_step_filter {
  const char *name;
  bool unusual, newest_first;
  int64_t after;
  size_t skip, limit;
} wf_step_filter;

WF_API WF_NODISCARD wf_status wf_catalog_find_steps(wf_catalog *catalog, int64_t run,
                                                    const wf_step_filter *filter,
                                                    wf_step_visit *visit, void *context,
                                                    wf_error *err);
#define WF_STATE_COUNT (WF_STATE_AWAITING + 1)
/* How many steps of the run are in each state. */
WF_API WF_NODISCARD wf_status wf_catalog_count_steps(size_t counts[WF_STATE_COUNT],
                                                     wf_catalog *catalog, int64_t run,
                                                     wf_error *err);
/* Every step that made or used that result, in order of start. */
WF_API WF_NODISCARD wf_status wf_catalog_list_steps_with(wf_catalog *catalog, int64_t result,
                                                         wf_step_visit *visit, void *context,
                                                         wf_error *err);

/* ---- results of steps -------------------------------------------------------------------------
 */

/* What an executed step returned, found again by its key. A key may have several results: the same
 * step over other contents of what it read. */
typedef struct wf_result_record {
  int64_t id;
  const char *key;   /* 64 hexadecimal digits */
  const void *value; /* the encoded value, or the digest of the stored object that is it */
  size_t value_size;
  bool stored;
  const char *objects_json; /* digests of all stored objects that it needs; NULL: none */
  const char *parts_json;   /* what the key was made of */
  const char *trace_json;   /* what was read while it ran, and what it reported */
  const char *log_path;
  int64_t took_us, created_us;
} wf_result_record;

/* How an executed step ended. With a result (id and created_us are given by the catalog), both
 * become durable together: a step that is reported as Succeeded is found again. */
typedef struct wf_step_ending {
  wf_state state;
  const char *message, *outcome_json, *key, *why;
  int64_t nth;                    /* of its name in the run; 0: the first */
  const wf_result_record *result; /* NULL: it is not kept */
} wf_step_ending;

WF_API WF_NODISCARD wf_status wf_catalog_finish_step(wf_catalog *catalog, int64_t step,
                                                     const wf_step_ending *ending, wf_error *err);

/* `durable` false: a commit survives the end of the process, however it ends, but a power cut may
 * take the last ones back (never the earlier ones without the later ones). Registrations,
 * approvals, deployments and the ends of runs are always durable. True at first. */
WF_API void wf_catalog_set_durable_steps(wf_catalog *catalog, bool durable);

typedef bool wf_result_visit(void *context, const wf_result_record *result);
/* The latest results of that key, newest first, 32 at most. */
WF_API WF_NODISCARD wf_status wf_catalog_find_results(wf_catalog *catalog, const char *key,
                                                      wf_result_visit *visit, void *context,
                                                      wf_error *err);
/* The result of the latest step of that name and place in runs of that name; may find none. */
WF_API WF_NODISCARD wf_status wf_catalog_find_latest_result(wf_catalog *catalog,
                                                            const char *run_name,
                                                            const char *step_name, int64_t nth,
                                                            wf_result_visit *visit, void *context,
                                                            wf_error *err);
WF_API WF_NODISCARD wf_status wf_catalog_get_result(wf_catalog *catalog, int64_t result,
                                                    wf_result_visit *visit, void *context,
                                                    wf_error *err);
/* Those in whose objects_json or trace_json the text occurs, oldest first: it reads them all. */
WF_API WF_NODISCARD wf_status wf_catalog_search_results(wf_catalog *catalog, const char *text,
                                                        wf_result_visit *visit, void *context,
                                                        wf_error *err);
/* It is not found again; steps keep their reference to it. Absent is fine. */
WF_API WF_NODISCARD wf_status wf_catalog_forget_result(wf_catalog *catalog, int64_t result,
                                                       wf_error *err);
/* All of them, oldest first. */
WF_API WF_NODISCARD wf_status wf_catalog_list_results(wf_catalog *catalog, wf_result_visit *visit,
                                                      void *context, wf_error *err);

/* Which contents a file had when it was last read: while its identity is the same it need not be
 * read again. Losing a line of this memory costs time only. */
typedef struct wf_file_identity {
  int64_t device, inode, size, mtime_ns, ctime_ns;
} wf_file_identity;

WF_API WF_NODISCARD wf_status wf_catalog_find_file(bool *found, char digest[65],
                                                   wf_catalog *catalog,
                                                   const wf_file_identity *file, wf_error *err);
WF_API WF_NODISCARD wf_status wf_catalog_remember_file(wf_catalog *catalog,
                                                       const wf_file_identity *file,
                                                       const char *digest, wf_error *err);

/* ---- model versions ---------------------------------------------------------------------------
 */

#define WF_APPROVAL_MAP(X) \
  X(PENDING, "PendingManualApproval") X(APPROVED, "Approved") X(REFUSED, "Rejected")

typedef enum wf_approval {
#define WF_APPROVAL_ENUM(name, text) WF_APPROVAL_##name,
  WF_APPROVAL_MAP(WF_APPROVAL_ENUM)
#undef WF_APPROVAL_ENUM
} wf_approval;

WF_API const char *wf_approval_name(wf_approval approval);
WF_API bool wf_approval_find(const char *name, wf_approval *out);

typedef struct wf_version_record {
  const char *group;
  int64_t version;    /* 1, 2, 3, … within the group, without gaps */
  const char *digest; /* of the model package in the store */
  wf_approval approval;
  const char *approved_by, *approval_reason; /* of the latest transition */
  int64_t approval_us;
  const char *description;
  const char *metrics_json;   /* of this version */
  const char *baselines_json; /* references for later drift checks */
  int64_t run, step;          /* that registered it; 0: none */
  int64_t created_us;
} wf_version_record;

/* Names of groups and endpoints are 1 to 128 of A-Z a-z 0-9 . _ - and do not begin with a dot.
 *
 * What to register: group, digest, approval, and whatever else is known (version and the times are
 * given by the catalog). The first transition is recorded with `by` and `reason`. */
WF_API WF_NODISCARD wf_status wf_catalog_register(int64_t *version, wf_catalog *catalog,
                                                  const wf_version_record *record, const char *by,
                                                  const char *reason, wf_error *err);
/* Records who, when and why; the same state again is WF_INVALID. */
WF_API WF_NODISCARD wf_status wf_catalog_set_approval(wf_catalog *catalog, const char *group,
                                                      int64_t version, wf_approval approval,
                                                      const char *by, const char *reason,
                                                      wf_error *err);
typedef bool wf_version_visit(void *context, const wf_version_record *version);
/* `group` NULL: all groups. Newest version first within a group. */
WF_API WF_NODISCARD wf_status wf_catalog_list_versions(wf_catalog *catalog, const char *group,
                                                       wf_version_visit *visit, void *context,
                                                       wf_error *err);
/* `version` 0: the latest; `approved` true: only among those that are approved. WF_NOTFOUND. */
WF_API WF_NODISCARD wf_status wf_catalog_get_version(wf_catalog *catalog, const char *group,
                                                     int64_t version, bool approved,
                                                     wf_version_visit *visit, void *context,
                                                     wf_error *err);

typedef struct wf_approval_record {
  int64_t id;
  const char *group;
  int64_t version;
  const char *before; /* NULL: at registration */
  wf_approval after;
  const char *by, *reason;
  int64_t at_us;
} wf_approval_record;

typedef bool wf_approval_visit(void *context, const wf_approval_record *approval);
/* Every transition of one version, oldest first. */
WF_API WF_NODISCARD wf_status wf_catalog_list_approvals(wf_catalog *catalog, const char *group,
                                                        int64_t version, wf_approval_visit *visit,
                                                        void *context, wf_error *err);

/* ---- endpoints --------------------------------------------------------------------------------
 */

#define WF_ENDPOINT_STATE_MAP(X) \
  X(CREATING, "Creating")        \
  X(UPDATING, "Updating")        \
  X(IN_SERVICE, "InService")     \
  X(DELETING, "Deleting")        \
  X(FAILED, "Failed")            \
  X(OUT_OF_SERVICE, "OutOfService")

typedef enum wf_endpoint_state {
#define WF_ENDPOINT_STATE_ENUM(name, text) WF_ENDPOINT_##name,
  WF_ENDPOINT_STATE_MAP(WF_ENDPOINT_STATE_ENUM)
#undef WF_ENDPOINT_STATE_ENUM
} wf_endpoint_state;

WF_API const char *wf_endpoint_state_name(wf_endpoint_state state);
WF_API bool wf_endpoint_state_find(const char *name, wf_endpoint_state *out);

typedef struct wf_endpoint_record {
  const char *name;
  wf_endpoint_state state;
  const char *message;     /* why it failed */
  const char *group;       /* NULL when deployed from a file */
  int64_t version;         /* wanted */
  const char *digest;      /* wanted model package */
  const char *live_digest; /* what the server answers with now; NULL: nothing yet */
  int64_t generation;      /* counts deployments */
  int64_t created_us, updated_us;
} wf_endpoint_record;

/* Asks for a model at an endpoint: creates it (Creating) or changes what it should serve
 * (Updating). With a group, `digest` must be what that version was registered with. Generations of
 * a name are never used twice, not even after it was deleted. */
WF_API WF_NODISCARD wf_status wf_catalog_deploy(int64_t *generation, wf_catalog *catalog,
                                                const char *name, const char *group,
                                                int64_t version, const char *digest, wf_error *err);
/* The server's report on one generation: InService with that generation's digest live, or Failed
 * with a message (what was live stays live). Ignored when the generation is no longer the wanted
 * one. */
WF_API WF_NODISCARD wf_status wf_catalog_report_endpoint(wf_catalog *catalog, const char *name,
                                                         int64_t generation,
                                                         wf_endpoint_state state,
                                                         const char *message, wf_error *err);
WF_API WF_NODISCARD wf_status wf_catalog_delete_endpoint(wf_catalog *catalog, const char *name,
                                                         wf_error *err);
/* No server runs: every endpoint that was InService is OutOfService, its wanted model kept. */
WF_API WF_NODISCARD wf_status wf_catalog_server_stopped(wf_catalog *catalog, wf_error *err);
typedef bool wf_endpoint_visit(void *context, const wf_endpoint_record *endpoint);
WF_API WF_NODISCARD wf_status wf_catalog_list_endpoints(wf_catalog *catalog,
                                                        wf_endpoint_visit *visit, void *context,
                                                        wf_error *err);
WF_API WF_NODISCARD wf_status wf_catalog_get_endpoint(wf_catalog *catalog, const char *name,
                                                      wf_endpoint_visit *visit, void *context,
                                                      wf_error *err);

/* ---- events: append-only ----------------------------------------------------------------------
 */

typedef struct wf_event_record {
  int64_t id, at_us;
  const char
      *kind; /* "run.rejected", "version.registered", "version.approval", "endpoint.deployed", … */
  const char *subject; /* "group/3", "endpoint-name", "run 12" */
  const char *who, *detail_json;
} wf_event_record;

typedef bool wf_event_visit(void *context, const wf_event_record *event);
/* Oldest first. `subject` NULL: all. Every function above that changes something adds its events in
 * the same transaction. */
WF_API WF_NODISCARD wf_status wf_catalog_list_events(wf_catalog *catalog, const char *subject,
                                                     wf_event_visit *visit, void *context,
                                                     wf_error *err);
WF_API WF_NODISCARD wf_status wf_catalog_add_event(wf_catalog *catalog, const char *kind,
                                                   const char *subject, const char *who,
                                                   const char *detail_json, wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
