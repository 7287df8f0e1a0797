/* recipe/sample.h — what a step learns from: the values of one column of the training frame, after
 * the steps before it. */
#ifndef WF_RECIPE_SAMPLE_H
#define WF_RECIPE_SAMPLE_H

#include "base/bytes.h"
#include "base/map.h"
#include "wf/frame.h"

typedef struct wf_sample {
  const char *column;
  size_t n_missing;
  size_t n_present;
  double *numbers;         /* n_present of them, in row order; NULL for texts */
  const wf_column *source; /* the raw column, and the frame it is from: for steps that look at */
  const wf_frame *frame;   /* rows; a step that reads text is the first of its chain */
  wf_map *texts;           /* the distinct texts in order of first appearance; NULL for numbers */
} wf_sample;

#endif
