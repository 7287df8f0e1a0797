/* base/alloc.h — the one door to the heap. Failure is NULL, which callers turn into WF_NOMEM;
 * nothing here aborts. The counters let tests fail the n-th allocation and find leaks. */
#ifndef WF_BASE_ALLOC_H
#define WF_BASE_ALLOC_H

#include <stddef.h>

#define WF_ALIGNMENT 64 /* of column buffers: a cache line, and the widest vector in use */

void *wf_alloc(size_t size);                 /* size 0 gives a unique pointer */
void *wf_alloc_array(size_t n, size_t size); /* NULL when n * size overflows */
void *wf_alloc_zero(size_t n, size_t size);  /* as above, zeroed */
void *wf_realloc_array(void *block, size_t n, size_t size);
void *wf_alloc_aligned(size_t size); /* WF_ALIGNMENT; large blocks ask for huge pages */
/* The same, of which probably only the first `likely` bytes will be written to: what lies behind
 * them costs no more than is touched of it. */
void *wf_alloc_room(size_t size, size_t likely);
/* wf_alloc_array for memory that will be written from end to end: as wf_alloc_aligned. */
void *wf_alloc_filled(size_t n, size_t size);
void wf_free(void *block); /* any of the above; NULL is fine */
char *wf_strdup(const char *text);
char *wf_strndup(const char *text, size_t length);

/* Tests only. After `n` more successful allocations every further one fails, until called with
 * -1. wf_alloc_live counts blocks allocated and not yet freed. */
void wf_alloc_fail_after(long n);
long wf_alloc_live(void);

#endif
