/* layout.c */
#include "forest/layout.h"

#include "base/alloc.h"

struct wf_layout {
  size_t unused;
};

wf_status wf_layout_new(wf_layout **out, const wf_forest *forest, wf_error *err) {
  (void)forest;
  wf_layout *layout = wf_alloc_zero(1, sizeof *layout);
  if (!layout) return wf_fail_nomem(err);
  *out = layout;
  return WF_OK;
}

void wf_layout_free(wf_layout *layout) { wf_free(layout); }
