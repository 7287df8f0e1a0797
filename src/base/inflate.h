/* base/inflate.h — one gzip member after the other, as far as there are input and room. */
#ifndef WF_BASE_INFLATE_H
#define WF_BASE_INFLATE_H

#include "base/error.h"

/* Compressed bytes and room for those that come out; what was used of either is taken off. */
typedef struct wf_flow {
  const uint8_t *in;
  size_t n_in;
  uint8_t *out;
  size_t n_out;
} wf_flow;

typedef struct wf_inflater wf_inflater;

wf_status wf_inflater_new(wf_inflater **out, wf_error *err);
void wf_inflater_free(wf_inflater *inflater);

/* Goes on with a member, or begins one. *whole: it has ended, and its checksum and size are right.
 * Damage is WF_CORRUPT. */
wf_status wf_inflater_step(wf_inflater *inflater, wf_flow *flow, bool *whole, wf_error *err);

#endif
