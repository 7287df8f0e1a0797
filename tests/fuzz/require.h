/* fuzz/require.h — what a fuzz target demands of what it calls. */
#ifndef WF_FUZZ_REQUIRE_H
#define WF_FUZZ_REQUIRE_H

#include "wf/frame.h"

#include <stdlib.h>
#include <string.h>

static inline void require(bool condition) {
  if (!condition) abort();
}

/* A frame and no status, or a status with a message. */
static inline void require_outcome(wf_status status, const wf_frame *frame, const wf_error *err) {
  require((status == WF_OK) == (frame != NULL));
  require(status == WF_OK || err->message[0] != '\0');
}

/* What was written and read back has as many rows; frees both. */
static inline void require_rows(const wf_frame *frame, wf_frame *again, char *text) {
  require(wf_frame_row_count(again) == wf_frame_row_count(frame));
  wf_frame_release(again);
  wf_text_free(text);
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
