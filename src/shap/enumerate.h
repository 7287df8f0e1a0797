/* shap/enumerate.h — exact Shapley values of a probability, by enumerating all coalitions.
 *
 * The margins of a coalition are sums of products, a product a leaf, with a factor for each player
 * that depends on whether he is in the coalition; the probability is not, so that nothing but
 * looking at every coalition gives its values. */
#ifndef WF_SHAP_ENUMERATE_H
#define WF_SHAP_ENUMERATE_H

#include "base/error.h"

enum { WF_ENUMERATE_MAX_PLAYERS = 24 };

typedef enum wf_enumerate_link { WF_ENUMERATE_SIGMOID, WF_ENUMERATE_SOFTMAX } wf_enumerate_link;

typedef struct wf_factor { /* without, or without + change when the player is in */
  uint32_t player;
  double without, change;
} wf_factor;

typedef struct wf_product {
  double value;
  size_t first; /* of its factors, each of another player */
  uint32_t n_factors, group;
} wf_product;

typedef struct wf_enumeration {
  size_t n_groups, n_products, n_factors;
  wf_product *products; /* filled by the caller, up to the room asked for */
  wf_factor *factors;
  wf_enumerate_link link;
  size_t low;      /* players whose coalitions are held at once */
  double *margins; /* n_groups x 2^low each: */
  double *constant, *sums;
  double *coefficients; /* 2^low terms of a product */
  uint32_t *places;
  void *memory;
} wf_enumeration;

wf_status wf_enumeration_new(wf_enumeration *out, size_t n_players, size_t n_groups,
                             size_t n_products, size_t n_factors, wf_error *err);
void wf_enumeration_dispose(wf_enumeration *e);

/* The values of players [0, n_players), at most as many as asked for: values[group * n_players +
 * player]; `empty` gets the probabilities of the empty coalition, n_groups. `margins` are what
 * every coalition has besides the products. */
void wf_enumeration_solve(wf_enumeration *e, size_t n_players, const double *margins,
                          double *values, double *empty);

#endif
