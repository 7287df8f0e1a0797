/* recipe/sample.h — what a step learns from: the values of one column of the training frame, after
 * the steps before it. */
#ifndef WF_RECIPE_SAMPLE_H
#define WF_RECIPE_SAMPLE_H

#include "base/bytes.h"
#include "base/map.h"

typedef struct wf_sample {
  const char *column;
  size_t n_missing;
  size_t n_present;
  double *numbers; /* n_present of them, in row order; NULL for texts */
  wf_map *texts;   /* the distinct texts in order of first appearance; NULL for numbers */
} wf_sample;

#endif
