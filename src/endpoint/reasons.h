/* endpoint/reasons.h — why a row got its score: the raw columns that moved it most.
 *
 * A request asks for them with the query "?reasons=N" or the field "X-Wf-Reasons: N". */
#ifndef WF_ENDPOINT_REASONS_H
#define WF_ENDPOINT_REASONS_H

#include "endpoint/encode.h"
#include "endpoint/served.h"
#include "http/parse.h"

enum {
  WF_MAX_REASONS = 100,      /* a row; more is refused */
  WF_MAX_REASON_ROWS = 4096, /* a request that asks for reasons; more are refused */
  WF_REASON_BLOCK = 32       /* rows explained together */
};

/* How many reasons a row are asked for; 0 when none are. WF_INVALID for what is no such number. */
wf_status wf_reasons_asked(size_t *out, const wf_http_head *head, wf_error *err);

/* One worker's memory, grown to the largest model explained and kept. Zero-initialise. */
typedef struct wf_reasoner {
  double *values; /* of a block: contributions and base values as wf/shap.h lays them out */
  double *sums;   /* of one row: by raw column */
  void *scratch;
  size_t n_values, n_sums, scratch_size; /* there is room for */
  wf_reason found[WF_MAX_REASONS];       /* of one row */
} wf_reasoner;

void wf_reasoner_dispose(wf_reasoner *reasoner);

/* Makes room, and on a model's first such request its plan. WF_LIMIT, WF_UNSUPPORTED as WF_INVALID:
 * the model cannot be explained. */
wf_status wf_reasoner_fit(wf_reasoner *reasoner, const wf_served *served, wf_error *err);
/* Explains up to WF_REASON_BLOCK rows of features. Allocates nothing. */
wf_status wf_reasoner_explain(wf_reasoner *reasoner, const wf_served *served, const float *features,
                              size_t n_rows, wf_error *err);
/* The `n` largest contributions to row `row` of that block, whose scores are given: to its margin,
 * or with several classes to that of the predicted one. `out` is valid until the next call. */
void wf_reasoner_row(wf_why *out, wf_reasoner *reasoner, const wf_served *served, size_t row,
                     const float *scores, size_t n);

#endif
