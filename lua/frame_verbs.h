/* lua/frame_verbs.h — methods of wf.frame that combine, split and summarise. */
#ifndef WFL_FRAME_VERBS_H
#define WFL_FRAME_VERBS_H

#include "convert.h"

/* Column names as one list or as the arguments from `arg` on; the pushed value owns the array. */
const char **wfl_names_arg(lua_State *L, int arg, const char *what, size_t *n);

void wfl_column_class(lua_State *L);

/* frame_shape.c */
int wfl_frame_correlation(lua_State *L);
int wfl_frame_cumulative(lua_State *L);
int wfl_frame_drop_missing(lua_State *L);
int wfl_frame_fill_missing(lua_State *L);
int wfl_frame_lag(lua_State *L);
int wfl_frame_map(lua_State *L);
int wfl_frame_melt(lua_State *L);
int wfl_frame_one_hot(lua_State *L);
int wfl_frame_pivot(lua_State *L);
int wfl_frame_rank(lua_State *L);
int wfl_frame_rolling(lua_State *L);
int wfl_frame_when(lua_State *L);

/* column_verbs.c */
extern const luaL_Reg wfl_column_verbs[];
int wfl_column_text_join(lua_State *L); /* the operator .. */
/* Pushes the column with its gaps filled as the value at `how` says. */
void wfl_push_filled(lua_State *L, const wf_column *column, int how, const char *what);

/* frame_verbs.c; an unknown aggregate raises. */
wf_aggregate wfl_aggregate_of(lua_State *L, const char *what, const char *name);
int wfl_frame_cast(lua_State *L);
int wfl_frame_concat(lua_State *L);
int wfl_frame_describe(lua_State *L);
int wfl_frame_folds(lua_State *L);
int wfl_frame_group_by(lua_State *L);
int wfl_frame_join(lua_State *L);
int wfl_frame_sample(lua_State *L);
int wfl_frame_shuffle(lua_State *L);
int wfl_frame_sort(lua_State *L);
int wfl_frame_split(lua_State *L);
int wfl_frame_unique(lua_State *L);
int wfl_frame_value_counts(lua_State *L);

#endif
