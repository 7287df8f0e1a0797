/* recipe/sample.h — what a step learns from: the values of one column of the training frame, after
 * the steps before it. */
#ifndef WF_RECIPE_SAMPLE_H
#define WF_RECIPE_SAMPLE_H

#include "base/array.h"
#include "base/bytes.h"
#include "base/map.h"
#include "wf/frame.h"

typedef struct wf_sample {
  const char *column;
  size_t n_missing;
  size_t n_present;
  double *numbers;         /* n_present of them, in row order; NULL for texts */
  const wf_column *source; /* the raw column, and the frame it is from: for steps that look at */
  const wf_frame *frame;   /* rows, which the first n_steps of input's chain change */
  const struct wf_recipe_input *input;
  size_t n_steps;
  wf_map *texts;           /* the distinct texts in order of first appearance; NULL for numbers */
  WF_ARRAY(size_t) counts; /* of each */
} wf_sample;

#endif
