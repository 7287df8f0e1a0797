/* frame/rejects.h — what a reader left out, as a frame: line (i64), error and text (string), and
 * before them path (string) where several files are read as one. */
#ifndef WF_FRAME_REJECTS_H
#define WF_FRAME_REJECTS_H

#include "frame/builder.h"
#include "wf/frame.h"

typedef struct wf_rejects {
  wf_builder *path; /* NULL: no such column */
  wf_builder *line, *error, *text;
} wf_rejects;

/* Dispose of it in any case. */
wf_status wf_rejects_init(wf_rejects *out, bool with_path, wf_error *err);
void wf_rejects_dispose(wf_rejects *rejects);

/* Text that is no UTF-8 is kept as missing. */
wf_status wf_rejects_add(wf_rejects *rejects, size_t line, const char *why, wf_view text,
                         wf_error *err);
/* The rows of another such frame; NULL: none. */
wf_status wf_rejects_add_all(wf_rejects *rejects, const char *path, const wf_frame *from,
                             wf_error *err);
/* NULL when there are none. */
wf_status wf_rejects_finish(wf_frame **out, wf_rejects *rejects, wf_error *err);

#endif
