/* bias/formula.h — one facet's table seen from its two sides, and the formulas over it. */
#ifndef WF_BIAS_FORMULA_H
#define WF_BIAS_FORMULA_H

#include "base/error.h"
#include "wf/bias.h"

/* Rows of one side (facet d, or the rest a): by observed label, by prediction, and by both. */
typedef struct wf_bias_side {
  double n;
  double pos, neg;         /* observed favourable, unfavourable */
  double pos_hat, neg_hat; /* predicted so */
  double tp, fp, fn, tn;
} wf_bias_side;

typedef struct wf_bias_sides {
  wf_bias_side a, d;
} wf_bias_sides;

wf_bias_sides wf_bias_sides_of(const wf_bias_cells *cells);

/* 0/0 = 0, x/0 = infinity with x's sign. */
double wf_bias_divide(double x, double y);
/* x - y, where equal infinities give 0. */
double wf_bias_difference(double x, double y);

/* Observed labels (before training) and predicted ones (after). */
wf_status wf_bias_of_labels(double *out, wf_bias_metric metric, const wf_bias_sides *sides,
                            wf_error *err);
wf_status wf_bias_of_predictions(double *out, wf_bias_metric metric, const wf_bias_sides *sides,
                                 wf_error *err);
/* CDDL, or CDDPL when `predicted`. */
wf_status wf_bias_conditional(double *out, bool predicted, const wf_bias_cells *cells,
                              const wf_bias_cells *by_group, size_t n_groups, wf_error *err);

#endif
