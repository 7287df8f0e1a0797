/* shap_peer.cc — the shap package's interventional values behind a C function, for
 * bench_shap_interventional. Not built with the project: with a checkout of the package at $SHAP,
 *   g++ -O3 -shared -fPIC $(python3-config --includes) -I $SHAP/shap/cext
 *     tests/bench/shap_peer.cc -o shap_peer.so $(python3-config --ldflags --embed)   (its progress
 * bar is Python's) */
#include <Python.h>

#include "tree_shap.h"

#include "shap_peer.h"

extern "C" void shap_peer_explain(const shap_peer_trees *t, const double *x, const bool *missing,
                                  size_t n_rows, const double *background, size_t n_background,
                                  size_t n_columns, double *out) {
  static double offset[1] = {0};
  TreeEnsemble trees(t->left, t->right, t->default_child, t->features, t->thresholds, t->kinds,
                     t->values, t->weights, t->depth, t->n_trees, offset, t->max_nodes, 1);
  ExplanationDataset data(const_cast<double *>(x), const_cast<bool *>(missing), NULL,
                          const_cast<double *>(background), const_cast<bool *>(missing),
                          static_cast<unsigned>(n_rows), static_cast<unsigned>(n_columns),
                          static_cast<unsigned>(n_background));
  dense_tree_shap(trees, data, out, FEATURE_DEPENDENCE::independent, MODEL_TRANSFORM::identity,
                  false);
}
