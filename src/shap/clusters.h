/* shap/clusters.h — rows of numbers and texts grouped by likeness. */
#ifndef WF_SHAP_CLUSTERS_H
#define WF_SHAP_CLUSTERS_H

#include "base/error.h"

/* Rows as points: numbers (NaN: missing) and codes of everything else, in which a missing value is
 * a value like others. */
typedef struct wf_points {
  size_t n, n_numbers, n_codes;
  double *numbers; /* n x n_numbers */
  size_t *codes;   /* n x n_codes, below n */
  size_t n_threads;
} wf_points;

typedef struct wf_clusters {
  size_t n;
  double *means; /* n x n_numbers */
  size_t *modes; /* n x n_codes */
  size_t *of;    /* per row */
  size_t *counts;
  double *distances; /* per row, to its centre */
  double cost;       /* their sum */
} wf_clusters;

/* At least one row. At most `n` clusters: fewer when fewer rows differ. */
wf_status wf_clusters_find(wf_clusters *out, const wf_points *points, size_t n, uint64_t seed,
                           wf_error *err);
/* As many as suit the rows, 1 to 12. */
wf_status wf_clusters_choose(wf_clusters *out, const wf_points *points, uint64_t seed,
                             wf_error *err);
void wf_clusters_dispose(wf_clusters *clusters);

#endif
