/* tests/frame/make.h — small frames from literals, and cells as text. */
#ifndef WF_TESTS_FRAME_MAKE_H
#define WF_TESTS_FRAME_MAKE_H

#include "check.h"

#include "base/alloc.h"
#include "frame/builder.h"
#include "frame/column.h"
#include "frame/value.h"

#include <stdlib.h>

/* A column from words separated by blanks: "NA" is missing, "''" the empty text. */
wf_status make_column(wf_column **out, wf_type type, const char *words);
/* "name:type word word …" per column, NULL at the end. */
wf_status make_frame(wf_frame **out, const char *const *columns);
/* The same, leaving the test when it fails. */
wf_column *must_column(wf_type type, const char *words);
wf_frame *must_frame(const char *const *columns);
#define FRAME(...) must_frame((const char *const[]){__VA_ARGS__, NULL})

/* All values, separated by blanks, in a static buffer (eight may be in use at once). */
const char *show_column(const wf_column *column);
/* One column of a frame; "?" when there is none. */
const char *show(const wf_frame *frame, const char *name);

#endif
