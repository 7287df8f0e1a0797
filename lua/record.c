/* record.c — pushing records one by one while a query runs. */
#include "record.h"

wfl_records wfl_records_begin(lua_State *L, wfl_push_record *push) {
  luaL_checkstack(L, 10, NULL);
  lua_newtable(L);
  return (wfl_records){.L = L, .push = push};
}

/* Arguments: the list and the records. */
static int add_one(lua_State *L) {
  wfl_records *r = lua_touserdata(L, 2);
  r->push(L, r->record);
  lua_rawseti(L, 1, ++r->n);
  return 0;
}

bool wfl_records_add(void *records, const void *record) {
  wfl_records *r = records;
  r->record = record;
  lua_pushcfunction(r->L, add_one);
  lua_pushvalue(r->L, -2);
  lua_pushlightuserdata(r->L, r);
  r->failed = lua_pcall(r->L, 2, 0, 0) != LUA_OK;
  return !r->failed;
}

int wfl_records_finish(const wfl_records *r, wf_status status, const wf_error *err) {
  if (r->failed) return lua_error(r->L);
  return status == WF_OK ? 1 : wfl_raise(r->L, err);
}

int wfl_records_finish_one(const wfl_records *r, wf_status status, const wf_error *err) {
  wfl_records_finish(r, status, err);
  lua_rawgeti(r->L, -1, 1);
  return 1;
}
