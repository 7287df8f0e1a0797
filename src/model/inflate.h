/* model/inflate.h — gzip bytes in memory, inflated piece by piece within limits. */
#ifndef WF_MODEL_INFLATE_H
#define WF_MODEL_INFLATE_H

#include "base/error.h"

typedef struct wf_inflate wf_inflate;

/* `bytes` is borrowed. WF_PARSE when it does not begin as gzip does. */
wf_status wf_inflate_open(wf_inflate **out, const void *bytes, size_t size, wf_error *err);
/* The next piece, borrowed until the next call; `size` 0 at the end. WF_PARSE, WF_CORRUPT, and
 * WF_LIMIT beyond the limits of model/tarball.h. */
wf_status wf_inflate_next(wf_inflate *source, const void **piece, size_t *size, wf_error *err);
void wf_inflate_close(wf_inflate *source);

#endif
