/* shap/enumerate.h — exact Shapley values of a probability, by enumerating all coalitions.
 *
 * What a coalition is worth is the probability of its margins, and those are sums of products, a
 * product a leaf, with a factor for each player that depends on whether he is in. Where factors are
 * 0 and 1, every coalition gets to one leaf of each tree, and its probability is, to the bit, what
 * the forest predicts: float32 sums in the order of the trees, and the objective's transform. */
#ifndef WF_SHAP_ENUMERATE_H
#define WF_SHAP_ENUMERATE_H

#include "forest/objective.h"

enum { WF_ENUMERATE_MAX_PLAYERS = 24 };

typedef struct wf_factor { /* without, or without + change when the player is in */
  uint32_t player;
  double without, change;
} wf_factor;

typedef struct wf_product {
  double value;
  size_t first; /* of its factors, each of another player */
  uint32_t n_factors, group, tree;
  uint32_t in, out; /* players who must be in, or out; found when solving */
} wf_product;

typedef struct wf_enumeration {
  const wf_objective *objective; /* of the probabilities: a sigmoid or softmax */
  bool served;                   /* factors are 0 and 1: float32 as the forest predicts */
  size_t n_groups, n_products, n_factors;
  wf_product *products; /* tree after tree; filled by the caller, up to the room asked for */
  wf_factor *factors;
  size_t low; /* players whose coalitions are held at once */
  /* n_groups x 2^low each: probabilities by group, what all high coalitions share, sums by low
   * coalition, and margins by coalition */
  double *probabilities, *constant, *sums;
  float *margins;
  double *coefficients; /* 2^low each: terms of a product and where they go, a tree's leaves */
  uint32_t *places;
  float *leaves;
  void *memory;
} wf_enumeration;

/* NULL for an objective without probabilities. */
const wf_objective *wf_enumeration_objective(const wf_objective *objective);
wf_status wf_enumeration_new(wf_enumeration *out, const wf_objective *objective, bool served,
                             size_t n_players, size_t n_groups, size_t n_products, size_t n_factors,
                             wf_error *err);
void wf_enumeration_dispose(wf_enumeration *e);

/* The values of players [0, n_players), at most as many as asked for: values[group * n_players +
 * player]; `empty` gets the probabilities of the empty coalition, n_groups. `margins` are what
 * every coalition has besides the products. */
void wf_enumeration_solve(wf_enumeration *e, size_t n_players, const float *margins, double *values,
                          double *empty);

/* Of the two ways to e->probabilities, the one of 0 and 1: for the coalitions of `low` low players
 * with these high ones. The products' players who must be in or out are known. */
void wf_enumeration_serve(wf_enumeration *e, size_t low, uint32_t high, const float *margins);

#endif
