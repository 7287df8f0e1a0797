/* shap/coalitions.h — which coalitions Kernel SHAP looks at, and what solves for the values. */
#ifndef WF_SHAP_COALITIONS_H
#define WF_SHAP_COALITIONS_H

#include "base/error.h"

/* Pairs of a coalition and its complement. Of each pair the coalition without the last player is
 * kept: lane 2p is it, lane 2p + 1 its complement. Owned by whoever makes it. */
typedef struct wf_coalitions {
  size_t n_players, n_words, n_pairs;
  uint64_t *sets;  /* n_pairs x n_words, bit k: player k is in */
  double *weights; /* of each of the two coalitions of a pair; all coalitions together weigh 1 */
  double *draws;   /* how often the pair was drawn; 0: its size is there completely */
  double n_draws;  /* of all pairs */
} wf_coalitions;

enum { WF_COALITIONS_MAX_PLAYERS = 4096, WF_COALITIONS_MAX_SAMPLES = 1 << 24 };

/* At least two players; `n_samples` coalitions in all, rounded down to pairs. All there are when
 * there are no more than that. WF_LIMIT beyond the limits above. */
wf_status wf_coalitions_new(wf_coalitions *out, size_t n_players, size_t n_samples, uint64_t seed,
                            wf_error *err);
void wf_coalitions_dispose(wf_coalitions *coalitions);

static inline bool wf_coalition_has(const uint64_t *set, size_t player) {
  return set[player / 64] >> (player % 64) & 1;
}

/* The weighted least squares of those coalitions, factored once for every right-hand side. */
typedef struct wf_shapley_solver {
  double *gains; /* n_pairs x (n_players - 1): what a pair's difference adds to each value */
} wf_shapley_solver;

/* WF_INVALID when the coalitions do not determine all values. */
wf_status wf_shapley_solver_new(wf_shapley_solver *out, const wf_coalitions *coalitions,
                                wf_error *err);
void wf_shapley_solver_dispose(wf_shapley_solver *solver);

/* The values of all players that fit differences[p] = v(coalition p) - v(its complement) best and
 * sum to `total` exactly; `errors` (or NULL) gets their standard errors and has room for twice as
 * many numbers, the second half being scratch. */
void wf_shapley_solve(const wf_shapley_solver *solver, const wf_coalitions *coalitions,
                      const double *differences, double total, double *values, double *errors);

#endif
