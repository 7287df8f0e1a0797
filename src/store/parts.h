/* store/parts.h — storing what lies in several places. */
#ifndef WF_STORE_PARTS_H
#define WF_STORE_PARTS_H

#include "base/bytes.h"
#include "wf/store.h"

/* wf_store_put of the parts' bytes one after the other. Large objects are hashed and written at the
 * same time. */
wf_status wf_store_put_parts(char digest[65], wf_store *store, const wf_view *parts, size_t n,
                             wf_error *err);

#endif
