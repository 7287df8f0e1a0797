/* metrics/ranking.h — rows ordered by score, from the highest, in groups of equal score: what every
 * rank-based metric walks over. */
#ifndef WF_METRICS_RANKING_H
#define WF_METRICS_RANKING_H

#include "base/error.h"

/* One class's scores as sortable keys; `weights` is NULL where every row counts 1. */
typedef struct wf_ranked_class {
  uint64_t *keys;
  double *weights;
  size_t n, next;
} wf_ranked_class;

typedef struct wf_ranking {
  wf_ranked_class classes[2]; /* negatives, positives */
  uint64_t *memory;
} wf_ranking;

/* All rows of one score: their score and the weight of each class. */
typedef struct wf_score_group {
  double score, weight[2];
} wf_score_group;

/* Row i is positive when labels[i] == positive; its score is scores[i * stride]. Rows of weight 0
 * are left out. The inputs were checked before: no NaN. End with wf_ranking_dispose. */
wf_status wf_ranking_build(wf_ranking *out, const double *labels, double positive,
                           const double *scores, size_t stride, const double *weights, size_t n,
                           wf_error *err);
void wf_ranking_dispose(wf_ranking *ranking);

/* The next group in descending order of score; false at the end. wf_ranking_rewind starts again. */
bool wf_ranking_next(wf_ranking *ranking, wf_score_group *group);
void wf_ranking_rewind(wf_ranking *ranking);

/* Area under the ROC curve (NaN when a class is absent) and average precision (0 without
 * positives), from one walk to the end. */
typedef struct wf_rank_metrics {
  double roc_auc, average_precision;
} wf_rank_metrics;
wf_rank_metrics wf_ranking_measure(wf_ranking *ranking);

#endif
