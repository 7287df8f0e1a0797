/* forest/layout.h — the trees once more, as the fast prediction kernels want them. */
#ifndef WF_FOREST_LAYOUT_H
#define WF_FOREST_LAYOUT_H

#include "forest/forest.h"

wf_status wf_layout_new(wf_layout **out, const wf_forest *forest, wf_error *err);
void wf_layout_free(wf_layout *layout);

#endif
