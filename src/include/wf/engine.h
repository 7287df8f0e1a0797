/* wf/engine.h — run wf scripts inside your own program.
 *
 *   wf_error err;
 *   wf_engine *engine;
 *   if (wf_engine_new(&engine, NULL, &err) != WF_OK) …
 *   if (wf_engine_run_file(engine, "pipeline.lua", 0, NULL, &err) != WF_OK) puts(err.message);
 *   wf_engine_free(engine);
 *
 * An engine holds one Lua state with the `wf` modules. It belongs to one thread at a time (except
 * wf_engine_cancel); several engines may live in one process. It never exits, aborts, prints (but
 * to your callback), forks, or changes locale, signals, working directory or environment of the
 * host. While it works its thread, and no other, is in the "C" locale, so that a script gives the
 * same bytes in every host; your callback runs in yours. */
#ifndef WF_ENGINE_H
#define WF_ENGINE_H

#include "wf/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wf_engine wf_engine;

typedef struct wf_engine_options {
  /* Receives what scripts print and the run's progress lines, without the newline; NULL: dropped.
   */
  void (*print)(void *context, const char *line);
  void *context;
  const char *state_dir; /* NULL: WF_HOME, else .wf found upward from the working directory */
  const char
      *executable; /* the `wf` binary, which endpoint.deploy starts as a server; NULL: PATH */
} wf_engine_options;

WF_API WF_NODISCARD wf_status wf_engine_new(wf_engine **out, const wf_engine_options *options,
                                            wf_error *err);
WF_API void wf_engine_free(wf_engine *engine);

/* Runs a script with `args` as its arguments (the global `arg` and `...`). On failure the message
 * names file and line, and wf_engine_traceback gives the Lua stack. */
WF_API WF_NODISCARD wf_status wf_engine_run_file(wf_engine *engine, const char *path, size_t n_args,
                                                 const char *const *args, wf_error *err);
WF_API WF_NODISCARD wf_status wf_engine_run_string(wf_engine *engine, const char *code,
                                                   const char *chunk_name, wf_error *err);

/* Values in and out. Strings are terminated and may hold any bytes; `size` counts them. */
typedef enum wf_value_kind {
  WF_VALUE_NIL,
  WF_VALUE_BOOLEAN,
  WF_VALUE_INTEGER,
  WF_VALUE_NUMBER,
  WF_VALUE_STRING,
  WF_VALUE_OTHER /* a table, function or wf object: reachable only by further names */
} wf_value_kind;
typedef struct wf_value {
  wf_value_kind kind;
  bool boolean;
  int64_t integer;
  double number;
  const char *string; /* borrowed until the next call on the engine */
  size_t size;
} wf_value;

/* Calls the function at `name` ("summary" or "pipeline.summary", from the globals); `result` (may
 * be NULL) receives its first value. */
WF_API WF_NODISCARD wf_status wf_engine_call(wf_engine *engine, const char *name,
                                             const wf_value *args, size_t n_args, wf_value *result,
                                             wf_error *err);
/* The value at `name` ("report.roc_auc"); WF_NOTFOUND when nil on the way. */
WF_API WF_NODISCARD wf_status wf_engine_get(wf_engine *engine, const char *name, wf_value *result,
                                            wf_error *err);
WF_API WF_NODISCARD wf_status wf_engine_set(wf_engine *engine, const char *name,
                                            const wf_value *value, wf_error *err);

/* The stack of the last failure, "" when there is none; borrowed. */
WF_API const char *wf_engine_traceback(const wf_engine *engine);

/* Stops what runs now at the next Lua instruction or training round: it fails with WF_CANCELED.
 * From any thread or a signal handler. */
WF_API void wf_engine_cancel(wf_engine *engine);

#ifdef __cplusplus
}
#endif
#endif
