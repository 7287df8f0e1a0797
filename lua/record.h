/* lua/record.h — records of the catalog as Lua tables, and lists of them.
 *
 * The library gives records to a callback in the middle of a query, where a Lua error must not jump
 * away: each is pushed in a protected call, whose error is raised after the query. */
#ifndef WFL_RECORD_H
#define WFL_RECORD_H

#include "bind.h"

typedef void wfl_push_record(lua_State *L, const void *record); /* pushes one table */

typedef struct wfl_records {
  lua_State *L;
  wfl_push_record *push;
  const void *record;
  lua_Integer n;
  bool failed; /* the error is then on the top of the stack */
} wfl_records;

/* Pushes the list. */
wfl_records wfl_records_begin(lua_State *L, wfl_push_record *push);
/* Adds a record to the list; false ends the query. `records` is a wfl_records. */
bool wfl_records_add(void *records, const void *record);
/* Raises what went wrong; the list, or its only record (nil when there is none), is the result. */
int wfl_records_finish(const wfl_records *records, wf_status status, const wf_error *err);
int wfl_records_finish_one(const wfl_records *records, wf_status status, const wf_error *err);

#endif
