/* base/zlib_memory.h — zlib's memory from base/alloc: .zalloc and .zfree of its streams. */
#ifndef WF_BASE_ZLIB_MEMORY_H
#define WF_BASE_ZLIB_MEMORY_H

void *wf_zlib_alloc(void *unused, unsigned n, unsigned size);
void wf_zlib_free(void *unused, void *block);

#endif
