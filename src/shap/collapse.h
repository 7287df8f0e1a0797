/* shap/collapse.h — a forest as it is for one row and one background row: what is left of its trees
 * is a list of operations on lanes of coalitions. */
#ifndef WF_SHAP_COLLAPSE_H
#define WF_SHAP_COLLAPSE_H

#include "forest/forest.h"
#include "shap/lanes.h"

typedef enum wf_lane_action {
  WF_LANE_CHOOSE,       /* level = mask ? level : the level after it */
  WF_LANE_CHOOSE_IN,    /* level = mask ? in : level */
  WF_LANE_CHOOSE_OTHER, /* level = mask ? level : other */
  WF_LANE_CHOOSE_BOTH,  /* level = mask ? in : other */
  WF_LANE_ADD,          /* margins of the group += level 0 */
  WF_LANE_ADD_IN,       /* margins of the group += in */
  WF_LANE_ADD_BOTH      /* margins of the group += mask ? in : other */
} wf_lane_action;

typedef struct wf_lane_op {
  wf_lane_action action;
  uint32_t level; /* or the group, of those that add */
  uint32_t slot;  /* of the mask */
  float in, other;
} wf_lane_op;

typedef struct wf_collapse {
  const wf_forest *forest;
  const size_t *players;       /* per feature; NULL: each its own */
  const uint64_t *row_lefts;   /* a bit a node: the row goes left there */
  const uint64_t *apart_lefts; /* the background row does */
  const uint32_t *slots;       /* per player: its mask; of those that vary */
  uint8_t *sides;              /* per player, zero: scratch */
  wf_lane_op *ops;             /* room for wf_collapse_most */
  size_t n_ops;
} wf_collapse;

size_t wf_collapse_most(const wf_forest *forest);
/* Writes ops for all trees, in their order; needs at most as many levels as players vary, and one
 * more. */
void wf_collapse_run(wf_collapse *collapse);

/* Carries the operations out on one block of lanes. masks: slot after slot, `stride` apart. */
void wf_lane_ops_run(const wf_lane_kernels *kernels, const wf_lane_op *ops, size_t n_ops,
                     const int32_t *masks, size_t stride, float *levels, float *margins);

#endif
