/* lua/bias_groups.h — the functions of wf.core.bias about many groups and mitigation. */
#ifndef WFL_BIAS_GROUPS_H
#define WFL_BIAS_GROUPS_H

#include <lua.h>

/* many{labels=, predictions=, groups=, n_groups=, weights=, scores=, rates=, least_size=,
 * to_overall=, alpha=, concentration=} → { groups={ {n=, tp=, fp=, fn=, tn=, rates={…}}, … },
 * overall={…}, spreads={ {rate=, overall=, min=, max=, …}, … }, parity={…}, entropy={…},
 * labels_edf={…}, predictions_edf={…} } */
int bias_many(lua_State *L);
/* calibrate{labels=, scores=, groups=, n_groups=, bins=} → { {error=, bins={ {n=, favourable=,
 * score_sum=}, … }}, … } */
int bias_calibrate(lua_State *L);
/* reweigh{labels=, groups=, n_groups=, weights=} → column */
int bias_reweigh(lua_State *L);
/* thresholds{labels=, scores=, groups=, n_groups=, constraint=, objective=, flip=, tolerance=,
 * grid=} → { rules={ {p_ignore=, constant=, p={…}, threshold={…}, below={…}}, … }, x=, y= } */
int bias_thresholds(lua_State *L);
/* decide{rules=, scores=, groups=, n_groups=, chances=} → bool column, column of probabilities */
int bias_decide(lua_State *L);
/* reject{labels=, scores=, facet=, gap=, bound=} → {threshold=, margin=, balanced_accuracy=, gap=,
 * within=};  reject_decide{threshold=, margin=, scores=, facet=} → bool column */
int bias_reject(lua_State *L);
int bias_reject_decide(lua_State *L);
/* odds{labels=, predictions=, facet=} → {keep={rest, d}, turn={…}, cost=} */
int bias_odds(lua_State *L);
/* calibrated{labels=, scores=, facet=, cost=} → {mix={rest, d}, base_rate={…}} */
int bias_calibrated(lua_State *L);
/* constraint_gaps{labels=, decisions=, groups=, n_groups=, constraint=} → list by event and group,
 * false for a group without rows */
int bias_constraint_gaps(lua_State *L);
/* signed_weights{labels=, multipliers=, groups=, n_groups=, constraint=} → column */
int bias_signed_weights(lua_State *L);
/* remove_impact{values=, groups=, n_groups=, amount=} → column */
int bias_remove_impact(lua_State *L);

#endif
