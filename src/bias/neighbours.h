/* bias/neighbours.h — exact nearest neighbours by Euclidean distance, with every tie accounted for.
 */
#ifndef WF_BIAS_NEIGHBOURS_H
#define WF_BIAS_NEIGHBOURS_H

#include "base/error.h"

typedef struct wf_neighbours wf_neighbours;

/* An index over the rows of `rows` (n of them) in finite feature columns. The columns are borrowed
 * until wf_neighbours_free; `marks` holds one byte a row of the columns, 0 or 1. */
wf_status wf_neighbours_new(wf_neighbours **out, const double *const *columns, size_t n_columns,
                            const uint8_t *marks, const uint32_t *rows, size_t n, wf_error *err);
void wf_neighbours_free(wf_neighbours *index);

/* How many of the k nearest rows are marked: by the rule (the lowest row first among equal
 * distances), and the least and most that any other choice among distances equal within rounding
 * could give. */
typedef struct wf_vote {
  size_t marked, least, most;
} wf_vote;

/* Doubles of scratch memory one thread needs for wf_neighbours_vote. */
size_t wf_neighbours_scratch(const wf_neighbours *index, size_t k);
/* The neighbours of a row of the same columns; k is from 1 to n. */
wf_vote wf_neighbours_vote(const wf_neighbours *index, size_t row, size_t k, double *scratch);

#endif
