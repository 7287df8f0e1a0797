/* fuzz/require.h — what a fuzz target demands of what it calls. */
#ifndef WF_FUZZ_REQUIRE_H
#define WF_FUZZ_REQUIRE_H

#include "wf/frame.h"

#include <stdlib.h>
#include <string.h>

static inline void require(bool condition) {
  if (!condition) abort();
}

/* Both NULL, or frames of the same names, types and values. */
static inline void require_same(const wf_frame *a, const wf_frame *b) {
  char first[65], second[65];
  if (!a && !b) return;
  require(a && b);
  require(wf_frame_digest(first, a, NULL) == WF_OK && wf_frame_digest(second, b, NULL) == WF_OK);
  require(strcmp(first, second) == 0);
}

#endif
