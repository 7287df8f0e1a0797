/* base/array.h — a typed growable array by macro.
 *
 *   WF_ARRAY(int) numbers = {0};
 *   if (!wf_array_push(&numbers, 7)) return wf_fail_nomem(err);
 *   wf_free(numbers.items); */
#ifndef WF_BASE_ARRAY_H
#define WF_BASE_ARRAY_H

#include "base/alloc.h"

#include <stdbool.h>

#define WF_ARRAY(type)      \
  struct {                  \
    type *items;            \
    size_t count, capacity; \
  }

/* false when memory is out; the array is then unchanged. */
#define wf_array_reserve(array, extra)                                                     \
  wf_array_reserve_((void **)&(array)->items, &(array)->capacity, (array)->count, (extra), \
                    sizeof *(array)->items)

#define wf_array_push(array, item) \
  (wf_array_reserve(array, 1) ? ((array)->items[(array)->count++] = (item), true) : false)

bool wf_array_reserve_(void **items, size_t *capacity, size_t count, size_t extra, size_t size);

#endif
