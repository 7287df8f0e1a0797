/* shap/game.h — what Kernel SHAP explains: coalitions of players and what they are worth. */
#ifndef WF_SHAP_GAME_H
#define WF_SHAP_GAME_H

#include "wf/explain.h"

#include "shap/coalitions.h"

typedef struct wf_game wf_game;

struct wf_game {
  size_t n_rows, n_players, n_outputs, n_background;
  bool threads;          /* `evaluate` may run on several threads */
  const double *weights; /* of the background rows, summing to 1 */
  const double *full;    /* f(row): n_rows x n_outputs */
  const double *empty;   /* mean of f over the background: n_outputs */

  /* varying[player] = whether it can change what f gives for the row. */
  void (*find_varying)(const wf_game *game, size_t row, uint8_t *varying);
  /* The mean of f for lane l of the coalitions, whose player k is players[k]: out[l * n_outputs],
   * for 2 n_pairs lanes, zero before. */
  wf_status (*evaluate)(const wf_game *game, size_t row, const wf_coalitions *coalitions,
                        const size_t *players, double *out, wf_error *err);
};

/* Values and errors as in wf/explain.h. */
wf_status wf_game_solve(const wf_game *game, const wf_kernel_options *options, double *values,
                        double *errors, wf_error *err);

/* weights[n_rows] that sum to 1 from the options'; wf_free them. WF_INVALID without rows. */
wf_status wf_game_weights(double **out, const wf_kernel_options *options, size_t n_background,
                          wf_error *err);

/* values[0 .. n_outputs) becomes the weighted mean of the rows. */
void wf_game_average(double *values, const double *weights, size_t n_rows, size_t n_outputs);

/* Every column (or feature: `what`) must belong to a player below n_players. */
wf_status wf_game_check_players(const size_t *players, size_t n, size_t n_players, const char *what,
                                wf_error *err);

#endif
