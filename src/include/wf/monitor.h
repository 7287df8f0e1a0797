/* wf/monitor.h — has the data changed? Quantile sketches that stream and merge, and distances
 * between two distributions. */
#ifndef WF_MONITOR_H
#define WF_MONITOR_H

#include "wf/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- sketches --------------------------------------------------------------------------------
 *
 * A KLL sketch (Karnin, Lang, Liberty 2016): items on level l stand for 2^l values each. Up to k
 * values it holds all of them; beyond, ranks are off by about 1.3 / k of the count. Which half of a
 * full level is kept alternates instead of being drawn, so that the same values in the same order
 * give the same sketch. Not thread-safe: give each thread its own and merge them. */

typedef struct wf_sketch wf_sketch;

WF_API WF_NODISCARD wf_status wf_sketch_new(wf_sketch **out, size_t k,
                                            wf_error *err); /* k 8 .. 65535 */
WF_API void wf_sketch_free(wf_sketch *sketch);
/* Finite numbers; another one is WF_INVALID naming its row, and nothing is added. When memory ends
 * some of the values may have been added. */
WF_API WF_NODISCARD wf_status wf_sketch_add(wf_sketch *sketch, const double *values, size_t n,
                                            wf_error *err);
WF_API WF_NODISCARD wf_status wf_sketch_merge(wf_sketch *sketch, const wf_sketch *other,
                                              wf_error *err);
/* Adds items of a level, as wf_sketch_level gave them: reads a sketch back. */
WF_API WF_NODISCARD wf_status wf_sketch_restore(wf_sketch *sketch, size_t level,
                                                const double *items, size_t n, wf_error *err);

WF_API size_t wf_sketch_k(const wf_sketch *sketch);
WF_API double wf_sketch_count(const wf_sketch *sketch); /* values it stands for */
WF_API size_t wf_sketch_level_count(const wf_sketch *sketch);
/* The items of a level in no order, borrowed until the sketch changes. */
WF_API const double *wf_sketch_level(const wf_sketch *sketch, size_t level, size_t *n);

/* The sketch as a distribution: distinct values, ascending, and how many values are at most each.
 */
typedef struct wf_ranks {
  double *values, *at_most;
  size_t n;
} wf_ranks;
WF_API WF_NODISCARD wf_status wf_ranks_of(wf_ranks *out, const wf_sketch *sketch, wf_error *err);
WF_API void wf_ranks_clear(wf_ranks *ranks);
/* How many values are at most x; which value has the share q (0 .. 1) of all at most it. An empty
 * distribution gives 0 and NaN. */
WF_API double wf_ranks_at_most(const wf_ranks *ranks, double x);
WF_API double wf_ranks_quantile(const wf_ranks *ranks, double q);

/* --- distances -------------------------------------------------------------------------------
 */

/* 0 for equal distributions. NaN where a side is empty. */
typedef struct wf_drift {
  double linf;        /* largest difference of the two distribution functions, or of the shares */
  double linf_robust; /* less 1.8 sqrt((n + m) / (n m)), at least 0: Deequ's correction */
  double psi;         /* population stability index, in nats */
  double js;          /* Jensen-Shannon divergence, in nats: at most ln 2 */
  double wasserstein; /* earth mover's distance, in the unit of the values; NaN for categories */
  double chi_squared, p_value; /* of homogeneity; the same bins as PSI for numbers */
  double n, m;
} wf_drift;

/* PSI, JS and chi-squared need bins: n_bins of equal share of the baseline (0: 10). */
WF_API WF_NODISCARD wf_status wf_drift_of_numbers(wf_drift *out, const wf_ranks *baseline,
                                                  const wf_ranks *current, size_t n_bins,
                                                  wf_error *err);
/* Counts by category, in the same order on both sides. */
WF_API WF_NODISCARD wf_status wf_drift_of_counts(wf_drift *out, const double *baseline,
                                                 const double *current, size_t n_categories,
                                                 wf_error *err);
WF_API double wf_drift_robust(double linf, double n, double m);

#ifdef __cplusplus
}
#endif
#endif
