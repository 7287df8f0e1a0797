/* tests/bench/shap_peer.h — what bench_shap_interventional hands to shap_peer.cc. */
#ifndef WF_TESTS_BENCH_SHAP_PEER_H
#define WF_TESTS_BENCH_SHAP_PEER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct shap_peer_trees { /* n_trees x max_nodes; unused nodes and leaves have children -1 */
  int *left, *right, *default_child, *features, *kinds;
  double *thresholds, *values, *weights; /* a value that is <= goes left */
  unsigned depth, n_trees, max_nodes;
} shap_peer_trees;

/* out: n_rows x (n_columns + 1), zero before; missing: all false, n_columns for the longer side. */
typedef void shap_peer_fn(const shap_peer_trees *trees, const double *x, const bool *missing,
                          size_t n_rows, const double *background, size_t n_background,
                          size_t n_columns, double *out);

#endif
